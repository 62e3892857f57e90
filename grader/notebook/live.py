"""The functions that a running notebook has now, in its own process.

Nothing is loaded again, and the interrupt button ends a loop.
"""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..course import Exercise
from ..direct import visible_seed
from ..errors import UserError
from ..i18n import _
from ..local import LocalReport, check_candidate
from ..run import Candidate
from ..sandbox.inside.guard import forbidden_uses
from ..sandbox.inside.session import Session
from ..show import Shown, choose, look_at
from ..subject import Direct
from ..submission import Submission, companions_in


class Live(Session):
    """What a notebook has defined, with the files that its exercise uses from the current folder."""

    def __init__(self, exercise: Exercise, namespace: dict[str, Any], source: str) -> None:
        companions, _notes = companions_in(Path.cwd(), exercise)
        super().__init__(source, exercise.filename, exercise.forbidden, dict(companions) | exercise.given_sources)
        self._live = namespace

    def load_openly(self, as_main_file: bool = False) -> list[str]:
        """Nothing is run again: only the names are taken over."""
        self._uses = forbidden_uses(self.source, self.forbidden)
        self.namespace = self._live
        return []


def check_live(exercise: Exercise, shell: Any, only: str = "") -> LocalReport:
    """Run the visible checks, or the one of this name and what it needs. Raises UserError where there is no such check."""
    candidate, submission = _candidate(exercise, shell)
    report = check_candidate(exercise, submission, candidate, only=[only] if only else None)
    if only and all(only not in (result.name, result.function) for result in report.checks):
        raise UserError(_("{exercise} has no visible check {check}.").format(exercise=exercise.name, check=only))
    return report


def show_live(exercise: Exercise, shell: Any, picture: str = "") -> Shown:
    """A picture of what they do, the most important one without a name. Raises UserError where there is no such picture."""
    chosen = choose(exercise, picture)
    candidate, _submission = _candidate(exercise, shell)
    return look_at(exercise, chosen, candidate)


def _candidate(exercise: Exercise, shell: Any) -> tuple[Candidate, Submission]:
    source = source_of(shell.user_ns.get("_ih", []), shell.transform_cell)
    live = Live(exercise, shell.user_ns, source)
    candidate = Candidate(Direct(live), lambda check: visible_seed(exercise.name, check))
    return candidate, Submission("", exercise.name, source)


def source_of(cells: list[str], transform: Callable[[str], str]) -> str:
    """What was run so far, for the search for forbidden functions: of two definitions the later counts, as in Python.

    transform: makes Python of a cell with magics.
    """
    return "\n".join(_python_of(cell, transform) for cell in cells)


def _python_of(cell: str, transform: Callable[[str], str]) -> str:
    """A cell of the history; of a `%%check` its body. Empty where it is no Python."""
    try:
        body = ast.parse(cell).body
    except (SyntaxError, ValueError):
        return ""
    match body:
        case [
            ast.Expr(ast.Call(ast.Attribute(attr="run_cell_magic"), [ast.Constant("check"), _, ast.Constant(inner)]))
        ]:
            return _python_of(transform(str(inner)), transform)
    return cell
