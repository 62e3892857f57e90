"""The order in which a GPU's measurement asks its workers, with workers that compute on the CPU: no GPU stands behind it.

What a GPU does is for tests/gpu. Here: who is asked what and when, what is compared, and what is made of the times.
"""

import itertools

import pytest

from grader.course import find_course
from grader.draw import Draw
from grader.errors import CheckFailed
from grader.sandbox.backend import Sandboxed
from grader.sandbox.client import Timing
from grader.speed import measure as measuring
from grader.speed.measure import Measurement
from grader.speed.statistics import STAGES
from grader.speed.stopwatch import WARM_UPS, Call, Lane, Stopwatch, TrustedRound

COURSE = find_course()


@pytest.fixture
def measured(bench, bwrap_server, monkeypatch):
    """measured(exercise, source, call, make, threshold): as on a GPU, wherever the reference's own time drifts."""
    monkeypatch.setattr(measuring, "GPU_DRIFT", float("inf"))

    def measure(name, source, call, make, threshold):
        exercise = COURSE.exercise(name)
        student = Sandboxed(bwrap_server, source, exercise.filename, {}, exercise.limits)
        measurement = Measurement("wall_s")
        with bench.stopwatch(exercise, call, student.new_worker, None) as stopwatch:
            stopwatch.prepare(make())
            measuring._on_gpu(stopwatch, make, threshold, measurement)
        return measurement

    return measure


def scores():
    """What makes fresh arguments for scaled_dot_product_attention, each time it is called."""
    draw = Draw(0)
    return lambda: [draw.tensor(4, 128, 128, dtype="float32") for _ in range(3)]


ATTENTION = Call("scaled_dot_product_attention")
LOOP = """

once = scaled_dot_product_attention


def scaled_dot_product_attention(query, key, value, keep=None):
    if query.shape[1] > 8:
        for _ in range(100):
            once(query, key, value, keep)
    return once(query, key, value, keep)
"""


def reference():
    return COURSE.exercise("attention").reference_source


def test_a_verdict_is_tried_on_the_wall_clock_after_each_stage(measured, monkeypatch):
    asked = []

    def decide(rounds, threshold, clock):
        asked.append((len(rounds), threshold, clock))
        return True if len(asked) == 2 else None

    monkeypatch.setattr(measuring, "decide", decide)
    found = measured("attention", reference(), ATTENTION, scores(), 3.0)
    assert asked == [(STAGES[0], 3.0, "wall_s"), (STAGES[1], 3.0, "wall_s")]
    assert (found.decided, found.problem, len(found.rounds)) == (True, "", STAGES[1])
    # The smaller median of before and after.
    assert all(times.reference == found.rounds[0].reference for times in found.rounds)
    ratio, low, high = found.ratio
    assert low <= ratio <= high
    assert found.bytes_moved > 0


def test_a_hundred_times_the_work_is_too_slow(measured):
    assert measured("attention", reference() + LOOP, ATTENTION, scores(), 4.0).decided is False


def test_an_answer_that_is_wrong_when_it_is_timed_fails(measured):
    wrong = reference() + LOOP.replace("range(100)", "range(0)").replace("return once(query", "return once(-query")
    with pytest.raises(CheckFailed, match="while it was timed"):
        measured("attention", wrong, ATTENTION, scores(), 4.0)


def test_a_cache_that_is_carried_on_is_compared_after_the_last_round(measured):
    draw = Draw(0)

    def make():
        new, old = ([draw.tensor(1, 2, n, 8, dtype="float32") for _ in range(2)] for n in (1, 64))
        return draw.tensor(1, 2, 1, 8, dtype="float32"), *new, tuple(old)

    source = COURSE.exercise("causal").reference_source
    call = Call("decode_step", carries=True)
    measured("causal", source, call, make, 1000.0)
    forgetful = (
        source
        + """

step = decode_step


def decode_step(query, key, value, cache):
    output, (keys, values) = step(query, key, value, cache)
    return output, (keys + 0.01, values) if keys.shape[-2] > 64 + 10 else (keys, values)
"""
    )
    with pytest.raises(CheckFailed):
        measured("causal", forgetful, call, make, 1000.0)


def test_nothing_is_drawn_between_two_calls_that_are_timed(measured, monkeypatch):
    """It would show in the second call's time, and not in the student's."""
    events, draw, time = [], scores(), Lane.time
    monkeypatch.setattr(Lane, "time", lambda lane, arguments: events.append("call") or time(lane, arguments))
    measured("attention", reference(), ATTENTION, lambda: events.append("draw") or draw(), None)
    calls = [len(list(group)) for event, group in itertools.groupby(events) if event == "call"]
    warm_up = 1 + WARM_UPS
    trusted = 2 * STAGES[0]
    assert calls == [2 * warm_up, trusted, warm_up + STAGES[0] + trusted]


def test_the_faster_of_the_reference_s_two_times_counts_with_the_no_op_s_beside_it(measured, monkeypatch):
    seconds = iter(STAGES[0] * [(0.2, 0.15)] + STAGES[0] * [(0.1, 0.05)])
    whole = Stopwatch.trusted_round

    def trusted_round(stopwatch, arguments):
        reference, noop = next(seconds)
        return TrustedRound(Timing(0.0, reference), Timing(0.0, noop), whole(stopwatch, arguments).answer)

    monkeypatch.setattr(Stopwatch, "trusted_round", trusted_round)
    found = measured("attention", reference(), ATTENTION, scores(), None)
    assert {(times.reference.wall_s, times.noop.wall_s) for times in found.rounds} == {(0.1, 0.05)}


def test_a_reference_that_drifts_is_no_measure(measured, monkeypatch):
    monkeypatch.setattr(measuring, "GPU_DRIFT", -1.0)
    monkeypatch.setattr(measuring, "STAGES", (3, 4, 5))
    found = measured("attention", reference(), ATTENTION, scores(), 1000.0)
    assert (found.decided, len(found.rounds)) == (None, 5)
    assert "changed meanwhile" in found.problem


def test_without_a_threshold_one_stage_is_measured_and_less_of_what_is_slow(measured, monkeypatch):
    found = measured("attention", reference(), ATTENTION, scores(), None)
    assert (found.decided, len(found.rounds)) == (None, STAGES[0])
    monkeypatch.setattr(measuring, "SLOW_S", 0.3)
    asleep = reference() + LOOP.replace(
        "for _ in range(100):\n            once(query, key, value, keep)", "time.sleep(0.2)"
    )
    found = measured("attention", "import time\n" + asleep, ATTENTION, scores(), None)
    assert len(found.rounds) == 3
    assert found.ratio[0] > 10
