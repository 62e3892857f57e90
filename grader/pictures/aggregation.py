"""One vector for a sequence: where the mean and CLS lie among the tokens, and what more padding does to them."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from .drawing import DARK, GREY, LIGHT, MIDDLE, Array, to_array
from .panel import Numbers, Panel, Picture

TOKENS = [[1.0, 2.0], [2.0, 3.4], [3.2, 2.6], [2.6, 1.2]]
CLS, PADDING, PADDED, MAX_PADDING = [0.5, 3.6], [5.0, 0.0], 2, 8
# What is pooled: how it is called, its marker, the marker's size and colour.
POINTS = {
    "cls": ('pool "cls"', "s", 11, MIDDLE),
    "mean": ('pool "mean"', "*", 10, LIGHT),
    "all": ("mean of all", "D", 7, "white"),
}


def ask_pooled(module: Any) -> Numbers:
    """(2,): the pooled vectors of the tokens, with some padding."""
    return {mode: _pool(module, PADDED, mode) for mode in POINTS}


def ask_moved(module: Any) -> Numbers:
    """(1 + MAX_PADDING,): how far each moves as padding is appended."""
    moved = {}
    for mode in POINTS:
        points = np.array([_pool(module, n, mode) for n in range(MAX_PADDING + 1)])
        moved[mode] = np.linalg.norm(points - points[0], axis=1)
    return moved


def _pool(module: Any, padding: int, mode: str) -> Array:
    """(2,): the pooled vector of the tokens, CLS in front and so much padding behind; "all" averages everything there is."""
    tokens = torch.tensor([TOKENS + [PADDING] * padding], dtype=torch.float64)
    hidden = module.prepend_cls(tokens, torch.tensor([[CLS]], dtype=torch.float64))
    if mode == "all":
        length = 1 + len(TOKENS) + padding
        return np.array(to_array(hidden, (1, length, 2), "prepend_cls")[0].mean(axis=0))
    keep = module.extend_keep(torch.tensor([[True] * len(TOKENS) + [False] * padding]))
    return np.array(to_array(module.pool(hidden, keep, mode), (1, 2), "pool")[0])


def draw_pooled(axes: Axes, numbers: Numbers) -> None:
    axes.plot(*np.array(TOKENS).T, "o", markersize=7, color=GREY, label="tokens")
    axes.plot(*PADDING, "x", markersize=8, color=DARK, label="padding")
    for mode in POINTS:
        axes.plot(*numbers[mode], linestyle="none", **_look(mode))
    axes.set(xlim=(0, 5.6), ylim=(-0.5, 4.2), xlabel="feature 1", ylabel="feature 2")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


def draw_moved(axes: Axes, numbers: Numbers) -> None:
    for mode in POINTS:
        axes.plot(numbers[mode], **_look(mode))
    axes.set(xlabel="tokens of padding", ylabel="moved by")


def _look(mode: str) -> dict[str, Any]:
    label, marker, size, colour = POINTS[mode]
    return {
        "label": label,
        "marker": marker,
        "markersize": size,
        "color": DARK,
        "markerfacecolor": colour,
        "linewidth": 1,
    }


PICTURES = (
    Picture(
        "pooling",
        (
            Panel(f"{len(TOKENS)} tokens, {PADDED} of padding", ask_pooled, draw_pooled),
            Panel("appending padding", ask_moved, draw_moved),
        ),
        height=3.8,
    ),
)
