"""From what lies on disk to source text: trusted code that reads untrusted files.

Nothing is followed, nothing blocks and nothing large is read: only a regular file that lies right in the student's folder.
"""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from .course import Exercise
from .errors import UserError
from .i18n import _


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


class _Unreadable(Exception):
    """The file cannot be used; the text says why."""


def list_students(folder: Path) -> list[str]:
    """The names of the folders right in a folder of submissions, sorted; hidden ones are left out."""
    try:
        entries = sorted(os.listdir(folder))
    except NotADirectoryError:
        raise UserError(
            f"{folder} is a file; give the folder that holds one folder a student (STUDENT/EXERCISE.py)."
        ) from None
    except FileNotFoundError:
        raise UserError(f"There is no folder {folder}. Give the folder that holds STUDENT/EXERCISE.py.") from None
    except PermissionError:
        raise UserError(f"The folder {folder} may not be read; change its permissions.") from None
    students = [name for name in entries if not name.startswith(".") and (folder / name).is_dir()]
    if not students:
        raise UserError(f"{folder} holds no student's folder. Lay it out as {folder}/STUDENT/EXERCISE.py.")
    return students


def read_submission(folder: Path, name: str, exercise: Exercise) -> Submission:
    """Read NAME/EXERCISE.py. Never raises for what a student handed in."""
    student = os.fsencode(name).decode("utf-8", "backslashreplace")  # a folder's name may be any bytes
    try:
        data = _read_regular_file(folder / name, exercise.filename, exercise.limits.source_kb * 1024)
        source, notes = _decode(data)
    except FileNotFoundError:
        reason = _("There is no file {filename}.").format(filename=exercise.filename)
        return Submission(student, exercise.name, None, "missing", reason)
    except _Unreadable as error:
        return Submission(student, exercise.name, None, "unreadable", f"{exercise.filename}: {error}")
    except OSError as error:
        reason = f"{exercise.filename}: {os.strerror(error.errno or 0)}"
        return Submission(student, exercise.name, None, "unreadable", reason)
    companions, companion_notes = _read_companions(folder / name, exercise)
    return Submission(student, exercise.name, source, notes=notes + companion_notes, companions=companions)


def _read_companions(folder: Path, exercise: Exercise) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The other files of the student's that the exercise uses, and notes on those. One that is not there is left out."""
    found: list[tuple[str, str]] = []
    notes: list[str] = []
    for name in exercise.uses:
        try:
            source, odd = _decode(_read_regular_file(folder, f"{name}.py", exercise.limits.source_kb * 1024))
        except FileNotFoundError:
            continue
        except (_Unreadable, OSError) as error:
            notes.append(f"{name}.py: {error}")
            continue
        found.append((name, source))
        notes += [f"{name}.py: {note}" for note in odd]
    return tuple(found), tuple(notes)


def _read_regular_file(folder: Path, name: str, limit: int) -> bytes:
    """The file's bytes, opened so that no symlink is followed and no FIFO or device is waited for."""
    try:
        folder_descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise _Unreadable(_("the student's folder is a symbolic link, which is not followed")) from None
        raise
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=folder_descriptor)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _Unreadable(_("it is a symbolic link, which is not followed; hand in the file itself")) from None
        raise
    finally:
        os.close(folder_descriptor)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise _Unreadable(_("it is a folder; hand in a file"))
        if not stat.S_ISREG(status.st_mode):
            raise _Unreadable(_("it is not a regular file"))
        if status.st_size > limit:
            raise _Unreadable(_("it is larger than {limit} kB").format(limit=limit // 1024))
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit + 1)[:limit]
    finally:
        os.close(descriptor)


def _decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """Source text, and notes on what was recovered."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _clean(_strict(data, "utf-16")), (_("read as UTF-16; save it as UTF-8"),)
    if b"\0" in data:
        raise _Unreadable(_("it holds NUL bytes: it is not a Python source file"))
    try:
        return _clean(data.decode("utf-8-sig")), ()
    except UnicodeDecodeError:
        return _clean(_strict(data, "cp949")), (_("read as CP949 (EUC-KR); save it as UTF-8"),)


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise _Unreadable(
            _("its text is neither UTF-8 nor another encoding that can be told for certain; save it as UTF-8")
        ) from None


def _clean(text: str) -> str:
    if "\0" in text:
        raise _Unreadable(_("it holds NUL bytes: it is not a Python source file"))
    return text.replace("\r\n", "\n").replace("\r", "\n")
