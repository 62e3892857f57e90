"""Source notebooks for nbgrader: what stands in them, under which ids, and what must not stand in them."""

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.nbgraderformat import MetadataValidator

from grader import i18n
from grader.course import find_course
from grader.leaks import needles_of
from grader.nbgrader.notebooks import SUMMARY, grade_id_of, source_notebook, visible_id_of


def facts(cell):
    return cell.metadata.get("nbgrader", {})


@pytest.fixture(scope="module")
def notebook():
    return source_notebook(find_course().exercise("attention"))


def by_id(notebook):
    return {facts(cell)["grade_id"]: cell for cell in notebook.cells if facts(cell)}


def test_it_is_a_notebook_for_nbformat_and_for_nbgrader(notebook):
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)


def test_each_hidden_check_has_a_task_cell_with_its_points(notebook, toy):
    tasks = [cell for cell in notebook.cells if facts(cell).get("task")]
    assert facts(tasks[0])["grade_id"] == SUMMARY and facts(tasks[0])["points"] == 0
    assert sum(facts(cell)["points"] for cell in tasks) == 20
    assert "softmax gives probabilities" in by_id(notebook)["test_softmax_values"].source
    assert all(facts(cell)["locked"] and cell.cell_type == "markdown" for cell in tasks)


def test_visible_checks_are_worth_nothing_and_solutions_are_cut_from_the_reference(notebook):
    cells = by_id(notebook)
    visible = cells[visible_id_of("test_softmax_values")]
    assert facts(visible)["points"] == 0 and facts(visible)["grade"]
    assert visible.source.endswith("%check --fail attention test_softmax_values")
    assert facts(cells["code-softmax"])["solution"]
    assert "# BEGIN SOLUTION" in cells["code-softmax"].source and "def scaled" not in cells["code-softmax"].source
    assert facts(cells["code-imports"])["locked"] and "import torch" in cells["code-imports"].source


def test_nothing_of_the_hidden_checks_stands_in_it(notebook):
    text = "\n".join(cell.source for cell in notebook.cells)
    hidden = [needle for needle, origin in needles_of(find_course()).items() if origin.startswith("tests/hidden/")]
    assert hidden and not [needle for needle in hidden if needle in text]


def test_the_picture_travels_in_the_notebook(notebook):
    cells = [cell for cell in notebook.cells if "attachments" in cell]
    assert [list(cell.attachments) for cell in cells] == [["attention.png"]]
    assert "](attachment:attention.png)" in cells[0].source


def test_korean(toy):
    i18n.set_language("ko")
    text = "\n".join(cell.source for cell in source_notebook(toy).cells)
    assert "## 비공개 검사" in text and "점.**" in text


def test_it_is_the_same_each_time(toy):
    assert source_notebook(toy) == source_notebook(toy)


@pytest.mark.parametrize("name", [exercise.name for exercise in find_course().exercises])
def test_the_code_of_every_exercise_is_whole(name):
    from grader.nbgrader.notebooks import _code_cells

    reference = find_course().exercise(name).reference_source
    cells = [cell for cell in _code_cells(reference) if facts(cell).get("grade_id", "").startswith("code-")]
    together = "\n".join(cell.source for cell in cells)
    assert [line for line in together.splitlines() if line] == [line for line in reference.splitlines() if line]
    for cell in cells:
        assert cell.source.count("# BEGIN SOLUTION") == cell.source.count("# END SOLUTION")


NAMES = st.text(st.sampled_from("ab_-[]5d0x가 ."), max_size=130)


@given(NAMES, NAMES)
def test_grade_ids_are_allowed_and_different(one, other):
    for name in (one, other):
        assert set(grade_id_of(name)) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        assert len(grade_id_of(name)) <= 100
    assert (one == other) == (grade_id_of(one) == grade_id_of(other))


def test_a_plain_name_stays_itself():
    assert grade_id_of("test_softmax_values") == "test_softmax_values"
    assert grade_id_of("test_x[a-b]") == "test_x-5b-a-2d-b-5d-"
