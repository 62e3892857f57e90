"""Students' notebooks, whatever state they are in, as nbgrader needs them."""

import json

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbgrader.nbgraderformat import MetadataValidator

from grader.nbgrader.notebooks import cell_metadata
from grader.nbgrader.students import Expected, mended, remarks_on

EXPECTED = [
    Expected("code-imports", "code", "import torch", True, cell_metadata("code-imports", locked=True)),
    Expected("code-f", "code", "def f(x):\n    # TODO: your code here", False, cell_metadata("code-f", solution=True)),
    Expected("code-g", "code", "class g:\n    # TODO: your code here", False, cell_metadata("code-g", solution=True)),
    Expected("test_a", "markdown", "**2 points.**", True, cell_metadata("test_a", task=True, locked=True, points=2.0)),
]


def handed_in(*cells):
    return mended(list(cells), EXPECTED)


def cell(source, grade_id=None, cell_type="code", **more):
    metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    return {"cell_type": cell_type, "source": source, "metadata": metadata, "outputs": [{"nonsense": 1}]} | more


WHOLE = [
    cell("import torch", "code-imports"),
    cell("def f(x): return 1", "code-f"),
    cell("class g: pass", "code-g"),
    cell("**2 points.**", "test_a", "markdown"),
]


def ids(notebook):
    return [cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells]


def source_of(notebook, grade_id):
    (found,) = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id]
    return found.source


def check_sound(notebook):
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    assert sorted(filter(None, ids(notebook))) == sorted(cell.name for cell in EXPECTED)


def test_a_whole_notebook_stays_as_it_is_and_nothing_is_said():
    notebook = handed_in(*WHOLE, cell("print(f(1))"))
    check_sound(notebook)
    assert [cell.source for cell in notebook.cells] == [cell["source"] for cell in WHOLE] + ["print(f(1))"]
    assert remarks_on(notebook) == []


def test_of_duplicated_cells_the_last_counts():
    notebook = handed_in(*WHOLE, cell("def f(x): return 2", "code-f"))
    check_sound(notebook)
    assert source_of(notebook, "code-f") == "def f(x): return 2"
    assert [cell.source for cell in notebook.cells][1] == "def f(x): return 1", "the other stays as the student's own"
    assert "code-f" in remarks_on(notebook)[0]


def test_without_any_metadata_answers_are_known_by_what_they_define():
    bare = [dict(part, metadata={}) for part in WHOLE]
    notebook = handed_in(*bare)
    check_sound(notebook)
    assert source_of(notebook, "code-f") == "def f(x): return 1" and source_of(notebook, "code-g") == "class g: pass"
    assert "test_a" in remarks_on(notebook)[0]


def test_deleted_cells_are_put_back_and_named():
    notebook = handed_in(WHOLE[0])
    check_sound(notebook)
    assert source_of(notebook, "test_a") == "**2 points.**"
    assert source_of(notebook, "code-f") == "# This cell was missing."
    assert all(name in remarks_on(notebook)[0] for name in ("code-f", "code-g", "test_a"))


def test_locked_cells_are_as_they_were_and_a_cells_type_comes_back():
    notebook = handed_in(cell("import os", "code-imports"), cell("def f(x): return 1", "code-f", "markdown"))
    check_sound(notebook)
    assert source_of(notebook, "code-imports") == "import torch"
    assert source_of(notebook, "code-f") == "def f(x): return 1" and notebook.cells[1].cell_type == "code"


def test_a_claim_to_other_points_or_another_kind_is_nothing():
    facts = {"grade_id": "test_a", "points": 1000, "grade": True, "solution": True, "schema_version": 99}
    notebook = handed_in(dict(WHOLE[3], metadata={"nbgrader": facts}))
    check_sound(notebook)
    assert [c.metadata.nbgrader.points for c in notebook.cells if "points" in c.metadata.get("nbgrader", {})] == [2.0]


def test_an_unreadable_notebook_is_the_assignment_itself():
    notebook = handed_in()
    check_sound(notebook)
    assert remarks_on(notebook) == []


def test_pictures_of_the_guide_stay_and_other_attachments_do_not():
    pictures = {"a.png": {"image/png": "aGk="}, "b.svg": {"image/svg+xml": "<script/>"}, "c": 3}
    notebook = handed_in(cell("![](attachment:a.png)", cell_type="markdown", attachments=pictures))
    check_sound(notebook)
    assert notebook.cells[0].attachments == {"a.png": {"image/png": "aGk="}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["code-f", "code", "test_a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["cell_type", "source", "metadata", "nbgrader", "grade_id", "attachments"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=5))
def test_whatever_json_holds_a_sound_notebook_comes_out(raw):
    notebook = mended(raw, EXPECTED)
    check_sound(notebook)
    json.dumps(notebook, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("source", ["\ud800", "a\0b", ["a", 3, None], {"a": 1}, None, 7])
def test_text_that_is_none(source):
    check_sound(handed_in(cell(source, "code-f")))
