"""The causal mask, the padding mask, both combined, and the weights that are left of equal scores."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from .drawing import Array, heat_map, parts, shade_bar, to_array
from .panel import Numbers, Panel, Picture

LENGTH, LENGTHS = 6, (6, 4)
SHORT = 1  # the sequence with padding, of which the combined mask and the weights are shown
SHAPE = (len(LENGTHS), 1, LENGTH, LENGTH)


def ask_causal(module: Any) -> Numbers:
    return {"mask": to_array(module.causal_mask(LENGTH, LENGTH), (LENGTH, LENGTH), "causal_mask")}


def ask_padding(module: Any) -> Numbers:
    mask = module.padding_mask(torch.tensor(LENGTHS), LENGTH)
    return {"mask": to_array(mask, (len(LENGTHS), LENGTH), "padding_mask")}


def ask_combined(module: Any) -> Numbers:
    return {"mask": to_array(_combine(module), SHAPE, "combine_masks")[SHORT, 0]}


def ask_weights(module: Any) -> Numbers:
    equal = torch.zeros(len(LENGTHS), 1, LENGTH, 4, dtype=torch.float64)
    _output, weights = parts(module.causal_attention(equal, equal, equal, _combine(module)), 2, "causal_attention")
    return {"weights": to_array(weights, SHAPE, "causal_attention")[SHORT, 0]}


def _combine(module: Any) -> Any:
    return module.combine_masks(module.causal_mask(LENGTH, LENGTH), module.padding_mask(torch.tensor(LENGTHS), LENGTH))


def draw_mask(axes: Axes, numbers: Numbers) -> None:
    """Light: may attend."""
    _cells(axes, numbers["mask"], [str(n) for n in range(LENGTH)])
    axes.set(xlabel="key", ylabel="query")


def draw_padding(axes: Axes, numbers: Numbers) -> None:
    _cells(axes, numbers["mask"], [f"n = {n}" for n in range(len(LENGTHS))])
    axes.set(xlabel="key")


def draw_weights(axes: Axes, numbers: Numbers) -> None:
    shade_bar(_cells(axes, numbers["weights"], [str(n) for n in range(LENGTH)], written=".2f"))
    axes.set(xlabel="key", ylabel="query")


def _cells(axes: Axes, values: Array, rows: list[str], written: str = "") -> Any:
    image = heat_map(axes, values, rows=rows, columns=[str(n) for n in range(LENGTH)], written=written, size=7)
    axes.hlines(np.arange(len(values) + 1) - 0.5, -0.5, LENGTH - 0.5, color="white", linewidth=1)
    axes.vlines(np.arange(LENGTH + 1) - 0.5, -0.5, len(values) - 0.5, color="white", linewidth=1)
    return image


PICTURES = (
    Picture(
        "masks",
        (
            Panel("causal", ask_causal, draw_mask),
            Panel("padding", ask_padding, draw_padding),
            Panel(f"causal & padding, n = {SHORT}", ask_combined, draw_mask),
            Panel(f"weights, n = {SHORT}", ask_weights, draw_weights),
        ),
        height=2.9,
    ),
)
