"""The cores that this process may run on: on a cluster's node or in a container they may be fewer than the machine's."""

import os


def own_cores() -> list[int]:
    """Their numbers; none where the system does not tell (elsewhere than on Linux)."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def count_cores() -> int:
    return len(own_cores()) or os.cpu_count() or 1
