"""Kill a cluster's workers at random moments while `grader batch --cluster` runs: is every grade there once, and right?

    python benchmarks/cluster.py --kills 100 --workers 3 --seed 0

A Dask scheduler and its workers run as processes of this machine, and the same class is graded by them again and again,
each time into a new store, while one worker after the other gets SIGKILL and another one takes its place. A kill counts if
the scheduler took chunks away from the worker that died: one that was starting, or had nothing to do, costs nothing. Now and
then only the worker's grading process is killed; these are counted apart. From one kill to the next, a random number of
grades is made (so a slow machine gets on, too) and then a random part of a second goes by.

After each batch the store must hold one grade of each student, which counts, and whose record is that of an undisturbed
batch on this machine, but for the seconds; no process may be left that nobody uses. Where the grader gave a submission up
(four workers died on it, also when it was graded alone), the same command runs once more, undisturbed, and then the same
must hold.
"""

import argparse
import collections
import contextlib
import ctypes
import itertools
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from distributed import Client
from kill import PR_SET_CHILD_SUBREAPER, processes_of, timeless, wait_until_alone
from loopback import PROJECT, Loopback

from grader.course import Exercise, load_course
from grader.sync import make_stub

EXERCISE = "dot"
GRADES_APART = 8  # from one kill to the next, at most
SECONDS_APART = 1.0  # and then, at most
GIVEN_UP = "marked as failed because"  # what the scheduler says of a chunk on which too many workers died
PROBLEMS = ("failed", "lost", "doubled", "differing", "left")

Grades = dict[str, dict]  # student -> record, without seconds
Report = dict[str, Any]


def make_course(folder: Path) -> Exercise:
    """The course's own exercise, with time limits that a busy machine does not reach."""
    for part in ("exercises", "solutions", "tests/hidden"):
        shutil.copytree(PROJECT / part, folder / part)
    toml = folder / "exercises" / "course.toml"
    toml.write_text(re.sub(r"^((?:check|total)_\w+_s = )[\d.]+", r"\g<1>600.0", toml.read_text(), flags=re.MULTILINE))
    return load_course(toml).exercise(EXERCISE)


def make_class(exercise: Exercise, folder: Path, students: int) -> None:
    """By turns right, written otherwise, wrong and unfinished; no two files are the same."""
    variants = [variant.source for variant in (*exercise.alternatives, *exercise.misconceptions)]
    sources = itertools.cycle([exercise.reference_source, *variants, make_stub(exercise.reference_source, EXERCISE)])
    for number, source in zip(range(students), sources, strict=False):
        home = folder / f"student{number:04}"
        home.mkdir(parents=True)
        (home / exercise.filename).write_text(f"{source}\n# {number}\n")


def start(course: Path, submissions: Path, results: Path, *options: str) -> "subprocess.Popen[bytes]":
    """`grader batch`, as an instructor runs it."""
    results.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "grader", "batch", str(submissions), "--only", EXERCISE, "--device", "none"]
    command += ["--db", str(results / "grades.db"), *options]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "DOT2VIT_SECRET": "kill"}
    with open(results / "log", "ab") as log:
        return subprocess.Popen(command, cwd=course, env=environment, stdout=log, stderr=log)


class Killer:
    """Kills workers and their grading processes, replaces the workers, and keeps count."""

    def __init__(self, there: Loopback, client: Client, threads: int, share: float, chance: random.Random) -> None:
        self.there, self.client, self.threads, self.share, self.chance = there, client, threads, share, chance
        self.count: collections.Counter[str] = collections.Counter()
        self._names = itertools.count(1)

    def add_worker(self) -> None:
        self.there.add_worker(f"worker{next(self._names)}", self.threads)

    def disturb(self, batch: "subprocess.Popen[bytes]", database: Path, kills: int) -> None:
        """Kill until the batch ends, or until so many workers were killed that had something to do, in all."""
        while self.count["workers"] < kills and self._wait(batch, database):
            if self.chance.random() < self.share:
                self._kill_grading_process()
            else:
                self._kill_worker()
        batch.wait()

    def _wait(self, batch: "subprocess.Popen[bytes]", database: Path) -> bool:
        """Until some grades more are stored and some time went by; whether the batch still runs then."""
        until = max(1, graded(database) + self.chance.randint(0, GRADES_APART))  # 1: the batch has begun to grade
        while batch.poll() is None and graded(database) < until:
            time.sleep(0.05)
        time.sleep(self.chance.uniform(0, SECONDS_APART))
        return batch.poll() is None

    def _kill_worker(self) -> None:
        name = self.chance.choice(self.there.living)
        workers = self.client.scheduler_info(n_workers=-1)["workers"]
        address = next((address for address, worker in workers.items() if worker["name"] == name), None)
        self.there.workers[name].kill()
        self.there.workers[name].wait()
        self.add_worker()
        chunks = self._taken_away(address) if address else 0
        self.count["workers" if chunks else "workers with nothing to do"] += 1
        self.count["chunks given to others"] += chunks

    def _taken_away(self, address: str) -> int:
        """The chunks that the scheduler had given to a worker that is dead."""
        while True:
            for _time, event in self.client.get_events(address):
                if event["action"] == "remove-worker":
                    return len(event["processing-tasks"])
            time.sleep(0.05)

    def _kill_grading_process(self) -> None:
        name = self.chance.choice(self.there.living)
        if targets := processes_of(self.there.workers[name].pid)["grading process"]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.chance.choice(targets), signal.SIGKILL)
                self.count["grading processes"] += 1


def graded(database: Path) -> int:
    with contextlib.suppress(sqlite3.OperationalError):  # it is not there yet
        return rows_of(database, "SELECT count(*) FROM grades")[0][0]
    return 0


def rows_of(database: Path, query: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def grades_in(database: Path) -> Grades:
    """The records of the grades that count."""
    rows = rows_of(database, "SELECT student, record FROM live JOIN records USING (key)")
    return {student: timeless(json.loads(record)) for student, record in rows}


def compare(database: Path, expected: Grades) -> dict[str, list[str]]:
    """The students whose grade is lost, there twice, or another one than it would be had nobody killed anything."""
    found = grades_in(database)
    kept = collections.Counter(student for (student,) in rows_of(database, "SELECT student FROM grades"))
    return {
        "lost": [student for student in expected if student not in found],
        "doubled": [student for student, count in kept.items() if count > 1],
        "differing": [student for student, record in found.items() if record != expected.get(student)],
    }


def given_up(grades: Grades) -> list[str]:
    """Students on whose submission the grader failed, also when it was graded alone."""
    return [
        student for student, grade in grades.items() if any(c["verdict"] == "grader_error" for c in grade["checks"])
    ]


def kill_workers(given: argparse.Namespace, root: Path, exercise: Exercise, expected: Grades) -> Report:
    """Grade the class on a cluster until so many workers were killed; what was killed, and what went wrong."""
    report: Report = {"killed": {}, "batches": 0, "given up": 0} | {kind: [] for kind in PROBLEMS}
    with contextlib.closing(Loopback(root, exercise.root)) as there, Client(there.address, timeout=60) as client:
        killer = Killer(there, client, given.threads, given.share, random.Random(given.seed))
        report["killed"] = killer.count
        for _ in range(given.workers):
            killer.add_worker()
        while killer.count["workers"] < given.kills:
            report["batches"] += 1
            results = root / f"batch{report['batches']}"
            database = results / "grades.db"
            batch = start(exercise.root, root / "class", results, "--cluster", there.address)
            killer.disturb(batch, database, given.kills)
            failed = given_up(grades_in(database))
            report["given up"] += len(failed)
            if failed:
                batch = start(exercise.root, root / "class", results, "--cluster", there.address)
            if batch.wait() != 0:
                report["failed"].append((results / "log").read_text()[-3000:])
            for kind, students in compare(database, expected).items():
                report[kind] += students
            ours = {there.scheduler.pid, *(worker.pid for worker in there.workers.values())}
            report["left"] += wait_until_alone(but_for=ours)
            problems = {kind: len(report[kind]) for kind in PROBLEMS}
            print(f"batch {report['batches']}: {dict(killer.count)}, {problems}", file=sys.stderr, flush=True)
        report["chunks given up"] = (root / "scheduler.log").read_text().count(GIVEN_UP)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="how many workers to kill while they grade")
    parser.add_argument("--workers", type=int, default=3, help="workers at any time")
    parser.add_argument("--threads", type=int, default=1, help="grading processes of a worker")
    parser.add_argument("--share", type=float, default=0.15, help="of kills that hit a grading process, not its worker")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # whatever a dead process leaves behind is our child
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        exercise = make_course(root / "course")
        make_class(exercise, root / "class", given.students)
        start(exercise.root, root / "class", root / "undisturbed").wait()
        expected = grades_in(root / "undisturbed" / "grades.db")
        assert len(expected) == given.students, (root / "undisturbed" / "log").read_text()
        assert not any(record["needs_review"] for record in expected.values())
        report = kill_workers(given, root, exercise, expected)
        report["left"] += wait_until_alone()
    report["minutes"] = round((time.monotonic() - began) / 60, 1)
    print(json.dumps(report, indent=2, ensure_ascii=False))
    found = [report[kind] for kind in PROBLEMS]
    return 1 if any(found) or report["killed"]["workers"] < given.kills else 0


if __name__ == "__main__":
    sys.exit(main())
