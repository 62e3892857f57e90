"""Notebooks for students: made of guide and stub, checked in place, and taken for a file by every command."""

import json
import re
import shutil
import sys
from contextlib import nullcontext
from io import StringIO
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from rich.console import Console

from grader import i18n, show, status, student
from grader.course import find_course, load_course
from grader.errors import UserError
from grader.intake.notebook import notebook_source
from grader.local import check_locally
from grader.notebook.imports import CourseFinder
from grader.notebook.live import source_of
from grader.notebook.magics import load_ipython_extension
from grader.notebook.shown import Results
from grader.notebook.written import notebooks_of, student_notebook, write_notebooks
from grader.release.bundle import bundle
from grader.sandbox import started
from grader.stubs import read_stub, stub_of
from grader.submission import Submission, read_file

# The kernel's own history and its traces are none of a test's.
pytestmark = pytest.mark.filterwarnings("default")


def code(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def notebook_with(*cells):
    """A notebook file's text with these code cells."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    return nbformat.writes(notebook)


def test_it_holds_guide_stub_and_checks():
    exercise = find_course().exercise("attention")
    notebook = student_notebook(exercise)
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# Attention")
    setup, imports, softmax, *_others, check, show = code(notebook)
    assert setup == "%load_ext grader\n%lang en"
    assert imports.startswith('"""Attention') and imports.endswith("from torch import Tensor")
    assert softmax.startswith("def softmax") and "# TODO: your code here" in softmax
    assert (check, show) == ("%check attention", "%show attention")
    assert "nbgrader" not in nbformat.writes(notebook)


def test_pictures_of_the_guide_are_inside():
    for exercise in find_course().exercises:
        for cell in student_notebook(exercise).cells:
            for name in re.findall(r"\]\(attachment:([^)]+)\)", cell.source):
                assert cell.attachments[name]["image/png"].startswith("iVBOR")
            assert "](../" not in cell.source


def test_korean_notebooks_are_korean_and_leave_the_language_as_it_was(toy_course):
    data = notebooks_of(toy_course, "ko")["toy.ipynb"]
    assert "## 여러분의 코드" in data.decode() and "%lang ko" in data.decode()
    assert i18n.language() == "en"


def test_the_same_bytes_each_time(toy_course):
    once, again = notebooks_of(toy_course, "en"), notebooks_of(toy_course, "en")
    assert once == again
    assert list(once) == [f"{exercise.name}.ipynb" for exercise in toy_course.exercises]
    ids = [cell["id"] for cell in json.loads(once["toy.ipynb"])["cells"]]
    assert len(set(ids)) == len(ids)


def test_nothing_of_anybody_is_overwritten(toy_course, tmp_path):
    (tmp_path / "second.ipynb").write_text("mine")
    with pytest.raises(UserError, match=r"second\.ipynb is there already"):
        write_notebooks(toy_course.exercises, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["second.ipynb"]


def test_a_stub_that_is_no_python_is_named(own_course, tmp_path):
    own_course.exercise("toy").stub_path.write_text("def center(:\n")
    with pytest.raises(UserError, match=r"toy\.py, which is not valid Python"):
        write_notebooks(own_course.exercises, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_release_lays_them_out_by_language(toy_course):
    files = bundle(toy_course, ("en", "ko"), with_notebooks=True)
    assert {path for path in files if path.endswith("toy.ipynb")} == {
        "notebooks/en/toy.ipynb",
        "notebooks/ko/toy.ipynb",
    }
    assert "## In notebooks" in files["README.md"].decode()
    assert "## In notebooks" not in bundle(toy_course, ("en",))["README.md"].decode()


# What is read from a notebook that uses the magics.


@pytest.mark.parametrize(
    "cell, kept",
    [
        ("%%check attention\ndef f():\n    return 1", "pass\ndef f():\n    return 1"),
        ("x = 1\n%check attention\n%hint attention", "x = 1\npass\npass"),
        ("import grader\nx = 1", "pass\nx = 1"),
        ('x = 1\ngrader.check("attention")  # now', "x = 1\npass"),
        ('text = """\ngrader.check("attention")\n"""', 'text = """\ngrader.check("attention")\n"""'),
    ],
)
def test_the_courses_own_magics_are_no_part_of_the_source_and_not_worth_a_note(cell, kept):
    source, notes = notebook_source(notebook_with(cell).encode())
    assert source == f"# cell 1\n{kept}\n"
    assert not any("left out" in note for note in notes)


def test_cells_that_only_check_are_left_out():
    source, _notes = notebook_source(notebook_with("%load_ext grader\n%lang ko", "x = 1", "%show toy").encode())
    assert source == "# cell 2\nx = 1\n"


def test_a_checked_cell_counts_for_the_search_for_forbidden_functions():
    transform = InteractiveShell().transform_cell
    history = ["", transform("%%check toy\ndef f():\n    return torch.softmax(1)"), "not python at all", "y = 2"]
    assert "torch.softmax(1)" in source_of(history, transform)
    assert "run_cell_magic" not in source_of(history, transform)


# A notebook in the place of a file.


@pytest.fixture
def only_notebook(own_course, tmp_path, monkeypatch):
    """The current folder with a solved toy.ipynb, above a course whose toy.py is a stub."""
    folder = own_course.root / "mine"
    folder.mkdir()
    (folder / "toy.ipynb").write_text(notebook_with("%load_ext grader", own_course.exercise("toy").reference_source))
    monkeypatch.chdir(folder)
    return folder


def test_a_notebook_is_taken_where_there_is_no_file(only_notebook, own_course):
    exercise = own_course.exercise("toy")
    assert stub_of(exercise) == only_notebook / "toy.ipynb"
    assert check_locally(exercise, read_stub(exercise), None).is_done
    shutil.copy(exercise.stub_path, only_notebook / "toy.py")
    assert stub_of(exercise) == only_notebook / "toy.py"
    (only_notebook / "toy.py").unlink()
    (only_notebook / "toy.ipynb").rename(exercise.stub_path.with_suffix(".ipynb"))
    exercise.stub_path.unlink()
    assert stub_of(exercise).name == "toy.ipynb"


def test_a_notebook_may_be_larger_than_a_source(tmp_path, toy):
    picture = nbformat.v4.new_markdown_cell(
        "![p](attachment:p.png)", attachments={"p.png": {"image/png": "A" * 3_000_000}}
    )
    notebook = nbformat.v4.new_notebook(cells=[picture, nbformat.v4.new_code_cell("x = 1")])
    (tmp_path / "toy.ipynb").write_text(nbformat.writes(notebook))
    assert read_file(tmp_path / "toy.ipynb", toy).source == "# cell 2\nx = 1\n"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', "def f():\n    pass\n"])
def test_what_is_no_notebook_is_a_sentence(tmp_path, toy, text):
    (tmp_path / "toy.ipynb").write_text(text)
    submission = read_file(tmp_path / "toy.ipynb", toy)
    assert submission.problem == "unreadable" and submission.reason.startswith("toy.ipynb: ")


def test_what_the_capstone_uses_may_be_notebooks(tmp_path):
    capstone = find_course().exercise("capstone")
    (tmp_path / "capstone.py").write_text("import gru\n")
    (tmp_path / "gru.ipynb").write_text(notebook_with("%%check gru\nanswer = 42"))
    (tmp_path / "vit.py").write_text("answer = 1")
    (tmp_path / "vit.ipynb").write_text(notebook_with("answer = 2"))
    companions = dict(read_file(tmp_path / "capstone.py", capstone).companions)
    assert companions == {"gru": "# cell 1\npass\nanswer = 42\n", "vit": "answer = 1"}


@pytest.fixture
def said(plain_server, monkeypatch):
    """said(function, *arguments): what a command of student's prints. One warm server serves all."""
    for module in (student, show, started):
        monkeypatch.setattr(module, "local_server", lambda **options: nullcontext(plain_server))

    def call(function, *arguments):
        console = Console(file=StringIO(), width=200)
        function(console, *arguments)
        return console.file.getvalue()

    return call


def test_commands_take_a_notebook(only_notebook, said):
    assert "All visible checks pass." in said(student.check, ["toy"])
    assert "there is nothing to hint at" in said(student.hint, "toy")
    assert re.search(r"\d+ changes tried", said(student.explain, "toy", "center", False, 2.0, None))
    drawn = said(student.draw, "toy", "center", None, "0", None)
    assert "center" in drawn and "line 13, center" in drawn
    (row,) = (line for line in said(status.status).splitlines() if line.split()[:1] == ["toy"])
    assert row.split()[-1] == "done"


def test_show_takes_a_notebook(said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dot.ipynb").write_text(notebook_with(find_course().exercise("dot").reference_source))
    assert "✗" not in said(show.show, "dot", "", None, False)
    assert (tmp_path / "show-dot.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_writes_them_and_says_what_comes_first(said, own_course, monkeypatch):
    monkeypatch.chdir(own_course.root)
    out = said(student.notebook, ["toy"], Path("exercises")).splitlines()
    assert out[0] == "✓ exercises/toy.ipynb"
    assert out[1] == "exercises/toy.py lies beside it, and commands take that one."


# Inside a notebook.


@pytest.fixture
def shell(own_course, monkeypatch):
    """A notebook of a toy course, with its stub's functions. shown: what it displays."""
    monkeypatch.chdir(own_course.root)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("FORCE_COLOR", "1")  # as ipykernel sets it
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    shell.shown = []
    monkeypatch.setattr("IPython.display.display", shell.shown.append)
    load_ipython_extension(shell)
    shell.run_cell(own_course.exercise("toy").stub_path.read_text(), store_history=True)
    return shell


def test_a_red_table_does_not_stop_the_notebook(shell):
    assert shell.run_cell("%check toy").success
    (results,) = shell.shown
    assert not results.passed
    assert "<table" in results._repr_html_() and "still holds its TODO" in results._repr_html_()
    assert "○" in repr(results) and "<" not in repr(results) and "\x1b" not in repr(results)


def test_with_fail_it_does_for_nbgrader(shell):
    result = shell.run_cell("%check --fail toy")
    assert "still holds its TODO" in str(result.error_in_exec)
    assert not shell.shown


def test_a_checked_cell_is_run_first(shell, own_course):
    assert shell.run_cell("%%check toy\n" + own_course.exercise("toy").reference_source, store_history=True).success
    assert shell.shown[-1].passed


def test_a_checked_cell_that_raises_is_not_checked(shell, capsys):
    shell.run_cell("%%check toy\n1 / 0")
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert not shell.shown


def test_hints_go_on_from_step_to_step(shell):
    shell.run_cell("%hint toy")
    shell.run_cell("%hint toy")
    first, second = map(repr, shell.shown)
    assert first != second and second.splitlines()[0] == first.splitlines()[0]
    assert "<div" in shell.shown[0]._repr_html_()


def test_explain_reads_the_saved_notebook(shell, own_course, said, monkeypatch, capsys):
    monkeypatch.chdir(own_course.exercise("toy").visible_path.parent)  # there is no toy.py in it
    Path("toy.ipynb").write_text(notebook_with(own_course.exercise("toy").reference_source))
    monkeypatch.setattr(student, "SECONDS", 2.0)
    assert shell.run_cell("%explain toy center").success
    out = capsys.readouterr().out
    assert "changes tried" in out and "\x1b" not in out and "starting" not in out


def test_the_notebooks_language_is_spoken(shell):
    shell.run_cell("%lang ko")
    shell.run_cell("%check toy")
    assert 'lang="ko"' in shell.shown[-1]._repr_html_()
    assert "%lang에는 다음 가운데 하나를 쓰세요: en, ko." in str(shell.run_cell("%lang fr").error_in_exec)


@pytest.mark.parametrize("line", ["%check", "%check toy one two", "%hint nothing", "%show toy", "%hint toy 2"])
def test_what_cannot_be_done_is_a_sentence(shell, line):
    error = shell.run_cell(line).error_in_exec
    assert len(error._render_traceback_()) == 1
    assert str(error).endswith(".")


def test_what_a_student_wrote_is_escaped(toy_course, toy):
    source = "def center(*a):\n    raise ValueError('<script>alert(1)</script> & \\x1b[31m')\n"
    html = Results(check_locally(toy, Submission("", "toy", source), None))._repr_html_()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; ·[31m" in html
    assert "<script" not in html


def test_a_notebook_imports_given_files_and_other_notebooks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    course = load_course(find_course().root / "exercises" / "course.toml")
    (tmp_path / "gru.ipynb").write_text(notebook_with("%%check gru\nanswer = 42"))
    (tmp_path / "vit.ipynb").write_text("{")
    finder = CourseFinder(course)
    assert finder.find_spec("parts", None).origin.endswith("exercises/parts.py")
    assert finder.find_spec("attention", None) is None and finder.find_spec("numpy", None) is None
    namespace = {}
    exec(finder.find_spec("gru", None).loader.get_code("gru"), namespace)
    assert namespace["answer"] == 42
    with pytest.raises(ImportError, match=r"vit\.ipynb: the notebook is damaged"):
        finder.find_spec("vit", None).loader.get_code("vit")
