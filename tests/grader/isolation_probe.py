"""Run by test_sandbox.py, as root and as an ordinary user: what a submission in the sandbox can see and do, as JSON.

Its one argument is a JSON list of paths that no submission may see.
"""

import json
import sys

from grader.errors import StudentFault
from grader.sandbox.backend import Sandboxed
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits

LIMITS = Limits(check_cpu_s=2, check_wall_s=10, total_cpu_s=10, total_wall_s=60, memory_mb=256, scratch_mb=4)
SUBMISSION = '''
import ctypes, mmap, os, resource, socket, subprocess, sys, tempfile

scratch = tempfile.gettempdir()

libc = ctypes.CDLL(None, use_errno=True)


def attempt(action):
    """The errno of what was refused, None when it went well."""
    try:
        action()
    except OSError as error:
        return error.errno or -1


def c(name, *arguments):
    """A call of libc that raises OSError."""
    def call():
        if getattr(libc, name)(*arguments) == -1:
            raise OSError(ctypes.get_errno(), name)
    return call


def see(paths):
    bits = (ctypes.c_uint32 * 6)()
    libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), bits)
    return {
        "seen": [path for path in paths if os.path.lexists(path)],
        "etc": os.listdir("/etc"),
        "proc": os.listdir("/proc"),
        "dev": sorted(os.listdir("/dev")),
        "environment": dict(os.environ),
        "arguments": sys.argv,
        "descriptors": [number for number in range(256) if attempt(lambda: os.fstat(number)) is None],
        "pid": os.getpid(),
        "parent": os.getppid(),
        "processes": [pid for pid in range(2, 40000) if attempt(lambda: os.kill(pid, 0)) != 3],
        "capabilities": list(bits),
        "no_new_privileges": libc.prctl(39, 0, 0, 0, 0),
        "seccomp": libc.prctl(21, 0, 0, 0, 0),
        "dumpable": libc.prctl(3, 0, 0, 0, 0),
    }


def write_anywhere():
    folders = ["/", "/dev", "/proc", "/etc", "/usr/lib", "/dot2vit", "/dot2vit/inside", sys.prefix, scratch]
    return [folder for folder in folders if attempt(lambda: open(folder + "/mine", "w").close()) is None]


def neighbours_files():
    return os.listdir(scratch)


def refused():
    shared = mmap.MAP_SHARED | mmap.MAP_ANONYMOUS
    return {
        "fork": attempt(os.fork),
        "vfork": attempt(lambda: subprocess.run([sys.executable])),
        "exec": attempt(lambda: os.execv(sys.executable, [sys.executable])),
        "spawn": attempt(lambda: os.posix_spawn(sys.executable, [sys.executable], {})),
        "socket": attempt(socket.socket),
        "unix socket": attempt(lambda: socket.socket(socket.AF_UNIX)),
        "netlink": attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)),
        "socketpair": attempt(socket.socketpair),
        "shared memory": attempt(lambda: mmap.mmap(-1, 4096, flags=shared)),
        "memfd": attempt(lambda: os.memfd_create("mine")),
        "growing mapping": attempt(lambda: mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100)),
        "System V memory": attempt(c("shmget", 0, 4096, 0o1666)),
        "ptrace": attempt(c("ptrace", 0, 0, 0, 0)),
        "unshare": attempt(c("unshare", 0x10000000)),
        "mount": attempt(c("mount", b"none", scratch.encode(), b"tmpfs", 0, None)),
        "umount": attempt(c("umount2", b"/proc", 2)),
        "chroot": attempt(lambda: os.chroot(scratch)),
        "setuid": attempt(lambda: os.setuid(0)),
        "pidfd": attempt(lambda: os.pidfd_open(1)),
        "real time": attempt(lambda: os.sched_setscheduler(0, 1, os.sched_param(1))),
        "device": attempt(lambda: os.mknod(scratch + "/mem", 0o20666, os.makedev(1, 1))),
    }


def raise_limits():
    raised = []
    for name in ("DATA", "STACK", "CPU", "FSIZE", "NOFILE", "CORE", "NPROC"):
        kind = getattr(resource, f"RLIMIT_{name}")
        soft, hard = resource.getrlimit(kind)
        try:
            resource.setrlimit(kind, (hard + 1 if hard >= 0 else hard,) * 2)
            raised.append(name)
        except (OSError, ValueError):
            pass
    return raised


def signal_everybody():
    """A signal to the process group would cross pid namespaces, if the group were shared."""
    for target in (0, -1, 1):
        for number in (19, 9):  # stop, kill
            attempt(lambda: os.kill(target, number))


def memory():
    held = []
    while True:
        held.append(bytearray(2**20))


def loop():
    while True:
        pass
'''


def main(paths):
    def result(backend, name, *args):
        backend.begin_check()
        try:
            outcome = backend.perform("call", name, {"name": name, "args": args, "kwargs": {}})
        except StudentFault as fault:
            return f"{type(fault).__name__}: {fault}"
        return outcome.value if outcome.fault is None else f"{outcome.fault.kind}: {outcome.fault.message}"

    with ForkServer("bwrap") as server:
        first, second = (Sandboxed(server, SUBMISSION, "toy.py", {}, LIMITS) for _ in range(2))
        found = result(first, "see", paths)
        found["writable"] = result(first, "write_anywhere")
        found["own_files"] = result(first, "neighbours_files")
        found["neighbours_files"] = result(second, "neighbours_files")
        for name in ("refused", "raise_limits", "signal_everybody"):
            found[name] = result(first, name)
        with open(f"/proc/{first._worker.pid}/oom_score_adj") as file:
            found["oom_score_adj"] = int(file.read())
        found["memory"] = result(first, "memory")
        found["loop"] = result(first, "loop")
        found["neighbour_lives"] = result(second, "neighbours_files")
        first.close()
        second.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
