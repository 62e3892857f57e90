"""Grade notebooks of an nbgrader course, in a process of its own: `nbgrader autograde` starts it once a run.

The job and the records travel as JSON files in a folder that only the two have.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from ..batch import Plan, local_executor, run, unit_of
from ..course import Course
from ..files import replace
from ..i18n import _, set_language
from ..intake.disk import DiskFolder
from ..intake.names import student_name
from ..intake.student import Part, Student
from ..record import Settings
from ..reports.terminal import plain
from ..result import Grade
from ..sandbox.launch import check_available
from ..secret import instructor_secret
from ..speed.device import choose
from ..store import Store
from ..submission import read_notebook

JOB, RECORDS = "job.json", "records.json"


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
    units = []
    for request in job.requests:
        exercise = course.exercise(request.exercise)
        path = Path(request.path)
        submission = read_notebook(path, _student(request.student, path), exercise)
        units.append(unit_of(course, exercise, submission, settings))
    with Store(job.store) as store:
        finished = store.finished(unit.key for unit in units)
        plan = Plan(course, settings, units, [unit for unit in units if unit.key not in finished])
        count = len(plan.pending)
        console.print(
            _("{count} submissions, {done} of them graded before.").format(count=len(units), done=len(finished))
        )

        def tell(grade: Grade) -> None:
            console.print(
                plain(f"{grade.student} {grade.exercise} {grade.points:g}/{grade.max_points:g}"), markup=False
            )
            for fault in grade.grader_faults:
                console.print(plain(fault), markup=False)

        jobs = min(job.jobs or os.cpu_count() or 1, max(1, count))
        run(plan, store, lambda: local_executor(jobs, job.sandbox), jobs, tell)
        records: list[dict[str, Any]] = [store.records([unit.key])[0] for unit in units]
    replace(folder / RECORDS, json.dumps(records))


def _student(name: str, path: Path) -> Student:
    """The student whose other work an exercise may use: below STUDENT/ASSIGNMENT/NOTEBOOK's folder of the student."""
    home = path.parent.parent
    parts = [Part(DiskFolder(home.parent, (home.name,)))] if home.name == name else []
    return Student(student_name(name), parts)
