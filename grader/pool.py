"""A grading process: it keeps one fork server warm and grades chunks of submissions. Light to import."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import i18n
from .sandbox.launch import ForkServer

if TYPE_CHECKING:
    from .record import Settings
    from .result import Grade
    from .submission import Submission

_server: ForkServer | None = None


def start_process(sandbox: str, language: str) -> None:
    """Initializer of a grading process: its fork server comes up while this process imports torch itself."""
    global _server
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the coordinator's
    i18n.set_language(language)
    _server = ForkServer(sandbox, wait=False)
    import torch

    torch.set_num_threads(1)


def grade_chunk(
    course_file: Path, exercise: str, submissions: Sequence["Submission"], settings: "Settings"
) -> list["Grade"]:
    """Grade submissions of one exercise in this process. Raises GraderFault when the chunk could not be graded."""
    from .course import load_course
    from .grade import grade

    course = load_course(course_file)
    assert _server is not None, "start_process was not run"
    _server.ready()
    return grade(course, course.exercise(exercise), submissions, settings, _server)
