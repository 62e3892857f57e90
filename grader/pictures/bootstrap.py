"""The mean of many resamples with its percentile interval, and how often a resample draws one and the same row."""

from math import comb
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ..sandbox.inside.protocol import Named, Rng
from .drawing import DARK, GREY, LIGHT, new_figure, to_array

ROWS, RESAMPLES, LEVEL = 40, 2000, 0.95


def draw(module: Any) -> Figure:
    """Left: the distribution of the statistic. Right: 0, 1, 2, … copies of a row; dots are what chance gives."""
    x = np.random.default_rng(3).exponential(2.0, size=ROWS)
    indices = to_array(module.bootstrap_indices(ROWS, RESAMPLES, Rng(7)), (RESAMPLES, ROWS), "bootstrap_indices")
    indices = indices.astype(int) % ROWS
    interval = module.bootstrap_interval(x, Named("numpy.mean"), RESAMPLES, LEVEL, Rng(7))
    low, high = to_array(interval, (2,), "bootstrap_interval")
    figure, (left, right) = new_figure(1, 2, width_ratios=(3, 2), height=3.8)

    means = x[indices].mean(axis=1)
    reach = 4 * x.std() / ROWS**0.5  # by the sample, so that means which do not vary can be drawn as well
    left.hist(means, bins=41, range=(x.mean() - reach, x.mean() + reach), color=GREY)
    left.axvspan(low, high, color=LIGHT, alpha=0.35, zorder=0)
    for edge, dashes in ((low, "--"), (x.mean(), "-"), (high, "--")):
        left.axvline(edge, color=DARK, linestyle=dashes)
    left.set(xlabel=f"mean of a resample (n = {ROWS})", ylabel=f"of {RESAMPLES} resamples")
    left.set_title(f"mean {x.mean():.2f}, {LEVEL:.0%} interval {low:.2f} … {high:.2f}")

    copies = np.arange(6)
    drawn = np.stack([(indices == row).sum(axis=1) for row in range(ROWS)], axis=1)  # (resamples, rows)
    shares = np.array([(drawn == count).mean() for count in copies])
    chance = [comb(ROWS, int(k)) * (1 / ROWS) ** int(k) * (1 - 1 / ROWS) ** (ROWS - int(k)) for k in copies]
    right.bar(copies, shares, color=GREY)
    right.plot(copies, chance, "o", color=DARK, label="binomial(n, 1/n)")
    right.set(
        xlabel="times that a resample draws a row", ylabel="share", title=f"drawn at least once: {1 - shares[0]:.3f}"
    )
    right.legend(loc="upper right")
    return figure
