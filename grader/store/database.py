"""A database that is opened, asked and written to, with patience for others and a sentence for what goes wrong."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from ..errors import MachineFault, UserError
from .migrate import bring_up_to_date

LOCK_SECONDS = 60.0  # how long another process may hold the store
LOCK_TURN = 0.5  # as long as SQLite waits by itself, deaf to Ctrl-C
BLOCK = 500  # keys in a question, rows at a time

Answer = TypeVar("Answer")
Item = TypeVar("Item")


class Database:
    """An open database: questions, transactions, and one sentence for what goes wrong."""

    def __init__(self, url: str) -> None:
        """url: a SQLAlchemy URL, or the path of a SQLite file. Raises UserError when it cannot be opened or is another's."""
        self.url = url_of(url)
        self._engine = connect(url, self.url)

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

    def _transact(self, write: Callable[[Connection], None]) -> None:
        """All of it is written, or nothing."""

        def whole() -> None:
            with self._engine.begin() as connection:
                write(connection)

        try:
            patiently(whole)
        except DBAPIError as error:
            raise MachineFault(
                f"The grades could not be written to {self.url}: {reason(error)}. What was written before is kept: "
                "set this right (a full disk? another grader?) and run the same command again."
            ) from None

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def blocks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """BLOCK items at a time."""
    block: list[Item] = []
    for item in items:
        block.append(item)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block


def url_of(name: str) -> str:
    """A SQLAlchemy URL as it is (of PostgreSQL with the driver that dot2vit installs), or that of a SQLite file."""
    if "://" not in name:
        return f"sqlite:///{Path(name).resolve()}"
    scheme, _, rest = name.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else name


def connect(name: str, url: str) -> Engine:
    """An engine for a store whose schema is this version's. Raises UserError when it cannot be opened or is another's."""
    try:
        return patiently(lambda: _open(url))
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise UserError(
            f"{name} is no database that can be used: {error}. Give sqlite:///FILE or postgresql://…"
        ) from None
    except (DBAPIError, OSError) as error:
        raise UserError(
            f"The database {name} cannot be opened: {reason(error)}. Mend it, or give another one with --db."
        ) from None


def patiently(action: Callable[[], Answer]) -> Answer:
    """What the action gives, however often another process holds the store meanwhile, for LOCK_SECONDS."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return action()
        except DBAPIError as error:
            if "locked" not in reason(error) or time.monotonic() > deadline:
                raise


def reason(error: BaseException) -> str:
    """What the database itself said, in one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split()).rstrip(".")


def _open(url: str) -> Engine:
    parsed = make_url(url)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    if is_sqlite and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": min(LOCK_TURN, LOCK_SECONDS)} if is_sqlite else {})
    if is_sqlite:
        event.listen(engine, "connect", _set_up_sqlite)
    try:
        bring_up_to_date(engine, url)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    """Readers do not wait for the writer. A power cut may lose the last grades, which are then graded anew; nothing breaks."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
