"""The grader's end of a fork server, as whoever asks it for workers holds it: its owner, or a process that shares it."""

import json
import os
import select
import socket
import sys
from dataclasses import asdict
from typing import Literal

from ..cores import own_cores
from ..errors import GraderFault, SandboxUnavailable
from .gpu import Gpu
from .limits import Limits

READY = b"ready\n"  # what inside/forkserver.py says first
START_SECONDS = 120.0
# Messages, so that requests of several processes stay apart. (macOS has none between processes, and one process asks there.)
CONTROL = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM


class Connection:
    """The grader's end of a fork server's control socket. Processes may share it: each request is a message of its own."""

    way: Literal["fork"] = "fork"

    def __init__(self, control: socket.socket, sandbox: str, gpu: Gpu | None = None) -> None:
        self.sandbox, self.gpu = sandbox, gpu
        self._control = control
        self._is_ready = False

    def ready(self) -> None:
        """Wait until numpy and torch are imported on the other side. Raises SandboxUnavailable when it does not come up."""
        if self._is_ready:
            return
        try:
            # Looked at, and left there for those who share the socket.
            greeting = self._control.recv(len(READY), socket.MSG_PEEK) if self._wait(START_SECONDS) else b""
        except OSError:
            greeting = b""
        if greeting != READY:
            said = self._last_words()
            self.close()
            raise SandboxUnavailable(said or "the fork server ended without a word")
        self._is_ready = True

    @property
    def alive(self) -> bool:
        """Whether it can be asked for workers: its end of the control socket is open."""
        if self._control.fileno() < 0:
            return False
        watch = select.poll()
        watch.register(self._control, 0)  # nothing but that the other end is closed
        return not watch.poll(0)

    def spawn(self, limits: Limits) -> tuple[socket.socket, int, int]:
        """A new worker's channel, and the read ends of its output and status pipes. It runs where this process may run."""
        ours, theirs = socket.socketpair()
        if hasattr(socket, "SO_PASSCRED"):
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        output_read, output_write = os.pipe()
        status_read, status_write = os.pipe()
        try:
            text = json.dumps({"limits": asdict(limits), "cores": own_cores()}).encode()
            socket.send_fds(self._control, [text], [theirs.fileno(), output_write, status_write])
        except OSError as error:
            ours.close()
            os.close(output_read)
            os.close(status_read)
            raise GraderFault(f"the fork server is gone: {error}") from error
        finally:
            theirs.close()
            os.close(output_write)
            os.close(status_write)
        return ours, output_read, status_read

    def close(self) -> None:
        """Ask for no more workers. The server ends when nobody can ask it any more."""
        self._control.close()

    def _wait(self, seconds: float) -> bool:
        """Until there is something to read, or the other end is closed."""
        if self._control.fileno() < 0:  # closed on this side, after an earlier failure
            return False
        watch = select.poll()
        watch.register(self._control, select.POLLIN)
        return bool(watch.poll(seconds * 1000))

    def _last_words(self) -> str:
        """What the server said before it ended: for its owner to know."""
        return ""
