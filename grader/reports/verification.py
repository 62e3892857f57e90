"""What `grader verify` prints, and its figures as JSON."""

import json
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from ..errors import UserError
from ..verify_rows import Row, Verification


def verification_table(verification: Verification) -> Table:
    """A row for every source: its worst case over the seeds, and under how many of them it was called by its name."""
    table = Table(title="grader verify")
    table.add_column("exercise")
    table.add_column("kind")
    table.add_column("id", overflow="fold")
    table.add_column("points", justify="right")
    table.add_column("hidden run")
    table.add_column("locally")
    table.add_column("")
    for row in verification.rows:
        mark = Text("✗", style="red") if row.problems else Text("✓", style="green")
        id = row.id.removeprefix(f"{row.exercise}-") if row.kind in ("misconception", "alternative") else ""
        points = f"{row.points:g}/{row.max_points:g}"
        table.add_row(row.exercise, row.kind, id, points, _named_hidden(row), _named(row, row.named_local), mark)
    return table


def summary(verification: Verification) -> str:
    """What was verified, in four lines."""
    counted = figures(verification)
    killed, wrong = counted["killed"], counted["misconceptions"]
    named, runs = counted["named"], counted["misconception_runs"]
    failures, right, right_runs = counted["false_failures"], counted["alternatives"], counted["alternative_runs"]
    return (
        f"Exercises: {counted['exercises']}. Seeds: {counted['seeds']}.\n"
        f"Mutation score {_percent(killed, wrong)}: {killed} of {wrong} misconceptions lose marks under every seed.\n"
        f"{named} of {runs} misconceptions × seeds named, {_percent(named, runs)}.\n"
        f"{failures} false failures in {right_runs} alternatives × seeds ({right} alternatives)."
    )


def figures(verification: Verification) -> dict[str, Any]:
    """All that was counted; `rows` has each source with every seed."""
    wrong = [row for row in verification.rows if row.is_misconception]
    right = [row for row in verification.rows if row.kind == "alternative"]
    alternative_runs = sum(len(row.points_by_seed) for row in right)
    return {
        "exercises": len({row.exercise for row in verification.rows}),
        "seeds": max((len(row.points_by_seed) for row in verification.rows), default=0),
        "misconceptions": len(wrong),
        "killed": sum(row.times_full == 0 for row in wrong),
        "misconception_runs": verification.runs,
        "named": verification.named,
        "alternatives": len(right),
        "alternative_runs": alternative_runs,
        "false_failures": alternative_runs - sum(row.times_full for row in right),
        "problems": verification.all_problems,
        "rows": [_figures_of(row) for row in verification.rows],
    }


def write_figures(verification: Verification, path: Path) -> None:
    try:
        path.write_text(json.dumps(figures(verification), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"The figures could not be written to {path}: {error.strerror}.") from None


def _figures_of(row: Row) -> dict[str, Any]:
    return {
        "exercise": row.exercise,
        "kind": row.kind,
        "id": row.id,
        "points": row.points_by_seed,
        "max_points": row.max_points,
        "named": row.names_by_seed,
        "named_locally": row.named_local,
        "problems": row.problems,
    }


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"


def _named_hidden(row: Row) -> str:
    """Under how many seeds a misconception was named; and what it was called otherwise."""
    if not row.is_misconception:
        return ""
    seeds = len(row.names_by_seed)
    others = {names for names in row.names_by_seed if names.split(", ")[0] != row.id}
    if seeds == 1:
        return _named(row, row.names_by_seed[0])
    called = "; else " + ", ".join(sorted(_named(row, names) or "nothing" for names in others)) if others else ""
    return f"named {row.times_named}/{seeds}{called}"


def _named(row: Row, named: str) -> str:
    """What a misconception was called: nothing to show when it is its own name and no other."""
    if not row.is_misconception or not named:
        return ""
    return "named" if named == row.id else named.replace(f"{row.exercise}-", "")
