"""np.dot, np.matmul and a linear layer, out of broadcasting and one sum.

Which axis meets which, and what stays of the shapes: all that follows, up to the Vision Transformer, stands on this.
The guide: exercises/guide/en/dot.md, in Korean exercises/guide/ko/dot.md.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]


def dot_shape(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of np.dot(a, b), from the shapes of a and b alone.

    a_shape, b_shape: tuples of 0 to 4 sizes, each at least 1. Returns a tuple of sizes.

    - One of them is (): the other's shape.
    - b has one axis: a's last axis is contracted with it. What is left is a's shape without its last axis.
    - b has more: a's last axis is contracted with b's second to last. What is left is a's shape without its last axis,
      followed by b's shape without its second to last. The stacks of a and b are not paired: every one meets every one.

    ValueError: the two contracted axes differ in size, also where one of the sizes is 1.
    Source: the documentation of numpy.dot. Nothing is forbidden here.
    """
    # BEGIN SOLUTION
    if not a_shape or not b_shape:
        return a_shape + b_shape
    contracted = max(len(b_shape) - 2, 0)  # b's second to last axis, or its only one
    if a_shape[-1] != b_shape[contracted]:
        raise ValueError(f"{a_shape} and {b_shape}: {a_shape[-1]} against {b_shape[contracted]}")
    return a_shape[:-1] + b_shape[:contracted] + b_shape[contracted + 1 :]
    # END SOLUTION


def dot(a: Array, b: Array) -> Array:
    """What np.dot(a, b) gives, by broadcasting and a sum.

    a, b: arrays with 0 to 4 axes, both float32 or both float64, contiguous or not; they stay as they are.
    Returns an array of that dtype. Its shape is `dot_shape(a.shape, b.shape)`; without axes it may be a NumPy scalar.

    - One of them has no axes: a * b.
    - b has one axis: out[i...] = Σ_k a[i..., k] · b[k].
    - b has more: out[i..., j..., n] = Σ_k a[i..., k] · b[j..., k, n].

    ValueError: the two contracted axes (the k of a and of b) differ in size, also where one of the sizes is 1.
    Forbidden in this function: np.dot and the method .dot, np.matmul and @, np.einsum, np.tensordot, np.inner, np.vdot,
    np.vecdot, np.matvec, np.vecmat, their kin in np.linalg (matmul, vecdot, tensordot, multi_dot), and torch.
    Source: the documentation of numpy.dot.
    """
    # BEGIN SOLUTION
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    columns = np.moveaxis(b, max(b.ndim - 2, 0), -1)  # (j..., n, k)
    if a.shape[-1] != columns.shape[-1]:
        raise ValueError(f"{a.shape} and {b.shape}: {a.shape[-1]} against {columns.shape[-1]}")
    rows = a.reshape(*a.shape[:-1], *(1,) * (columns.ndim - 1), a.shape[-1])  # (i..., 1, ..., 1, k)
    return (rows * columns).sum(axis=-1)
    # END SOLUTION


def batched_matmul(a: Array, b: Array) -> Array:
    """What np.matmul(a, b) gives, by broadcasting and a sum: the last two axes are matrices, those before are stacks.

    a (..., m, k), b (..., k, n): arrays with 1 to 4 axes, both float32 or both float64, contiguous or not; they stay as
    they are. Returns (..., m, n) of that dtype: out[s..., i, j] = Σ_k a[s..., i, k] · b[s..., k, j].

    - The axes before the last two are broadcast against each other, as in a + b: the stacks are paired.
    - If a has one axis, it counts as one row (1, k), and the result has no axis m. If b has one axis, it counts as one
      column (k, 1), and the result has no axis n. With two vectors the result may be a NumPy scalar.

    ValueError: a or b has no axes; the two sizes k differ, also where one of them is 1; the stacks do not broadcast.
    Forbidden in this function: what is forbidden in `dot`. Calling your own `dot` is allowed.
    Source: the documentation of numpy.matmul.
    """
    # BEGIN SOLUTION
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError(f"{a.shape} and {b.shape}: matmul takes no scalars")
    rows = a[np.newaxis, :] if a.ndim == 1 else a  # (..., m, k)
    columns = np.swapaxes(b[:, np.newaxis] if b.ndim == 1 else b, -1, -2)  # (..., n, k)
    if rows.shape[-1] != columns.shape[-1]:
        raise ValueError(f"{a.shape} and {b.shape}: {rows.shape[-1]} against {columns.shape[-1]}")
    product = (rows[..., :, np.newaxis, :] * columns[..., np.newaxis, :, :]).sum(axis=-1)  # (..., m, n)
    if a.ndim == 1:
        product = product.squeeze(axis=-2)
    if b.ndim == 1:
        product = product.squeeze(axis=-1)
    return product
    # END SOLUTION


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """A linear layer, y = x Wᵀ + b, for any number of axes before the last.

    x (..., in) with 1 to 4 axes, weight (out, in), bias (out,): all float32 or all float64, contiguous or not; they
    stay as they are. Returns (..., out) of that dtype.

    ValueError: x's last axis is not of size `in` (asked only where both are greater than 1).
    Nothing is forbidden here. Source: torch.nn.functional.linear, whose weight is (out, in) too.
    """
    # BEGIN SOLUTION
    return x @ weight.T + bias
    # END SOLUTION
