"""Figures of item analysis. Small, pure, and as the literature defines them.

What is counted comes as a mapping, value -> how many: of points there are few different ones, however large the class is.
"""

import math
from collections.abc import Mapping
from typing import Generic, TypeVar

FEWEST = 10  # students below which no remark is made on a check: chance would be read for a finding
ENOUGH = 4000  # of what is measured: a median of so many is that of all, to what a page shows

Value = TypeVar("Value")


class Sample(Generic[Value]):
    """What is measured, one after the other: all of up to `most`, then every second, every fourth, … of them.

    Evenly chosen, and the same each time. step: one in how many is kept. seen: how many there were.
    """

    def __init__(self, most: int | None = None) -> None:
        self.values: list[Value] = []
        self.step = 1
        self.seen = 0
        self._most = ENOUGH if most is None else most

    def add(self, value: Value) -> None:
        if self.seen % self.step == 0:
            self.values.append(value)
            if len(self.values) > self._most:
                del self.values[1::2]
                self.step *= 2
        self.seen += 1

    @property
    def is_due(self) -> bool:
        """The next one is kept."""
        return self.seen % self.step == 0


def discrimination(results: Mapping[tuple[bool, float], int], worth: float) -> float | None:
    """The corrected item-total correlation: Pearson's r of passing this check with the points on all the others.

    results: (passed, points on the whole exercise) -> students; worth: what this check is worth. As one of the two
    variables is 0 or 1, this is the point-biserial correlation. None where it is undefined: fewer than two students, or one
    of the two is the same for everybody. Source: Henrysson (1963), Psychometrika 28, 211-218.
    """
    passed = [(float(was), count) for (was, _points), count in results.items()]
    rest = [(points - worth * was, count) for (was, points), count in results.items()]
    values = [value for value, _count in rest]
    if len(set(passed_or_not for passed_or_not, _count in passed)) < 2 or max(values) - min(values) < 1e-9:
        return None  # points are sums of floats
    x, y = (_about_their_mean(variable) for variable in (passed, rest))
    counts = [count for _value, count in passed]
    xy = math.fsum(a * b * count for a, b, count in zip(x, y, counts, strict=True))
    xx, yy = (math.fsum(a * a * count for a, count in zip(one, counts, strict=True)) for one in (x, y))
    return xy / math.sqrt(xx * yy)


def mean(counts: Mapping[float, int]) -> float | None:
    total = sum(counts.values())
    return math.fsum(value * count for value, count in counts.items()) / total if total else None


def median(counts: Mapping[float, int]) -> float | None:
    """Half way between the two in the middle, where their number is even."""
    total = sum(counts.values())
    if not total:
        return None
    middle = (total - 1) // 2, total // 2
    found, below = [], 0
    for value in sorted(counts):
        found += [value for place in middle if below <= place < below + counts[value]]
        below += counts[value]
    return sum(found) / 2


def histogram(shares: Mapping[float, int], bins: int = 10) -> list[int]:
    """How many of these shares (0 to 1) lie in each bin; a bin holds its lower bound, the last one 1 as well."""
    counts = [0] * bins
    for share, count in shares.items():
        counts[min(int(share * bins + 1e-9), bins - 1)] += count
    return counts


def _about_their_mean(variable: list[tuple[float, int]]) -> list[float]:
    centre = math.fsum(value * count for value, count in variable) / sum(count for _value, count in variable)
    return [value - centre for value, _count in variable]
