"""A class of 30 to try the grader on: right, wrong, unfinished and hostile submissions that ship with the project."""

import itertools
import shutil
from pathlib import Path

from rich.console import Console

from . import instructor
from .course import Course, Exercise, find_course
from .errors import UserError
from .i18n import _
from .sync import make_stub
from .variants import Variant, load_variants

STUDENTS = """
kim-minjun lee-seoyeon park-jihoon choi-yuna jung-hyunwoo kang-soojin yoon-taeyang lim-hana
김서준 이하은 박도윤 최지우 정예준
amelie bruno chidi dagny emre farah goran hiroko imani jonas kavya leila mateo nadia otto
""".split()  # noqa: SIM905 -- names in rows are read more easily than a list of strings
EXERCISES = ("dot", "lstm", "attention", "multihead", "causal", "vit")
HOSTILE_STUDENTS = ("mallory", "trudy")
MARKER = ".dot2vit-demo"


def demo(console: Console, folder: Path, jobs: int) -> None:
    """Make the class in FOLDER/class, grade it into FOLDER/results, and show what came out."""
    course = find_course()
    _prepare(folder)
    make_class(course, folder / "class")
    database, records, points = str(folder / "grades.db"), folder / "records", folder / "points.csv"
    instructor.batch(console, folder / "class", database, records, points, list(EXERCISES), jobs, "0", "bwrap", course)
    console.print()
    console.rule(_("What one student is told"))
    instructor.show_results(console, database, STUDENTS[2], "attention", course)
    console.print(_("The class is in {folder}, its records in {records}, its points in {points}.").format(
        folder=folder / "class", records=records, points=points
    ))  # fmt: skip


def make_class(course: Course, folder: Path) -> None:
    """Write 30 students' folders: by turns right, written otherwise, wrong, unfinished; two students are hostile."""
    for number, student in enumerate(STUDENTS):
        home = folder / student
        home.mkdir(parents=True)
        for position, exercise in enumerate(course.select(list(EXERCISES))):
            source = _source_for(number, position, exercise)
            if source is not None:
                (home / exercise.filename).write_text(source, encoding="utf-8")
    attacks = load_variants(
        course.root / "tests" / "hostile" / "exhausting.py", course.exercise("attention").reference_source
    )
    for student, attack in zip(HOSTILE_STUDENTS, itertools.islice(attacks, 0, None, 2), strict=False):
        (folder / student).mkdir()
        (folder / student / "attention.py").write_text(attack.source, encoding="utf-8")


def _source_for(number: int, position: int, exercise: Exercise) -> str | None:
    """What a student hands in: three in ten exercises wrong, one unfinished, one missing now and then."""
    turn = (3 * number + 7 * position) % 10
    if turn in (0, 4, 8):
        return _nth(exercise.misconceptions, number + position)
    if turn in (2, 6):
        return _nth(exercise.alternatives, number + position)
    if turn == 5:
        return make_stub(exercise.reference_source, exercise.name)
    if turn == 7 and number % 3 == 0:
        return None
    return exercise.reference_source


def _nth(variants: list[Variant], index: int) -> str:
    return variants[index % len(variants)].source


def _prepare(folder: Path) -> None:
    """An empty folder; an earlier demo's is made anew, any other is left alone."""
    if (folder / MARKER).exists():
        shutil.rmtree(folder)
    elif folder.exists() and any(folder.iterdir()):
        raise UserError(f"The folder {folder} is not empty and no demo of ours; name another one: grader demo FOLDER.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()
