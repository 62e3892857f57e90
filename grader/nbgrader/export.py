"""nbgrader's grades as CSV that quotes: `nbgrader export` itself joins with commas, so that a comma in a name shifts the row.

The course's config names it: c.ExportApp.plugin_class = "grader.nbgrader.export.QuotedCsv".
"""

import csv
import io
from pathlib import Path
from typing import Any

from nbgrader.api import Assignment, Gradebook, Student, SubmittedAssignment
from nbgrader.plugins import ExportPlugin
from sqlalchemy.orm import undefer

from ..files import replace
from ..reports.records import FORMULA_STARTS

COLUMNS = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


class QuotedCsv(ExportPlugin):  # type: ignore[misc]  # nbgrader has no types
    """The same columns and rows as nbgrader's own exporter writes, quoted where that is needed; UTF-8 that Excel reads."""

    def export(self, gradebook: Gradebook) -> None:
        """Write the grades to the file that --to names, or to grades.csv, whole or not at all."""
        path = Path(self.to or "grades.csv")
        students, assignments = ({str(name) for name in names} for names in (self.student, self.assignment))
        table = io.StringIO()
        writer = csv.writer(table)
        writer.writerow(COLUMNS)
        everybody = [student for student in gradebook.students if not students or student.id in students]
        for assignment in gradebook.assignments:
            if not assignments or assignment.name in assignments:
                submitted = _submissions(gradebook, assignment)
                writer.writerows(_row(assignment, student, submitted.get(student.id)) for student in everybody)
        replace(path, table.getvalue(), encoding="utf-8-sig")
        self.log.info("Exported grades to %s", path)


def _submissions(gradebook: Gradebook, assignment: Assignment) -> dict[str, SubmittedAssignment]:
    """By student, in one query with their scores."""
    query = gradebook.db.query(SubmittedAssignment).options(
        undefer(SubmittedAssignment.score), undefer(SubmittedAssignment.late_submission_penalty)
    )
    return {found.student_id: found for found in query.filter(SubmittedAssignment.assignment_id == assignment.id)}


def _row(assignment: Assignment, student: Student, submission: SubmittedAssignment | None) -> list[Any]:
    """What was not handed in has no timestamp, and a score of 0."""
    raw = submission.score if submission else 0.0
    penalty = submission.late_submission_penalty if submission else 0.0
    return [
        _cell(assignment.name),
        assignment.duedate or "",
        (submission.timestamp or "") if submission else "",
        *(_cell(text or "") for text in (student.id, student.last_name, student.first_name, student.email)),
        raw,
        penalty,
        max(0.0, raw - penalty),
        assignment.max_score,
    ]


def _cell(text: str) -> str:
    """A name that a spreadsheet would take for a formula is shown as text."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
