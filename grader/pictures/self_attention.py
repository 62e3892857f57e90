"""The table of positions as an image, and the dot product of each position with each other."""

from typing import Any

from matplotlib.figure import Figure

from .drawing import DARK, LIGHT, MIDDLE, heat_map, new_figure, to_array

LENGTH, DIM = 64, 64
FROM = {8: (LIGHT, 6.0), 24: (MIDDLE, 3.0), 40: (DARK, 1.0)}  # thinner and thinner: the lines lie on one another


def draw(module: Any) -> Figure:
    """Left: P. Middle: P Pᵀ, which depends on the distance from the diagonal alone. Right: three of its rows, by distance."""
    positions = to_array(module.sinusoidal_positions(LENGTH, DIM), (LENGTH, DIM), "sinusoidal_positions")
    products = positions @ positions.T
    figure, (table, square, lines) = new_figure(1, 3, height=3.2)
    figure.colorbar(heat_map(table, positions, low=-1), ax=table, ticks=(-1, 0, 1), shrink=0.8)
    table.set(title="P", xlabel="feature", ylabel="position")
    figure.colorbar(heat_map(square, products, high=DIM / 2), ax=square, shrink=0.8)
    square.set(title="P Pᵀ", xlabel="position", ylabel="position")
    for p, (colour, width) in FROM.items():
        lines.plot([k - p for k in range(LENGTH)], products[p], color=colour, linewidth=width, label=f"p = {p}")
    lines.set(title="P[p] · P[p + k]", xlabel="k", xlim=(-24, 24), ylim=(0, None))
    lines.set_box_aspect(1)
    lines.legend(loc="lower center")
    return figure
