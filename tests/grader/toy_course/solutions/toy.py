"""An exercise for the tests of the grader: a function on tensors, one on arrays, and a module."""

import numpy as np
import torch
from torch import Tensor, nn


def center(x: Tensor, dim: int) -> Tensor:
    """x minus its mean along `dim`. Raises ValueError for a scalar."""
    # BEGIN SOLUTION
    if x.ndim == 0:
        raise ValueError("a scalar has no axis")
    return x - x.mean(dim=dim, keepdim=True)
    # END SOLUTION


def total(values: np.ndarray) -> np.floating:
    """The sum of the squares."""
    # BEGIN SOLUTION
    return (values * values).sum()
    # END SOLUTION


class Affine(nn.Module):
    """x times a weight plus a bias, feature by feature."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # BEGIN SOLUTION
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        # BEGIN SOLUTION
        return x * self.weight + self.bias
        # END SOLUTION
