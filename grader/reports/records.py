"""Records as files: one JSON an exercise, one CSV of points a class."""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..files import not_written, replace

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the list of OWASP, "CSV injection"
# What some file system or other does not take, or takes for something else.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff<>:"/\\|?*]|^[ .]+|[ .]+$')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_MAX_FOLDER = 200  # bytes; file systems take 255


def write_json(records: Sequence[dict[str, Any]], folder: Path) -> None:
    """FOLDER/STUDENT/EXERCISE.json for each record, written whole or not at all."""
    folders = folders_of({record["student"] for record in records})
    try:
        for record in records:
            path = folder / folders[record["student"]] / f"{record['exercise']}.json"
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


def folders_of(students: Iterable[str]) -> dict[str, str]:
    """The folder of each student's records: their name, or where that will not do, a safe one with a hash of the name.

    It will not do if a file system refuses it or if another student's differs in case or Unicode form only. A name that
    does is not taken by such another.
    """
    names = set(students)
    folded = Counter(_folded(name) for name in names)
    return {name: name if _is_safe(name) and folded[_folded(name)] == 1 else _hashed(name) for name in names}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_safe(name: str) -> bool:
    return (
        bool(name) and not _UNSAFE.search(name) and not _RESERVED.fullmatch(name) and len(_bytes(name)) <= _MAX_FOLDER
    )


def _hashed(name: str) -> str:
    safe = _UNSAFE.sub("_", name)
    start = _bytes(safe)[: _MAX_FOLDER - 9].decode("utf-8", "ignore")
    return f"{start}~{hashlib.sha256(_bytes(name)).hexdigest()[:8]}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _cell(text: str) -> str:
    """A name that a spreadsheet would take for a formula is shown as text."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
