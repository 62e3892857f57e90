"""A grading process: it asks a fork server for workers, and grades chunks of submissions or verifies. Light to import."""

import multiprocessing
import os
import signal
import socket
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import i18n
from .errors import GraderFault, SandboxUnavailable
from .sandbox.connection import Connection
from .sandbox.launch import ForkServer

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

    from .record import Settings
    from .result import Grade
    from .speed.bench import Bench
    from .submission import Submission
    from .verify_rows import Part

_server: Connection | None = None
_sandbox = ""
_bench: "Bench | None" = None


def start_process(
    sandbox: str, language: str, control: socket.socket | None = None, cores: "SimpleQueue[int] | None" = None
) -> None:
    """Initializer of a grading process.

    control: of a fork server that it shares; without one it starts its own. cores: the next of them is the one that this
    process keeps to, and its workers with it: they take turns, and hand over sooner on one core.
    """
    global _server, _sandbox
    if cores is not None:
        os.sched_setaffinity(0, {cores.get()})
    _end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})  # held back until here: batch._submit
    i18n.set_language(language)
    _sandbox = sandbox
    _server = Connection(control, sandbox) if control is not None else None
    import torch

    torch.set_num_threads(1)


def grade_chunk(
    course_file: Path, exercise: str, submissions: Sequence["Submission"], settings: "Settings"
) -> list["Grade"]:
    """Grade submissions of one exercise in this process. Raises GraderFault when the chunk could not be graded."""
    from .course import load_course
    from .grade import grade

    try:
        course = load_course(course_file)
        return grade(
            course, course.exercise(exercise), submissions, settings, _living_server(), bench=_bench_of(settings)
        )
    except GraderFault:
        raise
    except Exception as error:  # an exception of another kind might not come through to the coordinator
        name = type(error).__name__
        raise GraderFault(f"{exercise} could not be graded ({name})", traceback.format_exc()) from None


def _bench_of(settings: "Settings") -> "Bench | None":
    """This process's bench, where speed is judged; it keeps its own fork servers warm."""
    global _bench
    from .speed.bench import Bench
    from .speed.device import UNTIMED

    if settings.device == UNTIMED or settings.sandbox == "import":
        return None
    if _bench is None:
        _bench = Bench(settings.device, settings.sandbox)
    return _bench


def verify_exercise(course_file: Path, exercise: str, seeds: int, part: int, parts: int, first_seed: int = 0) -> "Part":
    """Verify one part of an exercise in this process."""
    from .course import load_course
    from .verify import verify_part

    course = load_course(course_file)
    return verify_part(course, course.exercise(exercise), seeds, _living_server(), part, parts, first_seed=first_seed)


def _living_server() -> Connection | None:
    """The fork server, if there is to be one; one of this process's own when it has died, be it while it came up."""
    if _sandbox == "import":
        return None
    try:
        return _ready_server()
    except SandboxUnavailable:
        return _ready_server()


def _ready_server() -> Connection:
    global _server
    if _server is None or not _server.alive:
        if _server is not None:
            _server.close()
        _server = ForkServer(_sandbox, wait=False)
    _server.ready()
    return _server


def _end_with_parent() -> None:
    """A coordinator that is killed leaves no grading process behind, not even one that had just been started."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
