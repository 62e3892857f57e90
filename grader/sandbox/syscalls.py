"""The system calls that a worker is refused, compiled to a BPF program by libseccomp on the trusted side."""

import errno
import functools
import socket
import tempfile
from typing import Any

from ..errors import SandboxUnavailable

CLONE_THREAD = 0x00010000
CLONE_NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
MAP_SHARED_ANONYMOUS = 0x01 | 0x20
MAP_GROWSDOWN = 0x0100
MAP_HUGETLB = 0x40000
MSG_OOB = 0x1
F_SETSIG, F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ = 10, 1024, 1026, 1031
SIGKILL = 9

# Refused with EPERM. Without fork and exec a submission is one process for all its life: its CPU clock and its memory
# are those of one pid. Shared memory is refused because RLIMIT_DATA does not count it. Locks, leases and watches on the
# read-only files that all workers share would make others wait, and so would writing out or emptying the machine's cache;
# asynchronous I/O has one limit for the whole machine.
REFUSED = [
    "fork",
    "vfork",
    "execve",
    "execveat",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "pidfd_open",
    "pidfd_getfd",
    "pidfd_send_signal",
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendmsg",
    "sendmmsg",
    "recvmsg",
    "recvmmsg",
    "setsockopt",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "mount_setattr",
    "move_mount",
    "open_tree",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "unshare",
    "setns",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "io_setup",
    "io_submit",
    "io_getevents",
    "io_pgetevents",
    "flock",
    "inotify_init",
    "inotify_init1",
    "sync",
    "syncfs",
    "fadvise64",
    "readahead",
    "splice",
    "vmsplice",
    "tee",
    "personality",
    "modify_ldt",
    "memfd_create",
    "memfd_secret",
    "shmget",
    "shmat",
    "shmctl",
    "shmdt",
    "semget",
    "semop",
    "semtimedop",
    "semctl",
    "msgget",
    "msgsnd",
    "msgrcv",
    "msgctl",
    "mq_open",
    "open_by_handle_at",
    "name_to_handle_at",
    "fanotify_init",
    "quotactl",
    "quotactl_fd",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "swapon",
    "swapoff",
    "reboot",
    "sethostname",
    "setdomainname",
    "acct",
    "syslog",
    "process_madvise",
    "process_mrelease",
    "sched_setscheduler",
    "sched_setattr",
    "setpriority",
    "ioprio_set",
    "setrlimit",
]
ESSENTIAL = frozenset({"clone", "clone3", "mmap", "fork", "execve", "ptrace", "socket", "mount", "unshare", "bpf"})


# CUDA opens a UNIX socket for other processes to share its memory by: nobody is there, in a network of its own, and nothing
# can be connected, accepted or sent. It pins host memory in shared mappings, which only the watch from outside counts.
NEEDED_BY_CUDA = frozenset({"bind", "listen", "setsockopt"})

# Where signals go, by the argument that holds the signal.
SENDS_SIGNALS = {"kill": 1, "tkill": 1, "rt_sigqueueinfo": 1, "tgkill": 2, "rt_tgsigqueueinfo": 2}


@functools.cache
def filter_program(gpu: bool = False, own_pids: bool = True) -> bytes:
    """The compiled filter; gpu: with what CUDA cannot do without.

    own_pids: in a pid namespace of its own no process can kill itself, so that a SIGKILL is known to come from outside.
    Without one the calls are refused by which it could.

    Raises SandboxUnavailable without libseccomp. Calls of a foreign architecture are killed.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:
        raise SandboxUnavailable(
            f"no system call filter ({error}): pip install pyseccomp, apt-get install libseccomp2"
        ) from None

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    not_permitted = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        if gpu and name == "socket":
            _refuse(rules, not_permitted, name, pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
        elif not (gpu and name in NEEDED_BY_CUDA):
            _refuse(rules, not_permitted, name)
    _refuse(rules, not_permitted, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    for flag in CLONE_NAMESPACES:
        _refuse(rules, not_permitted, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # glibc asks clone3 first and falls back to clone, whose flags a filter can read.
    _refuse(rules, pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    if not gpu:
        shared = pyseccomp.Arg(3, pyseccomp.MASKED_EQ, MAP_SHARED_ANONYMOUS, MAP_SHARED_ANONYMOUS)
        _refuse(rules, not_permitted, "mmap", shared)
    # RLIMIT_DATA does not count what grows down; the stacks of threads are ordinary mappings.
    _refuse(rules, not_permitted, "mmap", pyseccomp.Arg(3, pyseccomp.MASKED_EQ, MAP_GROWSDOWN, MAP_GROWSDOWN))
    # Under a lower RLIMIT_CPU of its own a submission would be killed as if from outside.
    _refuse(rules, not_permitted, "prlimit64", pyseccomp.Arg(2, pyseccomp.NE, 0))
    # Huge pages come from a pool that all processes of the machine share.
    _refuse(rules, not_permitted, "mmap", pyseccomp.Arg(3, pyseccomp.MASKED_EQ, MAP_HUGETLB, MAP_HUGETLB))
    # An out-of-band byte makes the grader's end of the channel readable, with nothing there to read.
    _refuse(rules, not_permitted, "sendto", pyseccomp.Arg(3, pyseccomp.MASKED_EQ, MSG_OOB, MSG_OOB))
    # A lease on a file of the runtime stops whoever opens that file, the grader included, for 45 seconds.
    for command in (F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ):
        # The kernel looks at 32 bits of the command, a filter at 64: what stands in the upper half must not matter.
        _refuse(rules, not_permitted, "fcntl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, command))
    if not own_pids:
        for name, argument in SENDS_SIGNALS.items():
            _refuse(rules, not_permitted, name, pyseccomp.Arg(argument, pyseccomp.MASKED_EQ, 0xFFFFFFFF, SIGKILL))
        _refuse(rules, not_permitted, "timer_create")
        _refuse(rules, not_permitted, "fcntl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, F_SETSIG))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _refuse(rules: Any, action: Any, name: str, *arguments: Any) -> None:
    try:
        rules.add_rule(action, name, *arguments)
    except OSError:  # a name that this version of libseccomp does not know
        if name in ESSENTIAL:
            raise
