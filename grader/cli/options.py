"""The console, exit statuses, and the options that several commands share."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from ..cores import count_cores

NEEDS_REVIEW, USAGE, FAULT, BY_SIGNAL = 1, 2, 3, 128
DIFFERENT = 1

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
    Path | None, typer.Option(help="A CSV file of the class: student, and perhaps id, email, name, login, extension.")
]
DeviceName = Annotated[
    str, typer.Option("--device", help="What speed is judged on: auto, cpu, cuda, cuda:1 …; none: speed is not judged.")
]
Jobs = Annotated[int, typer.Option(min=1, help="Grading processes.")]
CORES = count_cores()
Sandbox = Annotated[Literal["bwrap", "none"], typer.Option(help="none: plain processes; every record says so.")]
RecordLanguage = Annotated[Literal["en", "ko"], typer.Option(help="The language of the records.")]
