"""`grader nbgrader init`: what is laid out, and what is left alone."""

import subprocess
import sys

import nbformat
import pytest

from grader.course import find_course
from grader.errors import UserError
from grader.nbgrader.course import CONFIG, init


def tree(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_new_course(toy_course, tmp_path):
    folder = tmp_path / "course"
    written = init(toy_course, toy_course.select(["toy"]), folder)
    assert tree(folder) == {CONFIG, "source/toy/toy.ipynb"}
    assert {path.relative_to(folder).as_posix() for path in written} == tree(folder)
    nbformat.validate(nbformat.read(folder / "source" / "toy" / "toy.ipynb", 4))
    config = (folder / CONFIG).read_text(encoding="utf-8")
    assert f"c.SandboxGrades.course = {str(toy_course.root)!r}" in config
    assert f"c.CourseDirectory.course_id = {toy_course.id!r}" in config


def test_exercises_can_be_added_and_nothing_is_overwritten(toy_course, tmp_path):
    init(toy_course, toy_course.select(["toy"]), tmp_path)
    (tmp_path / CONFIG).write_text((tmp_path / CONFIG).read_text() + "# mine\n")
    init(toy_course, toy_course.select(["second"]), tmp_path)
    assert {"source/toy/toy.ipynb", "source/second/second.ipynb"} < tree(tmp_path)
    assert (tmp_path / CONFIG).read_text().endswith("# mine\n")
    with pytest.raises(UserError, match="has toy already"):
        init(toy_course, toy_course.select(["toy"]), tmp_path)


def test_somebody_elses_folder_is_left_alone(toy_course, tmp_path):
    (tmp_path / CONFIG).write_text("c = get_config()\n")
    with pytest.raises(UserError, match="was not made by this command"):
        init(toy_course, toy_course.select(["toy"]), tmp_path)
    assert tree(tmp_path) == {CONFIG}


def test_a_folder_that_cannot_be_made_is_a_sentence(toy_course, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"The course could not be written to .*Not a directory"):
        init(toy_course, toy_course.select(["toy"]), tmp_path / "file" / "course")


def test_what_an_exercise_is_given_lies_beside_its_notebook(tmp_path):
    course = find_course()
    init(course, [course.exercise("capstone")], tmp_path)
    assert {"source/capstone/parts.py", "source/capstone/tasks.py"} < tree(tmp_path)


def test_the_config_ends_in_a_sentence_where_dot2vit_is_missing(toy_course, tmp_path):
    init(toy_course, toy_course.select(["toy"]), tmp_path)
    code = f"get_config = None; exec(open({str(tmp_path / CONFIG)!r}).read())"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "which this Python does not have" in done.stderr
    assert "Traceback" not in done.stderr
