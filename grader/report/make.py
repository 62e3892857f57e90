"""The command `grader report`: read the store, look for clusters if asked to, write the pages."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ..course import Course, find_course
from ..errors import UserError
from ..files import check_writable, not_written
from ..i18n import _
from ..intake.roster import Roster, read_roster
from ..sandbox.launch import ForkServer
from ..secret import instructor_secret
from ..standing.final import Standing, standings
from ..store import Store
from ..submission import Submission
from ..text import plain
from .findings import Findings, findings_of
from .pages import Class, write_pages

if TYPE_CHECKING:
    from ..similarity.ranking import Ranking

MARKER = ".dot2vit-report"
MOST_ALIKE = 10  # pairs of an exercise that are shown


def make_report(
    console: Console,
    folder: Path,
    db: str,
    only: list[str],
    roster: Path | None,
    languages: Sequence[str],
    clusters: bool = False,
    similarity: bool = False,
    submissions: Path = Path("submissions"),
    layout: str | None = None,
    sandbox: str = "bwrap",
    course: Course | None = None,
) -> None:
    """Write the report of what is stored into a folder, which it replaces if it is an older report. Raises UserError."""
    course = course or find_course()
    _check_folder(folder)
    known = read_roster(roster) if roster is not None else None
    with _stored(db) as store:
        shown = _class(course, store, only, known, db)
        shown = replace(shown, standings=_standings(shown, store, roster))
        if clusters:
            with console.status("…"):
                mentions = _add_clusters(shown, store, submissions, layout, roster, sandbox)
            shown = replace(shown, mentions=mentions, with_clusters=True)
        if similarity:
            with console.status("…"):
                shown = replace(shown, similar=_similar(shown, submissions, layout, roster))
    for mention in shown.mentions:
        console.print(plain(mention), style="yellow", markup=False, soft_wrap=True)
    _write(shown, folder, languages)
    console.print(
        _("The report on {count} students: {path}").format(count=len(shown.students), path=folder / "index.html"),
        markup=False,
        soft_wrap=True,
    )


def _class(course: Course, store: Store, only: list[str], roster: Roster | None, db: str) -> Class:
    """Findings of each exercise that somebody was graded on; one exercise's records are in memory at a time."""
    names = [exercise.name for exercise in course.select(only)]
    found = [
        findings_of(exercise, records)
        for exercise in course.select(only)
        if (records := store.records(exercises=[exercise.name]))
    ]
    if not found:
        raise UserError(f"The store {db} holds nothing of {', '.join(names) if only else 'this course'}.")
    graded = {row.student for findings in found for row in findings.rows}
    listed = roster.students if roster is not None else ()
    people = roster.people if roster is not None else {}
    students = [*listed, *sorted(graded.difference(listed))]
    return Class(course, students, {student: person.name for student, person in people.items()}, found)


def _standings(shown: Class, store: Store, roster: Path | None) -> list[Standing]:
    exercises = [found.exercise.name for found in shown.findings]
    return list(standings(store, shown.course, exercises=exercises, roster=roster))


def _add_clusters(
    shown: Class, store: Store, submissions: Path, layout: str | None, roster: Path | None, sandbox: str
) -> list[str]:
    """Group the unnamed mistakes of each exercise. Returns sentences on those whose file is not there any more."""
    from .clusters import find_clusters  # torch: the other parts of the report need none

    mentions = []
    secret = instructor_secret(shown.course.root)
    with ForkServer(sandbox) as server:
        for found in shown.findings:
            wanted = {student for student, _check in found.unnamed}
            handed_in = list(_handed_in(found, wanted, submissions, layout, roster)) if wanted else []
            graded = {
                record["student"]: record["source_sha256"]
                for record in store.each_record(wanted, [found.exercise.name])
            }
            same = [one for one in handed_in if one.sha256 == graded.get(one.student)]
            found.clusters = find_clusters(shown.course, found.exercise, same, found.unnamed, server, secret)
            missing = sorted(wanted - {one.student for one in same})
            if missing:
                mentions.append(
                    _(
                        "{exercise}: left out of the clusters, as the file is not the one that was graded: {students}"
                    ).format(
                        exercise=found.exercise.name, students=", ".join(missing[:20]) + (" …" if missing[20:] else "")
                    )
                )
    return mentions


def _similar(shown: Class, submissions: Path, layout: str | None, roster: Path | None) -> "list[Ranking]":
    """Compare all files of each exercise, with the points that are final beside the names."""
    from ..intake.collect import collect
    from ..similarity.ranking import rankings

    exercises = [found.exercise for found in shown.findings]
    points = {
        (row.student, found.exercise.name): row.points
        for found in shown.findings
        for row in found.rows
        if not row.is_open
    }
    with collect(submissions, layout, roster) as collected:
        return list(rankings(exercises, collected, MOST_ALIKE, points))


def _handed_in(
    found: Findings, students: set[str], submissions: Path, layout: str | None, roster: Path | None
) -> Iterator[Submission]:
    from ..intake.collect import collect
    from ..submission import submission_of

    with collect(submissions, layout, roster) as collected:
        for student in collected.students:
            if student.name in students:
                yield submission_of(student, found.exercise)
                student.close()


def _stored(db: str) -> Store:
    if "://" not in db and not Path(db).exists():
        raise UserError(f"There is no store {db}. Grade a class first (grader batch), or name it with --db.")
    return Store(db)


def _check_folder(folder: Path) -> None:
    """Only an older report is replaced."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; name a folder for the report.")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise UserError(f"The folder {folder} is not empty and no report of ours; name another one.")
    check_writable("The report", folder.resolve().parent)


def _write(shown: Class, folder: Path, languages: Sequence[str]) -> None:
    """Beside its place first, then into it: an older report stays until the new one is whole."""
    folder = folder.resolve()
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as beside:
            new, old = Path(beside) / "new", Path(beside) / "old"
            new.mkdir()
            write_pages(shown, new, languages)
            (new / MARKER).touch()
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    except OSError as error:
        raise not_written("The report", folder, error) from None
