"""What a list of points, a report or a statistic needs of a grade, without its record."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row


class CountedCheck(NamedTuple):
    """What one check came to; the fields are the record's of the same name."""

    name: str
    verdict: str
    points: float
    max_points: float
    misconception: str | None
    speed_ratio: float | None


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
        checks = tuple(
            CountedCheck(**{field: check.get(field) for field in CountedCheck._fields}) for check in record["checks"]
        )
        return cls(key="", graded_at=None, checks=checks, **fields)


_SHARED = (
    *("student", "exercise", "points", "max_points", "needs_review", "course_version", "seed", "device"),
    "source_sha256",
)


def text_of(checks: Iterable[Mapping[str, Any]]) -> str:
    """A record's checks as the column `checks` holds them."""
    return json.dumps([[check[field] for field in CountedCheck._fields] for check in checks], separators=(",", ":"))


def counted(row: Row[Any]) -> Counted:
    """A row of the table `grades`, with what `handed_in` says of it."""
    fields = row._asdict()
    checks = tuple(CountedCheck(*check) for check in json.loads(fields.pop("checks")))
    for name in ("graded_at", "counted_at", "submitted_at"):
        fields[name] = utc(fields[name])
    fields["told_by"] = fields["told_by"] or ""
    return Counted(**fields, checks=checks)


def utc(when: datetime | None) -> datetime | None:
    """A stored time with its time zone: SQLite keeps none."""
    if when is None or when.tzinfo is not None:
        return when
    return when.replace(tzinfo=UTC)
