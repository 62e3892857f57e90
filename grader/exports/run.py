"""The command `grader export`: which records, in which format, to where."""

import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ..course import find_course
from ..errors import UserError
from ..files import not_written, replace_bytes
from ..i18n import _, set_language
from ..intake.roster import read_roster
from ..reports.records import folders_of
from ..text import plain
from . import FORMATS
from .format import Format, Made, Material, Record, counting
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
    lang: str | None = None,
) -> None:
    """Write the chosen records in this format to a file, to a folder (a file a record), or to stdout (None or "-").

    console: for what is said, beside what is written.
    lang: of the words that are added to the records' own sentences; without it, the records'.
    """
    format = format_named(name)
    out = None if out == Path("-") else out
    titles = _titles()
    found = read_records(records) if records is not None else _stored(db, format, roster)
    chosen = select(found, students or [], exercises or [], titles)
    if not chosen:
        raise UserError(f"There are no records in {records or db}. Grade a class first (grader batch).")
    set_language(lang or chosen[0].get("language"))
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
    made = [(path, format.make(part)) for path, part in _parts(format, material, out)]
    for path, one in made:
        if path is None:
            sys.stdout.buffer.write(one.data)
            sys.stdout.flush()
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_bytes(path, one.data)
        except OSError as error:
            raise not_written("The export", path, error) from None
    return [one for _path, one in made]


def _parts(format: Format, material: Material, out: Path | None) -> list[tuple[Path | None, Material]]:
    """What goes into which file; None: stdout."""
    records = material.records
    is_folder = out is not None and out.is_dir()
    if not format.single or (len(records) == 1 and not is_folder):
        if is_folder:
            raise UserError(f"{out} is a folder, and {format.name} is one file. Give a file with --out.")
        return [(out, material)]
    if out is None or out.is_file():
        raise UserError(f"{format.name} is a file a record, and there are {len(records)}. Give a folder: --out DIR.")
    folders = folders_of({record["student"] for record in records})
    return [
        (
            out / (folders[record["student"]] if record["student"] else "") / f"{record['exercise']}.json",
            replace(material, records=[record]),
        )
        for record in records
    ]


def _stored(db: str, format: Format, roster: Path | None) -> list[Record]:
    """What the store holds; for a gradebook, with the points that count in the end."""
    from ..standing.final import standings
    from ..store import Store  # the store is the instructor's: students have no SQLAlchemy

    if "://" not in db and not Path(db).exists():
        raise UserError(
            f"There is no store {db}. Grade a class first (grader batch), name it with --db, or give --records."
        )
    with Store(db) as store:
        if not format.of_class:
            return store.records()
        try:
            course = find_course()
        except UserError:  # without it nobody knows of a policy; adjustments count all the same
            course = None
        counted = list(standings(store, course, roster=roster))
        records = store.by_key([one.grade.key for one in counted])
        return [counting(records[one.grade.key], one) for one in counted]


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
