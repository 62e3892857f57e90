"""How pages are made from templates, by Jinja (kept, and nbgrader's own). Whatever a student had a part in is made harmless."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..i18n import _
from ..text import plain

SHARED = Path(__file__).parent / "shared"  # alone.html: a page that needs no other file and no network


def environment(*folders: Path, autoescape: bool = True) -> Environment:
    """For the templates of these folders. Those of Markdown are not escaped as HTML is."""
    made = Environment(
        loader=FileSystemLoader([*folders, SHARED]),
        autoescape=autoescape,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["_"] = _
    return made


def _finalize(value: Any) -> Any:
    """Text that no template made steers nothing: no control characters, no changes of direction."""
    return plain(value) if type(value) is str else value
