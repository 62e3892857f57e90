"""Grading processes on this machine: all of them forked from one that has torch, with one fork server for their workers.

Importing torch takes longer than grading twenty submissions: it is done twice a batch, here and in the sandbox, however many
processes there are.
"""

import contextlib
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from itertools import cycle, islice
from multiprocessing import resource_tracker
from multiprocessing.context import BaseContext
from multiprocessing.queues import SimpleQueue

from .cores import own_cores
from .errors import SandboxUnavailable
from .i18n import language
from .pool import start_process
from .sandbox.launch import ForkServer


class GradingProcesses(ProcessPoolExecutor):
    """An executor whose processes share a fork server, which ends with it."""

    def __init__(self, jobs: int, sandbox: str) -> None:
        resource_tracker.ensure_running()  # now: where it starts among them, it lets go of the signals that batch holds
        self._server = _started(sandbox)
        control = None if self._server is None else self._server.control
        context = _context()
        cores = _queued(cores_of(jobs, own_cores()), context)
        start: Callable[[], object] = partial(start_process, sandbox, language(), control, cores)
        super().__init__(max_workers=jobs, mp_context=context, initializer=start)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait, cancel_futures=cancel_futures)
        if self._server is not None:
            self._server.close()


def local_executor(jobs: int, sandbox: str) -> Executor:
    """What grades on this machine, `jobs` chunks at once."""
    return GradingProcesses(jobs, sandbox)


def abandon(executor: Executor) -> None:
    """End an executor at once. Its processes are killed where they are this machine's: nobody waits for their chunks."""
    for process in list((getattr(executor, "_processes", None) or {}).values()):
        process.kill()
    executor.shutdown(wait=False, cancel_futures=True)


def _context() -> BaseContext:
    """multiprocessing's own fork server, with what a grading process needs imported; elsewhere than on Linux each imports."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["grader.preload"])
    return context


def cores_of(jobs: int, available: Sequence[int]) -> list[int]:
    """A core for each grading process, where they use all that are available; none where one is spare, which serves all."""
    return list(islice(cycle(available), jobs)) if 0 < len(available) <= jobs else []


def _queued(cores: Sequence[int], context: BaseContext) -> "SimpleQueue[int] | None":
    """What each process takes its core from when it starts."""
    if not cores:
        return None
    queue: SimpleQueue[int] = context.SimpleQueue()
    for core in cores:
        queue.put(core)
    return queue


def _started(sandbox: str) -> ForkServer | None:
    """It comes up while torch is imported on this side. Where it cannot, each process tries by itself, and tells."""
    if sandbox == "import":
        return None
    with contextlib.suppress(SandboxUnavailable, OSError):
        return ForkServer(sandbox, wait=False)
    return None
