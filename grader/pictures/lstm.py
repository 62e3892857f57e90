"""Gates along a sequence: an LSTM of one unit that writes a number into its cell when told to, and shows it when told to."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from .drawing import DARK, GREY, MIDDLE, draw_signals, heat_map, new_figure, parts, to_array

STEPS, WRITE, READ = 24, (2, 11), (7, 8, 17, 18, 19)
# x holds a number, a signal "write" and a signal "read"; rows are the gates i, f, g, o.
WEIGHT_IH = [[0.0, 9.0, 0.0], [0.0, -9.0, 0.0], [1.5, 0.0, 0.0], [0.0, 0.0, 9.0]]
BIAS = [-4.5, 4.5, 0.0, -4.5]


def draw(module: Any) -> Figure:
    """Top: what comes in. Middle: i, f, g, o. Bottom: the cell state and the hidden state."""
    x, bias = _sequence(), torch.tensor(BIAS) / 2  # torch adds two
    weights = (torch.tensor(WEIGHT_IH), torch.zeros(4, 1), bias, bias)
    h, c = torch.zeros(1, 1), torch.zeros(1, 1)
    gates, states = [], []
    for t in range(STEPS):
        answer = parts(module.lstm_gates(x[t : t + 1], h, *weights), 4, "lstm_gates")
        gates.append([to_array(gate, (1, 1), "lstm_gates").item() for gate in answer])
        h, c = parts(module.lstm_cell(x[t : t + 1], (h, c), *weights), 2, "lstm_cell")
        states.append([to_array(state, (1, 1), "lstm_cell").item() for state in (c, h)])
    figure, (top, middle, bottom) = new_figure(3, 1, height=5.0, sharex=True, height_ratios=(3, 4, 4))
    draw_signals(top, x[:, 0].numpy(), {"write": WRITE, "read": READ})
    image = heat_map(middle, np.array(gates).T, low=-1, rows=("i", "f", "g", "o"))
    middle.set_aspect("auto")
    middle.hlines(np.arange(0.5, 3), -0.5, STEPS - 0.5, color="white")
    figure.colorbar(image, ax=middle, ticks=(-1, 0, 1), pad=0.01)
    cell, hidden = np.array(states).T
    bottom.axhline(0, color=GREY, linewidth=0.8)
    bottom.step(range(STEPS), cell, where="mid", color=MIDDLE, linestyle="--", label="c")
    bottom.step(range(STEPS), hidden, where="mid", color=DARK, label="h")
    bottom.set(xlabel="t", ylabel="state", ylim=(-1.2, 1.2))
    bottom.legend(loc="lower right", ncols=2)
    return figure


def _sequence() -> torch.Tensor:
    """(STEPS, 3), float32"""
    x = torch.zeros(STEPS, 3)
    x[:, 0] = torch.from_numpy(np.random.default_rng(5).uniform(-1, 1, STEPS))
    x[WRITE[0], 0], x[WRITE[1], 0] = 0.9, -0.7
    x[list(WRITE), 1] = 1
    x[list(READ), 2] = 1
    return x
