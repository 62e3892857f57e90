"""A real pseudo-terminal with a real command in it, and what a person would see there (pyte keeps the screen)."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

DEADLINE = 60.0  # only a hang takes that long


class Terminal:
    """A command on a terminal of its own. Use as a context manager."""

    def __init__(
        self, command: Sequence[str], cwd: Path, columns: int = 80, rows: int = 24, **environment: str
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.received = b""
        self._ours, self._theirs = pty.openpty()
        self._set_size(columns, rows)
        self.modes_before = termios.tcgetattr(self._theirs)
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DOT2VIT", "PYTEST", "LC_", "NO_COLOR"))
        }
        self.process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=env | {"LANG": "C.UTF-8", "TERM": "xterm-256color"} | environment,
            stdin=self._theirs,
            stdout=self._theirs,
            stderr=self._theirs,
            preexec_fn=self._take_terminal,
        )

    def _take_terminal(self) -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self._set_size(columns, rows)
        os.kill(self.process.pid, signal.SIGWINCH)

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    @property
    def lines(self) -> list[str]:
        """The screen; a wide character's second cell is left out."""
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, seen: str | Callable[[str], object]) -> str:
        """Read on until the screen shows this pattern; gives the screen. Fails with the screen when it does not come."""
        is_there = seen if callable(seen) else re.compile(seen, re.S).search
        end = time.monotonic() + DEADLINE
        while not is_there(self.text):
            if time.monotonic() > end or not self._read(end):
                raise AssertionError(
                    f"{seen!r} did not come; the screen:\n{self.text}\nreceived: {self.received[-500:]!r}"
                )
        return self.text

    def _read(self, end: float) -> bool:
        """Whether there is more to come. pyte knows no CPR: prompt_toolkit asks for it only outside of a full screen."""
        readable, _, _ = select.select([self._ours], [], [], max(0.0, min(0.2, end - time.monotonic())))
        if not readable:
            return self.process.poll() is None
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            return False
        self.received += data
        self._stream.feed(data)
        return True

    def wait(self) -> int:
        """The exit status, once it has ended and all that it wrote is read."""
        end = time.monotonic() + DEADLINE
        while self.process.poll() is None and time.monotonic() < end:
            self._read(end)
        while self._read(time.monotonic() + 0.05):
            pass
        return self.process.wait(timeout=1)

    @property
    def is_as_before(self) -> bool:
        """Whether echo, line mode and signals of the terminal are what they were."""
        return termios.tcgetattr(self._theirs)[:4] == self.modes_before[:4]

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *raised: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)
