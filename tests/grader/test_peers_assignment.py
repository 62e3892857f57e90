"""benchmarks/peers_assignment.py: one table of tests; dot2vit's form and the peers' give the same points."""

import importlib.util
import sys
from pathlib import Path

import pytest

from grader.course import load_course
from grader.grade import grade
from grader.record import Settings
from grader.submission import Submission

PROJECT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def assignment():
    spec = importlib.util.spec_from_file_location("peers_assignment", PROJECT / "benchmarks" / "peers_assignment.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def passed_by_cells(assignment, number):
    """The tests that pass when the instructor's cells run after a student's, as in nbgrader's notebook."""
    names = {}
    for cell in assignment.notebook(number).cells:
        exec(cell.source, names)
    exec(assignment.PEER_HELPERS, names)
    passed = set()
    for test in assignment.TESTS:
        try:
            exec(test.body, names)
        except Exception:
            continue
        passed.add(test.name)
    return passed


def test_the_same_tests_pass_in_both_forms(assignment, tmp_path):
    assignment.write_course(tmp_path)
    course = load_course(tmp_path / "exercises" / "course.toml")
    numbers = [0, 8, 9]  # right, wrong, raising
    sources = ["\n\n".join([assignment.IMPORTS, *assignment.answers(number).values()]) for number in numbers]
    handed_in = [Submission(str(n), assignment.NAME, source) for n, source in zip(numbers, sources, strict=True)]
    grades = grade(course, course.exercises[0], handed_in, Settings(sandbox="import"), None)
    for number, graded in zip(numbers, grades, strict=True):
        ours = {check.name.removeprefix("test_") for check in graded.checks if check.verdict == "passed"}
        assert ours == passed_by_cells(assignment, number)
    assert [graded.points for graded in grades] == [9, 4, 6]


def test_hidden_tests_stand_between_the_marks_and_in_no_students_notebook(assignment):
    source = assignment.nbgrader_source()
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in source.cells}
    for test in assignment.TESTS:
        cell = cells[f"test_{test.name}"]
        assert cell.source == f"### BEGIN HIDDEN TESTS\n{test.body}\n### END HIDDEN TESTS"
        assert cell.metadata.nbgrader.points == 1
    handed_in = assignment.notebook(0)
    assert all(test.body not in cell.source for test in assignment.TESTS for cell in handed_in.cells)
    assert [cell.metadata.nbgrader.grade_id for cell in handed_in.cells] == list(cells)
