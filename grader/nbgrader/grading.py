"""Grade notebooks of an nbgrader course, in a process of its own: `nbgrader autograde` starts it once a run.

The job and the records travel as JSON files in a folder that only the two have.
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ..batch import run
from ..cores import count_cores
from ..course import Course
from ..files import replace
from ..i18n import _, set_language
from ..intake.disk import DiskFolder
from ..intake.names import student_name
from ..intake.student import Part, Student
from ..planning import Listed, unit_of
from ..processes import local_executor
from ..record import Settings
from ..reports.terminal import plain
from ..result import Grade, Verdict
from ..sandbox.launch import check_available
from ..secret import instructor_secret
from ..speed.device import choose
from ..store import Store
from ..submission import Submission, read_notebook

JOB, RECORDS = "job.json", "records.json"
WORTH_A_PROCESS = 32  # notebooks: a grading process and its fork server take some 5 CPU seconds to start
STOPPED = (Verdict.ERROR, Verdict.MISSING, Verdict.TIMEOUT, Verdict.MEMORY, Verdict.CRASHED)


@dataclass(frozen=True)
class Request:
    """A notebook to be graded: nbgrader's id of the student, the exercise, and where it lies."""

    student: str
    exercise: str
    path: str


@dataclass(frozen=True)
class Job:
    """The notebooks of a run, and how they are to be graded. store: a file or a URL. jobs: processes, 0 for one a core."""

    requests: tuple[Request, ...]
    store: str
    language: str
    sandbox: str = "bwrap"
    device: str = "auto"
    seed: str = "0"
    jobs: int = 0

    def write(self, folder: Path) -> None:
        replace(folder / JOB, json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path) -> "Job":
        facts = json.loads((folder / JOB).read_text(encoding="utf-8"))
        return cls(**facts | {"requests": tuple(Request(**request) for request in facts["requests"])})


def grade_job(console: Console, course: Course, folder: Path) -> None:
    """Grade what the job in this folder asks for, and leave the records beside it, in the order of its requests.

    What the store holds already is not graded again, save for what needs review.
    """
    job = Job.read(folder)
    set_language(job.language)
    check_available(job.sandbox)
    settings = Settings(job.seed, instructor_secret(course.root), job.sandbox, choose(job.device))
    submissions = [_submission(course, request) for request in job.requests]
    with Store(job.store) as store:
        grade = _Grading(console, course, settings, store, job.jobs or count_cores())
        records = grade(submissions)
        stopped = [place for place, record in enumerate(records) if _was_stopped(record)]
        again = [_without_own_cells(course, job.requests[place], submissions[place]) for place in stopped]
        for place, record in zip(stopped, grade(again), strict=True):  # the first one earned nothing
            records[place] = record
    replace(folder / RECORDS, json.dumps(records))


@dataclass
class _Grading:
    """Grades submissions that are not in the store yet, and tells of each."""

    console: Console
    course: Course
    settings: Settings
    store: Store
    jobs: int

    def __call__(self, submissions: Sequence[Submission]) -> list[dict[str, Any]]:
        units = [unit_of(self.course, self.course.exercise(s.exercise), s, self.settings) for s in submissions]
        known = 0

        def on_known(count: int) -> None:
            nonlocal known
            known += count

        jobs = max(1, min(self.jobs, -(-len(units) // WORTH_A_PROCESS)))
        run(
            Listed(self.course, self.settings, units),
            self.store,
            lambda: local_executor(jobs, self.settings.sandbox),
            jobs,
            self._tell,
            on_known,
        )
        if units:
            said = _("{count} submissions, {done} of them graded before.")
            self.console.print(said.format(count=len(units), done=known))
        records = self.store.by_key(unit.key for unit in units)
        return [records[unit.key] for unit in units]

    def _tell(self, grade: Grade) -> None:
        line = f"{grade.student} {grade.exercise} {grade.points:g}/{grade.max_points:g}"
        for text in (line, *grade.grader_faults):
            self.console.print(plain(text), markup=False, soft_wrap=True)


def _submission(course: Course, request: Request, assignment_only: bool = False) -> Submission:
    path = Path(request.path)
    return read_notebook(path, _student(request.student, path), course.exercise(request.exercise), assignment_only)


def _was_stopped(record: dict[str, Any]) -> bool:
    """Whether the code did not come to its end: a cell raised, so that no check could be run and all say the same."""
    checks = record["checks"]
    return len({check["message"] for check in checks}) == 1 and all(check["verdict"] in STOPPED for check in checks)


def _without_own_cells(course: Course, request: Request, whole: Submission) -> Submission:
    """The assignment's cells alone. In nbgrader, a cell that raises stops no other; a student's sketch may cost nothing."""
    submission = _submission(course, request, assignment_only=True)
    if submission.source is None:  # nothing tells which cells these are
        return whole
    note = _("A cell of your own stopped the notebook; only the cells of the assignment were graded.")
    return dataclasses.replace(submission, notes=(note, *submission.notes))


def _student(name: str, path: Path) -> Student:
    """The student whose other work an exercise may use: below STUDENT/ASSIGNMENT/NOTEBOOK's folder of the student."""
    home = path.parent.parent
    parts = [Part(DiskFolder(home.parent, (home.name,)))] if home.name == name else []
    return Student(student_name(name), parts)
