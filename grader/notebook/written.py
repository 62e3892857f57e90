"""A student's own notebook of an exercise: its guide, its stub a cell a definition, and cells that check and draw.

It is made of public files alone, and a student's own file becomes a notebook in the same way.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell

from ..course import Course, Exercise
from ..errors import UserError
from ..files import replace_bytes
from ..i18n import _, language, pick, speaking
from ..intake.student import Missing
from ..intake.tree import Unreadable
from ..pictures import has_drawing
from ..submission import read_source
from .cells import guide_cells, notebook_of, parts_of


def notebooks_of(course: Course, language: str) -> dict[str, bytes]:
    """File name -> bytes of each exercise's notebook in a language; the same bytes each time. Raises UserError."""
    with speaking(language):
        return {f"{exercise.name}.ipynb": _bytes_of(exercise) for exercise in course.exercises}


def write_notebooks(exercises: Sequence[Exercise], folder: Path) -> list[Path]:
    """Write the notebooks of these exercises in the language that is set; returns where they are.

    Raises UserError, and writes none, where one is there already or cannot be made.
    """
    made = {folder / f"{exercise.name}.ipynb": exercise for exercise in exercises}
    for path in made:
        if path.exists():
            raise UserError(
                _("{path} is there already. Move it away or choose another --out; nothing was written.").format(
                    path=path
                )
            )
    texts = {path: _bytes_of(exercise) for path, exercise in made.items()}
    for path, data in texts.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            replace_bytes(path, data)
        except OSError as error:
            raise UserError(
                _("{path} could not be written: {reason}. Choose another folder with --out.").format(
                    path=path, reason=error.strerror
                )
            ) from None
    return list(made)


def student_notebook(exercise: Exercise) -> nbformat.NotebookNode:
    """The notebook of an exercise, in the language that is set. Raises UserError where its file is no Python."""
    return notebook_of(
        exercise,
        [*guide_cells(exercise), *_code_cells(exercise), *_checking_cells(exercise), *_picture_cells(exercise)],
    )


def _bytes_of(exercise: Exercise) -> bytes:
    text: str = nbformat.writes(student_notebook(exercise))
    return f"{text}\n".encode()


def _code_cells(exercise: Exercise) -> Iterator[nbformat.NotebookNode]:
    yield new_markdown_cell(
        pick(
            "## Your code\n\nWrite your answers in the place of each TODO, and run each cell with Shift+Enter, from top to "
            "bottom. You may add cells of your own. What counts is the code of the whole notebook, in its order.",
            "## 여러분의 코드\n\n각 TODO 자리에 답을 적고, 위에서 아래로 셀마다 Shift+Enter로 실행하세요. 셀을 더 만들어도 "
            "돼요. 노트북 전체의 코드가 적힌 순서대로 채점돼요.",
        )
    )
    yield new_code_cell(f"%load_ext grader\n%lang {language()}")
    try:
        source, _odd = read_source(exercise.stub_path, exercise.limits.source_kb * 1024)
        for part in parts_of(source):
            yield new_code_cell(part.source)
    except (Missing, Unreadable) as error:
        raise UserError(_("No notebook can be made: {reason}").format(reason=error)) from None
    except (SyntaxError, ValueError) as error:
        raise UserError(
            _("No notebook can be made of {path}, which is not valid Python: {reason}. Correct it first.").format(
                path=exercise.stub_path, reason=error
            )
        ) from None


def _checking_cells(exercise: Exercise) -> Iterator[nbformat.NotebookNode]:
    name = exercise.name
    yield new_markdown_cell(
        pick(
            "## Check\n\nThis runs the visible checks on your functions as they are now. After a change, run the changed cell "
            f"first, then this one. (With `%%check {name}` as the first line of a code cell, running it also checks.)",
            "## 검사\n\n지금 이 노트북에 있는 함수로 공개 검사를 실행해요. 코드를 고쳤다면 고친 셀을 먼저 실행한 다음 이 셀을 "
            f"실행하세요. (코드 셀의 첫 줄에 `%%check {name}`라고 적으면, 그 셀을 실행할 때 검사도 함께 해요.)",
        )
    )
    yield new_code_cell(f"%check {name}")
    yield new_markdown_cell(
        pick(
            f"Stuck? Run `%hint {name}` in a cell of its own: a question first, then a nudge. When all is green and the "
            f"notebook is saved, `%explain {name}` shows what each line of your code is for.",
            f"막혔다면 새 셀에서 `%hint {name}`를 실행해 보세요. 처음에는 질문으로, 그다음에는 조금씩 더 도와줘요. 모두 "
            f"통과했다면 노트북을 저장한 다음 `%explain {name}`를 실행해 보세요. 코드의 줄마다 무슨 일을 하는지 보여 줘요.",
        )
    )


def _picture_cells(exercise: Exercise) -> Iterator[nbformat.NotebookNode]:
    if not has_drawing(exercise.name):
        return
    yield new_markdown_cell(
        pick(
            "## Picture\n\nWhat your functions really do, and beside it what is expected.",
            "## 그림\n\n내 함수가 실제로 하는 일과 기대하는 결과를 나란히 보여 줘요.",
        )
    )
    yield new_code_cell(f"%show {exercise.name}")
