"""grader/local.py: a student's own check, against recorded answers and without any solution."""

import shutil

import pytest

from grader import i18n
from grader.course import load_course
from grader.errors import GraderFault
from grader.local import check_locally
from grader.submission import Submission


@pytest.fixture
def students_toy(toy_course, tmp_path):
    """The exercise in a tree that holds no solution and no hidden check."""
    shutil.copytree(toy_course.root / "exercises", tmp_path / "exercises")
    return load_course(tmp_path / "exercises" / "course.toml").exercise("toy")


def verdicts(report):
    return {check.name: str(check.verdict) for check in report.checks}


def test_what_is_right_passes_without_the_reference(students_toy, toy, plain_server):
    report = check_locally(students_toy, Submission("me", "toy", toy.reference_source), plain_server)
    assert set(verdicts(report).values()) == {"passed"}
    assert (report.hidden_checks, report.hidden_points) == (6, 10)


def test_each_misconception_is_named_by_its_recorded_answers(students_toy, toy):
    for variant in toy.misconceptions:
        report = check_locally(students_toy, Submission("me", "toy", variant.source), None)
        named = {check.misconception for check in report.checks if check.verdict != "passed"} - {None}
        assert named == {variant.id}
        assert {check.hint for check in report.checks if check.misconception} == {variant.en}


def test_a_hint_speaks_the_students_language(students_toy, toy):
    i18n.set_language("ko")
    report = check_locally(students_toy, Submission("me", "toy", toy.misconceptions[0].source), None)
    assert toy.misconceptions[0].ko in {check.hint for check in report.checks}


def test_a_mistake_of_ones_own_has_no_hint(students_toy, toy, plain_server):
    source = toy.reference_source + "\ndef total(values): return 17.0\n"
    report = check_locally(students_toy, Submission("me", "toy", source), plain_server)
    (failed,) = [check for check in report.checks if check.verdict != "passed"]
    assert (failed.misconception, failed.hint) == (None, "")
    assert "expected" in failed.message


def test_what_was_printed_is_shown(students_toy, toy, plain_server):
    report = check_locally(
        students_toy, Submission("me", "toy", "print('hello')\n" + toy.reference_source), plain_server
    )
    assert report.output == "hello\n"


def test_results_are_told_one_by_one(students_toy, toy):
    told = []
    report = check_locally(students_toy, Submission("me", "toy", toy.reference_source), None, told.append)
    assert told == report.checks


def test_checks_that_do_not_fit_their_recording_are_no_mistake_of_the_students(students_toy, toy):
    checks = students_toy.visible_path
    checks.write_text(checks.read_text().replace("reference.total(values)", "reference.total(reference.total(values))"))
    report = check_locally(students_toy, Submission("me", "toy", toy.reference_source), None)
    assert verdicts(report)["test_total"] == "grader_error"


def test_without_a_recording_nothing_is_checked(students_toy, toy):
    students_toy.recording_path.unlink()
    with pytest.raises(GraderFault, match="missing or broken"):
        check_locally(students_toy, Submission("me", "toy", toy.reference_source), None)
