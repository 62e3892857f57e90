"""What a push is about to bring into an nbgrader course: read from store, roster, course folder and files, and checked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import nbformat

from ..course import Exercise
from ..errors import UserError
from ..i18n import _
from ..intake.collect import collect
from ..intake.names import shown
from ..intake.roster import Roster
from ..standing.final import Standing
from ..submission import submission_of
from .cells import Cell, cells_of, released
from .course import source_files
from .final import on_the_whole
from .folder import CourseFolder
from .notebooks import SUMMARY, grade_id_of
from .people import Member, members_of
from .sheets import is_taken

MAX_NAMED = 10
Record = Mapping[str, Any]  # docs/report-format.md
Unit = tuple[str, str]  # student, exercise


@dataclass
class Assignment:
    """An exercise as the course folder has it, and those records of it that can be brought there.

    new_files: what source/NAME is to get, by path, where it is not there. handed_out: the notebook without its solutions.
    """

    name: str
    new_files: dict[Path, str]
    handed_out: nbformat.NotebookNode
    cells: list[Cell]
    records: dict[str, Record]


@dataclass
class Plan:
    """What a push is about to write. left_out: sentences on what it will not; mentions: on what else is to be known."""

    folder: CourseFolder
    members: dict[str, Member]
    assignments: list[Assignment]
    standings: Mapping[Unit, Standing]
    sources: Mapping[Unit, str]
    left_out: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(len(assignment.records) for assignment in self.assignments)

    def time(self, unit: Unit) -> datetime:
        """When it was handed in, or where nobody knows, graded: in UTC, without a zone and to the second, as nbgrader has it."""
        grade = self.standings[unit].grade
        time = grade.submitted_at or grade.graded_at or datetime.now(UTC)
        return time.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def plan(
    exercises: Sequence[Exercise],
    folder: CourseFolder,
    records: Sequence[Record],
    standings: Mapping[Unit, Standing],
    roster: Roster | None,
    sources: Mapping[Unit, str],
) -> Plan:
    """Which of these records can be brought into the course folder, and how. Raises UserError where none can.

    standings: what each record comes to. sources: the file that was graded, where it is at hand.
    """
    students = {record["student"] for record in records}
    if roster is not None and not students.intersection(roster.students):
        raise UserError(
            _(
                "None of the {count} students in the store is on the roster (they are called {students}; the roster has "
                "{others}). Give the roster that the class was graded with."
            ).format(count=len(students), students=_listed(students), others=_listed(roster.students))
        )
    members, refused = members_of(students, roster)
    work = Plan(folder, members, [], standings, sources)
    if refused:
        work.left_out.append(
            _("Left out, as nbgrader finds no folder of such a name (brackets, or too long): {students}.").format(
                students=_listed(refused)
            )
        )
    if roster is not None and (unknown := students.difference(roster.students)):
        work.mentions.append(_("Not on the roster: {students}.").format(students=_listed(unknown)))
    for exercise in exercises:
        theirs = {
            record["student"]: record
            for record in records
            if record["exercise"] == exercise.name and record["student"] in members
        }
        if theirs:
            work.assignments.append(_assignment(work, exercise, theirs))
    return work


def _assignment(work: Plan, exercise: Exercise, records: Mapping[str, Record]) -> Assignment:
    """The exercise's notebook, and the records that fit it."""
    path = work.folder.source(exercise.name)
    new_files = {} if path.exists() else {path.with_name(name): text for name, text in source_files(exercise).items()}
    handed_out = _handed_out(path, new_files.get(path), work.folder)
    cells = cells_of(handed_out)
    tasks = {cell.name for cell in cells if "TaskCell" in cell.kinds}
    known = {SUMMARY, *tasks}
    fitting: dict[str, Record] = {}
    strange, taken, absent, homeless = [], [], [], []
    for student, record in records.items():
        standing = work.standings[student, exercise.name]
        if not was_handed_in(record) and not standing.points:
            absent.append(student)
        elif any(grade_id_of(check["name"]) not in known for check in record["checks"]):
            strange.append(student)
        elif SUMMARY not in tasks and on_the_whole(record, standing):
            homeless.append(student)
        elif is_taken(work.folder.submitted(work.members[student].id, exercise.name)):
            taken.append(student)
        else:
            fitting[student] = record
    if strange:
        work.left_out.append(
            _(
                "{exercise}: left out, as they were graded with checks that {file} has no cell for, so by another version of "
                "the course; grade them again, or make the notebook anew: {students}."
            ).format(exercise=exercise.name, file=path, students=_listed(strange))
        )
    if homeless:
        work.left_out.append(
            _(
                "{exercise}: left out, as points of the whole exercise are adjusted and {file} has no cell {cell} for that; "
                "make the notebook anew, or adjust single checks: {students}."
            ).format(exercise=exercise.name, file=path, cell=SUMMARY, students=_listed(homeless))
        )
    if taken:
        work.left_out.append(
            _(
                "{exercise}: left out, as they handed in a notebook through nbgrader as well, which `nbgrader autograde` "
                "grades: {students}."
            ).format(exercise=exercise.name, students=_listed(taken))
        )
    if absent:
        nothing = _("{exercise}: nothing was handed in by {students}.")
        work.mentions.append(nothing.format(exercise=exercise.name, students=_listed(absent)))
    return Assignment(exercise.name, new_files, handed_out, cells, fitting)


def _handed_out(path: Path, text: str | None, folder: CourseFolder) -> nbformat.NotebookNode:
    """The source notebook without its solutions, from this text or from the file. Raises UserError."""
    try:
        return released(nbformat.reads(text or path.read_text(encoding="utf-8"), as_version=4), folder.config)
    except Exception as error:  # on damage nbformat and nbgrader raise whatever they stumble over
        raise UserError(
            _("{file} cannot be used as a source notebook ({reason}): mend it or move it away, and push again.").format(
                file=path, reason=f"{type(error).__name__}: {error}"
            )
        ) from None


def was_handed_in(record: Record) -> bool:
    """Whether there was a file at all. Where there was none, the record's hash is of the verdict and its reason."""
    check = record["checks"][0] if record["checks"] else None
    if check is None or check["verdict"] != "missing":
        return True
    return bool(
        record["source_sha256"] != sha256(f"missing: {check['message']}".encode("utf-8", "surrogatepass")).hexdigest()
    )


def sources_of(
    exercises: Sequence[Exercise], records: Sequence[Record], submissions: Path, layout: str | None, roster: Path | None
) -> dict[Unit, str]:
    """The sources that were graded; not one that has changed since, by its hash."""
    graded = {(record["student"], record["exercise"]): record["source_sha256"] for record in records}
    sources = {}
    with collect(submissions, layout, roster) as collected:
        for student in collected.students:
            for exercise in exercises:
                unit = (student.name, exercise.name)
                submission = submission_of(student, exercise) if unit in graded else None
                if submission and submission.source is not None and submission.sha256 == graded[unit]:
                    sources[unit] = submission.source
            student.close()
    return sources


def _listed(names: Iterable[str]) -> str:
    listed = [shown(name, 60) for name in sorted(names)]
    return ", ".join(listed[:MAX_NAMED]) + (", …" if len(listed) > MAX_NAMED else "")
