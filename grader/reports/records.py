"""Records as files: one JSON an exercise, one CSV of points a class."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..files import not_written, replace

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_json(records: Sequence[dict[str, Any]], folder: Path) -> None:
    """FOLDER/STUDENT/EXERCISE.json for each record, written whole or not at all."""
    try:
        for record in records:
            path = folder / record["student"] / f"{record['exercise']}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
            replace(path, text + "\n")
    except OSError as error:
        raise not_written("The records", folder, error) from None


def write_csv(records: Sequence[dict[str, Any]], exercises: Sequence[str], path: Path) -> None:
    """A row a student: points of each exercise, their sum, the maximum, and whether anything needs review."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["student", *exercises, "points", "max_points", "needs_review"])
    for student, by_exercise in by_student(records).items():
        graded = list(by_exercise.values())
        writer.writerow(
            [
                _cell(student),
                *(by_exercise[name]["points"] if name in by_exercise else "" for name in exercises),
                round(sum(record["points"] for record in graded), 6),
                round(sum(record["max_points"] for record in graded), 6),
                "yes" if any(record["needs_review"] for record in graded) else "no",
            ]
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, table.getvalue(), encoding="utf-8-sig")  # the BOM makes Excel read Hangul
    except OSError as error:
        raise not_written("The points", path, error) from None


def by_student(records: Sequence[dict[str, Any]]) -> dict[str, dict[str, dict[str, Any]]]:
    """student -> exercise -> record."""
    table: dict[str, dict[str, dict[str, Any]]] = {}
    for record in records:
        table.setdefault(record["student"], {})[record["exercise"]] = record
    return table


def _cell(text: str) -> str:
    """A name that a spreadsheet would take for a formula is shown as text."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
