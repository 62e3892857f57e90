"""What a record becomes in nbgrader's gradebook."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from nbconvert.exporters import HTMLExporter
from nbgrader.api import Gradebook

from grader.nbgrader.marks import marks_of, quoted, write_marks
from grader.nbgrader.notebooks import SUMMARY


def check(name, verdict="passed", points=0.0, max_points=2.0, message="", **more):
    facts = {"hint": "", "draw_command": "", "speed": None, "title": f"About {name}."}
    return (
        {"name": name, "verdict": verdict, "points": points, "max_points": max_points, "message": message}
        | facts
        | more
    )


def record(*checks, notes=(), output=""):
    return {"checks": list(checks), "notes": list(notes), "output": output}


def test_a_check_that_passed_gets_its_points_and_no_comment():
    mark = marks_of(record(check("test_a", points=2.0)), {"test_a": 2.0})["test_a"]
    assert (mark.score, mark.comment) == (2.0, "")


def test_a_check_that_failed_gets_a_zero_and_says_why():
    failed = check(
        "test_a", "failed", message="30 of 30 values differ", hint="Which axis?", draw_command="grader draw x"
    )
    mark = marks_of(record(failed), {"test_a": 2.0})["test_a"]
    assert mark.score == 0
    assert (
        "30 of 30 values differ" in mark.comment and "→ Which axis?" in mark.comment and "grader draw x" in mark.comment
    )


@pytest.mark.parametrize("verdict", ["inconclusive", "not_graded", "grader_error", "a_verdict_of_tomorrow"])
def test_what_could_not_be_judged_is_for_a_person(verdict):
    mark = marks_of(record(check("test_a", verdict, message="too noisy")), {"test_a": 2.0})["test_a"]
    assert mark.score is None and "too noisy" in mark.comment


def test_a_cell_whose_check_was_not_run_is_for_a_person_too():
    failed = check("grading", "grader_error", max_points=20.0, message="The grader itself failed here")
    marks = marks_of(record(failed), {"test_a": 2.0, SUMMARY: 0.0})
    assert marks["test_a"].score is None and marks["test_a"].comment
    assert "The grader itself failed here" in marks[SUMMARY].comment


def test_points_that_the_course_has_changed_since_are_shared_out():
    assert marks_of(record(check("test_a", points=2.0)), {"test_a": 5.0})["test_a"].score == 5.0


def test_a_case_of_a_parametrised_check_has_a_cell_of_its_own():
    cells = {"test_a-5b-1-5d-": 2.0, "test_a-5b-2-5d-": 2.0}
    marks = marks_of(record(check("test_a[1]", points=2.0), check("test_a[2]", "failed")), cells)
    assert [mark.score for mark in marks.values()] == [2.0, 0.0]


def test_a_hint_is_told_once_and_what_all_checks_say_stands_above_them():
    hinted = [check(name, "failed", message=name, hint="Which axis?") for name in ("test_a", "test_b")]
    marks = marks_of(record(*hinted), {"test_a": 2.0, "test_b": 2.0})
    assert "Which axis?" in marks["test_a"].comment and "Which axis?" not in marks["test_b"].comment
    unreadable = [check(name, "unreadable", message="it is a picture") for name in ("test_a", "test_b")]
    marks = marks_of(record(*unreadable), {"test_a": 2.0, "test_b": 2.0, SUMMARY: 0.0})
    assert "it is a picture" in marks[SUMMARY].comment and "it is a picture" not in marks["test_a"].comment


def test_notes_remarks_and_print_stand_in_the_summary():
    printed = "\n".join(f"line {number}" for number in range(20))
    marks = marks_of(record(check("test_a"), notes=["read as CP949"], output=printed), {SUMMARY: 0.0}, ["put back"])
    comment = marks[SUMMARY].comment
    assert all(text in comment for text in ("read as CP949", "put back", "│ line 9", "10 more lines"))
    assert "line 11" not in comment
    assert "About test_a." in comment, "a check without a cell is told of here"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "$$\n<script>x</script>\n$$",
        "a\n\n- <img src=x onerror=alert(1)>",
        "\\begin{a}<b onload=x>\\end{a}",
        "```\n<script>\n",
        "</code></pre><script>",
        "x\u2028<script>\x85<script>\x0c<script>",
        "[x](javascript:alert(1))",
    ],
)
def test_a_comment_makes_no_html_of_what_a_student_wrote(text):
    html = HTMLExporter().markdown2html({"cell": {}}, quoted(text))
    inside = html.removeprefix("<pre><code>").removesuffix("</code></pre>\n")
    assert len(inside) == len(html) - len("<pre><code></code></pre>\n"), "it is one block of code"
    assert "<" not in inside


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """An empty gradebook: to make one takes nbgrader seconds, as it calls alembic, by its name."""
    path = tmp_path_factory.mktemp("nbgrader") / "gradebook.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        Gradebook(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def gradebook(empty, tmp_path):
    """A gradebook with an assignment of all kinds of cells, and one submission."""
    shutil.copy(empty, tmp_path)
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        book.add_assignment("toy")
        book.add_notebook("toy", "toy")
        for name, points in (("test_a", 2.0), ("test_b", 3.0), (SUMMARY, 0.0)):
            book.add_task_cell(name, "toy", "toy", max_score=points, cell_type="markdown")
        for name, points in (("visible-test_a", 0.0), ("their-own-test", 4.0), ("essay", 5.0)):
            book.add_grade_cell(name, "toy", "toy", max_score=points, cell_type="code")
        book.add_solution_cell("essay", "toy", "toy")
        book.add_student("kim")
        book.add_submission("toy", "kim")
        yield book


def grades_of(book):
    submission = book.find_submission_notebook("toy", "toy", "kim")
    return submission, {grade.name: grade for grade in submission.grades}


@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")  # nbgrader adds a submission so
def test_what_is_written_into_the_gradebook(gradebook):
    submission, grades = grades_of(gradebook)
    write_marks(
        gradebook, submission, record(check("test_a", points=2.0), check("test_b", "inconclusive", max_points=3.0))
    )
    assert (grades["test_a"].auto_score, grades["test_a"].needs_manual_grade) == (2.0, False)
    assert (grades["test_b"].auto_score, grades["test_b"].needs_manual_grade) == (None, True)
    assert (grades["visible-test_a"].auto_score, grades["visible-test_a"].needs_manual_grade) == (0.0, False)
    assert (grades["their-own-test"].auto_score, grades["their-own-test"].needs_manual_grade) == (None, True)
    assert grades["essay"].auto_score is None, "an answer that a person reads is not ours"


@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")  # nbgrader adds a submission so
def test_a_persons_score_and_comment_stay(gradebook):
    submission, grades = grades_of(gradebook)
    grades["test_a"].manual_score = 1.5
    comment = gradebook.find_comment("test_a", "toy", "toy", "kim")
    comment.manual_comment = "Well argued."
    gradebook.db.commit()
    write_marks(gradebook, submission, record(check("test_a", "failed", message="wrong"), check("test_b", points=2.0)))
    assert (grades["test_a"].manual_score, grades["test_a"].score, grades["test_a"].auto_score) == (1.5, 1.5, 0.0)
    assert grades["test_a"].needs_manual_grade, "it is put before the person again"
    assert comment.comment == "Well argued." and "wrong" in comment.auto_comment


@pytest.mark.filterwarnings("ignore:Object of type:sqlalchemy.exc.SAWarning")  # nbgrader adds a submission so
def test_a_notebook_that_is_no_exercise_is_left_to_people(gradebook):
    submission, grades = grades_of(gradebook)
    write_marks(gradebook, submission, None)
    assert (grades["their-own-test"].auto_score, grades["their-own-test"].needs_manual_grade) == (None, True)
