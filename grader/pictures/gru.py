"""Gates along a sequence: a GRU of one unit that keeps a number, replaces it with the past in mind, then without the past."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from .drawing import DARK, GREY, MIDDLE, draw_signals, heat_map, new_figure, parts, to_array

STEPS, REPLACE, RESET = 24, (2, 9, 16), (16,)
# x holds a number, a signal "replace" and a signal "reset"; rows are r, z and n.
WEIGHT_IH = [[0.0, 0.0, -9.0], [0.0, -9.0, 0.0], [1.5, 0.0, 0.0]]
WEIGHT_HH = [[0.0], [0.0], [2.0]]
BIAS = [4.5, 4.5, 0.0]


def draw(module: Any) -> Figure:
    """Top: what comes in. Middle: r, z, n. Bottom: the candidates, and the state that mostly ignores them."""
    x, bias = _sequence(), torch.tensor(BIAS) / 2  # torch adds two
    weights = (torch.tensor(WEIGHT_IH), torch.tensor(WEIGHT_HH), bias, bias)
    h = torch.zeros(1, 1)
    gates, states = [], []
    for t in range(STEPS):
        answer = parts(module.gru_gates(x[t : t + 1], h, *weights), 3, "gru_gates")
        gates.append([to_array(gate, (1, 1), "gru_gates").item() for gate in answer])
        h = module.gru_cell(x[t : t + 1], h, *weights)
        states.append(to_array(h, (1, 1), "gru_cell").item())
    figure, (top, middle, bottom) = new_figure(3, 1, height=5.0, sharex=True, height_ratios=(3, 3, 4))
    draw_signals(top, x[:, 0].numpy(), {"replace": REPLACE, "reset": RESET})
    image = heat_map(middle, np.array(gates).T, low=-1, rows=("r", "z", "n"))
    middle.set_aspect("auto")
    middle.hlines(np.arange(0.5, 2), -0.5, STEPS - 0.5, color="white")
    figure.colorbar(image, ax=middle, ticks=(-1, 0, 1), pad=0.01)
    bottom.axhline(0, color=GREY, linewidth=0.8)
    bottom.plot([candidate for *_gates, candidate in gates], "o", markersize=4, color=MIDDLE, label="n")
    bottom.step(range(STEPS), states, where="mid", color=DARK, label="h")
    bottom.set(xlabel="t", ylabel="state", ylim=(-1.2, 1.2))
    bottom.legend(loc="lower left", ncols=2)
    return figure


def _sequence() -> torch.Tensor:
    """(STEPS, 3), float32"""
    x = torch.zeros(STEPS, 3)
    x[:, 0] = torch.from_numpy(np.random.default_rng(5).uniform(-1, 1, STEPS))
    x[REPLACE[0], 0], x[REPLACE[1], 0], x[REPLACE[2], 0] = 0.9, -0.7, -0.7
    x[list(REPLACE), 1] = 1
    x[list(RESET), 2] = 1
    return x
