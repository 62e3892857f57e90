"""Records get a table of their own, what each check came to stands in `grades`, and `live` says which grade counts."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BLOCK = 500
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.rename_table("grades", "old_grades")
    for column in ("student", "exercise", "graded_at"):
        op.drop_index(f"ix_grades_{column}", table_name="old_grades")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER INDEX grades_pkey RENAME TO old_grades_pkey")
    op.create_table(
        "grades",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("student", NAME, nullable=False),
        sa.Column("exercise", sa.String(100), nullable=False),
        sa.Column("points", sa.Float, nullable=False),
        sa.Column("max_points", sa.Float, nullable=False),
        sa.Column("needs_review", sa.Boolean, nullable=False),
        sa.Column("course_version", sa.String(100), nullable=False),
        sa.Column("seed", sa.String(100), nullable=False),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("graded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checks", sa.Text, nullable=False),
    )
    op.create_index("grades_student", "grades", ["student", "exercise", "graded_at"])
    op.create_table(
        "records",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("record", sa.Text, nullable=False),
    )
    op.create_table(
        "live",
        sa.Column("student", NAME, primary_key=True),
        sa.Column("exercise", sa.String(100), primary_key=True),
        sa.Column("key", sa.String(64), nullable=False, index=True),
    )
    _move()
    op.drop_table("old_grades")


def _move() -> None:
    """Every grade into the new tables, a block at a time: a store may be larger than the memory."""
    connection = op.get_bind()
    tables = sa.MetaData()
    old, grades, records, live = (
        sa.Table(name, tables, autoload_with=connection) for name in ("old_grades", "grades", "records", "live")
    )
    shared = [column.name for column in old.columns if column.name != "record"]
    counting: dict[tuple[str, str], str] = {}
    after = ""
    while rows := connection.execute(sa.select(old).where(old.c.key > after).order_by(old.c.key).limit(BLOCK)).all():
        connection.execute(
            sa.insert(grades),
            [{name: row._mapping[name] for name in shared} | {"checks": _checks(row.record)} for row in rows],
        )
        connection.execute(sa.insert(records), [{"key": row.key, "record": row.record} for row in rows])
        after = rows[-1].key
    order = sa.select(old.c.student, old.c.exercise, old.c.key).order_by(old.c.graded_at)
    for row in connection.execute(order):
        counting[row.student, row.exercise] = row.key
    if counting:
        connection.execute(
            sa.insert(live),
            [{"student": student, "exercise": exercise, "key": key} for (student, exercise), key in counting.items()],
        )


def _checks(record: str) -> str:
    """What each check came to: name, verdict, points, maximum, misconception, ratio of speed."""
    checks = json.loads(record)["checks"]
    fields = ("name", "verdict", "points", "max_points", "misconception", "speed_ratio")
    return json.dumps([[check.get(field) for field in fields] for check in checks], separators=(",", ":"))
