"""One run of an exercise's checks over several submissions: what the pytest plugin asks, and the results it fills in."""

import time
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .draw import Draw
from .errors import CheckFailed, GraderFault, NotJudged, StudentFault, Unusable
from .i18n import _, pick
from .judge import judge
from .result import AT_WORK, CheckResult, Verdict
from .sandbox.inside.protocol import AnswerTooLarge
from .sandbox.inside.session import Outcome
from .speed.race import Race, Timekeeper
from .subject import Backend, Direct, Recorded, Step, Subject, last_asked
from .text import plain

MAX_MESSAGE = 4_000
# What a check may raise because a student's answer is of a kind that its author did not think of.
ODD_ANSWER = (
    MemoryError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    AssertionError,
    AnswerTooLarge,  # where the check hands an answer on as an argument
)


class Diagnosis(Protocol):
    def candidates(self, check: str, transcript: list[Step], run: Callable[[Subject], None]) -> list[str]: ...


@dataclass
class NoDiagnosis:
    def candidates(self, check: str, transcript: list[Step], run: Callable[[Subject], None]) -> list[str]:
        return []


@dataclass
class Candidate:
    """One submission in a run. `fault`: there is nothing to run, and this is why."""

    backend: Backend | None
    draw_seed: Callable[[str], int]
    fault: StudentFault | None = None
    results: list[CheckResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    grader_faults: list[str] = field(default_factory=list)
    transcripts: dict[str, list[Step]] = field(default_factory=dict)
    reference_transcripts: dict[str, list[Step]] = field(default_factory=dict)

    @property
    def broken(self) -> StudentFault | None:
        """Why no check of this submission can be run, if so: there is no file, or it does not load."""
        return self.fault or getattr(self.backend, "import_fault", None)

    @property
    def output(self) -> str:
        """What it printed, where that is captured."""
        return getattr(self.backend, "output", "")

    def close(self) -> None:
        """End whatever runs for this submission."""
        close = getattr(self.backend, "close", None)
        if close:
            close()

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome:
        if self.fault is not None:
            raise self.fault
        assert self.backend is not None
        return self.backend.perform(verb, name, request)


@dataclass
class CheckMark:
    """What @check says of a test function, and its name with the case that it was parametrised with."""

    name: str
    docstring: str
    ko: str
    points: float
    needs: Sequence[str]
    kind: str = ""
    cpu_s: float | None = None
    diagnosed: bool = True
    drawn: bool = True

    @property
    def title(self) -> str:
        return pick(" ".join(self.docstring.split()), self.ko)

    @property
    def trains(self) -> bool:
        """A training: it takes long, and names no mistake."""
        return self.cpu_s is not None and not self.diagnosed


@dataclass
class Run:
    """Submissions of one exercise, the reference to compare them with, and the way to name a mistake."""

    filename: str
    candidates: list[Candidate]
    reference: Callable[[str], Backend]
    diagnosis: Diagnosis = field(default_factory=NoDiagnosis)
    keep_transcripts: bool = False
    on_result: Callable[[CheckResult], None] = lambda result: None
    timekeeper: Callable[[Candidate], Timekeeper | None] = lambda candidate: None
    only_races: bool = False  # run the speed checks alone, whatever they need
    only: Collection[str] | None = None  # run the checks of these names, and those that they need
    trains: bool = True  # run the checks that train, too
    grader_faults: list[str] = field(default_factory=list)  # of the session as a whole; a check's are its candidate's

    def check(
        self, mark: CheckMark, candidate: Candidate, test: Callable[..., None], arguments: dict[str, Any]
    ) -> None:
        """Run one check on one candidate and keep its result. Never raises for what a student did."""
        started = time.monotonic()
        student = Subject(candidate)
        timekeeper = self.timekeeper(candidate)

        def attempt(other: Subject) -> None:
            self._call(test, arguments, other, candidate, mark.name, timekeeper if other is student else None)

        result = CheckResult(mark.name, mark.title, Verdict.PASSED, mark.points, mark.points, 0.0)
        try:
            self._need(mark, candidate)
            begin_check = getattr(candidate.backend, "begin_check", None)
            if begin_check:
                begin_check(mark.cpu_s)
            attempt(student)
        except StudentFault as fault:
            result.verdict, result.message = judge(fault, self.filename)
            result.message = plain(result.message)[:MAX_MESSAGE]
            if result.verdict in (Verdict.FAILED, Verdict.ERROR) and mark.diagnosed and student.transcript:
                result.candidates = self._name_mistake(mark, candidate, student, attempt)
        except NotJudged as unknown:
            result.verdict, result.message = Verdict(unknown.verdict), str(unknown)
        except Exception as error:
            self._judge_odd_answer(result, error, mark, candidate, attempt)
        result.asked = "" if candidate.broken else last_asked(student)
        if result.verdict != Verdict.PASSED:
            result.points = 0.0
        if timekeeper is not None and timekeeper.results:
            result.speed = timekeeper.worst
            result.speed_ratio = timekeeper.worst["ratio"]
        elif result.verdict in AT_WORK and candidate.broken is None:
            result.draw_command = self._draw_command(mark, result.asked)
        result.seconds = round(time.monotonic() - started, 6)
        if self.keep_transcripts:
            candidate.transcripts[mark.name] = student.transcript
        else:
            candidate.reference_transcripts.clear()
        candidate.results.append(result)
        self.on_result(result)

    def _draw_command(self, mark: CheckMark, function: str) -> str:
        """The command that draws what this function may be given; nothing of this check's own inputs is in it."""
        if not function or not mark.drawn:
            return ""
        exercise, _, name = function.rpartition(".")  # a companion's function is that exercise's
        kind = f" --kind {mark.kind}" if mark.kind else ""
        return f"grader draw {exercise or self.filename.removesuffix('.py')} {name}{kind}"

    def _need(self, mark: CheckMark, candidate: Candidate) -> None:
        """A check that a stub could pass runs, and pays, only when those that it needs have passed."""
        if candidate.broken is not None:
            raise candidate.broken
        for need in () if self.only_races else mark.needs:
            if all(result.function != need for result in candidate.results):
                raise GraderFault(f"it needs {need}, which did not run before it")
            unmet = next((r for r in candidate.results if r.function == need and r.verdict != Verdict.PASSED), None)
            if unmet is None:
                continue
            if unmet.verdict == Verdict.GRADER_ERROR:
                raise GraderFault(f"it needs {need}, on which the grader failed")
            if unmet.verdict == Verdict.MISSING:
                raise Unusable("missing", unmet.message)
            raise CheckFailed(_("Not run yet: it counts once this passes: “{title}”").format(title=unmet.title))

    def _call(
        self,
        test: Callable[..., None],
        arguments: dict[str, Any],
        student: Subject,
        candidate: Candidate,
        check: str,
        timekeeper: Timekeeper | None,
    ) -> None:
        """The test function with a student, a fresh reference and the candidate's inputs for this check."""
        given = dict(arguments)
        if "student" in given:
            given["student"] = student
        if "reference" in given or "race" in given:
            reference = Subject(self.reference(check))
            candidate.reference_transcripts[check] = reference.transcript
            if "reference" in given:
                given["reference"] = reference
            if "race" in given:
                given["race"] = Race(check, student, reference, timekeeper)
        if "earlier" in given:
            given["earlier"] = _verdicts(candidate.results)
        if "draw" in given:
            given["draw"] = Draw(candidate.draw_seed(check))
        test(**given)

    def _name_mistake(
        self, mark: CheckMark, candidate: Candidate, student: Subject, attempt: Callable[[Subject], None]
    ) -> list[str]:
        """Misconceptions that answer as the student did. Failing to name one never costs the verdict."""
        try:
            return self.diagnosis.candidates(mark.name, student.transcript, attempt)
        except Exception as error:
            candidate.notes.append(f"{mark.name}: the diagnosis failed ({type(error).__name__})")
            candidate.grader_faults.append(_told(mark, error))
            return []

    def _judge_odd_answer(
        self,
        result: CheckResult,
        error: Exception,
        mark: CheckMark,
        candidate: Candidate,
        attempt: Callable[[Subject], None],
    ) -> None:
        """A check that stumbles over an answer but runs well with the reference's: the answer is at fault."""
        if isinstance(error, ODD_ANSWER) and self._runs_with_reference(mark, attempt):
            result.verdict = Verdict.FAILED
            result.message = _("The answer is of a kind that this check cannot work with ({error}).").format(
                error=type(error).__name__
            )
            return
        result.verdict = Verdict.GRADER_ERROR
        result.message = _("The grader itself failed here; this costs you nothing, and your instructor will see it.")
        candidate.grader_faults.append(_told(mark, error))
        if isinstance(error, GraderFault):  # a sentence of ours, fit for a record; any other may quote the check
            candidate.notes.append(f"{mark.name}: {error}"[:500])

    def _runs_with_reference(self, mark: CheckMark, attempt: Callable[[Subject], None]) -> bool:
        """Whether the check passes with the reference in the student's place; a recorded one did when it was recorded."""
        reference = self.reference(mark.name)
        if isinstance(reference, Recorded):
            return True
        try:
            attempt(Subject(reference))
        except Exception:
            return False
        return True


def _verdicts(results: list[CheckResult]) -> dict[str, Verdict]:
    """The verdict on each check; on a parametrised one, that on its first case that did not pass."""
    verdicts: dict[str, Verdict] = {}
    for result in results:
        if verdicts.get(result.function, Verdict.PASSED) == Verdict.PASSED:
            verdicts[result.function] = result.verdict
    return verdicts


def _told(mark: CheckMark, error: Exception) -> str:
    if isinstance(error, GraderFault):  # ours: it says what it is
        return "\n".join(filter(None, (f"{mark.name}: {error}", error.detail)))
    return f"{mark.name}: " + "".join(traceback.format_exception(error, limit=-3)).strip()


def fresh_reference(backend: Direct) -> Callable[[str], Backend]:
    """The reference for each check, without the modules of the check before."""

    def reference(check: str) -> Backend:
        backend.session.modules.clear()
        return backend

    return reference


def recorded_reference(recorded: dict[str, list[Step]]) -> Callable[[str], Backend]:
    """The reference's recorded answers for each check."""
    return lambda check: Recorded(recorded.get(check, []))
