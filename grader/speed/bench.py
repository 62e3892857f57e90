"""A measurement from its first round to its verdict, on the device that a run was given."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from statistics import median
from types import TracebackType
from typing import Any

import torch

from ..compare import difference
from ..course import Exercise
from ..errors import CheckFailed, TimedOut
from ..i18n import _
from ..sandbox.client import Timing, Usage, Worker
from ..sandbox.connection import Connection
from ..sandbox.gpu import Gpu
from ..sandbox.launch import ForkServer
from ..sandbox.limits import Limits
from .device import Device, processor, reserved
from .statistics import STAGES, Clock, Round, decide, ratio_of
from .stopwatch import NOOP_SOURCE, Answered, Call, Lane, Stopwatch, TrustedRound, bytes_of, trusted
from .thresholds import Table

HOPELESS = 20.0  # a call that takes so many times what is allowed ends the measurement
ENDLESS = 50.0  # the threshold that counts for this where none is known
GPU_DRIFT = 0.15  # the reference before and after the student may differ by so much
FLOOR_SLACK = 0.5  # nobody is faster than half of the time that the device needs for the bytes alone
TOTAL_CPU_S = 600.0
SLOW_S = 5.0  # without a threshold no more is spent on a variant than this, and three rounds

Start = Callable[[Connection, Limits], Worker]


@dataclass
class Measurement:
    """What was measured. decided: fast enough, too slow, or None where it could not be told; problem: then, why not."""

    clock: Clock
    rounds: list[Round] = field(default_factory=list)
    bytes_moved: int = 0
    decided: bool | None = None
    problem: str = ""
    hopeless: float | None = None  # a call took more than so many times the reference's time, and was ended

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Median and interval of the student's time over the reference's."""
        if self.hopeless is not None:
            return self.hopeless, self.hopeless, float("inf")
        return ratio_of(self.rounds, self.clock)

    @property
    def student_s(self) -> float:
        """The student's own seconds, without what the no-op took."""
        return median(times.spent("student", self.clock) for times in self.rounds)

    @property
    def reference_s(self) -> float:
        return median(times.spent("reference", self.clock) for times in self.rounds)


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


def noop_of(call: Call) -> Call:
    return Call("answer_and_carry", carries=True) if call.carries else Call("answer")


def _torch_device(gpu: Gpu | None) -> str:
    return "cpu" if gpu is None else "cuda"


def measure(
    bench: Bench,
    exercise: Exercise,
    call: Call,
    start: Start,
    make: Callable[[], Sequence[Any]],
    threshold: float | None,
    device: Device,
    table: Table | None = None,
) -> Measurement:
    """Time one call of one submission against the reference's, until a verdict is reached or the rounds are used up.

    start: a new worker of the submission. make: fresh arguments, from inputs that the submission cannot know.
    threshold: what is allowed; None measures the first stage and decides nothing. table: what the device can do, where that
    is known. Raises CheckFailed for a wrong answer, and what the student's code raised.
    """
    measurement = Measurement("cpu_s" if device.gpu is None else "wall_s")
    with reserved(device), bench.stopwatch(exercise, call, start, device.gpu) as stopwatch:
        stopwatch.prepare(make())
        time = _on_cpu if device.gpu is None else _on_gpu
        try:
            time(stopwatch, make, threshold, measurement)
        except TimedOut:
            measurement.decided, measurement.hopeless = False, HOPELESS * (threshold or ENDLESS)
    if table is not None and threshold is not None and measurement.hopeless is None:
        _look_for_the_impossible(measurement, table)
    return measurement


def _on_cpu(
    stopwatch: Stopwatch, make: Callable[[], Sequence[Any]], threshold: float | None, measurement: Measurement
) -> None:
    """Round by round: each input goes to all three, and CPU time decides."""
    lane = stopwatch.student(make(), HOPELESS * (threshold or ENDLESS))
    stopwatch.begin(lane, make())
    while len(measurement.rounds) < STAGES[-1] and measurement.decided is None:
        _keep(measurement, stopwatch.round(lane, arguments := make()), arguments)
        if threshold is not None:
            measurement.decided = decide(measurement.rounds, threshold, "cpu_s")
        elif _seen_enough(measurement):
            break
    else:
        measurement.problem = _("the times scattered too much to tell") if measurement.decided is None else ""
    _compare(lane.carried(), stopwatch.reference.carried())


def _on_gpu(
    stopwatch: Stopwatch, make: Callable[[], Sequence[Any]], threshold: float | None, measurement: Measurement
) -> None:
    """The reference alone, then the student alone, then the reference alone: kernels of one would slow the other.

    A stopped process does not stop its kernels, so the student's has ended when the reference is timed again. Events that a
    student's process records are worth nothing: the wall clock decides, from the first byte in to the last byte out.
    """
    for count in STAGES:
        first = make()
        stopwatch.begin(None, first)
        before = [stopwatch.trusted_round(arguments) for arguments in _drawn(make, count)]
        inputs = _drawn(make, count)
        lane = stopwatch.student(make(), HOPELESS * (threshold or ENDLESS))
        lane.begin(first)
        answers = []
        for arguments in inputs:
            answers.append(lane.time(arguments))
            if threshold is None and _long_enough(timing.wall_s for _answer, timing in answers):
                break
        inputs = inputs[: len(answers)]
        carried = lane.carried()
        lane.worker.kill()
        stopwatch.begin(None, first)
        after = [stopwatch.trusted_round(arguments) for arguments in inputs]
        _compare(carried, stopwatch.reference.carried())
        faster, slower = sorted(_medians(part) for part in (before, after))
        measurement.rounds.clear()
        for arguments, (answer, timing), times in zip(inputs, answers, after, strict=True):
            timed = Round(timing, *(Timing(0.0, seconds) for seconds in faster))
            _keep(measurement, Answered(timed, answer, times.answer), arguments)
        measurement.problem = ""
        if slower[0] > (1 + GPU_DRIFT) * faster[0]:
            measurement.problem = _("the reference's own time changed meanwhile: does something else use the GPU?")
        elif threshold is None:
            return
        else:
            measurement.decided = decide(measurement.rounds, threshold, "wall_s")
            if measurement.decided is not None:
                return
    measurement.problem = measurement.problem or _("the times scattered too much to tell")


def _drawn(make: Callable[[], Sequence[Any]], count: int) -> list[Sequence[Any]]:
    """Inputs that are there before the first of them is timed: what happens between two calls shows in the second's time."""
    return [make() for _ in range(count)]


def _medians(rounds: list[TrustedRound]) -> tuple[float, float]:
    """By the clock, in seconds: the reference's and, of the same rounds, the no-op's."""
    return median(times.reference.wall_s for times in rounds), median(times.noop.wall_s for times in rounds)


def _keep(measurement: Measurement, answered: Answered, arguments: Sequence[Any]) -> None:
    """Every timed answer has to be right."""
    _compare(answered.student, answered.reference)
    measurement.rounds.append(answered.round)
    measurement.bytes_moved = bytes_of(list(arguments)) + bytes_of(answered.reference)


def _compare(student: Any, reference: Any) -> None:
    wrong = difference(student, reference, _("the answer while it was timed"))
    if wrong:
        raise CheckFailed(wrong)


def _seen_enough(measurement: Measurement) -> bool:
    """Without a threshold: one stage, or less of something very slow."""
    return len(measurement.rounds) == STAGES[0] or _long_enough(times.student.cpu_s for times in measurement.rounds)


def _long_enough(seconds: Iterable[float]) -> bool:
    """Of something very slow three rounds tell enough, where no verdict depends on them."""
    spent = list(seconds)
    return len(spent) >= 3 and sum(spent) > SLOW_S


def _look_for_the_impossible(measurement: Measurement, table: Table) -> None:
    """Right answers in less time than the device needs to move their bytes: a leak in this harness, for a human to find."""
    if measurement.student_s < FLOOR_SLACK * min(table.floor(measurement.bytes_moved, 0.0), measurement.reference_s):
        measurement.decided = None
        measurement.problem = _("this was faster than the device can move the data")


def limits_of(exercise: Exercise) -> Limits:
    """A measurement bounds each call by itself; the rest is the exercise's."""
    return replace(exercise.limits, total_cpu_s=TOTAL_CPU_S, total_wall_s=3 * TOTAL_CPU_S)


def _holds_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor) or (isinstance(value, list | tuple) and any(map(_holds_tensor, value)))
