"""Half-truths put to the test by a student's own code: `grader experiment EXERCISE`.

`exercises/experiments/EXERCISE.py` holds one or more experiments: functions that take the student's module and yield the
rows of a table. They are short, and meant to be read and changed.

The student's code runs in this very process, as with `pytest exercises/checks`: what an experiment calls is an ordinary
module, so that print() and breakpoint() work and nothing but the function stands between the two ends of a clock. It is
their own code on their own machine, Ctrl-C ends it, and nothing is graded; a batch never comes here.
"""

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .course import Exercise, find_course
from .errors import Raised, StudentFault, Unusable, UserError
from .i18n import _, language
from .judge import judge
from .sandbox.inside.fault import Undefined, describe
from .sandbox.inside.session import Session
from .stubs import read_stub, short, stub_of

Cell = str | int | float


@dataclass(frozen=True)
class Words:
    """An experiment in one language: what people say, what is measured, the table's columns, what to think about."""

    claim: str
    about: str
    columns: tuple[str, ...]
    question: str


@dataclass(frozen=True)
class Experiment:
    """A half-truth, and the function from a student's module to the rows that put it to the test."""

    run: Callable[[Any], Iterable[tuple[Cell, ...]]]
    en: Words
    ko: Words

    @property
    def words(self) -> Words:
        return self.ko if language() == "ko" else self.en


def experiment(*, en: Words, ko: Words) -> Callable[[Callable[[Any], Iterable[tuple[Cell, ...]]]], Experiment]:
    """Make an experiment of a function: the mark that the files of experiments use."""
    return lambda run: Experiment(run, en, ko)


def load_experiments(exercise: Exercise) -> list[Experiment]:
    """The experiments of an exercise, in the order of its file; none without a file."""
    path = exercise.experiments_path
    if not path.is_file():
        return []
    spec = importlib.util.spec_from_file_location(f"experiments_{exercise.name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [value for value in vars(module).values() if isinstance(value, Experiment)]


def rows_of(one: Experiment, exercise: Exercise) -> list[tuple[Cell, ...]]:
    """Run one experiment on the file that `grader check` would take.

    Raises Unusable when there is no such file, Raised for what the code raised, or what the experiment raised over an answer.
    """
    submission, file = read_stub(exercise), str(stub_of(exercise))
    if submission.source is None:
        raise Unusable(submission.problem, submission.reason)
    session = Session(submission.source, file)
    try:
        session.load_openly()
        return [tuple(row) for row in one.run(_Module(session.namespace))]
    except (Exception, SystemExit) as error:
        raise Raised(describe(error, file)) from error


def run_experiments(console: Console, name: str) -> int:
    """Run the experiments of one exercise and print them. Returns the exit status: 0 when each gave its table."""
    course = find_course()
    exercise = course.exercise(name)
    experiments = load_experiments(exercise)
    if not experiments:
        names = ", ".join(other.name for other in course.exercises if other.experiments_path.is_file())
        raise UserError(_("There is no experiment for {name}; there is for: {names}.").format(name=name, names=names))
    status = 0
    for one in experiments:
        console.print(Text(f"“{one.words.claim}”", style="bold"))
        console.print(Text(one.words.about))
        try:
            console.print(_table(one.words.columns, rows_of(one, exercise)))
            console.print(Text(one.words.question + "\n", style="cyan"))
        except StudentFault as fault:
            status = 1
            console.print(Text(explain(fault, exercise) + "\n", style="red"))
    for line in (
        _("Guide: {guide}").format(guide=short(exercise.guide_to_read(language()))),
        _("The experiment is {file}: read it, change it, run it again.").format(file=short(exercise.experiments_path)),
    ):
        console.print(Text(line, style="dim"), soft_wrap=True)
    return status


def list_experiments(console: Console) -> None:
    """A line for each half-truth that can be put to the test."""
    course = find_course()
    table = Table(_("exercise"), _("half-truth"), box=box.SIMPLE)
    for exercise in course.exercises:
        for one in load_experiments(exercise):
            table.add_row(exercise.name, Text(one.words.claim))
    console.print(table)
    console.print(Text(_("Run one on your code: {command}").format(command="grader experiment EXERCISE"), style="cyan"))


def explain(fault: StudentFault, exercise: Exercise) -> str:
    """Why there is no table, and what to do next."""
    file = short(stub_of(exercise))
    what_next = _("Run `grader check {name}`, then this command again.").format(name=exercise.name)
    if isinstance(fault, Raised) and fault.fault.kind == "not_started":
        line = fault.fault.frames[-1].line if fault.fault.frames else 0
        sentence = _("Not started: a TODO is still in {file}, line {line}.").format(file=file, line=line)
    elif isinstance(fault, Raised) and fault.fault.kind == "raised" and not fault.fault.frames:
        error = f"{fault.fault.name}: {fault.fault.message}"
        sentence = _("The experiment can do nothing with an answer of {file} ({error}).").format(file=file, error=error)
    else:
        sentence = judge(fault, exercise.filename)[1]
    return f"{sentence}\n{what_next}"


class _Module:
    """What a student's file defines, as attributes. A name that it lacks is the student's, not the experiment's, mistake."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        if name not in self._namespace:
            own = self._namespace["__name__"]
            raise Undefined(
                name, [key for key, value in self._namespace.items() if getattr(value, "__module__", None) == own]
            )
        return self._namespace[name]


def _table(columns: tuple[str, ...], rows: list[tuple[Cell, ...]]) -> Table:
    table = Table(box=box.SIMPLE)
    for column in columns:
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(*(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row))
    return table
