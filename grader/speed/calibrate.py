"""Thresholds measured on this device: between the slowest honest and the fastest slow variant of each timed function."""

import ast
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..course import Course, Exercise
from ..grade import Marking, new_run, run_checks, timekeeper
from ..record import Settings
from ..result import Verdict
from ..run import Candidate, Run
from ..sandbox.launch import ForkServer
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
    results: list[dict[str, Any]] = field(default_factory=list)  # as a record keeps them, with the variant's id
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


def calibrate_exercise(
    course: Course, exercise: Exercise, server: ForkServer, bench: Bench, on_progress: Callable[[str], None]
) -> Calibration:
    """Time the reference and every alternative in every race of the exercise.

    Honest is what is not marked slow anywhere; slow is what is marked so for the function that is timed. The same with memory.
    """
    calibration = Calibration(exercise.name)
    variants = {variant.id: variant for variant in exercise.alternatives}
    sources = {REFERENCE: exercise.reference_source} | {id: variant.source for id, variant in variants.items()}
    submissions = [Submission(id, exercise.name, source) for id, source in sources.items()]
    run = new_run(course, exercise, submissions, Settings(), server, Marking(exercise))
    keepers = time_races(run, bench, exercise, list(sources), decides=False)
    for submission, candidate in zip(submissions, run.candidates, strict=True):
        on_progress(f"{exercise.name}: {submission.student}")
        variant = variants.get(submission.student)
        calibration.problems += candidate.grader_faults
        for result in candidate.results:
            if result.verdict == Verdict.TIMEOUT and variant is not None and variant.slow:
                continue  # so slow that its memory could not be measured
            if result.verdict != Verdict.PASSED:
                name = f"{exercise.name}, {result.name}, {submission.student}"
                calibration.problems.append(f"{name}: {result.verdict}: {result.message}")
        for keeper in keepers[id(candidate)]:
            for race in keeper.results:
                _sort_in(calibration, variant, {"variant": submission.student} | race)
    return calibration


def _sort_in(calibration: Calibration, variant: Variant | None, result: dict[str, Any]) -> None:
    calibration.results.append(result)
    side = side_of(variant, result)
    if side:
        group = calibration.slow if side == "slow" else calibration.honest
        group.setdefault(result["device"], {}).setdefault(result["race"], {})[result["variant"]] = result["ratio"]


def side_of(variant: Variant | None, result: dict[str, Any]) -> str:
    """Whether a variant is "honest" or "slow" in what was measured.

    "": neither. What is slow or wasteful elsewhere may be slowed down by that, and what wastes memory may take some time.
    """
    if variant is None or not (variant.slow or variant.wasteful):
        return "honest"
    costs = variant.slow if result["measures"] == "time" else variant.wasteful
    return "slow" if result["function"] in costs else ""


def time_races(
    run: Run, bench: Bench, exercise: Exercise, ids: Sequence[str], decides: bool
) -> dict[int, list[Timekeeper]]:
    """Run the speed checks of a run alone; what was measured, by the identity of each candidate.

    ids: the variant that each candidate is. It is timed where it differs from the reference, on the bench's own device.
    """
    keepers: dict[int, list[Timekeeper]] = {id(candidate): [] for candidate in run.candidates}
    variants = {variant.id: variant for variant in exercise.alternatives}
    variant_of = {id(candidate): variants.get(name) for name, candidate in zip(ids, run.candidates, strict=True)}
    uses = uses_of(exercise.reference_source)

    def keep(candidate: Candidate) -> Timekeeper | None:
        keeper = timekeeper(bench, exercise, candidate, decides)
        if keeper is not None:
            variant = variant_of[id(candidate)]

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
    return keepers


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
