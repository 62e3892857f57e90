"""A page as HTML and as Markdown, by Jinja (kept, and nbgrader's own). Whatever a student had a part in is made harmless."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .. import i18n
from ..exports.wording import number
from ..i18n import _
from ..text import plain
from .facts import BAR, Page

TEMPLATES = Path(__file__).parent / "templates"
SIGNS = {"passed": "✓", "wrong": "✗", "absent": "○", "open": "?"}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&$]|^[-+=]|(?<=^\d)[.)])")


def html_page(page: Page) -> str:
    """A file that needs no other and no network, in the current language."""
    style = (TEMPLATES / "feedback.css").read_text(encoding="utf-8")
    return environment(TEMPLATES, autoescape=True).get_template("feedback.html").render(_facts(page) | {"style": style})


def markdown_page(page: Page) -> str:
    """The same as text, in the current language."""
    text = environment(TEMPLATES, autoescape=False).get_template("feedback.md").render(_facts(page))
    return re.sub(r"\n{3,}", "\n\n", text)


def _facts(page: Page) -> dict[str, Any]:
    return {"page": page, "language": i18n.language(), "signs": SIGNS, "bar_length": BAR}


@cache
def environment(templates: Path, autoescape: bool) -> Environment:
    """How all pages are made from templates."""
    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=autoescape,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(_=_, number=number)
    made.filters.update(escaped=escaped, fenced=fenced)
    return made


def _finalize(value: Any) -> Any:
    """Text that no template made steers nothing: no control characters, no changes of direction."""
    return plain(value) if type(value) is str else value


def escaped(text: str) -> str:
    """One line that Markdown takes for text and nothing else."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def fenced(text: str, language: str = "text") -> str:
    """A block of code that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
