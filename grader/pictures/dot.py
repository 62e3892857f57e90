"""dot and batched_matmul on two stacks: each axis is a box, a line leads to the axis of the answer that it becomes.

Which axis becomes which is found by asking: an operand that is zero except at one index of an axis leaves the answer zero
except at one index of some axis, or of none, and then the axis was summed away.
"""

from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..compare import describe
from ..errors import CheckFailed
from ..i18n import _
from .drawing import DARK, GREY, LIGHT, Array
from .panel import Numbers, Panel, Picture

SHAPES = (2, 3, 4), (2, 4, 5)
TOP, BOTTOM = 2.2, 0.0
CENTRES = 1.1, 5.4  # of the two operands, each box one wide
MAX_AXES = 6


def ask_axes(module: Any, function: str) -> Numbers:
    """shape: of the answer. a, b: (axes of the operand, axes of the answer), 1 where the one becomes the other."""
    result = _answer(module, function, [np.ones(shape) for shape in SHAPES])
    becomes = {
        operand: np.array([_becomes(module, function, number, axis, result.ndim) for axis in range(len(shape))])
        for number, (operand, shape) in enumerate(zip("ab", SHAPES, strict=True))
    }
    return {"shape": np.array(result.shape, dtype=float), **becomes}


def _answer(module: Any, function: str, operands: list[Any]) -> Any:
    value = getattr(module, function)(*operands)
    if not isinstance(value, np.ndarray) or not 1 <= value.ndim <= MAX_AXES:
        raise CheckFailed(
            _("The picture needs an array from {call}; came {actual}.").format(call=function, actual=describe(value))
        )
    return value


def _becomes(module: Any, function: str, operand: int, axis: int, result_axes: int) -> Array:
    """(axes of the answer,): 1 at the one that this axis of an operand becomes; zeros where it is summed away."""
    operands = [np.ones(shape) for shape in SHAPES]
    slabs = np.moveaxis(operands[operand], axis, 0)
    slabs[1:] = 0
    answer = _answer(module, function, operands)
    found = np.zeros(result_axes)
    for place in range(min(answer.ndim, result_axes)):
        found[place] = answer.any() and not np.moveaxis(answer, place, 0)[1:].any()
    return found


def draw_axes(axes: Axes, numbers: Numbers, function: str) -> None:
    result = tuple(int(size) for size in numbers["shape"])
    places = [_places(shape, centre) for shape, centre in zip(SHAPES, CENTRES, strict=True)]
    below = _places(result, sum(CENTRES) / 2)
    summed = []
    for operand, shape in enumerate(SHAPES):
        for axis, size in enumerate(shape):
            x = places[operand][axis]
            targets = np.flatnonzero(numbers["ab"[operand]][axis])
            _box(axes, x, TOP, size, operand, summed=not targets.size)
            if not targets.size:
                summed.append(x)
            for target in targets:
                axes.plot([x, below[target]], [TOP - 0.4, BOTTOM + 0.4], color=GREY, zorder=0)
    for position, size in zip(below, result, strict=True):
        _box(axes, position, BOTTOM, size, None, summed=False)
    if len(summed) == 2:
        axes.plot(
            [summed[0], summed[0], summed[1], summed[1]], [TOP + 0.4, TOP + 0.75, TOP + 0.75, TOP + 0.4], color=DARK
        )
        axes.text(sum(summed) / 2, TOP + 0.85, "Σ", ha="center", va="bottom", fontsize=13)
    for centre, label in zip(CENTRES, "ab", strict=True):
        axes.text(centre - 1.75, TOP, label, ha="center", va="center", style="italic")
    axes.set_title(f"{function}: {SHAPES[0]}, {SHAPES[1]} → {result}")
    axes.set(xlim=(-1.1, 7.2), ylim=(-0.5, 3.5), aspect="equal")
    axes.set_axis_off()


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


PICTURES = (
    Picture(
        "axes",
        tuple(
            Panel(name, partial(ask_axes, function=name), partial(draw_axes, function=name))
            for name in ("dot", "batched_matmul")
        ),
        height=2.6,
    ),
)
