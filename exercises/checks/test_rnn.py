"""Visible checks of the exercise rnn: one thing at a time. The hidden graders ask more.

Sequences: N = 3 samples, S = 4 steps, D = 5 inputs, H = 2 hidden units. Recurrences alone: H = 3.
"""

import torch

from grader.checks import assert_close, assert_raises, assert_unchanged, check, unpack


def arguments(draw):
    """x (N, S, D), h0 (N, H) and [weight_ih, weight_hh, bias_ih, bias_hh]."""
    x, h0 = draw.tensor(3, 4, 5), draw.tensor(3, 2)
    return x, h0, [0.5 * draw.tensor(*shape) for shape in ((2, 5), (2, 2), (2,), (2,))]


def some_gradients():
    """Of norm 3, 4 and 12, so that the global norm is 13."""
    return [
        torch.tensor([[1.0, -2.0], [0.0, 2.0]]).double(),
        torch.tensor([0.0, 0.0, 4.0]).double(),
        torch.tensor([[8.0], [-8.0], [-4.0]]).double(),
    ]


@check(points=1, ko="rnn_step은 x, h, 두 가중치, 두 편향을 모두 더한 값에 tanh를 한 번 적용해요.")
def test_step_values(student, reference, draw):
    """rnn_step takes the tanh of one sum that holds x, h, both weights and both biases."""
    x, h, weights = arguments(draw)
    x = x[:, 0].contiguous()
    assert_close(student.rnn_step(x, h, *weights), reference.rnn_step(x, h, *weights), what="the hidden state")


@check(
    points=1, needs="test_step_values", ko="모양이 맞지 않는 h나 편향은 브로드캐스팅하지 않고 ValueError를 일으켜요."
)
def test_step_refuses_to_broadcast(student, draw):
    """A hidden state or a bias of another shape raises ValueError instead of being broadcast."""
    x, h, (weight_ih, weight_hh, bias_ih, bias_hh) = arguments(draw)
    x = x[:, 0].contiguous()
    assert_raises(ValueError, student.rnn_step, x, h[:1], weight_ih, weight_hh, bias_ih, bias_hh)
    assert_raises(ValueError, student.rnn_step, x, h, weight_ih, weight_hh, bias_ih[:1], bias_hh)


@check(
    points=1, ko="rnn_forward는 h0에서 시작해 매 스텝의 은닉 상태와 마지막 상태를 돌려주고, 받은 텐서는 바꾸지 않아요."
)
def test_forward_values(student, reference, draw):
    """rnn_forward starts from h0, returns the state after every step and the last one, and changes no argument."""
    x, h0, weights = arguments(draw)
    actual = unpack(student.rnn_forward(x, h0, *weights), "outputs", "h_n")
    expected = reference.rnn_forward(x, h0, *weights)
    assert_close(actual[0], expected[0], what="the outputs")
    assert_close(actual[1], expected[1], what="the final state")
    assert_unchanged(student)


@check(points=1, ko="rnn_forward의 답은 앞선 호출에 영향을 받지 않아요.")
def test_forward_starts_anew(student, reference, draw):
    """What rnn_forward answers does not depend on the calls before."""
    x, h0, (weight_ih, weight_hh, bias_ih, bias_hh) = arguments(draw)
    # With a recurrent weight of zero the first call forgets its h0.
    for recurrent in (torch.zeros_like(weight_hh), weight_hh):
        actual = student.rnn_forward(x[:, :2], h0, weight_ih, recurrent, bias_ih, bias_hh)
        expected = reference.rnn_forward(x[:, :2], h0, weight_ih, recurrent, bias_ih, bias_hh)
        assert_close(actual, expected, what="outputs and state")


@check(points=1, ko="마지막 상태의 기울기가 모든 스텝을 거슬러 첫 입력과 h0까지 흘러가요.")
def test_gradient_through_time(student, reference, draw):
    """The gradient of the last state flows back through all steps to the first input and to h0."""
    x, h0, weights = arguments(draw)
    cotangents = [None, torch.ones_like(h0)]
    actual = student.gradient("rnn_forward", x, h0, *weights, wrt=[0, 1], cotangents=cotangents)
    expected = reference.gradient("rnn_forward", x, h0, *weights, wrt=[0, 1], cotangents=cotangents)
    assert_close(actual, expected, what="the gradients by x and h0")


@check(points=1, ko="gradient_norms는 h0에서 각 h_t까지의 야코비 행렬이 갖는 스펙트럴 노름을 구해요.")
def test_norms_of_tanh(student, reference, draw):
    """gradient_norms gives the spectral norm of the Jacobian from h0 to each h_t, here for tanh."""
    weight_hh, h0 = draw.tensor(3, 3), draw.tensor(3)
    actual = student.gradient_norms(weight_hh, h0, 4, "tanh")
    assert_close(actual, reference.gradient_norms(weight_hh, h0, 4, "tanh"), what="the norms")


@check(points=1, ko="gradient_norms는 꺼진 relu 유닛과 sigmoid의 기울기도 제대로 반영해요.")
def test_norms_of_sigmoid_and_relu(student, reference, draw):
    """gradient_norms takes the slope of sigmoid into account, and that relu switches units off."""
    weight_hh = torch.tensor([[0.9, 0.5, -0.4], [-0.8, -0.6, 0.3], [0.2, 0.7, 1.1]]).double()
    h0 = torch.tensor([1.0, 0.5, 2.0]).double()
    for activation in ("sigmoid", "relu"):
        actual = student.gradient_norms(weight_hh, h0, 3, activation)
        assert_close(actual, reference.gradient_norms(weight_hh, h0, 3, activation), what="the norms")


@check(
    points=1, ko="clip_gradients는 전체 노름이 너무 크면 모든 기울기를 같은 비율로 줄이고, 받은 텐서는 바꾸지 않아요."
)
def test_clip_long_gradients(student, reference):
    """clip_gradients shortens gradients together, by one factor, and changes no argument."""
    gradients = some_gradients()
    actual = student.clip_gradients(gradients, 2.0)
    assert_close(actual, reference.clip_gradients(gradients, 2.0), what="the gradients", tolerance=1e-5)
    assert_unchanged(student)


@check(points=1, needs="test_clip_long_gradients", ko="전체 노름이 max_norm을 넘지 않으면 모든 값이 그대로예요.")
def test_clip_leaves_short_gradients(student, reference):
    """Gradients whose global norm is not too great stay as they are."""
    gradients = some_gradients()
    assert_close(
        student.clip_gradients(gradients, 14.0), reference.clip_gradients(gradients, 14.0), what="the gradients"
    )
