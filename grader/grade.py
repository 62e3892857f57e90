"""Submissions of one exercise in, grades out. `grade` is the whole way, in order."""

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import pytest_timeout
import torch

from . import plugin
from .course import Course, Exercise
from .diagnose import CodeDiagnosis
from .draw import keyed_seed
from .errors import GraderFault, Unusable
from .i18n import pick
from .record import Settings, new_grade
from .result import Grade, settle_misconceptions
from .run import Candidate, Run, fresh_reference
from .sandbox.backend import Sandboxed
from .sandbox.inside.session import Session
from .sandbox.started import Server
from .speed.bench import Bench
from .speed.race import Timekeeper
from .subject import Direct, load_exercise
from .submission import Submission

BACKSTOP = 10  # times the submission's own limit: only a fault of the grader's own code takes that long


class Marking:
    """What marks an exercise, loaded once for any number of runs: its reference and its misconceptions."""

    def __init__(self, exercise: Exercise) -> None:
        self.reference = load_exercise(exercise)
        self.diagnosis = CodeDiagnosis(exercise)


def grade(
    course: Course,
    exercise: Exercise,
    submissions: Sequence[Submission],
    settings: Settings,
    server: Server | None,
    marking: Marking | None = None,
    bench: Bench | None = None,
    trains: bool = True,
) -> list[Grade]:
    """Grade submissions of one exercise with its hidden checks, in one pytest session. Without a bench no speed is judged.

    trains: also with the checks that train.
    """
    run = new_run(course, exercise, submissions, settings, server, marking, bench)
    run.trains = trains
    return finish(run, course, exercise, submissions, settings)


def new_run(
    course: Course,
    exercise: Exercise,
    submissions: Sequence[Submission],
    settings: Settings,
    server: Server | None,
    marking: Marking | None = None,
    bench: Bench | None = None,
) -> Run:
    """A hidden run that is ready to start."""
    marking = marking or Marking(exercise)
    candidates = [_candidate(course, exercise, submission, settings, server) for submission in submissions]
    run = Run(exercise.filename, candidates, fresh_reference(marking.reference), marking.diagnosis)
    if bench is not None:
        run.timekeeper = lambda candidate: timekeeper(bench, exercise, candidate)
    return run


def timekeeper(bench: Bench, exercise: Exercise, candidate: Candidate, decides: bool = True) -> Timekeeper | None:
    """What times a candidate; None where it has no worker of its own."""
    start = getattr(candidate.backend, "new_worker", None)
    return None if start is None else Timekeeper(bench, exercise, start, decides)


def finish(
    run: Run, course: Course, exercise: Exercise, submissions: Sequence[Submission], settings: Settings
) -> list[Grade]:
    """Run the hidden checks, and make a grade of each candidate's results."""
    try:
        run_checks(run, exercise.hidden_path, BACKSTOP * exercise.limits.total_wall_s)
    finally:
        for candidate in run.candidates:
            candidate.close()
    hints = {variant.id: pick(variant.en, variant.ko) for variant in exercise.misconceptions}
    return [
        _grade(course, exercise, submission, candidate, settings, hints)
        for submission, candidate in zip(submissions, run.candidates, strict=True)
    ]


def run_checks(run: Run, test_file: Path, timeout: float) -> None:
    """One pytest session in this process. Raises GraderFault when it did not run as it should.

    pytest-timeout is the backstop for the grader's own code: a student's limits are kept by the sandbox's client.
    """
    arguments = [
        str(test_file),
        "--rootdir", str(test_file.parent), "-c", os.devnull, "--import-mode=importlib",
        "--confcutdir", str(test_file.parent),  # else every folder above is listed, and its conftest.py run
        "--disable-plugin-autoload",
        "-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:capture", "-p", "no:logging", "-p", "no:warnings",
        "-p", "no:faulthandler", "-p", "no:junitxml", "-p", "no:doctest", "-p", "no:unittest",
        "-p", "no:unraisableexception", "-p", "no:threadexception",  # each collects all garbage at the end: 0.2 s
        f"--timeout={timeout}", "--assert=plain",
    ]  # fmt: skip
    torch.set_num_threads(1)  # a check's arrays are small: more threads would only wait for one another
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), _own_settings():
        code = pytest.main(arguments, plugins=[pytest_timeout, plugin, _Registered(run)])
    _forget(test_file)
    nothing_wanted = code == pytest.ExitCode.NO_TESTS_COLLECTED and (run.only is not None or not run.trains)
    if (
        code != pytest.ExitCode.OK and not nothing_wanted
    ) or run.grader_faults:  # a check that skips itself would not be missed otherwise
        reasons = "; ".join(run.grader_faults) or said.getvalue().strip()[-2000:]
        raise GraderFault(f"the checks in {test_file.name} could not be run (pytest exit {int(code)})", reasons)


def _forget(test_file: Path) -> None:
    """A visible and a hidden file of the same name must not be taken for one another in the next session."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == str(test_file):
            del sys.modules[name]


class _Registered:
    """Puts the Run where the plugin looks for it, and tells it why a file of checks could not be read."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[plugin.RUN] = self._run

    @pytest.hookimpl(tryfirst=True)
    def pytest_timeout_set_timer(self, item: Any, settings: Any) -> bool | None:
        """pytest-timeout's own handler fails without a terminal, with an exception that would look like an odd answer's."""
        if threading.current_thread() is not threading.main_thread():
            return None
        if not hasattr(signal, "SIGALRM"):  # Windows: nothing could interrupt the grader's own code
            item.cancel_timeout = lambda: None
            return True

        def stop(number: int, frame: FrameType | None) -> None:
            pytest.fail(f"Timeout: no end after {settings.timeout:g} s")  # not an Exception: no check catches it

        def cancel() -> None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, settings.timeout)
        item.cancel_timeout = cancel
        return True

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._run.grader_faults.append(report.longreprtext[-2000:])


@contextlib.contextmanager
def _own_settings() -> Iterator[None]:
    """Hidden tests leave no .pyc behind, and pytest options of the user's shell do not reach them."""
    bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    options = {name: os.environ.pop(name) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS") if name in os.environ}
    try:
        yield
    finally:
        sys.dont_write_bytecode = bytecode
        os.environ.update(options)


def new_candidate(
    exercise: Exercise, submission: Submission, server: Server | None, draw_seed: Callable[[str], int]
) -> Candidate:
    """A submission ready to be checked, in a worker of the server; without one in this process (trusted sources only)."""
    if submission.source is None:
        return Candidate(None, draw_seed, Unusable(submission.problem, submission.reason))
    companions = submission.importable(exercise)
    if server is None:
        session = Session(submission.source, exercise.filename, exercise.forbidden, companions)
        return Candidate(Direct(session), draw_seed)
    backend = Sandboxed(server, submission.source, exercise.filename, exercise.forbidden, exercise.limits, companions)
    return Candidate(backend, draw_seed)


def _candidate(
    course: Course, exercise: Exercise, submission: Submission, settings: Settings, server: Server | None
) -> Candidate:
    """The candidate of a hidden run: its inputs are keyed by the secret, its place is what the settings say."""

    def draw_seed(check: str) -> int:
        return keyed_seed(settings.secret, course.id, settings.seed, submission.student, exercise.name, check)

    in_this_process = settings.sandbox == "import"
    if server is None and not in_this_process:
        raise GraderFault(f"sandbox {settings.sandbox!r} needs a fork server")
    return new_candidate(exercise, submission, None if in_this_process else server, draw_seed)


def _grade(
    course: Course,
    exercise: Exercise,
    submission: Submission,
    candidate: Candidate,
    settings: Settings,
    hints: dict[str, str],
) -> Grade:
    settle_misconceptions(candidate.results, hints)
    grade = new_grade(course, exercise, submission, settings, candidate.results, candidate.output)
    grade.notes += candidate.notes
    grade.grader_faults += candidate.grader_faults
    return grade
