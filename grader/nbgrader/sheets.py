"""A student's file as the notebooks that nbgrader looks for: submitted/, which autograding reads, and autograded/, which
formgrader and feedback show.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ..i18n import _
from ..text import plain
from .folder import CourseFolder

MARK = "dot2vit"  # in a notebook's metadata, with the hash of the file: made by a push, which may make it anew


@dataclass(frozen=True)
class Sheet:
    """One student's notebooks of one assignment. source: the file that was graded, None where it is not at hand."""

    student: str
    assignment: str
    timestamp: datetime
    source: str | None
    source_sha256: str
    output: str


def is_taken(path: Path) -> bool:
    """Whether a notebook is there that no push made: a student's own, collected by nbgrader."""
    return path.exists() and _pushed_source(path) is None


def _pushed_source(path: Path) -> str | None:
    """The hash of the file that a push made this notebook of; None where none did, or no notebook is there."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["metadata"][MARK]["source_sha256"])
    except Exception:  # a student's own may be anything
        return None


def sheet_files(folder: CourseFolder, handed_out: str, sheet: Sheet) -> dict[Path, str | None]:
    """What is to stand in submitted/ and autograded/, by path. handed_out: the assignment's notebook, as text.

    Without the source no notebook is submitted (None): `nbgrader autograde` would take the missing code for a zero. Those
    that an earlier push made of the same file stay.
    """
    submitted, autograded = (step(sheet.student, sheet.assignment) for step in (folder.submitted, folder.autograded))
    stamp = sheet.timestamp.isoformat(sep=" ") + " UTC\n"
    stamps: dict[Path, str | None] = {path.with_name("timestamp.txt"): stamp for path in (submitted, autograded)}
    if sheet.source is None and autograded.exists() and _pushed_source(submitted) == sheet.source_sha256:
        return stamps
    return stamps | {
        submitted: None if sheet.source is None else _filled(handed_out, sheet, ""),
        autograded: _filled(handed_out, sheet, sheet.output),
    }


def _filled(handed_out: str, sheet: Sheet, output: str) -> str:
    """The student's whole file in the last of the cells that are theirs to write, so that nothing after it redefines it.

    Plain JSON, for nbformat would validate each of a class's notebooks for tens of milliseconds.
    """
    notebook: dict[str, Any] = json.loads(handed_out)
    notebook["metadata"][MARK] = {"source_sha256": sheet.source_sha256}
    theirs = [cell for cell in notebook["cells"] if cell["cell_type"] == "code" and _is_solution(cell)]
    if not theirs:
        theirs = [{"cell_type": "code", "id": "submission", "metadata": {}, "execution_count": None, "outputs": []}]
        notebook["cells"] += theirs
    for cell in theirs[:-1]:
        cell["source"] = "# " + _("The file that was handed in stands in the last of these cells.")
    last = theirs[-1]
    last["source"] = sheet.source if sheet.source is not None else "# " + _(
        "The file that was graded is not at hand; push again with --submissions to see it here."
    )  # fmt: skip
    if output:
        last["outputs"] = [{"output_type": "stream", "name": "stdout", "text": plain(output)}]
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _is_solution(cell: Mapping[str, Any]) -> bool:
    return bool(cell["metadata"].get("nbgrader", {}).get("solution"))
