"""Right versions of exercise preprocess, written differently. Each must get full marks."""

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

from grader.variants import alternative


class Statistics(NamedTuple):
    mean: np.ndarray
    std: np.ndarray


class ShapeMismatch(ValueError):
    pass


class CallableObject:
    """A function as an object with `__call__`, as a student may build one."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def require_shape(actual: tuple[int, ...], expected: tuple[int, ...]) -> None:
    if tuple(actual) != tuple(expected):
        raise ShapeMismatch(f"{actual} where {expected} was expected")


def with_root(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.partial(function, root=np.sqrt)


@alternative("preprocess-fit-exact-loops", replaces="fit_standardizer", slow="a loop over every number")
def fit_by_loops(x):
    """Column by column in Python numbers; a list comes back."""
    n, d = x.shape
    means, deviations = [], []
    for j in range(d):
        column = [float(value) for value in x[:, j]]
        mean = math.fsum(column) / n
        means.append(mean)
        if max(column) == min(column):
            deviations.append(1.0)
        else:
            deviations.append(math.sqrt(math.fsum((value - mean) ** 2 for value in column) / n))
    return [np.array(means, dtype=x.dtype), np.array(deviations, dtype=x.dtype)]


@alternative("preprocess-fit-running", replaces="fit_standardizer", slow="a loop over the rows")
def fit_running(x):
    """One pass over the rows (Welford's recurrence) in float64."""
    if x.ndim != 2:
        raise ValueError("two axes")
    mean, squares = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for count, row in enumerate(x.astype(np.float64), 1):
        step = row - mean
        mean = mean + step / count
        squares = squares + step * (row - mean)
    low, high = np.minimum.reduce(x), np.maximum.reduce(x)
    std = np.where(high > low, np.sqrt(squares / len(x)), 1.0)
    return mean.astype(x.dtype), std.astype(x.dtype)


@alternative("preprocess-fit-row-sums", replaces="fit_standardizer", slow="two loops over the rows")
def fit_by_row_sums(x):
    n, d = x.shape
    total = np.zeros(d)
    for row in x:
        total += row
    mean = total / n
    squares = np.zeros(d)
    for row in x:
        squares += (row - mean) ** 2
    std = np.sqrt(squares / n)
    std[np.all(x == x[0], axis=0)] = 1
    return mean.astype(x.dtype), std.astype(x.dtype)


@alternative("preprocess-fit-index-by-index", replaces="fit_standardizer", slow="a loop over rows and columns")
def fit_index_by_index(x):
    n, d = x.shape
    mean, std = np.zeros(d, dtype=x.dtype), np.zeros(d, dtype=x.dtype)
    for j in range(d):
        total, same = 0.0, True
        for i in range(n):
            total += float(x[i, j])
            same = same and x[i, j] == x[0, j]
        mean[j] = total / n
        squares = 0.0
        for i in range(n):
            squares += (float(x[i, j]) - total / n) ** 2
        std[j] = 1.0 if same else math.sqrt(squares / n)
    return mean, std


@alternative("preprocess-fit-column-by-column", replaces="fit_standardizer")
def fit_column_by_column(x):
    """A loop over the columns, of which there are few."""
    _, d = x.shape
    mean, std = np.empty(d, dtype=x.dtype), np.empty(d, dtype=x.dtype)
    for j in range(d):
        column = x[:, j]
        mean[j] = column.mean()
        std[j] = 1.0 if (column == column[0]).all() else np.sqrt(np.mean((column - mean[j]) ** 2))
    return mean, std


@alternative("preprocess-fit-transposed-copy", replaces="fit_standardizer")
def fit_transposed_copy(x):
    """Features first, in copies."""
    if x.ndim != 2:
        raise ValueError("two axes")
    features = np.ascontiguousarray(x.T)
    mean = features.mean(axis=1)
    deviations = features - np.repeat(mean[:, None], features.shape[1], axis=1)
    std = np.sqrt(np.einsum("jn,jn->j", deviations, deviations) / x.dtype.type(features.shape[1]))
    constant = np.ptp(features, axis=1) == 0
    return mean, np.where(constant, np.ones_like(std), std)


@alternative("preprocess-fit-torch", replaces="fit_standardizer")
def fit_by_torch(x):
    n, _ = x.shape
    tensor = torch.from_numpy(np.ascontiguousarray(x))
    variance, mean = torch.var_mean(tensor, dim=0, correction=0)
    std = torch.where((tensor == tensor[:1]).sum(dim=0) == n, torch.ones_like(variance), variance.sqrt())
    return mean.numpy(), std.numpy()


@alternative("preprocess-fit-named", replaces="fit_standardizer")
def fit_named(x):
    """A NamedTuple of results that are not contiguous; a warning and a print on the way."""
    print("fitting", x.shape)
    if x.ndim != 2:
        raise ShapeMismatch(str(x.shape))
    warnings.warn("constant columns count as 1", RuntimeWarning, stacklevel=2)
    both = np.stack([x.mean(axis=0), np.linalg.norm(x - x.mean(axis=0), axis=0) / np.sqrt(x.dtype.type(len(x)))], 1)
    both[np.ptp(x, axis=0) == 0, 1] = 1
    return Statistics(both[:, 0], both[:, 1])


@alternative("preprocess-fit-partial", replaces="fit_standardizer")
@with_root
def fit_through_covariance(x, root):
    """The root of the covariance matrix's diagonal."""
    if x.ndim != 2:
        raise ValueError("two axes")
    centred = x - np.mean(x, axis=0, keepdims=True)
    std = root(np.diagonal(centred.T @ centred) / x.dtype.type(x.shape[0]))
    varies = np.any(x != x[0], axis=0)
    return np.mean(x, axis=0), np.where(varies, std, np.ones_like(std))


@alternative("preprocess-fit-std", replaces="fit_standardizer")
def fit_by_std(x):
    _rows, columns = x.shape
    mean, std = np.average(x, axis=0), x.std(0)
    for column in range(columns):
        if len(np.unique(x[:, column])) == 1:
            std[column] = 1.0
    return mean, std


@alternative("preprocess-standardize-by-rows", replaces="standardize")
def standardize_by_rows(x, mean, std):
    _, d = x.shape
    require_shape(mean.shape, (d,))
    require_shape(std.shape, (d,))
    return np.stack([np.true_divide(row - mean, std) for row in x])


@alternative("preprocess-standardize-own-copy", replaces="standardize")
def standardize_own_copy(x, mean, std):
    """In place, on a copy of its own."""
    require_shape(mean.shape, x.shape[1:])
    require_shape(std.shape, x.shape[1:])
    z = x.copy(order="F")
    z -= mean
    z /= std
    return z


@alternative("preprocess-standardize-line", replaces="standardize")
def standardize_as_a_line(x, mean, std):
    """Slope and intercept of a line for every column."""
    if (x.shape[1],) != mean.shape or (x.shape[1],) != std.shape:
        raise ValueError("shapes")
    slope = 1 / std
    return x * slope + (-mean * slope)


@alternative("preprocess-standardize-matrix", replaces="standardize")
def standardize_by_matrix(x, mean, std):
    if len({x.shape[1:], mean.shape, std.shape}) > 1:
        raise ValueError("shapes")
    return (x - np.broadcast_to(mean, x.shape)) @ np.diag(np.reciprocal(std))


@alternative("preprocess-unstandardize-einsum", replaces="unstandardize")
def unstandardize_by_einsum(x, mean, std):
    if x.shape[-1:] != mean.shape or x.shape[-1:] != std.shape:
        raise ValueError("shapes")
    return np.add(np.einsum("nd,d->nd", x, std), mean[None])


@alternative("preprocess-unstandardize-columns", replaces="unstandardize")
@CallableObject
def unstandardize_by_columns(x, mean, std):
    """Column by column; the transpose of the transpose comes back."""
    require_shape(mean.shape, x.shape[1:])
    require_shape(std.shape, x.shape[1:])
    columns = [std[j] * x[:, j] + mean[j] for j in range(x.shape[1])]
    return np.array(columns, dtype=x.dtype).T


@alternative("preprocess-gradient-einsum", replaces="weight_gradient")
def gradient_by_einsum(x, upstream):
    if x.ndim != 2 or upstream.shape != (x.shape[0],):
        raise ValueError("shapes")
    return np.einsum("n,nd->nd", upstream, x)


@alternative("preprocess-gradient-transposed", replaces="weight_gradient")
def gradient_transposed(x, upstream):
    n, _ = x.shape
    if upstream.shape != (n,):
        raise ValueError("shapes")
    return (x.T * upstream).T


@alternative("preprocess-gradient-autograd", replaces="weight_gradient")
def gradient_by_autograd(x, upstream):
    """Every sample has its own copy of the weights, and torch differentiates."""
    n, d = x.shape
    require_shape(upstream.shape, (n,))
    samples = torch.from_numpy(np.ascontiguousarray(x))
    weights = torch.zeros(n, d, dtype=samples.dtype, requires_grad=True)
    outputs = (weights * samples).sum(dim=1)
    outputs.backward(torch.from_numpy(np.ascontiguousarray(upstream)))
    return weights.grad.numpy()


@alternative("preprocess-gradient-diagonal", replaces="weight_gradient")
def gradient_by_diagonal(x, upstream):
    if x.ndim == 2 and upstream.ndim == 1 and len(x) == len(upstream):
        return np.diag(upstream) @ x
    raise ValueError("shapes")


@alternative("preprocess-condition-singular-values", replaces="condition_number")
def condition_by_singular_values(x):
    if x.ndim != 2:
        raise ValueError("two axes")
    singular = np.linalg.svd(x.astype("float64"), compute_uv=False)
    return (singular.max() / singular.min()) ** 2


@alternative("preprocess-condition-numpy", replaces="condition_number")
def condition_by_numpy(x):
    """NumPy's own condition number of the Hessian, as an array without axes."""
    n, _ = x.shape
    x = np.asarray(x, dtype=np.float64)
    return np.asarray(np.linalg.cond(np.einsum("ni,nj->ij", x, x) / n))


@alternative("preprocess-condition-unsorted", replaces="condition_number")
def condition_by_general_eigenvalues(x):
    """Without the factor 1/n, which the ratio does not see; eigenvalues in no order."""
    if x.ndim != 2:
        raise ValueError("two axes")
    eigenvalues = np.linalg.eigvals(np.dot(x.T.astype(float), x.astype(float))).real
    return max(eigenvalues) / min(eigenvalues)


@alternative("preprocess-condition-torch", replaces="condition_number")
def condition_by_torch(x):
    rows, columns = x.shape
    tensor = torch.from_numpy(np.ascontiguousarray(x)).double()
    return (torch.linalg.cond(tensor) ** 2).item() if min(rows, columns) else math.nan
