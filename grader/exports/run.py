"""The command `grader export`: which records, in which format, to where."""

import sys
from pathlib import Path

from rich.console import Console

from ..course import find_course
from ..errors import UserError
from ..files import not_written, replace_bytes
from ..i18n import _
from ..intake.roster import read_roster
from ..reports.records import folders_of
from ..text import plain
from . import FORMATS
from .format import Format, Made, Material, Record
from .reading import read_records, select
from .wording import needs_review, review_reasons


def format_named(name: str) -> Format:
    for format in FORMATS:
        if format.name == name:
            return format
    raise UserError(f"There is no format {name!r}. Choose from: {', '.join(format.name for format in FORMATS)}.")


def list_formats(console: Console) -> None:
    for format in FORMATS:
        console.print(f"{format.name:14}{_(format.about)}", markup=False, soft_wrap=True)


def export(
    console: Console,
    name: str,
    out: Path | None,
    db: str,
    records: Path | None = None,
    roster: Path | None = None,
    students: list[str] | None = None,
    exercises: list[str] | None = None,
    template: Path | None = None,
    columns: list[str] | None = None,
) -> None:
    """Write the chosen records in this format to a file, to a folder (a file a record), or to stdout.

    console: for what is said, beside what is written.
    """
    format = format_named(name)
    titles = _titles()
    found = read_records(records) if records is not None else _stored(db)
    chosen = select(found, students or [], exercises or [], titles)
    if not chosen:
        raise UserError(f"There are no records in {records or db}. Grade a class first (grader batch).")
    if format.of_class and any(record.get("visible_only") for record in chosen):
        raise UserError(
            f"These are results of grader check: visible checks only, and no grades. {name} takes what grader batch wrote."
        )
    material = Material(
        chosen,
        read_roster(roster) if roster is not None else None,
        _read_template(template) if template is not None else None,
        dict(_column(text) for text in columns or []),
        titles,
    )
    made = _write(format, material, out)
    for record in chosen:
        if needs_review(record):
            reasons = "; ".join(part for part in (review_reasons(record), *record["notes"]) if part)
            _say(
                console,
                _("Needs review, left open: {student}, {exercise}: {reasons}").format(**record | {"reasons": reasons}),
            )
    for mention in dict.fromkeys(mention for one in made for mention in one.mentions):
        _say(console, mention)


def _write(format: Format, material: Material, out: Path | None) -> list[Made]:
    """Everything is made before anything is written."""
    records = material.records
    if format.single and (len(records) > 1 or (out is not None and out.is_dir())):
        if out is None or out.is_file():
            raise UserError(
                f"{format.name} is a file a record, and these are {len(records)}. Give a folder: --out DIR."
            )
        folders = folders_of({record["student"] for record in records})
        paths = [out / (folders[record["student"]] or "-") / f"{record['exercise']}.json" for record in records]
        made = [format.make(Material([record])) for record in records]
    else:
        paths, made = [out] if out is not None else [], [format.make(material)]
    if not paths:
        sys.stdout.buffer.write(made[0].data)
        sys.stdout.flush()
    for path, one in zip(paths, made if paths else [], strict=True):
        if path.is_dir():
            raise UserError(f"{path} is a folder, and {format.name} is one file. Give a file: --out {path / 'FILE'}.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_bytes(path, one.data)
        except OSError as error:
            raise not_written("The export", path, error) from None
    return made


def _stored(db: str) -> list[Record]:
    from ..store import Store  # the store is the instructor's: students have no SQLAlchemy

    if "://" not in db and not Path(db).exists():
        raise UserError(
            f"There is no store {db}. Grade a class first (grader batch), name it with --db, or give --records."
        )
    with Store(db) as store:
        return store.records()


def _titles() -> dict[str, tuple[str, ...]]:
    """The course's exercises, in its order. Records can be exported without it."""
    try:
        return {exercise.name: (exercise.title_en, exercise.title_ko) for exercise in find_course().exercises}
    except UserError:
        return {}


def _read_template(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"The template {path} cannot be read: {error.strerror}.") from None


def _column(text: str) -> tuple[str, str]:
    name, equals, title = text.partition("=")
    if not (name and equals and title):
        raise UserError(f"--column is EXERCISE=TITLE, as in --column 'attention=Homework 7', not {text!r}.")
    return name.strip(), title.strip()


def _say(console: Console, text: str) -> None:
    console.print(plain(text), style="yellow", markup=False, soft_wrap=True)
