"""A page as HTML and as Markdown."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from .. import i18n
from ..exports.wording import number
from ..reports.templates import environment
from .facts import BAR, Page

TEMPLATES = Path(__file__).parent / "templates"
SIGNS = {"passed": "✓", "wrong": "✗", "absent": "○", "open": "?"}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>#|~&$]|^[-+=]|(?<=^\d)[.)])")


def html_page(page: Page) -> str:
    """A file that needs no other and no network, in the current language."""
    style = (TEMPLATES / "feedback.css").read_text(encoding="utf-8")
    return _environment(autoescape=True).get_template("feedback.html").render(_facts(page) | {"style": style})


def markdown_page(page: Page) -> str:
    """The same as text, in the current language."""
    text = _environment(autoescape=False).get_template("feedback.md").render(_facts(page))
    return re.sub(r"\n{3,}", "\n\n", text)


def _facts(page: Page) -> dict[str, Any]:
    return {"page": page, "language": i18n.language(), "signs": SIGNS, "bar_length": BAR}


@cache
def _environment(autoescape: bool) -> Environment:
    made = environment(TEMPLATES, autoescape=autoescape)
    made.globals["number"] = number
    made.filters.update(escaped=escaped, fenced=fenced)
    return made


def escaped(text: str) -> str:
    """One line that Markdown takes for text and nothing else."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def fenced(text: str, language: str = "text") -> str:
    """A block of code that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
