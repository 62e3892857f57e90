"""Kinds of input for the exercise "rnn": `grader draw rnn`."""

import torch

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, call

ONE_STEP = Kind("one-step", "a sequence of length 1", "길이가 1인 시퀀스")
WRONG_SHAPE = Kind("wrong-shape", "a state of another size", "크기가 다른 상태", raises=ValueError)
TANH = Kind("tanh", "tanh", "tanh")
SIGMOID = Kind("sigmoid", "sigmoid", "sigmoid")
RELU = Kind("relu", "ReLU", "ReLU")
LARGE_GAIN = Kind("large-gain", "ReLU with large weights", "가중치가 큰 ReLU")
UNKNOWN = Kind("unknown", "an unknown activation", "없는 활성화 함수", raises=ValueError)
SHORT = Kind("short", "shorter than max_norm", "max_norm보다 짧은 기울기")


def _weights(draw, d, h, dtype="float64"):
    return {
        "weight_ih": draw.tensor(h, d, dtype=dtype),
        "weight_hh": draw.tensor(h, h, dtype=dtype),
        "bias_ih": draw.tensor(h, dtype=dtype),
        "bias_hh": draw.tensor(h, dtype=dtype),
    }


def _strided_weights(draw, d, h):
    weight = {"weight_ih": draw.strided(h, d), "weight_hh": draw.strided(h, h)}
    return weight | {"bias_ih": draw.strided(h), "bias_hh": draw.strided(h)}


def rnn_step(draw):
    def step(n=2, d=3, h=2, dtype="float64"):
        return {"x": draw.tensor(n, d, dtype=dtype), "h": draw.tensor(n, h, dtype=dtype), **_weights(draw, d, h, dtype)}

    yield call(ORDINARY, **step())
    yield call(FLOAT32, **step(dtype="float32"))
    yield call(EXTREME, **step() | {"x": 100 * draw.tensor(2, 3)})
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3), h=draw.strided(2, 2), **_strided_weights(draw, 3, 2))
    yield call(SIZE_ONE, **step(1, 1, 1))
    yield call(WRONG_SHAPE, **step() | {"h": draw.tensor(1, 2)})


def rnn_forward(draw):
    def sequence(n=2, s=3, d=2, h=2, dtype="float64"):
        x, h0 = draw.tensor(n, s, d, dtype=dtype), draw.tensor(n, h, dtype=dtype)
        return {"x": x, "h0": h0, **_weights(draw, d, h, dtype)}

    yield call(ORDINARY, **sequence())
    yield call(FLOAT32, **sequence(dtype="float32"))
    yield call(ONE_STEP, **sequence(s=1))
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3, 2), h0=draw.strided(2, 2), **_strided_weights(draw, 2, 2))
    yield call(SIZE_ONE, **sequence(1, 1, 1, 1))


def gradient_norms(draw):
    def recurrence(activation, h=3, gain=0.5, dtype="float64", steps=4):
        weight, state = gain * draw.tensor(h, h, dtype=dtype), draw.tensor(h, dtype=dtype)
        return {"weight_hh": weight, "h0": state, "steps": steps, "activation": activation}

    yield call(TANH, **recurrence("tanh"))
    yield call(SIGMOID, **recurrence("sigmoid"))
    yield call(RELU, **recurrence("relu"))
    yield call(LARGE_GAIN, **recurrence("relu", gain=3.0) | {"h0": torch.ones(3, dtype=torch.float64)})
    yield call(FLOAT32, **recurrence("tanh", dtype="float32"))
    yield call(SIZE_ONE, **recurrence("tanh", h=1, steps=1))
    yield call(UNKNOWN, **recurrence("gelu"))


def clip_gradients(draw):
    yield call(ORDINARY, gradients=[draw.tensor(2, 2), draw.tensor(3)], max_norm=1.0)
    yield call(SHORT, gradients=[0.1 * draw.tensor(2), 0.1 * draw.tensor(2)], max_norm=5.0)
    yield call(FLOAT32, gradients=[draw.tensor(2, dtype="float32"), draw.tensor(1, dtype="float32")], max_norm=0.5)
    yield call(EXTREME, gradients=[1e6 * draw.tensor(2), draw.tensor(3)], max_norm=1.0)
    yield call(NOT_CONTIGUOUS, gradients=[draw.strided(2, 3), draw.strided(2)], max_norm=1.0)
    yield call(Kind("zeros", "gradients of zero", "모두 0인 기울기"), gradients=[torch.zeros(2)], max_norm=1.0)
