"""Pairs side by side, what both hold marked, in one file that needs no network. Students' text is escaped by Jinja.

`grader report` puts the same pairs on pages of its own: pairs.html and pairs.css are for both.
"""

from collections.abc import Sequence
from pathlib import Path

from .. import i18n
from ..reports.templates import environment
from .ranking import Ranking

TEMPLATES = Path(__file__).parent / "templates"
PAIRS_STYLE = TEMPLATES / "pairs.css"


def html_page(found: Sequence[Ranking]) -> str:
    """All exercises on one page, in the current language."""
    styles = (TEMPLATES / "similarity.css", PAIRS_STYLE)
    facts = {
        "rankings": found,
        "language": i18n.language(),
        "style": "".join(path.read_text(encoding="utf-8") for path in styles),
    }
    return environment(TEMPLATES).get_template("similarity.html").render(facts)
