"""grader/capacity.py: what fits into the memory."""

import pytest

from grader import capacity as module
from grader.capacity import Capacity, available, capacity

MEMINFO = "MemTotal: 32000000 kB\nMemAvailable: 16384000 kB\n"


@pytest.mark.parametrize(
    ("asked", "memory", "fits"),
    [
        ((2, 8), 100_000, (2, 8)),
        ((64, 8), 600 + 64 * (200 + 8 * 512), (64, 8)),
        ((64, 8), 128_000, (64, 3)),
        ((64, 8), 40_000, (55, 1)),
        ((4, 8), 1_000, (1, 1)),
        ((4, 8), 0, (1, 1)),
    ],
)
def test_every_workers_limit_fits_into_the_memory(asked, memory, fits):
    found = capacity(*asked, 512, is_timed=False, available_mb=memory)
    assert (found.jobs, found.chunk) == fits
    if found != Capacity(1, 1):
        assert module.SHARED_MB + found.jobs * (module.GRADING_MB + found.chunk * 512) <= memory


def test_judging_speed_takes_memory_too():
    assert capacity(8, 8, 512, is_timed=True, available_mb=16_000).jobs < capacity(8, 8, 512, False, 16_000).jobs * 2
    assert capacity(20, 8, 512, True, 24_000).jobs == (24_000 - 600) // (700 + 512)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine that tells of its memory what these files say."""
    (tmp_path / "meminfo").write_text(MEMINFO)
    monkeypatch.setattr(module, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(module, "CGROUP", tmp_path)
    return tmp_path


def test_the_machine_and_its_container_bound_what_is_available(machine):
    assert available() == 16_000
    (machine / "memory.max").write_text("max\n")
    assert available() == 16_000
    (machine / "memory.max").write_text(f"{4 * 2**30}\n")
    (machine / "memory.current").write_text(f"{3 * 2**30}\n")
    (machine / "memory.stat").write_text(f"anon {2**30}\nfile {2**30}\n")
    assert available() == 2048
    (machine / "meminfo").write_text("nothing of use")
    assert available() == 2048


def test_a_machine_that_does_not_tell_bounds_nothing(machine):
    (machine / "meminfo").unlink()
    assert available() is None
    assert capacity(64, 8, 512, is_timed=True) == Capacity(64, 8)
