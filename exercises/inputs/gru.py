"""Kinds of input for the exercise "gru": `grader draw gru`."""

import torch

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, call

KEEP = Kind("update-near-one", "an update gate near 1", "업데이트 게이트가 1에 가까운 경우")
RESET = Kind("reset-near-zero", "a reset gate near 0", "리셋 게이트가 0에 가까운 경우")
ONE_STEP = Kind("one-step", "a sequence of length 1", "길이가 1인 시퀀스")
WRONG_SHAPE = Kind("wrong-shape", "a state of another size", "크기가 다른 상태", raises=ValueError)
UNKNOWN = Kind("unknown", "an unknown cell", "없는 셀 이름", raises=ValueError)


def _weights(draw, d, h, dtype="float64"):
    return {
        "weight_ih": draw.tensor(3 * h, d, dtype=dtype),
        "weight_hh": draw.tensor(3 * h, h, dtype=dtype),
        "bias_ih": draw.tensor(3 * h, dtype=dtype),
        "bias_hh": draw.tensor(3 * h, dtype=dtype),
    }


def _strided_weights(draw, d, h):
    weight = {"weight_ih": draw.strided(3 * h, d), "weight_hh": draw.strided(3 * h, h)}
    return weight | {"bias_ih": draw.strided(3 * h), "bias_hh": draw.strided(3 * h)}


def _step(draw, n=2, d=3, h=2, dtype="float64"):
    return {"x": draw.tensor(n, d, dtype=dtype), "h": draw.tensor(n, h, dtype=dtype), **_weights(draw, d, h, dtype)}


def _gate(block, value):
    """Biases of size 2 a gate that drive the gate of that block to 0 or 1."""
    biases = torch.zeros(3, 2, dtype=torch.float64)
    biases[block] = value
    return {"bias_ih": biases.reshape(6)}


def _steps(draw):
    """Of one step, for the gates and for the cell."""
    yield call(ORDINARY, **_step(draw))
    yield call(FLOAT32, **_step(draw, dtype="float32"))
    yield call(RESET, **_step(draw) | _gate(0, -30.0))
    yield call(KEEP, **_step(draw) | _gate(1, 30.0))
    yield call(EXTREME, **_step(draw) | {"x": 1000 * draw.tensor(2, 3)})
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3), h=draw.strided(2, 2), **_strided_weights(draw, 3, 2))
    yield call(SIZE_ONE, **_step(draw, 1, 1, 1))


def gru_gates(draw):
    yield from _steps(draw)
    yield call(WRONG_SHAPE, **_step(draw) | {"h": draw.tensor(1, 2)})


def gru_cell(draw):
    yield from _steps(draw)


def gru_forward(draw):
    def sequence(n=2, s=3, d=2, h=2, dtype="float64"):
        x, h0 = draw.tensor(n, s, d, dtype=dtype), draw.tensor(n, h, dtype=dtype)
        return {"x": x, "h0": h0, **_weights(draw, d, h, dtype)}

    yield call(ORDINARY, **sequence())
    yield call(FLOAT32, **sequence(dtype="float32"))
    yield call(ONE_STEP, **sequence(s=1))
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3, 2), h0=draw.strided(2, 2), **_strided_weights(draw, 2, 2))
    yield call(SIZE_ONE, **sequence(1, 1, 1, 1))


def parameter_count(draw):
    for cell in ("rnn", "gru", "lstm"):
        sizes = draw.integers(2, 9, 2).tolist()
        yield call(Kind(cell, f"the cell {cell}", f"{cell} 셀"), cell=cell, input_size=sizes[0], hidden_size=sizes[1])
    yield call(SIZE_ONE, cell="gru", input_size=1, hidden_size=1)
    yield call(UNKNOWN, cell="mamba", input_size=3, hidden_size=2)
