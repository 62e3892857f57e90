"""From a save to its verdict: `grader watch` beside a cold `pytest` on the same checks, by turns, in one run.

    python benchmarks/watch.py [--saves 50] [--cold-every 1] [--exercise attention] [--terminal]

watch    a right solution of one exercise is saved again and again, each time with another comment, as editors do it (a
         draft, renamed onto the file); from just before the save until the verdict's line is read from the pipe. With
         --terminal until the last byte of the redrawn screen came from a pseudo-terminal, a second of silence after it.
cold     `pytest exercises/checks/test_EXERCISE.py` on the same file, from its start to its end, after every save or every
         N-th; not with --cold-every 0
own      the time of the checks themselves, as that cold pytest measures it: the sum of their calls, in one process
overhead watch less the median of own
"""

import argparse
import os
import platform
import pty
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from grader.course import Exercise, find_course

SILENCE = 1.0
DEADLINE = 120.0


class Watched:
    """`grader watch EXERCISE` in a student's folder. Use as a context manager."""

    def __init__(self, folder: Path, exercise: Exercise, terminal: bool) -> None:
        self._terminal, self._green = terminal, f"{exercise.name}  ✓".encode()
        self._ours, theirs = pty.openpty() if terminal else os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "grader", "watch", exercise.name],
            cwd=folder,
            env=os.environ | {"TERM": "xterm-256color", "LANG": "C.UTF-8"},
            stdin=theirs if terminal else subprocess.PIPE,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)

    def verdict(self) -> float:
        """When the next verdict was there to be read."""
        seen, last, end = b"", 0.0, time.monotonic() + DEADLINE
        while time.monotonic() < end:
            wait = SILENCE if self._terminal and last else DEADLINE
            if not select.select([self._ours], [], [], wait)[0]:
                return last
            seen += os.read(self._ours, 65536)
            last = time.monotonic()
            if not self._terminal and self._green in seen:
                return last
        raise SystemExit(f"no verdict came: {seen[-500:]!r}")

    def settle(self) -> None:
        """Read away what is left of a verdict."""
        while select.select([self._ours], [], [], 0.3)[0]:
            os.read(self._ours, 65536)

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._ours)


def save(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def cold_pytest(folder: Path, exercise: Exercise) -> tuple[float, float]:
    """Wall seconds of a cold pytest, and the sum of its checks' calls."""
    report = folder / "report.xml"
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"exercises/checks/test_{exercise.name}.py",
    ]
    started = time.monotonic()
    done = subprocess.run(
        [*command, f"--junit-xml={report}", "-o", "junit_duration_report=call"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return seconds, sum(float(case.get("time", 0)) for case in ElementTree.parse(report).iter("testcase"))


def percentile(values: Sequence[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=50)
    parser.add_argument("--cold-every", type=int, default=1)
    parser.add_argument("--exercise", default="attention")
    parser.add_argument("--terminal", action="store_true")
    options = parser.parse_args()
    course = find_course(Path(__file__).parent)
    exercise = course.exercise(options.exercise)
    watch, cold, own = [], [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        shutil.copytree(course.root / "exercises", folder / "exercises", ignore=shutil.ignore_patterns("__pycache__"))
        path = folder / "exercises" / exercise.filename
        save(path, exercise.reference_source)
        with Watched(folder, exercise, options.terminal) as watched:
            watched.verdict()
            watched.settle()
            for number in range(options.saves):
                started = time.monotonic()
                save(path, f"{exercise.reference_source}\n# save {number}\n")
                watch.append(watched.verdict() - started)
                watched.settle()
                if options.cold_every and number % options.cold_every == 0:
                    seconds, calls = cold_pytest(folder, exercise)
                    cold.append(seconds)
                    own.append(calls)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"{date.today()}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}, {platform.system()}"
    )
    where = "screen" if options.terminal else "pipe"
    print(f"{exercise.name}: {options.saves} saves, verdict in a {where}, by turns with a cold pytest\n")
    print("|  | runs | median | p95 | least |\n|---|---|---|---|---|")
    rows = {"watch": watch}
    if cold:
        checks = statistics.median(own)
        rows |= {"cold": cold, "own": own, "overhead": [seconds - checks for seconds in watch]}
    for name, values in rows.items():
        cells = (statistics.median(values), percentile(values, 0.95), min(values))
        print(f"| {name} | {len(values)} | " + " | ".join(f"{cell * 1000:.0f} ms" for cell in cells) + " |")
    if cold:
        print(f"\ncold / watch, medians: {statistics.median(cold) / statistics.median(watch):.1f}")


if __name__ == "__main__":
    main()
