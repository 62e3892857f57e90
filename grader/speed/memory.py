"""Peak memory, read from outside: does an intermediate result have far more elements than are needed?

Each side is a fresh worker, for a peak never falls: a call on small inputs first, then the one that is measured. What the
no-op's memory grows by, its arguments and its answer, is taken off.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..compare import difference
from ..course import Exercise
from ..errors import CheckFailed
from ..i18n import _
from .bench import Bench, Start, limits_of
from .stopwatch import Call, Lane, trusted

CALL_CPU_S = 5.0  # what takes longer is a matter for the speed check
TRIES = 2  # the smaller of them counts: a peak is only ever too high by chance


@dataclass
class Growth:
    """Bytes that one call took beyond its arguments and its answer: the student's and the reference's."""

    student: int
    reference: int

    @property
    def ratio(self) -> float:
        return self.student / max(self.reference, 1)


def measure_memory(
    bench: Bench,
    exercise: Exercise,
    call: Call,
    start: Start,
    small: Sequence[Any],
    make: Callable[[], Sequence[Any]],
) -> Growth:
    """Measure one call on the CPU. Raises CheckFailed for a wrong answer, and what the student's code raised."""
    limits = limits_of(exercise)
    arguments = make()
    with trusted():
        reference, expected = _growth(bench.trusted_lane("reference", exercise, call, None, limits), small, arguments)
        noop = bench.trusted_lane("noop", exercise, Call("answer"), None, limits)
        replace(noop, name="keep").time([expected])
        unavoidable, _answer = _growth(noop, small, arguments)
    tries = []
    for _try in range(TRIES):
        lane = Lane(start(bench.server("student", None), limits), call.name, "cpu", limits, call_cpu_s=CALL_CPU_S)
        grown, answer = _growth(lane, small, arguments)
        wrong = difference(answer, expected, _("the answer while its memory was measured"))
        if wrong:
            raise CheckFailed(wrong)
        tries.append(grown - unavoidable)
    return Growth(max(min(tries), 0), max(reference - unavoidable, 1))


def _growth(lane: Lane, small: Sequence[Any], arguments: Sequence[Any]) -> tuple[int, Any]:
    """By how much the peak of a fresh worker exceeds what it held before the call, and the call's answer."""
    try:
        lane.time(small)
        before, _peak = lane.worker.resident_bytes()
        answer, _timing = lane.time(arguments)
        _now, peak = lane.worker.resident_bytes()
        return peak - before, answer
    finally:
        lane.worker.kill()
