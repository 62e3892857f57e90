"""One data set raw, centred, and centred and scaled; below each, a linear neuron's loss and the way down that it gives."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .drawing import DARK, LIGHT, MIDDLE, Array, new_figure, parts, to_array

SAMPLES, MAX_STEPS, CLOSE, FAR = 60, 200, 0.02, 1e3
START = np.array([-1.6, 1.2])  # of the weights, measured from the best ones


def draw(module: Any) -> Figure:
    """Top: the data. Bottom: contours of the loss around its minimum, and the steps from the same start until close to it."""
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(SAMPLES, 2)) * [1.0, 2.0] + [2.0, 4.0]
    mean, std = parts(module.fit_standardizer(raw), 2, "fit_standardizer")
    mean, std = (to_array(part, (2,), "fit_standardizer") for part in (mean, std))
    centred = to_array(module.standardize(raw, mean, np.ones(2)), raw.shape, "standardize")
    scaled = to_array(module.standardize(raw, mean, std), raw.shape, "standardize")
    figure, axes = new_figure(2, 3, height=5.4)
    names = ("x", "x − mean", "(x − mean) / std")
    for column, (name, x) in enumerate(zip(names, (raw, centred, scaled), strict=True)):
        _draw_data(axes[column], x, name)
        _draw_descent(axes[3 + column], module, x)
    axes[0].set_ylabel("feature 2")
    axes[3].set_ylabel("weight 2 − best")
    return figure


def _draw_data(axes: Axes, x: Array, name: str) -> None:
    axes.axhline(0, color=MIDDLE, linewidth=0.8)
    axes.axvline(0, color=MIDDLE, linewidth=0.8)
    axes.scatter(x[:, 0], x[:, 1], s=10, color=DARK)
    axes.set(xlim=(-7.5, 7.5), ylim=(-6, 9), aspect="equal", title=name, xlabel="feature 1")


def _draw_descent(axes: Axes, module: Any, x: Array) -> None:
    hessian = x.T @ x / len(x)
    path = _descend(module, x, hessian)
    grid = np.linspace(-2, 2, 81)
    offsets = np.stack(np.meshgrid(grid, grid), axis=-1)
    loss = np.einsum("...i,ij,...j->...", offsets, hessian, offsets) / 2
    axes.contour(
        grid, grid, loss, levels=loss.max() * np.array([0.01, 0.06, 0.17, 0.35, 0.6]), cmap="cividis", linewidths=1
    )
    axes.plot(path[:, 0], path[:, 1], marker="o", markersize=3, color=DARK, linewidth=1)
    axes.plot(0, 0, marker="*", markersize=10, markerfacecolor=LIGHT, markeredgecolor=DARK, linestyle="none")
    condition = float(to_array(module.condition_number(x), (), "condition_number"))
    axes.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal", xlabel="weight 1 − best")
    axes.set_title(f"κ = {condition:.3g}, {_count(path)} steps")


def _descend(module: Any, x: Array, hessian: Array) -> Array:
    """Weights (steps + 1, 2) on the way down, with the best constant step; the target is x times the best weights, here 0."""
    eigenvalues = np.linalg.eigvalsh(hessian)
    step = 2 / (eigenvalues[0] + eigenvalues[-1])
    path = [START]
    while CLOSE < np.linalg.norm(path[-1]) < FAR and len(path) <= MAX_STEPS:
        gradients = to_array(module.weight_gradient(x, x @ path[-1]), x.shape, "weight_gradient")
        path.append(path[-1] - step * gradients.mean(axis=0))
    return np.array(path)


def _count(path: Array) -> str:
    return f"{len(path) - 1}" if np.linalg.norm(path[-1]) <= CLOSE else f"> {len(path) - 1}"
