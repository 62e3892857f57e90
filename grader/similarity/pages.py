"""Pairs side by side, what both hold marked, in one file that needs no network. Students' text is escaped by Jinja."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import i18n
from ..course import Exercise
from ..exports.wording import number
from ..i18n import _
from ..reports.templates import environment
from .compare import Comparison, Pair

TEMPLATES = Path(__file__).parent / "templates"
MAX_SHOWN = 40_000  # characters of a file
CONTEXT = 4  # lines around what is marked; the others of a long stretch are counted


@dataclass(frozen=True)
class Shown:
    """An exercise and those of its pairs that are shown. points: by student and exercise, where a store was named."""

    exercise: Exercise
    found: Comparison
    pairs: Sequence[Pair]
    points: Mapping[tuple[str, str], float]

    def label(self, student: str) -> str:
        points = self.points.get((student, self.exercise.name))
        return student if points is None else f"{student} ({number(points)})"

    def sides(self, pair: Pair) -> list[tuple[str, list[tuple[str, bool]]]]:
        """(label, pieces of the source with whether they are marked) of both files."""
        marks = self.found.marks(pair)
        sources = [self.found.works[name].tokens.source for name in (pair.first, pair.second)]
        return [
            (
                self.label(name),
                [(text if marked else shortened(text), marked) for text, marked in pieces(source, ranges)],
            )
            for name, source, ranges in zip((pair.first, pair.second), sources, marks, strict=True)
        ]


def pieces(source: str, ranges: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """The source in pieces, in order; True where a piece lies in one of the ranges (sorted, perhaps touching)."""
    found: list[tuple[str, bool]] = []
    at, end = 0, min(len(source), MAX_SHOWN)
    for start, stop in ranges:
        start, stop = max(start, at), min(stop, end)
        if start < stop:
            found += [(source[at:start], False), (source[start:stop], True)]
            at = stop
    rest = source[at:end] + (" …" if len(source) > end else "")
    return [(text, marked) for text, marked in [*found, (rest, False)] if text]


def shortened(text: str) -> str:
    """What lies between marks: where it is long, its first and last lines."""
    lines = text.split("\n")
    left_out = len(lines) - 2 * CONTEXT
    if left_out <= CONTEXT:
        return text
    between = "⋯ " + _("{count} lines").format(count=left_out) + " ⋯"
    return "\n".join([*lines[:CONTEXT], between, *lines[-CONTEXT:]])


def html_page(shown: Sequence[tuple[Shown, str]]) -> str:
    """shown: each with a sentence on what can be said of it."""
    facts = {
        "shown": shown,
        "language": i18n.language(),
        "style": (TEMPLATES / "similarity.css").read_text(encoding="utf-8"),
    }
    return environment(TEMPLATES).get_template("similarity.html").render(facts)
