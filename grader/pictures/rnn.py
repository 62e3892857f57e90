"""How much of h_0 is left in h_t, for three activations and four gains, on a logarithmic scale."""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from .drawing import DARK, GREY, MIDDLE, Array, new_figure, to_array

HIDDEN, STEPS, DRAWS = 16, 50, 20
GAINS = {0.9: (DARK, "-"), 1.0: (DARK, "--"), 1.5: (MIDDLE, "-"), 3.0: ("#c4ac3c", "-.")}


def draw(module: Any) -> Figure:
    """Median over draws of the spectral norm of ∂h_t/∂h_0; W is normal with standard deviation gain/√H."""
    figure, axes = new_figure(1, 3, height=4.0, sharey=True)
    for panel, activation in zip(axes, ("sigmoid", "tanh", "relu"), strict=True):
        panel.axhline(1, color=GREY, linewidth=0.8)
        for gain, (colour, dashes) in GAINS.items():
            norms = _median_norms(module, gain, activation)
            panel.semilogy(np.arange(1, STEPS + 1), norms, color=colour, linestyle=dashes, label=f"gain {gain:g}")
        panel.set(title=activation, xlabel="t", ylim=(1e-34, 1e18))
    axes[0].set_ylabel("‖∂h_t / ∂h_0‖")
    axes[0].legend(loc="lower left")
    return figure


def _median_norms(module: Any, gain: float, activation: str) -> Array:
    """(STEPS,)"""
    generator = torch.Generator().manual_seed(0)
    norms = []
    for _draw in range(DRAWS):
        weight = torch.randn(HIDDEN, HIDDEN, generator=generator, dtype=torch.float64) * gain / HIDDEN**0.5
        h0 = torch.randn(HIDDEN, generator=generator, dtype=torch.float64)
        norms.append(to_array(module.gradient_norms(weight, h0, STEPS, activation), (STEPS,), "gradient_norms"))
    return np.array(np.median(norms, axis=0))
