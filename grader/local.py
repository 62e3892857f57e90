"""A student checks their own file: the visible checks, in a plain worker process, against recorded answers."""

from collections.abc import Callable
from dataclasses import dataclass

from .course import Exercise
from .diagnose import RecordedDiagnosis
from .direct import visible_seed
from .grade import BACKSTOP, new_candidate, run_checks
from .recording import load_recording
from .result import CheckResult, settle_misconceptions
from .run import Run, recorded_reference
from .sandbox.started import Server
from .submission import Submission


@dataclass
class LocalReport:
    """What the visible checks found, and what the hidden ones still have to say."""

    exercise: Exercise
    checks: list[CheckResult]
    output: str
    hidden_checks: int
    hidden_points: float
    notes: tuple[str, ...] = ()


def check_locally(
    exercise: Exercise,
    submission: Submission,
    server: Server | None,
    on_result: Callable[[CheckResult], None] = lambda result: None,
) -> LocalReport:
    """Run the visible checks of one exercise. Without a server the source is run in this process (trusted sources only)."""
    recording = load_recording(exercise.recording_path)
    candidate = new_candidate(exercise, submission, server, lambda check: visible_seed(exercise.name, check))
    run = Run(
        exercise.filename,
        [candidate],
        recorded_reference(recording.reference),
        RecordedDiagnosis(recording.misconceptions),
        on_result=on_result,
    )
    try:
        run_checks(run, exercise.visible_path, BACKSTOP * exercise.limits.total_wall_s)
    finally:
        candidate.close()
    settle_misconceptions(candidate.results, {id: hint.text for id, hint in recording.hints.items()})
    return LocalReport(
        exercise,
        candidate.results,
        candidate.output,
        recording.hidden_checks,
        recording.hidden_points,
        submission.notes,
    )
