"""Visible checks of multi-head attention: small inputs that you can follow by hand."""

import torch

from grader.checks import assert_close, assert_raises, check, require, unpack

PROJECTIONS = ("W_q", "W_k", "W_v", "W_o")


def random_state(draw, dim):
    """Values for the eight parameters: scores of ordinary size, no bias zero."""
    state = {}
    for name in PROJECTIONS:
        state[f"{name}.weight"] = draw.tensor(dim, dim) * (1.25 / dim**0.5)
        state[f"{name}.bias"] = draw.tensor(dim) * 0.5
    return state


def build(side, dim, num_heads):
    made = side.MultiHeadAttention(dim, num_heads)
    require(
        hasattr(made, "is_module_proxy"),
        en="MultiHeadAttention(dim, num_heads) should make an nn.Module.",
        ko="MultiHeadAttention(dim, num_heads)는 nn.Module을 만들어야 해요.",
    )
    return made


def module(side, state, dim, num_heads):
    made = build(side, dim, num_heads)
    made.to("float64")
    made.load_state_dict(state)
    return made


@check(
    points=1,
    ko="split_heads는 각 헤드에 모든 토큰의 이웃한 특징들을 나누어 주고, 나누어떨어지지 않는 헤드 수에는 ValueError를 일으켜요.",
)
def test_split(student, reference, draw):
    """split_heads gives each head its own neighbouring features of every token, or refuses the number of heads."""
    x = torch.arange(12, dtype=torch.float64).reshape(1, 3, 4)  # token 0 is 0 1 2 3, token 1 is 4 5 6 7, ...
    head_0 = [[0.0, 1.0], [4.0, 5.0], [8.0, 9.0]]
    head_1 = [[2.0, 3.0], [6.0, 7.0], [10.0, 11.0]]
    expected = torch.tensor([[head_0, head_1]], dtype=torch.float64)
    assert_close(student.split_heads(x, 2), expected, what="the heads")
    x = draw.tensor(2, 3, 12)
    assert_close(student.split_heads(x, 4), reference.split_heads(x, 4), what="the heads")
    assert_raises(ValueError, student.split_heads, x, 5)


@check(points=1, ko="merge_heads는 헤드들을 토큰마다 순서대로 이어 붙여요.")
def test_merge(student, reference, draw):
    """merge_heads puts the heads of each token side by side, in their order."""
    head_0 = [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    head_1 = [[6.0, 7.0], [8.0, 9.0], [10.0, 11.0]]
    expected = torch.tensor([[[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]]], dtype=torch.float64)
    heads = torch.tensor([[head_0, head_1]], dtype=torch.float64)
    assert_close(student.merge_heads(heads), expected, what="the tokens")
    x = draw.tensor(2, 4, 3, 2)
    assert_close(student.merge_heads(x), reference.merge_heads(x), what="the tokens")


@check(
    points=1, ko="모듈은 Linear 네 개를 정해진 이름으로 갖고, 나누어떨어지지 않는 헤드 수에는 ValueError를 일으켜요."
)
def test_parameters(student):
    """The module holds four linear layers under the agreed names, and refuses a number of heads that does not fit."""
    found = build(student, 6, 3).parameters()
    shapes = {name: tuple(getattr(tensor, "shape", ())) for name, tensor in found.items()}
    expected = {f"{name}.weight": (6, 6) for name in PROJECTIONS} | {f"{name}.bias": (6,) for name in PROJECTIONS}
    require(
        shapes == expected,
        en=f"The parameters should be named and shaped {expected}; yours are {shapes}.",
        ko=f"파라미터의 이름이나 모양이 달라요. 기대한 것: {expected}, 나온 것: {shapes}.",
    )
    assert_raises(ValueError, student.MultiHeadAttention, 6, 4)


@check(points=1, ko="가중치는 헤드마다 한 벌씩이고, key 축을 따라 더하면 1이에요.")
def test_weights(student, reference, draw):
    """There is a set of weights for each head, and each row of it sums to 1 over the keys."""
    state, query, key = random_state(draw, 6), draw.tensor(1, 3, 6), draw.tensor(1, 4, 6)
    _, weights = unpack(module(student, state, 6, 2)(query, key, key), "output", "weights")
    _, expected = module(reference, state, 6, 2)(query, key, key)
    assert_close(weights, expected, what="the weights")


@check(points=1, ko="출력은 value에서 가져온 것을 헤드별로 이어 붙여 W_o로 섞은 것이에요.")
def test_output(student, reference, draw):
    """The output is what the heads brought back from value, concatenated and mixed by W_o."""
    state = random_state(draw, 6)
    query, key, value = draw.tensor(2, 3, 6), draw.tensor(2, 4, 6), draw.tensor(2, 4, 6)
    output, _ = unpack(module(student, state, 6, 3)(query, key, value), "output", "weights")
    expected, _ = module(reference, state, 6, 3)(query, key, value)
    assert_close(output, expected, what="the output")


@check(points=1, needs="test_output", ko="패딩 마스크는 그 샘플의 모든 헤드에서 True인 key만 보게 해요.")
def test_padding(student, reference, draw):
    """A padding mask lets all heads of its sample see the keys marked True, and nothing else."""
    state, query, key = random_state(draw, 6), draw.tensor(2, 2, 6), draw.tensor(2, 4, 6)
    keep = torch.tensor([[True, True, True, False], [True, False, False, False]])[:, None, None, :]
    output, weights = unpack(module(student, state, 6, 3)(query, key, key, keep), "output", "weights")
    expected_output, expected_weights = module(reference, state, 6, 3)(query, key, key, keep)
    assert_close(weights, expected_weights, what="the weights under a padding mask")
    assert_close(output, expected_output, what="the output under a padding mask")


@check(
    points=1,
    needs="test_output",
    ko="헤드마다 다른 마스크는 그 헤드에만 적용되고, (heads, Sq, Sk)는 모든 샘플에 똑같이 적용돼요.",
)
def test_mask_per_head(student, reference, draw):
    """A mask of its own for each head reaches that head only; (heads, Sq, Sk) holds in every sample."""
    state, query, key = random_state(draw, 6), draw.tensor(2, 3, 6), draw.tensor(2, 3, 6)
    only_the_past = torch.ones(3, 3, dtype=torch.bool).tril()
    per_head = torch.stack([only_the_past, only_the_past.T])  # head 0 sees the past, head 1 sees the future
    per_head_and_sample = torch.stack([per_head, torch.ones_like(per_head)])  # sample 1 sees everything
    mine, expected = module(student, state, 6, 2), module(reference, state, 6, 2)
    for keep in (per_head_and_sample, per_head):
        output, weights = unpack(mine(query, key, key, keep), "output", "weights")
        expected_output, expected_weights = expected(query, key, key, keep)
        assert_close(weights, expected_weights, what="the weights under a mask per head")
        assert_close(output, expected_output, what="the output under a mask per head")


@check(points=1, needs="test_output", ko="아무것도 볼 수 없는 행은 W_o 앞에서 0이 되고, 기울기는 유한해요.")
def test_empty_row(student, reference, draw):
    """A row that may attend to nothing gives zeros before W_o, and finite gradients."""
    state, query, key = random_state(draw, 6), draw.tensor(1, 2, 6), draw.tensor(1, 3, 6)
    keep = torch.tensor([[True, False, True], [False, False, False]])
    mine, expected = module(student, state, 6, 2), module(reference, state, 6, 2)
    output, weights = unpack(mine(query, key, key, keep), "output", "weights")
    expected_output, expected_weights = expected(query, key, key, keep)
    assert_close(weights, expected_weights, what="the weights")
    assert_close(output, expected_output, what="the output")
    gradients = mine.gradient(query, key, key, keep, wrt=[0, 1], cotangents=[torch.ones(1, 2, 6).double(), None])
    wanted = expected.gradient(query, key, key, keep, wrt=[0, 1], cotangents=[torch.ones(1, 2, 6).double(), None])
    assert_close(gradients, wanted, what="the gradient")


@check(points=1, needs="test_output", ko="한 헤드를 침묵시키면 W_o에서 그 헤드의 열은 출력에 영향을 주지 않아요.")
def test_silenced_head(student, draw):
    """Once a head brings back nothing but zeros, its own columns of W_o no longer matter."""
    state, x = random_state(draw, 6), draw.tensor(1, 3, 6)
    head_1 = slice(2, 4)
    state["W_v.weight"][head_1] = 0.0
    state["W_v.bias"][head_1] = 0.0
    before, _ = unpack(module(student, state, 6, 3)(x, x, x), "output", "weights")
    state["W_o.weight"][:, head_1] += 1.0
    after, _ = unpack(module(student, state, 6, 3)(x, x, x), "output", "weights")
    assert_close(after, before, what="the output with other columns of W_o for the silenced head")
