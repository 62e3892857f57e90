"""grader/nbgrader: the way of a class's grades into an nbgrader gradebook, as nbgrader's own API then reads it."""

import csv
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins.export import CsvExportPlugin
from rich.console import Console
from traitlets.config import Config

from grader.errors import MachineFault, UserError
from grader.nbgrader import gradebook as database
from grader.nbgrader.cells import cells_of, released
from grader.nbgrader.export import QuotedCsv
from grader.nbgrader.notebooks import cell_metadata, source_notebook
from grader.nbgrader.people import NO_NAME, members_of, split_name
from grader.nbgrader.push import push
from grader.record import Settings, failed_grade, new_grade
from grader.result import Verdict
from grader.standing.adjustments import Adjustment
from grader.standing.final import standings
from grader.standing.policy import Late, Policy, Rules
from grader.standing.times import HandedIn
from grader.store import Store
from grader.submission import Submission
from grader.sync import list_checks

CONFIG = 'c = get_config()\nc.CourseDirectory.course_id = "toys"\n'
NOTHING = Submission("", "", None, "missing", "Nothing was handed in.")


@pytest.fixture(scope="module")
def toy_source(toy_course):
    """The toy's source notebook, as text."""
    return nbformat.writes(source_notebook(toy_course.exercise("toy")))


@pytest.fixture(scope="module")
def toy_checks(toy_course):
    return list_checks(toy_course.exercise("toy"), toy_course.exercise("toy").hidden_path)


@dataclass
class Place:
    """A course folder, a store and submissions."""

    course: object
    folder: Path
    checks: list
    output: str = ""

    @property
    def db(self):
        return str(self.folder.parent / "grades.db")

    @property
    def submissions(self):
        return self.folder.parent / "submissions"

    @property
    def url(self):
        return f"sqlite:///{self.folder / 'gradebook.db'}"

    @property
    def source(self):
        return self.folder / "source" / "toy" / "toy.ipynb"

    def grade(self, student, source="x = 1\n", **verdicts):
        """Hand in and grade: each check passes unless its verdict is given, by the end of its name."""
        submission = NOTHING if source is None else Submission(student, "toy", source)
        if source is not None:
            (self.submissions / student).mkdir(parents=True, exist_ok=True)
            (self.submissions / student / "toy.py").write_text(source, encoding="utf-8")
        grade = new_grade(self.course, self.course.exercise("toy"), submission, Settings(), [], "")
        grade.student = student
        for check in self.checks:
            verdict = Verdict(verdicts.get(check.name.removeprefix("test_"), "passed" if source else "missing"))
            points = check.max_points if verdict == Verdict.PASSED else 0.0
            message = "" if verdict == Verdict.PASSED else "5 of 6 values differ <b>"
            facts = {"verdict": verdict, "points": points, "message": message if source else NOTHING.reason}
            grade.checks.append(type(check)(**{**vars(check), **facts}))
        self.save(grade)
        return grade

    def save(self, grade):
        with Store(self.db) as store:
            store.save([(f"{grade.student}{len(store.records())}{grade.points}{grade.source_sha256}", grade)])

    def push(self, **options):
        console = Console(width=400, record=True)
        facts = {"gradebook": None, "db": self.db, "roster": None, "only": [], "submissions": self.submissions}
        whole = push(console, self.folder, course=self.course, **(facts | options))
        self.output = console.export_text()
        return whole

    def roster(self, *lines):
        path = self.folder.parent / "roster.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def gradebook(self):
        return Gradebook(self.url, "toys")

    def dump(self):
        with sqlite3.connect(self.folder / "gradebook.db") as connection:
            return list(connection.iterdump())

    def files(self):
        return {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file() and path.suffix != ".db"}


@pytest.fixture
def place(toy_course, toy_source, toy_checks, tmp_path):
    made = Place(toy_course, tmp_path / "course", toy_checks)
    made.source.parent.mkdir(parents=True)
    made.source.write_text(toy_source, encoding="utf-8")
    (made.folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    return made


def test_points_comments_and_open_checks_arrive(place):
    place.grade("ann")
    place.grade("bob", center_values="failed", total_values="grader_error")
    assert place.push()
    with place.gradebook() as found:
        ann, bob = (found.find_submission("toy", student) for student in ("ann", "bob"))
        assert (ann.score, ann.max_score, ann.needs_manual_grade) == (10, 10, False)
        assert (bob.score, bob.needs_manual_grade) == (5, True)
        failed, opened, passed = (
            found.find_grade(f"test_{name}", "toy", "toy", "bob")
            for name in ("center_values", "total_values", "affine_values")
        )
        assert (failed.auto_score, failed.needs_manual_grade) == (0, False)
        assert (opened.auto_score, opened.needs_manual_grade) == (None, True)
        assert (passed.auto_score, passed.needs_manual_grade) == (2, False)
        comment = found.find_comment("test_center_values", "toy", "toy", "bob").comment
        assert "5 of 6 values differ <b>" in comment
        assert all(line.startswith("    ") for line in comment.splitlines())  # code, where <b> means nothing
        assert found.find_comment("test_affine_values", "toy", "toy", "bob").comment is None


def test_a_second_push_changes_nothing(place):
    place.grade("ann", center_values="failed")
    place.push()
    before = place.dump(), place.files()
    place.push()
    assert (place.dump(), place.files()) == before


def test_what_a_person_gave_survives(place):
    place.grade("ann", center_values="failed", total_values="inconclusive")
    place.push()
    with place.gradebook() as found:
        for name, score in (("center_values", 1.5), ("total_values", 2.0)):
            grade = found.find_grade(f"test_{name}", "toy", "toy", "ann")
            grade.manual_score, grade.extra_credit, grade.needs_manual_grade = score, 0.25, False
        found.find_comment("test_center_values", "toy", "toy", "ann").manual_comment = "Nearly!"
        found.db.commit()
    before = place.dump()
    place.push()
    assert place.dump() == before

    place.grade("ann", "x = 2\n", total_values="inconclusive")  # handed in again: center is right now
    place.push()
    with place.gradebook() as found:
        center, total = (found.find_grade(f"test_{n}", "toy", "toy", "ann") for n in ("center_values", "total_values"))
        assert (center.auto_score, center.manual_score, center.extra_credit, center.score) == (3, 1.5, 0.25, 1.75)
        assert center.needs_manual_grade  # to be looked at again
        assert (total.manual_score, total.needs_manual_grade) == (2, False)
        comment = found.find_comment("test_center_values", "toy", "toy", "ann")
        assert (comment.manual_comment, comment.auto_comment) == ("Nearly!", None)


def test_formgrader_sees_the_class(place):
    place.grade("ann")
    place.grade("김민준", center_values="failed")
    place.grade("absent", None)
    place.push()
    assert "toy: nothing was handed in by absent." in place.output
    directory = CourseDirectory(config=Config({"CourseDirectory": {"root": str(place.folder), "course_id": "toys"}}))
    api = NbGraderAPI(directory)
    assert api.get_assignment("toy")["num_submissions"] == 2
    assert api.get_autograded_students("toy") == {"ann", "김민준"}
    assert {entry["student"]: entry["score"] for entry in api.get_notebook_submissions("toy", "toy")} == {
        "ann": 10,
        "김민준": 7,
    }
    assert {entry["id"] for entry in api.get_students()} == {"ann", "김민준", "absent"}
    assert not api.get_submission("toy", "absent")["submitted"]
    assert all(entry["first_name"] and entry["last_name"] for entry in api.get_students())


def test_autograding_finds_what_it_needs(place):
    """Source cells with their checksums, as generate_assignment would have saved them."""
    place.grade("ann", "def center(x, dim):\n    return x\n")
    place.push()
    handed_out = released(nbformat.read(place.source, as_version=4), Config())
    with place.gradebook() as found:
        kept = {cell.name: cell for cell in found.find_notebook("toy", "toy").source_cells}
        for cell in cells_of(handed_out):
            assert (kept[cell.name].checksum, kept[cell.name].source) == (cell.checksum, cell.source)
            assert "BEGIN SOLUTION" not in cell.source
    submitted = nbformat.read(place.folder / "submitted" / "ann" / "toy" / "toy.ipynb", as_version=4)
    assert [cell.source for cell in submitted.cells if "def center" in cell.source] == [
        "def center(x, dim):\n    return x\n"
    ]
    assert "BEGIN SOLUTION" not in nbformat.writes(submitted)


def test_without_the_file_that_was_graded_nothing_is_submitted(place):
    """nbgrader would autograde a notebook without code, and give a zero."""
    place.grade("ann")
    place.grade("bob")
    (place.submissions / "bob" / "toy.py").write_text("changed = 1\n")
    assert place.push()
    assert "1 graded files are not in" in place.output
    assert (place.folder / "submitted" / "ann" / "toy" / "toy.ipynb").exists()
    assert not (place.folder / "submitted" / "bob" / "toy" / "toy.ipynb").exists()
    assert (place.folder / "submitted" / "bob" / "toy" / "timestamp.txt").exists()
    shown = (place.folder / "autograded" / "bob" / "toy" / "toy.ipynb").read_text(encoding="utf-8")
    assert "is not at hand" in shown and "changed = 1" not in shown
    before = place.files()
    place.push(submissions=place.folder / "nowhere")  # what is there of the same file stays
    assert place.files() == before


def test_a_notebook_that_a_student_handed_in_is_left_alone(place):
    path = place.folder / "submitted" / "ann" / "toy" / "toy.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    place.grade("ann")
    place.grade("bob")
    assert not place.push()
    assert path.read_text() == "{}"
    assert "handed in a notebook through nbgrader as well" in place.output and "ann" in place.output
    with place.gradebook() as found, pytest.raises(MissingEntry):
        found.find_submission("toy", "ann")


def test_a_check_added_later_is_open_for_older_submissions(place, toy_checks):
    notebook = nbformat.read(place.source, as_version=4)
    older = nbformat.from_dict(
        {
            **notebook,
            "cells": [c for c in notebook.cells if "affine" not in c.source.casefold() or c.cell_type == "code"],
        }
    )
    place.source.write_text(nbformat.writes(older))
    place.checks = [check for check in toy_checks if "affine" not in check.title.casefold()]
    place.grade("ann")
    place.push()
    with place.gradebook() as found:
        points = found.find_assignment("toy").max_score
        assert points < 10 and found.find_submission("toy", "ann").score == points
    place.source.write_text(nbformat.writes(notebook))
    place.checks = toy_checks
    place.grade("bob")
    place.push()
    with place.gradebook() as found:
        ann, bob = (found.find_submission("toy", student) for student in ("ann", "bob"))
        assert (ann.score, ann.needs_manual_grade) == (points, True)
        assert (bob.score, bob.needs_manual_grade, bob.max_score) == (10, False, 10)
        assert found.find_grade("test_affine_values", "toy", "toy", "ann").auto_score is None


def test_an_instructors_own_question_stays_theirs(place):
    notebook = nbformat.read(place.source, as_version=4)
    facts = cell_metadata("why", grade=True, solution=True, points=5)
    notebook.cells.append(nbformat.v4.new_markdown_cell("Why?", metadata=facts))
    place.source.write_text(nbformat.writes(notebook))
    place.grade("ann")
    place.push()
    with place.gradebook() as found:
        why = found.find_grade("why", "toy", "toy", "ann")
        assert (why.auto_score, why.needs_manual_grade) == (None, True)
        why.manual_score, why.needs_manual_grade = 4, False
        found.db.commit()
    before = place.dump()
    place.push()
    assert place.dump() == before


def test_other_points_in_the_gradebook_are_kept(place):
    """Who made the assignment says what a check is worth; a passed check earns all of it."""
    place.grade("ann", total_values="failed")
    place.push()
    with place.gradebook() as found:
        found.find_graded_cell("test_center_values", "toy", "toy").max_score = 30
        found.db.commit()
    place.push()
    with place.gradebook() as found:
        assert (found.find_submission("toy", "ann").score, found.find_assignment("toy").max_score) == (35, 37)


def test_checks_without_a_cell_are_left_out_and_said(place, toy_checks):
    place.grade("ann")
    grade = place.grade("bob")
    grade.checks[0].name = "test_of_another_version"
    place.save(grade)
    assert not place.push()
    assert "by another version of the course" in place.output and "bob" in place.output
    with place.gradebook() as found, pytest.raises(MissingEntry):
        found.find_submission("toy", "bob")


def test_cells_that_the_notebook_lost_stop_the_push(place):
    place.grade("ann")
    place.push()
    before = place.dump()
    notebook = nbformat.read(place.source, as_version=4)
    notebook.cells.pop()
    place.source.write_text(nbformat.writes(notebook))
    place.checks = place.checks[:-1]
    place.grade("bob")
    with pytest.raises(UserError, match=r"has cells that source/toy/toy\.ipynb does not have: test_"):
        place.push()
    assert place.dump() == before


def test_a_failed_grading_is_open_everywhere(place):
    exercise = place.course.exercise("toy")
    place.save(failed_grade(place.course, exercise, Submission("ann", "toy", "x = 1\n"), Settings(), "a full disk"))
    place.grade("bob")
    place.push()
    with place.gradebook() as found:
        submission = found.find_submission("toy", "ann")
        assert submission.needs_manual_grade
        worth = [grade for grade in submission.notebooks[0].grades if grade.max_score]
        assert worth and all(grade.auto_score is None for grade in worth)
        assert "The grader itself failed" in found.find_comment("grading", "toy", "toy", "ann").comment


def test_comments_are_in_the_records_language(place):
    grade = place.grade("ann", center_values="failed")
    grade.language = "ko"
    place.save(grade)
    place.push()
    with place.gradebook() as found:
        assert "실패" in found.find_comment("test_center_values", "toy", "toy", "ann").comment


# Names


@pytest.mark.parametrize(
    "name, last, first",
    [
        ("Kim, Min Jun", "Kim", "Min Jun"),
        ("Min Jun Kim", "Kim", "Min Jun"),
        ("김민준", "김", "민준"),
        ("김 민준", "김", "민준"),
        ("남궁민수", "남궁", "민수"),
        ("남궁", "남", "궁"),
        ('O\'Brien, "Bo"', "O'Brien", '"Bo"'),
        ("kim-minjun", "kim-minjun", NO_NAME),
        (",", NO_NAME, NO_NAME),
    ],
)
def test_first_and_last_names(name, last, first):
    assert split_name(name) == (last, first)


def test_the_roster_names_the_class(place):
    roster = place.roster(
        "student,id,email,name", 'ann,17,ann@a.org,"Bell, Ann"', 'bob,18,,"O""Neil, Bob"', "carl,19,,=Carl"
    )
    place.grade("ann")
    place.grade("dora")
    place.push()
    with place.gradebook() as found:
        assert (found.find_student("ann").last_name, found.find_student("ann").first_name) == ("ann", NO_NAME)
        found.find_student("dora").first_name = "Dora"
        found.db.commit()
    assert place.push(roster=roster)
    assert "Not on the roster: dora." in place.output
    with place.gradebook() as found:
        rows = {s.id: (s.last_name, s.first_name, s.email, s.lms_user_id) for s in found.students}
    assert rows["ann"] == ("Bell", "Ann", "ann@a.org", "17")
    assert rows["bob"] == ('O"Neil', "Bob", None, "18")
    assert rows["dora"] == ("dora", "Dora", None, None)  # as a person wrote it


def rows_of(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_export_quotes(place):
    roster = place.roster("student,name", 'ann,"Bell, ""A"" Ann, Jr"', "김민준,김민준", "carl,=Carl")
    place.grade("ann")
    place.grade("김민준", total_values="failed")
    place.push(roster=roster)
    path = place.folder / "grades.csv"
    with place.gradebook() as found:
        QuotedCsv(to=str(path)).export(found)
        QuotedCsv(to=str(path.with_name("two.csv")), student=["carl"], assignment=["toy"]).export(found)
    rows = {row["student_id"]: row for row in rows_of(path)}
    assert all(None not in row and None not in row.values() for row in rows.values())  # no column is shifted
    assert (rows["ann"]["last_name"], rows["ann"]["first_name"]) == ("Bell", '"A" Ann, Jr')
    assert (rows["ann"]["score"], rows["ann"]["max_score"]) == ("10.0", "10.0")
    assert (rows["김민준"]["last_name"], rows["김민준"]["raw_score"]) == ("김", "8.0")
    assert (rows["carl"]["last_name"], rows["carl"]["timestamp"], rows["carl"]["score"]) == ("'=Carl", "", "0.0")
    assert [row["student_id"] for row in rows_of(path.with_name("two.csv"))] == ["carl"]


def test_names_that_nbgrader_finds_no_folder_of(place):
    place.grade("ann")
    place.grade("x[1]")
    assert not place.push()
    assert "Left out, as nbgrader finds no folder of such a name" in place.output and "x[1]" in place.output
    members, refused = members_of(["a/b", "con", "..", "n" * 180])
    assert refused == ["n" * 180]
    assert all(set("/\\").isdisjoint(member.id) and not member.id.startswith(".") for member in members.values())


# What a grade comes to in the end: late work, adjustments, resubmissions

DUE = datetime(2026, 11, 20, 15, tzinfo=UTC)
POLICY = Policy(keep="best", rules={"toy": Rules(DUE, Late(share=0.1))})  # a tenth of the maximum for each day


@pytest.fixture
def final(place):
    """The place, with a policy; what is handed in through `handed_in` is so many hours late."""
    place.course = replace(place.course, policy=POLICY)
    return place


def handed_in(place, student, hours, source="x = 1\n", **verdicts):
    grade = place.grade(student, source, **verdicts)
    with Store(place.db) as store:
        at = HandedIn(DUE + timedelta(hours=hours), "timestamps")
        store.hand_in([(student, "toy", grade.source_sha256, at)])


def adjust(place, *words):
    with Store(place.db) as store:
        store.adjust([Adjustment(student, "toy", *rest) for student, *rest in words], "prof")


def exported(place):
    """student -> score, by nbgrader's own exporter."""
    path = place.folder / "grades.csv"
    with place.gradebook() as found:
        CsvExportPlugin(to=str(path)).export(found)
    return {row["student_id"]: float(row["score"]) for row in rows_of(path)}


def test_nbgrader_shows_and_exports_what_counts_in_the_end(final):
    handed_in(final, "intime", -1, center_values="failed")  # 7
    handed_in(final, "late", 30, center_values="failed")  # 7 - 2
    handed_in(final, "lost", 90 * 24)  # all of its points
    handed_in(final, "added", 1, center_values="failed")  # 7 - 1 + 1.5
    handed_in(final, "settled", -1, total_values="grader_error")  # 8 + 1
    handed_in(final, "opened", -1, total_values="grader_error")  # 8 + 0.5, and open
    handed_in(final, "whole", -1, total_values="inconclusive", center_values="failed")  # 4
    handed_in(final, "taken", -1, center_values="failed")  # 7 + 1 - 20: 0
    handed_in(final, "again", -2)  # 10
    handed_in(final, "again", -1, "x = 2\n", center_values="failed")  # 7, so the first counts
    final.grade("ghost", None)  # 4.5, without a file
    adjust(
        final,
        ("added", "test_center_values", 1.5, False, "The text was unclear <b>"),
        ("settled", "test_total_values", 1.0, True, "By hand"),
        ("opened", "test_total_values", 0.5),
        ("whole", "", 4.0, True, "Agreed"),
        ("taken", "", -20.0, False, "Not your own"),
        ("taken", "test_center_values", 1.0),
        ("ghost", "", 4.5, True),
        ("intime", "test_center_values", None, False, "Nearly"),
    )
    final.push()
    with Store(final.db) as store:
        expected = {one.student: one.points for one in standings(store, final.course)}
    assert expected == {
        **{"intime": 7, "late": 5, "lost": 0, "added": 7.5, "settled": 9, "opened": 8.5, "whole": 4},
        **{"taken": 0, "again": 10, "ghost": 4.5},
    }
    assert exported(final) == pytest.approx(expected, abs=1e-6)
    with final.gradebook() as found:
        entry = {one.student_id: one for one in found.assignment_submissions("toy")}
        assert {name: one.late_submission_penalty for name, one in entry.items() if one.late_submission_penalty} == {
            **{"late": 2, "lost": 10, "added": 1},
        }
        assert entry["late"].score == 7, "nbgrader takes the penalty off itself"
        assert entry["late"].timestamp == datetime(2026, 11, 21, 21)
        assert {name for name, one in entry.items() if one.needs_manual_grade} == {"opened"}
        assert found.find_grade("test_center_values", "toy", "toy", "added").auto_score == 1.5
        assert found.find_grade("test_total_values", "toy", "toy", "whole").auto_score is None, (
            "what is open is no zero"
        )
        comment = found.find_comment("test_center_values", "toy", "toy", "added").comment
        assert "5 of 6 values differ" in comment and "+1.5 points. The text was unclear <b>" in comment
        assert all(line.startswith("    ") for line in comment.splitlines())
        assert "Nearly" in found.find_comment("test_center_values", "toy", "toy", "intime").comment
        assert "after it was due" in found.find_comment("grading", "toy", "toy", "late").comment
        assert "Not your own" in found.find_comment("grading", "toy", "toy", "taken").comment


def test_what_is_final_changes_with_the_policy_and_a_manual_score_stays(final):
    handed_in(final, "ann", 30, center_values="failed")
    adjust(final, ("ann", "test_center_values", 2.0), ("ann", "", 1.0))
    final.push()
    assert exported(final) == {"ann": 8}
    before = final.dump()
    final.push()
    assert final.dump() == before
    with final.gradebook() as found:
        grade = found.find_grade("test_center_values", "toy", "toy", "ann")
        grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.5, 0.25, False
        found.find_comment("test_center_values", "toy", "toy", "ann").manual_comment = "Mine"
        found.db.commit()
    before = final.dump()
    final.push()
    assert final.dump() == before, "also where ours is adjusted"
    assert exported(final) == {"ann": 8.75}
    adjust(final, ("ann", "test_center_values"), ("ann", ""))  # taken back
    final.course = replace(final.course, policy=Policy())
    final.push()
    with final.gradebook() as found:
        grade = found.find_grade("test_center_values", "toy", "toy", "ann")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (0, 2.5, True)
        assert found.find_comment("test_center_values", "toy", "toy", "ann").comment == "Mine"
        assert found.find_submission("toy", "ann").late_submission_penalty == 0
    assert exported(final) == {"ann": 9.75}


def test_other_points_in_the_gradebook_scale_what_is_adjusted_and_lost(final):
    handed_in(final, "ann", 1, center_values="failed")
    adjust(final, ("ann", "test_center_values", 1.5), ("ann", "", 0.5))
    final.push()
    with final.gradebook() as found:
        found.find_graded_cell("test_center_values", "toy", "toy").max_score = 13  # was 3: 20 in all
        found.db.commit()
    final.push()
    with final.gradebook() as found:
        assert found.find_grade("test_center_values", "toy", "toy", "ann").auto_score == 6.5
        assert found.find_grade("grading", "toy", "toy", "ann").auto_score == 1
        assert found.find_submission("toy", "ann").late_submission_penalty == 2


def test_a_notebook_without_a_place_for_the_whole_leaves_such_students_out(final):
    notebook = nbformat.read(final.source, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") != "grading"]
    final.source.write_text(nbformat.writes(notebook), encoding="utf-8")
    handed_in(final, "ann", -1)
    handed_in(final, "bob", -1, center_values="failed")
    adjust(final, ("ann", "", -1.0), ("bob", "test_center_values", 1.0))
    assert not final.push()
    assert "has no cell grading for that" in final.output and "ann" in final.output
    assert exported(final) == {"ann": 0, "bob": 8}


# Bad input: a sentence, and nothing changed


def refuses(place, kind, match, **options):
    before = place.files(), place.dump() if (place.folder / "gradebook.db").exists() else None
    with pytest.raises(kind, match=match):
        place.push(**options)
    assert place.files() == before[0]
    if before[1] is not None:
        assert place.dump() == before[1]


def test_no_nbgrader_course(place):
    place.grade("ann")
    (place.folder / "nbgrader_config.py").unlink()
    refuses(place, UserError, "is no nbgrader course: it has no nbgrader_config.py")


def test_a_config_that_does_not_run(place):
    place.grade("ann")
    (place.folder / "nbgrader_config.py").write_text("1 / 0\n")
    refuses(place, UserError, "nbgrader_config.py cannot be read: ZeroDivisionError")


def test_an_empty_store(place):
    with Store(place.db):
        pass
    refuses(place, UserError, "holds no grade of these exercises")


def test_a_roster_of_another_class(place):
    place.grade("ann")
    refuses(
        place, UserError, "None of the 1 students in the store is on the roster", roster=place.roster("student", "zoe")
    )
    refuses(
        place, UserError, "put a name that has a comma in quotes", roster=place.roster("student,name", "ann,Bell, Ann")
    )


def test_a_damaged_source_notebook(place):
    place.grade("ann")
    place.source.write_text('{"cells": 3}')
    refuses(place, UserError, "cannot be used as a source notebook")


def test_a_gradebook_of_another_version(place):
    place.grade("ann")
    place.push()
    with sqlite3.connect(place.folder / "gradebook.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '282d30a0218e'")
    place.grade("bob")
    refuses(place, UserError, "has the schema 282d30a0218e, .*`nbgrader db upgrade`")


def test_a_database_that_is_no_gradebook(place):
    place.grade("ann")
    refuses(place, UserError, "is a database, but no gradebook of nbgrader", gradebook=place.db)
    with Store(place.db) as store:
        assert len(store.records()) == 1
    text = place.folder.parent / "notes.txt"
    text.write_text("no database at all\n" * 100)
    refuses(place, MachineFault, "file is not a database", gradebook=str(text))
    refuses(place, UserError, "Give sqlite:///FILE or postgresql://", gradebook="nonsense://\x00:x")
    refuses(place, UserError, "Give sqlite:///FILE, or postgresql://", gradebook="oracel://host/name")
    refuses(place, MachineFault, "unable to open database file", gradebook=str(place.folder / "no" / "folder.db"))


def test_a_locked_gradebook(place, monkeypatch):
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.1)
    place.grade("ann")
    place.push()
    place.grade("bob")
    other = sqlite3.connect(place.folder / "gradebook.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(MachineFault, match=r"has been locked by another program for 0\.1 s"):
            place.push()
    finally:
        other.close()
    assert not (place.folder / "autograded" / "bob").exists()
    assert place.push()


def test_no_server(place):
    place.grade("ann")
    refuses(place, MachineFault, "cannot be used: .*connection", gradebook="postgresql://nobody@127.0.0.1:9/grades")


def test_notebooks_that_cannot_be_written(place):
    place.grade("ann")
    (place.folder / "autograded").write_text("a file where the folder goes")
    with pytest.raises(UserError, match="The scores are in the gradebook, but a notebook could not be written to"):
        place.push()
    (place.folder / "autograded").unlink()
    assert place.push()
