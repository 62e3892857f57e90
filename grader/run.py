"""One run of an exercise's checks over several submissions: what the pytest plugin asks, and the results it fills in."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .draw import Draw
from .errors import CheckFailed, StudentFault
from .i18n import _, pick
from .judge import judge
from .result import CheckResult, Verdict
from .sandbox.inside.session import Outcome
from .subject import Backend, Direct, Recorded, Step, Subject

# What a check may raise because a student's answer is of a kind that its author did not think of.
ODD_ANSWER = (
    TypeError,
    ValueError,
    IndexError,
    KeyError,
    AttributeError,
    RuntimeError,
    ZeroDivisionError,
    AssertionError,
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
    transcripts: dict[str, list[Step]] = field(default_factory=dict)
    reference_transcripts: dict[str, list[Step]] = field(default_factory=dict)

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome:
        if self.fault is not None:
            raise self.fault
        assert self.backend is not None
        return self.backend.perform(verb, name, request)

    def verdict_of(self, check: str) -> Verdict | None:
        """The verdict of a test function; the worst of its parametrised cases."""
        verdicts = [result.verdict for result in self.results if result.name.split("[")[0] == check]
        return next((verdict for verdict in verdicts if verdict != Verdict.PASSED), verdicts[0] if verdicts else None)


@dataclass
class CheckMark:
    """What @check says of a test function, and its name with the case that it was parametrised with."""

    name: str
    docstring: str
    ko: str
    points: float
    needs: Sequence[str]

    @property
    def title(self) -> str:
        return pick(" ".join(self.docstring.split()), self.ko)


@dataclass
class Run:
    """Submissions of one exercise, the reference to compare them with, and the way to name a mistake."""

    filename: str
    candidates: list[Candidate]
    reference: Callable[[str], Backend]
    diagnosis: Diagnosis = field(default_factory=NoDiagnosis)
    keep_transcripts: bool = False
    on_result: Callable[[CheckResult], None] = lambda result: None
    grader_faults: list[str] = field(default_factory=list)

    def check(
        self, mark: CheckMark, candidate: Candidate, test: Callable[..., None], arguments: dict[str, Any]
    ) -> None:
        """Run one check on one candidate and keep its result. Never raises for what a student did."""
        started = time.monotonic()
        student = Subject(candidate)
        result = CheckResult(mark.name, mark.title, Verdict.PASSED, mark.points, mark.points, 0.0)
        try:
            self._need(mark, candidate)
            begin_check = getattr(candidate.backend, "begin_check", None)
            if begin_check:
                begin_check()
            self._call(test, arguments, student, candidate, mark.name)
        except StudentFault as fault:
            result.verdict, result.message = judge(fault, self.filename)
            if result.verdict in (Verdict.FAILED, Verdict.ERROR):
                result.candidates = self._name_mistake(mark, candidate, student, test, arguments)
        except Exception as error:
            self._judge_odd_answer(result, error, mark, candidate, test, arguments)
        if result.verdict != Verdict.PASSED:
            result.points = 0.0
        result.seconds = round(time.monotonic() - started, 6)
        if self.keep_transcripts:
            candidate.transcripts[mark.name] = student.transcript
        else:
            candidate.reference_transcripts.clear()
        candidate.results.append(result)
        self.on_result(result)

    def _need(self, mark: CheckMark, candidate: Candidate) -> None:
        for need in mark.needs:
            verdict = candidate.verdict_of(need)
            if verdict is None or verdict == Verdict.PASSED or candidate.fault is not None:
                continue
            if verdict in (Verdict.MISSING, Verdict.GRADER_ERROR):
                continue  # let this check say the same itself
            title = next(result.title for result in candidate.results if result.name.split("[")[0] == need)
            raise CheckFailed(_("Not run yet: it counts once this passes: “{title}”").format(title=title))

    def _call(
        self, test: Callable[..., None], arguments: dict[str, Any], student: Subject, candidate: Candidate, check: str
    ) -> None:
        """The test function with a student, a fresh reference and the candidate's inputs for this check."""
        given = dict(arguments)
        if "student" in given:
            given["student"] = student
        if "reference" in given:
            given["reference"] = Subject(self.reference(check))
            candidate.reference_transcripts[check] = given["reference"].transcript
        if "draw" in given:
            given["draw"] = Draw(candidate.draw_seed(check))
        test(**given)

    def _name_mistake(
        self,
        mark: CheckMark,
        candidate: Candidate,
        student: Subject,
        test: Callable[..., None],
        arguments: dict[str, Any],
    ) -> list[str]:
        def again(other: Subject) -> None:
            self._call(test, arguments, other, candidate, mark.name)

        return self.diagnosis.candidates(mark.name, student.transcript, again)

    def _judge_odd_answer(
        self,
        result: CheckResult,
        error: Exception,
        mark: CheckMark,
        candidate: Candidate,
        test: Callable[..., None],
        arguments: dict[str, Any],
    ) -> None:
        """A check that stumbles over an answer but runs well with the reference's: the answer is at fault."""
        if isinstance(error, ODD_ANSWER):
            try:
                self._call(test, arguments, Subject(self.reference(mark.name)), candidate, mark.name)
            except Exception:
                pass
            else:
                result.verdict = Verdict.FAILED
                result.message = _("The answer is of a kind that this check cannot work with ({error}).").format(
                    error=type(error).__name__
                )
                return
        result.verdict = Verdict.GRADER_ERROR
        result.message = _("The grader itself failed here; this costs you nothing, and your instructor will see it.")
        self.grader_faults.append(f"{mark.name}: {type(error).__name__}: {error}")


def fresh_reference(backend: Direct) -> Callable[[str], Backend]:
    """The reference for each check, without the modules of the check before."""

    def reference(check: str) -> Backend:
        backend.session.modules.clear()
        return backend

    return reference


def recorded_reference(recorded: dict[str, list[Step]]) -> Callable[[str], Backend]:
    """The reference's recorded answers for each check."""
    return lambda check: Recorded(recorded.get(check, []))
