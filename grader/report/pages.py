"""From findings to the files of the report, by Jinja (kept, and nbgrader's own). All that is put into a page is escaped."""

import ast
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment

from .. import i18n
from ..course import Course, Exercise
from ..i18n import _, pick
from ..reports.templates import environment
from ..text import figure
from . import charts, words
from .final import Final
from .findings import Findings, Mistake
from .measures import ENOUGH
from .tables import CLASS, file_of
from .totals import Total

if TYPE_CHECKING:
    from ..similarity.ranking import Ranked, Ranking  # copydetect and scipy: most reports need neither

HERE = Path(__file__).parent
PAIRS = HERE.parent / "similarity" / "templates"  # pairs.html and pairs.css: what `grader similarity` shows, too
MAX_TEXT = 600  # letters of one sentence: a message or a note may hold whatever a student wrote
NAMES = {"en": "English", "ko": "한국어"}


@dataclass(frozen=True)
class Section:
    """A part of the first page: its place, its heading (a message of the catalogue) and its template.

    A command that adds to the report appends one whose template is its own.
    """

    id: str
    title: str
    template: str


@dataclass(frozen=True)
class Class:
    """All that is shown.

    totals: of every student, in the order of the roster, then of their names; or of a large class those to look at, out of
    `count`, of whom `open` need review. names: student -> name on the roster. points: of all exercises -> how many students
    have so many, of those whose points are final. limit: how many of a list are shown; None: the class is shown whole.
    similar: the rankings of the exercises; None where no files were compared. final: what counts in the end.
    """

    course: Course
    totals: Sequence[Total]
    names: Mapping[str, str]
    findings: Sequence[Findings]
    mentions: Sequence[str] = field(default=())
    with_clusters: bool = False
    similar: "Sequence[Ranking] | None" = None
    final: Final = field(default_factory=Final)
    count: int = 0
    open: int = 0
    points: Mapping[float, int] = field(default_factory=dict)
    limit: int | None = None

    @property
    def similar_pairs(self) -> "list[tuple[Ranking, int, Ranked]]":
        """(exercise's ranking, rank, pair) of all exercises: first those that are worth a look at both."""
        pairs = [
            (ranking, rank, ranked) for ranking in self.similar or () for rank, ranked in enumerate(ranking.pairs, 1)
        ]
        return sorted(pairs, key=lambda pair: not pair[2].is_unusual)

    @property
    def mistakes(self) -> list[tuple[Findings, Mistake]]:
        """Of all exercises, the most frequent first."""
        pairs = [pair for found in self.findings for pair in found.with_mistakes]
        return sorted(pairs, key=lambda pair: -pair[1].students.count)

    @property
    def shares(self) -> Mapping[float, int]:
        """Points by the maximum of all exercises -> how many students, of those whose points are final."""
        maximum = sum(found.exercise.points for found in self.findings)
        shares: Counter[float] = Counter()
        for points, count in self.points.items():
            shares[points / maximum] += count
        return shares

    @property
    def limit_each(self) -> int | None:
        """How many of a list are shown of each exercise, where one list is of all."""
        return None if self.limit is None else max(1, self.limit // len(self.findings))


def sections() -> list[Section]:
    """The parts of the first page, in order."""
    return [
        Section("class", _("Class"), "class.html"),
        Section("points", _("Distribution of points"), "points.html"),
        Section("final", _("Late work and adjustments"), "final.html"),
        Section("exercises", _("Exercises"), "exercises.html"),
        Section("items", _("Checks worth a look"), "items.html"),
        Section("mistakes", _("Misconceptions of the class"), "mistakes.html"),
        Section("unnamed", _("Mistakes without a name"), "unnamed.html"),
        Section("similar", _("Similar submissions"), "similar.html"),
        Section("review", _("What needs review"), "review.html"),
        Section("notes", _("Recovered or odd in the files"), "notes.html"),
    ]


def write_pages(shown: Class, folder: Path, languages: Sequence[str]) -> None:
    """Write the report into an empty folder: index.html in the first language, index.ko.html in the second, and so on."""
    shutil.copytree(HERE / "assets", folder / "assets")
    shutil.copy(PAIRS / "pairs.css", folder / "assets")
    (folder / "charts").mkdir()
    for name, svg in _charts(shown):
        (folder / "charts" / f"{name}.svg").write_text(svg, encoding="utf-8")
    before = i18n.language()
    try:
        for language in languages:
            i18n.set_language(language)
            for name, text in _pages(shown, languages):
                path = folder / _file(name, language, languages)
                path.write_text(text, encoding="utf-8", errors="backslashreplace")
    finally:
        i18n.set_language(before)


def _charts(shown: Class) -> Iterator[tuple[str, str]]:
    yield "class", charts.distribution(shown.shares)
    for found in shown.findings:
        yield f"{found.exercise.name}-points", charts.distribution(found.shares)
        if found.races:
            yield f"{found.exercise.name}-speed", charts.speeds(found.races)


def _pages(shown: Class, languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(name without .html, text) in the current language."""
    environment = _environment()
    facts: dict[str, Any] = {
        "course": shown.course,
        "language": i18n.language(),
        "shown": shown,
        "titles": {found.exercise.name: titles(found.exercise) for found in shown.findings},
        "similar": {ranking.exercise.name: ranking for ranking in shown.similar or ()},
        "link": partial(_file, language=i18n.language(), languages=languages),
    }

    def page(name: str, template: str, **more: Any) -> tuple[str, str]:
        others = [(code, NAMES[code], _file(name, code, languages)) for code in languages]
        return name, environment.get_template(template).render(facts | {"others": others} | more)

    yield page("index", "index.html", sections=sections(), prefix=True)
    for found in shown.findings:
        yield page(found.exercise.name, "exercise.html", found=found, prefix=False)
    for ranking in shown.similar or ():
        if ranking.pairs:
            yield page(f"{ranking.exercise.name}-similar", "side_by_side.html", ranking=ranking)


def _file(name: str, language: str, languages: Sequence[str]) -> str:
    return f"{name}.html" if language == languages[0] else f"{name}.{language}.html"


def _environment() -> Environment:
    made = environment(HERE / "templates", PAIRS)
    made.globals.update(figure=figure, words=words, file_of=file_of, CLASS=CLASS, ENOUGH=ENOUGH)
    made.filters["shortened"] = _shortened
    return made


def _shortened(text: str) -> str:
    """A sentence that a student had a part in: its beginning, and that it goes on."""
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + " …"


def titles(exercise: Exercise) -> dict[str, str]:
    """The sentence of each check, by its function, in the current language; records hold one language only."""
    found: dict[str, str] = {}
    for node in ast.parse(exercise.hidden_path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and (sentence := ast.get_docstring(node)):
            korean = [
                word.value.value
                for mark in node.decorator_list
                if isinstance(mark, ast.Call)
                for word in mark.keywords
                if word.arg == "ko" and isinstance(word.value, ast.Constant)
            ]
            found[node.name] = pick(" ".join(sentence.split()), str(korean[0]) if korean else "")
    return found
