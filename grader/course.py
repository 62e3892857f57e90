"""course.toml and the twin paths of an exercise."""

import hashlib
import os
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import UserError
from .i18n import LANGUAGES, _, pick
from .sandbox.limits import Limits
from .speed.thresholds import of_exercise
from .standing.policy import Policy, read_policy
from .variants import Variant, load_variants


@dataclass(frozen=True)
class Exercise:
    """One exercise of a course: its facts, and where its files lie.

    uses: other exercises whose files, as the same student wrote them, its own file may import.
    given: files of exercises/ that everybody has and that it may import too.
    training: the one of these that holds the TRAININGS of `grader train`.
    """

    name: str
    title_en: str
    title_ko: str
    points: float
    limits: Limits
    forbidden: dict[str, list[str]]
    root: Path
    uses: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    training: str = ""

    @property
    def title(self) -> str:
        return pick(self.title_en, self.title_ko)

    @property
    def filename(self) -> str:
        return f"{self.name}.py"

    @property
    def stub_path(self) -> Path:
        return self.root / "exercises" / self.filename

    @property
    def visible_path(self) -> Path:
        return self.root / "exercises" / "checks" / f"test_{self.name}.py"

    @property
    def recording_path(self) -> Path:
        return self.root / "exercises" / "checks" / "data" / f"{self.name}.safetensors"

    @property
    def inputs_path(self) -> Path:
        return self.root / "exercises" / "inputs" / self.filename

    @property
    def hidden_path(self) -> Path:
        return self.root / "tests" / "hidden" / f"test_{self.name}.py"

    @property
    def reference_path(self) -> Path:
        return self.root / "solutions" / self.filename

    def guide_path(self, language: str) -> Path:
        return self.root / "exercises" / "guide" / language / f"{self.name}.md"

    def guide_to_read(self, language: str) -> Path:
        """The guide in this language where it is there: a release may hold the other one alone."""
        paths = [self.guide_path(one) for one in (language, *LANGUAGES)]
        return next((path for path in paths if path.is_file()), paths[0])

    @property
    def hints_path(self) -> Path:
        return self.root / "exercises" / "hints" / f"{self.name}.toml"

    @property
    def picture_path(self) -> Path:
        return self.root / "exercises" / "guide" / "pictures" / f"{self.name}.png"

    @property
    def picture_record_path(self) -> Path:
        return self.picture_path.with_suffix(".safetensors")

    @property
    def experiments_path(self) -> Path:
        return self.root / "exercises" / "experiments" / self.filename

    @cached_property
    def reference_source(self) -> str:
        try:
            return self.reference_path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise UserError(
                f"There is no {self.reference_path}: this tree is a student's, without the solutions."
            ) from None

    @cached_property
    def given_sources(self) -> dict[str, str]:
        """The files that are handed to it ready-made, by module name."""
        return {name: (self.root / "exercises" / f"{name}.py").read_text(encoding="utf-8") for name in self.given}

    @cached_property
    def used_references(self) -> dict[str, str]:
        """The references of the exercises that it uses, by module name."""
        return {name: (self.root / "solutions" / f"{name}.py").read_text(encoding="utf-8") for name in self.uses}

    @property
    def reference_companions(self) -> dict[str, str]:
        """What the reference may import."""
        return self.used_references | self.given_sources

    @cached_property
    def misconceptions(self) -> list[Variant]:
        return load_variants(self.root / "solutions" / "misconceptions" / self.filename, self.reference_source)

    @cached_property
    def alternatives(self) -> list[Variant]:
        return load_variants(self.root / "solutions" / "alternatives" / self.filename, self.reference_source)

    @cached_property
    def content_hash(self) -> str:
        """Changes when anything that marks this exercise changes."""
        digest = hashlib.sha256(repr((self.points, self.limits, sorted(self.forbidden.items()))).encode())
        paths = [self.reference_path, self.hidden_path, self.root / "solutions" / "misconceptions" / self.filename]
        paths += [self.root / "solutions" / f"{name}.py" for name in self.uses]
        paths += [self.root / "exercises" / f"{name}.py" for name in self.given]
        digest.update(of_exercise(self.root, self.name).encode())
        for path in paths:
            digest.update(path.read_bytes() if path.exists() else b"-")
        return digest.hexdigest()


@dataclass(frozen=True)
class Course:
    """A course: id, version, its exercises in order, and when work is due."""

    id: str
    version: str
    title_en: str
    title_ko: str
    root: Path
    exercises: tuple[Exercise, ...]
    policy: Policy = field(default_factory=Policy)

    @property
    def title(self) -> str:
        return pick(self.title_en, self.title_ko)

    def exercise(self, name: str) -> Exercise:
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        known = ", ".join(exercise.name for exercise in self.exercises)
        raise UserError(
            _("There is no exercise {name} in {file}. Choose from: {known}.").format(
                name=repr(name), file=self.root / "exercises" / "course.toml", known=known
            )
        )

    def select(self, names: list[str] | None) -> list[Exercise]:
        """The named exercises, in the course's order; all of them for none."""
        chosen = {self.exercise(name).name for name in names or []}
        return [exercise for exercise in self.exercises if not chosen or exercise.name in chosen]

    def version_of(self, exercise: Exercise) -> str:
        """The course's version and a hash of what marks this exercise."""
        return f"{self.version}+{exercise.content_hash[:12]}"


def find_course(start: Path | None = None) -> Course:
    """The course of a folder: exercises/course.toml in it or above it, else DOT2VIT_COURSE, else beside this package."""
    start = (start or Path.cwd()).resolve()
    candidates = [folder for parent in (start, *start.parents) for folder in (parent / "exercises", parent)]
    if os.environ.get("DOT2VIT_COURSE"):
        candidates.append(Path(os.environ["DOT2VIT_COURSE"]).resolve() / "exercises")
    candidates.append(Path(__file__).resolve().parent.parent / "exercises")
    for folder in candidates:
        if (folder / "course.toml").is_file():
            return load_course(folder / "course.toml")
    raise UserError(
        _(
            "There is no course.toml in {folder} or above it. Go to the course's folder (`grader start FOLDER` makes one), or "
            "set DOT2VIT_COURSE to its path."
        ).format(folder=start)
    )


def load_course(path: Path) -> Course:
    """Read course.toml. Raises UserError for a mistake in it."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        course = table["course"]
        root = path.resolve().parent.parent
        limits = table.get("limits", {})
        if not isinstance(limits, dict):
            raise ValueError("limits is a table: [limits]")
        exercises = tuple(_exercise(entry, limits, root) for entry in table["exercise"])
        _refuse_unsound_names(exercises)
        title_en, title_ko = _both_languages(course["title"])
        return Course(course["id"], course["version"], title_en, title_ko, root, exercises, read_policy(table))
    except KeyError as error:
        raise UserError(
            f"{path} has no entry {error.args[0]!r}; docs/adding-an-exercise.md shows the format."
        ) from None
    except (ValueError, TypeError, AttributeError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise UserError(f"{path} cannot be used: {error}.") from None


def _exercise(entry: dict[str, Any], limits: dict[str, Any], root: Path) -> Exercise:
    title_en, title_ko = _both_languages(entry["title"])
    if not str(entry["name"]).isidentifier():
        raise ValueError(f"the name of an exercise is a Python identifier, not {entry['name']!r}")
    if isinstance(entry["points"], bool) or not isinstance(entry["points"], int | float) or entry["points"] <= 0:
        raise ValueError(f"the points of {entry['name']} are a positive number, not {entry['points']!r}")
    return Exercise(
        name=entry["name"],
        title_en=title_en,
        title_ko=title_ko,
        points=entry["points"],
        limits=Limits.from_table(limits, entry.get("limits", {})),
        forbidden={name: list(uses) for name, uses in entry.get("forbidden", {}).items()},
        root=root,
        uses=_module_names(entry, "uses"),
        given=_module_names(entry, "given"),
        training=entry.get("training", ""),
    )


def _refuse_unsound_names(exercises: tuple[Exercise, ...]) -> None:
    """Each name is there once, and what an exercise uses comes before it."""
    names: list[str] = []
    for exercise in exercises:
        if exercise.name in names:
            raise ValueError(f"the name {exercise.name} is used twice")
        for used in exercise.uses:
            if used not in names:
                raise ValueError(f"{exercise.name} uses {used!r}, which is no exercise before it")
        if exercise.training and exercise.training not in exercise.given:
            raise ValueError(f"the training of {exercise.name} is one of the files that it is given: {exercise.given}")
        names.append(exercise.name)


def _module_names(entry: dict[str, Any], key: str) -> tuple[str, ...]:
    names = entry.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name.isidentifier() for name in names):
        raise ValueError(f"the {key} of {entry['name']} are a list of Python identifiers, not {names!r}")
    return tuple(names)


def _both_languages(title: Any) -> tuple[str, str]:
    if not isinstance(title, dict):
        raise ValueError(f"a title needs both languages, {{ en = …, ko = … }}, not {title!r}")
    return title["en"], title["ko"]
