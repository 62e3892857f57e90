"""Figures of item analysis. Small, pure, and as the literature defines them."""

import statistics
from collections.abc import Sequence

FEWEST = 10  # students below which no remark is made on a check: chance would be read for a finding


def discrimination(passed: Sequence[bool], points: Sequence[float], worth: float) -> float | None:
    """The corrected item-total correlation: Pearson's r of passing this check with the points on all the others.

    passed: of each student; points: their points on the whole exercise; worth: what this check is worth. As one of the two
    variables is 0 or 1, this is the point-biserial correlation. None where it is undefined: fewer than two students, or one
    of the two is the same for everybody. Source: Henrysson (1963), Psychometrika 28, 211-218.
    """
    rest = [total - worth * was for total, was in zip(points, passed, strict=True)]
    if max(rest, default=0.0) - min(rest, default=0.0) < 1e-9:  # points are sums of floats
        return None
    try:
        return statistics.correlation([float(was) for was in passed], rest)
    except statistics.StatisticsError:
        return None


def histogram(shares: Sequence[float], bins: int = 10) -> list[int]:
    """How many of these shares (0 to 1) lie in each bin; a bin holds its lower bound, the last one 1 as well."""
    counts = [0] * bins
    for share in shares:
        counts[min(int(share * bins + 1e-9), bins - 1)] += 1
    return counts
