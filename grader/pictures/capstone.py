"""How much data a model needs, and what a pixel's shift costs: DigitViT and SmallCNN on scikit-learn's digits.

The one picture whose drawing trains: about 20 CPU seconds.
"""

from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from ..sandbox.inside.protocol import Rng
from .drawing import DARK, GREY, MIDDLE, to_array
from .panel import Numbers, Panel, Picture

SIZES, EPOCHS = (50, 200, 1257), (200, 60, 20)
LINES = {
    "vit": ("ViT", DARK, "-o", -15),
    "cnn": ("CNN", MIDDLE, "--s", 7),
}  # the last: points from a mark to its number


def ask_curves(module: Any) -> Numbers:
    """(len(SIZES), 2) each: accuracy on the test images, and on the same ones moved by a pixel."""
    train, test = _digits()
    curves = {}
    for architecture in LINES:
        answer = module.data_curve(architecture, train, test, SIZES, EPOCHS, Rng(0))
        curves[architecture] = to_array(answer, (len(SIZES), 2), "data_curve")
    return curves


def draw_curves(axes: Axes, numbers: Numbers, column: int) -> None:
    """Accuracy against training images."""
    for architecture, (label, colour, line, away) in LINES.items():
        shares = numbers[architecture][:, column]
        axes.plot(SIZES, shares, line, color=colour, label=label)
        for size, share in zip(SIZES, shares, strict=True):
            axes.annotate(f"{share:.2f}", (size, share), (0, away), textcoords="offset points", ha="center")
    axes.axhline(0.1, color=GREY, linestyle=":", label="chance", zorder=0)
    axes.set_xscale("log")
    axes.set_xticks(SIZES, labels=map(str, SIZES))
    axes.minorticks_off()
    axes.set(xlabel="training images", ylabel="accuracy", xlim=(35, 1800), ylim=(0, 1.08))
    if column == 1:
        axes.legend(loc="upper left")


def _digits() -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """1,257 images (n, 1, 8, 8), float32 from 0 to 1, with their labels to train on, and the other 540 to try on."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images = torch.tensor(data.images[order, None] / 16, dtype=torch.float32)
    labels = torch.tensor(data.target[order])
    return (images[:1257], labels[:1257]), (images[1257:], labels[1257:])


# Initial weights are drawn as the student's code happens to ask for them, so other accuracies can be right as well.
PICTURES = (
    Picture(
        "curves",
        (
            Panel("test images", ask_curves, partial(draw_curves, column=0), tolerance=0.1),
            Panel(
                "test images, 1 pixel down, 1 pixel right", ask_curves, partial(draw_curves, column=1), tolerance=0.1
            ),
        ),
        cpu_s=120.0,
    ),
)
