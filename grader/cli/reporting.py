"""What an instructor reads after a batch."""

import gc
from pathlib import Path
from typing import Annotated, Literal

import typer

from .. import i18n
from .options import DEFAULT_DATABASE, Database, Layout, Roster, console

app = typer.Typer()


@app.command()
def report(
    out: Annotated[Path, typer.Argument(metavar="OUT_DIR", help="The folder of pages to write.")],
    db: Database = DEFAULT_DATABASE,
    only: Annotated[list[str] | None, typer.Option(metavar="EXERCISE", help="Only this one; may be repeated.")] = None,
    roster: Roster = None,
    clusters: Annotated[
        bool,
        typer.Option("--clusters", help="Also group the mistakes that have no name: runs these submissions again."),
    ] = False,
    similarity: Annotated[
        bool,
        typer.Option("--similarity", help="Also compare all submissions, and lay the most alike side by side."),
    ] = False,
    submissions: Annotated[
        Path,
        typer.Option(help="For --clusters and --similarity: what was graded, a folder or a platform's download."),
    ] = Path("submissions"),
    layout: Layout = None,
    sandbox: Annotated[Literal["bwrap", "none"], typer.Option(help="For --clusters; none: plain processes.")] = "bwrap",
    lang: Annotated[Literal["en", "ko", "both"], typer.Option(help="The languages of the pages.")] = "both",
) -> None:
    """Write what is stored of a class as web pages that open without a network: points, checks, mistakes, speed."""
    from ..report.make import make_report

    gc.set_threshold(
        100_000
    )  # millions of small objects that are in no cycle: looking for cycles took a sixth of the time
    i18n.set_language(None if lang == "both" else lang)
    languages = i18n.LANGUAGES if lang == "both" else (lang,)
    make_report(console, out, db, only or [], roster, languages, clusters, similarity, submissions, layout, sandbox)
