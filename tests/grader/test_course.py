"""grader/course.py: course.toml, and the twin paths of an exercise."""

import shutil
from pathlib import Path

import pytest

from grader import i18n
from grader.course import find_course, load_course
from grader.errors import UserError

GOOD = """
[course]
id = "c"
version = "1"
title = { en = "C", ko = "ㄷ" }
[[exercise]]
name = "toy"
title = { en = "T", ko = "ㅌ" }
points = 10
"""


@pytest.fixture
def write(tmp_path):
    def make(text):
        path = tmp_path / "exercises" / "course.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
        return path

    return make


def test_a_course_is_read(write, tmp_path):
    course = load_course(write(GOOD + "[exercise.limits]\nmemory_mb = 7\n[exercise.forbidden]\nf = ['numpy.dot']\n"))
    (exercise,) = course.exercises
    assert (course.id, course.version, course.title) == ("c", "1", "C")
    assert (exercise.name, exercise.points, exercise.limits.memory_mb) == ("toy", 10, 7)
    assert exercise.forbidden == {"f": ["numpy.dot"]}
    assert exercise.filename == "toy.py"
    assert exercise.stub_path == tmp_path / "exercises/toy.py"
    assert exercise.visible_path == tmp_path / "exercises/checks/test_toy.py"
    assert exercise.hidden_path == tmp_path / "tests/hidden/test_toy.py"
    assert exercise.reference_path == tmp_path / "solutions/toy.py"
    assert exercise.guide_path("ko") == tmp_path / "exercises/guide/ko/toy.md"
    i18n.set_language("ko")
    assert (course.title, exercise.title) == ("ㄷ", "ㅌ")


LATER = """
[[exercise]]
name = "later"
title = { en = "L", ko = "ㄹ" }
points = 5
uses = ["toy"]
given = ["extra"]
training = "extra"
"""


@pytest.fixture
def later(write, tmp_path):
    """later(): an exercise that uses another one and is given a file, as they are on disk now."""
    for path, text in {
        "solutions/toy.py": "toy = 1\n",
        "solutions/later.py": "import toy\n",
        "exercises/extra.py": "extra = 2\n",
        "tests/hidden/test_later.py": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    path = write(GOOD + LATER)
    return lambda: load_course(path).exercise("later")


def test_an_exercise_may_use_others_and_be_given_files(later):
    exercise = later()
    assert (exercise.uses, exercise.given, exercise.training) == (("toy",), ("extra",), "extra")
    assert exercise.used_references == {"toy": "toy = 1\n"}
    assert exercise.given_sources == {"extra": "extra = 2\n"}
    assert exercise.reference_companions == {"toy": "toy = 1\n", "extra": "extra = 2\n"}


def test_most_exercises_use_nothing(write):
    exercise = load_course(write(GOOD)).exercise("toy")
    assert (exercise.uses, exercise.given, exercise.training) == ((), (), "")
    assert exercise.reference_companions == {}


@pytest.mark.parametrize("path", ["solutions/toy.py", "exercises/extra.py"])
def test_the_version_changes_with_what_an_exercise_uses_and_is_given(later, tmp_path, path):
    before = later().content_hash
    assert later().content_hash == before
    (tmp_path / path).write_text("changed = 3\n")
    assert later().content_hash != before


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "no entry 'course'"),
        (GOOD.replace('version = "1"', ""), "no entry 'version'"),
        (GOOD.replace('name = "toy"', ""), "no entry 'name'"),
        (GOOD.split("[[exercise]]")[0], "no entry 'exercise'"),
        (GOOD.replace('ko = "ㄷ"', ""), "cannot be used|no entry 'ko'"),
        (GOOD.replace('title = { en = "T", ko = "ㅌ" }', 'title = "T"'), "both languages"),
        (GOOD + "[limits]\nmemory = 3\n", "'memory'"),
        (GOOD + "[limits]\nmemory_mb = -3\n", "memory_mb"),
        (GOOD + "[exercise.limits]\nmemory_mb = 'x'\n", "memory_mb"),
        ("[course", "cannot be used"),
        (b"\xff\xfe", "cannot be used"),
        ("course = 3\n", "course.toml"),
        (GOOD.split("[[exercise]]")[0] + "[exercise]\nname = 'toy'\n", "course.toml"),
        (GOOD.replace("points = 10", 'points = "ten"'), "points"),
        (GOOD.replace("points = 10", "points = -1"), "points"),
        (GOOD.replace('name = "toy"', 'name = "../toy"'), "name"),
        ("limits = 3\n" + GOOD, "limits"),
        (GOOD + LATER.replace('"toy"', '"tyo"'), "later uses 'tyo'"),
        (GOOD + LATER.replace('["toy"]', '"toy"'), "uses of later"),
        (GOOD + LATER.replace('["extra"]', '["ex/tra"]'), "given of later"),
        (GOOD + LATER.replace('training = "extra"', 'training = "none"'), "training of later"),
        (GOOD + '[[exercise]]\nname = "toy"\ntitle = { en = "T", ko = "ㅌ" }\npoints = 1\n', "twice"),
    ],
)
def test_a_mistake_in_course_toml_is_one_sentence(write, text, said):
    with pytest.raises(UserError, match=said):
        load_course(write(text))


def test_an_exercise_is_found_by_name_and_others_are_listed(toy_course):
    assert toy_course.exercise("second").name == "second"
    with pytest.raises(UserError, match=r"no exercise 'tyo' .* Choose from: toy, second"):
        toy_course.exercise("tyo")


def test_a_selection_keeps_the_courses_order(toy_course):
    assert [exercise.name for exercise in toy_course.select(["second", "toy"])] == ["toy", "second"]
    assert toy_course.select(None) == toy_course.select([]) == list(toy_course.exercises)
    with pytest.raises(UserError):
        toy_course.select(["toy", "none"])


def test_a_course_is_found_from_any_folder_in_it(toy_course, monkeypatch):
    root = toy_course.root
    for folder in (root, root / "exercises", root / "exercises" / "checks", root / "tests" / "hidden"):
        assert find_course(folder).root == root
    monkeypatch.chdir(root / "solutions")
    assert find_course().root == root


def test_a_course_is_found_by_the_environment(toy_course, monkeypatch, tmp_path):
    monkeypatch.setenv("DOT2VIT_COURSE", str(toy_course.root))
    assert find_course(tmp_path).id == "toys"


def test_without_a_course_anywhere_it_says_where_to_go(tmp_path, monkeypatch):
    import grader.course

    monkeypatch.setattr(grader.course, "__file__", str(tmp_path / "site-packages/grader/course.py"))
    monkeypatch.delenv("DOT2VIT_COURSE", raising=False)
    with pytest.raises(UserError, match="DOT2VIT_COURSE"):
        find_course(tmp_path)


@pytest.mark.parametrize("path", ["solutions/toy.py", "tests/hidden/test_toy.py", "solutions/misconceptions/toy.py"])
def test_the_version_changes_with_whatever_marks_the_exercise(toy_course, tmp_path, path):
    def version():
        course = load_course(tmp_path / "exercises/course.toml")
        return course.version_of(course.exercise("toy"))

    shutil.copytree(toy_course.root, tmp_path, dirs_exist_ok=True)
    before = version()
    assert version() == before
    with open(tmp_path / path, "a") as file:
        file.write("\n")
    assert version() != before


def test_the_version_changes_with_limits_and_points_but_not_with_titles(write):
    def version(text):
        course = load_course(write(text))
        return course.version_of(course.exercise("toy"))

    before = version(GOOD)
    assert version(GOOD.replace('"T"', '"U"')) == before
    assert version(GOOD.replace("points = 10", "points = 11")) != before
    assert version(GOOD + "[exercise.limits]\nmemory_mb = 7\n") != before


def test_the_real_course_can_be_read():
    course = load_course(Path(__file__).parent.parent.parent / "exercises" / "course.toml")
    assert [exercise.name for exercise in course.exercises] == [
        "dot",
        "preprocess",
        "bootstrap",
        "rnn",
        "lstm",
        "gru",
        "attention",
        "self_attention",
        "aggregation",
        "multihead",
        "causal",
        "transformer",
        "vit",
        "capstone",
    ]
    assert all(exercise.points > 0 for exercise in course.exercises)
