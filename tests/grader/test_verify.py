"""grader/verify.py: the author's gate. Each test breaks one thing of a sound course, which must be seen."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from grader import verify as verify_module
from grader.course import load_course
from grader.errors import UserError
from grader.reports.verification import verification_table
from grader.sync import generate, write
from grader.verify import merged, verify, verify_part
from grader.verify_jobs import shares_of, verify_in_processes
from grader.verify_rows import Row, Verification

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


def test_hints_that_are_missing_or_incomplete(problems):
    problems.edit("exercises/hints/toy.toml", "[total]", "[totals]")
    assert "toy: exercises/hints/toy.toml has no steps for total" in problems()
    (problems.root / "exercises/hints/toy.toml").unlink()
    assert "toy: there are no hints exercises/hints/toy.toml" in problems(sync=False)


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


# Several seeds


def test_a_source_has_one_row_with_its_worst_points_over_all_seeds(own_course):
    rows = verify(own_course, [own_course.exercise(TOY)], 3, None).rows
    assert len(rows) == 16
    assert all(len(row.points_by_seed) == len(row.names_by_seed) == 3 for row in rows)
    stub, reference = Row(TOY, "stub", TOY), Row(TOY, "misconception", "toy-x")
    stub.points_by_seed = reference.points_by_seed = [1.0, 3.0, 2.0]
    assert (stub.points, reference.points) == (1.0, 3.0)


def test_more_seeds_load_what_marks_the_exercise_once(own_course, monkeypatch):
    loaded = []
    marking = verify_module.Marking
    monkeypatch.setattr(verify_module, "Marking", lambda exercise: loaded.append(exercise.name) or marking(exercise))
    verify(own_course, [own_course.exercise(TOY)], 3, None)
    assert loaded == [TOY]


def test_a_misconception_that_survives_under_some_seeds_is_told_with_them(problems):
    problems.edit(
        "tests/hidden/test_toy.py",
        "assert_close(student.total(values), reference.total(values))",
        "if draw.rng.random() < 0.5:\n        assert_close(student.total(values), reference.total(values))\n"
        "    else:\n        student.total(values)",
    )
    survived = [said for said in problems(seeds=4) if said.endswith("keeps full marks")]
    assert survived
    assert all(said.startswith("toy, misconception toy-") and ": seed" in said for said in survived)


def verification(*names_by_seed):
    rows = [
        Row(TOY, "misconception", f"toy-{n}", [0.0] * len(names), 1.0, list(names))
        for n, names in enumerate(names_by_seed)
    ]
    return Verification(rows)


def test_a_misconception_may_be_missed_under_a_seed_but_the_course_must_name_19_of_20():
    rightly = [[f"toy-{n}"] * 20 for n in range(19)]
    enough = verification(*rightly, [""] * 20)
    assert (enough.named, enough.runs, enough.all_problems) == (380, 400, [])
    short = verification(*rightly[:-1], ["toy-18"] * 19 + ["toy-3, toy-18"], [""] * 20)
    assert short.all_problems == ["misconceptions are named in 379 of 400 runs, 95% needed"]


def test_the_table_says_how_often_a_misconception_was_named():
    text = table_of(verification(["toy-0"] * 20, ["toy-1"] * 18 + ["toy-0", ""]))
    assert "named 20/20" in text
    assert "named 18/20; else 0, nothing" in text


def table_of(verified):
    console = Console(file=io.StringIO(), width=120)
    console.print(verification_table(verified))
    return console.file.getvalue()


# Inputs and placeholders


def test_a_check_that_names_a_command_without_inputs(problems):
    problems.edit("exercises/inputs/toy.py", "def total", "def _total")
    said = problems()
    assert "exercises/inputs/toy.py has no kind of input for total" in said
    named = "test_total_values tells to run `grader draw toy total`, for which there is no input"
    assert f"toy, misconception toy-no-square: {named}" in said


def test_a_kind_that_there_is_not(problems):
    problems.edit("tests/hidden/test_toy.py", '@check(points=2, ko="total', '@check(points=2, kind="huge", ko="total')
    named = "test_total_values tells to run `grader draw toy total --kind huge`, for which there is no input"
    assert f"toy, misconception toy-no-square: {named}" in problems()


def test_a_placeholder_is_named_with_its_file_and_line(problems):
    problems.edit("solutions/alternatives/toy.py", '"""Not contiguous."""', '"""PLACEHOLDER: a way."""')
    problems.edit("exercises/course.toml", "A toy", "PLACEHOLDER toy")
    said = problems()
    assert "toy: solutions/alternatives/toy.py, line 19, still holds a PLACEHOLDER: a way." in said
    assert "toy: exercises/course.toml still holds a PLACEHOLDER for its title" in said


# Several processes


def in_parts(course, seeds, parts):
    toy = course.exercise(TOY)
    return merged([toy], [[verify_part(course, toy, seeds, None, part, parts) for part in range(parts)]])


@pytest.mark.parametrize("parts", [3, 16])
def test_an_exercise_in_parts_is_verified_as_in_one(own_course, parts):
    """Part by part other sources stand beside each one; what it earned, is called and what is wrong must not change."""
    hidden = own_course.exercise(TOY).hidden_path
    text = hidden.read_text()
    hidden.write_text(
        text.replace("assert_close(student.total(values), reference.total(values))", "student.total(values)")
    )
    own_course.exercise(TOY).guide_path("ko").unlink()
    whole = verify(own_course, [own_course.exercise(TOY)], 2, None)
    assert any("keeps full marks" in problem for problem in whole.all_problems)
    assert any("there is no guide" in problem for problem in whole.all_problems)
    split = in_parts(own_course, 2, parts)
    assert split == whole
    assert split.all_problems == whole.all_problems


@pytest.mark.parametrize("parts", [1, 2])
def test_a_fault_leaves_no_rows_and_is_told_once(own_course, parts):
    own_course.exercise(TOY).hidden_path.write_text("1 / 0\n")
    verification = in_parts(own_course, 1, parts)
    assert verification.rows == []
    (problem,) = [said for said in verification.problems if "could not be run" in said]
    assert problem == "toy: the checks in test_toy.py could not be run (pytest exit 2)"


def test_a_fault_of_one_part_alone_leaves_no_rows_either(own_course, monkeypatch):
    toy = own_course.exercise(TOY)
    parts = [verify_part(own_course, toy, 1, None, part, 2) for part in range(2)]
    parts[1] = replace(parts[1], rows=[], fault="toy: it ended")
    assert merged([toy], [parts]) == Verification(problems=["toy: it ended"])


def test_what_trains_is_shared_by_all_processes_and_comes_first(toy_course):
    toy, second = toy_course.exercise(TOY), toy_course.exercise("second")
    training = replace(second, training="tasks")

    def shares(jobs):
        return [(share.exercise.name, share.part, share.parts) for share in shares_of([second, toy], jobs)]

    assert shares(2) == [(TOY, 0, 1), ("second", 0, 1)]
    second, toy = toy, training
    assert shares(1) == [("second", 0, 1), (TOY, 0, 1)]
    assert shares(2) == [("second", 0, 2), ("second", 1, 2), (TOY, 0, 1)]
    assert shares(64) == [("second", 0, 2), ("second", 1, 2), (TOY, 0, 1)]  # it has two sources only


def test_processes_that_share_an_exercise_find_what_one_finds(own_course):
    exercises = [replace(own_course.exercise(TOY), training="tasks"), own_course.exercise("second")]
    assert [share.parts for share in shares_of(exercises, 2)] == [2, 2, 1]
    whole = verify(own_course, exercises, 1, None)
    assert len(whole.rows) == 18
    assert verify_in_processes(own_course, exercises, 1, "import", 2) == whole


def test_a_long_run_can_be_split_by_its_first_seed(toy_course):
    whole = verify(toy_course, [toy_course.exercise("toy")], 3, None)
    rest = verify(toy_course, [toy_course.exercise("toy")], 2, None, first_seed=1)
    assert [row.points_by_seed for row in rest.rows] == [row.points_by_seed[1:] for row in whole.rows]
    assert [row.names_by_seed for row in rest.rows] == [row.names_by_seed[1:] for row in whole.rows]


def test_what_lost_marks_is_not_trained_as_well(problems, tmp_path):
    """A training takes long and names nothing: of the misconceptions only those have one that nothing else has caught."""
    problems.edit(
        "tests/hidden/test_toy.py",
        '@check(points=2, ko="total은 제곱의 합이에요.")',
        '@check(points=2, cpu_s=60, diagnosed=False, ko="total은 제곱의 합이에요.")',
    )
    problems.edit("tests/hidden/test_toy.py", "values = draw.array(5)", "values = draw.array(5)\n    note_a_training()")
    log = tmp_path / "log"
    log.touch()
    with open(problems.root / "tests/hidden/test_toy.py", "a") as file:
        file.write(f"\n\ndef note_a_training():\n    with open({str(log)!r}, 'a') as log:\n        log.write('.')\n")
    course = load_course(problems.root / "exercises" / "course.toml")
    toy = replace(course.exercise(TOY), training="tasks")
    verified = verify(course, [toy], 1, None)
    of_total = [variant.id for variant in toy.misconceptions if "total" in variant.replaces]
    trained = 2 + len(toy.alternatives) + len(of_total)  # stub and reference
    assert len(of_total) >= 2 and len(log.read_text()) == trained
    assert all(row.max_points == 10 for row in verified.rows)
    assert {row.id for row in verified.rows if row.is_misconception and row.points == 8} >= set(of_total)
    assert not any("keeps full marks" in problem for problem in verified.all_problems)
    others = [row.points for row in verified.rows if row.is_misconception and row.id not in of_total]
    assert all(2 <= points < 10 for points in others)  # what they may have kept


def test_checks_that_all_train_are_tried_on_everything(problems):
    hidden = problems.root / "tests/hidden/test_toy.py"
    hidden.write_text(hidden.read_text().replace("@check(", "@check(cpu_s=60, diagnosed=False, "))
    course = load_course(problems.root / "exercises" / "course.toml")
    verified = verify(course, [replace(course.exercise(TOY), training="tasks")], 1, None)
    rows = [row for row in verified.rows if row.is_misconception]
    assert rows and all(row.points < row.max_points == 10 for row in rows)
