"""One file of a pair, cut into what both hold and what they do not."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..exports.wording import number
from ..i18n import _

MAX_SHOWN = 40_000  # characters of a file
CONTEXT = 4  # lines around what is marked; the others of a long stretch are counted


@dataclass(frozen=True)
class Side:
    """A student's file. marks: (start, end) in it, sorted. points: None where nobody asked, or they are not final."""

    student: str
    source: str
    marks: Sequence[tuple[int, int]]
    points: float | None = None

    @property
    def label(self) -> str:
        return self.student if self.points is None else f"{self.student} ({number(self.points)})"

    @property
    def parts(self) -> list[tuple[str, bool]]:
        """What is shown of the source, in order, with whether it is marked; in the current language."""
        return [(text if marked else shortened(text), marked) for text, marked in pieces(self.source, self.marks)]


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
