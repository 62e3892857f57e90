"""What students use: check, watch, hint, explain, status, train, experiment, draw, show, start, doctor."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from .. import i18n
from ..i18n import _
from .options import DEFAULT_DATABASE, Database, Exercises, Language, console

app = typer.Typer()


@app.command()
def check(
    exercises: Exercises = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the results, for grader export --records FILE.")
    ] = None,
    lang: Language = None,
) -> None:
    """Check your stubs with the visible checks."""
    from .. import student

    i18n.set_language(lang)
    raise typer.Exit(student.check(console, exercises or [], json))


@app.command()
def explain(
    exercise: Annotated[str, typer.Argument(help="The exercise.")],
    function: Annotated[str | None, typer.Argument(help="One function or class; without it, all of them.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every change and what came of it, not only the most telling.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="Try changes for so many seconds; without it, for 14.", min=1.0)
    ] = None,
    save: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write it to a JSON file.")] = None,
    lang: Language = None,
) -> None:
    """Show what each line of your code is for: it is changed in one place at a time, and the visible checks tell what breaks."""
    from .. import student

    i18n.set_language(lang)
    student.explain(console, exercise, function, everything, seconds, save)


@app.command()
def status(lang: Language = None) -> None:
    """Show how far you are in the course."""
    from ..status import status as show_status

    i18n.set_language(lang)
    show_status(console)


@app.command()
def hint(exercise: Annotated[str, typer.Argument(help="The exercise.")], lang: Language = None) -> None:
    """Give the next hint for the first visible check that does not pass; never the answer."""
    from .. import student

    i18n.set_language(lang)
    student.hint(console, exercise)


@app.command()
def watch(
    exercise: Annotated[
        str | None, typer.Argument(help="Where to start; without it, the first unfinished one.")
    ] = None,
    lang: Language = None,
) -> None:
    """Check your files whenever you save them, and move on from exercise to exercise."""
    from ..watch import watch as watch_files

    i18n.set_language(lang)
    raise typer.Exit(watch_files(exercise))


@app.command()
def train(
    trainings: Annotated[
        list[str] | None, typer.Argument(metavar="[TRAINING]...", help="Trainings; without any, all of them.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for the pictures of the curves.")] = Path("."),
    seed: Annotated[int, typer.Option(help="Another seed draws other data and other initial weights.")] = 0,
    lang: Language = None,
) -> None:
    """Train what your capstone builds, with a progress bar, and save the learning curves as pictures."""
    from ..training import train as run_trainings

    i18n.set_language(lang)
    raise typer.Exit(run_trainings(console, trainings or [], out, seed))


@app.command()
def experiment(
    exercise: Annotated[str | None, typer.Argument(help="An exercise; without one, the list.")] = None,
    lang: Language = None,
) -> None:
    """Put what people say to the test, with your own code."""
    from ..experiment import list_experiments, run_experiments

    i18n.set_language(lang)
    if exercise is None:
        list_experiments(console)
    else:
        raise typer.Exit(run_experiments(console, exercise))


@app.command()
def draw(
    exercise: Annotated[str, typer.Argument(help="The exercise.")],
    function: Annotated[str | None, typer.Argument(help="One function or class; without it, all of them.")] = None,
    kind: Annotated[str | None, typer.Option(help="One kind of input; without it, all of them.")] = None,
    seed: Annotated[str, typer.Option(help="Another seed draws other numbers.")] = "0",
    save: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="Also write the inputs to a file for np.load.")
    ] = None,
    lang: Language = None,
) -> None:
    """Draw inputs of the kinds that a check may use, and show what your code makes of them."""
    from .. import student

    i18n.set_language(lang)
    student.draw(console, exercise, function, kind, seed, save)


@app.command()
def show(
    exercise: Annotated[str, typer.Argument(help="The exercise.")],
    picture: Annotated[
        str, typer.Option(help="One of the exercise's pictures; without it, the most important one.")
    ] = "",
    save: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="The file to write; without it, show-EXERCISE.png here.")
    ] = None,
    open_it: Annotated[bool, typer.Option("--open", help="Also open the picture.")] = False,
    lang: Language = None,
) -> None:
    """Draw what your code really does, and beside it what is expected."""
    from ..show import show as show_picture

    i18n.set_language(lang)
    raise typer.Exit(show_picture(console, exercise, picture, save, open_it))


@app.command()
def start(
    folder: Annotated[Path, typer.Argument(help="A new folder for your work.")],
    lang: Language = None,
) -> None:
    """Lay out exercises and guides in a new folder, where the grader came as a wheel."""
    from ..starter import start as lay_out

    i18n.set_language(lang)
    lay_out(folder)
    console.print(
        Text(_("Next: cd {folder}, then read README.md.").format(folder=folder), style="cyan"), soft_wrap=True
    )


@app.command()
def doctor(
    db: Database = DEFAULT_DATABASE,
    as_json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
    lang: Language = None,
) -> None:
    """What can this machine enforce, and what is missing? Exit status: 0, or 1 if it cannot grade (students: check)."""
    from ..doctor import doctor as examine

    i18n.set_language(lang)
    if not examine(console, db, as_json):
        raise typer.Exit(1)
