"""The mean of many resamples with its percentile interval, and how often a resample draws one and the same row."""

from math import comb
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..sandbox.inside.protocol import Named, Rng
from .drawing import DARK, GREY, LIGHT, Array, to_array
from .panel import Numbers, Panel, Picture

ROWS, RESAMPLES, LEVEL, BINS = 40, 2000, 0.95, 41
COPIES = np.arange(6)


def ask_distribution(module: Any) -> Numbers:
    """The share of resamples whose mean lies in each bin, and the interval's two ends."""
    x = _sample()
    counts, _edges = np.histogram(x[_indices(module)].mean(axis=1), bins=BINS, range=_range(x))
    interval = module.bootstrap_interval(x, Named("numpy.mean"), RESAMPLES, LEVEL, Rng(7))
    return {"shares": counts / RESAMPLES, "interval": to_array(interval, (2,), "bootstrap_interval")}


def ask_copies(module: Any) -> Numbers:
    """How often a resample draws a row 0, 1, 2, … times."""
    indices = _indices(module)
    drawn = np.stack([(indices == row).sum(axis=1) for row in range(ROWS)], axis=1)  # (resamples, rows)
    return {"shares": np.array([(drawn == count).mean() for count in COPIES])}


def _indices(module: Any) -> Any:
    indices = to_array(module.bootstrap_indices(ROWS, RESAMPLES, Rng(7)), (RESAMPLES, ROWS), "bootstrap_indices")
    return indices.astype(int) % ROWS


def _sample() -> Array:
    return np.random.default_rng(3).exponential(2.0, size=ROWS)


def _range(x: Array) -> tuple[float, float]:
    """By the sample, so that means which do not vary can be drawn as well."""
    reach = 4 * x.std() / ROWS**0.5
    return float(x.mean() - reach), float(x.mean() + reach)


def draw_distribution(axes: Axes, numbers: Numbers) -> None:
    x, (low, high) = _sample(), numbers["interval"]
    edges = np.linspace(*_range(x), BINS + 1)
    axes.bar(edges[:-1], numbers["shares"], width=np.diff(edges), align="edge", color=GREY)
    axes.axvspan(low, high, color=LIGHT, alpha=0.35, zorder=0)
    for edge, dashes in ((low, "--"), (x.mean(), "-"), (high, "--")):
        axes.axvline(edge, color=DARK, linestyle=dashes)
    axes.set(xlabel=f"mean of a resample (n = {ROWS})", ylabel=f"share of {RESAMPLES} resamples")
    axes.set_title(f"mean {x.mean():.2f}, {LEVEL:.0%} interval {low:.2f} … {high:.2f}")


def draw_copies(axes: Axes, numbers: Numbers) -> None:
    """Dots are what chance gives."""
    chance = [comb(ROWS, int(k)) * (1 / ROWS) ** int(k) * (1 - 1 / ROWS) ** (ROWS - int(k)) for k in COPIES]
    axes.bar(COPIES, numbers["shares"], color=GREY)
    axes.plot(COPIES, chance, "o", color=DARK, label="binomial(n, 1/n)")
    axes.set(xlabel="times that a resample draws a row", ylabel="share")
    axes.set_title(f"drawn at least once: {1 - numbers['shares'][0]:.3f}")
    axes.legend(loc="upper right")


# Right code may draw in any order. Between two seeds of the reference the shares lie up to CHANCE apart, the interval's ends too.
PICTURES = (
    Picture(
        "interval",
        (
            Panel("distribution", ask_distribution, draw_distribution, tolerance=0.15),
            Panel("copies", ask_copies, draw_copies, tolerance=0.02),
        ),
        height=3.8,
        widths=(3, 2),
    ),
)
