"""Visible checks of causal attention. Start with the masks: the attention is built on them."""

import torch

from grader.checks import assert_close, assert_raises, check


@check(points=1, ko="causal_mask에서 각 쿼리는 자기 자신과 그 앞의 키만 볼 수 있어요.")
def test_causal_mask(student, reference):
    """causal_mask lets each query see its own position and the ones before it, whatever the two lengths are."""
    for query_length, key_length in ((3, 3), (2, 4), (4, 2)):
        assert_close(student.causal_mask(query_length, key_length), reference.causal_mask(query_length, key_length))


@check(points=1, ko="padding_mask는 실제 토큰이 있는 위치에서 True예요.")
def test_padding_mask(student, reference):
    """padding_mask is True exactly where a sequence has a real token."""
    lengths = torch.tensor([2, 4, 0])
    assert_close(student.padding_mask(lengths, 4), reference.padding_mask(lengths, 4))


@check(points=1, ko="combine_masks는 두 마스크가 모두 허용하는 키만 허용하고, 모양은 (N, 1, Sq, Sk)예요.")
def test_combine_masks(student, reference):
    """combine_masks allows what both masks allow, in the shape (N, 1, Sq, Sk), and refuses masks that do not fit."""
    causal = torch.tensor([[True, False, False], [True, True, False], [True, True, True]])
    padding = torch.tensor([[True, True, False], [False, True, True]])
    assert_close(student.combine_masks(causal, padding), reference.combine_masks(causal, padding))
    assert_raises(ValueError, student.combine_masks, causal, padding[:, :1])


@check(points=1, ko="causal_attention은 미래를 뺀 키들에 대한 소프트맥스 가중치와 그 출력을 돌려줘요.")
def test_causal_attention(student, reference, draw):
    """causal_attention gives the output and the weights of a softmax without the future."""
    query, key, value = draw.tensor(2, 3, 4), draw.tensor(2, 3, 4), draw.tensor(2, 3, 2)
    assert_close(student.causal_attention(query, key, value), reference.causal_attention(query, key, value))


@check(points=1, ko="keep은 볼 수 있는 범위를 더 좁힐 뿐, 넓히지는 않아요.")
def test_keep_narrows_the_mask(student, reference, draw):
    """keep narrows the causal mask and never widens it."""
    query, key, value = draw.tensor(1, 2, 4, 3), draw.tensor(1, 2, 4, 3), draw.tensor(1, 2, 4, 2)
    keep = torch.tensor([[[[True, False, True, False]]]])
    assert_close(student.causal_attention(query, key, value, keep), reference.causal_attention(query, key, value, keep))


@check(
    points=1,
    needs="test_keep_narrows_the_mask",
    ko="아무 키도 볼 수 없는 쿼리는 출력과 가중치가 0이고, 기울기는 유한해요.",
)
def test_queries_that_see_nothing(student, reference, draw):
    """A query that may attend to nothing has zeros in output and weights, and finite gradients."""
    query, key, value = draw.tensor(1, 3, 4), draw.tensor(1, 3, 4), draw.tensor(1, 3, 2)
    arguments = (query, key, value, torch.tensor([[[False, True, True]]]))
    assert_close(student.causal_attention(*arguments), reference.causal_attention(*arguments))
    gradients = [who.gradient("causal_attention", *arguments, wrt=[0, 1, 2]) for who in (student, reference)]
    assert_close(*gradients, what="the gradients")


@check(points=1, ko="next_token_loss는 t번 위치의 로짓을 t + 1번 토큰으로 채점해요.")
def test_next_token_loss(student, reference, draw):
    """next_token_loss scores the logits of each position on the token after it."""
    tokens = torch.tensor([[0, 1, 2, 2], [3, 0, 4, 1]])
    arguments = (draw.tensor(2, 4, 5), tokens, torch.ones(2, 4, dtype=torch.bool))
    assert_close(student.next_token_loss(*arguments), reference.next_token_loss(*arguments))


@check(
    points=1,
    needs="test_next_token_loss",
    ko="next_token_loss는 배치 전체에서 세어야 할 정답만 골라 평균을 구하고, 하나도 없으면 0이에요.",
)
def test_next_token_loss_with_padding(student, reference, draw):
    """next_token_loss is the mean over the kept targets of the whole batch, and 0 without any."""
    logits, tokens = draw.tensor(2, 4, 5), torch.tensor([[0, 1, 2, 2], [3, 4, 0, 0]])
    for lengths in ([4, 2], [1, 1]):
        keep = torch.arange(4) < torch.tensor(lengths)[:, None]
        assert_close(student.next_token_loss(logits, tokens, keep), reference.next_token_loss(logits, tokens, keep))


@check(points=1, needs="test_next_token_loss", ko="로짓이 커도 손실은 유한해요.")
def test_next_token_loss_of_large_logits(student, reference):
    """Large logits give a finite loss."""
    logits = torch.tensor([[[0.0, 2000.0, -1000.0], [300.0, 0.0, 100.0], [0.0, 0.0, 0.0]]], dtype=torch.float64)
    arguments = (logits, torch.tensor([[1, 0, 2]]), torch.ones(1, 3, dtype=torch.bool))
    assert_close(student.next_token_loss(*arguments), reference.next_token_loss(*arguments))


@check(points=1, ko="decode_step은 지금까지의 모든 키를 보고, 새 키와 값을 캐시의 끝에 더해 돌려줘요.")
def test_decode_step(student, reference, draw):
    """decode_step attends to all positions so far, and returns the cache with the newest one at its end."""
    for cache in (None, (draw.tensor(2, 2, 3, 3), draw.tensor(2, 2, 3, 2))):
        arguments = (draw.tensor(2, 2, 1, 3), draw.tensor(2, 2, 1, 3), draw.tensor(2, 2, 1, 2), cache)
        assert_close(student.decode_step(*arguments), reference.decode_step(*arguments))
