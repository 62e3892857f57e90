"""A source notebook as nbgrader's `generate_assignment` would hand it out, and the cells that a gradebook keeps of it."""

import copy
import json
from dataclasses import dataclass
from typing import Any

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from traitlets.config import Config


@dataclass(frozen=True)
class Cell:
    """A cell that nbgrader knows by its grade_id.

    kinds: which of its rows it has: "GradeCell", "SolutionCell", "TaskCell"; none for a cell that is only locked.
    """

    name: str
    kinds: tuple[str, ...]
    points: float
    cell_type: str
    locked: bool
    source: str
    checksum: str | None


def released(source: NotebookNode, config: Config) -> NotebookNode:
    """A copy without solutions, with checksums, by nbgrader's own preprocessors as the course's config sets them.

    Not those that write to the gradebook, nor those that need a kernel. Hidden tests stay, as autograding needs them.
    """
    from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells

    notebook, resources = copy.deepcopy(source), ResourcesDict(nbgrader={})
    for preprocessor in (LockCells, ClearSolutions, ClearOutput, ComputeChecksums):
        notebook, resources = preprocessor(config=config, enabled=True)(notebook, resources)
    return notebook


def cells_of(notebook: NotebookNode) -> list[Cell]:
    """What `generate_assignment` would save of a released notebook, in order."""
    from nbgrader import utils

    cells = []
    for cell in notebook.cells:
        kinds = tuple(
            kind
            for kind, is_one in (
                ("GradeCell", utils.is_grade),
                ("SolutionCell", utils.is_solution),
                ("TaskCell", utils.is_task),
            )
            if is_one(cell)
        )
        if kinds or utils.is_locked(cell):
            facts = cell.metadata.nbgrader
            cells.append(
                Cell(
                    facts["grade_id"],
                    kinds,
                    float(facts.get("points", 0)),
                    cell.cell_type,
                    bool(utils.is_locked(cell)),
                    cell.source,
                    facts.get("checksum"),
                )
            )
    return cells


def kernelspec_of(notebook: NotebookNode) -> str:
    """As the gradebook keeps it; autograding puts it into each submitted notebook."""
    spec: Any = notebook.metadata.get("kernelspec", {})
    return json.dumps(spec)
