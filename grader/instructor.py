"""The instructor's commands: grade a class, show what is stored."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from .batch import Plan, local_executor, plan, records_of, run
from .course import Course, find_course
from .errors import UserError
from .files import check_writable
from .i18n import _
from .record import Settings
from .reports.records import write_csv, write_json
from .reports.terminal import class_table, plain, print_record
from .result import Grade
from .sandbox.launch import check_available
from .secret import instructor_secret
from .speed.device import UNTIMED, Device
from .store import Store


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
) -> bool:
    """Grade a folder or a zip of submissions; returns whether anything needs review."""
    course = course or find_course()
    exercises = course.select(only)
    check_available(sandbox)
    if json is not None:
        check_writable("The records", json)
    if csv is not None and not csv.exists():
        check_writable("The points", csv.parent)
    settings = Settings(seed=seed, secret=instructor_secret(course.root), sandbox=sandbox, device=device)
    faults: Counter[str] = Counter()
    with Store(db) as store:
        work = plan(course, exercises, submissions, settings, store, layout, roster)
        _say_plan(console, work)
        if work.pending:
            with _progress(console, len(work.pending)) as advance:

                def on_graded(grade: Grade) -> None:
                    advance(grade)
                    faults.update(set(grade.grader_faults))

                run(work, store, lambda: local_executor(min(jobs, len(work.pending)), sandbox), jobs, on_graded)
        records = records_of(work, store)
        names = [exercise.name for exercise in exercises]
        if json is not None:
            write_json(records, json)
        if csv is not None:
            write_csv(records, names, csv)
        console.print(class_table(records, names))
        review = [record for record in records if record["needs_review"]]
        for record in review:
            reasons = "; ".join(record["review_reasons"] + record["notes"])
            console.print(
                plain(_("Needs review: {student}, {exercise}: {reasons}").format(reasons=reasons, **record)),
                style="magenta",
                markup=False,
            )
        _say_faults(console, faults)
        console.print(_("Stored in {url}").format(url=store.url), style="dim", markup=False)
    return bool(review)


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
    console: Console, db: str, student: str | None, exercise: str | None = None, course: Course | None = None
) -> None:
    """The stored points of the class, or one student's feedback, on one exercise or on all."""
    course = course or find_course()
    with stored(db) as store:
        records = store.records(student=student)
    names = [chosen.name for chosen in course.select([exercise] if exercise else None)]
    records = [record for record in records if record["exercise"] in names]
    if not records:
        wanted = ", ".join(part for part in (student, exercise) if part)
        raise UserError(f"The store {db} holds nothing of {wanted}." if wanted else f"The store {db} is empty.")
    if student is None:
        console.print(class_table(records, names))
        return
    for name in names:
        for record in records:
            if record["exercise"] == name:
                print_record(console, record, course.exercise(name).title)
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
    count, done = len(work.units), len(work.units) - len(work.pending)
    console.print(_("{count} submissions, {done} of them graded before.").format(count=count, done=done))
    device = work.settings.device
    if device == UNTIMED:
        console.print(_("Speed is not judged."), style="dim")
    else:
        console.print(_("Speed is judged on: {device}.").format(device=device.kind), style="dim", markup=False)
    if work.settings.sandbox == "none":
        console.print(_("Without a sandbox: submissions can read your files and change their own grades."), style="red")


def _say_faults(console: Console, faults: Counter[str]) -> None:
    """What the grader failed on, in full. Only here: it may quote hidden checks, and records are for students."""
    for text, count in faults.most_common():
        console.print(_("The grader failed here, {count} times:").format(count=count), style="magenta")
        console.print(plain(text), style="dim", markup=False)


@contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[Grade], None]]:
    """A bar with the time left; gives what to call with each grade."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn(_("left")), TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(_("grading"), total=total)

        def advance(grade: Grade) -> None:
            progress.advance(task)

        yield advance
