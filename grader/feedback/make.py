"""The command `grader feedback`: two files a student, of which none is written before the leak gate has let all through."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import i18n
from ..course import Course, Exercise, find_course
from ..errors import UserError
from ..files import check_writable, not_written
from ..i18n import _
from ..intake.collect import collect
from ..intake.roster import read_roster
from ..intake.student import Student
from ..leaks import Search, needles_of
from ..reports.records import folders_of
from ..standing.final import Standing, standings
from ..store import Store
from ..submission import Submission, submission_of
from ..text import plain
from .facts import Page, part_of
from .pages import html_page, markdown_page
from .remarks import remarks_of, without_quotes

FILES = {"feedback.html": html_page, "feedback.md": markdown_page}
Counting = tuple[dict[str, Any], Standing]  # a record that counts, and what becomes of its points


def make_feedback(
    console: Console,
    folder: Path,
    db: str,
    students: Sequence[str] = (),
    only: Sequence[str] = (),
    submissions: Path | None = None,
    layout: str | None = None,
    roster: Path | None = None,
    lang: str | None = None,
    course: Course | None = None,
) -> None:
    """Write FOLDER/STUDENT/feedback.html and feedback.md. Nothing is written where a page would give away what is hidden.

    lang: of what is added to the records' own sentences; without it, the records'.
    roster: the class list, of names and of extensions. Raises UserError.
    """
    course = course or find_course()
    exercises = [exercise.name for exercise in course.select(list(only))]
    check_writable("The feedback", folder)
    known = read_roster(roster) if roster is not None else None
    people = {student: person.name for student, person in known.people.items()} if known is not None else {}
    collected = collect(submissions, layout, roster) if submissions is not None else None
    try:
        with _stored(db) as store, tempfile.TemporaryDirectory(prefix=".feedback.", dir=folder) as beside:
            named = sorted({grade.student for grade in store.counted(students or None, exercises)})
            _check_names(named, students, db)
            folders = folders_of(grade.student for grade in store.counted())
            handed_in = {one.name: one for one in collected.students} if collected is not None else None
            needles = needles_of(course)
            search = Search(needles)
            for student, counting in _by_student(store, course, students, exercises, roster):
                with i18n.speaking(lang or counting[0][0]["language"]):
                    page, own = _page(course, student, people.get(student, ""), counting, handed_in, needles)
                    draft = Path(beside) / folders[student]
                    draft.mkdir()
                    for name, make in FILES.items():
                        (draft / name).write_text(make(page), encoding="utf-8", errors="backslashreplace")
                _gate(draft, student, [record for record, _standing in counting], own, search)
            for student in named:
                (folder / folders[student]).mkdir(exist_ok=True)
                for name in FILES:
                    os.replace(Path(beside) / folders[student] / name, folder / folders[student] / name)
    except OSError as error:
        raise not_written("The feedback", folder, error) from None
    finally:
        if collected is not None:
            collected.close()
    for mention in collected.mentions if collected is not None else ():
        console.print(plain(mention), style="yellow", markup=False, soft_wrap=True)
    console.print(
        _("Feedback for {count} students: {folder}").format(count=len(named), folder=folder),
        markup=False,
        soft_wrap=True,
    )


def _by_student(
    store: Store, course: Course, students: Sequence[str], exercises: Sequence[str], roster: Path | None
) -> Iterator[tuple[str, list[Counting]]]:
    """What counts of each student, in the course's order. Which exercise is dropped depends on all of them."""
    place = {name: number for number, name in enumerate(exercises)}
    found = standings(store, course, students or None, roster=roster)
    for student, group in groupby(found, key=lambda standing: standing.student):
        chosen = sorted((one for one in group if one.exercise in place), key=lambda one: place[one.exercise])
        if chosen:
            records = store.by_key(one.grade.key for one in chosen)
            yield student, [(records[one.grade.key], one) for one in chosen]


def _page(
    course: Course,
    student: str,
    name: str,
    counting: Sequence[Counting],
    handed_in: Mapping[str, Student] | None,
    needles: Mapping[str, str],
) -> tuple[Page, list[str]]:
    """The page, and the sources of the student's own that it shows or quotes."""
    parts = []
    own: list[str] = []
    for record, standing in counting:
        exercise = course.exercise(record["exercise"])
        submission, why = _graded(exercise, record, handed_in) if handed_in is not None else (None, "")
        source = submission.source if submission is not None else None
        remarks = None
        if submission is None or source is None:
            record = without_quotes(record, needles)
        else:
            own += [source, *(text for _name, text in submission.companions)]
            remarks = remarks_of(record, source)
        parts.append(part_of(record, exercise.title, source, why, remarks, standing))
    return Page(student, name, course.title, parts), own


def _graded(
    exercise: Exercise, record: dict[str, Any], handed_in: Mapping[str, Student]
) -> tuple[Submission | None, str]:
    """What this record is of; where it is not there any more, why."""
    student = handed_in.get(record["student"])
    if student is None:
        return None, _("Your file was not at hand when this page was made.")
    with i18n.speaking(record["language"]):  # the hash of what cannot be read is that of a sentence
        found = submission_of(student, exercise)
    student.close()
    if found.sha256 != record["source_sha256"]:
        return None, _("Your file has changed since it was graded, so it is not shown here.")
    return found, ""


def _gate(draft: Path, student: str, records: Sequence[dict[str, Any]], own: Sequence[str], search: Search) -> None:
    """Raises UserError where a page holds a line of what is hidden; what the student's own file holds is no secret to them."""
    written = "\n".join(own)
    leaks = [leak for leak in search.leaks([draft]) if not leak.origin or leak.text not in written]
    if leaks:
        leak = leaks[0]
        place = next((f"{record['exercise']}, {path}" for record in records for path in _where(record, leak.text)), "")
        raise UserError(
            f"The feedback for {plain(student)} would hold a line of {leak.origin or leak.text} "
            f"({place or Path(leak.place).name}). No page was written. See how it got into the record "
            f"(grader reproduce), or leave this student out (--student names the others)."
        )


def _where(value: Any, text: str, path: str = "") -> Iterator[str]:
    """The fields of a record that hold a text."""
    if isinstance(value, str) and text in value:
        yield path
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _where(item, text, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _where(item, text, f"{path}[{number}]")


def _check_names(named: Sequence[str], wanted: Sequence[str], db: str) -> None:
    absent = sorted(set(wanted).difference(named))
    if absent:
        raise UserError(
            f"The store {db} holds nothing of {', '.join(absent)[:300]}; grader results shows whom it holds."
        )
    if not named:
        raise UserError(f"The store {db} holds no grades of these exercises. Grade a class first (grader batch).")


def _stored(db: str) -> Store:
    if "://" not in db and not Path(db).exists():
        raise UserError(f"There is no store {db}. Grade a class first (grader batch), or name it with --db.")
    return Store(db)
