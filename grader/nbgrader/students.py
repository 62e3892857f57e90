"""A student's notebook as nbgrader needs it, whatever state it is in.

What is graded is the code of the file that was handed in (grader/intake/notebook.py). This here is for people: the notebook
that formgrader and the feedback show, with each cell of the assignment there once, under its own id, and nothing that
nbgrader stumbles over: a duplicated cell alone ends its whole run.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter

from ..i18n import _
from ..intake.disk import DiskFolder
from ..intake.notebook import MAX_CELLS, NOTEBOOK_BYTES, raw_cells
from ..intake.tree import Unreadable
from ..notebook.cells import KERNEL
from .notebooks import cell_metadata

REMARKS = "dot2vit"  # the notebook's metadata that holds what was mended
_TYPES = ("code", "markdown", "raw")
_DEFINITION = re.compile(r"^(?:def|class)\s+(\w+)", re.MULTILINE)
_MAX_NAMED = 6


@dataclass(frozen=True)
class Expected:
    """A cell of the assignment, as the gradebook has it. metadata: nbgrader's own."""

    name: str
    cell_type: str
    source: str
    locked: bool
    metadata: dict[str, Any]

    @property
    def definition(self) -> str:
        """What it defines first; "" for anything but code."""
        found = _DEFINITION.search(self.source) if self.cell_type == "code" else None
        return found[1] if found else ""


@dataclass
class _Cell:
    """A cell of the student's, with what can be relied on: text, a type that exists, pictures if they are any."""

    cell_type: str
    source: str
    claim: str
    attachments: dict[str, dict[str, str]] = field(default_factory=dict)


def expected_cells(gradebook: Any, notebook: str, assignment: str) -> list[Expected]:
    """The cells that nbgrader has put on record for a notebook. Raises nbgrader.api.MissingEntry."""
    known = gradebook.find_notebook(notebook, assignment)
    grades = {cell.name: cell.max_score for cell in known.grade_cells}
    tasks = {cell.name: cell.max_score for cell in known.task_cells}
    answers = {cell.name for cell in known.solution_cells}
    cells = []
    for cell in known.source_cells:
        facts = cell_metadata(
            cell.name,
            grade=cell.name in grades,
            solution=cell.name in answers,
            task=cell.name in tasks,
            locked=cell.locked,
            points=(grades | tasks).get(cell.name),
        )
        facts["nbgrader"] |= {"cell_type": cell.cell_type, "checksum": cell.checksum}
        if cell.checksum is None:
            del facts["nbgrader"]["checksum"]
        cells.append(Expected(cell.name, cell.cell_type, cell.source, cell.locked, facts))
    return cells


def mended(raw: Sequence[Any], expected: Sequence[Expected]) -> nbformat.NotebookNode:
    """A notebook of what these cells hold, with each that is expected; what was mended stands in its metadata, as sentences.

    raw: the cells as they stand in the file, whatever they are; none where it cannot be read.
    """
    remarks: list[str] = []
    cells = [_cell(cell) for cell in raw[:MAX_CELLS] if isinstance(cell, dict)]
    owners = _owners(cells, expected, remarks)
    missing = [cell for cell in expected if cell.name not in owners.values()]
    if cells:
        _remark(remarks, _("Missing cells of the assignment, put back: {names}"), (cell.name for cell in missing))
    by_name = {cell.name: cell for cell in expected}
    shown = [_shown(cell, by_name.get(owners.get(place, ""))) for place, cell in enumerate(cells)]
    shown += [_shown(_put_back(cell), cell) for cell in missing]
    cells_of_it = [{**cell, "id": f"cell-{number}"} for number, cell in enumerate(shown, 1)]
    facts = {"kernelspec": KERNEL, "language_info": {"name": "python"}, REMARKS: {"remarks": remarks}}
    # Not by nbformat's new_…_cell: it would validate every cell, and the exporter validates the whole.
    notebook: nbformat.NotebookNode = nbformat.from_dict(
        {"nbformat": 4, "nbformat_minor": 5, "metadata": facts, "cells": cells_of_it}
    )
    return notebook


def remarks_on(notebook: nbformat.NotebookNode) -> list[str]:
    """What was mended in a notebook that `mended` made."""
    facts = notebook.metadata.get(REMARKS, {})
    return list(facts.get("remarks", []))


def _cell(raw: dict[str, Any]) -> _Cell:
    source = raw.get("source", raw.get("input", ""))  # nbformat 3 calls it input
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    metadata = raw.get("metadata")
    facts = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    claim = facts.get("grade_id") if isinstance(facts, dict) else None
    kind = raw.get("cell_type")
    return _Cell(
        cell_type=kind if isinstance(kind, str) and kind in _TYPES else "raw",
        source=_whole(source) if isinstance(source, str) else "",
        claim=claim if isinstance(claim, str) else "",
        attachments=_attachments(raw.get("attachments")),
    )


def _whole(text: str) -> str:
    """Text that can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _attachments(value: Any) -> dict[str, dict[str, str]]:
    pictures = value if isinstance(value, dict) else {}
    return {
        _whole(name): {"image/png": picture["image/png"]}
        for name, picture in pictures.items()
        if isinstance(picture, dict) and isinstance(picture.get("image/png"), str)
    }


def _owners(cells: Sequence[_Cell], expected: Sequence[Expected], remarks: list[str]) -> dict[int, str]:
    """Place of a cell → the expected cell that it is.

    By its id, the last of several, as of two definitions the last counts; else an answer by the definition that it begins.
    """
    names = {cell.name for cell in expected}
    last: dict[str, int] = {}
    twice: dict[str, None] = {}
    for place, cell in enumerate(cells):
        if cell.claim in names:
            if cell.claim in last:
                twice[cell.claim] = None
            last[cell.claim] = place
    taken = set(last.values())
    for answer in expected:
        if answer.name not in last and answer.definition:
            pattern = re.compile(rf"^(?:def|class)\s+{answer.definition}\b", re.MULTILINE)
            fitting = [p for p, c in enumerate(cells) if p not in taken and not c.claim and pattern.search(c.source)]
            if fitting:
                last[answer.name] = fitting[-1]
                taken.add(fitting[-1])
    _remark(remarks, _("Cells that were there more than once; the code of all was read: {names}"), twice)
    return {place: name for name, place in last.items()}


def _put_back(expected: Expected) -> _Cell:
    if expected.locked:
        return _Cell(expected.cell_type, expected.source, expected.name)
    return _Cell(expected.cell_type, _("# This cell was missing."), expected.name)


def _shown(cell: _Cell, expected: Expected | None) -> dict[str, Any]:
    """A cell for nbgrader: what the assignment has locked is as it was."""
    kind = expected.cell_type if expected else cell.cell_type
    shown: dict[str, Any] = {
        "cell_type": kind,
        "metadata": expected.metadata if expected else {},
        "source": expected.source if expected and expected.locked else cell.source,
    }
    if kind == "code":
        shown |= {"outputs": [], "execution_count": None}
    elif cell.attachments:
        shown["attachments"] = cell.attachments
    return shown


def _remark(remarks: list[str], sentence: str, names: Iterable[str]) -> None:
    listed = list(names)
    if listed:
        more = ", …" if len(listed) > _MAX_NAMED else ""
        remarks.append(sentence.format(names=", ".join(listed[:_MAX_NAMED]) + more))


class StudentNotebookExporter(NotebookExporter):
    """nbgrader's way to read a notebook: what a student handed in is mended first (c.Autograde.exporter_class)."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        from .autograde import class_of

        autograde: Any = self.parent
        if not autograde._sanitizing:  # the notebook that was written a moment ago
            return super().from_filename(filename, resources, **kw)
        facts = resources["nbgrader"]
        expected = class_of(autograde).expected(facts["notebook"], facts["assignment"])
        convert: Any = self.from_notebook_node
        return convert(mended(_raw_cells_of(Path(filename)), expected), resources, **kw)


def _raw_cells_of(path: Path) -> list[Any]:
    """None where it cannot be read: the record says why."""
    try:
        return raw_cells(DiskFolder(path.parent).file(path.name).read(NOTEBOOK_BYTES))
    except (OSError, Unreadable):
        return []
