"""Visible checks inside a notebook: `%load_ext grader`, then `%check attention` or `%check attention test_softmax_values`.

The functions are those that the notebook has now, in its own process: nothing is loaded again, and the interrupt button ends
a loop. What a check finds is printed; if it does not pass, the cell fails, for `nbgrader validate` and for "Run all".
"""

import ast
from io import StringIO
from typing import Any

from rich.console import Console

from . import i18n
from .course import Exercise, find_course
from .direct import visible_seed
from .errors import UserError
from .i18n import _
from .local import LocalReport, check_candidate
from .reports.terminal import print_checks
from .result import Verdict
from .run import Candidate
from .sandbox.inside.guard import forbidden_uses
from .sandbox.inside.session import Session
from .subject import Direct
from .submission import Submission


class NotPassed(AssertionError):
    """Some check did not pass. A notebook shows its text, without the traceback of the grader's own code."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Live(Session):
    """The functions of a notebook, as it defines them now."""

    def __init__(self, exercise: Exercise, namespace: dict[str, Any], source: str) -> None:
        super().__init__(source, exercise.filename, exercise.forbidden, exercise.given_sources)
        self._live = namespace

    def load_openly(self, as_main_file: bool = False) -> list[str]:
        """Nothing is run again: only the names are taken over."""
        self._uses = forbidden_uses(self.source, self.forbidden)
        self.namespace = self._live
        return []


def check(name: str, only: str = "", shell: Any = None) -> LocalReport:
    """Run the visible checks of an exercise, or one of them, on the functions of this notebook, and print what they found.

    Raises NotPassed where one does not pass; UserError for a name that does not exist, and outside of a notebook.
    """
    shell = shell or _this_shell()
    i18n.set_language(None)
    exercise = find_course().exercise(name)
    source = _source(shell.user_ns.get("_ih", []))
    live = Live(exercise, shell.user_ns, source)
    candidate = Candidate(Direct(live), lambda check: visible_seed(exercise.name, check))
    report = check_candidate(exercise, Submission("", name, source), candidate, only=[only] if only else None)
    if only and all(only not in (result.name, result.function) for result in report.checks):
        raise UserError(_("{exercise} has no visible check {check}.").format(exercise=name, check=only))
    text = _text(report)
    if any(result.verdict != Verdict.PASSED for result in report.checks):
        raise NotPassed(text)
    print(text)
    return report


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext grader`: adds the magic %check EXERCISE [CHECK]."""

    def magic(line: str) -> None:
        name, _space, only = line.strip().partition(" ")
        try:
            check(name, only.strip(), shell)
        except UserError as error:
            raise NotPassed(str(error)) from None

    shell.register_magic_function(magic, magic_kind="line", magic_name="check")


def _this_shell() -> Any:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise UserError("This is no notebook; in a terminal the same checks are `grader check EXERCISE`.")
    return shell


def _source(cells: list[str]) -> str:
    """What was run so far, for the search for forbidden functions: of two definitions the later counts, as in Python."""
    return "\n".join(cell for cell in cells if _is_python(cell))


def _is_python(cell: str) -> bool:
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError):
        return False
    return True


def _text(report: LocalReport) -> str:
    """The checks as a terminal shows them, without colours."""
    printed = StringIO()
    console = Console(file=printed, width=100, highlight=False, force_jupyter=False)
    print_checks(console, [result.to_record() for result in report.checks])
    return "\n".join(line.rstrip() for line in printed.getvalue().splitlines())
