"""Where records come from: the store, what `grader batch --json` wrote, or one file, such as that of `grader check --json`."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import UserError
from .format import Record

_FIELDS: dict[str, type | tuple[type, ...]] = {
    "student": str,
    "exercise": str,
    "points": (int, float),
    "max_points": (int, float),
    "needs_review": bool,
    "notes": list,
    "checks": list,
    "output": str,
    "language": str,
}
_CHECK_FIELDS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "title": str,
    "verdict": str,
    "points": (int, float),
    "max_points": (int, float),
    "seconds": (int, float),
    "message": str,
}


def read_records(path: Path) -> list[Record]:
    """The records of DIR/STUDENT/EXERCISE.json, or of one file that holds a record or a list of them. Raises UserError."""
    if path.is_dir():
        files = sorted(path.glob("*/*.json"))
        if not files:
            raise UserError(
                f"{path} holds no records: STUDENT/EXERCISE.json, as grader batch --json {path} writes them."
            )
    elif path.exists():
        files = [path]
    else:
        raise UserError(f"There are no records {path}. grader batch --json {path} writes them.")
    records: dict[tuple[str, str], Record] = {}
    for file in files:
        for record in _read(file):
            key = (record["student"], record["exercise"])
            if key in records:
                raise UserError(f"{file}: {key[0]} has two records of {key[1]}. Leave one of them in {path}.")
            records[key] = record
    return list(records.values())


def select(
    records: Iterable[Record], students: list[str], exercises: list[str], order: Iterable[str] = ()
) -> list[Record]:
    """The records of these students and exercises, of all for none; by student, then in the course's order.

    Raises UserError where one of them has none.
    """
    found = list(records)
    for wanted, field in ((students, "student"), (exercises, "exercise")):
        known = sorted({record[field] for record in found})
        for name in wanted:
            if name not in known:
                raise UserError(f"There is no record of the {field} {name}. Choose from: {', '.join(known)[:500]}.")
    place = {name: number for number, name in enumerate(order)}
    if students:
        found = [record for record in found if record["student"] in students]
    if exercises:
        found = [record for record in found if record["exercise"] in exercises]
    return sorted(
        found, key=lambda record: (record["student"], place.get(record["exercise"], len(place)), record["exercise"])
    )


def _read(file: Path) -> list[Record]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{file} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file} is no record: it is not valid JSON ({error}).") from None
    records = found if isinstance(found, list) else [found]
    for record in records:
        problem = _problem(record, _FIELDS) or next(
            (problem for check in record["checks"] if (problem := _problem(check, _CHECK_FIELDS))), ""
        )
        if problem:
            raise UserError(f"{file} is no record of dot2vit: {problem}. Give what grader batch --json wrote.")
    return records


def _problem(table: Any, fields: dict[str, type | tuple[type, ...]]) -> str:
    if not isinstance(table, dict):
        return f"a table was expected, not {str(table)[:40]!r}"
    for name, kind in fields.items():
        value = table.get(name)
        is_right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
        if not is_right or (isinstance(value, float) and not math.isfinite(value)):
            return f"its field {name} is missing or of another kind"
    return ""
