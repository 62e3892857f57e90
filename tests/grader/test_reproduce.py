"""grader/reproduce.py and `grader reproduce`: the same record again, and if not, why."""

import json
import shutil
import sqlite3

import pytest

from grader import i18n
from grader.errors import UserError
from grader.reproduce import differing_fields, reproduce
from grader.store import Store

SECRET = "secret"


@pytest.fixture(scope="module")
def graded(toy_course, run_grader, tmp_path_factory):
    """A class that was graded without the sandbox: right, wrong, in Korean letters, dying, unreadable."""
    root = tmp_path_factory.mktemp("graded")
    toy = toy_course.exercise("toy")
    sources = {
        "ann": toy.reference_source,
        "김서준": toy.misconceptions[1].source,
        "eve": toy.reference_source + "\ndef total(values):\n    import os\n    os._exit(1)\n",
        "syd": "def center(:",
    }
    for student, source in sources.items():
        (root / "class" / student).mkdir(parents=True)
        (root / "class" / student / "toy.py").write_text(source)
    (root / "class" / "nobody").mkdir()
    done = run_grader(
        "batch", root / "class", "--db", root / "g.db", "--only", "toy", "--sandbox", "none", "--seed", "7",
        "--lang", "ko", "--jobs", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return root


@pytest.fixture
def again(graded, own_course, tmp_path):
    """again(student, secret): the reproduction from a store and a class of the test's own; `again.folder` is the class."""
    shutil.copytree(graded / "class", tmp_path / "class")
    shutil.copy(graded / "g.db", tmp_path / "g.db")

    def run(student, secret=SECRET):
        with Store(str(tmp_path / "g.db")) as store:
            exercise = own_course.exercise("toy")
            return reproduce(own_course, exercise, student, store, tmp_path / "class", secret.encode())

    run.folder, run.database = tmp_path / "class", tmp_path / "g.db"
    return run


@pytest.mark.parametrize("student", ["ann", "김서준", "eve", "syd", "nobody"])
def test_the_record_is_the_same_in_every_field(again, student):
    done = again(student)
    assert done.is_same, (done.reasons, done.differences)
    assert (done.stored["language"], done.stored["seed"]) == ("ko", "7")
    assert i18n.language() == "en"


def test_a_changed_file_is_named(again):
    (again.folder / "ann" / "toy.py").write_text((again.folder / "김서준" / "toy.py").read_text())
    done = again("ann")
    assert done.reasons == ["The student's file is not the one that was graded."]
    assert {"source_sha256", "points", "checks[test_center_values].verdict"} <= set(done.differences)


def test_another_secret_is_named_even_where_all_is_right(again):
    done = again("ann", secret="another")
    assert done.differences == []
    assert len(done.reasons) == 1
    assert "another secret" in done.reasons[0]
    assert not done.is_same
    assert "checks[test_center_values].message" in again("김서준", secret="another").differences


def test_another_course_version_is_named(again, own_course):
    hidden = own_course.exercise("toy").hidden_path
    hidden.write_text(hidden.read_text().replace("draw.array(5)", "draw.array(6)"))
    done = again("ann")
    assert len(done.reasons) == 1
    assert "The exercise has changed" in done.reasons[0]
    assert done.differences == ["course_version"]


def change(database, **fields):
    with sqlite3.connect(database) as connection:
        key, text = connection.execute(
            "SELECT key, record FROM records JOIN grades USING (key) WHERE student = 'ann'"
        ).fetchone()
        text = json.dumps(json.loads(text) | fields)
        connection.execute("UPDATE records SET record = ? WHERE key = ?", (text, key))
    connection.close()


def test_another_torch_is_named(again):
    versions = again("ann").stored["versions"]
    change(again.database, versions=versions | {"torch": "1.0"})
    done = again("ann")
    assert done.reasons == [f"The record was made with torch 1.0, this is torch {versions['torch']}."]


def test_a_record_that_nothing_explains_is_different_too(again):
    change(again.database, output="something else")
    done = again("ann")
    assert (done.reasons, done.differences, done.is_same) == ([], ["output"], False)


def test_a_field_that_an_older_record_lacks_is_no_difference():
    check = {"name": "a", "seconds": 1.0, "verdict": "passed"}
    new = {"checks": [{**check, "seconds": 2.0, "draw_command": ""}], "versions": {}}
    assert differing_fields({"checks": [check]}, new) == []
    assert differing_fields({"checks": [check]}, {"checks": [{**check, "verdict": "failed"}]}) == ["checks[a].verdict"]
    assert differing_fields({"checks": [check]}, {"checks": []}) == ["checks"]


def test_what_a_check_drew_expected_and_got(again):
    """The inputs are those that were given: the reference's answer and the student's fit them."""
    seen = {one.result.name: one for one in again("김서준").seen}
    asked = seen["test_center_values"].student[0]
    x, dim = asked.request["args"]
    assert x.shape == (2, 3, 4)
    assert not x.is_contiguous()
    assert (asked.outcome.value - (x - x.mean())).abs().max() < 1e-12
    expected = seen["test_center_values"].expected(asked)
    assert (expected.outcome.value - (x - x.mean(dim=dim, keepdim=True))).abs().max() < 1e-12
    assert seen["test_center_keeps_its_input"].student == []  # it waits for the values
    dead = {one.result.name: one for one in again("eve").seen}["test_total_values"].student[0]
    assert (dead.name, dead.outcome) == ("total", None)
    assert dead.fault is not None


def test_the_same_inputs_are_drawn_again(again):
    first, second = (again("ann").seen[0].student[0].request["args"][0] for _ in range(2))
    assert (first == second).all()
    assert (first != again("김서준").seen[0].student[0].request["args"][0]).any()


def test_who_was_not_graded_or_is_not_there(again):
    with pytest.raises(UserError, match="holds no grade of zoe on toy"):
        again("zoe")
    shutil.rmtree(again.folder / "ann")
    with pytest.raises(UserError, match="holds nothing of ann"):
        again("ann")


def test_the_command(graded, run_grader):
    options = ("--db", graded / "g.db", "--submissions", graded / "class")
    same = run_grader("reproduce", "ann", "toy", *options)
    assert (same.returncode, same.stdout) == (0, "ann, toy: the record is the same in every field.\n"), same.stderr
    other = run_grader("reproduce", "ann", "toy", *options, DOT2VIT_SECRET="another")
    assert other.returncode == 1
    assert "another secret" in other.stdout
    shown = run_grader("reproduce", "김서준", "toy", "test_affine_values", *options)
    assert shown.returncode == 0
    for part in (
        "test_affine_values  passed",
        "1. Affine (call)",
        "module_load",
        "torch.tensor([",
        "expected:",
        "came:",
    ):
        assert part in shown.stdout
    assert run_grader("reproduce", "ann", "toy", "nope", *options).returncode == 2


def test_no_record_holds_what_the_command_shows(graded):
    """Neither the inputs nor the key that they come from."""
    with sqlite3.connect(graded / "g.db") as connection:
        records = [json.loads(text) for (text,) in connection.execute("SELECT record FROM records")]
    connection.close()
    for record in records:
        assert SECRET not in json.dumps(record)
        assert {check["draw_command"] for check in record["checks"]} <= {
            "", "grader draw toy center", "grader draw toy total",
        }  # fmt: skip
