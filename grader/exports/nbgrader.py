"""The columns of `nbgrader export`, quoted properly: nbgrader itself joins its cells, so that a comma in a name shifts them."""

import csv
import io
from datetime import datetime

from ..i18n import N_
from ..intake.roster import Person, Roster
from ..reports.records import cell
from .format import Format, Made, Material, Record
from .wording import number, points_cell

COLUMNS = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email",
    "raw_score", "late_submission_penalty", "score", "max_score",
)  # fmt: skip


def nbgrader(records: list[Record], roster: Roster | None = None) -> bytes:
    """A row a record. score is what counts in the end: raw_score − late_submission_penalty, and the instructor's adjustments.

    Times are in the store alone: for records from elsewhere, and where nobody knows, these cells stay empty.
    """
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for record in records:
        person = roster.people.get(record["student"]) if roster else None
        last, first = _names(person)
        score, standing = points_cell(record), record.get("standing")
        writer.writerow(
            {
                "assignment": record["exercise"],
                "duedate": _time(standing.due) if standing else "",
                "timestamp": _time(standing.grade.submitted_at) if standing else "",
                "student_id": cell(record["student"]),
                "last_name": cell(last),
                "first_name": cell(first),
                "email": cell(person.email) if person else "",
                "raw_score": number(standing.grade.points) if standing and score else score,
                "late_submission_penalty": str(float(standing.penalty if standing else 0)) if score else "",
                "score": score,
                "max_score": number(record["max_points"]),
            }
        )
    return table.getvalue().encode("utf-8", "backslashreplace")


def _time(moment: datetime | None) -> str:
    """In UTC and without saying so, as nbgrader keeps times."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _names(person: Person | None) -> tuple[str, str]:
    """Last and first name, where a comma tells them apart; else the whole name is the last."""
    last, _comma, first = (person.name if person else "").partition(",")
    return last.strip(), first.strip()


def _make(material: Material) -> Made:
    return Made(nbgrader(material.records, material.roster))


FORMAT = Format("nbgrader", N_("the CSV file of nbgrader export"), _make, of_class=True)
