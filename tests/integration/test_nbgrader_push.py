"""A class of 30 in nbgrader, without a notebook of theirs: graded by `grader batch`, pushed, then in nbgrader's own hands."""

import csv
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from grader.course import find_course
from grader.errors import SandboxUnavailable
from grader.leaks import find_leaks, needles_of
from grader.sandbox.launch import check_available
from grader.store import Store

pytestmark = pytest.mark.timeout(900)  # nbgrader takes seconds to start, each time
PROJECT = Path(__file__).parent.parent.parent
SHAPES = """
def dot_shape(first, second):
    if len(first) == 0 or len(second) == 0:
        return tuple(first) + tuple(second)
    place = -1 if len(second) == 1 else -2
    rest = list(second)
    if rest.pop(place) != first[-1]:
        raise ValueError("these do not fit")
    return tuple(first[:-1]) + tuple(rest)
"""
LINEAR = (
    "import numpy as np\n\n\ndef linear(x, weight, bias):\n    return np.einsum('...i,oi->...o', x, weight) + bias\n"
)
SOURCES = {
    "both": SHAPES + LINEAR,
    "shapes": SHAPES,
    "linear": LINEAR,
    "wrong": LINEAR.replace("+ bias", "- bias"),
    "forbidden": "import numpy as np\n\n\ndef dot(a, b):\n    return np.dot(a, b)\n",
    "raises": "def linear(x, weight, bias):\n    raise KeyError('<script>alert(1)</script> **bold** $x$')\n",
    "exits": SHAPES + "\n\ndef linear(x, weight, bias):\n    import os\n    os._exit(0)\n",
    "broken": "def linear(x, weight, bias:\n",
    "korean": "# 내적\nprint('<b>한글</b>')\n" + SHAPES,
    "empty": "",
    "absent": None,
}
NAMES = ["O'Brien, Bo", '"Q"', "김민준", "남궁 민수", "=1+1", "a&b <i>", "kim-minjun"] + [
    f"student{n:02}" for n in range(23)
]


@pytest.fixture(scope="module")
def grader():
    """grader("batch", …): the command as a user runs it."""
    try:
        check_available("bwrap")
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox on this machine: {error}")
    return lambda *arguments, rc=0: run([sys.executable, "-m", "grader", *map(str, arguments)], PROJECT, rc)


def nbgrader(folder, *arguments):
    return run([sys.executable, "-m", "nbgrader", *arguments], folder)


def run(command, folder, rc=0):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # nbgrader starts `alembic`
    env = os.environ | {"PATH": path, "PYTHONPATH": str(PROJECT), "DOT2VIT_SECRET": "secret", "LANG": "C.UTF-8"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == rc, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def world(tmp_path_factory, grader):
    """The class, graded and pushed: (the folder of everything, what the push said)."""
    folder = tmp_path_factory.mktemp("push")
    for name, source in zip(NAMES, 3 * list(SOURCES.values()), strict=False):
        (folder / "class" / name).mkdir(parents=True)
        if source is not None:
            encoding = "cp949" if "한글" in source else "utf-8"
            (folder / "class" / name / "dot.py").write_text(source, encoding=encoding)
    rows = [
        ("student", "id", "email", "name"),
        ("O'Brien, Bo", "7", "bo@a.org", 'O\'Brien, "Bo"'),
        ('"Q"', "8", "", "Quux"),
    ]
    with open(folder / "roster.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*rows, *((name, "", "", "") for name in NAMES[2:])])
    grader("batch", folder / "class", "--db", folder / "grades.db", "--only", "dot", "--device", "none")
    grader("nbgrader", "init", folder / "course", "dot")
    return folder, push(grader, folder)


def push(grader, folder):
    where = ["--db", folder / "grades.db", "--submissions", folder / "class", "--roster", folder / "roster.csv"]
    return grader("nbgrader", "push", folder / "course", *where)


def records_of(folder):
    with Store(str(folder / "grades.db")) as store:
        return {record["student"]: record for record in store.records()}


def scores_of(folder):
    with Gradebook(f"sqlite:///{folder / 'course' / 'gradebook.db'}", "vit") as found:
        return {submission.student_id: submission.score for submission in found.assignment_submissions("dot")}


def dump(folder):
    connection = sqlite3.connect(folder / "course" / "gradebook.db")
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_the_class_is_there_as_it_was_graded(world):
    folder, said = world
    records = records_of(folder)
    handed_in = {name for name, record in records.items() if (folder / "class" / name / "dot.py").exists()}
    assert f"{len(handed_in)} submissions by 30 students" in said
    expected = sorted(records[name]["points"] for name in handed_in)
    assert sorted(scores_of(folder).values()) == expected
    assert expected[-1] > 0 and len(set(expected)) > 3
    assert scores_of(folder)["김민준"] == records["김민준"]["points"]


def test_pushed_again_nothing_changes_and_a_manual_score_stays(world, grader):
    folder, _said = world
    before = dump(folder)
    push(grader, folder)
    assert dump(folder) == before
    with Gradebook(f"sqlite:///{folder / 'course' / 'gradebook.db'}", "vit") as found:
        grade = next(g for g in found.find_submission("dot", "student00").notebooks[0].grades if g.max_score)
        grade.manual_score = grade.max_score + 2
        found.db.commit()
    changed = dump(folder)
    assert changed != before
    push(grader, folder)
    assert dump(folder) == changed


def test_nbgraders_own_commands_go_on_from_there(world):
    folder, _said = world
    nbgrader(folder / "course", "generate_feedback", "dot")
    nbgrader(folder / "course", "export", "--to", "out.csv")
    rows = list(csv.DictReader((folder / "course" / "out.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 30 and all(None not in row and None not in row.values() for row in rows)
    scores = scores_of(folder)
    assert {row["student_id"].removeprefix("'"): float(row["score"]) for row in rows if row["timestamp"]} == scores
    assert {(row["last_name"], row["first_name"]) for row in rows} >= {
        ("O'Brien", '"Bo"'),
        ("김", "민준"),
        ("남궁", "민수"),
    }
    pages = list((folder / "course" / "feedback").rglob("dot.html"))
    assert len(pages) == len(scores)
    assert all("<script>alert(1)" not in page.read_text(encoding="utf-8") for page in pages)
    assert any("&lt;script&gt;alert(1)" in page.read_text(encoding="utf-8") for page in pages)


def test_autograding_what_was_pushed_gives_the_same(world):
    """In our sandbox, by the config of `init`, from the notebook that the push made."""
    folder, _said = world
    before = scores_of(folder)
    nbgrader(folder / "course", "autograde", "dot", "--force", "--student", "student05")
    assert scores_of(folder) == before
    assert (folder / "course" / "autograded" / "student05" / "dot" / "dot.ipynb").exists()


def test_nothing_of_it_holds_a_secret(world):
    folder, _said = world
    needles = {text: place for text, place in needles_of(find_course(PROJECT)).items() if "dot" in place}
    written = [folder / "course" / name for name in ("gradebook.db", "submitted", "autograded", "feedback", "out.csv")]
    assert find_leaks(written, needles) == []
    assert find_leaks(
        [folder / "course" / "source"], needles
    )  # nbgrader's sources hold the solution: the instructor's alone
