"""Records as files: one JSON an exercise, one CSV of points a class."""

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..errors import UserError
from ..files import not_written, replace

if TYPE_CHECKING:
    from ..standing.final import Standing

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the list of OWASP, "CSV injection"
# What some file system or other does not take, or takes for something else.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff<>:"/\\|?*]|^[ .]+|[ .]+$')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_MAX_FOLDER = 200  # bytes; file systems take 255


def write_json(records: Iterable[dict[str, Any]], folder: Path, students: Iterable[str] = ()) -> None:
    """FOLDER/STUDENT/EXERCISE.json for each record, written whole or not at all.

    students: all whom the records may be of, where these come one at a time; by default, records is a list.
    """
    folders = folders_of(students or {record["student"] for record in records})
    try:
        for record in records:
            path = folder / folders[record["student"]] / f"{record['exercise']}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, _as_json(record))
    except OSError as error:
        raise not_written("The records", folder, error) from None


def write_list(records: Sequence[dict[str, Any]], path: Path) -> None:
    """All records as one list in one file."""
    try:
        replace(path, _as_json(records))
    except OSError as error:
        raise UserError(
            f"The results could not be written to {path}: {error.strerror}. Choose another place."
        ) from None


class _OfStudent(Protocol):
    @property
    def student(self) -> str: ...


One = TypeVar("One", bound=_OfStudent)


def write_csv(grades: Iterable["Standing"], exercises: Sequence[str], path: Path) -> None:
    """A row a student: what each exercise comes to in the end, the sum and the maximum of those that are not dropped, whether
    anything needs review, and what late work cost, what adjustments changed and which exercises were dropped."""
    table = io.StringIO()
    writer = csv.writer(table)
    last = ("points", "max_points", "needs_review", "late_penalty", "adjusted", "dropped")
    writer.writerow(["student", *exercises, *last])
    for student, graded in by_student(grades):
        points = {grade.exercise: grade.points for grade in graded}
        summed = [grade for grade in graded if not grade.is_dropped]
        writer.writerow(
            [
                cell(student),
                *(points.get(name, "") for name in exercises),
                round(sum(grade.points for grade in summed), 6),
                round(sum(grade.max_points for grade in summed), 6),
                "yes" if any(grade.needs_review for grade in graded) else "no",
                round(sum(grade.penalty for grade in graded), 6),
                round(sum(grade.adjusted for grade in graded), 6),
                " ".join(grade.exercise for grade in graded if grade.is_dropped),
            ]
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, table.getvalue(), encoding="utf-8-sig")  # the BOM makes Excel read Hangul
    except OSError as error:
        raise not_written("The points", path, error) from None


def by_student(grades: Iterable[One]) -> Iterator[tuple[str, list[One]]]:
    """Each student with their grades, out of grades that are sorted by student."""
    for student, graded in groupby(grades, key=lambda grade: grade.student):
        yield student, list(graded)


def folders_of(students: Iterable[str]) -> dict[str, str]:
    """The folder of each student's records: their name, or where that will not do, a safe one with a hash of the name.

    It will not do if a file system refuses it or if another student's differs in case or Unicode form only. A name that
    does is not taken by such another.
    """
    names = set(students)
    folded = Counter(_folded(name) for name in names)
    return {name: name if _is_safe(name) and folded[_folded(name)] == 1 else _hashed(name) for name in names}


def _as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


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


def cell(text: str) -> str:
    """A name that a spreadsheet would take for a formula is shown as text."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
