"""What a student handed in for one exercise, as the rest of the grader sees it. How it is read: grader/intake."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

from .course import Exercise
from .errors import UserError
from .i18n import _
from .intake.collect import student_in
from .intake.disk import DiskFolder
from .intake.student import Missing, Student, source_of
from .intake.tree import Unreadable


@dataclass(frozen=True)
class Submission:
    """One student's source of one exercise; without a source, `problem` is the verdict and `reason` the sentence.

    notes: what was recovered or odd in the file.
    """

    student: str
    exercise: str
    source: str | None
    problem: str = ""
    reason: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def sha256(self) -> str:
        text = self.source if self.source is not None else f"{self.problem}: {self.reason}"
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def submission_of(student: Student, exercise: Exercise) -> Submission:
    """A student's submission of an exercise. Never raises for what a student handed in."""
    try:
        source, notes = student.read(exercise.filename, exercise.limits.source_kb * 1024)
    except Missing as error:
        return Submission(student.name, exercise.name, None, "missing", str(error))
    except Unreadable as error:
        return Submission(student.name, exercise.name, None, "unreadable", str(error))
    return Submission(student.name, exercise.name, source, notes=notes)


def read_submission(folder: Path, name: str, exercise: Exercise) -> Submission:
    """The submission of the student whose work lies in FOLDER/NAME."""
    student = student_in(folder, name)
    try:
        return submission_of(student, exercise)
    finally:
        student.close()


def read_file(path: Path, exercise: Exercise) -> Submission:
    """A student's own file, on their machine: this one and no other."""
    limit = exercise.limits.source_kb * 1024
    try:
        data = DiskFolder(path.parent).file(path.name).read(limit)
        source, notes = source_of(data, exercise.filename, limit)
    except FileNotFoundError:
        reason = _("There is no file {filename}.").format(filename=exercise.filename)
        return Submission("", exercise.name, None, "missing", reason)
    except Unreadable as error:
        return Submission("", exercise.name, None, "unreadable", f"{exercise.filename}: {error}")
    return Submission("", exercise.name, source, notes=notes)


def list_students(folder: Path) -> list[str]:
    """The names of the folders right in a folder, as the file system has them, sorted; hidden ones are left out."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError as error:
        raise UserError(
            f"{folder} cannot be read: {error.strerror}. Give the folder that holds STUDENT/EXERCISE.py."
        ) from None
    students = [name for name in entries if not name.startswith(".") and (folder / name).is_dir()]
    if not students:
        raise UserError(f"{folder} holds no student's folder. Lay it out as {folder}/STUDENT/EXERCISE.py.")
    return students
