"""Every cheat of cheats.py is refused, or gains nothing; and what is honest passes beside them."""

import runpy
from pathlib import Path

import pytest

from grader.course import find_course
from grader.draw import Draw
from grader.errors import CheckFailed, Crashed, Raised
from grader.sandbox.backend import Sandboxed
from grader.speed.measure import measure
from grader.speed.stopwatch import Call

_cheats = runpy.run_path(str(Path(__file__).with_name("cheats.py")))
CHEATS, PRELUDE = _cheats["CHEATS"], _cheats["PRELUDE"]
ALLOWED = 4.0  # no more than the course's own threshold for this function
EXERCISE = find_course(Path(__file__).parent).exercise("attention")


def race(bench, source):
    """Measure a whole submission; what a speed check would make of it."""
    draw = Draw(7)
    submission = Sandboxed(bench.server("student", None), source, "attention.py", EXERCISE.forbidden, EXERCISE.limits)

    def make():
        return tuple(draw.tensor(8, 8, 32, 32, dtype="float32") for _ in range(3))

    call = Call("scaled_dot_product_attention")
    return measure(bench, EXERCISE, call, submission.new_worker, make, ALLOWED, bench.device)


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_gains_nothing(bench, cheat):
    deserves, code = CHEATS[cheat]
    source = EXERCISE.reference_source + PRELUDE + code
    found = verdict_on(bench, source)
    assert found in deserves.split(" or "), found


def verdict_on(bench, source):
    """In one word, as cheats.py names it."""
    try:
        measured = race(bench, source)
    except CheckFailed:
        return "wrong"
    except Crashed:
        return "crashed"
    except Raised as raised:
        return "error" if raised.fault.kind == "raised" else raised.fault.kind
    return "fast" if measured.decided else "slow"


def test_what_they_are_built_on_is_too_slow(bench):
    """So that a cheat that passed would have gained something."""
    slow = "\n\ndef scaled_dot_product_attention(query, key, value, keep=None):\n    return slowly(query, key, value)\n"
    assert race(bench, EXERCISE.reference_source + PRELUDE + slow).decided is False


def test_an_honest_function_passes_after_all_of_them(bench):
    assert race(bench, EXERCISE.reference_source).decided is True
