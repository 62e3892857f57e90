"""The same assignment, the same submissions: dot2vit, `nbgrader autograde` and `otter run` by turns, in one run.

    python benchmarks/peers.py [--otter VENV/bin] [--sizes 10 30] [--jobs 1 2] [--only dot2vit …] [--large 1000]
    python benchmarks/peers.py --growth 1 10 30 100 300 1000

Three functions (softmax, causal attention, split and merge heads) with nine hidden tests, from one table
(peers_assignment.py). Of ten submissions, eight are right, one is wrong and one raises. Each grader gets the same notebooks
and must give everybody the same points, else the run stops: times of graders that do other work say nothing.

dot2vit     `grader batch --jobs J`, in its sandbox
nbgrader    `nbgrader autograde`. It has no parallel option: two jobs are two processes that share out the students
otter       `otter run`, each submission by itself, J at a time with xargs. Its own parallel option, `otter grade --containers`,
            needs Docker and starts a container with the same `otter run` in it for each submission. otter-grader goes into a
            virtual environment of its own: `pip install otter-grader numpy torch`, then --otter PATH/bin

CPU seconds are those of the command and all that it started, orphans too. Memory is the peak of the sum of the processes'
PSS (shared pages once), sampled twice a second. On a machine that does other work read the CPU seconds; the load is printed.
--large grades a larger class with dot2vit alone as well, and compares submissions a minute: those of the others, who start anew
for every submission, do not change with the class.
--growth grades classes of these sizes with dot2vit alone, one job: the first is its start-up, and the exponent is that of
CPU seconds beyond it over the submissions beyond the first size. Each class is graded three times and the median counts, for
start-up scatters by more than a small class takes.
"""

import argparse
import csv
import ctypes
import json
import math
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import nbformat
import psutil
from peers_assignment import NAME, TESTS, hand_in, nbgrader_source, students, write_course, write_otter

ROOT = Path(__file__).parent.parent
PR_SET_CHILD_SUBREAPER = 36
MB = 1024 * 1024
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "DOT2VIT_SECRET": "benchmark",
    "OMP_NUM_THREADS": "1",
}
HEAD = f"{'':<10}{'n':>5}{'jobs':>5}{'CPU s':>9}{'CPU s each':>12}{'wall s':>9}{'a minute':>10}{'MB':>7}{'load':>6}"
Scores = dict[str, float]


@dataclass
class Spent:
    cpu_s: float
    wall_s: float
    peak_mb: float
    load: float  # of the machine, when it ended


class Peer(ABC):
    """A grader, with a class to grade in a folder of its own."""

    name: str

    def __init__(self, folder: Path, count: int) -> None:
        """Everything that is done before grading, and not measured: the assignment, the class."""
        self.folder, self.count = folder, count
        folder.mkdir()

    @abstractmethod
    def command(self, jobs: int) -> tuple[list[str], str]:
        """What grades the class, and what it reads from standard input."""

    @abstractmethod
    def scores(self) -> Scores: ...


class Dot2vit(Peer):
    name = "dot2vit"

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(folder, count)
        write_course(folder)
        hand_in(folder / "submissions", count)

    def command(self, jobs: int) -> tuple[list[str], str]:
        options = ["--db", "grades.db", "--csv", "grades.csv", "--jobs", str(jobs)]
        return [sys.executable, "-m", "grader", "batch", "submissions", *options], ""

    def scores(self) -> Scores:
        return {row["student"]: float(row["points"]) for row in _rows(self.folder / "grades.csv")}


class Nbgrader(Peer):
    name = "nbgrader"

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(folder, count)
        (folder / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "peers"\n')
        source = folder / "source" / NAME / f"{NAME}.ipynb"
        source.parent.mkdir(parents=True)
        nbformat.write(nbgrader_source(), source)
        run(folder, ["nbgrader", "generate_assignment", NAME])
        hand_in(folder / "submitted", count, f"{{student}}/{NAME}")

    def command(self, jobs: int) -> tuple[list[str], str]:
        if jobs == 1:
            return ["nbgrader", "autograde", NAME], ""
        return ["xargs", "-P2", "-I{}", "nbgrader", "autograde", NAME, "--student", "{}"], "a*\nb*\n"

    def scores(self) -> Scores:
        run(self.folder, ["nbgrader", "export"])
        return {row["student_id"]: float(row["raw_score"]) for row in _rows(self.folder / "grades.csv")}


class Otter(Peer):
    name = "otter"
    bin: Path

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(folder, count)
        write_otter(folder)
        hand_in(folder / "submissions", count)
        run(folder, [str(self.bin / "otter"), "generate", "-o", "autograder.zip"])

    def command(self, jobs: int) -> tuple[list[str], str]:
        paths = f"submissions/{{}}/{NAME}.ipynb"
        otter = [str(self.bin / "otter"), "run", "--no-logo", "-a", "autograder.zip", "-o", "results/{}", paths]
        for student in students(self.count):
            (self.folder / "results" / student).mkdir(parents=True)
        return ["xargs", f"-P{jobs}", "-I{}", *otter], "\n".join(students(self.count)) + "\n"

    def scores(self) -> Scores:
        scores = {}
        for path in (self.folder / "results").glob("*/results.json"):
            tests = json.loads(path.read_text())["tests"]
            scores[path.parent.name] = float(sum(test.get("score", 0) for test in tests))
        return scores


def run(folder: Path, command: list[str], given: str = "") -> Spent:
    """Run a command in the folder and measure it and all that it started. A command that fails ends the benchmark."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as stdin:
        stdin.write(given)
        stdin.seek(0)
        process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdin=stdin, stdout=said, stderr=said)
        watch = _MemoryWatch()
        code = process.wait()
        wall = time.perf_counter() - started
        peak_mb = watch.stop()
        _reap_orphans()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if code:
            said.seek(0)
            raise SystemExit(f"{' '.join(command)}: {code}\n{said.read()[-4000:]}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(cpu_s, wall, peak_mb, os.getloadavg()[0])


def _reap_orphans() -> None:
    """Wait for what the command left behind: this process is their reaper, and only so do their CPU seconds count."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass


class _MemoryWatch:
    """The peak of the memory of all processes below this one."""

    def __init__(self) -> None:
        self._peak, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def _sample(self) -> None:
        while not self._ended.wait(0.5):
            self._peak = max(self._peak, sum(map(_memory, psutil.Process().children(recursive=True))))

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._peak / MB


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # gone meanwhile, or not ours to look into
        return 0


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def compare(peers: list[type[Peer]], sizes: list[int], jobs: list[int], large: int | None) -> None:
    """A row a run; the same class by all peers, one after another, and then the ratios."""
    print(HEAD)
    for size in sizes:
        for workers in jobs:
            spent = {peer.name: _measure(peer, size, workers) for peer in peers}
            _print_ratios(spent)
            if large and size == sizes[-1]:
                ours = _measure(Dot2vit, large, workers)
                for name in spent.keys() - {Dot2vit.name}:
                    times = (large / ours.wall_s) / (size / spent[name].wall_s)
                    print(f"  dot2vit of {large} / {name} of {size}: {times:.1f} times as many a minute", flush=True)


def _measure(peer: type[Peer], size: int, jobs: int) -> Spent:
    with tempfile.TemporaryDirectory() as name:
        ready = peer(Path(name) / peer.name, size)
        spent = run(ready.folder, *ready.command(jobs))
        expected = {student: _points(number) for number, student in enumerate(students(size))}
        if (scores := ready.scores()) != expected:
            wrong = {student: (scores.get(student), due) for student, due in expected.items()}
            raise SystemExit(f"{peer.name} gave other points than are due: {wrong}")
    print(
        f"{peer.name:<10}{size:>5}{jobs:>5}{spent.cpu_s:>9.1f}{spent.cpu_s / size:>12.3f}{spent.wall_s:>9.1f}"
        f"{60 * size / spent.wall_s:>10.1f}{spent.peak_mb:>7.0f}{spent.load:>6.1f}",
        flush=True,
    )
    return spent


def _points(number: int) -> float:
    """The wrong one fails the tests of softmax and two of attention; the one that raises fails all three of attention."""
    return len(TESTS) - {8: 5.0, 9: 3.0}.get(number % 10, 0.0)


def _print_ratios(spent: dict[str, Spent]) -> None:
    ours = spent.get(Dot2vit.name)
    for name, theirs in spent.items():
        if ours and theirs is not ours:
            cpu, wall = theirs.cpu_s / ours.cpu_s, theirs.wall_s / ours.wall_s
            print(f"  {name} / dot2vit: CPU {cpu:.1f}, wall {wall:.1f}", flush=True)


def grow(sizes: list[int]) -> None:
    """How dot2vit's CPU seconds grow with the class."""
    print(HEAD)
    spent = [median(_measure(Dot2vit, size, 1).cpu_s for _ in range(3)) for size in sizes]
    beyond = [(math.log(n - sizes[0]), math.log(s - spent[0])) for n, s in zip(sizes[1:], spent[1:], strict=True)]
    x, y = (sum(values) / len(beyond) for values in zip(*beyond, strict=True))
    exponent = sum((a - x) * (b - y) for a, b in beyond) / sum((a - x) ** 2 for a, _ in beyond)
    each = (spent[-1] - spent[0]) / (sizes[-1] - sizes[0])
    print(f"start-up and {sizes[0]}: {spent[0]:.2f} CPU s; each further one {each:.3f} CPU s; exponent {exponent:.3f}")


def _version(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--otter", type=Path, metavar="VENV/bin", help="where otter-grader is installed")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 30])
    parser.add_argument("--jobs", type=int, nargs="+", choices=(1, 2), default=[1, 2])
    parser.add_argument("--only", nargs="+", choices=("dot2vit", "nbgrader", "otter"), help="these alone")
    parser.add_argument("--large", type=int, metavar="N", help="dot2vit also with a class of this size")
    parser.add_argument("--growth", type=int, nargs="+", metavar="N", help="dot2vit alone, classes of these sizes")
    options = parser.parse_args()
    if options.otter and not (options.otter / "otter").is_file():
        parser.error(f"there is no {options.otter / 'otter'}: give the bin folder of the environment with otter-grader")
    if options.growth and len(options.growth) < 3:
        parser.error("--growth needs three sizes or more, from small to large")
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    modules = "torch", "nbgrader", "psutil"
    code = f"from importlib.metadata import version; print(', '.join(f'{{m}} {{version(m)}}' for m in {modules}))"
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(_version([sys.executable, "-c", code]))
    if options.growth:
        grow(options.growth)
        return
    peers: list[type[Peer]] = [Dot2vit, Nbgrader]
    if options.otter:
        Otter.bin = options.otter.resolve()
        peers.append(Otter)
        python = str(Otter.bin / "python")
        print("in otter's environment: " + _version([python, "-c", code.replace("nbgrader", "otter-grader")]))
    else:
        print("otter-grader is left out: --otter says where it is installed")
    compare(
        [peer for peer in peers if not options.only or peer.name in options.only],
        options.sizes,
        options.jobs,
        options.large,
    )


if __name__ == "__main__":
    main()
