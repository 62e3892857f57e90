"""grader/store/migrations on a PostgreSQL server of the test's own: an older store keeps what it holds."""

import glob
import json
import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, text

from grader.result import CheckResult, Grade, Verdict
from grader.standing.adjustments import Adjustment
from grader.standing.times import HandedIn
from grader.store import Store, migrate, schema

NOBODY = 65534
NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)


def grade(student="ann", source="a"):
    check = CheckResult("test_a", "A.", Verdict.PASSED, 1.0, 1.0, 0.1, "한글")
    return Grade(student, "toy", [check], source * 64, "1+2", "0", "cpu", "bwrap", "en")


@pytest.fixture(scope="module")
def server():
    """The URL of an empty database, over a socket: nothing listens on the network."""
    folders = [
        os.path.dirname(path)
        for path in (shutil.which("initdb"), *glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if path
    ]
    if not folders:
        pytest.skip("no PostgreSQL server here")
    as_root = os.geteuid() == 0  # PostgreSQL does not run as root
    if as_root and not shutil.which("setpriv"):
        pytest.skip("no setpriv, so root cannot become an ordinary user")
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if as_root else []
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))  # short: the path of a socket has 107 bytes at most
    if as_root:
        os.chown(home, NOBODY, NOBODY)

    def run(program, *arguments):
        command = [*become, f"{folders[0]}/{program}", "-D", str(home / "data"), *arguments]
        subprocess.run(command, cwd=home, check=True, capture_output=True, timeout=300)

    try:
        run("initdb", "--auth=trust", "--username=grader", "--no-sync", "--encoding=UTF8", "--locale=C")
        run("pg_ctl", "start", "-w", "-l", str(home / "log"), "-o", f"-k {home} -c listen_addresses= -c fsync=off")
        try:
            yield f"postgresql://grader@/postgres?host={home}"
        finally:
            run("pg_ctl", "stop", "-m", "immediate")
    finally:
        shutil.rmtree(home)


def test_a_store_of_the_second_schema_keeps_all_that_it_holds(server):
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    engine = create_engine(server.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=migrate.VERSION_TABLE)
        command.upgrade(config, "0002")
        record = grade().to_record()
        columns = ("key", "student", "exercise", "points", "max_points", "needs_review", "course_version", "seed")
        connection.execute(
            text(
                f"INSERT INTO grades ({', '.join(columns)}, device, graded_at, checks) VALUES ('k1', 'ann', 'toy', 1, 1, "
                "false, '1+2', '0', 'cpu', '2026-09-01 12:00:00+00', '[[\"test_a\", \"passed\", 1.0, 1.0, null, null]]')"
            )
        )
        connection.execute(insert(schema.records), [{"key": "k1", "record": json.dumps(record)}])
        connection.execute(insert(schema.live), [{"student": "ann", "exercise": "toy", "key": "k1"}])
    engine.dispose()

    with Store(server) as store:
        (one,) = store.counted()
        assert (one.key, one.source_sha256, one.counted_at, one.submitted_at) == ("k1", "a" * 64, NOON, None)
        assert store.records() == [record]
        store.hand_in([("ann", "toy", "a" * 64, HandedIn(NOON, "timestamps"))])
        store.save([("k2", grade(source="b"))], is_live=False)
        assert [(past.key, past.has_counted, past.submitted_at) for past in store.history("ann")] == [
            ("k1", True, NOON),
            ("k2", False, None),
        ]
        store.make_live([("ann", "toy", "k2")])
        assert [attempt.key for attempt in store.attempts("ann")] == ["k1", "k2"]
        store.adjust([Adjustment("ann", "toy", points=1.5, text="한글")], "kim")
        (word,) = store.adjustments(["ann"])
        assert (word.points, word.text, word.author) == (1.5, "한글", "kim")
        assert word.made_at.utcoffset() is not None
