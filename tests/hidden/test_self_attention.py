"""Hidden graders of the exercise "self_attention".

A mistake is to count once. The rows of the embedding are seen in the difference of two tables, where the positions
cancel; the positions in it are held against the student's own. Masks and values are asked with W_q = 0, where all
scores are 0 whatever was done to them, and the output against the student's own weights.
"""

import torch

from grader.checks import N_, assert_close, assert_parameters, assert_raises, assert_unchanged, check, require, unpack

NAMES = ("W_q", "W_k", "W_v", "W_o")
POSITION_TOLERANCE = 1e-6  # positions in a float64 table may have been computed in float32


def random_state(draw, dim, dtype="float64"):
    """Weights that keep the scores near one to two."""
    return {f"{name}.weight": draw.tensor(dim, dim, dtype=dtype) * (1.25 / dim**0.5) for name in NAMES}


def indifferent_state(draw, dim, dtype="float64"):
    """A state in which every score is 0, so that the weights are 1 over the number of tokens that may be seen."""
    state = random_state(draw, dim, dtype)
    state["W_q.weight"] = torch.zeros_like(state["W_q.weight"])
    return state


def build(side, dim):
    """The module of one side. Raises CheckFailed if it is none."""
    made = side.SelfAttention(dim)
    require(
        hasattr(made, "is_module_proxy"),
        en="SelfAttention(dim) should make an nn.Module.",
        ko="SelfAttention(dim)은 nn.Module을 만들어야 해요.",
    )
    return made


def loaded(side, state, dim, dtype="float64"):
    """The module of one side with the weights `state`; biases that should not be there are 0, one check asks for them."""
    made = build(side, dim)
    made.to(dtype)
    biases = {f"{name}.bias": torch.zeros(dim, dtype=getattr(torch, dtype)) for name in NAMES}
    found = made.state_dict()
    made.load_state_dict(state | {name: zeros for name, zeros in biases.items() if name in found})
    return made


def both(student, reference, state, dim=6, dtype="float64"):
    """The student's module and the reference's with the same weights."""
    return loaded(student, state, dim, dtype), loaded(reference, state, dim, dtype)


def assert_attends_alike(module, expected, *arguments, when=""):
    """Output and weights of the two modules agree."""
    output, weights = unpack(module(*arguments), "output", "weights")
    expected_output, expected_weights = expected(*arguments)
    assert_close(weights, expected_weights, what="the weights{when}", when=when)
    assert_close(output, expected_output, what="the output{when}", when=when)


def some_keep(draw, *shape):
    """Every row keeps at least one token and hides at least one; how many, differs between rows."""
    rank = draw.tensor(*shape).argsort(-1)
    kept = draw.integers(1, shape[-1], *shape[:-1], 1)
    return rank < kept


def own_positions(student, length, dim):
    """The student's table of positions, right or wrong. Raises CheckFailed if it cannot tell positions apart."""
    table = student.sinusoidal_positions(length, dim)
    require(
        isinstance(table, torch.Tensor) and table.shape == (length, dim) and table.is_floating_point(),
        en="sinusoidal_positions(length, dim) should give a tensor of floating-point numbers of shape (length, dim).",
        ko="sinusoidal_positions(length, dim)은 모양이 (length, dim)인 실수 텐서를 돌려줘야 해요.",
    )
    table = table.double()
    require(
        table.isfinite().all() and torch.cdist(table, table).add(torch.eye(length)).min() > 1e-3,
        en="sinusoidal_positions should give each position a vector of its own.",
        ko="sinusoidal_positions는 위치마다 서로 다른 벡터를 돌려줘야 해요.",
    )
    return table


def a_shift_is_a_rotation(table, by):
    """Each pair of row p + by is that of row p, turned by an angle that does not depend on p."""
    pairs = torch.view_as_complex(table.double().flip(-1).unflatten(1, (-1, 2)).contiguous())
    turns = pairs[by:] * pairs[:-by].conj()
    return turns.sub(turns[:1]).abs().max() < 1e-4


@check(points=3, ko="sinusoidal_positions는 짝수 열에 사인, 그 옆의 홀수 열에 같은 각도의 코사인을 담아요.")
def test_positions_values(student, reference):
    """sinusoidal_positions puts sines into the even columns and the cosines of the same angles beside them."""
    for length, dim in ((5, 6), (3, 10), (12, 4), (12, 18), (1, 2)):
        found = student.sinusoidal_positions(length, dim)
        if isinstance(found, torch.Tensor) and found.dtype == torch.float64:
            found = found.float()  # another check asks for the dtype
        assert_close(found, reference.sinusoidal_positions(length, dim), what="the positions")


@check(
    points=1,
    needs="test_positions_values",
    ko="float32 표에서 사인과 코사인 쌍의 길이는 언제나 1이고, 위치를 옮기면 일정한 각도만큼 돌아요. 긴 표는 짧은 표로 시작해요.",
)
def test_positions_turn(student, draw):
    """In a float32 table each pair has norm 1, a shift turns it by a fixed angle, and a longer table only adds rows."""
    dim = 2 * int(draw.integers(3, 9))
    table = student.sinusoidal_positions(20, dim)
    shorter = student.sinusoidal_positions(int(draw.integers(2, 19)), dim)
    require(
        all(isinstance(x, torch.Tensor) and x.ndim == 2 and x.shape[1] == dim for x in (table, shorter)),
        en="sinusoidal_positions(length, dim) should give a tensor of shape (length, dim).",
        ko="sinusoidal_positions(length, dim)은 모양이 (length, dim)인 텐서를 돌려줘야 해요.",
    )
    require(
        table.dtype == torch.float32,
        en="sinusoidal_positions should give torch's default dtype, float32.",
        ko="sinusoidal_positions는 torch의 기본 dtype인 float32로 돌려줘야 해요.",
    )
    assert_close(shorter, table[: len(shorter)], what="the first rows")
    norms = table.unflatten(1, (-1, 2)).norm(dim=-1)
    assert_close(norms, torch.ones(20, dim // 2), what="the norms of the pairs")
    for by in (1, 3, 8):
        require(
            a_shift_is_a_rotation(table, by),
            en=f"From position p to p + {by}, every pair should turn by an angle that does not depend on p.",
            ko=f"위치가 p에서 p + {by}로 바뀌면 각 쌍은 p와 상관없이 늘 같은 각도만큼 돌아가야 해요.",
        )


@check(points=1.5, ko="embed는 토큰마다 표의 그 행에 √D를 곱해서 써요.")
def test_embed_rows(student, reference, draw):
    """embed takes each token's row of the table, times √D."""
    for batch, length, words, dim in ((2, 5, 7, 6), (3, 4, 3, 10)):
        token_ids = draw.integers(0, words, batch, length)
        table, other = draw.tensor(words, dim), draw.tensor(words, dim)
        found, found_other = unpack(
            (student.embed(token_ids, table), student.embed(token_ids, other)), "the embedding", "the embedding"
        )
        expected = reference.embed(token_ids, table) - reference.embed(token_ids, other)
        require(
            isinstance(found, torch.Tensor) and found.shape == getattr(found_other, "shape", None),
            en="embed should give a tensor whose shape depends on the shapes of its arguments only.",
            ko="embed는 텐서를 돌려줘야 하고, 그 모양은 인수의 모양에만 달려 있어야 해요.",
        )
        assert_close(found - found_other, expected, what="the difference that another table makes")


@check(points=1.5, ko="embed는 모든 문장에서 위치마다 sinusoidal_positions의 그 행을 그대로 더해요.")
def test_embed_positions(student, draw):
    """embed adds the vector of each position, as it is, in every sentence."""
    for batch, length, words, dim in ((2, 5, 7, 6), (3, 3, 6, 8)):
        token_ids = draw.integers(0, words, batch, length)
        expected = own_positions(student, length, dim).expand(batch, length, dim)
        found = student.embed(token_ids, torch.zeros(words, dim, dtype=torch.float64))
        assert_close(found, expected, what="the embedding with a table of zeros", tolerance=POSITION_TOLERANCE)


@check(
    points=0.5,
    needs=("test_embed_rows", "test_embed_positions"),
    ko="embed를 지난 기울기는 쓰인 행에만, 쓰인 횟수만큼 모여요.",
)
def test_embed_gradients(student, reference, draw):
    """The gradient of embed by the table gathers in the rows that were used, once for each use."""
    token_ids, cotangent = torch.tensor([[3, 0, 3, 1, 3], [1, 3, 4, 0, 0]]), draw.tensor(2, 5, 6)
    actual, expected = (
        side.gradient("embed", token_ids, table, wrt=[1], cotangents=[cotangent])
        for table in [draw.tensor(6, 6)]
        for side in (student, reference)
    )
    assert_close(actual, expected, what="the gradient by the table")


@check(
    points=0.5,
    needs=("test_embed_rows", "test_embed_positions"),
    ko="embed는 float32, 연속이 아닌 입력, 크기 1인 축도 받고, 입력을 바꾸지 않아요.",
)
def test_embed_kinds(student, reference, draw):
    """embed takes float32, strides and axes of size 1, and changes no input."""
    for token_ids, table in (
        (draw.integers(0, 7, 2, 5), draw.tensor(7, 6, dtype="float32")),
        (draw.integers(0, 7, 5, 2).T, draw.strided(7, 6)),
        (torch.zeros(1, 1, dtype=torch.int64), draw.tensor(1, 2)),
    ):
        length, dim = token_ids.shape[1], table.shape[1]
        rows = reference.embed(token_ids, table) - reference.sinusoidal_positions(length, dim).to(table)
        tolerance = POSITION_TOLERANCE if table.dtype == torch.float64 else None
        expected = rows + own_positions(student, length, dim).to(table)
        assert_close(student.embed(token_ids, table), expected, what="the embedding", tolerance=tolerance)
    assert_unchanged(student)


@check(
    points=0.5,
    needs=("test_positions_values", "test_embed_rows"),
    ko="크기가 홀수이면 sinusoidal_positions와 embed는 ValueError를 일으켜요.",
)
def test_odd_sizes_refused(student, draw):
    """sinusoidal_positions and embed raise ValueError for an odd size."""
    for length, dim in ((4, 5), (3, 1)):
        assert_raises(ValueError, student.sinusoidal_positions, length, dim)
    assert_raises(ValueError, student.embed, draw.integers(0, 7, 2, 3), draw.tensor(7, 5))


@check(points=1, ko="모듈은 편향이 없는 네 개의 Linear를 정해진 이름으로 가져요.")
def test_parameters(student):
    """The module holds four linear layers without biases under the names that were agreed."""
    assert_parameters(build(student, 5), {f"{name}.weight": (5, 5) for name in NAMES})


@check(points=2.5, ko="가중치는 query와 key의 점수를 스케일한 뒤 key에 대해 softmax한 것이에요.")
def test_weights(student, reference, draw):
    """The weights are the scaled scores of queries and keys after a softmax over the keys."""
    module, expected = both(student, reference, random_state(draw, 5), dim=5)
    for batch, length in ((2, 4), (3, 3)):
        x = draw.tensor(batch, length, 5)
        _, weights = unpack(module(x), "output", "weights")
        assert_close(weights, expected(x)[1], what="the weights")


@check(points=2, ko="출력은 돌려준 가중치로 W_v의 값들을 평균 낸 뒤 W_o를 거친 것이에요.")
def test_output(student, reference, draw):
    """The output is what W_o makes of the values of W_v, averaged with the weights that are returned."""
    module, expected = both(student, reference, indifferent_state(draw, 6))
    x = draw.tensor(2, 4, 6)
    output, _ = unpack(module(x), "output", "weights")
    assert_close(output, expected(x)[0], what="the output where all tokens are seen alike")
    state = random_state(draw, 5)
    x = draw.tensor(3, 4, 5)
    output, weights = unpack(loaded(student, state, 5)(x), "output", "weights")
    require(
        isinstance(weights, torch.Tensor) and weights.shape == (3, 4, 4) and weights.dtype == torch.float64,
        en="The weights should be a tensor of shape (N, S, S), of the dtype of x.",
        ko="가중치는 x와 dtype이 같고 모양이 (N, S, S)인 텐서여야 해요.",
    )
    values = x @ state["W_v.weight"].T @ state["W_o.weight"].T
    assert_close(output, weights @ values, what="the output, given your weights")


@check(points=1.5, ko="토큰은 keep이 True인 토큰만 봐요. keep은 점수의 모양으로 브로드캐스팅돼요.")
def test_masks(student, reference, draw):
    """A token attends to the tokens where keep is True and to no others; keep is broadcast to the scores."""
    # N = S: a mask that is lined up with the wrong axis would raise no error.
    module, expected = both(student, reference, indifferent_state(draw, 6))
    x = draw.tensor(4, 4, 6)
    for shape in ((4, 4, 4), (4, 4), (4, 1, 4), (1, 4), (4,)):
        keep = some_keep(draw, *shape)
        _, weights = unpack(module(x, keep), "output", "weights")
        assert_close(weights, expected(x, keep)[1], what="the weights under a mask")


@check(points=1, needs="test_masks", ko="아무것도 볼 수 없는 토큰의 가중치와 출력은 0이에요.")
def test_empty_rows(student, reference, draw):
    """A token that may attend to nothing has weights 0 and output 0; the others are as they would be without it."""
    module, expected = both(student, reference, indifferent_state(draw, 6))
    x, keep = draw.tensor(2, 4, 6), some_keep(draw, 2, 4, 4)
    keep[0, 1] = keep[1, 3] = False
    padding = torch.tensor([[[True, True, False, False]], [[False, False, False, False]]])
    for mask in (keep, padding):
        output, weights = unpack(module(x, keep=mask), "output", "weights")
        assert_close(weights, expected(x, keep=mask)[1], what="the weights where a token may attend to nothing")
        sees_nothing = ~mask.expand(2, 4, 4).any(-1)
        zeros = torch.zeros(int(sees_nothing.sum()), 6, dtype=torch.float64)
        assert_close(output[sees_nothing], zeros, what="the output of tokens that may attend to nothing")


@check(
    points=0.5,
    needs=("test_weights", "test_output", "test_masks"),
    ko="점수가 아주 크거나 작아도 값이 넘치지 않고, 가린 토큰은 가려진 채로 있으며, 그 안의 수는 아무것도 바꾸지 않아요.",
)
def test_large_scores(student, reference, draw):
    """Large scores do not overflow, what is masked stays masked, and the numbers that stand in it change nothing."""
    module, expected = both(student, reference, random_state(draw, 6))
    x = draw.tensor(2, 5, 6) * 40
    assert_attends_alike(module, expected, x, when=N_(" for large scores"))
    # One token a row: its score is often far below those that are masked.
    only_the_next = torch.eye(5, dtype=torch.bool).roll(1, dims=1)
    assert_attends_alike(module, expected, 5 * x, only_the_next, when=N_(" for large scores under a mask"))
    x, padding = draw.tensor(2, 5, 6), torch.tensor([True, True, True, False, False])
    garbage = x.clone()
    garbage[:, 3:] *= 50
    output, weights = unpack(module(garbage, padding), "output", "weights")
    expected_output, expected_weights = expected(x, padding)
    kept, expected_kept = output[:, :3], expected_output[:, :3]
    assert_close(kept, expected_kept, what="the output next to garbage in the padding")
    kept, expected_kept = weights[:, :3], expected_weights[:, :3]
    assert_close(kept, expected_kept, what="the weights next to garbage in the padding")


@check(
    points=1,
    needs=("test_weights", "test_output"),
    ko="출력과 가중치를 지나 입력과 모든 행렬로 가는 기울기가 맞아요.",
)
def test_gradients(student, reference, draw):
    """Gradients reach the input and all four matrices, through the output and through the weights."""
    module, expected = both(student, reference, random_state(draw, 6))
    x, names = draw.tensor(2, 4, 6), [f"{name}.weight" for name in NAMES]
    cotangents = [draw.tensor(2, 4, 6), draw.tensor(2, 4, 4)]
    actual, wanted = (side.gradient(x, wrt=[0], parameters=names, cotangents=cotangents) for side in (module, expected))
    assert_close(actual, wanted, what="the gradient")


@check(
    points=0.5,
    needs=("test_empty_rows", "test_gradients"),
    ko="마스크를 써도 기울기가 맞고, 아무것도 볼 수 없는 토큰이 있어도 유한해요.",
)
def test_gradients_under_masks(student, reference, draw):
    """Gradients are right under a mask, and stay finite where a token may attend to nothing."""
    module, expected = both(student, reference, random_state(draw, 6))
    x, names, keep = draw.tensor(2, 4, 6), [f"{name}.weight" for name in NAMES], some_keep(draw, 2, 4, 4)
    keep[0, 1] = keep[1, 3] = False
    cotangents = [draw.tensor(2, 4, 6), draw.tensor(2, 4, 4)]
    actual, wanted = (
        side.gradient(x, keep, wrt=[0], parameters=names, cotangents=cotangents) for side in (module, expected)
    )
    assert_close(actual, wanted, what="the gradient")


@check(
    points=0.5,
    needs="test_output",
    ko="위치가 없으면 토큰의 순서를 바꾸어도 출력의 순서만 바뀌고, embed가 더한 위치가 있으면 그렇지 않아요.",
)
def test_order_of_tokens(student, draw):
    """Without positions, another order of the tokens only reorders the output; with those that embed adds, it does not."""
    module = loaded(student, random_state(draw, 6), 6)
    x, order = draw.tensor(2, 5, 6), torch.tensor([3, 0, 4, 1, 2])
    (output, weights), (turned, turned_weights) = (
        unpack(module(tokens), "output", "weights") for tokens in (x, x[:, order])
    )
    expected = output[:, order]
    assert_close(turned, expected, what="the output for the tokens in another order")
    expected = weights[:, order][:, :, order]
    assert_close(turned_weights, expected, what="the weights for the tokens in another order")
    token_ids, table = torch.tensor([[0, 1, 2, 3, 4]]), draw.tensor(5, 6)
    embedded, reordered = student.embed(token_ids, table), student.embed(token_ids[:, order], table)
    require(
        all(isinstance(x, torch.Tensor) and x.shape == (1, 5, 6) for x in (embedded, reordered)),
        en="embed should give a tensor of shape (N, S, D).",
        ko="embed는 모양이 (N, S, D)인 텐서를 돌려줘야 해요.",
    )
    require(
        (reordered - embedded[:, order]).abs().amax(-1).min() > 1e-3,
        en="After embed, every token should show that it stands in another place.",
        ko="embed를 거치면 모든 토큰에서 자리가 바뀐 것이 드러나야 해요.",
    )


@check(
    points=0.5,
    needs=("test_weights", "test_output"),
    ko="float32, 연속이 아닌 입력, 크기 1인 축에서도 맞아요.",
)
def test_kinds_and_sizes(student, reference, draw):
    """The layer is right in float32, for inputs that are not contiguous and for axes of size 1."""
    module, expected = both(student, reference, random_state(draw, 6, "float32"), dtype="float32")
    x = 0.5 * draw.tensor(2, 4, 6, dtype="float32")  # small: right versions then differ by far less than the tolerance
    keep = some_keep(draw, 2, 4, 4)
    keep[1, 2] = False
    assert_attends_alike(module, expected, x, when=N_(" in float32"))
    assert_attends_alike(module, expected, x, keep, when=N_(" in float32 under a mask"))
    module, expected = both(student, reference, random_state(draw, 6))
    assert_attends_alike(module, expected, draw.strided(2, 4, 6), when=N_(" for an input that is not contiguous"))
    x, keep = draw.tensor(5, 3, 6).transpose(0, 1), some_keep(draw, 3, 5, 5).transpose(1, 2)
    keep[:, :, 0] = True
    assert_attends_alike(module, expected, x, keep, when=N_(" for an input that is not contiguous"))
    for batch, length in ((1, 3), (3, 1)):
        assert_attends_alike(module, expected, draw.tensor(batch, length, 6), when=N_(" for axes of size 1"))


@check(
    points=0.5,
    needs=("test_output", "test_masks"),
    ko="입력과 파라미터는 그대로 남고, 평가 모드에서 다시 불러도 같은 답이 나와요.",
)
def test_leaves_everything_as_it_was(student, draw):
    """Inputs and parameters stay as they were, and the same question gets the same answer again, in eval mode too."""
    state = random_state(draw, 6)
    module = loaded(student, state, 6)
    x, keep = draw.tensor(2, 4, 6), some_keep(draw, 2, 4, 4)
    first = unpack(module(x, keep), "output", "weights")
    module(draw.tensor(3, 5, 6))
    module.eval()
    assert_close(module(x, keep), first, what="the answer to the same question in eval mode")
    after = module.state_dict()
    assert_close({name: after.get(name) for name in state}, state, what="the parameters after the calls")
    assert_unchanged(student)
