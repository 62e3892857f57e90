"""Hidden graders of exercise aggregation.

A mistake counts once. `pool` is judged first on sequences of one real token, where the mean, the sum and every count of a
wrong `masked_mean` are the same; CLS's gradient with cotangents that are the same at every index, so that where CLS
stands does not matter. Masks have patterns, in an order that is drawn: a drawn mask might hold no padding at all.
"""

import torch
from torch import Tensor

from grader.checks import CheckFailed, assert_close, assert_raises, assert_unchanged, check

N, S, D = 3, 5, 4
# Real tokens in front, behind padding, and with gaps: 3, 2 and 4 of them.
PATTERNS = ((1, 1, 1, 0, 0), (0, 0, 0, 1, 1), (1, 0, 1, 1, 1))
EMPTY = (0, 0, 0, 0, 0)
# A count + 1e-8 is no mistake. What is biased by more costs one check, not all of them.
NEAR, NEARER = 1e-5, 1e-8


def masks(draw, *patterns: tuple[int, ...]) -> Tensor:
    """These patterns as a boolean mask, in a drawn order."""
    keep = torch.tensor(patterns).bool()
    return keep[draw.permutation(len(patterns))]


def with_cls(keep: Tensor) -> Tensor:
    """The mask with the CLS token's entry in front."""
    return torch.cat([torch.ones(keep.shape[0], 1, dtype=torch.bool), keep], dim=1)


def assert_same(student, reference, name: str, *arguments, tolerance: float | None = None) -> None:
    """The student's function and the reference's give the same."""
    actual, expected = getattr(student, name)(*arguments), getattr(reference, name)(*arguments)
    assert_close(actual, expected, tolerance=tolerance)


def assert_same_gradients(student, reference, name: str, *arguments, wrt, cotangent: Tensor) -> None:
    """Their gradients are the same, too."""
    actual, expected = (who.gradient(name, *arguments, wrt=wrt, cotangents=[cotangent]) for who in (student, reference))
    assert_close(actual, expected, what="the gradients", tolerance=NEAR)


@check(points=2.5, ko="masked_mean은 시퀀스마다 실제 토큰만 평균을 내요.")
def test_masked_mean(student, reference, draw):
    """masked_mean is the mean of the real tokens, for each sequence by itself."""
    for keep in (masks(draw, *PATTERNS), masks(draw, *PATTERNS), masks(draw, (1, 1), (0, 1))):
        assert_same(student, reference, "masked_mean", draw.tensor(*keep.shape, D), keep, tolerance=NEAR)


@check(points=1, needs="test_masked_mean", ko="패딩에 무엇이 들어 있든, 패딩이 얼마나 길든 masked_mean은 그대로예요.")
def test_masked_mean_padding(student, reference, draw):
    """What the padding holds, and how long it is, makes no difference to masked_mean."""
    keep, hidden = masks(draw, *PATTERNS), draw.tensor(N, S, D)
    expected = reference.masked_mean(hidden, keep)
    for size in (0.0, 1e5, 1e30):
        garbage = torch.where(keep[:, :, None], hidden, size * draw.tensor(N, S, D))
        assert_close(student.masked_mean(garbage, keep), expected, tolerance=NEAR)
    for extra in (1, 7):
        longer = torch.cat([hidden, draw.tensor(N, extra, D)], dim=1)
        longer_keep = torch.cat([keep, torch.zeros(N, extra, dtype=torch.bool)], dim=1)
        assert_close(student.masked_mean(longer, longer_keep), expected, tolerance=NEAR)


@check(points=1.5, ko="실제 토큰이 하나도 없는 시퀀스의 평균은 0이고, 다른 시퀀스에는 영향이 없어요.")
def test_masked_mean_of_nothing(student, reference, draw):
    """A sequence without any real token has mean zero, and its neighbours in the batch keep theirs."""
    some = masks(draw, (0,), (1,), (1,), (0,))
    nothing = torch.zeros(2, 3, dtype=torch.bool)
    for keep in (some, nothing):
        assert_same(student, reference, "masked_mean", draw.tensor(*keep.shape, D), keep, tolerance=NEAR)


@check(points=1, needs="test_masked_mean", ko="masked_mean의 기울기는 실제 토큰에 고르게 나뉘고, 패딩에서는 0이에요.")
def test_masked_mean_gradients(student, reference, draw):
    """The gradient of masked_mean is shared by the real tokens, and is 0 at padding."""
    for keep in (masks(draw, *PATTERNS), masks(draw, (0, 1), (1, 1))):
        hidden, cotangent = draw.tensor(*keep.shape, D), draw.tensor(keep.shape[0], D)
        assert_same_gradients(student, reference, "masked_mean", hidden, keep, wrt=[0], cotangent=cotangent)


@check(
    points=1,
    needs="test_masked_mean_of_nothing",
    ko="실제 토큰이 하나도 없는 시퀀스가 있어도 기울기는 모두 유한하고 정확해요.",
)
def test_gradients_of_nothing(student, reference, draw):
    """Where a sequence has no real token, all gradients are finite and right."""
    for keep in (masks(draw, (0,), (1,), (1,), (0,)), torch.zeros(2, 3, dtype=torch.bool)):
        hidden, cotangent = draw.tensor(*keep.shape, D), draw.tensor(keep.shape[0], D)
        assert_same_gradients(student, reference, "masked_mean", hidden, keep, wrt=[0], cotangent=cotangent)


@check(
    points=0.5,
    needs="test_masked_mean",
    ko="masked_mean은 어림하지 않아요. 토큰이 몇 개 없거나 실제 토큰이 영벡터여도 정확해요.",
)
def test_masked_mean_is_exact(student, reference, draw):
    """masked_mean is no approximation, also where a sequence has few tokens or a real one that is all zeros."""
    keep = masks(draw, (1, 0, 0), (0, 1, 1), (0, 1, 0))
    hidden = 1 + draw.tensor(N, 3, D).abs()
    assert_same(student, reference, "masked_mean", hidden, keep, tolerance=NEARER)
    hidden[:, 1] = 0
    assert_same(student, reference, "masked_mean", hidden, keep, tolerance=NEARER)


@check(points=0.5, needs="test_masked_mean", ko="masked_mean은 hidden의 토큰과 맞지 않는 keep에 ValueError를 일으켜요.")
def test_masked_mean_wrong_keep(student, draw):
    """masked_mean raises ValueError for a keep that is not about the tokens of hidden."""
    hidden = draw.tensor(N, S, D)
    for shape in ((N, 1), (1, S), (S,), (N, S + 1), (N, S, 1), (S, N), (N, D)):
        assert_raises(ValueError, student.masked_mean, hidden, draw.keep(*shape))
    assert_raises(ValueError, student.masked_mean, draw.tensor(N, 1, D), draw.keep(N, S))


@check(points=2, ko="prepend_cls는 모든 시퀀스의 맨 앞에 같은 CLS 토큰을 붙여요.")
def test_prepend_cls(student, reference, draw):
    """prepend_cls puts the same CLS token in front of every sequence."""
    for shape in ((N, S, D), (N, S, D), (2, 3, 6)):
        assert_same(student, reference, "prepend_cls", draw.tensor(*shape), draw.tensor(1, 1, shape[2]))


@check(points=1.5, ko="기울기가 배치의 모든 시퀀스에서 CLS 토큰으로, 그리고 모든 토큰으로 전해져요.")
def test_prepend_cls_gradients(student, reference, draw):
    """Gradients reach the CLS token from all sequences of the batch, and every token."""
    for shape in ((N, S, D), (2, 3, 6)):
        cotangent = draw.tensor(shape[0], 1, shape[2]).repeat(1, 1 + shape[1], 1)
        arguments = (draw.tensor(*shape), draw.tensor(1, 1, shape[2]))
        assert_same_gradients(student, reference, "prepend_cls", *arguments, wrt=[1, 0], cotangent=cotangent)


@check(points=0.5, needs="test_prepend_cls", ko="prepend_cls는 토큰 하나가 아닌 cls에 ValueError를 일으켜요.")
def test_prepend_cls_wrong_cls(student, draw):
    """prepend_cls raises ValueError for a cls that is no single token of the right size."""
    tokens = draw.tensor(N, S, D)
    for shape in ((N, 1, D), (1, 2, D), (1, S, D), (1, 1, 1), (1, 1, D + 1), (1, D), (D,)):
        assert_raises(ValueError, student.prepend_cls, tokens, draw.tensor(*shape))


@check(points=1.5, ko="extend_keep은 마스크의 맨 앞에 CLS의 자리를 더해요. CLS는 어느 시퀀스에서나 실제 토큰이에요.")
def test_extend_keep(student, reference, draw):
    """extend_keep adds the CLS token's entry in front of the mask: it is real in every sequence."""
    for patterns in ((*PATTERNS, EMPTY), (*PATTERNS, EMPTY), ((1, 0), (0, 1), (0, 0)), ((0, 0, 0), (0, 0, 0))):
        keep = masks(draw, *patterns)
        assert_same(student, reference, "extend_keep", keep)


@check(points=1.5, ko='pool의 "cls"는 CLS 토큰을 그대로 돌려줘요.')
def test_pool_cls(student, reference, draw):
    """pool with "cls" gives the CLS token as it is."""
    for keep in (masks(draw, *PATTERNS), masks(draw, *PATTERNS, EMPTY)):
        assert_same(student, reference, "pool", draw.tensor(len(keep), 1 + S, D), with_cls(keep), "cls")


@check(points=1, ko='pool의 "mean"은 CLS를 평균에 넣지 않아요.')
def test_pool_mean(student, reference, draw):
    """pool with "mean" leaves the CLS token out."""
    for batch in (N, 2):
        keep = torch.ones(batch, 2, dtype=torch.bool)
        assert_same(student, reference, "pool", draw.tensor(batch, 2, D), keep, "mean", tolerance=NEAR)


@check(points=1, needs="test_pool_mean", ko='pool의 "mean"은 CLS와 패딩을 뺀 실제 토큰만 평균을 내요.')
def test_pool_mean_of_padded(student, reference, draw):
    """pool with "mean" averages the real tokens, without CLS and without padding."""
    for keep in (masks(draw, *PATTERNS), masks(draw, (1, 0), (0, 1))):
        hidden, extended = draw.tensor(keep.shape[0], 1 + keep.shape[1], D), with_cls(keep)
        own_mean = student.masked_mean(hidden[:, 1:], keep)
        pooled = student.pool(hidden, extended, "mean")
        expected = reference.pool(hidden, extended, "mean")
        try:
            assert_close(pooled, own_mean, tolerance=NEAR)  # a wrong masked_mean, rightly used, costs its own checks
        except CheckFailed:
            assert_close(pooled, expected, tolerance=NEAR)


@check(
    points=0.5,
    ko="CLS 말고는 패딩뿐인 시퀀스에서 평균은 0, CLS는 그대로이고, 기울기는 유한해요.",
)
def test_pool_of_nothing(student, reference, draw):
    """Where all but CLS is padding, the mean is zero, CLS is as it was, and gradients are finite."""
    keep = with_cls(masks(draw, (0,), (1,), (0,)))
    for mode in ("mean", "cls"):
        hidden, cotangent = draw.tensor(3, 2, D), draw.tensor(3, D)
        assert_same(student, reference, "pool", hidden, keep, mode, tolerance=NEAR)
        assert_same_gradients(student, reference, "pool", hidden, keep, mode, wrt=[0], cotangent=cotangent)


@check(points=0.5, needs="test_pool_cls", ko="pool은 모르는 mode에 ValueError를 일으켜요.")
def test_pool_unknown_mode(student, draw):
    """pool raises ValueError for a mode that it does not know."""
    for mode in ("max", "sum", "last", ""):
        assert_raises(ValueError, student.pool, draw.tensor(N, 1 + S, D), with_cls(masks(draw, *PATTERNS)), mode)


@check(points=0.5, ko="pool의 기울기는 읽은 토큰에만 전해져요.")
def test_pool_gradients(student, reference, draw):
    """The gradients of pool reach the tokens that it reads, and no others."""
    for mode, keep in (("cls", masks(draw, *PATTERNS)), ("mean", torch.ones(N, 1, dtype=torch.bool))):
        hidden, cotangent = draw.tensor(N, 1 + keep.shape[1], D), draw.tensor(N, D)
        arguments = (hidden, with_cls(keep), mode)
        assert_same_gradients(student, reference, "pool", *arguments, wrt=[0], cotangent=cotangent)


MAIN = ("test_masked_mean", "test_prepend_cls", "test_extend_keep", "test_pool_cls", "test_pool_mean")


def assert_all_functions(student, reference, tokens: Tensor, cls: Tensor, keep: Tensor) -> None:
    """All four functions on one batch: tokens (N, S, D), cls (1, 1, D) and keep (N, S)."""
    tolerance = NEAR if tokens.dtype == torch.float64 else None
    assert_same(student, reference, "masked_mean", tokens, keep, tolerance=tolerance)
    assert_same(student, reference, "prepend_cls", tokens, cls)
    assert_same(student, reference, "extend_keep", keep)
    # tokens in the place of an encoder's answer: the first one stands for CLS
    for mode in ("mean", "cls"):
        assert_same(student, reference, "pool", tokens, torch.ones_like(keep), mode, tolerance=tolerance)


@check(points=0.5, needs=MAIN, ko="float32 입력에는 float32로 답하고, 연속이 아닌 입력도 받아요.")
def test_any_memory(student, reference, draw):
    """float32 in, float32 out; and inputs need not be contiguous in memory."""
    cls = draw.tensor(1, 1, D, dtype="float32")
    assert_all_functions(student, reference, draw.tensor(N, S, D, dtype="float32"), cls, masks(draw, *PATTERNS))
    strided = masks(draw, *PATTERNS).T.contiguous().T
    assert_all_functions(student, reference, draw.strided(N, S, D), draw.strided(1, 1, D), strided)


@check(points=0.5, needs=MAIN, ko="크기가 1인 축이 사라지거나 뒤섞이지 않아요.")
def test_axes_of_size_one(student, reference, draw):
    """Axes of size 1 are axes like any other."""
    for batch, length, dim in ((1, 1, 1), (1, 3, 2), (3, 2, 1)):
        keep = draw.keep(batch, length)
        tokens, cls = draw.tensor(batch, length, dim), draw.tensor(1, 1, dim)
        assert_same(student, reference, "masked_mean", tokens, keep, tolerance=NEAR)
        assert_same(student, reference, "prepend_cls", tokens, cls)
        assert_same(student, reference, "extend_keep", keep)
        hidden, everything = draw.tensor(batch, 1 + length, dim), torch.ones(batch, 1 + length, dtype=torch.bool)
        for mode in ("mean", "cls"):
            assert_same(student, reference, "pool", hidden, everything, mode, tolerance=NEAR)


@check(points=0.5, needs=MAIN, ko="어느 함수도 입력을 바꾸지 않아요.")
def test_inputs_unchanged(student, draw):
    """No function changes what it is given."""
    keep = masks(draw, *PATTERNS)
    student.masked_mean(draw.tensor(N, S, D), keep)
    student.prepend_cls(draw.tensor(N, S, D), draw.tensor(1, 1, D))
    student.extend_keep(keep)
    for mode in ("mean", "cls"):
        student.pool(draw.tensor(N, 1 + S, D), with_cls(keep), mode)
    assert_unchanged(student)
