"""Four heads side by side on one sequence, each with projections that make it look for something else."""

from functools import partial
from typing import Any

import torch
from matplotlib.axes import Axes

from .drawing import heat_map, parts, shade_bar, to_array
from .panel import Numbers, Panel, Picture

TOKENS = ("a", "b", "a", "c", "b", "a")
NAMES = ("head 0: same letter", "head 1: one before", "head 2: the first", "head 3: all alike")
HEAD_DIM = LENGTH = len(TOKENS)
DIM = len(NAMES) * HEAD_DIM
SHARPNESS = 12.0  # makes the largest score clearly the largest: a score is SHARPNESS / √HEAD_DIM


def ask_head(module: Any, head: int) -> Numbers:
    """The weights of one head; the projections are written by hand, W_v and W_o as they come."""
    attention = module.MultiHeadAttention(DIM, len(NAMES))
    attention.load_state_dict({**attention.state_dict(), **_projections()})
    x = _tokens()
    _output, weights = parts(attention(x, x, x), 2, "MultiHeadAttention")
    return {"weights": to_array(weights, (1, len(NAMES), LENGTH, LENGTH), "MultiHeadAttention")[0, head]}


def draw_head(axes: Axes, numbers: Numbers, head: int) -> None:
    image = heat_map(axes, numbers["weights"], rows=TOKENS, columns=TOKENS)
    axes.set(xlabel="key", ylabel="query" if head == 0 else "")
    if head == len(NAMES) - 1:
        shade_bar(image, "weight")


def _tokens() -> torch.Tensor:
    """(1, LENGTH, DIM): each token's letter one-hot in the first features, its position one-hot in the next."""
    x = torch.zeros(1, LENGTH, DIM)
    for position, letter in enumerate(TOKENS):
        x[0, position, "abc".index(letter)] = 1
        x[0, position, HEAD_DIM + position] = 1
    return x


def _projections() -> dict[str, torch.Tensor]:
    """W_q and W_k: head h owns the output features from h·HEAD_DIM on."""
    letters, positions = slice(0, HEAD_DIM), slice(HEAD_DIM, 2 * HEAD_DIM)
    eye = torch.eye(HEAD_DIM)
    query, key = torch.zeros(DIM, DIM), torch.zeros(DIM, DIM)
    rows = [slice(head * HEAD_DIM, (head + 1) * HEAD_DIM) for head in range(len(NAMES))]
    query[rows[0], letters], key[rows[0], letters] = SHARPNESS * eye, eye  # letter meets letter
    before = torch.diag(torch.ones(HEAD_DIM - 1), 1)
    query[rows[1], positions], key[rows[1], positions] = SHARPNESS * before, eye  # position p meets p − 1
    query[rows[2].start, positions], key[rows[2], positions] = SHARPNESS, eye  # everybody asks for position 0
    zeros = torch.zeros(DIM)
    return {"W_q.weight": query, "W_q.bias": zeros, "W_k.weight": key, "W_k.bias": zeros}


PICTURES = (
    Picture(
        "heads",
        tuple(
            Panel(name, partial(ask_head, head=head), partial(draw_head, head=head)) for head, name in enumerate(NAMES)
        ),
        height=2.9,
    ),
)
