"""A share of the attacks once more, by root only: as an ordinary user, and in the sandbox that needs no namespaces.

HOSTILE_EVERY=1 makes it the whole (`make hostile`).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parent.parent
EVERY = os.environ.get("HOSTILE_EVERY", "3")


@pytest.mark.timeout(1500)
def test_the_same_as_an_ordinary_user(as_ordinary_user, attacks, tmp_path):
    """Root's powers must not be what holds the sandbox up, and not what opens it."""
    tmp_path.chmod(0o777)
    once_more(as_ordinary_user, attacks, "bwrap")


@pytest.mark.timeout(1500)
def test_the_same_in_the_sandbox_user(with_open_interpreter, attacks):
    once_more(lambda command, environment: with_open_interpreter(command), attacks, "user")


def once_more(wrapped, attacks, sandbox):
    """Run the other files' tests in a process of their own, and require that all of a share pass."""
    if os.geteuid() != 0:
        pytest.skip("this user is an ordinary one already")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": "/",
        "TMPDIR": "/tmp",
        "HOSTILE_RUN_EVERY": EVERY,
        "HOSTILE_SANDBOX": sandbox,
    }
    options = ["-q", "-p", "no:cacheprovider", "-rs", "--rootdir", str(PROJECT), "-c", str(PROJECT / "pyproject.toml")]
    others = [str(path) for path in sorted(FOLDER.glob("test_*.py")) if path != Path(__file__).resolve()]
    command = [sys.executable, "-m", "pytest", *options, "--timeout=300", *others]
    done = subprocess.run(
        wrapped(command, environment), env=environment, cwd="/", capture_output=True, text=True, check=False
    )
    if "no sandbox on this machine" in done.stdout:
        # No namespaces for an ordinary user, or no other users: that run has skipped every attack, and its end says why.
        pytest.skip(f"the sandbox {sandbox!r} is not to be had here: {done.stdout[-300:]}")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"{len(share_of(attacks, int(EVERY)))} passed" in done.stdout


def share_of(attacks, every):
    """What a run of every n-th attack has."""
    by_family = {}
    for family, attack in attacks:
        by_family.setdefault(family, []).append(attack)
    return [attack for family in by_family.values() for attack in family[::every]]
