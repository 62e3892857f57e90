"""What `grader verify` prints."""

from rich.table import Table
from rich.text import Text

from ..verify import Row, Verification


def verification_table(verification: Verification) -> Table:
    """Every source that was graded: what it earned, and whether it was called by its name."""
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
        table.add_row(
            row.exercise, row.kind, id, points, _named(row, row.named_hidden), _named(row, row.named_local), mark
        )
    return table


def summary(verification: Verification) -> str:
    """One line of what was verified."""
    wrong = [row for row in verification.rows if row.kind == "misconception"]
    right = [row for row in verification.rows if row.kind == "alternative"]
    killed = sum(row.points < row.max_points for row in wrong)
    named = sum(row.named_hidden.split(", ")[0] == row.id for row in wrong)
    full = sum(row.points == row.max_points for row in right)
    return (
        f"{len({row.exercise for row in verification.rows})} exercises: {killed} of {len(wrong)} misconceptions lose marks, "
        f"{named} are named, {full} of {len(right)} alternatives have full marks."
    )


def _named(row: Row, named: str) -> str:
    """What a misconception was called: nothing to show when it is its own name and no other."""
    if row.kind != "misconception" or not named:
        return ""
    return "named" if named == row.id else named.replace(f"{row.exercise}-", "")
