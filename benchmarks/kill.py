"""Kill the grader's processes at random moments, again and again: is every grade there once, and right, after a re-run?

    python benchmarks/kill.py --times 200 --seed 0

A made-up class of toys is graded while one process after another gets SIGKILL: the coordinator, the process that grading
processes are forked from, a grading process, a bubblewrap, a fork server, a worker. Then the same command runs once more,
undisturbed. Its records must be those of a class that nobody disturbed, but for the seconds; no process and no draft of a
file may be left.
"""

import argparse
import collections
import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

from grader.course import load_course
from grader.sync import make_stub

PROJECT = Path(__file__).resolve().parent.parent
TOYS = PROJECT / "tests" / "grader" / "toy_course"
KINDS = ("coordinator", "preloaded process", "grading process", "bubblewrap", "fork server", "worker")
PR_SET_CHILD_SUBREAPER = 36
LONGEST_PAUSE = 2.0  # seconds from one kill to the next, at most
PER_RUN = 10
SLOW = "import time\ntime.sleep(0.4)\n"


def make_course(folder: Path) -> Path:
    """The toys, with limits that a busy machine does not reach."""
    shutil.copytree(TOYS, folder)
    toml = folder / "exercises" / "course.toml"
    text = toml.read_text()
    for limit in ("check_cpu_s = 1.0", "check_wall_s = 3.0", "total_cpu_s = 4.0", "total_wall_s = 9.0"):
        assert limit in text
        text = text.replace(limit, limit.split("=")[0] + "= 120.0")
    toml.write_text(text)
    return toml


def make_class(toml: Path, folder: Path, students: int) -> None:
    """By turns right, slow, wrong, talkative, unfinished, broken, hostile and absent."""
    toy = load_course(toml).exercise("toy")
    right = toy.reference_source
    sources = [
        right,
        SLOW + right,
        toy.misconceptions[0].source,
        right + "\nprint('hello', object())\n",
        SLOW + toy.misconceptions[1].source,
        make_stub(right, "toy"),
        "def center(x, dim:\n",
        SLOW + right + "\nimport os\nos._exit(3)\n",
        toy.alternatives[0].source,
        None,
    ]
    for number in range(students):
        home = folder / f"student{number:02}"
        home.mkdir(parents=True)
        source = sources[number % len(sources)]
        if source is not None:
            (home / "toy.py").write_text(source)


def start(toml: Path, submissions: Path, results: Path, jobs: int) -> "subprocess.Popen[bytes]":
    """`grader batch`, as an instructor runs it."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "DOT2VIT_SECRET": "kill", "TMPDIR": str(results / "tmp")}
    (results / "tmp").mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-c", "from grader.cli import main; main()", "batch", str(submissions), "--only", "toy"]
    command += ["--db", str(results / "grades.db"), "--json", str(results / "records"), "--jobs", str(jobs)]
    with open(results / "log", "ab") as log:
        return subprocess.Popen(command, cwd=toml.parent, env=environment, stdout=log, stderr=log)


def processes_of(coordinator: int) -> dict[str, list[int]]:
    """The living processes of a batch by kind."""
    found = collections.defaultdict(list)
    found["coordinator"].append(coordinator)
    below = {"preloaded process": "grading process", "grading process": "bubblewrap", "fork server": "worker"}
    queue = [(child, "bubblewrap") for child in children_of(coordinator) if name_of(child) == "bwrap"]
    queue += [(child, "preloaded process") for child in children_of(coordinator) if b"preload" in arguments_of(child)]
    while queue:
        pid, kind = queue.pop()
        if kind == "bubblewrap" and name_of(pid) != "bwrap":
            kind = "fork server"  # or, right below a grading process, whatever it has started
        found[kind].append(pid)
        queue += [(child, below.get(kind, kind)) for child in children_of(pid) if kind != "worker"]
    return found


def children_of(pid: int) -> list[int]:
    """Of all its threads: a Dask worker's grading processes are started by the threads that wait for them."""
    with contextlib.suppress(OSError):
        return [
            int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _read(task / "children").split()
        ]
    return []


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # that thread has just ended
        return ""


def arguments_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def disturb(batch: "subprocess.Popen[bytes]", kinds: list[str], chance: random.Random) -> list[str]:
    """Kill processes of the kinds that are wanted, from the end of the list, while the batch runs; those that were."""
    killed: list[str] = []
    while kinds and len(killed) < PER_RUN and batch.poll() is None:
        moment = time.monotonic() + chance.uniform(0, LONGEST_PAUSE)
        while batch.poll() is None:
            targets = processes_of(batch.pid)[kinds[-1]] if time.monotonic() > moment else []
            if targets:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(targets), signal.SIGKILL)
                    killed.append(kinds.pop())
                break
            time.sleep(0.003)
        if killed and killed[-1] == "coordinator":
            break
    batch.wait()
    return killed


def wait_until_alone(seconds: float = 20.0, but_for: Collection[int] = ()) -> list[str]:
    """The processes that are left of a batch. As subreaper, this process inherits whatever its parent left behind.

    but_for: children that are meant to live on.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        left = set(children_of(os.getpid())).difference(but_for)
        if not left:
            return []
        time.sleep(0.02)
    return [f"{pid} {name_of(pid)} {arguments_of(pid)[:200]!r}" for pid in left]


def grades_in(results: Path) -> dict[tuple[str, str], dict]:
    """(student, exercise) -> record without seconds. Raises AssertionError for a grade that is there twice."""
    with contextlib.closing(sqlite3.connect(results / "grades.db")) as connection:
        rows = connection.execute("SELECT student, exercise, record FROM grades JOIN records USING (key)").fetchall()
    assert len({row[:2] for row in rows}) == len(rows), "a grade is there twice"
    return {(student, exercise): timeless(json.loads(record)) for student, exercise, record in rows}


def timeless(record: dict) -> dict:
    return record | {"checks": [check | {"seconds": 0} for check in record["checks"]]}


def is_dead_socket(folder: Path) -> bool:
    """What multiprocessing cannot remove when the coordinator is killed: a folder with the socket of its fork server."""
    return folder.name.startswith("pymp-") and all(path.is_socket() for path in folder.iterdir())


def problems_of(results: Path, expected: dict[tuple[str, str], dict]) -> list[str]:
    """What is not as it would be had nobody killed anything."""
    grades = grades_in(results)
    problems = [f"lost: {key}" for key in expected.keys() - grades.keys()]
    problems += [f"too many: {key}" for key in grades.keys() - expected.keys()]
    problems += [f"wrong: {grades[key]}" for key in expected.keys() & grades.keys() if grades[key] != expected[key]]
    files = {path for path in (results / "records").rglob("*") if path.is_file()}
    written = {timeless(json.loads(path.read_text()))["student"] for path in files}
    problems += [f"no JSON of {key[0]}" for key in expected if key[0] not in written]
    problems += [f"left: {path}" for path in files if path.suffix != ".json"]
    problems += [f"left: {path}" for path in (results / "tmp").iterdir() if not is_dead_socket(path)]
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=200, help="how many processes to kill")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--students", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    chance = random.Random(given.seed)
    kinds = [KINDS[number % len(KINDS)] for number in range(given.times)]
    chance.shuffle(kinds)
    killed: collections.Counter[str] = collections.Counter()
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        toml = make_course(root / "toys")
        make_class(toml, root / "class", given.students)
        start(toml, root / "class", root / "undisturbed", given.jobs).wait()
        expected = grades_in(root / "undisturbed")
        assert len(expected) == given.students and not any(record["needs_review"] for record in expected.values())
        trial = 0
        while kinds and trial < 10 * given.times:
            trial += 1
            results = root / f"trial{trial}"
            now = disturb(start(toml, root / "class", results, given.jobs), kinds, chance)
            killed.update(now)
            found = [f"left: {left}" for left in wait_until_alone()]
            status = start(toml, root / "class", results, given.jobs).wait()
            found += [f"left: {left}" for left in wait_until_alone()]
            found += [f"the re-run ended with {status}"] if status else []
            found += problems_of(results, expected)
            if b"Traceback" in (results / "log").read_bytes():
                found.append(f"a traceback: {(results / 'log').read_text()[-3000:]}")
            problems += [f"trial {trial} (killed: {', '.join(now)}): {problem}" for problem in found]
            for line in (*found, f"trial {trial}: {sum(killed.values())} killed, {len(problems)} problems"):
                print(line, file=sys.stderr, flush=True)
            shutil.rmtree(results)
    print(json.dumps({"killed": dict(killed), "trials": trial, "problems": problems}, indent=2, ensure_ascii=False))
    return 1 if problems or sum(killed.values()) < given.times else 0


if __name__ == "__main__":
    sys.exit(main())
