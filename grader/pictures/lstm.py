"""Gates along a sequence, written by hand so that a number is stored and shown; and how much of the past a gradient reaches."""

from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from .drawing import DARK, GREY, MIDDLE, draw_gates, draw_signals, parts, to_array
from .panel import Numbers, Panel, Picture, no_question

STEPS, WRITE, READ = 24, (2, 11), (7, 8, 17, 18, 19)
# x holds a number, a signal "write" and a signal "read"; rows are the gates i, f, g, o.
WEIGHT_IH = [[0.0, 9.0, 0.0], [0.0, -9.0, 0.0], [1.5, 0.0, 0.0], [0.0, 0.0, 9.0]]
BIAS = [-4.5, 4.5, 0.0, -4.5]

HIDDEN, TIMES = 16, (1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50)
FORGET_BIASES = {0.0: (DARK, "-o"), 1.0: (DARK, "--s"), 3.0: ("#c4ac3c", "-D")}
# log10 of the medians that exercise rnn's picture shows for a gain of 1, at these times (a test compares them).
RNN = {
    "sigmoid": (-0.41, -2.71, -5.75, -8.73, -11.73, -14.72, -17.62, -20.58, -23.51, -26.43, -29.36),
    "tanh": (0.13, -0.02, -0.08, -0.06, -0.05, -0.16, -0.13, -0.15, -0.19, -0.16, -0.27),
    "relu": (0.20, -0.37, -1.10, -2.01, -2.71, -3.48, -4.35, -5.20, -6.10, -6.96, -7.88),
}


def ask_gates(module: Any) -> Numbers:
    """(4, STEPS): each gate along the sequence. W_hh is 0, so all steps can be asked at once."""
    answer = parts(module.lstm_gates(_sequence(), torch.zeros(STEPS, 1), *_weights()), 4, "lstm_gates")
    return {"gates": np.stack([to_array(gate, (STEPS, 1), "lstm_gates")[:, 0] for gate in answer])}


def ask_states(module: Any) -> Numbers:
    """(STEPS,): the cell state and the hidden state, a step after the other."""
    x = _sequence()
    h, c = torch.zeros(1, 1), torch.zeros(1, 1)
    states = []
    for t in range(STEPS):
        h, c = parts(module.lstm_cell(x[t : t + 1], (h, c), *_weights()), 2, "lstm_cell")
        states.append([to_array(state, (1, 1), "lstm_cell").item() for state in (c, h)])
    cell, hidden = np.array(states).T
    return {"c": cell, "h": hidden}


def ask_norms(module: Any) -> Numbers:
    """Forget bias → (len(TIMES),): log10 of the spectral norm of ∂c_t/∂c_0, by the code's own gradients; x is 0."""
    return {f"{bias:g}": np.array([_log_norm(module, bias, t) for t in TIMES]) for bias in FORGET_BIASES}


def _log_norm(module: Any, forget_bias: float, steps: int) -> float:
    """Each row of a batch of equal samples asks for the gradient of another c_t: together, the Jacobian."""
    generator = torch.Generator().manual_seed(0)
    weight_hh = torch.randn(4 * HIDDEN, HIDDEN, generator=generator, dtype=torch.float64) / HIDDEN**0.5
    state = torch.randn(2, HIDDEN, generator=generator, dtype=torch.float64)
    h0, c0 = (part.expand(HIDDEN, -1).clone() for part in state)
    weight_ih, no_bias = torch.zeros(4 * HIDDEN, 1, dtype=torch.float64), torch.zeros(4 * HIDDEN, dtype=torch.float64)
    bias = no_bias.clone()
    bias[HIDDEN : 2 * HIDDEN] = forget_bias
    x = torch.zeros(HIDDEN, steps, 1, dtype=torch.float64)
    eye = torch.eye(HIDDEN, dtype=torch.float64)
    (jacobian,) = module.gradient(
        "lstm_forward", x, (h0, c0), weight_ih, weight_hh, bias, no_bias, wrt=[(1, 1)], cotangents=[None, None, eye]
    )
    singular = np.linalg.svd(to_array(jacobian, (HIDDEN, HIDDEN), "lstm_forward"), compute_uv=False)
    return float(np.log10(max(singular[0], 1e-300)))


def _sequence() -> torch.Tensor:
    """(STEPS, 3), float32"""
    x = torch.zeros(STEPS, 3)
    x[:, 0] = torch.from_numpy(np.random.default_rng(5).uniform(-1, 1, STEPS))
    x[WRITE[0], 0], x[WRITE[1], 0] = 0.9, -0.7
    x[list(WRITE), 1] = 1
    x[list(READ), 2] = 1
    return x


def _weights() -> tuple[torch.Tensor, ...]:
    bias = torch.tensor(BIAS) / 2  # torch adds two
    return torch.tensor(WEIGHT_IH), torch.zeros(4, 1), bias, bias


def draw_input(axes: Axes, numbers: Numbers) -> None:
    draw_signals(axes, _sequence()[:, 0].numpy(), {"write": WRITE, "read": READ})


def draw_lstm_gates(axes: Axes, numbers: Numbers) -> None:
    draw_gates(axes, numbers["gates"], ("i", "f", "g", "o"))


def draw_states(axes: Axes, numbers: Numbers) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.step(range(STEPS), numbers["c"], where="mid", color=MIDDLE, linestyle="--", label="c")
    axes.step(range(STEPS), numbers["h"], where="mid", color=DARK, label="h")
    axes.set(xlabel="t", ylabel="state", xlim=(-0.5, STEPS - 0.5), ylim=(-1.2, 1.2))
    axes.legend(loc="lower right", ncols=2)


def draw_norms(axes: Axes, numbers: Numbers) -> None:
    axes.axhline(1, color=GREY, linewidth=0.8)
    for (activation, norms), dashes in zip(RNN.items(), (":", "--", "-"), strict=True):
        axes.semilogy(TIMES, 10.0 ** np.array(norms), color=GREY, linestyle=dashes, label=f"RNN, {activation}")
    for bias, (colour, look) in FORGET_BIASES.items():
        axes.semilogy(
            TIMES, 10.0 ** numbers[f"{bias:g}"], look, color=colour, markersize=4, label=f"LSTM, b_f = {bias:g}"
        )
    axes.set(xlabel="t", ylabel="‖∂c_t / ∂c_0‖", ylim=(1e-34, 1e3))
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))


PICTURES = (
    Picture(
        "gates",
        (
            Panel("inputs", no_question, draw_input),
            Panel("gates", ask_gates, draw_lstm_gates),
            Panel("states", ask_states, draw_states),
        ),
        height=5.0,
        layout=(("inputs",), ("gates",), ("states",)),
        heights=(3, 4, 4),
    ),
    Picture("gradients", (Panel("gain 1", ask_norms, draw_norms, unit="(log₁₀)"),), height=3.6),
)
