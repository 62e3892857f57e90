"""grader/store: where grades are kept."""

import sqlite3
import time

import pytest
import sqlalchemy

from grader.errors import MachineFault, UserError
from grader.result import CheckResult, Grade, Verdict
from grader.store import Store, unit_key


def grade(student="ann", exercise="toy", verdict=Verdict.PASSED, message=""):
    check = CheckResult("test_a", "A.", verdict, 1.0, 1.0, 0.1, message)
    return Grade(student, exercise, [check], "ab" * 32, "1+2", "0", "cpu", "bwrap", "en")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results" / "grades.db"


def test_what_was_saved_is_there_again(path):
    with Store(str(path)) as store:
        store.save([("k1", grade()), ("k2", grade("bob", message="한글 \ud800 \0 '"))])
    with Store(str(path)) as store:
        ann, bob = store.records()
        assert ann == grade().to_record()
        assert bob["checks"][0]["message"] == "한글 \ud800 \0 '"
        assert store.records(["bob"]) == [bob]
        assert store.records(["ann", "bob", "zoe"], ["toy"]) == [ann, bob]
        assert store.records([]) == store.records(exercises=["other"]) == []


def test_only_what_needs_no_review_is_finished(path):
    with Store(str(path)) as store:
        store.save(
            [
                ("k1", grade()),
                ("k2", grade("bob", verdict=Verdict.GRADER_ERROR)),
                ("k3", grade("c", verdict=Verdict.FAILED)),
            ]
        )
        assert store.finished(["k1", "k2", "k3", "k4"]) == {"k1", "k3"}
        assert store.finished(f"x{n}" for n in range(1200)) == set()
        assert store.finished([f"x{n}" for n in range(1200)] + ["k1"]) == {"k1"}


def test_records_by_their_keys(path):
    with Store(str(path)) as store:
        store.save([("k1", grade()), ("k2", grade(message="another"))])
        found = store.by_key(["k2", "k1", "k3", *(f"x{n}" for n in range(1200))])
    assert {key: record["checks"][0]["message"] for key, record in found.items()} == {"k1": "", "k2": "another"}


def test_a_grade_of_the_same_key_is_replaced(path):
    with Store(str(path)) as store:
        store.save([("k1", grade(verdict=Verdict.GRADER_ERROR))])
        store.save([("k1", grade())])
        (record,) = store.records()
        assert record["checks"][0]["verdict"] == "passed"


def test_of_several_grades_of_a_unit_the_latest_counts(path):
    with Store(str(path)) as store:
        store.save([("k1", grade(message="old"))])
        time.sleep(0.01)
        store.save([("k2", grade(message="new"))])
        (record,) = store.records()
        assert record["checks"][0]["message"] == "new"


def test_records_are_in_order(path):
    with Store(str(path)) as store:
        store.save([(f"{s}{e}", grade(s, e)) for s in ("bob", "ann") for e in ("toy", "second")])
        assert [(r["student"], r["exercise"]) for r in store.records()] == [
            ("ann", "second"), ("ann", "toy"), ("bob", "second"), ("bob", "toy"),
        ]  # fmt: skip


def test_a_batch_that_fails_keeps_all_or_nothing(path):
    with Store(str(path)) as store:
        store.save([("k1", grade())])
        with pytest.raises(MachineFault, match="could not be written"):
            store.save([("k2", grade()), ("k2", grade())])
        assert len(store.records()) == 1


def test_a_locked_database_is_one_sentence(path, monkeypatch):
    monkeypatch.setattr("grader.store.database.LOCK_SECONDS", 0.05)
    with Store(str(path)) as store:
        other = sqlite3.connect(path)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(MachineFault, match=r"could not be written .*locked"):
            store.save([("k1", grade())])
        other.close()


@pytest.mark.parametrize("url", ["nonsense://x", "postgresql+nodriver://x/y", "mysql://"])
def test_a_url_that_is_none_is_one_sentence(url):
    with pytest.raises(UserError, match="Give sqlite:///FILE or postgresql"):
        Store(url)


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    path = tmp_path / "x.db"
    path.write_text("these are my notes, not a database, and long enough to be told from one" * 20)
    before = path.read_bytes()
    with pytest.raises(UserError, match="cannot be opened"):
        Store(str(path))
    assert path.read_bytes() == before


def test_a_folder_is_no_database(tmp_path):
    with pytest.raises(UserError, match="cannot be opened"):
        Store(str(tmp_path))


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be opened"):
        Store(str(tmp_path / "file" / "grades.db"))


def test_somebody_elses_table_of_grades_is_left_alone(tmp_path):
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE grades (name TEXT)")
    connection.close()
    with pytest.raises(UserError, match="not dot2vit's"):
        Store(str(tmp_path / "x.db"))


def test_a_store_of_another_schema_is_left_alone(path):
    Store(str(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE dot2vit_migrations SET version_num = '0099'")
    connection.commit()
    connection.close()
    with pytest.raises(UserError, match="schema 0099"):
        Store(str(path))


def test_the_store_of_a_url(path):
    path.parent.mkdir()
    with Store(f"sqlite:///{path}") as store:
        store.save([("k1", grade())])
    assert (
        sqlalchemy.create_engine(f"sqlite:///{path}")
        .connect()
        .execute(sqlalchemy.text("SELECT count(*) FROM grades"))
        .scalar()
        == 1
    )


def test_a_unit_key_depends_on_every_part_and_its_place():
    keys = {unit_key("a", "b"), unit_key("ab"), unit_key("b", "a"), unit_key("a", "b", ""), unit_key("a\udcff", "b")}
    assert len(keys) == 5
    assert unit_key("a", "b") == unit_key("a", "b")
