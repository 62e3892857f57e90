"""grader/grade.py and grader/record.py: submissions in, grades out."""

import os
import re
import sys

import pytest

from grader.course import load_course
from grader.errors import GraderFault
from grader.grade import grade
from grader.record import Settings, failed_grade
from grader.result import Verdict
from grader.submission import Submission
from grader.sync import make_stub


def submissions(*sources):
    return [Submission(f"student{n}", "toy", source) for n, source in enumerate(sources)]


def test_the_reference_earns_everything_and_the_stub_nothing(grade_source, toy):
    full = grade_source(toy.reference_source)
    assert (full.points, full.max_points, full.needs_review) == (10, 10, False)
    empty = grade_source(make_stub(toy.reference_source, "toy"))
    assert empty.points == 0
    assert {check.verdict for check in empty.checks} == {Verdict.MISSING}


def test_alternatives_earn_everything_and_misconceptions_are_named(toy, toy_course, bwrap_server):
    variants = [*toy.alternatives, *toy.misconceptions]
    grades = grade(toy_course, toy, submissions(*(v.source for v in variants)), Settings(), bwrap_server)
    for variant, graded in zip(variants, grades, strict=True):
        named = {check.misconception for check in graded.checks} - {None}
        if variant in toy.alternatives:
            assert (graded.points, named) == (10, set()), variant.id
        else:
            assert graded.points < 10, variant.id
            assert named == {variant.id}
            assert {check.hint for check in graded.checks if check.misconception} == {variant.en}


def test_one_part_that_is_wrong_costs_that_part_only(grade_source, toy):
    graded = grade_source(toy.reference_source + "\ndef total(values): return 0.0\n")
    assert {check.name for check in graded.checks if check.verdict != "passed"} == {"test_total_values"}
    assert graded.points == 8


def test_a_submission_meets_the_same_inputs_wherever_it_is_graded(toy, toy_course, bwrap_server):
    """The neighbours in its chunk change nothing; its name, the seed and the secret do."""
    source = toy.reference_source + "\ndef total(values): return float(values[0])\n"

    def message(student="ann", **settings):
        graded = grade(toy_course, toy, [Submission(student, "toy", source)], Settings(**settings), None)
        return next(check.message for check in graded[0].checks if check.name == "test_total_values")

    alone = message(sandbox="import")
    assert alone == message(sandbox="import")
    chunk = grade(toy_course, toy, [Submission("x", "toy", "import os; os._exit(0)"), Submission("ann", "toy", source)],
                  Settings(), bwrap_server)  # fmt: skip
    assert next(check.message for check in chunk[1].checks if check.name == "test_total_values") == alone
    others = [
        message("bob", sandbox="import"),
        message(sandbox="import", seed="1"),
        message(sandbox="import", secret=b"x"),
    ]
    assert len({alone, *others}) == 4


HOSTILE = [
    "while True: pass",
    "import os\nos._exit(0)",
    "import ctypes\nctypes.string_at(0)",
    "x = [0] * 10**12",
    "raise SystemExit",
    "def center(x, dim): return {'a' * 1000 + str(n): n for n in range(1000)}",
    "def center(x, dim): print('\\x1b[2J' * 10**6)\ndef total(values): return float('inf')",
    "import threading\ndef spin():\n    while True: pass\nfor _ in range(4): threading.Thread(target=spin, daemon=True).start()",
]


def test_hostile_neighbours_change_no_grade(toy, toy_course, bwrap_server):
    honest = [toy.reference_source, toy.alternatives[0].source, toy.misconceptions[0].source]
    alone = [grade(toy_course, toy, [s], Settings(), bwrap_server)[0] for s in submissions(*honest)]
    crowd = submissions(*honest) + [Submission(f"hostile{n}", "toy", source) for n, source in enumerate(HOSTILE)]
    order = [3, 0, 4, 5, 6, 7, 1, 8, 9, 2, 10]
    grades = dict(zip(order, grade(toy_course, toy, [crowd[i] for i in order], Settings(), bwrap_server), strict=True))
    for number, before in enumerate(alone):
        after = grades[number]
        assert [(c.name, c.verdict, c.points, c.message, c.misconception) for c in after.checks] == [
            (c.name, c.verdict, c.points, c.message, c.misconception) for c in before.checks
        ]
    for number in range(3, len(crowd)):
        assert not grades[number].needs_review
        assert grades[number].points < 10


def test_no_worker_is_left_when_its_submission_is_graded(toy, toy_course, bwrap_server, monkeypatch):
    """One that waits for the end of its chunk would hold memory, and cores before it was frozen."""
    from grader.sandbox import client

    living = []
    spawn, kill = client.Worker.__init__, client.Worker.kill

    def counted_spawn(self, *args):
        spawn(self, *args)
        living.append(self)
        assert len(living) == 1

    def counted_kill(self):
        if self in living:
            living.remove(self)
        kill(self)

    monkeypatch.setattr(client.Worker, "__init__", counted_spawn)
    monkeypatch.setattr(client.Worker, "kill", counted_kill)
    grades = grade(toy_course, toy, submissions(*[toy.reference_source] * 3), Settings(), bwrap_server)
    assert [graded.points for graded in grades] == [10, 10, 10]
    assert living == []


def test_what_was_printed_is_in_the_record(grade_source, toy):
    graded = grade_source(toy.reference_source + "\nprint('hello')\n")
    assert graded.output == "hello\n"


def test_without_a_source_every_check_says_why(grade_source):
    graded = grade_source(None, problem="unreadable", reason="toy.py: it is a folder")
    assert {(check.verdict, check.message) for check in graded.checks} == {("unreadable", "toy.py: it is a folder")}
    assert (graded.points, graded.max_points, graded.needs_review) == (0, 10, False)


def test_the_record_says_how_it_was_graded(toy_course, toy, plain_server):
    settings = Settings(seed="7", sandbox="none")
    (graded,) = grade(toy_course, toy, submissions(toy.reference_source), settings, plain_server)
    record = graded.to_record()
    assert (record["sandbox"], record["seed"], record["device"], record["language"]) == ("none", "7", "untimed", "en")
    assert record["course_version"] == toy_course.version_of(toy)
    assert record["points"] == 10


def test_a_forbidden_function_is_a_verdict_of_its_own(grade_source, toy):
    for body in ("values @ values", "np.dot(values, values)", "getattr(np, 'do' + 't')(values, values)"):
        graded = grade_source(f"{toy.reference_source}\ndef total(values): return {body}\n")
        verdicts = {check.name: check.verdict for check in graded.checks}
        assert verdicts.pop("test_total_values") == "forbidden"
        assert set(verdicts.values()) == {"passed"}


def test_a_sandbox_without_a_server_is_the_graders_fault(toy_course, toy):
    with pytest.raises(GraderFault, match="fork server"):
        grade(toy_course, toy, submissions("x = 1"), Settings(), None)


@pytest.mark.parametrize(
    "text, said",
    [
        ("def test_x(student: pass", "SyntaxError"),
        ("import no_such_module", "no_such_module"),
        ("", "no tests|exit 5"),
        ("def test_x(student):\n    '''A.'''\n", "has no @check"),
        ("def test_x(studnet):\n    '''A.'''\n", "studnet"),
    ],
)
def test_a_broken_file_of_checks_is_the_graders_fault(own_course, text, said):
    toy = own_course.exercise("toy")
    toy.hidden_path.write_text(text)
    with pytest.raises(GraderFault) as fault:
        grade(own_course, toy, submissions("x = 1"), Settings(sandbox="import"), None)
    assert re.search(said, fault.value.detail + str(fault.value))
    assert text not in str(fault.value) or not text  # what may stand in a record quotes no hidden check


def test_the_users_own_pytest_settings_do_not_reach_the_checks(toy_course, toy, monkeypatch):
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    (graded,) = grade(toy_course, toy, submissions(toy.reference_source), Settings(sandbox="import"), None)
    assert graded.points == 10


def test_hidden_checks_leave_no_bytecode_and_no_module_behind(toy_course, toy):
    before = set(sys.modules)
    grade(toy_course, toy, submissions(toy.reference_source), Settings(sandbox="import"), None)
    assert not (toy.hidden_path.parent / "__pycache__").exists()
    assert not [name for name in set(sys.modules) - before if "test_toy" in name]


def test_checks_that_changed_are_the_ones_that_run(own_course):
    """The second session must not find the first one's module."""

    def points():
        course = load_course(own_course.root / "exercises/course.toml")
        toy = course.exercise("toy")
        return grade(course, toy, submissions(toy.reference_source), Settings(sandbox="import"), None)[0].max_points

    before = points()
    hidden = own_course.exercise("toy").hidden_path
    hidden.write_text(hidden.read_text().replace("points=3", "points=5"))
    assert points() == before + 2


def test_what_the_grader_could_not_grade_is_no_zero(toy_course, toy):
    (submission,) = submissions("x = 1")
    graded = failed_grade(toy_course, toy, submission, Settings(), "OSError: no more processes")
    assert graded.needs_review
    assert (graded.points, graded.max_points) == (0, 10)
    assert graded.notes == ["OSError: no more processes"]


def test_the_environment_of_the_grader_stays(toy_course, toy, grade_source):
    before = dict(os.environ)
    grade_source("import os\nos.environ['HOME'] = '/evil'\nos.environ.clear()\n")
    before.pop("PYTEST_CURRENT_TEST")  # the inner session's, and now gone
    assert dict(os.environ) == before


def test_nothing_above_the_hidden_checks_is_run(own_course):
    """pytest takes in the conftest.py of each folder from the confcutdir down."""
    for folder in (own_course.root, own_course.root / "tests"):
        (folder / "conftest.py").write_text("raise SystemExit('not the grader’s')\n")
    toy = own_course.exercise("toy")
    graded = grade(own_course, toy, submissions(toy.reference_source), Settings(sandbox="import"), None)
    assert graded[0].points == 10
