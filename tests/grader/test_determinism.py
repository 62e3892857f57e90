"""The same submission, seed and version give the same record, but for what is measured: whatever runs beside it, wherever."""

import json
import os

import pytest

from grader.course import find_course

pytestmark = pytest.mark.timeout(900)
HOSTILE = """
import os, sys, torch
import numpy as np
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
torch.manual_seed(7)
np.random.seed(7)
np.seterr(all="raise")
np.set_printoptions(precision=1)
sys.setrecursionlimit(50)
os.environ.clear()
os._exit(1)
"""
UNSTEADY = """
import random
print({"a", "b", "c", "d"}, object(), hash("a") % 7, torch.rand(2), np.random.rand(2), random.random())
class Odd(Exception):
    pass
def _odd(*args, **kwargs):
    raise Odd(f"{object()} {set('abcdef')} {_odd}")
"""


@pytest.fixture(scope="module")
def course():
    return find_course()


@pytest.fixture(scope="module")
def classes(course, tmp_path_factory):
    """Two folders with the same two students, once by themselves and once between others."""
    alone, among = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("among")
    for number, exercise in enumerate(course.exercises):
        wrong = exercise.misconceptions[number % len(exercise.misconceptions)].source
        first = wrong.split("def ")[-1].split("(")[0]  # a function that now raises something unsteady
        unsteady = f"import torch\nimport numpy as np\n{wrong}\n{UNSTEADY}\n{first} = _odd\n"
        for folder in (alone, among):
            write(folder, "bob", exercise, wrong)
            write(folder, "cho", exercise, unsteady)
        write(among, "ann", exercise, HOSTILE)
        if number % 3 == 0:
            write(among, "dan", exercise, exercise.reference_source)
    return alone, among


def write(folder, student, exercise, source):
    (folder / student).mkdir(exist_ok=True)
    (folder / student / exercise.filename).write_text(source)


def records_of(run_grader, course, folder, out, jobs, cwd=None, **environment):
    done = run_grader(
        "batch", folder, "--db", out / "grades.db", "--json", out / "records", "--jobs", str(jobs), "--device", "none",
        cwd=cwd or course.root, **environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = {}
    for path in (out / "records").rglob("*.json"):
        record = json.loads(path.read_text())
        assert all(check["seconds"] >= 0 for check in record["checks"])
        record["checks"] = [unmeasured(check) for check in record["checks"]]
        if record["student"] in ("bob", "cho"):
            found[record["student"], record["exercise"]] = record
    return found


def unmeasured(check):
    """All of a check that docs/report-format.md says is the same each time."""
    told = {"message"} if check["speed"] else set()
    return {name: value for name, value in check.items() if name not in {"seconds", "speed", "speed_ratio"} | told}


@pytest.fixture(scope="module")
def alone(run_grader, course, classes, tmp_path_factory, bwrap_server):
    """One process, nobody else, a plain environment."""
    return records_of(run_grader, course, classes[0], tmp_path_factory.mktemp("out"), 1)


def test_the_records_hold_what_could_differ(alone, course):
    assert len(alone) == 2 * len(course.exercises)
    text = json.dumps(list(alone.values()))
    assert '"misconception": "' in text
    assert '"verdict": "error"' in text
    assert "object at 0x\\u2026" in text
    assert "0x7f" not in text


@pytest.mark.parametrize("jobs", [2, 3])
def test_neighbours_order_processes_and_surroundings_change_nothing(run_grader, course, classes, alone, tmp_path, jobs):
    surroundings = {
        "PYTHONHASHSEED": str(jobs),
        "TZ": "Asia/Seoul",
        "LANG": "ko_KR.UTF-8",
        "OMP_NUM_THREADS": "3",
        "OPENBLAS_NUM_THREADS": "3",
        "DOT2VIT_COURSE": str(course.root),
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
        "COLUMNS": "40",
    }
    before = os.umask(0o077)
    try:
        among = records_of(run_grader, course, classes[jobs - 2], tmp_path, jobs, cwd=tmp_path, **surroundings)
    finally:
        os.umask(before)
    assert among.keys() == alone.keys()
    for key, record in alone.items():
        assert among[key] == record
