"""`pytest exercises/checks` without the grader's commands: the stub in this process, for a debugger and full tracebacks."""

from pathlib import Path
from typing import Any

from .course import Exercise, find_course
from .draw import keyed_seed
from .recording import load_recording
from .run import Candidate
from .sandbox.inside.protocol import ModuleRef
from .sandbox.inside.session import Outcome, Session, snapshot
from .subject import Backend, Recorded, load_exercise, own_request
from .submission import read_file

VISIBLE_SECRET = b"visible checks draw from a fixed key"


def visible_seed(exercise: str, check: str) -> int:
    """The seed of a visible check's inputs: the same for everybody."""
    return keyed_seed(VISIBLE_SECRET, exercise, check)


class Transparent:
    """A student's file in this process; what it raises goes straight through to pytest."""

    def __init__(self, path: Path, exercise: Exercise) -> None:
        companions = read_file(path.resolve(), exercise).importable(exercise)
        self._session = Session(path.read_text(encoding="utf-8"), str(path), exercise.forbidden, companions)
        self._session.load_openly()

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome:
        mutated: list[str] = []
        handler = getattr(self._session, f"handle_{verb}")
        value = handler(mutated=mutated, **own_request(request))
        return Outcome(value if isinstance(value, ModuleRef) else snapshot(value), None, tuple(mutated))


def candidate(test_file: Path, submission: str | None) -> Candidate:
    """The file to check for a test file: --submission, else the stub."""
    exercise = _exercise_of(test_file)
    path = Path(submission) if submission else exercise.stub_path
    return Candidate(Transparent(path, exercise), lambda check: visible_seed(exercise.name, check))


def reference(test_file: Path, check: str) -> Backend:
    """The reference's code where it is at hand, else its recorded answers."""
    exercise = _exercise_of(test_file)
    if exercise.reference_path.exists():
        return load_exercise(exercise)
    return Recorded(load_recording(exercise.recording_path).reference.get(check, []))


def _exercise_of(test_file: Path) -> Exercise:
    return find_course(test_file.parent).exercise(test_file.stem.removeprefix("test_"))
