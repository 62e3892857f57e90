"""grader/cores.py: how many cores there are to work with."""

import os

import pytest

from grader.cores import count_cores, own_cores


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux says which cores a process may run on")
def test_cores_that_this_process_may_not_run_on_do_not_count():
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert (own_cores(), count_cores()) == ([min(before)], 1)
    finally:
        os.sched_setaffinity(0, before)
    assert count_cores() == len(before)


def test_where_the_system_does_not_tell_all_of_the_machine_s_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert (own_cores(), count_cores()) == ([], 6)
