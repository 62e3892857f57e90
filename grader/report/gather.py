"""From the grades that count, in one pass, to all that the report shows: what is in memory does not grow with the class."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..course import Course, Exercise
from ..intake.roster import Roster
from ..reports.records import by_student
from ..store import Outcome
from .pages import Class
from .tables import Tables
from .tally import Record, Tally
from .totals import Total, Totals


@dataclass(frozen=True)
class Bounds:
    """whole: a class of up to so many students is shown whole. some: so many of a list are shown of a larger one."""

    whole: int = 2000
    some: int = 500


BOUNDS = Bounds()


def names_of(roster: Roster | None) -> dict[str, str]:
    """What the roster calls its students."""
    return {student: person.name for student, person in roster.people.items()} if roster is not None else {}


def gather(
    course: Course,
    exercises: Sequence[Exercise],
    grades: Iterable[Outcome],
    record_of: Callable[[str], Record],
    roster: Roster | None = None,
    limit: int | None = None,
    tables: Tables | None = None,
    with_unnamed: bool = True,
) -> Class:
    """grades: of these exercises, sorted by student. record_of: by a grade's key.

    limit: how much of a list is shown, where not all. tables: where everybody is written to. with_unnamed: see Tally.
    """
    tallies = {exercise.name: Tally(exercise, limit, with_unnamed) for exercise in exercises}
    totals = Totals(limit)
    places = {student: place for place, student in enumerate(roster.students)} if roster is not None else {}
    waiting = dict(places)

    def add(total: Total) -> None:
        totals.add(total)
        if tables is not None:
            tables.add_student(total)

    for student, graded in by_student(grades):
        rows = {}
        for grade in graded:
            rows[grade.exercise] = row = tallies[grade.exercise].add(grade)
            if tables is not None:
                tables.add_grade(grade, row)
        waiting.pop(student, None)
        add(Total(student, {name: rows[name] for name in tallies if name in rows}))
    for student in waiting:
        add(Total(student, {}))
    return Class(
        course,
        sorted(totals.shown, key=lambda total: places.get(total.student, len(places))),
        names_of(roster),
        [tally.findings(record_of) for tally in tallies.values() if tally.graded],
        count=totals.count,
        open=totals.open,
        points=totals.points,
        limit=limit,
    )
