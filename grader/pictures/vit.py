"""A small image and its patches: where each token's pixels come from, the tokens in their order, and the way back."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .drawing import Array, heat_map, new_figure, to_array

HEIGHT, WIDTH, PATCH = 12, 18, 6
ROWS, COLUMNS = HEIGHT // PATCH, WIDTH // PATCH
TOKENS = ROWS * COLUMNS


def draw(module: Any) -> Figure:
    """Left: the image, a frame around each token's pixels and its number. Middle: the tokens. Right: put together again."""
    image = _image()
    tokens = module.patchify(image, PATCH)
    patches = to_array(tokens, (1, TOKENS, PATCH * PATCH), "patchify")[0]
    again = to_array(module.unpatchify(tokens, 1, HEIGHT, WIDTH, PATCH), (1, 1, HEIGHT, WIDTH), "unpatchify")[0, 0]
    numbers = torch.arange(HEIGHT * WIDTH, dtype=torch.float64).reshape(1, 1, HEIGHT, WIDTH)
    sources = to_array(module.patchify(numbers, PATCH), (1, TOKENS, PATCH * PATCH), "patchify")[0]
    figure = new_figure(height=3.4)[0]
    figure.clear()
    left, middle, right = figure.subfigures(1, 3, width_ratios=(1.1, 1.3, 1.1))
    panel = left.subplots()
    heat_map(panel, image[0, 0].numpy())
    _frame_tokens(panel, sources)
    panel.set(title=f"{HEIGHT} × {WIDTH}, patch = {PATCH}", xticks=(), yticks=())
    for token, (small, pixels) in enumerate(zip(middle.subplots(1, TOKENS), patches, strict=True)):
        heat_map(small, pixels.reshape(PATCH, PATCH))
        small.set(title=str(token), xticks=(), yticks=())
    panel = right.subplots()
    heat_map(panel, again)
    panel.set(title=f"back: largest difference {np.abs(again - image[0, 0].numpy()).max():.3g}", xticks=(), yticks=())
    return figure


def _image() -> torch.Tensor:
    """(1, 1, HEIGHT, WIDTH): a ring and a slope."""
    y, x = torch.meshgrid(torch.arange(float(HEIGHT)), torch.arange(float(WIDTH)), indexing="ij")
    ring = ((((x - 7) ** 2 + (y - 5.5) ** 2).sqrt() - 4).abs() < 1.1).double()
    return torch.maximum(ring, (x + y).double() / (2.0 * (HEIGHT + WIDTH)))[None, None]


def _frame_tokens(axes: Axes, sources: Array) -> None:
    """A line between neighbouring pixels of different tokens; each token's number in the middle of its pixels."""
    owner = np.zeros(HEIGHT * WIDTH, dtype=int)
    for token, pixels in enumerate(sources.astype(int)):
        owner[pixels % owner.size] = token
    grid = owner.reshape(HEIGHT, WIDTH)
    for row, column in np.argwhere(grid[:, 1:] != grid[:, :-1]):
        axes.plot([column + 0.5] * 2, [row - 0.5, row + 0.5], color="white")
    for row, column in np.argwhere(grid[1:] != grid[:-1]):
        axes.plot([column - 0.5, column + 0.5], [row + 0.5] * 2, color="white")
    for token in range(TOKENS):
        row, column = np.argwhere(grid == token).mean(axis=0)
        axes.text(column, row, str(token), ha="center", va="center", color="black", fontsize=11,
                  bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "none"})  # fmt: skip
