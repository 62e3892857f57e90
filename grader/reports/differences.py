"""What a regrade changes: a table for the terminal, JSON and CSV for everything else."""

import csv
import io
import json
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import UserError
from ..files import replace
from ..i18n import _
from ..regrade import CheckChange, Comparison, Difference
from ..result import NEEDS_REVIEW, Verdict
from ..text import plain
from .records import cell
from .standing import signed
from .terminal import verdict_name

MAX_LINES = 500
COLUMNS = (
    *("student", "exercise", "points_before", "points_after", "change", "withheld", "why"),
    *("check", "verdict_before", "verdict_after", "misconception_before", "misconception_after"),
    *("check_points_before", "check_points_after"),
)


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Who gains, who loses, on which check and why; then the sums."""
    known = [one for one in comparison.differences if one.before]
    shown = sorted(known, key=lambda one: (one.exercise, one.gain, one.student))
    if shown:
        table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
        for title in (_("student"), _("exercise")):
            table.add_column(title)
        table.add_column(_("points"), justify="right", no_wrap=True)
        table.add_column("±", justify="right", no_wrap=True)
        table.add_column(_("checks"))
        for one in shown[:MAX_LINES]:
            table.add_row(Text(plain(one.student)), one.exercise, _points(one), _change(one), _checks(one))
        console.print(table)
        if len(shown) > MAX_LINES:
            console.print(_("… and {count} more.").format(count=len(shown) - MAX_LINES))
    for reason in sorted({reason for one in known for reason in one.why}):
        console.print(plain(_("Why: {what} {before} → {after}").format(**_named(reason))), style="dim", markup=False)
    sums = _("{gain} gain, {lose} lose, {same} keep their points; {change} points on average. {new} had no grade yet.")
    gains, losses = len(comparison.gains), len(comparison.losses)
    console.print(
        sums.format(
            gain=gains,
            lose=losses,
            same=comparison.same + len(known) - gains - losses,
            change=signed(round(comparison.mean, 3)),
            new=len(comparison.differences) - len(known),
        )
    )
    if comparison.vanished:
        text = _("{count} submissions changed while they were graded: run the same command again.")
        console.print(text.format(count=comparison.vanished), style="yellow")
    for one in comparison.withheld[:MAX_LINES]:
        text = _("Needs review, so the older grade stays: {student}, {exercise}: {checks}")
        checks = ", ".join(check.name for check in one.after.checks if check.verdict in NEEDS_REVIEW)
        line = text.format(student=one.student, exercise=one.exercise, checks=checks)
        console.print(plain(line), style="magenta", markup=False, soft_wrap=True)


def change_text(change: CheckChange) -> str:
    """test_a: failed → passed (mistake-before → mistake-after)."""
    if change.before is None or change.after is None:
        told = change.after or change.before
        text = _("{check}: new, {verdict}") if change.before is None else _("{check}: gone, was {verdict}")
        return text.format(check=change.name, verdict=verdict_name(Verdict(told.verdict)) if told else "")
    was, now = change.before, change.after
    parts = []
    if was.verdict != now.verdict:
        parts.append(f"{verdict_name(Verdict(was.verdict))} → {verdict_name(Verdict(now.verdict))}")
    if (was.points, was.max_points) != (now.points, now.max_points):
        parts.append(f"{was.points:g}/{was.max_points:g} → {now.points:g}/{now.max_points:g}")
    if was.misconception != now.misconception:
        parts.append(f"{was.misconception or '–'} → {now.misconception or '–'}")
    return f"{change.name}: {', '.join(parts)}"


def write_differences_json(comparison: Comparison, path: Path) -> None:
    made = {
        "gain": len(comparison.gains),
        "lose": len(comparison.losses),
        "same": comparison.same,
        "mean_change": round(comparison.mean, 6),
        "differences": [_as_json(one) for one in comparison.differences],
    }
    _write(path, json.dumps(made, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_differences_csv(comparison: Comparison, path: Path) -> None:
    """A row a check that changed; a row without a check where only the grade is new."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, restval="")
    writer.writeheader()
    for one in comparison.differences:
        unit = _as_json(one)
        why = "; ".join(f"{reason['what']} {reason['before']} → {reason['after']}" for reason in unit["why"])
        row = {name: unit[name] for name in COLUMNS[:6]} | {"student": cell(one.student), "why": why}
        for check in unit["checks"] or [{}]:
            writer.writerow(row | check)
    _write(path, table.getvalue(), "utf-8-sig")


def _as_json(one: Difference) -> dict[str, Any]:
    return {
        "student": one.student,
        "exercise": one.exercise,
        "points_before": one.before.points if one.before else None,
        "points_after": one.after.points,
        "change": one.gain if one.before else None,
        "withheld": one.is_withheld,
        "why": [dict(zip(("what", "before", "after"), reason, strict=True)) for reason in one.why],
        "checks": [
            {
                "check": change.name,
                **{
                    f"{prefix}{name}": getattr(check, field) if check else None
                    for name, check in (("before", change.before), ("after", change.after))
                    for prefix, field in (
                        ("verdict_", "verdict"),
                        ("misconception_", "misconception"),
                        ("check_points_", "points"),
                    )
                },
            }
            for change in one.checks
        ],
    }


def _named(reason: tuple[str, str, str]) -> dict[str, str]:
    return dict(zip(("what", "before", "after"), reason, strict=True))


def _points(one: Difference) -> str:
    return f"{one.before.points if one.before else 0:g} → {one.after.points:g}"


def _change(one: Difference) -> Text:
    style = "green" if one.gain > 0 else "red" if one.gain < 0 else "dim"
    return Text(signed(one.gain), style=style)


def _checks(one: Difference) -> Text:
    lines = [plain(change_text(change)) for change in one.checks]
    return Text(
        "\n".join(lines[:8] + ([_("… and {count} more.").format(count=len(lines) - 8)] if len(lines) > 8 else []))
    )


def _write(path: Path, text: str, encoding: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, text, encoding)
    except OSError as error:
        raise UserError(
            f"The differences could not be written to {path}: {error.strerror}. Nothing was made live; choose another place."
        ) from None
