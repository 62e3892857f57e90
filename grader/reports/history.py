"""All grades that a student ever had: when, of which version, what changed, what counts, and what the instructor said."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..i18n import _
from ..regrade import changed_checks, reasons
from ..standing.adjustments import Adjustment
from ..standing.final import Standing
from ..store import Counted, Past
from ..text import plain
from .differences import change_text
from .standing import adjustment_line, standing_lines, when


def print_history(
    console: Console,
    exercise: str,
    past: Sequence[Past],
    adjustments: Sequence[Adjustment],
    standing: Standing | None,
    zone: tzinfo | None,
) -> None:
    """One exercise. past: of it alone, the oldest first. adjustments: all that were ever made. standing: what counts now."""
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False, title=exercise, title_justify="left")
    for title in ("", _("graded"), _("handed in")):
        table.add_column(title, no_wrap=True)
    table.add_column(_("points"), justify="right", no_wrap=True)
    for title in (_("version"), _("seed"), _("what changed")):
        table.add_column(title)
    counting = standing.grade.key if standing else ""
    before: dict[str, Any] | None = None
    for one in past:
        record = one.record
        table.add_row(
            _mark(one, counting),
            when(one.graded_at, zone),
            when(one.submitted_at, zone),
            f"{record['points']:g}/{record['max_points']:g}" + (" ?" if record["needs_review"] else ""),
            plain(record["course_version"]),
            plain(record["seed"]),
            Text("\n".join(plain(line) for line in _changes(before, record))),
        )
        before = record
    console.print(table)
    for adjustment in adjustments:
        console.print(
            f"  {when(adjustment.made_at, zone)}  {adjustment_line(adjustment)}", markup=False, soft_wrap=True
        )
    if standing is not None:
        for line in standing_lines(standing, zone):
            if line not in map(adjustment_line, standing.adjustments):
                console.print(f"  {line}", markup=False, soft_wrap=True, style="cyan")


def _mark(one: Past, counting: str) -> Text:
    """▶ counts; · never counted, as a regrade was not made live."""
    if one.key == counting:
        return Text("▶ " + _("counts"), style="green")
    return Text("" if one.has_counted else _("never counted"), style="dim")


def _changes(before: dict[str, Any] | None, after: dict[str, Any]) -> list[str]:
    """Against the grade before: what it depends on, then the checks, few of them."""
    if before is None:
        return []
    lines = [f"{what}: {was} → {now}" for what, was, now in reasons(before, after)]
    old, new = (Counted.of_record(record).checks for record in (before, after))
    changes = [change_text(change) for change in changed_checks(old, new)]
    more = [_("… and {count} more.").format(count=len(changes) - 5)] if len(changes) > 5 else []
    return [*lines, *changes[:5], *more]
