"""Right versions of exercise bootstrap, written differently. Each must get full marks."""

import math
import warnings
from typing import NamedTuple

import numpy as np

from grader.variants import alternative


class Interval(NamedTuple):
    low: float
    high: float


class WrongShape(ValueError):
    pass


def draw_positions(n, rng):
    """n draws from [0, 1), cut into n equal parts."""
    return np.minimum(np.floor(n * rng.random(n)), n - 1).astype(int)


@alternative("bootstrap-choice", replaces="bootstrap_indices")
def by_choice(n, n_models, rng):
    return np.array([rng.choice(np.arange(n), size=n, replace=True) for _ in range(n_models)])


@alternative("bootstrap-scaled-uniforms", replaces="bootstrap_indices")
def by_scaled_uniforms(n, n_models, rng):
    """Model by model, in 32 bits."""
    rows = np.empty((n_models, n), dtype=np.int32)
    for row in rows:
        row[:] = draw_positions(n, rng)
    return rows


@alternative("bootstrap-multinomial", replaces="bootstrap_indices")
def by_counts(n, n_models, rng):
    """How often each number comes is multinomial; the order within a row says nothing."""
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_models)
    return np.stack([np.repeat(np.arange(n), row) for row in counts])


@alternative("bootstrap-column-by-column", replaces="bootstrap_indices")
def column_by_column(n, n_models, rng):
    """A transposed view comes back."""
    return rng.integers(n - 1, endpoint=True, size=(n, n_models)).T


@alternative("bootstrap-spawned", replaces="bootstrap_indices")
def by_spawned_generators(n, n_models, rng):
    """A child generator for every model, as for parallel training."""
    return np.stack([child.integers(n, size=n, dtype=np.uint8 if n < 200 else int) for child in rng.spawn(n_models)])


@alternative("bootstrap-one-by-one", replaces="bootstrap_indices")
def one_by_one(n, n_models, rng):
    """A legacy generator of its own, seeded by rng: the global one is not touched."""
    own = np.random.RandomState(rng.integers(2**32))
    return np.array([[own.randint(n) for _ in range(n)] for _ in range(n_models)])


@alternative("bootstrap-oob-isin", replaces="out_of_bag")
def oob_by_isin(indices, n):
    _models, _n = indices.shape
    return np.array([np.isin(np.arange(n), row, invert=True) for row in indices])


@alternative("bootstrap-oob-counts", replaces="out_of_bag")
def oob_by_counts(indices, n):
    if len(indices.shape) != 2:
        raise WrongShape(indices.shape)
    return np.apply_along_axis(np.bincount, 1, indices.astype(int), minlength=n) == 0


@alternative("bootstrap-oob-sets", replaces="out_of_bag")
def oob_by_sets(indices, n):
    if indices.ndim != 2:
        raise ValueError("two axes")
    everyone = set(range(n))
    mask = np.full((n, len(indices)), False)
    for model, row in enumerate(indices.tolist()):
        mask[sorted(everyone - set(row)), model] = True
    return mask.T


@alternative("bootstrap-oob-compare", replaces="out_of_bag")
def oob_by_comparison(indices, n):
    if indices.ndim != 2:
        raise ValueError("two axes")
    return (indices[:, :, None] != np.arange(n)).all(axis=1)


@alternative("bootstrap-oob-add-at", replaces="out_of_bag")
def oob_by_adding(indices, n):
    models, _ = indices.shape
    counts = np.zeros((models, n), dtype=np.int8)
    np.add.at(counts, (np.arange(models)[:, None], indices), 1)
    return np.logical_not(counts)


@alternative("bootstrap-bagging-einsum", replaces="bagging_predict")
def bagging_by_einsum(predictions):
    models, _rows, _classes = predictions.shape
    return np.einsum("mnc->nc", predictions) / predictions.dtype.type(models)


@alternative("bootstrap-bagging-running", replaces="bagging_predict")
def bagging_running(predictions):
    """The mean, updated model by model."""
    if predictions.ndim != 3:
        raise WrongShape
    mean = np.zeros_like(predictions[0])
    for count, prediction in enumerate(predictions, 1):
        mean += (prediction - mean) / count
    return mean


@alternative("bootstrap-bagging-weights", replaces="bagging_predict")
def bagging_by_weights(predictions):
    if predictions.ndim != 3:
        raise ValueError("three axes")
    weights = np.full(len(predictions), 1 / len(predictions), dtype=predictions.dtype)
    return np.tensordot(weights, predictions, axes=1)


@alternative("bootstrap-bagging-exact", replaces="bagging_predict")
def bagging_exactly(predictions):
    """Number by number, in Python."""
    models, rows, classes = predictions.shape
    mean = [[math.fsum(predictions[:, i, c].tolist()) / models for c in range(classes)] for i in range(rows)]
    return np.array(mean, dtype=predictions.dtype)


@alternative("bootstrap-oob-nanmean", replaces="out_of_bag_predict")
def oob_predict_by_nanmean(predictions, oob):
    """With the RuntimeWarning of an empty mean."""
    if predictions.ndim != 3 or predictions.shape[:2] != oob.shape:
        raise ValueError("shapes")
    return np.nanmean(np.where(oob[..., None], predictions, np.nan), axis=0)


@alternative("bootstrap-oob-masked-array", replaces="out_of_bag_predict")
def oob_predict_by_masked_array(predictions, oob):
    models, rows, classes = predictions.shape
    if oob.shape != (models, rows):
        raise WrongShape
    hidden = np.repeat(~oob[:, :, None], classes, axis=2)
    return np.ma.masked_array(predictions, mask=hidden).mean(axis=0).filled(np.nan).astype(predictions.dtype)


@alternative("bootstrap-oob-rows", replaces="out_of_bag_predict")
def oob_predict_row_by_row(predictions, oob):
    if predictions.ndim != 3 or oob.shape != predictions.shape[:2]:
        raise ValueError("shapes")
    out = np.full_like(predictions[0], np.nan)
    for row in range(len(out)):
        if oob[:, row].any():
            out[row] = predictions[oob[:, row], row].mean(axis=0)
    return out


@alternative("bootstrap-oob-einsum", replaces="out_of_bag_predict")
def oob_predict_by_einsum(predictions, oob):
    """Weights that sum to one over the models; those of a row that all have seen are 0/0."""
    if (predictions.ndim, oob.shape) != (3, predictions.shape[:2]):
        raise ValueError("shapes")
    weights = oob.astype(predictions.dtype)
    return np.einsum("mn,mnc->nc", weights / weights.sum(axis=0), predictions)


@alternative("bootstrap-oob-where", replaces="out_of_bag_predict")
def oob_predict_by_where(predictions, oob):
    if predictions.ndim != 3 or oob.shape != predictions.shape[:2]:
        raise ValueError("shapes")
    warnings.warn("rows may be empty", UserWarning, stacklevel=2)
    return np.mean(predictions, axis=0, where=oob[:, :, None])


@alternative("bootstrap-interval-sorted", replaces="bootstrap_interval")
def interval_by_sorting(x, statistic, n_resamples, level, rng):
    """Values at whole positions of the sorted list, nothing in between; a NamedTuple."""
    if level <= 0 or level >= 1:
        raise ValueError(level)
    values = sorted(float(statistic(rng.choice(x, size=len(x)))) for _ in range(n_resamples))
    cut = int((1 - level) / 2 * n_resamples)
    return Interval(values[cut], values[n_resamples - 1 - cut])


@alternative("bootstrap-interval-percentile", replaces="bootstrap_interval")
def interval_by_percentile(x, statistic, n_resamples, level, rng):
    """An array of two comes back; another rule between two values."""
    if not 0.0 < level < 1.0:
        raise ValueError("a fraction")
    values = np.zeros(n_resamples)
    for i in range(n_resamples):
        values[i] = statistic(x[draw_positions(len(x), rng)])
    alpha = 100 * (1 - level)
    return np.percentile(values, [alpha / 2, 100 - alpha / 2], method="median_unbiased")


@alternative("bootstrap-interval-along-axis", replaces="bootstrap_interval")
def interval_along_axis(x, statistic, n_resamples, level, rng):
    """All resamples at once, one a column; a list of NumPy numbers comes back."""
    if not (level > 0 and level < 1):
        raise ValueError("a fraction")
    resamples = rng.choice(x, size=(len(x), n_resamples))
    values = np.apply_along_axis(statistic, 0, resamples)
    return [np.quantile(values, (1 - level) / 2, method="lower"), np.quantile(values, (1 + level) / 2, method="higher")]
