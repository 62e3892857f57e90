"""Attacks on the grader through `attention`: system calls that lead out of the sandbox, or reach what all processes share.

Each asks for one thing in all the ways that it knows. Where one way is open it answers as an honest solution would, and
the suite sees full marks where an error was deserved.
"""

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import termios
import urllib.request

from grader.variants import hostile
from solutions.attention import seq2seq_attention

honest = seq2seq_attention
libc = ctypes.CDLL(None, use_errno=True)
NOT_PERMITTED = (errno.EPERM, errno.EACCES, errno.ENOSYS)


def raw(number, *arguments):
    """A system call by its number on x86-64."""

    def call():
        if libc.syscall(number, *arguments) < 0:
            raise OSError(ctypes.get_errno(), f"system call {number}")

    return call


def c(name, *arguments):
    """A function of the C library."""

    def call():
        if getattr(libc, name)(*arguments) < 0:
            raise OSError(ctypes.get_errno(), name)

    return call


def all_refused(*ways, by=None):
    """Raises PermissionError when none of the ways is open; by: the only error numbers that count as a refusal."""
    for way in ways:
        try:
            way()
        except OSError as error:
            if by and error.errno not in by:
                return
        else:
            return
    raise PermissionError("every way is closed")


# Processes and namespaces


@hostile("hostile-runs-programs", replaces="seq2seq_attention", verdict="error")
def runs_programs(decoder, encoder, lengths):
    all_refused(
        lambda: subprocess.run([sys.executable, "-c", ""], check=False),
        lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {}),
        lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
        raw(322, 3, b"", None, None, 0x1000),  # execveat
        raw(58),  # vfork
        by=NOT_PERMITTED,
    )
    return honest(decoder, encoder, lengths)


@hostile("hostile-new-namespaces", replaces="seq2seq_attention", verdict="error")
def new_namespaces(decoder, encoder, lengths):
    flags = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000, 0x80)
    all_refused(*(c("unshare", flag) for flag in flags), *(c("setns", 0, flag) for flag in flags), by=NOT_PERMITTED)
    return honest(decoder, encoder, lengths)


@hostile("hostile-clones-into-namespaces", replaces="seq2seq_attention", verdict="error")
def clones_into_namespaces(decoder, encoder, lengths):
    """clone and clone3 know more flags than a filter that looks for fork."""
    structure = struct.pack("QQQQQQQQ", 0x10000000, 0, 0, 0, 17, 0, 0, 0)
    thread = 0x00010F00
    ways = [raw(56, 0x10000000 | 17, None, None, None, None), raw(435, structure, len(structure))]
    for flag in (0x00020000, 0x10000000, 0x20000000, 0x40000000):
        ways.append(raw(56, thread | flag, None, None, None, None))
    all_refused(*ways, by=NOT_PERMITTED)
    return honest(decoder, encoder, lengths)


@hostile("hostile-debugs-others", replaces="seq2seq_attention", verdict="error")
def debugs_others(decoder, encoder, lengths):
    ways = [
        c("ptrace", 0, 0, None, None),
        raw(312, 1, 1, 0, 0, 0),
        raw(434, 1, 0),
        raw(438, 0, 0, 0),
        raw(440, 0, 0, 0, 4, 0),
    ]
    all_refused(*ways, c("process_vm_readv", 1, None, 0, None, 0, 0), by=NOT_PERMITTED)
    return honest(decoder, encoder, lengths)


@hostile("hostile-kills-neighbours", replaces="softmax", verdict="failed")
def kills_neighbours(x, dim):
    """Its process group, whatever it may signal, and the process that started it."""
    for target in (0, -1, os.getppid()):
        for number in (signal.SIGSTOP, signal.SIGKILL):
            with contextlib.suppress(OSError):
                os.kill(target, number)
    return x * 0


# The network, and other processes' sockets


@hostile("hostile-network", replaces="softmax", verdict="error")
def network(x, dim):
    return urllib.request.urlopen("http://192.0.2.1/solution").read()  # an address that belongs to nobody (RFC 5737)


@hostile("hostile-sockets", replaces="seq2seq_attention", verdict="error")
def sockets(decoder, encoder, lengths):
    """Unix, IPv4, IPv6, netlink, packet, virtual machine, Bluetooth, and those of the kernel's cryptography."""
    families = ((1, 1), (2, 1), (2, 2), (10, 1), (16, 3), (17, 3), (40, 1), (31, 5), (38, 5), (44, 3))
    ways = [lambda family=family, kind=kind: socket.socket(family, kind) for family, kind in families]
    all_refused(*ways, socket.socketpair, by=NOT_PERMITTED)
    return honest(decoder, encoder, lengths)


@hostile("hostile-socket-tricks", replaces="seq2seq_attention", verdict="error")
def socket_tricks(decoder, encoder, lengths):
    """On the one socket that it has: a byte out of band, ancillary data, a filter, another address."""
    number = next(number for number in range(3, 64) if stat.S_ISSOCK(os.fstat(number).st_mode))
    own = socket.socket(fileno=os.dup(number))
    all_refused(
        lambda: own.send(b"x", socket.MSG_OOB),
        lambda: own.sendmsg([b"x"]),
        lambda: own.recvmsg(1, 64, socket.MSG_DONTWAIT),
        lambda: own.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1),
        lambda: own.connect("\0grader"),
        lambda: own.bind("\0grader"),
        by=NOT_PERMITTED,
    )
    return honest(decoder, encoder, lengths)


# Files and mounts


@hostile("hostile-mounts", replaces="seq2seq_attention", verdict="error")
def mounts(decoder, encoder, lengths):
    scratch = tempfile.gettempdir().encode()
    all_refused(
        c("mount", b"proc", scratch, b"proc", 0, None),
        c("mount", b"/", scratch, None, 0x1000, None),  # bind
        c("mount", None, b"/", None, 0x20, None),  # remount, writable
        c("umount2", b"/proc", 2),
        c("umount2", scratch, 2),
        raw(155, scratch, scratch),  # pivot_root
        c("chroot", scratch),
        raw(428, -100, b"/", 1),  # open_tree
        raw(430, b"proc", 0),  # fsopen
        by=NOT_PERMITTED,
    )
    return honest(decoder, encoder, lengths)


@hostile("hostile-links-out", replaces="seq2seq_attention", verdict="error")
def links_out(decoder, encoder, lengths):
    """Symbolic links in its own folder may point anywhere; hard links may not leave it; handles lead around paths."""
    scratch = tempfile.gettempdir()
    link = f"{scratch}/{os.urandom(4).hex()}"
    os.symlink("/proc/1/root/etc/passwd", link)
    all_refused(
        lambda: open(link).close(),
        lambda: open(f"{scratch}/../../../../etc/passwd").close(),
        lambda: os.link(os.__file__, f"{link}.py"),
        raw(303, -100, b"/", ctypes.create_string_buffer(64), ctypes.create_string_buffer(8), 0),  # name_to_handle_at
        raw(304, 3, ctypes.create_string_buffer(64), 0),  # open_by_handle_at
    )
    return honest(decoder, encoder, lengths)


@hostile("hostile-changes-the-runtime", replaces="seq2seq_attention", verdict="error")
def changes_the_runtime(decoder, encoder, lengths):
    """Python itself, as the next submission will import it."""
    path = os.__file__
    all_refused(
        lambda: open(path, "a").close(),
        lambda: os.truncate(path, 0),
        lambda: os.chmod(path, 0o777),
        lambda: os.chown(path, 0, 0),
        lambda: os.utime(path),
        lambda: os.rename(path, f"{path}.gone"),
        lambda: os.unlink(path),
        lambda: os.setxattr(path, "user.x", b""),
        lambda: open(os.path.dirname(path) + "/mine.py", "w").close(),
        lambda: open("/dot2vit/inside/worker.py", "a").close(),
        lambda: os.mknod("/dev/mine", 0o20666, os.makedev(1, 1)),
    )
    return honest(decoder, encoder, lengths)


@hostile("hostile-waits-for-no-one", replaces="seq2seq_attention", verdict="error")
def waits_for_no_one(decoder, encoder, lengths):
    """Leases, locks and watches on files that all workers and the grader read: others wait 45 seconds to open them."""
    path = os.__file__.replace("os.py", "antigravity.py")
    file = os.open(path, os.O_RDONLY)
    try:
        all_refused(
            lambda: fcntl.fcntl(file, 1024, fcntl.F_WRLCK),  # F_SETLEASE
            lambda: fcntl.fcntl(file, 1024, fcntl.F_RDLCK),
            raw(72, file, ctypes.c_ulong(2**32 + 1024), ctypes.c_ulong(1)),  # F_SETLEASE as a filter might not know it
            lambda: fcntl.fcntl(file, 1026, 1),  # F_NOTIFY
            lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB),
            lambda: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB),
            raw(294, 0),  # inotify_init1: there are 128 for all processes of a user
        )
    finally:
        os.close(file)
    return honest(decoder, encoder, lengths)


# Privileges


@hostile("hostile-becomes-root", replaces="seq2seq_attention", verdict="error")
def becomes_root(decoder, encoder, lengths):
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    all_refused(
        lambda: os.setuid(0),
        lambda: os.setresuid(0, 0, 0),
        lambda: os.setgid(0),
        lambda: os.setgroups([0]),
        c("capset", header, data),
        c("prctl", 24, 21, 0, 0, 0),  # PR_CAPBSET_DROP
        c("prctl", 47, 2, 21, 0, 0),  # PR_CAP_AMBIENT_RAISE
        c("prctl", 38, 0, 0, 0, 0),  # PR_SET_NO_NEW_PRIVS, back to 0
        lambda: os.nice(-5),
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    )
    return honest(decoder, encoder, lengths)


@hostile("hostile-asks-for-another-filter", replaces="seq2seq_attention", verdict="error")
def asks_for_another_filter(decoder, encoder, lengths):
    """A filter that allows everything is added to the one that does not; then what was refused is tried again."""
    allow_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000))
    program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow_all))
    libc.prctl(22, 2, program, 0, 0)
    libc.prctl(4, 1, 0, 0, 0)  # dumpable again: nobody is there to read it
    all_refused(os.fork, socket.socket, c("prctl", 22, 0, 0, 0, 0))
    return honest(decoder, encoder, lengths)


@hostile("hostile-strict-seccomp", replaces="seq2seq_attention", verdict="crashed")
def strict_seccomp(decoder, encoder, lengths):
    if libc.prctl(22, 1, 0, 0, 0) < 0:  # refused where a filter is in place
        os._exit(1)
    return honest(decoder, encoder, lengths)


@hostile("hostile-kernel-interfaces", replaces="seq2seq_attention", verdict="error")
def kernel_interfaces(decoder, encoder, lengths):
    """The parts of the kernel that broke most often."""
    zeros = ctypes.create_string_buffer(256)
    all_refused(
        raw(425, 8, zeros),  # io_uring_setup
        raw(321, 0, zeros, 64),  # bpf
        raw(323, 0),  # userfaultfd
        raw(298, zeros, 0, -1, -1, 0),  # perf_event_open
        raw(175, zeros, 0, b""),  # init_module
        raw(313, 0, b"", 0),  # finit_module
        raw(246, 0, 0, zeros, 0),  # kexec_load
        raw(320, 0, 0, 0, b"", 0),  # kexec_file_load
        raw(154, 0, zeros, 64),  # modify_ldt
        raw(135, 0x0040000),  # personality
        raw(172, 3),  # iopl
        raw(173, 0, 1, 1),  # ioperm
        raw(300, 0, 0),  # fanotify_init
        raw(447, 0),  # memfd_secret
        raw(103, 3, zeros, 64),  # syslog
        by=NOT_PERMITTED,
    )
    return honest(decoder, encoder, lengths)


@hostile("hostile-takes-what-all-share", replaces="seq2seq_attention", verdict="error")
def takes_what_all_share(decoder, encoder, lengths):
    """Things of which there is one number for the machine or for the user: whoever takes them all leaves none."""
    pipe = os.pipe()
    context = ctypes.c_ulong(0)
    try:
        all_refused(
            raw(206, 1000, ctypes.byref(context)),  # io_setup
            lambda: fcntl.fcntl(pipe[0], 1031, 2**20),  # F_SETPIPE_SZ
            lambda: mmap.mmap(-1, 2**21, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000),  # MAP_HUGETLB
            raw(29, 0, 4096, 0o1666),  # shmget
            raw(64, 0, 1, 0o1666),  # semget
            raw(68, 0, 0o1666),  # msgget
            raw(240, b"/x", 0o102, 0o600, None),  # mq_open
            raw(248, b"user", b"x", b"y", 1, -3),  # add_key
            raw(319, b"x", 0),  # memfd_create
            raw(162),  # sync: all that the machine has to write, now
            raw(306, pipe[0]),  # syncfs
            raw(221, pipe[0], 0, 0, 4),  # fadvise64, forget what is cached
            raw(275, pipe[0], None, pipe[1], None, 1, 2),  # splice
            raw(278, pipe[1], None, 0, 2),  # vmsplice
            raw(276, pipe[0], pipe[1], 1, 2),  # tee
            by=NOT_PERMITTED,
        )
    finally:
        os.close(pipe[0])
        os.close(pipe[1])
    return honest(decoder, encoder, lengths)


@hostile("hostile-types-into-a-terminal", replaces="seq2seq_attention", verdict="error")
def types_into_a_terminal(decoder, encoder, lengths):
    ways = [lambda number=number: fcntl.ioctl(number, termios.TIOCSTI, b"x") for number in range(4)]
    all_refused(*ways, lambda: os.open("/dev/tty", os.O_RDWR), lambda: os.open("/dev/ptmx", os.O_RDWR))
    return honest(decoder, encoder, lengths)


@hostile("hostile-x32", replaces="seq2seq_attention", verdict="crashed")
def x32(decoder, encoder, lengths):
    """The system call table of another architecture that this kernel may speak."""
    libc.syscall(0x40000000 | 57)
    os._exit(1)


@hostile("hostile-int-80", replaces="seq2seq_attention", verdict="crashed")
def int_80(decoder, encoder, lengths):
    """fork of a 32-bit program: mov eax, 2; int 0x80; ret."""
    page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
    page.write(bytes.fromhex("b802000000cd80c3"))
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    os._exit(1)


@hostile("hostile-changes-device-files", replaces="seq2seq_attention", verdict="error")
def changes_device_files(decoder, encoder, lengths):
    """The device files of the machine are mounted here; where root grades, they are root's to change."""
    node = "/dev/null"
    before = os.stat(node)
    all_refused(
        lambda: os.chmod(node, 0),
        lambda: os.chown(node, before.st_uid, before.st_gid),
        lambda: os.utime(node, (0, 0)),
        lambda: os.setxattr(node, "user.mine", b"mine"),
        lambda: os.unlink(node),
        lambda: os.chmod("/dev/urandom", 0),
    )
    return honest(decoder, encoder, lengths)
