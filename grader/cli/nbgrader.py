"""What instructors use who keep their course in nbgrader."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .. import i18n
from .options import DEFAULT_DATABASE, NEEDS_REVIEW, Database, Language, Layout, Roster, console

app = typer.Typer(
    help="A course in nbgrader: make one, grade with its own commands, bring grades there.", no_args_is_help=True
)


@app.command()
def init(
    course_dir: Annotated[
        Path, typer.Argument(help="The folder of the nbgrader course: a new one, or one made so before.")
    ],
    exercises: Annotated[
        list[str] | None, typer.Argument(metavar="[EXERCISE]...", help="Exercises; without any, all of them.")
    ] = None,
    lang: Annotated[Literal["en", "ko"], typer.Option(help="The language of notebooks and comments.")] = "en",
) -> None:
    """Make an nbgrader course out of the exercises, or add exercises to it; then nbgrader's own commands work."""
    from ..course import find_course
    from ..nbgrader.course import init as lay_out

    i18n.set_language(lang)
    course = find_course()
    for path in lay_out(course, course.select(exercises), course_dir):
        console.print(str(path), markup=False, soft_wrap=True)


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


@app.command(hidden=True)
def grade(folder: Annotated[Path, typer.Argument(help="The folder of the job.")]) -> None:
    """Grade the notebooks of a job: `nbgrader autograde` starts this."""
    from ..course import find_course
    from ..nbgrader.grading import grade_job

    grade_job(console, find_course(), folder)
