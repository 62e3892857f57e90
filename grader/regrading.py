"""The instructor's commands that change grades after a batch: regrade, adjust; and history, which shows what changed."""

import getpass
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from .course import Course, find_course
from .errors import UserError
from .i18n import _
from .instructor import grade_plan, say_faults, stored
from .intake.names import key
from .planning import plan
from .record import Settings
from .regrade import compare
from .reports.differences import print_comparison, write_differences_csv, write_differences_json
from .reports.history import print_history
from .reports.standing import adjustment_line, lost_lines
from .sandbox.launch import check_available
from .secret import instructor_secret
from .speed.device import UNTIMED, Device
from .standing.adjustments import read_adjustments, validate
from .standing.final import standings
from .store import Store
from .text import plain


def regrade(
    console: Console,
    submissions: Path,
    db: str,
    only: list[str],
    jobs: int,
    seed: str | None,
    sandbox: str,
    confirm: Callable[[], bool],
    json: Path | None = None,
    csv: Path | None = None,
    layout: str | None = None,
    roster: Path | None = None,
    device: Device = UNTIMED,
    course: Course | None = None,
) -> bool:
    """Grade what a change touches beside the grades that count, show the difference, and make it live if that is confirmed.

    seed: None for that of the grades that count. confirm: asked once, when there is something to make live.
    Returns whether anything needs review.
    """
    course = course or find_course()
    exercises = course.select(only)
    check_available(sandbox)
    with stored(db) as store:
        chosen = _seed_that_counts(store, db) if seed is None else seed
        settings = Settings(seed=chosen, secret=instructor_secret(course.root), sandbox=sandbox, device=device)
        with plan(course, exercises, submissions, settings, layout, roster, is_live=False) as work:
            faults = grade_plan(console, work, store, jobs)
            comparison = compare(work, store)
        if json is not None:
            write_differences_json(comparison, json)
        if csv is not None:
            write_differences_csv(comparison, csv)
        print_comparison(console, comparison)
        say_faults(console, faults)
        if not comparison.waiting:
            if not comparison.withheld:
                console.print(_("Nothing to make live: the grades that count are those of this grader and course."))
        elif confirm():
            store.make_live(comparison.waiting)
            console.print(
                _("{count} new grades count from now on; the older ones stay in the store.").format(
                    count=len(comparison.waiting)
                )
            )
            _say_lost(console, store, course, roster)
        else:
            console.print(
                _("Nothing was changed: {count} new grades wait in the store. To make them live: --yes.").format(
                    count=len(comparison.waiting)
                )
            )
    return bool(comparison.withheld) or any(one.after.needs_review for one in comparison.differences)


def history(
    console: Console,
    student: str,
    exercise: str | None,
    db: str,
    roster: Path | None = None,
    course: Course | None = None,
) -> None:
    """All grades that a student ever had. Raises UserError where there are none."""
    course = course or find_course()
    with stored(db) as store:
        names = [one.name for one in course.select([exercise] if exercise else None)]
        past = [one for one in store.history(student) if one.record["exercise"] in names]
        if not past:
            known = {grade.student for grade in store.counted()}
            near = [name for name in known if key(name) == key(student) or key(student) in key(name)][:5]
            hint = f" Perhaps {', '.join(sorted(near))}?" if near else ""
            raise UserError(
                f"The store {db} holds no grade of {', '.join([student, *filter(None, [exercise])])}.{hint}"
            )
        words = store.all_adjustments([student])
        now = {one.exercise: one for one in standings(store, course, [student], names, roster)}
    for name in names:
        own = [one for one in past if one.record["exercise"] == name]
        if own:
            said = [word for word in words if word.exercise == name]
            print_history(console, name, own, said, now.get(name), course.policy.zone)


def adjust(console: Console, path: Path | None, db: str, author: str | None, course: Course | None = None) -> None:
    """Take over a file of adjustments, all or nothing; without a file, show those that count."""
    course = course or find_course()
    with stored(db) as store:
        if path is None:
            found = store.adjustments()
            if not found:
                console.print(_("Nothing is adjusted."))
        else:
            wanted = read_adjustments(path)
            validate(wanted, store, course, path)
            found = store.adjust(wanted, author or _user())
            text = _("{new} adjustments are new, {known} were there already.")
            console.print(text.format(new=len(found), known=len(wanted) - len(found)))
    for one in found:
        line = f"{one.student}, {one.exercise}: {adjustment_line(one)}"
        console.print(plain(line), markup=False, soft_wrap=True)


def _seed_that_counts(store: Store, db: str) -> str:
    """Of most of the grades that count: a regrade shall not change the hidden inputs unless that is asked for."""
    seeds = Counter(grade.seed for grade in store.counted())
    if not seeds:
        raise UserError(f"The store {db} holds no grades yet. Grade the class first: grader batch.")
    return seeds.most_common(1)[0][0]


def _say_lost(console: Console, store: Store, course: Course, roster: Path | None) -> None:
    """Adjustments on checks that the grades no longer have."""
    for standing in standings(store, course, roster=roster):
        for line in lost_lines(standing):
            console.print(line, style="magenta", markup=False, soft_wrap=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "instructor"
