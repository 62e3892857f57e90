"""grader/store/migrations: an older store becomes this version's, or is left alone."""

import json
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from grader.result import CheckResult, Grade, Verdict
from grader.store import Outcome, Store, schema
from grader.store.migrate import FOLDER, VERSION_TABLE

# What the first versions of dot2vit made, word for word.
FIRST = """
CREATE TABLE dot2vit_schema (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE grades (
    "key" VARCHAR(64) NOT NULL, student VARCHAR(255) NOT NULL, exercise VARCHAR(100) NOT NULL, points FLOAT NOT NULL,
    max_points FLOAT NOT NULL, needs_review BOOLEAN NOT NULL, course_version VARCHAR(100) NOT NULL,
    seed VARCHAR(100) NOT NULL, device VARCHAR(100) NOT NULL, graded_at DATETIME NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY ("key")
);
CREATE INDEX ix_grades_student ON grades (student);
CREATE INDEX ix_grades_exercise ON grades (exercise);
CREATE INDEX ix_grades_graded_at ON grades (graded_at);
INSERT INTO dot2vit_schema VALUES (1);
"""


def grade(student="ann", points=1.0):
    verdict = Verdict.PASSED if points else Verdict.FAILED
    check = CheckResult("test_a", "A.", verdict, points, 1.0, 0.1, "한글 \ud800", "toy-mistake")
    return Grade(student, "toy", [check], "ab" * 32, "1+2", "0", "cpu", "bwrap", "en")


@pytest.fixture
def old_store(tmp_path):
    """A store of the first schema with 1,200 students, of whom the first has two grades."""
    path = tmp_path / "grades.db"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST)
    made = [("k-old", grade("s0000", 0.0), "2026-09-01 10:00:00")]
    made += [(f"k{n:04}", grade(f"s{n:04}"), "2026-09-02 10:00:00") for n in range(1200)]
    for key, graded, when in made:
        row = (
            key,
            graded.student,
            "toy",
            graded.points,
            1.0,
            False,
            "1+2",
            "0",
            "cpu",
            when,
            json.dumps(graded.to_record()),
        )
        connection.execute("INSERT INTO grades VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    return path


def test_a_store_of_the_first_schema_keeps_all_that_it_holds(old_store):
    with Store(str(old_store)) as store:
        assert store.records() == [grade(f"s{n:04}").to_record() for n in range(1200)]
        assert [(past.key, past.is_live) for past in store.history("s0000")] == [("k-old", False), ("k0000", True)]
        assert store.finished(["k-old", "k0007", "k9999"]) == {"k-old", "k0007"}
        (check,) = next(store.counted()).checks
        assert (check.name, check.verdict, check.points, check.misconception) == (
            "test_a",
            "passed",
            1.0,
            "toy-mistake",
        )
        first = next(store.counted())
        assert (first.source_sha256, first.submitted_at, first.counted_at) == ("ab" * 32, None, first.graded_at)
        assert [one.key for one in store.attempts("s0000")] == ["k0000"]  # of one file the grade that counted last
        assert [past.has_counted for past in store.history("s0000")] == [True, True]
        assert store.adjustments() == []
        store.save([("new", grade("s0001", 0.0))])
    with Store(str(old_store)) as store:
        assert len(store.records()) == 1200


def test_an_older_store_has_what_the_report_reads(tmp_path):
    """Every kind of record: wrong answers, a misconception, speed (with and without what it measures), notes."""
    speed = {"function": "f", "device": "cpu x86_64", "ratio": 1.5, "verdict": "passed", "allowed": 3.0}
    rich = grade("bob")
    rich.notes = ["한글 \ud800"]
    rich.checks = [
        CheckResult("a", "A.", Verdict.FAILED, 0.0, 1.0, 0.25, draw_command="grader draw", misconception=None),
        CheckResult("b", "B.", Verdict.FAILED, 0.0, 1.0, 0.5, draw_command="grader draw", misconception="toy-mistake"),
        CheckResult("c", "C.", Verdict.PASSED, 0.5, 0.5, 0.125, speed=speed),
        CheckResult(
            "d", "D.", Verdict.FAILED, 0.0, 0.5, 2.0, draw_command="grader draw", speed=speed | {"measures": "memory"}
        ),
    ]
    records = {"k1": grade("ann").to_record(), "k2": rich.to_record()}
    del records["k1"]["checks"][0]["speed"]  # of a version that did not judge speed
    path = tmp_path / "grades.db"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST)
    for key, record in records.items():
        row = (
            key,
            record["student"],
            "toy",
            record["points"],
            record["max_points"],
            False,
            "1+2",
            "0",
            "cpu",
            "2026-09-01 10:00:00",
        )
        connection.execute("INSERT INTO grades VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*row, json.dumps(record)))
    connection.commit()
    connection.close()
    with Store(str(path)) as store:
        found = list(store.outcomes())
        store.save([("k3", rich)])
        saved = next(store.outcomes(["bob"]))
    for outcome, (key, record) in zip([*found, saved], [*records.items(), ("k3", rich.to_record())], strict=True):
        same = Outcome.of_record(record, key)
        assert outcome[:6] == same[:6]
        assert outcome.each_check() == same.each_check() and outcome.each_note() == same.each_note() == record["notes"]
        assert outcome.seconds_and_races() == same.seconds_and_races()
    assert [check.has_answer for check in saved.each_check()] == [True, True, False, False]
    seconds, races = saved.seconds_and_races()
    assert seconds == [0.25, 0.5, 0.125, 2.0]
    assert races == [["f", "cpu x86_64", "time", 1.5, "passed", 3.0], ["f", "cpu x86_64", "memory", 1.5, "passed", 3.0]]


def test_a_migration_that_is_cut_short_leaves_the_old_store(old_store, monkeypatch):
    from alembic import op

    def cut(*arguments, **options):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(op, "drop_table", cut)
        with pytest.raises(KeyboardInterrupt):
            Store(str(old_store))
    connection = sqlite3.connect(old_store)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {"grades", "dot2vit_schema"}
    assert connection.execute("SELECT count(*) FROM grades").fetchone() == (1201,)
    connection.close()
    with Store(str(old_store)) as store:
        assert len(store.records()) == 1200


def test_the_tables_are_what_the_migrations_make(tmp_path):
    Store(str(tmp_path / "grades.db")).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'grades.db'}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_schema_that_is_written():
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.HEAD]
