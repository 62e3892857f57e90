"""The columns of `nbgrader export`, quoted properly: nbgrader itself joins its cells, so that a comma in a name shifts them."""

import csv
import io

from ..i18n import N_
from ..intake.roster import Person, Roster
from ..reports.records import cell
from .format import Format, Made, Material, Record
from .wording import needs_review, number, points_cell

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score",
)  # fmt: skip


def nbgrader(records: list[Record], roster: Roster | None = None) -> bytes:
    """A row a record. When it was handed in and until when is in no record: these cells stay empty, the penalty is 0."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for record in records:
        person = roster.people.get(record["student"]) if roster else None
        last, first = _names(person)
        score = points_cell(record)
        writer.writerow(
            {
                "assignment": record["exercise"],
                "student_id": cell(record["student"]),
                "last_name": cell(last),
                "first_name": cell(first),
                "email": cell(person.email) if person else "",
                "raw_score": score,
                "late_submission_penalty": "" if needs_review(record) else "0.0",
                "score": score,
                "max_score": number(record["max_points"]),
            }
        )
    return table.getvalue().encode("utf-8", "backslashreplace")


def _names(person: Person | None) -> tuple[str, str]:
    """Last and first name, where a comma tells them apart; else the whole name is the last."""
    last, _comma, first = (person.name if person else "").partition(",")
    return last.strip(), first.strip()


def _make(material: Material) -> Made:
    return Made(nbgrader(material.records, material.roster))


FORMAT = Format("nbgrader", N_("the CSV file of nbgrader export"), _make, of_class=True)
