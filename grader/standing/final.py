"""What a grade comes to: `final_points` of one, `standings` of a class. Whatever shows points in the end asks here."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from ..course import Course
from ..result import NEEDS_REVIEW
from .adjustments import Adjustment
from .extensions import Extensions, read_extensions
from .policy import Policy, Rules

if TYPE_CHECKING:
    from ..store import Counted, CountedCheck, Store  # students have no SQLAlchemy


@dataclass(frozen=True)
class Standing:
    """A grade and what becomes of its points.

    due: when this student's work was due, extensions included. late_by: None where it was in time, or nobody knows.
    penalty: points lost by being late. adjusted: points that the instructor's adjustments add to that (or take).
    points: what counts in the end. needs_review: a check is open, and no adjustment has set its points.
    adjustments: those that count; lost: those of them on a check that this grade does not have, which change nothing.
    is_dropped: it is left out of the student's sum.
    """

    grade: "Counted"
    due: datetime | None = None
    late_by: timedelta | None = None
    penalty: float = 0.0
    adjustments: tuple[Adjustment, ...] = ()
    adjusted: float = 0.0
    points: float = 0.0
    needs_review: bool = False
    lost: tuple[Adjustment, ...] = ()
    is_dropped: bool = False

    @property
    def student(self) -> str:
        return self.grade.student

    @property
    def exercise(self) -> str:
        return self.grade.exercise

    @property
    def max_points(self) -> float:
        return self.grade.max_points

    @property
    def checks(self) -> "tuple[CountedCheck, ...]":
        return self.grade.checks

    @property
    def is_time_unknown(self) -> bool:
        """Something was handed in, there is a due date, and nobody knows whether it was in time."""
        return self.due is not None and self.grade.submitted_at is None and self.grade.points > 0


def final_points(
    grade: "Counted", rules: Rules | None = None, due: datetime | None = None, adjustments: Sequence[Adjustment] = ()
) -> Standing:
    """The standing of one grade. due: of this student, in the place of the rules'. A time that nobody knows costs nothing."""
    rules = rules or Rules()
    due = due or rules.due
    handed_in = grade.submitted_at
    late_by = handed_in - due if handed_in is not None and due is not None and handed_in > due else None
    penalty = rules.late.penalty(late_by, grade.points, grade.max_points) if late_by is not None else 0.0
    checks = {check.name: check for check in grade.checks}
    open_checks = {name for name, check in checks.items() if check.verdict in NEEDS_REVIEW}
    lost = tuple(one for one in adjustments if one.check and one.check not in checks)
    adjusted, whole = 0.0, None
    for one in adjustments:
        if one.points is None or one in lost:
            continue
        if not one.is_set:
            adjusted += one.points
        elif one.check:
            adjusted += one.points - checks[one.check].points
            open_checks.discard(one.check)
        else:
            whole = one.points
    points = max(grade.points - penalty + adjusted, 0.0) if whole is None else whole
    return Standing(
        grade=grade,
        due=due,
        late_by=late_by,
        penalty=penalty,
        adjustments=tuple(adjustments),
        adjusted=round(points - (grade.points - penalty), 6),
        points=round(points, 6),
        needs_review=whole is None and grade.needs_review and (bool(open_checks) or not checks),
        lost=lost,
    )


def standings(
    store: "Store",
    course: Course | None,
    students: Iterable[str] | None = None,
    exercises: Collection[str] | None = None,
    roster: Path | None = None,
) -> Iterator[Standing]:
    """Of these students and exercises or of all, sorted by student and exercise. Raises UserError for a bad roster.

    course: whose policy holds; None: nothing is ever late.
    roster: the class list with extensions, in the place of the one that course.toml names.
    """
    policy = course.policy if course else Policy()
    extensions = extensions_of(course, roster) if course else Extensions()
    students = None if students is None else set(students)
    words: dict[tuple[str, str], list[Adjustment]] = {}
    for word in store.adjustments(students):
        words.setdefault((word.student, word.exercise), []).append(word)

    def standing(grade: "Counted") -> Standing:
        rules = policy.of(grade.exercise)
        due = extensions.due(grade.student, grade.exercise, rules.due)
        return final_points(grade, rules, due, words.get((grade.student, grade.exercise), ()))

    # What is dropped depends on all of a student's exercises.
    live = store.counted(students, None if policy.drop_lowest else exercises)
    for student, grades in groupby(live, key=lambda grade: grade.student):
        kept = [standing(grade) for grade in grades]
        if policy.keep == "best":
            earlier = [standing(grade) for grade in store.attempts(student)]
            kept = [_best(one, earlier) for one in kept]
        for one in dropped(kept, policy, list(policy.rules)):
            if exercises is None or one.exercise in exercises:
                yield one


def extensions_of(course: Course, roster: Path | None = None) -> Extensions:
    """Of this roster, or of the one that course.toml names. Raises UserError."""
    if roster is None and course.policy.roster:
        roster = course.root / course.policy.roster
    return read_extensions(roster, course.policy) if roster is not None else Extensions()


def dropped(kept: Sequence[Standing], policy: Policy, order: Sequence[str]) -> list[Standing]:
    """One student's standings, those marked that drop_lowest leaves out: the least share of the maximum, the first of equals.

    What needs review is not dropped: nobody knows yet what it is worth. One exercise at least is kept.
    """
    place = {name: number for number, name in enumerate(order)}
    settled = [one for one in kept if not one.needs_review]
    count = min(policy.drop_lowest, len(kept) - 1, len(settled))
    lowest = sorted(
        settled, key=lambda one: (one.points / one.max_points if one.max_points else 1.0, place.get(one.exercise, 0))
    )
    left_out = {one.exercise for one in lowest[:count]}
    return [replace(one, is_dropped=True) if one.exercise in left_out else one for one in kept]


def _best(live: Standing, earlier: Sequence[Standing]) -> Standing:
    """The submission with the most points; the last of equals. An open grade of the last one stays: it may be the best."""
    if live.needs_review:
        return live
    others = [
        one
        for one in earlier
        if one.exercise == live.exercise
        and one.grade.source_sha256 != live.grade.source_sha256
        and not one.needs_review
    ]
    return max([live, *reversed(others)], key=lambda one: one.points)
