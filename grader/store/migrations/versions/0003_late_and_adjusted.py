"""When work was handed in, what the instructor adjusted, and which grades have ever counted."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BLOCK = 500
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("grades", sa.Column("source_sha256", sa.String(64), nullable=False, server_default=""))
    op.add_column("grades", sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "handed_in",
        sa.Column("student", NAME, primary_key=True),
        sa.Column("exercise", sa.String(100), primary_key=True),
        sa.Column("source_sha256", sa.String(64), primary_key=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_by", sa.String(20), nullable=False),
    )
    op.create_table(
        "adjustments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("student", NAME, nullable=False, index=True),
        sa.Column("exercise", sa.String(100), nullable=False),
        sa.Column("check_name", sa.Text, nullable=False),
        sa.Column("points", sa.Float, nullable=True),
        sa.Column("is_set", sa.Boolean, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute("UPDATE grades SET counted_at = graded_at")  # until now every grade has counted once
    _take_hashes()


def _take_hashes() -> None:
    """The hash of each grade's source out of its record, a block at a time."""
    connection = op.get_bind()
    tables = sa.MetaData()
    grades, records = (sa.Table(name, tables, autoload_with=connection) for name in ("grades", "records"))
    update = (
        sa.update(grades)
        .where(grades.c.key == sa.bindparam("of_key"))
        .values(source_sha256=sa.bindparam("its_source_sha256"))
    )
    after = ""
    query = sa.select(records).order_by(records.c.key).limit(BLOCK)
    while rows := connection.execute(query.where(records.c.key > after)).all():
        hashes = [json.loads(row.record)["source_sha256"] for row in rows]
        connection.execute(
            update,
            [{"of_key": row.key, "its_source_sha256": found} for row, found in zip(rows, hashes, strict=True)],
        )
        after = rows[-1].key
