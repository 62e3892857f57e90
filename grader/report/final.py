"""What counts in the end, where it is not what the checks gave."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..course import Course
from ..standing.final import Standing, extensions_of, standings
from ..store import Store


@dataclass(frozen=True)
class Final:
    """changed: those that are shown, of `count`. unknown: of how many nobody knows when they were handed in."""

    changed: Sequence[Standing] = ()
    count: int = 0
    unknown: int = 0


def final_of(store: Store, course: Course, exercises: Sequence[str], roster: Path | None, limit: int | None) -> Final:
    """limit: how many are shown at most. A course in which nothing can change points is not read again for it."""
    policy, extensions = course.policy, extensions_of(course, roster)
    is_late_possible = any(rules.due for rules in policy.rules.values()) or bool(extensions.dues)
    if not (is_late_possible or policy.keep != "last" or policy.drop_lowest or store.adjustments()):
        return Final()
    return counted_final(standings(store, course, exercises=exercises, roster=roster), limit)


def counted_final(standings: Iterable[Standing], limit: int | None = None) -> Final:
    """The same of standings that come one by one."""
    changed: list[Standing] = []
    count = unknown = 0
    for one in standings:
        unknown += one.is_time_unknown
        if one.late_by is not None or one.adjustments or one.is_dropped or one.points != one.grade.points:
            count += 1
            if limit is None or count <= limit:
                changed.append(one)
    return Final(changed, count, unknown)
