"""What every format is given and gives back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..intake.roster import Roster

if TYPE_CHECKING:
    from ..standing.final import Standing

Record = dict[str, Any]


@dataclass(frozen=True)
class Material:
    """What there is to export.

    records: those for a class's gradebook, out of the store, are as `counting` makes them.
    roster: the class list; template: a file of the other system, to be filled.
    columns: exercise (or "total") -> the template's column, where the user named it.
    titles: exercise -> its titles in the course, by which a column may be called too.
    """

    records: list[Record]
    roster: Roster | None = None
    template: bytes | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Made:
    """A whole file, and what the user should know of it."""

    data: bytes
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """name: what the command calls it; about: one line for the list of formats; `make` raises UserError.

    single: a file for each record, else one for all of them.
    of_class: grades for a class's gradebook, so that results of `grader check` are no material for it.
    """

    name: str
    about: str
    make: Callable[[Material], Made]
    single: bool = False
    of_class: bool = False


def records_by_student(records: Iterable[Record]) -> dict[str, dict[str, Record]]:
    """student -> exercise -> record."""
    table: dict[str, dict[str, Record]] = {}
    for record in records:
        table.setdefault(record["student"], {})[record["exercise"]] = record
    return table


def counting(record: Record, standing: "Standing") -> Record:
    """The record with the points that count in the end, and under `standing` how they came about. For gradebooks."""
    return record | {"points": standing.points, "needs_review": standing.needs_review, "standing": standing}
