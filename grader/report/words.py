"""What figures and findings are called on a page, in the reader's language."""

from collections.abc import Mapping, Sequence
from functools import cache

from markupsafe import Markup

from ..course import Course, Exercise
from ..i18n import _, pick
from ..reports.standing import signed, standing_lines
from ..reports.terminal import verdict_name
from ..result import NEEDS_REVIEW, Verdict
from ..standing.final import Standing
from .findings import EVERYBODY_FAILS, NEGATIVE, NOBODY_FAILS, Item, Mistake, Row
from .measures import histogram

# A sign a verdict, so that nobody needs to tell colours apart; the page has a key to them.
SIGNS = {
    Verdict.PASSED: "✓",
    Verdict.FAILED: "✗",
    Verdict.ERROR: "!",
    Verdict.TIMEOUT: "T",
    Verdict.MEMORY: "M",
    Verdict.CRASHED: "†",
    Verdict.FORBIDDEN: "⊘",
    Verdict.MISSING: "○",
    Verdict.UNREADABLE: "□",
}
OPEN_SIGN = "?"


def sign(verdict: str | None) -> str:
    """A verdict in a cell; one that is not known here is open."""
    if verdict is None:
        return ""
    known = _known(verdict)
    return OPEN_SIGN if known is None else SIGNS.get(known, OPEN_SIGN)


def kind(verdict: str | None) -> str:
    """The cell's class in the style sheet."""
    if verdict is None:
        return "none"
    known = _known(verdict)
    if known is None or known in NEEDS_REVIEW:
        return "open"
    return {Verdict.PASSED: "passed", Verdict.MISSING: "absent", Verdict.UNREADABLE: "absent"}.get(known, "wrong")


def cells(row: Row, items: Sequence[Item]) -> Markup:
    """A student's cells in the table of students and checks; in one call a row, for there are thousands."""
    return Markup("").join(_cell(row.verdicts.get(item.name)) for item in items)


@cache
def _cell(verdict: str | None) -> Markup:
    return Markup('<td class="{}">{}</td>').format(kind(verdict), sign(verdict))


def key() -> list[tuple[str, str, str]]:
    """(sign, class, meaning) of all verdicts."""
    signs = [(SIGNS[verdict], kind(verdict), verdict_name(verdict)) for verdict in SIGNS]
    return [*signs, (OPEN_SIGN, "open", _("open: the grader could not judge it"))]


def remark(code: str) -> str:
    return {
        NOBODY_FAILS: _("Nobody fails it: does it ask for anything?"),
        EVERYBODY_FAILS: _("Everybody fails it: is it fair, and does the guide teach it?"),
        NEGATIVE: _("Those who do well otherwise fail it more often: does it mark right answers wrong?"),
    }[code]


def points_words(row: Row | None) -> str:
    """A student's points in the class table. What is open is never a number."""
    if row is None:
        return "–"
    if row.is_open:
        return OPEN_SIGN
    return number(row.points) if row.is_begun else f"0 {SIGNS[Verdict.MISSING]}"


def row_kind(row: Row | None) -> str:
    """The class of a student's points in the style sheet."""
    if row is None:
        return "none"
    if row.is_open:
        return "open"
    if not row.is_begun:
        return "absent"
    return "passed" if row.points == row.max_points else "part" if row.points else "wrong"


def distribution(shares: Mapping[float, int]) -> str:
    """A histogram in words, for those who do not see it."""
    counts = histogram(shares)
    parts = (f"{10 * n}–{10 * n + 10}%: {count}" for n, count in enumerate(counts) if count)
    return _("How many students have which share of the points. {bins}").format(bins=", ".join(parts))


def decile(share: float | None) -> str:
    """The class that fills so much of a cell."""
    return "" if share is None else f"d{round(10 * share)}"


def title(titles: Mapping[str, str], item: Item) -> str:
    """A check's sentence in the page's language, where the course still has the check."""
    return titles.get(item.name.partition("[")[0]) or item.title


def number(value: float | None, digits: int = 2) -> str:
    """Without zeros at the end; a dash where there is no number."""
    if value is None:
        return "–"
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def change(points: float) -> str:
    """Points that were added or taken; empty where there are none."""
    return signed(points) if points else ""


def standing(one: Standing, course: Course) -> list[str]:
    """Why a grade comes to what it does, in sentences."""
    return list(standing_lines(one, course.policy.zone))


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f}%"


def hint(exercise: Exercise, mistake: Mistake) -> str:
    """In this page's language where the course still has the misconception, else the record's own."""
    known: Mapping[str, str] = {variant.id: pick(variant.en, variant.ko) for variant in exercise.misconceptions}
    return known.get(mistake.id) or mistake.hint


def _known(verdict: str) -> Verdict | None:
    try:
        return Verdict(verdict)
    except ValueError:
        return None
