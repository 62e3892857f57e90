"""grader/compare.py: closeness, and what is said of a wrong answer."""

import numpy as np
import pytest
import torch

from grader.compare import describe, difference, explain
from grader.sandbox.inside.protocol import ModuleRef, Opaque

X = torch.arange(12.0, dtype=torch.float64).reshape(3, 4) / 7


@pytest.mark.parametrize(
    "value",
    [
        X,
        X.float(),
        X.numpy(),
        X > 1,
        X.long(),
        np.float64(1.5),
        3,
        1.5,
        True,
        None,
        "a",
        (X, [1, 2.0]),
        {"a": X, "b": 1},
        (),
        {},
    ],
    ids=str,
)
def test_a_value_is_the_same_as_itself(value):
    assert difference(value, value) is None


@pytest.mark.parametrize(
    "actual, expected",
    [
        ([X, X], (X, X)),
        (1.5, np.float64(1.5)),
        (np.float64(1.5), 1.5),
        (torch.tensor(3), 3),
        (3, 3.0),
        (np.bool_(True), True),
        (float("nan"), float("nan")),
        (np.float64("nan"), float("nan")),
        (torch.tensor(float("inf")), float("inf")),
        ([float("nan"), 1.0], (float("nan"), 1.0)),
        (X.mT.contiguous().mT, X),
        (ModuleRef(1), ModuleRef(7)),
        (torch.tensor([float("nan"), float("inf")]), torch.tensor([float("nan"), float("inf")])),
    ],
    ids=str,
)
def test_what_counts_as_the_same(actual, expected):
    assert difference(actual, expected) is None


@pytest.mark.parametrize(
    "dtype, inside, outside",
    [("float64", 5e-10, 5e-9), ("float32", 5e-6, 5e-5), ("float16", 5e-3, 5e-2), ("bfloat16", 2e-2, 0.2)],
)
def test_the_tolerance_is_absolute_and_relative_and_depends_on_the_dtype(dtype, inside, outside):
    for scale in (1e-3, 1.0, 100.0):
        expected = torch.full((3,), scale, dtype=getattr(torch, dtype))
        reach = 1 + scale
        assert difference(expected + inside * reach, expected) is None
        assert difference(expected + outside * reach, expected) is not None


def test_a_tolerance_of_the_authors_own():
    assert difference(X + 1e-3, X) is not None
    assert difference(X + 1e-3, X, tolerance=1e-2) is None
    assert difference(1.001, 1.0, tolerance=1e-2) is None


@pytest.mark.parametrize(
    "actual, expected, said",
    [
        (X.float(), X, "expected dtype float64, came float32"),
        (X.numpy(), X, "expected a tensor of shape (3, 4), float64, came an array of shape (3, 4), float64"),
        (X, X.numpy(), "came a tensor"),
        (X[:2], X, "expected shape (3, 4), came (2, 4)"),
        (X[None], X, "expected shape (3, 4), came (1, 3, 4)\nThe values are right, in another shape."),
        (X.mT, X, "came (4, 3)\nThe values are right, with the axes in another order: (1, 0)."),
        (None, X, "came None"),
        ("text", X, "came 'text'"),
        ([1.0, 2.0], X, "came [1.0, 2.0]"),
        (Opaque("Tensor2"), X, "came an object of type Tensor2"),
        (ModuleRef(1), X, "came nn.Module"),
        ((X,), (X, X), "expected 2 parts (a tuple or a list), came a tuple of 1"),
        (X, (X, X), "expected 2 parts"),
        ((X, X + 1), (X, X), "part 2 of the answer"),
        ({"a": X}, {"b": X}, "expected b, came a"),
        (3, {"b": X}, "expected b, came 3"),
        ({"a": X + 1}, {"a": X}, "the answer a"),
        (4, 3, "expected 3, came 4"),
        (True, 1, "expected 1, came True"),
        (1, True, "expected True, came 1"),
        ((3, 5), (3, 4), "expected (3, 4), came (3, 5)"),
        (X + 1e-3, X, "12 of 12 values differ (shape (3, 4), float64)"),
    ],
)
def test_what_differs_is_said(actual, expected, said):
    assert said in difference(actual, expected)


def test_the_largest_difference_is_shown_with_its_place():
    wrong = X.clone()
    wrong[1, 2] += 5
    wrong[0, 0] += 1e-3
    message = difference(wrong, X, what="the weights")
    assert message.startswith("the weights: 2 of 12 values differ")
    assert "5, is at [1, 2]: expected 0.857143, came 5.85714" in message


def test_integers_and_booleans_are_compared_exactly():
    big = torch.tensor([2**53])
    assert difference(big + 1, big) is not None
    assert difference(torch.tensor([True, False]), torch.tensor([True, True])) is not None
    assert difference(3.0000000001, 3) is not None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_right_only_where_it_is_expected(bad):
    wrong = X.clone()
    wrong[1, 0] = bad
    assert difference(wrong, X) is not None
    assert difference(X, wrong) is not None
    assert difference(-wrong, wrong) is not None


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("tolerance", [None, 1.0])
def test_a_number_that_is_not_finite_is_right_only_where_it_is_expected(bad, tolerance):
    """No number is within a tolerance of inf, though every one is within inf of it."""
    for other in (0, 1.5, 1e300, np.float64(2.0), torch.tensor(2.0), None, "nan"):
        assert difference(other, bad, tolerance=tolerance) is not None
    assert difference(bad, 1.5, tolerance=tolerance) is not None
    assert difference(bad, 3, tolerance=tolerance) is not None
    assert difference(float("inf"), -float("inf"), tolerance=tolerance) is not None
    assert difference([1.0, 2.0], [1.0, bad], tolerance=tolerance) is not None


@pytest.mark.parametrize(
    "actual, expected, said",
    [
        (X * 2, X, "2 times"),
        (X.flip(1), X, "in other places"),
        (torch.where(X >= 1, float("nan"), X), X, "NaN in 2 of 3 rows"),
        (torch.where(X >= 1, float("inf"), X), X, "inf in 2 of 3 rows"),
        (X.softmax(0), X.softmax(1), "sum to 1 along axis 0; expected along axis 1"),
        (X > 1, X <= 1, "opposite"),
        (torch.tensor(float("nan")), torch.tensor(1.0), "It is NaN."),
    ],
)
def test_a_wrong_answer_is_explained_where_it_can_be(actual, expected, said):
    assert said in explain(actual, expected)


@pytest.mark.parametrize(
    "actual, expected",
    [(X + 1, X), (torch.zeros(3), torch.zeros(3) + 1), (X.long() + 1, X.long()), (X, torch.full_like(X, float("nan")))],
)
def test_nothing_is_claimed_where_nothing_is_certain(actual, expected):
    assert explain(actual, expected) is None


@pytest.mark.parametrize(
    "actual",
    [
        10**18,
        -(10**18),
        float("nan"),
        float("inf"),
        "x" * 10**6,
        [[]] * 1000,
        {"k" * 1000: 1},
        torch.zeros(0),
        torch.zeros((1,) * 20),
        torch.zeros(2, 0, 3),
        np.zeros((1,) * 20),
        np.bool_(False),
        torch.tensor(True),
        torch.zeros(3, dtype=torch.float16),
        torch.zeros(3, dtype=torch.bool),
        torch.zeros(12, dtype=torch.int8),
        [X, [X, {"a": X}]],
        ((), [], {}),
    ],
    ids=lambda value: str(value)[:30],
)
@pytest.mark.parametrize(
    "expected", [X, X.numpy(), X > 1, 1.5, 3, True, None, "a", (1, 2), (X, X), {"a": X}], ids=lambda v: str(v)[:30]
)
def test_whatever_a_student_returns_is_compared_without_an_error(actual, expected):
    message = difference(actual, expected)
    assert message
    assert len(message) < 3000


@pytest.mark.parametrize(
    "value, words",
    [
        (X, "a tensor of shape (3, 4), float64"),
        (X.numpy(), "an array of shape (3, 4), float64"),
        ((X, X), "a tuple of 2"),
        ([X], "a list of 1"),
        ((1, 2.5), "(1, 2.5)"),
        ({"a": 1}, "{'a': 1}"),
        ({str(number): X for number in range(5000)}, "an object of type dict"),
        ("\x1b[31m", "'\\x1b[31m'"),
        ("x" * 1000, "'" + "x" * 199),
    ],
)
def test_a_value_in_a_few_words(value, words):
    assert describe(value) == words
