"""The trusted end of one worker: requests out, answers in, and a watch over time, memory and output while it waits.

Everything that is read here comes from an untrusted process: lengths are checked before bytes are read, and whatever is
not a message of the protocol ends the worker.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import struct
import time
from dataclasses import dataclass
from typing import Any

from ..errors import Crashed, GraderFault, OutOfMemory, StudentFault, TimedOut, TooManyThreads
from .connection import Connection
from .inside.bounds import MAX_THREADS
from .inside.fault import Fault
from .inside.protocol import HEADER, JSON_BYTES, MAX_NODES, MAX_TEXTS, ProtocolError, unpack
from .inside.session import Outcome
from .limits import Limits
from .process import WorkerProcess
from .requests import Requests, read_outcome

POLL_SECONDS = 0.05
READ_BYTES = 2**18
START_SECONDS = 30.0
END_SECONDS = 5.0  # until a fork server has told how a worker ended
CREDENTIALS = struct.Struct("3i")
MAX_BRACKETS = 4 * MAX_NODES + MAX_TEXTS  # a part opens three at most; the rest may stand in texts
ANSWERS_A_CHECK = 4  # times the limit of one answer: a check keeps all that came until it is done


@dataclass(frozen=True)
class Timing:
    """What one request took, in seconds: of the worker's CPU clock, and on the wall until its last byte had arrived."""

    cpu_s: float
    wall_s: float


@dataclass
class Usage:
    """What a submission has used so far, over all of its workers."""

    cpu_s: float = 0.0
    wall_s: float = 0.0


class Worker(Requests):
    """One forked worker with one submission loaded. `usage` and `output` are shared by the workers of a submission."""

    def __init__(
        self, server: Connection, limits: Limits, usage: Usage, output: bytearray, freeze: bool = True
    ) -> None:
        """freeze: whether it is stopped between requests, where the sandbox can."""
        self.limits, self.usage, self.output = limits, usage, output
        self.alive = True
        self._channel, self._output_pipe, self._status_pipe = server.spawn(limits)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ)
        self._selector.register(self._output_pipe, selectors.EVENT_READ)
        self._selector.register(self._status_pipe, selectors.EVENT_READ)
        self._check_cpu_s = self._check_wall_s = self._cpu_seen = 0.0
        self._check_answer_bytes = 0
        self._memory_floor_kb = 0
        self._next_look = 0.0
        self._confined, self._gpu = server.sandbox != "none", server.gpu
        self._is_frozen_between = self._confined and freeze
        self._killed_by_us = False
        self._received = bytearray()
        self.last_timing = Timing(0.0, 0.0)
        try:
            self._process = WorkerProcess(self._greeted_pid(server))
        except ProcessLookupError:
            self._let_go()
            raise GraderFault("a worker was killed before it had started") from None
        except BaseException:
            self._let_go()
            raise
        self._channel.setblocking(False)
        self._memory_floor_kb, _ = self._process.memory_and_threads()
        self._freeze()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _greeted_pid(self, server: Connection) -> int:
        """The worker's real pid, which the kernel adds to its greeting; nothing of the student's has run yet."""
        self._channel.settimeout(START_SECONDS)
        try:
            data, ancillary, _, _ = self._channel.recvmsg(65536, socket.CMSG_SPACE(CREDENTIALS.size))
        except OSError as error:  # a timeout too
            server.close()  # it hangs: the next unit gets a new one
            raise GraderFault(f"a worker did not start: {error}") from error
        if not data:
            self._status_came(END_SECONDS)
            raise GraderFault(f"a worker did not start: {self._read_status().get('refused', 'it ended at once')}")
        if hasattr(socket, "SO_PASSCRED"):
            self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        if ancillary:
            return int(CREDENTIALS.unpack(ancillary[0][2])[0])
        return int(json.loads(data[HEADER.size :])["hello"])

    def begin_check(self, limits: Limits) -> None:
        """From here on a new check's limits count."""
        self.limits = limits
        self._check_cpu_s = self._check_wall_s = 0.0
        self._check_answer_bytes = 0

    def kill(self) -> None:
        """End the worker and let its connections go."""
        if not self.alive:
            return
        self._process.signal(signal.SIGKILL)
        self._drain(self._output_pipe)
        self._process.close()
        self._let_go()

    def _let_go(self) -> None:
        self.alive = False
        self._selector.close()
        self._channel.close()
        os.close(self._output_pipe)
        os.close(self._status_pipe)

    def _exchange(self, frame: bytes) -> Outcome:
        started = time.monotonic()
        self._next_look = started + POLL_SECONDS
        try:
            cpu_before = self._process.cpu_s()
            self._send(frame, started)
            text_length, blob_length = HEADER.unpack(self._receive(HEADER.size, started))
            if text_length > JSON_BYTES or blob_length > self.limits.answer_mb * 2**20 + JSON_BYTES:
                raise ProtocolError("an answer larger than its limit")
            body = self._receive(text_length + blob_length, started)
            # Now that all bytes are here, and before anything is made of them.
            self.last_timing = Timing(self._process.cpu_s() - cpu_before, time.monotonic() - started)
            if self._received:
                raise ProtocolError("more than one answer")
            return self._outcome(body[:text_length], body[text_length:])
        except ConnectionError:
            raise self._ended() from None
        except ProtocolError as error:
            self.kill()
            raise Crashed(None, str(error)) from None
        except OSError as error:
            self.kill()
            raise GraderFault(f"the connection to a worker failed: {error}") from error
        except StudentFault:
            self.kill()
            raise
        finally:
            elapsed = time.monotonic() - started
            self.usage.wall_s += elapsed
            self._check_wall_s += elapsed
            if self.alive:
                self._freeze()
                self._count_cpu()

    def _outcome(self, text: bytes, blob: bytes) -> Outcome:
        """The outcome that a worker's answer stands for. Raises ProtocolError for what is no answer."""
        if text.count(b"[") + text.count(b"{") > MAX_BRACKETS:  # before millions of lists are made of them
            raise ProtocolError("an answer of too many parts")
        self._check_answer_bytes += len(blob)
        if self._check_answer_bytes > ANSWERS_A_CHECK * self.limits.answer_mb * 2**20:
            return Outcome(fault=Fault("too_large", message="bytes"))
        return read_outcome(*unpack(text, blob))

    def _freeze(self) -> None:
        """Between requests nothing of the submission runs: no thread goes on, grows, or writes to the channel.

        Only in the sandbox, whose processes end with the grader: a stopped process of no sandbox would outlive it.
        """
        if self._is_frozen_between:
            self._process.signal(signal.SIGSTOP)

    def _send(self, frame: bytes, started: float) -> None:
        """All of a frame, with an eye on every limit while the worker does not take it.

        The worker is thawed when the first part lies ready: it then wakes once and not twice.
        """
        unsent = memoryview(frame)
        with contextlib.suppress(BlockingIOError):  # full: the worker answers without reading
            unsent = unsent[self._channel.send(unsent) :]
        self._process.signal(signal.SIGCONT)
        if not unsent:
            return
        self._selector.modify(self._channel, selectors.EVENT_READ | selectors.EVENT_WRITE)
        try:
            while unsent:
                try:
                    unsent = unsent[self._channel.send(unsent) :]
                except BlockingIOError:
                    if self._channel in self._wait(started):
                        time.sleep(0.001)  # it may be readable all the while, and take nothing
        finally:
            if self.alive:
                self._selector.modify(self._channel, selectors.EVENT_READ)

    def _receive(self, count: int, started: float) -> bytes:
        """Exactly `count` bytes, with an eye on every limit while they do not come."""
        while len(self._received) < count:
            if self._channel in self._wait(started):
                try:
                    received = self._channel.recv(READ_BYTES)
                except BlockingIOError:  # readable, and nothing to read: the other end plays with its socket
                    time.sleep(0.001)
                    continue
                if not received:
                    raise self._ended()
                self._received += received
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken

    def _wait(self, started: float) -> set[Any]:
        """Until something can be read (or sent, in `_send`), POLL_SECONDS at most; gives what can be read.

        What the worker prints is taken in, its end is noticed.
        """
        ready = {key.fileobj for key, events in self._selector.select(POLL_SECONDS) if events & selectors.EVENT_READ}
        if self._output_pipe in ready:
            self._drain(self._output_pipe)
        if self._status_pipe in ready and self._channel not in ready:
            raise self._ended()
        if time.monotonic() > self._next_look:  # also while bytes come: they may come one by one
            self._check_limits(time.monotonic() - started)
            self._next_look = time.monotonic() + POLL_SECONDS
        return ready

    def _check_limits(self, waited: float) -> None:
        limits = self.limits
        self._count_cpu()
        for used, limit, name in (
            (self._check_cpu_s, limits.check_cpu_s, "check_cpu_s"),
            (self._check_wall_s + waited, limits.check_wall_s, "check_wall_s"),
            (self.usage.cpu_s, limits.total_cpu_s, "total_cpu_s"),
            (self.usage.wall_s + waited, limits.total_wall_s, "total_wall_s"),
        ):
            if used > limit:
                raise TimedOut(name, limit)
        # RLIMIT_DATA and the refusal of shared memory come first; this watch is for what they might miss.
        resident_kb, threads = self._process.memory_and_threads()
        if resident_kb - self._memory_floor_kb > limits.memory_mb * 1024 + 65536:
            raise OutOfMemory(limits.memory_mb)
        if threads > MAX_THREADS:
            raise TooManyThreads(MAX_THREADS)
        if self._gpu is not None and (self._gpu.memory_used(self.pid) or 0) > limits.gpu_memory_mb * 2**20:
            raise OutOfMemory(limits.gpu_memory_mb)

    def _count_cpu(self) -> None:
        """Add the CPU time since the last count, read from the process's own clock by its pid."""
        now = self._process.cpu_s()
        self._check_cpu_s += now - self._cpu_seen
        self.usage.cpu_s += now - self._cpu_seen
        self._cpu_seen = now

    def resident_bytes(self) -> tuple[int, int]:
        """Its memory now, and the most that it ever was, read from outside. Raises GraderFault where there is no /proc."""
        return self._process.resident_bytes()

    def _drain(self, pipe: int) -> None:
        """Read what was printed, keep it up to the cap, drop the rest: a full pipe must not stop the worker."""
        os.set_blocking(pipe, False)
        room = self.limits.output_kb * 1024 - len(self.output)
        with contextlib.suppress(BlockingIOError):
            for _ in range(64):
                data = os.read(pipe, 65536)
                if not data:
                    with contextlib.suppress(KeyError):
                        self._selector.unregister(pipe)
                    break
                self.output += data[: max(room, 0)]
                room -= len(data)

    def _ended(self) -> Exception:
        """Why the worker is gone, as its fork server tells.

        SIGKILL is nobody's but ours, the kernel's and an administrator's: pid 1 of a namespace cannot send it to itself.
        The kernel sends it at RLIMIT_CPU, and when the machine runs out of memory, which is not this student's doing.
        """
        end = self._read_end()
        self.kill()
        if "refused" in end:
            return GraderFault(f"a worker could not be confined: {end['refused']}")
        if "code" not in end:
            return GraderFault("a worker's fork server ended without a word: was it killed?")
        code = end["code"]
        if code == -signal.SIGXCPU or (code == -signal.SIGKILL and end["cpu_s"] > self.limits.total_cpu_s):
            return TimedOut("total_cpu_s", self.limits.total_cpu_s)
        if code == -signal.SIGKILL and self._killed_by_us:
            return Crashed(None, "it closed its channel")
        if code == -signal.SIGKILL and self._confined:
            peak_mb = end["peak_kb"] // 1024
            return GraderFault(
                f"a worker was killed from outside (SIGKILL), its memory had peaked at {peak_mb} MB: is the machine short of it?"
            )
        return Crashed(code)

    def _read_end(self) -> dict[str, Any]:
        """What the fork server wrote, or before it the worker while nothing of the submission's had run."""
        if not self._status_came(0.2):
            # The channel is closed but the process lives on, or is about to end: a signal does not change how.
            self._killed_by_us = True
            self._process.signal(signal.SIGKILL)
            self._status_came(END_SECONDS)
        return self._read_status()

    def _status_came(self, seconds: float) -> bool:
        """Wait until something can be read from the status pipe, or nothing ever will."""
        with selectors.DefaultSelector() as readable:
            readable.register(self._status_pipe, selectors.EVENT_READ)
            return bool(readable.select(seconds))

    def _read_status(self) -> dict[str, Any]:
        """The first line of the status pipe; nothing where there is none yet."""
        try:
            os.set_blocking(self._status_pipe, False)
            first, _, _ = os.read(self._status_pipe, 65536).partition(b"\n")
            end: dict[str, Any] = json.loads(first or b"{}")
            return end
        except (OSError, ValueError):
            return {}
