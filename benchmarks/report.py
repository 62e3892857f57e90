"""How long does the report of a class take to build, and its first page to open in a real browser?

    python benchmarks/report.py [--students 300] [--jobs 2] [--keep DIR] [--similarity] [--chromium /usr/bin/chromium]

The class is made from the alternatives, the misconceptions and the hostile files that ship with the project. Every
exercise's variants are graded once, in the sandbox; the recorded grades stand in for those of 300 students. --keep keeps the
store between runs and the report for a look at it. Needs playwright's Python package for the second figure.

--similarity: once more with submissions compared. In a class of copies of the reference nothing can be judged, so these
are alternatives, each in another disguise (benchmarks/similarity.py).
"""

import argparse
import dataclasses
import itertools
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from similarity import disguised  # benchmarks/similarity.py

from grader.batch import Chunk, chunks_of
from grader.course import Course, Exercise, find_course
from grader.planning import Unit
from grader.pool import grade_chunk
from grader.processes import local_executor
from grader.record import Settings
from grader.result import Grade
from grader.store import Store, unit_key
from grader.submission import Submission
from grader.sync import make_stub
from grader.variants import load_variants

QUIET = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update"
OPENINGS = 9
SHARES = (
    ("right", 0.45),
    ("alternative", 0.2),
    ("misconception", 0.25),
    ("hostile", 0.02),
    ("stub", 0.05),
    ("none", 0.03),
)
HOSTILE_NAMES = ("<script>alert(1)</script>", "=HYPERLINK(1)", "\x1b[31mred", "\u202egnihsup", "김" * 80)


def sources(course: Course, exercise: Exercise) -> Iterator[tuple[str, str | None]]:
    """(kind, source) of everything that is graded once; None: nothing handed in."""
    yield "right", exercise.reference_source
    yield "stub", make_stub(exercise.reference_source, exercise.name)
    yield "none", None
    yield from (("alternative", variant.source) for variant in exercise.alternatives)
    yield from (("misconception", variant.source) for variant in exercise.misconceptions)
    for path in sorted((course.root / "tests" / "hostile").glob("*.py")):
        if f"from solutions.{exercise.name} import" in path.read_text(encoding="utf-8"):
            yield from (("hostile", variant.source) for variant in load_variants(path, exercise.reference_source)[:6])


def grade_once(course: Course, jobs: int) -> dict[str, dict[str, list[Grade]]]:
    """exercise -> kind -> grades. What trains is left out: its grades look no different, and take minutes."""
    units = []
    for exercise in course.exercises:
        for kind, source in () if exercise.training else sources(course, exercise):
            problem = (
                {} if source is not None else {"problem": "missing", "reason": f"There is no {exercise.filename}."}
            )
            units.append(Unit("", exercise, Submission(kind, exercise.name, source, **problem)))
    found: dict[str, dict[str, list[Grade]]] = {}
    settings = Settings(secret=b"benchmark")
    course_file = course.root / "exercises" / "course.toml"
    with local_executor(jobs, "bwrap") as executor:
        for grades in executor.map(
            grade_of, *zip(*((course_file, chunk, settings) for chunk in chunks_of(units)), strict=True)
        ):
            for grade in grades:
                found.setdefault(grade.exercise, {}).setdefault(grade.student, []).append(grade)
    return found


def grade_of(course_file: Path, chunk: Chunk, settings: Settings) -> list[Grade]:
    """The grades of a chunk, in a grading process."""
    return grade_chunk(course_file, chunk.units[0].exercise.name, [unit.submission for unit in chunk.units], settings)


def make_class(course: Course, graded: dict[str, dict[str, list[Grade]]], students: int, store: Store) -> None:
    chance = random.Random(0)
    kinds, weights = zip(*SHARES, strict=True)
    names = [*HOSTILE_NAMES, *(f"student-{number:03}" for number in range(len(HOSTILE_NAMES), students))][:students]
    for student in names:
        rows = []
        for exercise, by_kind in graded.items():
            kind = chance.choices(kinds, weights)[0]
            grade = chance.choice(by_kind.get(kind) or by_kind["right"])
            rows.append((unit_key(student, exercise), dataclasses.replace(grade, student=student)))
        store.save(rows)


def stored_class(course: Course, db: Path, students: int, jobs: int) -> None:
    """Grade the variants and make the class, where that store is not there yet."""
    if not db.exists():
        graded = grade_once(course, jobs)
        with Store(str(db)) as store:
            make_class(course, graded, students, store)


def hand_in_disguised(course: Course, students: int, folder: Path) -> None:
    """Each student an alternative of every exercise, none of them in the same disguise."""
    for exercise, number in itertools.product(course.exercises, range(students)):
        if exercise.alternatives:
            source = exercise.alternatives[number % len(exercise.alternatives)].source
            path = folder / f"student-{number:03}" / exercise.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(disguised(source, number), encoding="utf-8")


def measured(*arguments: str) -> tuple[float, float]:
    """Seconds of a command as it is typed (Python's start and all imports are in it), by the clock and of a CPU."""
    command = [sys.executable, "-c", "from grader.cli import main; main()", *arguments]
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def open_pages(out: Path, chromium: str) -> dict[str, list[float]]:
    """page -> milliseconds from navigation to the end of `load`, each time in a fresh browser context."""
    from playwright.sync_api import sync_playwright

    shown = ("index.html", "attention.html", "attention-similar.html")
    pages: dict[str, list[float]] = {name: [] for name in shown if (out / name).exists()}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=QUIET.split())
        for name, _ in itertools.product(pages, range(OPENINGS)):
            page = browser.new_context().new_page()
            page.goto(f"file://{out.resolve()}/{name}", wait_until="load")
            pages[name].append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
            page.context.close()
        browser.close()
    return pages


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--similarity", action="store_true")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    course = find_course()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        db = folder / f"class-{options.students}.db"
        stored_class(course, db, options.students, options.jobs)
        report = "report", str(folder / "report"), "--db", str(db)
        times = [measured(*report) for _ in range(3)]
        size = sum(path.stat().st_size for path in (folder / "report").rglob("*") if path.is_file())
        wall, cpu = (", ".join(f"{seconds:.1f}" for seconds in column) for column in zip(*times, strict=True))
        print(f"{options.students} students: built in {wall} s, of which a CPU worked {cpu} s; {size / 1e6:.1f} MB")
        if options.similarity:
            hand_in_disguised(course, options.students, folder / "disguised")
            seconds, of_cpu = measured(*report, "--similarity", "--submissions", str(folder / "disguised"))
            sizes = [path.stat().st_size for path in (folder / "report").glob("*-similar.html")]
            print(
                f"with --similarity: {seconds:.1f} s, of a CPU {of_cpu:.1f} s; its largest page: {max(sizes) / 1e3:.0f} kB"
            )
        for name, opened in open_pages(folder / "report", options.chromium).items():
            print(
                f"{name}: opens in {statistics.median(opened):.0f} ms (median of {OPENINGS}; at most {max(opened):.0f} ms)"
            )


if __name__ == "__main__":
    main()
