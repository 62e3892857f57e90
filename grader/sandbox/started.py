"""Workers on a student's own machine: forked, or where there is no fork (Windows) started as interpreters of their own.

A started worker speaks the protocol of a forked one, over pipes. Nothing confines it: it is its owner's code on its
owner's machine. Its limits of time are those on the wall, for no clock of its computing can be read everywhere; memory
is not limited.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import IO, Literal

from ..errors import Crashed, GraderFault, TimedOut
from .client import Usage
from .connection import Connection
from .inside.protocol import HEADER, ProtocolError, unpack
from .inside.session import Outcome
from .launch import INSIDE, SETTINGS, ForkServer
from .limits import Limits
from .requests import Requests, read_outcome

START_SECONDS = 120.0
END_SECONDS = 2.0
POLL_SECONDS = 0.1  # how long Ctrl-C may have to wait on Windows
_BOOT = "import sys; sys.path.insert(0, {path!r}); from grader.sandbox.inside.started import main; main()"


def local_server(wait: bool = True, trains: bool = False) -> "ForkServer | StartServer":
    """What starts the workers of a student's command; use as a context manager.

    wait: until it is ready. trains: whether most workers will make an optimiser.
    """
    return ForkServer("none", wait, trains=trains) if hasattr(os, "fork") else StartServer()


class StartServer:
    """Starts an interpreter for each worker, and keeps one more ready: numpy and torch take seconds to import."""

    way: Literal["start"] = "start"
    alive = True

    def __init__(self) -> None:
        self._spare = _start()

    def take(self) -> "subprocess.Popen[bytes]":
        """The interpreter that is ready; the next one is started."""
        taken, self._spare = self._spare, _start()
        return taken

    def ready(self) -> None:
        """A worker waits for its own greeting: there is nothing to wait for here."""

    def close(self) -> None:
        """End the interpreter that nobody took."""
        _end(self._spare)

    def __enter__(self) -> "StartServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


Server = Connection | StartServer


class StartedWorker(Requests):
    """One interpreter with one submission loaded; to `Sandboxed` the same as a forked Worker."""

    def __init__(self, server: StartServer, limits: Limits, usage: Usage, output: bytearray) -> None:
        self.limits, self.usage, self.output = limits, usage, output
        self.alive = True
        self._check_wall_s = 0.0
        self._process = server.take()
        self._frames: queue.Queue[tuple[bytes, bytes] | None] = queue.Queue()
        self._readers = [
            threading.Thread(target=read, args=(stream,), daemon=True)
            for read, stream in ((self._read_frames, self._process.stdout), (self._read_output, self._process.stderr))
        ]
        for reader in self._readers:
            reader.start()
        try:
            self._next_frame(START_SECONDS)  # its greeting
        except (EOFError, TimeoutError):
            self.kill()
            said = self.output.decode(errors="replace").strip()[-2000:]
            raise GraderFault(f"a worker did not start: {said or 'it said nothing'}") from None

    def begin_check(self, limits: Limits) -> None:
        """From here on a new check's limits count."""
        self.limits = limits
        self._check_wall_s = 0.0

    def kill(self) -> None:
        """End the worker, and take in what it printed last."""
        if self.alive:
            self.alive = False
            self._process.kill()
            for reader in self._readers:
                reader.join(END_SECONDS)
            _end(self._process)

    def _exchange(self, frame: bytes) -> Outcome:
        started = time.monotonic()
        check_left = self.limits.check_wall_s - self._check_wall_s
        total_left = self.limits.total_wall_s - self.usage.wall_s
        try:
            self._send(frame)
            return read_outcome(*unpack(*self._next_frame(min(check_left, total_left))))
        except TimeoutError:
            self.kill()
            if check_left < total_left:
                raise TimedOut("unclocked_s", self.limits.check_wall_s) from None
            raise TimedOut("total_wall_s", self.limits.total_wall_s) from None
        except EOFError:
            raise self._ended() from None
        except ProtocolError as error:
            self.kill()
            raise Crashed(None, str(error)) from None
        finally:
            elapsed = time.monotonic() - started
            self.usage.wall_s += elapsed
            self._check_wall_s += elapsed

    def _send(self, request: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended, as the missing answer says
            self._process.stdin.write(request)
            self._process.stdin.flush()

    def _next_frame(self, seconds: float) -> tuple[bytes, bytes]:
        """Raises TimeoutError when none comes in time, EOFError when none will come."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                frame = self._frames.get(timeout=min(POLL_SECONDS, max(deadline - time.monotonic(), 0)))
            except queue.Empty:
                if time.monotonic() >= deadline:
                    raise TimeoutError from None
                continue
            if frame is None:
                raise EOFError
            return frame

    def _ended(self) -> Crashed:
        """Why no answer comes any more: its exit status, where it has ended by itself."""
        try:
            code: int | None = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:  # it lives, and has closed its channel
            code = None
        self.kill()
        return Crashed(code)

    def _read_frames(self, stream: IO[bytes]) -> None:
        """In a thread of its own, as Windows can wait for one pipe at a time only."""
        while len(header := stream.read(HEADER.size)) == HEADER.size:
            text_length, blob_length = HEADER.unpack(header)
            self._frames.put((stream.read(text_length), stream.read(blob_length)))
        self._frames.put(None)

    def _read_output(self, stream: IO[bytes]) -> None:
        """What is printed, up to its cap; the rest is read and dropped, for a full pipe would stop the worker."""
        with contextlib.suppress(
            OSError, ValueError
        ):  # closed: what the submission left running still holds its other end
            while data := os.read(stream.fileno(), 2**16):
                room = self.limits.output_kb * 1024 - len(self.output)
                self.output += data[: max(room, 0)]


def _start() -> "subprocess.Popen[bytes]":
    """A new interpreter on its way to its greeting."""
    settings = {**SETTINGS, "PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:replace"}
    return subprocess.Popen(
        # -P: a file of the current folder is no module of the grader's
        [sys.executable, "-P", "-c", _BOOT.format(path=str(INSIDE.parent.parent.parent))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | settings,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):  # the rest of a request that nobody took
                stream.close()
