"""The tables, as the newest migration leaves them.

grades   what a table of the class needs, a few hundred bytes a grade: nothing here reads a record for a list of points
records  the record itself, whole, by the same key: read where one student or one record is asked for
live     which grade counts of each student and exercise: that of the batch that came last
"""

from sqlalchemy import Boolean, Column, DateTime, Float, Index, MetaData, String, Table, Text

HEAD = "0002"  # the newest of migrations/versions/

# Sorted by code point, as Python and SQLite sort, whatever the database's language.
Name = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()
grades = Table(
    "grades",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("student", Name, nullable=False),
    Column("exercise", String(100), nullable=False),
    Column("points", Float, nullable=False),
    Column("max_points", Float, nullable=False),
    Column("needs_review", Boolean, nullable=False),
    Column("course_version", String(100), nullable=False),
    Column("seed", String(100), nullable=False),
    Column("device", String(100), nullable=False),
    Column("graded_at", DateTime(timezone=True), nullable=False),
    Column("checks", Text, nullable=False),  # JSON: a list for each check, see counted.py
    Index("grades_student", "student", "exercise", "graded_at"),
)
records = Table(
    "records", metadata, Column("key", String(64), primary_key=True), Column("record", Text, nullable=False)
)
live = Table(
    "live",
    metadata,
    Column("student", Name, primary_key=True),
    Column("exercise", String(100), primary_key=True),
    Column("key", String(64), nullable=False, index=True),
)
