"""Kinds of input for the exercise "aggregation": `grader draw aggregation`."""

import torch

from grader.inputs import FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, call

GARBAGE = Kind("garbage", "large numbers in the padding", "패딩에 들어 있는 큰 수")
ALL_PADDING = Kind("all-padding", "a sequence without any real token", "진짜 토큰이 하나도 없는 시퀀스")
NO_PADDING = Kind("no-padding", "no padding at all", "패딩이 전혀 없는 경우")
WRONG_SHAPE = Kind("wrong-shape", "shapes that do not fit", "서로 맞지 않는 모양", raises=ValueError)
CLS = Kind("cls", "the CLS token", "CLS 토큰")
UNKNOWN = Kind("unknown", "an unknown mode", "없는 mode", raises=ValueError)


def masked_mean(draw):
    keep = torch.tensor([[True, True, False], [False, True, False]])
    yield call(ORDINARY, hidden=draw.tensor(2, 3, 2), keep=keep)
    yield call(FLOAT32, hidden=draw.tensor(2, 3, 2, dtype="float32"), keep=keep)
    yield call(GARBAGE, hidden=draw.tensor(2, 3, 2) + 1e6 * ~keep[..., None], keep=keep)
    yield call(ALL_PADDING, hidden=draw.tensor(2, 2, 2), keep=torch.tensor([[True, False], [False, False]]))
    yield call(NO_PADDING, hidden=draw.tensor(1, 3, 2), keep=torch.ones(1, 3, dtype=torch.bool))
    yield call(NOT_CONTIGUOUS, hidden=draw.strided(2, 3, 2), keep=draw.keep(3, 2).T)
    yield call(SIZE_ONE, hidden=draw.tensor(1, 1, 1), keep=torch.tensor([[True]]))
    yield call(WRONG_SHAPE, hidden=draw.tensor(2, 3, 2), keep=draw.keep(2, 1))


def prepend_cls(draw):
    yield call(ORDINARY, tokens=draw.tensor(2, 3, 2), cls=draw.tensor(1, 1, 2))
    yield call(FLOAT32, tokens=draw.tensor(2, 2, 2, dtype="float32"), cls=draw.tensor(1, 1, 2, dtype="float32"))
    yield call(NOT_CONTIGUOUS, tokens=draw.strided(2, 3, 2), cls=draw.strided(1, 1, 2))
    yield call(SIZE_ONE, tokens=draw.tensor(1, 1, 1), cls=draw.tensor(1, 1, 1))
    yield call(WRONG_SHAPE, tokens=draw.tensor(2, 3, 2), cls=draw.tensor(2, 1, 2))


def extend_keep(draw):
    yield call(ORDINARY, keep=draw.keep(2, 3))
    yield call(ALL_PADDING, keep=torch.zeros(1, 3, dtype=torch.bool))
    yield call(NOT_CONTIGUOUS, keep=draw.keep(3, 2).T)
    yield call(SIZE_ONE, keep=draw.keep(1, 1))


def pool(draw):
    def tokens(n=2, s=3, d=2, dtype="float64"):
        keep = draw.keep(n, 1 + s)
        keep[:, 0] = True
        return {"hidden": draw.tensor(n, 1 + s, d, dtype=dtype), "keep": keep}

    yield call(ORDINARY, **tokens(), mode="mean")
    yield call(CLS, **tokens(), mode="cls")
    yield call(FLOAT32, **tokens(dtype="float32"), mode="mean")
    yield call(ALL_PADDING, hidden=draw.tensor(1, 3, 2), keep=torch.tensor([[True, False, False]]), mode="mean")
    yield call(NOT_CONTIGUOUS, hidden=draw.strided(2, 3, 2), keep=torch.ones(3, 2, dtype=torch.bool).T, mode="mean")
    yield call(SIZE_ONE, **tokens(1, 1, 1), mode="mean")
    yield call(UNKNOWN, **tokens(), mode="max")
