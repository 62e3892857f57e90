"""Kinds of input for the exercise "preprocess": `grader draw preprocess`."""

import numpy as np

from grader.inputs import FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, call

CONSTANT = Kind("constant-column", "a column of one and the same number", "값이 모두 같은 열")
NEARLY_CONSTANT = Kind(
    "nearly-constant", "a column that varies a little around a large mean", "큰 평균 둘레에서 조금만 변하는 열"
)
ONE_ROW = Kind("one-row", "a single row", "행이 하나뿐인 데이터")
NEW_ROWS = Kind("new-rows", "statistics of other rows", "다른 행에서 구한 통계")
POSITIVE = Kind("positive", "positive numbers only", "양수뿐인 데이터")
OFF_CENTRE = Kind("off-centre", "columns far from zero", "0에서 멀리 떨어진 열")
STRETCHED = Kind("stretched", "columns of very different scales", "크기가 아주 다른 열")
ONE_AXIS = Kind("one-axis", "one axis where two are needed", "축이 두 개여야 하는데 하나인 경우", raises=ValueError)
WRONG_SHAPE = Kind("wrong-shape", "statistics of another shape", "모양이 다른 통계", raises=ValueError)


def fit_standardizer(draw):
    yield call(ORDINARY, x=2 + draw.array(4, 3))
    yield call(FLOAT32, x=2 + draw.array(4, 2, dtype="float32"))
    yield call(CONSTANT, x=np.column_stack([draw.array(4), np.full(4, 0.3)]))
    yield call(NEARLY_CONSTANT, x=np.column_stack([draw.array(4), 1000 + 0.01 * draw.array(4)]))
    yield call(ONE_ROW, x=draw.array(1, 3))
    yield call(NOT_CONTIGUOUS, x=draw.strided_array(4, 2))
    yield call(SIZE_ONE, x=draw.array(4, 1))
    yield call(ONE_AXIS, x=draw.array(4))


def _statistics(draw, columns, dtype="float64"):
    return {"mean": 3 * draw.array(columns, dtype=dtype), "std": 0.5 + abs(draw.array(columns, dtype=dtype))}


def _scaling(draw):
    """Of both functions that use statistics which were fitted before."""
    yield call(ORDINARY, x=draw.array(3, 2), **_statistics(draw, 2))
    yield call(NEW_ROWS, x=10 + draw.array(2, 2), **_statistics(draw, 2))
    yield call(FLOAT32, x=draw.array(3, 2, dtype="float32"), **_statistics(draw, 2, "float32"))
    yield call(ONE_ROW, x=draw.array(1, 3), **_statistics(draw, 3))
    yield call(NOT_CONTIGUOUS, x=draw.strided_array(3, 2), **_statistics(draw, 2))
    yield call(SIZE_ONE, x=draw.array(3, 1), **_statistics(draw, 1))
    yield call(WRONG_SHAPE, x=draw.array(3, 2), **_statistics(draw, 1))


def standardize(draw):
    yield from _scaling(draw)


def unstandardize(draw):
    yield from _scaling(draw)


def weight_gradient(draw):
    yield call(ORDINARY, x=draw.array(3, 2), upstream=draw.array(3))
    yield call(POSITIVE, x=abs(draw.array(3, 2)), upstream=draw.array(3))
    yield call(FLOAT32, x=draw.array(3, 2, dtype="float32"), upstream=draw.array(3, dtype="float32"))
    yield call(
        Kind("square", "as many samples as features", "샘플과 특성의 수가 같은 경우"),
        x=draw.array(3, 3),
        upstream=draw.array(3),
    )
    yield call(NOT_CONTIGUOUS, x=draw.strided_array(3, 2), upstream=draw.strided_array(3))
    yield call(SIZE_ONE, x=draw.array(1, 1), upstream=draw.array(1))
    yield call(
        Kind("wrong-upstream", "upstream of another shape", "모양이 다른 upstream", ValueError),
        x=draw.array(3, 2),
        upstream=draw.array(1),
    )
    yield call(ONE_AXIS, x=draw.array(3), upstream=draw.array(3))


def condition_number(draw):
    yield call(ORDINARY, x=draw.array(5, 2))
    yield call(OFF_CENTRE, x=5 + draw.array(5, 2))
    yield call(STRETCHED, x=draw.array(5, 2) * np.array([1.0, 100.0]))
    yield call(FLOAT32, x=draw.array(5, 2, dtype="float32"))
    yield call(NOT_CONTIGUOUS, x=draw.strided_array(5, 2))
    yield call(SIZE_ONE, x=draw.array(5, 1))
    yield call(ONE_AXIS, x=draw.array(5))
