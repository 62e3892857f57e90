"""`grader train`: a student's capstone is trained on their own machine, with a progress bar and a picture of each curve.

The training runs in a process of its own, so that one that never ends can be ended. It is the student's own code on
their own machine: nothing is confined, and nothing of what it says counts for a grade.
"""

import multiprocessing
import os
import signal
import threading
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from .course import Exercise, find_course
from .errors import Crashed, GraderFault, Raised, StudentFault, TimedOut, Unusable, UserError
from .i18n import _, pick
from .judge import judge
from .reports.terminal import plain
from .sandbox.inside.companions import Companions
from .sandbox.inside.fault import Fault, describe
from .sandbox.inside.session import Session
from .stubs import read_stub

LIMIT_S = 60.0  # CPU seconds of one training, on one core


@dataclass
class Report:
    """What came of one training: the exercise's own Outcome, or the student's fault."""

    outcome: Any = None
    fault: StudentFault | None = None
    wrong_parts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """What the training's process is given. companions: module name -> source; tasks: the one with the TRAININGS."""

    source: str
    filename: str
    companions: dict[str, str]
    tasks: str
    name: str
    seed: int
    limit_s: float


def train(console: Console, names: list[str], folder: Path, seed: int, limit_s: float = LIMIT_S) -> int:
    """Run the named trainings, all for none, and save their pictures into `folder`. Returns the exit status.

    limit_s: CPU seconds of each. The status is 0 when each reached what it should, with parts of the student's own.
    Raises UserError for a training or a folder that there is not.
    """
    exercise = _exercise_that_trains()
    known = list(_trainings(exercise))
    for name in names:
        if name not in known:
            raise UserError(
                _("There is no training {name}. Choose from: {known}.").format(name=repr(name), known=", ".join(known))
            )
    if not folder.is_dir():
        raise UserError(
            _("There is no folder {folder} for the pictures; make it, or name another one with --out.").format(
                folder=folder
            )
        )
    told: set[str] = set()
    good = True
    for name in names or known:
        report = _run(console, exercise, name, seed, limit_s)
        _print_wrong_parts(console, report, told)
        good = _print_report(console, exercise, name, report, folder) and not report.wrong_parts and good
    return 0 if good else 1


def _exercise_that_trains() -> Exercise:
    for exercise in find_course().exercises:
        if exercise.training:
            return exercise
    raise UserError("No exercise of this course has a training (`training` in course.toml).")


def _trainings(exercise: Exercise) -> dict[str, Any]:
    trainings: dict[str, Any] = Companions(exercise.given_sources).load(exercise.training).TRAININGS
    return trainings


def _run(console: Console, exercise: Exercise, name: str, seed: int, limit_s: float) -> Report:
    """One training in a process of its own; it is ended when it takes too long, or with Ctrl-C."""
    submission = read_stub(exercise)
    if submission.source is None:
        return Report(fault=Unusable(submission.problem, submission.reason))
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    job = Job(
        submission.source,
        exercise.filename,
        submission.importable(exercise),
        exercise.training,
        name,
        seed,
        limit_s,
    )
    process = context.Process(target=_train, args=(sender, job), daemon=True)
    process.start()
    sender.close()
    report, started = Report(), False
    try:
        with Progress(
            TextColumn("{task.fields[name]}"), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn(),
            console=console,
        ) as bar:  # fmt: skip
            task = bar.add_task(_("starting …"), total=1.0, name=name)
            for kind, value in _messages(receiver):
                started = True
                if kind == "progress":
                    bar.update(task, completed=value[0], description=value[1])
                elif kind == "raised":
                    report.fault = Raised(value, call=_place(value, exercise.filename) or name)
                elif kind == "late":
                    report.fault = TimedOut("check_cpu_s", limit_s)
                elif kind == "wrong_parts":
                    report.wrong_parts = value
                else:
                    report.outcome = value
        process.join(timeout=1)  # it has ended: its own exit status, not that of the kill below
    finally:
        process.kill()
        process.join()
    if not started:
        raise GraderFault(f"the process of the training {name} did not start (exit status {process.exitcode})")
    if report.outcome is None and report.fault is None:
        report.fault = Crashed(process.exitcode)
    return report


def _messages(receiver: Connection) -> Iterator[tuple[str, Any]]:
    """What the training says, until its process ends."""
    while True:
        try:
            yield receiver.recv()
        except EOFError:
            return


def _place(fault: Fault, filename: str) -> str:
    """Where in the exercise's own file a fault began: what a sentence on a TODO that is left names."""
    own = [frame for frame in fault.frames if ": " not in frame.function]
    return f"{own[-1].function} ({filename}:{own[-1].line})" if own else ""


def _train(sender: Connection, job: Job) -> None:
    """In the process of its own: load the student's files, put provided parts in, train, and send what came of it."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the other one ends this one
    torch.set_num_threads(1)
    threading.Thread(target=_end_in_time, args=(sender, job.limit_s), daemon=True).start()
    session = Session(job.source, job.filename, companions=job.companions)
    sender.send(("progress", (0.0, "")))  # from here on, whatever ends this process is the student's doing
    try:
        session.load_openly(as_main_file=True)
        parts = session.companions.load("parts")
        wrong = parts.wrong_parts()
        sender.send(("wrong_parts", wrong))
        parts.use_provided(list(wrong))
        training = session.companions.load(job.tasks).TRAININGS[job.name]
        torch.manual_seed(job.seed)  # here, because what was loaded may have drawn numbers
        outcome = training(
            types.SimpleNamespace(**session.namespace),
            np.random.default_rng(job.seed),
            lambda share, text: sender.send(("progress", (share, text))),
        )
        sender.send(("outcome", types.SimpleNamespace(**vars(outcome))))  # its class is not to be found over there
    except BaseException as error:
        sender.send(("raised", describe(error, job.filename, session.companions.filenames)))


def _end_in_time(sender: Connection, limit_s: float) -> None:
    """End this process when the training has had its time."""
    while time.process_time() < limit_s:
        time.sleep(0.1)
    sender.send(("late", None))
    os._exit(1)


def _print_wrong_parts(console: Console, report: Report, told: set[str]) -> None:
    """Say once which of the student's parts a provided one stands in for."""
    for file, reason in report.wrong_parts.items():
        if file not in told:
            text = _(
                "{file}.py: its part is not right ({reason}); the provided one stands in. Next: grader check {file}"
            )
            console.print(Text(plain(text.format(file=file, reason=reason)), style="yellow"))
        told.add(file)


def _print_report(console: Console, exercise: Exercise, name: str, report: Report, folder: Path) -> bool:
    """What came of a training; whether it reached what it should."""
    if report.fault is not None:
        _verdict, message = judge(report.fault, exercise.filename)
        console.print(Text(f"✗ {name}: {plain(message)}", style="red"))
        return False
    outcome = report.outcome
    mark, style = ("✓", "green") if outcome.reached else ("✗", "red")
    console.print(Text(f"{mark} ", style=style) + Text(plain(f"{name}: {pick(outcome.en, outcome.ko)}")))
    path = folder / f"{exercise.name}-{name}.png"
    save_picture(outcome, name, path)
    console.print(Text("    " + _("The curve is in {path}.").format(path=path), style="dim"))
    return bool(outcome.reached)


def save_picture(outcome: Any, title: str, path: Path) -> None:
    """Draw an outcome's curves. outcome: see the given file that holds the trainings.

    Curves come in pairs: both of one colour, the second one dashed.
    """
    from matplotlib.figure import Figure

    from .pictures.drawing import DARK, GREY, MIDDLE, style

    with style():
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.subplots()
        for number, (label, (x, y)) in enumerate(outcome.series.items()):
            colour, line = (DARK, MIDDLE)[number // 2 % 2], ("-", "--")[number % 2]
            axes.plot(x, y, line, marker="o" if len(x) < 10 else "", color=colour, label=label)
        for label, height in outcome.levels.items():
            axes.axhline(height, color=GREY, linestyle=":", label=label)
        if outcome.x_label != "epoch":
            axes.set_xscale("log")
            sizes = next(iter(outcome.series.values()))[0]
            axes.set_xticks(sizes, labels=[f"{size:g}" for size in sizes])
            axes.minorticks_off()
        axes.set(title=title, xlabel=outcome.x_label, ylabel=outcome.y_label)
        if len(outcome.series) + len(outcome.levels) > 1:
            figure.legend(loc="outside right upper")
        figure.savefig(path, dpi=150)
