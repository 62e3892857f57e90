"""Grade a class: every student's file of every exercise, on all cores, with everything kept as soon as it is done."""

import contextlib
import signal
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from .errors import GraderFault, MachineFault, SandboxUnavailable, Stopped
from .planning import Unit, Work
from .pool import grade_chunk
from .processes import abandon
from .record import failed_grade
from .result import Grade, Verdict
from .store import Store

CHUNK = 8  # a pytest session costs 80 ms: these share one


@dataclass
class Chunk:
    """Units of one exercise that one pytest session grades.

    attempt 2: a unit by itself, with nothing else running, after a fault of the grader or a speed that could not be judged:
    so it cannot be a neighbour's doing.
    """

    units: list[Unit]
    attempt: int = 1


def run(
    work: Work,
    store: Store,
    new_executor: Callable[[], Executor],
    jobs: int,
    on_graded: Callable[[Grade], None],
    on_known: Callable[[int], None] = lambda count: None,
    chunk: int = CHUNK,
) -> None:
    """Grade what is not graded yet. Each chunk's grades are stored when it is done, by this process alone.

    on_known: told how many more units were found in the store. chunk: submissions that share a pytest session.
    """
    queue = Queue(pending(work, store, on_known, chunk))
    while queue.head is not None:
        executor = new_executor()
        try:
            _run_until_broken(work, store, executor, jobs, queue, on_graded)
            executor.shutdown()
        except KeyboardInterrupt:
            abandon(executor)
            raise Stopped from None
        except BaseException:
            abandon(executor)
            raise


def pending(
    work: Work, store: Store, on_known: Callable[[int], None] = lambda count: None, chunk: int = CHUNK
) -> Iterator[Chunk]:
    """Chunks of what is not graded yet, the long ones of a block first; what is graded counts again, where the work is live."""
    for units in work.blocks():
        store.hand_in([(*unit.place[:2], unit.submission.sha256, unit.handed_in) for unit in units if unit.handed_in])
        finished = store.finished(unit.key for unit in units)
        if work.is_live:
            store.make_live(unit.place for unit in units if unit.key in finished)
        else:  # what counts stays as it is, even if it needs review
            finished |= store.live_keys(unit.key for unit in units)
        on_known(len(finished))
        yield from chunks_of([unit for unit in units if unit.key not in finished], chunk)


class Queue:
    """What is left to be graded: chunks that are read as they are needed, then second attempts."""

    def __init__(self, fresh: Iterator[Chunk]) -> None:
        self._fresh = fresh
        self._waiting: deque[Chunk] = deque()
        self._again: deque[Chunk] = deque()

    @property
    def head(self) -> Chunk | None:
        """What comes next, if there is anything."""
        if not self._waiting:
            following = next(self._fresh, None)
            if following is None:
                return self._again[0] if self._again else None
            self._waiting.append(following)
        return self._waiting[0]

    def take(self) -> Chunk:
        """The head, which is then gone."""
        return self._waiting.popleft() if self._waiting else self._again.popleft()

    def put_back(self, chunk: Chunk) -> None:
        (self._waiting if chunk.attempt == 1 else self._again).appendleft(chunk)

    def try_again(self, chunks: Iterable[Chunk]) -> None:
        self._again.extend(chunks)


def chunks_of(units: Sequence[Unit], size: int = CHUNK) -> list[Chunk]:
    """Units grouped by exercise. What trains takes long: it comes first, and each by itself."""
    by_exercise: dict[str, list[Unit]] = {}
    for unit in units:
        by_exercise.setdefault(unit.exercise.name, []).append(unit)
    groups = sorted(by_exercise.values(), key=lambda group: not group[0].exercise.training)
    chunks = []
    for group in groups:
        step = 1 if group[0].exercise.training else size
        chunks += [Chunk(group[start : start + step]) for start in range(0, len(group), step)]
    return chunks


def _run_until_broken(
    work: Work, store: Store, executor: Executor, jobs: int, queue: Queue, on_graded: Callable[[Grade], None]
) -> None:
    """Feed the executor until nothing waits, or until it breaks: then its chunks wait again, unit by unit."""
    running: dict[Future[list[Grade]], Chunk] = {}
    broken = False
    while running or (queue.head is not None and not broken):
        while not broken and (head := queue.head) is not None and _has_room(running.values(), head, jobs):
            chunk = queue.take()
            try:
                running[_submit(work, executor, chunk)] = chunk
            except BrokenProcessPool:
                queue.put_back(chunk)
                broken = True
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            chunk = running.pop(future)
            broken = broken or isinstance(future.exception(), BrokenProcessPool)
            queue.try_again(_keep(work, store, chunk, future, on_graded))


def _has_room(running: Collection[Chunk], chunk: Chunk, jobs: int) -> bool:
    """Two chunks a process, so that none waits for the coordinator; a second attempt runs alone."""
    if chunk.attempt > 1 or any(other.attempt > 1 for other in running):
        return not running
    return len(running) < 2 * jobs


def _submit(work: Work, executor: Executor, chunk: Chunk) -> Future[list[Grade]]:
    exercise = chunk.units[0].exercise
    submissions = [unit.submission for unit in chunk.units]
    course_file = work.course.root / "exercises" / "course.toml"
    with _signals_held():
        try:
            return executor.submit(grade_chunk, course_file, exercise.name, submissions, work.settings)
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
    work: Work, store: Store, chunk: Chunk, future: Future[list[Grade]], on_graded: Callable[[Grade], None]
) -> list[Chunk]:
    """Store a chunk's grades; what the grader failed on is given back to be tried once more, alone."""
    error = future.exception()
    if isinstance(error, SandboxUnavailable | MachineFault):  # the machine's or the cluster's, not this chunk's
        raise error
    if error is None:
        graded = list(zip(chunk.units, future.result(), strict=True))
    elif chunk.attempt == 1:
        return [Chunk([unit], attempt=2) for unit in chunk.units]
    else:
        reason = str(error) if isinstance(error, GraderFault) else f"{type(error).__name__}: {error}"
        detail = getattr(error, "detail", "")
        graded = [
            (unit, failed_grade(work.course, unit.exercise, unit.submission, work.settings, reason, detail))
            for unit in chunk.units
        ]
    again = [unit for unit, grade in graded if chunk.attempt == 1 and _is_worth_another(grade)]
    kept = [(unit.key, grade) for unit, grade in graded if unit not in again]
    store.save(kept, work.is_live)
    for _unit_key, grade in kept:
        on_graded(grade)
    return [Chunk([unit], attempt=2) for unit in again]


def _is_worth_another(grade: Grade) -> bool:
    """Whether it may be another verdict with nothing else running."""
    return any(check.verdict in (Verdict.GRADER_ERROR, Verdict.INCONCLUSIVE) for check in grade.checks)
