"""What the records of one exercise say: figures a check, mistakes, speed, and what somebody should look at."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..course import Exercise
from ..exports.wording import is_open
from ..result import Verdict
from .measures import FEWEST, discrimination

if TYPE_CHECKING:
    from .clusters import Cluster

Record = dict[str, Any]
NO_WORK = frozenset({Verdict.MISSING, Verdict.UNREADABLE})
NOBODY_FAILS, EVERYBODY_FAILS, NEGATIVE = "nobody_fails", "everybody_fails", "negative"


@dataclass(frozen=True)
class Row:
    """One student's exercise. verdicts: check -> verdict. is_open: some check is not judged, so the points are not final.

    is_begun: there is work to look at; otherwise nothing was handed in, it cannot be read, or no TODO is started.
    """

    student: str
    points: float
    max_points: float
    is_open: bool
    is_begun: bool
    verdicts: dict[str, str]


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
    students: dict[str, None] = field(default_factory=dict)
    checks: dict[str, None] = field(default_factory=dict)


@dataclass
class Race:
    """What was measured of one function on one kind of device: (ratio, verdict) of each student. measures: time or memory."""

    function: str
    device: str
    measures: str
    allowed: list[float] = field(default_factory=list)
    results: list[tuple[float, str]] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(ratio for ratio, _verdict in self.results)

    @property
    def passed(self) -> int:
        return sum(verdict == Verdict.PASSED for _ratio, verdict in self.results)


@dataclass
class Findings:
    """All of one exercise. reviews and notes: (student, sentence). unnamed: (student, check) that no misconception fits."""

    exercise: Exercise
    rows: list[Row]
    items: list[Item]
    mistakes: list[Mistake]
    races: list[Race]
    reviews: list[tuple[str, str]]
    notes: list[tuple[str, str]]
    unnamed: list[tuple[str, str]]
    clusters: "list[Cluster]" = field(default_factory=list)

    @property
    def begun(self) -> list[Row]:
        return [row for row in self.rows if row.is_begun]

    @property
    def shares(self) -> list[float]:
        """Points by the maximum, of those whose points are final."""
        return [row.points / row.max_points for row in self.begun if not row.is_open and row.max_points]

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.shares) if self.shares else None

    @property
    def median(self) -> float | None:
        return statistics.median(self.shares) if self.shares else None

    @property
    def remarkable(self) -> list[Item]:
        return [item for item in self.items if item.remarks]

    @property
    def with_mistakes(self) -> "list[tuple[Findings, Mistake]]":
        """The mistakes as the tables take them, of one exercise or of all."""
        return [(self, mistake) for mistake in self.mistakes]

    @property
    def unnamed_students(self) -> list[str]:
        return list(dict.fromkeys(student for student, _check in self.unnamed))


def findings_of(exercise: Exercise, records: Sequence[Record]) -> Findings:
    """records: of this exercise, one a student."""
    rows = [_row(record) for record in records]
    found = Findings(exercise, rows, _items(records, rows), _mistakes(records), _races(records), [], [], [])
    for record in records:
        student = record["student"]
        reasons = [f"{check['name']}: {check['verdict']}" for check in record["checks"] if is_open(check)]
        if reasons or record["needs_review"]:
            found.reviews.append((student, "; ".join(reasons + record["notes"])))
        found.notes += [(student, note) for note in record["notes"]]
        found.unnamed += [(student, check["name"]) for check in record["checks"] if is_unnamed(check)]
    return found


def is_unnamed(check: Record) -> bool:
    """Wrong answers that no misconception gives. Slowness is no mistake.

    Where no function was at work (a syntax error, a check that waits for another), there were no answers: such a check has
    no command that draws its inputs.
    """
    is_wrong = check["verdict"] in (Verdict.FAILED, Verdict.ERROR) and not check.get("speed")
    return is_wrong and check["misconception"] is None and bool(check["draw_command"])


def _row(record: Record) -> Row:
    verdicts = {check["name"]: check["verdict"] for check in record["checks"]}
    has_open = bool(record["needs_review"]) or any(map(is_open, record["checks"]))
    is_begun = not NO_WORK.issuperset(verdicts.values())
    return Row(record["student"], record["points"], record["max_points"], has_open, is_begun, verdicts)


def _items(records: Sequence[Record], rows: Sequence[Row]) -> list[Item]:
    """The checks in the order in which they ran; "grading" stands for none of them."""
    by_name: dict[str, list[tuple[Record, Row]]] = {}
    for record, row in zip(records, rows, strict=True):
        for check in record["checks"] if row.is_begun else ():
            if check["name"] != "grading":
                by_name.setdefault(check["name"], []).append((check, row))
    return [_item(name, checks) for name, checks in by_name.items()]


def _item(name: str, checks: list[tuple[Record, Row]]) -> Item:
    judged = [check for check, _row in checks if not is_open(check)]
    final = [(check["verdict"] == Verdict.PASSED, row.points) for check, row in checks if not row.is_open]
    worth = checks[0][0]["max_points"]
    seconds = [check["seconds"] for check, _row in checks]
    return Item(
        name=name,
        title=checks[0][0]["title"],
        max_points=worth,
        judged=len(judged),
        passed=sum(check["verdict"] == Verdict.PASSED for check in judged),
        open=len(checks) - len(judged),
        index=discrimination([passed for passed, _points in final], [points for _passed, points in final], worth),
        index_of=len(final),
        seconds=(statistics.median(seconds), max(seconds)),
    )


def _mistakes(records: Iterable[Record]) -> list[Mistake]:
    """The most frequent first."""
    found: dict[str, Mistake] = {}
    for record in records:
        for check in record["checks"]:
            if check["misconception"] is not None:
                mistake = found.setdefault(check["misconception"], Mistake(check["misconception"], check["hint"]))
                mistake.students[record["student"]] = None
                mistake.checks[check["name"]] = None
    return sorted(found.values(), key=lambda mistake: (-len(mistake.students), mistake.id))


def _races(records: Iterable[Record]) -> list[Race]:
    found: dict[tuple[str, str, str], Race] = {}
    for record in records:
        for check in record["checks"]:
            speed = check.get("speed")
            if not speed:
                continue
            key = speed["function"], speed["device"], speed.get("measures", "time")
            race = found.setdefault(key, Race(*key))
            race.results.append((speed["ratio"], speed["verdict"]))
            if speed["allowed"] is not None and speed["allowed"] not in race.allowed:
                race.allowed.append(speed["allowed"])
    return [found[key] for key in sorted(found)]
