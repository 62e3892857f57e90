"""grader/inputs.py and exercises/inputs: what `grader draw` may draw."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.course import load_course
from grader.errors import GraderFault, UserError
from grader.inputs import Named, Rng, draw_inputs, load_inputs
from grader.reports.trials import literal
from grader.verify_inputs import draw_commands, input_problems, to_be_written

COURSE = load_course(Path(__file__).parent.parent.parent / "exercises" / "course.toml")


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_every_function_has_kinds_that_the_reference_answers_or_refuses_as_documented(exercise):
    assert input_problems(exercise) == []
    for generator in load_inputs(exercise.inputs_path).values():
        assert len(draw_inputs(generator, exercise.name, "0")) >= 3


def arrays(value):
    if isinstance(value, torch.Tensor | np.ndarray):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else []
    return [found for part in parts for found in arrays(part)]


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_what_is_printed_is_what_is_given_strides_and_all(exercise):
    for name, generator in load_inputs(exercise.inputs_path).items():
        for given in draw_inputs(generator, exercise.name, "7"):
            for value in arrays([given.arguments, given.on or {}]):
                pasted = eval(literal(value, limit=None), {"torch": torch, "np": np})
                assert (type(pasted), pasted.shape, pasted.dtype) == (type(value), value.shape, value.dtype), name
                assert np.array_equal(np.asarray(pasted), np.asarray(value)), (name, given.kind.id)
                if isinstance(value, torch.Tensor):
                    assert pasted.is_contiguous() == value.is_contiguous()
                else:
                    assert pasted.flags.c_contiguous == value.flags.c_contiguous


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_a_kind_that_says_so_is_not_contiguous_and_float32(exercise):
    drawn = [g for f in load_inputs(exercise.inputs_path).values() for g in draw_inputs(f, exercise.name, "0")]
    for given in drawn:
        values = arrays([given.arguments, given.on or {}])
        if given.kind.id == "not-contiguous":
            assert any(not (v.is_contiguous() if isinstance(v, torch.Tensor) else v.flags.c_contiguous) for v in values)
        if given.kind.id == "float32":
            floats = [v for v in values if "float" in str(v.dtype)]
            assert floats
            assert all("float32" in str(v.dtype) for v in floats)


def test_a_seed_draws_the_same_and_another_seed_another(toy):
    center = load_inputs(toy.inputs_path)["center"]
    first, again, other = (draw_inputs(center, "toy", seed)[0].arguments["x"] for seed in ("0", "0", "1"))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    "value, text",
    [
        (Rng(3), "np.random.default_rng(3)"),
        (Named("numpy.linalg.norm"), "np.linalg.norm"),
        ((2, 3), "(2, 3)"),
        ("relu", "'relu'"),
        (None, "None"),
        (np.float64(0.5), "0.5"),
    ],
)
def test_what_is_no_array_is_python_too(value, text):
    assert literal(value) == text


def test_a_large_array_is_not_printed():
    assert "300 values" in literal(torch.zeros(300))


@pytest.fixture
def inputs_of(own_course):
    """inputs_of(text): the problems of the toy with these inputs; None deletes the file."""

    def problems(text):
        exercise = own_course.exercise("toy")
        exercise.inputs_path.unlink()
        if text is not None:
            exercise.inputs_path.write_text("from grader.inputs import ORDINARY, Kind, build, call\n" + text)
        return input_problems(exercise)

    return problems


WHOLE = """
def center(draw):
    yield call(ORDINARY, x=draw.tensor(2, 3), dim=1)
def total(draw):
    yield call(ORDINARY, values=draw.array(4))
def Affine(draw):
    yield build(ORDINARY, width=2).on(x=draw.tensor(3, 2, dtype="float32"))
"""


@pytest.mark.parametrize(
    "text, problem",
    [
        (WHOLE, None),
        (None, "no kinds of input"),
        ("1 / 0", "ZeroDivisionError"),
        (WHOLE.replace("def total", "def _total"), "no kind of input for total"),
        (WHOLE.replace("def total", "def total(draw):\n    return\n    yield\ndef _total"), "no kind of input for total"),
        (WHOLE.replace("draw.array(4)", "draw.nothing()"), "cannot draw for total"),
        (WHOLE.replace("draw.array(4)", "'text'"), "total · ordinary: the reference does not answer"),
        (WHOLE.replace("dim=1", "dim=5"), "center · ordinary: the reference does not answer"),
        (
            WHOLE.replace("call(ORDINARY, v", "call(Kind('k', 'k', 'ㅋ', ValueError), v"),
            "total · k: the reference does not raise ValueError",
        ),
        (WHOLE.replace("call(ORDINARY, v", "call(Kind('k', 'k', ''), v"), "lacks its text in English or Korean"),
        (WHOLE + "    yield build(ORDINARY, width=1).on(x=draw.tensor(1))", "Affine · ordinary: the kind is used twice"),
    ],
)  # fmt: skip
def test_what_verify_says_of_inputs(inputs_of, text, problem):
    problems = inputs_of(text)
    assert (problems == []) if problem is None else any(problem in said for said in problems), problems


def test_only_what_a_student_writes_needs_inputs(toy):
    given = (
        "\n\ndef ready_made(x):\n    return x\n\n\ndef _helper():\n    # BEGIN SOLUTION\n    pass\n    # END SOLUTION\n"
    )
    extended = dataclasses.replace(toy)
    extended.__dict__["reference_source"] = toy.reference_source + given
    assert to_be_written(extended) == ["center", "total", "Affine"]


def test_every_command_that_a_check_may_name(toy):
    commands = draw_commands(toy)
    assert {"grader draw toy Affine", "grader draw toy center", "grader draw toy center --kind scalar"} <= commands
    assert "grader draw toy total --kind scalar" not in commands


def test_inputs_that_cannot_be_drawn_are_a_fault_of_the_course(toy):
    def broken(draw):
        yield draw.nothing()

    with pytest.raises(GraderFault, match="cannot draw for broken"):
        draw_inputs(broken, "toy", "0")


def test_an_exercise_without_inputs_says_so(tmp_path):
    with pytest.raises(UserError, match="no kinds of input"):
        load_inputs(tmp_path / "none.py")
