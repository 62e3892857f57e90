"""One data set raw, centred, and centred and scaled; below each, a linear neuron's loss and the way down that it gives."""

from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from .drawing import DARK, LIGHT, MIDDLE, Array, parts, to_array
from .panel import Numbers, Panel, Picture

SAMPLES, MAX_STEPS, CLOSE, FAR = 60, 200, 0.02, 1e3
START = np.array([-1.6, 1.2])  # of the weights, measured from the best ones
RAW, CENTRED, SCALED = NAMES = ("x", "x − mean", "(x − mean) / std")


def ask_data(module: Any, name: str) -> Numbers:
    return {"x": _data(module, name)}


def ask_descent(module: Any, name: str) -> Numbers:
    """hessian: of the loss. path: weights (steps + 1, 2) on the way down, with the best constant step. condition: a number."""
    x = _data(module, name)
    hessian = x.T @ x / len(x)
    condition = to_array(module.condition_number(x), (), "condition_number")
    return {"hessian": hessian, "path": _descend(module, x, hessian), "condition": condition}


def _data(module: Any, name: str) -> Array:
    raw: Array = np.random.default_rng(0).normal(size=(SAMPLES, 2)) * [1.0, 2.0] + [2.0, 4.0]
    if name == RAW:
        return raw
    mean, std = parts(module.fit_standardizer(raw), 2, "fit_standardizer")
    mean, std = (to_array(part, (2,), "fit_standardizer") for part in (mean, std))
    return to_array(module.standardize(raw, mean, std if name == SCALED else np.ones(2)), (SAMPLES, 2), "standardize")


def _descend(module: Any, x: Array, hessian: Array) -> Array:
    """The target is x times the best weights, here 0."""
    eigenvalues = np.linalg.eigvalsh(hessian)
    step = 2 / (eigenvalues[0] + eigenvalues[-1])
    path = [START]
    while CLOSE < np.linalg.norm(path[-1]) < FAR and len(path) <= MAX_STEPS:
        gradients = to_array(module.weight_gradient(x, x @ path[-1]), x.shape, "weight_gradient")
        path.append(path[-1] - step * gradients.mean(axis=0))
    return np.array(path)


def draw_data(axes: Axes, numbers: Numbers) -> None:
    axes.axhline(0, color=MIDDLE, linewidth=0.8)
    axes.axvline(0, color=MIDDLE, linewidth=0.8)
    axes.scatter(numbers["x"][:, 0], numbers["x"][:, 1], s=10, color=DARK)
    axes.set(xlim=(-7.5, 7.5), ylim=(-6, 9), aspect="equal", xlabel="feature 1", ylabel="feature 2")


def draw_descent(axes: Axes, numbers: Numbers) -> None:
    """Contours of the loss around its minimum, and the steps from the same start until close to it."""
    path = numbers["path"]
    grid = np.linspace(-2, 2, 81)
    offsets = np.stack(np.meshgrid(grid, grid), axis=-1)
    loss = np.einsum("...i,ij,...j->...", offsets, numbers["hessian"], offsets) / 2
    levels = loss.max() * np.array([0.01, 0.06, 0.17, 0.35, 0.6])
    axes.contour(grid, grid, loss, levels=levels, cmap="cividis", linewidths=1)
    axes.plot(path[:, 0], path[:, 1], marker="o", markersize=3, color=DARK, linewidth=1)
    axes.plot(0, 0, marker="*", markersize=10, markerfacecolor=LIGHT, markeredgecolor=DARK, linestyle="none")
    axes.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal", xlabel="weight 1 − best", ylabel="weight 2 − best")
    axes.set_title(f"κ = {numbers['condition']:.3g}, {_count(path)} steps")


def _count(path: Array) -> str:
    return f"{len(path) - 1}" if np.linalg.norm(path[-1]) <= CLOSE else f"> {len(path) - 1}"


DESCENTS = tuple(f"loss on {name}" for name in NAMES)
PICTURES = (
    Picture(
        "descent",
        (
            *(Panel(name, partial(ask_data, name=name), draw_data) for name in NAMES),
            *(
                Panel(descent, partial(ask_descent, name=name), draw_descent)
                for descent, name in zip(DESCENTS, NAMES, strict=True)
            ),
        ),
        height=5.4,
        layout=(NAMES, DESCENTS),
    ),
)
