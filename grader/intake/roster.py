"""The class list: who is in the class, under which names and ids work may come in."""

import csv
import io
import itertools
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import UserError
from .disk import DiskFolder, reason
from .names import key, squeezed, student_name
from .text import decode
from .tree import Unreadable

COLUMNS = ("student", "id", "email", "name", "login")
MAX_BYTES = 8 * 2**20


@dataclass(frozen=True)
class Person:
    """Whose work it is, as far as a layout tells. `label`: the name to grade under where no roster knows better."""

    label: str
    id: str = ""
    email: str = ""
    name: str = ""
    login: str = ""


@dataclass(frozen=True)
class Roster:
    """Students in the order of the list, what each may be found by, and who each is. What two share finds nobody."""

    students: tuple[str, ...]
    _found_by: dict[str, str | None]
    people: dict[str, Person] = field(default_factory=dict)

    def student_of(self, person: Person) -> str | None:
        """The student on the list: by id, address or login, then by name, then by name as Canvas writes it."""
        for text in (person.id, person.email, person.label, person.name):
            for found in (self._found_by.get(key(text)), self._found_by.get(f"squeezed {squeezed(text)}")):
                if text and found is not None:
                    return found
        return None


def read_roster(path: Path) -> Roster:
    """Read a CSV file with the column `student`, and perhaps id, email, name, login. Raises UserError."""
    rows = read_rows(path, "roster", ("student",))
    try:
        return _roster(rows)
    except ValueError as error:
        raise UserError(f"The roster {path} cannot be used: {error}.") from None


def read_rows(path: Path, what: str, needed: tuple[str, ...]) -> list[dict[str, str]]:
    """The rows of an instructor's CSV file by column, every column in each; `what` it is called in a sentence.

    needed: columns that it must have. Columns are in lower case. Raises UserError.
    """
    try:
        data = DiskFolder(path.resolve().parent).file(path.resolve().name).read(MAX_BYTES)
        text, _notes = decode(data)
    except FileNotFoundError:
        raise UserError(f"There is no {what} {path}. Give a CSV file with {_columns(needed)}.") from None
    except Unreadable as error:
        raise UserError(f"The {what} {path} cannot be used: {error}.") from None
    except OSError as error:
        raise UserError(f"The {what} {path} cannot be read: {reason(error)}.") from None
    try:
        return _rows(text, needed)
    except (ValueError, csv.Error) as error:
        raise UserError(f"The {what} {path} cannot be used: {error}.") from None


def _columns(names: tuple[str, ...]) -> str:
    return f"a column {names[0]}" if len(names) == 1 else f"columns {', '.join(names)}"


def _rows(text: str, needed: tuple[str, ...]) -> list[dict[str, str]]:
    """Raises ValueError and csv.Error."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)  # what spreadsheets write in one country or another
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True) if any(row)]
    if not rows:
        named = "student, id, email, name, login" if needed == ("student",) else ", ".join(needed)
        raise ValueError(f"it is empty; its first line names the columns: {named}")
    columns = [column.strip().casefold() for column in rows[0]]
    for column in needed:
        if column not in columns:
            raise ValueError(f"its first line names no column {column}, but {', '.join(columns)[:200]}")
    for number, row in enumerate(rows[1:], 2):
        if len(row) > len(columns):
            raise ValueError(
                f"row {number} has {len(row)} cells, but there are {len(columns)} columns: put a name that has a comma in quotes"
            )
    return [dict(itertools.zip_longest(columns, (cell.strip() for cell in row), fillvalue="")) for row in rows[1:]]


def _roster(rows: list[dict[str, str]]) -> Roster:
    students: list[str] = []
    people: dict[str, Person] = {}
    found_by: dict[str, str | None] = {}
    for row in rows:
        student = student_name(row.get("student", ""))
        if not student:
            raise ValueError("a row has no student")
        if student in people:
            raise ValueError(f"{student} is in it twice")
        students.append(student)
        people[student] = Person(student, *(row.get(column, "") for column in ("id", "email", "name", "login")))
        for found in _keys(row):
            found_by[found] = student if found_by.get(found, student) == student else None
    # A student's own name finds them, whatever else it may be.
    return Roster(tuple(students), found_by | {key(student): student for student in students}, people)


def _keys(row: dict[str, str]) -> set[str]:
    """What finds this student."""
    plain = {key(row.get(column, "")) for column in COLUMNS}
    names = [turned for column in ("student", "name") for turned in _turned(row.get(column, ""))]
    return (plain | {f"squeezed {squeezed(name)}" for name in names if squeezed(name)}) - {""}


def _turned(name: str) -> list[str]:
    """A name, with the family name first, and last: Kim, Min Jun; Kim Min Jun; Min Jun Kim."""
    family, comma, given = name.partition(",")
    if comma:
        return [name, f"{given} {family}"]
    words = name.split()
    return [name, " ".join([*words[-1:], *words[:-1]]), " ".join([*words[1:], *words[:1]])]
