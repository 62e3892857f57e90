"""`grader nbgrader push`: what a class has in the end, in an nbgrader gradebook, with the notebooks that belong to it.

Everything is read and checked first (plan.py), then the gradebook is written in one transaction, then the notebooks, which a
second push would write again.
"""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from pathlib import Path

import nbformat
from rich.console import Console
from sqlalchemy import URL

from ..course import Course, find_course
from ..errors import UserError
from ..files import not_written, replace
from ..i18n import _
from ..instructor import stored
from ..intake.roster import read_roster
from ..standing.final import standings
from ..text import plain
from .cells import kernelspec_of
from .folder import open_course
from .gradebook import ensure_course, gradebook_url, writing
from .plan import Plan, plan, sources_of
from .rows import write_assignment, write_students
from .sheets import Sheet, sheet_files
from .submissions import Submitted, write_submissions


def push(
    console: Console,
    course_folder: Path,
    gradebook: str | None,
    db: str,
    roster: Path | None,
    only: Sequence[str],
    submissions: Path,
    layout: str | None = None,
    course: Course | None = None,
) -> bool:
    """Bring the class's grades into the gradebook. Returns whether all could be brought there."""
    course = course or find_course()
    exercises = course.select(list(only))
    folder = open_course(course_folder)
    url = gradebook_url(gradebook) if gradebook else folder.gradebook
    names = {exercise.name for exercise in exercises}
    with stored(db) as store:
        counting = {
            (one.student, one.exercise): one for one in standings(store, course, exercises=names, roster=roster)
        }
        by_key = store.by_key(one.grade.key for one in counting.values())
    records = [by_key[one.grade.key] for one in counting.values()]
    if not records:
        raise UserError(_("{db} holds no grade of these exercises; grade the class first: grader batch.").format(db=db))
    known = read_roster(roster) if roster is not None else None
    sources = sources_of(exercises, records, submissions, layout, roster) if submissions.exists() else {}
    work = plan(exercises, folder, records, counting, known, sources)
    write(work, url, course.policy.zone)
    _say(console, work, url, submissions)
    return not work.left_out


def write(work: Plan, url: URL, zone: tzinfo | None = None) -> None:
    """The gradebook in one transaction, then the notebooks. zone: of times in comments. Raises UserError and MachineFault."""
    with writing(url) as connection:
        ensure_course(connection, work.folder.course_id)
        write_students(connection, work.members.values())
        for assignment in work.assignments:
            kept = write_assignment(
                connection,
                work.folder.course_id,
                assignment.name,
                assignment.cells,
                kernelspec_of(assignment.handed_out),
            )
            entries = []
            for student, record in assignment.records.items():
                unit = (student, assignment.name)
                entries.append(Submitted(work.members[student].id, work.time(unit), record, work.standings[unit]))
            write_submissions(connection, kept, entries, zone)
    for assignment in work.assignments:
        write_files(assignment.new_files)
        template = nbformat.writes(assignment.handed_out)
        for student, record in assignment.records.items():
            key = (student, assignment.name)
            sheet = Sheet(
                work.members[student].id,
                assignment.name,
                work.time(key),
                work.sources.get(key),
                record["source_sha256"],
                record["output"],
            )
            write_files(sheet_files(work.folder, template, sheet))


def write_files(files: Mapping[Path, str | None]) -> None:
    """Each whole or not at all; None takes a file away. Raises UserError and MachineFault."""
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink(missing_ok=True)
            else:
                replace(path, text)
        except OSError as error:
            raise not_written("The scores are in the gradebook, but a notebook", path, error) from None


def _say(console: Console, work: Plan, url: URL, submissions: Path) -> None:
    for sentence in work.mentions:
        console.print(plain(sentence), markup=False, soft_wrap=True)
    for sentence in work.left_out:
        console.print(plain(sentence), style="magenta", markup=False, soft_wrap=True)
    without = work.count - sum((student, a.name) in work.sources for a in work.assignments for student in a.records)
    if without:
        console.print(
            _(
                "{count} graded files are not in {folder}: formgrader shows the scores without the code, and `nbgrader "
                "autograde` passes these over. To see the code, push again with --submissions."
            ).format(count=without, folder=submissions),
            markup=False,
            soft_wrap=True,
        )
    console.print(
        _("{count} submissions by {students} students are in {url}").format(
            count=work.count, students=len(work.members), url=url.render_as_string(hide_password=True)
        ),
        markup=False,
        soft_wrap=True,
    )
