"""A large class as CSV files beside the pages, written as its grades come: class.csv, and one for each exercise."""

import csv
import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..exports.wording import number
from ..reports.records import cell
from ..store.counted import checks_in
from ..store.outcome import Outcome
from .findings import Row
from .totals import Total

CLASS = "class"
KEPT = 4096  # of what many rows share
MOST_LETTERS = 32_000  # of a cell; spreadsheets take 32,767

_number = lru_cache(KEPT)(number)


class LastCells(NamedTuple):
    """How a line ends, as text, and how many cells that is."""

    text: str
    width: int

    @classmethod
    def of(cls, cells: Sequence[str]) -> "LastCells":
        text = io.StringIO()
        csv.writer(text).writerow(["", *cells] if cells else [])  # begins with a comma
        return cls(text.getvalue(), len(cells))


class Table:
    """One file. Its header is known last: a later grade may have a check that the earlier ones have not."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows = tempfile.TemporaryFile(  # noqa: SIM115  open as long as the table: `close` closes it
            "w+", newline="", encoding="utf-8", errors="backslashreplace", dir=path.parent
        )
        self._writer = csv.writer(self._rows, lineterminator="")
        self._widths: set[int] = set()

    def add(self, cells: Sequence[str], last: "LastCells") -> None:
        """A row of these cells, and the last ones, which many rows share."""
        self._writer.writerow(cells)
        self._rows.write(last.text)
        self._widths.add(len(cells) + last.width)

    def finish(self, header: Sequence[str]) -> None:
        self._rows.seek(0)
        # The BOM makes Excel read Hangul.
        with open(self._path, "w", newline="", encoding="utf-8-sig", errors="backslashreplace") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            if self._widths <= {len(header)}:
                shutil.copyfileobj(self._rows, file)
            else:
                writer.writerows(row + [""] * (len(header) - len(row)) for row in csv.reader(self._rows))

    def close(self) -> None:
        self._rows.close()


class Tables:
    """All files of a report. `tables_in` makes them."""

    def __init__(self, folder: Path, exercises: Sequence[str], names: Mapping[str, str]) -> None:
        self._names = names if any(names.values()) else {}
        self._columns: dict[str, dict[str, None]] = {name: {} for name in exercises}
        self._last_cells = lru_cache(KEPT)(self._last_cells_of)
        self._tables = {name: Table(folder / file_of(name)) for name in (*exercises, CLASS)}

    def add_student(self, total: Total) -> None:
        row = [cell(total.student)]
        if self._names:
            row.append(cell(self._names.get(total.student, "")))
        row += [_points(total.rows.get(exercise)) for exercise in self._columns]
        self._tables[CLASS].add([*row, number(total.points), _yes(total.is_open)], LastCells.of(()))

    def add_grade(self, grade: Outcome, row: Row) -> None:
        notes = cell("; ".join(grade.each_note()))[:MOST_LETTERS] if grade.notes else ""
        first = cell(row.student), _points(row), _number(row.max_points), _yes(row.is_open), notes
        self._tables[grade.exercise].add(first, self._last_cells(grade.exercise, grade.checks))

    def _last_cells_of(self, exercise: str, checks: str) -> LastCells:
        """Misconceptions, and the verdict of each check in its column."""
        columns, found = self._columns[exercise], checks_in(checks)
        columns.update(dict.fromkeys(check.name for check in found))
        mistakes = {check.misconception: None for check in found if check.misconception}
        verdicts = {check.name: check.verdict for check in found}
        return LastCells.of(["; ".join(mistakes), *(verdicts.get(name, "") for name in columns)])

    def finish(self) -> None:
        name = ["name"] if self._names else []
        self._tables[CLASS].finish(["student", *name, *self._columns, "points", "needs_review"])
        first = ("student", "points", "max_points", "needs_review", "notes", "misconceptions")
        for exercise, columns in self._columns.items():
            if columns:  # somebody has a grade
                self._tables[exercise].finish([*first, *columns])

    def close(self) -> None:
        for table in self._tables.values():
            table.close()


@contextmanager
def tables_in(folder: Path, exercises: Sequence[str], names: Mapping[str, str]) -> Iterator[Tables]:
    """The files are written at the end; nothing is, where something goes wrong before. Raises OSError."""
    tables = Tables(folder, exercises, names)
    try:
        yield tables
        tables.finish()
    finally:
        tables.close()


def file_of(name: str) -> str:
    return f"{name}.csv"


def _points(row: Row | None) -> str:
    """Nothing where there is no grade, or none that is final."""
    return "" if row is None or row.is_open else _number(row.points)


def _yes(is_so: bool) -> str:
    return "yes" if is_so else "no"
