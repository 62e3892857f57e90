"""A warm interpreter that forks one worker a request: numpy and torch are imported once, never a submission's source.

A request is one line of JSON on the control socket (the limits) with three descriptors: the worker's channel, the
write end of its output pipe and the write end of its status pipe.

    fork server ── fork ── keeper ── fork ── worker
                           waits and writes how the worker ended to the status pipe

The keeper puts itself into new namespaces and gives up its privileges first; the worker is pid 1 of the pid namespace,
so its end is the end of everything that it left behind.

Where namespaces cannot be had (the sandbox "user"), server and keepers are root's, and each worker becomes a user of its
own: it can reach neither them nor another worker. It cannot fork, so it leaves nothing but its folder, which the keeper removes.
"""

import contextlib
import gc
import io
import json
import os
import signal
import socket
import sys
import traceback
from typing import Any

from . import confine, worker

CHANNEL, OUTPUT, STATUS = range(3)
READY = b"ready\n"


def main(
    control_descriptor: int,
    filter_program: bytes | None,
    gpu: bool = False,
    trains: bool = False,
    folders: str | None = None,
    parent: int = 0,
) -> None:
    """Serve until the control socket closes. Without a filter program workers are not confined.

    gpu: whether workers may use the GPU that lies in /dev. CUDA does not survive a fork: each worker starts it anew.
    trains: whether most workers will make an optimiser; the first one of a process imports for more than a second.
    folders: for the sandbox "user", where each worker gets a folder; parent: then, the grading process.
    """
    control = socket.socket(fileno=control_descriptor)
    if folders is not None:
        confine.die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the grader, which then closes this server
    worker.prepare(gpu, trains)
    gc.collect()
    gc.freeze()  # objects of the server are not scanned, so not copied, in the children
    control.sendall(READY)
    while True:
        text, descriptors, _, _ = socket.recv_fds(control, 65536, 3)
        if not text:
            return
        keeper = os.fork()
        if keeper == 0:
            _become_keeper(json.loads(text), descriptors, control, filter_program, gpu, folders)
        for descriptor in descriptors:
            os.close(descriptor)
        _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _become_keeper(
    limits: dict[str, Any],
    descriptors: list[int],
    control: socket.socket,
    filter_program: bytes | None,
    gpu: bool,
    folders: str | None,
) -> None:
    """In the first fork: never returns."""
    server, folder = os.getppid(), None
    try:
        os.setsid()  # a signal to a process group crosses pid namespaces: nobody may share a submission's group
        os.dup2(descriptors[OUTPUT], 1)
        os.dup2(descriptors[OUTPUT], 2)
        control.close()
        confine.limit_resources(limits["memory_mb"], limits["total_cpu_s"], limits["scratch_mb"], gpu)
        if filter_program:
            confine.die_first()
            if folders is None:
                confine.own_namespaces(limits["scratch_mb"], gpu)
                confine.drop_privileges()
            else:
                confine.die_with_parent(server)
                folder = confine.own_folder(folders)
            confine.undumpable()
        pid = os.fork()
        if pid == 0:
            _become_worker(descriptors, filter_program, folder)
        os.close(descriptors[CHANNEL])
        _, status, usage = os.wait4(pid, 0)
        end = {
            "code": os.waitstatus_to_exitcode(status),
            "peak_kb": usage.ru_maxrss,
            "cpu_s": usage.ru_utime + usage.ru_stime,
        }
        with contextlib.suppress(BrokenPipeError):  # the grader has killed its worker, and asks nothing more
            os.write(descriptors[STATUS], json.dumps(end).encode())
        if folder is not None:
            confine.remove_tree(folder)
    except BaseException as error:
        os.write(descriptors[STATUS], json.dumps({"refused": f"{type(error).__name__}: {error}"}).encode())
    finally:
        os._exit(0)


def _become_worker(descriptors: list[int], filter_program: bytes | None, folder: str | None) -> None:
    """In the second fork: never returns."""
    code, keeper = 1, os.getppid()
    try:
        os.setsid()
        os.close(descriptors[STATUS])
        os.close(descriptors[OUTPUT])
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8", errors="replace")
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8", errors="replace")
        if folder is not None:
            confine.become_nobody(folder)
            confine.drop_privileges()
            confine.undumpable()
            confine.die_with_parent(keeper)
        if filter_program:
            confine.filter_system_calls(filter_program)
        worker.serve(socket.socket(fileno=descriptors[CHANNEL]))
        code = 0
    except SystemExit:
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode(errors="replace"))
    finally:
        os._exit(code)
