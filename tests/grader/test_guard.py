"""grader/sandbox/inside/guard.py: forbidden functions, in the source and while running; no false alarms."""

import operator

import numpy as np
import pytest
import torch

from grader.sandbox.inside.fault import Forbidden
from grader.sandbox.inside.guard import forbidden_uses, install_numpy_guards, watching
from grader.sandbox.inside.session import Session

RULES = {
    "total": ["numpy.dot", "numpy.linalg.norm", ".dot", "@", "torch.softmax", "torch.nn.functional.softmax", ".softmax"]
}


@pytest.mark.parametrize(
    "source, used",
    [
        ("import numpy as np\ndef total(x): return np.dot(x, x)", "numpy.dot"),
        ("import numpy\ndef total(x): return numpy.dot(x, x)", "numpy.dot"),
        ("from numpy import dot\ndef total(x): return dot(x, x)", "numpy.dot"),
        ("from numpy import dot as d\ndef total(x): return d(x, x)", "numpy.dot"),
        ("import numpy.linalg\ndef total(x): return numpy.linalg.norm(x)", "numpy.linalg.norm"),
        ("import numpy.linalg as la\ndef total(x): return la.norm(x)", "numpy.linalg.norm"),
        ("from numpy import linalg\ndef total(x): return linalg.norm(x)", "numpy.linalg.norm"),
        ("def total(x):\n    import numpy as np\n    return np.dot(x, x)", "numpy.dot"),
        ("def total(x): return x @ x", "@"),
        ("def total(x):\n    x @= x\n    return x", "@"),
        ("import operator\ndef total(x): return operator.matmul(x, x)", "@"),
        ("from operator import matmul\ndef total(x): return matmul(x, x)", "@"),
        ("def total(x): return x.__matmul__(x)", "@"),
        ("def total(x): return x.dot(x)", ".dot"),
        ("import numpy as np\ndef helper(x): return np.dot(x, x)\ndef total(x): return helper(x)", "numpy.dot"),
        ("import numpy as np\nsquare = np.dot\ndef total(x): return square(x, x)", "numpy.dot"),
        ("import numpy as np\nsquare = lambda x: x @ x\ndef total(x): return square(x)", "@"),
        ("class Helper:\n    def f(self, x): return x @ x\ndef total(x): return Helper().f(x)", "@"),
        ("import torch.nn.functional as F\ndef total(x): return F.softmax(x, 0)", "torch.nn.functional.softmax"),
        ("def total(x): return [y for y in [x @ x]]", "@"),
        ("def a(x): return b(x)\ndef b(x): return a(x) if x is None else x @ x\ndef total(x): return a(x)", "@"),
    ],
)
def test_a_use_is_found_in_the_source(source, used):
    assert forbidden_uses(source, RULES)["total"][0] == used


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\ndef other(x): return np.dot(x, x)\ndef total(x): return (x * x).sum()",
        "# np.dot(x, x) would do it\ndef total(x):\n    '''np.dot, x @ x'''\n    return 'x.dot(x)'",
        "import numpy as np\ndef total(x): return np.multiply(x, x).sum()",
        "class Vector:\n    def dot(self, other): return 1\ndef total(x): return Vector().dot(x)",
        "import mine as np\ndef total(x): return np.dot_product(x)",
        "def dot(a, b): return a * b\ndef total(x): return dot(x, x)",
        "@property\ndef total(x): return x",
        "def total(x): return x.dots",
        "x = 1",
        "",
    ],
)
def test_no_false_alarm(source):
    assert forbidden_uses(source, RULES) == {}


def test_the_line_is_that_of_the_use():
    assert forbidden_uses("import numpy as np\n\n\ndef total(x):\n    return np.dot(x, x)\n", RULES)["total"][1] == 5


@pytest.fixture
def numpy_guards(monkeypatch):
    for name in ("dot", "matmul"):
        monkeypatch.setattr(np, name, getattr(np, name))
    monkeypatch.setattr(np.linalg, "norm", np.linalg.norm)
    install_numpy_guards({**RULES, "other": ["numpy.matmul", "numpy.no_such_function"]})


@pytest.mark.usefixtures("numpy_guards")
def test_numpy_functions_are_refused_while_a_restricted_function_runs():
    x = np.ones(3)
    with watching("total", RULES["total"]):
        with pytest.raises(Forbidden, match=r"total uses numpy\.dot"):
            getattr(np, "do" + "t")(x, x)
        with pytest.raises(Forbidden):
            np.linalg.norm(x)
        assert np.matmul(x, x) == 3
    assert np.dot(x, x) == 3


@pytest.mark.usefixtures("numpy_guards")
def test_a_function_that_was_bound_at_import_is_refused_too():
    session = Session("from numpy import *\ndef total(x): return dot(x, x)", "toy.py", RULES)
    session.load()
    outcome = session.perform("call", {"name": "total", "args": (np.ones(2),), "kwargs": {}})
    assert outcome.fault.kind == "forbidden"


def test_torch_functions_and_methods_are_refused_while_running():
    x = torch.ones(2)
    with watching("total", RULES["total"]):
        with pytest.raises(Forbidden):
            torch.softmax(x, 0)
        with pytest.raises(Forbidden):
            torch.nn.functional.softmax(x, 0)
        with pytest.raises(Forbidden):
            getattr(x, "soft" + "max")(0)
        assert torch.exp(x).shape == (2,)
        torch.nn.functional.cross_entropy(x, torch.tensor(0))  # its own softmax is not the student's
    assert torch.softmax(x, 0).shape == (2,)


def test_the_watch_ends_with_an_exception():
    with pytest.raises(KeyError), watching("total", RULES["total"]):
        raise KeyError
    assert torch.softmax(torch.ones(2), 0).shape == (2,)


def test_nested_watches_give_way_to_the_one_outside():
    with watching("total", ["torch.exp"]):
        with watching("other", ["torch.log"]), pytest.raises(Forbidden, match="other"):
            torch.log(torch.ones(1))
        with pytest.raises(Forbidden, match="total"):
            torch.exp(torch.ones(1))


def test_without_rules_nothing_is_watched():
    with watching("free", []):
        assert torch.softmax(torch.ones(2), 0).shape == (2,)
        assert operator.matmul(np.ones(2), np.ones(2)) == 2


def test_a_use_costs_only_the_function_that_it_is_in():
    session = Session("def total(x): return x @ x\ndef other(x): return x @ x", "toy.py", RULES)
    session.load()
    request = {"args": (np.ones(2),), "kwargs": {}}
    assert session.perform("call", {"name": "total", **request}).fault.kind == "forbidden"
    assert session.perform("call", {"name": "other", **request}).value == 2
    gradient = {"name": "total", "args": (torch.ones(2),), "kwargs": {}, "wrt": [0], "cotangents": None}
    assert session.perform("gradient", gradient).fault.kind == "forbidden"
