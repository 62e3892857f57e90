"""An nbgrader gradebook, opened for one writer: everything in one transaction, or nothing at all.

nbgrader's own API commits row by row and asks no version; here its tables are written directly, through SQLAlchemy.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, insert, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from ..errors import MachineFault, UserError
from ..i18n import _

LOCK_SECONDS = 15  # how long another program may hold the gradebook
# Who adds to these meanwhile waits: nbgrader's own commands and other pushes. Who only gives scores does not.
LOCKED = "course, assignment, notebook, base_cell, source_cell, student, submitted_assignment, submitted_notebook"


def gradebook_url(place: str) -> URL:
    """The SQLAlchemy URL of a gradebook given as a URL or as the path of a SQLite file. Raises UserError."""
    try:
        return make_url(place if "://" in place else f"sqlite:///{Path(place).resolve()}")
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise UserError(
            _("{place} is no gradebook's URL: {reason}. Give sqlite:///FILE or postgresql://…").format(
                place=place, reason=error
            )
        ) from None


@contextmanager
def writing(url: URL) -> Iterator[Connection]:
    """One transaction on the gradebook, which nobody else adds to meanwhile; an empty database becomes a gradebook.

    Committed at the end, rolled back by any exception. Raises UserError for what is no gradebook of the installed
    nbgrader, MachineFault where the database cannot be reached, is locked or cannot be written to.
    """
    shown = url.render_as_string(hide_password=True)
    try:
        engine = _engine(url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise UserError(
            _("{url} cannot be used: {reason}. Give sqlite:///FILE, or postgresql://… with psycopg installed.").format(
                url=shown, reason=error
            )
        ) from None
    try:
        with engine.begin() as connection:
            _lock(connection)
            if _is_new(connection, shown):
                _make_tables(connection)
            yield connection
    except IntegrityError as error:
        raise MachineFault(
            _(
                "Somebody else added to the gradebook {url} at the same time ({reason}). Nothing was changed in it; run the "
                "same command again."
            ).format(url=shown, reason=_reason(error))
        ) from None
    except DBAPIError as error:
        raise _not_written(shown, error) from None
    finally:
        engine.dispose()


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return create_engine(url, connect_args={"timeout": LOCK_SECONDS} if "timeout" not in url.query else {})
    return create_engine(url, connect_args={"connect_timeout": LOCK_SECONDS})


def _lock(connection: Connection) -> None:
    """From here on nobody else adds to the gradebook."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
    if "submitted_assignment" in inspect(connection).get_table_names():
        connection.execute(text(f"LOCK TABLE {LOCKED} IN SHARE ROW EXCLUSIVE MODE"))


def _is_new(connection: Connection, shown: str) -> bool:
    """Whether the database is empty. Raises UserError when it holds anything but a gradebook of this nbgrader."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return True
    if not {"submitted_assignment", "alembic_version"} <= tables:
        raise UserError(
            _("{url} is a database, but no gradebook of nbgrader; give another one with --gradebook.").format(url=shown)
        )
    there = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    wanted = _schema_version()
    if there != wanted:
        raise UserError(
            _(
                "The gradebook {url} has the schema {there}, and the nbgrader installed here works with {wanted}. Make a copy "
                "of it, run `nbgrader db upgrade` in the course folder, and then the same command again."
            ).format(url=shown, there=there, wanted=wanted)
        )
    return False


def _make_tables(connection: Connection) -> None:
    """What nbgrader makes when it opens an empty database."""
    from nbgrader.api import Base

    Base.metadata.create_all(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
    connection.execute(
        text("INSERT INTO alembic_version (version_num) VALUES (:version)"), {"version": _schema_version()}
    )


def _schema_version() -> str:
    """The newest version that nbgrader's migrations lead to. nbgrader itself asks a subprocess."""
    from alembic.script import ScriptDirectory
    from nbgrader.dbutil import ALEMBIC_DIR

    return str(ScriptDirectory(ALEMBIC_DIR).get_current_head())


def ensure_course(connection: Connection, course_id: str) -> None:
    """The row that every assignment names."""
    from nbgrader.api import Course

    table = Course.__table__
    if connection.execute(select(table.c.id).where(table.c.id == course_id)).first() is None:
        connection.execute(insert(table), [{"id": course_id}])


def _not_written(shown: str, error: DBAPIError) -> MachineFault:
    reason = _reason(error)
    if "locked" in reason or "lock timeout" in reason:
        return MachineFault(
            _(
                "The gradebook {url} has been locked by another program for {seconds} s (is nbgrader at work?). Nothing was "
                "changed in it; run the same command again when that program is done."
            ).format(url=shown, seconds=LOCK_SECONDS)
        )
    return MachineFault(
        _(
            "The gradebook {url} cannot be used: {reason}. Nothing was changed in it; set this right and try again."
        ).format(url=shown, reason=reason)
    )


def _reason(error: DBAPIError) -> str:
    """The driver's own words, their first line."""
    return str(error.orig or error).strip().partition("\n")[0].rstrip(".")
