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
    def area(self, x, *, times=1): return times * (self.weight * x).sum()
    def twin(self): return Scale(len(self.weight))
    def fails(self): raise KeyError("m")
    def overwrite(self, x): x.zero_()
    def _secret(self): return 1
def train(model, steps):
    with torch.no_grad():
        for _ in range(steps): model.weight += 1
    return model.weight.tolist()
def widest(models, *, extra=None): return max(len(model.weight) for model in [*models, *(extra or {}).values()])
"""
COMPANIONS = {
    "other": """
import torch
def triple(x): return x * 3
def fails(): raise KeyError("o")
def overwrite(x): x.zero_()
class Shift(torch.nn.Module):
    def forward(self, x): return x + 1
"""
}


@pytest.fixture(params=["in this process", "in the sandbox"])
def subject(request):
    """The same interface over both kinds of backend."""
    if request.param == "in this process":
        return Subject(Direct(Session(SOURCE, "toy.py", companions=COMPANIONS)))
    return Subject(request.getfixturevalue("sandboxed")(SOURCE, companions=COMPANIONS))


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


def test_a_method_of_a_module(subject):
    module = subject.Scale(2)
    assert module.area(torch.tensor([1.0, 2.0]), times=2).item() == 12
    assert isinstance(module.twin(), Module)
    assert module.twin()(torch.ones(2)).tolist() == [2.0, 2.0]
    assert [(step.verb, step.name) for step in subject.transcript][:2] == [
        ("call", "Scale"),
        ("module_method", "Scale.area"),
    ]


def test_what_a_method_raises_is_raised_with_its_call(subject):
    with pytest.raises(Raised) as caught:
        subject.Scale(1).fails()
    assert (caught.value.fault.name, caught.value.call) == ("KeyError", "Scale.fails")


def test_a_method_that_writes_to_its_argument_is_told(subject):
    x = torch.ones(1)
    subject.Scale(1).overwrite(x)
    assert subject.transcript[-1].outcome.mutated == ("Scale.overwrite:1",)
    assert x.tolist() == [1.0]


def test_a_method_that_is_not_there_is_named(subject):
    for name in ("loss", "weight"):  # the second is there, but is no method
        with pytest.raises(Raised, match=f"Scale has no method '{name}'"):
            getattr(subject.Scale(1), name)()


def test_private_methods_are_refused_here_and_there(subject):
    module = subject.Scale(1)
    with pytest.raises(AttributeError):
        module._secret()
    request = {"module": module._id, "method": "_secret", "args": (), "kwargs": {}}
    outcome = subject._backend.perform("module_method", "Scale._secret", request)
    assert outcome.fault.name == "AttributeError"


def test_a_module_may_be_an_argument(subject):
    module, other = subject.Scale(2), subject.Scale(3)
    assert subject.train(module, 3) == [5.0, 5.0]
    assert module.state_dict()["weight"].tolist() == [5.0, 5.0]  # that very module, not a copy
    assert other.state_dict()["weight"].tolist() == [2.0, 2.0, 2.0]
    assert subject.widest([module, other]) == 3
    assert subject.widest((module,), extra={"a": other}) == 3


def test_another_file(subject):
    file = subject.file("other")
    assert file.triple(torch.ones(1)).tolist() == [3.0]
    assert file.Shift()(torch.ones(1)).tolist() == [2.0]
    assert [(step.verb, step.name) for step in subject.transcript] == [
        ("call", "other.triple"),
        ("call", "other.Shift"),
        ("module_call", "other.Shift"),
    ]


def test_what_another_file_does_is_told_like_anything_else(subject):
    with pytest.raises(Raised) as caught:
        subject.file("other").fails()
    assert (caught.value.fault.name, caught.value.call) == ("KeyError", "other.fails")
    subject.file("other").overwrite(torch.ones(1))
    assert subject.transcript[-1].outcome.mutated == ("other.overwrite:1",)
    with pytest.raises(AttributeError):
        subject.file("other")._secret()


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
