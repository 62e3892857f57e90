"""The coordinator with a MOOC's worth of grades: is memory flat, how fast are grades stored, how long do reports take?

    python benchmarks/scale.py [--students 100000] [--db scale.db | postgresql://…] [--recorded 12]

The coordinator (planning.Plan and batch.run), the store and the reports are the real ones. What is replaced is the grading: first
a few right and wrong submissions of each exercise that does not train are graded for real, then their recorded grades stand
in for everybody's. A grade arrives as it would from a grading process, as bytes to be unpickled. The students' files are
made up in memory, since neither the disk nor the platform's download is what is measured. The database must be new.
"""

import argparse
import dataclasses
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader import batch
from grader.course import Course, Exercise, find_course
from grader.intake.collect import Collected
from grader.intake.student import Part, Student
from grader.intake.tree import File, Node
from grader.planning import Plan
from grader.record import Settings
from grader.reports.records import write_csv, write_json
from grader.result import Grade
from grader.standing.final import standings
from grader.store import Store
from grader.submission import Submission

TURNS = 20  # how often memory and speed are looked at


@dataclass(frozen=True)
class MadeUp:
    """A student's folder: each exercise's file differs from everybody else's by a comment."""

    name: str
    exercises: tuple[Exercise, ...]

    def entries(self) -> list[Node]:
        return [
            File(exercise.filename, lambda limit, source=exercise.reference_source: self._text(source))
            for exercise in self.exercises
        ]

    def _text(self, source: str) -> bytes:
        return f"{source}\n# {self.name}\n".encode()


class Recorded(Executor):
    """In the place of grading processes: each submission gets one of the recorded grades of its exercise."""

    def __init__(self, grades: dict[str, list[bytes]]) -> None:
        self.grades = grades

    def submit(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Future[Any]:
        _course_file, exercise, submissions, _settings = arguments
        future: Future[Any] = Future()
        future.set_result([self._grade(exercise, submission) for submission in submissions])
        return future

    def _grade(self, exercise: str, submission: Submission) -> Grade:
        grades = self.grades[exercise]
        grade = pickle.loads(grades[int(submission.sha256, 16) % len(grades)])
        return dataclasses.replace(grade, student=submission.student, source_sha256=submission.sha256)


def recorded_grades(course: Course, exercises: list[Exercise], each: int) -> dict[str, list[bytes]]:
    """Real grades, pickled: of the reference and of misconceptions, `each` an exercise."""
    from grader.grade import grade

    found = {}
    for exercise in exercises:
        sources = [exercise.reference_source, *(wrong.source for wrong in exercise.misconceptions)][:each]
        submissions = [Submission(f"s{n}", exercise.name, source) for n, source in enumerate(sources)]
        grades = grade(course, exercise, submissions, Settings(sandbox="import"), None)
        found[exercise.name] = [pickle.dumps(one) for one in grades]
    return found


def resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def run(course: Course, exercises: list[Exercise], students: int, recorded: dict[str, list[bytes]], db: str) -> None:
    people = [Student(name, [Part(MadeUp(name, tuple(exercises)))]) for name in (f"s{n:07}" for n in range(students))]
    plan = Plan(course, exercises, Settings(secret=b"secret"), Collected(people, []))
    total = plan.count
    print(f"{students} students × {len(exercises)} exercises = {total} grades; after set-up {resident_mb():.0f} MB")
    print(f"{'graded':>10} {'MB':>6} {'grades/s':>9}")
    marks: list[tuple[int, float]] = [(0, time.perf_counter())]

    def on_graded(grade: Grade) -> None:
        nonlocal graded
        graded += 1
        if graded * TURNS // total > len(marks) - 1:
            now = time.perf_counter()
            print(f"{graded:>10} {resident_mb():>6.0f} {(graded - marks[-1][0]) / (now - marks[-1][1]):>9.0f}")
            marks.append((graded, now))

    graded = 0
    with Store(db) as store:
        took = timed(lambda: batch.run(plan, store, lambda: Recorded(recorded), 2, on_graded))
        print(f"coordinator: {total / took:.0f} grades/s in all, {took:.0f} s")
        known = [0]
        again = timed(lambda: batch.run(plan, store, lambda: Recorded({}), 2, on_graded, known.append))
        print(f"a second batch, nothing new ({sum(known)} found): {again:.0f} s")
        print(f"the store alone: {store_rate(recorded):.0f} grades/s")
        with tempfile.TemporaryDirectory() as folder:
            report(plan, store, db, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"memory: peak {peak:.0f} MB")


def report(plan: Plan, store: Store, db: str, folder: Path) -> None:
    """What an instructor asks for afterwards."""
    names = [exercise.name for exercise in plan.exercises]
    print(
        f"points as CSV: {timed(lambda: write_csv(standings(store, plan.course), names, folder / 'points.csv')):.1f} s"
    )
    seconds, peak = class_report(db, folder / "report")
    print(f"grader report: {seconds:.1f} s of a CPU, peak {peak:.0f} MB")
    print(f"one student's records: {timed(lambda: store.records([plan.students[-1]])):.3f} s")
    some = plan.students[:: max(1, len(plan.students) // 100)][:100]
    took = timed(lambda: write_json(store.each_record(some), folder / "records", some))
    print(f"the records of {len(some)} students as JSON: {took:.1f} s")


def class_report(db: str, folder: Path) -> tuple[float, float]:
    """CPU seconds and peak memory (MB) of `grader report`, in a process of its own, Python's start and all imports included.

    It tells its own peak: what the system tells of a child is never less than its parent had at the start.
    """
    code = (
        "import atexit; from grader.cli import main; "
        "atexit.register(lambda: print(open('/proc/self/status').read())); main()"
    )
    command = [sys.executable, "-c", code, "report", str(folder), "--db", db]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = int(told.partition("VmHWM:")[2].split()[0]) / 1e3
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def store_rate(recorded: dict[str, list[bytes]], count: int = 20_000, block: int = 64) -> float:
    """Grades a second into a new SQLite file, `block` a transaction; making up the grades is not counted."""
    everyone = [pickle.loads(grade) for grades in recorded.values() for grade in grades]

    def blocks() -> Iterator[list[tuple[str, Grade]]]:
        for start in range(0, count, block):
            yield [
                (f"{n:064}", dataclasses.replace(everyone[n % len(everyone)], student=f"s{n}"))
                for n in range(start, start + block)
            ]

    with tempfile.TemporaryDirectory() as folder, Store(str(Path(folder) / "grades.db")) as store:
        took = sum(timed(lambda made=made: store.save(made)) for made in blocks())
    return count / took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=100_000)
    parser.add_argument("--db", default="scale.db")
    parser.add_argument("--recorded", type=int, default=12, help="recorded grades of each exercise")
    options = parser.parse_args()
    if "://" not in options.db and Path(options.db).exists():
        sys.exit(f"{options.db} exists: name another file with --db, or delete it")
    course = find_course()
    exercises = [exercise for exercise in course.exercises if not exercise.training]
    run(course, exercises, options.students, recorded_grades(course, exercises, options.recorded), options.db)


if __name__ == "__main__":
    main()
