"""Counting the grades of one exercise, one after the other: what is kept of a million is no more than of a thousand.

A class has few different outcomes: about half of it passes everything. So a grade is mostly one more of a `Kind` that is known,
and the checks of a kind are counted once, with the number of its grades (`Tally._count`).
"""

import statistics
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..course import Exercise
from ..result import Verdict, is_open
from ..store import CountedCheck, Outcome
from .findings import Findings, Item, Listed, Mistake, Race, Row
from .measures import Sample, discrimination
from .picked import Everybody, Picked

Record = Mapping[str, Any]
# By names of their own: to ask an enumeration for a member takes longer than all else that is done with a check.
PASSED, WRONG = Verdict.PASSED, frozenset({Verdict.FAILED, Verdict.ERROR})
NO_WORK = frozenset({Verdict.MISSING, Verdict.UNREADABLE})
WHOLE = "grading"  # the name that stands for no check, where the exercise could not be graded
TOGETHER = 256  # grades whose times are looked through together
MOST_KINDS = 500  # then they are counted, and forgotten


class Kind:
    """What grades with the very same checks have in common, and (points, whether open) -> how many they are.

    counts: of each check of work that is begun, its count, and whether it is passed; None: it is open.
    """

    def __init__(self, checks: tuple[CountedCheck, ...]) -> None:
        self.verdicts = {check.name: check.verdict for check in checks}
        self.names = tuple(self.verdicts)
        self.reasons = [f"{name}: {verdict}" for name, verdict in self.verdicts.items() if is_open(verdict)]
        self.is_begun = not NO_WORK.issuperset(self.verdicts.values())
        self.mistakes = {check.misconception for check in checks if check.misconception is not None}
        self.unnamed = [check.name for check in checks if is_unnamed(check)]
        self.counts: list[tuple[Count, bool | None]] = []
        self.results: Counter[tuple[float, bool]] = Counter()


def is_unnamed(check: CountedCheck) -> bool:
    """Wrong answers that no misconception gives. Slowness is no mistake.

    Where no function was at work (a syntax error, a check that waits for another), there were no answers.
    """
    return check.has_answer and check.misconception is None and check.verdict in WRONG


@dataclass
class Count:
    """One check, so far. results: (passed, points on the whole exercise) -> students whose points are final.

    first: key of a grade that has the check.
    """

    name: str
    max_points: float
    first: str
    judged: int = 0
    passed: int = 0
    open: int = 0
    results: Counter[tuple[bool, float]] = field(default_factory=Counter)


class Times:
    """Seconds of the checks of these names, in their order: of some grades all, and the longest of all grades."""

    def __init__(self) -> None:
        self.some: Sample[array[float] | None] = Sample()
        self._longest: list[float] = []
        self._waiting: list[list[float]] = []

    def add(self, seconds: list[float]) -> None:
        # An array is a third of a list's size, and nothing that the garbage collector looks through again and again.
        self.some.add(array("d", seconds) if self.some.is_due else None)
        self._waiting.append(seconds)
        if len(self._waiting) == TOGETHER:
            self._settle()

    def of_each(self) -> Iterator[tuple[tuple[float, ...], float]]:
        """Of each check: some of its times, and the longest."""
        self._settle()
        return zip(zip(*filter(None, self.some.values), strict=True), self._longest, strict=True)

    def _settle(self) -> None:
        rows = [self._longest, *self._waiting] if self._longest else self._waiting
        self._longest = [max(times) for times in zip(*rows, strict=True)]
        self._waiting = []


class Tally:
    """Takes the grades of one exercise in any order; `findings` is what there is to say of them.

    limit: how many of a list are kept, where not all. with_unnamed: keep who has a mistake without a name, in which checks.
    """

    def __init__(self, exercise: Exercise, limit: int | None = None, with_unnamed: bool = True) -> None:
        self.exercise = exercise
        self.graded = self.begun = 0
        self._limit = limit
        self._with_unnamed = with_unnamed
        self._kinds: dict[str, Kind] = {}
        self._counts: dict[str, Count] = {}
        self._times: dict[tuple[str, ...], Times] = {}
        self._shares: Counter[float] = Counter()
        self._mistakes: dict[str, tuple[Mistake, str]] = {}  # with the key of the first grade
        self._races: dict[tuple[str, str, str], Race] = {}
        self._rows: Everybody[Row] | Picked[Row] = Everybody() if limit is None else Picked(limit)
        self._reviews: Listed[tuple[str, str]] = Listed(limit)
        self._notes: Listed[tuple[str, str]] = Listed(limit)
        self._unnamed: list[tuple[str, str]] = []
        self._unnamed_students = 0

    def add(self, grade: Outcome) -> Row:
        """The grade's row."""
        kind = self._kinds.get(grade.checks) or self._new_kind(grade)
        has_open = bool(kind.reasons) or bool(grade.needs_review)
        row = Row(grade.student, grade.points, grade.max_points, has_open, kind.is_begun, kind.verdicts)
        self.graded += 1
        self._rows.add(row, row.points, has_open, kind.is_begun)
        if kind.is_begun:
            self._add_begun(kind, grade, has_open)
        notes = grade.each_note()
        if has_open:
            self._reviews.add((grade.student, "; ".join(kind.reasons + notes)))
        for note in notes:
            self._notes.add((grade.student, note))
        for id in kind.mistakes:
            self._mistakes[id][0].students.add(grade.student)
        if kind.unnamed:
            self._unnamed_students += 1
            if self._with_unnamed:
                self._unnamed += [(grade.student, name) for name in kind.unnamed]
        return row

    def findings(self, record_of: Callable[[str], Record]) -> Findings:
        """record_of: by the key of a grade, for the few sentences that stand in records alone."""
        self._count()
        return Findings(
            exercise=self.exercise,
            graded=self.graded,
            begun=self.begun,
            rows=self._rows.all,
            shares=self._shares,
            items=self._items(record_of),
            mistakes=self._with_hints(record_of),
            races=[self._races[key] for key in sorted(self._races)],
            reviews=self._reviews,
            notes=self._notes,
            unnamed=self._unnamed,
            unnamed_students=self._unnamed_students,
            is_sampled=any(times.some.step > 1 for times in self._times.values()),
        )

    def _new_kind(self, grade: Outcome) -> Kind:
        if len(self._kinds) >= MOST_KINDS:
            self._count()
        checks = grade.each_check()
        kind = self._kinds[grade.checks] = Kind(checks)
        for check in checks:
            if kind.is_begun and check.name != WHOLE:
                counted = self._counts.get(check.name)
                if counted is None:
                    counted = self._counts[check.name] = Count(check.name, check.max_points, grade.key)
                kind.counts.append((counted, None if is_open(check.verdict) else check.verdict == PASSED))
            if (id := check.misconception) is not None:
                if id not in self._mistakes:
                    self._mistakes[id] = Mistake(id, "", Listed(self._limit)), grade.key
                self._mistakes[id][0].checks[check.name] = None
        return kind

    def _add_begun(self, kind: Kind, grade: Outcome, has_open: bool) -> None:
        self.begun += 1
        kind.results[grade.points, has_open] += 1
        if not has_open and grade.max_points:
            self._shares[grade.points / grade.max_points] += 1
        seconds, races = grade.seconds_and_races()
        times = self._times.get(kind.names)
        if times is None:
            times = self._times[kind.names] = Times()
        times.add(seconds)
        for function, device, measured, ratio, verdict, allowed in races:
            key = function, device, measured
            race = self._races.get(key)
            if race is None:
                race = self._races[key] = Race(*key)
            race.results.add((ratio, verdict))
            race.passed += verdict == PASSED
            if allowed is not None and allowed not in race.allowed:
                race.allowed.append(allowed)

    def _count(self) -> None:
        """The checks of all grades since the last time."""
        for kind in self._kinds.values():
            students = kind.results.total()
            final = [(points, count) for (points, has_open), count in kind.results.items() if not has_open]
            for counted, has_passed in kind.counts:
                if has_passed is None:
                    counted.open += students
                    continue
                counted.judged += students
                counted.passed += students * has_passed
                for points, count in final:
                    counted.results[has_passed, points] += count
        self._kinds.clear()

    def _items(self, record_of: Callable[[str], Record]) -> list[Item]:
        """The checks in the order in which they ran."""
        times: dict[str, tuple[list[float], list[float]]] = {}
        for names, taken in self._times.items():
            for name, (some, longest) in zip(names, taken.of_each(), strict=True):
                all_some, all_longest = times.setdefault(name, ([], []))
                all_some += some
                all_longest.append(longest)
        return [
            Item(
                name=name,
                title=_check_in(record_of(counted.first), name)["title"],
                max_points=counted.max_points,
                judged=counted.judged,
                passed=counted.passed,
                open=counted.open,
                index=discrimination(counted.results, counted.max_points),
                index_of=counted.results.total(),
                seconds=(statistics.median(times[name][0]), max(times[name][1])),
            )
            for name, counted in self._counts.items()
        ]

    def _with_hints(self, record_of: Callable[[str], Record]) -> list[Mistake]:
        """The most frequent first."""
        for mistake, first in self._mistakes.values():
            checks = record_of(first)["checks"]
            mistake.hint = next(check["hint"] for check in checks if check["misconception"] == mistake.id)
        found = [mistake for mistake, _first in self._mistakes.values()]
        return sorted(found, key=lambda mistake: (-mistake.students.count, mistake.id))


def findings_of(exercise: Exercise, records: Iterable[Record]) -> Findings:
    """records: of this exercise, one a student."""
    kept = {str(number): record for number, record in enumerate(records)}
    tally = Tally(exercise)
    for key, record in kept.items():
        tally.add(Outcome.of_record(record, key))
    return tally.findings(kept.__getitem__)


def _check_in(record: Record, name: str) -> Record:
    return next(check for check in record["checks"] if check["name"] == name)
