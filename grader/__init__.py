"""dot2vit's grader: see docs/architecture.md."""

from importlib.metadata import version

__version__ = version("dot2vit")
