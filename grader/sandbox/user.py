"""The sandbox "user": for root in a container that refuses namespaces. Each worker is a user whom nothing belongs to.

Weaker than bubblewrap: it holds only where file permissions keep the course from other users (docs/security.md).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ..errors import SandboxUnavailable
from .inside.confine import NOBODY
from .syscalls import filter_program

# Enter the folder for temporary files, where workers get theirs, and list what can be read.
TRY = """
import os, sys, numpy
os.chdir(sys.argv[1])
print(*(path for path in sys.argv[2:] if os.access(path, os.R_OK)), sep="\\n")
"""


def check_available(private: Sequence[Path] = ()) -> None:
    """Raises SandboxUnavailable where no process can become such a user, and where that user could read one of `private`."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise SandboxUnavailable("only root can start processes of other users")
    filter_program(own_pids=False)
    try:
        tried = subprocess.run(
            [sys.executable, "-P", "-c", TRY, tempfile.gettempdir(), *map(str, private)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/",
            user=NOBODY[-1], group=NOBODY[-1], extra_groups=[],
        )  # fmt: skip
    except OSError as error:
        raise SandboxUnavailable(f"no process can be started as another user: {error}") from None
    if tried.returncode != 0:
        raise SandboxUnavailable(
            f"another user cannot run {sys.executable} or enter {tempfile.gettempdir()}: {tried.stderr.strip()[-300:]}"
        )
    readable = tried.stdout.split("\n")[:-1] if tried.stdout.strip() else []
    if readable:
        raise SandboxUnavailable(
            f"every user may read {readable[0]}, so a submission could: chmod -R o= the folder that it lies in"
        )
