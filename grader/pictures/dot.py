"""dot and batched_matmul on two stacks: each axis is a box, a line leads to the axis of the answer that it becomes.

Which axis becomes which is found by asking: an operand that is zero except at one index of an axis leaves the answer zero
except at one index of some axis, or of none, and then the axis was summed away.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..compare import describe
from ..errors import CheckFailed
from ..i18n import _
from .drawing import DARK, GREY, LIGHT, new_figure

SHAPES = (2, 3, 4), (2, 4, 5)
TOP, BOTTOM = 2.2, 0.0
CENTRES = 1.1, 5.4  # of the two operands, each box one wide


def draw(module: Any) -> Figure:
    """Left: every stack of a meets every stack of b. Right: the stacks are walked together."""
    figure, (left, right) = new_figure(1, 2, height=2.6)
    _draw_product(left, module.dot, "dot")
    _draw_product(right, module.batched_matmul, "batched_matmul")
    return figure


def _draw_product(axes: Axes, function: Callable[..., Any], name: str) -> None:
    result = _answer(function, [np.ones(shape) for shape in SHAPES], name)
    places = [_places(shape, centre) for shape, centre in zip(SHAPES, CENTRES, strict=True)]
    below = _places(result.shape, sum(CENTRES) / 2)
    summed = []
    for operand, shape in enumerate(SHAPES):
        for axis, size in enumerate(shape):
            x = places[operand][axis]
            targets = _becomes(function, operand, axis, name)
            _box(axes, x, TOP, size, operand, summed=not targets)
            if not targets:
                summed.append(x)
            for target in targets:
                axes.plot([x, below[target]], [TOP - 0.4, BOTTOM + 0.4], color=GREY, zorder=0)
    for position, size in zip(below, result.shape, strict=True):
        _box(axes, position, BOTTOM, size, None, summed=False)
    if len(summed) == 2:
        axes.plot(
            [summed[0], summed[0], summed[1], summed[1]], [TOP + 0.4, TOP + 0.75, TOP + 0.75, TOP + 0.4], color=DARK
        )
        axes.text(sum(summed) / 2, TOP + 0.85, "Σ", ha="center", va="bottom", fontsize=13)
    for centre, label in zip(CENTRES, "ab", strict=True):
        axes.text(centre - 1.75, TOP, label, ha="center", va="center", style="italic")
    axes.set_title(f"{name}: {SHAPES[0]}, {SHAPES[1]} → {result.shape}")
    axes.set(xlim=(-1.1, 7.2), ylim=(-0.5, 3.5), aspect="equal")
    axes.set_axis_off()


def _answer(function: Callable[..., Any], operands: list[Any], name: str) -> Any:
    value = function(*operands)
    if not isinstance(value, np.ndarray) or not 1 <= value.ndim <= 6:
        raise CheckFailed(
            _("The picture needs an array from {call}; came {actual}.").format(call=name, actual=describe(value))
        )
    return value


def _becomes(function: Callable[..., Any], operand: int, axis: int, name: str) -> list[int]:
    """The axes of the answer that this axis of an operand becomes: one, or none where it is summed away."""
    operands = [np.ones(shape) for shape in SHAPES]
    slabs = np.moveaxis(operands[operand], axis, 0)
    slabs[1:] = 0
    answer = _answer(function, operands, name)
    return [place for place in range(answer.ndim) if answer.any() and not np.moveaxis(answer, place, 0)[1:].any()]


def _places(shape: tuple[int, ...], centre: float) -> list[float]:
    """Where the boxes of a shape stand, side by side."""
    return [centre + 1.05 * (axis - (len(shape) - 1) / 2) for axis in range(len(shape))]


def _box(axes: Axes, x: float, y: float, size: int, operand: int | None, *, summed: bool) -> None:
    """One axis. Those of a are dark, those of b light, those of the answer white; hatched: summed away."""
    face = {0: DARK, 1: LIGHT, None: "white"}[operand]
    edge = "white" if operand == 0 else DARK
    axes.add_patch(
        Rectangle((x - 0.45, y - 0.4), 0.9, 0.8, facecolor=face, edgecolor=edge, hatch="////" if summed else None)
    )
    axes.text(x, y, str(size), ha="center", va="center", fontsize=12, color="white" if operand == 0 else "black",
              bbox={"facecolor": face, "edgecolor": "none", "pad": 2.0})  # fmt: skip
