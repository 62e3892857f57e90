"""A gradebook on PostgreSQL: written as on SQLite, and while a person gives scores or another program adds rows."""

from datetime import datetime
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from grader.errors import MachineFault, UserError
from grader.nbgrader import gradebook as database
from grader.nbgrader.cells import Cell
from grader.nbgrader.gradebook import ensure_course, writing
from grader.nbgrader.people import Member
from grader.nbgrader.rows import write_assignment, write_students
from grader.nbgrader.submissions import Submitted, write_submissions
from grader.standing.final import Standing

NOW = datetime(2026, 11, 26, 12, 0, 1)
CHECKS = {"test_a": 2.0, "test_b": 3.0}
MEMBERS = [Member("ann", "Ann", "Bell", "ann@a.org", "17"), Member("김민준", "민준", "김")]


def cell(name, points):
    return Cell(name, ("TaskCell",), points, "markdown", True, f"**{name}**", "abc")


def record(**verdicts):
    checks = [
        {
            "name": name,
            "title": name,
            "verdict": verdicts.get(name, "passed"),
            "message": f"wrong: 한글 '{name}'",
            "hint": "",
        }
        | {"points": points if name not in verdicts else 0.0, "max_points": points, "draw_command": "", "speed": None}
        for name, points in CHECKS.items()
    ]
    return {"checks": checks, "max_points": 5.0, "notes": [], "output": "", "language": "en"}


def write(connection, standing=None, **verdicts):
    ensure_course(connection, "toys")
    write_students(connection, MEMBERS)
    kept = write_assignment(connection, "toys", "toy", [cell(*check) for check in CHECKS.items()], "{}")
    write_submissions(connection, kept, [Submitted(m.id, NOW, record(**verdicts), standing) for m in MEMBERS])


@pytest.fixture
def gradebook(postgresql_url):
    """The URL of a gradebook in which each student has 2 of 5 points and an open check."""
    with writing(make_url(postgresql_url)) as connection:
        write(connection, test_b="grader_error")
    return postgresql_url


def test_nbgrader_reads_what_was_written(gradebook):
    with Gradebook(gradebook, "toys") as found:
        assert [(student.id, student.score, student.max_score) for student in found.students] == [
            ("ann", 2, 5), ("김민준", 2, 5),
        ]  # fmt: skip
        submission = found.find_submission("toy", "김민준")
        assert (submission.timestamp, submission.needs_manual_grade) == (NOW, True)
        assert "한글 'test_b'" in found.find_comment("test_b", "toy", "toy", "ann").comment


def test_late_penalties_come_and_go(gradebook):
    grade = SimpleNamespace(points=5.0, max_points=5.0)
    for lost in (1.5, 1.5, 0.0):
        with writing(make_url(gradebook)) as connection:
            write(connection, Standing(grade, penalty=lost, points=5.0 - lost))
        with Gradebook(gradebook, "toys") as found:
            assert [found.find_submission("toy", member.id).late_submission_penalty for member in MEMBERS] == [lost] * 2


def test_a_person_may_give_scores_meanwhile(gradebook):
    """Their score is committed between what we read and what we write, and stays."""
    with Gradebook(gradebook, "toys") as person, writing(make_url(gradebook)) as connection:
        grade = person.find_grade("test_b", "toy", "toy", "ann")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        person.find_comment("test_b", "toy", "toy", "ann").manual_comment = "Half of it."
        person.db.commit()
        write(connection, test_a="failed")
    with Gradebook(gradebook, "toys") as found:
        grade = found.find_grade("test_b", "toy", "toy", "ann")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (3, 2.5, True)
        assert found.find_comment("test_b", "toy", "toy", "ann").comment == "Half of it."
        assert [submission.score for submission in found.student_submissions("ann")] == [2.5]
        assert [submission.score for submission in found.student_submissions("김민준")] == [3]


def test_who_adds_submissions_is_waited_for_and_then_told(gradebook, monkeypatch):
    monkeypatch.setattr(database, "LOCK_SECONDS", 1)
    engine = create_engine(gradebook)
    with engine.begin() as other:
        other.execute(text("INSERT INTO student (id) VALUES ('carl')"))
        with (
            pytest.raises(MachineFault, match="has been locked by another program for 1 s"),
            writing(make_url(gradebook)),
        ):
            pass
    engine.dispose()
    with writing(make_url(gradebook)) as connection:
        write(connection)
    with Gradebook(gradebook, "toys") as found:
        assert found.find_submission("toy", "ann").score == 5


def test_an_exception_leaves_everything_as_it_was(gradebook):
    with pytest.raises(ZeroDivisionError), writing(make_url(gradebook)) as connection:
        write(connection)
        1 / 0  # noqa: B018
    with Gradebook(gradebook, "toys") as found:
        assert found.find_submission("toy", "ann").score == 2


def test_an_aborted_first_push_leaves_an_empty_database(postgresql_url):
    with pytest.raises(ZeroDivisionError), writing(make_url(postgresql_url)) as connection:
        write(connection)
        1 / 0  # noqa: B018
    engine = create_engine(postgresql_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).scalar() == 0
    engine.dispose()


def test_another_version_and_another_database(gradebook):
    engine = create_engine(gradebook)
    with engine.begin() as other:
        other.execute(text("UPDATE alembic_version SET version_num = 'b6d005d67074'"))
    with pytest.raises(UserError, match="has the schema b6d005d67074"), writing(make_url(gradebook)):
        pass
    with engine.begin() as other:
        other.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(UserError, match="is a database, but no gradebook of nbgrader"), writing(make_url(gradebook)):
        pass
    engine.dispose()
