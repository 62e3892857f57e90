"""From timed rounds to a verdict, by order statistics of the median: no assumption about how the noise is distributed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from ..sandbox.client import Timing

CONFIDENCE = 0.99
STAGES = (15, 31, 63)  # rounds after which a verdict is tried
# Far too slow is told early: every one of so many rounds has to be so many times above the threshold.
EARLY_ROUNDS, EARLY_FACTOR = 8, 2.0
WALL_FACTOR = 3.0  # on the wall clock a CPU check may take so many times its threshold: waiting is not CPU time

Clock = Literal["cpu_s", "wall_s"]


@dataclass(frozen=True)
class Round:
    """One input, given to all three."""

    student: Timing
    reference: Timing
    noop: Timing

    def spent(self, who: Literal["student", "reference"], clock: Clock) -> float:
        """Seconds beyond what the no-op took."""
        return float(getattr(getattr(self, who), clock) - getattr(self.noop, clock))

    def margin(self, threshold: float, clock: Clock) -> float:
        """Seconds above (below, where negative) `threshold` times the reference's time. No division: both may be near 0."""
        return self.spent("student", clock) - threshold * self.spent("reference", clock)


def median_interval(values: Sequence[float], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bounds of the median: two of the values, between which it lies with at least this confidence; ∓inf for too few."""
    ordered, count = sorted(values), len(values)
    rank = 0  # how many values may be left out on either side
    below = 0.0
    while rank < count // 2:
        below += math.comb(count, rank) / 2**count
        if 2 * below > 1 - confidence:
            break
        rank += 1
    return (ordered[rank - 1], ordered[count - rank]) if rank else (-math.inf, math.inf)


def decide(rounds: Sequence[Round], threshold: float, clock: Clock) -> bool | None:
    """True: fast enough. False: too slow. None: not to be told from these rounds."""
    if len(rounds) == EARLY_ROUNDS:
        factor = EARLY_FACTOR * threshold
        return False if _exceeds(rounds, factor, clock) and _sees_the_reference(rounds, clock) else None
    if len(rounds) not in STAGES:
        return None
    bounds: list[tuple[float, Clock]] = [(threshold, clock)]
    if clock == "cpu_s":
        bounds.append((WALL_FACTOR * threshold, "wall_s"))
    exceeded = [by for bound, by in bounds if _exceeds(rounds, bound, by)]
    if any(_sees_the_reference(rounds, by) for by in exceeded):
        return False
    _, high = median_interval([round.margin(threshold, clock) for round in rounds])
    return True if high < 0 and not exceeded else None


def _exceeds(rounds: Sequence[Round], threshold: float, clock: Clock) -> bool:
    low, _ = median_interval([round.margin(threshold, clock) for round in rounds])
    return low > 0


def _sees_the_reference(rounds: Sequence[Round], clock: Clock) -> bool:
    """Its time stands out from the no-op's. Noise may drown it, and then everybody takes a multiple of it."""
    low, _ = median_interval([round.spent("reference", clock) for round in rounds])
    return low > 0


def ratio_of(rounds: Sequence[Round], clock: Clock) -> tuple[float, float, float]:
    """The student's time as a multiple of the reference's: the median, and the bounds of its interval."""
    unit = median(round.spent("reference", clock) for round in rounds)
    unit = max(unit, 1e-9)  # a reference that takes no time at all: the ratio is then as good as endless
    ratios = [round.spent("student", clock) / unit for round in rounds]
    low, high = median_interval(ratios)
    return median(ratios), low, high
