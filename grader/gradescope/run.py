"""What runs in Gradescope's container for each submission. Whatever happens, results.json says it."""

import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from .. import i18n
from ..batch import run
from ..course import Course, load_course
from ..errors import GraderFault, SandboxUnavailable, UserError
from ..exports.gradescope import not_graded, results_of
from ..files import replace
from ..i18n import _
from ..intake.disk import DiskFolder
from ..intake.student import Part, Student
from ..planning import Listed, unit_of
from ..processes import local_executor
from ..record import Settings, failed_grade
from ..result import Grade
from ..sandbox import user
from ..sandbox.launch import check_available
from ..secret import instructor_secret
from ..speed.device import choose
from ..store import Store
from ..submission import submission_of
from .config import NAME, Config, read_config
from .metadata import Upload, read_metadata
from .results import as_json

AUTOGRADER = Path("/autograder")


class OutOfTime(Exception):
    """Gradescope would end the container soon."""


def main(root: Path = AUTOGRADER) -> None:
    """Grade root/submission into root/results/results.json. What is printed is for the instructor, and quotes no check."""
    started = time.monotonic()
    source = root / "source"
    try:
        config = read_config(source / NAME)
        i18n.set_language(config.language)
        course = load_course(source / "course" / "exercises" / "course.toml")
        upload = read_metadata(root / "submission_metadata.json")
        records = grade_submission(course, config, upload, root)
        results = results_of(records, config.visibility, time.monotonic() - started)
        _say_points(records, upload)
    except (GraderFault, UserError) as error:
        print(f"Not graded: {error}")
        results = not_graded(_("The autograder failed: {reason}").format(reason=error))
    except Exception as error:
        print(f"Not graded: {type(error).__name__}{_where(error)}. Debug via SSH shows more: run grader batch there.")
        results = not_graded(_("The autograder failed: {reason}").format(reason=type(error).__name__))
    replace(root / "results" / "results.json", as_json(results))


def grade_submission(course: Course, config: Config, upload: Upload, root: Path) -> list[dict[str, Any]]:
    """A record of each exercise. Raises GraderFault where nothing can be graded."""
    sandbox = choose_sandbox(course.root, root, config.allow_unsandboxed)
    print(f"Sandbox: {sandbox}. Submission {upload.previous + 1} of {upload.student}.")
    settings = Settings(
        seed=".".join(filter(None, (config.seed, upload.id))),
        secret=instructor_secret(course.root),
        sandbox=sandbox,
        device=choose(config.device),
    )
    student = Student(upload.student, [Part(DiskFolder(root / "submission"))])
    exercises = course.select(list(config.exercises))
    units = [unit_of(course, exercise, submission_of(student, exercise), settings) for exercise in exercises]
    with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/grades.db") as store:
        try:
            with _ends_after(config.minutes * 60):
                run(Listed(course, settings, units), store, lambda: local_executor(1, sandbox), 1, _say_faults)
        except OutOfTime:
            print(f"Out of time after {config.minutes:g} minutes.")
        graded = {record["exercise"]: record for record in store.by_key(unit.key for unit in units).values()}
    reason = _("there was no time left to grade it")
    for unit in units:
        if unit.exercise.name not in graded:
            failed = failed_grade(course, unit.exercise, unit.submission, settings, reason)
            graded[unit.exercise.name] = failed.to_record()
    return [graded[exercise.name] for exercise in exercises]


def choose_sandbox(course_root: Path, root: Path, allow_none: bool) -> str:
    """The strongest that this container allows. Raises SandboxUnavailable where it allows none, unless that is allowed."""
    private = [course_root / "solutions", course_root / "tests", course_root / ".dot2vit" / "secret"]
    private += [root / "source", root / "results", root / "submission_metadata.json"]
    for name in ("bwrap", "user"):
        try:
            user.check_available(private) if name == "user" else check_available(name)
            return name
        except SandboxUnavailable as error:
            print(f"Not the sandbox {name}: {error}")
    if allow_none:
        return "none"
    raise SandboxUnavailable(_("this container cannot confine a submission, so that it was not run"))


@contextmanager
def _ends_after(seconds: float) -> Iterator[None]:
    """Raises OutOfTime when it lasts longer."""

    def end(number: int, frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _say_faults(grade: Grade) -> None:
    """That the grader failed, not on what: such details may quote hidden checks."""
    if grade.grader_faults:
        print(f"The grader failed on {grade.exercise}: {'; '.join(grade.notes) or 'see the checks that need review'}.")


def _say_points(records: list[dict[str, Any]], upload: Upload) -> None:
    total = sum(record["max_points"] for record in records)
    for record in records:
        review = ", needs review" if record["needs_review"] else ""
        print(f"{record['exercise']}: {record['points']:g} of {record['max_points']:g}{review}")
    if upload.points is not None and upload.points < total:
        print(
            f"Set the assignment's autograder points to {total:g}: they are {upload.points:g}, and Gradescope may refuse this."
        )


def _where(error: Exception) -> str:
    """The grader's own line that failed; the course's lines are not shown."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/grader/" in frame.filename]
    return f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
