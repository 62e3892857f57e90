"""Visible checks of the exercise lstm: one thing at a time. The hidden graders ask more.

Everywhere: N = 3 samples, S = 4 steps, D = 5 inputs, H = 2 hidden units, so that a weight has 4·H = 8 rows.
"""

import torch

from grader.checks import assert_close, assert_raises, check, unpack

GATES = ("i", "f", "g", "o")


def arguments(draw):
    """x (N, S, D), the state (h, c), and [weight_ih, weight_hh, bias_ih, bias_hh]."""
    state = (draw.tensor(3, 2), 1.5 * draw.tensor(3, 2))
    return draw.tensor(3, 4, 5), state, [0.5 * draw.tensor(*shape) for shape in ((8, 5), (8, 2), (8,), (8,))]


def step_arguments(draw):
    """The same for one step: x is (N, D)."""
    x, state, weights = arguments(draw)
    return x[:, 0].contiguous(), state, weights


def weights_from_biases(**logits):
    """Weights of zero: every gate depends on its bias alone, the same for both hidden units."""
    bias_ih = torch.tensor([logits[name] for name in GATES], dtype=torch.float64).repeat_interleave(2)
    return [torch.zeros(8, 5).double(), torch.zeros(8, 2).double(), bias_ih, torch.zeros(8).double()]


@check(points=1, ko="z의 네 블록은 i, f, g, o 순서이고, 블록마다 맞는 활성화 함수를 써요.")
def test_gates_order(student, reference):
    """The four blocks of z are i, f, g, o, in this order, and each goes through its own activation."""
    x, h = torch.zeros(3, 5).double(), torch.zeros(3, 2).double()
    weights = weights_from_biases(i=-1.0, f=1.0, g=-0.5, o=2.0)
    actual = unpack(student.lstm_gates(x, h, *weights), *GATES)
    expected = reference.lstm_gates(x, h, *weights)
    for name, gate, wanted in zip(GATES, actual, expected, strict=True):
        assert_close(gate, wanted, what="gate {gate}", gate=name)


@check(points=1, ko="게이트는 x, h, 두 가중치, 두 편향을 모두 사용해요.")
def test_gates_use_everything(student, reference, draw):
    """The gates depend on x, on h, on both weights and on both biases."""
    x, (h, _), weights = step_arguments(draw)
    actual = unpack(student.lstm_gates(x, h, *weights), *GATES)
    expected = reference.lstm_gates(x, h, *weights)
    for name, gate, wanted in zip(GATES, actual, expected, strict=True):
        assert_close(gate, wanted, what="gate {gate}", gate=name)


@check(
    points=1,
    needs="test_gates_use_everything",
    ko="모양이 맞지 않는 h나 편향은 브로드캐스팅하지 않고 ValueError를 일으켜요.",
)
def test_gates_refuse_to_broadcast(student, draw):
    """A hidden state or a bias of another shape raises ValueError instead of being broadcast."""
    x, (h, _), (weight_ih, weight_hh, bias_ih, bias_hh) = step_arguments(draw)
    assert_raises(ValueError, student.lstm_gates, x, h[:1], weight_ih, weight_hh, bias_ih, bias_hh)
    assert_raises(ValueError, student.lstm_gates, x, h, weight_ih, weight_hh, bias_ih[:1], bias_hh)


@check(points=1, ko="망각 게이트만 열면 셀 상태가 그대로 남고, 입력 게이트만 열면 후보로 바뀌어요.")
def test_cell_keeps_or_replaces(student, reference):
    """The cell state stays with only the forget gate open; the candidate replaces it with only the input gate open."""
    x, h = torch.ones(3, 5).double(), torch.tensor([[0.5, -0.5], [0.1, 0.9], [-0.3, 0.0]]).double()
    c = torch.tensor([[3.0, -2.0], [0.5, 1.0], [-4.0, 0.2]]).double()
    for logits in ({"i": -40.0, "f": 40.0}, {"i": 40.0, "f": -40.0}):
        weights = weights_from_biases(**logits, g=1.0, o=0.5)
        _, c_next = unpack(student.lstm_cell(x, (h, c), *weights), "h", "c")
        assert_close(c_next, reference.lstm_cell(x, (h, c), *weights)[1], what="the cell state")


@check(points=1, ko="lstm_cell은 이전 상태 (h, c)로 다음 상태를 만들어요.")
def test_cell_values(student, reference, draw):
    """lstm_cell makes the next state out of the state (h, c)."""
    x, state, weights = step_arguments(draw)
    actual = unpack(student.lstm_cell(x, state, *weights), "h", "c")
    expected = reference.lstm_cell(x, state, *weights)
    assert_close(actual[1], expected[1], what="the cell state")
    assert_close(actual[0], expected[0], what="the hidden state")


@check(points=1, ko="새 셀 상태를 이전 셀 상태로 미분하면 망각 게이트가 나와요.")
def test_gradient_along_the_cell_state(student, reference, draw):
    """The derivative of the new cell state by the old one is the forget gate."""
    x, (h, c), weights = step_arguments(draw)
    cotangents = [None, torch.ones_like(c)]
    (actual,) = student.gradient("lstm_cell", x, (h, c), *weights, wrt=[(1, 1)], cotangents=cotangents)
    assert_close(actual, reference.lstm_gates(x, h, *weights)[1], what="the derivative")


@check(points=1, ko="lstm_forward는 매 스텝의 은닉 상태와 마지막 상태를 돌려줘요.")
def test_forward_values(student, reference, draw):
    """lstm_forward returns the hidden state after every step, and the last state."""
    x, state, weights = arguments(draw)
    actual = student.lstm_forward(x, state, *weights)
    assert_close(actual, reference.lstm_forward(x, state, *weights), what="outputs and state")


@check(points=1, ko="시퀀스를 둘로 잘라 이어서 처리해도 결과가 같아요.")
def test_forward_continues(student, reference, draw):
    """A sequence cut in two gives the same when the second part goes on from the state that the first one left."""
    x, state, weights = arguments(draw)
    outputs, final = reference.lstm_forward(x, state, *weights)
    first = student.lstm_forward(x[:, :1], state, *weights)
    assert_close(first, reference.lstm_forward(x[:, :1], state, *weights), what="outputs and state of the first part")
    second = student.lstm_forward(x[:, 1:], first[1], *weights)
    assert_close(second, (outputs[:, 1:], final), what="outputs and state of the second part")
