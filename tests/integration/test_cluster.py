"""grader batch --cluster: a real scheduler and three real workers on loopback."""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="dask.distributed is not installed")

from grader import batch, planning
from grader.cluster.coordinator import cluster
from grader.course import load_course
from grader.errors import MachineFault, UserError
from grader.processes import local_executor
from grader.record import Settings
from grader.store import Store

PROJECT = Path(__file__).resolve().parent.parent.parent
TOY = PROJECT / "tests" / "grader" / "toy_course"


@pytest.fixture(scope="module")
def course_folder(tmp_path_factory, require_sandbox):
    course = shutil.copytree(TOY, tmp_path_factory.mktemp("cluster") / "course")
    facts = course / "exercises" / "course.toml"
    # Several workers start at once, on a machine that may have one core: nobody shall run out of time for that.
    facts.write_text(re.sub(r"^(\w+_s) = .*$", r"\1 = 100.0", facts.read_text(), flags=re.MULTILINE))
    return course


class Processes:
    """A scheduler and its workers, started as their documentation says; each may be killed."""

    def __init__(self, folder, course_folder):
        self.folder, self.course_folder = folder, course_folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.scheduler = self._start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", self.address.rpartition(":")[2], "--no-dashboard"
        )
        self.workers = []

    def add_worker(self, name, nanny="--no-nanny", **environment):
        here = self.folder / name
        here.mkdir(exist_ok=True)
        worker = self._start(
            "dask_worker", self.address, "--name", name, "--nthreads", "1", nanny, "--no-dashboard",
            "--local-directory", here, DOT2VIT_COURSE=str(self.course_folder), **environment,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def _start(self, module, *arguments, **environment):
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *map(str, arguments)],
            cwd=self.folder, env=os.environ | {"PYTHONPATH": str(PROJECT)} | environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def close(self):
        for process in self.workers:
            process.terminate()  # a nanny ends its worker with it
        for process in (*self.workers, self.scheduler):
            try:
                process.wait(timeout=5 if process in self.workers else 0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def processes(tmp_path, course_folder):
    started = Processes(tmp_path, course_folder)
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
            victim = chance.choice([worker for worker in processes.workers if worker.poll() is None])
            victim.send_signal(signal.SIGKILL)
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
    other = shutil.copytree(processes.course_folder, tmp_path / "other")
    with (other / "tests" / "hidden" / "test_toy.py").open("a") as hidden:
        hidden.write("\n# changed\n")
    processes.add_worker("right")
    with cluster(processes.address) as there, Store(str(tmp_path / "grades.db")) as store:
        there.prepare(toy, "bwrap")
        late = Processes._start(
            processes, "dask_worker", processes.address, "--name", "late", "--no-nanny", "--no-dashboard",
            DOT2VIT_COURSE=str(other),
        )  # fmt: skip
        processes.workers.append(late)
        grade(toy, make_class(4), there, store)
        assert {record["student"]: record["points"] for record in store.records()} == expected(4)
        assert late.wait(timeout=60) is not None  # it never joined
    processes.course_folder = other
    processes.add_worker("wrong")
    with cluster(processes.address) as there:
        there._client.wait_for_workers(2, timeout=60)
        with pytest.raises(UserError, match=r"cannot grade this course: .*toy .*, not .*install the same versions"):
            there.prepare(toy, "bwrap")


def test_a_worker_with_a_nanny_may_need_a_setting(processes, toy, make_class, tmp_path):
    processes.add_worker("nursed", "--nanny")
    with cluster(processes.address) as there, pytest.raises(UserError, match="DASK_DISTRIBUTED__WORKER__DAEMON=False"):
        there.prepare(toy, "bwrap")
    assert processes.workers[-1].wait(timeout=60) is not None  # it has left
    processes.add_worker("free", "--nanny", DASK_DISTRIBUTED__WORKER__DAEMON="False")
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


def test_the_command_grades_on_a_cluster(processes, course_folder, make_class, tmp_path):
    processes.add_worker("w")
    done = subprocess.run(
        [sys.executable, "-m", "grader", "batch", str(make_class(4)), "--db", str(tmp_path / "g.db"), "--only", "toy",
         "--cluster", processes.address],
        cwd=course_folder, env=os.environ | {"PYTHONPATH": str(PROJECT), "DOT2VIT_SECRET": "secret"},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Grading on {processes.address}: 1 processes." in done.stdout
    assert "s003" in done.stdout
