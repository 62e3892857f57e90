"""The store's grades, written in bulk and read as a stream: what it holds may be larger than the memory."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import Row, Select, and_, bindparam, delete, insert, select
from sqlalchemy.exc import DBAPIError

from ..errors import MachineFault, UserError
from ..result import Grade
from .counted import Counted, counted, text_of
from .database import connect, patiently, reason, url_of
from .schema import grades, live, records

BLOCK = 500  # keys in a question, rows at a time

Item = TypeVar("Item")


@dataclass(frozen=True)
class Past:
    """A grade that a unit once had, or has. is_live: it is the one that counts."""

    key: str
    graded_at: datetime
    is_live: bool
    record: dict[str, Any]


class Store:
    """An open store. One writer at a time."""

    def __init__(self, url: str) -> None:
        """url: a SQLAlchemy URL, or the path of a SQLite file. Raises UserError when it cannot be opened or is another's."""
        self.url = url_of(url)
        self._engine = connect(url, self.url)

    def finished(self, keys: Iterable[str]) -> set[str]:
        """Which of these units are graded and need no review."""
        found: set[str] = set()
        for block in _blocks(keys):
            query = select(grades.c.key).where(grades.c.key.in_(block), grades.c.needs_review.is_(False))
            found.update(row.key for row in self._all(query))
        return found

    def save(self, graded: Sequence[tuple[str, Grade]], is_live: bool = True) -> None:
        """Keep grades, in one transaction; a unit's older grade of the same key is replaced.

        is_live: from now on they count. Otherwise they are kept beside those that do (`make_live`).
        """
        if not graded:
            return
        now = datetime.now(UTC)
        made = [(key, grade, grade.to_record()) for key, grade in graded]
        rows = [_row(key, grade, record, now) for key, grade, record in made]
        texts = [{"key": key, "record": json.dumps(record)} for key, _, record in made]
        units = [(grade.student, grade.exercise, key) for key, grade in graded] if is_live else []
        self._write(rows, texts, units)

    def make_live(self, units: Iterable[tuple[str, str, str]]) -> None:
        """From now on these grades (student, exercise, key) count; all or none of them."""
        wanted = {key: (student, exercise, key) for student, exercise, key in units}
        for block in _blocks(list(wanted)):
            for row in self._all(select(live.c.key).where(live.c.key.in_(block))):
                del wanted[row.key]
        if wanted:
            self._write([], [], list(wanted.values()))

    def records(
        self, students: Iterable[str] | None = None, exercises: Collection[str] | None = None
    ) -> list[dict[str, Any]]:
        """The records that count, of these students and exercises or of all; sorted by student and exercise."""
        return list(self.each_record(students, exercises))

    def each_record(
        self, students: Iterable[str] | None = None, exercises: Collection[str] | None = None
    ) -> Iterator[dict[str, Any]]:
        """`records`, one at a time."""
        query = select(records.c.record).join_from(live, records, live.c.key == records.c.key)
        for row in self._of(query, students, exercises):
            yield json.loads(row.record)

    def counted(
        self, students: Iterable[str] | None = None, exercises: Collection[str] | None = None
    ) -> Iterator[Counted]:
        """The grades that count, without their records, of these students and exercises or of all; sorted like them."""
        query = select(grades).join_from(live, grades, live.c.key == grades.c.key)
        return map(counted, self._of(query, students, exercises))

    def history(self, student: str, exercise: str | None = None) -> list[Past]:
        """All grades that a student ever had, the oldest first."""
        query = (
            select(grades.c.key, grades.c.graded_at, live.c.key.label("live"), records.c.record)
            .join_from(grades, records, grades.c.key == records.c.key)
            .outerjoin(live, live.c.key == grades.c.key)
            .where(grades.c.student == student)
            .order_by(grades.c.graded_at, grades.c.exercise)
        )
        if exercise is not None:
            query = query.where(grades.c.exercise == exercise)
        rows = self._all(query)
        return [Past(row.key, row.graded_at, row.live is not None, json.loads(row.record)) for row in rows]

    def latest(self, student: str, exercise: str) -> tuple[str, dict[str, Any]]:
        """Key and record of the grade of a unit that counts. Raises UserError when there is none."""
        query = (
            select(records)
            .join_from(live, records, live.c.key == records.c.key)
            .where(live.c.student == student, live.c.exercise == exercise)
        )
        found = self._all(query)
        if not found:
            raise UserError(
                f"{self.url} holds no grade of {student} on {exercise}; `grader results` shows what it holds."
            )
        return found[0].key, json.loads(found[0].record)

    def records_by_device(self, exercise: str) -> list[dict[str, Any]]:
        """Each student's latest record on each kind of device, of the very file that their latest grade is of; oldest first."""
        query = (
            select(records.c.record)
            .join_from(grades, records, grades.c.key == records.c.key)
            .where(grades.c.exercise == exercise)
            .order_by(grades.c.graded_at)
        )
        latest: dict[tuple[str, str], dict[str, Any]] = {}
        source: dict[str, str] = {}
        for row in self._all(query):
            record = json.loads(row.record)
            latest.pop((record["student"], record["device"]), None)
            latest[record["student"], record["device"]] = record
            source[record["student"]] = record["source_sha256"]
        return [record for record in latest.values() if record["source_sha256"] == source[record["student"]]]

    def _of(
        self, query: Select[Any], students: Iterable[str] | None, exercises: Collection[str] | None
    ) -> Iterator[Row[Any]]:
        """The rows of a question about live grades, sorted."""
        query = query.order_by(live.c.student, live.c.exercise)
        if exercises is not None:
            query = query.where(live.c.exercise.in_(exercises))
        if students is None:
            yield from self._each(query)
        else:
            for block in _blocks(sorted(set(students))):
                yield from self._each(query.where(live.c.student.in_(block)))

    def _write(
        self, rows: list[dict[str, Any]], texts: list[dict[str, Any]], units: list[tuple[str, str, str]]
    ) -> None:
        keys = [row["key"] for row in rows]
        counting = [{"student": student, "exercise": exercise, "key": key} for student, exercise, key in units]
        of_unit = and_(live.c.student == bindparam("of_student"), live.c.exercise == bindparam("of_exercise"))
        places = [{"of_student": student, "of_exercise": exercise} for student, exercise, _ in units]

        def write() -> None:
            with self._engine.begin() as connection:
                if rows:
                    for block in _blocks(keys):
                        connection.execute(delete(grades).where(grades.c.key.in_(block)))
                        connection.execute(delete(records).where(records.c.key.in_(block)))
                    connection.execute(insert(grades), rows)
                    connection.execute(insert(records), texts)
                if counting:
                    connection.execute(delete(live).where(of_unit), places)
                    connection.execute(insert(live), counting)

        try:
            patiently(write)
        except DBAPIError as error:
            raise MachineFault(
                f"The grades could not be written to {self.url}: {reason(error)}. What was written before is kept: "
                "set this right (a full disk? another grader?) and run the same command again."
            ) from None

    def _all(self, query: Select[Any]) -> list[Row[Any]]:
        return list(self._each(query))

    def _each(self, query: Select[Any]) -> Iterator[Row[Any]]:
        try:
            with self._engine.connect() as connection:
                streaming = connection.execution_options(yield_per=BLOCK)
                yield from patiently(lambda: streaming.execute(query))
        except DBAPIError as error:
            raise MachineFault(
                f"The database {self.url} cannot be read: {reason(error)}. Bring back a copy of it, or grade into another --db."
            ) from None

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _blocks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """BLOCK items at a time."""
    block: list[Item] = []
    for item in items:
        block.append(item)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block


def _row(key: str, grade: Grade, record: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "key": key,
        "student": grade.student,
        "exercise": grade.exercise,
        "points": record["points"],
        "max_points": record["max_points"],
        "needs_review": record["needs_review"],
        "course_version": grade.course_version,
        "seed": grade.seed,
        "device": grade.device,
        "graded_at": now,
        "checks": text_of(record["checks"]),
    }
