"""grader/intake/notebook.py: code cells become one source; what is no Python is left out and named."""

import json

import pytest

from grader.intake.notebook import notebook_source
from grader.intake.student import source_of
from grader.intake.tree import Unreadable


def cell(source, kind="code", **more):
    return {"cell_type": kind, "source": source, **more}


def notebook(*cells, **more):
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}).encode()


def code_of(*sources):
    """The code of a notebook of such cells, without the lines that number the cells; and what was left out."""
    source, notes = notebook_source(notebook(*map(cell, sources)))
    lines = [line for line in source.split("\n") if not line.startswith("# cell ")]
    return "\n".join(lines).strip("\n"), " ".join(notes[1:])


def test_code_cells_are_joined_in_order_and_their_lines_are_told():
    source, notes = notebook_source(
        notebook(cell("# Title", "markdown"), cell("x = 1\ny = 2"), cell("raw", "raw"), cell(["z = (\n", "  3)\n"]))
    )
    assert source == "# cell 2\nx = 1\ny = 2\n# cell 4\nz = (\n  3)\n\n"
    assert notes == (
        "read from a notebook; line numbers are those of its code cells, one after another: cell 2 from line 1, cell 4 from line 4",
    )
    assert source.split("\n")[3] == "# cell 4"


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "%%time_it",
        "!pip install torch",
        "!ls 'it is",
        "?print",
        "print?",
        "x.y??",
        "files = !ls",
        "t = %timeit -o f()",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "await f()",
        "y = await f()",
    ],
)
def test_what_only_notebooks_understand_is_left_out_and_named(line):
    code, note = code_of(f"a = 1\n{line}\nb = 2")
    assert code == "a = 1\npass\nb = 2"
    assert line in note
    assert "(cell 1)" in note


def test_in_a_block_it_leaves_a_block():
    code, _ = code_of("if x:\n    %matplotlib inline\nelse:\n\t!ls")
    assert code == "if x:\n    pass\nelse:\n\tpass"
    compile(code, "x", "exec")


@pytest.mark.parametrize(
    "source",
    [
        "x = (7\n  % y)",
        "x = 7 \\\n  % y",
        "'''\n%matplotlib\n!ls\nhelp?\n'''",
        'x = """\n%%time\n"""',
        "f('a?')",
        "x = 1  # why?",
        "# what?",
        "x != y",
        "x['a'] = '!'",
        "async def f():\n    await g()",
        "async def f(): await g()",
        "awaited = 1",
        "x = 5 % 3",
        "print('%s' % x)",
    ],
)
def test_what_is_python_stays(source):
    assert code_of(source) == (source, "")


def test_a_shell_line_goes_on_after_a_backslash():
    assert code_of("!pip install \\\n  'torch\nx = 1")[0] == "pass\n\nx = 1"


def test_an_await_of_several_lines_is_left_out_whole():
    assert code_of("x = await f(\n  1,\n  2)\ny = 1")[0] == "pass\n\n\ny = 1"


@pytest.mark.parametrize(
    "first, kept",
    [
        ("%%time", True),
        ("%%capture out", True),
        ("%%bash", False),
        ("%%writefile dot.py", False),
        ("%%timeit", False),
        ("\n%%html", False),
    ],
)
def test_a_cell_of_another_language_is_left_out_whole(first, kept):
    source, notes = notebook_source(notebook(cell("a = 1"), cell(f"{first}\nx = 1")))
    assert ("x = 1" in source) is kept
    assert f"{first.strip()} (cell 2)" in " ".join(notes)


def test_a_cell_that_does_not_parse_is_kept_and_can_be_found():
    """The trusted side does not parse. Python's own sentence gives the line, the note the cell that it is in."""
    source, notes = notebook_source(notebook(cell("def f():\n    return 1"), cell("x = = 1")))
    with pytest.raises(SyntaxError) as error:
        compile(source, "dot.py", "exec")
    assert error.value.lineno == 5
    assert "cell 2 from line 4" in notes[0]


def test_nbformat_3_is_read():
    cells = [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}, {"cell_type": "heading", "source": "T"}]
    data = json.dumps(
        {"worksheets": [{"cells": cells}, {"cells": [{"cell_type": "code", "input": "z = 3"}]}], "nbformat": 3}
    )
    assert "x = 1\ny = 2\n# cell 3\nz = 3" in notebook_source(data.encode())[0]


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"cells": [cell("x = 1")]}).encode(),
        notebook(cell("x = 1"), metadata=None),
        notebook(cell("x = 1"), metadata={"kernelspec": {"language": "python"}, "language_info": {"name": "ipython"}}),
        notebook(cell("x = 1"), metadata={"kernelspec": "?", "language_info": []}),
        b"\xef\xbb\xbf" + notebook(cell("x = 1")),
        notebook(cell("x = 1")).decode().encode("utf-16"),
        notebook(cell("x = 1", outputs=[{"text": "\ud800"}]), None, 3, {"cell_type": 7}, {}),
        json.dumps({"cells": [cell("x = 1")]}, indent=1).replace("\n", "\r\n").encode(),
    ],
    ids=range(8),
)
def test_whatever_stands_around_the_cells_is_read(data):
    assert "x = 1" in notebook_source(data)[0]


def test_hangul_in_a_notebook_in_cp949_is_read():
    text = json.dumps({"cells": [cell("x = '한글이에요'")]}, ensure_ascii=False)
    source, notes = notebook_source(text.encode("cp949"))
    assert "'한글이에요'" in source
    assert "CP949" in notes[0]


DEEP = 5000


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "not valid JSON"),
        (b'{"cells": [', "not valid JSON (line 1)"),
        (notebook(cell("x = 1"))[:-5], "not valid JSON"),
        (b'{"cells":\n\n <<<<<<< HEAD', "not valid JSON (line 3)"),
        (b"[" * DEEP + b"]" * DEEP, "nested far too deeply"),
        (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "nested far too deeply"),
        (b'{"cells": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b"[]", "holds no cells"),
        (b"{}", "holds no cells"),
        (b'{"cells": {}}', "holds no cells"),
        (b'{"worksheets": 1}', "holds no cells"),
        (b"null", "holds no cells"),
        (notebook(), "holds no code"),
        (notebook(cell("text", "markdown"), cell(""), cell("  \n")), "holds no code"),
        (notebook(cell("", outputs=[{"text": "1"}])), "holds no code"),
        (notebook(cell("%%bash\nls")), "holds no code"),
        (notebook(cell(7)), "cell 1 has no text"),
        (notebook(cell(["x", 7])), "cell 1 has no text"),
        (notebook({"cell_type": "code"}), "cell 1 has no text"),
        (notebook(cell("a\0b")), "cell 1 holds what is no text"),
        (notebook(cell("a\ud800b")), "cell 1 holds what is no text"),
        (notebook(cell("x"), metadata={"kernelspec": {"language": "R"}}), "another language (R)"),
        (notebook(cell("x"), metadata={"language_info": {"name": "julia"}}), "another language (julia)"),
        (notebook(*[cell("x")] * 1001), "more than 1000 cells"),
    ],
)
def test_what_is_no_notebook_is_refused_with_a_sentence(data, reason):
    with pytest.raises(Unreadable) as refused:
        notebook_source(data)
    assert reason in str(refused.value)


def test_a_notebook_under_a_sources_name_is_read_as_one():
    source, notes = source_of(notebook(cell("x = 1")), "dot.py", 10_000)
    assert source == "# cell 1\nx = 1\n"
    assert "read from a notebook" in notes[0]


def test_the_limit_of_a_source_holds_for_a_notebooks_code():
    with pytest.raises(Unreadable, match="larger than 1 kB"):
        source_of(notebook(cell("#" * 2000)), "dot.py", 1024, notebook=True)
    assert source_of(notebook(cell("x = 1", outputs=["#" * 2000])), "dot.py", 1024, notebook=True)[0]


@pytest.mark.parametrize("line", [" " * 300_000 + "=", "a" * 300_000, "a." * 150_000 + "!", "\t" * 300_000 + "%"])
def test_no_cell_takes_long_to_look_through(line):
    """Linear: otherwise these would take hours, and the test its limit."""
    notebook_source(notebook(cell(f"x = 1\n{line}\n{line}")))


# Notebooks that came with an nbgrader assignment (grader/nbgrader/notebooks.py)


def assignment_cell(source, cell_type="code", **facts):
    return {"cell_type": cell_type, "source": source, "metadata": {"nbgrader": {"cell_type": "code", **facts}}}


def read(*cells, **options):
    return notebook_source(json.dumps({"cells": list(cells)}).encode(), **options)


def test_the_courses_own_checks_are_no_part_of_the_source_and_not_worth_a_note():
    checks = assignment_cell("# softmax sums to 1.\n%check attention test_softmax_values", grade=True, locked=True)
    source, notes = read(
        assignment_cell("%load_ext grader", locked=True), assignment_cell("x = 1", solution=True), checks
    )
    assert source == "# cell 2\nx = 1\n"
    assert len(notes) == 1 and "cell 2 from line 1" in notes[0]


def test_an_answer_whose_type_was_changed_is_still_code():
    text = {"cell_type": "markdown", "source": "not code", "metadata": {}}
    source, _notes = read(assignment_cell("x = 1", "markdown", solution=True), text)
    assert source == "# cell 1\nx = 1\n"


def test_the_cells_of_the_assignment_alone():
    own = {"cell_type": "code", "source": "import nonsense", "metadata": {"nbgrader": "odd"}}
    cells = [assignment_cell("import torch", locked=True), own, assignment_cell("x = 1", solution=True)]
    assert "nonsense" in read(*cells)[0]
    assert read(*cells, assignment_only=True)[0] == "# cell 1\nimport torch\n# cell 3\nx = 1\n"
    with pytest.raises(Unreadable, match="holds no code"):
        read(own, assignment_only=True)
