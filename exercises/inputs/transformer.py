"""Kinds of input for the exercise "transformer": `grader draw transformer`."""

import torch

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, build, call

NO_LEADING = Kind("one-token", "one token, without leading axes", "앞쪽 축이 없는 토큰 하나")
EQUAL = Kind("equal-features", "a token whose features are all equal", "특성이 모두 같은 토큰")
OFF_CENTRE = Kind("off-centre", "features far from zero", "0에서 멀리 떨어진 특성")
WRONG_SHAPE = Kind("wrong-shape", "a weight of another shape", "모양이 다른 가중치", raises=ValueError)
CAUSAL = Kind("causal", "a causal mask", "인과적 마스크")
PADDED = Kind("padded", "padding at the end of a sequence", "시퀀스 끝의 패딩")
MEMORY_PADDED = Kind("memory-padded", "padding in the memory", "memory에 있는 패딩")
INDIVISIBLE = Kind(
    "indivisible", "a size that the heads do not divide", "헤드 수로 나누어떨어지지 않는 차원", ValueError
)


def layer_norm(draw):
    def tokens(*shape, d=4, dtype="float64"):
        x = draw.tensor(*shape, d, dtype=dtype)
        return {"x": x, "weight": draw.tensor(d, dtype=dtype), "bias": draw.tensor(d, dtype=dtype), "eps": 1e-5}

    yield call(ORDINARY, **tokens(2, 2))
    yield call(FLOAT32, **tokens(2, dtype="float32"))
    yield call(NO_LEADING, **tokens())
    yield call(EQUAL, **tokens() | {"x": torch.full((2, 4), 3.0, dtype=torch.float64)})
    yield call(OFF_CENTRE, **tokens() | {"x": 100 + draw.tensor(2, 4)})
    yield call(Kind("large-eps", "an eps that shows", "눈에 띄게 큰 eps"), **tokens(2) | {"eps": 0.5})
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3, 4), weight=draw.strided(4), bias=draw.strided(4), eps=1e-5)
    yield call(SIZE_ONE, **tokens(1, 1, d=2))
    yield call(WRONG_SHAPE, **tokens(2) | {"weight": draw.tensor(1)})


def shift_right(draw):
    yield call(ORDINARY, tokens=draw.integers(1, 9, 2, 4), start_id=0)
    yield call(Kind("start-id", "another start_id", "다른 start_id"), tokens=draw.integers(0, 5, 1, 3), start_id=7)
    yield call(NOT_CONTIGUOUS, tokens=draw.integers(1, 9, 3, 2).T, start_id=0)
    yield call(SIZE_ONE, tokens=draw.integers(1, 9, 1, 1), start_id=0)


def FeedForward(draw):
    yield build(ORDINARY, dim=2, hidden=3).on(x=draw.tensor(2, 2, 2))
    yield build(FLOAT32, dim=2, hidden=3).on(x=draw.tensor(1, 2, 2, dtype="float32"))
    yield build(EXTREME, dim=2, hidden=3).on(x=100 * draw.tensor(1, 2, 2))
    yield build(NOT_CONTIGUOUS, dim=2, hidden=3).on(x=draw.strided(2, 2, 2))
    yield build(SIZE_ONE, dim=1, hidden=1).on(x=draw.tensor(1, 1, 1))


def EncoderBlock(draw):
    yield build(ORDINARY, dim=4, num_heads=2, hidden=3).on(x=draw.tensor(1, 3, 4))
    yield build(FLOAT32, dim=4, num_heads=2, hidden=3).on(x=draw.tensor(1, 2, 4, dtype="float32"))
    yield build(CAUSAL, dim=4, num_heads=2, hidden=3).on(
        x=draw.tensor(1, 3, 4), keep=torch.ones(3, 3, dtype=torch.bool).tril()
    )
    yield build(PADDED, dim=4, num_heads=2, hidden=3).on(
        x=draw.tensor(2, 2, 4), keep=torch.tensor([[True, True], [True, False]])[:, None, None]
    )
    yield build(NOT_CONTIGUOUS, dim=4, num_heads=2, hidden=3).on(x=draw.strided(1, 2, 4))
    yield build(SIZE_ONE, dim=2, num_heads=1, hidden=1).on(x=draw.tensor(1, 1, 2))
    yield build(INDIVISIBLE, dim=4, num_heads=3, hidden=2).on(x=draw.tensor(1, 2, 4))


def DecoderBlock(draw):
    def inputs(n=1, s=2, m=3, dim=4, dtype="float64"):
        return {"x": draw.tensor(n, s, dim, dtype=dtype), "memory": draw.tensor(n, m, dim, dtype=dtype)}

    yield build(ORDINARY, dim=4, num_heads=2, hidden=3).on(**inputs())
    yield build(FLOAT32, dim=4, num_heads=2, hidden=3).on(**inputs(dtype="float32"))
    yield build(CAUSAL, dim=4, num_heads=2, hidden=3).on(**inputs(), keep=torch.ones(2, 2, dtype=torch.bool).tril())
    yield build(MEMORY_PADDED, dim=4, num_heads=2, hidden=3).on(
        **inputs(), keep=None, memory_keep=torch.tensor([True, True, False])[None, None, None]
    )
    yield build(NOT_CONTIGUOUS, dim=4, num_heads=2, hidden=3).on(x=draw.strided(1, 2, 4), memory=draw.strided(1, 3, 4))
    yield build(SIZE_ONE, dim=2, num_heads=1, hidden=1).on(**inputs(1, 1, 1, 2))
    yield build(INDIVISIBLE, dim=4, num_heads=3, hidden=2).on(**inputs())
