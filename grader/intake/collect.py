"""All the work of a class: a folder or a zip in, students out, and what the instructor should know of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ..errors import UserError
from ..i18n import _
from .archive import CLASS_DIRECTORY, open_zip
from .disk import DiskFolder, reason
from .gradescope import METADATA
from .layouts import Work, detect
from .names import shown, student_name, text_of
from .roster import Person, Roster, read_roster
from .student import Part, Student
from .tree import Folder, Node, Unreadable

MAX_NAMED = 20


@dataclass
class Collected:
    """The students in the order of their names. `mentions`: sentences for the instructor. Close it when all is read."""

    students: list[Student]
    mentions: list[str]
    _file: BinaryIO | None = field(default=None, repr=False)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def __enter__(self) -> "Collected":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def collect(path: Path, layout: str | None = None, roster: Path | None = None) -> Collected:
    """Find every student's work in a folder or a zip, without reading it. Raises UserError."""
    known = read_roster(roster) if roster is not None else None
    root, file = _open(path)
    try:
        chosen, nodes = detect(root, layout, unwrap=file is not None)
        work = chosen.work(nodes)
        students, mentions = _students(work, known)
        left = _left_over(nodes, work)
    except BaseException:
        if file is not None:
            file.close()
        raise
    mentions = [_("Layout: {layout}.").format(layout=chosen.about), *left, *mentions]
    return Collected(students, mentions, file)


def _open(path: Path) -> tuple[Folder, BinaryIO | None]:
    try:
        if path.is_dir():
            return DiskFolder(path), None
        if not path.is_file():
            raise UserError(
                f"There is no folder and no zip {path}. Give the folder that holds STUDENT/EXERCISE.py, or a platform's download."
            )
        file = open(path, "rb")  # noqa: SIM115  # Collected closes it
    except OSError as error:
        raise UserError(f"{path} cannot be read: {reason(error)}.") from None
    try:
        return open_zip(file, path.stem, CLASS_DIRECTORY), file
    except Unreadable:
        file.close()
        raise UserError(
            f"{path} is a file, but no zip that can be read. Download it again, or give the folder that holds "
            "STUDENT/EXERCISE.py."
        ) from None


def _students(work: Work, roster: Roster | None) -> tuple[list[Student], list[str]]:
    """Work by student. Without a roster, a layout's own labels name the students."""
    labels = {student_name(person.label) for person, _part in work}
    students: dict[str, Student] = {}
    sources: dict[str, list[str]] = {}
    unknown: dict[str, None] = {}
    for person, part in work:
        name = _known(person, labels, roster)
        if name is None:
            name = student_name(person.label)
            if roster is not None:
                unknown[name] = None
        student = students.setdefault(name, Student(name))
        student.parts.append(part)
        if person.label not in sources.setdefault(name, []):
            sources[name].append(person.label)
    absent = [name for name in (roster.students if roster else ()) if name not in students]
    students |= {name: Student(name) for name in absent}
    mentions = [
        *_about(
            _("Several submissions of one student, of which the last counts: {names}."), _several(students, sources)
        ),
        *_about(_("Names that differ in case only, graded as different students: {names}."), _case_only(students)),
        *_about(_("Not on the roster, graded all the same: {names}."), unknown),
        *_about(_("On the roster, and nothing handed in: {names}."), absent),
    ]
    return [students[name] for name in sorted(students)], mentions


def _known(person: Person, labels: set[str], roster: Roster | None) -> str | None:
    """The student on the roster; none where somebody else's work bears that very name, in other case."""
    found = roster.student_of(person) if roster is not None else None
    label = student_name(person.label)
    taken = found is not None and found != label and found in labels and found.casefold() == label.casefold()
    return None if taken else found


def _several(students: dict[str, Student], sources: dict[str, list[str]]) -> list[str]:
    return [name for name, labels in sources.items() if len(labels) > 1 or _twice(students[name].parts)]


def _twice(parts: list[Part]) -> bool:
    """Whether a platform counts files of one name more than once, or gives several folders."""
    names = [part.name for part in parts]
    return len(set(names)) < len(names)


def _case_only(students: Iterable[str]) -> list[str]:
    groups: dict[str, list[str]] = {}
    for name in students:
        groups.setdefault(name.casefold(), []).append(name)
    return [name for group in groups.values() if len(group) > 1 for name in sorted(group)]


def _left_over(nodes: list[Node], work: Work) -> list[str]:
    """What lies among the submissions and is nobody's."""
    used = {id(part.node) for _person, part in work}
    names = [node.name for node in nodes if id(node) not in used and node.name not in (METADATA, "submitted")]
    return _about(_("Nobody's, and not read: {names}."), names)


def _about(sentence: str, names: Iterable[str]) -> list[str]:
    """The sentence with the names, if there are any."""
    listed = [shown(name, 60) for name in names]
    if not listed:
        return []
    more = ", …" if len(listed) > MAX_NAMED else ""
    return [sentence.format(names=", ".join(listed[:MAX_NAMED]) + more)]


def student_in(folder: Path, name: str) -> Student:
    """The student whose work lies in FOLDER/NAME (a name as os.listdir gives it)."""
    return Student(student_name(text_of(name)), [Part(DiskFolder(folder, (name,)))])
