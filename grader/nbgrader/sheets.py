"""A student's file as the notebooks that nbgrader looks for: submitted/, which autograding reads, and autograded/, which
formgrader and feedback show.
"""

import copy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from ..files import not_written, replace
from ..i18n import _
from ..text import plain
from .folder import CourseFolder

MARK = "dot2vit"  # in a notebook's metadata: made by a push, which may make it anew


@dataclass(frozen=True)
class Sheet:
    """One student's notebooks of one assignment. source: the file that was graded, None where it is not at hand."""

    student: str
    assignment: str
    timestamp: datetime
    source: str | None
    output: str


def is_taken(path: Path) -> bool:
    """Whether a notebook is there that no push made: a student's own, collected by nbgrader."""
    if not path.exists():
        return False
    try:
        return "pushed" not in nbformat.read(path, as_version=4).metadata.get(MARK, {})
    except Exception:  # damaged, or no notebook: certainly none of ours
        return True


def write_sheet(folder: CourseFolder, released: NotebookNode, sheet: Sheet) -> None:
    """Write both notebooks and their timestamp.txt. Raises UserError and MachineFault.

    Without the source no notebook is submitted: `nbgrader autograde` would take the missing code for a zero.
    """
    stamp = sheet.timestamp.isoformat(sep=" ") + " UTC"
    notebook = _filled(released, sheet)
    submitted, autograded = (step(sheet.student, sheet.assignment) for step in (folder.submitted, folder.autograded))
    try:
        if sheet.source is None:
            submitted.unlink(missing_ok=True)
        else:
            write_notebook(submitted, notebook)
        _replace(submitted.with_name("timestamp.txt"), stamp)
        write_notebook(autograded, _with_output(notebook, sheet.output))
        _replace(autograded.with_name("timestamp.txt"), stamp)
    except OSError as error:
        raise not_written(_("The scores are in the gradebook, but a notebook"), autograded, error) from None


def _filled(released: NotebookNode, sheet: Sheet) -> NotebookNode:
    """The student's whole file in the last of the cells that are theirs to write, so that nothing after it redefines it."""
    notebook = copy.deepcopy(released)
    notebook.metadata[MARK] = {"pushed": True}
    theirs = [cell for cell in notebook.cells if cell.cell_type == "code" and _is_solution(cell)]
    if not theirs:
        notebook.cells.append(new_code_cell(id="submission"))
        theirs = notebook.cells[-1:]
    for cell in theirs[:-1]:
        cell.source = "# " + _("The file that was handed in stands in the last of these cells.")
    theirs[-1].source = sheet.source if sheet.source is not None else "# " + _(
        "The file that was graded is not at hand; push again with --submissions to see it here."
    )  # fmt: skip
    theirs[-1].metadata[MARK] = {"file": f"{sheet.assignment}.py"}
    return notebook


def _with_output(notebook: NotebookNode, output: str) -> NotebookNode:
    """With what the student's code printed below their file."""
    if output:
        for cell in notebook.cells:
            if MARK in cell.metadata:
                cell.outputs = [new_output("stream", name="stdout", text=plain(output))]
    return notebook


def _is_solution(cell: NotebookNode) -> bool:
    facts: Any = cell.metadata.get("nbgrader", {})
    return bool(facts.get("solution"))


def write_notebook(path: Path, notebook: NotebookNode) -> None:
    """Write it whole or not at all. Raises OSError."""
    _replace(path, nbformat.writes(notebook) + "\n")


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, text)
