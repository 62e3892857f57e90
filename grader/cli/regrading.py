"""What instructors use when a grade is to change, or has changed."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .. import i18n
from .options import (
    CORES,
    DEFAULT_DATABASE,
    NEEDS_REVIEW,
    Database,
    DeviceName,
    Jobs,
    Language,
    Layout,
    RecordLanguage,
    Roster,
    Sandbox,
    console,
)

app = typer.Typer()


@app.command()
def regrade(
    submissions: Annotated[Path, typer.Argument(help="What was graded: a folder or a platform's download.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, and make nothing live.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Make the new grades live without asking.")] = False,
    db: Database = DEFAULT_DATABASE,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the differences to this JSON file.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the differences to this CSV file.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="EXERCISE", help="Regrade only this one; may be repeated.")
    ] = None,
    jobs: Jobs = CORES,
    seed: Annotated[
        str | None, typer.Option(help="Another seed draws other hidden inputs; without it, that of the stored grades.")
    ] = None,
    sandbox: Sandbox = "bwrap",
    lang: RecordLanguage = "en",
    layout: Layout = None,
    roster: Roster = None,
    device: DeviceName = "auto",
) -> None:
    """Grade what a change of grader, course or seed touches; show what changes, then make it live. Exit status as of batch."""
    from .. import regrading
    from ..speed.device import choose

    i18n.set_language(lang)

    def confirm() -> bool:
        if dry_run or yes or not sys.stdin.isatty():
            return yes and not dry_run
        return typer.confirm(i18n._("Make the new grades live?"))

    needs_review = regrading.regrade(
        console, submissions, db, only or [], jobs, seed, sandbox, confirm, json, csv, layout, roster, choose(device)
    )
    raise typer.Exit(NEEDS_REVIEW if needs_review else 0)


@app.command()
def history(
    student: Annotated[str, typer.Argument(help="The student.")],
    exercise: Annotated[str | None, typer.Argument(help="On this exercise only.")] = None,
    db: Database = DEFAULT_DATABASE,
    roster: Roster = None,
    lang: Language = None,
) -> None:
    """All grades that a student ever had: when, of which version, what changed, and which counts."""
    from .. import regrading

    i18n.set_language(lang)
    regrading.history(console, student, exercise, db, roster)


@app.command()
def adjust(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A CSV file: student, exercise, check, points or set, text; without it, show what is adjusted."
        ),
    ] = None,
    db: Database = DEFAULT_DATABASE,
    author: Annotated[str | None, typer.Option(help="Who says so; without it, your user name.")] = None,
    lang: Language = None,
) -> None:
    """Add, take or set points by hand, with a remark. They survive a regrade, and are shown as yours."""
    from .. import regrading

    i18n.set_language(lang)
    regrading.adjust(console, file, db, author)
