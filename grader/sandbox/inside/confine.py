"""What a forked child gives up before it reads a submission: namespaces, mounts, capabilities, system calls, resources.

Linux only. Each step raises OSError when the kernel refuses it: a child that cannot be confined never runs a submission.
"""

import ctypes
import functools
import glob
import os
import resource
import signal
import tempfile
from pathlib import Path

from .bounds import MAX_THREADS, SCRATCH

ADDRESS_SPACE_BYTES = 4 * 2**30
CUDA_DATA_BYTES = 4 * 2**30  # for the driver's own data in the process
STACK_BYTES = 8 * 2**20
PROC_FACTS = (
    "/proc/cpuinfo",
    "/proc/devices",
    "/proc/driver/nvidia/params",
    "/proc/sys/vm/mmap_min_addr",
    "/proc/self/maps",  # where the C library finds the stack
)

# User ids that no account has: systemd keeps them for services that it starts and forgets (systemd.io/UIDS-GIDS). Below
# 65536, as a container may have no more of them.
NOBODY = range(61184, 65520)

_libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
SECCOMP_MODE_FILTER = 2
BPF_INSTRUCTION = 8  # bytes of a struct sock_filter
CAPABILITY_VERSION_3 = 0x20080522


def die_first() -> None:
    """When the machine runs out of memory, the kernel shall end this process and not the grader."""
    _write("/proc/self/oom_score_adj", "1000")


def fork_with_own_pids() -> int:
    """As os.fork, but the child is pid 1 of a new pid namespace. Needs CAP_SYS_ADMIN."""
    _check(_libc.unshare(CLONE_NEWPID), "unshare(CLONE_NEWPID)")
    pid = -1
    try:
        pid = os.fork()
        return pid
    finally:
        if pid != 0:  # the next child of this process shall not be born into the namespace of this one
            _check(_libc.setns(_pid_namespace(), CLONE_NEWPID), "setns")


@functools.cache
def _pid_namespace() -> int:
    """This process's own, as a descriptor."""
    return os.open("/proc/self/ns/pid", os.O_RDONLY)


def own_namespaces(scratch_mb: int, gpu: bool = False) -> None:
    """User, ipc and mount namespaces of its own; a private SCRATCH of bounded size; no /proc, or a stage set for CUDA."""
    uid, gid = os.getuid(), os.getgid()
    network = CLONE_NEWNET if gpu else 0  # without a GPU no socket can be opened, and a network would cost time
    _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | network), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")
    _mount(b"none", b"/", b"none", MS_REC | MS_PRIVATE, b"")
    _mount(
        b"tmpfs",
        SCRATCH.encode(),
        b"tmpfs",
        MS_NOSUID | MS_NODEV | MS_NOEXEC,
        f"size={scratch_mb}m,nr_inodes=1k,mode=0700".encode(),
    )
    if gpu:
        _stage_proc()
    else:
        _mount(b"tmpfs", b"/proc", b"tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, b"size=4k,mode=0555")
    for node in glob.glob("/dev/*"):
        _mount_read_only(node)
    os.chdir(SCRATCH)
    _limit(resource.RLIMIT_NPROC, MAX_THREADS)  # counts threads, in this user namespace; root is watched from outside


def become_nobody(folders: str) -> None:
    """Without namespaces: become a user whose only folder is a new one in `folders`, in the place of SCRATCH. Needs root.

    No other process has this user's id: a pid is nobody else's, unless two are a multiple of 4,336 apart.
    """
    uid, folder = NOBODY[os.getpid() % len(NOBODY)], folder_of(folders, os.getpid())
    os.mkdir(folder, 0o700)
    os.chown(folder, uid, uid)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)  # from root to another user: all capabilities go
    os.environ["HOME"] = os.environ["TMPDIR"] = folder
    tempfile.tempdir = None
    os.chdir(folder)
    _limit(resource.RLIMIT_NPROC, MAX_THREADS)  # counts the threads of this user id


def folder_of(folders: str, pid: int) -> str:
    """The folder of the worker with this pid."""
    return f"{folders}/{pid}"


def remove_tree(folder: str) -> int:
    """Start the program that removes a folder, however deep it is: shutil.rmtree needs a descriptor for each level. Its pid."""
    nothing_said = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
    return os.posix_spawn("/bin/rm", ["rm", "-rf", "--", folder], {}, file_actions=[nothing_said])


def die_with_parent(parent: int) -> None:
    """Without a pid namespace: end when the process that made this one ends. A change of user would undo it."""
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


def limit_resources(memory_mb: int, cpu_s: float, scratch_mb: int, gpu: bool = False) -> None:
    """Hard limits of the process: data memory beyond what it has now, CPU seconds, file size, descriptors, no core.

    gpu: CUDA reserves address space as large as all memory there is, keeps data of its own and many device files open.
    """
    if hasattr(resource, "RLIMIT_DATA") and os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm", encoding="ascii") as statm:
            pages = [int(field) for field in statm.read().split()]
        page = os.sysconf("SC_PAGE_SIZE")
        _limit(resource.RLIMIT_DATA, pages[5] * page + memory_mb * 2**20 + (CUDA_DATA_BYTES if gpu else 0))
        if not gpu:
            # Page tables count nowhere, so the address space that they describe is bounded; threads' arenas need room.
            _limit(resource.RLIMIT_AS, pages[0] * page + memory_mb * 2**20 + ADDRESS_SPACE_BYTES)
    _limit(resource.RLIMIT_CPU, int(cpu_s) + 2)
    _limit(resource.RLIMIT_FSIZE, scratch_mb * 2**20)
    _limit(resource.RLIMIT_NOFILE, 1024 if gpu else 64)
    _limit(resource.RLIMIT_STACK, STACK_BYTES)
    _limit(resource.RLIMIT_CORE, 0)


def drop_privileges() -> None:
    """No capability in any set, none to be gained, memory not readable by other processes."""
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    _check(_libc.capset(header, data), "capset")


def undumpable() -> None:
    """Nobody without privileges may read or write this process's memory."""
    _check(_libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl(PR_SET_DUMPABLE)")


def filter_system_calls(program: bytes) -> None:
    """Load a seccomp filter, given as a compiled BPF program, for this process and all its threads."""
    buffer = ctypes.create_string_buffer(program, len(program))
    instructions = _FilterProgram(len(program) // BPF_INSTRUCTION, ctypes.addressof(buffer))
    _check(_libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(instructions), 0, 0), "prctl(PR_SET_SECCOMP)")


class _FilterProgram(ctypes.Structure):
    """The kernel's struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def _mount(source: bytes, target: bytes, kind: bytes, flags: int, options: bytes) -> None:
    _check(_libc.mount(source, target, kind, ctypes.c_ulong(flags), options), f"mount {target.decode()}")


def _stage_proc() -> None:
    """In the place of /proc, the few files of it that CUDA asks for.

    It names its threads by writing to /proc/self/task/TID/comm, and starts nothing where it cannot.
    """
    facts = {path: Path(path).read_bytes() for path in PROC_FACTS if Path(path).is_file()}
    _mount(b"tmpfs", b"/proc", b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, b"size=1m,nr_inodes=1k,mode=0755")
    for path, content in facts.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    for thread in range(1, MAX_THREADS + 1):
        Path(f"/proc/self/task/{thread}").mkdir(parents=True)


def _mount_read_only(node: str) -> None:
    """A device can be read and written all the same, but root's submission cannot change its mode for the whole machine."""
    kept = os.statvfs(node).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount(b"none", node.encode(), b"none", MS_REMOUNT | MS_BIND | MS_RDONLY | kept, b"")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))
