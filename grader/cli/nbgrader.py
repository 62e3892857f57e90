"""What instructors use who keep their course in nbgrader."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .. import i18n
from .options import console

app = typer.Typer(help="A course in nbgrader: make one, grade with its own commands.", no_args_is_help=True)


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


@app.command(hidden=True)
def grade(folder: Annotated[Path, typer.Argument(help="The folder of the job.")]) -> None:
    """Grade the notebooks of a job: `nbgrader autograde` starts this."""
    from ..course import find_course
    from ..nbgrader.grading import grade_job

    grade_job(console, find_course(), folder)
