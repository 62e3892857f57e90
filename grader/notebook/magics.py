"""`%load_ext grader`: the magics of a notebook. They work on the functions that it has now, in its own process.

    %check EXERCISE [CHECK]      run the visible checks, or one of them with what it needs
    %%check EXERCISE [CHECK]     run the cell, then the checks
    %hint EXERCISE               the next step of the hints for the first check that does not pass
    %show EXERCISE [PICTURE]     a picture of what the functions do, beside what is expected
    %explain EXERCISE [NAME]     what each line of the saved notebook is for
    %lang en|ko                  the language of what is said

A table with red lines is no error: a cell that checks does not stop "Run all". With --fail it is one, for `nbgrader validate`.
"""

from collections.abc import Callable
from typing import Any

from .. import i18n
from ..course import find_course
from ..errors import GraderFault, UserError
from ..hints import next_hint
from ..progress import progress_of
from ..stubs import short
from .imports import offer_imports
from .live import check_live, show_live
from .shown import Drawn, Hints, Results, printed

FAIL = "--fail"


class NotPassed(AssertionError):
    """What a cell ends with: a notebook shows its text, without the traceback of the grader's own code."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


def check(name: str, only: str = "", fail: bool = False, shell: Any = None) -> Results:
    """Run the visible checks of an exercise, or one of them, on the functions of this notebook: a table in it.

    fail: raise NotPassed where one does not pass. Raises UserError for a name that does not exist, and outside of a notebook.
    """
    results = Results(check_live(find_course().exercise(name), shell or _this_shell(), only))
    if fail and not results.passed:
        raise NotPassed(repr(results))
    return results


class Magics:
    """The magics of one notebook."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def check(self, line: str, cell: str | None = None) -> None:
        if cell is not None and not self._shell.run_cell(cell).success:
            return  # the notebook shows what it raised
        words = line.split()
        name, only = _two([word for word in words if word != FAIL], "%check EXERCISE [CHECK]")
        self._display(check(name, only, FAIL in words, self._shell))

    def hint(self, line: str) -> None:
        name, _more = _two(line.split(), "%hint EXERCISE")
        course = find_course()
        report = check_live(course.exercise(name), self._shell)
        told = next_hint(course, report, progress_of(course))
        guide = short(report.exercise.guide_to_read(i18n.language()))
        self._display(Hints(told, guide) if told else Results(report))

    def show(self, line: str) -> None:
        name, picture = _two(line.split(), "%show EXERCISE [PICTURE]")
        self._display(Drawn(show_live(find_course().exercise(name), self._shell, picture)))

    def explain(self, line: str) -> None:
        """Of the saved notebook: changed lines run in a process of their own, as `grader explain` does it."""
        from ..student import explain

        name, function = _two(line.split(), "%explain EXERCISE [FUNCTION]")
        print(printed(lambda console: explain(console, name, function or None, False, None, None)))

    def lang(self, line: str) -> None:
        if line.strip() not in i18n.LANGUAGES:
            raise UserError(i18n._("%lang takes one of: {languages}.").format(languages=", ".join(i18n.LANGUAGES)))
        i18n.set_language(line.strip())

    def _display(self, result: Results | Hints | Drawn) -> None:
        from IPython.display import display

        display(result)


def load_ipython_extension(shell: Any) -> None:
    """Registers the magics in this notebook, and what it may import."""
    i18n.set_language(None)
    _said(lambda: offer_imports(find_course()))()
    magics = Magics(shell)
    for magic in (magics.check, magics.hint, magics.show, magics.explain, magics.lang):
        kind = "line_cell" if magic == magics.check else "line"
        shell.register_magic_function(_said(magic), magic_kind=kind, magic_name=magic.__name__)


def _said(function: Callable[..., None]) -> Callable[..., None]:
    """The function; what it cannot do ends the cell with a sentence."""

    def call(*arguments: str) -> None:
        try:
            function(*arguments)
        except UserError as error:
            raise NotPassed(str(error)) from None
        except GraderFault as error:
            raise NotPassed(i18n._("The grader itself failed: {error}").format(error=error)) from None

    return call


def _two(words: list[str], usage: str) -> tuple[str, str]:
    """An exercise and what may follow."""
    most = usage.count(" ")
    if not 1 <= len(words) <= most:
        raise UserError(i18n._("Write it so: {usage}.").format(usage=usage))
    return words[0], words[1] if len(words) > 1 else ""


def _this_shell() -> Any:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        raise UserError(i18n._("This is no notebook; in a terminal the same checks are `grader check EXERCISE`."))
    return shell
