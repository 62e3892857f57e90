"""What there is to grade: students' work found, read a block of students at a time, each unit under the key of its grade."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from . import __version__
from .course import Course, Exercise
from .i18n import _
from .intake.collect import Collected, collect
from .record import Settings, new_grade
from .standing.times import HandedIn, Timestamps, read_timestamps
from .store import Counted, Store, key_of
from .submission import Submission, submission_of

BLOCK = 64  # students whose submissions are read, looked up in the store and graded before the next are read


@dataclass(frozen=True)
class Unit:
    """One student's submission of one exercise, the key of its grade, and when it was handed in, if anybody says."""

    key: str
    exercise: Exercise
    submission: Submission
    handed_in: HandedIn | None = None

    @property
    def place(self) -> tuple[str, str, str]:
        """Student, exercise and key, as the store takes them."""
        return self.submission.student, self.exercise.name, self.key


class Work(Protocol):
    """What there is to grade: units, a block at a time.

    is_live: the grades count from now on; otherwise they are kept beside those that do, which stay as they are.
    """

    @property
    def course(self) -> Course: ...

    @property
    def settings(self) -> Settings: ...

    @property
    def is_live(self) -> bool: ...

    def blocks(self) -> Iterable[list[Unit]]: ...


@dataclass(frozen=True)
class Listed:
    """Units that are all at hand."""

    course: Course
    settings: Settings
    units: list[Unit]
    is_live: bool = True

    def blocks(self) -> list[list[Unit]]:
        return [self.units]


@dataclass
class Plan:
    """What a batch is about to do. Nothing is read before it is needed: a class may be larger than the memory.

    mentions: what the instructor should know. Close it when all is graded.
    timestamps: when work was handed in, as the instructor says; by_mtime: where nobody says, the files do.
    """

    course: Course
    exercises: list[Exercise]
    settings: Settings
    collected: Collected
    is_live: bool = True
    timestamps: Timestamps | None = None
    by_mtime: bool = False

    @property
    def students(self) -> list[str]:
        return [student.name for student in self.collected.students]

    @property
    def mentions(self) -> list[str]:
        mentions = list(self.collected.mentions)
        unknown = self.timestamps.unknown(self.students) if self.timestamps else []
        if unknown:
            named = ", ".join(unknown[:20]) + (", …" if len(unknown) > 20 else "")
            mentions.append(_("In the timestamps, but not in the class: {names}.").format(names=named))
        return mentions

    @property
    def count(self) -> int:
        """How many units there are, those that are graded already among them."""
        return len(self.collected.students) * len(self.exercises)

    def blocks(self) -> Iterator[list[Unit]]:
        """All units, each read once, BLOCK students at a time."""
        students = self.collected.students
        for start in range(0, len(students), BLOCK):
            units = []
            for student in students[start : start + BLOCK]:
                for exercise in self.exercises:
                    told = self.timestamps.of(student.name, exercise.name) if self.timestamps else None
                    told = told or student.handed_in(exercise.filename, self.by_mtime)
                    units.append(unit_of(self.course, exercise, submission_of(student, exercise), self.settings, told))
                student.close()
            yield units

    def __enter__(self) -> "Plan":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.collected.close()


def plan(
    course: Course,
    exercises: list[Exercise],
    submissions: Path,
    settings: Settings,
    layout: str | None = None,
    roster: Path | None = None,
    is_live: bool = True,
    timestamps: Path | None = None,
    by_mtime: bool = False,
) -> Plan:
    """Find every student's work. Raises UserError."""
    zone, names = course.policy.zone, [exercise.name for exercise in course.exercises]
    times = read_timestamps(timestamps, names, zone) if timestamps is not None else None
    return Plan(course, exercises, settings, collect(submissions, layout, roster), is_live, times, by_mtime)


def unit_of(
    course: Course, exercise: Exercise, submission: Submission, settings: Settings, handed_in: HandedIn | None = None
) -> Unit:
    """A submission with the key that its grade is kept under."""
    facts = new_grade(course, exercise, submission, settings, [], "").to_record()
    return Unit(key_of(facts, __version__, course.id, settings.secret), exercise, submission, handed_in)


def records_of(plan: Plan, store: Store) -> Iterator[dict[str, Any]]:
    """The stored records of the plan's units."""
    return store.each_record(plan.students, [exercise.name for exercise in plan.exercises])


def counted_of(plan: Plan, store: Store) -> Iterator[Counted]:
    """`records_of`, without the records."""
    return store.counted(plan.students, [exercise.name for exercise in plan.exercises])
