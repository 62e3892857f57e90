"""A CSV file for Moodle's grade import (Grades → Import → CSV file): an identifier, then points and feedback of each exercise.

What Moodle does with it is in moodle, grade/import/csv/classes/load_data.php: a user who is not found ends the whole import,
and a row without an identifier is taken for the row before it. So every row has every identifier that is a column.
"""

import csv
import html
import io
from collections import Counter
from typing import Any

from ..errors import UserError
from ..i18n import N_, _
from ..intake.names import key
from ..intake.roster import Person
from ..reports.standing import standing_lines
from ..result import Verdict
from ..text import plain
from .format import Format, Made, Material, Record, records_by_student
from .wording import feedback, is_open, needs_review, number, points_cell

IDENTIFIERS = {"Email address": "email", "ID number": "id"}


def moodle(material: Material) -> Made:
    """A row a student. Raises UserError where nobody can be told by a unique e-mail address or ID number."""
    if material.roster is None:
        raise UserError(
            "Moodle tells students by e-mail address or ID number: give a class list with --roster (email, id)."
        )
    students = records_by_student(material.records)
    columns = _identifiers(list(students), list(material.roster.people.values()))
    if not columns:
        raise UserError(
            "The roster has a unique e-mail address or ID number of none of these students. Fill its column email or id."
        )
    exercises = list(dict.fromkeys(record["exercise"] for record in material.records))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*columns, *(column for name in exercises for column in (name, _feedback_column(name)))])
    left_out = []
    for student, records in students.items():
        if any(student not in found for found in columns.values()):
            left_out.append(student)
            continue
        row = [found[student] for found in columns.values()]
        for name in exercises:
            row += [points_cell(records.get(name)), _comment(records[name]) if name in records else ""]
        writer.writerow(row)
    mentions = []
    if left_out:
        mentions.append(
            _("Without a unique {columns} in the roster, so left out: {names}.").format(
                columns=" / ".join(columns), names="; ".join(left_out)
            )
        )
    return Made(text.getvalue().encode(), tuple(mentions))


def _identifiers(students: list[str], people: list[Person]) -> dict[str, dict[str, str]]:
    """Column -> student -> what tells them from everybody on the roster.

    Both columns if both tell everybody that either tells, else the better one.
    """
    found: dict[str, dict[str, str]] = {}
    for column, field in IDENTIFIERS.items():
        values = {person.label: getattr(person, field) for person in people}
        counts = Counter(key(value) for value in values.values())
        found[column] = {
            student: values[student]
            for student in students
            if values.get(student) and counts[key(values[student])] == 1
        }
    most = max(len(known) for known in found.values())
    best = {column: known for column, known in found.items() if len(known) == most and known}
    first = next(iter(best.values()), {})
    return {column: known for column, known in best.items() if known.keys() == first.keys()}


def _feedback_column(name: str) -> str:
    return f"{name} feedback"


def _comment(record: Record) -> str:
    """The feedback as HTML in one line, which is what Moodle makes of it (FORMAT_MOODLE).

    No quotation mark and no backslash: older PHP takes a backslash before a quotation mark for an escape.
    """
    if needs_review(record):
        lines = [_("Not judged yet: your instructor will look at it.")]
    else:
        lines = [
            _("{points} of {maximum} points").format(
                points=number(record["points"]), maximum=number(record["max_points"])
            )
        ]
    lines += standing_lines(record.get("standing"))
    lines += [plain(note) for note in record["notes"]]
    for check in record["checks"]:
        lines += _lines(check)
    return "<br>".join(html.escape(line).replace("\\", "&#92;") for line in lines)


def _lines(check: dict[str, Any]) -> list[str]:
    title = plain(check["title"]).replace("\n", " ")
    if is_open(check):
        return [f"? {title}"]
    mark = "✓" if check["verdict"] == Verdict.PASSED else "✗"
    head = f"{mark} {title} {number(check['points'])}/{number(check['max_points'])}"
    return [head, *feedback(check).splitlines()]


FORMAT = Format(
    "moodle", N_("Moodle: a CSV file for its grade import (--roster with email or id)"), moodle, of_class=True
)
