"""A class of 30 to try the grader on: right, wrong, unfinished and hostile submissions that ship with the project."""

import itertools
import re
import shutil
from pathlib import Path

from rich.console import Console

from . import instructor
from .course import Course, Exercise, find_course
from .errors import UserError
from .i18n import _
from .speed.device import processor
from .sync import make_stub
from .variants import Variant, load_variants

STUDENTS = """
kim-minjun lee-seoyeon park-jihoon choi-yuna jung-hyunwoo kang-soojin yoon-taeyang lim-hana
김서준 이하은 박도윤 최지우 정예준
amelie bruno chidi dagny emre farah goran hiroko imani jonas kavya leila mateo nadia otto
""".split()  # noqa: SIM905 -- names in rows are read more easily than a list of strings
SPREAD = 6
WRONG, UNFINISHED = (0, 4, 8), 5
HOSTILE_STUDENTS = ("mallory", "trudy")
ATTACKS = Path("tests") / "hostile" / "exhausting.py"
MARKER = ".dot2vit-demo"


def demo(console: Console, folder: Path, jobs: int) -> None:
    """Make the class in FOLDER/class, grade it into FOLDER/results, and show what came out."""
    course = find_course()
    _prepare(folder)
    make_class(course, folder / "class")
    database, records, points = str(folder / "grades.db"), folder / "records", folder / "points.csv"
    names = [exercise.name for exercise in chosen(course)]
    instructor.batch(
        console, folder / "class", database, records, points, names, jobs, "0", "bwrap", course, device=processor()
    )
    console.print()
    console.rule(_("What one student is told"))
    shown = attacked(course).name
    wrong = next(student for n, student in enumerate(STUDENTS) if _turn(n, names.index(shown)) in WRONG)
    instructor.show_results(console, database, wrong, shown, course)
    console.print(_("The class is in {folder}, its records in {records}, its points in {points}.").format(
        folder=folder / "class", records=records, points=points
    ))  # fmt: skip


def attacked(course: Course) -> Exercise:
    """The exercise that the demo's attacks are written for: the one whose reference their file imports from."""
    found = re.search(r"^from solutions\.(\w+) import", (course.root / ATTACKS).read_text(encoding="utf-8"), re.M)
    assert found is not None
    return course.exercise(found[1])


def chosen(course: Course) -> list[Exercise]:
    """Exercises spread over the course, the attacked one among them; none that trains, for a demo is short."""
    short = [exercise for exercise in course.exercises if not exercise.training]
    spread = short[:: max(1, len(short) // SPREAD)][:SPREAD]
    return course.select([exercise.name for exercise in (*spread, attacked(course))])


def make_class(course: Course, folder: Path) -> None:
    """Write 30 students' folders: by turns right, written otherwise, wrong, unfinished; two students are hostile."""
    for number, student in enumerate(STUDENTS):
        home = folder / student
        home.mkdir(parents=True)
        for position, exercise in enumerate(chosen(course)):
            source = _source_for(number, position, exercise)
            if source is not None:
                (home / exercise.filename).write_text(source, encoding="utf-8")
    target = attacked(course)
    attacks = load_variants(course.root / ATTACKS, target.reference_source)
    for student, attack in zip(HOSTILE_STUDENTS, itertools.islice(attacks, 0, None, 2), strict=False):
        (folder / student).mkdir()
        (folder / student / target.filename).write_text(attack.source, encoding="utf-8")


def _source_for(number: int, position: int, exercise: Exercise) -> str | None:
    """What a student hands in: three in ten exercises wrong, one unfinished, one missing now and then."""
    turn = _turn(number, position)
    if turn in WRONG:
        return _nth(exercise.misconceptions, number + position)
    if turn in (2, 6):
        return _nth(exercise.alternatives, number + position)
    if turn == UNFINISHED:
        return make_stub(exercise.reference_source, exercise.name)
    if turn == 7 and number % 3 == 0:
        return None
    return exercise.reference_source


def _turn(number: int, position: int) -> int:
    return (3 * number + 7 * position) % 10


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
