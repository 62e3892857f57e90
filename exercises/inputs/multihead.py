"""Kinds of input for the exercise "multihead": `grader draw multihead`."""

import torch

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, build, call

COUNTED = Kind("counted", "0, 1, 2, ...: easy to follow by eye", "눈으로 따라가기 쉬운 0, 1, 2, …")
ONE_HEAD = Kind("one-head", "one head", "헤드 하나")
EACH_FEATURE = Kind("each-feature", "a head for each feature", "특성마다 헤드 하나씩")
INDIVISIBLE = Kind(
    "indivisible", "a size that the heads do not divide", "헤드 수로 나누어떨어지지 않는 차원", ValueError
)
CROSS = Kind("cross", "key and value that are not the query", "query와 다른 key와 value")
MASKED = Kind("masked", "one mask for all heads", "모든 헤드에 같은 마스크")
PADDED = Kind("padded", "padding among the keys", "key에 있는 패딩")
MASK_OF_HEAD = Kind("mask-of-head", "another mask for each head", "헤드마다 다른 마스크")
NOTHING_KEPT = Kind("nothing-kept", "a query that may attend to nothing", "아무것도 볼 수 없는 query")


def split_heads(draw):
    yield call(COUNTED, x=torch.arange(12.0).reshape(1, 2, 6), num_heads=3)
    yield call(ORDINARY, x=draw.tensor(2, 2, 4), num_heads=2)
    yield call(FLOAT32, x=draw.tensor(1, 3, 4, dtype="float32"), num_heads=2)
    yield call(ONE_HEAD, x=draw.tensor(1, 2, 3), num_heads=1)
    yield call(EACH_FEATURE, x=draw.tensor(1, 2, 3), num_heads=3)
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 2, 4), num_heads=2)
    yield call(SIZE_ONE, x=draw.tensor(1, 1, 2), num_heads=2)
    yield call(INDIVISIBLE, x=draw.tensor(1, 2, 4), num_heads=3)


def merge_heads(draw):
    yield call(COUNTED, x=torch.arange(12.0).reshape(1, 2, 3, 2))
    yield call(ORDINARY, x=draw.tensor(2, 2, 3, 2))
    yield call(FLOAT32, x=draw.tensor(1, 2, 3, 2, dtype="float32"))
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 2, 3, 2))
    yield call(SIZE_ONE, x=draw.tensor(1, 1, 1, 3))


def MultiHeadAttention(draw):
    def inputs(n=1, queries=2, keys=3, dim=4, dtype="float64"):
        key, value = draw.tensor(n, keys, dim, dtype=dtype), draw.tensor(n, keys, dim, dtype=dtype)
        return {"query": draw.tensor(n, queries, dim, dtype=dtype), "key": key, "value": value}

    x = draw.tensor(1, 3, 4)
    mask = torch.tensor([[True, True, False], [False, True, False]])
    yield build(ORDINARY, dim=4, num_heads=2).on(query=x, key=x, value=x)
    yield build(CROSS, dim=4, num_heads=2).on(**inputs(2))
    yield build(FLOAT32, dim=4, num_heads=2).on(**inputs(dtype="float32"))
    yield build(ONE_HEAD, dim=3, num_heads=1).on(**inputs(dim=3))
    yield build(MASKED, dim=4, num_heads=2).on(**inputs(), keep=mask)
    yield build(PADDED, dim=4, num_heads=2).on(
        **inputs(2), keep=torch.tensor([[True, True, False], [True, False, False]])[:, None, None]
    )
    yield build(MASK_OF_HEAD, dim=4, num_heads=2).on(**inputs(), keep=torch.stack([mask, ~mask]))
    yield build(NOTHING_KEPT, dim=4, num_heads=2).on(
        **inputs(), keep=torch.tensor([[True, False, True], [False, False, False]])
    )
    yield build(EXTREME, dim=4, num_heads=2).on(query=1000 * x, key=1000 * x, value=x)
    yield build(NOT_CONTIGUOUS, dim=4, num_heads=2).on(
        query=draw.strided(2, 2, 4), key=draw.strided(2, 3, 4), value=draw.strided(2, 3, 4)
    )
    yield build(SIZE_ONE, dim=1, num_heads=1).on(**inputs(1, 1, 1, 1))
    yield build(INDIVISIBLE, dim=4, num_heads=3).on(**inputs())
