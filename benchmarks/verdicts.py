"""How often is a speed verdict wrong? Honest and slow variants are judged again and again, on a machine more or less busy.

    python benchmarks/verdicts.py [EXERCISE …] [--times 10] [--hogs 0 2 4] [--device cpu] [--json FILE]

For each race: how many verdicts on honest variants (the reference and the alternatives that are not marked slow) were "too
slow", how many on slow ones were "passed", and how many were inconclusive. A hog is a process that multiplies matrices all
the while. Last column: the longest that a check of the reference took, in seconds. Exit status 0: no verdict was wrong.
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import torch

from grader.course import find_course
from grader.record import Settings
from grader.result import Verdict
from grader.sandbox.launch import ForkServer
from grader.speed.bench import Bench
from grader.speed.calibrate import REFERENCE, has_races, side_of, time_variants
from grader.speed.device import choose

KINDS = ("honest", "slow")
WRONG = {"honest": "failed", "slow": "passed"}


def hog() -> None:
    torch.set_num_threads(1)
    matrix = torch.randn(512, 512)
    while True:
        matrix @ matrix


def judge(course, exercise, server, bench, seed, counts, seconds) -> None:
    """Every variant of an exercise in every race of it, once.

    counts: (race, kind) → Counter of verdicts. seconds: check → what each of the reference's took.
    """
    settings = Settings(seed=seed, secret=b"verdicts")
    for timed in time_variants(course, exercise, server, bench, settings, decides=True):
        for check in timed.checks:
            if timed.id == REFERENCE:
                seconds[f"{exercise.name}.{check.name}"].append(check.seconds)
            if check.verdict not in (Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE):
                counts[f"{exercise.name}.{check.name}", "other"][f"{timed.id}: {check.verdict}"] += 1
        for race in timed.races:
            kind = side_of(timed.variant, race)
            if kind:
                counts[f"{exercise.name}.{race['race']}", kind][race["verdict"]] += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exercises", nargs="*")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--hogs", type=int, nargs="+", default=[0, 2, 4])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    course = find_course()
    exercises = list(filter(has_races, course.select(options.exercises)))
    device = choose(options.device)
    wrong, table = 0, []
    for hogs in options.hogs:
        busy = [multiprocessing.get_context("spawn").Process(target=hog, daemon=True) for _ in range(hogs)]
        for process in busy:
            process.start()
        counts: dict[tuple[str, str], Counter] = defaultdict(Counter)
        seconds: dict[str, list[float]] = defaultdict(list)
        bench = Bench(device, "bwrap")
        started = time.monotonic()
        try:
            with ForkServer("bwrap") as server:
                for number in range(options.times):
                    for exercise in exercises:
                        judge(course, exercise, server, bench, str(number), counts, seconds)
        finally:
            bench.close()
            for process in busy:
                process.kill()
        print(f"\n{hogs} hogs, {device.kind}, {time.monotonic() - started:.0f} s")
        print(f"{'race':<44}{'honest':>8}{'failed':>8}{'?':>5}{'slow':>8}{'passed':>8}{'?':>5}{'s':>7}")
        for race in sorted({race for race, _ in counts}):
            row = {"hogs": hogs, "device": device.kind, "race": race, "other": dict(counts[race, "other"])}
            row["seconds"] = max(seconds[race.partition("[")[0]][1:], default=0.0)  # the first one starts the workers
            for kind in KINDS:
                verdicts = counts[race, kind]
                row[kind] = {
                    "runs": sum(verdicts.values()),
                    "wrong": verdicts[WRONG[kind]],
                    "inconclusive": verdicts["inconclusive"],
                }
                wrong += verdicts[WRONG[kind]]
            table.append(row)
            cells = [row[kind][name] for kind in KINDS for name in ("runs", "wrong", "inconclusive")]
            print(
                f"{race:<44}{cells[0]:>8}{cells[1]:>8}{cells[2]:>5}{cells[3]:>8}{cells[4]:>8}{cells[5]:>5}{row['seconds']:>7.2f}",
                row["other"] or "",
            )
        totals = [
            sum(row[kind][n] for row in table if row["hogs"] == hogs)
            for kind in KINDS
            for n in ("runs", "wrong", "inconclusive")
        ]
        print(
            f"{'together':<44}{totals[0]:>8}{totals[1]:>8}{totals[2]:>5}{totals[3]:>8}{totals[4]:>8}{totals[5]:>5}",
            flush=True,
        )
        if options.json:
            options.json.write_text(json.dumps(table, indent=1), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
