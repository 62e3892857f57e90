"""One thread that runs checks. A newer request ends the check that is running: the latest save wins.

The trusted side (pytest, torch, the recordings) is imported once, in this thread, and the fork server stays warm: a check
costs a fork and a pytest session. Ending a check means to cut the line to its worker, whatever the student's code does.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ..course import Exercise
from ..errors import GraderFault
from ..i18n import _
from ..progress import Progress
from ..status import summarize
from ..stubs import read_stub, stub_of
from ..submission import Submission

if TYPE_CHECKING:
    from ..local import LocalReport
    from ..recording import Recording
    from ..sandbox.started import Server

EMPTY_SECONDS = 0.15  # an editor that empties a file before it writes it is given so long
LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Checked:
    """What came of a check: a report, or the sentence of the fault that left none."""

    exercise: Exercise
    report: "LocalReport | None"
    fault: str
    seconds: float


class Stoppable:
    """A server of workers whose newest worker can be cut off from another thread; then it gives no more."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._cut: Callable[[], None] = lambda: None
        self._stopped = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._server, name)

    def spawn(self, *arguments: Any) -> Any:
        """A forked worker: its line is cut."""
        ends = self._refuse_or(self._server.spawn, *arguments)
        self._guard(partial(ends[0].shutdown, socket.SHUT_RDWR))
        return ends

    def take(self) -> Any:
        """A worker that is an interpreter of its own, where there is no fork: it is ended."""
        process = self._refuse_or(self._server.take)
        self._guard(process.kill)
        return process

    def stop(self) -> None:
        self._stopped = True
        with contextlib.suppress(OSError):  # it may have ended by itself
            self._cut()

    def _refuse_or(self, give: Callable[..., Any], *arguments: Any) -> Any:
        if self._stopped:
            raise GraderFault("a newer save is checked")
        return give(*arguments)

    def _guard(self, cut: Callable[[], None]) -> None:
        self._cut = cut
        if self._stopped:  # in between
            self.stop()


class Checker:
    """Runs the visible checks of the exercise that was asked for last."""

    def __init__(
        self, progress: Progress, on_started: Callable[[Exercise], None], on_checked: Callable[[Checked], None]
    ) -> None:
        """Both are called in the checker's thread."""
        self._progress, self._on_started, self._on_checked = progress, on_started, on_checked
        self._changed = threading.Condition()
        self._wanted: tuple[Exercise, bool] | None = None
        self._running: Stoppable | None = None
        self._closed = False
        self._server: Server | None = None
        self._recordings: dict[str, tuple[int, Recording]] = {}
        self._last = ("", "")
        self._thread = threading.Thread(target=self._run, name="checker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def request(self, exercise: Exercise, anew: bool = False) -> None:
        """Check this exercise as it is now. anew: also where its files are the very ones that were checked last."""
        with self._changed:
            self._wanted = (exercise, anew)
            if self._running is not None:
                self._running.stop()
            self._changed.notify()

    def close(self) -> None:
        """End the running check and the fork server."""
        with self._changed:
            self._closed = True
            if self._running is not None:
                self._running.stop()
            self._changed.notify()
        self._thread.join(timeout=5.0)
        if self._server is not None:
            self._server.close()

    def _run(self) -> None:
        with contextlib.suppress(GraderFault):  # the first check says what is wrong
            self._start_server()  # it imports torch while this process does
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wanted is not None or self._closed)
                if self._closed or self._wanted is None:
                    return
                (exercise, anew), self._wanted = self._wanted, None
            self._check(exercise, anew)

    def _check(self, exercise: Exercise, anew: bool) -> None:
        started = time.monotonic()
        _wait_while_empty(exercise)
        submission = read_stub(exercise)
        if self._last == (exercise.name, submission.sha256) and not anew:
            return  # touched, not changed
        self._on_started(exercise)
        report, fault = None, ""
        try:
            report = self._report(exercise, submission)
        except Exception as error:  # whatever it is: this thread goes on, and the next save is checked
            fault = _("The grader itself failed: {error}").format(error=str(error) or type(error).__name__)
        with self._changed:
            self._running = None
            if self._wanted is not None or self._closed:
                self._last = ("", "")  # what was found is of an older file, and was shown to nobody
                return
            self._last = (exercise.name, submission.sha256)
        self._on_checked(Checked(exercise, report, fault, time.monotonic() - started))
        if report is not None:
            summarize(report, self._progress)  # after the verdict is out

    def _report(self, exercise: Exercise, submission: Submission) -> "LocalReport":
        from ..local import check_locally  # a second, the first time

        running = Stoppable(self._living_server())
        with self._changed:
            self._running = running
            if self._wanted is not None or self._closed:
                running.stop()
        recording = self._recording(exercise)
        return check_locally(exercise, submission, cast("Server", running), recording=recording)

    def _living_server(self) -> "Server":
        if self._server is None or not self._server.alive:
            self._start_server()
        assert self._server is not None
        self._server.ready()
        return self._server

    def _start_server(self) -> None:
        from ..sandbox.started import local_server

        self._server = local_server(wait=False)

    def _recording(self, exercise: Exercise) -> "Recording":
        from ..recording import load_recording

        path = exercise.recording_path
        written = path.stat().st_mtime_ns if path.is_file() else 0
        if self._recordings.get(exercise.name, (-1, None))[0] != written:
            self._recordings[exercise.name] = (written, load_recording(path))
        return self._recordings[exercise.name][1]


def _wait_while_empty(exercise: Exercise) -> None:
    """Some editors empty or remove a file before they write it: that moment is no verdict."""
    end = time.monotonic() + EMPTY_SECONDS
    while time.monotonic() < end:
        path = stub_of(exercise)
        with contextlib.suppress(OSError):
            if path.stat().st_size:
                return
        time.sleep(LOOK_SECONDS)
