"""Visible checks of the exercise gru: one thing at a time. The hidden graders ask more.

Everywhere: N = 2 samples, S = 3 steps, D = 5 inputs, H = 4 hidden units, so that a weight has 3·H = 12 rows.
"""

import torch

from grader.checks import assert_close, assert_raises, assert_unchanged, check, unpack

GATES = ("r", "z", "n")


def arguments(draw):
    """x (N, S, D), h0 (N, H), and [weight_ih, weight_hh, bias_ih, bias_hh]."""
    weights = [0.5 * draw.tensor(*shape) for shape in ((12, 5), (12, 4), (12,), (12,))]
    return draw.tensor(2, 3, 5), draw.tensor(2, 4), weights


def step_arguments(draw):
    """The same for one step: x is (N, D)."""
    x, h, weights = arguments(draw)
    return x[:, 0].contiguous(), h, weights


def blocks(r, z, n):
    """A bias of three constant blocks."""
    return torch.tensor([r, z, n], dtype=torch.float64).repeat_interleave(4)


def weights_from_biases(bias_ih, bias_hh):
    """Weights of zero: everything depends on the biases alone."""
    return [torch.zeros(12, 5).double(), torch.zeros(12, 4).double(), bias_ih, bias_hh]


@check(points=1, ko="세 블록은 r, z, n 순서이고, 블록마다 맞는 활성화 함수를 써요.")
def test_gates_order(student, reference, draw):
    """The three blocks are r, z, n, in this order, and each goes through its own activation."""
    x, h = draw.tensor(2, 5), draw.tensor(2, 4)
    weights = weights_from_biases(blocks(-1.0, 2.0, -0.5), blocks(0.5, -1.0, 0.0))
    actual = unpack(student.gru_gates(x, h, *weights), *GATES)
    expected = reference.gru_gates(x, h, *weights)
    for name, gate, wanted in zip(GATES, actual, expected, strict=True):
        assert_close(gate, wanted, what="gate {gate}", gate=name)


@check(points=1, ko="게이트와 후보 값은 x, h, 두 가중치, 두 편향을 모두 사용해요.")
def test_gates_use_everything(student, reference, draw):
    """The gates and the candidate depend on x, on h, on both weights and on both biases."""
    x, h, weights = step_arguments(draw)
    actual = unpack(student.gru_gates(x, h, *weights), *GATES)
    expected = reference.gru_gates(x, h, *weights)
    for name, gate, wanted in zip(GATES, actual, expected, strict=True):
        assert_close(gate, wanted, what="gate {gate}", gate=name)


@check(points=1, ko="리셋 게이트가 완전히 닫히면 후보 값은 입력만 보고, 완전히 열리면 과거도 모두 봐요.")
def test_reset_gate_shut_and_open(student, reference, draw):
    """With the reset gate shut, the candidate sees the input alone; with it open, all of the past as well."""
    x, h, (weight_ih, weight_hh, bias_ih, bias_hh) = step_arguments(draw)
    for logit in (-60.0, 60.0):
        steered = bias_ih + blocks(logit, 0.0, 0.0)
        _, _, n = unpack(student.gru_gates(x, h, weight_ih, weight_hh, steered, bias_hh), *GATES)
        assert_close(
            n, reference.gru_gates(x, h, weight_ih, weight_hh, steered, bias_hh)[2], what="gate {gate}", gate=GATES[2]
        )


@check(
    points=1,
    needs="test_gates_use_everything",
    ko="모양이 맞지 않는 h나 편향은 브로드캐스팅하지 않고 ValueError를 일으켜요.",
)
def test_gates_refuse_to_broadcast(student, draw):
    """A state or a bias of another shape raises ValueError instead of being broadcast."""
    x, h, (weight_ih, weight_hh, bias_ih, bias_hh) = step_arguments(draw)
    assert_raises(ValueError, student.gru_gates, x, h[:1], weight_ih, weight_hh, bias_ih, bias_hh)
    assert_raises(ValueError, student.gru_gates, x, h, weight_ih, weight_hh, bias_ih, bias_hh[:1])


@check(points=1, ko="업데이트 게이트 z가 1이면 이전 상태가 그대로 남고, 0이면 후보 값으로 바뀌어요.")
def test_cell_keeps_or_replaces(student, reference):
    """The old state stays where the update gate z is 1, and the candidate replaces it where z is 0."""
    x, h = torch.ones(2, 5).double(), torch.tensor([[3.0, -2.0, 0.5, 1.0], [-4.0, 0.2, 0.1, -0.3]]).double()
    for logit in (60.0, -60.0):
        weights = weights_from_biases(blocks(0.5, logit, 1.0), blocks(0.0, 0.0, -2.0))
        assert_close(student.gru_cell(x, h, *weights), reference.gru_cell(x, h, *weights), what="the state")


@check(points=1, ko="gru_cell은 후보 값과 이전 상태를 z로 섞어요.")
def test_cell_values(student, reference, draw):
    """gru_cell blends the candidate and the old state by z."""
    x, h, weights = step_arguments(draw)
    assert_close(student.gru_cell(x, h, *weights), reference.gru_cell(x, h, *weights), what="the state")


@check(points=1, needs="test_cell_values", ko="gru_cell은 받은 상태를 바꾸지 않아요.")
def test_cell_keeps_its_input(student, draw):
    """gru_cell leaves the state that it was given as it was."""
    x, h, weights = step_arguments(draw)
    student.gru_cell(x, h, *weights)
    assert_unchanged(student)


@check(points=1, ko="gru_forward는 매 스텝의 상태와 마지막 상태를 돌려줘요.")
def test_forward_values(student, reference, draw):
    """gru_forward returns the state after every step, and the last state."""
    x, h0, weights = arguments(draw)
    actual = unpack(student.gru_forward(x, h0, *weights), "outputs", "h_n")
    expected = reference.gru_forward(x, h0, *weights)
    assert_close(actual[0], expected[0], what="the outputs")
    assert_close(actual[1], expected[1], what="the final state")


@check(points=1, ko="시퀀스를 둘로 잘라 이어서 처리해도 결과가 같아요.")
def test_forward_continues(student, reference, draw):
    """A sequence cut in two gives the same when the second part goes on from the state that the first one left."""
    x, h0, weights = arguments(draw)
    outputs, h_n = reference.gru_forward(x, h0, *weights)
    first = unpack(student.gru_forward(x[:, :1], h0, *weights), "outputs", "h_n")
    assert_close(first, reference.gru_forward(x[:, :1], h0, *weights), what="outputs and state of the first part")
    second = student.gru_forward(x[:, 1:], first[1], *weights)
    assert_close(second, (outputs[:, 1:], h_n), what="outputs and state of the second part")


@check(points=1, ko="parameter_count는 RNN, GRU, LSTM의 가중치와 편향을 모두 세요.")
def test_parameter_count(student, reference):
    """parameter_count counts all weights and biases of an RNN, a GRU and an LSTM."""
    names = ("rnn", "gru", "lstm")
    counts = [student.parameter_count(cell, 5, 2) for cell in names]
    for name, count in zip(names, counts, strict=True):
        assert_close(count, reference.parameter_count(name, 5, 2), what="the count for {cell}", cell=name)
