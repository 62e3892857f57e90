"""grader/regrade.py and its commands: what a change does to a class is shown before it counts, and nothing is lost."""

import csv
import io
import json
import os
from concurrent.futures import Executor, Future
from datetime import UTC, datetime

import pytest
from rich.console import Console

from grader import regrading
from grader.course import load_course
from grader.errors import UserError
from grader.grade import grade
from grader.instructor import batch, show_results
from grader.result import Verdict
from grader.store import Store

FLAT = "import numpy as np\ndef total(values):\n    return float(np.sum(np.abs(values)))\n"


class Here(Executor):
    """Grades at once, in this process. `faulty`: checks that the grader cannot judge, by student."""

    def __init__(self, faulty=()):
        self.faulty = dict(faulty)
        self.graded = []

    def submit(self, function, course_file, exercise, submissions, settings):
        course = load_course(course_file)
        grades = grade(course, course.exercise(exercise), submissions, settings, None)
        for one in grades:
            self.graded.append((one.student, one.exercise))
            for check in one.checks:
                if check.name == self.faulty.get(one.student):
                    check.verdict, check.points = Verdict.GRADER_ERROR, 0.0
        future = Future()
        future.set_result(grades)
        return future


@pytest.fixture
def klass(own_course, tmp_path, monkeypatch):
    """A class of the toys in a folder of its own, graded by `Here`."""
    return Class(own_course, tmp_path, monkeypatch)


class Class:
    def __init__(self, course, folder, monkeypatch):
        self.root, self.folder, self.db, self.monkeypatch = course.root, folder, str(folder / "grades.db"), monkeypatch
        for student, source in (("ann", course.exercise("toy").reference_source), ("bob", FLAT)):
            (folder / "class" / student).mkdir(parents=True)
            (folder / "class" / student / "toy.py").write_text(source)
        monkeypatch.setenv("DOT2VIT_SECRET", "secret")

    @property
    def course(self):
        return load_course(self.root / "exercises" / "course.toml")

    def change(self, path, *pairs):
        text = (self.root / path).read_text()
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        (self.root / path).write_text(text)

    def policy(self, text):
        path = self.root / "exercises" / "course.toml"
        path.write_text(f"{path.read_text()}\n{text}\n")

    def run(self, command, *arguments, faulty=(), **options):
        executor = Here(faulty)
        self.monkeypatch.setattr("grader.instructor.local_executor", lambda jobs, sandbox: executor)
        console = Console(file=io.StringIO(), width=200, highlight=False)
        self.result = command(console, *arguments, course=self.course, **options)
        self.graded = executor.graded
        return console.file.getvalue()

    def batch(self, seed="0", **options):
        return self.run(batch, self.folder / "class", self.db, None, None, ["toy"], 1, seed, "import", **options)

    def regrade(self, confirm=True, seed=None, **options):
        asked = []

        def answer():
            asked.append(True)
            return confirm

        text = self.run(
            regrading.regrade, self.folder / "class", self.db, ["toy"], 1, seed, "import", answer, **options
        )
        self.asked = len(asked)
        return text

    def history(self, *arguments):
        return self.run(regrading.history, *arguments, self.db)

    def points(self):
        with Store(self.db) as store:
            return {one.student: (one.points, one.needs_review) for one in store.counted()}


HARDER = ("reference.total(values))", "reference.total(values) + 1)")  # a check that is unfair


def test_a_difference_is_shown_first_then_made_live_without_grading_again(klass):
    klass.batch()
    assert klass.points() == {"ann": (10.0, False), "bob": (0.0, False)}
    klass.change("tests/hidden/test_toy.py", HARDER, ("points=1, needs", "points=2, needs"))
    text = klass.regrade(confirm=False, json=klass.folder / "d.json", csv=klass.folder / "d.csv")
    assert klass.points() == {"ann": (10.0, False), "bob": (0.0, False)}
    assert "test_total_values: passed → failed, 2/2 → 0/2" in text
    assert "10 → 11" in text and "+1" in text
    assert "1 gain, 0 lose, 1 keep their points; +0.5 points on average" in text
    assert "course_version 1+" in text and "2 new grades wait in the store" in text
    assert sorted(klass.graded) == [("ann", "toy"), ("bob", "toy")]

    found = json.loads((klass.folder / "d.json").read_text())
    assert (found["gain"], found["lose"], found["mean_change"]) == (1, 0, 0.5)
    (ann, bob) = found["differences"]
    assert (ann["points_before"], ann["points_after"], ann["change"], ann["withheld"]) == (10.0, 11.0, 1.0, False)
    assert [reason["what"] for reason in ann["why"]] == ["course_version"]
    assert {check["check"]: (check["verdict_before"], check["verdict_after"]) for check in ann["checks"]} == {
        "test_center_scalar": ("passed", "passed"),
        "test_center_keeps_its_input": ("passed", "passed"),
        "test_center_gradient": ("passed", "passed"),
        "test_total_values": ("passed", "failed"),
    }
    rows = list(csv.DictReader(io.StringIO((klass.folder / "d.csv").read_text(encoding="utf-8-sig"))))
    assert len(rows) == len(ann["checks"]) + len(bob["checks"])
    assert {row["student"] for row in rows} == {"ann", "bob"}

    klass.regrade()
    assert klass.graded == []
    assert klass.points() == {"ann": (11.0, False), "bob": (0.0, False)}
    with Store(klass.db) as store:
        assert [(past.is_live, past.has_counted) for past in store.history("ann")] == [(False, True), (True, True)]
    assert "Nothing to make live" in klass.regrade()
    assert klass.asked == 0


def test_what_needs_review_does_not_replace_a_good_grade(klass):
    klass.batch()
    klass.change("tests/hidden/test_toy.py", ("points=1, needs", "points=2, needs"))
    text = klass.regrade(faulty={"ann": "test_total_values"})
    assert klass.points() == {"ann": (10.0, False), "bob": (0.0, False)}
    assert "Needs review, so the older grade stays: ann, toy: test_total_values" in text
    assert klass.result is True
    klass.regrade()  # the grader is mended: what needed review is graded again, and nothing else
    assert set(klass.graded) == {("ann", "toy")}
    assert klass.points() == {"ann": (13.0, False), "bob": (0.0, False)}


def test_an_open_grade_that_counts_is_left_to_the_batch(klass):
    klass.batch(faulty={"ann": "test_total_values"})
    before = klass.points()
    assert before["ann"] == (8.0, True)
    klass.regrade()
    assert (klass.graded, klass.points()) == ([], before)
    klass.batch()
    assert klass.points()["ann"] == (10.0, False)


def test_the_seed_stays_unless_another_is_asked_for(klass):
    klass.batch(seed="7")
    assert "Nothing to make live" in klass.regrade()
    assert klass.graded == []
    text = klass.regrade(seed="8")
    assert "Why" not in text and "2 new grades count" in text  # other inputs, the same points: no difference to show
    with Store(klass.db) as store:
        assert {one.seed for one in store.counted()} == {"8"}


def test_a_student_who_had_no_grade_is_told_apart(klass):
    klass.batch()
    (klass.folder / "class" / "cho").mkdir()
    (klass.folder / "class" / "cho" / "toy.py").write_text(FLAT)
    assert "0 gain, 0 lose, 0 keep their points; 0 points on average. 1 had no grade yet." in klass.regrade()
    assert klass.points()["cho"] == (0.0, False)


def test_an_empty_store_is_one_sentence(klass):
    with pytest.raises(UserError, match="There is no store"):
        klass.regrade()
    Store(klass.db).close()
    with pytest.raises(UserError, match="holds no grades yet"):
        klass.regrade()


def test_a_place_that_cannot_be_written_makes_nothing_live(klass):
    klass.batch()
    klass.change("tests/hidden/test_toy.py", HARDER)
    (klass.folder / "file").touch()
    with pytest.raises(UserError, match="Nothing was made live"):
        klass.regrade(json=klass.folder / "file" / "d.json")
    assert klass.points()["ann"] == (10.0, False)


def test_adjustments_survive_and_what_they_lose_is_said(klass):
    klass.policy("[grading]\ndue = 2026-11-01T23:59:00+09:00\n[late]\nper_day = 0.1")
    (klass.folder / "times.csv").write_text("student,time\nann,2026-11-02T00:00:00+09:00\n")
    text = klass.batch(timestamps=klass.folder / "times.csv")
    assert "Points lost by being late: 1 grades; adjusted: 0" in text
    path = klass.folder / "adjustments.csv"
    path.write_text("student,exercise,check,points,text\nann,toy,test_total_values,0.5,neat\nann,toy,,2,extra\n")
    klass.run(regrading.adjust, path, klass.db, "kim")
    klass.change("tests/hidden/test_toy.py", ("def test_total_values", "def test_total_numbers"))
    assert "by kim: not counted, as this grade has no such check. neat" in klass.regrade()
    text = klass.run(show_results, klass.db, "ann", "toy")
    assert "Handed in 1 min after it was due (2026-11-01 14:59:00 UTC): −1 points." in text
    assert "Adjustment of the exercise by kim: +2 points. extra" in text
    assert "In the end: 11 of 10 points." in text
    assert "ann" in klass.run(regrading.adjust, None, klass.db, None)
    klass.run(show_results, klass.db, None, csv=klass.folder / "points.csv")
    rows = list(csv.DictReader(io.StringIO((klass.folder / "points.csv").read_text(encoding="utf-8-sig"))))
    assert [(row["student"], row["toy"], row["late_penalty"], row["adjusted"]) for row in rows] == [
        ("ann", "11.0", "1.0", "2.0"),
        ("bob", "0.0", "0.0", "0.0"),
    ]


def test_a_bad_extension_is_said_before_anything_is_graded(klass):
    (klass.folder / "roster.csv").write_text("student,extension\nann,soon\n")
    with pytest.raises(UserError, match="is no number of hours"):
        klass.batch(roster=klass.folder / "roster.csv")
    klass.policy('[grading]\nroster = "none.csv"')
    with pytest.raises(UserError, match=r"There is no roster .*none\.csv"):
        klass.batch()


def test_a_history_shows_every_grade_and_what_changed(klass):
    klass.batch()
    klass.change("tests/hidden/test_toy.py", HARDER)
    klass.regrade(confirm=False)
    text = klass.history("ann", "toy")
    assert "never counted" in text and text.index("▶ counts") < text.index("never counted")
    klass.regrade()
    text = klass.history("ann", None)
    assert "never counted" not in text
    assert "course_version: 1+" in text and "test_total_values: passed → failed" in text
    assert "10/10" in text and "8/10" in text
    with pytest.raises(UserError, match=r"no grade of an\. Perhaps ann\?"):
        klass.history("an", None)
    with pytest.raises(UserError, match="There is no exercise 'tooy'"):
        klass.history("ann", "tooy")


def test_the_files_own_times_are_believed_only_if_asked_for(klass):
    klass.policy("[grading]\ndue = 2026-11-01T23:59:00+09:00\n[late]\nper_day = 0.1")
    late = datetime(2026, 11, 3, tzinfo=UTC).timestamp()
    os.utime(klass.folder / "class" / "ann" / "toy.py", (late, late))
    text = klass.batch()
    assert "Handed in nobody knows when, so that nothing is lost by being late: 1." in text
    with Store(klass.db) as store:
        assert [one.submitted_at for one in store.counted()] == [None, None]
    assert "Points lost by being late: 1 grades" in klass.batch(by_mtime=True)
    with Store(klass.db) as store:
        ann, _bob = store.counted()
        assert (ann.submitted_at, ann.told_by) == (datetime(2026, 11, 3, tzinfo=UTC), "mtime")


def test_a_store_that_is_not_there_is_one_sentence(run_grader, tmp_path):
    done = run_grader("history", "ann", "--db", tmp_path / "none.db")
    assert done.returncode == 2 and "There is no store" in done.stderr
