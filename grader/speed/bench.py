"""Where a run measures speed: its device, and the workers that a measurement asks."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any

import torch

from ..course import Exercise
from ..sandbox.client import Usage, Worker
from ..sandbox.connection import Connection
from ..sandbox.gpu import Gpu
from ..sandbox.launch import ForkServer
from ..sandbox.limits import Limits
from .device import Device, processor
from .stopwatch import NOOP_SOURCE, Call, Lane, Stopwatch, trusted

TOTAL_CPU_S = 600.0

Start = Callable[[Connection, Limits], Worker]


class Bench:
    """Where a run measures speed: its device, and fork servers for the student's and for the trusted side.

    They are started when a first measurement needs them. The trusted side has a bubblewrap of its own: the student's siblings
    could see one another.
    """

    def __init__(self, device: Device, sandbox: str) -> None:
        self.device, self.sandbox = device, sandbox
        self._servers: dict[tuple[str, bool], ForkServer] = {}
        self._trusted: dict[tuple[str, bool], Lane] = {}
        self._exercise = ""

    def server(self, side: str, gpu: Gpu | None) -> ForkServer:
        key = side, gpu is not None
        if key not in self._servers or not self._servers[key].alive:
            self._servers[key] = ForkServer(self.sandbox, gpu=gpu)
        return self._servers[key]

    @property
    def servers(self) -> list[ForkServer]:
        """Those that were started so far."""
        return list(self._servers.values())

    def close(self) -> None:
        self.forget()
        for server in self._servers.values():
            server.close()
        self._servers.clear()

    def __enter__(self) -> "Bench":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def forget(self) -> None:
        """End the trusted workers: another exercise has another reference."""
        for lane in self._trusted.values():
            lane.worker.kill()
        self._trusted.clear()

    def device_of(self, arguments: Sequence[Any]) -> Device:
        """The run's device where there is a tensor to be put on it; NumPy's arrays stay with the CPU."""
        return self.device if self.device.gpu is None or _holds_tensor(arguments) else processor()

    @contextmanager
    def stopwatch(self, exercise: Exercise, call: Call, start: Start, gpu: Gpu | None) -> Iterator[Stopwatch]:
        """A stopwatch for one call of one submission; the student's workers end with it."""
        limits = limits_of(exercise)
        with trusted():
            reference = self._lane("reference", exercise, call, gpu, limits)
            noop = self._lane("noop", exercise, noop_of(call), gpu, limits)
            state = reference.build(call) if call.build is not None else None
        started: list[Lane] = []

        def new_student() -> Lane:
            worker = start(self.server("student", gpu), limits)
            lane = Lane(worker, call.name, _torch_device(gpu), limits, call.carries)
            started.append(lane)
            if call.build is not None:
                lane.build(call, state)
            return lane

        try:
            yield Stopwatch(new_student, reference, noop)
        finally:
            for lane in started:
                lane.worker.kill()

    def _lane(self, who: str, exercise: Exercise, call: Call, gpu: Gpu | None, limits: Limits) -> Lane:
        """A trusted lane; its worker stays for the exercise's other measurements."""
        if self._exercise != exercise.content_hash:
            self.forget()
            self._exercise = exercise.content_hash
        key = who, gpu is not None
        kept = self._trusted.get(key)
        if kept is None or not kept.worker.alive or kept.worker.usage.cpu_s > TOTAL_CPU_S / 2:
            kept = self._trusted[key] = self.trusted_lane(who, exercise, call, gpu, limits)
        return Lane(kept.worker, call.name, kept.device, limits, call.carries)

    def trusted_lane(self, who: str, exercise: Exercise, call: Call, gpu: Gpu | None, limits: Limits) -> Lane:
        """A new worker of the trusted side: "reference", or "noop", whose only calls are `keep` and `answer`."""
        # On a CPU all three are treated alike. On a GPU a trusted worker that waits is left alone: it harms nobody, and what the
        # driver makes of a stopped process while another one starts is not known.
        worker = Worker(self.server("trusted", gpu), limits, Usage(), bytearray(), freeze=gpu is None)
        if who == "noop":
            worker.load(NOOP_SOURCE, "noop.py", {})
        else:
            sources = exercise.reference_source, exercise.filename
            worker.load(*sources, exercise.forbidden, exercise.reference_companions)
        return Lane(worker, call.name, _torch_device(gpu), limits)


def limits_of(exercise: Exercise) -> Limits:
    """A measurement bounds each call by itself; the rest is the exercise's."""
    return replace(exercise.limits, total_cpu_s=TOTAL_CPU_S, total_wall_s=3 * TOTAL_CPU_S)


def noop_of(call: Call) -> Call:
    return Call("answer_and_carry", carries=True) if call.carries else Call("answer")


def _torch_device(gpu: Gpu | None) -> str:
    return "cpu" if gpu is None else "cuda"


def _holds_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor) or (isinstance(value, list | tuple) and any(map(_holds_tensor, value)))
