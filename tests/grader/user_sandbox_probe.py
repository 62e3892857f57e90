"""Run by test_user_sandbox.py as root, with an interpreter that every user can reach: what a submission can do as nobody.

Its one argument is a folder that is closed to others, and holds a file `secret`. Prints what was found as JSON.
"""

import json
import os
import sys
import time
from pathlib import Path

from grader.errors import GraderFault, SandboxUnavailable, StudentFault
from grader.sandbox import user
from grader.sandbox.backend import Sandboxed
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits

LIMITS = Limits(check_cpu_s=2, check_wall_s=10, total_cpu_s=10, total_wall_s=60, memory_mb=256, scratch_mb=4)
SUBMISSION = '''
import ctypes, os, socket, tempfile

libc = ctypes.CDLL(None, use_errno=True)


def attempt(action):
    """The errno of what was refused, None when it went well."""
    try:
        action()
    except OSError as error:
        return error.errno or -1


def who():
    bits = (ctypes.c_uint32 * 6)()
    libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), bits)
    return {
        "ids": [*os.getresuid(), *os.getresgid(), *os.getgroups()],
        "capabilities": list(bits),
        "no_new_privileges": libc.prctl(39, 0, 0, 0, 0),
        "seccomp": libc.prctl(21, 0, 0, 0, 0),
        "dumpable": libc.prctl(3, 0, 0, 0, 0),
        "descriptors": [number for number in range(256) if attempt(lambda: os.fstat(number)) is None],
    }


def read(path):
    return attempt(lambda: open(path).close())


def write(path):
    return attempt(lambda: open(path, "w").close())


def remove(path):
    return attempt(lambda: os.unlink(path))


def signal_all(pids):
    return [attempt(lambda: os.kill(pid, number)) for pid in pids for number in (0, 15, 9, 19)]


def signal_everybody():
    attempt(lambda: os.kill(-1, 15))


def kill_itself():
    return attempt(lambda: os.kill(os.getpid(), 9))


def memory_of(pids):
    return [attempt(lambda: open(f"/proc/{pid}/{name}", "rb").close()) for pid in pids for name in ("mem", "environ")]


def refused():
    return {
        "fork": attempt(os.fork),
        "exec": attempt(lambda: os.execv("/bin/true", ["true"])),
        "socket": attempt(socket.socket),
        "setuid": attempt(lambda: os.setuid(0)),
        "setgroups": attempt(lambda: os.setgroups([0])),
        "device": attempt(lambda: os.mknod(tempfile.gettempdir() + "/mem", 0o20666, os.makedev(1, 1))),
        "chown": attempt(lambda: os.chown(tempfile.gettempdir(), 0, 0)),
    }


def dig_deep():
    """Deeper than a recursive function, or one with a descriptor for each level, can go back."""
    for _ in range(1200):
        os.mkdir("d")
        os.chdir("d")


def own_folder():
    path = tempfile.gettempdir() + "/mine"
    open(path, "w").close()
    return path
'''


def call(backend, name, *arguments):
    backend.begin_check()
    try:
        outcome = backend.perform("call", name, {"name": name, "args": arguments, "kwargs": {}})
    except (StudentFault, GraderFault) as fault:
        return f"{type(fault).__name__}: {fault}"
    return outcome.value if outcome.fault is None else f"{outcome.fault.kind}: {outcome.fault.message}"


def attacks(closed):
    with ForkServer("user") as server:
        first, second = (Sandboxed(server, SUBMISSION, "toy.py", {}, LIMITS) for _ in range(2))
        found = {"who": call(first, "who"), "neighbour": call(second, "who")["ids"]}
        theirs = call(second, "own_folder")
        found["read"] = [call(first, "read", path) for path in (f"{closed}/secret", closed, theirs)]
        found["write"] = [call(first, "write", f"{closed}/{name}") for name in ("secret", "results.json")]
        found["remove"] = [call(first, "remove", path) for path in (f"{closed}/secret", theirs)]
        others = [os.getpid(), server.process.pid, second._worker.pid, *parents(first._worker.pid)]
        found["signal"] = call(first, "signal_all", others)
        found["memory"] = call(first, "memory_of", others)
        found["refused"] = call(first, "refused")
        found["kill_itself"] = call(first, "kill_itself")
        call(first, "signal_everybody")
        found["server_lives"], found["neighbour_lives"] = server.alive, call(second, "own_folder") == theirs
        call(second, "dig_deep")
        pids = [first._worker.pid, second._worker.pid]
        first.close()
        second.close()
        found["folders"] = settled(lambda: os.listdir(server._folders))
        third = Sandboxed(server, SUBMISSION, "toy.py", {}, LIMITS)
        call(third, "dig_deep")
        pids.append(third._worker.pid)
        folders = server._folders
    found["folders"] += [folders] if os.path.exists(folders) else []
    found["left"] = settled(
        lambda: [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    )  # the third by its server's end
    return found


def parents(pid):
    """The fork server of a worker."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(stat[1])]


def settled(look):
    deadline = time.monotonic() + 60
    while look() and time.monotonic() < deadline:
        time.sleep(0.02)
    return look()


def unavailable(private):
    try:
        user.check_available([Path(path) for path in private])
    except SandboxUnavailable as error:
        return str(error)
    return ""


def main(closed):
    found = attacks(closed)
    found["unavailable"] = [unavailable([closed, f"{closed}/secret"]), unavailable(["/etc/passwd"])]
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
