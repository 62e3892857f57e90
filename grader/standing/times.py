"""When work was handed in: told by a platform, by the instructor's CSV file, or, if asked for, by the files themselves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from ..errors import UserError
from ..intake.names import key, student_name
from ..intake.roster import read_rows
from .policy import written_moment, zone_named

_RUBY = re.compile(r"\s+(?=(?:Z|[+-]\d\d:?\d\d)$)")  # 2026-03-01 10:00:00.000000000 Z
_NAMED = re.compile(r"(?P<when>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?) (?P<zone>[A-Za-z_]+(?:/[A-Za-z_+-]+)*)")


@dataclass(frozen=True)
class HandedIn:
    """at: in UTC; told_by: "gradescope", "nbgrader", "timestamps" or "mtime"."""

    at: datetime
    told_by: str


@dataclass(frozen=True)
class Timestamps:
    """What a CSV file says, by student and exercise; "" for all of a student's exercises."""

    _times: Mapping[tuple[str, str], datetime]

    def of(self, student: str, exercise: str) -> HandedIn | None:
        at = self._times.get((key(student), exercise)) or self._times.get((key(student), ""))
        return HandedIn(at, "timestamps") if at is not None else None

    def unknown(self, students: list[str]) -> list[str]:
        """Students of the file who are not among these."""
        there = {key(student) for student in students}
        return sorted({student for student, _exercise in self._times if student not in there})


def read_timestamps(path: Path, exercises: list[str], zone: tzinfo | None) -> Timestamps:
    """A CSV file with the columns student, time and, if it is not for all of them, exercise. Raises UserError."""
    times: dict[tuple[str, str], datetime] = {}
    for number, row in enumerate(read_rows(path, "timestamps", ("student", "time")), 2):
        exercise = row.get("exercise", "")
        place = key(student_name(row["student"])), exercise
        where = f"{path}, row {number}"
        if exercise and exercise not in exercises:
            raise UserError(f"{where}: there is no exercise {exercise!r}. Choose from: {', '.join(exercises)}.")
        try:
            at = written_moment(row["time"], zone)
        except ValueError as error:
            raise UserError(f"{where}: {error}.") from None
        if times.setdefault(place, at) != at:
            raise UserError(f"{where}: {row['student']} has another time in a row above. Leave the one that counts.")
    return Timestamps(times)


def platform_time(text: str) -> datetime | None:
    """A time as Gradescope (Ruby) and nbgrader write it, in UTC; None where its time zone cannot be told for certain."""
    text = _RUBY.sub("", text.strip())
    named = _NAMED.fullmatch(text)
    try:
        if named is None:
            return written_moment(text, None)
        # An abbreviation such as CST means several zones, and EST is no place's time all year round.
        zone = UTC if named["zone"] == "UTC" else zone_named(named["zone"]) if "/" in named["zone"] else None
        return written_moment(named["when"], zone)
    except ValueError:
        return None
