"""The sandbox "user": where namespaces are refused, a submission runs as a user whom nothing belongs to. Root starts it."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.errors import SandboxUnavailable
from grader.sandbox import user
from grader.sandbox.gpu import Gpu
from grader.sandbox.inside.confine import NOBODY
from grader.sandbox.launch import ForkServer

PROJECT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def probe(tmp_path_factory, with_open_interpreter):
    """What user_sandbox_probe.py found."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can start processes of other users")
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    (closed / "secret").write_text("not yours")
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(PROJECT / "tests/grader/user_sandbox_probe.py"), str(closed)]
    done = subprocess.run(
        with_open_interpreter(command),
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if "SandboxUnavailable" in done.stderr:
        pytest.skip(f"no other users on this machine: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr[-3000:]
    assert (closed / "secret").read_text() == "not yours"
    assert os.listdir(closed) == ["secret"]
    return json.loads(done.stdout)


def test_each_worker_is_a_user_of_its_own_without_privileges(probe):
    who = probe["who"]
    assert len(set(who["ids"])) == len(set(probe["neighbour"])) == 1  # all six, and no other group
    assert {who["ids"][0], probe["neighbour"][0]} < set(NOBODY)
    assert who["ids"] != probe["neighbour"]
    assert (who["capabilities"], who["no_new_privileges"], who["seccomp"], who["dumpable"]) == ([0] * 6, 1, 2, 0)
    assert who["descriptors"] == [0, 1, 2, 3]  # null, its output twice, its channel


def test_it_cannot_read_write_or_remove_what_is_closed_or_a_neighbours(probe):
    assert probe["read"] == [errno.EACCES] * 3
    assert probe["write"] == [errno.EACCES] * 2
    assert probe["remove"] == [errno.EACCES] * 2


def test_it_cannot_signal_the_grader_the_server_or_a_neighbour(probe):
    assert set(probe["signal"]) == {errno.EPERM}
    assert probe["server_lives"]
    assert probe["neighbour_lives"]


def test_it_cannot_look_into_other_processes(probe):
    assert set(probe["memory"]) == {errno.EACCES}


def test_it_cannot_start_processes_reach_the_network_or_become_another_user(probe):
    assert set(probe["refused"].values()) == {errno.EPERM}


def test_it_cannot_seem_killed_from_outside(probe):
    assert probe["kill_itself"] == errno.EPERM


def test_nothing_of_it_stays(probe):
    assert probe["folders"] == []
    assert probe["left"] == []


def test_what_every_user_may_read_is_refused_beforehand(probe):
    closed, open_to_all = probe["unavailable"]
    assert closed == ""
    assert "every user may read /etc/passwd" in open_to_all


def test_only_root_can(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SandboxUnavailable, match="only root"):
        user.check_available()


def test_it_has_no_gpu():
    with pytest.raises(SandboxUnavailable, match="no GPU"):
        ForkServer("user", gpu=Gpu("a GPU", "GPU-0", 0, 2**30))
