"""What a list of points, a report or a statistic needs of a grade, without its record."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
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
    """A stored grade that counts; the fields are the record's of the same name. graded_at: in UTC."""

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

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "Counted":
        """What a record outside of the store comes to; nobody knows when it was made."""
        fields = {field: record[field] for field in _SHARED}
        checks = tuple(
            CountedCheck(**{field: check.get(field) for field in CountedCheck._fields}) for check in record["checks"]
        )
        return cls(key="", graded_at=None, checks=checks, **fields)


_SHARED = ("student", "exercise", "points", "max_points", "needs_review", "course_version", "seed", "device")


def text_of(checks: Iterable[Mapping[str, Any]]) -> str:
    """A record's checks as the column `checks` holds them."""
    return json.dumps([[check[field] for field in CountedCheck._fields] for check in checks], separators=(",", ":"))


def counted(row: Row[Any]) -> Counted:
    """A row of the table `grades`."""
    fields = row._asdict()
    checks = tuple(CountedCheck(*check) for check in json.loads(fields.pop("checks")))
    return Counted(**fields, checks=checks)
