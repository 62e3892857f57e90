"""What hostile submissions cost the others: a class with and without a hostile fifth, side by side in one run.

    python benchmarks/hostile.py [--students 24] [--rounds 3] [--exercise attention]

honest  the reference and the alternatives by turns
mixed   the same, every fifth of them replaced by an attack of tests/hostile, each round by others

Both are graded in chunks, as a grading process of a batch does, by turns and in alternating order, with the course's own
limits. A mixed class may take as long as an honest one, and beside that what its hostile members used up of their own
limits, which the grader itself counts (wall seconds in their workers). What is left over is what they cost the others.
"""

import argparse
import itertools
import os
import platform
import statistics
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch

from grader import grade as grading
from grader.course import Course, Exercise, find_course
from grader.record import Settings
from grader.sandbox.backend import Sandboxed
from grader.sandbox.launch import ForkServer
from grader.submission import Submission
from grader.variants import Variant, load_variants

CHUNK = 8
EVERY = 5
# The families whose attacks are written for each exercise.
FAMILIES = {
    "attention": ("exhausting", "forging", "answers", "stealing", "escaping"),
    "dot": ("arrays",),
    "multihead": ("modules",),
}


@dataclass
class Timing:
    """Wall seconds of a class, and of them those that its hostile members spent in their own workers."""

    wall_s: float
    hostile_s: float


def attacks_on(course: Course, exercise: Exercise) -> list[Variant]:
    """The attacks that an exercise has, those of its families by turns."""
    folder = Path(course.root) / "tests" / "hostile"
    families = [load_variants(folder / f"{name}.py", exercise.reference_source) for name in FAMILIES[exercise.name]]
    return [attack for attacks in itertools.zip_longest(*families) for attack in attacks if attack is not None]


def honest_class(exercise: Exercise, count: int) -> list[Submission]:
    sources = itertools.cycle([exercise.reference_source, *(variant.source for variant in exercise.alternatives)])
    return [Submission(f"honest-{n}", exercise.name, source) for n, source in zip(range(count), sources, strict=False)]


def hostile_places(count: int) -> range:
    """Where the hostile fifth sits."""
    return range(EVERY // 2, count, EVERY)


def mixed_class(exercise: Exercise, count: int, attacks: "itertools.cycle[Variant]") -> list[Submission]:
    submissions = honest_class(exercise, count)
    for place in hostile_places(count):
        attack = next(attacks)
        submissions[place] = Submission(attack.id, exercise.name, attack.source)
    return submissions


def grade_all(course: Course, exercise: Exercise, submissions: list[Submission], server: ForkServer) -> Timing:
    """Grade in chunks. Raises when an honest submission loses marks: then the times mean nothing."""
    backends: list[Sandboxed] = []

    def remembered(*arguments: object) -> Sandboxed:
        backends.append(Sandboxed(*arguments))  # type: ignore[arg-type]
        return backends[-1]

    grading.Sandboxed = remembered  # type: ignore[assignment, misc]
    started = time.perf_counter()
    for start in range(0, len(submissions), CHUNK):
        for result in grading.grade(course, exercise, submissions[start : start + CHUNK], Settings(), server):
            if result.student.startswith("honest") and result.points != result.max_points:
                raise SystemExit(f"{result.student} lost marks: {[check.message for check in result.checks]}")
    wall = time.perf_counter() - started
    pairs = zip(submissions, backends, strict=True)
    return Timing(wall, sum(b.usage.wall_s for s, b in pairs if not s.student.startswith("honest")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--exercise", choices=sorted(FAMILIES), default="attention")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    course = find_course()
    exercise = course.exercise(arguments.exercise)
    attacks = itertools.cycle(attacks_on(course, exercise))
    hostile = len(hostile_places(arguments.students))
    allowed = hostile * exercise.limits.total_wall_s
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {versions}")
    print(f"{arguments.students} submissions of {exercise.name}, {hostile} of them hostile in a mixed class; seconds\n")
    print(f"{'round':>5}{'honest':>9}{'mixed':>9}{'more':>9}{'own time of the hostile':>26}{'their limits':>14}")
    left_over = []
    with ForkServer("bwrap") as server:
        for number in range(arguments.rounds):
            classes = {
                "honest": honest_class(exercise, arguments.students),
                "mixed": mixed_class(exercise, arguments.students, attacks),
            }
            order = ["honest", "mixed"] if number % 2 else ["mixed", "honest"]
            timed = {name: grade_all(course, exercise, classes[name], server) for name in order}
            honest, mixed = timed["honest"], timed["mixed"]
            more = mixed.wall_s - honest.wall_s
            left_over.append(more - mixed.hostile_s)
            print(
                f"{number:>5}{honest.wall_s:>9.1f}{mixed.wall_s:>9.1f}{more:>9.1f}{mixed.hostile_s:>26.1f}{allowed:>14.0f}"
            )
    print(f"\nmore, less the hostile ones' own time: median {statistics.median(left_over):.1f} s")


if __name__ == "__main__":
    main()
