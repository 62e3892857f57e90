"""The causal mask, the padding mask, both combined, and the weights that are left of equal scores."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from .drawing import heat_map, new_figure, parts, to_array

LENGTH, LENGTHS = 6, (6, 4)


def draw(module: Any) -> Figure:
    """Light: may attend. The combined mask and the weights are those of the second, shorter sequence."""
    causal = module.causal_mask(LENGTH, LENGTH)
    padding = module.padding_mask(torch.tensor(LENGTHS), LENGTH)
    combined = module.combine_masks(causal, padding)
    shape = (len(LENGTHS), 1, LENGTH, LENGTH)
    mask = to_array(combined, shape, "combine_masks")[1, 0]
    query = torch.zeros(len(LENGTHS), 1, LENGTH, 4, dtype=torch.float64)
    _output, weights = parts(module.causal_attention(query, query, query, combined), 2, "causal_attention")
    figure, axes = new_figure(1, 4, height=2.9)
    heat_map(axes[0], to_array(causal, (LENGTH, LENGTH), "causal_mask"))
    heat_map(axes[1], to_array(padding, (len(LENGTHS), LENGTH), "padding_mask"), rows=[f"n = {n}" for n in range(len(LENGTHS))])
    heat_map(axes[2], mask)
    image = heat_map(axes[3], to_array(weights, shape, "causal_attention")[1, 0], written=".2f")
    for panel, title in zip(axes, ("causal", "padding", "causal & padding, n = 1", "weights, n = 1"), strict=True):
        panel.set(title=title, xlabel="key", xticks=range(LENGTH))
        panel.set_xticks(np.arange(LENGTH + 1) - 0.5, minor=True)
        panel.set_yticks(np.arange(panel.get_images()[0].get_array().shape[0] + 1) - 0.5, minor=True)
        panel.grid(which="minor", color="white", linewidth=1)
        panel.tick_params(which="minor", length=0)
    axes[0].set_ylabel("query")
    figure.colorbar(image, ax=axes, ticks=(0, 0.5, 1), shrink=0.8)
    return figure
