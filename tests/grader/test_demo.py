"""grader/demo.py: the class of thirty, as far as it goes without grading it."""

from pathlib import Path

import pytest

from grader import demo
from grader.course import load_course
from grader.errors import UserError

COURSE = load_course(Path(__file__).parent.parent.parent / "exercises" / "course.toml")


@pytest.fixture(scope="module")
def a_class(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "class"
    demo.make_class(COURSE, folder)
    return folder


def test_it_is_a_class_of_thirty(a_class):
    assert len(list(a_class.iterdir())) == 30


def test_it_is_the_same_class_every_time(a_class, tmp_path):
    demo.make_class(COURSE, tmp_path / "class")
    files = {path.relative_to(a_class): path.read_text() for path in a_class.rglob("*.py")}
    again = {path.relative_to(tmp_path / "class"): path.read_text() for path in (tmp_path / "class").rglob("*.py")}
    assert files == again


def test_every_exercise_is_handed_in_right_wrong_and_unfinished(a_class):
    for exercise in demo.chosen(COURSE):
        handed_in = {path.read_text() for path in a_class.glob(f"*/{exercise.filename}")}
        assert exercise.reference_source in handed_in
        assert any("TODO: your code here" in source for source in handed_in)
        assert handed_in & {variant.source for variant in exercise.misconceptions}
        assert handed_in & {variant.source for variant in exercise.alternatives}


def test_two_of_them_are_hostile(a_class):
    sources = [(a_class / student / "attention.py").read_text() for student in demo.HOSTILE_STUDENTS]
    assert len(set(sources)) == 2


def test_an_earlier_demo_is_made_anew_and_any_other_folder_is_left_alone(tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="not empty and no demo of ours"):
        demo._prepare(mine)
    assert (mine / "thesis.txt").read_text() == "years of work"
    demo._prepare(tmp_path / "demo")
    (tmp_path / "demo" / "old").touch()
    demo._prepare(tmp_path / "demo")
    assert [path.name for path in (tmp_path / "demo").iterdir()] == [demo.MARKER]
