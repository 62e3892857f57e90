"""A small image and its patches, there and back; and what the CLS token of a trained model looks at on digits."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes

from .drawing import DARK, MIDDLE, Array, heat_map, parts, shade_bar, to_array
from .panel import Numbers, Panel, Picture, no_question

HEIGHT, WIDTH, PATCH = 12, 18, 6
ROWS, COLUMNS = HEIGHT // PATCH, WIDTH // PATCH
TOKENS = ROWS * COLUMNS

WEIGHTS = Path(__file__).with_suffix(".safetensors")  # of a model trained by vit_weights.py, with the images to show
MODEL = {"image_size": 8, "patch_size": 2, "channels": 1, "dim": 16, "depth": 1, "num_heads": 1, "num_classes": 10}
GRID, DIGITS = 4, 4  # patches a side; images


def ask_sources(module: Any) -> Numbers:
    """(TOKENS, pixels): which pixel of the image each number of a token is, by cutting up an image of their numbers."""
    numbers = torch.arange(HEIGHT * WIDTH, dtype=torch.float64).reshape(1, 1, HEIGHT, WIDTH)
    return {"sources": to_array(module.patchify(numbers, PATCH), (1, TOKENS, PATCH * PATCH), "patchify")[0]}


def ask_tokens(module: Any) -> Numbers:
    return {"tokens": to_array(module.patchify(_image(), PATCH), (1, TOKENS, PATCH * PATCH), "patchify")[0]}


def ask_again(module: Any) -> Numbers:
    """(HEIGHT, WIDTH): the tokens put together again."""
    tokens = module.patchify(_image(), PATCH)
    again = module.unpatchify(tokens, 1, HEIGHT, WIDTH, PATCH)
    return {"image": to_array(again, (1, 1, HEIGHT, WIDTH), "unpatchify")[0, 0]}


def ask_cls(module: Any, digit: int) -> Numbers:
    """(GRID, GRID): how much the CLS token attends to each patch of a digit, in the model's only block."""
    state, images = _trained()
    embedding = module.PatchEmbedding(*(MODEL[name] for name in ("image_size", "patch_size", "channels", "dim")))
    embedding.load_state_dict(_part(state, "embedding."))
    tokens = to_array(embedding(images[digit : digit + 1]), (1, 1 + GRID**2, MODEL["dim"]), "PatchEmbedding")
    norm = _part(state, "blocks.0.norm1.")
    normed = F.layer_norm(torch.tensor(tokens).float(), (MODEL["dim"],), norm["weight"], norm["bias"])
    attention = module.MultiHeadAttention(MODEL["dim"], MODEL["num_heads"])
    attention.load_state_dict(_part(state, "blocks.0.attention."))
    _output, weights = parts(attention(normed, normed, normed), 2, "MultiHeadAttention")
    weights = to_array(weights, (1, 1, 1 + GRID**2, 1 + GRID**2), "MultiHeadAttention")
    return {"attention": weights[0, 0, 0, 1:].reshape(GRID, GRID)}


def ask_classes(module: Any, digit: int) -> Numbers:
    """(10,): the probability of each class."""
    state, images = _trained()
    model = module.VisionTransformer(*MODEL.values())
    model.load_state_dict(state)
    logits = to_array(model(images[digit : digit + 1]), (1, MODEL["num_classes"]), "VisionTransformer")
    return {"probabilities": torch.tensor(logits[0]).softmax(dim=0).numpy()}


def _image() -> torch.Tensor:
    """(1, 1, HEIGHT, WIDTH): a ring and a slope."""
    y, x = torch.meshgrid(torch.arange(float(HEIGHT)), torch.arange(float(WIDTH)), indexing="ij")
    ring = ((((x - 7) ** 2 + (y - 5.5) ** 2).sqrt() - 4).abs() < 1.1).double()
    return torch.maximum(ring, (x + y).double() / (2.0 * (HEIGHT + WIDTH)))[None, None]


def _trained() -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    state = safetensors.torch.load_file(WEIGHTS)
    return state, state.pop("images")


def _part(state: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def draw_image(axes: Axes, numbers: Numbers) -> None:
    """Each token's pixels are framed, and numbered in their middle."""
    heat_map(axes, _image()[0, 0].numpy(), rows=(), columns=())
    owner = np.zeros(HEIGHT * WIDTH, dtype=int)
    for token, pixels in enumerate(numbers["sources"].astype(int)):
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


def draw_again(axes: Axes, numbers: Numbers) -> None:
    heat_map(axes, numbers["image"], rows=(), columns=())
    lost = np.abs(numbers["image"] - _image()[0, 0].numpy()).max()
    axes.set_title(f"unpatchify: largest difference {round(lost, 6):.3g}")


def draw_tokens(axes: Axes, numbers: Numbers) -> None:
    """Each as a patch, in a row, with a gap between them."""
    gap = np.full((PATCH, 1), np.nan)
    strip: list[Array] = []
    for token in numbers["tokens"]:
        strip += [token.reshape(PATCH, PATCH), gap]
    heat_map(axes, np.hstack(strip[:-1]), rows=(), columns=())
    axes.set_xticks([(PATCH + 1) * token + (PATCH - 1) / 2 for token in range(TOKENS)], labels=map(str, range(TOKENS)))
    axes.set_xlabel("token")


def draw_digit(axes: Axes, numbers: Numbers, digit: int) -> None:
    heat_map(axes, _trained()[1][digit, 0].numpy(), rows=(), columns=())
    axes.hlines(np.arange(1, GRID) * 2 - 0.5, -0.5, 7.5, color="white", linewidth=0.5)
    axes.vlines(np.arange(1, GRID) * 2 - 0.5, -0.5, 7.5, color="white", linewidth=0.5)


def draw_cls(axes: Axes, numbers: Numbers, digit: int) -> None:
    image = heat_map(axes, numbers["attention"], high=0.3, rows=(), columns=(), written=".2f", size=7)
    if digit == DIGITS - 1:
        shade_bar(image, "weight", ticks=(0, 0.1, 0.2, 0.3))


def draw_classes(axes: Axes, numbers: Numbers) -> None:
    probabilities = numbers["probabilities"]
    axes.bar(range(10), probabilities, color=[DARK if p == probabilities.max() else MIDDLE for p in probabilities])
    axes.set(ylim=(0, 1.05), xticks=range(10), yticks=(0, 1), xlabel="class")


PICTURES = (
    Picture(
        "patches",
        (
            Panel(f"{HEIGHT} × {WIDTH}, patch = {PATCH}", ask_sources, draw_image, unit=None),
            Panel("unpatchify", ask_again, draw_again),
            Panel("patchify", ask_tokens, draw_tokens),
        ),
        layout=((f"{HEIGHT} × {WIDTH}, patch = {PATCH}", "unpatchify"), ("patchify", "patchify")),
        heights=(2, 1),
    ),
    Picture(
        "cls",
        (
            *(Panel(f"image {n}", no_question, partial(draw_digit, digit=n)) for n in range(DIGITS)),
            *(Panel(f"CLS to {n}", partial(ask_cls, digit=n), partial(draw_cls, digit=n)) for n in range(DIGITS)),
            *(Panel(f"classes of {n}", partial(ask_classes, digit=n), draw_classes) for n in range(DIGITS)),
        ),
        height=5.4,
        layout=tuple(tuple(f"{row} {n}" for n in range(DIGITS)) for row in ("image", "CLS to", "classes of")),
        heights=(3, 3, 2),
    ),
)
