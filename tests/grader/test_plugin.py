"""grader/plugin.py: the pytest plugin, by running pytest on small fixtures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.course import load_course
from grader.grade import run_checks
from grader.run import Candidate, Run, fresh_reference
from grader.subject import load_reference

PROJECT = Path(__file__).parent.parent.parent
REFERENCE = "def f(x): return x * 2\n"


def run_on(tmp_path, text, *sources):
    """The Run of a file of checks over some submissions, in this process."""
    path = tmp_path / "test_small.py"
    path.write_text(text)
    candidates = [Candidate(load_reference(source, "small"), lambda check: 5) for source in sources]
    run = Run("small.py", candidates, fresh_reference(load_reference(REFERENCE, "small")))
    run_checks(run, path, 60)
    return run


CHECKS = '''
import pytest
from grader.checks import assert_close, check

@check(points=2, ko="f는 맞아요.")
def test_values(student, reference, draw):
    """f is
    right."""
    x = draw.tensor(3)
    assert_close(student.f(x), reference.f(x))

@check(points=1.5, needs="test_values", ko="n개")
@pytest.mark.parametrize("n", [1, 2])
def test_cases(student, n):
    """f is right for n."""
    assert_close(student.f(n), 2 * n)
'''


def test_every_check_of_every_submission_has_a_result(tmp_path):
    run = run_on(tmp_path, CHECKS, REFERENCE, "def f(x): return x")
    right, wrong = ([(r.name, str(r.verdict), r.points, r.max_points) for r in c.results] for c in run.candidates)
    assert right == [
        ("test_values", "passed", 2, 2),
        ("test_cases[1]", "passed", 1.5, 1.5),
        ("test_cases[2]", "passed", 1.5, 1.5),
    ]
    assert wrong == [
        ("test_values", "failed", 0, 2),
        ("test_cases[1]", "failed", 0, 1.5),
        ("test_cases[2]", "failed", 0, 1.5),
    ]
    assert run.candidates[0].results[0].title == "f is right."


def test_a_submission_is_done_before_the_next_begins(tmp_path):
    closed = []

    class Closing:
        def __init__(self, number, backend):
            self.number, self.backend = number, backend

        def perform(self, *request):
            assert closed == list(range(self.number))
            return self.backend.perform(*request)

        def close(self):
            closed.append(self.number)

    path = tmp_path / "test_small.py"
    path.write_text(CHECKS)
    candidates = [Candidate(Closing(n, load_reference(REFERENCE, "small")), lambda check: 5) for n in range(3)]
    run_checks(Run("small.py", candidates, fresh_reference(load_reference(REFERENCE, "small"))), path, 60)
    assert closed == [0, 1, 2]
    assert all(len(candidate.results) == 3 for candidate in candidates)


def test_a_check_may_leave_fixtures_out_and_use_its_own(tmp_path):
    text = CHECKS + (
        '\n@pytest.fixture\ndef seven():\n    return 7\n\n@check(points=1, ko="문장")\ndef test_own(student, seven):\n'
        '    """f doubles."""\n    assert student.f(seven) == 14\n\ndef test_of_the_author():\n    assert True\n'
    )
    run = run_on(tmp_path, text, REFERENCE)
    assert [result.name for result in run.candidates[0].results][-1] == "test_own"


MARKED = '''
import pytest
from grader.checks import check, require

@check(points=1, ko="f", cpu_s=7.5, diagnosed=False)
@pytest.mark.parametrize("n", [1, 2])
def test_f(student, n):
    """f."""
    require(student.f(n) == 2 * n and n == 2, en="no", ko="no")

@check(points=1, ko="g")
def test_g(student, earlier):
    """g."""
    require(earlier == {"test_f": "failed"}, en=repr(earlier), ko="no")
'''


def test_a_check_sees_what_came_before_and_its_mark_reaches_the_run(tmp_path, monkeypatch):
    """`earlier` holds one verdict a check: it has passed when all of its cases have."""
    marks = []
    checked = Run.check
    monkeypatch.setattr(Run, "check", lambda self, mark, *rest: (marks.append(mark), checked(self, mark, *rest)))
    run = run_on(tmp_path, MARKED, REFERENCE)
    assert [str(result.verdict) for result in run.candidates[0].results] == ["failed", "passed", "passed"]
    assert [(mark.name, mark.cpu_s, mark.diagnosed) for mark in marks] == [
        ("test_f[1]", 7.5, False),
        ("test_f[2]", 7.5, False),
        ("test_g", None, True),
    ]


EARLIER = '''
from grader.checks import check

@check(points=1, ko="f")
def test_own(student, earlier):
    """f."""
    assert earlier == {}
'''


def test_whoever_runs_pytest_themselves_has_nothing_earlier(students_copy):
    (students_copy / "exercises" / "checks" / "test_toy.py").write_text(EARLIER)
    done = pytest_on(students_copy, "exercises/checks/test_toy.py")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def students_copy(toy_course, tmp_path):
    """What a student has: no solutions, no hidden checks."""
    import shutil

    shutil.copytree(toy_course.root / "exercises", tmp_path / "exercises")
    return tmp_path


def pytest_on(folder, *arguments):
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DOT2VIT"))}
    env |= {"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_a_student_may_run_pytest_themselves(students_copy):
    """With a full traceback of their own code, against the recording."""
    stub = students_copy / "exercises" / "toy.py"
    stub.write_text(stub.read_text().replace("raise NotImplementedError", "return x - 'text'", 1))
    done = pytest_on(students_copy, "exercises/checks/test_toy.py")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "return x - 'text'" in done.stdout
    assert "4 failed" in done.stdout


def test_a_student_may_run_pytest_in_several_processes(students_copy, toy):
    (students_copy / "exercises" / "toy.py").write_text(toy.reference_source)
    done = pytest_on(students_copy, "-n", "2", "exercises/checks/test_toy.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bringing up nodes" in done.stdout
    assert "4 passed" in done.stdout


def test_another_file_may_be_checked_and_warnings_are_no_mistakes(students_copy, toy):
    mine = students_copy / "mine.py"
    mine.write_text(
        "import warnings\n"
        + toy.reference_source.replace("return x - x.mean", "warnings.warn('w')\n    return x - x.mean")
    )
    done = pytest_on(students_copy, "exercises/checks/test_toy.py", "--submission", str(mine), "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_the_plugin_leaves_other_peoples_tests_alone(tmp_path):
    (tmp_path / "test_theirs.py").write_text(
        "import pytest\n\n@pytest.fixture\ndef student():\n    return 1\n\ndef test_it(student):\n    assert student == 1\n"
    )
    done = pytest_on(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hidden_checks_run_under_pytest_too(own_course):
    """An author's debugger way, with the reference's code."""
    toy = load_course(own_course.root / "exercises/course.toml").exercise("toy")
    done = pytest_on(own_course.root, "tests/hidden/test_toy.py", "--submission", str(toy.reference_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
