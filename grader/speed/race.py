"""What a check calls `race`: the student's function against the reference's, on inputs large enough to tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..checks import assert_close
from ..course import Exercise
from ..errors import CheckFailed, NotJudged, Raised
from ..i18n import _
from ..subject import Subject, asked
from . import thresholds
from .bench import Bench, Start
from .device import Device, processor
from .feedback import SIZES, looped_sizes, too_large, too_slow
from .measure import measure
from .memory import measure_memory
from .stopwatch import Call
from .thresholds import Table

SMALL = 4  # of each size, where only the answers are compared

VERDICTS = {True: "passed", False: "failed", None: "inconclusive"}

Make = Callable[..., Sequence[Any]]


@dataclass
class Timekeeper:
    """All that timing one submission in one check needs, and what came of it.

    start: a new worker of the submission. decides: False only measures. results: one a race, as the record keeps them.
    wants: whether a function is to be timed on a device at all.
    """

    bench: Bench
    exercise: Exercise
    start: Start
    decides: bool = True
    wants: Callable[[str, Device], bool] = lambda function, device: True
    results: list[dict[str, Any]] = field(default_factory=list)

    @property
    def worst(self) -> dict[str, Any]:
        """The race that came nearest to what it is allowed, or exceeds it by most."""
        return max(self.results, key=lambda result: result["ratio"] / (result["allowed"] or 1.0))


class Race:
    """`race("softmax", make, rows=4096)`: as fast as the reference, up to what thresholds.toml allows?

    Without a timekeeper only the answers are compared, on small inputs.
    """

    def __init__(self, check: str, student: Subject, reference: Subject, timekeeper: Timekeeper | None) -> None:
        self._check, self._student, self._reference, self._timekeeper = check, student, reference, timekeeper

    def __call__(
        self,
        name: str,
        make: Make,
        *,
        build: tuple[Any, ...] | None = None,
        carries: bool = False,
        case: str = "",
        flops: float = 0.0,
        **sizes: int,
    ) -> None:
        """Race one call of `name`. Raises CheckFailed when it is too slow or wrong, NotJudged when it cannot be told.

        make: fresh arguments for given sizes, such as `lambda batch, length: (draw.tensor(batch, length, 8),)`.
        build: the arguments of the class `name`, where a module is called. carries: as stopwatch.Call has it.
        case: which one of a check's several races.
        flops: the arithmetic of one call, for the leaderboard's roofline. sizes: by their names in feedback.SIZES.
        """
        assert sizes.keys() <= SIZES.keys(), f"sizes are called {', '.join(SIZES)}"
        small = make(**{axis: min(size, SMALL) for axis, size in sizes.items()})
        call = Call(name, build, carries)
        if self._timekeeper is None:
            self._compare(call, small)
            return
        asked(self._student, name)
        key = f"{self._check}[{case}]" if case else self._check
        device = self._timekeeper.bench.device_of(small)
        try:
            self._time(call, make, sizes, key, flops, device)
        except Raised:
            if device.gpu is None:
                raise
            # What makes tensors on the CPU whatever it is given fails on a GPU; it is judged where it runs.
            self._time(call, make, sizes, key, flops, processor())

    def memory(self, name: str, make: Make, **sizes: int) -> None:
        """The same for the peak of memory of one call of the function `name`; on the CPU, wherever time is judged."""
        small = make(**{axis: min(size, SMALL) for axis, size in sizes.items()})
        call, keeper = Call(name), self._timekeeper
        if keeper is None:
            self._compare(call, small)
            return
        asked(self._student, name)
        if not keeper.wants(name, processor()):
            return
        allowed = self._allowed(self._table(processor()), self._check, processor())
        growth = measure_memory(keeper.bench, keeper.exercise, call, keeper.start, small, lambda: make(**sizes))
        fits = allowed is None or growth.ratio <= allowed
        interval = growth.ratio, growth.ratio, growth.ratio
        keeper.results.append(_record(self._check, name, "memory", processor().kind, fits, interval, allowed))
        if not fits:
            raise CheckFailed(too_large(keeper.results[-1]))

    def _table(self, device: Device) -> Table | None:
        """What is known of this kind of device."""
        assert self._timekeeper is not None
        return thresholds.load(self._timekeeper.exercise.root).get(device.kind)

    def _allowed(self, table: Table | None, key: str, device: Device) -> float | None:
        """The threshold of a race; None where it is only measured. Raises NotJudged where it is not known."""
        keeper = self._timekeeper
        assert keeper is not None
        if not keeper.decides:
            return None
        entry = table.checks.get(keeper.exercise.name, {}).get(key) if table else None
        if entry is None:
            unknown = _("How fast is fast enough on {device} was not measured yet; the rest of your grade stands.")
            raise NotJudged("not_graded", unknown.format(device=device.kind))
        return entry.value

    def _compare(self, call: Call, arguments: Sequence[Any]) -> None:
        student, reference = getattr(self._student, call.name), getattr(self._reference, call.name)
        if call.build is not None:
            student, reference = student(*call.build), reference(*call.build)
            student.load_state_dict(reference.state_dict())
        assert_close(student(*arguments), reference(*arguments), what="the answer")

    def _time(self, call: Call, make: Make, sizes: dict[str, int], key: str, flops: float, device: Device) -> None:
        keeper = self._timekeeper
        assert keeper is not None
        if not keeper.wants(call.name, device):
            return
        table = self._table(device)
        allowed = self._allowed(table, key, device)

        def fresh() -> Sequence[Any]:
            return make(**sizes)

        measured = measure(keeper.bench, keeper.exercise, call, keeper.start, fresh, allowed, device, table)
        seconds = None if measured.hopeless else round(measured.student_s, 7)
        facts = len(measured.rounds), seconds
        result = _record(key, call.name, "time", device.kind, measured.decided, measured.ratio, allowed, *facts)
        if table and measured.hopeless is None:
            floor = table.floor(measured.bytes_moved, flops)
            result["roofline"] = round(min(floor / max(measured.student_s, 1e-12), 1.0), 4)
        if allowed is not None or not measured.problem:  # what could not be measured well sets no threshold
            keeper.results.append(result)
        if measured.problem:
            raise NotJudged(
                "inconclusive", _("Your speed could not be judged: {problem}.").format(problem=measured.problem)
            )
        if allowed is None or measured.decided:
            return
        looped = looped_sizes(keeper.bench, keeper.exercise, call, keeper.start, make, sizes)
        raise CheckFailed(too_slow(result, looped))


def _record(
    race: str,
    function: str,
    measures: str,
    device: str,
    decided: bool | None,
    interval: tuple[float, float, float],
    allowed: float | None,
    rounds: int = 1,
    seconds: float | None = None,
) -> dict[str, Any]:
    """A measurement as it stands in the record. interval: the ratio to the reference, and its bounds; null: no upper bound."""
    ratio, low, high = interval
    return {
        "race": race,
        "function": function,
        "measures": measures,
        "device": device,
        "verdict": None if allowed is None else VERDICTS[decided],
        "ratio": round(ratio, 3),
        "low": round(low, 3),
        "high": None if high == float("inf") else round(high, 3),
        "allowed": allowed,
        "rounds": rounds,
        "seconds": seconds,
        "roofline": None,
    }
