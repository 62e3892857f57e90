"""dot2vit's grader: see docs/architecture.md."""

from importlib.metadata import version
from typing import Any

__version__ = version("dot2vit")


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext grader`: the visible checks inside a notebook."""
    from .notebook import load_ipython_extension as load

    load(shell)
