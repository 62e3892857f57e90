"""What a student handed in for one exercise, as the rest of the grader sees it. How it is read: grader/intake."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .course import Exercise
from .i18n import _
from .intake.collect import student_in
from .intake.disk import DiskFolder, read_own, too_large
from .intake.notebook import NOTEBOOK_BYTES, notebook_source
from .intake.student import Missing, Student, source_of
from .intake.text import Text, odd_characters
from .intake.tree import Unreadable


@dataclass(frozen=True)
class Submission:
    """One student's source of one exercise; without a source, `problem` is the verdict and `reason` the sentence.

    notes: what was recovered or odd in the file.
    companions: module name and source of each other file that the exercise uses and that the student handed in.
    """

    student: str
    exercise: str
    source: str | None
    problem: str = ""
    reason: str = ""
    notes: tuple[str, ...] = field(default=())
    companions: tuple[tuple[str, str], ...] = field(default=())

    @property
    def sha256(self) -> str:
        text = self.source if self.source is not None else f"{self.problem}: {self.reason}"
        for name, source in self.companions:
            text += f"\0{name}\0{source}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def importable(self, exercise: Exercise) -> dict[str, str]:
        """What its source may import, by module name: the student's other files, and what everybody is given."""
        return dict(self.companions) | exercise.given_sources


def submission_of(student: Student, exercise: Exercise) -> Submission:
    """A student's submission of an exercise. Never raises for what a student handed in."""
    try:
        source, notes = student.read(exercise.filename, exercise.limits.source_kb * 1024)
    except Missing as error:
        return Submission(student.name, exercise.name, None, "missing", str(error))
    except Unreadable as error:
        return Submission(student.name, exercise.name, None, "unreadable", str(error))
    companions, more_notes = _companions(exercise, student.read)
    return Submission(student.name, exercise.name, source, notes=(*notes, *more_notes), companions=companions)


def _companions(
    exercise: Exercise, read: Callable[[str, int], Text]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The student's other files that the exercise uses, and notes on them. One that is not there is left out."""
    found: list[tuple[str, str]] = []
    notes: list[str] = []
    for name in exercise.uses:
        try:
            source, odd = read(f"{name}.py", exercise.limits.source_kb * 1024)
        except Missing:
            continue
        except Unreadable as error:
            notes.append(str(error))
            continue
        found.append((name, source))
        notes += [f"{name}.py: {note}" for note in odd]
    return tuple(found), tuple(notes)


def read_submission(folder: Path, name: str, exercise: Exercise) -> Submission:
    """The submission of the student whose work lies in FOLDER/NAME."""
    student = student_in(folder, name)
    try:
        return submission_of(student, exercise)
    finally:
        student.close()


def read_notebook(path: Path, student: Student, exercise: Exercise, assignment_only: bool = False) -> Submission:
    """A student's notebook at this very place, whatever else they handed in; what the exercise uses comes from there.

    assignment_only: without the cells that the student has added.
    """
    limit = exercise.limits.source_kb * 1024
    try:
        data = DiskFolder(path.parent).file(path.name).read(NOTEBOOK_BYTES)
        source, notes = notebook_source(data, assignment_only)
        if len(source) > limit:
            raise Unreadable(too_large(limit))
    except FileNotFoundError:
        reason = _("There is no file {filename}.").format(filename=path.name)
        return Submission(student.name, exercise.name, None, "missing", reason)
    except Unreadable as error:
        return Submission(student.name, exercise.name, None, "unreadable", f"{path.name}: {error}")
    notes = (*notes, *odd_characters(source))
    companions, more_notes = _companions(exercise, student.read)
    return Submission(student.name, exercise.name, source, notes=(*notes, *more_notes), companions=companions)


def read_file(path: Path, exercise: Exercise) -> Submission:
    """A student's own file, on their machine, with those beside it that the exercise uses: these and no others."""

    def read(name: str, limit: int) -> Text:
        try:
            return source_of(read_own(path.with_name(name), limit), name, limit)
        except FileNotFoundError:
            raise Missing(_("There is no file {filename}.").format(filename=name)) from None
        except Unreadable as error:
            raise Unreadable(f"{name}: {error}") from None

    try:
        source, notes = read(path.name, exercise.limits.source_kb * 1024)
    except Missing as error:
        return Submission("", exercise.name, None, "missing", str(error))
    except Unreadable as error:
        return Submission("", exercise.name, None, "unreadable", str(error))
    companions, more_notes = _companions(exercise, read)
    return Submission("", exercise.name, source, notes=(*notes, *more_notes), companions=companions)
