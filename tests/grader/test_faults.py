"""Faults of the grader and of its machine: never a student's zero, never a lost grade, one sentence and the right status."""

import errno
import json
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from grader import batch, files, planning, pool
from grader import grade as grading
from grader.course import load_course
from grader.errors import Crashed, GraderFault, MachineFault, TimedOut, UserError
from grader.files import not_written, replace
from grader.processes import local_executor
from grader.record import Settings
from grader.reports.records import write_csv, write_json
from grader.result import CheckResult, Grade, Verdict
from grader.sandbox.backend import Sandboxed
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits
from grader.standing.final import final_points
from grader.store import Counted, Store
from grader.submission import Submission

PROJECT = Path(__file__).parent.parent.parent
SETTINGS = Settings(secret=b"secret", sandbox="import")

# Killed from outside


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_worker_killed_from_outside_is_no_crash_of_the_students(sandboxed, call):
    """As the kernel does when the machine runs out of memory. It stands still and owes no answer, but it is alive."""
    backend = sandboxed("def f(): return 1")
    assert call(backend, "f").value == 1
    os.kill(backend._worker.pid, signal.SIGKILL)
    with pytest.raises(GraderFault, match=r"killed from outside \(SIGKILL\), its memory had peaked at \d+ MB"):
        call(backend, "f")
    assert call(backend, "f").value == 1  # in a new one


def test_a_fork_server_that_is_killed_is_no_crash_of_the_students(bwrap_server, call):
    with ForkServer("bwrap") as server:
        backend = Sandboxed(server, "import time\ndef f(): time.sleep(1)", "toy.py", {}, Limits())
        call(backend, "f")
        os.kill(parent_of(backend._worker.pid), signal.SIGKILL)
        with pytest.raises(GraderFault, match="fork server ended without a word"):
            call(backend, "f")
        backend.close()


def test_a_submission_cannot_look_as_if_it_was_killed_from_outside(sandboxed, call):
    source = (
        "import os, resource, signal\n"
        "def kill():\n    os.kill(os.getpid(), signal.SIGKILL)\n    return 'alive'\n"
        "def lower(): resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n"
        "def close():\n    os.closerange(3, 64)\n    while True: pass\n"
    )
    assert call(sandboxed(source), "kill").value == "alive"
    assert call(sandboxed(source), "lower").fault.name in ("PermissionError", "OSError", "ValueError")
    with pytest.raises(Crashed):
        call(sandboxed(source), "close")


@pytest.mark.parametrize(
    "end, kind",
    [
        ({"code": -9, "cpu_s": 9.0, "peak_kb": 1}, TimedOut),
        ({"code": -24, "cpu_s": 9.0, "peak_kb": 1}, TimedOut),
        ({"code": -9, "cpu_s": 0.1, "peak_kb": 1}, GraderFault),
        ({"code": -11, "cpu_s": 0.1, "peak_kb": 1}, Crashed),
        ({"code": 0, "cpu_s": 0.1, "peak_kb": 1}, Crashed),
        ({"refused": "no namespaces"}, GraderFault),
        ({}, GraderFault),
    ],
)
def test_whose_fault_an_end_is(sandboxed, call, end, kind):
    backend = sandboxed("def f(): return 1")
    call(backend, "f")
    worker = backend._worker
    worker._read_end = lambda: end
    assert type(worker._ended()) is kind


def test_a_fork_server_is_known_to_be_gone_before_its_process_has_ended(toy_course, monkeypatch, bwrap_server):
    monkeypatch.setattr(pool, "_server", None)
    monkeypatch.setattr(pool, "_sandbox", "none")
    server = pool._living_server()
    assert server.alive
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.poll = lambda: None  # it is a zombie that nobody has waited for
    deadline = time.monotonic() + 20
    while server.alive and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not server.alive
    another = pool._living_server()
    assert another is not server
    another.close()


# Faulty checks and references


def hidden(course, text):
    """The toy with one more hidden check, which is faulty."""
    path = course.exercise("toy").hidden_path
    path.write_text(path.read_text() + "\n\n" + text)
    return load_course(course.root / "exercises" / "course.toml")


def grade_all(course, **sources):
    submissions = [Submission(student, "toy", source) for student, source in sources.items()]
    return grading.grade(course, course.exercise("toy"), submissions, SETTINGS, None)


FOR_ONE_STUDENT = """
@check(points=1, ko="가")
def test_faulty(student):
    '''Is faulty for one student only.'''
    if student.secret_word() == "bob":
        raise OSError("a hidden word")
"""


def test_a_check_that_breaks_over_one_student_costs_nobody_anything(own_course, toy):
    course = hidden(own_course, FOR_ONE_STUDENT)
    source = toy.reference_source + "\ndef secret_word(): return {!r}\n"
    ann, bob = grade_all(course, ann=source.format("ann"), bob=source.format("bob"))
    assert (ann.needs_review, ann.points) == (False, 11)
    assert (bob.needs_review, bob.points, bob.review_reasons) == (True, 10, ["test_faulty: grader_error"])
    assert "a hidden word" in bob.grader_faults[0]
    assert "a hidden word" not in json.dumps(bob.to_record())


@pytest.mark.parametrize(
    "text, said",
    [
        ("def test_x(student: pass", "SyntaxError"),
        ("@check(points=1, ko='가')\ndef test_x(student):\n    '''A.'''\n    pytest.skip('no')\n", "Skipped"),
        ("@check(points=1, ko='가')\ndef test_x(student):\n    '''A.'''\n    raise SystemExit(0)\n", "SystemExit"),
        ("@check(points=1, ko='가')\ndef test_x(student):\n    '''A.'''\n    time.sleep(60)\n", "Timeout"),
    ],
)
def test_a_file_of_checks_that_cannot_be_run_is_no_zero(own_course, toy, monkeypatch, text, said):
    """Among them one that never ends: pytest-timeout stands behind it."""
    monkeypatch.setattr(grading, "BACKSTOP", 0.2)
    course = hidden(own_course, "import pytest, time\n" + text)
    with pytest.raises(GraderFault) as fault:
        grade_all(course, ann=toy.reference_source)
    assert said in fault.value.detail


def test_a_reference_that_does_not_load_is_no_zero(own_course, toy):
    path = own_course.exercise("toy").reference_path
    path.write_text("raise ImportError('no such thing')\n" + path.read_text())
    with pytest.raises(GraderFault, match="does not load"):
        grade_all(load_course(own_course.root / "exercises" / "course.toml"), ann=toy.reference_source)


def test_what_cannot_be_sent_back_arrives_as_a_fault(toy_course, monkeypatch):
    """TimedOut takes two arguments: as it is, it could not be unpickled, and would take its process pool along."""

    def fail(*arguments, **options):
        raise TimedOut("check_cpu_s", 1.0)

    monkeypatch.setattr(grading, "grade", fail)
    monkeypatch.setattr(pool, "_living_server", lambda: None)  # it is not used, and nobody would end it
    with pytest.raises(GraderFault, match=r"toy could not be graded \(TimedOut\)") as fault:
        pool.grade_chunk(toy_course.root / "exercises" / "course.toml", "toy", [], SETTINGS)
    sent = pickle.loads(pickle.dumps(fault.value))
    assert (str(sent), sent.detail) == (str(fault.value), fault.value.detail)
    assert "check_cpu_s" in sent.detail


def test_a_check_that_ends_its_process_costs_its_own_exercise_only(own_course, toy, tmp_path):
    course = hidden(
        own_course, "import os\n@check(points=1, ko='가')\ndef test_x(student):\n    '''A.'''\n    os._exit(3)\n"
    )
    for name in ("toy", "second"):
        (tmp_path / "class" / "ann").mkdir(parents=True, exist_ok=True)
        (tmp_path / "class" / "ann" / f"{name}.py").write_text(course.exercise(name).reference_source)
    settings = Settings(secret=b"secret", sandbox="none")
    with Store(str(tmp_path / "grades.db")) as store:
        plan = planning.plan(course, list(course.exercises), tmp_path / "class", settings)
        batch.run(plan, store, lambda: local_executor(1, "none"), 1, lambda graded: None)
        second, faulty = store.records()
    assert (second["exercise"], second["points"], second["needs_review"]) == ("second", 2, False)
    assert faulty["needs_review"]
    assert [check["verdict"] for check in faulty["checks"]] == ["grader_error"]
    assert "BrokenProcessPool" in faulty["notes"][0]


# Signals, at every stage

STAGES = {
    "planning": "import grader.instructor as place; name = 'plan'",
    "opening the store": "import grader.instructor as place; name = 'Store'",
    "starting processes": "import grader.batch as place; name = '_submit'",
    "grading": "import grader.batch as place; name = '_keep'",
    "export": "import grader.instructor as place; name = 'write_json'",
}
DRIVER = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
{place}
real = getattr(place, name)
def interrupted(*arguments):
    os.kill(os.getpid(), {number})
    return real(*arguments)
setattr(place, name, interrupted)
from grader.cli import main
main()
"""


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_batch_in_order(toy_course, tmp_path, bwrap_server, stage, number, status):
    if number == signal.SIGTERM and stage != "grading":
        pytest.skip("one stage is enough: the handler is the same")
    folder = tmp_path / "class" / "ann"
    folder.mkdir(parents=True)
    (folder / "second.py").write_text(toy_course.exercise("second").reference_source)
    code = DRIVER.format(place=STAGES[stage], number=int(number))
    options = ["--only", "second", "--db", str(tmp_path / "grades.db"), "--json", str(tmp_path / "out"), "--jobs", "1"]
    done = subprocess.run(
        [sys.executable, "-c", code, "batch", str(tmp_path / "class"), *options],
        cwd=toy_course.root, env=os.environ | {"PYTHONPATH": str(PROJECT), "DOT2VIT_SECRET": "secret"},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    assert done.stderr.strip() == "Stopped. What was done is kept; run the same command again to go on."
    assert "Traceback" not in done.stdout
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


# The store


def graded(student="ann", message=""):
    check = CheckResult("test_a", "A.", Verdict.PASSED, 1.0, 1.0, 0.1, message)
    return Grade(student, "toy", [check], "ab" * 32, "1+2", "0", "cpu", "bwrap", "en")


def test_a_store_that_is_held_for_a_while_is_waited_for(tmp_path):
    with Store(str(tmp_path / "grades.db")) as store:
        other = sqlite3.connect(tmp_path / "grades.db", check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        letting_go = threading.Timer(1.2, other.rollback)  # longer than SQLite waits by itself
        letting_go.start()
        store.save([("k1", graded())])
        letting_go.join()
        other.close()
        assert len(store.records()) == 1


def test_a_store_that_breaks_is_one_sentence(tmp_path):
    path = tmp_path / "grades.db"
    with Store(str(path)) as store:
        store.save([(f"k{n}", graded(f"s{n}", "x" * 5000)) for n in range(50)])
    whole = path.read_bytes()
    path.write_bytes(whole[:20000] + b"\xff" * (len(whole) - 20000))
    with (
        pytest.raises((MachineFault, UserError), match=r"cannot be (read|opened).*(another|--db)"),
        Store(str(path)) as store,
    ):
        store.records()


def test_a_store_whose_making_was_cut_short_is_made_to_its_end(tmp_path, monkeypatch):
    def cut(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("alembic.command.upgrade", cut)
        with pytest.raises(KeyboardInterrupt):
            Store(str(tmp_path / "grades.db"))
    with Store(str(tmp_path / "grades.db")) as store:
        store.save([("k1", graded())])
        assert len(store.records()) == 1


def test_two_that_start_at_once_make_one_store(tmp_path):
    opened, errors = [], []

    def start():
        try:
            opened.append(Store(str(tmp_path / "grades.db")))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in opened:
        store.close()
    assert (len(opened), errors) == (6, [])


FULL = """
import resource, sys
from grader.errors import MachineFault
from grader.store import Counted, Store
sys.path.insert(0, {tests!r})
from test_faults import graded
with Store({path!r}) as store:
    store.save([("k1", graded())])
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    try:
        store.save([(f"x{{n}}", graded("bob", "x" * 5000)) for n in range(200)])
    except MachineFault as fault:
        print(fault)
    print(len(store.records()))
"""


def test_a_full_disk_keeps_what_was_there(tmp_path):
    code = FULL.format(tests=str(Path(__file__).parent), path=str(tmp_path / "grades.db"))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    said, count = done.stdout.splitlines()
    assert said.startswith("The grades could not be written to"), done.stderr
    assert "run the same command again" in said
    assert count == "1"


# Files


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "points.csv"
    replace(path, "old")

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError):
        replace(path, "new")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("points.csv", "old")]


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    replace(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"
    with pytest.raises(OSError):
        replace(Path("/dev/full"), "new")
    assert Path("/dev/full").is_char_device()


def test_an_export_that_fails_half_way_leaves_whole_files_and_a_rerun_completes_it(tmp_path, monkeypatch):
    records = [graded(student).to_record() for student in ("ann", "bob", "cho")]
    write_json(records, tmp_path)
    calls = []

    def full_at_the_second(path, text):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(path, text)

    newer = [record | {"points": 5.0} for record in records]
    with monkeypatch.context() as patched:
        patched.setattr("grader.reports.records.replace", full_at_the_second)
        with pytest.raises(MachineFault, match=r"No space left.*What is graded is in the store: make room"):
            write_json(newer, tmp_path)
    points = [json.loads((tmp_path / name / "toy.json").read_text())["points"] for name in ("ann", "bob", "cho")]
    assert points == [5.0, 1.0, 1.0]
    write_json(newer, tmp_path)
    assert json.loads((tmp_path / "cho" / "toy.json").read_text())["points"] == 5.0


def test_whose_fault_it_is_that_a_file_cannot_be_written(tmp_path):
    with pytest.raises(MachineFault, match="No space left"):
        write_csv([final_points(Counted.of_record(graded().to_record()))], ["toy"], Path("/dev/full"))
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="choose another place"):
        write_csv([final_points(Counted.of_record(graded().to_record()))], ["toy"], tmp_path / "file" / "points.csv")
    assert isinstance(not_written("x", tmp_path, OSError(errno.EROFS, "read-only")), UserError)
