"""grader/cores.py: how many cores there are to work with."""

import os

from grader.cores import count_cores, own_cores


def test_cores_that_this_process_may_not_run_on_do_not_count(keep_to):
    before = os.sched_getaffinity(0)
    keep_to({min(before)})
    assert (own_cores(), count_cores()) == ([min(before)], 1)
    keep_to(before)
    assert count_cores() == len(before)


def test_where_the_system_does_not_tell_all_of_the_machine_s_count(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert (own_cores(), count_cores()) == ([], 6)
