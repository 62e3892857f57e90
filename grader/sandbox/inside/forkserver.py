"""A warm interpreter that forks one worker a request: numpy and torch are imported once, never a submission's source.

A request is one line of JSON on the control socket (the limits, and the cores to run on) with three descriptors: the
worker's channel, the write end of its output pipe and the write end of its status pipe. How the worker ended is written to
the status pipe.

The worker is pid 1 of a pid namespace of its own, so its end is the end of everything that it left behind. It puts itself into
further namespaces, and gives up its privileges, before it reads a submission. The server has one privilege, to make these
pid namespaces; it never reads anything that a submission wrote.

Where namespaces cannot be had (the sandbox "user"), the server is root's, and each worker becomes a user of its own: it can
reach neither the server nor another worker. It cannot fork, so it leaves nothing but its folder, which the server removes.
"""

import contextlib
import gc
import io
import json
import os
import selectors
import signal
import socket
import sys
import traceback
from dataclasses import dataclass
from typing import Any

from . import confine, worker

CHANNEL, OUTPUT, STATUS = range(3)
READY = b"ready\n"


@dataclass(frozen=True)
class Confinement:
    """How workers are confined. program: the compiled system call filter; None: not at all.

    gpu: whether workers may use the GPU that lies in /dev. CUDA does not survive a fork: each worker starts it anew.
    folders: for the sandbox "user", where each worker gets a folder.
    """

    program: bytes | None
    gpu: bool = False
    folders: str | None = None

    @property
    def by_namespaces(self) -> bool:
        return self.program is not None and self.folders is None


@dataclass(frozen=True)
class Child:
    """status: the pipe that a worker's end is written to; None: no worker, but what removes a worker's folder."""

    pid: int
    status: int | None


def main(
    control_descriptor: int,
    filter_program: bytes | None,
    gpu: bool = False,
    trains: bool = False,
    folders: str | None = None,
    parent: int = 0,
) -> None:
    """Serve until the control socket closes. Without a filter program workers are not confined.

    trains: whether most workers will make an optimiser; the first one of a process imports for more than a second.
    parent: for the sandbox "user", the process that the server shall end with.
    """
    control = socket.socket(fileno=control_descriptor)
    if folders is not None:
        confine.die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, which then closes this server
    worker.prepare(gpu, trains)
    gc.collect()
    gc.freeze()  # objects of the server are not scanned, so not copied, in the children
    control.sendall(READY)
    _serve(control, Confinement(filter_program, gpu, folders))
    os._exit(0)  # torch would take its time to end


def _serve(control: socket.socket, confinement: Confinement) -> None:
    """An event is a request, or the end of a child."""
    events = selectors.DefaultSelector()
    events.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in events.select():
            if key.data is None:
                text, descriptors = _request(control)
                if not text:
                    return
                child, end = _fork(json.loads(text), descriptors, confinement)
                events.register(end, selectors.EVENT_READ, child)
            else:
                events.unregister(key.fd)
                os.close(key.fd)
                _report(key.data)
                if confinement.folders is not None and key.data.status is not None:
                    remover = confine.remove_tree(confine.folder_of(confinement.folders, key.data.pid))
                    events.register(os.pidfd_open(remover), selectors.EVENT_READ, Child(remover, None))


def _request(control: socket.socket) -> tuple[bytes, list[int]]:
    """What is asked for, and the descriptors of a worker; nothing when nobody will ask any more."""
    try:
        text, descriptors, _, _ = socket.recv_fds(control, 65536, 3)
        return text, descriptors
    except ConnectionResetError:  # closed, and what was said here first lies unread
        return b"", []


def _fork(wanted: dict[str, Any], descriptors: list[int], confinement: Confinement) -> tuple[Child, int]:
    """A new worker, and a descriptor that can be read once it has ended."""
    # Elsewhere than on Linux, where nothing is confined: a pipe that the worker holds.
    end, held = (None, None) if hasattr(os, "pidfd_open") else os.pipe()
    server = os.getpid()
    if wanted["cores"]:
        with contextlib.suppress(OSError):  # quicker where it can be had
            os.sched_setaffinity(0, wanted["cores"])  # this process too: whoever asked waits, so its core is free
    pid = confine.fork_with_own_pids() if confinement.by_namespaces else os.fork()
    if pid == 0:
        _become_worker(wanted, descriptors, confinement, server, held)
    os.close(descriptors[CHANNEL])
    os.close(descriptors[OUTPUT])
    if held is not None:
        os.close(held)
    return Child(pid, descriptors[STATUS]), os.pidfd_open(pid) if end is None else end


def _report(child: Child) -> None:
    """Write how a child ended."""
    _, status, usage = os.wait4(child.pid, 0)
    if child.status is None:
        return
    end = {
        "code": os.waitstatus_to_exitcode(status),
        "peak_kb": usage.ru_maxrss,
        "cpu_s": usage.ru_utime + usage.ru_stime,
    }
    with contextlib.suppress(BrokenPipeError):  # the grader has killed its worker, and asks nothing more
        os.write(child.status, json.dumps(end).encode() + b"\n")
    os.close(child.status)


def _become_worker(
    wanted: dict[str, Any], descriptors: list[int], confinement: Confinement, server: int, held: int | None
) -> None:
    """In the fork: never returns. A worker that cannot be confined tells why, and runs nothing."""
    code = 1
    try:
        os.setsid()  # a signal to a process group crosses pid namespaces: nobody may share a submission's group
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.dup2(descriptors[OUTPUT], 1)
        os.dup2(descriptors[OUTPUT], 2)
        _close_all_but({0, 1, 2, descriptors[CHANNEL], descriptors[STATUS], held or 0})
        try:
            _confine(wanted["limits"], confinement, server)
        except BaseException as error:
            os.write(descriptors[STATUS], json.dumps({"refused": f"{type(error).__name__}: {error}"}).encode() + b"\n")
            raise SystemExit from None
        os.close(descriptors[STATUS])
        channel = _renumbered(descriptors[CHANNEL]) if held is None else descriptors[CHANNEL]
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8", errors="replace")
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", errors="replace")
        worker.serve(socket.socket(fileno=channel))
        code = 0
    except SystemExit:
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode(errors="replace"))
    finally:
        os._exit(code)


def _close_all_but(kept: set[int]) -> None:
    """Descriptors of the server: its control socket, its neighbours' status pipes."""
    low = 0
    for descriptor in [*sorted(kept), os.sysconf("SC_OPEN_MAX")]:
        if low < descriptor:  # os.closerange(0, 0) closes all there are
            os.closerange(low, descriptor)
        low = descriptor + 1


def _renumbered(channel: int) -> int:
    """The channel as descriptor 3, whatever else the server had open: all workers are alike."""
    if channel != 3:
        os.dup2(channel, 3)
        os.close(channel)
    return 3


def _confine(limits: dict[str, Any], confinement: Confinement, server: int) -> None:
    """Give up all that a submission must not have, in the order in which the steps take from one another."""
    confine.limit_resources(limits["memory_mb"], limits["total_cpu_s"], limits["scratch_mb"], confinement.gpu)
    if confinement.program is None:
        return
    confine.die_first()
    if confinement.folders is None:
        confine.own_namespaces(limits["scratch_mb"], confinement.gpu)
    else:
        confine.become_nobody(confinement.folders)
    confine.drop_privileges()
    confine.undumpable()
    if confinement.folders is not None:
        confine.die_with_parent(server)  # a change of user would have undone it
    confine.filter_system_calls(confinement.program)
