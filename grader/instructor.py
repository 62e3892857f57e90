"""The instructor's commands: grade a class, show what is stored."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .batch import CHUNK, run
from .capacity import Capacity, capacity
from .course import Course, find_course
from .errors import UserError
from .files import check_writable
from .i18n import _
from .planning import Plan, counted_of, plan, records_of
from .processes import local_executor
from .record import Settings
from .reports.records import write_csv, write_json
from .reports.standing import print_changes, standing_lines
from .reports.terminal import class_table, exercise_table, plain, print_record
from .result import Grade
from .sandbox.launch import check_available
from .secret import instructor_secret
from .speed.device import UNTIMED, Device
from .standing.final import Standing, extensions_of, standings
from .store import Store

if TYPE_CHECKING:
    from .cluster.coordinator import Cluster  # an option of its own: Dask need not be installed

MAX_LINES = 500  # of students in a table, of grades to be reviewed
SPARE_JOBS = 32  # processes that a cluster is given work for, should it have fewer now


def batch(
    console: Console,
    submissions: Path,
    db: str,
    json: Path | None,
    csv: Path | None,
    only: list[str],
    jobs: int,
    seed: str,
    sandbox: str,
    course: Course | None = None,
    layout: str | None = None,
    roster: Path | None = None,
    device: Device = UNTIMED,
    cluster: "Cluster | None" = None,
    timestamps: Path | None = None,
    by_mtime: bool = False,
) -> bool:
    """Grade a folder or a zip of submissions, here or on a cluster; returns whether anything needs review."""
    course = course or find_course()
    exercises = course.select(only)
    if cluster is None:
        check_available(sandbox)
    else:
        cluster.prepare(course, sandbox)
    if json is not None:
        check_writable("The records", json)
    if csv is not None and not csv.exists():
        check_writable("The points", csv.parent)
    extensions_of(course, roster)  # a mistake in it is said before hours of grading
    settings = Settings(seed=seed, secret=instructor_secret(course.root), sandbox=sandbox, device=device)
    how = (layout, roster, True, timestamps, by_mtime)
    with Store(db) as store, plan(course, exercises, submissions, settings, *how) as work:
        faults = grade_plan(console, work, store, jobs, cluster)
        names = [exercise.name for exercise in exercises]
        if json is not None:
            write_json(records_of(work, store), json, work.students)

        def standing() -> Iterator[Standing]:
            return standings(store, course, work.students, names, roster)

        if csv is not None:
            write_csv(standing(), names, csv)
        _print_class(console, standing, len(work.students), names)
        needs_review = _say_review(console, work, store)
        say_faults(console, faults)
        console.print(_("Stored in {url}").format(url=store.url), style="dim", markup=False)
    return needs_review


def grade_plan(
    console: Console, work: Plan, store: Store, jobs: int, cluster: "Cluster | None" = None
) -> "Counter[str]":
    """Say what is about to be graded, and grade what is not; returns what the grader failed on, and how often."""
    faults: Counter[str] = Counter()
    _say_plan(console, work)
    new_executor, room = _engine(console, work, jobs, cluster)
    known = 0
    with _progress(console, work.count) as advance:

        def on_graded(grade: Grade) -> None:
            advance(1)
            faults.update(set(grade.grader_faults))

        def on_known(count: int) -> None:
            nonlocal known
            advance(count)
            known += count

        run(work, store, new_executor, room.jobs, on_graded, on_known, room.chunk)
    if known:
        console.print(_("{count} of them had been graded before.").format(count=known))
    return faults


def reproduce(
    console: Console,
    student: str,
    exercise: str,
    check: str | None,
    submissions: Path,
    db: str,
    layout: str | None = None,
    roster: Path | None = None,
) -> bool:
    """Grade a stored unit again, and show what one check asked. Returns whether the record is the same."""
    import torch  # the other commands leave it to the grading processes

    from .reports.reproduction import print_reproduction, print_seen
    from .reproduce import reproduce as reproduce_unit

    course = find_course()
    torch.set_num_threads(1)  # as in a grading process
    with Store(db) as store, console.status("…"):
        secret = instructor_secret(course.root)
        again = reproduce_unit(course, course.exercise(exercise), student, store, submissions, secret, layout, roster)
    if check is not None:
        chosen = [seen for seen in again.seen if check in (seen.result.name, seen.result.function)]
        if not chosen:
            known = ", ".join(seen.result.name for seen in again.seen)
            raise UserError(f"{exercise} has no check {check}. Choose from: {known}.")
        for seen in chosen:
            print_seen(console, seen, f"{exercise}.py")
    print_reproduction(console, again)
    return again.is_same


def show_results(
    console: Console,
    db: str,
    student: str | None,
    exercise: str | None = None,
    course: Course | None = None,
    roster: Path | None = None,
    csv: Path | None = None,
) -> None:
    """The stored points of the class, also as a CSV file, or one student's feedback, on one exercise or on all."""
    course = course or find_course()
    with stored(db) as store:
        names = [chosen.name for chosen in course.select([exercise] if exercise else None)]
        chosen_students = None if student is None else [student]
        grades = list(standings(store, course, chosen_students, names, roster))
        if csv is not None and grades:
            write_csv(grades, names, csv)
        if student is None:
            if not grades:
                raise UserError(
                    f"The store {db} holds nothing of {exercise}." if exercise else f"The store {db} is empty."
                )
            _print_class(console, lambda: grades, len({grade.student for grade in grades}), names)
            return
        records = store.by_key([grade.grade.key for grade in grades])
    if not records:
        wanted = ", ".join(part for part in (student, exercise) if part)
        raise UserError(f"The store {db} holds nothing of {wanted}.")
    for grade in sorted(grades, key=lambda grade: names.index(grade.exercise)):
        print_record(console, records[grade.grade.key], course.exercise(grade.exercise).title)
        for line in standing_lines(grade, course.policy.zone):
            console.print(f"    {line}", style="cyan", markup=False, soft_wrap=True)
        console.print()


def leaderboard(
    console: Console,
    exercise: str,
    db: str,
    names: bool,
    race: str | None,
    to_json: bool,
    course: Course | None = None,
) -> None:
    """Who was how fast on an exercise, under pseudonyms unless names are asked for; one race, or all of them."""
    from .reports.leaderboard import as_json, boards, measured, print_boards
    from .reports.pseudonym import pseudonyms

    course = course or find_course()
    name = course.exercise(exercise).name
    with stored(db) as store:
        records = store.records_by_device(name)
    if not records:
        raise UserError(f"The store {db} holds nothing of {name}. Grade it first: grader batch.")
    races = {speed["race"]: speed["function"] for record in records for speed in measured(record)}
    if race is not None and races and race not in {*races, *races.values()}:
        raise UserError(f"The store {db} holds no race {race} of {name}. Choose from: {', '.join(sorted(races))}.")
    found = boards(records, pseudonyms(instructor_secret(course.root)))
    found = [board for board in found if race in (None, board.race, board.function)]
    if to_json:
        console.file.write(as_json(name, found, names) + "\n")
    elif found:
        print_boards(console, found, names)
    elif races:
        console.print(_("Nobody has passed this speed check yet."))
    else:
        console.print(_("No speed was measured in this exercise: it has no speed check, or speed was not judged."))


def leaks(console: Console, paths: list[Path], course: Course | None = None) -> bool:
    """Print what these files hold of the course's secrets; returns whether there is anything, or anything unsearched."""
    from .leaks import Leak, find_leaks, needles_of  # heavy, and of no use to a batch

    found = find_leaks(paths, needles_of(course or find_course()))
    by_file: dict[tuple[str, str], list[Leak]] = {}
    for leak in found:
        by_file.setdefault((leak.place, leak.origin.partition(":")[0]), []).append(leak)
    for (place, origin), leaks in by_file.items():
        if not origin:
            text = _("✗ {place}: could not be searched ({reason})").format(place=place, reason=leaks[0].text)
        else:
            text = _("✗ {place}: {count} lines of {origin}, such as: {text}").format(
                place=place, count=len(leaks), origin=leaks[0].origin, text=leaks[0].text
            )
        console.print(plain(text), style="red", markup=False, soft_wrap=True)
    if not found:
        console.print(_("✓ No hidden check, solution or misconception in it."), style="green")
    return bool(found)


def stored(db: str) -> Store:
    """A store that is there already. Raises UserError where there is none."""
    if "://" not in db and not Path(db).exists():
        raise UserError(f"There is no store {db}. Grade a class first (grader batch), or name it with --db.")
    return Store(db)


def _say_plan(console: Console, work: Plan) -> None:
    for mention in work.mentions:
        console.print(plain(mention), markup=False, soft_wrap=True)
    console.print(_("{count} submissions.").format(count=work.count))
    device = work.settings.device
    if device == UNTIMED:
        console.print(_("Speed is not judged."), style="dim")
    else:
        console.print(_("Speed is judged on: {device}.").format(device=device.kind), style="dim", markup=False)
    if work.settings.sandbox == "none":
        console.print(_("Without a sandbox: submissions can read your files and change their own grades."), style="red")


def _engine(
    console: Console, work: Plan, jobs: int, cluster: "Cluster | None"
) -> tuple[Callable[[], Executor], Capacity]:
    """What grades: this machine's processes, or a cluster's."""
    settings = work.settings
    if cluster is not None:
        there = cluster
        console.print(
            _("Grading on {address}: {count} processes.").format(address=there.address, count=there.jobs), markup=False
        )
        # Workers may join: there is always enough for some more.
        return lambda: there.executor(settings.device), Capacity(max(there.jobs, SPARE_JOBS), CHUNK)
    room = _room(console, jobs, work)
    return lambda: local_executor(room.jobs, settings.sandbox), room


def _room(console: Console, jobs: int, work: Plan) -> Capacity:
    """How many processes the memory has room for; says so where it is fewer than were asked for."""
    worker_mb = max(exercise.limits.memory_mb for exercise in work.exercises)
    room = capacity(jobs, CHUNK, worker_mb, is_timed=work.settings.device != UNTIMED)
    if room.jobs < jobs:
        console.print(
            _("The memory of this machine has room for {room} of {jobs} grading processes: so many are used.").format(
                room=room.jobs, jobs=jobs
            ),
            style="yellow",
        )
    return room


def _print_class(
    console: Console, grades: Callable[[], Iterable[Standing]], students: int, exercises: list[str]
) -> None:
    """grades: gives them anew each time, as they may be more than the memory holds."""
    table = class_table if students <= MAX_LINES else exercise_table
    console.print(table(grades(), exercises))
    print_changes(console, grades())


def _say_review(console: Console, work: Plan, store: Store) -> bool:
    """What needs review, and why; returns whether anything does."""
    review = [(grade.student, grade.exercise) for grade in counted_of(work, store) if grade.needs_review]
    for student, exercise in review[:MAX_LINES]:
        _key, record = store.latest(student, exercise)
        reasons = "; ".join(record["review_reasons"] + record["notes"])
        console.print(
            plain(_("Needs review: {student}, {exercise}: {reasons}").format(reasons=reasons, **record)),
            style="magenta",
            markup=False,
        )
    if len(review) > MAX_LINES:
        console.print(_("… and {count} more.").format(count=len(review) - MAX_LINES), style="magenta")
    return bool(review)


def say_faults(console: Console, faults: Counter[str]) -> None:
    """What the grader failed on, in full. Only here: it may quote hidden checks, and records are for students."""
    for text, count in faults.most_common():
        console.print(_("The grader failed here, {count} times:").format(count=count), style="magenta")
        console.print(plain(text), style="dim", markup=False)


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """A bar with the time left; gives what to call with the number of units that are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn(_("left")), TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(_("grading"), total=total)
        yield lambda count: progress.advance(task, count)
