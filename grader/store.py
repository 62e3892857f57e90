"""Where grades are kept: one table, written by the coordinator alone. SQLite by default, any SQLAlchemy URL."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    Float,
    Integer,
    MetaData,
    Row,
    Select,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from .errors import MachineFault, UserError
from .result import Grade

SCHEMA_VERSION = 1
LOCK_SECONDS = 60.0  # how long another process may hold the store
LOCK_TURN = 0.5  # as long as SQLite waits by itself, deaf to Ctrl-C

Answer = TypeVar("Answer")

_metadata = MetaData()
_schema = Table("dot2vit_schema", _metadata, Column("version", Integer, primary_key=True))
_grades = Table(
    "grades",
    _metadata,
    Column("key", String(64), primary_key=True),
    Column("student", String(255), nullable=False, index=True),
    Column("exercise", String(100), nullable=False, index=True),
    Column("points", Float, nullable=False),
    Column("max_points", Float, nullable=False),
    Column("needs_review", Boolean, nullable=False),
    Column("course_version", String(100), nullable=False),
    Column("seed", String(100), nullable=False),
    Column("device", String(100), nullable=False),
    Column("graded_at", DateTime(timezone=True), nullable=False, index=True),
    Column("record", Text, nullable=False),
)


def unit_key(*parts: str) -> str:
    """The key of a graded unit: whatever its grade depends on."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def key_of(facts: Mapping[str, Any], grader: str, course: str, secret: bytes) -> str:
    """The key from a record's facts (its fields by their names), the grader's version, the course's id and the secret."""
    return unit_key(
        grader,
        course,
        facts["student"],
        facts["exercise"],
        facts["source_sha256"],
        "; ".join(facts["notes"]),  # what was recovered stands in the record: a mended file gets a new one
        facts["course_version"],
        facts["seed"],
        hashlib.sha256(secret).hexdigest(),
        facts["device"],
        facts["sandbox"],
        facts["language"],
    )


class Store:
    """An open store. One writer at a time."""

    def __init__(self, url: str) -> None:
        """url: a SQLAlchemy URL, or the path of a SQLite file. Raises UserError when it cannot be opened or is another's."""
        self.url = url if "://" in url else f"sqlite:///{Path(url).resolve()}"
        try:
            self._engine = _patiently(lambda: _open(self.url))
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise UserError(
                f"{url} is no database that can be used: {error}. Give sqlite:///FILE or postgresql://…"
            ) from None
        except (DBAPIError, OSError) as error:
            raise UserError(
                f"The database {url} cannot be opened: {_reason(error)}. Mend it, or give another one with --db."
            ) from None

    def finished(self, keys: Iterable[str]) -> set[str]:
        """Which of these units are graded and need no review."""
        wanted = list(keys)
        found: set[str] = set()
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            query = select(_grades.c.key).where(_grades.c.key.in_(part), _grades.c.needs_review.is_(False))
            found.update(row.key for row in self._read(query))
        return found

    def save(self, graded: Sequence[tuple[str, Grade]]) -> None:
        """Keep grades, in one transaction; a unit's older grade of the same key is replaced."""
        if not graded:
            return
        now = datetime.now(UTC)
        rows = [_row(key, grade, now) for key, grade in graded]

        def write() -> None:
            with self._engine.begin() as connection:
                connection.execute(delete(_grades).where(_grades.c.key.in_([row["key"] for row in rows])))
                connection.execute(insert(_grades), rows)

        try:
            _patiently(write)
        except DBAPIError as error:
            raise MachineFault(
                f"The grades could not be written to {self.url}: {_reason(error)}. What was written before is kept: "
                "set this right (a full disk? another grader?) and run the same command again."
            ) from None

    def records(self, keys: Iterable[str] | None = None, student: str | None = None) -> list[dict[str, Any]]:
        """Records by key, or the latest of each student and exercise; sorted by student and exercise."""
        query = select(_grades.c.key, _grades.c.record).order_by(_grades.c.graded_at)
        if student is not None:
            query = query.where(_grades.c.student == student)
        wanted = set(keys) if keys is not None else None
        latest: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self._read(query):
            if wanted is None or row.key in wanted:
                record = json.loads(row.record)
                latest[record["student"], record["exercise"]] = record
        return [latest[key] for key in sorted(latest)]

    def by_key(self, keys: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The records of these units that are there, by key."""
        wanted = list(keys)
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            query = select(_grades.c.key, _grades.c.record).where(_grades.c.key.in_(part))
            found |= {row.key: json.loads(row.record) for row in self._read(query)}
        return found

    def latest(self, student: str, exercise: str) -> tuple[str, dict[str, Any]]:
        """Key and record of a unit's latest grade. Raises UserError when there is none."""
        query = select(_grades.c.key, _grades.c.record).where(
            _grades.c.student == student, _grades.c.exercise == exercise
        )
        found = self._read(query.order_by(_grades.c.graded_at.desc()).limit(1))
        if not found:
            raise UserError(
                f"{self.url} holds no grade of {student} on {exercise}; `grader results` shows what it holds."
            )
        return found[0].key, json.loads(found[0].record)

    def times(self) -> dict[tuple[str, str], datetime]:
        """When each student's latest grade of each exercise was given: UTC, without a zone, to the second."""
        query = select(_grades.c.student, _grades.c.exercise, _grades.c.graded_at).order_by(_grades.c.graded_at)
        return {(row.student, row.exercise): _naive(row.graded_at) for row in self._read(query)}

    def records_by_device(self, exercise: str) -> list[dict[str, Any]]:
        """Each student's latest record on each kind of device, of the very file that their latest grade is of; oldest first."""
        query = select(_grades.c.record).where(_grades.c.exercise == exercise).order_by(_grades.c.graded_at)
        latest: dict[tuple[str, str], dict[str, Any]] = {}
        source: dict[str, str] = {}
        for row in self._read(query):
            record = json.loads(row.record)
            latest.pop((record["student"], record["device"]), None)
            latest[record["student"], record["device"]] = record
            source[record["student"]] = record["source_sha256"]
        return [record for record in latest.values() if record["source_sha256"] == source[record["student"]]]

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        def read() -> Sequence[Row[Any]]:
            with self._engine.connect() as connection:
                return connection.execute(query).all()

        try:
            return _patiently(read)
        except DBAPIError as error:
            raise MachineFault(
                f"The database {self.url} cannot be read: {_reason(error)}. Bring back a copy of it, or grade into another --db."
            ) from None

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _open(url: str) -> Engine:
    parsed = make_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": min(LOCK_TURN, LOCK_SECONDS)} if is_sqlite else {})
    if is_sqlite:
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA journal_mode=WAL"))
    try:
        if not _has_tables(engine, url):
            _make_tables(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _make_tables(engine: Engine) -> None:
    """All or nothing, and by one process where several start at once."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # its driver begins no transaction for CREATE TABLE
        if "dot2vit_schema" not in inspect(connection).get_table_names():
            _metadata.create_all(connection)
            connection.execute(insert(_schema), [{"version": SCHEMA_VERSION}])


def _has_tables(engine: Engine, url: str) -> bool:
    """Raises UserError when the tables are another's."""
    tables = set(inspect(engine).get_table_names())
    if "dot2vit_schema" not in tables:
        if "grades" in tables:
            raise UserError(f"{url} holds a table of grades that is not dot2vit's; give another --db.")
        return False
    with engine.connect() as connection:
        version = connection.execute(select(_schema.c.version)).scalar()
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{url} was written with schema {version} of dot2vit, this version reads {SCHEMA_VERSION}; give another --db."
        )
    return True


def _patiently(action: Callable[[], Answer]) -> Answer:
    """What the action gives, however often another process holds the store meanwhile, for LOCK_SECONDS."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return action()
        except DBAPIError as error:
            if "locked" not in _reason(error) or time.monotonic() > deadline:
                raise


def _row(key: str, grade: Grade, now: datetime) -> dict[str, Any]:
    return {
        "key": key,
        "student": grade.student,
        "exercise": grade.exercise,
        "points": grade.points,
        "max_points": grade.max_points,
        "needs_review": grade.needs_review,
        "course_version": grade.course_version,
        "seed": grade.seed,
        "device": grade.device,
        "graded_at": now,
        "record": json.dumps(grade.to_record()),
    }


def _naive(time: datetime) -> datetime:
    """SQLite gives UTC back without its zone, other databases in a zone of their own."""
    return (time if time.tzinfo is None else time.astimezone(UTC)).replace(tzinfo=None, microsecond=0)


def _reason(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).strip().rstrip(".")
