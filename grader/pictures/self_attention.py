"""The table of positions as an image, and the dot product of each position with each other."""

from typing import Any

from matplotlib.axes import Axes

from .drawing import DARK, LIGHT, MIDDLE, Array, heat_map, shade_bar, to_array
from .panel import Numbers, Panel, Picture

LENGTH, DIM = 64, 64
FROM = {8: (LIGHT, 6.0), 24: (MIDDLE, 3.0), 40: (DARK, 1.0)}  # thinner and thinner: the lines lie on one another


def ask_table(module: Any) -> Numbers:
    return {"positions": _positions(module)}


def ask_products(module: Any) -> Numbers:
    positions = _positions(module)
    return {"products": positions @ positions.T}


def ask_rows(module: Any) -> Numbers:
    """Of the products, the rows of three positions."""
    positions = _positions(module)
    return {"rows": positions[list(FROM)] @ positions.T}


def _positions(module: Any) -> Array:
    return to_array(module.sinusoidal_positions(LENGTH, DIM), (LENGTH, DIM), "sinusoidal_positions")


def draw_table(axes: Axes, numbers: Numbers) -> None:
    shade_bar(heat_map(axes, numbers["positions"], low=-1), ticks=(-1, 0, 1))
    axes.set(xlabel="feature", ylabel="position")


def draw_products(axes: Axes, numbers: Numbers) -> None:
    """They depend on the distance from the diagonal alone."""
    shade_bar(heat_map(axes, numbers["products"], high=DIM / 2), ticks=None)
    axes.set(xlabel="position", ylabel="position")


def draw_rows(axes: Axes, numbers: Numbers) -> None:
    for (p, (colour, width)), row in zip(FROM.items(), numbers["rows"], strict=True):
        axes.plot([k - p for k in range(LENGTH)], row, color=colour, linewidth=width, label=f"p = {p}")
    axes.set(xlabel="k", xlim=(-24, 24))
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    axes.set_box_aspect(1)
    axes.legend(loc="lower center")


PICTURES = (
    Picture(
        "positions",
        (
            Panel("P", ask_table, draw_table),
            Panel("P Pᵀ", ask_products, draw_products),
            Panel("P[p] · P[p + k]", ask_rows, draw_rows),
        ),
        height=3.2,
    ),
)
