"""Which file of the student's is checked: the one place that decides it, for every command."""

from pathlib import Path

from .course import Exercise
from .submission import Submission, read_file


def stub_of(exercise: Exercise) -> Path:
    """The file to check: the one in the current folder, or its notebook there, else the one in the course's exercises."""
    here = Path.cwd() / exercise.filename
    for path in (here, here.with_suffix(".ipynb")):
        if path.is_file():
            return path
    return exercise.stub_path


def read_stub(exercise: Exercise) -> Submission:
    """What is in the file to check, and in the others that it uses, from the same folder."""
    return read_file(stub_of(exercise).resolve(), exercise)


def short(path: Path) -> str:
    """Relative to here where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
