"""One table of grades, as the first versions of dot2vit wrote it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "grades",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("student", sa.String(255), nullable=False, index=True),
        sa.Column("exercise", sa.String(100), nullable=False, index=True),
        sa.Column("points", sa.Float, nullable=False),
        sa.Column("max_points", sa.Float, nullable=False),
        sa.Column("needs_review", sa.Boolean, nullable=False),
        sa.Column("course_version", sa.String(100), nullable=False),
        sa.Column("seed", sa.String(100), nullable=False),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("graded_at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("record", sa.Text, nullable=False),
    )
