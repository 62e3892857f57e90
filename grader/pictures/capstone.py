"""How much data a model needs, and what a pixel's shift costs: DigitViT and SmallCNN on scikit-learn's digits.

The one picture whose drawing trains: about 20 CPU seconds.
"""

from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from ..sandbox.inside.protocol import Rng
from .drawing import DARK, GREY, MIDDLE, new_figure, to_array

SIZES, EPOCHS = (50, 200, 1257), (200, 60, 20)
LINES = {
    "vit": ("ViT", DARK, "-o", -15),
    "cnn": ("CNN", MIDDLE, "--s", 7),
}  # the last: points from a mark to its number


def draw(module: Any) -> Figure:
    """Accuracy against training images; left on the test images, right on the same ones moved by a pixel."""
    train, test = _digits()
    figure, panels = new_figure(1, 2, sharey=True)
    for architecture, (label, colour, line, away) in LINES.items():
        answer = module.data_curve(architecture, train, test, SIZES, EPOCHS, Rng(0))
        curve = to_array(answer, (len(SIZES), 2), "data_curve")
        for axes, shares in zip(panels, curve.T, strict=True):
            axes.plot(SIZES, shares, line, color=colour, label=label)
            for size, share in zip(SIZES, shares, strict=True):
                axes.annotate(f"{share:.2f}", (size, share), (0, away), textcoords="offset points", ha="center")
    for axes, title in zip(panels, ("test images", "test images, 1 pixel down, 1 pixel right"), strict=True):
        axes.axhline(0.1, color=GREY, linestyle=":", label="chance", zorder=0)
        axes.set_xscale("log")
        axes.set_xticks(SIZES, labels=map(str, SIZES))
        axes.minorticks_off()
        axes.set(title=title, xlabel="training images", xlim=(35, 1800), ylim=(0, 1.08))
    panels[0].set_ylabel("accuracy")
    panels[1].legend(loc="upper left")
    return figure


def _digits() -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """1,257 images (n, 1, 8, 8), float32 from 0 to 1, with their labels to train on, and the other 540 to try on."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    images = torch.tensor(data.images[order, None] / 16, dtype=torch.float32)
    labels = torch.tensor(data.target[order])
    return (images[:1257], labels[:1257]), (images[1257:], labels[1257:])
