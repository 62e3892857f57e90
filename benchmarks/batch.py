"""What the sandbox costs: a batch against the same hidden checks on the same solutions imported directly, in one run.

    python benchmarks/batch.py [--students 16] [--rounds 3] [--exercise attention …]
    python benchmarks/batch.py --honest [--rounds 3]

floor    one process, the submissions imported into it (no sandbox, no protocol): the least that these checks can take
sandbox  one grading process with a warm fork server: every submission in a confined worker of its own

Both grade the reference and the alternatives, by turns, in the same process and in alternating order; start-up (importing
torch, starting the fork server) is outside of both. CPU seconds are those of the process and all that it started.
Then: the time of one sandboxed worker from fork to gone, with one call, and the growth of a batch's time with its size.
--honest: instead, the CPU seconds of one right submission of every exercise that does not train, each graded by itself,
without and with its speed checks.
"""

import argparse
import itertools
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import torch

from grader.course import Course, Exercise, find_course
from grader.grade import grade
from grader.record import Settings
from grader.sandbox.client import Usage, Worker
from grader.sandbox.launch import ForkServer
from grader.sandbox.limits import Limits
from grader.speed.bench import Bench
from grader.speed.device import processor
from grader.submission import Submission

CHUNK = 8
TRAINS = {"capstone"}  # graded by training: it has limits of its own


@dataclass
class Timing:
    wall_s: float
    cpu_s: float


def submissions_of(exercise: Exercise, count: int) -> list[Submission]:
    """Right submissions, all of them different sources by turns."""
    sources = [exercise.reference_source, *(variant.source for variant in exercise.alternatives)]
    return [
        Submission(f"student-{number}", exercise.name, source)
        for number, source in zip(range(count), itertools.cycle(sources), strict=False)
    ]


def grade_all(
    course: Course,
    exercise: Exercise,
    submissions: Sequence[Submission],
    mode: str,
    server: ForkServer,
    bench: Bench | None = None,
) -> Timing:
    """Grade in chunks, as a batch does. Raises when a right submission loses marks: then the times mean nothing."""
    settings = Settings(sandbox=mode)
    servers = [server, *(bench.servers if bench else [])]
    wall, cpu = time.perf_counter(), time.process_time()
    worker_cpu = sum(map(server_cpu_s, servers))
    for start in range(0, len(submissions), CHUNK):
        for result in grade(course, exercise, submissions[start : start + CHUNK], settings, server, bench=bench):
            if result.points != result.max_points:
                raise SystemExit(f"{exercise.name}: {result.student} lost marks in {mode}")
    spent = time.process_time() - cpu + sum(map(server_cpu_s, servers)) - worker_cpu
    return Timing(time.perf_counter() - wall, spent)


def server_cpu_s(server: ForkServer) -> float:
    """CPU seconds of the fork server's process tree, ended children included, read from /proc."""
    children: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(name))
            times[int(name)] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    waiting, total = [server.process.pid], 0.0
    while waiting:
        pid = waiting.pop()
        total += times.get(pid, 0.0)
        waiting += children.get(pid, [])
    return total


def median_of(measure: Callable[[], float], repeat: int) -> float:
    return statistics.median(measure() for _ in range(repeat))


def worker_seconds(server: ForkServer) -> float:
    """One worker: forked, confined, a source loaded, one call answered, ended."""
    x = torch.ones(3, 4)
    started = time.perf_counter()
    worker = Worker(server, Limits(), Usage(), bytearray())
    worker.load("def double(x):\n    return 2 * x\n", "toy.py", {})
    worker.perform("call", {"name": "double", "args": (x,), "kwargs": {}})
    worker.kill()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--exercise", action="append")
    parser.add_argument("--honest", action="store_true", help="CPU seconds of one right submission of every exercise")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    course = find_course()
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, {versions}")
    if arguments.honest:
        print_honest(course, course.select(arguments.exercise), arguments.rounds)
        return
    print(f"{arguments.students} submissions an exercise, median of {arguments.rounds} rounds, ms a submission\n")
    print(f"{'exercise':<12}{'floor wall':>11}{'sandbox':>9}{'ratio':>7}{'floor cpu':>11}{'sandbox':>9}{'ratio':>7}")
    with ForkServer("bwrap") as server:
        for exercise in course.select(arguments.exercise):
            submissions = submissions_of(exercise, arguments.students)
            pairs = []
            for round_number in range(arguments.rounds):
                order = ["import", "bwrap"] if round_number % 2 else ["bwrap", "import"]
                timed = {mode: grade_all(course, exercise, submissions, mode, server) for mode in order}
                pairs.append((timed["import"], timed["bwrap"]))
            print_row(exercise.name, pairs, arguments.students)
        print(
            f"\none worker, fork to gone: {1000 * median_of(lambda: worker_seconds(server), 100):.1f} ms (median of 100)"
        )
        print("\nsubmissions   ms each (sandbox, first exercise)")
        exercise = course.select(arguments.exercise)[0]
        for count in (8, 32, 128):
            timing = grade_all(course, exercise, submissions_of(exercise, count), "bwrap", server)
            print(f"{count:>11}{1000 * timing.wall_s / count:>10.1f}")


def print_honest(course: Course, exercises: list[Exercise], rounds: int) -> None:
    """The worker's and the grader's CPU seconds together; the sum is what one diligent student costs."""
    totals = [0.0, 0.0]
    bench = Bench(processor(), "bwrap")
    for side in ("student", "trusted"):
        bench.server(side, None)  # start-up is outside
    print(f"{'':<16}{'values':>8}{'speed too':>11}   CPU s")
    with ForkServer("bwrap") as server:
        for exercise in exercises:
            if exercise.name in TRAINS:
                continue
            reference = submissions_of(exercise, 1)
            row = [
                statistics.median(
                    grade_all(course, exercise, reference, "bwrap", server, measured).cpu_s for _ in range(rounds)
                )
                for measured in (None, bench)
            ]
            print(f"{exercise.name:<16}{row[0]:>8.2f}{row[1]:>11.2f}")
            totals = [total + seconds for total, seconds in zip(totals, row, strict=True)]
    bench.close()
    print(f"{'all':<16}{totals[0]:>8.2f}{totals[1]:>11.2f}   (medians of {rounds} rounds)")


def print_row(name: str, pairs: list[tuple[Timing, Timing]], count: int) -> None:
    """Medians of the rounds, and the median of the rounds' own ratios."""

    def per_submission(values: list[float]) -> float:
        return 1000 * statistics.median(values) / count

    floor_wall, wall = per_submission([f.wall_s for f, _ in pairs]), per_submission([s.wall_s for _, s in pairs])
    floor_cpu, cpu = per_submission([f.cpu_s for f, _ in pairs]), per_submission([s.cpu_s for _, s in pairs])
    wall_ratio = statistics.median(s.wall_s / f.wall_s for f, s in pairs)
    cpu_ratio = statistics.median(s.cpu_s / f.cpu_s for f, s in pairs)
    print(f"{name:<12}{floor_wall:>11.1f}{wall:>9.1f}{wall_ratio:>7.2f}{floor_cpu:>11.1f}{cpu:>9.1f}{cpu_ratio:>7.2f}")


if __name__ == "__main__":
    main()
