"""The instructor's own word on a grade: points added, taken or set, on a check or a whole exercise, and a text."""

import math
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..course import Course
from ..errors import UserError
from ..intake.names import student_name
from ..intake.roster import read_rows

if TYPE_CHECKING:
    from ..store import Store  # students have no SQLAlchemy


@dataclass(frozen=True)
class Adjustment:
    """One word of the instructor; the last one on the same student, exercise and check counts.

    check: a check's name, "" for the whole exercise. points: what is added (or taken); where is_set, what the check or the
    exercise comes to; None: a remark alone. Without points and text it takes the earlier one back.
    made_at: in UTC, None until it is stored.
    """

    student: str
    exercise: str
    check: str = ""
    points: float | None = None
    is_set: bool = False
    text: str = ""
    author: str = ""
    made_at: datetime | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        return self.student, self.exercise, self.check

    @property
    def is_withdrawn(self) -> bool:
        return self.points is None and not self.text

    def says_as(self, other: "Adjustment") -> bool:
        return (self.points, self.is_set, self.text) == (other.points, other.is_set, other.text)


def read_adjustments(path: Path) -> list[Adjustment]:
    """A CSV file with the columns student, exercise, and some of check, points, set, text. Raises UserError.

    points and set are columns of their own, as a spreadsheet makes 5 of both +5 and =5.
    """
    found: dict[tuple[str, str, str], Adjustment] = {}
    for number, row in enumerate(read_rows(path, "list of adjustments", ("student", "exercise")), 2):
        where = f"{path}, row {number}"
        points, fixed = (_points(row.get(column, ""), f"{where}, {column}") for column in ("points", "set"))
        if points is not None and fixed is not None:
            raise UserError(f"{where}: it has points to add and points to set. Leave one of them.")
        if fixed is not None and fixed < 0:
            raise UserError(
                f"{where}: points are set to {fixed:g}, less than 0. What is taken stands in the column points."
            )
        made = Adjustment(
            student_name(row["student"]),
            row["exercise"],
            row.get("check", ""),
            points if fixed is None else fixed,
            fixed is not None,
            row.get("text", ""),
        )
        if not made.student or not made.exercise:
            raise UserError(f"{where}: it names no student or no exercise.")
        if made.place in found:
            raise UserError(f"{where}: a row above is on the same student, exercise and check. Make one of them.")
        found[made.place] = made
    return list(found.values())


def validate(adjustments: list[Adjustment], store: "Store", course: Course, path: Path) -> None:
    """Each is on a grade that the store holds, and on a check of it. Raises UserError, and names all that are not."""
    students = {adjustment.student for adjustment in adjustments}
    grades = {(grade.student, grade.exercise): grade for grade in store.counted(students)}
    known_students = {student for student, _exercise in grades}
    problems = []
    for one in adjustments:
        grade = grades.get((one.student, one.exercise))
        if one.student not in known_students:
            problems.append(f"no student {one.student!r}")
        elif one.exercise not in course.policy.rules:
            problems.append(f"no exercise {one.exercise!r}")
        elif grade is None:
            problems.append(f"no grade of {one.student} on {one.exercise}")
        elif one.check and not one.is_withdrawn and one.check not in {check.name for check in grade.checks}:
            checks = ", ".join(check.name for check in grade.checks)
            problems.append(f"no check {one.check!r} in {one.exercise} (its checks: {checks[:300]})")
    if problems:
        listed = "; ".join(dict.fromkeys(problems[:10])) + ("; …" if len(problems) > 10 else "")
        raise UserError(
            f"{path}: the store holds {listed}. Nothing of the file was taken over: set it right, and again."
        )


def adjustments_of(store: "Store", student: str, exercise: str) -> list[Adjustment]:
    """Those that count, on the whole exercise and on its checks, in the order in which they were made."""
    return [one for one in store.adjustments([student]) if one.exercise == exercise]


def _points(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        points = float(text.replace("−", "-").replace(",", "."))
    except ValueError:
        points = math.nan
    if not abs(points) < 1e6:
        raise UserError(f"{where}: {text[:40]!r} is no number of points.")
    return points
