"""Right toys, written differently."""

import numpy as np
import torch

from grader.variants import alternative
from solutions.toy import Affine


@alternative("toy-sum-by-count", replaces="center")
def sum_by_count(x, dim):
    if x.ndim == 0:
        raise ValueError("no axis")
    return x - x.sum(dim, keepdim=True) / x.shape[dim]


@alternative("toy-transposed", replaces="center")
def transposed(x, dim):
    """Not contiguous."""
    if x.ndim == 0:
        raise ValueError("no axis")
    moved = x.movedim(dim, 0)
    return (moved - moved.mean(0)).movedim(0, dim)


@alternative("toy-square", replaces="total")
def square(values):
    return np.square(values).sum()


@alternative("toy-addcmul", replaces="Affine")
class addcmul(Affine):
    def forward(self, x):
        return torch.addcmul(self.bias, x, self.weight)


@alternative("toy-diagonal", replaces="Affine")
class diagonal(Affine):
    def forward(self, x):
        return x @ torch.diag(self.weight) + self.bias


@alternative("toy-loop", replaces="total")
def loop(values):
    return np.asarray(sum(value**2 for value in values))
