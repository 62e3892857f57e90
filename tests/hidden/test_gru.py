"""Hidden graders of the exercise gru.

A mistake in the gates spoils every state that is computed from them. So the first checks of the candidate, of gru_cell
and of gru_forward also accept what follows from the student's own gates or own step; the whole layer has a check of its own.
Where dtype or memory layout is asked about, the student's own answer to the same numbers in plain form is accepted too.
"""

from itertools import combinations

import torch

from grader.checks import CheckFailed, assert_close, assert_raises, assert_unchanged, check, require, unpack

GATES = ("r", "z", "n")
LAYER = ("outputs", "h_n")
WRT = [0, 1, 2, 3, 4, 5]
OTHER_SIZES = {"batch": 5, "inputs": 3, "hidden": 2}


def arguments(draw, batch=2, steps=5, inputs=6, hidden=4, dtype="float64", tensor=None):
    """x (N, S, D), h0 (N, H) and the weights; no size is 3 by chance, no bias is zero, and no gate saturates."""
    tensor = tensor or draw.tensor
    shapes = [(3 * hidden, inputs), (3 * hidden, hidden), (3 * hidden,), (3 * hidden,)]
    weights = [tensor(*shape, dtype=dtype).mul_(0.5) for shape in shapes]
    return tensor(batch, steps, inputs, dtype=dtype), tensor(batch, hidden, dtype=dtype), weights


def first_step(x):
    """x at t = 0, contiguous where x is: the layout in memory has a check of its own."""
    return x[:, 0].contiguous() if x.is_contiguous() else x[:, 0]


def step_arguments(draw, **sizes):
    """The same for one step: x is (N, D)."""
    x, h, weights = arguments(draw, **sizes)
    return first_step(x), h, weights


def steered(draw, gate, logit):
    """A step in which `gate` saturates; everything else is random."""
    x, h, (weight_ih, weight_hh, bias_ih, bias_hh) = step_arguments(draw, batch=5, inputs=3, hidden=2)
    bias_ih = bias_ih.clone()
    bias_ih.view(3, 2)[GATES.index(gate)] += logit
    return x, h, [weight_ih, weight_hh, bias_ih, bias_hh]


def calls(x, h, weights):
    """The three functions, each with its arguments."""
    x_0 = first_step(x)
    return [("gru_gates", (x_0, h, *weights)), ("gru_cell", (x_0, h, *weights)), ("gru_forward", (x, h, *weights))]


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


def states_in(name, answer, h):
    """The (N, H) tensors in an answer: any two of them differ, unless something stands still."""
    if name == "gru_gates":
        return list(unpack(answer, *GATES))
    if name == "gru_cell":
        return [answer]
    outputs, _ = unpack(answer, *LAYER)
    if not (isinstance(outputs, torch.Tensor) and outputs.ndim == 3):
        return [outputs]
    time = 0 if outputs.shape[1:] == h.shape else 1  # which of them is right, another check asks
    return list(outputs.unbind(time))


def require_usable(name, answer, h):
    """A function that answers with zeros, a constant or its input has not shown that it keeps a promise."""
    require(
        usable([*states_in(name, answer, h), h], like=h),
        en=f"{name} should first answer with tensors of shape (N, H) that depend on its arguments.",
        ko=f"먼저 {name}의 답이 인자에 따라 달라지는 (N, H) 모양의 텐서여야 해요.",
    )


def candidate_from_own_reset(r, x, h, weights):
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    if not usable([r, h], like=h):
        return None
    rows = slice(2 * h.shape[-1], None)
    return (x @ weight_ih[rows].T + bias_ih[rows] + r * (h @ weight_hh[rows].T + bias_hh[rows])).tanh()


def state_from_own_gates(student, x, h, weights):
    r, z, n = unpack(student.gru_gates(x, h, *weights), *GATES)
    if not usable([r, z, n, h], like=h):
        return None
    return (1 - z) * n + z * h


def sequence_from_own_cell(student, x, h0, weights):
    states = [h0]
    for t in range(x.shape[1]):
        states.append(student.gru_cell(x[:, t].contiguous(), states[-1], *weights))
    with_other_input = student.gru_cell(x[:, 1].contiguous(), h0, *weights)
    if not usable([*states, with_other_input], like=h0):
        return None
    return torch.stack(states[1:], dim=1), states[-1]


@check(points=2.5, ko="gru_gates의 처음 두 값은 리셋 게이트와 업데이트 게이트이고, 이 순서를 지켜요.")
def test_gates_values(student, reference, draw):
    """The first two values of gru_gates are the reset gate and the update gate, in this order."""
    for sizes in ({}, OTHER_SIZES):
        x, h, weights = step_arguments(draw, **sizes)
        r, z, _ = unpack(student.gru_gates(x, h, *weights), *GATES)
        expected = reference.gru_gates(x, h, *weights)
        for name, gate, wanted in zip(GATES, (r, z), expected, strict=False):
            assert_close(gate, wanted, what="gate {gate}", gate=name)


@check(points=2.5, ko="gru_gates의 셋째 값은 입력과 리셋된 과거로 만든 후보 값이에요.")
def test_candidate_values(student, reference, draw):
    """The third value of gru_gates is the candidate, made of the input and of the past after its reset."""
    for sizes in ({}, OTHER_SIZES):
        x, h, weights = step_arguments(draw, **sizes)
        r, _, n = unpack(student.gru_gates(x, h, *weights), *GATES)
        expected = reference.gru_gates(x, h, *weights)[2]
        if not agree(n, expected):
            own = candidate_from_own_reset(r, x, h, weights)
            expected = expected if own is None else own
        assert_close(n, expected, what="gate {gate}", gate=GATES[2])


@check(points=1, ko="리셋 게이트는 후보 값이 과거를 얼마나 볼지만 정하고, 입력은 건드리지 않아요.")
def test_reset_decides_about_the_past(student, reference, draw):
    """The reset gate decides how much of the past the candidate sees, and leaves the input's part alone."""
    for logit in (-60.0, 60.0):
        x, h, weights = steered(draw, "r", logit)
        actual = unpack(student.gru_gates(x, 3 * h, *weights), *GATES)
        expected = reference.gru_gates(x, 3 * h, *weights)
        for k in (0, 2):
            assert_close(actual[k], expected[k], what="gate {gate}", gate=GATES[k])


@check(points=2, ko="gru_cell은 게이트, 후보 값, 이전 상태로 새 상태를 만들어요.")
def test_cell_values(student, reference, draw):
    """gru_cell makes the new state out of the gates, the candidate and the old state."""
    for sizes in ({}, OTHER_SIZES):
        x, h, weights = step_arguments(draw, **sizes)
        actual = student.gru_cell(x, h, *weights)
        expected = reference.gru_cell(x, h, *weights)
        if not agree(actual, expected):
            own = state_from_own_gates(student, x, h, weights)
            expected = expected if own is None else own
        assert_close(actual, expected, what="the state")


@check(points=1, ko="업데이트 게이트가 1이면 이전 상태가 그대로 남고, 0이면 후보 값으로 바뀌어요.")
def test_cell_keeps_or_replaces(student, reference, draw):
    """The old state stays where the update gate is 1, and the candidate replaces it where the gate is 0."""
    for logit, scale in ((200.0, 10.0), (-200.0, 1.0)):
        x, h, weights = steered(draw, "z", logit)
        h = scale * h
        actual = student.gru_cell(x, h, *weights)
        expected = reference.gru_cell(x, h, *weights)
        if logit < 0 and not agree(actual, expected):
            _, _, n = unpack(student.gru_gates(x, h, *weights), *GATES)
            expected = n if usable([n, h], like=h) else expected
        assert_close(actual, expected, what="the state")


@check(points=0.5, ko="새 상태는 아무리 큰 상태에서 시작해도 후보 값과 이전 상태 사이에 있어요.")
def test_cell_stays_between(student, draw):
    """The new state lies between the candidate and the old state, however large that one is."""
    for scale in (1.0, 30.0):
        x, h, weights = step_arguments(draw)
        _, _, n = unpack(student.gru_gates(x, scale * h, *weights), *GATES)
        h_next = student.gru_cell(x, scale * h, *weights)
        if scale == 1.0:
            require_usable("gru_cell", h_next, h)
            require(
                usable([n, h_next], like=h),
                en="The new state should differ from the candidate.",
                ko="새 상태는 후보 값과 달라야 해요.",
            )
        margin = 1e-9 * scale
        require(
            (h_next >= torch.minimum(n, scale * h) - margin).all()
            and (h_next <= torch.maximum(n, scale * h) + margin).all(),
            en="A value of the new state lies outside of the range from the candidate to the old state.",
            ko="새 상태의 값 중에 후보 값과 이전 상태 사이를 벗어난 것이 있어요.",
        )


@check(points=1.5, ko="gru_forward는 시점 순서대로 gru_cell을 적용하고 스텝마다 상태를 이어 줘요.")
def test_forward_chains_steps(student, reference, draw):
    """gru_forward applies gru_cell in the order of time and hands the state on from step to step."""
    x, h0, weights = arguments(draw)
    actual = unpack(student.gru_forward(x, h0, *weights), *LAYER)
    expected = reference.gru_forward(x, h0, *weights)
    if not agree(actual, expected):
        expected = sequence_from_own_cell(student, x, h0, weights) or expected
    assert_close(actual[0], expected[0], what="the outputs")
    assert_close(actual[1], expected[1], what="the final state")


@check(points=1.5, ko="gru_forward 전체가 같은 가중치의 GRU 층과 같은 답을 내요.")
def test_forward_values(student, reference, draw):
    """gru_forward as a whole answers as a GRU layer with these weights does, whatever was computed before."""
    for _ in range(2):
        x, h0, weights = arguments(draw, batch=5, steps=6, inputs=3, hidden=2)
        outputs, h_n = unpack(student.gru_forward(x, h0, *weights), *LAYER)
        expected = reference.gru_forward(x, h0, *weights)
        assert_close(outputs, expected[0], what="the outputs")
        assert_close(h_n, expected[1], what="the final state")


@check(points=1, ko="게이트와 한 스텝의 기울기가 입력, 상태, 모든 가중치까지 흘러가요.")
def test_cell_gradients(student, reference, draw):
    """Gradients flow through the gates and through one step to the input, the state and every weight."""
    x, h, weights = step_arguments(draw)
    for name, outputs in (("gru_gates", 3), ("gru_cell", 1)):
        cotangents = [draw.tensor(*h.shape) for _ in range(outputs)]
        actual = student.gradient(name, x, h, *weights, wrt=WRT, cotangents=cotangents)
        expected = reference.gradient(name, x, h, *weights, wrt=WRT, cotangents=cotangents)
        assert_close(actual, expected, what="the gradients")


@check(points=1, ko="기울기가 모든 스텝을 거슬러 첫 상태와 가중치까지 흘러가요.")
def test_forward_gradients(student, reference, draw):
    """Gradients flow back through all steps to the inputs, the first state and every weight."""
    x, h0, weights = arguments(draw, inputs=3)
    cotangents = [draw.tensor(2, 5, 4), draw.tensor(2, 4)]
    actual = student.gradient("gru_forward", x, h0, *weights, wrt=WRT, cotangents=cotangents)
    expected = reference.gradient("gru_forward", x, h0, *weights, wrt=WRT, cotangents=cotangents)
    assert_close(actual, expected, what="the gradients")


def assert_same_numbers(student, reference, given, plain):
    """The three functions on `given`: the reference's answers, or the student's own to the same numbers in plain form."""
    for (name, args), (_, plain_args) in zip(calls(*given), calls(*plain), strict=True):
        actual = getattr(student, name)(*args)
        expected = getattr(reference, name)(*args)
        if not agree(actual, expected):
            own, h = getattr(student, name)(*plain_args), plain_args[1]
            if usable([*states_in(name, own, h), h], like=h):
                dtype = args[0].dtype
                expected = own.to(dtype) if isinstance(own, torch.Tensor) else [part.to(dtype) for part in own]
        assert_close(actual, expected, what="the answer")


@check(points=0.5, ko="float32를 받으면 게이트도 상태도 float32로 답해요.")
def test_float32(student, reference, draw):
    """Given float32, gates and states are float32."""
    x, h, weights = arguments(draw, dtype="float32")
    plain = (x.double(), h.double(), [weight.double() for weight in weights])
    assert_same_numbers(student, reference, (x, h, weights), plain)


@check(points=0.5, ko="메모리에 연속으로 놓이지 않은 입력과 가중치도 받아요.")
def test_non_contiguous(student, reference, draw):
    """Inputs and weights need not be contiguous in memory."""
    x, h, weights = arguments(draw, tensor=draw.strided)
    plain = (x.contiguous(), h.contiguous(), [weight.contiguous() for weight in weights])
    assert_same_numbers(student, reference, (x, h, weights), plain)


@check(points=0.5, ko="크기가 1인 축이 있어도 축이 사라지지 않아요.")
def test_single_axes(student, reference, draw):
    """An axis of size 1 stays an axis: one sample, one step, one feature, one hidden unit."""
    for sizes in ({"batch": 1}, {"steps": 1}, {"inputs": 1}, {"hidden": 1}, {"batch": 1, "steps": 1, "hidden": 1}):
        for name, args in calls(*arguments(draw, **sizes)):
            assert_close(getattr(student, name)(*args), getattr(reference, name)(*args), what="the answer")


@check(points=0.5, ko="받은 텐서를 바꾸지 않아요.")
def test_inputs_unchanged(student, draw):
    """The tensors that come in stay as they were."""
    x, h, weights = arguments(draw)
    answers = [(name, getattr(student, name)(*args)) for name, args in calls(x, h, weights)]
    assert_unchanged(student)
    for name, answer in answers:
        require_usable(name, answer, h)


@check(points=0.5, ko="가중치의 모양이 맞지 않으면 gru_gates가 ValueError를 일으켜요.")
def test_gates_refuse_weights(student, draw):
    """gru_gates raises ValueError for weights that do not fit."""
    x, h, weights = step_arguments(draw)
    require_usable("gru_gates", student.gru_gates(x, h, *weights), h)
    wrong = [
        ((6, 12), (12, 4), (12,), (12,)),
        ((12, 7), (12, 4), (12,), (12,)),
        ((12, 6), (4, 12), (12,), (12,)),
        ((12, 6), (12, 3), (12,), (12,)),
        ((1, 6), (12, 4), (12,), (12,)),
        ((12, 6), (1, 4), (12,), (12,)),
        ((3, 6), (3, 4), (3,), (3,)),
        ((8, 6), (8, 4), (8,), (8,)),
        ((16, 6), (16, 4), (16,), (16,)),
    ]
    for shapes in wrong:
        assert_raises(ValueError, student.gru_gates, x, h, *(draw.tensor(*shape) for shape in shapes))


@check(points=0.5, ko="h나 편향의 모양이 맞지 않으면 gru_gates가 ValueError를 일으켜요.")
def test_gates_refuse_state_and_biases(student, draw):
    """gru_gates raises ValueError for a state or a bias that does not fit, even where it would broadcast."""
    x, h, weights = step_arguments(draw)
    require_usable("gru_gates", student.gru_gates(x, h, *weights), h)
    for bad in (h[:1], torch.cat([h, h])):
        assert_raises(ValueError, student.gru_gates, x, bad, *weights)
    assert_raises(ValueError, student.gru_gates, x[:1], h, *weights)
    weight_ih, weight_hh, bias_ih, bias_hh = weights
    for cut in (lambda bias: bias[:1], lambda bias: bias[:4], lambda bias: bias[None]):
        assert_raises(ValueError, student.gru_gates, x, h, weight_ih, weight_hh, cut(bias_ih), bias_hh)
        assert_raises(ValueError, student.gru_gates, x, h, weight_ih, weight_hh, bias_ih, cut(bias_hh))


@check(points=1.5, ko="parameter_count는 세 종류의 층이 배우는 수를 모두 세요.")
def test_parameter_count(student, reference, draw):
    """parameter_count counts everything that a layer of each of the three kinds learns."""
    sizes = [(5, 2), (1, 1), tuple(int(size) for size in draw.integers(3, 40, 2))]
    for cell in ("rnn", "gru", "lstm"):
        for size in sizes:
            assert_close(
                student.parameter_count(cell, *size),
                reference.parameter_count(cell, *size),
                what="the count for {cell}",
                cell=cell,
            )


@check(points=0.5, ko="parameter_count는 모르는 종류의 셀에 ValueError를 일으켜요.")
def test_parameter_count_refuses(student):
    """parameter_count raises ValueError for a kind of cell that it does not know."""
    counts = [student.parameter_count(cell, 5, 2) for cell in ("rnn", "gru", "lstm")]
    require(
        0 < counts[0] < counts[1] < counts[2],
        en="The three known cells should first have three counts, each larger than the one before.",
        ko="먼저 아는 세 셀의 개수가 차례로 커져야 해요.",
    )
    for cell in ("transformer", ""):
        assert_raises(ValueError, student.parameter_count, cell, 5, 2)


def long_sequences(draw, batch, hidden):
    """64 steps in float32 whose past dies away, so that rounding does not grow from step to step."""
    x, h0, weights = arguments(draw, batch, 64, 8, hidden, dtype="float32")
    weights[1] *= hidden**-0.5
    return x, h0, *weights


@check(
    points=0.5,
    needs="test_forward_values",
    ko="배치가 크고 시퀀스가 길어도 gru_forward가 기준 풀이보다 많이 느리지 않아요.",
)
def test_forward_speed(race, draw):
    """On many long sequences gru_forward is not much slower than the reference."""
    race(
        "gru_forward",
        # The length is no size of the race: a loop over the steps is what is asked for.
        lambda batch, features: long_sequences(draw, batch, features),
        flops=2 * 64 * 64 * 3 * 32 * (8 + 32),
        batch=64,
        features=32,
    )
