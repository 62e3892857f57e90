"""The visible checks, on the file as it is and on alterations of it: which of them no longer hold?

All go through one pytest session, each in a worker of its own from the warm fork server. An alteration is only given the
checks that came to the altered place when the file was whole, and none is begun when the time is up.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..course import Exercise
from ..diagnose import RecordedDiagnosis
from ..direct import visible_seed
from ..errors import GraderFault
from ..grade import BACKSTOP, new_candidate, run_checks
from ..recording import Recording
from ..result import Verdict
from ..run import Candidate, CheckMark, Run, recorded_reference
from ..sandbox.launch import ForkServer
from ..submission import Submission
from .alterations import Alteration

SHORTEST_LIMIT_S = 0.5  # of CPU time for a check: what a loop that does not end costs
PATIENCE = 5  # times what the slowest check takes on the file as it is


@dataclass
class Witness:
    """A check on the file as it is. asked: the functions and classes that it called, the last one last."""

    name: str
    title: str
    passed: bool
    seconds: float
    asked: list[str]


@dataclass
class Broken:
    """A check that no longer holds.

    error: what was raised, "" where an answer was wrong. is_needy: it needs others to pass first, so it says less of its own.
    """

    check: str
    title: str
    verdict: Verdict
    message: str
    error: str = ""
    is_needy: bool = False


@dataclass
class Trial:
    """An alteration, and which of the checks that looked at it no longer hold. misconception: the known mistake that it is."""

    alteration: Alteration
    checks: list[str]
    broken: list[Broken]
    misconception: str | None


@dataclass
class _Attempt(Candidate):
    """A source in a run. checks: those to run, None for all; the rest is noted of each check by its name.

    asked: the functions that it called. errors: what was raised last. needy: those that need others to pass first.
    """

    checks: frozenset[str] | None = None
    asked: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    needy: set[str] = field(default_factory=set)


@dataclass
class _Trials(Run):
    """A run in which each candidate has checks of its own, and which begins none after `ends_at`."""

    ends_at: float = float("inf")
    on_begin: Callable[[int], None] = lambda number: None

    def check(
        self, mark: CheckMark, candidate: Candidate, test: Callable[..., None], arguments: dict[str, Any]
    ) -> None:
        assert isinstance(candidate, _Attempt)
        if not candidate.results:
            if time.monotonic() > self.ends_at:
                return
            self.on_begin(self.candidates.index(candidate))
        if candidate.checks is not None and mark.name not in candidate.checks:
            return
        if candidate.results and candidate.results[-1].verdict == Verdict.TIMEOUT:
            return  # the rest would wait as long
        # Each check speaks for itself here, and no limit of its own is longer than an alteration's.
        super().check(replace(mark, needs=(), cpu_s=None), candidate, test, arguments)
        transcript = candidate.transcripts.pop(mark.name)
        candidate.asked[mark.name] = [step.name for step in transcript]
        if mark.needs:
            candidate.needy.add(mark.name)
        fault = transcript[-1].outcome.fault if transcript else None
        if fault is not None and fault.kind == "raised":
            candidate.errors[mark.name] = f"{fault.name}: {fault.message}" if fault.message else fault.name


def witnesses(exercise: Exercise, submission: Submission, server: ForkServer, recording: Recording) -> list[Witness]:
    """Every visible check on the file as it is."""
    attempt = _attempt(exercise, submission, server)
    run = _trials(exercise, [attempt], recording)
    run_checks(run, exercise.visible_path, BACKSTOP * exercise.limits.total_wall_s)
    _refuse_own_faults(attempt)
    return [
        Witness(
            result.name,
            result.title,
            result.verdict == Verdict.PASSED,
            result.seconds,
            attempt.asked[result.name],
        )
        for result in attempt.results
    ]


def tried(
    exercise: Exercise,
    submission: Submission,
    alterations: Sequence[tuple[Alteration, Iterable[str]]],
    server: ForkServer,
    recording: Recording,
    check_cpu_s: float,
    seconds: float,
    on_begin: Callable[[int], None] = lambda number: None,
) -> list[Trial]:
    """The alterations, each with the names of the checks to run on it, in this order for as many seconds.

    check_cpu_s: what a check may take. on_begin: told the number of each alteration when it is begun.
    Returns a trial for each that there was time for.
    """
    limits = replace(exercise.limits, check_cpu_s=check_cpu_s)
    patient = replace(exercise, limits=limits)
    attempts = []
    for alteration, checks in alterations:
        attempt = _attempt(patient, replace(submission, source=alteration.source), server)
        attempt.checks = frozenset(checks)
        attempts.append(attempt)
    if not attempts:
        return []
    run = _trials(patient, attempts, recording)
    run.ends_at, run.on_begin = time.monotonic() + seconds, on_begin
    run_checks(run, exercise.visible_path, BACKSTOP * exercise.limits.total_wall_s)
    pairs = zip(alterations, attempts, strict=True)
    return [_trial(alteration, attempt, recording) for (alteration, _), attempt in pairs if attempt.results]


def limit_for(found: Sequence[Witness]) -> float:
    """CPU seconds that a check may take on an alteration."""
    return max(SHORTEST_LIMIT_S, PATIENCE * max((witness.seconds for witness in found), default=0.0))


def _attempt(exercise: Exercise, submission: Submission, server: ForkServer) -> _Attempt:
    candidate = new_candidate(exercise, submission, server, lambda check: visible_seed(exercise.name, check))
    return _Attempt(candidate.backend, candidate.draw_seed, candidate.fault)


def _trials(exercise: Exercise, attempts: list[_Attempt], recording: Recording) -> _Trials:
    diagnosis = RecordedDiagnosis(recording.misconceptions)
    reference = recorded_reference(recording.reference)
    return _Trials(exercise.filename, [*attempts], reference, diagnosis, keep_transcripts=True)


def _trial(alteration: Alteration, attempt: _Attempt, recording: Recording) -> Trial:
    _refuse_own_faults(attempt)
    broken = [
        Broken(
            result.name,
            result.title,
            result.verdict,
            result.message,
            attempt.errors.get(result.name, ""),
            result.name in attempt.needy,
        )
        for result in attempt.results
        if result.verdict != Verdict.PASSED
    ]
    checks = [result.name for result in attempt.results]
    return Trial(alteration, checks, broken, _misconception(attempt, recording))


def _misconception(attempt: _Attempt, recording: Recording) -> str | None:
    """The known mistake that breaks the very same checks with the very same answers.

    One that needs others to pass first may break on its own here: when the mistakes were recorded it was not run.
    """
    failed = {result.name: result.candidates for result in attempt.results if result.verdict != Verdict.PASSED}
    for id in dict.fromkeys(id for candidates in failed.values() for id in candidates):
        recorded = {check for check, by_id in recording.misconceptions.items() if id in by_id}
        if all(id in failed.get(check, ()) for check in recorded) and failed.keys() - recorded <= attempt.needy:
            return id
    return None


def _refuse_own_faults(attempt: _Attempt) -> None:
    if any(result.verdict == Verdict.GRADER_ERROR for result in attempt.results):
        raise GraderFault("the grader itself failed on a check", "; ".join(attempt.grader_faults))
