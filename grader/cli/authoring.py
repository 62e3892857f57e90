"""What authors of exercises use: verify, sync, new-exercise."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from .options import CORES, Exercises, console

app = typer.Typer()


@app.command()
def verify(
    exercises: Exercises = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to draw hidden inputs from.")] = 1,
    first_seed: Annotated[int, typer.Option(min=0, help="The first of these: a long run can be split.")] = 0,
    sandbox: Annotated[
        Literal["bwrap", "none", "import"],
        typer.Option(help="import: run the course's own sources in this process, which is faster."),
    ] = "bwrap",
    jobs: Annotated[int, typer.Option(min=1, help="Processes, which share the exercises.")] = CORES,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all figures to this file.")] = None,
) -> None:
    """Is every exercise sound? The author's gate: stubs, references, alternatives, misconceptions."""
    from ..course import find_course
    from ..reports.verification import summary, verification_table, write_figures
    from ..sandbox.launch import ForkServer
    from ..verify import verify as run_verify
    from ..verify_jobs import shares_of, verify_in_processes

    course = find_course()
    chosen = course.select(exercises)
    with console.status("…") as spinner:
        if min(jobs, len(shares_of(chosen, jobs))) > 1:
            verification = verify_in_processes(course, chosen, seeds, sandbox, jobs, spinner.update, first_seed)
        else:
            with ForkServer(sandbox) if sandbox != "import" else nullcontext() as server:
                verification = run_verify(course, chosen, seeds, server, spinner.update, first_seed)
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
    from ..course import find_course
    from ..sync import generate, write

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
    from ..course import find_course
    from ..new_exercise import new_exercise as lay_out

    course = find_course()
    for path in lay_out(course, name, title_en, title_ko):
        console.print(Text(path.relative_to(course.root).as_posix()), soft_wrap=True)
    console.print(
        f"The entry is at the end of exercises/course.toml. `grader verify {name}` says what is left to be written; "
        "docs/adding-an-exercise.md says how."
    )
