"""Kinds of input for the exercise "attention": `grader draw attention`."""

import torch

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, call

ANOTHER_AXIS = Kind("another-axis", "a softmax along the first axis", "첫 번째 축을 따라가는 소프트맥스")
MASKED = Kind("masked", "a mask, one row for each query", "query마다 한 줄씩 있는 마스크")
NOTHING_KEPT = Kind("nothing-kept", "a query that may attend to nothing", "아무것도 볼 수 없는 query")
HEADS = Kind("heads", "batch and heads, one mask for all heads", "배치와 헤드, 모든 헤드에 같은 마스크")
MISMATCH = Kind("mismatch", "query and key of different sizes", "크기가 다른 query와 key", raises=ValueError)
FULL_LENGTH = Kind("full-length", "no padding at all", "패딩이 전혀 없는 경우")
EMPTY = Kind("empty-sequence", "a sequence of length 0: all padding", "길이가 0인, 모두 패딩인 시퀀스")


def softmax(draw):
    yield call(ORDINARY, x=draw.tensor(2, 4), dim=-1)
    yield call(FLOAT32, x=draw.tensor(2, 4, dtype="float32"), dim=1)
    yield call(ANOTHER_AXIS, x=draw.tensor(3, 2, 2), dim=0)
    yield call(EXTREME, x=5000 * draw.tensor(3, 3), dim=-1)
    yield call(NOT_CONTIGUOUS, x=draw.strided(3, 2), dim=1)
    yield call(SIZE_ONE, x=draw.tensor(3, 1), dim=1)


def scaled_dot_product_attention(draw):
    def inputs(*batch, queries=2, keys=3, dk=4, dv=2, dtype="float64"):
        return {
            "query": draw.tensor(*batch, queries, dk, dtype=dtype),
            "key": draw.tensor(*batch, keys, dk, dtype=dtype),
            "value": draw.tensor(*batch, keys, dv, dtype=dtype),
        }

    yield call(ORDINARY, **inputs(2))
    yield call(FLOAT32, **inputs(dtype="float32"))
    yield call(MASKED, **inputs(), keep=torch.tensor([[True, True, False], [False, True, True]]))
    yield call(NOTHING_KEPT, **inputs(), keep=torch.tensor([[True, False, True], [False, False, False]]))
    yield call(HEADS, **inputs(2, 2, dk=2), keep=draw.keep(2, 1, 1, 3))
    query, key, value = inputs().values()
    yield call(EXTREME, query=300 * query, key=100 * key, value=value)
    yield call(NOT_CONTIGUOUS, query=draw.strided(2, 3), key=draw.strided(4, 3), value=draw.strided(4, 2))
    yield call(SIZE_ONE, **inputs(1, queries=1, keys=1, dk=1, dv=1))
    yield call(MISMATCH, query=draw.tensor(2, 3), key=draw.tensor(4, 1), value=draw.tensor(4, 2))


def seq2seq_attention(draw):
    def states(n=2, t=2, s=3, h=2, dtype="float64"):
        return {"decoder": draw.tensor(n, t, h, dtype=dtype), "encoder": draw.tensor(n, s, h, dtype=dtype)}

    yield call(ORDINARY, **states(), lengths=torch.tensor([3, 2]))
    yield call(FLOAT32, **states(dtype="float32"), lengths=torch.tensor([1, 3]))
    yield call(FULL_LENGTH, **states(n=1), lengths=torch.tensor([3]))
    yield call(EMPTY, **states(), lengths=torch.tensor([0, 2]))
    yield call(SIZE_ONE, **states(1, 1, 1, 1), lengths=torch.tensor([1]))
    yield call(
        NOT_CONTIGUOUS, decoder=draw.strided(2, 2, 3), encoder=draw.strided(2, 4, 3), lengths=torch.tensor([2, 4])
    )
