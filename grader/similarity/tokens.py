"""A source as letters, one a token, in which what a copier changes first no longer shows: names, comments, layout.

Pygments splits it: it reads broken code to the end where Python's own tokenizer stops, and it runs nothing.
"""

import zlib
from dataclasses import dataclass
from typing import Any

from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text

MAX_CHARACTERS = 60_000  # what comes after is not compared: no solution is so long

_FIRST, _COUNT = 0xF0000, 65_000  # a plane of private use: no character of a source stands there
BREAK = chr(_FIRST + _COUNT)  # before each definition and import: these can be put in another order
_BREAKING = ("def", "class", "import", "from")
_LAYOUT = ("(", ")", "[", "]", ";")  # come and go with the layout: (a, b) and [a, b] and a, b
_NAME, _STRING = "name", "string"


@dataclass(frozen=True)
class Tokens:
    """letters: a character a token. places: (start, end) of each in the source."""

    source: str
    letters: str
    places: tuple[tuple[int, int], ...]


def tokens_of(source: str) -> Tokens:
    """The tokens of a source, right or broken. Names are one letter, but for attributes (`x.mT`) and what Python defines."""
    letters: list[str] = []
    places: list[tuple[int, int]] = []
    owner = last = ""  # the two texts before
    for start, kind, text in PythonLexer().get_tokens_unprocessed(source[:MAX_CHARACTERS]):
        if kind in Comment or kind in String.Doc or kind in Text or not text.strip():
            continue
        if text in _LAYOUT:
            if last == "," and text in (")", "]"):
                del letters[-1], places[-1]  # the comma that some layouts put at the end
        else:
            word = _word(kind, text, owner, last)
            if word == _STRING and letters and letters[-1] == _letter(_STRING):
                places[-1] = (places[-1][0], start + len(text))  # quotes and contents come as several
            else:
                if text in _BREAKING:
                    letters.append(BREAK)
                    places.append((start, start))
                letters.append(_letter(word))
                places.append((start, start + len(text)))
        owner, last = last, text
    return Tokens(source, "".join(letters), tuple(places))


def _word(kind: Any, text: str, owner: str, last: str) -> str:
    """What a token counts as."""
    if kind in String:
        return _STRING
    if kind in Number:
        return _number(text)
    if kind in Name:
        if last == ".":
            return _NAME if owner == "self" else f".{text}"
        return text if kind in Name.Builtin and kind not in Name.Builtin.Pseudo else _NAME
    return text if kind in Keyword or kind in Operator or kind in Punctuation else "?"


def _number(text: str) -> str:
    """1e-9 and 1e-09 are the same number."""
    try:
        return repr(float(text.replace("_", "")))
    except ValueError:
        return text.lower()


def _letter(word: str) -> str:
    return chr(_FIRST + zlib.crc32(word.encode("utf-8", "surrogatepass")) % _COUNT)
