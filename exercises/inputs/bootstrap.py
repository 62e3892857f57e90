"""Kinds of input for the exercise "bootstrap": `grader draw bootstrap`."""

import numpy as np

from grader.inputs import FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, Named, Rng, call

MANY = Kind("many", "many models and rows", "모델과 행이 많은 경우")
IN_EVERY_BAG = Kind("in-every-bag", "a row that every model has seen", "모든 모델이 본 행")
IN_NO_BAG = Kind("in-no-bag", "a row that no model has seen", "어느 모델도 보지 못한 행")
MEDIAN = Kind("median", "the interval of a median", "중앙값의 구간")
SKEWED = Kind("skewed", "numbers whose distribution is skewed", "분포가 한쪽으로 치우친 값")
WIDE = Kind("level", "another level", "다른 신뢰 수준")


def _rng(draw):
    return Rng(int(draw.rng.integers(1000)))


def bootstrap_indices(draw):
    yield call(ORDINARY, n=6, n_models=3, rng=_rng(draw))
    yield call(MANY, n=40, n_models=4, rng=_rng(draw))
    yield call(Kind("one-model", "one model", "모델 하나"), n=5, n_models=1, rng=_rng(draw))
    yield call(SIZE_ONE, n=1, n_models=2, rng=_rng(draw))


def out_of_bag(draw):
    def indices(n, n_models):
        return np.asarray(draw.rng.integers(0, n, (n_models, n)))

    yield call(ORDINARY, indices=indices(5, 3), n=5)
    yield call(IN_EVERY_BAG, indices=np.array([[0, 0, 2], [0, 1, 1]]), n=3)
    yield call(IN_NO_BAG, indices=np.array([[0, 0, 2], [2, 2, 0]]), n=3)
    yield call(NOT_CONTIGUOUS, indices=np.asfortranarray(indices(4, 2)), n=4)
    yield call(SIZE_ONE, indices=np.array([[0]]), n=1)


def bagging_predict(draw):
    yield call(ORDINARY, predictions=draw.array(3, 4, 2))
    yield call(FLOAT32, predictions=draw.array(3, 2, 2, dtype="float32"))
    yield call(Kind("one-model", "one model", "모델 하나"), predictions=draw.array(1, 3, 2))
    yield call(NOT_CONTIGUOUS, predictions=draw.strided_array(3, 2, 2))
    yield call(SIZE_ONE, predictions=draw.array(2, 1, 1))


def out_of_bag_predict(draw):
    def bags(models, rows):
        return draw.keep(rows, models).T.contiguous().numpy()  # at least one model for each row

    yield call(ORDINARY, predictions=draw.array(3, 4, 2), oob=bags(3, 4))
    yield call(FLOAT32, predictions=draw.array(3, 2, 2, dtype="float32"), oob=bags(3, 2))
    yield call(IN_EVERY_BAG, predictions=draw.array(2, 3, 2), oob=np.array([[True, False, True], [True, False, False]]))
    yield call(IN_NO_BAG, predictions=draw.array(2, 2, 2), oob=np.ones((2, 2), dtype=bool))
    yield call(NOT_CONTIGUOUS, predictions=draw.strided_array(3, 2, 2), oob=bags(3, 2))
    yield call(SIZE_ONE, predictions=draw.array(1, 1, 1), oob=np.array([[True]]))


def bootstrap_interval(draw):
    def sample(x, statistic="numpy.mean", level=0.95):
        return {"x": x, "statistic": Named(statistic), "n_resamples": 200, "level": level, "rng": _rng(draw)}

    yield call(ORDINARY, **sample(draw.array(8)))
    yield call(MEDIAN, **sample(draw.array(9), "numpy.median"))
    yield call(SKEWED, **sample(draw.array(8) ** 2))
    yield call(WIDE, **sample(draw.array(8), level=0.5))
    yield call(FLOAT32, **sample(draw.array(8, dtype="float32")))
    yield call(NOT_CONTIGUOUS, **sample(draw.strided_array(8)))
    yield call(SIZE_ONE, **sample(draw.array(1)))
