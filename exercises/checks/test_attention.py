"""Visible checks of the exercise "attention": small inputs that you can follow with pencil and paper."""

import torch

from grader.checks import assert_close, assert_raises, assert_unchanged, check, unpack


def tensor(numbers):
    return torch.tensor(numbers, dtype=torch.float64)


@check(points=1, ko="softmax는 지정한 축을 따라 합이 1인 확률을 만들어요.")
def test_softmax_values(student, reference):
    """softmax gives probabilities along the axis that was asked for."""
    x = tensor([[0.0, 1.0, 2.0], [0.0, 2.0, -1.0]])
    for dim in (0, 1, -1):
        assert_close(student.softmax(x, dim), reference.softmax(x, dim), what="the probabilities")


@check(points=1, ko="softmax는 아주 큰 수와 아주 작은 수가 섞여 있어도 정확해요.")
def test_softmax_large_numbers(student, reference):
    """softmax is exact for very large and very low numbers, also side by side."""
    x = tensor([[1000.0, 1001.0, 1002.0], [-1000.0, -1002.0, -1001.0], [0.0, 2.0, 1.0]])
    assert_close(student.softmax(x, 1), reference.softmax(x, 1), what="the probabilities")


@check(points=1, ko="마스크가 없을 때 어텐션의 출력과 가중치가 맞아요.")
def test_attention_values(student, reference, draw):
    """Without a mask, output and weights of the attention are right."""
    # The worked example of the guide.
    query = tensor([[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    key = tensor([[2.0, 0.0, 2.0, 0.0], [0.0, 2.0, 0.0, 0.0], [1.0, 1.0, 1.0, -1.0]])
    value = tensor([[10.0, 0.0], [0.0, 10.0], [4.0, 4.0]])
    batch = (draw.tensor(2, 3, 5), draw.tensor(2, 4, 5), draw.tensor(2, 4, 7))
    for arguments in (batch, (query, key, value)):
        output, weights = unpack(student.scaled_dot_product_attention(*arguments), "output", "weights")
        expected_output, expected_weights = reference.scaled_dot_product_attention(*arguments)
        assert_close(weights, expected_weights, what="the weights")
        assert_close(output, expected_output, what="the output")


# From here on vectors have one entry, so that the masks can be judged whatever the scale is.


@check(points=1, ko="query는 keep이 True인 key만 볼 수 있고, 그 key들의 가중치를 더하면 1이에요.")
def test_attention_mask(student, reference):
    """A query attends to the keys where keep is True, and to no others; its weights over these add up to 1."""
    query, key = tensor([[[1.0], [2.0], [-1.0]]]), tensor([[[0.5], [1.0], [2.0], [-1.0]]])
    value = tensor([[[1.0], [2.0], [3.0], [4.0]]])
    keep = torch.tensor([[True, True, False, False], [False, True, False, True], [True, False, False, False]])
    for mask in (keep[None], keep, keep[1]):
        actual = student.scaled_dot_product_attention(query, key, value, keep=mask)
        expected = reference.scaled_dot_product_attention(query, key, value, keep=mask)
        assert_close(actual, expected, what="(output, weights)")


@check(points=1, ko="아무것도 볼 수 없는 query의 가중치와 출력은 0이에요.")
def test_attention_nothing_to_attend_to(student, reference):
    """A query that may attend to nothing gets weights 0 and output 0."""
    query, key, value = tensor([[1.0], [0.0]]), tensor([[0.5], [1.0], [2.0]]), tensor([[1.0], [2.0], [4.0]])
    keep = torch.tensor([[True, True, False], [False, False, False]])
    actual = student.scaled_dot_product_attention(query, key, value, keep=keep)
    assert_close(actual, reference.scaled_dot_product_attention(query, key, value, keep=keep), what="(output, weights)")


@check(points=1, ko="아무것도 볼 수 없는 query가 있어도 기울기가 유한하고 맞아요.")
def test_attention_gradients(student, reference):
    """The gradients are finite and right, also where a query may attend to nothing."""
    query, key, value = tensor([[1.0], [0.0]]), tensor([[0.5], [1.0], [2.0]]), tensor([[1.0], [2.0], [4.0]])
    keep = torch.tensor([[True, True, False], [False, False, False]])
    arguments, upstream = (query, key, value, keep), [tensor([[1.0], [-2.0]]), None]
    actual = student.gradient("scaled_dot_product_attention", *arguments, wrt=[0, 1, 2], cotangents=upstream)
    expected = reference.gradient("scaled_dot_product_attention", *arguments, wrt=[0, 1, 2], cotangents=upstream)
    assert_close(actual, expected, what="the gradients by query, key and value")


@check(points=1, ko="패딩이 없을 때 seq2seq_attention의 context와 가중치가 맞아요.")
def test_seq2seq_values(student, reference, draw):
    """Without padding, context and weights of seq2seq_attention are right."""
    decoder, encoder, lengths = draw.tensor(2, 3, 4), draw.tensor(2, 5, 4), torch.tensor([5, 5])
    context, weights = unpack(student.seq2seq_attention(decoder, encoder, lengths), "context", "weights")
    expected_context, expected_weights = reference.seq2seq_attention(decoder, encoder, lengths)
    assert_close(weights, expected_weights, what="the weights")
    assert_close(context, expected_context, what="the context")


@check(points=1, ko="seq2seq_attention은 문장마다 앞의 lengths[n]개 상태만 봐요.")
def test_seq2seq_padding(student, reference):
    """seq2seq_attention looks at the first lengths[n] states of each sequence, and not at the padding."""
    decoder = tensor([[[1.0], [-1.0]], [[2.0], [0.5]]])
    encoder = tensor([[[1.0], [2.0], [9.0], [9.0]], [[-1.0], [0.5], [1.0], [9.0]]])
    lengths = torch.tensor([2, 3])
    actual = student.seq2seq_attention(decoder, encoder, lengths)
    assert_close(actual, reference.seq2seq_attention(decoder, encoder, lengths), what="(context, weights)")


@check(points=1, ko="길이가 0인 문장의 context와 가중치는 0이에요.")
def test_seq2seq_empty_sequence(student, reference):
    """A sequence of length 0 has weights 0 and context 0."""
    decoder, encoder = tensor([[[1.0], [-1.0]], [[0.0], [0.0]]]), tensor([[[1.0], [2.0]], [[9.0], [8.0]]])
    lengths = torch.tensor([1, 0])
    actual = student.seq2seq_attention(decoder, encoder, lengths)
    assert_close(actual, reference.seq2seq_attention(decoder, encoder, lengths), what="(context, weights)")


@check(
    points=1,
    needs=("test_softmax_values", "test_attention_values", "test_seq2seq_values"),
    ko="받은 텐서를 바꾸지 않고, query와 key의 마지막 축 크기가 다르면 ValueError를 일으켜요.",
)
def test_inputs_unchanged_or_refused(student, draw):
    """Inputs stay as they were; query and key of different dk raise ValueError."""
    student.softmax(draw.tensor(2, 3), 1)
    query, key, value = draw.tensor(2, 2, 4), draw.tensor(2, 3, 4), draw.tensor(2, 3, 5)
    student.scaled_dot_product_attention(query, key, value, keep=torch.tensor([True, True, False]))
    student.seq2seq_attention(query, key, torch.tensor([2, 3]))
    assert_unchanged(student)
    assert_raises(ValueError, student.scaled_dot_product_attention, query[..., :3], key, value)
