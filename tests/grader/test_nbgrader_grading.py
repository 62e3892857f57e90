"""The job that `nbgrader autograde` gives away, and what its process makes of it."""

import json

import pytest

from grader.errors import GraderFault
from grader.intake.student import Missing
from grader.nbgrader.autograde import ask
from grader.nbgrader.grading import Job, Request, _student, _submission, _was_stopped, _without_own_cells


def cells(*sources, **facts):
    return [{"cell_type": "code", "source": source, "metadata": {"nbgrader": facts}} for source in sources]


@pytest.fixture
def handed_in(tmp_path):
    """handed_in(cells): the request for such a notebook of the toy exercise."""

    def write(*parts):
        path = tmp_path / "submitted" / "kim" / "toy" / "toy.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"cells": [cell for part in parts for cell in part]}), encoding="utf-8")
        return Request("kim", "toy", str(path))

    return write


def test_a_job_is_read_as_it_was_written(tmp_path):
    job = Job((Request("김민준", "toy", "/a/b.ipynb"), Request("-x", "toy", "c")), "grades.db", "ko", jobs=3)
    job.write(tmp_path)
    assert Job.read(tmp_path) == job


def record(*checks):
    return {"checks": [{"verdict": verdict, "message": message} for verdict, message in checks]}


def test_a_notebook_that_was_stopped():
    assert _was_stopped(record(("error", "line 3"), ("error", "line 3")))
    assert not _was_stopped(record(("error", "line 3"), ("error", "line 4")))
    assert not _was_stopped(record(("error", ""), ("passed", "")))
    assert not _was_stopped(record(("unreadable", "a picture"), ("unreadable", "a picture")))


def test_without_the_students_own_cells(toy_course, handed_in):
    request = handed_in(cells("x = 1", solution=True), cells("raise ValueError"))
    whole = _submission(toy_course, request)
    alone = _without_own_cells(toy_course, request, whole)
    assert "raise ValueError" in whole.source and "raise ValueError" not in alone.source
    assert "A cell of your own stopped the notebook" in alone.notes[0]
    assert alone.student == "kim" and alone.sha256 != whole.sha256


def test_where_nothing_tells_whose_cells_they_are(toy_course, handed_in):
    request = handed_in(cells("raise ValueError"))
    whole = _submission(toy_course, request)
    assert _without_own_cells(toy_course, request, whole) == whole


def test_a_missing_and_an_unreadable_notebook(toy_course, handed_in, tmp_path):
    missing = _submission(toy_course, Request("kim", "toy", str(tmp_path / "toy.ipynb")))
    assert (missing.source, missing.problem, missing.reason) == (None, "missing", "There is no file toy.ipynb.")
    request = handed_in(cells(""))
    assert _submission(toy_course, request).problem == "unreadable"
    link = tmp_path / "link.ipynb"
    link.symlink_to(request.path)
    assert _submission(toy_course, Request("kim", "toy", str(link))).problem == "unreadable"


def test_what_an_exercise_uses_comes_from_this_student_and_nobody_else(tmp_path):
    for student in ("kim", "lee"):
        (tmp_path / student / "dot").mkdir(parents=True)
        (tmp_path / student / "dot" / "dot.py").write_text(f"# {student}'s")
    assert _student("kim", tmp_path / "kim" / "vit" / "vit.ipynb").read("dot.py", 1000)[0] == "# kim's"
    with pytest.raises(Missing):  # another structure of folders: this might be anybody's
        _student("kim", tmp_path / "vit" / "kim" / "vit.ipynb").read("dot.py", 1000)


def test_a_grading_process_that_fails_says_why(toy_course, tmp_path):
    job = Job((Request("kim", "nothing", "x"),), str(tmp_path / "grades.db"), "en", sandbox="none")
    said = []
    with pytest.raises(GraderFault, match="There is no exercise 'nothing'"):
        ask(job, toy_course, said.append)
    assert any("There is no exercise" in line for line in said)
