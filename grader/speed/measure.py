"""A measurement from its first round to its verdict."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ..compare import difference
from ..course import Exercise
from ..errors import CheckFailed, TimedOut
from ..i18n import _
from ..sandbox.client import Timing
from .bench import Bench, Start
from .device import Device, reserved
from .statistics import STAGES, Clock, Round, decide, ratio_of
from .stopwatch import Answered, Call, Stopwatch, TrustedRound, bytes_of
from .thresholds import Table

HOPELESS = 20.0  # a call that takes so many times what is allowed ends the measurement
ENDLESS = 50.0  # the threshold that counts for this where none is known
GPU_DRIFT = 0.15  # the reference before and after the student may differ by so much
FLOOR_SLACK = 0.5  # nobody is faster than half of the time that the device needs for the bytes alone
SLOW_S = 5.0  # without a threshold no more is spent on a variant than this, and three rounds


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
