"""A worker's process as it is seen and reached from outside: its clock, its memory, its threads, and signals to it alone."""

import contextlib
import os
import signal
import time
from mmap import PAGESIZE

from ..errors import GraderFault


class WorkerProcess:
    """What the kernel tells of one process, and what can be done to it. It may have ended at any moment."""

    def __init__(self, pid: int) -> None:
        """Raises ProcessLookupError when it has ended already."""
        self.pid = pid
        # A pid may be given to another process once its own has ended; this descriptor is never another's.
        self._descriptor = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        self._cpu_s = 0.0

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        with contextlib.suppress(ProcessLookupError):
            if self._descriptor is not None:
                signal.pidfd_send_signal(self._descriptor, number)
            else:
                os.kill(self.pid, number)

    def cpu_s(self) -> float:
        """The process's own CPU clock in seconds; once it has ended, what was read last."""
        with contextlib.suppress(OSError):
            self._cpu_s = time.clock_gettime((~self.pid << 3) | 2)  # the clock id that clock_getcpuclockid(3) gives
        return self._cpu_s

    def memory_and_threads(self) -> tuple[int, int]:
        """Resident kB and number of threads; zeros where there is no /proc."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as stat:
                fields = stat.read().rpartition(")")[2].split()
            return int(fields[21]) * PAGESIZE // 1024, int(fields[17])
        except (OSError, IndexError):
            return 0, 0

    def resident_bytes(self) -> tuple[int, int]:
        """Its memory now, and the most that it ever was. Raises GraderFault where there is no /proc."""
        try:
            with open(f"/proc/{self.pid}/status", encoding="utf-8", errors="replace") as status:
                fields = dict(line.split(":", 1) for line in status)
            now, peak = (int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
            return now, peak
        except (OSError, KeyError) as error:
            raise GraderFault(f"a worker's memory could not be read: {error}") from error

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
