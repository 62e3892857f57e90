"""What runs on a cluster's worker: grading processes of its own, once it is sure to grade as the coordinator would."""

import multiprocessing
import platform
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from distributed import Reschedule, Worker, get_worker
from distributed.diagnostics.plugin import WorkerPlugin

from .. import __version__
from ..course import Course, find_course
from ..errors import GraderFault
from ..i18n import set_language
from ..pool import grade_chunk
from ..processes import abandon, local_executor
from ..record import versions
from ..speed.device import choose, of_kind

if TYPE_CHECKING:
    from ..record import Settings
    from ..result import Grade
    from ..submission import Submission

NAME = "dot2vit"
LEAVING_SECONDS = 1.0


def facts(course: Course) -> dict[str, str]:
    """What must be the same wherever a class is graded: versions of the grader, of what marks each exercise, of the libraries."""
    major, minor, _ = platform.python_version_tuple()
    found = versions()
    return {
        "grader": __version__,
        "Python": f"{major}.{minor}",
        "numpy": found["numpy"],
        "torch": found["torch"].partition("+")[0],  # a build for a GPU grades as one for the CPU does
        **{exercise.name: course.version_of(exercise) for exercise in course.exercises},
    }


class Grading(WorkerPlugin):
    """Makes a worker ready for a course, or keeps it out: a worker of other versions would give other grades.

    wanted: the coordinator's `facts`. A worker that joins later is looked at, too.
    """

    name = NAME
    _lock: Lock

    def __init__(self, wanted: dict[str, str], sandbox: str, language: str) -> None:
        self.wanted, self.sandbox, self.language = wanted, sandbox, language
        self.executor: Executor | None = None
        self.slots = 0  # until this worker is found to be fit

    def setup(self, worker: Worker) -> None:
        try:
            self._look_at(worker)
        except BaseException:
            # Dask would keep a worker that joins later, whatever is raised here. It leaves when the coordinator was told.
            worker.loop.call_later(LEAVING_SECONDS, worker.close, reason="it cannot grade this course")
            raise
        set_language(self.language)
        self._lock = Lock()  # here: a lock does not travel
        self.slots = worker.state.nthreads

    def _look_at(self, worker: Worker) -> None:
        """Raises GraderFault for what is different here, or would not work."""
        if multiprocessing.current_process().daemon:
            raise GraderFault(
                f"the nanny of the worker {worker.name} forbids it to start processes: set "
                "DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment, or start it with --no-nanny"
            )
        here = facts(find_course())
        different = [
            f"{name} {here.get(name, 'missing')}, not {version}"
            for name, version in self.wanted.items()
            if here.get(name) != version
        ]
        if different:
            raise GraderFault(f"the worker {worker.name} has {'; '.join(different)}")

    def teardown(self, worker: Worker) -> None:
        if self.executor is not None:
            self.let_go(self.executor)

    def processes(self) -> Executor:
        """As many grading processes as the worker has threads, which only wait for them."""
        with self._lock:
            if self.executor is None:
                self.executor = local_executor(self.slots, self.sandbox)
            return self.executor

    def begin(self, *chunk: Any) -> tuple[Executor, Future[list["Grade"]]]:
        """Grade a chunk in one of the processes; in a new one, if they had died with nothing to do."""
        while True:
            executor = self.processes()
            try:
                return executor, executor.submit(grade_chunk, *chunk)
            except BrokenProcessPool:
                self.let_go(executor)

    def let_go(self, executor: Executor) -> None:
        """The next chunk gets new processes. Every thread whose chunk was lost with the old ones says so."""
        with self._lock:
            if self.executor is executor:
                self.executor = None
        abandon(executor)


def grade_there(exercise: str, submissions: Sequence["Submission"], settings: "Settings") -> list["Grade"]:
    """A worker's task: grade a chunk in one of its processes. Raises GraderFault when it could not be graded.

    Not in the worker's own process: the grader needs its signals, and must be able to end without the worker.
    """
    plugin: Any = get_worker().plugins.get(NAME)
    if plugin is None or not plugin.slots:  # a worker that has just joined is given tasks before it was looked at
        time.sleep(0.5)
        raise Reschedule
    course_file = find_course().root / "exercises" / "course.toml"
    here = replace(settings, device=of_kind(settings.device.kind))
    processes, graded = plugin.begin(course_file, exercise, submissions, here)
    try:
        grades: list[Grade] = graded.result()
        return grades
    except BrokenProcessPool:
        plugin.let_go(processes)
        raise GraderFault(f"a grading process of the worker {get_worker().name} was killed") from None


def kind_of_device(name: str) -> str:
    """What `--device NAME` is on this worker. Raises UserError."""
    return choose(name).kind
