"""What there is to say of one exercise: figures a check, mistakes, speed, and what somebody should look at."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from ..course import Exercise
from . import measures
from .measures import FEWEST, Sample

if TYPE_CHECKING:
    from .clusters import Cluster

NOBODY_FAILS, EVERYBODY_FAILS, NEGATIVE = "nobody_fails", "everybody_fails", "negative"

Entry = TypeVar("Entry")


class Row(NamedTuple):
    """One student's exercise. verdicts: check -> verdict. is_open: some check is not judged, so the points are not final.

    is_begun: there is work to look at; otherwise nothing was handed in, it cannot be read, or no TODO is started.
    """

    student: str
    points: float
    max_points: float
    is_open: bool
    is_begun: bool
    verdicts: Mapping[str, str]


@dataclass
class Listed(Generic[Entry]):
    """How many there are, and the first of them; all, where there is no limit."""

    limit: int | None = None
    shown: list[Entry] = field(default_factory=list)
    count: int = 0

    def add(self, entry: Entry) -> None:
        self.count += 1
        if self.limit is None or len(self.shown) < self.limit:
            self.shown.append(entry)

    @property
    def more(self) -> int:
        return self.count - len(self.shown)


@dataclass(frozen=True)
class Item:
    """One check over the class. judged: how many begun submissions got a verdict on it; passed: how many of them passed.

    seconds: median and largest wall time in the grader. index: the discrimination index, of `index_of` students.
    """

    name: str
    title: str
    max_points: float
    judged: int
    passed: int
    open: int
    index: float | None
    index_of: int
    seconds: tuple[float, float]

    @property
    def rate(self) -> float | None:
        return self.passed / self.judged if self.judged else None

    @property
    def remarks(self) -> list[str]:
        """What is worth a look at the check itself; none where few students say little."""
        found = []
        if self.judged >= FEWEST and self.passed == self.judged:
            found.append(NOBODY_FAILS)
        if self.judged >= FEWEST and self.passed == 0:
            found.append(EVERYBODY_FAILS)
        if self.index is not None and self.index_of >= FEWEST and self.index < 0:
            found.append(NEGATIVE)
        return found


@dataclass
class Mistake:
    """A misconception that was named: its hint as the first record has it, whom, and in which checks."""

    id: str
    hint: str
    students: Listed[str]
    checks: dict[str, None] = field(default_factory=dict)


@dataclass
class Race:
    """What was measured of one function on one kind of device: (ratio, verdict) of students. measures: time or memory."""

    function: str
    device: str
    measures: str
    allowed: list[float] = field(default_factory=list)
    results: Sample[tuple[float, str]] = field(default_factory=Sample)
    passed: int = 0

    @property
    def median(self) -> float:
        return statistics.median(ratio for ratio, _verdict in self.results.values)


@dataclass
class Findings:
    """All of one exercise.

    rows: of every student, or of a large class those to look at, out of `graded`, of whom `begun` have begun. shares: points by
    the maximum -> how many, of those whose points are final. reviews and notes: (student, sentence). unnamed: (student, check)
    that no misconception fits, of `unnamed_students`; empty where nobody asks for clusters. is_sampled: the medians of times
    are of some students, evenly chosen.
    """

    exercise: Exercise
    graded: int
    begun: int
    rows: Sequence[Row]
    shares: Mapping[float, int]
    items: Sequence[Item]
    mistakes: Sequence[Mistake]
    races: Sequence[Race]
    reviews: Listed[tuple[str, str]]
    notes: Listed[tuple[str, str]]
    unnamed: Sequence[tuple[str, str]]
    unnamed_students: int
    is_sampled: bool = False
    clusters: "list[Cluster]" = field(default_factory=list)

    @property
    def final(self) -> int:
        """How many have begun, and have points that are final."""
        return sum(self.shares.values())

    @property
    def mean(self) -> float | None:
        return measures.mean(self.shares)

    @property
    def median(self) -> float | None:
        return measures.median(self.shares)

    @property
    def remarkable(self) -> list[Item]:
        return [item for item in self.items if item.remarks]

    @property
    def with_mistakes(self) -> "list[tuple[Findings, Mistake]]":
        """The mistakes as the tables take them, of one exercise or of all."""
        return [(self, mistake) for mistake in self.mistakes]
