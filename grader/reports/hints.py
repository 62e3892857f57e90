"""Hints, as they stand in a terminal: the steps so far dimmed, the newest bright."""

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from ..hints import Told
from ..i18n import _
from ..text import plain


def hint_lines(told: Told, guide: str) -> Iterator[RenderableType]:
    """The check that it is about, the steps up to the newest, and what comes after the last."""
    yield Text(_("Hints for: {title}").format(title=plain(told.about)), style="bold")
    for number, step in enumerate(told.steps, 1):
        is_newest = number == len(told.steps)
        text = Text(f"{number}/{told.total} ", style="cyan" if is_newest else "dim")
        text.append(plain(step.text), style="default" if is_newest else "dim")
        yield Padding(text, (0, 0, 0, 4), expand=False)
    if not told.is_new:
        end = _("These are all the hints there are. Read the guide once more: {guide}").format(guide=guide)
        yield Padding(Text(end, style="dim"), (0, 0, 0, 4), expand=False)


def print_hint(console: Console, told: Told, guide: str) -> None:
    for line in hint_lines(told, guide):
        console.print(line)
    if told.is_new and len(told.steps) < told.total:
        console.print(_("Think it over; the same command gives the next hint."), style="dim")
