"""Visible checks of exercise aggregation: small fixed inputs, to run as often as you like."""

import torch

from grader.checks import assert_close, assert_raises, assert_unchanged, check

# Three sequences: padding behind two tokens, padding in front of one, and four tokens with a gap.
KEEP = torch.tensor(
    [
        [True, True, False, False, False],
        [False, False, False, False, True],
        [True, True, False, True, True],
    ]
)


def numbered(*shape):
    """0, 1, 2, ... in this shape: every number says where it comes from."""
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float64).reshape(shape)


def with_cls(keep):
    """The mask with the CLS token's entry in front."""
    return torch.cat([torch.ones(keep.shape[0], 1, dtype=torch.bool), keep], dim=1)


@check(points=1, ko="masked_mean은 시퀀스마다 실제 토큰만 평균을 내고, 입력을 바꾸지 않아요.")
def test_masked_mean(student, reference, draw):
    """masked_mean is the mean of each sequence's real tokens, and leaves its input as it was."""
    for hidden in (numbered(3, 5, 2), draw.tensor(3, 5, 2)):
        assert_close(student.masked_mean(hidden, KEEP), reference.masked_mean(hidden, KEEP), tolerance=1e-8)
    assert_unchanged(student)


@check(points=1, ko="실제 토큰이 하나도 없는 시퀀스의 평균은 0이에요.")
def test_masked_mean_of_nothing(student, reference, draw):
    """A sequence without any real token has mean zero."""
    arguments = (draw.tensor(2, 1, 3), torch.tensor([[True], [False]]))
    assert_close(student.masked_mean(*arguments), reference.masked_mean(*arguments), tolerance=1e-5)


@check(points=1, needs="test_masked_mean_of_nothing", ko="실제 토큰이 없는 시퀀스가 있어도 기울기가 유한하고 정확해요.")
def test_masked_mean_gradients(student, reference, draw):
    """The gradients of masked_mean are right, and finite where a sequence has no real token."""
    arguments = (draw.tensor(2, 1, 3), torch.tensor([[True], [False]]))
    asked = {"wrt": [0], "cotangents": [draw.tensor(2, 3)]}
    actual = student.gradient("masked_mean", *arguments, **asked)
    expected = reference.gradient("masked_mean", *arguments, **asked)
    assert_close(actual, expected, what="the gradients", tolerance=1e-5)


@check(points=1, needs="test_masked_mean", ko="masked_mean은 hidden의 토큰과 맞지 않는 keep에 ValueError를 일으켜요.")
def test_masked_mean_refuses_another_mask(student):
    """masked_mean raises ValueError for a keep that is not about the tokens of hidden."""
    assert_raises(ValueError, student.masked_mean, numbered(3, 5, 2), KEEP[:, :1])
    assert_raises(ValueError, student.masked_mean, numbered(3, 5, 2), KEEP[:1])


@check(points=1, ko="prepend_cls는 모든 시퀀스의 맨 앞에 같은 CLS 토큰을 붙여요.")
def test_prepend_cls(student, reference):
    """prepend_cls puts the same CLS token in front of every sequence."""
    arguments = (numbered(2, 3, 2), torch.tensor([[[100.0, 200.0]]], dtype=torch.float64))
    assert_close(student.prepend_cls(*arguments), reference.prepend_cls(*arguments))


@check(points=1, ko="기울기가 배치의 모든 시퀀스에서 CLS 토큰으로 모여요.")
def test_prepend_cls_gradients(student, reference, draw):
    """Gradients reach the CLS token from all sequences of the batch."""
    arguments = (draw.tensor(3, 2, 4), draw.tensor(1, 1, 4))
    asked = {"wrt": [1], "cotangents": [draw.tensor(3, 1, 4).repeat(1, 3, 1)]}
    actual = student.gradient("prepend_cls", *arguments, **asked)
    expected = reference.gradient("prepend_cls", *arguments, **asked)
    assert_close(actual, expected, what="the gradient")


@check(points=1, needs="test_prepend_cls", ko="prepend_cls는 토큰 하나가 아닌 cls에 ValueError를 일으켜요.")
def test_prepend_cls_refuses_many(student):
    """prepend_cls raises ValueError for a cls that is no single token."""
    assert_raises(ValueError, student.prepend_cls, numbered(3, 5, 2), numbered(3, 1, 2))
    assert_raises(ValueError, student.prepend_cls, numbered(3, 5, 2), numbered(1, 1, 1))


@check(points=1, ko="extend_keep은 마스크의 맨 앞에 CLS의 자리를 더해요. CLS는 어느 시퀀스에서나 실제 토큰이에요.")
def test_extend_keep(student, reference):
    """extend_keep adds the CLS token's entry in front of the mask: it is real in every sequence."""
    assert_close(student.extend_keep(KEEP), reference.extend_keep(KEEP))


@check(points=1, ko='pool의 "cls"는 CLS 토큰, "mean"은 CLS와 패딩을 뺀 평균을 돌려줘요.')
def test_pool(student, reference, draw):
    """pool gives the CLS token, or the mean without CLS and without padding."""
    hidden, keep = draw.tensor(3, 6, 2), with_cls(KEEP)
    assert_close(student.pool(hidden, keep, "cls"), reference.pool(hidden, keep, "cls"))
    # First the mean by itself: if that is wrong, the mistake is not in pool.
    mean = reference.masked_mean(hidden[:, 1:], KEEP)
    assert_close(student.masked_mean(hidden[:, 1:], KEEP), mean, what="masked_mean", tolerance=1e-5)
    assert_close(student.pool(hidden, keep, "mean"), mean, what="the mean", tolerance=1e-5)


@check(points=1, needs="test_pool", ko="pool은 모르는 mode에 ValueError를 일으켜요.")
def test_pool_refuses_another_mode(student):
    """pool raises ValueError for a mode that it does not know."""
    assert_raises(ValueError, student.pool, numbered(3, 6, 2), with_cls(KEEP), "median")
