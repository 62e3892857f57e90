"""Attacks on the grader through `attention`: taking all time, memory, threads, files and patience that there are.

Each has a small bound of its own where it can: what a failed defence lets through must not take the machine along.
"""

import ctypes
import mmap
import os
import re
import resource
import signal
import sys
import tempfile
import threading
import time

import torch

from grader.variants import hostile
from solutions.attention import seq2seq_attention

honest = seq2seq_attention
BOUND = 2 * 2**30  # bytes that a memory bomb asks for at most


# Time


@hostile("hostile-endless-loop", replaces="softmax", verdict="timeout")
def endless_loop(x, dim):
    while True:
        pass


@hostile("hostile-sleep", replaces="seq2seq_attention", verdict="timeout")
def sleep(decoder, encoder, lengths):
    time.sleep(10_000)


@hostile("hostile-regular-expression", replaces="seq2seq_attention", verdict="timeout")
def regular_expression(decoder, encoder, lengths):
    """Two to the power of forty steps in one call of C."""
    return re.match(r"(a+)+$", "a" * 40 + "b")


@hostile("hostile-large-power", replaces="seq2seq_attention", verdict="timeout")
def large_power(decoder, encoder, lengths):
    return 3 ** (3**17)


@hostile("hostile-large-product", replaces="seq2seq_attention", verdict="timeout")
def large_product(decoder, encoder, lengths):
    x = torch.ones(2000, 2000, dtype=torch.float64)
    while True:
        x = (x @ x).clamp(max=1.0)


@hostile("hostile-deadlock", replaces="seq2seq_attention", verdict="timeout")
def deadlock(decoder, encoder, lengths):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


@hostile("hostile-ignores-signals", replaces="seq2seq_attention", verdict="timeout")
def ignores_signals(decoder, encoder, lengths):
    for number in range(1, 65):
        try:
            signal.signal(number, lambda *_: None)
        except (OSError, ValueError):
            pass
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (1, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    except (OSError, ValueError):
        pass
    while True:
        pass


@hostile("hostile-catches-everything", replaces="seq2seq_attention", verdict="timeout")
def catches_everything(decoder, encoder, lengths):
    try:
        while True:
            pass
    except BaseException:
        return honest(decoder, encoder, lengths)
    finally:
        while True:
            pass


@hostile("hostile-stops-itself", replaces="seq2seq_attention", verdict="failed")
def stops_itself(decoder, encoder, lengths):
    """The first process of a pid namespace does not take its own signals; it would be a time-out otherwise."""
    for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGKILL, signal.SIGTERM):
        os.kill(os.getpid(), number)
    return None


@hostile("hostile-almost-too-slow", replaces="seq2seq_attention", verdict="timeout")
def almost_too_slow(decoder, encoder, lengths):
    """Right, and each call just within what a check may take: a check calls it more than once."""
    until = time.process_time() + 0.45
    while time.process_time() < until:
        pass
    return honest(decoder, encoder, lengths)


@hostile("hostile-threads-that-go-on", replaces="softmax", verdict="failed")
def threads_that_go_on(x, dim):
    """They would take the cores of those who are graded next."""

    def spin():
        while True:
            pass

    sys.setswitchinterval(1e-4)  # or they would use up the time of its own answers, by chance in one check or another
    while len(spinning) < 4:
        spinning.append(threading.Thread(target=spin, daemon=True))
        spinning[-1].start()
    return torch.zeros_like(x)


spinning = []


# Time at import: a default value is computed when the function is defined


@hostile("hostile-slow-import", replaces="seq2seq_attention", verdict="timeout", breaks="everything")
def slow_import(decoder, encoder, lengths, slept=time.sleep(10_000)):
    return None


@hostile("hostile-endless-import", replaces="seq2seq_attention", verdict="timeout", breaks="everything")
class endless_import:
    while True:
        pass


@hostile("hostile-exit-at-import", replaces="seq2seq_attention", verdict="crashed", breaks="everything")
class exit_at_import:
    os._exit(0)


@hostile("hostile-memory-at-import", replaces="seq2seq_attention", verdict="memory", breaks="everything")
class memory_at_import:
    taken = torch.ones(BOUND // 4)


@hostile("hostile-interrupt-at-import", replaces="seq2seq_attention", verdict="error", breaks="everything")
class interrupt_at_import:
    raise KeyboardInterrupt("x" * 10**7)


# Memory


@hostile("hostile-memory", replaces="softmax", verdict="memory")
def memory(x, dim):
    return torch.ones(BOUND // 4)


@hostile("hostile-memory-bit-by-bit", replaces="seq2seq_attention", verdict="memory")
def memory_bit_by_bit(decoder, encoder, lengths):
    return [bytearray(2**20) for _ in range(BOUND // 2**20)]


@hostile("hostile-hidden-memory", replaces="seq2seq_attention", verdict="error")
def hidden_memory(decoder, encoder, lengths):
    """Memory that the limit of data does not count: shared, growing downwards, of huge pages, in files."""
    held = []
    private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    for way in (mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, private | 0x100, private | 0x40000, os.memfd_create, None):
        try:
            for number in range(8):
                if way is None:
                    with open(f"{tempfile.gettempdir()}/{number}", "wb") as file:
                        file.write(bytes(2**20))
                elif callable(way):
                    os.truncate(way(str(number)), 2**28)
                else:
                    held.append(mmap.mmap(-1, 2**28, flags=way))
        except OSError as error:
            refused = error
        else:
            return None
    raise refused


@hostile("hostile-page-tables", replaces="seq2seq_attention", verdict="error")
def page_tables(decoder, encoder, lengths):
    """A terabyte that is only reserved: what describes it would be paid by the kernel."""
    return mmap.mmap(-1, 2**40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ)


@hostile("hostile-recursion", replaces="seq2seq_attention", verdict="error")
def recursion(decoder, encoder, lengths):
    def down(depth):
        return down(depth + 1)

    return down(0)


@hostile("hostile-stack-overflow", replaces="seq2seq_attention", verdict="crashed")
def stack_overflow(decoder, encoder, lengths):
    """In C, where no counter stops it."""
    nested = ()
    for _ in range(500_000):
        nested = (nested,)
    return hash(nested)


@hostile("hostile-segfault", replaces="softmax", verdict="crashed")
def segfault(x, dim):
    return ctypes.string_at(0)


@hostile("hostile-abort", replaces="seq2seq_attention", verdict="crashed")
def abort(decoder, encoder, lengths):
    os.abort()


# Processes and threads


@hostile("hostile-fork-bomb", replaces="softmax", verdict="error")
def fork_bomb(x, dim):
    for _ in range(4):
        os.fork()
    time.sleep(5)


@hostile("hostile-threads", replaces="seq2seq_attention", verdict="crashed")
def threads(decoder, encoder, lengths):
    """A thousand: the limit of threads stops an ordinary user's, the watch ends root's."""
    threading.stack_size(32768)
    try:
        for _ in range(1000):
            threading.Thread(target=time.sleep, args=(10_000,), daemon=True).start()
    except RuntimeError:
        os._exit(1)
    time.sleep(10_000)


# Output


@hostile("hostile-print-forever", replaces="seq2seq_attention", verdict="timeout")
def print_forever(decoder, encoder, lengths):
    while True:
        print("x" * 10_000)


@hostile("hostile-floods-descriptors", replaces="seq2seq_attention", verdict="timeout")
def floods_descriptors(decoder, encoder, lengths):
    """Past Python's streams, and with bytes that are no text."""
    while True:
        os.write(2, b"\xff\x00\x1b[2J" * 10_000)


@hostile("hostile-closes-its-streams", replaces="seq2seq_attention", verdict="failed")
def closes_its_streams(decoder, encoder, lengths):
    sys.stdout.close()
    sys.stderr = None
    os.close(1)
    return None


# Exceptions


@hostile("hostile-exception-of-50-megabytes", replaces="seq2seq_attention", verdict="error")
def exception_of_50_megabytes(decoder, encoder, lengths):
    raise ValueError("x" * (50 * 2**20))


@hostile("hostile-traceback-without-end", replaces="seq2seq_attention", verdict="error")
def traceback_without_end(decoder, encoder, lengths):
    sys.setrecursionlimit(10**6)

    def down(depth):
        if depth == 10_000:
            raise ValueError("so deep")
        down(depth + 1)

    down(0)


@hostile("hostile-exception-that-cannot-be-read", replaces="seq2seq_attention", verdict="error")
def exception_that_cannot_be_read(decoder, encoder, lengths):
    class Unreadable(Exception):
        def __str__(self):
            os.closerange(1, 3)
            raise SystemExit(0)

        __repr__ = __str__

    raise Unreadable


@hostile("hostile-exception-that-never-ends", replaces="seq2seq_attention", verdict="timeout")
def exception_that_never_ends(decoder, encoder, lengths):
    class Endless(Exception):
        def __str__(self):
            while True:
                pass

    raise Endless


@hostile("hostile-exception-of-an-evil-class", replaces="seq2seq_attention", verdict="error")
def exception_of_an_evil_class(decoder, encoder, lengths):
    class Meta(type):
        __name__ = property(lambda cls: "x" * 10**7)
        __instancecheck__ = lambda cls, value: True  # noqa: E731

    class Evil(Exception, metaclass=Meta):
        pass

    raise Evil("\x1b[2J")


@hostile("hostile-chain-of-causes", replaces="seq2seq_attention", verdict="error")
def chain_of_causes(decoder, encoder, lengths):
    error = ValueError("the last")
    error.__cause__ = error.__context__ = error
    raise error


# Files and descriptors


@hostile("hostile-many-files", replaces="seq2seq_attention", verdict="error")
def many_files(decoder, encoder, lengths):
    for number in range(5000):
        with open(f"{tempfile.gettempdir()}/{os.urandom(8).hex()}{number}", "w"):
            pass


@hostile("hostile-large-file", replaces="seq2seq_attention", verdict="error")
def large_file(decoder, encoder, lengths):
    with open(f"{tempfile.gettempdir()}/large", "wb") as file:
        for _ in range(64):
            file.write(bytes(2**20))


@hostile("hostile-deep-folders", replaces="seq2seq_attention", verdict="error")
def deep_folders(decoder, encoder, lengths):
    os.chdir(tempfile.gettempdir())
    for _ in range(5000):
        os.mkdir("d" * 200)
        os.chdir("d" * 200)


@hostile("hostile-descriptors", replaces="seq2seq_attention", verdict="error")
def descriptors(decoder, encoder, lengths):
    held = []
    try:
        for _ in range(5000):
            held.append(os.dup(2))
    finally:
        for number in held:
            os.close(number)
