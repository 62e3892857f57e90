"""grader/sandbox/inside/session.py: a submission, loaded and called, without a process around it."""

import numpy as np
import pytest
import torch

from grader.sandbox.inside.protocol import ModuleRef, Named, Rng
from grader.sandbox.inside.session import Session, own_copy, snapshot

MODULE = """
import torch
class Scale(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(width))
        self.fixed = torch.nn.Parameter(torch.ones(1), requires_grad=False)
        self.register_buffer("seen", torch.zeros(1))
    def forward(self, x):
        return x * self.weight if self.training else x
"""


def session_of(source, forbidden=None):
    session = Session(source, "toy.py", forbidden)
    assert session.load().fault is None
    return session


def call(session, name, *args, **kwargs):
    return session.perform("call", {"name": name, "args": args, "kwargs": kwargs})


def gradient(session, name, *args, wrt, cotangents=None, **kwargs):
    request = {"name": name, "args": args, "kwargs": kwargs, "wrt": wrt, "cotangents": cotangents}
    return session.perform("gradient", request)


def test_a_function_is_called_with_its_arguments():
    assert call(session_of("def f(a, *, b): return a - b"), "f", 5, b=2).value == 3


def test_what_the_source_raises_is_a_fault_of_loading():
    outcome = Session("x = 1\nraise ValueError('at import')\n", "toy.py").load()
    assert (outcome.fault.name, outcome.fault.message, outcome.fault.frames[0].line) == ("ValueError", "at import", 2)


@pytest.mark.parametrize(
    "source", ["raise SystemExit", "import sys; sys.exit(3)", "raise KeyboardInterrupt", "def f(:"]
)
def test_nothing_that_a_source_raises_goes_through(source):
    assert Session(source, "toy.py").load().fault is not None


def test_nothing_that_a_call_raises_goes_through():
    session = session_of("def f(kind): raise kind")
    for kind in (SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError):
        assert call(session, "f", kind).fault.name == kind.__name__


def test_a_function_that_is_not_there_is_named_with_those_that_are():
    session = session_of("from math import sqrt\ndef softmx(): pass\nsoftmax = 3\nclass A: pass")
    fault = call(session, "softmax").fault
    assert (fault.kind, fault.message) == ("undefined", "softmax")
    assert fault.details["defined"] == "softmx, A"


def test_wrong_arity_is_a_fault_of_the_call():
    fault = call(session_of("def f(a, b): return a"), "f", 1).fault
    assert fault.name == "TypeError"
    assert "missing 1 required positional argument: 'b'" in fault.message


def test_an_unknown_verb_is_refused():
    with pytest.raises(ValueError, match="verb"):
        session_of("").perform("eval", {})


@pytest.mark.parametrize(
    "body, argument",
    [
        ("x.add_(1)", torch.zeros(2)),
        ("x += 1", np.zeros(2)),
        ("x.resize_(1)", torch.zeros(2)),
        ("x[0].add_(1)", (torch.zeros(2), torch.zeros(2))),
        ("x[1] = torch.ones(2)", [torch.zeros(2), torch.zeros(2)]),
        ("x[0] = 1", torch.tensor([float("nan"), 0.0])),
        ("x.logical_not_()", torch.tensor([True, False])),
    ],
)
def test_an_argument_that_was_written_to_is_noted(body, argument):
    outcome = call(session_of(f"import torch\ndef f(a, x):\n    {body}"), "f", 0, argument)
    assert outcome.fault is None
    assert outcome.mutated == ("f:2",)


@pytest.mark.parametrize(
    "argument", [torch.tensor([float("nan"), 1.0]), np.array([np.nan, 1.0]), np.array([1, 2]), 3, None]
)
def test_an_argument_that_was_only_read_is_not_noted(argument):
    assert call(session_of("def f(x): return x"), "f", argument).mutated == ()


@pytest.mark.parametrize("body", ["np.random.seed(0)", "np.random.rand()", "np.random.shuffle([1, 2, 3])"])
def test_a_call_that_moves_the_global_generator_is_noted(body):
    session = session_of(f"import numpy as np\ndef f(): {body}\ndef g(rng): return rng.random()")
    assert call(session, "f").mutated == ("f:np.random",)
    assert call(session, "g", Rng(3)).mutated == ()


def test_a_global_generator_of_another_kind_is_watched_too():
    session = session_of(
        "import numpy as np\n"
        "def put(): np.random.set_bit_generator(np.random.PCG64(1))\n"
        "def draw(): np.random.rand()\n"
        "def leave(): pass"
    )
    before = np.random.get_bit_generator()
    try:
        assert call(session, "put").mutated == ("put:np.random",)
        assert call(session, "draw").mutated == ("draw:np.random",)
        assert call(session, "leave").mutated == ()
    finally:
        np.random.set_bit_generator(before)


@pytest.mark.parametrize("argument", [np.array([0.0]), np.arange(6.0)[::2], np.array([[1.0]])[:, :0], np.float32(3)])
def test_arrays_that_stay_as_they_were_are_not_noted(argument):
    assert call(session_of("def f(x): x[...] = x[...] if x.ndim else x"), "f", argument).mutated == ()


def test_an_array_that_is_read_as_another_dtype_is_noted():
    session = session_of("import numpy as np\ndef f(x): x.dtype = np.int64")
    assert call(session, "f", np.array([1.0, 2.0])).mutated == ("f:1",)


def test_markers_become_what_they_stand_for():
    session = session_of("def f(rng, function, x): return function(x) + rng.random()")
    value = call(session, "f", Rng(3), Named("numpy.exp"), 0.0).value
    assert value == 1 + np.random.default_rng(3).random()


def test_every_request_sees_the_same_random_numbers():
    session = session_of("import torch, numpy as np\ndef f(): return float(torch.rand(1)), np.random.rand()")
    assert call(session, "f").value == call(session, "f").value


def test_a_gradient_is_that_of_the_sum_of_cotangent_times_output():
    session = session_of("def f(x, y): return x * x * y, y")
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    ones = gradient(session, "f", x, y, wrt=[0, 1]).value
    assert [g.tolist() for g in ones] == [[6.0, 16.0], [2.0, 5.0]]
    first = gradient(session, "f", x, y, wrt=[1], cotangents=[torch.tensor([1.0, 10.0]), None]).value
    assert [g.tolist() for g in first] == [[1.0, 40.0]]


def test_a_gradient_by_a_part_of_a_pair():
    session = session_of("def f(pair): return pair[0] * pair[1]")
    pair = (torch.tensor(2.0), torch.tensor(3.0))
    assert [g.item() for g in gradient(session, "f", pair, wrt=[(0, 1)]).value] == [2.0]


def test_what_an_output_does_not_depend_on_has_a_gradient_of_zero():
    session = session_of("def f(x, y): return x * 2\ndef g(x): return x.detach()")
    x = torch.ones(2)
    assert gradient(session, "f", x, x, wrt=[1]).value[0].tolist() == [0.0, 0.0]
    assert gradient(session, "g", x, wrt=[0]).value[0].tolist() == [0.0, 0.0]


def test_fewer_tensors_than_cotangents_is_a_fault():
    session = session_of("def f(x): return x")
    assert gradient(session, "f", torch.ones(1), wrt=[0], cotangents=[torch.ones(1)] * 2).fault.name == "ValueError"


def test_a_module_is_built_loaded_called_and_differentiated():
    session = session_of(MODULE)
    built = call(session, "Scale", 2).value
    assert built == ModuleRef(1)
    state = session.perform("module_state", {"module": 1}).value
    assert list(state) == ["weight", "fixed", "seen"]
    assert list(session.perform("module_parameters", {"module": 1}).value) == ["weight"]
    assert (
        session.perform("module_load", {"module": 1, "state": {**state, "weight": torch.tensor([2.0, 3.0])}}).fault
        is None
    )
    x = torch.ones(2)
    assert session.perform("module_call", {"module": 1, "args": (x,), "kwargs": {}}).value.tolist() == [2.0, 3.0]
    request = {"module": 1, "args": (x,), "kwargs": {}, "wrt": [0], "parameters": ["weight"], "cotangents": None}
    assert [g.tolist() for g in session.perform("module_gradient", request).value] == [[2.0, 3.0], [1.0, 1.0]]
    session.perform("module_train", {"module": 1, "mode": False})
    assert session.perform("module_call", {"module": 1, "args": (x,), "kwargs": {}}).value.tolist() == [1.0, 1.0]
    session.perform("module_to", {"module": 1, "dtype": "float64"})
    assert session.perform("module_state", {"module": 1}).value["weight"].dtype == torch.float64


def test_a_parameter_that_is_not_there_is_named():
    session = session_of(MODULE)
    call(session, "Scale", 2)
    request = {"module": 1, "args": (), "kwargs": {}, "wrt": [], "parameters": ["wieght"], "cotangents": None}
    fault = session.perform("module_gradient", request).fault
    assert (fault.kind, fault.details) == ("misfit", {"module": "Scale", "untrainable": "wieght"})


def test_a_state_that_does_not_fit_is_told_from_the_module_s_side():
    session = session_of(MODULE)
    call(session, "Scale", 2)
    state = {"weight": torch.ones(3), "bias": torch.ones(2)}
    fault = session.perform("module_load", {"module": 1, "state": state}).fault
    assert fault.kind == "misfit"
    assert fault.details == {
        "module": "Scale",
        "missing": "bias",
        "extra": "fixed, seen",
        "reshaped": "weight (2,) → (3,)",
    }


def test_a_module_that_switches_its_mode_is_noticed_and_one_that_makes_a_part_is_not():
    source = (
        MODULE
        + """
class Flips(torch.nn.Module):
    def forward(self, x):
        self.train(not self.training)
        return x
class Grows(torch.nn.Module):
    def forward(self, x):
        self.part = torch.nn.Identity().eval()
        return x
"""
    )
    session = session_of(source)
    for name, mutated in (("Flips", ("Flips:training mode",)), ("Grows", ())):
        module = call(session, name).value.id
        outcome = session.perform("module_call", {"module": module, "args": (torch.ones(2),), "kwargs": {}})
        assert (outcome.fault, outcome.mutated) == (None, mutated)


def test_a_module_that_was_never_built_is_a_fault():
    assert session_of("").perform("module_state", {"module": 7}).fault.name == "KeyError"


def test_an_odd_state_dict_is_a_fault():
    session = session_of(MODULE + "    def state_dict(self): return 3\n")
    call(session, "Scale", 2)
    assert session.perform("module_state", {"module": 1}).fault is not None


def test_a_copy_for_a_call_keeps_strides_and_shares_nothing():
    value = {"x": torch.zeros(4, 3).mT, "y": (np.zeros(2), None)}
    copy = own_copy(value)
    copy["x"].add_(1)
    copy["y"][0][0] = 1
    assert copy["x"].stride() == value["x"].stride()
    assert value["x"].sum() == 0
    assert value["y"][0].sum() == 0


def test_a_snapshot_is_contiguous_and_shares_nothing():
    value = torch.zeros(4, 3).mT
    copy = snapshot(value)
    copy.add_(1)
    assert copy.is_contiguous()
    assert value.sum() == 0


def test_a_source_may_close_its_output(capsys):
    outcome = call(session_of("import sys\ndef f():\n    sys.stdout = None\n    return 1"), "f")
    assert outcome.value == 1
