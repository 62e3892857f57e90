"""grader/verify.py: the author's gate. Each test breaks one thing of a sound course, which must be seen."""

import pytest

from grader.course import load_course
from grader.errors import UserError
from grader.sync import generate, write
from grader.verify import verify

TOY = "toy"


@pytest.fixture
def problems(own_course):
    """problems(): what verify says of the toy as it is on disk now; problems.edit(path, old, new) changes it."""

    def run(sync=True, seeds=1):
        course = load_course(own_course.root / "exercises" / "course.toml")
        toy = course.exercise(TOY)
        if sync:
            write(toy, generate(toy))
            course = load_course(own_course.root / "exercises" / "course.toml")
        return verify(course, [course.exercise(TOY)], seeds, None).all_problems

    def edit(path, old, new):
        file = own_course.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    run.edit = edit
    run.root = own_course.root
    return run


def test_a_sound_exercise_has_no_problem(problems):
    assert problems(sync=False, seeds=3) == []


def test_every_source_has_a_row(own_course):
    rows = verify(own_course, [own_course.exercise(TOY)], 1, None).rows
    assert [row.kind for row in rows] == ["stub", "reference", *["alternative"] * 6, *["misconception"] * 8]
    assert [row.points for row in rows[:3]] == [0, 10, 10]


def test_it_also_runs_in_the_sandbox(own_course, bwrap_server):
    rows = verify(own_course, [own_course.exercise(TOY)], 1, bwrap_server).rows
    assert [problem for row in rows for problem in row.problems] == []


def test_a_check_that_a_misconception_survives(problems):
    problems.edit(
        "tests/hidden/test_toy.py",
        "assert_close(student.total(values), reference.total(values))",
        "student.total(values)",
    )
    said = problems()
    assert "toy, misconception toy-no-square: seed 0: keeps full marks" in said
    assert "toy, misconception toy-mean-square: seed 0: keeps full marks" in said


def test_a_check_that_an_alternative_fails(problems):
    problems.edit("tests/hidden/test_toy.py", "    assert_close(student.total(values), reference.total(values))",
                  "    assert student.transcript == []\n    assert_close(student.total(values), reference.total(values), tolerance=1e-30)")  # fmt: skip
    problems.edit("solutions/alternatives/toy.py", "np.square(values).sum()", "np.square(values).sum() + 1e-13")
    assert any("alternative toy-square: seed 0: loses marks in test_total_values" in problem for problem in problems())


def test_a_stub_that_earns_something(problems):
    problems.edit(
        "tests/hidden/test_toy.py", "student.center(draw.tensor(2, 3), 1)\n    assert_unchanged(student)", "pass"
    )
    problems.edit(
        "tests/hidden/test_toy.py",
        'points=1, needs="test_center_values", ko="center는 입력',
        'points=1, ko="center는 입력',
    )
    assert "toy, stub toy: a check does not say that the stub is not started" in problems()


def test_two_misconceptions_that_answer_alike(problems):
    problems.edit("solutions/misconceptions/toy.py", "return x - x.mean()", "return x.clone()")
    assert any("toy-one-mean: seed 0: is called toy-not-centered" in problem for problem in problems())


def test_a_misconception_that_passes_the_visible_checks(problems):
    problems.edit(
        "exercises/checks/test_toy.py",
        "assert_close(student.total(values), reference.total(values))",
        "student.total(values)",
    )
    assert "toy, misconception toy-no-square: passes all visible checks" in problems()


def test_a_reference_that_fails_its_hidden_checks(problems):
    problems.edit("tests/hidden/test_toy.py", "reference.total(values))", "reference.total(values) + 1)")
    assert any("reference toy: seed 0: loses marks in test_total_values" in problem for problem in problems())


def test_points_that_do_not_sum_up(problems):
    problems.edit("tests/hidden/test_toy.py", "points=3", "points=4")
    assert any("its checks have 11 points, course.toml says 10" in problem for problem in problems())


def test_an_id_that_is_used_twice(problems):
    problems.edit("solutions/alternatives/toy.py", '"toy-square"', '"toy-no-square"')
    assert "toy: the id toy-no-square is used twice" in problems()


def test_too_few_variants(problems):
    problems.edit("solutions/alternatives/toy.py", '@alternative("toy-square", replaces="total")\n', "")
    assert "toy has 5 alternatives, 6 needed" in problems()


def test_a_hint_that_is_missing_in_a_language(problems):
    problems.edit("solutions/misconceptions/toy.py", ', ko="평균은요?"', "")
    assert "toy: toy-not-centered lacks its hint in English or Korean, or what it breaks" in problems()


def test_a_guide_that_is_missing(problems):
    (problems.root / "exercises/guide/ko/toy.md").unlink()
    assert "toy: there is no guide exercises/guide/ko/toy.md" in problems()


def test_what_is_out_of_step(problems):
    problems.edit("solutions/toy.py", "The sum of the squares.", "The sum of all squares.")
    assert problems(sync=False) == ["exercises/toy.py is not the stub of its reference: run `grader sync toy`"]


@pytest.mark.parametrize("path", ["tests/hidden/test_toy.py", "exercises/checks/test_toy.py"])
def test_a_file_that_is_missing(problems, path):
    (problems.root / path).unlink()
    said = problems(sync=False)
    assert said
    assert any("toy" in problem for problem in said)


def test_a_students_tree_is_told_that_it_is_one(problems):
    (problems.root / "solutions/toy.py").unlink()
    with pytest.raises(UserError, match="without the solutions"):
        problems(sync=False)


def test_a_variant_that_does_not_load(problems):
    problems.edit("solutions/misconceptions/toy.py", "return values.sum()", "return values.sum()\n\n\n1 / 0")
    said = problems(sync=False)
    assert any("does not load: ZeroDivisionError" in problem for problem in said)
