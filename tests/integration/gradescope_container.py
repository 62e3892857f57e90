"""A root like that of Gradescope's container: its paths, root's powers as Docker gives them, and Docker's system call filter.

bubblewrap makes it, which needs root here. Of the machine it shows the system's programs and libraries and the interpreter with
its packages, in the place where setup.sh puts a virtual environment: that one step of setup.sh is not run, as it takes minutes.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

# https://docs.docker.com/engine/containers/run/#runtime-privilege-and-linux-capabilities
CAPABILITIES = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
]
# Of Docker's default profile what concerns sandboxes: https://docs.docker.com/engine/security/seccomp/
REFUSED = ("unshare", "mount", "umount2", "pivot_root", "setns", "mount_setattr", "move_mount", "open_tree", "fsopen")
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)


@dataclass(frozen=True)
class Graded:
    """What a submission's container left: results.json, what was printed, and the exit status."""

    results: dict
    stdout: str
    status: int
    root: Path


class Container:
    """An autograder's image, built from its zip; each submission is graded in a fresh copy."""

    def __init__(self, archive: Path, folder: Path, bwrap: str) -> None:
        self.folder, self.bwrap = folder, bwrap
        self.image = folder / "image"
        self._unpack(archive, self.image / "autograder")
        (self.image / "opt").mkdir()
        done = self._run(self.image, "/autograder/source/setup.sh")
        assert done.returncode == 0, done.stdout + done.stderr

    def _unpack(self, archive: Path, autograder: Path) -> None:
        """As Gradescope: the zip in source/, run_autograder beside it, both scripts to be run."""
        for name in ("source", "submission", "results"):
            (autograder / name).mkdir(parents=True)
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(autograder / "source")  # with the modes that unzip's default gives: anybody may read
        shutil.copy(autograder / "source" / "run_autograder", autograder)
        for script in (autograder / "source" / "setup.sh", autograder / "run_autograder"):
            script.chmod(0o755)

    def grade(self, files: dict[str, str | bytes], metadata: dict | None = None, **options) -> Graded:
        """Grade a submission of these files by run_autograder, word for word."""
        root = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(self.image, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns("venv"))
        autograder = root / "autograder"
        for name, content in files.items():
            (autograder / "submission" / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        people = [{"name": "Kim Minjun", "id": 7, "email": "kim@example.com"}]
        facts = {"id": 4711, "users": people, "previous_submissions": [], "assignment": {"total_points": "40.0"}}
        (autograder / "submission_metadata.json").write_text(json.dumps(facts | (metadata or {})))
        done = self._run(root, "/autograder/run_autograder", **options)
        results = json.loads((autograder / "results" / "results.json").read_text(encoding="utf-8"))
        return Graded(results, done.stdout + done.stderr, done.returncode, root)

    def _run(
        self, root: Path, script: str, namespaces: bool = False, without: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        command = [self.bwrap, "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--clearenv"]
        command += ["--cap-drop", "ALL"]
        for name in CAPABILITIES + (["SYS_ADMIN"] if namespaces else []):
            command += ["--cap-add", f"CAP_{name}"] if name != without else []
        command += ["--perms", "0755", "--tmpfs", "/", "--ro-bind", "/usr", "/usr"]
        for path in ("/bin", "/sbin", "/lib", "/lib64"):
            if os.path.islink(path):
                command += ["--symlink", os.readlink(path), path]
            elif os.path.exists(path):
                command += ["--ro-bind", path, path]
        for path in ("/etc/passwd", "/etc/group", "/etc/ld.so.cache", "/etc/alternatives"):
            command += ["--ro-bind-try", path, path]
        base = Path(sys.base_prefix).resolve()
        if not base.is_relative_to("/usr"):
            for folder in reversed(base.parents[:-1]):  # root's own folder, perhaps
                command += ["--perms", "0755", "--dir", str(folder)]
            command += ["--ro-bind", str(base), str(base)]
        for path in ("/tmp", "/var/tmp", "/run/lock"):
            command += ["--perms", "1777", "--tmpfs", path]
        # Parts of a container's own /proc are covered; then the kernel lets no namespace within have one.
        command += ["--bind", "/proc", "/proc"] if namespaces else ["--unshare-pid", "--proc", "/proc"]
        command += ["--dev", "/dev"]
        command += ["--bind", str(root / "autograder"), "/autograder", "--bind", str(root / "opt"), "/opt"]
        command += ["--ro-bind", sys.prefix, "/opt/dot2vit/venv"]
        command += ["--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "--chdir", "/autograder"]
        with tempfile.TemporaryFile() as program:
            if not namespaces:
                _docker_filter().export_bpf(program)
                program.seek(0)
                command += ["--seccomp", str(program.fileno())]
            return subprocess.run(
                [*command, script],
                pass_fds=[program.fileno()],
                capture_output=True,
                text=True,
                timeout=280,
                check=False,
            )


def _docker_filter():
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refused = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        rules.add_rule(refused, name)
    for flag in NAMESPACES:
        rules.add_rule(refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    return rules
