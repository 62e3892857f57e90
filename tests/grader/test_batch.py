"""grader/batch.py and grader/pool.py: a class, whatever happens to the processes that grade it."""

import dataclasses
import json
import multiprocessing
import os
import threading
import time
import zipfile
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from grader import batch, planning, pool, processes
from grader.errors import GraderFault, SandboxUnavailable, Stopped, UserError
from grader.grade import grade
from grader.processes import local_executor
from grader.record import Settings
from grader.result import Verdict
from grader.speed.device import Device
from grader.store import Store

SETTINGS = Settings(secret=b"secret", sandbox="import")


@pytest.fixture
def make_class(tmp_path, toy):
    """make_class("ann", bob="source"): a folder of submissions of the toy."""

    def make(*names, **sources):
        for name in names:
            sources[name] = toy.reference_source
        for name, source in sources.items():
            folder = tmp_path / "class" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "toy.py").write_text(source)
        return tmp_path / "class"

    return make


@pytest.fixture
def store(tmp_path):
    with Store(str(tmp_path / "grades.db")) as opened:
        yield opened


class Threaded(Executor):
    """A pool whose one process dies when it meets a killer: whatever was handed in and is not done is lost with it."""

    def __init__(self, killers=(), faulty=(), unavailable=False):
        self.killers, self.faulty, self.unavailable = set(killers), set(faulty), unavailable
        self.chunks, self.waiting, self.broken = [], [], False
        self.lock = threading.Lock()

    def submit(self, function, course_file, exercise, submissions, settings):
        with self.lock:
            if self.broken:
                raise BrokenProcessPool("the pool is broken")
            future = Future()
            students = [submission.student for submission in submissions]
            self.chunks.append(students)
            self.waiting.append((future, course_file, exercise, submissions, students))
        threading.Timer(0.05, self.work).start()
        return future

    def work(self):
        with self.lock:
            if not self.waiting:
                return
            future, course_file, exercise, submissions, students = self.waiting.pop(0)
            if self.killers & set(students):
                self.broken = True
                for lost in [future, *(entry[0] for entry in self.waiting)]:
                    lost.set_exception(BrokenProcessPool("a process in the pool was terminated abruptly"))
                self.waiting.clear()
                return
            if self.unavailable:
                future.set_exception(SandboxUnavailable("no namespaces"))
            elif self.faulty & set(students):
                future.set_exception(GraderFault("the checks could not be run"))
            else:
                course = batch_course(course_file)
                future.set_result(grade(course, course.exercise(exercise), submissions, SETTINGS, None))


def batch_course(course_file):
    from grader.course import load_course

    return load_course(course_file)


def run(course, folder, store, jobs=2, **trouble):
    """Plan and run; the plan, the grades in the order in which they were told, and the pools that were used."""
    plan = planning.plan(course, [course.exercise("toy")], folder, SETTINGS)
    told, pools = [], []

    def new_pool():
        pools.append(Threaded(**trouble))
        return pools[-1]

    batch.run(plan, store, new_pool, jobs, told.append)
    return plan, told, pools


def pending(plan, store):
    """The units that are not graded yet."""
    return [unit for chunk in batch.pending(plan, store) for unit in chunk.units]


def units(plan):
    return [unit for block in plan.blocks() for unit in block]


def points(records):
    return {record["student"]: record["points"] for record in records}


def test_every_submission_is_graded_stored_and_told(toy_course, make_class, store):
    folder = make_class("ann", "bob", cho="def center(x, dim): return x")
    plan, told, _ = run(toy_course, folder, store)
    assert points(list(planning.records_of(plan, store))) == {"ann": 10, "bob": 10, "cho": 0}
    assert sorted(graded.student for graded in told) == ["ann", "bob", "cho"]


def test_a_second_run_does_only_what_is_new(toy_course, make_class, store, toy):
    folder = make_class("ann", "bob")
    run(toy_course, folder, store)
    make_class("zoe", bob=toy.reference_source + "\n# better\n")
    plan, told, _ = run(toy_course, folder, store)
    assert sorted(graded.student for graded in told) == ["bob", "zoe"]
    assert len(list(planning.records_of(plan, store))) == 3
    _, told, pools = run(toy_course, folder, store)
    assert (told, pools) == ([], [])


def test_a_file_that_went_missing_is_graded_again_as_missing(toy_course, make_class, store):
    folder = make_class("ann")
    run(toy_course, folder, store)
    (folder / "ann" / "toy.py").unlink()
    plan, _, _ = run(toy_course, folder, store)
    (record,) = list(planning.records_of(plan, store))
    assert {check["verdict"] for check in record["checks"]} == {"missing"}


@pytest.mark.parametrize(
    "change", [{"seed": "1"}, {"secret": b"other"}, {"sandbox": "none"}, {"device": Device("cuda")}]
)
def test_another_setting_grades_again(toy_course, make_class, store, change):
    folder = make_class("ann")
    run(toy_course, folder, store)
    settings = Settings(**{"secret": b"secret", "sandbox": "import", **change})
    assert len(pending(planning.plan(toy_course, [toy_course.exercise("toy")], folder, settings), store)) == 1


def test_another_language_grades_again_but_the_same_does_not(toy_course, make_class, store):
    from grader import i18n

    folder = make_class("ann")
    run(toy_course, folder, store)
    i18n.set_language("ko")
    assert len(pending(planning.plan(toy_course, [toy_course.exercise("toy")], folder, SETTINGS), store)) == 1


def test_a_secret_is_in_no_record_and_no_key(toy_course, make_class, store, tmp_path):
    plan, _, _ = run(toy_course, make_class("ann"), store)
    assert b"secret" not in str(list(planning.records_of(plan, store))).encode()
    assert all(len(unit.key) == 64 for unit in units(plan))


def test_chunks_hold_one_exercise_each(toy_course, make_class, store):
    folder = make_class(*(f"s{n:02}" for n in range(11)))
    plan = planning.plan(toy_course, list(toy_course.exercises), folder, SETTINGS)
    chunks = batch.chunks_of(units(plan), 4)
    assert [(len(chunk.units), {unit.exercise.name for unit in chunk.units}) for chunk in chunks] == [
        (4, {"toy"}), (4, {"toy"}), (3, {"toy"}), (4, {"second"}), (4, {"second"}), (3, {"second"}),
    ]  # fmt: skip


def test_a_killed_process_costs_nobody_but_who_kills_it_again(toy_course, make_class, store):
    """Innocent neighbours, in its chunk and in the chunks beside it, are graded all the same."""
    names = [f"s{n:02}" for n in range(20)]
    folder = make_class(*names)
    plan, told, _ = run(toy_course, folder, store, jobs=3, killers=["s05"])
    records = {record["student"]: record for record in list(planning.records_of(plan, store))}
    assert set(records) == set(names)
    assert records["s05"]["needs_review"]
    assert "BrokenProcessPool" in records["s05"]["notes"][0]
    assert {records[name]["points"] for name in names if name != "s05"} == {10}
    assert len(told) == 20


def test_two_killers_cost_two(toy_course, make_class, store):
    names = [f"s{n:02}" for n in range(6)]
    plan, _, _ = run(toy_course, make_class(*names), store, jobs=2, killers=["s00", "s05"])
    review = [record["student"] for record in list(planning.records_of(plan, store)) if record["needs_review"]]
    assert review == ["s00", "s05"]


def test_what_the_grader_failed_on_is_tried_once_more_alone(toy_course, make_class, store):
    plan, _, pools = run(toy_course, make_class("ann", "bob", "cho"), store, faulty=["bob"])
    chunks = [chunk for used in pools for chunk in used.chunks]
    assert chunks[0] == ["ann", "bob", "cho"]
    assert sorted(chunks[1:]) == [["ann"], ["bob"], ["cho"]]
    records = {record["student"]: record for record in list(planning.records_of(plan, store))}
    assert [records[name]["points"] for name in ("ann", "bob", "cho")] == [10, 0, 10]
    assert records["bob"]["needs_review"]
    assert "the checks could not be run" in records["bob"]["notes"][0]


def test_what_needs_review_is_graded_again_by_the_next_run(toy_course, make_class, store):
    folder = make_class("ann", "bob")
    run(toy_course, folder, store, faulty=["bob"])
    plan, told, _ = run(toy_course, folder, store)
    assert [graded.student for graded in told] == ["bob"]
    assert points(list(planning.records_of(plan, store))) == {"ann": 10, "bob": 10}


def test_a_machine_that_cannot_confine_ends_the_batch(toy_course, make_class, store):
    with pytest.raises(SandboxUnavailable):
        run(toy_course, make_class("ann"), store, unavailable=True)
    assert store.records() == []


def test_ctrl_c_keeps_what_is_done(toy_course, make_class, store):
    folder = make_class(*(f"s{n:02}" for n in range(9)))
    plan = planning.plan(toy_course, [toy_course.exercise("toy")], folder, SETTINGS)

    def stop(graded):
        raise KeyboardInterrupt

    with pytest.raises(Stopped):
        batch.run(plan, store, Threaded, 1, stop)
    done = store.records()
    assert 1 <= len(done) <= 8
    plan, told, _ = run(toy_course, folder, store)
    assert len(told) == 9 - len(done)


def test_a_folder_without_students_is_one_sentence(toy_course, store, tmp_path):
    with pytest.raises(UserError):
        planning.plan(toy_course, list(toy_course.exercises), tmp_path / "none", SETTINGS)


def test_real_processes_in_the_real_sandbox_one_of_them_killed(toy_course, make_class, store, bwrap_server):
    """The first grade that comes back is followed by a kill -9 of the process that made it."""
    names = [f"s{n:02}" for n in range(12)]
    settings = Settings(secret=b"secret")
    plan = planning.plan(toy_course, [toy_course.exercise("toy")], make_class(*names), settings)
    executors, told = [], []

    def new_executor():
        executors.append(local_executor(1, "bwrap"))
        return executors[-1]

    def kill_once(graded):
        if not told:
            (process,) = executors[0]._processes.values()
            process.kill()
        told.append(graded.student)

    batch.run(plan, store, new_executor, 1, kill_once)
    assert sorted(told) == names
    assert set(points(list(planning.records_of(plan, store))).values()) == {10}
    assert len(executors) == 2
    assert multiprocessing.active_children() == []


@pytest.fixture
def grading_process(monkeypatch):
    """This process as a grading process, and back."""
    import signal

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(pool, "_end_with_parent", lambda: None, raising=False)
    yield pool
    if pool._server is not None:
        pool._server.close()
    pool._server = None
    signal.signal(signal.SIGINT, before)


def test_a_grading_process_replaces_a_fork_server_that_died(grading_process, toy_course, bwrap_server):
    from grader.submission import Submission

    course_file = toy_course.root / "exercises" / "course.toml"
    submissions = [Submission("ann", "toy", toy_course.exercise("toy").reference_source)]
    grading_process.start_process("bwrap", "en")
    for _ in range(2):
        (graded,) = grading_process.grade_chunk(course_file, "toy", submissions, Settings())
        assert graded.points == 10
        os.kill(grading_process._server.process.pid, 9)
        grading_process._server.process.wait()


def test_a_fork_server_whose_workers_do_not_start_is_replaced(grading_process, toy_course, bwrap_server, monkeypatch):
    """Stopped, it still counts as a running process."""
    import signal

    from grader.sandbox import client
    from grader.submission import Submission

    monkeypatch.setattr(client, "START_SECONDS", 0.5)
    course_file = toy_course.root / "exercises" / "course.toml"
    submissions = [Submission("ann", "toy", toy_course.exercise("toy").reference_source)]
    grading_process.start_process("none", "en")
    grading_process.grade_chunk(course_file, "toy", submissions, Settings(sandbox="none"))
    os.kill(grading_process._server.process.pid, signal.SIGSTOP)
    (graded,) = grading_process.grade_chunk(course_file, "toy", submissions, Settings(sandbox="none"))
    assert {check.verdict for check in graded.checks} == {Verdict.GRADER_ERROR}
    (graded,) = grading_process.grade_chunk(course_file, "toy", submissions, Settings(sandbox="none"))
    assert graded.points == 10


@pytest.mark.parametrize(("jobs", "available"), [(1, [0, 1]), (3, [0, 1, 2, 3]), (2, [])])
def test_where_a_core_is_spare_no_grading_process_keeps_to_one(jobs, available):
    assert processes.cores_of(jobs, available) == []


def test_each_grading_process_keeps_to_a_core_of_its_own_where_all_are_used(keep_to):
    assert processes.cores_of(2, [4, 7]) == [4, 7]
    assert processes.cores_of(3, [4, 7]) == [4, 7, 4]
    chosen = set(sorted(os.sched_getaffinity(0))[:2])
    keep_to(chosen)
    with local_executor(len(chosen), "import") as executor:
        started = [executor.submit(time.sleep, 0.1) for _ in range(len(chosen))]
        for future in started:
            future.result()
        found = [os.sched_getaffinity(pid) for pid in executor._processes]
    assert sorted(map(sorted, found)) == [[core] for core in sorted(chosen)]


def test_each_submission_is_read_once_and_only_when_its_turn_comes(toy_course, make_class, store, monkeypatch):
    monkeypatch.setattr(planning, "BLOCK", 2)
    read = []
    submission_of = planning.submission_of
    monkeypatch.setattr(
        planning, "submission_of", lambda *which: (read.append(which[0].name), submission_of(*which))[1]
    )
    plan = planning.plan(toy_course, [toy_course.exercise("toy")], make_class(*"abcdefgh"), SETTINGS)
    assert read == []
    seen = []
    batch.run(plan, store, Threaded, 1, lambda graded: seen.append((graded.student, len(read))))
    assert read == list("abcdefgh")
    assert dict(seen)["a"] < 8
    assert points(list(planning.records_of(plan, store))) == dict.fromkeys("abcdefgh", 10)


def test_what_trains_comes_first_and_by_itself(toy_course, make_class):
    toy, second = toy_course.exercises
    training = dataclasses.replace(second, training="parts")
    made = planning.plan(toy_course, [toy, training], make_class("a", "b", "c"), SETTINGS)
    chunks = batch.chunks_of(units(made))
    assert [(chunk.units[0].exercise.name, len(chunk.units)) for chunk in chunks] == [
        ("second", 1), ("second", 1), ("second", 1), ("toy", 3),
    ]  # fmt: skip


def test_the_grade_of_the_last_batch_counts(toy_course, toy, make_class, store):
    """Also where it is an older one, of a file that came back."""
    wrong = "def center(x, dim): return x"
    for source, earned in ((wrong, 0), (toy.reference_source, 10), (wrong, 0)):
        run(toy_course, make_class(ann=source), store)
        assert points(store.records()) == {"ann": earned}
    assert [(past.record["points"], past.is_live) for past in store.history("ann")] == [(0, True), (10, False)]


def test_a_platforms_download_is_graded_and_a_roster_tells_who_is_absent(toy_course, toy, store, tmp_path):
    notebook = json.dumps({"cells": [{"cell_type": "code", "source": "%matplotlib inline\n" + toy.reference_source}]})
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as made:
        made.writestr("kimminjun_12_300_toy.py", "def center(x, dim): return x")
        made.writestr("kimminjun_12_301_toy-1.py", toy.reference_source)
        made.writestr("leehaeun_13_302_toy.py", ("# 한글 주석이에요\n" + toy.reference_source).encode("cp949"))
        made.writestr("ann_14_303_toy.ipynb", notebook)
        made.writestr("mallory_15_304_toy.py", "%PDF-1.7")
    (tmp_path / "roster.csv").write_text("student,id\nminjun,12\nhaeun,13\nann,14\nlate,16\n")
    with planning.plan(toy_course, [toy], tmp_path / "class.zip", SETTINGS, roster=tmp_path / "roster.csv") as plan:
        batch.run(plan, store, Threaded, 2, lambda graded: None)
    records = {record["student"]: record for record in planning.records_of(plan, store)}
    assert points(records.values()) == {"minjun": 10, "haeun": 10, "ann": 10, "late": 0, "mallory_15": 0}
    assert "CP949" in records["haeun"]["notes"][1]
    assert "%matplotlib inline (cell 1)" in " ".join(records["ann"]["notes"])
    assert {check["verdict"] for check in records["late"]["checks"]} == {"missing"}
    assert {check["verdict"] for check in records["mallory_15"]["checks"]} == {"unreadable"}
    assert any("Canvas" in mention for mention in plan.mentions)
    assert any("Not on the roster, graded all the same: mallory_15." in mention for mention in plan.mentions)


def test_a_student_is_forgotten_when_read(toy_course, toy, store, tmp_path, monkeypatch):
    """One student's zips are in memory at a time."""
    from grader.intake.student import Student

    closed = []
    close = Student.close
    monkeypatch.setattr(Student, "close", lambda student: (closed.append(student.name), close(student)))
    for name in ("ann", "bob"):
        (tmp_path / "class" / name).mkdir(parents=True)
        with zipfile.ZipFile(tmp_path / "class" / name / "hw.zip", "w") as made:
            made.writestr("toy.py", toy.reference_source)
    plan = planning.plan(toy_course, [toy], tmp_path / "class", SETTINGS)
    assert [unit.submission.source for unit in units(plan)] == [toy.reference_source] * 2
    assert closed == ["ann", "bob"]
