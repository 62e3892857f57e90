"""Hidden graders of multi-head attention.

Sizes are all distinct (N = 2, heads = 3, head_dim = 4, Sq = 5, Sk = 7) unless a check needs them equal or one: then
wrong code would run through silently.
"""

import torch
from torch import nn

from grader.checks import N_, assert_close, assert_parameters, assert_raises, assert_unchanged, check, require, unpack

PROJECTIONS = ("W_q", "W_k", "W_v", "W_o")
SHAPES = {f"{name}.weight": (12, 12) for name in PROJECTIONS} | {f"{name}.bias": (12,) for name in PROJECTIONS}


def random_state(draw, dim, dtype="float64"):
    """Weights that keep the scores near one to three, and biases that are not zero."""
    state = {}
    for name in PROJECTIONS:
        state[f"{name}.weight"] = draw.tensor(dim, dim, dtype=dtype) * (1.25 / dim**0.5)
        state[f"{name}.bias"] = draw.tensor(dim, dtype=dtype) * 0.5
    return state


def build(side, dim, num_heads):
    """The module of one side. Raises CheckFailed if it is none."""
    made = side.MultiHeadAttention(dim, num_heads)
    require(
        hasattr(made, "is_module_proxy"),
        en="MultiHeadAttention(dim, num_heads) should make an nn.Module.",
        ko="MultiHeadAttention(dim, num_heads)는 nn.Module을 만들어야 해요.",
    )
    return made


def loaded(side, state, dim, num_heads, dtype="float64"):
    """The module of one side with the parameters `state`."""
    made = build(side, dim, num_heads)
    made.to(dtype)
    made.load_state_dict(state)
    return made


def both(student, reference, draw, dim=12, num_heads=3):
    """The student's module and the reference's with the same random parameters."""
    state = random_state(draw, dim)
    return loaded(student, state, dim, num_heads), loaded(reference, state, dim, num_heads)


def torch_attention(state, dim, num_heads):
    """torch's own multi-head attention in float32, called as the exercise asks: its masks are the other way round."""
    theirs = nn.MultiheadAttention(dim, num_heads, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": torch.cat([state[f"{name}.weight"] for name in PROJECTIONS[:3]]),
            "in_proj_bias": torch.cat([state[f"{name}.bias"] for name in PROJECTIONS[:3]]),
            "out_proj.weight": state["W_o.weight"],
            "out_proj.bias": state["W_o.bias"],
        }
    )

    def attend(query, key, value, keep=None):
        with torch.no_grad():
            drop = None if keep is None else ~keep
            return theirs(query, key, value, attn_mask=drop, average_attn_weights=False)

    return attend


def assert_attends_alike(module, expected, *arguments, when=""):
    """Output and weights of the two modules agree."""
    output, weights = unpack(module(*arguments), "output", "weights")
    expected_output, expected_weights = expected(*arguments)
    assert_close(weights, expected_weights, what="the weights{when}", when=when)
    assert_close(output, expected_output, what="the output{when}", when=when)


@check(points=2, ko="split_heads는 각 헤드에 모든 토큰의 이웃한 특징들을 나누어 줘요.")
def test_split_values(student, reference, draw):
    """split_heads gives each head its own neighbouring features of every token."""
    for num_heads in (3, 2, 4):
        x = draw.tensor(2, 5, 12)
        assert_close(student.split_heads(x, num_heads), reference.split_heads(x, num_heads), what="the heads")


@check(points=2, ko="merge_heads는 헤드들을 토큰마다 순서대로 이어 붙여요.")
def test_merge_values(student, reference, draw):
    """merge_heads puts the heads of each token side by side, in their order."""
    for shape in ((2, 3, 5, 4), (2, 4, 5, 3), (3, 2, 2, 5)):
        x = draw.tensor(*shape)
        assert_close(student.merge_heads(x), reference.merge_heads(x), what="the tokens")


@check(
    points=0.5,
    needs=("test_split_values", "test_merge_values"),
    ko="split_heads와 merge_heads는 어떤 메모리 배치, 크기 1인 축, float32에서도 서로의 역이에요.",
)
def test_split_and_merge_layouts(student, reference, draw):
    """split_heads and merge_heads undo each other for any memory layout, for axes of size 1 and in float32."""
    for x, num_heads in (
        (draw.strided(2, 5, 12), 3),
        (draw.tensor(5, 2, 12).transpose(0, 1), 4),
        (draw.tensor(1, 1, 12), 3),
        (draw.tensor(1, 5, 12), 1),
        (draw.tensor(2, 1, 6), 6),
        (draw.tensor(2, 5, 12, dtype="float32"), 2),
    ):
        heads = reference.split_heads(x, num_heads)
        assert_close(student.split_heads(x, num_heads), heads, what="the heads")
        assert_close(student.merge_heads(heads), x, what="the merged tokens")
    heads = draw.strided(2, 3, 5, 4)
    assert_close(student.merge_heads(heads), reference.merge_heads(heads), what="the merged tokens")
    heads = draw.tensor(2, 3, 5, 4, dtype="float32")
    assert_close(student.merge_heads(heads), reference.merge_heads(heads), what="the merged tokens")


@check(points=0.5, needs="test_split_values", ko="split_heads는 나누어떨어지지 않는 헤드 수에 ValueError를 일으켜요.")
def test_split_refuses_uneven(student, draw):
    """split_heads raises ValueError for a number of heads that does not divide the features."""
    for dim, num_heads in ((12, 5), (10, 4), (4, 8)):
        assert_raises(ValueError, student.split_heads, draw.tensor(2, 5, dim), num_heads)


@check(
    points=0.5,
    needs=("test_split_values", "test_merge_values"),
    ko="split_heads와 merge_heads를 지나 기울기가 흘러요.",
)
def test_split_and_merge_gradients(student, reference, draw):
    """Gradients flow through split_heads and merge_heads."""
    x, heads = draw.tensor(2, 5, 12), draw.tensor(2, 3, 5, 4)
    for name, arguments, cotangent in (
        ("split_heads", (x, 3), draw.tensor(2, 3, 5, 4)),
        ("merge_heads", (heads,), draw.tensor(2, 5, 12)),
    ):
        actual, expected = (
            side.gradient(name, *arguments, wrt=[0], cotangents=[cotangent]) for side in (student, reference)
        )
        assert_close(actual, expected, what="the gradient of {name}", name=name)


@check(points=1, ko="모듈은 편향이 있는 Linear 네 개를 정해진 이름으로 가져요.")
def test_parameters(student):
    """The module holds four linear layers with biases under the names that were agreed."""
    assert_parameters(build(student, 12, 3), SHAPES)


@check(points=0.5, needs="test_parameters", ko="모듈은 dim을 나누지 못하는 헤드 수에 ValueError를 일으켜요.")
def test_module_refuses_uneven(student):
    """The module raises ValueError for a number of heads that does not divide dim."""
    for dim, num_heads in ((12, 5), (10, 4), (4, 8)):
        assert_raises(ValueError, student.MultiHeadAttention, dim, num_heads)


@check(points=2, ko="가중치는 헤드마다 점수를 스케일하고 key 축을 따라 softmax한 것이에요.")
def test_weights(student, reference, draw):
    """The weights are each head's scaled scores after a softmax over the keys."""
    for num_heads in (3, 2):
        module, expected = both(student, reference, draw, num_heads=num_heads)
        query, key, value = draw.tensor(2, 5, 12), draw.tensor(2, 7, 12), draw.tensor(2, 7, 12)
        _, weights = unpack(module(query, key, value), "output", "weights")
        assert_close(weights, expected(query, key, value)[1], what="the weights")


@check(points=2.5, ko="출력은 헤드별 가중합을 이어 붙여 W_o로 섞은 것이에요.")
def test_output(student, reference, draw):
    """The output is every head's weighted sum of the values, concatenated and mixed by W_o."""
    for num_heads in (3, 4):
        module, expected = both(student, reference, draw, num_heads=num_heads)
        query, key, value = draw.tensor(2, 5, 12), draw.tensor(2, 7, 12), draw.tensor(2, 7, 12)
        output, _ = unpack(module(query, key, value), "output", "weights")
        assert_close(output, expected(query, key, value)[0], what="the output")


@check(
    points=1,
    needs=("test_weights", "test_output"),
    ko="float32 셀프 어텐션이 torch의 멀티 헤드 어텐션과 같아요.",
)
def test_matches_torch_in_float32(student, draw):
    """Self-attention in float32 agrees with torch's own multi-head attention."""
    state, x = random_state(draw, 12, dtype="float32"), draw.tensor(2, 5, 12, dtype="float32")
    assert_attends_alike(loaded(student, state, 12, 2, dtype="float32"), torch_attention(state, 12, 2), x, x, x)


@check(
    points=1.5,
    needs=("test_weights", "test_output"),
    ko="모든 헤드가 함께 쓰는 마스크와 패딩 마스크는 True인 key만 보게 해요.",
)
def test_shared_masks(student, reference, draw):
    """A mask shared by all heads, or a sample's padding, lets every head see the keys marked True and no others."""
    module, expected = both(student, reference, draw)
    query, key, value = draw.tensor(2, 5, 12), draw.tensor(2, 7, 12), draw.tensor(2, 7, 12)
    padding = torch.tensor([[True] * 4 + [False] * 3, [False, True, False, True, True, True, True]])
    for keep in (padding[:, None, None, :], draw.keep(5, 7), draw.keep(1, 7), draw.keep(2, 1, 5, 7)):
        assert_attends_alike(module, expected, query, key, value, keep, when=N_(" under a mask"))
    state, x = random_state(draw, 12, dtype="float32"), draw.tensor(2, 5, 12, dtype="float32")
    module, expected = loaded(student, state, 12, 2, dtype="float32"), torch_attention(state, 12, 2)
    assert_attends_alike(
        module, expected, x, x, x, draw.keep(5, 5).T.contiguous().T, when=N_(" under a mask in float32")
    )


@check(
    points=1.5,
    needs=("test_weights", "test_output"),
    ko="헤드마다 다른 마스크는 브로드캐스팅 규칙대로 그 헤드에만 적용돼요.",
)
def test_masks_per_head(student, reference, draw):
    """A mask of its own for each head reaches that head and no other, by torch's rule of broadcasting."""
    # N = heads here: a mask that is lined up with the wrong axis would raise no error.
    module, expected = both(student, reference, draw)
    for batch, masks in (
        (3, (draw.keep(3, 3, 5, 7), draw.keep(3, 5, 7), draw.keep(3, 1, 7))),
        (2, (draw.keep(2, 3, 5, 7), draw.keep(3, 5, 7))),
    ):
        query, key, value = draw.tensor(batch, 5, 12), draw.tensor(batch, 7, 12), draw.tensor(batch, 7, 12)
        for keep in masks:
            assert_attends_alike(module, expected, query, key, value, keep, when=N_(" under a mask per head"))


@check(
    points=1,
    needs=("test_weights", "test_output"),
    ko="아무것도 볼 수 없는 행은 W_o 앞에서 0이 돼요.",
)
def test_empty_rows(student, reference, draw):
    """A row that may attend to nothing has zero weights and gives zeros before W_o."""
    module, expected = both(student, reference, draw)
    query, key, value = draw.tensor(2, 5, 12), draw.tensor(2, 7, 12), draw.tensor(2, 7, 12)
    keep = torch.ones(2, 1, 1, 7, dtype=torch.bool)
    keep[1] = False
    assert_attends_alike(module, expected, query, key, value, keep, when=N_(" where a sample may attend to nothing"))
    keep = draw.keep(2, 3, 5, 7)
    keep[0, 1, 2] = False
    keep[1, 2] = False
    assert_attends_alike(module, expected, query, key, value, keep, when=N_(" where a head may attend to nothing"))
    keep = draw.keep(5, 7)
    keep[3] = False
    assert_attends_alike(module, expected, query, key, value, keep, when=N_(" where a row may attend to nothing"))


@check(
    points=1,
    needs=("test_weights", "test_output"),
    ko="기울기가 세 입력과 모든 파라미터로 흘러요.",
)
def test_gradients(student, reference, draw):
    """Gradients reach query, key, value and every parameter."""
    module, expected = both(student, reference, draw)
    query, key, value = draw.tensor(2, 5, 12), draw.tensor(2, 7, 12), draw.tensor(2, 7, 12)
    cotangent = draw.tensor(2, 5, 12)
    actual, wanted = (
        side.gradient(query, key, value, wrt=[0, 1, 2], parameters=list(SHAPES), cotangents=[cotangent, None])
        for side in (module, expected)
    )
    assert_close(actual, wanted, what="the gradient")


@check(
    points=0.5,
    needs=("test_empty_rows", "test_gradients"),
    ko="마스크를 써도 기울기가 맞고, 아무것도 볼 수 없는 행이 있어도 유한해요.",
)
def test_gradients_under_masks(student, reference, draw):
    """Gradients are right under a mask, and stay finite where a row may attend to nothing."""
    module, expected = both(student, reference, draw)
    arguments = draw.tensor(2, 5, 12), draw.tensor(2, 7, 12), draw.tensor(2, 7, 12), draw.keep(2, 3, 5, 7)
    arguments[3][0, 1, 2] = False  # one row of one head, and the whole of another head
    arguments[3][1, 2] = False
    cotangent = draw.tensor(2, 5, 12)
    actual, wanted = (
        side.gradient(*arguments, wrt=[0, 1, 2], parameters=list(SHAPES), cotangents=[cotangent, None])
        for side in (module, expected)
    )
    assert_close(actual, wanted, what="the gradient")


@check(
    points=0.5,
    needs=("test_weights", "test_output"),
    ko="메모리에 연속으로 놓이지 않은 입력이나 크기가 1인 축이 있어도, 헤드가 하나이거나 dim개여도 맞아요.",
)
def test_layouts_and_sizes(student, reference, draw):
    """Attention is right for inputs that are not contiguous, for axes of size 1, and for one head or dim heads."""
    for num_heads, batch, query_length, key_length in ((3, 2, 5, 7), (1, 2, 5, 7), (12, 1, 1, 7), (3, 1, 5, 1)):
        module, expected = both(student, reference, draw, num_heads=num_heads)
        query = draw.strided(batch, query_length, 12)
        key, value = draw.strided(batch, key_length, 12), draw.tensor(key_length, batch, 12).transpose(0, 1)
        assert_attends_alike(module, expected, query, key, value)


@check(
    points=0.5,
    needs=("test_weights", "test_output", "test_shared_masks"),
    ko="점수가 매우 커도 값이 넘치지 않고, 가린 것은 가려진 채로 있어요.",
)
def test_large_scores(student, reference, draw):
    """Large scores do not overflow, and what is masked stays masked."""
    module, expected = both(student, reference, draw)
    query, key, value = draw.tensor(2, 5, 12) * 25, draw.tensor(2, 7, 12) * 25, draw.tensor(2, 7, 12)
    assert_attends_alike(module, expected, query, key, value, when=N_(" for large scores"))
    # One key a row: its score is often far below those that are masked.
    for keep in (torch.eye(5, 7, dtype=torch.bool), draw.keep(5, 7)):
        assert_attends_alike(module, expected, query, key, value, keep, when=N_(" for large scores under a mask"))


@check(
    points=0.5,
    needs=("test_weights", "test_output", "test_shared_masks"),
    ko="입력과 파라미터는 그대로 남고, 다시 부르면 같은 답이 나와요.",
)
def test_leaves_everything_as_it_was(student, reference, draw):
    """Inputs and parameters stay as they were, and the same question gets the same answer again."""
    module, expected = both(student, reference, draw)
    before = expected.state_dict()
    arguments = draw.tensor(2, 5, 12), draw.tensor(2, 7, 12), draw.tensor(2, 7, 12), draw.keep(2, 1, 5, 7)
    for _ in range(2):
        assert_attends_alike(module, expected, *arguments)
    module.eval()
    assert_attends_alike(module, expected, *arguments, when=N_(" in eval mode"))
    assert_close(module.state_dict(), before, what="the parameters after the calls")
    x = draw.tensor(2, 5, 12)
    student.merge_heads(student.split_heads(x, 3))
    assert_unchanged(student)


@check(
    points=0.5,
    needs=("test_weights", "test_output"),
    ko="큰 배치에서도 MultiHeadAttention이 기준 풀이보다 많이 느리지 않아요.",
)
def test_speed(race, draw):
    """On a large batch of short sequences MultiHeadAttention is not much slower than the reference."""
    # Short sequences: a loop over the batch then has little arithmetic in each of its steps.
    race(
        "MultiHeadAttention",
        lambda batch, queries, keys: tuple(
            draw.tensor(batch, length, 64, dtype="float32") for length in (queries, keys, keys)
        ),
        build=(64, 4),
        flops=2 * 384 * (2 * 4 + 2 * 6) * 64 * 64 + 2 * 2 * 384 * 4 * 6 * 64,
        batch=384,
        queries=4,
        keys=6,
    )
