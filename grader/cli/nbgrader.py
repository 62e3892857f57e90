"""What instructors use who keep nbgrader: our grades in its gradebook."""

from pathlib import Path
from typing import Annotated

import typer

from .. import i18n
from .options import DEFAULT_DATABASE, NEEDS_REVIEW, Database, Language, Layout, Roster, console

app = typer.Typer(help="dot2vit in an nbgrader course.", no_args_is_help=True)


@app.command()
def push(
    course_dir: Annotated[Path, typer.Argument(metavar="COURSE_DIR", help="The folder that nbgrader is run in.")],
    gradebook: Annotated[
        str | None, typer.Option(help="A SQLite file or a SQLAlchemy URL; without it, the course's own.")
    ] = None,
    db: Database = DEFAULT_DATABASE,
    submissions: Annotated[
        Path, typer.Option(help="What was graded, a folder or a platform's download: to show the code to who grades.")
    ] = Path("submissions"),
    only: Annotated[
        list[str] | None, typer.Option(metavar="EXERCISE", help="Bring only this one; may be repeated.")
    ] = None,
    layout: Layout = None,
    roster: Roster = None,
    lang: Language = None,
) -> None:
    """Bring the grades of `grader batch` into an nbgrader gradebook. Exit status: 0, or 1 if any had to be left out."""
    from ..nbgrader.push import push as bring

    i18n.set_language(lang)
    if not bring(console, course_dir, gradebook, db, roster, only or [], submissions, layout):
        raise typer.Exit(NEEDS_REVIEW)
