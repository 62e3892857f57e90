"""A submission behind the sandbox, as a check's backend: workers come and go, its budget and what it printed remain."""

from collections.abc import Mapping
from typing import Any

from ..errors import GivenUp, Raised, StudentFault, TimedOut
from .client import Usage, Worker
from .connection import Connection
from .inside.fault import without_addresses
from .inside.session import Outcome
from .limits import Limits
from .started import Server, StartedWorker

# A function that did not answer twice is not asked again: the time that is left is for the others.
TIMEOUTS_ALLOWED = 2


class Sandboxed:
    """Carries out requests in a worker. One that died costs the check that it died in: the next check gets a new one."""

    def __init__(
        self,
        server: Server,
        source: str,
        filename: str,
        forbidden: dict[str, list[str]],
        limits: Limits,
        companions: Mapping[str, str] | None = None,
    ) -> None:
        self._server, self._limits, self._check_limits = server, limits, limits
        self._source, self._filename, self._forbidden, self._companions = source, filename, forbidden, companions
        self._worker: Worker | StartedWorker | None = None
        self.import_fault: StudentFault | None = None
        self._timeouts: dict[str, int] = {}
        self.usage = Usage()
        self._output = bytearray()

    @property
    def output(self) -> str:
        """What the submission printed, up to its cap."""
        return without_addresses(self._output.decode("utf-8", errors="replace"))

    def begin_check(self, cpu_s: float | None = None) -> None:
        """A new check: its own limits count from here. cpu_s: another limit of CPU seconds than the exercise's."""
        self._check_limits = self._limits if cpu_s is None else self._limits.for_a_check_of(cpu_s)
        if self._worker is not None:
            self._worker.begin_check(self._check_limits)

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome:
        """Raises TimedOut, GivenUp, OutOfMemory or Crashed; what the import raised is raised again for every check."""
        if self._timeouts.get(name, 0) >= TIMEOUTS_ALLOWED:
            raise GivenUp(name, TIMEOUTS_ALLOWED)
        worker = self._living_worker()
        try:
            return worker.perform(verb, request)
        except TimedOut:
            self._timeouts[name] = self._timeouts.get(name, 0) + 1
            raise

    def new_worker(self, server: Connection, limits: Limits, usage: Usage | None = None) -> Worker:
        """A worker with this submission loaded; another one, on another server and with limits of its own, may be timed.

        Raises what the source raises there.
        """
        worker = Worker(server, limits, usage or Usage(), self._output)
        self._load_into(worker)
        return worker

    def _own_worker(self) -> Worker | StartedWorker:
        if self._server.way == "fork":
            return self.new_worker(self._server, self._limits, self.usage)
        worker = StartedWorker(self._server, self._limits, self.usage, self._output)
        self._load_into(worker)
        return worker

    def _load_into(self, worker: Worker | StartedWorker) -> None:
        try:
            fault = worker.load(self._source, self._filename, self._forbidden, self._companions).fault
            if fault is not None:
                raise Raised(fault)
        except BaseException:
            worker.kill()
            raise

    def close(self) -> None:
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def _living_worker(self) -> Worker | StartedWorker:
        if self.import_fault is not None:
            raise self.import_fault
        if self.usage.cpu_s > self._limits.total_cpu_s:
            raise TimedOut("total_cpu_s", self._limits.total_cpu_s)
        if self.usage.wall_s > self._limits.total_wall_s:
            raise TimedOut("total_wall_s", self._limits.total_wall_s)
        if self._worker is None or not self._worker.alive:
            try:
                self._worker = self._own_worker()
            except StudentFault as import_fault:  # it raised, never ended, crashed or ate all memory
                self.import_fault = import_fault
                raise
            self._worker.begin_check(self._check_limits)
        return self._worker
