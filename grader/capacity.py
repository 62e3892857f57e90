"""How many grading processes fit into this machine's memory, and how many submissions each may have alive at once."""

from dataclasses import dataclass
from pathlib import Path

# MB of what all grading processes share (the process that they are forked from, and their fork server, each with torch); of
# what each has of its own; and of the two servers of its bench where speed is judged.
SHARED_MB, GRADING_MB, TIMING_MB = 600, 200, 500
MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Capacity:
    """jobs: grading processes; chunk: submissions that each grades in one session, every one in a worker of its own."""

    jobs: int
    chunk: int


def capacity(jobs: int, chunk: int, worker_mb: int, is_timed: bool, available_mb: int | None = None) -> Capacity:
    """As many of `jobs` processes and `chunk` submissions as fit, should every worker use all of its `worker_mb`.

    available_mb: by default what this machine has; where it does not tell, everything fits. One process always runs.
    """
    available_mb = available() if available_mb is None else available_mb
    if available_mb is None:
        return Capacity(jobs, chunk)
    available_mb -= SHARED_MB
    fixed = GRADING_MB + (TIMING_MB if is_timed else 0)
    jobs = max(1, min(jobs, available_mb // (fixed + worker_mb)))
    room = available_mb // jobs - fixed
    return Capacity(jobs, max(1, min(chunk, room // worker_mb)))


def available() -> int | None:
    """Memory that can still be taken, in MB: the machine's, or what is left to this process's control group."""
    found = [size for size in (_of_machine(), _of_group()) if size is not None]
    return min(found, default=None)


def _of_machine() -> int | None:
    try:
        fields = dict(line.split(":", 1) for line in MEMINFO.read_text(encoding="ascii").splitlines())
        return int(fields["MemAvailable"].split()[0]) // 1024
    except (OSError, KeyError, ValueError, IndexError):
        return None


def _of_group() -> int | None:
    """Of the control group (version 2) that a container shows as its root; the page cache in it can be given back."""
    try:
        limit = (CGROUP / "memory.max").read_text(encoding="ascii").strip()
        if limit == "max":
            return None
        used = int((CGROUP / "memory.current").read_text(encoding="ascii"))
        stat = dict(line.split() for line in (CGROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        return max(0, int(limit) - used + int(stat.get("file", 0))) // 2**20
    except (OSError, ValueError):
        return None
