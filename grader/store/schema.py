"""The tables, as the newest migration leaves them.

grades       what a table of the class needs, a few hundred bytes a grade: nothing here reads a record for a list of points;
             counted_at: since when it counts, or counted last; NULL: it never did; measured, notes: for the report
records      the record itself, whole, by the same key: read where one student or one record is asked for
live         which grade counts of each student and exercise: that of the batch that came last
handed_in    when a source was handed in, and who says so; no row where nobody knows
adjustments  all that the instructor ever said of a grade's points; the last row of a student, exercise and check counts
"""

from sqlalchemy import Boolean, Column, DateTime, Float, Index, Integer, MetaData, String, Table, Text

HEAD = "0004"  # the newest of migrations/versions/

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
    Column("source_sha256", String(64), nullable=False, server_default=""),
    Column("counted_at", DateTime(timezone=True)),
    Column("measured", Text, nullable=False, server_default=""),  # JSON: see outcome.py
    Column("notes", Text, nullable=False, server_default=""),  # JSON, or nothing
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
handed_in = Table(
    "handed_in",
    metadata,
    Column("student", Name, primary_key=True),
    Column("exercise", String(100), primary_key=True),
    Column("source_sha256", String(64), primary_key=True),
    Column("submitted_at", DateTime(timezone=True), nullable=False),
    Column("told_by", String(20), nullable=False),
)
adjustments = Table(
    "adjustments",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("student", Name, nullable=False, index=True),
    Column("exercise", String(100), nullable=False),
    Column("check_name", Text, nullable=False),
    Column("points", Float),
    Column("is_set", Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)
