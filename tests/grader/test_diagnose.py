"""grader/diagnose.py: which misconception answers as the student did?"""

from types import SimpleNamespace

import pytest
import torch

from grader.checks import assert_close
from grader.diagnose import CodeDiagnosis, RecordedDiagnosis, same_step
from grader.draw import Draw
from grader.sandbox.inside.fault import Fault
from grader.sandbox.inside.protocol import ModuleRef
from grader.sandbox.inside.session import Outcome
from grader.subject import Step, Subject, load_reference
from grader.variants import Variant


def step(value=None, fault=None, mutated=(), name="f"):
    return Step("call", name, Outcome(value, fault, mutated))


@pytest.mark.parametrize(
    "a, b",
    [
        (step(torch.ones(2)), step(torch.ones(2) + 1e-9)),
        (step(ModuleRef(1)), step(ModuleRef(9))),
        (
            step(fault=Fault("raised", "ValueError", "no")),
            step(fault=Fault("raised", "ValueError", "no", types=("Exception",))),
        ),
        (step(1, mutated=("f:1", "f:2")), step(1, mutated=("f:2", "f:1"))),
    ],
)
def test_steps_with_the_same_outcome_are_the_same(a, b):
    assert same_step(a, b)


@pytest.mark.parametrize(
    "a, b",
    [
        (step(torch.ones(2)), step(torch.zeros(2))),
        (step(torch.ones(2)), step(torch.ones(2, dtype=torch.float64))),
        (step(1), step(1, name="g")),
        (step(1), step(fault=Fault("raised", "ValueError"))),
        (step(fault=Fault("raised", "KeyError")), step(fault=Fault("raised", "ValueError"))),
        (step(fault=Fault("not_started", "X")), step(fault=Fault("raised", "X"))),
        (step(1, mutated=("f:1",)), step(1)),
    ],
)
def test_steps_with_another_outcome_are_not(a, b):
    assert not same_step(a, b)


def named(exercise, source, test):
    """What CodeDiagnosis says to a source's failure of a check, with inputs of a fixed key."""
    reference = load_reference(exercise.reference_source, exercise.name)

    def run(subject):
        test(subject, Subject(reference), Draw(1))

    student = Subject(load_reference(source, exercise.name))
    with pytest.raises(Exception):  # noqa: B017 -- whatever the check says
        run(student)
    return CodeDiagnosis(exercise).candidates("test_x", student.transcript, run)


def check_center(student, reference, draw):
    x = draw.tensor(2, 3)
    assert_close(student.center(x, 1), reference.center(x, 1))


def check_affine(student, reference, draw):
    x = draw.tensor(3, 4, dtype="float32")
    mine, theirs = student.Affine(4), reference.Affine(4)
    state = draw.state(theirs)
    mine.load_state_dict(state)
    theirs.load_state_dict(state)
    assert_close(mine(x), theirs(x))


@pytest.mark.parametrize("id", ["toy-not-centered", "toy-one-mean", "toy-adds-mean"])
def test_a_misconception_is_named_by_its_answers(toy, id):
    source = next(variant.source for variant in toy.misconceptions if variant.id == id)
    assert named(toy, source, check_center) == [id]


def test_a_mistake_of_ones_own_is_not_named(toy):
    assert named(toy, toy.reference_source + "\ndef center(x, dim): return x * 17", check_center) == []


def test_a_mistake_in_a_class_is_named(toy):
    source = next(variant.source for variant in toy.misconceptions if variant.id == "toy-no-bias")
    assert named(toy, source, check_affine) == ["toy-no-bias"]


def test_an_answer_that_misses_by_a_hair_is_not_named(toy):
    """Misconceptions of other functions answer as the reference does here: near enough to the student's answer."""

    def check(student, reference, draw):
        x = draw.tensor(2, 3)
        assert_close(student.center(x, 1), reference.center(x, 1), tolerance=1e-14)

    hair = toy.reference_source + "\nright = center\ndef center(x, dim): return right(x, dim) + 1e-11"
    assert named(toy, hair, check) == []


def test_a_misconception_that_fails_earlier_than_the_student_is_not_named():
    """Near enough to the student's answers, but the check stops it before it has given all of them."""
    reference = "def f(x): return x * 1.0\ndef g(x): return x + 1.0"
    almost = "def f(x): return x * 1.0 + 1e-11\ndef g(x): return x"
    variants = [Variant("toy-almost", almost)]
    exercise = SimpleNamespace(name="toy", reference_source=reference, misconceptions=variants, reference_companions={})

    def check(student, reference, draw):
        x = draw.tensor(3)
        assert_close(student.f(x), reference.f(x), tolerance=1e-14)
        assert_close(student.g(x), reference.g(x))

    assert named(exercise, "def f(x): return x * 1.0\ndef g(x): return x", check) == []


def test_without_a_transcript_nothing_is_named(toy):
    assert CodeDiagnosis(toy).candidates("test_x", [], lambda subject: None) == []
    assert RecordedDiagnosis({"test_x": {"a": []}}).candidates("test_x", [], lambda subject: None) == []


def test_a_recording_names_by_whole_transcripts():
    diagnosis = RecordedDiagnosis({"test_x": {"a": [step(1), step(2)], "b": [step(1)], "c": [step(1), step(2)]}})
    assert diagnosis.candidates("test_x", [step(1), step(2)], lambda subject: None) == ["a", "c"]
    assert diagnosis.candidates("test_x", [step(1), step(3)], lambda subject: None) == []
    assert diagnosis.candidates("test_other", [step(1)], lambda subject: None) == []
