"""What a push is about to bring into an nbgrader course: read from store, roster, course folder and files, and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
from ..store import Store
from ..submission import submission_of
from .cells import Cell, cells_of, released
from .course import source_files
from .folder import CourseFolder
from .notebooks import SUMMARY, grade_id_of
from .people import Member, members_of
from .sheets import is_taken

MAX_NAMED = 10


@dataclass
class Assignment:
    """An exercise as the course folder has it, and those records of it that can be brought there.

    new_files: what source/NAME is to get, by path, where it is not there. handed_out: the notebook without its solutions.
    """

    name: str
    new_files: dict[Path, str]
    handed_out: nbformat.NotebookNode
    cells: list[Cell]
    records: dict[str, Mapping[str, Any]]


@dataclass
class Plan:
    """What a push is about to write. left_out: sentences on what it will not; mentions: on what else is to be known."""

    folder: CourseFolder
    members: dict[str, Member]
    assignments: list[Assignment]
    times: Mapping[tuple[str, str], datetime]
    sources: Mapping[tuple[str, str], str]
    left_out: list[str] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(len(assignment.records) for assignment in self.assignments)


def plan(
    exercises: Sequence[Exercise],
    folder: CourseFolder,
    store: Store,
    roster: Roster | None,
    sources: Mapping[tuple[str, str], str],
) -> Plan:
    """Read the store and the course folder. Raises UserError where nothing can be brought there.

    sources: by student and exercise, the file that was graded.
    """
    names = {exercise.name for exercise in exercises}
    records = [record for record in store.records() if record["exercise"] in names]
    if not records:
        raise UserError(
            _("{store} holds no grade of these exercises; grade the class first: grader batch.").format(store=store.url)
        )
    students = {record["student"] for record in records}
    if roster is not None and not students.intersection(roster.students):
        raise UserError(
            _(
                "None of the {count} students in the store is on the roster (they are called {students}; the roster has "
                "{others}). Give the roster that the class was graded with."
            ).format(count=len(students), students=_listed(students), others=_listed(roster.students))
        )
    members, refused = members_of(students, roster)
    work = Plan(folder, members, [], store.times(), sources)
    if refused:
        work.left_out.append(
            _("Left out, as nbgrader finds no folder of such a name (brackets, or too long): {students}.").format(
                students=_listed(refused)
            )
        )
    if roster is not None and (unknown := students.difference(roster.students)):
        work.mentions.append(_("Not on the roster: {students}.").format(students=_listed(unknown)))
    for exercise in exercises:
        theirs = {record["student"]: record for record in records if record["exercise"] == exercise.name}
        if theirs:
            work.assignments.append(_assignment(work, exercise, theirs))
    return work


def _assignment(work: Plan, exercise: Exercise, records: Mapping[str, Mapping[str, Any]]) -> Assignment:
    """The exercise's notebook, as it lies in source/ or as it would be made, and the records that fit it."""
    path = work.folder.source(exercise.name)
    try:
        new_files = (
            {} if path.exists() else {path.with_name(name): text for name, text in source_files(exercise).items()}
        )
        source = nbformat.reads(new_files[path] if new_files else path.read_text(encoding="utf-8"), as_version=4)
        handed_out = released(source, work.folder.config)
        cells = cells_of(handed_out)
    except Exception as error:  # on damage nbformat and nbgrader raise whatever they stumble over
        raise UserError(
            _("{file} cannot be used as a source notebook ({reason}): mend it or move it away, and push again.").format(
                file=path, reason=f"{type(error).__name__}: {error}"
            )
        ) from None
    tasks = {cell.name for cell in cells if "TaskCell" in cell.kinds}
    fitting, strange, taken, absent = {}, [], [], []
    for student, record in records.items():
        if student not in work.members:
            continue
        if not was_handed_in(record):
            absent.append(student)
        elif not {grade_id_of(check["name"]) for check in record["checks"]} <= {*tasks, SUMMARY}:
            strange.append(student)
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
    if taken:
        work.left_out.append(
            _(
                "{exercise}: left out, as they handed in a notebook through nbgrader as well, which `nbgrader autograde` "
                "grades: {students}."
            ).format(exercise=exercise.name, students=_listed(taken))
        )
    if absent:
        work.mentions.append(
            _("{exercise}: nothing was handed in by {students}.").format(
                exercise=exercise.name, students=_listed(absent)
            )
        )
    return Assignment(exercise.name, new_files, handed_out, cells, fitting)


def was_handed_in(record: Mapping[str, Any]) -> bool:
    """Whether there was a file at all. Where there was none, the record's hash is of the verdict and its reason."""
    check = record["checks"][0] if record["checks"] else None
    if check is None or check["verdict"] != "missing":
        return True
    return bool(
        record["source_sha256"] != sha256(f"missing: {check['message']}".encode("utf-8", "surrogatepass")).hexdigest()
    )


def sources_of(
    exercises: Sequence[Exercise], submissions: Path, layout: str | None, roster: Path | None, store: Store
) -> dict[tuple[str, str], str]:
    """By student and exercise, the source that was graded; not one that has changed since, by its hash."""
    graded = {(record["student"], record["exercise"]): record["source_sha256"] for record in store.records()}
    sources = {}
    with collect(submissions, layout, roster) as collected:
        for student in collected.students:
            for exercise in exercises:
                key = (student.name, exercise.name)
                submission = submission_of(student, exercise) if key in graded else None
                if submission and submission.source is not None and submission.sha256 == graded[key]:
                    sources[key] = submission.source
            student.close()
    return sources


def _listed(names: Sequence[str] | set[str] | tuple[str, ...]) -> str:
    listed = [shown(name, 60) for name in sorted(names)]
    return ", ".join(listed[:MAX_NAMED]) + (", …" if len(listed) > MAX_NAMED else "")
