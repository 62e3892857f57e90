"""Speed checks from the hidden test to the record, with real workers. No test asserts on a time: gaps are a hundredfold."""

import itertools
import json

import pytest

from grader.batch import run
from grader.course import load_course
from grader.grade import grade
from grader.planning import plan
from grader.record import Settings
from grader.result import Verdict
from grader.sandbox.client import Timing
from grader.speed import measure as measuring
from grader.speed.calibrate import Calibration, calibrate_exercise
from grader.speed.device import Device, processor
from grader.speed.statistics import STAGES, Round
from grader.store import Store
from grader.submission import Submission

HERE = processor().kind
RACES = '''

@check(points=0.5, needs="test_center_values", ko="center가 느리지 않아요.")
def test_center_speed(race, draw):
    """center is not much slower than the reference."""
    race("center", lambda rows, columns: (draw.tensor(rows, columns), 0), rows=512, columns=256)


@check(points=0.5, needs="test_affine_values", ko="Affine이 느리지 않아요.")
def test_affine_speed(race, draw):
    """Affine is not much slower than the reference."""
    race("Affine", lambda rows: (draw.tensor(rows, 512, dtype="float32"),), build=(512,), rows=128)


@check(points=1, needs="test_center_values", ko="center는 메모리를 조금만 써요.")
def test_center_memory(race, draw):
    """center takes little memory."""
    race.memory("center", lambda rows, columns: (draw.tensor(rows, columns), 0), rows=512, columns=256)
'''
THRESHOLDS = """
["{kind}"]
name = "here"
measured = 2026-11-26
bytes_per_s = 1e10
flops_per_s = 1e11

["{kind}".toy]
test_center_speed = {{ threshold = {allowed}, honest = {{ reference = 1.0 }}, slow = {{ loop = 100.0 }} }}
test_affine_speed = {{ threshold = {allowed}, honest = {{ reference = 1.0 }}, slow = {{ loop = 100.0 }} }}
test_center_memory = {{ threshold = 10.0, honest = {{ reference = 1.0 }}, slow = {{ outer = 200.0 }} }}
"""
# The toys do one operation for each element, which takes less than its transfer: a busy machine's noise would drown it.
WORK = """

light, Light = center, Affine


def nothing(x):
    return 0 * sum((k * x).cos() for k in range(8))


def center(x, dim):
    return light(x, dim) + nothing(x)


class Affine(Light):
    def forward(self, x):
        return super().forward(x) + nothing(x)
"""
LOOP = """

def center(x, dim):
    if x.ndim == 0:
        raise ValueError("a scalar has no axis")
    if x.ndim > 2:
        return x - x.mean(dim=dim, keepdim=True)
    rows = torch.empty_like(x)
    mean = x.mean(dim=dim, keepdim=True).expand_as(x)
    for i in range(x.shape[0]):
        for j in range(0, x.shape[1], 4):
            rows[i, j : j + 4] = x[i, j : j + 4] - mean[i, j : j + 4]
    return rows
"""


@pytest.fixture
def racing(own_course):
    """A toy course with three races; racing(allowed=…, kind=…) writes their thresholds and loads it anew."""
    hidden = own_course.root / "tests" / "hidden" / "test_toy.py"
    text = hidden.read_text(encoding="utf-8").replace("@check(points=3", "@check(points=1")
    hidden.write_text(text + RACES, encoding="utf-8")
    reference = own_course.root / "solutions" / "toy.py"
    reference.write_text(reference.read_text(encoding="utf-8") + WORK, encoding="utf-8")

    def load(allowed=1000.0, kind=HERE):
        table = THRESHOLDS.format(kind=kind, allowed=allowed)
        (own_course.root / "tests" / "hidden" / "thresholds.toml").write_text(table, encoding="utf-8")
        return load_course(own_course.root / "exercises" / "course.toml")

    return load


@pytest.fixture
def judged(bwrap_server, bench):
    """judged(course, source): its grade, with speed, and its checks by name."""

    def judge(course, source, bench=bench):
        toy = course.exercise("toy")
        settings = Settings(secret=b"secret", device=processor())
        for _attempt in range(3):  # what a busy machine was too noisy to tell is tried again, as a batch does
            (graded,) = grade(course, toy, [Submission("ann", "toy", source)], settings, bwrap_server, bench=bench)
            if all(check.verdict != Verdict.INCONCLUSIVE for check in graded.checks):
                break
        json.dumps(graded.to_record(), allow_nan=False)
        return graded, {check.name: check for check in graded.checks}

    return judge


def not_passed(graded):
    """What a failing assertion should show: CI keeps little of a long list."""
    return [(check.name, check.verdict, check.message) for check in graded.checks if check.verdict != Verdict.PASSED]


def test_the_reference_passes_its_own_races(racing, judged):
    course = racing()
    graded, checks = judged(course, course.exercise("toy").reference_source)
    assert (graded.points, graded.needs_review) == (10, False), not_passed(graded)
    speed = checks["test_center_speed"].speed
    assert speed["verdict"] == "passed"
    assert speed["low"] <= speed["ratio"] <= speed["high"]
    assert (speed["allowed"], speed["device"], speed["measures"]) == (1000.0, processor().kind, "time")
    assert checks["test_center_speed"].speed_ratio == speed["ratio"]
    assert 0 < speed["roofline"] <= 1
    assert checks["test_center_memory"].speed["measures"] == "memory"
    assert checks["test_center_values"].speed is None


def test_a_loop_fails_its_race_alone_and_is_told_of_the_axes_that_it_runs_over(racing, judged):
    course = racing(allowed=4.0)
    graded, checks = judged(course, course.exercise("toy").reference_source + LOOP)
    slow = checks["test_center_speed"]
    assert (slow.verdict, slow.points, slow.draw_command) == (Verdict.FAILED, 0.0, "")
    assert slow.speed["verdict"] == "failed"
    assert "grows with the rows and the columns: are there Python loops" in slow.message or (
        "grows with the columns and the rows: are there Python loops" in slow.message
    )
    assert "4 allowed" in slow.message
    assert "█" in slow.message
    assert {name for name, check in checks.items() if check.verdict != Verdict.PASSED} == {"test_center_speed"}
    assert not graded.needs_review


def test_more_memory_than_is_allowed_fails(racing, judged):
    course = racing()
    outer = "\n\ndef center(x, dim):\n    if x.ndim == 0:\n        raise ValueError\n" + (
        "    if x.numel() > 10000:\n        torch.ones(12 * 2**20, dtype=torch.float64).sum()\n"
        "    return x - x.mean(dim=dim, keepdim=True)\n"
    )
    _, checks = judged(course, course.exercise("toy").reference_source + outer)
    wasteful = checks["test_center_memory"]
    assert wasteful.verdict == Verdict.FAILED
    assert wasteful.speed["ratio"] > 10
    assert "times the memory" in wasteful.message


def test_an_answer_that_is_wrong_when_it_is_timed_fails(racing, judged):
    course = racing()
    cheat = "\n\nright = center\n\n\ndef center(x, dim):\n    return right(x, dim) if x.numel() < 10000 else 0 * x\n"
    _, checks = judged(course, course.exercise("toy").reference_source + cheat)
    assert checks["test_center_values"].verdict == Verdict.PASSED
    assert checks["test_center_speed"].verdict == Verdict.FAILED
    assert "while it was timed" in checks["test_center_speed"].message


def test_on_a_device_without_thresholds_speed_is_not_graded_and_the_rest_stands(racing, judged):
    course = racing(kind="some other device")
    graded, checks = judged(course, course.exercise("toy").reference_source)
    assert checks["test_center_speed"].verdict == Verdict.NOT_GRADED
    assert processor().kind in checks["test_center_speed"].message
    assert (graded.points, graded.needs_review) == (8, True)


def test_without_a_bench_only_the_answers_count(racing, judged):
    course = racing(allowed=0.001)
    source = course.exercise("toy").reference_source
    graded, checks = judged(course, source + LOOP, bench=None)
    assert graded.points == 10
    assert all(check.speed is None for check in checks.values())
    wrong = "\n\nright = center\n\n\ndef center(x, dim):\n    return right(x, dim) if x.ndim != 2 else 0 * x\n"
    _, checks = judged(course, source + wrong, bench=None)
    assert checks["test_center_speed"].verdict == Verdict.FAILED


def test_what_raises_when_it_is_timed_is_told_as_ever(racing, judged):
    course = racing()
    raising = "\n\nright = center\n\n\ndef center(x, dim):\n    return right(x, dim) if len(x) < 100 else x.missing\n"
    _, checks = judged(course, course.exercise("toy").reference_source.replace("x.ndim == 0", "x.ndim < 1") + raising)
    assert checks["test_center_speed"].verdict == Verdict.ERROR
    assert "missing" in checks["test_center_speed"].message


def test_times_that_scatter_are_inconclusive_and_no_pass(racing, judged, monkeypatch):
    """The clock of this test swings around the threshold, whatever the worker does."""
    course = racing(allowed=4.0)
    real = measuring.Stopwatch.round

    swing = itertools.cycle([0.02, 0.06])

    def swinging(self, student, arguments):
        answered = real(self, student, arguments)
        seconds = next(swing)
        timed = Round(Timing(seconds, seconds), Timing(0.01, 0.01), Timing(0.0, 0.0))
        return type(answered)(timed, answered.student, answered.reference)

    monkeypatch.setattr(measuring.Stopwatch, "round", swinging)
    graded, checks = judged(course, course.exercise("toy").reference_source)
    assert checks["test_center_speed"].verdict == Verdict.INCONCLUSIVE
    assert checks["test_center_speed"].speed["rounds"] == STAGES[-1]
    assert checks["test_center_speed"].points == 0
    assert "scattered" in checks["test_center_speed"].message
    assert graded.needs_review


def test_what_is_faster_than_the_device_can_be_is_for_a_human(racing, judged, monkeypatch):
    course = racing(allowed=4.0)
    real = measuring.Stopwatch.round

    def impossible(self, student, arguments):
        answered = real(self, student, arguments)
        timed = Round(Timing(1e-9, 1e-9), Timing(0.01, 0.01), Timing(0.0, 0.0))
        return type(answered)(timed, answered.student, answered.reference)

    monkeypatch.setattr(measuring.Stopwatch, "round", impossible)
    _, checks = judged(course, course.exercise("toy").reference_source)
    assert checks["test_center_speed"].verdict == Verdict.INCONCLUSIVE


def test_calibration_times_every_variant_on_its_side(racing, bwrap_server, bench):
    course = racing()
    alternatives = course.root / "solutions" / "alternatives" / "toy.py"
    body = LOOP.strip().replace("def center", '@alternative("toy-rows", replaces="center", slow="loops")\ndef rows_of')
    alternatives.write_text(alternatives.read_text("utf-8") + "\n\n" + body + "\n", encoding="utf-8")
    course = load_course(course.root / "exercises" / "course.toml")
    told = []
    calibration = calibrate_exercise(course, course.exercise("toy"), bwrap_server, bench, told.append)
    assert calibration.problems == []
    assert set(told) == {"reference", *(variant.id for variant in course.exercise("toy").alternatives)}
    kind = HERE
    assert set(calibration.slow[kind]["test_center_speed"]) == {"toy-rows"}
    honest = {"reference", "toy-sum-by-count", "toy-transposed"}  # not those that replace another function
    assert set(calibration.honest[kind]["test_center_speed"]) == honest
    assert "toy-rows" not in calibration.honest[kind]["test_center_speed"]
    assert any("test_affine_speed" in doubt and "0 slow" in doubt for doubt in calibration.doubts(kind))


def test_what_could_not_be_measured_well_sets_no_threshold(racing, bwrap_server, bench, monkeypatch):
    measured = measuring._on_cpu

    def disturbed(stopwatch, make, threshold, measurement):
        measured(stopwatch, make, threshold, measurement)
        measurement.problem = "something else uses the GPU"

    monkeypatch.setattr(measuring, "_on_cpu", disturbed)
    course = racing()
    calibration = calibrate_exercise(course, course.exercise("toy"), bwrap_server, bench)
    assert not any("speed" in race for race in calibration.honest.get(HERE, {}))
    told = [problem for problem in calibration.problems if "something else uses the GPU" in problem]
    assert any(problem.startswith("toy, test_center_speed, reference: inconclusive") for problem in told)


def test_a_threshold_lies_between_the_slowest_honest_and_the_fastest_slow_variant():
    calibration = Calibration("toy")
    calibration.honest = {HERE: {"near": {"reference": 1.0, "a": 2.0}, "far": {"reference": 1.0}, "upside": {"a": 9.0}}}
    calibration.slow = {HERE: {"near": {"b": 4.5, "c": 70.0}, "far": {"b": 100.0}, "upside": {"b": 3.0}}}
    found = calibration.thresholds(HERE)
    assert {race: row.value for race, row in found.items()} == {"near": 3.0, "far": 10.0}  # none where they overlap
    doubts = "\n".join(calibration.doubts(HERE))
    assert "near: a gap of 2.2, 4 needed" in doubts
    assert "far: a gap" not in doubts
    assert "upside: a gap of 0.33" in doubts


def test_a_speed_that_could_not_be_judged_is_tried_once_more_alone(own_course, tmp_path):
    """By the batch, with nothing else running; and kept for a human when it stays so."""
    attempts = []

    class Done:
        def __init__(self, result):
            self._result = result

        def exception(self):
            return None

        def result(self):
            return self._result

    from grader.batch import Chunk, _keep
    from grader.record import new_grade
    from grader.result import CheckResult

    folder = tmp_path / "handed in"
    (folder / "ann").mkdir(parents=True)
    (folder / "ann" / "toy.py").write_text("x = 1\n", encoding="utf-8")
    with Store(str(tmp_path / "grades.db")) as store:
        work = plan(own_course, [own_course.exercise("toy")], folder, Settings(device=processor()))
        ((unit,),) = work.blocks()
        check = CheckResult("test_x_speed", "x", Verdict.INCONCLUSIVE, 0.0, 1.0, 0.1, "scattered")
        unsure = new_grade(own_course, unit.exercise, unit.submission, work.settings, [check], "")
        again = _keep(work, store, Chunk([unit]), Done([unsure]), attempts.append)
        assert (again, attempts) == ([Chunk([unit], attempt=2)], [])
        assert _keep(work, store, again[0], Done([unsure]), attempts.append) == []
        assert attempts == [unsure]
        assert store.finished([unit.key]) == set()  # the next batch picks it up


def test_a_batch_judges_speed_in_its_own_processes(racing, tmp_path):
    from grader.processes import local_executor

    course = racing()
    folder = tmp_path / "handed in"
    for student, source in {"ann": "", "bob": LOOP}.items():
        (folder / student).mkdir(parents=True)
        text = course.exercise("toy").reference_source + source
        (folder / student / "toy.py").write_text(text, encoding="utf-8")
    settings = Settings(secret=b"secret", device=Device(processor().kind))
    grades = []
    with Store(str(tmp_path / "grades.db")) as store:
        work = plan(course, [course.exercise("toy")], folder, settings)
        run(work, store, lambda: local_executor(1, "bwrap"), 1, grades.append)
        records = {record["student"]: record for record in store.records()}
    assert records["ann"]["points"] == 10
    assert records["ann"]["device"] == processor().kind
    loop = next(check for check in records["bob"]["checks"] if check["name"] == "test_center_speed")
    assert loop["speed_ratio"] > records["ann"]["checks"][-3]["speed_ratio"]
