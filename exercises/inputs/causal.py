"""Kinds of input for the exercise "causal": `grader draw causal`."""

import torch

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, call

SQUARE = Kind("square", "as many queries as keys", "query와 key의 수가 같은 경우")
MORE_KEYS = Kind("more-keys", "more keys than queries", "key가 더 많은 경우")
MORE_QUERIES = Kind("more-queries", "more queries than keys", "query가 더 많은 경우")
EMPTY = Kind("empty", "a sequence of length 0", "길이가 0인 시퀀스")
PADDED = Kind("padded", "padding in front and at the end", "앞과 뒤의 패딩")
MISMATCH = Kind("mismatch", "sizes that do not fit", "서로 맞지 않는 크기", raises=ValueError)
HEADS = Kind("heads", "several heads", "여러 헤드")
NOTHING_KEPT = Kind("nothing-kept", "a first key that is padding", "첫 번째 key가 패딩인 경우")
NOTHING_SCORED = Kind("nothing-scored", "no target that counts", "셀 타깃이 하나도 없는 경우")
FIRST_STEP = Kind("first-step", "the first position: no cache yet", "캐시가 아직 없는 첫 위치")
LONG_CACHE = Kind("long-cache", "a cache of several positions", "위치가 여러 개 쌓인 캐시")


def causal_mask(draw):
    yield call(SQUARE, query_length=4, key_length=4)
    yield call(MORE_KEYS, query_length=2, key_length=4)
    yield call(MORE_QUERIES, query_length=4, key_length=2)
    yield call(SIZE_ONE, query_length=1, key_length=1)


def padding_mask(draw):
    yield call(ORDINARY, lengths=draw.integers(1, 5, 3), max_length=4)
    yield call(EMPTY, lengths=torch.tensor([0, 3]), max_length=3)
    yield call(SIZE_ONE, lengths=torch.tensor([1]), max_length=1)


def combine_masks(draw):
    def causal(queries, keys):
        return torch.ones(queries, keys, dtype=torch.bool).tril()

    yield call(ORDINARY, causal=causal(3, 3), padding=draw.keep(2, 3))
    yield call(MORE_KEYS, causal=causal(2, 4), padding=draw.keep(1, 4))
    yield call(PADDED, causal=causal(3, 3), padding=torch.tensor([[False, True, True], [True, True, False]]))
    yield call(SIZE_ONE, causal=causal(1, 1), padding=torch.tensor([[True]]))
    yield call(MISMATCH, causal=causal(3, 3), padding=draw.keep(2, 1))


def causal_attention(draw):
    def inputs(*batch, queries=3, keys=3, d=2, dv=1, dtype="float64"):
        return {
            "query": draw.tensor(*batch, queries, d, dtype=dtype),
            "key": draw.tensor(*batch, keys, d, dtype=dtype),
            "value": draw.tensor(*batch, keys, dv, dtype=dtype),
        }

    yield call(ORDINARY, **inputs(2))
    yield call(FLOAT32, **inputs(1, dtype="float32"))
    yield call(MORE_KEYS, **inputs(1, queries=2, keys=4))
    yield call(MORE_QUERIES, **inputs(1, queries=4, keys=2))
    yield call(HEADS, **inputs(1, 2), keep=draw.keep(2, 3, 3))
    yield call(PADDED, **inputs(2), keep=torch.tensor([[True, True, False], [True, False, True]])[:, None])
    yield call(NOTHING_KEPT, **inputs(1), keep=torch.tensor([[[False, True, True]]]))
    query, key, value = inputs(1).values()
    yield call(EXTREME, query=100 * query, key=100 * key, value=value)
    yield call(NOT_CONTIGUOUS, query=draw.strided(1, 3, 2), key=draw.strided(1, 3, 2), value=draw.strided(1, 3, 2))
    yield call(SIZE_ONE, **inputs(1, queries=1, keys=1, d=1))
    yield call(MISMATCH, query=draw.tensor(1, 3, 2), key=draw.tensor(1, 3, 1), value=draw.tensor(1, 3, 1))


def next_token_loss(draw):
    def sequences(n=2, s=3, v=4, dtype="float64"):
        return {"logits": draw.tensor(n, s, v, dtype=dtype), "tokens": draw.integers(0, v, n, s)}

    everything = torch.ones(2, 3, dtype=torch.bool)
    yield call(ORDINARY, **sequences(), keep=everything)
    yield call(FLOAT32, **sequences(dtype="float32"), keep=everything)
    yield call(PADDED, **sequences(), keep=torch.tensor([[True, True, False], [False, True, True]]))
    yield call(NOTHING_SCORED, **sequences(), keep=torch.tensor([[True, False, False], [False, False, False]]))
    large = sequences()
    yield call(EXTREME, logits=4000 * large["logits"], tokens=large["tokens"], keep=everything)
    yield call(NOT_CONTIGUOUS, logits=draw.strided(2, 3, 4), tokens=draw.integers(0, 4, 3, 2).T, keep=everything)
    yield call(SIZE_ONE, **sequences(1, 1, 1), keep=torch.tensor([[True]]))


def decode_step(draw):
    def step(n=1, heads=2, d=2, dv=1, dtype="float64"):
        return {
            "query": draw.tensor(n, heads, 1, d, dtype=dtype),
            "key": draw.tensor(n, heads, 1, d, dtype=dtype),
            "value": draw.tensor(n, heads, 1, dv, dtype=dtype),
        }

    def cache(t, n=1, heads=2, d=2, dv=1, dtype="float64"):
        return draw.tensor(n, heads, t, d, dtype=dtype), draw.tensor(n, heads, t, dv, dtype=dtype)

    yield call(FIRST_STEP, **step(), cache=None)
    yield call(ORDINARY, **step(), cache=cache(1))
    yield call(LONG_CACHE, **step(n=2), cache=cache(4, n=2))
    yield call(FLOAT32, **step(dtype="float32"), cache=cache(2, dtype="float32"))
    yield call(SIZE_ONE, **step(1, 1, 1), cache=cache(1, 1, 1, 1))
