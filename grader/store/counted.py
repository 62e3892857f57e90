"""What a list of points, a report or a statistic needs of a grade, without its record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Row

from .texts import from_text, to_text

KEPT = 512  # lists of checks: a class has few different ones


class CountedCheck(NamedTuple):
    """What one check came to; the fields are the record's of the same name.

    has_answer: the record has a draw_command and no speed, so it was answers that were compared. Nothing here is measured: two
    students to whom the same happened have equal checks.
    """

    name: str
    verdict: str
    points: float
    max_points: float
    misconception: str | None
    has_answer: bool = False

    @classmethod
    def of(cls, check: Mapping[str, Any]) -> "CountedCheck":
        """Of a record's check."""
        return cls._make(_outcome(check))


@dataclass(frozen=True)
class Counted:
    """A stored grade; the fields are the record's of the same name. Times are in UTC.

    counted_at: since when it counts, or counted last; None: it never did. submitted_at: when this source was handed in, and
    told_by: who says so; None and "" where nobody knows.
    """

    key: str
    student: str
    exercise: str
    points: float
    max_points: float
    needs_review: bool
    course_version: str
    seed: str
    device: str
    graded_at: datetime | None
    checks: tuple[CountedCheck, ...]
    source_sha256: str = ""
    counted_at: datetime | None = None
    submitted_at: datetime | None = None
    told_by: str = ""

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Counted":
        """What a record outside of the store comes to; nobody knows when it was made."""
        fields = {field: record[field] for field in _SHARED}
        return cls(key="", graded_at=None, checks=tuple(map(CountedCheck.of, record["checks"])), **fields)


_SHARED = (
    *("student", "exercise", "points", "max_points", "needs_review", "course_version", "seed", "device"),
    "source_sha256",
)


def text_of(checks: Iterable[Mapping[str, Any]]) -> str:
    """A record's checks as the column `checks` holds them."""
    return to_text([_outcome(check) for check in checks])


@lru_cache(maxsize=KEPT)
def checks_in(text: str) -> tuple[CountedCheck, ...]:
    """What the column `checks` says."""
    return tuple(map(CountedCheck._make, from_text(text)))


def _outcome(check: Mapping[str, Any]) -> tuple[Any, ...]:
    """The fields of a CountedCheck."""
    has_answer = bool(check.get("draw_command")) and not check.get("speed")
    return check["name"], check["verdict"], check["points"], check["max_points"], check.get("misconception"), has_answer


def counted(row: Row[Any]) -> Counted:
    """A row of the table `grades`, with what `handed_in` says of it."""
    fields = row._asdict()
    checks = checks_in(fields.pop("checks"))
    for name in ("graded_at", "counted_at", "submitted_at"):
        fields[name] = utc(fields[name])
    fields["told_by"] = fields["told_by"] or ""
    return Counted(**fields, checks=checks)


def utc(when: datetime | None) -> datetime | None:
    """A stored time with its time zone: SQLite keeps none."""
    if when is None or when.tzinfo is not None:
        return when
    return when.replace(tzinfo=UTC)
