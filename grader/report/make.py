"""The command `grader report`: read the store, look for clusters if asked to, write the pages."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
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
from ..store import Store
from ..submission import Submission
from ..text import plain
from .final import final_of
from .findings import Findings
from .gather import BOUNDS, Bounds, gather, names_of
from .pages import Class, write_pages
from .tables import tables_in
from .tally import Record

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
    bounds: Bounds = BOUNDS,
) -> None:
    """Write the report of what is stored into a folder, which it replaces if it is an older report. Raises UserError."""
    course = course or find_course()
    _check_folder(folder)
    known = read_roster(roster) if roster is not None else None
    with draft_of(folder) as draft:
        with _stored(db) as store:
            with _as_the_report(folder):
                shown = _class(course, store, only, known, db, draft, clusters, bounds)
            exercises = [found.exercise.name for found in shown.findings]
            shown = replace(shown, final=final_of(store, course, exercises, roster, shown.limit))
            if clusters:
                with console.status("…"):
                    mentions = _add_clusters(shown, store, submissions, layout, roster, sandbox)
                shown = replace(shown, mentions=mentions, with_clusters=True)
            if similarity:
                with console.status("…"):
                    shown = replace(shown, similar=_similar(shown, store, submissions, layout, roster))
        for mention in shown.mentions:
            console.print(plain(mention), style="yellow", markup=False, soft_wrap=True)
        with _as_the_report(folder):
            write_pages(shown, draft, languages)
    console.print(
        _("The report on {count} students: {path}").format(count=shown.count, path=folder / "index.html"),
        markup=False,
        soft_wrap=True,
    )


def _class(
    course: Course,
    store: Store,
    only: list[str],
    roster: Roster | None,
    db: str,
    draft: Path,
    with_unnamed: bool,
    bounds: Bounds,
) -> Class:
    """All that is shown; of a class too large for a page the rest is written into the draft, as tables."""
    exercises = course.select(only)
    names = [exercise.name for exercise in exercises]

    @cache
    def record_of(key: str) -> Record:
        return store.by_key([key])[key]

    graded = store.count_students(names)
    if not graded:
        raise UserError(f"The store {db} holds nothing of {', '.join(names) if only else 'this course'}.")
    is_whole = max(graded, len(roster.students) if roster is not None else 0) <= bounds.whole
    with nullcontext() if is_whole else tables_in(draft, names, names_of(roster)) as tables:
        grades = store.outcomes(exercises=names)
        limit = None if is_whole else bounds.some
        return gather(course, exercises, grades, record_of, roster, limit, tables, with_unnamed)


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


def _similar(shown: Class, store: Store, submissions: Path, layout: str | None, roster: Path | None) -> "list[Ranking]":
    """Compare all files of each exercise, with the points that are final beside the names."""
    from ..intake.collect import collect
    from ..similarity.ranking import rankings

    exercises = [found.exercise for found in shown.findings]
    live = store.counted(exercises=[exercise.name for exercise in exercises])
    points = {(grade.student, grade.exercise): grade.points for grade in live if not grade.needs_review}
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


@contextmanager
def draft_of(folder: Path) -> Iterator[Path]:
    """A new folder, which takes the report's place at the end: an older report stays until the new one is whole."""
    folder = folder.resolve()
    with _as_the_report(folder):
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        new, old = beside / "new", beside / "old"
        with _as_the_report(folder):
            new.mkdir()
        yield new
        with _as_the_report(folder):
            (new / MARKER).touch()
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _as_the_report(folder: Path) -> Iterator[None]:
    """What cannot be written in here is the report."""
    try:
        yield
    except OSError as error:
        raise not_written("The report", folder, error) from None
