"""Which part of a line of Python is code, as far as can be told without parsing: strings and comments are blanked.

Student code is not parsed by the trusted side. This reads each character once, whatever it is given, and is only as exact as
what it serves: notes on odd characters, and the magics of notebooks.
"""

import re

_OPENING = re.compile(r"#|\"\"\"|'''|\"|'")
_ENDING = {
    '"""': re.compile(r'(?:[^"\\]++|\\.|"(?!""))*+"""', re.DOTALL),  # possessive: nothing is kept to come back to
    "'''": re.compile(r"(?:[^'\\]++|\\.|'(?!''))*+'''", re.DOTALL),
    '"': re.compile(r'(?:[^"\\]++|\\.)*+"'),
    "'": re.compile(r"(?:[^'\\]++|\\.)*+'"),
}


class LineScanner:
    """Feed it the lines of a source in order.

    within: whether the next line goes on with what the one before began: an open bracket, a triple-quoted string or a
    backslash.
    """

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._continued = False

    @property
    def within(self) -> bool:
        return bool(self._quote) or self._depth > 0 or self._continued

    def code_of(self, line: str) -> str:
        """The line with strings and comments left out; remembers what stays open."""
        code: list[str] = []
        position = 0
        while position < len(line):
            if self._quote:
                end = _ENDING[self._quote].match(line, position)
                if end is None:  # a triple quote stays open; a single one that is not closed is the parser's affair
                    self._quote = self._quote if len(self._quote) == 3 else ""
                    position = len(line)
                    break
                position, self._quote = end.end(), ""
                continue
            opening = _OPENING.search(line, position)
            code.append(line[position : opening.start() if opening else len(line)])
            if opening is None or opening.group() == "#":
                break
            self._quote, position = opening.group(), opening.end()
        text = " ".join(code)
        opened = text.count("(") + text.count("[") + text.count("{")
        closed = text.count(")") + text.count("]") + text.count("}")
        self._depth = max(0, self._depth + opened - closed)
        self._continued = line.endswith("\\")
        return text
