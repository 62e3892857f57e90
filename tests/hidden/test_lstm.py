"""Hidden graders of the exercise lstm.

A mistake in the gates spoils every state that is computed from them. So the first checks of lstm_cell and lstm_forward
also accept what follows from the student's own gates or own step; the whole layer has a check of its own.
"""

from itertools import combinations

import torch

from grader.checks import CheckFailed, assert_close, assert_raises, assert_unchanged, check, unpack

GATES = ("i", "f", "g", "o")
STATE = ("h", "c")
WRT = [0, (1, 0), (1, 1), 2, 3, 4, 5]


def arguments(draw, batch=2, steps=5, inputs=6, hidden=3, dtype="float64", tensor=None):
    """x (N, S, D), the state (h, c) and the weights; no size is 4 by chance, and no gate saturates."""
    tensor = tensor or draw.tensor
    x = tensor(batch, steps, inputs, dtype=dtype)
    state = (tensor(batch, hidden, dtype=dtype), tensor(batch, hidden, dtype=dtype).mul_(1.5))
    shapes = [(4 * hidden, inputs), (4 * hidden, hidden), (4 * hidden,), (4 * hidden,)]
    return x, state, [tensor(*shape, dtype=dtype).mul_(0.5) for shape in shapes]


def first_step(x):
    """x at t = 0, contiguous where x is: the layout in memory has a check of its own."""
    return x[:, 0].contiguous() if x.is_contiguous() else x[:, 0]


def steered(draw, batch=3, inputs=5, hidden=2, **logits):
    """A step whose gates depend on bias_ih alone: `logits` fixes some, the others are random."""
    x, state, _ = arguments(draw, batch, 1, inputs, hidden)
    zeros = [torch.zeros(4 * hidden, *shape, dtype=x.dtype) for shape in ((inputs,), (hidden,), ())]
    bias_ih = draw.tensor(4, hidden)
    for name, logit in logits.items():
        bias_ih[GATES.index(name)] = logit
    return first_step(x), state, [*zeros[:2], bias_ih.flatten(), zeros[2]]


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


def state_from_own_gates(student, x, state, weights):
    h, c = state
    gates = unpack(student.lstm_gates(x, h, *weights), *GATES)
    if not usable([*gates, h, c], like=h):
        return None
    i, f, g, o = gates
    c_next = f * c + i * g
    return o * c_next.tanh(), c_next


def sequence_from_own_cell(student, x, state, weights):
    states = [state]
    for t in range(x.shape[1]):
        states.append(unpack(student.lstm_cell(x[:, t].contiguous(), states[-1], *weights), *STATE))
    with_other_input = unpack(student.lstm_cell(x[:, 1].contiguous(), state, *weights), *STATE)
    if not usable([tensor for pair in (*states, with_other_input) for tensor in pair], like=state[0]):
        return None
    return torch.stack([h for h, _ in states[1:]], dim=1), states[-1]


def unpack_forward(answer):
    """(outputs, (h_n, c_n)), whatever the student made of the pairs."""
    if not (isinstance(answer, tuple | list) and len(answer) == 2):
        unpack(answer, "outputs", "state")
    return answer[0], unpack(answer[1], "h_n", "c_n")


@check(points=4, ko="lstm_gates는 입력 게이트, 망각 게이트, 후보, 출력 게이트를 수식대로 이 순서로 돌려줘요.")
def test_gates_values(student, reference, draw):
    """lstm_gates gives input gate, forget gate, candidate and output gate, in this order, as the formulas say."""
    for sizes in ({}, {"batch": 3, "inputs": 2, "hidden": 5}):
        x, (h, _), weights = arguments(draw, **sizes)
        actual = unpack(student.lstm_gates(first_step(x), h, *weights), *GATES)
        expected = reference.lstm_gates(first_step(x), h, *weights)
        for name, gate, wanted in zip(GATES, actual, expected, strict=True):
            assert_close(gate, wanted, what="gate {gate}", gate=name)


@check(points=3.5, ko="lstm_cell은 게이트와 이전 상태로 새 은닉 상태와 새 셀 상태를 만들어요.")
def test_cell_values(student, reference, draw):
    """lstm_cell makes the new hidden state and the new cell state out of the gates and the old state."""
    for sizes in ({}, {"batch": 3, "inputs": 2, "hidden": 5}):
        x, state, weights = arguments(draw, **sizes)
        x = first_step(x)
        actual = unpack(student.lstm_cell(x, state, *weights), *STATE)
        expected = reference.lstm_cell(x, state, *weights)
        if not agree(actual, expected):
            expected = state_from_own_gates(student, x, state, weights) or expected
        assert_close(actual[0], expected[0], what="the hidden state")
        assert_close(actual[1], expected[1], what="the cell state")


@check(points=1, ko="망각 게이트만 열면 셀 상태가 그대로 남고, 입력 게이트만 열면 후보로 바뀌어요.")
def test_cell_keeps_or_replaces(student, reference, draw):
    """The cell state stays with only the forget gate open; the candidate replaces it with only the input gate open."""
    for logits in ({"i": -40.0, "f": 40.0, "o": 40.0}, {"i": 40.0, "f": -40.0, "o": 40.0}):
        x, (h, c), weights = steered(draw, **logits)
        state = (h, 4 * c)
        assert_close(student.lstm_cell(x, state, *weights), reference.lstm_cell(x, state, *weights), what="the state")


@check(points=1, ko="출력 게이트는 은닉 상태로 보여 줄 양만 정하고 셀 상태에는 영향을 주지 않아요.")
def test_cell_shows_or_hides(student, reference, draw):
    """The output gate decides how much the hidden state shows, and leaves the cell state alone."""
    for logit in (-40.0, 40.0):
        x, (h, c), weights = steered(draw, o=logit)
        state = (h, 2 * c)
        assert_close(student.lstm_cell(x, state, *weights), reference.lstm_cell(x, state, *weights), what="the state")


@check(points=2, ko="lstm_forward는 시점 순서대로 lstm_cell을 적용하고 스텝마다 상태를 이어 줘요.")
def test_forward_chains_steps(student, reference, draw):
    """lstm_forward applies lstm_cell in the order of time and hands the state on from step to step."""
    x, state, weights = arguments(draw)
    actual = unpack_forward(student.lstm_forward(x, state, *weights))
    expected = reference.lstm_forward(x, state, *weights)
    if not agree(actual, expected):
        expected = sequence_from_own_cell(student, x, state, weights) or expected
    assert_close(actual[0], expected[0], what="the outputs")
    assert_close(actual[1], expected[1], what="the final state")


@check(points=2, ko="lstm_forward 전체가 같은 가중치의 LSTM 층과 같은 답을 내요.")
def test_forward_values(student, reference, draw):
    """lstm_forward as a whole answers as an LSTM layer with these weights does, whatever was computed before."""
    for _ in range(2):
        x, state, weights = arguments(draw, batch=3, steps=6, inputs=2, hidden=5)
        outputs, final = unpack_forward(student.lstm_forward(x, state, *weights))
        expected = reference.lstm_forward(x, state, *weights)
        assert_close(outputs, expected[0], what="the outputs")
        assert_close(final, expected[1], what="the final state")


@check(points=1, ko="게이트와 한 스텝의 기울기가 입력, 상태, 모든 가중치까지 흘러가요.")
def test_cell_gradients(student, reference, draw):
    """Gradients flow through the gates and through one step to the input, the state and every weight."""
    x, (h, c), weights = arguments(draw)
    x = first_step(x)
    calls = [
        ("lstm_gates", (x, h, *weights), list(range(6)), [draw.tensor(*h.shape) for _ in GATES]),
        ("lstm_cell", (x, (h, c), *weights), WRT, [draw.tensor(*h.shape) for _ in STATE]),
    ]
    for name, args, wrt, cotangents in calls:
        actual = student.gradient(name, *args, wrt=wrt, cotangents=cotangents)
        assert_close(actual, reference.gradient(name, *args, wrt=wrt, cotangents=cotangents), what="the gradients")


@check(points=1, ko="기울기가 모든 스텝을 거슬러 첫 상태와 가중치까지 흘러가요.")
def test_forward_gradients(student, reference, draw):
    """Gradients flow back through all steps to the inputs, the first state and every weight."""
    x, state, weights = arguments(draw, batch=3, inputs=2)
    cotangents = [draw.tensor(3, 5, 3), draw.tensor(3, 3), draw.tensor(3, 3)]
    actual = student.gradient("lstm_forward", x, state, *weights, wrt=WRT, cotangents=cotangents)
    expected = reference.gradient("lstm_forward", x, state, *weights, wrt=WRT, cotangents=cotangents)
    assert_close(actual, expected, what="the gradients")


def assert_all_close(student, reference, x, state, weights):
    """The three functions on the same inputs."""
    x_0, h = first_step(x), state[0]
    assert_close(student.lstm_gates(x_0, h, *weights), reference.lstm_gates(x_0, h, *weights), what="the gates")
    assert_close(student.lstm_cell(x_0, state, *weights), reference.lstm_cell(x_0, state, *weights), what="the state")
    actual = student.lstm_forward(x, state, *weights)
    assert_close(actual, reference.lstm_forward(x, state, *weights), what="outputs and state")


@check(points=1, ko="float32를 받으면 세 함수 모두 float32로 답해요.")
def test_float32(student, reference, draw):
    """Given float32, all three functions answer in float32."""
    assert_all_close(student, reference, *arguments(draw, dtype="float32"))


@check(points=0.5, ko="메모리에 연속으로 놓이지 않은 입력과 가중치도 받아요.")
def test_non_contiguous(student, reference, draw):
    """Inputs and weights need not be contiguous in memory."""
    assert_all_close(student, reference, *arguments(draw, tensor=draw.strided))


@check(points=0.5, ko="크기가 1인 축이 있어도 축이 사라지지 않아요.")
def test_single_axes(student, reference, draw):
    """An axis of size 1 stays an axis: one sample, one step, one feature, one hidden unit."""
    for sizes in ({"batch": 1}, {"steps": 1}, {"inputs": 1}, {"hidden": 1}, {"batch": 1, "steps": 1, "hidden": 1}):
        assert_all_close(student, reference, *arguments(draw, **sizes))


@check(points=0.5, needs=("test_cell_values", "test_forward_chains_steps"), ko="받은 텐서를 바꾸지 않아요.")
def test_inputs_unchanged(student, draw):
    """The tensors that come in stay as they were."""
    x, state, weights = arguments(draw)
    student.lstm_gates(first_step(x), state[0], *weights)
    student.lstm_cell(first_step(x), state, *weights)
    student.lstm_forward(x, state, *weights)
    assert_unchanged(student)


@check(points=0.5, needs="test_gates_values", ko="가중치의 모양이 맞지 않으면 lstm_gates가 ValueError를 일으켜요.")
def test_gates_refuse_weights(student, draw):
    """lstm_gates raises ValueError for weights that do not fit."""
    x, h = draw.tensor(2, 6), draw.tensor(2, 3)
    wrong = [
        ((6, 12), (12, 3), (12,), (12,)),
        ((12, 7), (12, 3), (12,), (12,)),
        ((12, 6), (3, 12), (12,), (12,)),
        ((12, 6), (12, 2), (12,), (12,)),
        ((1, 6), (12, 3), (12,), (12,)),
        ((12, 6), (1, 3), (12,), (12,)),
        ((9, 6), (9, 3), (9,), (9,)),
        ((16, 6), (16, 3), (16,), (16,)),
    ]
    for shapes in wrong:
        assert_raises(ValueError, student.lstm_gates, x, h, *(draw.tensor(*shape) for shape in shapes))


@check(points=0.5, needs="test_gates_values", ko="h나 편향의 모양이 맞지 않으면 lstm_gates가 ValueError를 일으켜요.")
def test_gates_refuse_state_and_biases(student, draw):
    """lstm_gates raises ValueError for a hidden state or a bias that does not fit, even where it would broadcast."""
    x, (h, _), weights = arguments(draw)
    x = first_step(x)
    for bad in (h[:1], torch.cat([h, h])):
        assert_raises(ValueError, student.lstm_gates, x, bad, *weights)
    assert_raises(ValueError, student.lstm_gates, x[:1], h, *weights)
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    for size in (1, 3):
        assert_raises(ValueError, student.lstm_gates, x, h, weight_ih, weight_hh, bias_ih[:size], bias_hh)
        assert_raises(ValueError, student.lstm_gates, x, h, weight_ih, weight_hh, bias_ih, bias_hh[:size])


@check(points=0.5, needs="test_cell_values", ko="c와 h의 모양이 다르면 lstm_cell이 ValueError를 일으켜요.")
def test_cell_refuses_state(student, draw):
    """lstm_cell raises ValueError for a cell state of another shape than the hidden state."""
    x, (h, c), weights = arguments(draw)
    for bad in (c[:1], c[:, :1], c[0], torch.cat([c, c]), torch.cat([c, c], dim=1)):
        assert_raises(ValueError, student.lstm_cell, first_step(x), (h, bad), *weights)


def long_sequences(draw, batch, hidden):
    """64 steps in float32 whose past dies away, so that rounding does not grow from step to step."""
    x, state, weights = arguments(draw, batch, 64, 8, hidden, dtype="float32")
    weights[1] *= hidden**-0.5
    return x, state, *weights


@check(
    points=0.5,
    needs="test_forward_values",
    ko="배치가 크고 시퀀스가 길어도 lstm_forward가 기준 풀이보다 많이 느리지 않아요.",
)
def test_forward_speed(race, draw):
    """On many long sequences lstm_forward is not much slower than the reference."""
    race(
        "lstm_forward",
        # The length is no size of the race: a loop over the steps is what is asked for.
        lambda batch, features: long_sequences(draw, batch, features),
        flops=2 * 64 * 64 * 4 * 32 * (8 + 32),
        batch=64,
        features=32,
    )
