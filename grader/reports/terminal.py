"""What the commands print. Everything that a student wrote is shown as plain text: no markup, no escape sequences."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..i18n import _
from ..result import Verdict
from ..text import figure
from ..text import plain as plain
from .records import by_student

if TYPE_CHECKING:
    from ..standing.final import Standing

STYLES = {
    Verdict.PASSED: "green",
    Verdict.MISSING: "yellow",
    Verdict.INCONCLUSIVE: "magenta",
    Verdict.NOT_GRADED: "magenta",
    Verdict.GRADER_ERROR: "magenta",
}
MARKS = {Verdict.PASSED: "✓", Verdict.MISSING: "○"}


def check_lines(check: dict[str, Any]) -> RenderableType:
    """One check: mark, sentence, points; when it did not pass, what there is to say about it."""
    verdict = Verdict(check["verdict"])
    style = STYLES.get(verdict, "red")
    points = Text(f"{check['points']:g}/{check['max_points']:g}", style="dim")
    if verdict not in (Verdict.PASSED, Verdict.FAILED, Verdict.MISSING):
        points.append(f"  {verdict_name(verdict)}", style=style)
    head = Table.grid(padding=(0, 1, 0, 0))
    head.add_column(no_wrap=True)
    head.add_column()
    head.add_column(no_wrap=True)
    head.add_row(Text(MARKS.get(verdict, "✗"), style=style), Text(plain(check["title"])), points)
    lines: list[RenderableType] = [head]
    if check["message"]:
        lines.append(_indented(plain(check["message"]), "default"))
    if check.get("hint"):
        lines.append(_indented("→ " + plain(check["hint"]), "cyan"))
    if check.get("draw_command"):
        command = plain(check["draw_command"])
        lines.append(_indented(_("Draw inputs of this kind yourself: {command}").format(command=command), "dim"))
    if check.get("speed") and verdict in (Verdict.PASSED, Verdict.INCONCLUSIVE):  # a failed check's message tells it
        lines.append(_indented(plain(speed_line(check["speed"])), "dim"))
    return Group(*lines)


def speed_line(speed: dict[str, Any]) -> str:
    """What was measured, in one line."""
    is_memory = speed.get("measures") == "memory"
    of_time, of_memory = _("{ratio}× the reference's time"), _("{ratio}× the reference's memory")
    measured = (of_memory if is_memory else of_time).format(ratio=figure(speed["ratio"]))
    if speed["allowed"] is None:
        return f"{measured} ({speed['device']})"
    allowed = _("{allowed} allowed").format(allowed=figure(speed["allowed"]))
    return f"{measured}, {allowed} ({speed['device']})"


def verdict_name(verdict: Verdict) -> str:
    """The verdict in the reader's language."""
    return {
        Verdict.PASSED: _("passed"),
        Verdict.FAILED: _("failed"),
        Verdict.ERROR: _("error"),
        Verdict.TIMEOUT: _("timeout"),
        Verdict.MEMORY: _("out of memory"),
        Verdict.CRASHED: _("crashed"),
        Verdict.FORBIDDEN: _("forbidden"),
        Verdict.MISSING: _("missing"),
        Verdict.UNREADABLE: _("unreadable"),
        Verdict.INCONCLUSIVE: _("inconclusive"),
        Verdict.NOT_GRADED: _("not graded"),
        Verdict.GRADER_ERROR: _("error of the grader"),
    }[verdict]


def print_record(console: Console, record: dict[str, Any], title: str) -> None:
    """One exercise's record, as its student reads it."""
    heading = Text(f"{title}  ", style="bold")
    heading.append(f"{record['points']:g}/{record['max_points']:g}", style="default")
    if record["needs_review"]:
        heading.append("  " + _("needs review"), style="magenta")
    console.print(heading)
    for note in record["notes"]:
        console.print(_indented(plain(note), "yellow"))
    print_checks(console, record["checks"])
    print_output(console, record["output"])


def print_checks(console: Console, checks: Sequence[dict[str, Any]]) -> None:
    """Every check; a hint that several checks share is told once."""
    told: set[str] = set()
    for check in _summarised(checks):
        hint = check.get("hint") or ""
        console.print(check_lines({**check, "hint": _("the same mistake as above") if hint and hint in told else hint}))
        told.add(hint)


def print_output(console: Console, output: str) -> None:
    """What the student's code printed, its first lines."""
    lines = plain(output).splitlines()
    if not lines:
        return
    console.print(_indented(_("Your code printed:"), "dim"))
    shown = lines[:10] if len(lines) > 12 else lines
    for line in shown:
        console.print(_indented("│ " + line[:200], "dim"))
    if len(shown) < len(lines):
        console.print(_indented(_("│ … and {count} more lines").format(count=len(lines) - len(shown)), "dim"))


def class_table(grades: Iterable["Standing"], exercises: Sequence[str]) -> Table:
    """Students × exercises, with points, and what became of those with none."""
    students = list(by_student(grades))
    maximum = max((sum(g.max_points for g in graded if not g.is_dropped) for _student, graded in students), default=0)
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(_("student"))
    for name in exercises:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(_("of {maximum}").format(maximum=f"{maximum:g}"), justify="right", no_wrap=True, style="bold")
    table.add_column("")
    for student, graded in students:
        by_exercise = {grade.exercise: grade for grade in graded}
        cells = [_points_cell(by_exercise.get(name)) for name in exercises]
        total = sum(grade.points for grade in graded if not grade.is_dropped)
        review = Text(_("review"), style="magenta") if any(grade.needs_review for grade in graded) else Text("")
        table.add_row(Text(plain(student)), *cells, f"{round(total, 6):g}", review)
    return table


def exercise_table(grades: Iterable["Standing"], exercises: Sequence[str]) -> Table:
    """A line an exercise, for a class that is too large for a line a student."""
    count, full, review = Counter[str](), Counter[str](), Counter[str]()
    points = dict.fromkeys(exercises, 0.0)
    for grade in grades:
        count[grade.exercise] += 1
        points[grade.exercise] += grade.points
        full[grade.exercise] += grade.points == grade.max_points
        review[grade.exercise] += grade.needs_review
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(_("exercise"))
    for title in (_("graded"), _("mean points"), _("full marks"), _("needs review")):
        table.add_column(title, justify="right")
    for name in exercises:
        if count[name]:
            mean = f"{points[name] / count[name]:.2f}"
            table.add_row(name, str(count[name]), mean, str(full[name]), str(review[name] or ""))
    return table


def _points_cell(grade: "Standing | None") -> Text:
    if grade is None:
        return Text("")
    verdicts = {Verdict(check.verdict) for check in grade.checks}
    if grade.points == grade.grade.points == 0 and len(verdicts) == 1 and not grade.is_dropped:
        return Text(verdict_name(verdicts.pop()), style="dim")
    style = "green" if grade.points == grade.max_points else "yellow" if grade.points else "red"
    text = f"({grade.points:g})" if grade.is_dropped else f"{grade.points:g}"
    return Text(text, style=style)


def _summarised(checks: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Checks that say the very same (nothing handed in, a syntax error) are shown once."""
    messages = {check["message"] for check in checks}
    if len(checks) > 1 and len(messages) == 1 and checks[0]["message"]:
        points = {key: sum(check[key] for check in checks) for key in ("points", "max_points")}
        title = _("All {count} checks").format(count=len(checks))
        return [{**checks[0], **points, "title": title}]
    return checks


def _indented(text: str, style: str) -> Padding:
    """Lines that stay indented where they wrap."""
    return Padding(Text(text, style=style), (0, 0, 0, 4), expand=False)
