"""The bootstrap: many samples out of the only one that there is, a model on each, and one number that sums them up.

Resample with replacement, train, aggregate; and judge every model by the rows that it has not seen.
The guide: exercises/guide/en/bootstrap.md, in Korean exercises/guide/ko/bootstrap.md.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Indices = NDArray[np.integer]
Mask = NDArray[np.bool_]


def bootstrap_indices(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    """The rows that every model is trained on: for each of them n rows, drawn with replacement from all n.

    n ≥ 1: rows of the data. n_models ≥ 1. rng: np.random.default_rng(seed) of the caller's.
    Returns (n_models, n), an array of an integer dtype: row m holds the numbers, from 0 to n − 1, of the rows that model
    m is trained on. Some numbers come more than once in it and others not at all.

    - Every one of the n_models · n draws is independent of the others and equally likely to be any of the n numbers.
      The order within a row says nothing.
    - All randomness comes from rng: where it stands in the same state, the answer is the same. NumPy's global generator
      (np.random.seed, np.random.randint, …) is neither drawn from nor seeded.
    - In which order, and with which of rng's methods, you draw is up to you.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 6; Breiman, Bagging Predictors (1996).
    """
    # TODO: your code here
    raise NotImplementedError


def out_of_bag(indices: Indices, n: int) -> Mask:
    """Which rows of the data a model has not seen.

    indices (n_models, n), of any integer dtype, contiguous or not: row m holds the numbers, from 0 to n − 1, of the rows
    that model m is trained on, as from `bootstrap_indices`; it stays as it is.
    Returns (n_models, n), bool: entry (m, i) is True when the number i does not come in row m of indices.

    ValueError: indices does not have two axes.
    """
    # TODO: your code here
    raise NotImplementedError


def bagging_predict(predictions: Array) -> Array:
    """The prediction of all models together: their mean.

    predictions (M, n, C): what each of M models says of each of n rows, C numbers (class probabilities, or any scores);
    finite, float32 or float64, contiguous or not; it stays as it is.
    Returns (n, C) of that dtype: entry (i, c) is (1/M) Σ_m predictions[m, i, c].

    ValueError: predictions does not have three axes.
    Source: Breiman, Bagging Predictors (1996), section 1.
    """
    # TODO: your code here
    raise NotImplementedError


def out_of_bag_predict(predictions: Array, oob: Mask) -> Array:
    """The prediction for every training row by those models alone that have not seen it.

    predictions (M, n, C): what each of M models says of each of the n training rows; finite, float32 or float64.
    oob (M, n), bool: True where model m has not seen row i, as from `out_of_bag`. Both contiguous or not; they stay as
    they are.
    Returns (n, C) of predictions' dtype: row i is the mean of predictions[m, i] over the models m with oob[m, i].
    A row that every model has seen has no such prediction: it is NaN. (A RuntimeWarning on the way does no harm.)

    ValueError: predictions does not have three axes, or the shape of oob is not (M, n), also where broadcasting would let
    it pass.
    Source: Breiman, Out-of-Bag Estimation (1996).
    """
    # TODO: your code here
    raise NotImplementedError


def bootstrap_interval(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    """The percentile interval of a statistic: where it lies in the middle `level` of all resamples.

    A resample is n draws with replacement from x, independent and each as likely to be any of x's n values, by rng alone
    (see `bootstrap_indices`).
    x (n,), n ≥ 1, float32 or float64, contiguous or not; it stays as it is. n_resamples ≥ 1. level: a fraction.
    statistic: a function of one array (n,) that gives one number, such as np.mean or np.median. It is given a resample
    and nothing else, so it need not know an `axis`.
    Returns (low, high), two numbers: the (1 − level)/2 and the (1 + level)/2 quantile of the n_resamples values that the
    statistic takes, one for each resample. A tuple, a list or an array of two. Where a quantile lies between two of the
    values, any of the rules of np.quantile will do.

    ValueError: level is not greater than 0 and smaller than 1.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    # TODO: your code here
    raise NotImplementedError
