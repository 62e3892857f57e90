"""The residual stream: how it grows from block to block, and what a block adds to it with one or both sublayers silenced."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from .drawing import DARK, MIDDLE, Array, heat_map, new_figure, to_array

DIM, HEADS, HIDDEN, LENGTH, DEPTH = 16, 4, 64, 8, 24
LAST_LAYERS = {"attention": "attention.W_o", "feed-forward": "feed_forward.linear2"}  # zero these, and it adds zero


def draw(module: Any) -> Figure:
    """Left: root mean square of x along a stack of random blocks. Right: block(x) − x; silenced sublayers add nothing."""
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(1, LENGTH, DIM, generator=generator)
    block = module.EncoderBlock(DIM, HEADS, HIDDEN)
    state = _random_state(block, generator)
    silent = {"both": (), "attention": ("feed-forward",), "feed-forward": ("attention",), "neither": tuple(LAST_LAYERS)}
    figure, axes = new_figure(1, 1 + len(silent), height=3.4, width_ratios=(2.2, 1, 1, 1, 1))
    for panel, (name, silenced) in zip(axes[1:], silent.items(), strict=True):
        block.load_state_dict(_silence(state, silenced))
        image = heat_map(panel, _apply(block, x) - x[0].numpy(), low=-2, high=2)
        panel.set(title=name, xlabel="feature", xticks=(0, DIM - 1), yticks=(0, LENGTH - 1))
        panel.set_aspect("auto")
    axes[1].set_ylabel("token")
    figure.colorbar(image, ax=axes[1:], label="block(x) − x", ticks=(-2, 0, 2))

    growth = [_rms(x[0].numpy())]
    for _depth in range(DEPTH):
        block.load_state_dict(_random_state(block, generator))
        x = torch.from_numpy(_apply(block, x)).float()[None]
        growth.append(_rms(x[0].numpy()))
    axes[0].axhline(1, color=MIDDLE, linewidth=0.8)
    axes[0].plot(growth, color=DARK, marker="o", markersize=3)
    axes[0].set(xlabel="blocks", ylabel="root mean square of x", ylim=(0, None))
    return figure


def _random_state(block: Any, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Weights of variance 1 / inputs, norms that neither scale nor shift."""
    state = {}
    for name, value in block.state_dict().items():
        if value.ndim == 2:
            state[name] = torch.randn(value.shape, generator=generator) / value.shape[1] ** 0.5
        else:
            state[name] = torch.full(value.shape, float(name.startswith("norm") and name.endswith("weight")))
    return state


def _silence(state: dict[str, torch.Tensor], sublayers: tuple[str, ...]) -> dict[str, torch.Tensor]:
    last = tuple(LAST_LAYERS[name] for name in sublayers)
    return {name: value * 0 if last and name.startswith(last) else value for name, value in state.items()}


def _apply(block: Any, x: torch.Tensor) -> Array:
    """(LENGTH, DIM)"""
    return np.array(to_array(block(x), (1, LENGTH, DIM), "EncoderBlock")[0])


def _rms(x: Array) -> float:
    return float(np.sqrt((x**2).mean()))
