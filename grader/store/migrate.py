"""A store becomes one of this version's schema: made, brought up to date, or refused with a sentence.

Alembic, which is SQLAlchemy's own, runs the steps of migrations/versions/. All of them stand in one transaction, and one
process at a time runs them: what was cut short is begun anew by the next. Alembic is imported only where there is a step to
run, for it takes longer than a small batch's bookkeeping.
"""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from ..errors import UserError
from .schema import HEAD

VERSION_TABLE = "dot2vit_migrations"
FIRST_VERSION_TABLE = "dot2vit_schema"  # of the versions that knew one schema
FOLDER = Path(__file__).parent / "migrations"
LOCK = 7_310_586_409  # any number that is nobody else's: PostgreSQL locks by it


def bring_up_to_date(engine: Engine, url: str) -> None:
    """Raises UserError when the tables are another's, or a newer version's."""
    with engine.connect() as connection:
        if _revision(connection, url) == HEAD:
            return
    with engine.begin() as connection:
        _alone(connection)
        revision = _revision(connection, url)  # another process may have been here meanwhile
        if revision != HEAD:
            _migrate(connection, revision)


def _revision(connection: Connection, url: str) -> str | None:
    """The schema that the store has; None where there is no table yet."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE in tables:
        revision = str(connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar())
    elif FIRST_VERSION_TABLE in tables:
        revision = f"{connection.execute(text(f'SELECT version FROM {FIRST_VERSION_TABLE}')).scalar():04}"
    elif "grades" in tables:
        raise UserError(f"{url} holds a table of grades that is not dot2vit's; give another --db.")
    else:
        return None
    if revision not in _known():
        raise UserError(
            f"{url} was written by another version of dot2vit (schema {revision}, this one knows up to {HEAD}); "
            "install that version, or give another --db."
        )
    return revision


def _known() -> set[str]:
    return {path.name.partition("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py")}


def _alone(connection: Connection) -> None:
    """Nobody else changes tables until this transaction ends."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # its driver begins no transaction for CREATE TABLE
    elif connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({LOCK})"))


def _migrate(connection: Connection, revision: str | None) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes.update(connection=connection, version_table=VERSION_TABLE)
    if revision is not None and FIRST_VERSION_TABLE in inspect(connection).get_table_names():
        command.stamp(config, revision)
        connection.execute(text(f"DROP TABLE {FIRST_VERSION_TABLE}"))
    command.upgrade(config, "head")
