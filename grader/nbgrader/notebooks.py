"""An exercise as an nbgrader source notebook: guide, cells to fill in, visible checks, a place for each hidden check.

Assignment and notebook are called like the exercise. A hidden check is a *task cell*: locked, graded, with a comment of
its own, and never run; so its score and what is said about it have a place, and `nbgrader validate` passes it over. It holds
the sentence that students read anyway, and nothing of the check's code.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from ..course import Exercise
from ..i18n import pick
from ..notebook.cells import guide_cells, notebook_of, parts_of
from ..result import CheckResult

SUMMARY = (
    "grading"  # the cell whose comment is about the whole notebook; a record of a failed grading calls its check so
)
SCHEMA_VERSION = 3  # of nbgrader's metadata
_MAX_ID = 100  # nbgrader's column holds 128
_ODD = re.compile(r"[^a-zA-Z0-9_]")


def grade_id_of(check: str) -> str:
    """A check's name as a grade_id: what nbgrader does not allow becomes `-hex-`, so that different names stay different."""
    name = _ODD.sub(lambda match: f"-{ord(match[0]):x}-", check)
    if len(name) <= _MAX_ID:
        return name
    return f"{name[: _MAX_ID - 20]}--{hashlib.sha256(check.encode()).hexdigest()[:16]}"


def visible_id_of(check: str) -> str:
    """The grade_id of a visible check, which may be called like a hidden one."""
    return f"visible-{grade_id_of(check)}"


def source_notebook(exercise: Exercise) -> nbformat.NotebookNode:
    """The source notebook of an exercise, in the language that is set. It holds the solution, as nbgrader's sources do."""
    from ..sync import list_checks  # with it comes torch, which `nbgrader autograde` can do without

    visible = list_checks(exercise, exercise.visible_path)
    hidden = list_checks(exercise, exercise.hidden_path)
    cells = [
        *guide_cells(exercise),
        *_code_cells(exercise.reference_source),
        *_visible_cells(exercise, visible),
        *_hidden_cells(hidden),
    ]
    return notebook_of(exercise, cells)


def cell_metadata(
    grade_id: str,
    *,
    grade: bool = False,
    solution: bool = False,
    task: bool = False,
    locked: bool = False,
    points: float | None = None,
) -> dict[str, Any]:
    """nbgrader's metadata of a cell."""
    facts = {"schema_version": SCHEMA_VERSION, "grade_id": grade_id, "grade": grade, "solution": solution}
    facts |= {"task": task, "locked": locked}
    return {"nbgrader": facts if points is None else facts | {"points": points}}


def _code_cells(reference: str) -> Iterator[nbformat.NotebookNode]:
    """The reference, a cell a definition: with a solution block it is the student's to write, else it is locked."""
    from ..sync import BEGIN

    yield new_markdown_cell(
        pick(
            "## Your code\n\nWrite your answers in the place of each TODO. You may add cells of your own. What counts is the "
            "code of the whole notebook, so keep it in an order that runs from top to bottom.",
            "## 여러분의 코드\n\n각 TODO 자리에 답을 적어 주세요. 셀을 더 만들어도 돼요. 채점에는 노트북 전체의 코드가 쓰이니까, "
            "위에서 아래로 차례대로 실행되게 두세요.",
        )
    )
    yield new_code_cell("%load_ext grader", metadata=cell_metadata("setup", locked=True))
    for part in parts_of(reference):
        is_solution = BEGIN in part.source
        facts = cell_metadata(f"code-{part.name}", solution=is_solution, locked=not is_solution)
        yield new_code_cell(part.source, metadata=facts)


def _visible_cells(exercise: Exercise, checks: list[CheckResult]) -> Iterator[nbformat.NotebookNode]:
    yield new_markdown_cell(
        pick(
            "## Visible checks\n\nEach cell checks your functions as this notebook has them now: run the cells above first. "
            "They are worth no points; they say what is wrong, and where to look.",
            "## 공개 검사\n\n셀마다 지금 이 노트북에 있는 함수를 검사해요. 위의 셀들을 먼저 실행하세요. 점수는 없고, 무엇이 "
            "틀렸는지 그리고 어디를 볼지 알려 줘요.",
        )
    )
    for check in checks:
        facts = cell_metadata(visible_id_of(check.name), grade=True, locked=True, points=0)
        yield new_code_cell(f"# {check.title}\n%check --fail {exercise.name} {check.name}", metadata=facts)


def _hidden_cells(checks: list[CheckResult]) -> Iterator[nbformat.NotebookNode]:
    about = pick(
        "## Hidden checks\n\nYour instructor runs these, and they alone give the grade. After grading, what they found stands "
        "below each of them, and here what there is to say about the notebook as a whole.",
        "## 비공개 검사\n\n이 검사들은 담당자가 돌리고, 점수는 이 검사에서만 나와요. 채점이 끝나면 결과가 검사마다 "
        "아래에 적히고, 노트북 전체에 대한 이야기는 여기에 적혀요.",
    )
    yield new_markdown_cell(about, metadata=cell_metadata(SUMMARY, task=True, locked=True, points=0))
    for check in checks:
        facts = cell_metadata(grade_id_of(check.name), task=True, locked=True, points=check.max_points)
        points = f"{check.max_points:g}"
        title = pick(f"**{points} points.** {check.title}", f"**{points}점.** {check.title}")
        yield new_markdown_cell(title, metadata=facts)
