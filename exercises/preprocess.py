"""Zero-centring and normalisation: the statistics of a training set, and what they do to gradient descent.

Statistics are fitted once, on the training rows, and then applied to every row, whenever it comes.
The guide: exercises/guide/en/preprocess.md, in Korean exercises/guide/ko/preprocess.md.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def fit_standardizer(x: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of every column of the training data.

    x (n, d): n rows (samples), d columns (features), float32 or float64, contiguous or not; it stays as it is.
    Returns (mean (d,), std (d,)), both of x's dtype.

    - mean[j] = (1/n) Σ_i x[i, j].
    - std[j] = √((1/n) Σ_i (x[i, j] − mean[j])²): divided by n, not by n − 1 (ddof = 0), and nothing added to it.
    - A column is constant when its largest and its smallest value are equal. Its std is 1. Rounding may make the formula
      give such a column a tiny number where 0 is meant, so the formula's result does not tell which columns are constant.
    - A column that varies a little, or varies a little around a large mean, is not constant: its std is the formula's.

    ValueError: x does not have two axes.
    Source: LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), section 4.3.
    """
    # TODO: your code here
    raise NotImplementedError


def standardize(x: Array, mean: Array, std: Array) -> Array:
    """Rows of x, centred and scaled with the statistics that are given.

    x (n, d), mean (d,), std (d,): all float32 or all float64, contiguous or not; they stay as they are. The rows of x
    need not be those that mean and std were fitted on, and their number may be any, one included. std is positive.
    Returns (n, d) of that dtype: (x[i, j] − mean[j]) / std[j]. Nothing is added to std.

    ValueError: the shape of mean or of std is not (d,), also where broadcasting would let it pass.
    """
    # TODO: your code here
    raise NotImplementedError


def unstandardize(x: Array, mean: Array, std: Array) -> Array:
    """The inverse of `standardize`: from standardised rows back to the units of the data.

    x (n, d), mean (d,), std (d,): all float32 or all float64, contiguous or not; they stay as they are.
    Returns (n, d) of that dtype, such that unstandardize(standardize(x, mean, std), mean, std) is x up to rounding.

    ValueError: the shape of mean or of std is not (d,), also where broadcasting would let it pass.
    """
    # TODO: your code here
    raise NotImplementedError


def weight_gradient(x: Array, upstream: Array) -> Array:
    """Gradients of every sample's own loss by the weights of one linear neuron.

    The neuron gives y[i] = Σ_j w[j] · x[i, j] + b for sample i, and sample i has a loss ℓ[i] that depends on y[i] alone.
    x (n, d): the samples. upstream (n,): ∂ℓ[i]/∂y[i]. Both float32 or both float64, contiguous or not; they stay as they
    are. Returns (n, d) of that dtype: entry (i, j) is ∂ℓ[i]/∂w[j]. Row i belongs to sample i; the samples are neither
    added up nor averaged.

    ValueError: x does not have two axes, or the shape of upstream is not (n,), also where broadcasting would let it pass.
    """
    # TODO: your code here
    raise NotImplementedError


def condition_number(x: Array) -> float:
    """How stretched the bowl is that least squares descends into: largest over smallest eigenvalue of its Hessian.

    The loss (1/2n) Σ_i (Σ_j w[j] · x[i, j] − t[i])² has the Hessian H = xᵀx / n, of shape (d, d), whatever w and t are.
    x (n, d): used as it is, neither centred nor scaled here; float32 or float64, contiguous or not; it stays as it is.
    Its columns are linearly independent, so n ≥ d and no eigenvalue of H is 0.
    Returns one number ≥ 1, a Python float or a float64 scalar. It is computed in float64, also when x is float32.

    ValueError: x does not have two axes.
    Source: LeCun, Bottou, Orr and Müller, Efficient BackProp (1998), section 5.
    """
    # TODO: your code here
    raise NotImplementedError
