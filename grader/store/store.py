"""The store's grades, written in bulk and read as a stream: what it holds may be larger than the memory."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, distinct, func, insert, select, update

from ..errors import UserError
from ..result import Grade
from .counted import Counted, counted, text_of, utc
from .database import blocks
from .outcome import Outcome, measured_text, notes_text
from .schema import grades, handed_in, live, records
from .texts import from_text, to_text
from .told import Told

_OF_OUTCOMES = ("measured", "notes")
# A grade, and when its source was handed in.
_TIMED = select(
    *(column for column in grades.c if column.name not in _OF_OUTCOMES), handed_in.c.submitted_at, handed_in.c.told_by
)
_ITS_TIME = and_(*(handed_in.c[name] == grades.c[name] for name in ("student", "exercise", "source_sha256")))


@dataclass(frozen=True)
class Past:
    """A grade that a unit once had, or has. is_live: it is the one that counts. has_counted: it does, or once did."""

    key: str
    graded_at: datetime
    is_live: bool
    record: dict[str, Any]
    has_counted: bool = True
    submitted_at: datetime | None = None


class Store(Told):
    """An open store. One writer at a time."""

    def finished(self, keys: Iterable[str]) -> set[str]:
        """Which of these units are graded and need no review."""
        found: set[str] = set()
        for block in blocks(keys):
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
        rows = [_row(key, grade, record, now, now if is_live else None) for key, grade, record in made]
        texts = [{"key": key, "record": to_text(record)} for key, _, record in made]
        units = [(grade.student, grade.exercise, key) for key, grade in graded] if is_live else []
        self._write(rows, texts, units)

    def make_live(self, units: Iterable[tuple[str, str, str]]) -> None:
        """From now on these grades (student, exercise, key) count; all or none of them."""
        wanted = {key: (student, exercise, key) for student, exercise, key in units}
        for key in self.live_keys(list(wanted)):
            del wanted[key]
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
            yield from_text(row.record)

    def counted(
        self, students: Iterable[str] | None = None, exercises: Collection[str] | None = None
    ) -> Iterator[Counted]:
        """The grades that count, without their records, of these students and exercises or of all; sorted like them."""
        query = _TIMED.join_from(live, grades, live.c.key == grades.c.key).outerjoin(handed_in, _ITS_TIME)
        return map(counted, self._of(query, students, exercises))

    def outcomes(
        self, students: Iterable[str] | None = None, exercises: Collection[str] | None = None
    ) -> Iterator[Outcome]:
        """What a report reads of the grades that count, of these students and exercises or of all; sorted like them."""
        columns = (grades.c[field] for field in Outcome._fields)
        query = select(*columns).join_from(live, grades, live.c.key == grades.c.key)
        return map(Outcome._make, self._of(query, students, exercises))

    def count_students(self, exercises: Collection[str]) -> int:
        """How many students have a grade that counts in one of these exercises."""
        query = select(func.count(distinct(live.c.student)).label("students")).where(live.c.exercise.in_(exercises))
        return int(self._all(query)[0].students)

    def counted_of(self, keys: Iterable[str]) -> dict[str, Counted]:
        """The grades of these keys, whether they count or not."""
        query = _TIMED.select_from(grades).outerjoin(handed_in, _ITS_TIME)
        rows = [row for block in blocks(keys) for row in self._all(query.where(grades.c.key.in_(block)))]
        return {row.key: counted(row) for row in rows}

    def by_key(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The records of these keys that are there, whether they count or not."""
        query = select(records)
        rows = [row for block in blocks(keys) for row in self._all(query.where(records.c.key.in_(block)))]
        return {row.key: from_text(row.record) for row in rows}

    def live_keys(self, keys: Iterable[str]) -> set[str]:
        """Which of these grades count."""
        query = select(live.c.key)
        return {row.key for block in blocks(keys) for row in self._all(query.where(live.c.key.in_(block)))}

    def attempts(self, student: str) -> list[Counted]:
        """The grade of each source that a student handed in: the one that counted last, of those that ever did."""
        query = (
            _TIMED.select_from(grades)
            .outerjoin(handed_in, _ITS_TIME)
            .where(grades.c.student == student, grades.c.counted_at.is_not(None))
            .order_by(grades.c.counted_at)
        )
        found = {(row.exercise, row.source_sha256): counted(row) for row in self._all(query)}
        return sorted(found.values(), key=lambda grade: (grade.exercise, grade.graded_at))

    def history(self, student: str, exercise: str | None = None) -> list[Past]:
        """All grades that a student ever had, the oldest first."""
        query = (
            select(
                *(grades.c[name] for name in ("key", "graded_at", "counted_at")),
                handed_in.c.submitted_at,
                live.c.key.label("live"),
                records.c.record,
            )
            .join_from(grades, records, grades.c.key == records.c.key)
            .outerjoin(live, live.c.key == grades.c.key)
            .outerjoin(handed_in, _ITS_TIME)
            .where(grades.c.student == student)
            .order_by(grades.c.graded_at, grades.c.exercise)
        )
        if exercise is not None:
            query = query.where(grades.c.exercise == exercise)
        return [
            Past(
                row.key,
                utc(row.graded_at) or row.graded_at,
                row.live is not None,
                from_text(row.record),
                row.counted_at is not None,
                utc(row.submitted_at),
            )
            for row in self._all(query)
        ]

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
        return found[0].key, from_text(found[0].record)

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
            record = from_text(row.record)
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
            for block in blocks(sorted(set(students))):
                yield from self._each(query.where(live.c.student.in_(block)))

    def _write(
        self, rows: list[dict[str, Any]], texts: list[dict[str, Any]], units: list[tuple[str, str, str]]
    ) -> None:
        keys = [row["key"] for row in rows]
        last = {(student, exercise): key for student, exercise, key in units}  # of several at once the last counts
        counting = [{"student": student, "exercise": exercise, "key": key} for (student, exercise), key in last.items()]
        of_unit = and_(live.c.student == bindparam("of_student"), live.c.exercise == bindparam("of_exercise"))
        places = [{"of_student": student, "of_exercise": exercise} for student, exercise in last]

        def write(connection: Connection) -> None:
            if rows:
                for block in blocks(keys):
                    if connection.execute(delete(grades).where(grades.c.key.in_(block))).rowcount:
                        connection.execute(delete(records).where(records.c.key.in_(block)))
                connection.execute(insert(grades), rows)
                connection.execute(insert(records), texts)
            if counting:
                connection.execute(delete(live).where(of_unit), places)
                connection.execute(insert(live), counting)
                if not rows:  # else they are new, and written so
                    for block in blocks(row["key"] for row in counting):
                        connection.execute(
                            update(grades).where(grades.c.key.in_(block)).values(counted_at=datetime.now(UTC))
                        )

        self._transact(write)


def _row(key: str, grade: Grade, record: dict[str, Any], now: datetime, counted_at: datetime | None) -> dict[str, Any]:
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
        "source_sha256": grade.source_sha256,
        "counted_at": counted_at,
        "measured": measured_text(record["checks"]),
        "notes": notes_text(record["notes"]),
    }
