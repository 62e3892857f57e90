"""How often is a speed verdict wrong? Honest and slow variants are judged again and again, on a machine more or less busy.

    python benchmarks/verdicts.py [EXERCISE …] [--each 500] [--hogs 0 2 4] [--judges 1] [--sides honest slow] [--device cpu]
                                  [--log verdicts.jsonl] [--as-gpu]

For each race, and each number of hogs: how many verdicts on honest variants (the reference and the alternatives that are not
marked slow) were "too slow", how many on slow ones were "passed", and how many were inconclusive. A hog is a process that
multiplies matrices all the while; judges are so many processes that judge side by side. Last column: what a check of the
reference took at most, in seconds. --as-gpu: on the CPU, but in the order and by the clock of a GPU's measurement.

It goes on until every race has `--each` verdicts of each side, which takes hours. A verdict is a line of the log, written when
all variants of its exercise were judged: stop it at any time, and go on with the same log. `--each 0` only prints the table.
Exit status 0: no verdict was wrong; 1: some were; 2: a judge failed.
"""

import argparse
import itertools
import json
import multiprocessing
import random
import secrets
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from grader.course import Exercise, find_course
from grader.record import Settings
from grader.result import Verdict
from grader.sandbox.launch import ForkServer
from grader.speed import measure as measuring
from grader.speed.bench import Bench
from grader.speed.calibrate import REFERENCE, Timed, has_races, side_of, time_variants
from grader.speed.device import Device, choose
from grader.speed.measure import Measurement
from grader.speed.stopwatch import Stopwatch

SIDES = ("honest", "slow")
WRONG = {"honest": "failed", "slow": "passed"}
JUDGED = (Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE)

# A line of the log, a verdict: hogs, device, race, side, variant, verdict, ratio, seed. What came of a check that reached none,
# and what one of the reference's took, are lines too: race, variant, and "other" or "seconds".
Line = dict[str, Any]
processes = multiprocessing.get_context("spawn")


def measure_as_on_a_gpu() -> None:
    """From here on this process measures on the CPU as it would on a GPU: by the clock, and one after the other."""

    def in_order_of_a_gpu(stopwatch: Stopwatch, make: Any, threshold: float | None, measurement: Measurement) -> None:
        measurement.clock = "wall_s"
        measuring._on_gpu(stopwatch, make, threshold, measurement)

    measuring._on_cpu = in_order_of_a_gpu


def name_of(device: Device, as_gpu: bool) -> str:
    return f"{device.kind} in the order of a GPU" if as_gpu else device.kind


def hog() -> None:
    torch.set_num_threads(1)
    matrix = torch.randn(512, 512)
    while True:
        matrix @ matrix


def read(log: Path, hogs: int, device: str) -> list[Line]:
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines()) if log.exists() else ()
    return [line for line in lines if (line["hogs"], line["device"]) == (hogs, device)]


def wanted(exercise: Exercise, lines: list[Line], sides: Sequence[str], each: int) -> list[str]:
    """The variants of an exercise that some race needs more verdicts on; all of them while nothing is known of its races."""
    slow = [variant.id for variant in exercise.alternatives if variant.slow or variant.wasteful]
    honest = [REFERENCE, *(variant.id for variant in exercise.alternatives if variant.id not in slow)]
    found: list[str] = []
    for side, variants in (("honest", honest), ("slow", slow)):
        judged = [line for line in lines if line.get("side") == side and line["race"].startswith(f"{exercise.name}.")]
        times = Counter(line["race"] for line in judged)
        short = {line["variant"] for line in judged if times[line["race"]] < each}
        if side in sides:
            found += [variant for variant in variants if variant in short or not judged]
    return found


def lines_of(exercise: Exercise, timed: Timed, warm: bool) -> Iterator[Line]:
    for check in timed.checks:
        line = {"race": f"{exercise.name}.{check.name}", "variant": timed.id}
        if timed.id == REFERENCE and warm:
            yield line | {"seconds": check.seconds}
        if check.verdict not in JUDGED:
            yield line | {"other": str(check.verdict)}
    for race in timed.races:
        side = side_of(timed.variant, race)
        if side:
            line = {"race": f"{exercise.name}.{race['race']}", "variant": timed.id, "side": side}
            yield line | {"verdict": race["verdict"], "ratio": race["ratio"]}


def judge(options: argparse.Namespace, hogs: int) -> None:
    """Judge until every race has enough verdicts."""
    torch.set_num_threads(1)
    if options.as_gpu:
        measure_as_on_a_gpu()
    course, device = find_course(), choose(options.device)
    name = name_of(device, options.as_gpu)
    exercises = list(filter(has_races, course.select(options.exercises)))
    with Bench(device, "bwrap") as bench, ForkServer("bwrap") as server, options.log.open("ab", buffering=0) as log:
        for passes in itertools.count():
            lines = read(options.log, hogs, name)
            todo = [(exercise, wanted(exercise, lines, options.sides, options.each)) for exercise in exercises]
            if not any(variants for _exercise, variants in todo):
                return
            random.shuffle(todo)  # judges that run side by side do not judge the same
            for exercise, variants in filter(lambda pair: pair[1], todo):
                seed = secrets.token_hex(4)
                settings = Settings(seed=seed, secret=b"verdicts")
                facts = {"hogs": hogs, "device": name, "seed": seed}
                timings = time_variants(course, exercise, server, bench, settings, decides=True, only=variants)
                found = [facts | line for timed in timings for line in lines_of(exercise, timed, passes > 0)]
                log.write("".join(json.dumps(line) + "\n" for line in found).encode())  # in one piece: others write too


@contextmanager
def running(*busy: multiprocessing.process.BaseProcess) -> Iterator[None]:
    for process in busy:
        process.start()
    try:
        yield
    finally:
        for process in busy:
            process.kill()


def show(lines: list[Line], hogs: int, device: str) -> int:
    """Print the table; returns how many verdicts are wrong."""
    rows: dict[str, list[int]] = {}
    for race in sorted({line["race"] for line in lines if "verdict" in line}):
        row = rows[race] = []
        for side in SIDES:
            found = Counter(line["verdict"] for line in lines if line["race"] == race and line.get("side") == side)
            row += [found.total(), found[WRONG[side]], found["inconclusive"]]
    rows["together"] = [sum(column) for column in zip(*rows.values(), strict=True)] or [0] * 6
    print(
        f"\n{hogs} hogs, {device}\n{'race':<44}{'honest':>8}{'failed':>8}{'?':>5}{'slow':>8}{'passed':>8}{'?':>5}{'s':>7}"
    )
    for race, row in rows.items():
        seconds = [line["seconds"] for line in lines if "seconds" in line and line["race"] == race.partition("[")[0]]
        cells = "".join(f"{cell:>{width}}" for cell, width in zip(row, (8, 8, 5, 8, 8, 5), strict=True))
        print(f"{race:<44}{cells}" + (f"{max(seconds):>7.2f}" if seconds else ""))
    for line in lines:
        if "verdict" in line and line["verdict"] in ("inconclusive", WRONG[line["side"]]):
            print(
                f"{line['race']}, {line['variant']} ({line['side']}): {line['verdict']} at {line['ratio']}, seed {line['seed']}"
            )
    others = Counter((line["race"], line["variant"], line["other"]) for line in lines if "other" in line)
    for (race, variant, verdict), times in others.items():
        print(f"{race}, {variant}: {verdict}, {times} times")
    return rows["together"][1] + rows["together"][4]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exercises", nargs="*")
    parser.add_argument("--each", type=int, default=500)
    parser.add_argument("--hogs", type=int, nargs="+", default=[0, 2, 4])
    parser.add_argument("--judges", type=int, default=1)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=SIDES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--log", type=Path, default=Path("verdicts.jsonl"))
    parser.add_argument("--as-gpu", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that judges and hogs end, too
    wrong, name = 0, name_of(choose(options.device), options.as_gpu)
    for hogs in options.hogs:
        judges = [
            processes.Process(target=judge, args=(options, hogs)) for _ in range(options.judges if options.each else 0)
        ]
        with running(*(processes.Process(target=hog, daemon=True) for _ in range(hogs)), *judges):
            for process in judges:
                process.join()
            if any(process.exitcode for process in judges):
                return 2
        wrong += show(read(options.log, hogs, name), hogs, name)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
