"""A student checks their own file: the visible checks, in a plain worker process, against recorded answers."""

from collections.abc import Callable
from dataclasses import dataclass

from .course import Exercise
from .diagnose import RecordedDiagnosis
from .direct import visible_seed
from .errors import Unusable
from .grade import BACKSTOP, run_checks
from .recording import Recording, load_recording
from .result import CheckResult, settle_misconceptions
from .run import Candidate, Run, recorded_reference
from .sandbox.backend import Sandboxed
from .sandbox.inside.session import Session
from .sandbox.launch import ForkServer
from .subject import Backend, Direct
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
    server: ForkServer | None,
    on_result: Callable[[CheckResult], None] = lambda result: None,
) -> LocalReport:
    """Run the visible checks of one exercise. Without a server the source is run in this process (trusted sources only)."""
    recording = load_recording(exercise.recording_path)
    candidate = Candidate(
        _backend(exercise, submission, server),
        lambda check: visible_seed(exercise.name, check),
        Unusable(submission.problem, submission.reason) if submission.source is None else None,
    )
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
    settle_misconceptions(candidate.results)
    _add_hints(candidate.results, recording)
    output = candidate.backend.output if isinstance(candidate.backend, Sandboxed) else ""
    return LocalReport(
        exercise, candidate.results, output, recording.hidden_checks, recording.hidden_points, submission.notes
    )


def _backend(exercise: Exercise, submission: Submission, server: ForkServer | None) -> Backend | None:
    if submission.source is None:
        return None
    if server is None:
        return Direct(Session(submission.source, exercise.filename, exercise.forbidden))
    return Sandboxed(server, submission.source, exercise.filename, exercise.forbidden, exercise.limits)


def _add_hints(checks: list[CheckResult], recording: Recording) -> None:
    for check in checks:
        if check.misconception is not None:
            check.hint = recording.hints[check.misconception].text
