"""What Alembic runs: the steps that are missing, on the connection and in the transaction that migrate.py has begun."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    transactional_ddl=True,
)
context.run_migrations()
