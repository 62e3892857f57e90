"""grader/exports: what each format makes of records, by the rules of those who read it (docs/exports.md names the sources)."""

import base64
import csv
import io
import json
from xml.etree import ElementTree

import junitparser
import pytest
from _pytest import junitxml
from junitparser import xunit2

from grader.errors import UserError
from grader.exports import FORMATS, exercism, github, junit, nbgrader, prairielearn
from grader.exports.format import Material
from grader.exports.wording import least_scale, number
from grader.intake.roster import read_roster
from grader.result import NEEDS_REVIEW, CheckResult, Grade, Verdict


def check(verdict="passed", maximum=2.0, message="", name="test_a", title="A.", **more):
    points = maximum if verdict == "passed" else 0.0
    return CheckResult(name, title, Verdict(verdict), points, maximum, 0.25, message, **more)


def record(*checks, student="ann", exercise="toy", output="", notes=()):
    grade = Grade(student, exercise, list(checks), "ab" * 32, "1+2", "0", "cpu", "bwrap", "en", list(notes), output)
    return grade.to_record()


UGLY = 'a < b & "c"\n]]>\x1b[31m \x00 \ufffe \U0001f600 한글'
JUDGED = sorted(set(Verdict) - NEEDS_REVIEW)


@pytest.fixture
def ugly():
    return record(
        check("passed", 2.5, title=UGLY),
        check("failed", 1.0, UGLY, "test_b[x-1]", hint=UGLY, draw_command="grader draw toy"),
        check("timeout", 0.5, UGLY),
        student='Lee, "Jr" <김>',
        output=UGLY,
        notes=[UGLY],
    )


# All formats


@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_a_format_has_a_name_and_a_line_about_it(format):
    assert format.name.isidentifier()
    assert format.about


@pytest.mark.parametrize(
    "points, text", [(7.5, "7.5"), (20.0, "20"), (0, "0"), (123456.5, "123456.5"), (1 / 3, "0.333333"), (-0.0, "0")]
)
def test_points_lose_no_digits(points, text):
    assert number(points) == text


@pytest.mark.parametrize(
    "values, scale", [([2, 1], 1), ([0.5, 2], 2), ([0.25, 0.1], 20), ([0.333333], 1_000_000), ([0, 0], 1)]
)
def test_the_least_scale_that_makes_points_whole(values, scale):
    assert least_scale(values) == scale


# GitHub Classroom


def reported(line):
    """What the reporter's src/main.js and src/notify-classroom.js make of a step's output: totals, and whether the job fails."""
    name, _, encoded = line.decode().rstrip("\n").partition("=")
    assert name == "result" and "\n" not in encoded
    results = json.loads(base64.b64decode(encoded, validate=True))
    total = sum(test["score"] for test in results["tests"]) if results["max_score"] else None
    return results, total, results["status"] in ("fail", "error")


def test_github_gets_whole_numbers_without_loss(ugly):
    other = record(check("passed", 0.25), exercise="second", student=ugly["student"])
    results, total, fails = reported(github.github([ugly, other]))
    assert (results["version"], results["status"], fails) == (3, "fail", True)
    assert (total, results["max_score"]) == (11, 17)  # four times 2.75 of 4.25
    assert all(type(test["score"]) is int for test in results["tests"])
    assert results["message"] == "Points here are 4 times those of the course."
    assert [test["status"] for test in results["tests"]] == ["pass", "fail", "fail", "pass"]
    assert "\x1b" not in json.dumps(results, ensure_ascii=False)


def test_github_passes_when_all_pass():
    results, total, fails = reported(github.github([record(check(), check(maximum=1.0))]))
    assert (results["status"], total, results["max_score"], fails) == ("pass", 3, 3, False)
    assert "message" not in results


@pytest.mark.parametrize("verdict", sorted(NEEDS_REVIEW))
def test_github_reports_no_points_where_something_is_open(verdict):
    """notify-classroom.js says nothing of results whose max_score is 0: no total is better than a wrong one."""
    open_check = check(verdict, title="The open one.")
    results, total, fails = reported(github.github([record(check(), open_check), record(check(), exercise="second")]))
    assert (results["status"], total, results["max_score"], fails) == ("error", None, 0, True)
    assert [test["status"] for test in results["tests"]] == ["pass", "error", "pass"]
    assert f"toy: test_a: {verdict}" in results["message"]
    assert "The open one." in results["tests"][1]["message"]  # of an error the reporter prints the message only


def test_github_output_fits_into_an_environment_variable():
    line = github.github([record(*[check("failed", 1.0, "가" * 4000) for _ in range(100)])])
    results, _, _ = reported(line)
    assert 10_000 < len(line) < 128 * 1024
    assert results["tests"][0]["message"].endswith("…")


def test_github_takes_one_student():
    with pytest.raises(UserError, match="one student's results, not 2"):
        github.github([record(check()), record(check(), student="bob")])


def test_what_fits_nowhere_is_refused():
    with pytest.raises(UserError, match="Export fewer"):
        github.github([record(*[check("failed", 1.0, "x") for _ in range(2000)])])


# JUnit


def test_junit_is_read_by_a_parser_of_xunit2(ugly):
    document = junit.junit([ugly, record(check(), student="bob")])
    suites = list(xunit2.JUnitXml.fromstring(document))
    assert [(suite.name, suite.tests, suite.failures, suite.errors, suite.skipped) for suite in suites] == [
        ('Lee, "Jr" <김>.toy', 3, 2, 0, 0),
        ("bob.toy", 1, 0, 0, 0),
    ]
    cases = list(suites[0])
    assert cases[0].result == []
    assert [type(cases[1].result[0]), cases[1].result[0].type] == [junitparser.Failure, "failed"]
    assert (
        "한글" in cases[1].result[0].text
        and "Draw inputs of this kind yourself: grader draw toy" in cases[1].result[0].text
    )
    assert cases[2].result[0].type == "timeout"
    assert "한글" in suites[0].system_out


def test_junit_has_no_attribute_that_xunit2_forbids(ugly):
    """pytest's own list of them, and those of a suite in Jenkins's junit-10.xsd."""
    root = ElementTree.fromstring(junit.junit([ugly]))
    allowed = {*junitxml.families["xunit2"]["testcase"], "time"}
    assert {name for case in root.iter("testcase") for name in case.attrib} <= allowed
    for suite in root.iter("testsuite"):
        assert {"name", "tests", "failures", "errors"} <= set(suite.keys())
        assert set(suite.keys()) <= {
            "name",
            "tests",
            "failures",
            "errors",
            "skipped",
            "time",
            "timestamp",
            "hostname",
            "id",
        }


@pytest.mark.parametrize("verdict", sorted(Verdict))
def test_junit_fails_a_student_only_for_what_the_student_did(verdict):
    root = ElementTree.fromstring(junit.junit([record(check(verdict))]))
    kinds = {"passed": set(), "grader_error": {"error"}, "inconclusive": {"skipped"}, "not_graded": {"skipped"}}
    assert {child.tag for child in root.find(".//testcase")} == kinds.get(verdict, {"failure"})
    has_points = root.find(".//property[@name='points']") is not None
    assert has_points == (verdict not in NEEDS_REVIEW)


# nbgrader


def test_nbgraders_csv_keeps_its_columns_where_names_hold_commas(ugly, tmp_path):
    (tmp_path / "roster.csv").write_text(
        'student,name,email\n"Lee, ""Jr"" <김>","Lee, ""Jr""",lee@x.kr\n=cmd(),=1+1,\n'
    )
    open_record = record(check("grader_error"), student="=cmd()")
    text = nbgrader.nbgrader([ugly, open_record], read_roster(tmp_path / "roster.csv")).decode()
    rows = list(csv.reader(io.StringIO(text), strict=True))
    assert rows[0] == list(nbgrader.COLUMNS)
    assert rows[1] == ["toy", "", "", 'Lee, "Jr" <김>', "Lee", '"Jr"', "lee@x.kr", "2.5", "0.0", "2.5", "4"]
    assert rows[2] == ["toy", "", "", "'=cmd()", "'=1+1", "", "", "", "", "", "2"]  # open: no score, and no formula


def test_nbgraders_csv_has_the_columns_of_nbgrader_itself(tmp_path):
    plugin = pytest.importorskip("nbgrader.plugins.export").CsvExportPlugin(to=str(tmp_path / "theirs.csv"))

    class Empty:
        assignments, students = (), ()

    plugin.export(Empty())
    assert nbgrader.nbgrader([]).decode().splitlines() == (tmp_path / "theirs.csv").read_text().splitlines()


# Exercism


@pytest.mark.parametrize("verdict", sorted(Verdict))
def test_exercism_by_its_interface(verdict):
    results = json.loads(
        exercism.exercism(record(check(), check(verdict, message="It is wrong." if verdict != "passed" else "")))
    )
    assert results["version"] == 3
    assert results["status"] in ("pass", "fail", "error")
    assert bool(results["message"]) == (results["status"] == "error")
    for test in results["tests"]:
        assert test["name"] and test["status"] in ("pass", "fail", "error")
        assert test["message"] is None or isinstance(test["message"], str)
    expected = "pass" if verdict == "passed" else "error" if verdict in NEEDS_REVIEW else "fail"
    assert results["status"] == expected


@pytest.mark.parametrize("verdict", ["missing", "unreadable"])
def test_exercism_where_nothing_ran(verdict):
    results = exercism.results(
        record(check(verdict, message="There is no file toy.py."), check(verdict, message="There is no file toy.py."))
    )
    assert (results["status"], results["message"]) == ("error", "There is no file toy.py.")


# PrairieLearn


def test_prairielearn_by_its_reference(ugly):
    results = json.loads(prairielearn.prairielearn(ugly))
    assert (results["gradable"], results["score"]) == (True, 2.5 / 4)
    assert [(test["points"], test["max_points"]) for test in results["tests"]] == [(2.5, 2.5), (0, 1), (0, 0.5)]
    assert (
        sum(t["points"] for t in results["tests"]) / sum(t["max_points"] for t in results["tests"]) == results["score"]
    )
    for test in results["tests"]:
        assert all(isinstance(test[field], str) for field in ("name", "description", "message", "output"))
    assert "\x1b" not in results["output"]


@pytest.mark.parametrize("verdict", sorted(NEEDS_REVIEW))
def test_prairielearn_takes_no_attempt_for_what_is_open(verdict):
    results = json.loads(prairielearn.prairielearn(record(check(), check(verdict))))
    assert results["gradable"] is False
    assert "score" not in results and verdict in results["format_errors"][0]


def test_prairielearn_stays_below_its_limit():
    data = prairielearn.prairielearn(
        record(*[check("failed", 1.0, "가" * 4000) for _ in range(100)], output="o" * 200_000)
    )
    assert 100_000 < len(data) <= 1_000_000
    assert json.loads(data)["output"].endswith("…")


def test_an_unknown_verdict_is_open():
    """A verdict that a later version of the grader wrote (docs/report-format.md)."""
    later = record(check(), check())
    later["checks"][1] |= {"verdict": "postponed", "points": 0.0}
    assert github.result([later])["status"] == "error"
    assert prairielearn.results(later)["gradable"] is False
    assert ElementTree.fromstring(junit.junit([later])).find(".//skipped") is not None
    assert nbgrader.nbgrader([later]).decode().splitlines()[1].split(",")[7] == ""
    assert all(format.make(Material([later])) for format in FORMATS if format.name not in ("canvas", "moodle"))
