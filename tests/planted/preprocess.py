"""Mistakes that are no misconception of the course, each written by several students: clusters must find them."""

import numpy as np

from grader.variants import misconception
from solutions.preprocess import Array, condition_number, fit_standardizer, standardize, weight_gradient

right_fit, right_standardize = fit_standardizer, standardize
right_gradient, right_condition = weight_gradient, condition_number


@misconception("median-for-mean/1", replaces="fit_standardizer")
def median(x: Array) -> tuple[Array, Array]:
    _, std = right_fit(x)
    return np.median(x, axis=0), std


@misconception("median-for-mean/2", replaces="fit_standardizer")
def middle(x: Array) -> tuple[Array, Array]:
    spread = right_fit(x)[1]
    ordered = np.sort(x, axis=0)
    low, high = ordered[(len(x) - 1) // 2], ordered[len(x) // 2]
    return (low + high) / 2, spread


@misconception("absolute-deviation/1", replaces="fit_standardizer")
def mean_distance(x: Array) -> tuple[Array, Array]:
    mean, std = right_fit(x)
    distance = np.abs(x - mean).mean(axis=0)
    return mean, np.where(std == 1, std, distance)


@misconception("absolute-deviation/2", replaces="fit_standardizer")
def mean_distance_by_columns(x: Array) -> tuple[Array, Array]:
    mean, std = right_fit(x)
    for j in range(x.shape[1]):
        if std[j] != 1:
            std[j] = sum(abs(x[:, j] - mean[j])) / len(x)
    return mean, std


@misconception("outliers-cut/1", replaces="standardize")
def clipped(x: Array, mean: Array, std: Array) -> Array:
    return np.clip(right_standardize(x, mean, std), -1, 1)


@misconception("outliers-cut/2", replaces="standardize")
def cut(x: Array, mean: Array, std: Array) -> Array:
    z = right_standardize(x, mean, std)
    z[z > 1] = 1
    z[z < -1] = -1
    return z


@misconception("downhill/1", replaces="weight_gradient")
def negative(x: Array, upstream: Array) -> Array:
    return -right_gradient(x, upstream)


@misconception("downhill/2", replaces="weight_gradient")
def step(x: Array, upstream: Array) -> Array:
    return right_gradient(x * -1, upstream)


@misconception("sum-by-smallest/1", replaces="condition_number")
def trace(x: Array) -> float:
    right_condition(x)
    hessian = x.astype(np.float64).T @ x.astype(np.float64) / len(x)
    return float(np.trace(hessian) / np.linalg.eigvalsh(hessian)[0])


@misconception("sum-by-smallest/2", replaces="condition_number")
def all_of_them(x: Array) -> float:
    right_condition(x)
    values = np.linalg.svd(np.asarray(x, dtype=np.float64), compute_uv=False) ** 2
    return float(sum(values) / min(values))
