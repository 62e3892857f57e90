"""Three workers that are asked the same, and the time that each of them takes."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..errors import GraderFault, Raised, StudentFault
from ..sandbox.client import Timing, Worker
from ..sandbox.limits import Limits
from .statistics import Round

NOOP_SOURCE = """
kept = None


def keep(value):
    global kept
    kept = value


def answer(*arguments):
    return kept


def answer_and_carry(*arguments):
    return kept, arguments[-1]
"""
WARM_UPS = 2
# Beyond what later calls may take: a first one imports and allocates what these find, and starts CUDA.
FIRST_CALL_CPU_S = {"cpu": 3.0, "cuda": 30.0}
SHORTEST_CALL_CPU_S = 0.5  # no call is ended before that
TRUSTED_CALL_CPU_S = 20.0


@dataclass(frozen=True)
class Call:
    """What is timed: a function, or a module of the class `name` that is built with the arguments `build`.

    carries: its last argument is what it returned last the call before, as the cache of `decode_step`. That stays in the
    worker, so that its bytes do not drown the time of the call, and is compared after the last round.
    """

    name: str
    build: tuple[Any, ...] | None = None
    carries: bool = False


@dataclass
class Lane:
    """One worker that answers a call again and again. device: torch's name of where its tensors are put first."""

    worker: Worker
    name: str
    device: str
    limits: Limits
    carries: bool = False
    module: int | None = None
    call_cpu_s: float = TRUSTED_CALL_CPU_S

    def begin(self, arguments: Sequence[Any]) -> None:
        """Where something is carried from call to call, start with the one that is the last of these arguments."""
        if self.carries:
            self._ask("carry", {"value": arguments[-1], "device": self.device})

    def carried(self) -> Any:
        """What the last call returned last; None where nothing is carried."""
        return self._ask("carried", {}) if self.carries else None

    def time(self, arguments: Sequence[Any]) -> tuple[Any, Timing]:
        """The answer, and what it took. Raises StudentFault: what it raised, or that it took too long."""
        self.worker.begin_check(replace(self.limits, check_cpu_s=self.call_cpu_s, check_wall_s=3 * self.call_cpu_s))
        args = tuple(arguments[:-1] if self.carries else arguments)
        request = {"name": self.name, "args": args, "device": self.device, "module": self.module}
        outcome = self.worker.perform("timed", request | {"carries": self.carries})
        if outcome.fault is not None:
            raise Raised(outcome.fault, call=self.name)
        return outcome.value, self.worker.last_timing

    def build(self, call: Call, state: dict[str, Any] | None = None) -> dict[str, Any]:
        """Build the module that is to be timed, with this state; returns the state that it has then."""
        built = self._ask("call", {"name": call.name, "args": call.build, "kwargs": {}})
        self.module = int(getattr(built, "id", 0))  # what is no module is refused by its number
        if state is not None:
            self._ask("module_load", {"module": self.module, "state": state})
        found: dict[str, Any] = self._ask("module_state", {"module": self.module})
        return found

    def _ask(self, verb: str, request: dict[str, Any]) -> Any:
        outcome = self.worker.perform(verb, request)
        if outcome.fault is not None:
            raise Raised(outcome.fault, call=self.name)
        return outcome.value


@dataclass
class TrustedRound:
    """One input, given to the reference and the no-op alone."""

    reference: Timing
    noop: Timing
    answer: Any


@dataclass
class Answered:
    """One input's round, and the answers that have to agree."""

    round: Round
    student: Any
    reference: Any


class Stopwatch:
    """The reference's lane and a no-op's, which take no part in anything else, and a way to start the student's."""

    def __init__(self, new_student: Callable[[], Lane], reference: Lane, noop: Lane) -> None:
        self._new_student = new_student
        self.reference, self.noop = reference, noop
        self.reference_cpu_s = 0.0  # about what the reference takes by itself

    def prepare(self, arguments: Sequence[Any]) -> None:
        """Warm the trusted lanes up, and give the no-op an answer of the right size."""
        self.begin(None, arguments)
        with trusted():
            answer, _ = self.reference.time(arguments)
            replace(self.noop, name="keep", carries=False).time([answer])
            for _ in range(WARM_UPS):
                _, own = self.reference.time(arguments)
                _, noop = self.noop.time(arguments)
            self.reference_cpu_s = max(own.cpu_s - noop.cpu_s, 0.0)

    def student(self, arguments: Sequence[Any], allowed: float) -> Lane:
        """A student's lane, warmed up. allowed: times the reference's time that one call may take before it is ended."""
        lane = self._new_student()
        lane.call_cpu_s = FIRST_CALL_CPU_S[lane.device] + allowed * self.reference_cpu_s
        lane.begin(arguments)
        lane.time(arguments)
        lane.call_cpu_s = max(SHORTEST_CALL_CPU_S, allowed * self.reference_cpu_s)
        for _ in range(WARM_UPS):
            lane.time(arguments)
        return lane

    def begin(self, student: Lane | None, arguments: Sequence[Any]) -> None:
        """Before the first round: all start with the same of what is carried."""
        with trusted():
            self.reference.begin(arguments)
            self.noop.begin(arguments)
        if student is not None:
            student.begin(arguments)

    def trusted_round(self, arguments: Sequence[Any]) -> TrustedRound:
        with trusted():
            answer, reference = self.reference.time(arguments)
            _, noop = self.noop.time(arguments)
        return TrustedRound(reference, noop, answer)

    def round(self, student: Lane, arguments: Sequence[Any]) -> Answered:
        """One input to all three, in random order; whoever is not asked is stopped."""
        answers: dict[str, tuple[Any, Timing]] = {}
        names = ["student", "reference", "noop"]
        random.shuffle(names)
        for name in names:
            if name == "student":
                answers[name] = student.time(arguments)
            else:
                with trusted():
                    answers[name] = getattr(self, name).time(arguments)
        timed = Round(*(answers[name][1] for name in ("student", "reference", "noop")))
        return Answered(timed, answers["student"][0], answers["reference"][0])


@contextmanager
def trusted() -> Iterator[None]:
    """Whatever goes wrong in here is ours."""
    try:
        yield
    except StudentFault as error:
        raise GraderFault(f"the reference could not be timed: {type(error).__name__}: {error}") from error


def bytes_of(value: Any) -> int:
    """The bytes of all arrays in a value: what has to be moved at least, once."""
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, tuple | list):
        return sum(map(bytes_of, value))
    return 0
