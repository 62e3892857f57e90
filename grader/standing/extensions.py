"""Who may hand in later: the roster's columns `extension` and `extension_EXERCISE` (hours), and `due_EXERCISE` (a moment)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ..errors import UserError
from ..intake.names import student_name
from ..intake.roster import read_rows
from .policy import Policy, written_moment


@dataclass(frozen=True)
class Extensions:
    """hours: by student and exercise, "" for all of them; due: by student and exercise, in UTC."""

    hours: Mapping[tuple[str, str], timedelta] = field(default_factory=dict)
    dues: Mapping[tuple[str, str], datetime] = field(default_factory=dict)

    def due(self, student: str, exercise: str, due: datetime | None) -> datetime | None:
        """When this student's work is due: their own date, else the class's and their hours, those of the exercise first."""
        own = self.dues.get((student, exercise))
        if own is not None or due is None:
            return own
        hours = self.hours.get((student, exercise), self.hours.get((student, "")))
        return due if hours is None else due + hours


def read_extensions(path: Path, policy: Policy) -> Extensions:
    """The extensions of a roster; what is empty is none. Raises UserError."""
    hours: dict[tuple[str, str], timedelta] = {}
    dues: dict[tuple[str, str], datetime] = {}
    names = {name.casefold(): name for name in policy.rules}
    for number, row in enumerate(read_rows(path, "roster", ("student",)), 2):
        student = student_name(row["student"])
        for column, cell in row.items():
            kind, _, folded = column.partition("_")
            if kind not in ("extension", "due") or not cell or (kind == "due" and not folded):
                continue
            where = f"{path}, row {number}, {column}"
            if folded and folded not in names:
                raise UserError(f"{where}: there is no exercise {folded!r}. Choose from: {', '.join(policy.rules)}.")
            place = student, names.get(folded, "")
            try:
                if kind == "due":
                    dues[place] = written_moment(cell, policy.zone)
                else:
                    hours[place] = _hours(cell)
            except ValueError as error:
                raise UserError(f"{where}: {error}.") from None
    return Extensions(hours, dues)


def _hours(text: str) -> timedelta:
    try:
        hours = float(text.replace(",", "."))
    except ValueError:
        hours = -1.0
    if not 0 <= hours < 1e5:
        raise ValueError(f"{text[:40]!r} is no number of hours")
    return timedelta(hours=hours)
