"""What a run of grading is set to, and the Grade that comes out of it. Light to import: the coordinator needs no torch."""

import platform
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from . import __version__
from .course import Course, Exercise
from .i18n import _, language
from .result import CheckResult, Grade, Verdict
from .speed.device import UNTIMED, Device
from .submission import Submission


@dataclass(frozen=True)
class Settings:
    """What the grades of a run depend on beside the submissions.

    sandbox: "bwrap", "user" (root's, in a container without namespaces), "none" (plain processes) or "import" (in this
    process: only for trusted sources, as a measure).
    device: what speed is judged on; by default it is not judged, and a speed check asks for right answers alone.
    """

    seed: str = "0"
    secret: bytes = b""
    sandbox: str = "bwrap"
    device: Device = UNTIMED


def failed_grade(
    course: Course, exercise: Exercise, submission: Submission, settings: Settings, reason: str, detail: str = ""
) -> Grade:
    """The grade of a submission that the grader could not grade: not a zero, but something to look at."""
    message = _("The grader itself failed here; this costs you nothing, and your instructor will see it.")
    check = CheckResult("grading", exercise.title, Verdict.GRADER_ERROR, 0.0, float(exercise.points), 0.0, message)
    grade = new_grade(course, exercise, submission, settings, [check], "")
    grade.notes.append(reason[:2000])
    grade.grader_faults.append(detail or reason)
    return grade


def new_grade(
    course: Course,
    exercise: Exercise,
    submission: Submission,
    settings: Settings,
    checks: list[CheckResult],
    output: str,
) -> Grade:
    return Grade(
        student=submission.student,
        exercise=exercise.name,
        checks=checks,
        source_sha256=submission.sha256,
        course_version=course.version_of(exercise),
        seed=settings.seed,
        device=settings.device.kind,
        sandbox=settings.sandbox,
        language=language(),
        notes=list(submission.notes),
        output=output,
        versions=versions(),
    )


@cache
def versions() -> dict[str, str]:
    """What a record may depend on beside the course: the grader, Python, NumPy and torch that graded."""
    return {
        "grader": __version__,
        "python": platform.python_version(),
        "numpy": version("numpy"),  # torch and NumPy are not imported for this: the coordinator needs neither
        "torch": version("torch"),
    }
