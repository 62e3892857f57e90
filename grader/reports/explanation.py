"""An explanation in the terminal: the student's code with line numbers, and under each line what happens without it."""

import json
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..errors import UserError
from ..explain.explanation import FEW, Effect, Explanation, Line
from ..files import replace
from ..i18n import _
from ..text import plain

SHOWN = 3  # effects of a line that are noticed; the rest is counted
ERROR_WIDTH = 160


def print_explanation(console: Console, explanation: Explanation, everything: bool) -> None:
    """Each function with its lines. everything: no effect and no property is only counted."""
    heading = Text(explanation.title, style="bold")
    heading.append(f"  {explanation.exercise}", style="dim")
    console.print(heading)
    console.print(
        _("One place of your code is changed at a time, and the visible checks run: ✗ is what no longer holds then."),
        style="dim",
    )
    told: set[str] = set()
    for part in explanation.parts:
        console.print()
        console.print(Text(part.name, style="bold"))
        for line in part.lines:
            _print_code(console, line)
            _print_effects(console, line, told, everything)
    console.print()
    _print_end(console, explanation)


def save_explanation(explanation: Explanation, path: Path) -> None:
    """Write it as JSON. Raises UserError where it cannot be written."""
    text = json.dumps(explanation.to_record(), ensure_ascii=False, indent=1) + "\n"
    try:
        replace(path, text)
    except OSError as error:
        raise UserError(
            _("The explanation could not be written to {path}: {reason}. Name another file.").format(
                path=path, reason=error.strerror
            )
        ) from None


def _print_code(console: Console, line: Line) -> None:
    """The line with its number. What nothing was changed in is dim, and cut rather than wrapped."""
    code = Text(plain(line.text.expandtabs(4)), style="" if line.effects else "dim")
    if not line.effects:
        code.truncate(console.width - 7, overflow="ellipsis")
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(justify="right", width=4, style="dim")
    row.add_column(overflow="fold")
    row.add_row(str(line.number), code)
    console.print(row)


def _print_effects(console: Console, line: Line, told: set[str], everything: bool) -> None:
    noticed = [effect for effect in line.effects if effect.noticed]
    shown = noticed if everything else noticed[:SHOWN]
    for effect in shown:
        for change in [", ".join(effect.changes)] if effect.stops else effect.changes:
            console.print(_indented(change, 8, "yellow"))
        for text, style in _consequences(effect, told, everything):
            console.print(_indented(text, 10, style))
    if len(shown) < len(noticed):
        hidden = sum(len(effect.changes) for effect in noticed[SHOWN:])
        more = _("… other changes that break something: {count} (--all shows them)").format(count=hidden)
        console.print(_indented(more, 8, "dim"))
    if line.untried and not line.effects:
        console.print(_indented(_("there was no time for this line"), 8, "dim"))
    for effect in line.effects:
        if not effect.noticed:
            changes = ", ".join(effect.changes)
            console.print(_indented(_("no visible check notices: {changes}").format(changes=changes), 8, "magenta"))


def _consequences(effect: Effect, told: set[str], everything: bool) -> Iterator[tuple[str, str]]:
    """What no longer holds, in a few lines."""
    if effect.endless:
        yield "✗ " + _("it does not end"), "red"
    elif effect.stops:
        yield "✗ " + _("it stops: {error}").format(error=_short(effect.error)), "red"
    elif effect.breaks_everything and not everything:
        nothing = _("nothing holds any more: all {total} checks that come here").format(total=effect.looked_at)
        yield "✗ " + nothing, "red"
    else:
        told_one_by_one = effect.properties if everything else effect.properties[:FEW]
        for title in told_one_by_one:
            yield "✗ " + title, "red"
        more = len(effect.properties) - len(told_one_by_one)
        if more:
            rest = _("and {more} more of the {total} checks that come here").format(more=more, total=effect.looked_at)
            yield "✗ " + rest, "red"
        if effect.error:
            yield _("It stops: {error}").format(error=_short(effect.error)), "dim"
    if effect.hint and effect.hint not in told:
        told.add(effect.hint)
        yield "→ " + _("A common mistake gives the same answers. Its hint: {hint}").format(hint=effect.hint), "cyan"


def _print_end(console: Console, explanation: Explanation) -> None:
    console.print(
        _("{count} changes tried with {checks} visible checks in {seconds} s.").format(
            count=explanation.tried, checks=explanation.checks, seconds=f"{explanation.seconds:.0f}"
        )
    )
    if explanation.untried:
        console.print(
            _("{count} changes were not tried, as the time was up. Take longer, or one function: {command}").format(
                count=explanation.untried, command=f"grader explain {explanation.exercise} FUNCTION --seconds 60"
            ),
            style="yellow",
        )
    if any(not effect.noticed for part in explanation.parts for line in part.lines for effect in line.effects):
        console.print(
            _(
                "What no visible check notices may be another right way, or needless, or something that only a hidden check "
                "looks at: think of an input on which it matters."
            ),
            style="magenta",
        )
    if explanation.unfinished:
        console.print(
            _("Not explained, as they do not pass yet: {names}").format(names=", ".join(explanation.unfinished)),
            style="yellow",
        )


def _short(error: str) -> str:
    line = " ".join(plain(error).split())
    return line if len(line) <= ERROR_WIDTH else line[:ERROR_WIDTH].rstrip() + " …"


def _indented(text: str, indent: int, style: str) -> Padding:
    return Padding(Text(plain(text), style=style), (0, 0, 0, indent), expand=False)
