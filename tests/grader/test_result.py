"""grader/result.py: verdicts, points, and the public record."""

import json

import pytest

from grader.result import CheckResult, Grade, Verdict, settle_misconceptions


def result(name="test_a", verdict=Verdict.PASSED, points=1.0, candidates=()):
    return CheckResult(name, "A.", verdict, points, 1.0, 0.1, candidates=list(candidates))


def grade(*checks):
    return Grade("ann", "toy", list(checks), "ab" * 32, "1+2", "0", "cpu", "bwrap", "en")


def test_points_are_the_sum_of_the_checks():
    graded = grade(result(points=0.1), result(points=0.2), result(verdict=Verdict.FAILED, points=0.0))
    assert (graded.points, graded.max_points) == (0.3, 3.0)
    assert not graded.needs_review


@pytest.mark.parametrize("verdict", list(Verdict))
def test_what_could_not_be_judged_needs_review_and_nothing_else_does(verdict):
    graded = grade(result(verdict=verdict))
    assert graded.needs_review == (verdict in ("inconclusive", "not_graded", "grader_error"))
    assert graded.review_reasons == ([f"test_a: {verdict}"] if graded.needs_review else [])


def test_a_grade_without_a_check_needs_review():
    assert grade().needs_review


def test_the_record_has_the_public_fields():
    record = json.loads(json.dumps(grade(result(candidates=["x"])).to_record(), allow_nan=False))
    assert set(record) >= {
        "student", "exercise", "points", "max_points", "needs_review", "source_sha256", "course_version", "seed",
        "device", "checks", "output",
    }  # fmt: skip
    assert record["sandbox"] == "bwrap"
    (check,) = record["checks"]
    assert set(check) == {
        "name", "title", "verdict", "points", "max_points", "seconds", "message", "misconception", "hint", "speed_ratio",
        "speed", "draw_command",
    }  # fmt: skip
    assert check["verdict"] == "passed"
    assert check["misconception"] is None


def test_the_misconception_that_fits_most_checks_is_named_in_each():
    checks = [
        result("a", candidates=["x", "y"]),
        result("b", candidates=["z", "y"]),
        result("c", candidates=["x"]),
        result("d"),
    ]
    checks.append(result("e", candidates=["y"]))
    settle_misconceptions(checks)
    assert [check.misconception for check in checks] == ["y", "y", "x", None, "y"]


def test_a_case_belongs_to_its_function():
    assert result("test_a[3-x]").function == "test_a"
    assert result("test_a").function == "test_a"
