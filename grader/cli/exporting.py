"""What brings results to other systems."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from .. import i18n
from .options import DEFAULT_DATABASE, Database, Roster, console

app = typer.Typer()


@app.command("export")
def export_records(
    format: Annotated[str | None, typer.Argument(metavar="FORMAT", help="Which format; --list names them.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE|DIR", help="Where to write it; without it, to stdout.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
    records: Annotated[
        Path | None,
        typer.Option(help="Records in place of the store: the folder of batch --json, or the file of check --json."),
    ] = None,
    roster: Roster = None,
    student: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    exercise: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="The gradebook as Canvas exported it, to be filled.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="EXERCISE=TITLE", help="The template's column of an exercise, or of the total."),
    ] = None,
    list_formats: Annotated[bool, typer.Option("--list", help="List the formats and stop.")] = False,
    lang: Annotated[
        Literal["en", "ko"] | None, typer.Option(help="Language of what is said and added; without it, the records'.")
    ] = None,
) -> None:
    """Write results in the format of another system: Canvas, Moodle, GitHub Classroom, JUnit …"""
    from ..exports import run

    i18n.set_language(lang)
    if list_formats or format is None:
        run.list_formats(console)
        return
    said = Console(stderr=True, highlight=False)
    run.export(said, format, out, db, records, roster, student, exercise, template, column, lang)
