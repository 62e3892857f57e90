"""Who attends to whom in a short sentence: each word asks for what it needs, once without a mask and once without its padding."""

from typing import Any

import torch
from matplotlib.figure import Figure

from .drawing import heat_map, new_figure, parts, to_array

TOKENS = ("I", "drink", "cold", "water", "PAD", "PAD")
# Features: person, action, quality, thing. A key says what a word is, a query what it looks for.
KEYS = [[3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 3, 0], [0, 0, 0, 3], [1.5, 1.5, 1.5, 1.5], [1.5, 1.5, 1.5, 1.5]]
QUERIES = [[1, 2, 0, 0], [2, 0, 0, 2], [0, 0, 1, 2], [0, 1, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def draw(module: Any) -> Figure:
    """Weights without a mask, and with a mask that keeps the words and leaves the padding out."""
    query, key = torch.tensor(QUERIES, dtype=torch.float64), torch.tensor(KEYS, dtype=torch.float64)
    keep = torch.tensor([token != "PAD" for token in TOKENS])[None, :]
    figure, axes = new_figure(1, 2, height=4.0)
    for panel, mask, title in zip(axes, (None, keep), ("keep = None", "keep: no PAD"), strict=True):
        _output, weights = parts(
            module.scaled_dot_product_attention(query, key, key, mask), 2, "scaled_dot_product_attention"
        )
        values = to_array(weights, (len(TOKENS), len(TOKENS)), "scaled_dot_product_attention")
        image = heat_map(panel, values, rows=TOKENS, columns=TOKENS, written=".2f")
        panel.set(title=title, xlabel="key", ylabel="query")
    figure.colorbar(image, ax=axes, label="weight", ticks=(0, 0.5, 1), shrink=0.8)
    return figure
