"""The gradebook that Canvas exported: which column is an assignment's, and which row a student's.

What it looks like is in canvas-lms, lib/gradebook_exporter.rb.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import UserError
from ..intake.names import key, squeezed
from ..intake.roster import Roster
from .table import Cell, Table, read_table

IDS = ("ID", "SIS User ID", "SIS Login ID")
_TITLE = re.compile(r"(?P<title>.*?)\s*\(\d+\)", re.DOTALL)  # "attention (12345)"
_LABEL = re.compile(r"(?P<who>.+)_(?P<id>\d{1,18})", re.DOTALL)  # a student as Canvas's download names them


@dataclass(frozen=True)
class Gradebook:
    """header: the titles of the columns, without blanks around them."""

    table: Table
    header: list[str]

    @property
    def assignments(self) -> list[str]:
        return [title for title in self.header if _TITLE.fullmatch(title)]

    def column(self, names: Iterable[str]) -> int | None:
        """The column of the assignment that one of these names is the title of. Raises UserError where there are several."""
        wanted = {key(name) for name in names} - {""}
        found = [number for number, title in enumerate(self.header) if _names_of(title) & wanted]
        if len(found) > 1:
            titles = ", ".join(self.header[number] for number in found)
            raise UserError(f"Several columns of the template fit: {titles}. Say which one: --column 'EXERCISE=TITLE'.")
        return found[0] if found else None

    def rows(self, students: Sequence[str], roster: Roster | None) -> dict[str, int]:
        """Student -> row, by one id or several. An id that two of the class share finds neither, nor do two rows anybody."""
        columns = [self.header.index(name) for name in IDS if name in self.header]
        owners: dict[str, set[str]] = {}
        for student in {*students, *(roster.students if roster else ())}:
            for known in _ids(student, roster):
                owners.setdefault(known, set()).add(student)
        found: dict[str, list[int]] = {}
        for number, row in self.students():
            ids = {key(row[column].value) for column in columns if column < len(row)} - {""}
            fitting = {student for id in ids if len(owners.get(id, ())) == 1 for student in owners[id]}
            fitting |= {student for student in students if _is_label_of(student, ids, self.name(row))}
            if len(fitting) == 1:
                found.setdefault(fitting.pop(), []).append(number)
        return {student: found[student][0] for student in students if len(found.get(student, ())) == 1}

    def students(self) -> list[tuple[int, list[Cell]]]:
        """The rows of students, with their numbers: those whose first cell is a name."""
        rows = enumerate(self.table.rows[1:], 1)
        return [(number, row) for number, row in rows if row[0].value.strip() and not _is_of_maxima(row)]

    def name(self, row: list[Cell]) -> str:
        """The student's name in a row: in one column, or last and first in two."""
        return " ".join(cell.value.strip() for cell in row[: 2 if self.header[0] == "LastName" else 1])

    def possible(self, column: int) -> str:
        """What Canvas says the assignment is worth; empty where it does not say."""
        row = next((row for row in self.table.rows[1:] if _is_of_maxima(row)), [])
        return row[column].value.strip() if column < len(row) else ""


def read_gradebook(data: bytes) -> Gradebook:
    """Raises UserError for a file that is no gradebook of Canvas."""
    try:
        table = read_table(data)
    except ValueError as error:
        raise UserError(f"The template cannot be read: {error}. Export the gradebook from Canvas anew.") from None
    header = [cell.value.strip() for cell in table.rows[0]]
    if not any(name in header for name in IDS):
        raise UserError(
            f"The template names no column {', '.join(IDS)} in its first line. Export the gradebook from Canvas, and give that."
        )
    return Gradebook(table, header)


def _names_of(title: str) -> set[str]:
    """What a column may be called: its title, with Canvas's id and without."""
    match = _TITLE.fullmatch(title)
    return {key(title), key(match["title"])} if match else {key(title)}


def _ids(student: str, roster: Roster | None) -> set[str]:
    person = roster.people.get(student) if roster else None
    known = (person.id, person.login, person.email) if person else ()
    return {key(text) for text in (student, *known)} - {""}


def _is_label_of(student: str, ids: set[str], name: str) -> bool:
    """Whether the student is called as Canvas's own download names this row, kimminjun_1234: id and name must agree."""
    match = _LABEL.fullmatch(student)
    return match is not None and match["id"] in ids and squeezed(match["who"]) == squeezed(name)


def _is_of_maxima(row: list[Cell]) -> bool:
    return "Points Possible" in row[0].value
