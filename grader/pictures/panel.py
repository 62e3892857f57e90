"""A picture is panels. Each asks the code its questions, keeps the answers as arrays, and draws these arrays.

Asking and drawing are apart for two reasons. The reference's answers fit into a small file (`record.py`), so that what is
expected can be drawn on a machine that has no reference; and a question that goes wrong leaves the other panels whole.
"""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from ..errors import CheckFailed, StudentFault
from ..i18n import _
from ..run import ODD_ANSWER
from .drawing import HEIGHT, Array

Numbers = Mapping[str, Array]
# No eye sees less, and float32 on another processor is nearer. Strictness is for the checks.
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Panel:
    """One part of a picture.

    name: its title, unless `draw` sets another one.
    ask: from a Subject, what a check calls `student`, to arrays by name; it computes nothing that the exercise asks for.
        Raises StudentFault: what a call raised, or CheckFailed for an answer that cannot be drawn.
    draw: puts the arrays onto axes, whatever numbers they hold.
    tolerance: how far a number may be from the expected one, absolute and relative; larger where chance has a part in it.
    unit: what stands after a difference; None where how large it is says nothing.
    """

    name: str
    ask: Callable[[Any], Numbers]
    draw: Callable[[Axes, Numbers], None]
    tolerance: float = TOLERANCE
    unit: str | None = ""


@dataclass(frozen=True)
class Picture:
    """Panels side by side.

    name: tells an exercise's pictures apart. height: in inches; the width is drawing.WIDTH.
    layout: rows of names of panels, as matplotlib's subplot_mosaic takes them; without it, all are in one row.
    widths, heights: ratios of the columns and of the rows.
    cpu_s: what a panel may take, where that is more than a check may.
    """

    name: str
    panels: tuple[Panel, ...]
    height: float = HEIGHT
    layout: tuple[tuple[str, ...], ...] = ()
    widths: tuple[float, ...] = ()
    heights: tuple[float, ...] = ()
    cpu_s: float | None = None

    def draw(self, figure: FigureBase, answers: Mapping[str, Numbers]) -> None:
        """All panels, from their arrays."""
        for name, axes in self.axes_on(figure).items():
            self.panel(name).draw(axes, answers[name])

    def panel(self, name: str) -> Panel:
        return next(panel for panel in self.panels if panel.name == name)

    def axes_on(self, figure: FigureBase) -> dict[str, Axes]:
        """Empty axes for each panel, by its name, with their titles."""
        mosaic: Any = [list(row) for row in self.layout or [[panel.name for panel in self.panels]]]
        axes: dict[str, Axes] = figure.subplot_mosaic(
            mosaic, width_ratios=self.widths or None, height_ratios=self.heights or None
        )
        for name, panel_axes in axes.items():
            panel_axes.set_title(name)
        return axes


def ask_panels(
    picture: Picture, module: Any, before_each: Callable[[], None] = lambda: None
) -> dict[str, Numbers | StudentFault]:
    """Each panel's arrays from the answers of `module`, or what went wrong: a panel's fault is its own.

    Panels with the same `ask` are asked once.
    """
    answers: dict[Callable[[Any], Numbers], Numbers | StudentFault] = {}
    for question in dict.fromkeys(panel.ask for panel in picture.panels):
        before_each()
        try:
            with quiet():
                answers[question] = question(module)
        except StudentFault as fault:
            answers[question] = fault
        except ODD_ANSWER as error:  # no question stumbles over the reference's answers
            answers[question] = CheckFailed(
                _("The answer is of a kind that cannot be drawn ({error}).").format(error=type(error).__name__)
            )
    return {panel.name: answers[panel.ask] for panel in picture.panels}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without warnings: NaN is an answer as any other, and a letter that no font has is a box."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def are_finite(numbers: Numbers) -> bool:
    return all(np.isfinite(array).all() for array in numbers.values())


def no_question(module: Any) -> Numbers:
    """The `ask` of a panel that shows an input alone."""
    return {}


def largest_difference(panel: Panel, yours: Numbers, expected: Numbers) -> float:
    """By how much the arrays differ at most, 0 within the panel's tolerance; inf for other shapes, or NaN for a number."""
    largest = 0.0
    for name, wanted in expected.items():
        if yours[name].shape != wanted.shape:
            return float("inf")
        alike = np.isclose(yours[name], wanted, rtol=panel.tolerance, atol=panel.tolerance, equal_nan=True)
        if not alike.all():
            with np.errstate(invalid="ignore"):
                apart = np.abs(yours[name] - wanted)[~alike].max()
            largest = max(largest, float("inf") if np.isnan(apart) else float(apart))
    return largest
