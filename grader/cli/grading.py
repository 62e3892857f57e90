"""What instructors use: grade a class, see what came of it, and see to the machine."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .. import i18n
from .options import (
    CORES,
    DEFAULT_DATABASE,
    DIFFERENT,
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

if TYPE_CHECKING:
    from ..cluster.coordinator import Cluster

app = typer.Typer()


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
    jobs: Jobs = CORES,
    seed: Annotated[str, typer.Option(help="Another seed draws other hidden inputs.")] = "0",
    sandbox: Sandbox = "bwrap",
    lang: RecordLanguage = "en",
    layout: Layout = None,
    roster: Roster = None,
    device: DeviceName = "auto",
    require_gpu: Annotated[bool, typer.Option("--require-gpu", help="Stop where no GPU can be used.")] = False,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Grade on the workers of this Dask scheduler: tcp://HOST:8786."),
    ] = None,
    timestamps: Annotated[
        Path | None,
        typer.Option(metavar="FILE.csv", help="When work was handed in: student, time, and perhaps exercise."),
    ] = None,
    late_by: Annotated[
        Literal["mtime"] | None,
        typer.Option(help="mtime: where nobody says when work was handed in, believe the files' own times."),
    ] = None,
) -> None:
    """Grade a class with the hidden checks, in the sandbox. Exit status: 0, or 1 if anything needs review."""
    from .. import instructor
    from ..speed.device import choose

    i18n.set_language(lang)
    with nullcontext() if cluster is None else _connected(cluster) as there:
        chosen = choose(device, require_gpu) if there is None else there.device(device, require_gpu)
        needs_review = instructor.batch(
            console,
            submissions,
            db,
            json,
            csv,
            only or [],
            jobs,
            seed,
            sandbox,
            None,
            layout,
            roster,
            chosen,
            there,
            timestamps,
            late_by == "mtime",
        )
    raise typer.Exit(NEEDS_REVIEW if needs_review else 0)


def _connected(address: str) -> AbstractContextManager["Cluster"]:
    from ..cluster.coordinator import cluster

    return cluster(address)


@app.command()
def results(
    student: Annotated[str | None, typer.Argument(help="One student: show their feedback.")] = None,
    exercise: Annotated[str | None, typer.Argument(help="On this exercise only.")] = None,
    db: Database = DEFAULT_DATABASE,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the points to this CSV file.")] = None,
    roster: Roster = None,
    lang: Language = None,
) -> None:
    """Show what is stored: the class's points, or one student's feedback."""
    from .. import instructor

    i18n.set_language(lang)
    instructor.show_results(console, db, student, exercise, None, roster, csv)


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
    from .. import instructor

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
    from .. import instructor

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
    from .. import calibration
    from ..speed.device import choose

    i18n.set_language(lang)
    if not calibration.calibrate(console, exercise or [], choose(device), sandbox, dry_run):
        raise typer.Exit(1)


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the class and its results go.")] = Path("demo"),
    jobs: Jobs = CORES,
    lang: RecordLanguage = "en",
) -> None:
    """Make a class of 30, grade it, and show the table, the store and one student's feedback."""
    from ..demo import demo as run_demo

    i18n.set_language(lang)
    run_demo(console, folder, jobs)
