"""How much of h_0 is left in h_t, for three activations and four gains, on a logarithmic scale."""

from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from .drawing import DARK, GREY, MIDDLE, Array, to_array
from .panel import Numbers, Panel, Picture

HIDDEN, STEPS, DRAWS = 16, 50, 20
GAINS = {0.9: (DARK, "-"), 1.0: (DARK, "--"), 1.5: (MIDDLE, "-"), 3.0: ("#c4ac3c", "-.")}
ACTIVATIONS = ("sigmoid", "tanh", "relu")
TINY = 1e-300  # for the logarithm of 0


def ask_norms(module: Any, activation: str) -> Numbers:
    """Gain → (STEPS,): log10 of the median over draws of the spectral norm of ∂h_t/∂h_0.

    W is normal with standard deviation gain/√H.
    """
    return {f"{gain:g}": np.log10(np.maximum(_median_norms(module, gain, activation), TINY)) for gain in GAINS}


def _median_norms(module: Any, gain: float, activation: str) -> Array:
    generator = torch.Generator().manual_seed(0)
    norms = []
    for _draw in range(DRAWS):
        weight = torch.randn(HIDDEN, HIDDEN, generator=generator, dtype=torch.float64) * gain / HIDDEN**0.5
        h0 = torch.randn(HIDDEN, generator=generator, dtype=torch.float64)
        norms.append(to_array(module.gradient_norms(weight, h0, STEPS, activation), (STEPS,), "gradient_norms"))
    return np.array(np.median(norms, axis=0))


def draw_norms(axes: Axes, numbers: Numbers, activation: str) -> None:
    axes.axhline(1, color=GREY, linewidth=0.8)
    for gain, (colour, dashes) in GAINS.items():
        norms = 10.0 ** numbers[f"{gain:g}"]
        axes.semilogy(np.arange(1, STEPS + 1), norms, color=colour, linestyle=dashes, label=f"gain {gain:g}")
    axes.set(xlabel="t", ylim=(1e-34, 1e18))
    if activation == ACTIVATIONS[0]:
        axes.set_ylabel("‖∂h_t / ∂h_0‖")
        axes.legend(loc="lower left")


PICTURES = (
    Picture(
        "gradients",
        tuple(
            Panel(name, partial(ask_norms, activation=name), partial(draw_norms, activation=name), unit="(log₁₀)")
            for name in ACTIVATIONS
        ),
        height=4.0,
    ),
)
