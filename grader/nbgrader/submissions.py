"""A gradebook's rows of submissions, with their scores and comments.

A score or a comment that a person gave stands in columns of its own, which nothing here writes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from nbgrader.api import Comment, Grade, SubmittedAssignment, SubmittedNotebook, new_uuid
from sqlalchemy import Connection, Row, Table, Update, bindparam, case, select, true, update

from .. import i18n
from ..reports.standing import standing_lines
from ..standing.final import Standing
from .final import final_marks, penalty
from .marks import Mark, marks_of
from .rows import COMMENTED, GRADED, KeptAssignment, KeptCell, insert_all

OPEN, WORTHLESS = Mark(None, ""), Mark(0.0, "")


@dataclass(frozen=True)
class Submitted:
    """What one student handed in, and how it was graded. timestamp: UTC, without a zone, as nbgrader keeps it.

    standing: what the grade comes to; without it, its raw points.
    """

    student: str
    timestamp: datetime
    record: Mapping[str, Any]
    standing: Standing | None = None


@dataclass(frozen=True)
class _Copy:
    """One student's copy of one notebook, with its cells' marks by grade_id; none where they are not ours to give."""

    id: str
    notebook_id: str
    marks: Mapping[str, Mark]
    penalty: float = 0.0


def write_submissions(
    connection: Connection, assignment: KeptAssignment, submitted: Sequence[Submitted], zone: tzinfo | None = None
) -> None:
    """Write scores, comments and late penalties of an assignment's notebook. zone: of times in comments, else UTC.

    Every submission of it, these students' or others', gets the rows that it lacks: a cell that was added later is open.
    """
    submissions = _ensure_submissions(connection, assignment, submitted)
    tasks = {
        cell.name: cell.points
        for cell in assignment.cells
        if cell.notebook_id == assignment.notebook_id and cell.kind == "TaskCell"
    }
    ours = {entry.student: entry for entry in submitted}
    copies = []
    for (submission_id, notebook_id), id in _ensure_copies(connection, assignment, submissions).items():
        entry = ours.get(submissions[submission_id]) if notebook_id == assignment.notebook_id else None
        copies.append(_copy(id, notebook_id, entry, tasks, zone) if entry else _Copy(id, notebook_id, {}))
    _write_grades(connection, assignment, copies)
    _write_comments(connection, assignment, copies)
    _write_penalties(connection, assignment, copies)


def _copy(id: str, notebook_id: str, entry: Submitted, tasks: Mapping[str, float], zone: tzinfo | None) -> _Copy:
    """What a student reads is in their record's language."""
    record, standing = entry.record, entry.standing
    with i18n.speaking(record["language"]):
        marks = marks_of(record, tasks, standing_lines(standing, zone))
        if standing is None:
            return _Copy(id, notebook_id, marks)
        return _Copy(id, notebook_id, final_marks(marks, record, standing, tasks), penalty(record, standing, tasks))


def _ensure_submissions(
    connection: Connection, assignment: KeptAssignment, submitted: Sequence[Submitted]
) -> dict[str, str]:
    """Submission id -> student, of the whole assignment."""
    table: Table = SubmittedAssignment.__table__
    rows = connection.execute(select(table).where(table.c.assignment_id == assignment.id)).all()
    there = {row.student_id: row for row in rows}
    new = [
        {"id": new_uuid(), "assignment_id": assignment.id, "student_id": entry.student, "timestamp": entry.timestamp}
        for entry in submitted
        if entry.student not in there
    ]
    insert_all(connection, table, new)
    for entry in submitted:
        if entry.student in there and there[entry.student].timestamp != entry.timestamp:
            changed = update(table).where(table.c.id == there[entry.student].id)
            connection.execute(changed.values(timestamp=entry.timestamp))
    return {row.id: row.student_id for row in rows} | {row["id"]: row["student_id"] for row in new}


def _ensure_copies(
    connection: Connection, assignment: KeptAssignment, submissions: Mapping[str, str]
) -> dict[tuple[str, str], str]:
    """(submission id, notebook id) -> id of the student's copy."""
    table: Table = SubmittedNotebook.__table__
    query = select(table.c.assignment_id, table.c.notebook_id, table.c.id).where(
        table.c.notebook_id.in_(assignment.notebooks)
    )
    ids = {(submission, notebook): id for submission, notebook, id in connection.execute(query)}
    new = [
        {"id": new_uuid(), "assignment_id": submission, "notebook_id": notebook}
        for submission in submissions
        for notebook in assignment.notebooks
        if (submission, notebook) not in ids
    ]
    insert_all(connection, table, new)
    return ids | {(row["assignment_id"], row["notebook_id"]): row["id"] for row in new}


def _write_grades(connection: Connection, assignment: KeptAssignment, copies: Sequence[_Copy]) -> None:
    table: Table = Grade.__table__
    there = _by_place(connection, table, assignment)
    new, changed = [], []
    for copy, cell in _places(assignment, copies, GRADED):
        mark = copy.marks.get(cell.name, OPEN if cell.points else WORTHLESS)
        score = None if mark.score is None else round(mark.score, 6)
        row = there.get((copy.id, cell.id))
        if row is None:
            values = {"auto_score": score, "needs_manual_grade": mark.is_open}
            new.append({"id": new_uuid(), "notebook_id": copy.id, "cell_id": cell.id} | values)
        elif cell.name in copy.marks and _differs(row, score, mark.is_open):
            changed.append({"row": row.id, "score": score, "is_open": mark.is_open})
    insert_all(connection, table, new)
    # Where a person gave a score and ours is another one now, they are asked to look again, as nbgrader itself does.
    is_open = case(
        (table.c.manual_score.is_(None), bindparam("is_open", type_=table.c.needs_manual_grade.type)), else_=true()
    )
    _update_all(
        connection,
        update(table)
        .where(table.c.id == bindparam("row"))
        .values(auto_score=bindparam("score"), needs_manual_grade=is_open),
        changed,
    )


def _differs(row: Row[Any], score: float | None, is_open: bool) -> bool:
    return row.auto_score != score or (row.manual_score is None and row.needs_manual_grade != is_open)


def _write_comments(connection: Connection, assignment: KeptAssignment, copies: Sequence[_Copy]) -> None:
    table: Table = Comment.__table__
    there = _by_place(connection, table, assignment)
    new, changed = [], []
    for copy, cell in _places(assignment, copies, COMMENTED):
        comment = copy.marks.get(cell.name, OPEN).comment or None
        row = there.get((copy.id, cell.id))
        if row is None:
            new.append({"id": new_uuid(), "notebook_id": copy.id, "cell_id": cell.id, "auto_comment": comment})
        elif cell.name in copy.marks and row.auto_comment != comment:
            changed.append({"row": row.id, "comment": comment})
    insert_all(connection, table, new)
    change = update(table).where(table.c.id == bindparam("row")).values(auto_comment=bindparam("comment"))
    _update_all(connection, change, changed)


def _write_penalties(connection: Connection, assignment: KeptAssignment, copies: Sequence[_Copy]) -> None:
    """No column of a person's: nbgrader itself writes it anew whenever it grades. Where there is none it has NULL."""
    table: Table = SubmittedNotebook.__table__
    query = select(table.c.id, table.c.late_submission_penalty).where(table.c.notebook_id == assignment.notebook_id)
    there = {id: kept or 0.0 for id, kept in connection.execute(query)}
    changed = [
        {"row": copy.id, "penalty": copy.penalty or None}
        for copy in copies
        if copy.marks and there[copy.id] != copy.penalty
    ]
    change = update(table).where(table.c.id == bindparam("row")).values(late_submission_penalty=bindparam("penalty"))
    _update_all(connection, change, changed)


def _places(
    assignment: KeptAssignment, copies: Sequence[_Copy], kinds: Sequence[str]
) -> Iterator[tuple[_Copy, KeptCell]]:
    """Where a row belongs: each cell of these kinds, on each copy of its notebook."""
    for copy in copies:
        for cell in assignment.cells:
            if cell.notebook_id == copy.notebook_id and cell.kind in kinds:
                yield copy, cell


def _by_place(connection: Connection, table: Table, assignment: KeptAssignment) -> dict[tuple[str, str], Row[Any]]:
    """(id of the student's copy, id of the cell) -> row."""
    cells = [cell.id for cell in assignment.cells]
    rows = connection.execute(select(table).where(table.c.cell_id.in_(cells)))
    return {(row.notebook_id, row.cell_id): row for row in rows}


def _update_all(connection: Connection, change: Update, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        connection.execute(change, rows)
