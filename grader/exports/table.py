"""A CSV file of another system, to be filled: a few cells are written, every other byte stays as it is.

The csv module reads and writes values; it does not say where they stood, and writes quotes and line ends anew.
"""

import codecs
import re
from dataclasses import dataclass

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_QUOTED = r'"(?:[^"]++|"")*+"'


@dataclass(frozen=True)
class Cell:
    """A value, and from where to where it stands in the text, quotes included."""

    value: str
    start: int
    end: int


@dataclass(frozen=True)
class Table:
    """encoding: of the bytes after the byte order mark; `delimiter`: what stands between cells."""

    text: str
    bom: bytes
    encoding: str
    delimiter: str
    rows: list[list[Cell]]

    def filled(self, values: dict[tuple[int, int], str]) -> bytes:
        """The file with these values at (row, column). They must need no quotes, as numbers do not."""
        parts, position = [], 0
        for row, column in sorted(values):
            cell = self.rows[row][column]
            parts += [self.text[position : cell.start], values[row, column]]
            position = cell.end
        parts.append(self.text[position:])
        return self.bom + "".join(parts).encode(self.encoding)


def read_table(data: bytes) -> Table:
    """Comma, semicolon or tab, whichever gives most columns in the first row. Raises ValueError."""
    text, bom, encoding = _decoded(data)
    delimiter = max(",;\t", key=lambda candidate: len(_rows(text, candidate, only_first=True)[0]))
    return Table(text, bom, encoding, delimiter, _rows(text, delimiter))


def _decoded(data: bytes) -> tuple[str, bytes, str]:
    """The text. Any encoding that gives the same bytes back will do: only digits are written, and ids are ASCII."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding), bom, encoding
    if b"\0" in data:
        raise ValueError("it holds NUL bytes, as UTF-16 without a byte order mark does")
    for encoding in ("utf-8", "cp949"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.encode(encoding) == data:
            return text, b"", encoding
    return data.decode("latin-1"), b"", "latin-1"


def _rows(text: str, delimiter: str, only_first: bool = False) -> list[list[Cell]]:
    one_cell = re.compile(rf"(?P<quoted>{_QUOTED})|[^{delimiter}\r\n]*+")
    rows: list[list[Cell]] = [[]]
    position = 0
    while True:
        match = one_cell.match(text, position)
        assert match is not None  # it matches nothing, too
        raw, position = match[0], match.end()
        rows[-1].append(Cell(raw[1:-1].replace('""', '"') if match["quoted"] else raw, *match.span()))
        follows = text[position : position + 2]
        if (raw.startswith('"') and not match["quoted"]) or (follows and follows[0] not in f"{delimiter}\r\n"):
            raise ValueError(f"a cell of row {len(rows)} is not quoted rightly: {raw[:40]}")
        if follows[:1] == delimiter:
            position += 1
            continue
        position += 2 if follows == "\r\n" else 1
        if only_first or position >= len(text):
            return rows
        rows.append([])
