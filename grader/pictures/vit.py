"""A small image and its patches: where each token's pixels come from, the tokens in their order, and the way back."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .drawing import Array, blank_figure, heat_map, to_array

HEIGHT, WIDTH, PATCH = 12, 18, 6
ROWS, COLUMNS = HEIGHT // PATCH, WIDTH // PATCH
TOKENS = ROWS * COLUMNS


def draw(module: Any) -> Figure:
    """Top: the image, each token's pixels framed and numbered; the tokens put together again. Bottom: the tokens."""
    image = _image()
    tokens = module.patchify(image, PATCH)
    patches = to_array(tokens, (1, TOKENS, PATCH * PATCH), "patchify")[0]
    again = to_array(module.unpatchify(tokens, 1, HEIGHT, WIDTH, PATCH), (1, 1, HEIGHT, WIDTH), "unpatchify")[0, 0]
    numbers = torch.arange(HEIGHT * WIDTH, dtype=torch.float64).reshape(1, 1, HEIGHT, WIDTH)
    sources = to_array(module.patchify(numbers, PATCH), (1, TOKENS, PATCH * PATCH), "patchify")[0]
    figure = blank_figure()
    grid = figure.add_gridspec(2, TOKENS, height_ratios=(2, 1))
    left, right = figure.add_subplot(grid[0, : TOKENS // 2]), figure.add_subplot(grid[0, TOKENS // 2 :])
    heat_map(left, image[0, 0].numpy(), rows=(), columns=())
    _frame_tokens(left, sources)
    left.set_title(f"{HEIGHT} × {WIDTH}, patch = {PATCH}")
    heat_map(right, again, rows=(), columns=())
    right.set_title(f"unpatchify: largest difference {np.abs(again - image[0, 0].numpy()).max():.3g}")
    for token, pixels in enumerate(patches):
        panel = figure.add_subplot(grid[1, token])
        heat_map(panel, pixels.reshape(PATCH, PATCH), rows=(), columns=())
        panel.set_xlabel(str(token))
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
    for token in np.unique(grid):
        row, column = np.argwhere(grid == token).mean(axis=0)
        axes.text(column, row, str(token), ha="center", va="center", color="black", fontsize=11,
                  bbox={"boxstyle": "circle,pad=0.2", "facecolor": "white", "edgecolor": "none"})  # fmt: skip
