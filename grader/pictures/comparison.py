"""A student's picture above the expected one: what is the same, what differs and by how much, and what went wrong."""

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from ..errors import StudentFault
from ..i18n import _
from ..judge import judge
from ..text import plain
from .drawing import WIDTH, new_figure, style
from .fonts import drawable, is_wide
from .panel import Numbers, Panel, Picture, are_finite, largest_difference, quiet

WRONG = "#a8321e"  # dark enough for grey print; the sign ≠ says the same
LETTERS_PER_INCH, MAX_LETTERS = 13, 220
ALONE = 1.4  # inches, for one sentence in the place of a picture


@dataclass(frozen=True)
class Seen:
    """What became of one panel.

    numbers: what the student's code answered; None where something went wrong: `verdict` and `problem` then say what.
    difference: the largest one from what is expected; inf for another shape, or NaN for a number.
    """

    panel: str
    numbers: Numbers | None
    verdict: str = ""
    problem: str = ""
    difference: float = 0.0
    unit: str | None = ""

    @property
    def amount(self) -> str:
        """The difference as text, "" where it is no number or says nothing."""
        if self.unit is None or not 0 < self.difference < math.inf:
            return ""
        return f"{self.difference:.3g} {self.unit}".strip()

    @property
    def holds_nan(self) -> bool:
        """Does the answer hold a number that is not finite? No expected one does."""
        return self.numbers is not None and not are_finite(self.numbers)

    @property
    def as_expected(self) -> bool:
        return not self.problem and self.difference == 0


def compare(
    picture: Picture, answers: Mapping[str, Numbers | StudentFault], expected: Mapping[str, Numbers], filename: str
) -> list[Seen]:
    """Each panel's answer beside the expected one."""
    seen = []
    for panel in picture.panels:
        answer = answers[panel.name]
        if isinstance(answer, StudentFault):
            verdict, message = judge(answer, filename)
            seen.append(Seen(panel.name, None, verdict, plain(message)))
        else:
            difference = largest_difference(panel, answer, expected.get(panel.name, {}))
            seen.append(Seen(panel.name, answer, difference=difference, unit=panel.unit))
    return seen


def draw_comparison(picture: Picture, seen: list[Seen], expected: Mapping[str, Numbers], filename: str) -> Figure:
    """The student's picture, and below it the expected one, unless they are the same."""
    title = drawable(_("expected"), "expected")
    with style(hangul=True), quiet():
        if all(panel.as_expected for panel in seen):
            figure = new_figure(picture.height + 0.3)
            figure.suptitle(f"{filename}  =  {title}", weight="bold")
            picture.draw(figure, expected)
            return figure
        alone = alike_in_fault(seen)
        upper_height = ALONE if alone else picture.height + 0.5
        figure = new_figure(upper_height + picture.height + 0.3)
        halves: Any = figure.subfigures(2, 1, height_ratios=(upper_height, picture.height + 0.3))
        upper, lower = halves
        upper.suptitle(filename, weight="bold")
        lower.suptitle(title, weight="bold")
        if alone:
            _write(upper.subplots(), alone.problem, alone.verdict)
        else:
            _draw_seen(upper, picture, seen)
        picture.draw(lower, expected)
    return figure


def alike_in_fault(seen: list[Seen]) -> Seen | None:
    """One of the panels, where something went wrong with all that ask anything and there is one sentence for it."""
    asked = [panel for panel in seen if panel.problem or panel.numbers]
    return asked[0] if asked[0].problem and len({panel.problem for panel in asked}) == 1 else None


def _draw_seen(figure: FigureBase, picture: Picture, seen: list[Seen]) -> None:
    all_axes = picture.axes_on(figure)
    for panel in seen:
        axes = all_axes[panel.panel]
        if panel.numbers is None:
            _write(axes, panel.problem, panel.verdict)
        else:
            _draw_numbers(axes, picture.panel(panel.panel), panel.numbers)
        if not panel.as_expected:
            amount = f"Δ = {panel.amount}" if panel.amount else "NaN, ∞" if panel.holds_nan else ""
            axes.set_title(f"{axes.get_title()}\n≠  {amount}".rstrip(), color=WRONG)


def _draw_numbers(axes: Axes, panel: Panel, numbers: Numbers) -> None:
    try:
        panel.draw(axes, numbers)
    except (ValueError, ArithmeticError):
        if are_finite(numbers):
            raise  # the fault of the drawing
        axes.clear()
        axes.set_title(panel.name)
        _write(axes, "NaN", "")


def _write(axes: Axes, message: str, verdict: str) -> None:
    """The first sentence of a message in the place of a panel, with the line of code where it stopped."""
    message = drawable(message, f"✗ {verdict}")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_facecolor("#f2f2f2")
    first, *places = message.splitlines()
    letters = axes.get_position().width * WIDTH * LETTERS_PER_INCH
    text = "\n\n".join(_wrap(line.strip(), letters) for line in (first, *places[-1:]))
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=9, color=WRONG, transform=axes.transAxes,
              parse_math=False)  # fmt: skip


def _wrap(text: str, letters: float) -> str:
    """Lines of at most so many letters; Hangul takes the room of two."""
    wide = sum(map(is_wide, text))
    width = max(int(letters / (1 + wide / max(len(text), 1))), 8)
    return "\n".join(textwrap.wrap(textwrap.shorten(text, MAX_LETTERS, placeholder=" …"), width))
