"""dot2vit's grader: see docs/architecture.md."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .notebook.shown import Results

__version__ = version("dot2vit")


def check(exercise: str, only: str = "") -> "Results":
    """In a notebook: run the visible checks of an exercise, or one of them, on the functions that it has now."""
    from .notebook.magics import check as check_functions

    return check_functions(exercise, only)


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext grader`: %check, %hint, %show and more inside a notebook (grader/notebook/magics.py)."""
    from .notebook.magics import load_ipython_extension as load

    load(shell)
