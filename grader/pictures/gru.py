"""Gates along a sequence: a GRU of one unit that keeps a number, replaces it with the past in mind, then without the past."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from .drawing import DARK, GREY, MIDDLE, draw_gates, draw_signals, parts, to_array
from .panel import Numbers, Panel, Picture, no_question

STEPS, REPLACE, RESET = 24, (2, 9, 16), (16,)
# x holds a number, a signal "replace" and a signal "reset"; rows are r, z and n.
WEIGHT_IH = [[0.0, 0.0, -9.0], [0.0, -9.0, 0.0], [1.5, 0.0, 0.0]]
WEIGHT_HH = [[0.0], [0.0], [2.0]]
BIAS = [4.5, 4.5, 0.0]


def ask_gates(module: Any) -> Numbers:
    """(3, STEPS): r, z and n along the sequence."""
    gates, _states = _walk(module)
    return {"gates": np.array(gates).T}


def ask_states(module: Any) -> Numbers:
    """(STEPS,): the candidates, and the state that mostly ignores them."""
    gates, states = _walk(module)
    return {"n": np.array(gates)[:, 2], "h": np.array(states)}


def _walk(module: Any) -> tuple[list[list[float]], list[float]]:
    x, bias = _sequence(), torch.tensor(BIAS) / 2  # torch adds two
    weights = (torch.tensor(WEIGHT_IH), torch.tensor(WEIGHT_HH), bias, bias)
    h = torch.zeros(1, 1)
    gates, states = [], []
    for t in range(STEPS):
        answer = parts(module.gru_gates(x[t : t + 1], h, *weights), 3, "gru_gates")
        gates.append([to_array(gate, (1, 1), "gru_gates").item() for gate in answer])
        h = module.gru_cell(x[t : t + 1], h, *weights)
        states.append(to_array(h, (1, 1), "gru_cell").item())
    return gates, states


def _sequence() -> torch.Tensor:
    """(STEPS, 3), float32"""
    x = torch.zeros(STEPS, 3)
    x[:, 0] = torch.from_numpy(np.random.default_rng(5).uniform(-1, 1, STEPS))
    x[REPLACE[0], 0], x[REPLACE[1], 0], x[REPLACE[2], 0] = 0.9, -0.7, -0.7
    x[list(REPLACE), 1] = 1
    x[list(RESET), 2] = 1
    return x


def draw_input(axes: Axes, numbers: Numbers) -> None:
    draw_signals(axes, _sequence()[:, 0].numpy(), {"replace": REPLACE, "reset": RESET})


def draw_gru_gates(axes: Axes, numbers: Numbers) -> None:
    draw_gates(axes, numbers["gates"], ("r", "z", "n"))


def draw_states(axes: Axes, numbers: Numbers) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.plot(numbers["n"], "o", markersize=4, color=MIDDLE, label="n")
    axes.step(range(STEPS), numbers["h"], where="mid", color=DARK, label="h")
    axes.set(xlabel="t", ylabel="state", xlim=(-0.5, STEPS - 0.5), ylim=(-1.2, 1.2))
    axes.legend(loc="lower left", ncols=2)


PICTURES = (
    Picture(
        "gates",
        (
            Panel("inputs", no_question, draw_input),
            Panel("gates", ask_gates, draw_gru_gates),
            Panel("states", ask_states, draw_states),
        ),
        height=5.0,
        layout=(("inputs",), ("gates",), ("states",)),
        heights=(3, 3, 4),
    ),
)
