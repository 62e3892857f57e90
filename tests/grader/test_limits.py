"""grader/sandbox/limits.py: the table of limits."""

import pytest

from grader.sandbox.limits import Limits


def test_later_tables_win():
    limits = Limits.from_table({"memory_mb": 100, "check_cpu_s": 1.5}, {"memory_mb": 200})
    assert (limits.memory_mb, limits.check_cpu_s) == (200, 1.5)
    assert limits.output_kb == Limits().output_kb


def test_an_unknown_limit_is_named_with_those_that_there_are():
    with pytest.raises(ValueError, match=r"'memory'.*memory_mb"):
        Limits.from_table({"memory": 100})


@pytest.mark.parametrize("value", [0, -1, True, "1", None, float("nan"), float("inf")])
def test_a_limit_is_a_positive_number(value):
    with pytest.raises(ValueError, match="memory_mb"):
        Limits.from_table({"memory_mb": value})


@pytest.mark.parametrize("name", ["memory_mb", "scratch_mb", "output_kb", "answer_mb", "source_kb"])
def test_a_size_is_a_whole_number(name):
    """A mount option and a setrlimit take no fractions: found in course.toml, not in the middle of a batch."""
    with pytest.raises(ValueError, match=name):
        Limits.from_table({name: 0.5})


def test_a_check_with_a_limit_of_its_own_has_as_much_more_on_the_wall():
    limits = Limits(check_cpu_s=4.0, check_wall_s=12.0, total_cpu_s=200.0, memory_mb=300)
    longer = limits.for_a_check_of(60)
    assert (longer.check_cpu_s, longer.check_wall_s) == (60, 180)
    assert (longer.total_cpu_s, longer.total_wall_s, longer.memory_mb) == (200, limits.total_wall_s, 300)
    assert (limits.check_cpu_s, limits.check_wall_s) == (4, 12)
    assert limits.for_a_check_of(4.0) == limits
    assert limits.for_a_check_of(1).check_wall_s == 3  # a shorter one may be asked for too
