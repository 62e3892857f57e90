"""What all tests share: their order and names, a bench for speed, and a way to run a command as an ordinary user."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from grader.speed.bench import Bench
from grader.speed.device import processor

# The files that take longest, in that order. Where processes share the files, a long one must not be the last to begin.
LONG = [
    "test_hostile.py",
    "test_release.py",
    "test_nbgrader_course.py",
    "test_cluster.py",
    "test_determinism.py",
    "test_exhausting.py",
    "test_training.py",
    "test_once_more.py",
    "test_verify.py",
    "test_timing.py",
    "test_cli.py",
    "test_reproduce.py",
    "test_canaries.py",
    "test_kill.py",
    "test_race.py",
    "test_sandbox.py",
    "test_bad_input.py",
]


def pytest_collection_modifyitems(items):
    place = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.name, len(LONG)))


def pytest_make_parametrize_id(val, argname):
    """Bytes name no test: an archive holds the second that it was made in, and all processes must collect the same names."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="module")
def bench():
    """Where speed is measured, on the CPU; its fork servers start when a first measurement needs them."""
    with Bench(processor(), "bwrap") as bench:
        yield bench


@pytest.fixture(scope="session")
def as_ordinary_user():
    """as_ordinary_user(command, environment): that command, to be run without any privilege."""
    return _as_ordinary_user


def _as_ordinary_user(command, environment):
    """The command that runs `command` without any privilege; skips where that cannot be done."""
    if os.geteuid() != 0:
        return command
    if not shutil.which("setpriv"):
        pytest.skip("no setpriv, so root cannot become an ordinary user")
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]
    become = _with_open_interpreter(become)
    check = [*become, sys.executable, "-c", "import sys, torch, grader.sandbox.launch; print(sys.base_prefix)"]
    tried = subprocess.run(check, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if tried.stdout.strip() != sys.base_prefix:
        pytest.skip(f"an ordinary user cannot run this interpreter: {tried.stderr.strip()[-200:] or tried.stdout}")
    return [*become, *command]


@pytest.fixture(scope="session")
def with_open_interpreter():
    """with_open_interpreter(command): that command, run as root where every user can reach this interpreter."""
    return _with_open_interpreter


def _with_open_interpreter(command):
    """An interpreter in root's own folder: in a mount namespace of its own that folder is an open one."""
    base = Path(sys.base_prefix)
    closed = [folder for folder in base.parents if not folder.stat().st_mode & stat.S_IXOTH]
    if not closed:
        return command
    script = (
        'there=$(mktemp -d) && mount --bind "$0" "$there" && mount -t tmpfs -o mode=755 none "$1" && mkdir -p "$0"'
        ' && mount --bind "$there" "$0" && umount "$there" && rmdir "$there" && shift && exec "$@"'
    )
    return ["unshare", "--mount", "sh", "-c", script, str(base), str(closed[-1]), *command]
