"""grader/subject.py: `student` and `reference`, as a check sees them."""

import pytest
import torch

from grader.errors import GraderFault, Raised
from grader.sandbox.inside.session import Outcome, Session
from grader.subject import Direct, Module, Recorded, Step, Subject, load_reference

SOURCE = """
import torch
def double(x): return x * 2
def fails(): raise KeyError("k")
class Scale(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((width,), 2.0))
    def forward(self, x, *, shift=0.0): return x * self.weight + shift
"""


@pytest.fixture(params=["in this process", "in the sandbox"])
def subject(request):
    """The same interface over both kinds of backend."""
    if request.param == "in this process":
        return Subject(Direct(Session(SOURCE, "toy.py")))
    return Subject(request.getfixturevalue("sandboxed")(SOURCE))


def test_a_call_gives_the_answer_and_is_written_down(subject):
    assert subject.double(torch.ones(2)).tolist() == [2.0, 2.0]
    (step,) = subject.transcript
    assert (step.verb, step.name) == ("call", "double")
    assert step.outcome.value.tolist() == [2.0, 2.0]


def test_a_fault_is_raised_with_its_call_and_is_written_down(subject):
    with pytest.raises(Raised) as caught:
        subject.fails()
    assert (caught.value.fault.name, caught.value.call) == ("KeyError", "fails")
    assert subject.transcript[0].outcome.fault.name == "KeyError"


def test_an_argument_is_a_copy(subject):
    x = torch.ones(2)
    subject.double(x).add_(5)
    assert x.tolist() == [1.0, 1.0]


def test_a_gradient(subject):
    (gradient,) = subject.gradient("double", torch.ones(2), wrt=[0], cotangents=[torch.tensor([1.0, 3.0])])
    assert gradient.tolist() == [2.0, 6.0]


def test_a_module(subject):
    module = subject.Scale(2)
    assert isinstance(module, Module)
    assert module(torch.ones(2), shift=1.0).tolist() == [3.0, 3.0]
    assert {name: value.tolist() for name, value in module.parameters().items()} == {"weight": [2.0, 2.0]}
    module.load_state_dict({"weight": torch.tensor([5.0, 6.0])})
    assert module.state_dict()["weight"].tolist() == [5.0, 6.0]
    assert module.to(torch.float64) is module
    assert module(torch.ones(2, dtype=torch.float64)).dtype == torch.float64
    assert module.eval() is module
    by_x, by_weight = module.gradient(torch.ones(2, dtype=torch.float64), wrt=[0], parameters=["weight"])
    assert (by_x.tolist(), by_weight.tolist()) == ([5.0, 6.0], [1.0, 1.0])
    assert [step.verb for step in subject.transcript][:3] == ["call", "module_call", "module_parameters"]


def test_two_modules_are_two(subject):
    first, second = subject.Scale(1), subject.Scale(1)
    first.load_state_dict({"weight": torch.tensor([7.0])})
    assert second(torch.ones(1)).tolist() == [2.0]


def test_private_names_are_no_functions_of_a_student(subject):
    with pytest.raises(AttributeError):
        subject._secret()


def test_a_source_that_does_not_load_faults_in_every_call():
    backend = Direct(Session("raise ValueError('at import')", "toy.py"))
    for _ in range(2):
        with pytest.raises(Raised, match="at import"):
            Subject(backend).double(1)


def test_a_recording_answers_in_order_and_only_what_was_asked():
    steps = [Step("call", "f", Outcome(1)), Step("call", "g", Outcome(2))]
    subject = Subject(Recorded(steps))
    assert (subject.f("anything"), subject.g()) == (1, 2)
    with pytest.raises(GraderFault, match="out of step"):
        subject.f()
    with pytest.raises(GraderFault, match="out of step"):
        Subject(Recorded(steps)).g()


def test_a_reference_that_does_not_load_is_the_graders_fault():
    with pytest.raises(GraderFault, match=r"solutions/toy\.py does not load: ZeroDivisionError"):
        load_reference("1 / 0", "toy")
