"""A gradebook's rows of students and of assignments with their cells. What is there is kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    GradeCell,
    Notebook,
    SolutionCell,
    SourceCell,
    Student,
    TaskCell,
    new_uuid,
)
from sqlalchemy import Connection, Table, insert, select, update

from ..errors import UserError
from ..i18n import _
from .cells import Cell
from .people import Member, merged

Values = dict[str, Any]
GRADED, COMMENTED = ("GradeCell", "TaskCell"), ("SolutionCell", "TaskCell")


@dataclass(frozen=True)
class KeptCell:
    """A cell as the gradebook has it."""

    id: str
    notebook_id: str
    name: str
    kind: str
    points: float


@dataclass(frozen=True)
class KeptAssignment:
    """An assignment as the gradebook has it. All its notebooks' cells, for a submission has a row for each of them.

    notebook_id: the notebook that is called like the assignment.
    """

    id: str
    notebook_id: str
    notebooks: tuple[str, ...]
    cells: tuple[KeptCell, ...]


def write_students(connection: Connection, members: Collection[Member]) -> int:
    """Add who is missing, name who has no name. Returns how many were added."""
    table: Table = Student.__table__
    there = {row["id"]: dict(row) for row in connection.execute(select(table)).mappings()}
    new = [vars(member) for member in members if member.id not in there]
    insert_all(connection, table, new)
    for member in members:
        if member.id in there and (changes := merged(member, there[member.id])):
            connection.execute(update(table).where(table.c.id == member.id).values(changes))
    return len(new)


def write_assignment(
    connection: Connection, course_id: str, name: str, cells: Sequence[Cell], kernelspec: str
) -> KeptAssignment:
    """Make sure of an assignment with one notebook of the same name and these cells; cells that are there stay as they are.

    Raises UserError where the gradebook has graded cells in that notebook that the notebook does not have.
    """
    assignment_id = _ensure(connection, Assignment.__table__, {"name": name}, {"course_id": course_id})
    notebook_id = _ensure(
        connection, Notebook.__table__, {"name": name, "assignment_id": assignment_id}, {"kernelspec": kernelspec}
    )
    kept = _kept_cells(connection, assignment_id)
    names = {cell.name for cell in cells}
    gone = sorted({cell.name for cell in kept if cell.notebook_id == notebook_id and cell.kind in GRADED} - {*names})
    if gone:
        raise UserError(
            _(
                "The gradebook's {assignment} has cells that source/{assignment}/{assignment}.ipynb does not have: {cells}. "
                "Their points would count for nobody. Put them back into the notebook, or remove the assignment with all "
                "that was graded by hand (`nbgrader db assignment remove {assignment} --force`), and push again."
            ).format(assignment=name, cells=", ".join(gone))
        )
    _add_cells(connection, notebook_id, cells, kept)
    notebooks = Notebook.__table__
    ids = connection.execute(select(notebooks.c.id).where(notebooks.c.assignment_id == assignment_id))
    return KeptAssignment(
        assignment_id, notebook_id, tuple(ids.scalars()), tuple(_kept_cells(connection, assignment_id))
    )


def _ensure(connection: Connection, table: Table, key: Values, rest: Values) -> str:
    """The id of the row with this key, which is made where it is missing."""
    found = connection.execute(select(table.c.id).filter_by(**key)).scalar()
    if found is not None:
        return str(found)
    row = {"id": new_uuid(), **key, **rest}
    connection.execute(insert(table), [row])
    return str(row["id"])


def _kept_cells(connection: Connection, assignment_id: str) -> list[KeptCell]:
    base, notebook = BaseCell.__table__, Notebook.__table__
    graded, task = GradeCell.__table__, TaskCell.__table__
    query = (
        select(base.c.id, base.c.notebook_id, base.c.name, base.c.type, graded.c.max_score, task.c.max_score)
        .join(notebook, notebook.c.id == base.c.notebook_id)
        .outerjoin(graded, graded.c.id == base.c.id)
        .outerjoin(task, task.c.id == base.c.id)
        .where(notebook.c.assignment_id == assignment_id)
    )
    return [
        KeptCell(id, notebook_id, name, kind, in_cell or in_task or 0.0)
        for id, notebook_id, name, kind, in_cell, in_task in connection.execute(query)
    ]


def _add_cells(connection: Connection, notebook_id: str, cells: Sequence[Cell], kept: Sequence[KeptCell]) -> None:
    there = {(cell.kind, cell.name) for cell in kept if cell.notebook_id == notebook_id}
    new = [(new_uuid(), kind, cell) for cell in cells for kind in cell.kinds if (kind, cell.name) not in there]
    insert_all(
        connection,
        BaseCell.__table__,
        [{"id": id, "name": cell.name, "notebook_id": notebook_id, "type": kind} for id, kind, cell in new],
    )
    for model in (GradeCell, SolutionCell, TaskCell):
        rows = [
            {"id": id} | ({} if model is SolutionCell else {"max_score": cell.points, "cell_type": cell.cell_type})
            for id, kind, cell in new
            if kind == model.__name__
        ]
        insert_all(connection, model.__table__, rows)
    sources: Table = SourceCell.__table__
    known = set(connection.execute(select(sources.c.name).where(sources.c.notebook_id == notebook_id)).scalars())
    insert_all(
        connection,
        sources,
        [
            {
                "id": new_uuid(),
                "notebook_id": notebook_id,
                "name": cell.name,
                "cell_type": cell.cell_type,
                "locked": cell.locked,
                "source": cell.source,
                "checksum": cell.checksum,
            }
            for cell in cells
            if cell.name not in known
        ],
    )


def insert_all(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    """All at once; nothing where there are none."""
    if rows:
        connection.execute(insert(table), rows)
