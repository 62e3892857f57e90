"""The visible checks, on the file as it is and on alterations of it: which of them no longer hold?

Each source has a worker of its own from the warm fork server. An alteration is only given the checks that came to the
altered place when the file was whole, it is given up when one takes far longer than then, and none is begun when the
time is up.
"""

import math
import time
from collections.abc import Callable, Sequence
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
from ..sandbox.started import Server
from ..submission import Submission
from .alterations import Alteration

SHORTEST_LIMIT_S = 0.5  # of CPU time for a check: what a loop that does not end costs
PATIENCE = 5  # times what the slowest check takes on the file as it is: whatever torch loads on first use is in that
WAITING = (
    20  # seconds on the clock for each second of CPU time: the machine may be busy, which is no loop without an end
)
CHUNK = 32  # alterations in one pytest session


@dataclass
class Witness:
    """A check on the file as it is. asked: the functions and classes that it called, the last one last."""

    name: str
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
    """A source in a run. checks: those to run, None for all; the rest is noted by check.

    asked: the functions that it called. errors: what was raised last. needy: those that need others to pass first.
    """

    checks: frozenset[str] | None = None
    asked: dict[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    needy: set[str] = field(default_factory=set)

    @property
    def was_judged(self) -> bool:
        return bool(self.results) and all(result.verdict != Verdict.GRADER_ERROR for result in self.results)


@dataclass
class _Trials(Run):
    """A run in which each candidate has checks of its own, and which begins with none after `ends_at`.

    cpu_s: what a check may take; None: what course.toml or the check says.
    """

    cpu_s: float | None = None
    ends_at: float = math.inf
    on_begin: Callable[[], None] = lambda: None

    def check(
        self, mark: CheckMark, candidate: Candidate, test: Callable[..., None], arguments: dict[str, Any]
    ) -> None:
        assert isinstance(candidate, _Attempt)
        if candidate.checks is not None and mark.name not in candidate.checks:
            return
        if candidate.results and candidate.results[-1].verdict == Verdict.TIMEOUT:
            return  # the rest would wait as long
        if not candidate.results:
            if time.monotonic() > self.ends_at:
                return
            self.on_begin()
        own = replace(mark, needs=(), cpu_s=self.cpu_s or mark.cpu_s)  # each speaks for itself
        super().check(own, candidate, test, arguments)
        transcript = candidate.transcripts.pop(mark.name)
        candidate.asked[mark.name] = [step.name for step in transcript]
        if mark.needs:
            candidate.needy.add(mark.name)
        fault = transcript[-1].outcome.fault if transcript else None
        if fault is not None and fault.kind == "raised":
            candidate.errors[mark.name] = f"{fault.name}: {fault.message}" if fault.message else fault.name


@dataclass
class VisibleChecks:
    """The visible checks of an exercise, to be run on a submission's source and on alterations of it."""

    exercise: Exercise
    submission: Submission
    server: Server
    recording: Recording

    def witnesses(self) -> list[Witness]:
        """Every check on the file as it is. Raises GraderFault where one cannot be run."""
        (attempt,) = self._run([self._attempt(self.submission)])
        if not attempt.was_judged:
            raise GraderFault("the grader itself failed on a visible check", "; ".join(attempt.grader_faults))
        return [
            Witness(
                result.name,
                result.verdict == Verdict.PASSED,
                result.seconds,
                attempt.asked[result.name],
            )
            for result in attempt.results
        ]

    def tried(
        self,
        plan: Sequence[tuple[Alteration, Sequence[Witness]]],
        cpu_s: float,
        seconds: float,
        on_begin: Callable[[], None] = lambda: None,
    ) -> list[Trial]:
        """Alterations, each with the checks to run on it, in this order for as many seconds.

        cpu_s: what a check may take. on_begin: told when an alteration is begun.
        Returns a trial for each that there was time for and that could be judged.
        """
        ends_at = time.monotonic() + seconds
        trials: list[Trial] = []
        for start in range(0, len(plan), CHUNK):
            if time.monotonic() > ends_at:
                break
            part = plan[start : start + CHUNK]
            attempts = []
            for alteration, checks in part:
                attempt = self._attempt(replace(self.submission, source=alteration.source))
                attempt.checks = frozenset(witness.name for witness in checks)
                attempts.append(attempt)
            self._run(attempts, cpu_s, ends_at, on_begin)
            trials += [
                _trial(alteration, attempt, self.recording)
                for (alteration, _), attempt in zip(part, attempts, strict=True)
                if attempt.was_judged
            ]
        return trials

    def _attempt(self, submission: Submission) -> _Attempt:
        limits = self.exercise.limits
        patient = replace(limits, check_wall_s=WAITING * limits.check_cpu_s, total_wall_s=WAITING * limits.total_cpu_s)
        exercise, name = replace(self.exercise, limits=patient), self.exercise.name
        candidate = new_candidate(exercise, submission, self.server, lambda check: visible_seed(name, check))
        return _Attempt(candidate.backend, candidate.draw_seed, candidate.fault)

    def _run(
        self,
        attempts: list[_Attempt],
        cpu_s: float | None = None,
        ends_at: float = math.inf,
        on_begin: Callable[[], None] = lambda: None,
    ) -> list[_Attempt]:
        """One pytest session over these sources."""
        run = _Trials(
            self.exercise.filename,
            [*attempts],
            recorded_reference(self.recording.reference),
            RecordedDiagnosis(self.recording.misconceptions),
            keep_transcripts=True,
            cpu_s=cpu_s,
            ends_at=ends_at,
            on_begin=on_begin,
        )
        try:
            run_checks(run, self.exercise.visible_path, BACKSTOP * self.exercise.limits.total_wall_s)
        finally:
            for attempt in attempts:
                attempt.close()
        return attempts


def limit_for(found: Sequence[Witness]) -> float:
    """CPU seconds that a check may take on an alteration."""
    return max(SHORTEST_LIMIT_S, PATIENCE * max(witness.seconds for witness in found))


def _trial(alteration: Alteration, attempt: _Attempt, recording: Recording) -> Trial:
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
