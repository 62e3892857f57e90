"""The autograder's zip in a root like Gradescope's container: setup.sh, then run_autograder on real submissions."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest

from grader.course import find_course
from grader.leaks import find_leaks, needles_of
from grader.sandbox.launch import bwrap_path

sys.path.insert(0, str(Path(__file__).parent))
from gradescope_container import Container

PROJECT = Path(__file__).resolve().parent.parent.parent
COURSE = find_course(PROJECT)
RIGHT = {name: COURSE.exercise(name).reference_source for name in ("dot", "attention")}
HOSTILE = """
import glob, os, signal

for path in [*glob.glob("/autograder/*"), "/autograder/source/course/.dot2vit/secret", "/autograder/source/course/tests/hidden/test_dot.py",
             "/autograder/submission_metadata.json", "/autograder/results/results.json", "/autograder/run_autograder"]:
    for mode in "rw":
        try:
            print(open(path, mode).read(), "TAKEN", path, mode)
        except OSError as error:
            print(type(error).__name__, mode)
for folder in ("/autograder", "/autograder/results", "/autograder/source", "/tmp", "/var/tmp", "/dev/shm", "/run/lock", "/opt/dot2vit", "/"):
    try:
        open(folder + "/mine", "w").close()
        print("WRITTEN", folder)
    except OSError as error:
        print(type(error).__name__)
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) not in (os.getpid(), 1):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(int(name), number)
                print("SIGNALLED", name)
            except OSError as error:
                print(type(error).__name__)
        for secret in ("environ", "mem", "fd/3", "cwd"):
            try:
                open(f"/proc/{name}/{secret}", "rb").close()
                print("OPENED", name, secret)
            except OSError as error:
                print(type(error).__name__)
try:
    os.kill(os.getppid(), signal.SIGTERM)
    print("SIGNALLED the parent")
except OSError as error:
    print(type(error).__name__)
"""
TRICKS = ("TAKEN", "WRITTEN", "SIGNALLED", "OPENED")


@pytest.fixture(scope="module")
def build_zip(tmp_path_factory):
    """build_zip(*arguments): the zip that `grader gradescope build` makes of dot and attention."""

    def make(*arguments):
        out = tmp_path_factory.mktemp("zip") / "autograder.zip"
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "DOT2VIT_SECRET": "the instructor's own",
            "LANG": "C.UTF-8",
        }
        command = [
            sys.executable,
            "-m",
            "grader",
            "gradescope",
            "build",
            "dot",
            "attention",
            "--out",
            str(out),
            *arguments,
        ]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "40 autograder points" in done.stdout
        return out

    return make


@pytest.fixture(scope="module")
def new_container(tmp_path_factory):
    """new_container(zip): the image, built by the zip's own setup.sh."""
    bwrap = bwrap_path()
    if os.geteuid() != 0 or bwrap is None:
        pytest.skip("a container-like root needs root and bubblewrap")
    tried = subprocess.run([bwrap, "--ro-bind", "/", "/", "--unshare-pid", "true"], capture_output=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"bubblewrap makes no root here: {tried.stderr.decode()[-200:]}")
    return lambda archive: Container(archive, tmp_path_factory.mktemp("container"), bwrap)


@pytest.fixture(scope="module")
def container(build_zip, new_container):
    """The image of an autograder that judges no speed, which takes long."""
    return new_container(build_zip("--device", "none"))


@pytest.fixture(scope="module")
def needles():
    return needles_of(COURSE)


def facts(graded):
    return graded.results["extra_data"]["dot2vit"]


def points(graded):
    return sum(test["score"] for test in graded.results["tests"])


def assert_nothing_leaks(graded, needles):
    """Neither to students nor to whoever reads what was printed."""
    (graded.root / "printed.txt").write_text(graded.stdout)
    assert find_leaks([graded.root / "autograder" / "results", graded.root / "printed.txt"], needles) == []
    assert "Traceback" not in graded.stdout


def test_a_right_submission_has_all_points_and_is_on_the_leaderboard(build_zip, new_container, needles):
    container = new_container(build_zip())
    graded = container.grade({f"{name}.py": source for name, source in RIGHT.items()})
    assert (graded.status, points(graded)) == (0, 40.0), graded.stdout
    assert {fact["sandbox"] for fact in facts(graded)} == {"user"}
    assert {fact["seed"] for fact in facts(graded)} == {"0.4711"}
    assert {test["status"] for test in graded.results["tests"]} == {"passed"}
    races = {entry["name"]: entry["value"] for entry in graded.results["leaderboard"]}
    assert any("attention" in name for name in races)
    assert all(0 < value < 10 for value in races.values())
    assert_nothing_leaks(graded, needles)


def test_a_misconception_in_a_notebook_of_a_group_gets_its_hint(container, needles):
    wrong = next(variant for variant in COURSE.exercise("dot").misconceptions)
    cells = [{"cell_type": "code", "source": wrong.source, "metadata": {}, "outputs": [], "execution_count": None}]
    notebook = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})
    people = [{"name": "Lee Seoyeon", "id": 2}, {"name": "Kim Minjun", "id": 1}]
    graded = container.grade({"dot.ipynb": notebook}, {"users": people, "previous_submissions": [{"score": 1.0}]})
    assert "Submission 2 of Kim Minjun, Lee Seoyeon" in graded.stdout
    hints = [test for test in graded.results["tests"] if wrong.id in test["tags"]]
    assert hints
    assert all(test["status"] == "failed" and "→ " in test["output"] for test in hints)
    missing = [test for test in graded.results["tests"] if test["name"].startswith("attention: ")]
    assert {test["extra_data"]["verdict"] for test in missing} == {"missing"}
    assert "There is no file attention.py" in missing[0]["output"]
    assert 0 < points(graded) < 20
    assert_nothing_leaks(graded, {text: place for text, place in needles.items() if text not in wrong.source})


def test_an_attack_gets_nothing(container, needles):
    """Its answers are right, so it is paid for these; nothing that it tries to read, write or kill is in its reach."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("work/dot.py", HOSTILE + RIGHT["dot"])
        archive.writestr("work/attention.py", RIGHT["attention"])
    before = (container.image / "autograder" / "source" / "course" / ".dot2vit" / "secret").read_text()
    graded = container.grade({"work.zip": zipped.getvalue()})
    printed = graded.results["output"]
    assert "PermissionError" in printed
    assert [trick for trick in TRICKS if trick in printed] == []
    assert (graded.status, points(graded)) == (0, 40.0), graded.stdout
    assert before.strip() not in json.dumps(graded.results) + graded.stdout
    assert list(graded.root.rglob("mine")) == []
    assert_nothing_leaks(graded, needles)


def test_an_attack_on_its_own_process_costs_its_own_points_alone(container):
    source = "import os, signal\n\ndef dot(a, b):\n    os.kill(os.getpid(), signal.SIGTERM)\n"
    graded = container.grade({"dot.py": RIGHT["dot"] + source, "attention.py": RIGHT["attention"]})
    by_exercise = {"dot": 0.0, "attention": 0.0}
    for test in graded.results["tests"]:
        by_exercise[test["tags"][0]] += test["score"]
    assert by_exercise["attention"] == 20
    assert by_exercise["dot"] < 20
    assert "crashed" in {test["extra_data"]["verdict"] for test in graded.results["tests"]}


def test_where_the_container_allows_namespaces_bubblewrap_is_used(container):
    graded = container.grade({"dot.py": RIGHT["dot"]}, namespaces=True)
    assert {fact["sandbox"] for fact in facts(graded)} == {"bwrap"}, graded.stdout
    assert points(graded) == 20


def test_where_it_allows_nothing_the_submission_is_not_run(container):
    graded = container.grade({"dot.py": "print('I was run')\n"}, without="SETUID")
    assert graded.status == 0
    assert "cannot confine a submission" in graded.results["output"]
    assert "I was run" not in json.dumps(graded.results) + graded.stdout
    assert "score" not in json.dumps(graded.results)


def test_a_grader_that_does_not_start_leaves_results_all_the_same(container):
    broken = container.image / "opt" / "dot2vit" / "app" / "grader" / "gradescope" / "__main__.py"
    kept = broken.read_text()
    broken.write_text("import os\nos.kill(os.getpid(), 9)\n")  # as when the container's memory is used up
    try:
        graded = container.grade({"dot.py": RIGHT["dot"]})
    finally:
        broken.write_text(kept)
    assert graded.status == 0
    assert "did not come to its end" in graded.results["output"]
    assert "score" not in json.dumps(graded.results)
    jsonschema.validate(graded.results, {"type": "object", "required": ["output", "tests"]})
