"""`%check` inside a notebook: the visible checks on the functions that it has now."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

import grader
from grader.course import find_course
from grader.errors import UserError
from grader.notebook.magics import NotPassed, check, load_ipython_extension

# The kernel's own history and its traces are none of a test's.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def shell(toy_course, monkeypatch):
    """A notebook of the toy course, with its reference's functions."""
    monkeypatch.chdir(toy_course.root)
    monkeypatch.setenv("LANG", "C.UTF-8")
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    load_ipython_extension(shell)
    shell.run_cell(find_course().exercise("toy").reference_source, store_history=True)
    return shell


def visible(toy):
    from grader.sync import list_checks

    return [result.name for result in list_checks(toy, toy.visible_path)]


def test_right_functions_pass(shell, toy):
    results = check("toy", shell=shell)
    assert results.passed
    assert [result.name for result in results.report.checks] == visible(toy)
    assert repr(results).count("✓") == len(visible(toy))


def test_one_check_alone_and_what_it_needs(shell, toy, capsys):
    first = visible(toy)[0]
    shell.run_cell(f"%check toy {first}")
    out = capsys.readouterr().out
    assert out.count("✓") == 1


def test_what_was_defined_last_counts(shell):
    shell.run_cell("def center(*arguments):\n    raise NotImplementedError", store_history=True)
    with pytest.raises(NotPassed, match="center still holds its TODO"):
        check("toy", fail=True, shell=shell)
    result = shell.run_cell("%check --fail toy")
    assert not result.success
    assert result.error_in_exec._render_traceback_() == str(result.error_in_exec).splitlines()


def test_names_that_do_not_exist_are_sentences(shell):
    with pytest.raises(UserError, match="There is no exercise 'nothing'"):
        check("nothing", shell=shell)
    with pytest.raises(UserError, match="toy has no visible check test_nothing"):
        check("toy", "test_nothing", shell=shell)
    assert "There is no exercise" in str(shell.run_cell("%check nothing").error_in_exec)


def test_outside_of_a_notebook():
    with pytest.raises(UserError, match="This is no notebook"):
        grader.check("dot")
