"""The residual stream: how it grows from block to block, and what a block adds to it with one or both sublayers silenced."""

from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from .drawing import DARK, MIDDLE, Array, heat_map, shade_bar, to_array
from .panel import Numbers, Panel, Picture

DIM, HEADS, HIDDEN, LENGTH, DEPTH = 16, 4, 64, 8, 24
LAST_LAYERS = {"attention": "attention.W_o", "feed-forward": "feed_forward.linear2"}  # zero these, and it adds zero
SILENCED = {"both": (), "attention": ("feed-forward",), "feed-forward": ("attention",), "neither": tuple(LAST_LAYERS)}


def ask_growth(module: Any) -> Numbers:
    """(1 + DEPTH,): root mean square of x along a stack of random blocks."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, LENGTH, DIM, generator=generator)
    block = module.EncoderBlock(DIM, HEADS, HIDDEN)
    growth = [_rms(x[0].numpy())]
    for _depth in range(DEPTH):
        block.load_state_dict(_random_state(block, generator))
        x = torch.from_numpy(_apply(block, x)).float()[None]
        growth.append(_rms(x[0].numpy()))
    return {"rms": np.array(growth)}


def ask_added(module: Any, silenced: tuple[str, ...]) -> Numbers:
    """(LENGTH, DIM): block(x) − x; silenced sublayers add nothing."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, LENGTH, DIM, generator=generator)
    block = module.EncoderBlock(DIM, HEADS, HIDDEN)
    last = tuple(LAST_LAYERS[name] for name in silenced)
    state = _random_state(block, generator)
    block.load_state_dict(
        {name: value * 0 if last and name.startswith(last) else value for name, value in state.items()}
    )
    return {"added": _apply(block, x) - x[0].numpy()}


def _random_state(block: Any, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Weights of variance 1 / inputs, norms that neither scale nor shift."""
    state = {}
    for name, value in block.state_dict().items():
        if value.ndim == 2:
            state[name] = torch.randn(value.shape, generator=generator) / value.shape[1] ** 0.5
        else:
            state[name] = torch.full(value.shape, float(name.startswith("norm") and name.endswith("weight")))
    return state


def _apply(block: Any, x: torch.Tensor) -> Array:
    """(LENGTH, DIM)"""
    return np.array(to_array(block(x), (1, LENGTH, DIM), "EncoderBlock")[0])


def _rms(x: Array) -> float:
    return float(np.sqrt((x**2).mean()))


def draw_growth(axes: Axes, numbers: Numbers) -> None:
    axes.axhline(1, color=MIDDLE, linewidth=0.8)
    axes.plot(numbers["rms"], color=DARK, marker="o", markersize=3)
    axes.set(xlabel="blocks", ylabel="root mean square of x", ylim=(0, max(5.0, 1.05 * numbers["rms"].max())))


def draw_added(axes: Axes, numbers: Numbers, name: str) -> None:
    image = heat_map(axes, numbers["added"], low=-2, high=2)
    axes.set(xlabel="feature", xticks=(0, DIM - 1), yticks=(0, LENGTH - 1), aspect="auto")
    if name == "both":
        axes.set_ylabel("token")
    if name == "neither":
        shade_bar(image, "block(x) − x", ticks=(-2, 0, 2))


PICTURES = (
    Picture(
        "stream",
        (
            Panel("stack", ask_growth, draw_growth),
            *(
                Panel(name, partial(ask_added, silenced=silenced), partial(draw_added, name=name))
                for name, silenced in SILENCED.items()
            ),
        ),
        height=3.4,
        widths=(2.2, 1, 1, 1, 1),
    ),
)
