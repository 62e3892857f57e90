"""Thresholds measured on this device: between the slowest honest and the fastest slow variant of each timed function."""

import ast
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from ..course import Course, Exercise
from ..grade import Marking, new_run, run_checks, timekeeper
from ..record import Settings
from ..result import CheckResult, Verdict
from ..run import Candidate
from ..sandbox.connection import Connection
from ..submission import Submission
from ..variants import Variant
from .bench import Bench
from .device import Device
from .race import Timekeeper
from .thresholds import Threshold

# From the slowest honest to the fastest slow variant: where it is less, the task is not one to judge by time.
SMALLEST_GAP = {"cpu": 4.0, "gpu": 9.0}
MIN_HONEST, MIN_SLOW = 4, 2
REFERENCE = "reference"


@dataclass
class Calibration:
    """What was measured for one exercise. races: device kind → race → variant → ratio to the reference's time."""

    exercise: str
    honest: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    slow: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)  # as a record keeps them, the reference's first
    problems: list[str] = field(default_factory=list)

    def thresholds(self, kind: str) -> dict[str, Threshold]:
        """The thresholds on one kind of device, by race; none where honest and slow variants lie too close to be told apart."""
        found = {}
        for race, honest in self.honest.get(kind, {}).items():
            slow = self.slow.get(kind, {}).get(race, {})
            if slow and gap_of(honest, slow) > 1:
                value = math.sqrt(max(honest.values()) * min(slow.values()))
                found[race] = Threshold(round(value, 2), honest, slow)
        return found

    def doubts(self, kind: str) -> list[str]:
        """Races on which speed should not be judged, or whose variants are too few."""
        smallest = SMALLEST_GAP["cpu" if kind.startswith("cpu ") else "gpu"]
        found = []
        for race, honest in self.honest.get(kind, {}).items():
            slow = self.slow.get(kind, {}).get(race, {})
            if len(honest) < MIN_HONEST or len(slow) < MIN_SLOW:
                found.append(f"{self.exercise}, {race}: {len(honest)} honest and {len(slow)} slow variants")
            if slow and gap_of(honest, slow) < smallest:
                found.append(f"{self.exercise}, {race}: a gap of {gap_of(honest, slow):.2g}, {smallest:g} needed")
        return found


def gap_of(honest: dict[str, float], slow: dict[str, float]) -> float:
    return min(slow.values()) / max(honest.values())


@dataclass
class Timed:
    """What came of one variant, or of the reference (variant None), in the speed checks of its exercise."""

    id: str
    variant: Variant | None
    checks: list[CheckResult]
    races: list[dict[str, Any]]  # as a record keeps them
    grader_faults: list[str]


def has_races(exercise: Exercise) -> bool:
    return "race" in exercise.hidden_path.read_text(encoding="utf-8")


def calibrate_exercise(
    course: Course,
    exercise: Exercise,
    server: Connection,
    bench: Bench,
    on_variant: Callable[[str], None] = lambda name: None,
) -> Calibration:
    """Time the reference and every alternative in every race of the exercise.

    Honest is what is not marked slow anywhere; slow is what is marked so for the function that is timed. The same with memory.
    on_variant: told which variant is about to be timed.
    """
    calibration = Calibration(exercise.name)
    for timed in time_variants(course, exercise, server, bench, Settings(), decides=False, on_variant=on_variant):
        calibration.problems += timed.grader_faults
        for check in timed.checks:
            if check.verdict == Verdict.TIMEOUT and timed.variant is not None and timed.variant.slow:
                continue  # so slow that its memory could not be measured
            if check.verdict != Verdict.PASSED:
                name = f"{exercise.name}, {check.name}, {timed.id}"
                calibration.problems.append(f"{name}: {check.verdict}: {check.message}")
        for race in timed.races:
            _sort_in(calibration, timed, race)
    return calibration


def _sort_in(calibration: Calibration, timed: Timed, race: dict[str, Any]) -> None:
    calibration.results.append(race)
    side = side_of(timed.variant, race)
    if side:
        group = calibration.slow if side == "slow" else calibration.honest
        group.setdefault(race["device"], {}).setdefault(race["race"], {})[timed.id] = race["ratio"]


def side_of(variant: Variant | None, result: dict[str, Any]) -> str:
    """Whether a variant is "honest" or "slow" in what was measured.

    "": neither. What is slow or wasteful elsewhere may be slowed down by that, and what wastes memory may take some time.
    """
    if variant is None or not (variant.slow or variant.wasteful):
        return "honest"
    costs = variant.slow if result["measures"] == "time" else variant.wasteful
    return "slow" if result["function"] in costs else ""


def time_variants(
    course: Course,
    exercise: Exercise,
    server: Connection,
    bench: Bench,
    settings: Settings,
    decides: bool,
    on_variant: Callable[[str], None] = lambda name: None,
    only: Collection[str] | None = None,
) -> list[Timed]:
    """Run the speed checks alone, on the reference and every alternative: where it differs, on the bench's own device.

    only: of these variants, by their ids.
    """
    variants: dict[str, Variant | None] = {REFERENCE: None} | {variant.id: variant for variant in exercise.alternatives}
    variants = {id: variant for id, variant in variants.items() if only is None or id in only}
    submissions = [
        Submission(id, exercise.name, variant.source if variant else exercise.reference_source)
        for id, variant in variants.items()
    ]
    run = new_run(course, exercise, submissions, settings, server, Marking(exercise))
    keepers: dict[int, list[Timekeeper]] = {id(candidate): [] for candidate in run.candidates}
    variant_of = dict(zip(keepers, variants.items(), strict=True))
    uses = uses_of(exercise.reference_source)

    def keep(candidate: Candidate) -> Timekeeper | None:
        name, variant = variant_of[id(candidate)]
        on_variant(name)
        keeper = timekeeper(bench, exercise, candidate, decides)
        if keeper is not None:

            def wants(function: str, device: Device) -> bool:
                own = variant is None or bool(uses.get(function, {function}) & set(variant.replaces))
                return own and device == bench.device

            keeper.wants = wants
            keepers[id(candidate)].append(keeper)
        return keeper

    run.timekeeper, run.only_races = keep, True
    try:
        run_checks(run, exercise.hidden_path, timeout=3600)
    finally:
        for candidate in run.candidates:
            candidate.close()
    return [
        Timed(
            name,
            variant,
            candidate.results,
            [race for keeper in keepers[id(candidate)] for race in keeper.results],
            candidate.grader_faults,
        )
        for (name, variant), candidate in zip(variants.items(), run.candidates, strict=True)
    ]


def uses_of(source: str) -> dict[str, set[str]]:
    """For each function and class of a source, itself and all of the others that it makes use of."""
    definitions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    names = {node.name for node in definitions}
    uses = {
        node.name: {node.name} | {name.id for name in ast.walk(node) if isinstance(name, ast.Name) and name.id in names}
        for node in definitions
    }
    for _round in uses:
        uses = {name: set.union(*(uses[used] for used in found)) for name, found in uses.items()}
    return uses
