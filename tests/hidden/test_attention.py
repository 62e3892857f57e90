"""Hidden graders of the exercise "attention".

A mistake is to count once. So the checks of masks use dk = dv = 1 where they can, on which all scales agree, and the
checks of padding use H = 1; the scale is asked where there is no mask, and once together with one.
"""

import torch

from grader.checks import assert_close, assert_raises, assert_unchanged, check, unpack


def mask_of(draw, *shape):
    """Every row keeps at least one key and hides at least one; how many, differs between rows."""
    rank = draw.tensor(*shape).argsort(-1)
    kept = draw.integers(1, shape[-1], *shape[:-1], 1)
    return rank < kept


def inputs(draw, *batch, queries=3, keys=5, dk=7, dv=4, dtype="float64"):
    query = draw.tensor(*batch, queries, dk, dtype=dtype)
    key = draw.tensor(*batch, keys, dk, dtype=dtype)
    return query, key, draw.tensor(*batch, keys, dv, dtype=dtype)


@check(points=2, ko="softmax는 지정한 축을 따라 합이 1인 확률을 만들어요.")
def test_softmax_values(student, reference, draw):
    """softmax gives probabilities along the axis that was asked for."""
    for shape, dim in [((3,), 0), ((2, 3), 0), ((2, 3, 4), 1), ((2, 3, 4), 2), ((2, 3, 4), -1), ((2, 5, 3, 4), -3)]:
        x = draw.tensor(*shape)
        assert_close(student.softmax(x, dim), reference.softmax(x, dim), what="the probabilities")


@check(points=1, ko="softmax는 ±1e4처럼 큰 수에서도 정확하고, 한 줄 전체에 같은 수를 더해도 변하지 않아요.")
def test_softmax_large_numbers(student, reference, draw):
    """softmax is exact for numbers as large as ±1e4, and adding one number to a whole slice changes nothing."""
    x = draw.tensor(3, 2, 5)
    distance = torch.tensor([[[1e4], [-1e4]], [[-1e4], [1e4]], [[0.0], [-1e4]]], dtype=torch.float64)
    assert_close(student.softmax(x + distance, -1), reference.softmax(x, -1), what="the shifted probabilities")
    mixed = x * 10 ** draw.integers(0, 5, *x.shape).double()
    assert_close(student.softmax(mixed, -1), reference.softmax(mixed, -1), what="the probabilities")


@check(points=0.5, ko="softmax의 기울기가 맞아요. 큰 수에서도요.")
def test_softmax_gradient(student, reference, draw):
    """The gradient of softmax is right, for large numbers too."""
    for factor in (1.0, 3e3):
        x, upstream = factor * draw.tensor(2, 4, 3), draw.tensor(2, 4, 3)
        actual = student.gradient("softmax", x, -1, wrt=[0], cotangents=[upstream])
        expected = reference.gradient("softmax", x, -1, wrt=[0], cotangents=[upstream])
        assert_close(actual, expected, what="the gradient")


@check(points=2, ko="마스크가 없을 때 어텐션의 출력과 가중치가 맞아요.")
def test_attention_values(student, reference, draw):
    """Without a mask, output and weights of the attention are right."""
    for sizes in ({}, {"queries": 6, "keys": 2, "dk": 3, "dv": 5}):
        arguments = inputs(draw, 2, **sizes)
        output, weights = unpack(student.scaled_dot_product_attention(*arguments), "output", "weights")
        expected_output, expected_weights = reference.scaled_dot_product_attention(*arguments)
        assert_close(weights, expected_weights, what="the weights")
        assert_close(output, expected_output, what="the output")


@check(points=2, ko="query는 keep이 True인 key만 볼 수 있고, 그 key들의 가중치를 더하면 1이에요.")
def test_attention_mask(student, reference, draw):
    """A query attends to the keys where keep is True, and to no others; its weights over these add up to 1."""
    arguments = inputs(draw, 2, queries=4, dk=1, dv=1)
    keep = mask_of(draw, 2, 4, 5)
    output, weights = unpack(student.scaled_dot_product_attention(*arguments, keep=keep), "output", "weights")
    expected_output, expected_weights = reference.scaled_dot_product_attention(*arguments, keep=keep)
    assert_close(output, expected_output, what="the output")
    assert_close(weights, expected_weights, what="the weights")


@check(points=1, ko="keep은 점수의 모양으로 브로드캐스팅되고, 위치 인수로 주어도 돼요.")
def test_attention_mask_broadcasts(student, reference, draw):
    """keep is broadcast to the scores, whatever shape it has that can be, and may be given by position."""
    for queries, *shape in [(3, 3, 5), (3, 5), (3, 2, 1, 5), (3, 1, 3, 5), (5, 5, 5), (5, 5), (2, 2, 1, 5)]:
        arguments = [*inputs(draw, 2, queries=queries, dk=1, dv=1), mask_of(draw, *shape)]
        actual = student.scaled_dot_product_attention(*arguments)
        assert_close(actual, reference.scaled_dot_product_attention(*arguments), what="(output, weights)")


@check(points=0.5, ko="앞쪽 축이 없어도, 배치와 헤드가 있어도 어텐션이 맞아요. 마스크가 있을 때도요.")
def test_attention_leading_axes(student, reference, draw):
    """The attention is right without leading axes, and with batch and heads, masked or not."""
    plain, heads = inputs(draw, dk=2), inputs(draw, 2, 3, queries=4, dk=6, dv=9)
    for arguments in (
        [*plain, None],
        [*plain, mask_of(draw, 3, 5)],
        [*heads, None],
        [*heads, mask_of(draw, 2, 1, 1, 5)],
        [*heads, mask_of(draw, 3, 4, 5)],
    ):
        actual = student.scaled_dot_product_attention(*arguments)
        assert_close(actual, reference.scaled_dot_product_attention(*arguments), what="(output, weights)")


@check(points=1, ko="아무것도 볼 수 없는 query의 가중치와 출력은 0이에요.")
def test_attention_nothing_to_attend_to(student, reference, draw):
    """A query that may attend to nothing gets weights 0 and output 0; the others are as they would be without it."""
    keep = mask_of(draw, 2, 4, 5)
    keep[0, 1] = keep[1, 3] = False
    for mask, dtype in [
        (keep, "float64"),
        (keep, "float32"),
        (torch.tensor([[[True], [False], [False], [True]]]), "float64"),
        (torch.tensor(False), "float64"),
    ]:
        query, key, value = inputs(draw, 2, queries=4, dk=1, dv=1, dtype=dtype)
        # Scores of 0 in these rows: a very low number then gives one and the same wrong answer, added or filled in.
        query = query * mask.expand(2, 4, 5).any(-1, keepdim=True)
        actual = student.scaled_dot_product_attention(query, key, value, keep=mask)
        expected = reference.scaled_dot_product_attention(query, key, value, keep=mask)
        assert_close(actual, expected, what="(output, weights)")


@check(
    points=1,
    ko="마스크가 있을 때의 기울기가 맞아요. 아무도 볼 수 없는 key에서는 0, 아무것도 볼 수 없는 query에서는 유한해요.",
)
def test_attention_mask_gradients(student, reference, draw):
    """With a mask, all gradients are right: zero for keys that nobody sees, finite where a query sees nothing."""
    keep = mask_of(draw, 2, 3, 5)
    keep[..., 2], keep[..., 4] = False, True
    nothing = keep.clone()
    nothing[0, 2] = nothing[1, 0] = False
    for mask in (keep, nothing):
        arguments = [*inputs(draw, 2, dk=1, dv=1), mask]
        options = {"wrt": [0, 1, 2], "cotangents": [draw.tensor(2, 3, 1), draw.tensor(2, 3, 5)]}
        actual = student.gradient("scaled_dot_product_attention", *arguments, **options)
        expected = reference.gradient("scaled_dot_product_attention", *arguments, **options)
        assert_close(actual, expected, what="the gradients by query, key and value")


@check(points=1, needs="test_attention_values", ko="출력과 가중치를 거쳐 query, key, value로 가는 기울기가 맞아요.")
def test_attention_gradients(student, reference, draw):
    """The gradients by query, key and value are right, through the output and through the weights."""
    arguments = inputs(draw, 2)
    # A plain call first: an exception in the backward pass alone would look like that of other mistakes.
    expected = reference.scaled_dot_product_attention(*arguments)
    assert_close(student.scaled_dot_product_attention(*arguments), expected, what="(output, weights)")
    for cotangents in ([draw.tensor(2, 3, 4), None], [draw.tensor(2, 3, 4), draw.tensor(2, 3, 5)]):
        options = {"wrt": [0, 1, 2], "cotangents": cotangents}
        actual = student.gradient("scaled_dot_product_attention", *arguments, **options)
        expected = reference.gradient("scaled_dot_product_attention", *arguments, **options)
        assert_close(actual, expected, what="the gradients by query, key and value")


@check(points=0.5, ko="가려진 key와 value에 어떤 수가 있든 결과가 같고, 점수 전체를 옮겨도 결과가 같아요.")
def test_attention_masked_numbers_do_not_matter(student, reference, draw):
    """Whatever numbers stand in masked keys and values, and however far all scores lie from 0, the answer stays."""
    query, key, value = inputs(draw, 2, dk=1, dv=1)
    query = query.abs().clamp(0.5, 3.0)
    query[:, 0] = 3.0
    expected_output, expected_weights = reference.scaled_dot_product_attention(query, key, value)
    garbage = 20 * draw.tensor(2, 4, 1)
    keep = torch.tensor([True] * 5 + [False] * 4)
    for far in (50.0, -50.0):
        actual = student.scaled_dot_product_attention(
            query, torch.cat([key + far, garbage], 1), torch.cat([value, garbage], 1), keep=keep
        )
        output, weights = unpack(actual, "output", "weights")
        assert_close(output, expected_output, what="the output")
        padded = torch.cat([expected_weights, torch.zeros(2, 3, 4, dtype=torch.float64)], -1)
        assert_close(weights, padded, what="the weights")


@check(points=0.5, ko="key와 value의 순서를 함께 바꾸면 출력이 같고, key가 모두 같으면 출력은 value의 평균이에요.")
def test_attention_order_of_keys(student, reference, draw):
    """Keys and values may change places together, and queries by themselves; equal keys give the mean of the values."""
    query, key, value = inputs(draw, 2, queries=4, dk=1, dv=1)
    order, asked = draw.permutation(5), draw.permutation(4)
    output, weights = unpack(
        student.scaled_dot_product_attention(query[:, asked], key[:, order], value[:, order]), "output", "weights"
    )
    expected_output, expected_weights = reference.scaled_dot_product_attention(query, key, value)
    assert_close(output, expected_output[:, asked], what="the output")
    assert_close(weights, expected_weights[:, asked][:, :, order], what="the weights")
    query, key, value = inputs(draw, 2)
    output, _ = unpack(
        student.scaled_dot_product_attention(query, key[:, :1].expand(2, 5, 7), value), "output", "weights"
    )
    assert_close(output, value.mean(1, keepdim=True).expand(2, 3, 4), what="the output for equal keys")


@check(points=1, ko="패딩이 없을 때 seq2seq_attention의 context와 가중치가 맞아요.")
def test_seq2seq_values(student, reference, draw):
    """Without padding, context and weights of seq2seq_attention are right."""
    for decoder_shape, encoder_shape in [((2, 3, 6), (2, 5, 6)), ((3, 4, 5), (3, 2, 5)), ((2, 4, 3), (2, 4, 3))]:
        decoder, encoder = draw.tensor(*decoder_shape), draw.tensor(*encoder_shape)
        lengths = torch.full(encoder_shape[:1], encoder_shape[1])
        context, weights = unpack(student.seq2seq_attention(decoder, encoder, lengths), "context", "weights")
        expected_context, expected_weights = reference.seq2seq_attention(decoder, encoder, lengths)
        assert_close(weights, expected_weights, what="the weights")
        assert_close(context, expected_context, what="the context")


@check(points=1, ko="seq2seq_attention은 문장마다 앞의 lengths[n]개 상태만 봐요. 패딩에 무엇이 있든 상관없어요.")
def test_seq2seq_padding(student, reference, draw):
    """seq2seq_attention looks at the first lengths[n] states of each sequence, whatever stands in the padding."""
    decoder, encoder, lengths = draw.tensor(4, 3, 1), draw.tensor(4, 5, 1), torch.tensor([2, 5, 1, 4])
    expected = reference.seq2seq_attention(decoder, encoder, lengths)
    assert_close(student.seq2seq_attention(decoder, encoder, lengths), expected, what="(context, weights)")
    padding = torch.arange(5)[:, None] >= lengths[:, None, None]
    # All scores of words far below 0, so that only a padding that is really out of the race gets nothing.
    decoder, encoder = 1.0 + decoder.abs().clamp(max=2.0), encoder - 60.0
    decoder[:, 0] = 3.0
    garbage = 20 * draw.tensor(4, 7, 1)
    longer = torch.cat([encoder.where(~padding, garbage[:, :5]), garbage[:, 5:]], 1)
    context, weights = unpack(student.seq2seq_attention(decoder, longer, lengths), "context", "weights")
    expected_context, expected_weights = reference.seq2seq_attention(decoder, encoder, lengths)
    assert_close(context, expected_context, what="the context")
    padded = torch.cat([expected_weights, torch.zeros(4, 3, 2, dtype=torch.float64)], -1)
    assert_close(weights, padded, what="the weights")


@check(points=0.5, ko="길이가 0인 문장의 context와 가중치는 0이고, 기울기는 유한해요.")
def test_seq2seq_empty_sequence(student, reference, draw):
    """A sequence of length 0 has weights 0 and context 0, and finite gradients."""
    decoder, encoder, lengths = draw.tensor(3, 2, 1), draw.tensor(3, 4, 1), torch.tensor([4, 0, 3])
    decoder[1] = 0
    expected = reference.seq2seq_attention(decoder, encoder, lengths)
    assert_close(student.seq2seq_attention(decoder, encoder, lengths), expected, what="(context, weights)")
    options = {"wrt": [0, 1], "cotangents": [draw.tensor(3, 2, 1), draw.tensor(3, 2, 4)]}
    actual = student.gradient("seq2seq_attention", decoder, encoder, lengths, **options)
    expected = reference.gradient("seq2seq_attention", decoder, encoder, lengths, **options)
    assert_close(actual, expected, what="the gradients")


@check(points=0.5, needs="test_seq2seq_values", ko="seq2seq_attention의 decoder와 encoder에 대한 기울기가 맞아요.")
def test_seq2seq_gradients(student, reference, draw):
    """The gradients of seq2seq_attention by decoder and encoder are right."""
    arguments = (draw.tensor(2, 3, 6), draw.tensor(2, 5, 6), torch.tensor([3, 5]))
    expected = reference.seq2seq_attention(*arguments)
    assert_close(student.seq2seq_attention(*arguments), expected, what="(context, weights)")
    options = {"wrt": [0, 1], "cotangents": [draw.tensor(2, 3, 6), draw.tensor(2, 3, 5)]}
    actual = student.gradient("seq2seq_attention", *arguments, **options)
    assert_close(actual, reference.gradient("seq2seq_attention", *arguments, **options), what="the gradients")


@check(points=0.5, ko="float32를 받으면 float32로 계산해서 돌려줘요.")
def test_float32(student, reference, draw):
    """float32 in, float32 out."""
    x = draw.tensor(2, 3, dtype="float32")
    assert_close(student.softmax(x, 1), reference.softmax(x, 1), what="softmax")
    arguments = inputs(draw, 2, dk=1, dv=1, dtype="float32")
    for keep in (None, torch.ones(3, 5, dtype=torch.bool)):
        actual = student.scaled_dot_product_attention(*arguments, keep=keep)
        expected = reference.scaled_dot_product_attention(*arguments, keep=keep)
        assert_close(actual, expected, what="(output, weights)")
    decoder, encoder = draw.tensor(2, 3, 1, dtype="float32"), draw.tensor(2, 4, 1, dtype="float32")
    lengths = torch.tensor([4, 4])
    actual = student.seq2seq_attention(decoder, encoder, lengths)
    assert_close(actual, reference.seq2seq_attention(decoder, encoder, lengths), what="(context, weights)")


@check(points=0.5, ko="메모리에 연속으로 놓이지 않은 텐서도 받아요.")
def test_not_contiguous(student, reference, draw):
    """Tensors that are not contiguous are as good as any."""
    x = draw.strided(3, 4)
    assert_close(student.softmax(x, 1), reference.softmax(x, 1), what="softmax")
    see_all = torch.ones(5, 2, 3, dtype=torch.bool).permute(1, 2, 0)
    arguments = (draw.strided(2, 3, 6), draw.strided(2, 5, 6), draw.strided(2, 5, 4), see_all)
    actual = student.scaled_dot_product_attention(*arguments)
    assert_close(actual, reference.scaled_dot_product_attention(*arguments), what="(output, weights)")
    arguments = (draw.strided(2, 3, 6), draw.strided(2, 5, 6), torch.tensor([5, 0, 5, 0])[::2])
    actual = student.seq2seq_attention(*arguments)
    assert_close(actual, reference.seq2seq_attention(*arguments), what="(context, weights)")


@check(points=0.5, ko="크기가 1인 축이 있어도 돼요.")
def test_axes_of_size_one(student, reference, draw):
    """Axes of size 1 are as good as any."""
    for shape, dim in [((1, 3), 1), ((3, 1), 1), ((1,), 0), ((2, 1, 3), 2)]:
        x = draw.tensor(*shape)
        assert_close(student.softmax(x, dim), reference.softmax(x, dim), what="softmax")
    for batch, queries, keys in [((1,), 1, 3), ((2,), 3, 1), ((1,), 1, 1), ((1, 1), 2, 3), ((), 1, 2)]:
        arguments = inputs(draw, *batch, queries=queries, keys=keys, dk=1, dv=1)
        for keep in (None, torch.tensor([True])):
            actual = student.scaled_dot_product_attention(*arguments, keep=keep)
            expected = reference.scaled_dot_product_attention(*arguments, keep=keep)
            assert_close(actual, expected, what="(output, weights)")
    for n, steps, states in [(1, 2, 3), (2, 1, 3), (2, 3, 1)]:
        arguments = (draw.tensor(n, steps, 1), draw.tensor(n, states, 1), torch.full((n,), states))
        actual = student.seq2seq_attention(*arguments)
        assert_close(actual, reference.seq2seq_attention(*arguments), what="(context, weights)")


@check(
    points=0.5,
    needs=("test_softmax_values", "test_attention_values", "test_seq2seq_values"),
    ko="함수들은 받은 텐서를 바꾸지 않아요.",
)
def test_inputs_unchanged(student, draw):
    """The functions leave the tensors that they are given as they were."""
    student.softmax(draw.tensor(2, 3), 1)
    student.scaled_dot_product_attention(*inputs(draw, 2))
    keep = mask_of(draw, 2, 3, 5)
    keep[0, 0] = False
    student.scaled_dot_product_attention(*inputs(draw, 2), keep=keep)
    student.seq2seq_attention(draw.tensor(3, 2, 6), draw.tensor(3, 5, 6), torch.tensor([2, 0, 5]))
    assert_unchanged(student)


@check(points=0.5, needs="test_attention_values", ko="query와 key의 마지막 축 크기가 다르면 ValueError를 일으켜요.")
def test_attention_sizes_that_do_not_fit(student, draw):
    """Query and key of different dk raise ValueError."""
    for query_size, key_size in [(4, 3), (3, 4), (1, 4), (4, 1)]:
        query, key, value = draw.tensor(2, 3, query_size), draw.tensor(2, 5, key_size), draw.tensor(2, 5, 6)
        assert_raises(ValueError, student.scaled_dot_product_attention, query, key, value)
        assert_raises(ValueError, student.scaled_dot_product_attention, query, key, value, mask_of(draw, 3, 5))


@check(points=0.5, needs="test_attention_values", ko="어텐션은 점수 행렬 몇 개 분량의 메모리만 더 써요.")
def test_attention_memory(race, draw):
    """The attention needs memory for a few matrices of scores, and no more."""
    race.memory(
        "scaled_dot_product_attention",
        lambda heads, queries: inputs(draw, heads, queries=queries, keys=256, dk=64, dv=64, dtype="float32"),
        heads=8,
        queries=256,
    )


@check(points=0.5, needs="test_attention_values", ko="큰 배치에서도 어텐션이 기준 풀이보다 많이 느리지 않아요.")
def test_attention_speed(race, draw):
    """On a large batch the attention is not much slower than the reference."""

    def make(batch, heads, queries):
        return inputs(draw, batch, heads, queries=queries, keys=16, dk=16, dv=16, dtype="float32")

    race("scaled_dot_product_attention", make, flops=96 * 2 * 32 * 16 * 4 * 16, batch=96, heads=2, queries=32)


@check(
    points=0.5, needs="test_seq2seq_values", ko="문장이 많아도 seq2seq_attention이 기준 풀이보다 많이 느리지 않아요."
)
def test_seq2seq_speed(race, draw):
    """On many short sequences seq2seq_attention is not much slower than the reference."""

    def make(batch, queries):
        decoder, encoder = (draw.tensor(batch, queries, 4, dtype="float32") for _ in range(2))
        return decoder, encoder, draw.integers(1, queries + 1, batch)

    race("seq2seq_attention", make, flops=1536 * 3 * 3 * 4 * 4, batch=1536, queries=3)
