"""Kinds of input for the exercise "lstm": `grader draw lstm`."""

import torch

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, call

ZERO_STATE = Kind("zero-state", "a state of zeros, as at the start of a sequence", "시퀀스 첫머리처럼 모두 0인 상태")
ONE_STEP = Kind("one-step", "a sequence of length 1", "길이가 1인 시퀀스")
WRONG_SHAPE = Kind("wrong-shape", "a state of another size", "크기가 다른 상태", raises=ValueError)


def _weights(draw, d, h, dtype="float64"):
    return {
        "weight_ih": draw.tensor(4 * h, d, dtype=dtype),
        "weight_hh": draw.tensor(4 * h, h, dtype=dtype),
        "bias_ih": draw.tensor(4 * h, dtype=dtype),
        "bias_hh": draw.tensor(4 * h, dtype=dtype),
    }


def _strided_weights(draw, d, h):
    weight = {"weight_ih": draw.strided(4 * h, d), "weight_hh": draw.strided(4 * h, h)}
    return weight | {"bias_ih": draw.strided(4 * h), "bias_hh": draw.strided(4 * h)}


def _state(draw, n=2, h=2, dtype="float64"):
    """The pair (h, c)."""
    return draw.tensor(n, h, dtype=dtype), draw.tensor(n, h, dtype=dtype)


def _strided_state(draw):
    return draw.strided(2, 2), draw.strided(2, 2)


def lstm_gates(draw):
    def step(n=2, d=3, h=2, dtype="float64"):
        return {"x": draw.tensor(n, d, dtype=dtype), "h": draw.tensor(n, h, dtype=dtype), **_weights(draw, d, h, dtype)}

    yield call(ORDINARY, **step())
    yield call(FLOAT32, **step(dtype="float32"))
    yield call(ZERO_STATE, **step() | {"h": torch.zeros(2, 2, dtype=torch.float64)})
    yield call(EXTREME, **step() | {"x": 1000 * draw.tensor(2, 3)})
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3), h=draw.strided(2, 2), **_strided_weights(draw, 3, 2))
    yield call(SIZE_ONE, **step(1, 1, 1))
    yield call(WRONG_SHAPE, **step() | {"h": draw.tensor(1, 2)})


def lstm_cell(draw):
    def step(n=2, d=3, h=2, dtype="float64"):
        x, state = draw.tensor(n, d, dtype=dtype), _state(draw, n, h, dtype)
        return {"x": x, "state": state, **_weights(draw, d, h, dtype)}

    yield call(ORDINARY, **step())
    yield call(FLOAT32, **step(dtype="float32"))
    zeros = torch.zeros(2, 2, dtype=torch.float64)
    yield call(ZERO_STATE, **step() | {"state": (zeros, zeros.clone())})
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3), state=_strided_state(draw), **_strided_weights(draw, 3, 2))
    yield call(SIZE_ONE, **step(1, 1, 1))
    yield call(WRONG_SHAPE, **step() | {"state": (draw.tensor(2, 2), draw.tensor(1, 2))})


def lstm_forward(draw):
    def sequence(n=2, s=3, d=2, h=2, dtype="float64"):
        x, state = draw.tensor(n, s, d, dtype=dtype), _state(draw, n, h, dtype)
        return {"x": x, "state": state, **_weights(draw, d, h, dtype)}

    yield call(ORDINARY, **sequence())
    yield call(FLOAT32, **sequence(dtype="float32"))
    yield call(ONE_STEP, **sequence(s=1))
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3, 2), state=_strided_state(draw), **_strided_weights(draw, 2, 2))
    yield call(SIZE_ONE, **sequence(1, 1, 1, 1))
