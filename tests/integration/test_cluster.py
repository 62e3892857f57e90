"""grader batch --cluster: a real scheduler and three real workers on loopback."""

import contextlib
import importlib.util
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("distributed", reason="dask.distributed is not installed")

import psutil  # comes with distributed

from grader import batch, planning
from grader.cluster import worker
from grader.cluster.coordinator import cluster
from grader.course import load_course
from grader.errors import MachineFault, UserError
from grader.pool import grade_chunk
from grader.processes import local_executor
from grader.record import Settings
from grader.speed.device import UNTIMED
from grader.store import Store
from grader.submission import Submission

PROJECT = Path(__file__).resolve().parent.parent.parent
TOY = PROJECT / "tests" / "grader" / "toy_course"


@pytest.fixture(scope="module")
def course_folder(tmp_path_factory, require_sandbox):
    course = shutil.copytree(TOY, tmp_path_factory.mktemp("cluster") / "course")
    facts = course / "exercises" / "course.toml"
    # Several workers start at once, on a machine that may have one core: nobody shall run out of time for that.
    facts.write_text(re.sub(r"^(\w+_s) = .*$", r"\1 = 100.0", facts.read_text(), flags=re.MULTILINE))
    return course


@pytest.fixture(scope="module")
def loopback():
    """What the benchmark starts its cluster with."""
    spec = importlib.util.spec_from_file_location("loopback", PROJECT / "benchmarks" / "loopback.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Loopback


@pytest.fixture
def processes(loopback, tmp_path, course_folder):
    started = loopback(tmp_path, course_folder)
    yield started
    started.close()


@pytest.fixture
def toy(course_folder):
    return load_course(course_folder / "exercises" / "course.toml")


@pytest.fixture
def make_class(tmp_path, toy):
    def make(count):
        right, wrong = toy.exercise("toy").reference_source, "def center(x, dim): return x"
        for number in range(count):
            folder = tmp_path / "class" / f"s{number:03}"
            folder.mkdir(parents=True)
            (folder / "toy.py").write_text(wrong if number % 5 == 0 else right + f"\n# {number}\n")
        return tmp_path / "class"

    return make


def grade(toy, folder, there, store, on_graded=lambda grade: None):
    settings = Settings(secret=b"secret")
    there.prepare(toy, "bwrap")
    with planning.plan(toy, [toy.exercise("toy")], folder, settings) as plan:
        batch.run(plan, store, lambda: there.executor(settings.device), 8, on_graded, chunk=2)


def expected(count):
    return {f"s{number:03}": 0.0 if number % 5 == 0 else 10.0 for number in range(count)}


def test_workers_that_are_killed_at_random_lose_nothing_and_double_nothing(processes, toy, make_class, tmp_path):
    for number in range(3):
        processes.add_worker(f"w{number}")
    told, killed, chance = [], [], random.Random(0)

    def kill_now_and_then(grade):
        told.append(grade.student)
        if len(told) % 6 == 1 and len(killed) < 4:
            victim = chance.choice(processes.living)
            processes.workers[victim].kill()
            killed.append(victim)
            processes.add_worker(f"again{len(killed)}")

    with cluster(processes.address) as there, Store(str(tmp_path / "grades.db")) as store:
        grade(toy, make_class(40), there, store, kill_now_and_then)
        records = store.records()
    assert len(killed) == 4
    assert sorted(told) == sorted(expected(40))
    assert {record["student"]: record["points"] for record in records} == expected(40)
    assert not any(record["needs_review"] for record in records)


def test_a_grade_from_a_cluster_is_the_grade_from_here(processes, toy, make_class, tmp_path):
    processes.add_worker("w")
    folder = make_class(6)
    with cluster(processes.address) as there, Store(str(tmp_path / "there.db")) as store:
        grade(toy, folder, there, store)
        from_there = store.records()
    with Store(str(tmp_path / "here.db")) as store:
        with planning.plan(toy, [toy.exercise("toy")], folder, Settings(secret=b"secret")) as plan:
            batch.run(plan, store, lambda: local_executor(1, "bwrap"), 1, lambda grade: None)
        from_here = store.records()
    for record in (*from_there, *from_here):
        for check in record["checks"]:
            del check["seconds"]
    assert from_there == from_here


def test_a_worker_of_another_course_is_refused_also_when_it_joins_later(processes, toy, make_class, tmp_path):
    other = shutil.copytree(processes.course, tmp_path / "other")
    with (other / "tests" / "hidden" / "test_toy.py").open("a") as hidden:
        hidden.write("\n# changed\n")
    processes.add_worker("right")
    with cluster(processes.address) as there, Store(str(tmp_path / "grades.db")) as store:
        there.prepare(toy, "bwrap")
        late = processes.add_worker("late", environment={"DOT2VIT_COURSE": str(other)})
        grade(toy, make_class(4), there, store)
        assert {record["student"]: record["points"] for record in store.records()} == expected(4)
        assert late.wait(timeout=60) is not None  # it never joined
    processes.add_worker("wrong", environment={"DOT2VIT_COURSE": str(other)})
    with cluster(processes.address) as there:
        there._client.wait_for_workers(2, timeout=60)
        with pytest.raises(UserError, match=r"cannot grade this course: .*toy .*, not .*install the same versions"):
            there.prepare(toy, "bwrap")


def test_a_worker_with_a_nanny_may_need_a_setting(processes, toy, make_class, tmp_path):
    nursed = processes.add_worker("nursed", nanny=True)
    with cluster(processes.address) as there, pytest.raises(UserError, match="DASK_DISTRIBUTED__WORKER__DAEMON=False"):
        there.prepare(toy, "bwrap")
    assert nursed.wait(timeout=60) is not None  # it has left
    processes.add_worker("free", nanny=True, environment={"DASK_DISTRIBUTED__WORKER__DAEMON": "False"})
    with cluster(processes.address) as there, Store(str(tmp_path / "grades.db")) as store:
        grade(toy, make_class(2), there, store)
        assert {record["student"]: record["points"] for record in store.records()} == expected(2)


def test_a_scheduler_that_dies_ends_the_batch_and_what_is_graded_is_kept(processes, toy, make_class, tmp_path):
    processes.add_worker("w")
    told = []

    def end_the_scheduler(grade):
        told.append(grade.student)
        if len(told) == 3:
            processes.scheduler.kill()

    with cluster(processes.address) as there, Store(str(tmp_path / "grades.db")) as store:
        with pytest.raises(MachineFault, match=r"connection to the cluster .* was lost"):
            grade(toy, make_class(40), there, store, end_the_scheduler)
        assert len(store.records()) == len(told) >= 3


@pytest.fixture
def unheard(processes, toy):
    """unheard(cluster) -> (graded, sent, release): a chunk's future, and Dask's. Until release(), nobody is told that it is done."""
    released = threading.Event()

    def grade_one(there):
        there.prepare(toy, "bwrap")
        executor = there.executor(UNTIMED)
        there._client.submit(int).add_done_callback(lambda _: released.wait())  # one thread tells, one after the other
        submission = Submission("ann", "toy", toy.exercise("toy").reference_source)
        graded = executor.submit(grade_chunk, None, "toy", [submission], Settings(secret=b"secret"))
        (sent,) = executor._sent
        wait_for(lambda: sent.status == "finished")
        return graded, sent, released.set

    yield grade_one
    released.set()


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_grades_that_are_lost_with_the_worker_that_made_them_are_made_again(processes, unheard):
    holder = processes.add_worker("holder")
    with cluster(processes.address) as there:
        graded, sent, release = unheard(there)
        holder.kill()
        wait_for(lambda: sent.status != "finished")
        processes.add_worker("other")
        release()
        (grade,) = graded.result(timeout=120)
    assert grade.points == 10


def test_a_scheduler_that_dies_while_grades_are_fetched_is_no_endless_wait(processes, unheard):
    processes.add_worker("w")
    with cluster(processes.address) as there:
        graded, _sent, release = unheard(there)
        processes.scheduler.kill()
        release()  # at once: Dask still believes that the grades are there
        assert isinstance(graded.exception(timeout=120), MachineFault)


def test_a_worker_that_dies_while_it_is_looked_at_keeps_nobody_from_grading(processes, toy, make_class, tmp_path):
    dying = processes.add_worker("dying")
    processes.add_worker("healthy")
    with cluster(processes.address) as there, Store(str(tmp_path / "grades.db")) as store:
        there._client.wait_for_workers(2, timeout=60)
        dying.send_signal(signal.SIGSTOP)  # so it does not answer
        threading.Timer(1.0, dying.kill).start()
        grade(toy, make_class(2), there, store)
        assert {record["student"]: record["points"] for record in store.records()} == expected(2)


def test_a_grading_process_that_died_with_nothing_to_do_costs_no_chunk(processes, toy):
    there_too = psutil.Process(processes.add_worker("w").pid)
    submissions = [Submission("ann", "toy", toy.exercise("toy").reference_source)]
    with cluster(processes.address) as there:
        there.prepare(toy, "bwrap")
        executor = there.executor(UNTIMED)
        arguments = (grade_chunk, None, "toy", submissions, Settings(secret=b"secret"))
        executor.submit(*arguments).result(timeout=120)
        (preloaded,) = [child for child in there_too.children() if "preload" in " ".join(child.cmdline())]
        (idle,) = preloaded.children()
        idle.kill()
        wait_for(lambda: not idle.is_running())  # the worker has noticed
        (grade,) = executor.submit(*arguments).result(timeout=120)
    assert grade.points == 10


def test_threads_that_lost_the_same_processes_start_others_once(monkeypatch):
    made, ended = [], []
    monkeypatch.setattr(worker, "local_executor", lambda slots, sandbox: made.append(object()) or made[-1])
    monkeypatch.setattr(worker, "abandon", ended.append)
    grading = worker.Grading({}, "bwrap", "en")
    monkeypatch.setattr(grading, "_look_at", lambda worker: None)
    grading.setup(SimpleNamespace(state=SimpleNamespace(nthreads=2)))
    old = grading.processes()
    grading.let_go(old)
    new = grading.processes()
    grading.let_go(old)  # the other thread, a little later
    assert grading.processes() is new is not old
    assert ended == [old, old]


def test_where_nobody_answers_is_one_sentence(processes, monkeypatch):
    from grader.cluster import coordinator

    monkeypatch.setattr(coordinator, "WAIT_SECONDS", 2.0)
    with (
        pytest.raises(UserError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"),
        cluster("tcp://127.0.0.1:9"),
    ):
        pass
    with pytest.raises(UserError, match="no Dask scheduler at nonsense"), cluster("nonsense://x"):
        pass
    monkeypatch.setattr(coordinator, "WAIT_SECONDS", 8.0)
    with pytest.raises(UserError, match="No worker has joined"), cluster(processes.address):
        pass


def test_a_gpu_is_where_a_worker_declares_one(processes, toy):
    processes.add_worker("plain")
    with cluster(processes.address) as there:
        assert there.device("auto").kind.startswith("cpu ")
        with pytest.raises(UserError, match=r"No worker of .* declares a GPU"):
            there.device("cuda")


def run_batch(course_folder, folder, address, environment):
    """`grader batch --cluster`, as an instructor types it."""
    return subprocess.run(
        [sys.executable, "-m", "grader", "batch", folder, "--db", folder.parent / "g.db", "--only", "toy",
         "--cluster", address],
        cwd=course_folder, env=os.environ | {"PYTHONPATH": str(PROJECT), "DOT2VIT_SECRET": "secret"} | environment,
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def test_the_command_grades_on_a_cluster(processes, course_folder, make_class):
    processes.add_worker("w")
    done = run_batch(course_folder, make_class(4), processes.address, {})
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Grading on {processes.address}: 1 processes." in done.stdout
    assert "s003" in done.stdout


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_tls_is_dasks_own_configuration(loopback, course_folder, make_class, tmp_path):
    """The lines of docs/cluster.md. Who has no certificate is told so in a sentence, at once."""
    pem = tmp_path / "cluster.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=dot2vit", "-keyout", pem, "-out", pem],
        check=True, capture_output=True,
    )  # fmt: skip
    certified = {
        f"DASK_DISTRIBUTED__COMM__{name}": str(pem)
        for name in ("TLS__CA_FILE", "TLS__SCHEDULER__CERT", "TLS__WORKER__CERT", "TLS__CLIENT__CERT")
    }
    certified["DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION"] = "True"
    with contextlib.closing(loopback(tmp_path, course_folder, "tls", certified)) as processes:
        processes.add_worker("w")
        folder = make_class(2)
        stranger = run_batch(course_folder, folder, processes.address, {})
        assert stranger.returncode == 2
        assert "or it lets nobody in (TLS expects" in stranger.stderr
        assert "Traceback" not in stranger.stderr
        done = run_batch(course_folder, folder, processes.address, certified)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Grading on {processes.address}: 1 processes." in done.stdout
    assert "s001" in done.stdout
