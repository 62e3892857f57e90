"""Scaling: every number times the same factor."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def scale(x: Array, factor: float) -> Array:
    """x times the factor. x: any shape, float32 or float64. Returns the same shape and dtype; x stays as it is."""
    # BEGIN SOLUTION
    return x * factor
    # END SOLUTION
