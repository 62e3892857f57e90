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

import torch

from ..errors import Crashed, GraderFault, OutOfMemory, TimedOut
from .inside.fault import Fault
from .inside.protocol import HEADER, JSON_BYTES, Encoder, ProtocolError, decode, pack, unpack
from .inside.session import Outcome
from .launch import ForkServer
from .limits import Limits

POLL_SECONDS = 0.05
START_SECONDS = 30.0
PAGE = os.sysconf("SC_PAGE_SIZE")
CREDENTIALS = struct.Struct("3i")


@dataclass
class Usage:
    """What a submission has used so far, over all of its workers."""

    cpu_s: float = 0.0
    wall_s: float = 0.0


class Worker:
    """One forked worker with one submission loaded. `usage` and `output` are shared by the workers of a submission."""

    def __init__(self, server: ForkServer, limits: Limits, usage: Usage, output: bytearray) -> None:
        self.limits, self.usage, self.output = limits, usage, output
        self.alive = True
        self.pid = 0
        self._channel, self._output_pipe, self._status_pipe = server.spawn(limits)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._channel, selectors.EVENT_READ)
        self._selector.register(self._output_pipe, selectors.EVENT_READ)
        self._selector.register(self._status_pipe, selectors.EVENT_READ)
        self._check_cpu_s = self._check_wall_s = self._cpu_seen = 0.0
        self._memory_floor_kb = 0
        self._greet()

    def _greet(self) -> None:
        """Learn the worker's real pid from the kernel; nothing of the student's has run yet."""
        self._channel.settimeout(START_SECONDS)
        try:
            data, ancillary, _, _ = self._channel.recvmsg(65536, socket.CMSG_SPACE(CREDENTIALS.size))
        except (TimeoutError, OSError) as error:
            self.kill()
            raise GraderFault(f"a worker did not start: {error}") from error
        if not data:
            raise GraderFault(f"a worker did not start: {self._read_end().get('refused', 'it ended at once')}")
        self.pid = (
            CREDENTIALS.unpack(ancillary[0][2])[0] if ancillary else int(json.loads(data[HEADER.size :])["hello"])
        )
        if hasattr(socket, "SO_PASSCRED"):
            self._channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        self._memory_floor_kb = self._resident_kb()

    def load(self, source: str, filename: str, forbidden: dict[str, list[str]]) -> Outcome:
        """Have the submission's source run."""
        message = {
            "source": source,
            "filename": filename,
            "forbidden": forbidden,
            "answer_bytes": self.limits.answer_mb * 2**20,
        }
        return self._exchange(pack(message, {}))

    def perform(self, verb: str, request: dict[str, Any]) -> Outcome:
        """Have one request carried out. Raises TimedOut, OutOfMemory or Crashed; the worker is gone then."""
        encoder = Encoder(keep_layout=True)
        return self._exchange(pack({"verb": verb, "request": encoder.encode(request)}, encoder.arrays))

    def begin_check(self) -> None:
        """From here on a new check's limits count."""
        self._check_cpu_s = self._check_wall_s = 0.0

    def kill(self) -> None:
        """End the worker and let its connections go."""
        if not self.alive:
            return
        self.alive = False
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._drain(self._output_pipe)
        self._selector.close()
        self._channel.close()
        os.close(self._output_pipe)
        os.close(self._status_pipe)

    def _exchange(self, frame: bytes) -> Outcome:
        started = time.monotonic()
        self._channel.settimeout(self.limits.check_wall_s)
        try:
            self._channel.sendall(frame)
            header = self._receive(HEADER.size, started)
            text_length, blob_length = HEADER.unpack(header)
            if text_length > JSON_BYTES or blob_length > self.limits.answer_mb * 2**20 + JSON_BYTES:
                raise ProtocolError("an answer larger than its limit")
            message, arrays = unpack(self._receive(text_length, started), self._receive(blob_length, started))
            return _outcome(message, arrays)
        except TimeoutError:
            self.kill()
            raise TimedOut("check_wall_s", self.limits.check_wall_s) from None
        except (BrokenPipeError, ConnectionResetError):
            raise self._ended() from None
        except ProtocolError as error:
            self.kill()
            raise Crashed(None, str(error)) from None
        except (TimedOut, OutOfMemory):
            self.kill()
            raise
        finally:
            elapsed = time.monotonic() - started
            self.usage.wall_s += elapsed
            self._check_wall_s += elapsed
            if self.alive:
                self._count_cpu()

    def _receive(self, count: int, started: float) -> bytes:
        """Exactly `count` bytes, with an eye on every limit while they do not come."""
        buffer = bytearray()
        while len(buffer) < count:
            ready = {key.fileobj for key, _ in self._selector.select(POLL_SECONDS)}
            if self._output_pipe in ready:
                self._drain(self._output_pipe)
            if self._channel in ready:
                received = self._channel.recv(min(count - len(buffer), 2**20))
                if not received:
                    raise self._ended()
                buffer += received
            else:
                if self._status_pipe in ready:
                    raise self._ended()
                self._check_limits(time.monotonic() - started)
        return bytes(buffer)

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
        if self._resident_kb() - self._memory_floor_kb > limits.memory_mb * 1024 + 65536:
            raise OutOfMemory(limits.memory_mb)

    def _count_cpu(self) -> None:
        """Add the CPU time since the last count, read from the process's own clock by its pid."""
        try:
            now = time.clock_gettime((~self.pid << 3) | 2)  # the clock id that clock_getcpuclockid(3) gives
        except OSError:
            return
        self._check_cpu_s += now - self._cpu_seen
        self.usage.cpu_s += now - self._cpu_seen
        self._cpu_seen = now

    def _resident_kb(self) -> int:
        try:
            with open(f"/proc/{self.pid}/statm", encoding="ascii") as statm:
                return int(statm.read().split()[1]) * PAGE // 1024
        except (OSError, IndexError):
            return 0

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
        """Why the worker is gone, as its keeper tells."""
        end = self._read_end()
        self.kill()
        if "refused" in end:
            return GraderFault(f"a worker could not be confined: {end['refused']}")
        code = end.get("code")
        if code == -signal.SIGXCPU:
            return TimedOut("total_cpu_s", self.limits.total_cpu_s)
        return Crashed(code)

    def _read_end(self) -> dict[str, Any]:
        """What the keeper wrote (it is ours, and the worker cannot reach it)."""
        readable = selectors.DefaultSelector()
        readable.register(self._status_pipe, selectors.EVENT_READ)
        try:
            if not readable.select(2.0) and self.pid:
                # The channel is closed but the process lives on: end it, then its keeper speaks.
                os.kill(self.pid, signal.SIGKILL)
                readable.select(5.0)
            end: dict[str, Any] = json.loads(os.read(self._status_pipe, 65536) or b"{}")
            return end
        except (OSError, ValueError):
            return {}
        finally:
            readable.close()


def _outcome(message: dict[str, Any], arrays: dict[str, torch.Tensor]) -> Outcome:
    try:
        mutated = tuple(str(place)[:200] for place in list(message.get("mutated") or [])[:50])
        if "too_large" in message:
            fault = Fault("too_large", message=str(message["too_large"])[:300])
            return Outcome(fault=fault)
        if message.get("fault") is not None:
            return Outcome(fault=Fault.from_json(message["fault"]), mutated=mutated)
        return Outcome(decode(message["value"], arrays), None, mutated)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, OverflowError, RecursionError) as error:
        raise ProtocolError(f"an answer that cannot be read ({type(error).__name__})") from None
