"""Every attack gets the verdict that it deserves, and changes nobody else's grade."""

import dataclasses
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

from grader.course import load_course
from grader.errors import SandboxUnavailable
from grader.grade import grade
from grader.record import Settings
from grader.result import Verdict
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits
from grader.submission import Submission
from grader.variants import load_variants

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")

ROOT = Path(__file__).resolve().parent.parent.parent
COURSE = load_course(ROOT / "exercises" / "course.toml")
# The limits are the course's in kind; smaller, so that what never ends does so soon.
LIMITS = Limits(
    check_cpu_s=1, check_wall_s=2, total_cpu_s=2, total_wall_s=4, memory_mb=256, scratch_mb=4, output_kb=8, answer_mb=4
)
EXERCISE = dataclasses.replace(COURSE.exercise("attention"), limits=LIMITS)
ATTACKS = load_variants(ROOT / "tests" / "hostile" / "attention.py", EXERCISE.reference_source)
SETTINGS = Settings(secret=b"secret")
HONEST = {
    "reference": EXERCISE.reference_source,
    "alternative": EXERCISE.alternatives[0].source,
    "misconception": EXERCISE.misconceptions[0].source,
}


@pytest.fixture(scope="module")
def server():
    try:
        started = ForkServer("bwrap")
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox on this machine: {error}")
    with started:
        yield started


def grade_all(server, sources):
    """Several submissions in one session, as in a batch."""
    submissions = [Submission(student, EXERCISE.name, source) for student, source in sources.items()]
    return dict(zip(sources, grade(COURSE, EXERCISE, submissions, SETTINGS, server), strict=True))


def facts(graded):
    """All of a grade but the seconds that it took."""
    return [
        {name: value for name, value in check.to_record().items() if name != "seconds"} for check in graded.checks
    ] + [graded.output]


@pytest.fixture(scope="module")
def alone(server):
    """The honest ones, graded without any neighbour."""
    return {student: grade_all(server, {student: source})[student] for student, source in HONEST.items()}


@pytest.fixture(scope="module")
def callers(server):
    """The checks that call each replaced function, and those of them that are not run once another one failed."""

    def of(name):
        source = f"{EXERCISE.reference_source}\n\ndef {name}(*args, **kwargs):\n    raise ArithmeticError('called')\n"
        checks = grade_all(server, {"probe": source})["probe"].checks
        called = {check.name for check in checks if check.verdict == Verdict.ERROR}
        assert called
        return called, {check.name for check in checks if check.verdict == Verdict.FAILED}

    return {name: of(name) for name in {attack.replaces[0] for attack in ATTACKS}}


def processes():
    """The live processes that descend from this one, by pid."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry)] = int(fields[1])
    found = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def settle(before):
    """The processes that are left once the kernel has cleared away those that were killed a moment ago."""
    deadline = time.monotonic() + 20
    while (left := processes() - before) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def test_there_are_enough_attacks_of_every_kind():
    assert len(ATTACKS) >= 15
    assert {attack.verdict for attack in ATTACKS} == {"timeout", "crashed", "error", "memory", "failed"}
    assert len({attack.id for attack in ATTACKS}) == len(ATTACKS)


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """The grader's current folder and its temporary one."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_an_attack_gets_its_verdict_and_its_neighbours_theirs(server, alone, callers, attack, empty_folder):
    before = processes()
    crowd = {"reference": HONEST["reference"], "mallory": attack.source}
    crowd |= {"alternative": HONEST["alternative"], "misconception": HONEST["misconception"]}
    grades = grade_all(server, crowd)

    called, needing = callers[attack.replaces[0]]
    mallory = {check.name: check for check in grades["mallory"].checks}
    in_order = [check.verdict for check in grades["mallory"].checks if check.name in called]
    assert in_order[0] == attack.verdict
    # What waits or computes without end, or makes the grader wait, uses up the budget of the whole exercise;
    # an answer that is no tensor cannot be differentiated.
    assert set(in_order) <= {attack.verdict, "timeout", *(["error"] if attack.verdict == "failed" else [])}
    spent = [mallory[name].message for name in called if mallory[name].verdict == "timeout" != attack.verdict]
    assert all("together used up" in message for message in spent)
    assert {mallory[name].points for name in called | needing} == {0}
    assert not grades["mallory"].needs_review
    assert all(len(check.message) <= 4000 for check in mallory.values())
    assert len(grades["mallory"].output) <= LIMITS.output_kb * 1024

    for student, graded in alone.items():
        assert facts(grades[student]) == facts(graded), student

    assert settle(before) == set()
    assert list(empty_folder.iterdir()) == []
