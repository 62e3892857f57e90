"""`nbgrader autograde` with dot2vit's sandbox and hidden checks: no kernel is started, no cell is run.

nbgrader goes from student to student. At the first one, all notebooks of the run are graded, in one process beside it
(grading.py); then each student's marks are written into the gradebook (marks.py).
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from weakref import WeakKeyDictionary

from nbgrader import utils
from nbgrader.api import Comment, Grade, Gradebook, GradeCell, SolutionCell
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Enum, Integer, Unicode

from ..course import Course, load_course
from ..errors import GraderFault
from ..i18n import _, set_language
from .grading import RECORDS, Job, Request
from .marks import write_marks
from .students import Expected, expected_cells, remarks_on


class SandboxGrades(NbGraderPreprocessor):  # type: ignore[misc]  # nbgrader is untyped
    """In the place of nbgrader's Execute and SaveAutoGrades."""

    course = Unicode(help="The folder of the dot2vit course: the one that holds exercises/course.toml.").tag(
        config=True
    )
    store = Unicode("results/grades.db", help="Where records are kept: a file in this course, or a URL.").tag(
        config=True
    )
    language = Enum(["en", "ko"], "en", help="The language of the comments.").tag(config=True)
    device = Unicode("auto", help="What speed is judged on: auto, cpu, cuda, cuda:1 …, none.").tag(config=True)
    sandbox = Enum(["bwrap", "none"], "bwrap", help="none: only for sources that you trust.").tag(config=True)
    seed = Unicode("0", help="Another seed draws other hidden inputs.").tag(config=True)
    jobs = Integer(0, min=0, help="Grading processes; 0: one a core.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Write the marks of one notebook into the gradebook; the notebook itself stays as it is."""
        facts = resources["nbgrader"]
        student, assignment, notebook = facts["student"], facts["assignment"], facts["notebook"]
        whole = class_of(self.parent.parent)
        record = whole.record(student, assignment, notebook)
        with whole.gradebook as gradebook:
            submission = gradebook.find_submission_notebook(notebook, assignment, student)
            _note_answers(gradebook, submission, nb)
            write_marks(gradebook, submission, record, remarks_on(nb))
        return nb, resources


class ClassRun:
    """One run of `nbgrader autograde`: the records of its notebooks, and the cells of its assignments."""

    def __init__(self, autograde: Any) -> None:
        self._autograde = autograde
        self._settings = SandboxGrades(parent=autograde)
        # One for all students, closed after each: a new one would compile each of its queries again.
        self.gradebook = Gradebook(autograde.coursedir.db_url, autograde.coursedir.course_id)
        set_language(self._settings.language)  # of comments, and of what is said while a notebook is mended
        self._notebooks = [
            (path, autograde.init_single_notebook_resources(path)["nbgrader"])
            for paths in autograde.assignments.values()
            for path in paths
        ]
        self._expected: dict[tuple[str, str], list[Expected]] = {}
        self._records: dict[tuple[str, str, str], dict[str, Any]] | None = None
        self._failure: GraderFault | None = None

    def expected(self, notebook: str, assignment: str) -> list[Expected]:
        """The cells of a notebook; the same for all students."""
        key = (notebook, assignment)
        if key not in self._expected:
            with self.gradebook as gradebook:
                self._expected[key] = expected_cells(gradebook, notebook, assignment)
        return self._expected[key]

    def record(self, student: str, assignment: str, notebook: str) -> dict[str, Any] | None:
        """The record of a notebook; None where it is no exercise of the course. Raises GraderFault, UserError."""
        if self._failure is not None:  # nbgrader goes on to the next student: do not try again for each
            raise self._failure
        if self._records is None:
            try:
                self._records = self._grade_all()
            except GraderFault as fault:
                self._failure = fault
                raise
        return self._records.get((student, assignment, notebook))

    def _grade_all(self) -> dict[tuple[str, str, str], dict[str, Any]]:
        settings = self._settings
        course = _course(settings)
        exercises = {exercise.name for exercise in course.exercises}
        ours = [(path, facts) for path, facts in self._notebooks if facts["notebook"] in exercises]
        job = Job(
            tuple(Request(facts["student"], facts["notebook"], path) for path, facts in ours),
            _store(settings.store, Path(self._autograde.coursedir.root)),
            settings.language,
            settings.sandbox,
            settings.device,
            settings.seed,
            settings.jobs,
        )
        records = ask(job, course, self._autograde.log.info)
        keys = [(facts["student"], facts["assignment"], facts["notebook"]) for _path, facts in ours]
        return dict(zip(keys, records, strict=True))


_runs: "WeakKeyDictionary[Any, ClassRun]" = WeakKeyDictionary()


def class_of(autograde: Any) -> ClassRun:
    """The run of an nbgrader.converters.Autograde, which makes its exporter and preprocessors anew for each notebook."""
    if autograde not in _runs:
        _runs[autograde] = ClassRun(autograde)
    return _runs[autograde]


def ask(job: Job, course: Course, log: Callable[[str], None]) -> list[dict[str, Any]]:
    """Have a job graded, beside this process. Raises GraderFault with what was said there."""
    command = [sys.executable, "-m", "grader", "nbgrader", "grade"]
    environment = os.environ | {"DOT2VIT_COURSE": str(course.root), "PYTHONIOENCODING": "utf-8"}
    with TemporaryDirectory(prefix="dot2vit-") as name:
        folder = Path(name)
        job.write(folder)
        said: list[str] = []
        with subprocess.Popen(
            [*command, name],
            cwd=course.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            for line in process.stdout or ():
                said.append(line)
                log(line.rstrip())
        if process.returncode != 0:
            raise GraderFault("".join(said[-20:]).strip() or f"the grading process ended with {process.returncode}")
        records: list[dict[str, Any]] = json.loads((folder / RECORDS).read_text(encoding="utf-8"))
    return records


def _course(settings: SandboxGrades) -> Course:
    path = Path(settings.course) / "exercises" / "course.toml"
    if not path.is_file():
        raise GraderFault(
            f"There is no {path}. Set c.SandboxGrades.course in nbgrader_config.py to the folder of the dot2vit course."
        )
    return load_course(path)


def _store(place: str, root: Path) -> str:
    return place if "://" in place else str(root / place)


def _note_answers(gradebook: Any, submission: Any, notebook: Any) -> None:
    """What nbgrader's SaveAutoGrades says of answers: which are untouched, and which a person has to read."""
    cells = {cell.metadata["nbgrader"]["grade_id"]: cell for cell in notebook.cells if utils.is_solution(cell)}
    found = gradebook.db.query(Comment, SolutionCell).join(SolutionCell, SolutionCell.id == Comment.cell_id)
    for comment, answer in found.filter(Comment.notebook_id == submission.id):
        cell = cells[answer.name]
        untouched = cell.metadata["nbgrader"].get("checksum") == utils.compute_checksum(cell)
        comment.auto_comment = _("No response.") if untouched else None
    found = gradebook.db.query(Grade, GradeCell).join(GradeCell, GradeCell.id == Grade.cell_id)
    for grade, answer in found.filter(Grade.notebook_id == submission.id, GradeCell.name.in_(list(cells))):
        grade.auto_score, _maximum = utils.determine_grade(cells[answer.name])
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
