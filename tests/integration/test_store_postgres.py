"""grader/store on a real PostgreSQL server."""

import gc
import json
import threading
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import column, create_engine, insert, make_url, table, text

from grader.errors import MachineFault
from grader.result import CheckResult, Grade, Verdict
from grader.standing.adjustments import Adjustment
from grader.standing.times import HandedIn
from grader.store import Outcome, Store
from grader.store.database import url_of
from grader.store.migrate import FOLDER, VERSION_TABLE

NAMES = ["Zoe", "ann", "ärm", "김민준", "a\udcff", "x" * 300]  # sorted by code point


def grade(student="ann", message=""):
    check = CheckResult("test_a", "A.", Verdict.PASSED, 1.0, 1.0, 0.1, message)
    return Grade(student, "toy", [check], "ab" * 32, "1+2", "0", "cpu", "bwrap", "en")


def test_what_was_saved_is_there_again_in_the_order_of_the_names(postgresql_url):
    names = sorted(name for name in NAMES if name.isprintable())
    with Store(postgresql_url) as store:
        store.save([(f"k{n}", grade(name, "한글 \ud800 \0")) for n, name in enumerate(reversed(names))])
        store.save([("k0", grade(names[-1]))])
    with Store(postgresql_url) as store:
        assert [record["student"] for record in store.records()] == names
        assert [counted.student for counted in store.counted()] == names
        assert [outcome.student for outcome in store.outcomes()] == names
        assert store.count_students(["toy"]) == len(names) and store.count_students(["other"]) == 0
        assert store.records([names[0]]) == [grade(names[0], "한글 \ud800 \0").to_record()]
        assert store.finished(["k0", "k1", "k99"]) == {"k0", "k1"}
        store.save([("later", grade("ann"))], is_live=False)
        assert [past.is_live for past in store.history("ann")] == [True, False]
        store.make_live([("ann", "toy", "later")])
        assert store.latest("ann", "toy")[0] == "later"


def test_processes_that_start_at_once_make_one_store(postgresql_url):
    errors = []

    def start():
        try:
            Store(postgresql_url).close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_an_older_store_is_migrated(postgresql_url):
    engine = create_engine(url_of(postgresql_url))
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=VERSION_TABLE)
        command.upgrade(config, "0001")
        for key, day in (("old", 1), ("new", 2)):
            row = {
                "key": key, "student": "ann", "exercise": "toy", "points": 1.0, "max_points": 1.0, "needs_review": False,
                "course_version": "1+2", "seed": "0", "device": "cpu", "graded_at": datetime(2026, 9, day, tzinfo=UTC),
                "record": json.dumps(grade(message=key).to_record()),
            }  # fmt: skip
            connection.execute(insert(table("grades", *map(column, row))), [row])
    engine.dispose()
    with Store(postgresql_url) as store:
        assert [record["checks"][0]["message"] for record in store.records()] == ["new"]
        assert [past.key for past in store.history("ann")] == ["old", "new"]


def test_a_store_of_the_second_schema_keeps_all_that_it_holds(postgresql_url):
    engine = create_engine(url_of(postgresql_url))
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    noon, record = datetime(2026, 9, 1, 12, tzinfo=UTC), grade().to_record()
    with engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=VERSION_TABLE)
        command.upgrade(config, "0002")
        row = {
            "key": "k1", "student": "ann", "exercise": "toy", "points": 1.0, "max_points": 1.0, "needs_review": False,
            "course_version": "1+2", "seed": "0", "device": "cpu", "graded_at": noon,
            "checks": '[["test_a", "passed", 1.0, 1.0, null, null]]',
        }  # fmt: skip
        for name, values in (
            ("grades", row),
            ("records", {"key": "k1", "record": json.dumps(record)}),
            ("live", {"student": "ann", "exercise": "toy", "key": "k1"}),
        ):
            connection.execute(insert(table(name, *map(column, values))), [values])
    engine.dispose()
    with Store(postgresql_url) as store:
        (one,) = store.counted()
        assert (one.key, one.source_sha256, one.counted_at, one.submitted_at) == ("k1", "ab" * 32, noon, None)
        assert store.records() == [record]
        assert list(store.outcomes()) == [Outcome.of_record(record, "k1")]
        store.hand_in([("ann", "toy", "ab" * 32, HandedIn(noon, "timestamps"))])
        store.save([("k2", grade())], is_live=False)
        assert [(past.key, past.has_counted, past.submitted_at) for past in store.history("ann")] == [
            ("k1", True, noon),
            ("k2", False, noon),
        ]
        store.make_live([("ann", "toy", "k2")])
        assert [attempt.key for attempt in store.attempts("ann")] == ["k2"]
        store.adjust([Adjustment("ann", "toy", points=1.5, text="한글")], "kim")
        (word,) = store.adjustments(["ann"])
        assert (word.points, word.text, word.author) == (1.5, "한글", "kim")
        assert word.made_at.utcoffset() is not None


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # psycopg's of the connection that was cut
def test_a_server_that_goes_away_is_one_sentence(postgresql_url):
    with Store(postgresql_url) as store:
        store.save([("k", grade())])
        name = make_url(store.url).database
        other = create_engine(url_of(postgresql_url.replace(f"/{name}?", "/postgres?")), isolation_level="AUTOCOMMIT")
        with other.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        other.dispose()
        with pytest.raises(MachineFault, match=r"cannot be read: .*Bring back a copy"):
            store.records()
    gc.collect()
