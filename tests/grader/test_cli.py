"""The `grader` command, as a user drives it, over real folders."""

import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader.cli import learning, main

PROJECT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")


@pytest.fixture(scope="module")
def world(tmp_path_factory, toy_course, run_grader, bwrap_server):
    """A class that was graded twice: as it was handed in, then with one file changed and one student more."""
    root = tmp_path_factory.mktemp("world")
    folder = root / "class"
    toy, second = toy_course.exercise("toy"), toy_course.exercise("second")
    sources = {
        "ann": toy.reference_source,
        "김서준": toy.alternatives[1].source,
        "bob": toy.misconceptions[0].source,
        "dan": toy.stub_path.read_text(),
        "eve": toy.reference_source + "\nimport time\ndef center(x, dim): time.sleep(1000)\n",
        "mallory": toy.reference_source + "\nimport os\nos._exit(0)\n",
        "=cmd()": toy.reference_source + "\ndef total(values): raise ValueError('[bold]\\x1b[2J\\ud800<b>')\n",
    }
    for student, source in sources.items():
        (folder / student).mkdir(parents=True)
        (folder / student / "toy.py").write_text(source)
        (folder / student / "second.py").write_text(second.reference_source)
    (folder / "linda").mkdir()
    (folder / "linda" / "toy.py").symlink_to(toy.reference_path)
    os.mkfifo(folder / "linda" / "second.py")
    (folder / "nobody").mkdir()
    os.mkdir(os.fsencode(folder) + b"/\xb1\xe8")
    (folder / "notes.txt").touch()
    command = [
        "batch",
        folder,
        "--db",
        root / "grades.db",
        "--json",
        root / "records",
        "--csv",
        root / "points.csv",
        "--jobs",
        "2",
    ]
    first = run_grader(*command)
    assert first.returncode == 0, first.stdout + first.stderr
    kept = _rows(root / "grades.db")
    (folder / "bob" / "toy.py").write_text(toy.reference_source)
    (folder / "zoe").mkdir()
    (folder / "zoe" / "toy.py").write_text(toy.reference_source)
    again = run_grader(*command)
    world = type("World", (), {})()
    world.root, world.folder, world.first, world.again, world.kept = root, folder, first, again, kept
    return world


def _rows(database):
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT key, student, exercise, points, graded_at FROM grades").fetchall()
    connection.close()
    return {row[0]: row for row in rows}


def record(world, student, exercise="toy"):
    return json.loads((world.root / "records" / student / f"{exercise}.json").read_text())


def verdicts(world, student, exercise="toy"):
    return {check["verdict"] for check in record(world, student, exercise)["checks"]}


def test_each_submission_has_its_record(world):
    for student, points in {
        "ann": 10,
        "김서준": 10,
        "bob": 10,
        "dan": 0,
        "eve": 4,
        "mallory": 0,
        "=cmd()": 8,
        "zoe": 10,
    }.items():
        written = record(world, student)
        assert (written["student"], written["exercise"]) == (student, "toy")
        assert (written["points"], written["max_points"], written["needs_review"]) == (points, 10, False), student
        assert written["sandbox"] == "bwrap"
        assert re.fullmatch(r"[0-9a-f]{64}", written["source_sha256"])
    assert verdicts(world, "dan") == {"missing"}
    assert verdicts(world, "mallory") == {"crashed"}
    assert verdicts(world, "nobody") == {"missing"}
    assert verdicts(world, "zoe", "second") == {"missing"}


def test_what_is_no_file_is_unreadable_and_earns_nothing(world):
    """A link to the solution, and a pipe that nobody writes to."""
    for exercise in ("toy", "second"):
        assert verdicts(world, "linda", exercise) == {"unreadable"}
        assert record(world, "linda", exercise)["points"] == 0


def test_a_time_out_costs_its_check_and_those_that_need_it(world):
    by_name = {check["name"]: check["verdict"] for check in record(world, "eve")["checks"]}
    assert by_name["test_center_values"] == "timeout"
    assert by_name["test_total_values"] == by_name["test_affine_values"] == "passed"
    assert verdicts(world, "eve", "second") == {"passed"}


def test_hostile_neighbours_leave_the_honest_ones_alone(world):
    """The very same inputs and answers as when they were graded by themselves."""
    assert all(check["verdict"] == "passed" and check["message"] == "" for check in record(world, "ann")["checks"])


def test_the_second_run_did_only_what_is_new(world):
    assert world.again.returncode == 0, world.again.stdout + world.again.stderr
    assert "22 submissions." in world.again.stdout
    assert "19 of them had been graded before." in world.again.stdout
    now = _rows(world.root / "grades.db")
    assert {key: now[key] for key in world.kept} == world.kept
    assert {(row[1], row[2]) for key, row in now.items() if key not in world.kept} == {
        ("bob", "toy"), ("zoe", "toy"), ("zoe", "second"),
    }  # fmt: skip


def test_the_points_are_a_csv_that_a_spreadsheet_may_open(world):
    data = (world.root / "points.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    by_student = {row["student"]: row for row in rows}
    assert len(rows) == 11
    assert "'=cmd()" in by_student
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())
    ann = by_student["ann"]
    assert (float(ann["toy"]), float(ann["second"]), float(ann["points"]), float(ann["max_points"])) == (10, 2, 12, 12)
    assert ann["needs_review"] == "no"


def test_the_table_shows_the_class_as_plain_text(world):
    for name in ("ann", "김서준", "=cmd()", "mallory", "zoe"):
        assert name in world.again.stdout
    assert "\x1b" not in world.again.stdout
    assert "Traceback" not in world.first.stderr + world.again.stderr


def test_the_layout_and_what_is_nobodys_are_said(world):
    assert "Layout: STUDENT/EXERCISE.py." in world.first.stdout
    assert "Nobody's, and not read: notes.txt." in world.first.stdout


def test_no_draft_and_no_other_file_is_left(world):
    names = {path.name for path in (world.root / "records").rglob("*") if path.is_file()}
    assert names == {"toy.json", "second.json"}
    assert not list(world.folder.rglob("__pycache__"))


def test_results_of_one_student_are_shown_as_plain_text(world, run_grader):
    one = run_grader("results", "=cmd()", "toy", "--db", world.root / "grades.db")
    assert one.returncode == 0, one.stderr
    assert "8/10" in one.stdout
    assert "[bold]" in one.stdout  # markup of a student's is text
    assert "\x1b" not in one.stdout


def test_results_speak_korean(world, run_grader):
    done = run_grader("results", "bob", "toy", "--db", world.root / "grades.db", "--lang", "ko")
    assert done.returncode == 0, done.stderr
    assert "장난감 하나" in done.stdout


def test_a_batch_speaks_korean_in_its_records(world, run_grader, tmp_path):
    shutil.copytree(world.folder / "dan", tmp_path / "class" / "dan")
    arguments = ["--db", tmp_path / "g.db", "--json", tmp_path / "out", "--only", "toy", "--lang", "ko", "--jobs", "1"]
    done = run_grader("batch", tmp_path / "class", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads((tmp_path / "out" / "dan" / "toy.json").read_text())
    assert written["language"] == "ko"
    assert written["checks"][0]["title"] == "center는 축을 따라 평균을 빼요."
    assert re.search("[가-힣]", written["checks"][0]["message"])


def test_without_a_sandbox_every_report_says_so(world, run_grader, tmp_path):
    shutil.copytree(world.folder / "ann", tmp_path / "class" / "ann")
    arguments = [
        "--db",
        tmp_path / "g.db",
        "--json",
        tmp_path / "out",
        "--only",
        "second",
        "--sandbox",
        "none",
        "--jobs",
        "1",
    ]
    done = run_grader("batch", tmp_path / "class", *arguments)
    assert done.returncode == 0, done.stderr
    assert "Without a sandbox" in done.stdout
    assert json.loads((tmp_path / "out" / "ann" / "second.json").read_text())["sandbox"] == "none"


@pytest.fixture
def command(monkeypatch, toy_course, capsys):
    """command("batch", …): as run_grader, but in this process, which is faster: the exit status, and what it said."""

    def run(*arguments):
        monkeypatch.chdir(toy_course.root)
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["batch", "{tmp}/none"], "There is no folder"),
        (["batch", "{tmp}/file"], "is a file"),
        (["batch", "{tmp}"], "no student's folder"),
        (["batch", "{class}", "--only", "tyo"], "no exercise 'tyo'.*Choose from: toy, second"),
        (["batch", "{class}", "--db", "nonsense://x"], "no database"),
        (["batch", "{class}", "--db", "{tmp}/file/x.db"], "cannot be opened"),
        (["batch", "{class}", "--jobs", "0"], "jobs"),
        (["batch", "{class}", "--sandbox", "chroot"], "chroot"),
        (["batch"], "Missing argument"),
        (["batch", "{class}", "--layout", "canvas"], "not laid out as by canvas"),
        (["batch", "{class}", "--layout", "blackboard"], "blackboard"),
        (["batch", "{class}", "--roster", "{tmp}/none.csv"], "There is no roster"),
        (["results", "--db", "{tmp}/none.db"], "There is no store"),
        (["results", "nobody at all", "--db", "{db}"], "holds nothing of nobody at all"),
        (["results", "ann", "tyo", "--db", "{db}"], "no exercise 'tyo'"),
        (["leaderboard", "toy", "--db", "{tmp}/none.db"], "There is no store"),
        (["leaderboard", "tyo", "--db", "{db}"], "no exercise 'tyo'"),
        (["check", "tyo"], "no exercise 'tyo'"),
        (["sync", "tyo"], "no exercise 'tyo'"),
        (["verify", "tyo"], "no exercise 'tyo'"),
        (["verify", "--seeds", "0"], "seeds"),
        (["nonsense"], "nonsense"),
        (["check", "--lang", "fr"], "fr"),
        (["demo", "{class}"], "is not empty and no demo of ours"),
    ],
)
def test_a_mistake_of_the_user_is_one_sentence_and_status_2(world, command, tmp_path, arguments, said):
    (tmp_path / "file").touch()
    places = {"tmp": tmp_path, "class": world.folder, "db": world.root / "grades.db"}
    status, stderr = command(*(argument.format(**places) for argument in arguments))
    assert status == 2
    assert re.search(said, stderr, re.DOTALL)


def test_a_mistake_is_no_traceback(run_grader, tmp_path):
    done = run_grader("batch", tmp_path / "none")
    assert done.returncode == 2
    assert done.stderr.startswith("There is no folder")
    assert done.stdout == ""


def test_a_machine_that_cannot_confine_is_refused_and_told_what_to_do(world, run_grader, tmp_path):
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    done = run_grader(
        "batch", world.folder, "--db", tmp_path / "g.db", PATH=f"{fake.parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert done.returncode == 3
    assert "No permissions" in done.stderr
    assert "--sandbox none" in done.stderr
    assert not (tmp_path / "g.db").exists() or _rows(tmp_path / "g.db") == {}


@pytest.mark.parametrize("option", ["--json", "--csv"])
def test_records_that_cannot_be_written_are_one_sentence(world, command, tmp_path, monkeypatch, option):
    monkeypatch.setenv("DOT2VIT_SECRET", "secret")
    (tmp_path / "file").touch()
    status, stderr = command("batch", world.folder, "--db", world.root / "grades.db", option, tmp_path / "file" / "x")
    assert status == 2
    assert "could not be written" in stderr


# A student's own commands


@pytest.fixture
def students_folder(toy_course, tmp_path):
    """What a student has, and nothing beside it."""
    shutil.copytree(toy_course.root / "exercises", tmp_path / "exercises")
    return tmp_path


def test_a_student_checks_an_untouched_stub(students_folder, run_grader):
    done = run_grader("check", cwd=students_folder)
    assert done.returncode == 1, done.stderr
    assert "not started" in done.stdout
    assert "Visible checks: 0 of 5 points." in done.stdout
    assert "7 hidden checks, worth 12 points" in done.stdout
    assert "Next: exercises/toy.py" in done.stdout
    assert "guide/en/toy.md" in done.stdout


def test_a_student_is_told_the_name_of_a_mistake(students_folder, run_grader, toy):
    (students_folder / "exercises" / "toy.py").write_text(toy.misconceptions[1].source)
    done = run_grader("check", "toy", "--lang", "ko", cwd=students_folder)
    assert done.returncode == 1, done.stderr
    assert "어느 축의 평균인가요?" in done.stdout


def test_a_student_who_is_right_sees_status_0(students_folder, run_grader, toy, toy_course):
    (students_folder / "exercises" / "toy.py").write_text(toy.reference_source)
    (students_folder / "exercises" / "second.py").write_text(toy_course.exercise("second").reference_source)
    done = run_grader("check", cwd=students_folder / "exercises")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All visible checks pass." in done.stdout


def test_a_students_syntax_error_is_told_once(students_folder, run_grader):
    (students_folder / "exercises" / "toy.py").write_text("def center(x, dim:\n")
    done = run_grader("check", "toy", cwd=students_folder)
    assert done.returncode == 1, done.stderr
    assert done.stdout.count("toy.py is not valid Python: '(' was never closed.") == 1
    assert "Traceback" not in done.stdout + done.stderr


def test_status_shows_how_far_one_is(students_folder, run_grader, toy):
    (students_folder / "exercises" / "toy.py").write_text(toy.reference_source)
    done = run_grader("status", cwd=students_folder)
    assert done.returncode == 0, done.stderr
    assert re.search(r"toy\s.*4/4", done.stdout)
    assert re.search(r"second\s.*0/1", done.stdout)


def test_without_its_recording_a_check_says_what_to_do(students_folder, run_grader):
    shutil.rmtree(students_folder / "exercises" / "checks" / "data")
    done = run_grader("check", "toy", cwd=students_folder)
    assert done.returncode == 3
    assert "missing or broken" in done.stderr
    assert "Traceback" not in done.stderr


# An author's commands


def test_sync_and_verify_go_together(own_course, run_grader):
    own_course.exercise("toy").stub_path.write_text("x = 1\n")
    done = run_grader("verify", "toy", "--sandbox", "import", cwd=own_course.root)
    assert done.returncode == 1
    assert "run `grader sync toy`" in done.stdout
    done = run_grader("sync", "toy", cwd=own_course.root)
    assert done.returncode == 0, done.stderr
    assert "raise NotImplementedError" in own_course.exercise("toy").stub_path.read_text()
    done = run_grader("verify", "toy", "--sandbox", "import", cwd=own_course.root)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "Exercises: 1. Seeds: 1.",
        "Mutation score 100.0%: 8 of 8 misconceptions lose marks under every seed.",
        "8 of 8 misconceptions × seeds named, 100.0%.",
        "0 false failures in 6 alternatives × seeds (6 alternatives).",
    ):
        assert line in done.stdout.splitlines()


def test_verify_writes_its_figures_and_may_use_several_processes(own_course, run_grader, tmp_path):
    """The second toy has no variants, so the two together are no sound course."""
    options = ("--sandbox", "import", "--seeds", "2", "--jobs", "2", "--json", tmp_path / "figures.json")
    done = run_grader("verify", *options, cwd=own_course.root)
    assert done.returncode == 1, done.stdout + done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    counted = {name: figures[name] for name in ("exercises", "seeds", "misconceptions", "killed", "misconception_runs")}
    assert counted == {"exercises": 2, "seeds": 2, "misconceptions": 8, "killed": 8, "misconception_runs": 16}
    assert (figures["named"], figures["alternative_runs"], figures["false_failures"]) == (16, 12, 0)
    assert all(problem.startswith("second") or "second" in problem for problem in figures["problems"])
    assert [row["exercise"] for row in figures["rows"]] == ["toy"] * 16 + ["second"] * 2
    assert figures["rows"][2]["points"] == [10, 10]


def test_help_names_every_command(run_grader):
    done = run_grader("--help")
    assert done.returncode == 0
    for name in (
        "check", "status", "batch", "results", "demo", "verify", "sync", "draw", "reproduce", "new-exercise", "calibrate",
        "leaderboard", "report", "export",
    ):  # fmt: skip
        assert name in done.stdout


STUDENTS_COMMANDS = [command.name or command.callback.__name__ for command in learning.app.registered_commands]


@pytest.mark.parametrize("command", STUDENTS_COMMANDS)
def test_students_read_in_their_language_what_a_command_is_for(run_grader, command):
    """All but typer's own headings and its line on --help."""
    korean = run_grader(command, "--lang", "ko", "--help").stdout
    described = [line for line in korean.splitlines() if re.match(r"  \S", line) and "--help" not in line]
    assert described
    assert all(re.search("[가-힣]", line) for line in described), korean
    assert not re.search("[가-힣]", run_grader(command, "--help").stdout)


def test_help_follows_the_locale_unless_a_language_is_asked_for(run_grader):
    korean, english = "ko_KR.UTF-8", "en_US.UTF-8"
    assert "공개 검사로" in run_grader("--help", LANG=korean).stdout
    assert "공개 검사로" in run_grader(LANG=korean).stderr  # without a command: the same, as an error
    assert "공개 검사로" not in run_grader("--help", LANG=english).stdout
    assert "visible checks" in run_grader("check", "--lang=en", "--help", LANG=korean).stdout
    assert "공개 검사로" in run_grader("check", "--lang=ko", "--help", LANG=english).stdout


def test_ctrl_c_ends_a_batch_at_once_and_says_how_to_go_on(toy_course, toy, tmp_path, bwrap_server):
    """Not when the chunk is done that is being graded: sleepers would hold it for minutes."""
    for number in range(50):
        folder = tmp_path / "class" / f"s{number}"
        folder.mkdir(parents=True)
        (folder / "toy.py").write_text(
            "import time\ndef center(x, dim): time.sleep(1000)\n" + toy.reference_source.replace("center", "centre")
        )
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "DOT2VIT_SECRET": "secret", "LANG": "C.UTF-8"}
    command = [
        sys.executable,
        "-c",
        "from grader.cli import main; main()",
        "batch",
        str(tmp_path / "class"),
        "--jobs",
        "1",
    ]
    with subprocess.Popen(
        [*command, "--db", str(tmp_path / "grades.db"), "--only", "toy"],
        cwd=toy_course.root, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as batch:  # fmt: skip
        try:
            assert _eventually(lambda: _sleepers(batch.pid))  # the first worker is at work
            batch.send_signal(signal.SIGINT)
            _, said = batch.communicate(timeout=100)  # fifty sleepers take 150 seconds and more
        finally:
            batch.kill()
    assert batch.returncode == 130
    assert "run the same command again to go on" in said
    assert "Traceback" not in said


def _sleepers(pid):
    """The workers below this process: Python under the fork server that bubblewrap started."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, depth = [pid], 0
    while found:
        found = [child for parent in found for child in children.get(parent, [])]
        depth += bool(found)
    return depth >= 4  # bubblewrap twice, fork server, worker


def _eventually(condition):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False
