"""Right versions of scale, written differently."""

import numpy as np

from grader.variants import alternative


@alternative("scale-swapped-factors", replaces="scale")
def swapped_factors(x, factor):
    return factor * x


@alternative("scale-multiply", replaces="scale")
def multiply(x, factor):
    return np.multiply(x, factor)


@alternative("scale-loop", replaces="scale")
def loop(x, factor):
    return np.array([value * factor for value in x.ravel()], dtype=x.dtype).reshape(x.shape)


@alternative("scale-inverse", replaces="scale")
def inverse(x, factor):
    return x / (1 / factor)


@alternative("scale-copy", replaces="scale")
def copy(x, factor):
    scaled = x.copy()
    scaled *= factor
    return scaled


@alternative("scale-sum", replaces="scale")
def as_sum(x, factor):
    return x + x * (factor - 1)
