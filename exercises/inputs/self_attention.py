"""Kinds of input for the exercise "self_attention": `grader draw self_attention`."""

import torch

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, build, call

LONGER = Kind("longer", "more positions of fewer numbers", "더 많은 위치, 더 작은 차원")
ODD = Kind("odd", "an odd size", "홀수 차원", raises=ValueError)
REPEATED = Kind("repeated", "one token at every position", "모든 위치에 같은 토큰")
ODD_DIM = Kind("odd-dim", "tokens of an odd size", "홀수 차원의 토큰")
MASKED = Kind("masked", "one mask for all sequences", "모든 시퀀스에 같은 마스크")
PADDED = Kind("padded", "padding at the end of a sequence", "시퀀스 끝의 패딩")
NOTHING_KEPT = Kind("nothing-kept", "a token that may attend to nothing", "아무것도 볼 수 없는 토큰")


def sinusoidal_positions(draw):
    yield call(ORDINARY, length=4, dim=6)
    yield call(LONGER, length=9, dim=2)
    yield call(SIZE_ONE, length=1, dim=4)
    yield call(ODD, length=3, dim=5)


def embed(draw):
    def words(dtype="float64", v=5, d=4):
        return {"token_ids": draw.integers(0, v, 2, 3), "table": draw.tensor(v, d, dtype=dtype)}

    yield call(ORDINARY, **words())
    yield call(FLOAT32, **words("float32"))
    yield call(REPEATED, **words() | {"token_ids": torch.full((1, 3), 2)})
    yield call(NOT_CONTIGUOUS, token_ids=draw.integers(0, 4, 3, 2).T, table=draw.strided(4, 2))
    yield call(SIZE_ONE, token_ids=torch.zeros(1, 1, dtype=torch.int64), table=draw.tensor(1, 2))
    yield call(ODD, **words(d=3))


def SelfAttention(draw):
    yield build(ORDINARY, dim=3).on(x=draw.tensor(2, 3, 3))
    yield build(FLOAT32, dim=2).on(x=draw.tensor(2, 3, 2, dtype="float32"))
    yield build(ODD_DIM, dim=5).on(x=draw.tensor(1, 2, 5))
    yield build(MASKED, dim=2).on(
        x=draw.tensor(2, 3, 2), keep=torch.eye(3, dtype=torch.bool).roll(1) | torch.eye(3, dtype=torch.bool)
    )
    yield build(PADDED, dim=2).on(
        x=draw.tensor(2, 3, 2), keep=torch.tensor([[[True, True, False]], [[True, False, False]]])
    )
    yield build(NOTHING_KEPT, dim=2).on(x=draw.tensor(1, 2, 2), keep=torch.tensor([[True, False], [False, False]]))
    yield build(EXTREME, dim=2).on(x=1000 * draw.tensor(1, 3, 2))
    yield build(NOT_CONTIGUOUS, dim=2).on(x=draw.strided(2, 3, 2))
    yield build(SIZE_ONE, dim=1).on(x=draw.tensor(1, 1, 1))
