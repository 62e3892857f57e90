"""A student checks their own file: the visible checks, in a plain worker process, against recorded answers."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from .course import Course, Exercise
from .diagnose import RecordedDiagnosis
from .direct import visible_seed
from .grade import BACKSTOP, new_candidate, run_checks
from .record import Settings, new_grade
from .recording import Recording, load_recording
from .result import CheckResult, Verdict, settle_misconceptions
from .run import Candidate, Run, recorded_reference
from .sandbox.started import Server
from .submission import Submission


@dataclass
class LocalReport:
    """What the visible checks found, and what the hidden ones still have to say."""

    exercise: Exercise
    submission: Submission
    checks: list[CheckResult]
    output: str
    hidden_checks: int
    hidden_points: float

    @property
    def notes(self) -> tuple[str, ...]:
        return self.submission.notes

    def to_record(self, course: Course) -> dict[str, Any]:
        """The public record of the visible checks, marked as such: no grade (docs/report-format.md)."""
        settings = Settings(sandbox="none")
        grade = new_grade(course, self.exercise, self.submission, settings, self.checks, self.output)
        return grade.to_record() | {"visible_only": True}

    @property
    def passed(self) -> int:
        return sum(check.verdict == Verdict.PASSED for check in self.checks)

    @property
    def is_done(self) -> bool:
        return self.passed == len(self.checks)

    @property
    def is_started(self) -> bool:
        return any(check.verdict != Verdict.MISSING for check in self.checks)

    @property
    def unmet(self) -> CheckResult | None:
        """The first check that has not passed."""
        return next((check for check in self.checks if check.verdict != Verdict.PASSED), None)

    @property
    def points(self) -> float:
        return sum(check.points for check in self.checks)

    @property
    def max_points(self) -> float:
        return sum(check.max_points for check in self.checks)


def check_locally(
    exercise: Exercise,
    submission: Submission,
    server: Server | None,
    on_result: Callable[[CheckResult], None] = lambda result: None,
    recording: Recording | None = None,
) -> LocalReport:
    """Run the visible checks of one exercise. Without a server the source is run in this process (trusted sources only).

    recording: the exercise's, where it has been loaded before.
    """
    candidate = new_candidate(exercise, submission, server, lambda check: visible_seed(exercise.name, check))
    return check_candidate(exercise, submission, candidate, on_result, recording=recording)


def check_candidate(
    exercise: Exercise,
    submission: Submission,
    candidate: Candidate,
    on_result: Callable[[CheckResult], None] = lambda result: None,
    only: Collection[str] | None = None,
    recording: Recording | None = None,
) -> LocalReport:
    """Run the visible checks on a candidate, and close it. only: names of checks; these and what they need are run."""
    recording = recording or load_recording(exercise.recording_path)
    run = Run(
        exercise.filename,
        [candidate],
        recorded_reference(recording.reference),
        RecordedDiagnosis(recording.misconceptions),
        on_result=on_result,
        only=only,
    )
    try:
        run_checks(run, exercise.visible_path, BACKSTOP * exercise.limits.total_wall_s)
    finally:
        candidate.close()
    settle_misconceptions(candidate.results, {id: hint.text for id, hint in recording.hints.items()})
    return LocalReport(
        exercise, submission, candidate.results, candidate.output, recording.hidden_checks, recording.hidden_points
    )
