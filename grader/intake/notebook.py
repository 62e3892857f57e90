"""A notebook's code cells as one source. The JSON is only looked through: nothing in it is run or parsed as Python.

IPython's own transformer tokenises student code; here a line is judged by how it begins, outside of strings and brackets
(scan.py), as that is enough for magics. What cannot be told this way stays as it is, and Python says so when it is run.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from ..i18n import _
from .names import shown
from .scan import LineScanner
from .text import Text, decode
from .tree import Unreadable

NOTEBOOK_BYTES = 8 * 2**20  # parsed JSON takes up to some 25 times as much
MAX_CELLS = 1000
_MAX_NAMED = 6

_MAGIC = re.compile(r"\s*(?:%{1,2}\w|!|\?|get_ipython\(\))")
_MAGIC_VALUE = re.compile(r"[\w.,\s\[\]]++=\s*(?:!|%\w)")  # files = !ls
# The course's own notebooks check themselves with these: not worth a note. grader itself is not there to be imported.
_OURS = re.compile(
    r"\s*(?:%load_ext\s+grader\b|%(?:lang|check|hint|show|explain)\b|%%check\b"
    r"|import\s+grader\s*(?:#|$)|grader\.check\([^()]*\)\s*;?\s*(?:#|$))"
)
_RUN_AS_IT_IS = re.compile(r"%%(?:time|capture|check)\b")  # the rest is Python, run in the notebook's own namespace
_AWAIT = re.compile(r"\bawait\b")


def looks_like_notebook(text: str) -> bool:
    """Whether a file with another name is one: JSON with cells."""
    return text.lstrip()[:1] == "{" and '"cells"' in text and '"cell_type"' in text


def notebook_source(data: bytes, assignment_only: bool = False) -> Text:
    """The code of a notebook (nbformat 3 or 4), and notes on what was left out. Raises Unreadable.

    assignment_only: the cells that came with an nbgrader assignment, and none of the student's own.
    """
    text, notes = decode(data)
    cells = list(_code_cells(_load(text), assignment_only))
    dropped: list[str] = []
    parts: list[str] = []
    starts: list[tuple[int, int]] = []
    line = 1
    for number, source in cells:
        kept = "" if _only_ours(source) else _python_of(source, number, dropped)
        if not kept.strip():
            continue
        parts.append(f"# cell {number}\n{kept}\n")
        starts.append((number, line))
        line += parts[-1].count("\n")
    if not parts:
        raise Unreadable(_("the notebook holds no code: no code cell with anything in it"))
    return "".join(parts), (*notes, *_notes(starts, dropped))


def raw_cells(data: bytes) -> list[Any]:
    """All cells as they stand in the file: whatever JSON holds. Raises Unreadable."""
    text, _notes_on_text = decode(data)
    return _cells(_load(text))


def _load(text: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except RecursionError:
        raise Unreadable(_("the notebook is nested far too deeply to be one")) from None
    except ValueError as error:  # bad JSON; a number of too many digits
        where = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise Unreadable(
            _(
                "the notebook is damaged: it is not valid JSON (line {line}); open it in Jupyter and save it again"
            ).format(line=where)
        ) from None
    if not isinstance(notebook, dict):
        raise Unreadable(_("it is not a notebook: its JSON holds no cells"))
    return notebook


def _code_cells(notebook: dict[str, Any], assignment_only: bool) -> Iterator[tuple[int, str]]:
    """The number, counted from 1 over all cells, and the text of each code cell."""
    _refuse_other_languages(notebook.get("metadata"))
    for number, cell in enumerate(_cells(notebook), 1):
        if number > MAX_CELLS:
            raise Unreadable(_("the notebook has more than {count} cells").format(count=MAX_CELLS))
        if not isinstance(cell, dict) or not _is_code(cell):
            continue
        facts = _nbgrader(cell)
        if assignment_only and not (facts.get("solution") is True or facts.get("locked") is True):
            continue
        source = cell.get("source", cell.get("input"))  # nbformat 3 calls it input
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if not isinstance(source, str):
            raise Unreadable(_("the notebook is damaged: cell {number} has no text").format(number=number))
        if "\0" in source or (not source.isascii() and any("\ud800" <= character <= "\udfff" for character in source)):
            raise Unreadable(_("the notebook is damaged: cell {number} holds what is no text").format(number=number))
        yield number, source.replace("\r\n", "\n").replace("\r", "\n")


def _is_code(cell: dict[str, Any]) -> bool:
    """Also an answer to nbgrader whose type was changed: one key (m) does that, and Jupyter does not ask."""
    facts = _nbgrader(cell)
    return cell.get("cell_type") == "code" or (facts.get("solution") is True and facts.get("cell_type") == "code")


def _nbgrader(cell: dict[str, Any]) -> dict[str, Any]:
    """nbgrader's metadata of a cell."""
    metadata = cell.get("metadata")
    facts = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    return facts if isinstance(facts, dict) else {}


def _cells(notebook: dict[str, Any]) -> list[Any]:
    cells = notebook.get("cells")
    if isinstance(cells, list):
        return cells
    worksheets = notebook.get("worksheets")  # nbformat 3
    if isinstance(worksheets, list):
        inside = [sheet.get("cells") for sheet in worksheets if isinstance(sheet, dict)]
        return [cell for sheet in inside if isinstance(sheet, list) for cell in sheet]
    raise Unreadable(_("it is not a notebook: its JSON holds no cells"))


def _refuse_other_languages(metadata: Any) -> None:
    """A notebook that says nothing of its language is taken for Python."""
    for entry, name in (("kernelspec", "language"), ("language_info", "name")):
        facts = metadata.get(entry) if isinstance(metadata, dict) else None
        language = facts.get(name) if isinstance(facts, dict) else None
        if isinstance(language, str) and language and "python" not in language.casefold():
            raise Unreadable(
                _("the notebook is written in another language ({language})").format(language=shown(language, 20))
            )


def _python_of(source: str, number: int, dropped: list[str]) -> str:
    """A cell without magics, shell lines, help and top-level await; `pass` stands in their place, so that lines still count."""
    lines = source.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and not _RUN_AS_IT_IS.match(first):
        dropped.append(_named(number, first))
        return ""
    scanner = LineScanner()
    kept: list[str] = []
    skipping = goes_on = False
    for line in lines:
        if goes_on:  # a shell line that ends in a backslash
            kept.append("")
            goes_on = line.endswith("\\")
            continue
        if not scanner.within and (_is_magic(line) or _OURS.match(line)):
            if not _OURS.match(line):
                dropped.append(_named(number, line))
            kept.append(_in_place_of(line))
            goes_on = line.endswith("\\")
            continue
        begins = not scanner.within
        code = scanner.code_of(line)
        if begins and code.rstrip().endswith("?"):
            dropped.append(_named(number, line))
            kept.append(_in_place_of(line))
            scanner = LineScanner()
            continue
        if begins:
            skipping = not line[:1].isspace() and not code.startswith(("async ", "def ")) and bool(_AWAIT.search(code))
            if skipping:
                dropped.append(_named(number, line))
        kept.append((_in_place_of(line) if begins else "") if skipping else line)
    return "\n".join(kept)


def _only_ours(source: str) -> bool:
    """Whether a cell of the course's own checks it and does nothing else."""
    lines = [line for line in source.split("\n") if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and all(_OURS.match(line) for line in lines)


def _is_magic(line: str) -> bool:
    return bool(_MAGIC.match(line) or _MAGIC_VALUE.match(line))


def _in_place_of(line: str) -> str:
    return line[: len(line) - len(line.lstrip())] + "pass"


def _named(number: int, line: str) -> str:
    return _("{line} (cell {number})").format(line=shown(line.strip(), 60), number=number)


def _notes(starts: list[tuple[int, int]], dropped: list[str]) -> Iterator[str]:
    places = ", ".join(
        _("cell {number} from line {line}").format(number=number, line=line) for number, line in starts[:20]
    )
    yield _("read from a notebook; line numbers are those of its code cells, one after another: {places}").format(
        places=places + (", …" if len(starts) > 20 else "")
    )
    if dropped:
        named = "; ".join(dropped[:_MAX_NAMED]) + ("; …" if len(dropped) > _MAX_NAMED else "")
        yield _("left out, as plain Python has no such thing: {what}").format(what=named)
