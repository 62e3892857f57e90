"""Hidden graders of the exercise rnn.

A mistake in the step spoils every state of a sequence. So the check that asks how rnn_forward chains steps also accepts what
follows from the student's own step; the whole layer has a check of its own. Norms of long products span many powers of ten:
there the ratio to the right answer is compared.
"""

from itertools import combinations

import torch

from grader.checks import CheckFailed, assert_close, assert_raises, assert_unchanged, check, require, unpack

RUN = ("outputs", "h_n")
CLIP_TOLERANCE = 1e-5  # torch adds 1e-6 to the divisor; the norms below are greater than 1


def arguments(draw, batch=2, steps=5, inputs=6, hidden=3, dtype="float64", tensor=None):
    """x (N, S, D), h0 (N, H) and the weights, so small that tanh does not saturate."""
    tensor = tensor or draw.tensor
    x, h0 = tensor(batch, steps, inputs, dtype=dtype), tensor(batch, hidden, dtype=dtype)
    shapes = [(hidden, inputs), (hidden, hidden), (hidden,), (hidden,)]
    return x, h0, [tensor(*shape, dtype=dtype).mul_(0.4) for shape in shapes]


def first_step(x):
    """x at t = 0, contiguous where x is: the layout in memory has a check of its own."""
    return x[:, 0].contiguous() if x.is_contiguous() else x[:, 0]


def recurrence(draw, hidden=5, gain=1.2, dtype="float64", tensor=None):
    """W (H, H) and h0 (H,) of which the first unit is never off under relu."""
    tensor = tensor or draw.tensor
    weight_hh, h0 = tensor(hidden, hidden, dtype=dtype).mul_(gain / hidden**0.5), tensor(hidden, dtype=dtype)
    weight_hh[0].abs_()
    h0.abs_()
    return weight_hh, h0


def gradients_of_norm(draw, norm, shapes=((2, 3), (4,), (2, 1, 3)), dtype="float64", tensor=None):
    """Tensors whose global norm is `norm`, none of them negligible."""
    tensor = tensor or draw.tensor
    found = [tensor(*shape, dtype=dtype) for shape in shapes]
    for part in found:
        part += part.sign()
    total = torch.cat([part.flatten() for part in found]).norm()
    return [part.mul_(norm / total) for part in found]


def agree(actual, expected):
    try:
        assert_close(actual, expected)
    except CheckFailed:
        return False
    return True


def usable(tensors, like):
    """Tensors of the right kind that vary and differ: no zeros, constants or copies that would agree with anything."""
    return all(
        isinstance(tensor, torch.Tensor)
        and tensor.shape == like.shape
        and tensor.dtype == like.dtype
        and bool(tensor.isfinite().all())
        and bool(tensor.std() > 1e-6)
        for tensor in tensors
    ) and not any(torch.allclose(one, other) for one, other in combinations(tensors, 2))


def sequence_from_own_step(student, x, h0, weights):
    states = [h0]
    for t in range(x.shape[1]):
        states.append(student.rnn_step(x[:, t].contiguous(), states[-1], *weights))
        if not usable(states, like=h0):
            return None
    with_other_input = student.rnn_step(x[:, 1].contiguous(), h0, *weights)
    with_other_state = student.rnn_step(x[:, 0].contiguous(), 0.5 * h0, *weights)
    if not usable([*states, with_other_input, with_other_state], like=h0):
        return None
    return torch.stack(states[1:], dim=1), states[-1]


def assert_ratio(actual, expected, activation):
    """Norms of any size agree in their first digits."""
    assert_close(actual, expected, what="the norms for {activation}", activation=activation)
    ones = torch.ones_like(expected)
    assert_close(
        actual / expected, ones, "the norms for {activation}, divided by the right ones", 1e-6, activation=activation
    )


def answers(function, *args):
    """Right arguments are no reason to raise: a function that refuses everything refuses nothing in particular."""
    require(
        isinstance(function(*args), torch.Tensor),
        en="Even with shapes that fit there is no tensor.",
        ko="모양이 맞는 인자를 줘도 텐서가 나오지 않아요.",
    )


@check(points=2.5, ko="rnn_step은 수식대로 입력과 이전 은닉 상태로 새 은닉 상태를 만들어요.")
def test_step_values(student, reference, draw):
    """rnn_step makes the new hidden state out of the input and the old one as the formula says."""
    for sizes in ({}, {"batch": 3, "inputs": 2, "hidden": 5}):
        x, h, weights = arguments(draw, **sizes)
        x = first_step(x)
        assert_close(student.rnn_step(x, h, *weights), reference.rnn_step(x, h, *weights), what="the hidden state")


@check(points=2, ko="rnn_forward는 시점 순서대로 rnn_step을 적용하고 스텝마다 상태를 이어 줘요.")
def test_forward_chains_steps(student, reference, draw):
    """rnn_forward applies rnn_step in the order of time and hands the state on from step to step."""
    x, h0, weights = arguments(draw)
    actual = unpack(student.rnn_forward(x, h0, *weights), *RUN)
    expected = reference.rnn_forward(x, h0, *weights)
    if not agree(actual, expected):
        expected = sequence_from_own_step(student, x, h0, weights) or expected
    assert_close(actual[0], expected[0], what="the outputs")
    assert_close(actual[1], expected[1], what="the final state")


@check(points=1, ko="rnn_forward 전체가 같은 가중치의 RNN 층과 같은 답을 내고, 앞선 호출의 영향을 받지 않아요.")
def test_forward_values(student, reference, draw):
    """rnn_forward as a whole answers as an RNN layer with these weights does, whatever was computed before."""
    # In the first call h0 has no effect, so that what it leaves behind does not depend on the checks before this one.
    for forget in (True, False):
        x, h0, weights = arguments(draw, batch=3, steps=4, inputs=2, hidden=5)
        if forget:
            weights[1] = torch.zeros_like(weights[1])
        actual = unpack(student.rnn_forward(x, h0, *weights), *RUN)
        expected = reference.rnn_forward(x, h0, *weights)
        assert_close(actual[0], expected[0], what="the outputs")
        assert_close(actual[1], expected[1], what="the final state")


@check(points=1, ko="한 스텝의 기울기가 입력, 상태, 모든 가중치까지 흘러가요.")
def test_step_gradients(student, reference, draw):
    """Gradients flow through one step to the input, the state and every weight."""
    x, h, weights = arguments(draw)
    args, cotangents = (first_step(x), h, *weights), [draw.tensor(*h.shape)]
    actual = student.gradient("rnn_step", *args, wrt=list(range(6)), cotangents=cotangents)
    expected = reference.gradient("rnn_step", *args, wrt=list(range(6)), cotangents=cotangents)
    assert_close(actual, expected, what="the gradients")


@check(points=1.5, ko="기울기가 모든 스텝을 거슬러 첫 상태와 가중치까지 흘러가요.")
def test_forward_gradients(student, reference, draw):
    """Gradients flow back through all steps to the inputs, the first state and every weight."""
    x, h0, weights = arguments(draw, batch=3, inputs=2)
    args, cotangents = (x, h0, *weights), [draw.tensor(3, 5, 3), draw.tensor(3, 3)]
    actual = student.gradient("rnn_forward", *args, wrt=list(range(6)), cotangents=cotangents)
    expected = reference.gradient("rnn_forward", *args, wrt=list(range(6)), cotangents=cotangents)
    assert_close(actual, expected, what="the gradients")


@check(points=1, ko="각 출력은 같은 샘플의 지금과 이전 입력에만, 그리고 그 모두에 달려 있어요.")
def test_outputs_look_back(student, draw):
    """An output depends on its own sample's inputs up to its time: on each of them, and on no other."""
    x, h0, weights = arguments(draw, batch=3, steps=4, hidden=2)
    for sample, time in ((1, 2), (2, 0)):
        cotangent = torch.zeros(3, 4, 2, dtype=x.dtype)
        cotangent[sample, time] = 1 + draw.tensor(2).abs()
        (gradient,) = student.gradient("rnn_forward", x, h0, *weights, wrt=[0], cotangents=[cotangent])
        size = gradient.abs().amax(dim=-1)
        past = torch.zeros(3, 4, dtype=torch.bool)
        past[sample, : time + 1] = True
        require(
            (size[~past] < 1e-12).all(),
            en="An output changes with an input of a later time or of another sample.",
            ko="나중 시점이나 다른 샘플의 입력이 바뀌면 출력도 달라져요.",
        )
        require(
            (size[past] > 1e-12).all(),
            en="An output does not change with an input that it should remember.",
            ko="기억해야 할 입력이 바뀌어도 출력이 달라지지 않아요.",
        )


@check(points=1.5, ko="gradient_norms는 tanh 순환의 야코비 행렬을 곱해 각 시점까지의 스펙트럴 노름을 구해요.")
def test_norms_of_tanh(student, reference, draw):
    """gradient_norms gives the spectral norms of the Jacobians from the first state to each later one, for tanh."""
    for hidden, steps in ((5, 4), (3, 6)):
        weight_hh, h0 = recurrence(draw, hidden)
        actual = student.gradient_norms(weight_hh, h0, steps, "tanh")
        assert_ratio(actual, reference.gradient_norms(weight_hh, h0, steps, "tanh"), "tanh")


@check(points=1.5, ko="gradient_norms는 sigmoid와 relu의 순환에도 맞는 노름을 구해요.")
def test_norms_of_sigmoid_and_relu(student, reference, draw):
    """gradient_norms gives the right norms for sigmoid and for relu, too."""
    # Several draws of relu: in a single one the same units may be on at every step.
    for activation, gain in (("sigmoid", 2.5), *3 * [("relu", 1.2)]):
        weight_hh, h0 = recurrence(draw, gain=gain)
        actual = student.gradient_norms(weight_hh, h0, 5, activation)
        assert_ratio(actual, reference.gradient_norms(weight_hh, h0, 5, activation), activation)


@check(points=1, ko="스텝이 많아도, 노름이 아주 작아지거나 커져도 gradient_norms의 값이 맞아요.")
def test_norms_of_many_steps(student, reference, draw):
    """gradient_norms stays right over many steps, where norms vanish or explode."""
    for activation, gain in (("sigmoid", 1.0), ("relu", 1.5), ("relu", 0.5)):
        weight_hh, h0 = recurrence(draw, 4, gain)
        weight_hh = weight_hh.abs()  # no unit of relu is ever off
        actual = student.gradient_norms(weight_hh, h0, 40, activation)
        assert_ratio(actual, reference.gradient_norms(weight_hh, h0, 40, activation), activation)


@check(points=1.5, ko="전체 노름이 max_norm보다 크면 모든 기울기를 같은 비율로 줄여 전체 노름이 max_norm이 돼요.")
def test_clip_long_gradients(student, reference, draw):
    """Where the global norm is too great, all gradients shrink by one factor, to a global norm of max_norm."""
    for norm, max_norm, shapes in ((7.0, 2.5, ((2, 3), (4,), (2, 1, 3))), (30.0, 6.0, ((3, 2), (5,)))):
        gradients = gradients_of_norm(draw, norm, shapes)
        actual = student.clip_gradients(gradients, max_norm)
        expected = reference.clip_gradients(gradients, max_norm)
        assert_close(actual, expected, what="the gradients", tolerance=CLIP_TOLERANCE)


@check(points=1, ko="clip_gradients는 전체 노름이 max_norm을 넘을 때만 값을 바꿔요.")
def test_clip_leaves_short_gradients(student, draw):
    """clip_gradients changes values only where the global norm is too great; zeros stay zeros."""
    gradients = gradients_of_norm(draw, 5.0)
    require(
        not agree(student.clip_gradients(gradients, 2.5), gradients),
        en="Gradients with a global norm above max_norm come back as they were.",
        ko="전체 노름이 max_norm보다 큰 기울기가 그대로 돌아왔어요.",
    )
    for norm, max_norm in ((0.5, 2.5), (3.0, 3.5), (0.0, 2.0)):
        gradients = gradients_of_norm(draw, norm)
        assert_close(student.clip_gradients(gradients, max_norm), gradients, what="the gradients")


def assert_all_close(student, reference, draw, **kind):
    """The four functions on the same inputs."""
    x, h0, weights = arguments(draw, **kind)
    x_0 = first_step(x)
    assert_close(student.rnn_step(x_0, h0, *weights), reference.rnn_step(x_0, h0, *weights), what="the hidden state")
    actual = student.rnn_forward(x, h0, *weights)
    assert_close(actual, reference.rnn_forward(x, h0, *weights), what="outputs and state")
    weight_hh, h0 = recurrence(draw, **kind)
    for activation in ("tanh", "sigmoid", "relu"):
        actual = student.gradient_norms(weight_hh, h0, 3, activation)
        assert_close(actual, reference.gradient_norms(weight_hh, h0, 3, activation), what="the norms")
    gradients = gradients_of_norm(draw, 5.0, **kind)
    for max_norm in (2.0, 8.0):
        actual = student.clip_gradients(gradients, max_norm)
        expected = reference.clip_gradients(gradients, max_norm)
        assert_close(actual, expected, what="the gradients", tolerance=CLIP_TOLERANCE)


@check(points=1, ko="float32를 받으면 네 함수 모두 float32로 답해요.")
def test_float32(student, reference, draw):
    """Given float32, all four functions answer in float32."""
    assert_all_close(student, reference, draw, dtype="float32")


@check(points=0.5, ko="메모리에 연속으로 놓이지 않은 입력과 가중치도 받아요.")
def test_non_contiguous(student, reference, draw):
    """Inputs and weights need not be contiguous in memory."""
    assert_all_close(student, reference, draw, tensor=draw.strided)


@check(points=0.5, ko="크기가 1인 축이 있어도 축이 사라지지 않아요.")
def test_single_axes(student, reference, draw):
    """An axis of size 1 stays an axis: one sample, step, feature, hidden unit, a single gradient, a single number."""
    for sizes in ({"batch": 1}, {"steps": 1}, {"inputs": 1}, {"hidden": 1}, {"batch": 1, "steps": 1, "hidden": 1}):
        x, h0, weights = arguments(draw, **sizes)
        x_0 = first_step(x)
        assert_close(
            student.rnn_step(x_0, h0, *weights), reference.rnn_step(x_0, h0, *weights), what="the hidden state"
        )
        actual = student.rnn_forward(x, h0, *weights)
        assert_close(actual, reference.rnn_forward(x, h0, *weights), what="outputs and state")
    for hidden, steps in ((1, 3), (4, 1), (1, 1)):
        weight_hh, h0 = recurrence(draw, hidden)
        actual = student.gradient_norms(weight_hh, h0, steps, "tanh")
        assert_close(actual, reference.gradient_norms(weight_hh, h0, steps, "tanh"), what="the norms")
    for shapes in (((1, 3), (), (1,)), ((2, 3),)):
        gradients = gradients_of_norm(draw, 5.0, shapes)
        actual, expected = student.clip_gradients(gradients, 2.0), reference.clip_gradients(gradients, 2.0)
        assert_close(actual, expected, what="the gradients", tolerance=CLIP_TOLERANCE)


@check(
    points=0.5,
    needs=("test_forward_chains_steps", "test_norms_of_tanh", "test_clip_long_gradients"),
    ko="받은 텐서를 바꾸지 않아요.",
)
def test_inputs_unchanged(student, draw):
    """The tensors that come in stay as they were."""
    x, h0, weights = arguments(draw)
    student.rnn_step(first_step(x), h0, *weights)
    student.rnn_forward(x, h0, *weights)
    weight_hh, h0 = recurrence(draw)
    for activation in ("tanh", "sigmoid", "relu"):
        student.gradient_norms(weight_hh, h0, 3, activation)
    student.clip_gradients(gradients_of_norm(draw, 5.0), 2.0)
    assert_unchanged(student)


@check(points=0.5, ko="가중치의 모양이 맞지 않으면 rnn_step이 ValueError를 일으켜요.")
def test_step_refuses_weights(student, draw):
    """rnn_step raises ValueError for weights that do not fit."""
    x, h = draw.tensor(2, 6), draw.tensor(2, 3)
    answers(student.rnn_step, x, h, *(draw.tensor(*shape) for shape in ((3, 6), (3, 3), (3,), (3,))))
    wrong = [
        ((6, 3), (3, 3), (3,), (3,)),
        ((3, 7), (3, 3), (3,), (3,)),
        ((1, 6), (3, 3), (3,), (3,)),
        ((3, 6), (3, 2), (3,), (3,)),
        ((3, 6), (1, 3), (3,), (3,)),
        ((4, 6), (4, 3), (4,), (4,)),
    ]
    for shapes in wrong:
        assert_raises(ValueError, student.rnn_step, x, h, *(draw.tensor(*shape) for shape in shapes))


@check(points=0.5, ko="h나 편향의 모양이 맞지 않으면 rnn_step이 ValueError를 일으켜요.")
def test_step_refuses_state_and_biases(student, draw):
    """rnn_step raises ValueError for a hidden state or a bias that does not fit, even where it would broadcast."""
    x, h, weights = arguments(draw)
    x = first_step(x)
    answers(student.rnn_step, x, h, *weights)
    for bad in (h[:1], torch.cat([h, h])):
        assert_raises(ValueError, student.rnn_step, x, bad, *weights)
    assert_raises(ValueError, student.rnn_step, x[:1], h, *weights)
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    for size in (1, 2):
        assert_raises(ValueError, student.rnn_step, x, h, weight_ih, weight_hh, bias_ih[:size], bias_hh)
        assert_raises(ValueError, student.rnn_step, x, h, weight_ih, weight_hh, bias_ih, bias_hh[:size])


@check(
    points=0.5, ko="모르는 활성화 함수나 모양이 맞지 않는 weight_hh를 받으면 gradient_norms가 ValueError를 일으켜요."
)
def test_norms_refuse(student, draw):
    """gradient_norms raises ValueError for an unknown activation and for a weight_hh that does not fit."""
    weight_hh, h0 = recurrence(draw, 4)
    answers(student.gradient_norms, weight_hh, h0, 3, "relu")
    for activation in ("gelu", "", "linear"):
        assert_raises(ValueError, student.gradient_norms, weight_hh, h0, 3, activation)
    larger = draw.tensor(5, 5)
    for bad in (weight_hh[:, :3], weight_hh[:3], weight_hh[:1], weight_hh[:3, :3], larger):
        assert_raises(ValueError, student.gradient_norms, bad.contiguous(), h0, 3, "tanh")


def long_sequences(draw, batch, hidden):
    """128 steps in float32 whose past dies away, so that rounding does not grow from step to step."""
    x, h0, weights = arguments(draw, batch, 128, 8, hidden, dtype="float32")
    weights[1] *= hidden**-0.5
    return x, h0, *weights


@check(
    points=0.5,
    needs="test_forward_values",
    ko="배치가 크고 시퀀스가 길어도 rnn_forward가 기준 풀이보다 많이 느리지 않아요.",
)
def test_forward_speed(race, draw):
    """On many long sequences rnn_forward is not much slower than the reference."""
    race(
        "rnn_forward",
        # The length is no size of the race: a loop over the steps is what is asked for.
        lambda batch, features: long_sequences(draw, batch, features),
        flops=2 * 32 * 128 * 32 * (8 + 32),
        batch=32,
        features=32,
    )
