"""Grade a class: every student's file of every exercise, on all cores, with everything kept as soon as it is done."""

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from . import __version__
from .course import Course, Exercise
from .errors import GraderFault, MachineFault, SandboxUnavailable, Stopped
from .i18n import language
from .intake.collect import collect
from .pool import grade_chunk, start_process
from .record import Settings, failed_grade, new_grade
from .result import Grade, Verdict
from .store import Store, key_of
from .submission import Submission, submission_of

CHUNK = 8


@dataclass(frozen=True)
class Unit:
    """One student's submission of one exercise, and the key of its grade."""

    key: str
    exercise: Exercise
    submission: Submission


@dataclass
class Chunk:
    """Units of one exercise that one pytest session grades.

    attempt 2: a unit by itself, with nothing else running, after a fault of the grader or a speed that could not be judged:
    so it cannot be a neighbour's doing.
    """

    units: list[Unit]
    attempt: int = 1


@dataclass
class Plan:
    """What a batch is about to do: all units, and those that are not stored yet. `mentions`: what the instructor should know."""

    course: Course
    settings: Settings
    units: list[Unit]
    pending: list[Unit] = field(default_factory=list)
    mentions: list[str] = field(default_factory=list)


def plan(
    course: Course,
    exercises: list[Exercise],
    submissions: Path,
    settings: Settings,
    store: Store,
    layout: str | None = None,
    roster: Path | None = None,
) -> Plan:
    """Read every submission, student by student, and ask the store which of them are new."""
    by_exercise: dict[str, list[Unit]] = {exercise.name: [] for exercise in exercises}
    with collect(submissions, layout, roster) as collected:
        for student in collected.students:
            for exercise in exercises:
                by_exercise[exercise.name].append(unit_of(course, exercise, submission_of(student, exercise), settings))
            student.close()
    units = [unit for group in by_exercise.values() for unit in group]
    finished = store.finished(unit.key for unit in units)
    return Plan(course, settings, units, [unit for unit in units if unit.key not in finished], collected.mentions)


def run(
    plan: Plan, store: Store, new_executor: Callable[[], Executor], jobs: int, on_graded: Callable[[Grade], None]
) -> None:
    """Grade what is pending. Each chunk's grades are stored when it is done, by this process alone."""
    waiting = deque(chunks_of(plan.pending))
    while waiting:
        executor = new_executor()
        try:
            _run_until_broken(plan, store, executor, jobs, waiting, on_graded)
            executor.shutdown()
        except KeyboardInterrupt:
            abandon(executor)
            raise Stopped from None
        except BaseException:
            abandon(executor)
            raise


def abandon(executor: Executor) -> None:
    """End an executor at once. Its processes are killed where they are this machine's: nobody waits for their chunks."""
    processes = list((getattr(executor, "_processes", None) or {}).values())
    executor.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.kill()


def local_executor(jobs: int, sandbox: str) -> Executor:
    """Grading processes on this machine, each with a fork server of its own."""
    resource_tracker.ensure_running()  # now: where it starts among them, it lets go of the signals that _submit holds
    return ProcessPoolExecutor(
        max_workers=jobs,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=start_process,
        initargs=(sandbox, language()),
    )


def chunks_of(units: Sequence[Unit], size: int = CHUNK) -> list[Chunk]:
    """Units grouped by exercise: a pytest session costs 80 ms, so it is shared by `size` submissions."""
    by_exercise: dict[str, list[Unit]] = {}
    for unit in units:
        by_exercise.setdefault(unit.exercise.name, []).append(unit)
    return [
        Chunk(group[start : start + size]) for group in by_exercise.values() for start in range(0, len(group), size)
    ]


def _run_until_broken(
    plan: Plan,
    store: Store,
    executor: Executor,
    jobs: int,
    waiting: deque[Chunk],
    on_graded: Callable[[Grade], None],
) -> None:
    """Feed the executor until nothing waits, or until it breaks: then its chunks wait again, unit by unit."""
    running: dict[Future[list[Grade]], Chunk] = {}
    broken = False
    while running or (waiting and not broken):
        while waiting and not broken and _has_room(running.values(), waiting[0], jobs):
            chunk = waiting.popleft()
            try:
                running[_submit(plan, executor, chunk)] = chunk
            except BrokenProcessPool:
                waiting.appendleft(chunk)
                broken = True
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            chunk = running.pop(future)
            broken = broken or isinstance(future.exception(), BrokenProcessPool)
            again = _keep(plan, store, chunk, future, on_graded)
            waiting.extend(again)


def _has_room(running: Collection[Chunk], chunk: Chunk, jobs: int) -> bool:
    """Two chunks a process, so that none waits for the coordinator; a second attempt runs alone."""
    if chunk.attempt > 1 or any(other.attempt > 1 for other in running):
        return not running
    return len(running) < 2 * jobs


def _submit(plan: Plan, executor: Executor, chunk: Chunk) -> Future[list[Grade]]:
    exercise = chunk.units[0].exercise
    submissions = [unit.submission for unit in chunk.units]
    course_file = plan.course.root / "exercises" / "course.toml"
    with _signals_held():
        try:
            return executor.submit(grade_chunk, course_file, exercise.name, submissions, plan.settings)
        except OSError as error:
            raise MachineFault(
                f"A grading process could not be started: {error.strerror}. What is graded is kept; free memory or "
                "processes, or take fewer --jobs, and run the same command again."
            ) from error


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until a process is started whole; it inherits that they wait, until it is set up itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _keep(
    plan: Plan, store: Store, chunk: Chunk, future: Future[list[Grade]], on_graded: Callable[[Grade], None]
) -> list[Chunk]:
    """Store a chunk's grades; what the grader failed on is given back to be tried once more, alone."""
    error = future.exception()
    if isinstance(error, SandboxUnavailable):
        raise error
    if error is None:
        graded = list(zip(chunk.units, future.result(), strict=True))
    elif chunk.attempt == 1:
        return [Chunk([unit], attempt=2) for unit in chunk.units]
    else:
        reason = str(error) if isinstance(error, GraderFault) else f"{type(error).__name__}: {error}"
        detail = getattr(error, "detail", "")
        graded = [
            (unit, failed_grade(plan.course, unit.exercise, unit.submission, plan.settings, reason, detail))
            for unit in chunk.units
        ]
    again = [unit for unit, grade in graded if chunk.attempt == 1 and _is_worth_another(grade)]
    kept = [(unit.key, grade) for unit, grade in graded if unit not in again]
    store.save(kept)
    for _, grade in kept:
        on_graded(grade)
    return [Chunk([unit], attempt=2) for unit in again]


def _is_worth_another(grade: Grade) -> bool:
    """Whether it may be another verdict with nothing else running."""
    return any(check.verdict in (Verdict.GRADER_ERROR, Verdict.INCONCLUSIVE) for check in grade.checks)


def unit_of(course: Course, exercise: Exercise, submission: Submission, settings: Settings) -> Unit:
    """A submission with the key that its grade will have."""
    facts = new_grade(course, exercise, submission, settings, [], "").to_record()
    return Unit(key_of(facts, __version__, course.id, settings.secret), exercise, submission)


def records_of(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """The stored records of the plan's units."""
    return store.records(unit.key for unit in plan.units)
