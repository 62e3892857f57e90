"""What goes back to students after a batch, and what the instructor looks at before it does."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from .. import i18n
from .options import DEFAULT_DATABASE, Database, Language, Layout, Roster, console

app = typer.Typer()
Only = Annotated[list[str] | None, typer.Option(metavar="EXERCISE", help="Only this one; may be repeated.")]


@app.command()
def feedback(
    out: Annotated[Path, typer.Argument(metavar="OUT_DIR", help="Where to write STUDENT/feedback.html and .md.")],
    db: Database = DEFAULT_DATABASE,
    submissions: Annotated[
        Path | None, typer.Option(help="What was graded, a folder or a download: to show each student's own source.")
    ] = None,
    student: Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    only: Only = None,
    roster: Roster = None,
    layout: Layout = None,
    lang: Annotated[
        Literal["en", "ko"] | None, typer.Option(help="Language of what is added; without it, the records'.")
    ] = None,
) -> None:
    """Write a page for each student: checks, hints, their own source with remarks at the lines."""
    from ..feedback.make import make_feedback

    i18n.set_language(lang)
    make_feedback(console, out, db, student or [], only or [], submissions, layout, roster, lang)


@app.command()
def similarity(
    submissions: Annotated[Path, typer.Option(help="The class's work: a folder or a platform's download.")],
    db: Annotated[
        str | None, typer.Option("--db", help="Also show the points in this store: a SQLite file or a SQLAlchemy URL.")
    ] = None,
    only: Only = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write it to FILE.html (side by side), FILE.json or FILE.csv."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, max=1000, help="How many pairs of an exercise.")] = 10,
    roster: Roster = None,
    layout: Layout = None,
    lang: Language = None,
) -> None:
    """Rank the pairs of submissions that are most alike, beyond what independent work is. It accuses nobody."""
    from ..similarity.make import show_similarity

    i18n.set_language(lang)
    said = Console(stderr=True, highlight=False)
    show_similarity(console, said, submissions, db, only or [], out, top, layout, roster)
