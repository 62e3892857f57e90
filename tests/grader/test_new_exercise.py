"""grader/new_exercise.py: a new exercise is files and an entry in course.toml, and nothing in the grader knows its name."""

import ast
import shutil
from pathlib import Path

import pytest

from grader import new_exercise as module
from grader.course import load_course
from grader.errors import GraderFault, UserError
from grader.new_exercise import new_exercise
from grader.placeholders import PLACEHOLDER, written_files
from grader.sync import generate, write
from grader.verify import verify

FILLED = Path(__file__).parent / "filled_exercise"
PROJECT = Path(__file__).parent.parent.parent
CONTENT = ("pictures", "experiments", "inputs")  # folders of the grader that hold what belongs to single exercises


def snapshot(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and ".pyc" not in path.name}


def reloaded(course):
    return load_course(course.root / "exercises" / "course.toml")


@pytest.mark.parametrize(
    "name", ["toy", "second", "1st", "two words", "a-b", "class", "", "_x", "한글", "math", "torch"]
)
def test_a_name_that_cannot_be_used_changes_nothing(own_course, name):
    before = snapshot(own_course.root)
    with pytest.raises(UserError, match="othing was changed"):
        new_exercise(own_course, name, "T", "티")
    assert snapshot(own_course.root) == before


def test_a_file_that_is_there_already_is_left_alone(own_course):
    guide = own_course.root / "exercises" / "guide" / "ko" / "scale.md"
    guide.write_text("mine")
    before = snapshot(own_course.root)
    with pytest.raises(UserError, match="is there already"):
        new_exercise(own_course, "scale", None, None)
    assert snapshot(own_course.root) == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), GraderFault("no recording")])
def test_what_fails_half_way_is_taken_back(own_course, monkeypatch, error):
    def fail(exercise):
        raise error

    before = snapshot(own_course.root)
    monkeypatch.setattr(module, "generate", fail)
    with pytest.raises(UserError, match="could not be laid out"):
        new_exercise(own_course, "scale", None, None)
    assert snapshot(own_course.root) == before


def test_the_course_file_keeps_its_comments_and_its_order(own_course):
    course_file = own_course.root / "exercises" / "course.toml"
    course_file.write_text("# The head.\n" + course_file.read_text() + "\n# The end.\n\n")
    before = course_file.read_text().rstrip()
    new_exercise(own_course, "scale", 'A "scale" \\ of one', "배율")
    assert course_file.read_text().startswith(before)
    course = reloaded(own_course)
    assert [exercise.name for exercise in course.exercises] == ["toy", "second", "scale"]
    scale = course.exercise("scale")
    assert (scale.title_en, scale.title_ko) == ('A "scale" \\ of one', "배율")


def test_every_placeholder_is_a_problem_and_nothing_else_is_but_too_few_variants(own_course):
    new_exercise(own_course, "scale", None, None)
    course = reloaded(own_course)
    scale = course.exercise("scale")
    said = verify(course, [scale], 1, None).all_problems
    for path in written_files(scale):
        lines = [line for line in path.read_text().splitlines() if PLACEHOLDER in line]
        assert lines, path
        place = path.relative_to(course.root).as_posix()
        assert sum(f"{place}, line " in problem for problem in said) == len(lines)
    assert sum("exercises/course.toml" in problem for problem in said) == 2
    others = [problem for problem in said if PLACEHOLDER not in problem]
    assert len(others) == 2
    assert "misconceptions" in others[0]
    assert "alternatives" in others[1]


def test_an_exercise_that_is_filled_in_is_sound_without_a_line_of_the_grader(own_course):
    new_exercise(own_course, "scale", "Scale", "배율")
    shutil.copytree(FILLED, own_course.root, dirs_exist_ok=True)
    course = reloaded(own_course)
    scale = course.exercise("scale")
    write(scale, generate(scale))
    verification = verify(course, [scale], 2, None)
    assert verification.all_problems == []
    assert [row.kind for row in verification.rows].count("misconception") == 8


def test_the_fixture_fills_every_file_that_is_laid_out(own_course):
    written = new_exercise(own_course, "scale", "Scale", "배율")
    generated = reloaded(own_course).exercise("scale")
    by_hand = set(written) - {generated.stub_path, generated.recording_path}
    assert by_hand == {own_course.root / path.relative_to(FILLED) for path in FILLED.rglob("scale.*")} | {
        own_course.root / path.relative_to(FILLED) for path in FILLED.rglob("test_scale.py")
    }


def test_the_command(own_course, run_grader):
    done = run_grader("new-exercise", "scale", "--title-en", "Scale", "--title-ko", "배율", cwd=own_course.root)
    assert done.returncode == 0, done.stderr
    for path in done.stdout.splitlines()[:10]:
        assert (own_course.root / path).is_file()
    again = run_grader("new-exercise", "scale", cwd=own_course.root)
    assert again.returncode == 2
    assert "There is an exercise scale already" in again.stderr


def names_in(path, names):
    """Strings in a module that are nothing but exercises' names, alone or in a row, or those of their files."""
    wanted = {*names, *(f"{name}.py" for name in names)}
    strings = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    return [text for text in strings if isinstance(text, str) and text.split() and wanted.issuperset(text.split())]


def test_the_grader_knows_no_exercise_by_its_name():
    course = load_course(PROJECT / "exercises" / "course.toml")
    names = [exercise.name for exercise in course.exercises]
    modules = [
        path
        for path in (PROJECT / "grader").rglob("*.py")
        if not set(path.relative_to(PROJECT / "grader").parts[:-1]) & set(CONTENT)
    ]
    assert len(modules) > 30
    found = {path.name: texts for path in modules if (texts := names_in(path, names))}
    assert found == {}


def test_the_search_for_names_finds_them(tmp_path):
    (tmp_path / "m.py").write_text('"""About attention."""\nx = "attention"\ny = open("gru.py")\nz = "rnn gru"\n')
    assert names_in(tmp_path / "m.py", ["attention", "gru", "rnn"]) == ["attention", "rnn gru", "gru.py"]
