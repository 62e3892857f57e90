"""For instructors whose class hands in on Gradescope."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from .. import i18n
from ..i18n import _
from .options import console

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Gradescope: the autograder's zip (docs/gradescope.md)."""


@app.command()
def build(
    exercise: Annotated[list[str], typer.Argument(metavar="EXERCISE...", help="The exercises of one assignment.")],
    out: Annotated[Path, typer.Option(help="The zip to write.")],
    lang: Annotated[Literal["en", "ko"], typer.Option(help="The language of what students read.")] = "en",
    seed: Annotated[
        str, typer.Option(help="Another seed draws other hidden inputs; each submission has its own anyway.")
    ] = "0",
    visibility: Annotated[
        Literal["visible", "after_due_date", "after_published", "hidden"],
        typer.Option(help="When students see the checks."),
    ] = "visible",
    device: Annotated[
        Literal["cpu", "none"], typer.Option(help="What speed is judged on; none: speed is not judged.")
    ] = "cpu",
    minutes: Annotated[
        float, typer.Option(min=0.5, help="Give up after so many: less than the assignment's time-out on Gradescope.")
    ] = 9.0,
    allow_unsandboxed: Annotated[
        bool,
        typer.Option(
            "--allow-unsandboxed", help="Where the container allows no sandbox, grade all the same; records say so."
        ),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the zip that is there.")] = False,
) -> None:
    """Make an autograder to upload: the grader, these exercises' solutions and hidden checks. Not for students' eyes."""
    from ..course import find_course
    from ..gradescope.build import build as write_zip
    from ..gradescope.config import Config

    i18n.set_language(lang)
    config = Config(tuple(exercise), lang, seed, visibility, device, minutes, allow_unsandboxed)
    points = write_zip(find_course(), config, out, overwrite)
    i18n.set_language(None)
    console.print(
        _("{file} is written. On Gradescope, give the assignment {points} autograder points.").format(
            file=out, points=f"{points:g}"
        ),
        markup=False,
        soft_wrap=True,
    )
