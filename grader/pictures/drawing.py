"""What the pictures share: one size, one style, and answers turned into arrays that can be drawn.

Shades come from cividis, which colour-blind readers see as others do and which prints in grey; lines differ in dashes too.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import matplotlib.style
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from ..compare import describe
from ..errors import CheckFailed
from ..i18n import _
from .fonts import hangul_family

WIDTH, HEIGHT, DPI = 9.0, 4.5, 100  # inches, inches, dots per inch: 900 by 450 pixels
DARK, MIDDLE, LIGHT = "#00224e", "#7d7c78", "#e5cf52"  # cividis at 0, 0.5 and 0.9
GREY = "#b0b0b0"
STYLE = {
    "figure.dpi": DPI,
    "savefig.dpi": DPI,
    "font.family": "DejaVu Sans",  # matplotlib's own: the same letters on every machine
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "image.cmap": "cividis",
    "legend.frameon": False,
    "hatch.linewidth": 0.8,
}

Array = NDArray[np.float64]


def style(hangul: bool = False) -> AbstractContextManager[None]:
    """The project's style alone, whatever a matplotlibrc says. hangul: with a font for it too, where one is installed."""
    family = hangul_family() if hangul else None
    return matplotlib.style.context(["default", STYLE | ({"font.family": ["DejaVu Sans", family]} if family else {})])


def new_figure(height: float = HEIGHT) -> Figure:
    """A figure without axes. It belongs to nobody: pyplot does not know it, so nothing has to be closed."""
    return Figure(figsize=(WIDTH, height), layout="constrained")


def to_array(value: Any, shape: tuple[int, ...], call: str) -> Array:
    """An answer of `call` as floats, of the shape that the picture needs. Raises CheckFailed for anything else."""
    try:
        array = np.asarray(value.detach() if isinstance(value, torch.Tensor) else value, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError):
        array = None
    if array is None or array.shape != shape:
        raise CheckFailed(
            _("The picture needs numbers of shape {expected} from {call}; came {actual}.").format(
                expected=shape, call=call, actual=describe(value)
            )
        )
    return array


def parts(value: Any, count: int, call: str) -> Sequence[Any]:
    """The parts of an answer that is a tuple or a list of `count`. Raises CheckFailed for anything else."""
    if not isinstance(value, tuple | list) or len(value) != count:
        raise CheckFailed(
            _("The picture needs {count} values from {call}; came {actual}.").format(
                count=count, call=call, actual=describe(value)
            )
        )
    return value


def heat_map(
    axes: Axes,
    values: Array,
    *,
    low: float = 0.0,
    high: float = 1.0,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    written: str = "",
    size: int = 8,
) -> AxesImage:
    """A matrix as shades between low and high, with names for its rows and columns.

    written: a format for the numbers to write into it, in letters of `size` points.
    """
    image = axes.imshow(values, vmin=low, vmax=high, interpolation="nearest")
    for axis, names in ((axes.xaxis, columns), (axes.yaxis, rows)):
        if names is not None:
            axis.set_ticks(range(len(names)), labels=list(names))
            axis.set_tick_params(length=0)
    axes.spines[:].set_visible(False)
    if written:
        for (row, column), value in np.ndenumerate(values):
            colour = "white" if value < (low + high) / 2 else "black"
            axes.text(column, row, format(value, written), ha="center", va="center", color=colour, fontsize=size)
    return image


def shade_bar(
    image: AxesImage, label: str = "", ticks: Sequence[float] | None = (0, 0.5, 1), pad: float = 0.05
) -> None:
    """Beside an image, what its shades stand for. Where images share their shades, the last one alone has it."""
    axes = image.axes
    axes.figure.colorbar(image, ax=axes, label=label, ticks=ticks, pad=pad, shrink=0.8, panchor=False)


def draw_gates(axes: Axes, values: Array, names: Sequence[str]) -> None:
    """Gates along a sequence, (gates, steps), as shades from −1 to 1."""
    image = heat_map(axes, values, low=-1, rows=names)
    axes.set_aspect("auto")
    axes.hlines(np.arange(0.5, len(names) - 1), -0.5, values.shape[1] - 0.5, color="white")
    axes.set_xticklabels([])
    shade_bar(image, ticks=(-1, 0, 1), pad=0.01)


def draw_signals(axes: Axes, values: Array, signals: dict[str, Sequence[int]]) -> None:
    """An input: a number a step as dots, and bands at the steps at which each of two signals is on."""
    for (name, steps), (colour, (bottom, top)) in zip(
        signals.items(), ((LIGHT, (0.5, 1)), (GREY, (0, 0.5))), strict=True
    ):
        for step in steps:
            label = name if step == steps[0] else None
            axes.axvspan(step - 0.5, step + 0.5, ymin=bottom, ymax=top, color=colour, label=label)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.plot(values, "o", markersize=4, color=DARK)
    axes.set(ylabel="x", xlim=(-0.5, len(values) - 0.5), ylim=(-1.2, 1.2), xticklabels=[])
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0, ncols=2)
