"""Canvas's gradebook, filled: points go into the assignments' columns, and nothing else changes.

What Canvas does with it is in canvas-lms, lib/gradebook_importer.rb: a row is matched by ID, SIS User ID or SIS Login ID, a
column by the id in its title, and a cell that was emptied is a change. So what is not certain stays as it was in the file.
"""

from collections.abc import Iterator

from ..errors import UserError
from ..i18n import N_, _
from .format import Format, Made, Material, Record, records_by_student
from .gradebook import Gradebook, read_gradebook
from .wording import needs_review, number

TOTAL = "total"
_NOT_GIVEN = frozenset({"ex", "n/a"})  # excused by a person; not assigned to this student


def canvas(material: Material) -> Made:
    """The template with the points of these records. Raises UserError for a template that cannot be filled."""
    if material.template is None:
        raise UserError(
            "Canvas's file is filled, not made: export the gradebook from Canvas, and give it with --template."
        )
    book = read_gradebook(material.template)
    records = records_by_student(material.records)
    maxima = {record["exercise"]: record["max_points"] for record in material.records}
    columns = _columns(book, list(maxima), material)
    rows = book.rows(list(records), material.roster)
    values: dict[tuple[int, int], str] = {}
    kept: list[str] = []
    for student, row in rows.items():
        for name, column in columns.items():
            points = _points(records[student], list(maxima) if name == TOTAL else [name])
            if points is None or column >= len(book.table.rows[row]):
                continue
            if book.table.rows[row][column].value.strip().casefold() in _NOT_GIVEN:
                kept.append(f"{student}, {name}")
            else:
                values[row, column] = points
    mentions = [*_left(book, maxima, columns, records, rows, kept), *_odd(book, maxima, columns)]
    return Made(book.table.filled(values), tuple(mentions))


def _columns(book: Gradebook, exercises: list[str], material: Material) -> dict[str, int]:
    """Exercise, or "total" -> its column. Raises UserError where there is none, or where it is not certain."""
    named = material.columns
    for name, title in named.items():
        if name not in (*exercises, TOTAL):
            known = ", ".join([*exercises, TOTAL])
            raise UserError(f"--column names {name}, of which there is no record. Choose from: {known}.")
        if book.column([title]) is None:
            raise UserError(f"The template has no column {title!r}. Its assignments: {_listed(book.assignments)}.")
    wanted = {name: [name, *material.titles.get(name, ())] for name in exercises}
    wanted |= {name: [title] for name, title in named.items()}
    columns = {name: column for name, names in wanted.items() if (column := book.column(names)) is not None}
    if not columns:
        raise UserError(
            f"The template has no column for {', '.join(exercises)}. Its assignments: {_listed(book.assignments)}. "
            f"Name one: --column '{exercises[0]}=TITLE', or the sum of all: --column '{TOTAL}=TITLE'."
        )
    return columns


def _points(records: dict[str, Record], exercises: list[str]) -> str | None:
    """The cell's text; None where one of the exercises has no grade yet. A sum is without what drop_lowest leaves out."""
    found = [records[name] for name in exercises if name in records]
    if len(found) < len(exercises) or any(needs_review(record) for record in found):
        return None
    if len(found) > 1:
        found = [record for record in found if not (record.get("standing") and record["standing"].is_dropped)]
    return number(sum(record["points"] for record in found))


def _left(
    book: Gradebook,
    maxima: dict[str, float],
    columns: dict[str, int],
    records: dict[str, dict[str, Record]],
    rows: dict[str, int],
    kept: list[str],
) -> Iterator[str]:
    """Who and what got no points."""
    without = [name for name in maxima if name not in columns]
    if without and TOTAL not in columns:
        yield _("No column in the template for: {names}.").format(names=_listed(without))
    lost = [student for student in records if student not in rows]
    if lost:
        yield _("In no row of the template by an id of their own, so left out: {names}.").format(names=_listed(lost))
    others = [book.name(row) for number, row in book.students() if number not in rows.values()]
    if others:
        yield _("In the template, but nothing of them here, so left as they are: {names}.").format(
            names=_listed(others)
        )
    if kept:
        yield _("Excused or not assigned in Canvas, so left as they are: {names}.").format(names=_listed(kept))


def _odd(book: Gradebook, maxima: dict[str, float], columns: dict[str, int]) -> Iterator[str]:
    """What the user may want to set right in Canvas before the import."""
    for name, column in columns.items():
        maximum = sum(maxima.values()) if name == TOTAL else maxima[name]
        possible = book.possible(column)
        try:
            differs = possible != "" and abs(float(possible.replace(",", ".")) - maximum) > 0.005
        except ValueError:  # "(read only)"
            differs = False
        if differs:
            yield _(
                "{name} is worth {points} points here and {other} in Canvas: points are written as they are."
            ).format(name=name, points=number(maximum), other=possible)
    if book.table.encoding != "utf-8":
        yield _(
            "The file stays in {encoding}, as it came. Canvas reads UTF-8: save it as such before you import it."
        ).format(encoding=book.table.encoding.upper())


def _listed(names: list[str], most: int = 20) -> str:
    more = _(" and {count} more").format(count=len(names) - most) if len(names) > most else ""
    return "; ".join(names[:most]) + more


FORMAT = Format("canvas", N_("Canvas: fills the columns of an exported gradebook (--template)"), canvas, of_class=True)
