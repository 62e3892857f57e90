"""grader/sandbox/backend.py: what is left of a submission's time goes to the functions that answer."""

import pytest

from grader.errors import GivenUp, TimedOut


def test_a_function_that_did_not_answer_twice_is_not_asked_again_and_the_others_are(sandboxed, call):
    backend = sandboxed("def f():\n    while True: pass\ndef g(): return 1", check_cpu_s=0.2, total_cpu_s=60)
    for _ in range(2):
        with pytest.raises(TimedOut):
            call(backend, "f")
    used = backend.usage.cpu_s
    with pytest.raises(GivenUp, match="f, 2 times"):
        call(backend, "f")
    assert backend.usage.cpu_s == used  # nothing was run
    assert call(backend, "g").value == 1
