"""The causal mask, the padding mask, both combined, and the weights that are left of equal scores."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from .drawing import heat_map, new_figure, parts, to_array

LENGTH, LENGTHS = 6, (6, 4)
SHORT = 1  # the sequence with padding, of which the combined mask and the weights are shown


def draw(module: Any) -> Figure:
    """Light: may attend."""
    causal = module.causal_mask(LENGTH, LENGTH)
    padding = module.padding_mask(torch.tensor(LENGTHS), LENGTH)
    combined = module.combine_masks(causal, padding)
    equal = torch.zeros(len(LENGTHS), 1, LENGTH, 4, dtype=torch.float64)
    _output, weights = parts(module.causal_attention(equal, equal, equal, combined), 2, "causal_attention")
    shape = (len(LENGTHS), 1, LENGTH, LENGTH)
    panels = {
        "causal": to_array(causal, (LENGTH, LENGTH), "causal_mask"),
        "padding": to_array(padding, (len(LENGTHS), LENGTH), "padding_mask"),
        f"causal & padding, n = {SHORT}": to_array(combined, shape, "combine_masks")[SHORT, 0],
        f"weights, n = {SHORT}": to_array(weights, shape, "causal_attention")[SHORT, 0],
    }
    figure, axes = new_figure(1, len(panels), height=2.9)
    for panel, (title, values) in zip(axes, panels.items(), strict=True):
        written = ".2f" if title.startswith("weights") else ""
        names = [f"n = {n}" if title == "padding" else str(n) for n in range(len(values))]
        image = heat_map(panel, values, rows=names, columns=[str(n) for n in range(LENGTH)], written=written, size=7)
        panel.hlines(np.arange(len(values) + 1) - 0.5, -0.5, LENGTH - 0.5, color="white", linewidth=1)
        panel.vlines(np.arange(LENGTH + 1) - 0.5, -0.5, len(values) - 0.5, color="white", linewidth=1)
        panel.set(title=title, xlabel="key")
    axes[0].set_ylabel("query")
    figure.colorbar(image, ax=axes, ticks=(0, 0.5, 1), shrink=0.8)
    return figure
