"""Who attends to whom in a short sentence: each word asks for what it needs, once without a mask and once without its padding."""

from functools import partial
from typing import Any

import torch
from matplotlib.axes import Axes

from .drawing import heat_map, parts, shade_bar, to_array
from .panel import Numbers, Panel, Picture

TOKENS = ("I", "drink", "cold", "water", "PAD", "PAD")
# Features: person, action, quality, thing. A key says what a word is, a query what it looks for.
KEYS = [[3, 0, 0, 0], [0, 3, 0, 0], [0, 0, 3, 0], [0, 0, 0, 3], [1.5, 1.5, 1.5, 1.5], [1.5, 1.5, 1.5, 1.5]]
QUERIES = [[1, 2, 0, 0], [2, 0, 0, 2], [0, 0, 1, 2], [0, 1, 2, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def ask_weights(module: Any, masked: bool) -> Numbers:
    """The weights of all words, with a mask that keeps the words and leaves the padding out, or without a mask."""
    query, key = torch.tensor(QUERIES, dtype=torch.float64), torch.tensor(KEYS, dtype=torch.float64)
    keep = torch.tensor([token != "PAD" for token in TOKENS])[None, :] if masked else None
    answer = module.scaled_dot_product_attention(query, key, key, keep)
    _output, weights = parts(answer, 2, "scaled_dot_product_attention")
    return {"weights": to_array(weights, (len(TOKENS), len(TOKENS)), "scaled_dot_product_attention")}


def draw_weights(axes: Axes, numbers: Numbers, with_bar: bool = False) -> None:
    image = heat_map(axes, numbers["weights"], rows=TOKENS, columns=TOKENS, written=".2f")
    axes.set(xlabel="key", ylabel="query")
    if with_bar:
        shade_bar(image, "weight")


PICTURES = (
    Picture(
        "weights",
        (
            Panel("keep = None", partial(ask_weights, masked=False), draw_weights),
            Panel("keep: no PAD", partial(ask_weights, masked=True), partial(draw_weights, with_bar=True)),
        ),
        height=4.0,
    ),
)
