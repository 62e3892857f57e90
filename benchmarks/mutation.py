"""How strong are the hidden checks? Every mutant of a reference is handed in as a submission: which of them keep full marks?

    python benchmarks/mutation.py [EXERCISE …] [--seed 0] [--jobs 2] [--sandbox none] [--json FILE]

Prints the score and the survivors. A survivor that is as right as the reference stands with its reason in
mutation_equivalents.toml. Exit status 0: no other one survived; 1: one did, or what that file says is out of date.
"""

import argparse
import json
import multiprocessing
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import torch
from mutants import Mutant, mutants_of

from grader.course import Exercise, find_course
from grader.draw import keyed_seed
from grader.errors import StudentFault, Unusable
from grader.grade import BACKSTOP, run_checks
from grader.result import Verdict
from grader.run import Candidate, Run, fresh_reference
from grader.sandbox.backend import Sandboxed
from grader.sandbox.launch import ForkServer
from grader.subject import load_reference

EQUIVALENTS = Path(__file__).with_name("mutation_equivalents.toml")
LEFT_OUT = {"capstone"}  # it trains a model for each submission
CHUNK = 24  # mutants in one pytest session
CHECK_CPU_S = 1.0  # what a loop that does not end costs

_server: ForkServer


class MutantCandidate(Candidate):
    """A check that failed has killed the mutant: the rest need not run."""

    @property
    def broken(self) -> StudentFault | None:
        if any(result.verdict != Verdict.PASSED for result in self.results):
            return Unusable("missing", "killed already")
        return super().broken


@dataclass
class Result:
    """What became of a mutant: the first check that it failed and with which verdict; of a survivor, "" and "passed"."""

    mutant: Mutant
    check: str
    verdict: str

    @property
    def survived(self) -> bool:
        return self.verdict == Verdict.PASSED

    @property
    def killed(self) -> bool:
        return not self.survived and self.verdict != Verdict.GRADER_ERROR


def start_process(sandbox: str) -> None:
    global _server
    torch.set_num_threads(1)
    _server = ForkServer(sandbox)


def grade_mutants(exercise: Exercise, mutants: Sequence[Mutant], seed: str) -> list[Result]:
    """The hidden checks on mutants, each in a worker of its own, in one pytest session. Nobody asks which mistake it is."""
    limits = replace(exercise.limits, check_cpu_s=CHECK_CPU_S)
    candidates: list[Candidate] = []
    for mutant in mutants:
        backend = Sandboxed(_server, mutant.source, exercise.filename, exercise.forbidden, limits)
        candidates.append(MutantCandidate(backend, lambda check: keyed_seed(b"", "mutant", seed, exercise.name, check)))
    reference = load_reference(exercise.reference_source, exercise.name)
    run = Run(exercise.filename, candidates, fresh_reference(reference))
    try:
        run_checks(run, exercise.hidden_path, BACKSTOP * limits.total_wall_s)
    finally:
        for candidate in candidates:
            candidate.close()
    return [_result(mutant, candidate) for mutant, candidate in zip(mutants, candidates, strict=True)]


def _result(mutant: Mutant, candidate: Candidate) -> Result:
    for result in candidate.results:
        if result.verdict != Verdict.PASSED:
            return Result(mutant, result.name, result.verdict.value)
    return Result(mutant, "", Verdict.PASSED.value)


def grade_all(exercises: list[Exercise], seed: str, sandbox: str, jobs: int) -> Iterator[tuple[Exercise, list[Result]]]:
    """Each exercise with the results of all its mutants, in order."""
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=start_process, initargs=(sandbox,)) as pool:
        for exercise in exercises:
            mutants = mutants_of(exercise.name, exercise.reference_source)
            order = {mutant.id: position for position, mutant in enumerate(mutants)}
            chunks = [mutants[start : start + CHUNK] for start in range(0, len(mutants), CHUNK)]
            parts = as_completed([pool.submit(grade_mutants, exercise, chunk, seed) for chunk in chunks])
            results = [result for part in parts for result in part.result()]
            yield exercise, sorted(results, key=lambda result: order[result.mutant.id])


def read_equivalents() -> dict[str, str]:
    """Id of a mutant -> why it is no worse than the reference."""
    return {entry["id"]: entry["because"] for entry in tomllib.loads(EQUIVALENTS.read_text("utf-8")).get("mutant", [])}


def problems_of(exercise: Exercise, results: list[Result], argued: dict[str, str]) -> list[str]:
    problems = []
    for result in results:
        id, change = result.mutant.id, f"line {result.mutant.line}: {result.mutant.before} → {result.mutant.after}"
        if result.survived and id not in argued:
            problems.append(f"{id} survives; {change}")
        if result.verdict == Verdict.GRADER_ERROR:
            problems.append(f"{id} makes the grader itself fail in {result.check}; {change}")
        if result.killed and id in argued:
            problems.append(f"{id} is argued to be equivalent, but {result.check} kills it: {result.verdict}; {change}")
    ids = {result.mutant.id for result in results}
    stale = [id for id in argued if id.startswith(f"{exercise.name}/") and id not in ids]
    return problems + [f"{id} is argued to be equivalent, but there is no such mutant" for id in stale]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("exercise", nargs="*", help="default: all but " + ", ".join(sorted(LEFT_OUT)))
    parser.add_argument("--seed", default="0")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sandbox", choices=["none", "bwrap"], default="none", help="mutants are no attacks")
    parser.add_argument("--json", type=Path, help="write what became of every mutant to this file")
    arguments = parser.parse_args()
    exercises = find_course().select(arguments.exercise)
    if not arguments.exercise:
        exercises = [exercise for exercise in exercises if exercise.name not in LEFT_OUT]
    argued, everything, problems, started = read_equivalents(), [], [], time.monotonic()
    print(f"mutmut {version('mutmut')}, torch {torch.__version__}, seed {arguments.seed}\n")
    print("| exercise | mutants | killed | by a time limit | argued equivalent | unexplained | score |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for exercise, results in grade_all(exercises, arguments.seed, arguments.sandbox, arguments.jobs):
        print_row(exercise.name, results, argued)
        everything += results
        problems += problems_of(exercise, results, argued)
    print_row("all", everything, argued)
    print_survivors([result for result in everything if result.survived and result.mutant.id in argued], argued)
    if arguments.json:
        records = [asdict(result.mutant) | {"check": result.check, "verdict": result.verdict} for result in everything]
        arguments.json.write_text(json.dumps(records, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"\n{len(problems)} problems, {time.monotonic() - started:.0f} s")
    sys.exit("\n".join(problems) if problems else 0)


def print_row(name: str, results: list[Result], argued: dict[str, str]) -> None:
    killed = sum(result.killed for result in results)
    late = sum(result.verdict == Verdict.TIMEOUT for result in results)
    equivalent = sum(result.survived and result.mutant.id in argued for result in results)
    judged = len(results) - equivalent
    score = f"{100 * killed / judged:.1f}%" if judged else "-"
    unexplained = judged - killed
    print(f"| {name} | {len(results)} | {killed} | {late} | {equivalent} | {unexplained} | {score} |", flush=True)


def print_survivors(survivors: list[Result], argued: dict[str, str]) -> None:
    print("\n| mutant | line | became | why it is no worse |")
    print("|---|---|---|---|")
    for result in survivors:
        mutant = result.mutant
        before, after = (text.replace("|", "\\|") for text in (mutant.before, mutant.after))
        print(f"| `{mutant.id}` | `{before}` | `{after}` | {argued[mutant.id]} |")


if __name__ == "__main__":
    main()
