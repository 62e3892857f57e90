"""How many times as fast are several jobs as one? The same class, graded by turns with each number of jobs.

    python benchmarks/jobs.py [EXERCISE …] [--students 16] [--jobs 1 2] [--rounds 3] [--device none]

Every student hands in the reference of every exercise that does not train, or of those that are named; each copy differs by
a comment. `grader batch` is run as an instructor would, its start included, into a new store. Its start is also measured by
itself, with a class of one, and taken off for the last column: that is the rate of a large class. Medians of the rounds.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import date
from pathlib import Path
from statistics import median

from grader.course import Exercise, find_course

ROOT = Path(__file__).parent.parent


def hand_in(folder: Path, exercises: list[Exercise], students: int) -> None:
    for number in range(students):
        own = folder / f"s{number:04}"
        own.mkdir(parents=True)
        for exercise in exercises:
            source = f"{exercise.reference_source}\n# handed in by student {number}\n"
            (own / exercise.filename).write_text(source, encoding="utf-8")


def seconds(submissions: Path, exercises: list[Exercise], jobs: int, device: str) -> float:
    """On the clock, from the command's start to its end. A batch in which anything needs review ends the benchmark."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "grader", "batch", str(submissions), "--db", f"{folder}/grades.db"]
        command += ["--jobs", str(jobs), "--device", device]
        for exercise in exercises:
            command += ["--only", exercise.name]
        started = time.perf_counter()
        subprocess.run(
            command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"DOT2VIT_SECRET": "benchmark"}
        )
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exercises", nargs="*")
    parser.add_argument("--students", type=int, default=16)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="none")
    options = parser.parse_args()
    exercises = [one for one in find_course().select(options.exercises) if not one.training]
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{options.students} students × {len(exercises)} exercises, median of {options.rounds} rounds")
    took: dict[tuple[int, int], list[float]] = defaultdict(list)  # (students, jobs) → seconds of each round
    with tempfile.TemporaryDirectory() as name:
        classes = {students: Path(name) / str(students) for students in (1, options.students)}
        for students, folder in classes.items():
            hand_in(folder, exercises, students)
        for _ in range(options.rounds):
            for jobs in options.jobs:
                for students, folder in classes.items():
                    took[students, jobs].append(seconds(folder, exercises, jobs, options.device))
    first_one, first_whole = (median(took[students, options.jobs[0]]) for students in (1, options.students))
    print(f"{'jobs':>5}{'one student s':>15}{'class s':>9}{'times as fast':>15}{'beyond the first':>18}")
    for jobs in options.jobs:
        one, whole = median(took[1, jobs]), median(took[options.students, jobs])
        times, beyond = first_whole / whole, (first_whole - first_one) / (whole - one)
        print(f"{jobs:>5}{one:>15.1f}{whole:>9.1f}{times:>15.2f}{beyond:>18.2f}")


if __name__ == "__main__":
    main()
