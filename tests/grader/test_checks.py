"""grader/checks.py: the mark, and the assertions of authors."""

import numpy as np
import pytest
import torch

from grader import i18n
from grader.checks import (
    N_,
    Rng,
    assert_close,
    assert_global_generator_untouched,
    assert_raises,
    assert_unchanged,
    check,
    require,
    unpack,
)
from grader.errors import CheckFailed, Raised
from grader.sandbox.inside.session import Session
from grader.subject import Direct, Subject


def subject(source):
    return Subject(Direct(Session(source, "toy.py")))


def test_a_check_carries_its_facts():
    @check(points=2, ko="한국어 문장.", needs="test_a")
    def test_b(student):
        """A sentence."""

    (mark,) = test_b.pytestmark
    asked = {"points": 2, "ko": "한국어 문장.", "needs": ("test_a",)}
    assert mark.kwargs == {**asked, "kind": "", "cpu_s": None, "diagnosed": True, "drawn": True}


def test_a_check_may_need_several():
    @check(points=1, ko="문장", needs=("test_a", "test_b"))
    def test_c(student):
        """A sentence."""

    assert test_c.pytestmark[0].kwargs["needs"] == ("test_a", "test_b")


def test_a_check_has_a_sentence():
    with pytest.raises(TypeError, match="test_silent needs a docstring"):

        @check(points=1, ko="문장")
        def test_silent(student):
            pass


def test_close_values_pass_and_others_fail_with_a_message():
    assert_close(torch.ones(2), torch.ones(2))
    with pytest.raises(CheckFailed, match="the output: 2 of 2 values differ"):
        assert_close(torch.ones(2), torch.zeros(2), what="the output")


def test_what_is_compared_is_translated_before_its_places_are_filled():
    def message(**facts):
        with pytest.raises(CheckFailed) as failed:
            assert_close(1, 2, "the output{when}", **facts)
        return str(failed.value)

    assert message(when=N_(" in eval mode")) == "the output in eval mode: expected 2, came 1"
    i18n.set_language("ko")
    assert message(when=N_(" in eval mode")).startswith("평가 모드에서의 출력: ")
    assert message(when="").startswith("출력: ")
    with pytest.raises(CheckFailed, match=r"^\(2, 3\), \(3,\)의 dot: "):
        assert_close(1, 2, "dot of {a} and {b}", a=(2, 3), b=(3,))
    assert_close(1.05, 1.0, tolerance=0.1)


def test_the_right_exception_passes():
    student = subject("def f(): raise ValueError('no')\ndef g():\n    class Mine(KeyError): pass\n    raise Mine")
    assert_raises(ValueError, student.f)
    assert_raises(KeyError, student.g)
    assert_raises(Exception, student.f)


def test_an_answer_or_another_exception_fails():
    student = subject("def f(): return 3\ndef g(): raise TypeError('odd')")
    with pytest.raises(CheckFailed, match="f should raise ValueError here; it returned 3"):
        assert_raises(ValueError, student.f)
    with pytest.raises(CheckFailed, match="g should raise ValueError here; it raised TypeError: odd"):
        assert_raises(ValueError, student.g)


def test_an_exception_of_the_same_name_is_another_one():
    student = subject("class ValueError(Exception): pass\ndef f(): raise ValueError")
    with pytest.raises(CheckFailed):
        assert_raises(__builtins__["ValueError"], student.f)


@pytest.mark.parametrize("body", ["raise NotImplementedError", "raise MemoryError"])
def test_an_unfinished_function_does_not_pass_by_raising(body):
    with pytest.raises(Raised):
        assert_raises(Exception, subject(f"def f(): {body}").f)
    with pytest.raises(Raised):
        assert_raises(Exception, subject("").f)


def test_unchanged_arguments_pass_and_changed_ones_are_named():
    student = subject("def f(x, y): return x\ndef g(x, y): y += 1")
    student.f(torch.ones(2), torch.ones(2))
    assert_unchanged(student)
    student.g(torch.ones(2), torch.ones(2))
    with pytest.raises(CheckFailed, match="g changed its argument 2 in place"):
        assert_unchanged(student)


def test_a_call_that_moves_the_global_generator_is_named():
    student = subject("import numpy as np\ndef f(rng): return rng.random()\ndef g(rng): np.random.seed(0)")
    student.f(Rng(1))
    assert_global_generator_untouched(student)
    student.g(Rng(1))
    assert_unchanged(student)
    with pytest.raises(CheckFailed, match=r"^g drew from NumPy's global generator"):
        assert_global_generator_untouched(student)


@pytest.mark.parametrize("value", [(torch.ones(1), np.ones(1)), [torch.ones(1), torch.ones(2)]])
def test_parts_are_taken_apart(value):
    first, second = unpack(value, "output", "weights")
    assert first is value[0]
    assert second is value[1]


@pytest.mark.parametrize(
    "value, said",
    [
        (torch.ones(2), r"expected \(output, weights\), a tuple or a list, came a tensor"),
        ((torch.ones(1),), "came a tuple of 1"),
        ((torch.ones(1), 3.0), "weights: expected an array or a tensor, came 3.0"),
        ({"output": 1, "weights": 2}, "came {'output': 1"),
        ("ab", "came 'ab'"),
        (None, "came None"),
    ],
)
def test_other_things_are_not_taken_apart(value, said):
    with pytest.raises(CheckFailed, match=said):
        unpack(value, "output", "weights")


def test_a_property_is_required_in_the_readers_language():
    require(torch.tensor(True), en="yes", ko="예")
    with pytest.raises(CheckFailed, match="rows sum to 1"):
        require(False, en="rows sum to 1", ko="행의 합은 1이에요")
    i18n.set_language("ko")
    with pytest.raises(CheckFailed, match="행의 합은 1이에요"):
        require(torch.tensor(False), en="rows sum to 1", ko="행의 합은 1이에요")
