"""One vector for a sequence: where the mean and CLS lie among the tokens, and what more padding does to them."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from .drawing import DARK, GREY, LIGHT, MIDDLE, Array, new_figure, to_array

TOKENS = [[1.0, 2.0], [2.0, 3.4], [3.2, 2.6], [2.6, 1.2]]
CLS, PADDING, PADDED, MAX_PADDING = [0.5, 3.6], [5.0, 0.0], 2, 8


def draw(module: Any) -> Figure:
    """Left: tokens of two features and what `pool` makes of them. Right: how far that moves as padding is appended."""
    figure, (plane, moved) = new_figure(1, 2, height=3.8)
    mean, cls, everything = (
        np.array([_pool(module, n, how) for n in range(MAX_PADDING + 1)]) for how in ("mean", "cls", "all")
    )
    plane.plot(*np.array(TOKENS).T, "o", markersize=7, color=GREY, label="tokens")
    plane.plot(*PADDING, "x", markersize=8, color=DARK, label="padding")
    for points, name, marker, size, colour in (
        (cls, 'pool "cls"', "s", 11, MIDDLE), (mean, 'pool "mean"', "*", 10, LIGHT), (everything, "mean of all", "D", 7, "white")
    ):  # fmt: skip
        look: dict[str, Any] = {
            "marker": marker,
            "markersize": size,
            "color": DARK,
            "markerfacecolor": colour,
            "linewidth": 1,
        }
        plane.plot(*points[PADDED], linestyle="none", label=name, **look)
        moved.plot(np.linalg.norm(points - points[0], axis=1), **look)
    plane.set(
        xlim=(0, 5.6),
        ylim=(-0.5, 4.2),
        xlabel="feature 1",
        ylabel="feature 2",
        title=f"{len(TOKENS)} tokens, {PADDED} of padding",
    )
    plane.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    moved.set(xlabel="tokens of padding", ylabel="moved by", title="appending padding")
    return figure


def _pool(module: Any, padding: int, mode: str) -> Array:
    """(2,): the pooled vector of the tokens, CLS in front and so much padding behind; "all" averages everything there is."""
    tokens = torch.tensor([TOKENS + [PADDING] * padding], dtype=torch.float64)
    hidden = module.prepend_cls(tokens, torch.tensor([[CLS]], dtype=torch.float64))
    if mode == "all":
        length = 1 + len(TOKENS) + padding
        return np.array(to_array(hidden, (1, length, 2), "prepend_cls")[0].mean(axis=0))
    keep = module.extend_keep(torch.tensor([[True] * len(TOKENS) + [False] * padding]))
    return np.array(to_array(module.pool(hidden, keep, mode), (1, 2), "pool")[0])
