"""Visible checks of the exercise "self_attention": small inputs that you can follow by hand."""

import math

import torch

from grader.checks import assert_close, assert_raises, assert_unchanged, check, require, unpack

NAMES = ("W_q", "W_k", "W_v", "W_o")


def random_state(draw, dim):
    """Values for the four matrices that give scores of ordinary size."""
    return {f"{name}.weight": draw.tensor(dim, dim) * (1.25 / dim**0.5) for name in NAMES}


def indifferent_state(draw, dim):
    """W_q = 0, so that all scores are 0: every token gives the same weight to all tokens that it may see."""
    return random_state(draw, dim) | {"W_q.weight": torch.zeros(dim, dim, dtype=torch.float64)}


def build(side, dim):
    made = side.SelfAttention(dim)
    require(
        hasattr(made, "is_module_proxy"),
        en="SelfAttention(dim) should make an nn.Module.",
        ko="SelfAttention(dim)은 nn.Module을 만들어야 해요.",
    )
    return made


def loaded(side, state, dim):
    """The module with the weights `state`; biases that should not be there are 0: another check asks for them."""
    made = build(side, dim)
    made.to("float64")
    biases = {f"{name}.bias": torch.zeros(dim, dtype=torch.float64) for name in NAMES}
    found = made.state_dict()
    made.load_state_dict(state | {name: zeros for name, zeros in biases.items() if name in found})
    return made


@check(points=1, ko="sinusoidal_positions는 짝수 열에 사인, 그 옆의 홀수 열에 같은 각도의 코사인을 담아요.")
def test_positions(student):
    """sinusoidal_positions puts sines into the even columns and the cosines of the same angles beside them."""
    # 10000^(2i / 4) is 1 for the first pair and 100 for the second.
    rows = [[math.sin(p), math.cos(p), math.sin(p / 100), math.cos(p / 100)] for p in range(3)]
    assert_close(student.sinusoidal_positions(3, 4), torch.tensor(rows), what="the positions")
    # 10000^(2i / 8) is 1, 10, 100 and 1000.
    rows = [[f(p / speed) for speed in (1, 10, 100, 1000) for f in (math.sin, math.cos)] for p in range(4)]
    assert_close(student.sinusoidal_positions(4, 8), torch.tensor(rows), what="the positions")


@check(points=1, ko="embed는 토큰마다 표의 그 행에 √D를 곱해서 써요.")
def test_embed_rows(student):
    """embed takes each token's row of the table, times √D."""
    token_ids = torch.tensor([[2, 0, 2], [1, 1, 0]])
    table = torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [-1.0, -2.0, -3.0, -4.0]], dtype=torch.float64)
    with_table = student.embed(token_ids, table)
    without = student.embed(token_ids, torch.zeros_like(table))
    # The same positions are in both, right or wrong: what is left is what the table gave. √4 is 2.
    with_table, without = unpack((with_table, without), "the embedding", "the embedding with a table of zeros")
    assert_close(with_table - without, 2 * table[token_ids], what="the difference that the table makes")


@check(points=1, ko="embed는 모든 문장에서 위치마다 sinusoidal_positions의 그 행을 그대로 더해요.")
def test_embed_positions(student, reference):
    """embed adds the vector of each position, as it is, in every sentence."""
    token_ids, table = torch.tensor([[2, 0, 2], [1, 1, 0]]), torch.zeros(3, 4, dtype=torch.float64)
    embedded = student.embed(token_ids, table)
    assert_close(
        embedded, reference.embed(token_ids, table), what="the embedding with a table of zeros", tolerance=1e-6
    )


@check(points=1, ko="모듈은 편향이 없는 네 개의 Linear를 정해진 이름으로 가져요.")
def test_parameters(student):
    """The module holds four linear layers without biases under the names that were agreed."""
    found = build(student, 3).parameters()
    shapes = {name: tuple(getattr(tensor, "shape", ())) for name, tensor in found.items()}
    expected = {f"{name}.weight": (3, 3) for name in NAMES}
    require(
        shapes == expected,
        en=f"The parameters should be named and shaped {expected}; yours are {shapes}.",
        ko=f"파라미터의 이름과 모양은 {expected}이어야 하는데, {shapes}이에요.",
    )


@check(points=1, ko="가중치는 query와 key의 점수를 스케일한 뒤 key에 대해 softmax한 것이에요.")
def test_weights(student, reference, draw):
    """The weights are the scaled scores of queries and keys after a softmax over the keys."""
    state, x = random_state(draw, 4), draw.tensor(2, 3, 4)
    _, weights = unpack(loaded(student, state, 4)(x), "output", "weights")
    assert_close(weights, loaded(reference, state, 4)(x)[1], what="the weights")


@check(points=1, ko="출력은 W_v의 값들을 가중치로 평균 낸 뒤 W_o를 거친 것이에요.")
def test_output(student, draw):
    """The output is what W_o makes of the values of W_v, averaged with the weights."""
    state, x = indifferent_state(draw, 4), draw.tensor(2, 3, 4)
    output, _ = unpack(loaded(student, state, 4)(x), "output", "weights")
    mean = (x @ state["W_v.weight"].T).mean(dim=1, keepdim=True)  # all tokens are seen alike
    expected = mean @ state["W_o.weight"].T
    assert_close(output, expected.expand(2, 3, 4), what="the output where all tokens are seen alike")


@check(points=1, ko="토큰은 keep이 True인 토큰만 봐요. 축이 두 개인 keep은 모든 문장에 똑같이 적용돼요.")
def test_masks(student, draw):
    """A token attends to the tokens where keep is True and to no others; a keep of two axes is one for all sentences."""
    module = loaded(student, indifferent_state(draw, 4), 4)
    x, half, third = draw.tensor(3, 3, 4), 1 / 2, 1 / 3
    only_the_past = torch.tensor([[True, False, False], [True, True, False], [True, True, True]])
    expected = torch.tensor([[1, 0, 0], [half, half, 0], [third, third, third]], dtype=torch.float64)
    _, weights = unpack(module(x, only_the_past), "output", "weights")
    assert_close(weights, expected.expand(3, 3, 3), what="the weights where only the past may be seen")
    padding = torch.tensor([[[True, True, True]], [[True, True, False]], [[False, True, False]]])
    expected = torch.tensor([[[third, third, third]], [[half, half, 0]], [[0, 1, 0]]], dtype=torch.float64)
    _, weights = unpack(module(x, padding), "output", "weights")
    assert_close(weights, expected.expand(3, 3, 3), what="the weights where some tokens are padding")


@check(points=1, ko="아무것도 볼 수 없는 토큰의 가중치와 출력은 0이고, 기울기는 유한해요.")
def test_empty_row(student, reference, draw):
    """A token that may attend to nothing has weights 0 and output 0, and finite gradients."""
    state, x = indifferent_state(draw, 4), draw.tensor(1, 3, 4)
    keep = torch.tensor([[True, True, False], [False, False, False], [True, True, True]])
    module, expected = loaded(student, state, 4), loaded(reference, state, 4)
    _, weights = unpack(module(x, keep), "output", "weights")
    assert_close(weights, expected(x, keep)[1], what="the weights")
    cotangents = [torch.ones(1, 3, 4, dtype=torch.float64), None]
    actual, wanted = (side.gradient(x, keep, wrt=[0], cotangents=cotangents) for side in (module, expected))
    assert_close(actual, wanted, what="the gradient")


@check(
    points=1,
    needs=("test_positions", "test_embed_rows"),
    ko="받은 텐서를 바꾸지 않고, 크기가 홀수이면 sinusoidal_positions와 embed는 ValueError를 일으켜요.",
)
def test_inputs_unchanged_or_refused(student, draw):
    """Inputs stay as they were; sinusoidal_positions and embed raise ValueError for an odd size."""
    token_ids, table = torch.tensor([[2, 0, 1]]), draw.tensor(3, 5)
    student.embed(token_ids, table[:, :4])
    loaded(student, random_state(draw, 4), 4)(draw.tensor(1, 3, 4), torch.tensor([True, False, True]))
    assert_unchanged(student)
    assert_raises(ValueError, student.sinusoidal_positions, 3, 5)
    assert_raises(ValueError, student.embed, token_ids, table)
