"""What `grader reproduce` prints: for the instructor's eyes alone."""

from typing import Any

from rich.console import Console
from rich.text import Text

from ..errors import Raised
from ..i18n import _
from ..reproduce import Asked, Reproduction, Seen
from .terminal import plain, verdict_name
from .trials import answer_lines, assignments, fault_lines


def print_reproduction(console: Console, reproduction: Reproduction) -> None:
    """Whether the record came out again, and if not, why and where."""
    record = reproduction.stored
    names = {"student": plain(record["student"]), "exercise": record["exercise"]}
    if reproduction.is_same:
        console.print(Text(_("{student}, {exercise}: the record is the same in every field.").format(**names), "green"))
        return
    console.print(Text(_("{student}, {exercise}: the record is not the same.").format(**names), "red"))
    for reason in reproduction.reasons:
        console.print(Text(f"  {reason}"), soft_wrap=True)
    if not reproduction.reasons:
        console.print(
            Text(
                "  "
                + _("Nothing that it depends on has changed: the code, or the grader, does not do the same each time.")
            )
        )
    for path in reproduction.differences:
        console.print(Text("  " + _("differs: {field}").format(field=plain(path)), "dim"), soft_wrap=True)


def print_seen(console: Console, seen: Seen, filename: str) -> None:
    """A check's calls: the inputs, what was expected and what came."""
    console.print(Text.assemble((seen.result.name, "bold"), f"  {verdict_name(seen.result.verdict)}"))
    if not seen.student:
        console.print(Text("  " + _("This check called nothing.")))
    for number, asked in enumerate(seen.student, 1):
        console.print(Text(f"{number}. {asked.name} ({asked.verb})", "bold"))
        _print_lines(console, assignments(_arguments(asked), limit=None))
        expected = seen.expected(asked)
        if expected is not None:
            console.print(Text("    " + _("expected:"), "green"))
            _print_lines(console, _outcome_lines(expected, filename))
        console.print(Text("    " + _("came:"), "cyan"))
        _print_lines(console, _outcome_lines(asked, filename))
    console.print()


def _arguments(asked: Asked) -> dict[str, Any]:
    """All of a request that is no name: arguments by position and by name, then what the verb adds."""
    request = dict(asked.request)
    for known in ("name", "module"):
        request.pop(known, None)
    positional = {f"argument_{n}": value for n, value in enumerate(request.pop("args", ()), 1)}
    return {**positional, **request.pop("kwargs", {}), **request}


def _outcome_lines(asked: Asked, filename: str) -> list[str]:
    if asked.fault is not None:
        return fault_lines(asked.fault, filename)
    assert asked.outcome is not None
    if asked.outcome.fault is not None:
        return fault_lines(Raised(asked.outcome.fault, asked.name), filename)
    return answer_lines(asked.outcome.value, in_full=True)


def _print_lines(console: Console, lines: list[str]) -> None:
    for line in lines:
        console.print(Text("    " + plain(line)), soft_wrap=True)
