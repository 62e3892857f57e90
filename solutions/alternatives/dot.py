"""Right versions of exercise dot, written differently. Each must get full marks."""

import functools
import itertools
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from grader.variants import alternative
from solutions.dot import dot


class CallableObject:
    """A function as an object with `__call__`, as a student may build one."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def with_addition(function: Callable[..., Any]) -> Callable[..., Any]:
    return functools.partial(function, add=operator.add)


def check_contracted(a_size: int, b_size: int) -> None:
    if a_size != b_size:
        raise ValueError(f"{a_size} != {b_size}")


@alternative("dot-shape-from-numpy", replaces="dot_shape")
def shape_from_numpy(a_shape, b_shape):
    return np.dot(np.broadcast_to(0.0, a_shape), np.broadcast_to(0.0, b_shape)).shape


@alternative("dot-shape-case-by-case", replaces="dot_shape")
def shape_case_by_case(a_shape, b_shape):
    """A list of NumPy integers, an own exception class."""

    class ShapeMismatch(ValueError):
        pass

    match (len(a_shape), len(b_shape)):
        case (0, _):
            return list(b_shape)
        case (_, 0):
            return list(a_shape)
        case (_, 1):
            inner, rest = b_shape[0], []
        case _:
            inner, rest = b_shape[-2], [*b_shape[:-2], b_shape[-1]]
    if a_shape[-1] != inner:
        raise ShapeMismatch("the inner sizes differ")
    return list(np.array([*a_shape[:-1], *rest], dtype=np.int64))


@alternative("dot-loops", replaces="dot", slow="a loop over rows, columns and the axis that is summed over")
def dot_by_loops(a, b):
    if a.ndim == 0 or b.ndim == 0:
        return np.multiply(a, b)
    if b.ndim == 1:
        check_contracted(a.shape[-1], b.shape[0])
        out = np.zeros(a.shape[:-1], dtype=a.dtype)
        for i in np.ndindex(*a.shape[:-1]):
            for k in range(b.shape[0]):
                out[i] += a[(*i, k)] * b[k]
        return out
    check_contracted(a.shape[-1], b.shape[-2])
    out = np.zeros((*a.shape[:-1], *b.shape[:-2], b.shape[-1]), dtype=a.dtype)
    for i in np.ndindex(*a.shape[:-1]):
        for *j, n in np.ndindex(*b.shape[:-2], b.shape[-1]):
            out[(*i, *j, n)] = sum(a[(*i, k)] * b[(*j, k, n)] for k in range(a.shape[-1]))
    return out


@alternative("dot-sum-of-outer-products", replaces="dot")
def dot_by_outer_products(a, b):
    """One outer product per k."""
    if not a.ndim or not b.ndim:
        return np.multiply.outer(a, b)
    a_first = np.moveaxis(a, -1, 0)
    b_first = b if b.ndim == 1 else np.moveaxis(b, -2, 0)
    check_contracted(len(a_first), len(b_first))
    total = np.multiply.outer(a_first[0], b_first[0])
    for x, y in itertools.islice(zip(a_first, b_first, strict=True), 1, None):
        total = total + np.multiply.outer(x, y)
    return total


@alternative("dot-flattened-with-strides", replaces="dot")
def dot_flattened(a, b):
    """All rows times all columns as two matrices; the result is not contiguous; a warning and a print on the way."""
    print("multiplying", a.shape, b.shape)
    warnings.warn("slow", RuntimeWarning, stacklevel=2)
    if () in (a.shape, b.shape):
        return a * b
    k = a.shape[-1]
    b_axis = -2 if b.ndim >= 2 else -1
    if b.shape[b_axis] != k:
        raise ValueError
    rest = np.delete(np.array(b.shape, dtype=int), b_axis)
    rows = np.asfortranarray(a.reshape(-1, k))
    columns = np.moveaxis(b, b_axis, 0).reshape(k, -1)
    product = np.array([np.multiply(rows, column).sum(axis=1) for column in columns.T])
    return product.T.reshape((*a.shape[:-1], *rest))


@alternative("dot-callable-object", replaces="dot")
@CallableObject
def dot_as_an_object(a, b, axis=-1):
    if min(a.ndim, b.ndim) == 0:
        return a * b
    b_last = b if b.ndim == 1 else b.swapaxes(-1, -2)
    if a.shape[-1] != b_last.shape[-1]:
        raise ValueError("sizes")
    expanded = a[(..., *[None] * (b_last.ndim - 1), slice(None))]
    return np.add.reduce(np.multiply(expanded, b_last), axis=axis)


@alternative("dot-element-by-element", replaces="dot", slow="a loop over rows and columns")
def dot_element_by_element(a, b):
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    columns = b if b.ndim == 1 else np.swapaxes(b, -1, -2)
    check_contracted(a.shape[-1], columns.shape[-1])
    out = np.empty(a.shape[:-1] + columns.shape[:-1], dtype=a.dtype)
    for i in np.ndindex(*a.shape[:-1]):
        for j in np.ndindex(*columns.shape[:-1]):
            out[i + j] = np.sum(a[i] * columns[j])
    return out


@alternative("dot-own-inner-vectorized", replaces="dot", slow="np.vectorize: a loop over rows and columns")
def dot_vectorized(a, b):
    """Every row meets every column in a function of two vectors."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    columns = b if b.ndim == 1 else np.moveaxis(b, -2, -1)
    check_contracted(a.shape[-1], columns.shape[-1])
    rows = np.expand_dims(a, tuple(range(a.ndim - 1, a.ndim + columns.ndim - 2)))
    return np.vectorize(lambda x, y: (x * y).sum(), signature="(k),(k)->()")(rows, columns)


@alternative("dot-row-by-row", replaces="dot")
def dot_row_by_row(a, b):
    """A loop over the rows alone: what is left to NumPy is large enough."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    last = b if b.ndim == 1 else np.swapaxes(b, -1, -2)
    check_contracted(a.shape[-1], last.shape[-1])
    out = np.empty(a.shape[:-1] + last.shape[:-1], dtype=a.dtype)
    for i in np.ndindex(*a.shape[:-1]):
        out[i] = (a[i] * last).sum(axis=-1)
    return out


@alternative("dot-contracted-axis-kept", replaces="dot")
def dot_contracted_axis_kept(a, b):
    """b stays as it lies, a gets its new axes behind k; the sum runs over an axis in the middle."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim == 1:
        check_contracted(a.shape[-1], len(b))
        return np.sum(a * b, axis=-1)
    check_contracted(a.shape[-1], b.shape[-2])
    rows = a.reshape(a.shape[:-1] + (1,) * (b.ndim - 2) + (a.shape[-1], 1))
    return np.sum(rows * b, axis=-2)


@alternative("dot-matmul-vectorized", replaces="batched_matmul", slow="np.vectorize: a loop over the stack")
def matmul_vectorized(a, b):
    if a.ndim * b.ndim == 0:
        raise ValueError("scalars")
    a_matrix, b_matrix = np.atleast_2d(a), b.reshape(-1, 1) if b.ndim == 1 else b
    check_contracted(a_matrix.shape[-1], b_matrix.shape[-2])
    multiply = np.vectorize(
        lambda x, y: sum(np.outer(c, r) for c, r in zip(x.T, y, strict=True)), signature="(m,k),(k,n)->(m,n)"
    )
    out = multiply(a_matrix, b_matrix)
    keep = [slice(None)] * out.ndim
    if a.ndim == 1:
        keep[-2] = 0
    if b.ndim == 1:
        keep[-1] = 0
    return out[tuple(keep)]


@alternative("dot-matmul-in-place", replaces="batched_matmul")
def matmul_in_place(a, b):
    """Outer products added up in an own array; a transposed view comes back."""
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("scalars")
    left = a if a.ndim > 1 else a[None]
    right = b if b.ndim > 1 else b[:, None]
    if left.shape[-1] != right.shape[-2]:
        raise ValueError("sizes")
    stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    out = np.zeros((*stack, right.shape[-1], left.shape[-2]), dtype=np.result_type(a, b))
    for k in range(left.shape[-1]):
        out += left[..., None, :, k] * right[..., k, :, None]
    out = out.swapaxes(-1, -2)
    if b.ndim == 1:
        out = out[..., 0]
    return out[..., 0] if a.ndim == 1 and b.ndim == 1 else out[..., 0, :] if a.ndim == 1 else out


@alternative("dot-matmul-through-dot", replaces="batched_matmul", slow="a loop over the stack")
def matmul_through_own_dot(a, b):
    """Every pair of matrices through the student's own dot, which the exercise allows."""
    if () in (a.shape, b.shape):
        raise ValueError("scalars")
    if a.ndim <= 2 and b.ndim <= 2:
        return dot(a, b)
    left = a.reshape(1, -1) if a.ndim == 1 else a
    right = b.reshape(-1, 1) if b.ndim == 1 else b
    stack = np.broadcast(np.empty(left.shape[:-2]), np.empty(right.shape[:-2])).shape
    left = np.broadcast_to(left, stack + left.shape[-2:]).reshape(-1, *left.shape[-2:])
    right = np.broadcast_to(right, stack + right.shape[-2:]).reshape(-1, *right.shape[-2:])
    out = np.stack([dot(x, y) for x, y in zip(left, right, strict=True)])
    out = out.reshape(stack + out.shape[1:])
    if a.ndim == 1:
        return out.reshape(*stack, out.shape[-1])
    return out.reshape(*stack, out.shape[-2]) if b.ndim == 1 else out


@alternative("dot-matmul-pair-by-pair", replaces="batched_matmul", slow="a loop over the stack")
def matmul_pair_by_pair(a, b):
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("scalars")
    left, right = np.atleast_2d(a), b[:, None] if b.ndim == 1 else b
    check_contracted(left.shape[-1], right.shape[-2])
    stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left = np.broadcast_to(left, stack + left.shape[-2:])
    right = np.broadcast_to(right, stack + right.shape[-2:])
    out = np.empty((*stack, left.shape[-2], right.shape[-1]), dtype=a.dtype)
    for s in np.ndindex(*stack):
        out[s] = (left[s][:, :, None] * right[s]).sum(axis=1)
    if b.ndim == 1:
        out = out[..., 0]
        return out[..., 0] if a.ndim == 1 else out
    return out[..., 0, :] if a.ndim == 1 else out


@alternative("dot-matmul-sum-in-the-middle", replaces="batched_matmul")
def matmul_sum_in_the_middle(a, b):
    """(..., m, k, 1) times (..., 1, k, n)."""
    if not (a.ndim and b.ndim):
        raise ValueError("scalars")
    left = np.expand_dims(a, 0) if a.ndim == 1 else a
    right = np.expand_dims(b, 1) if b.ndim == 1 else b
    check_contracted(left.shape[-1], right.shape[-2])
    out = np.sum(left[..., None] * right[..., None, :, :], axis=-2)
    gone = tuple(axis for axis, array in ((-2, a), (-1, b)) if array.ndim == 1)
    return np.squeeze(out, axis=gone)


@alternative("dot-matmul-rows-then-columns", replaces="batched_matmul")
def matmul_rows_then_columns(a, b):
    """A loop over the rows of the matrices, for all stacks at once, with copies on the way."""
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("scalars")
    left = a[None].copy() if a.ndim == 1 else a.copy()
    right = b[:, None].copy() if b.ndim == 1 else b.copy()
    check_contracted(left.shape[-1], right.shape[-2])
    rows = [(left[..., i, :, None] * right).sum(axis=-2) for i in range(left.shape[-2])]
    out = rows[0] if a.ndim == 1 else np.stack(rows, axis=-2)
    return out[..., 0] if b.ndim == 1 else out


@alternative("dot-linear-einsum", replaces="linear")
def linear_by_einsum(x, weight, bias):
    y = np.einsum("...i,oi->...o", x, weight)
    y += bias
    return y


@alternative("dot-linear-torch", replaces="linear")
def linear_by_torch(x, weight, bias):
    tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in (x, weight, bias)]
    if x.shape[-1] != weight.shape[1]:
        raise ValueError("x does not fit weight")
    return torch.nn.functional.linear(*tensors).numpy()


@alternative("dot-linear-inner-partial", replaces="linear")
@with_addition
def linear_by_inner(x, weight, bias, add):
    return add(np.inner(x, weight), bias)


@alternative("dot-linear-tensordot", replaces="linear")
def linear_by_tensordot(x, weight, bias):
    """The bias as weight's last column, met by a column of ones; a view with a negative stride comes back."""
    ones = np.ones((*x.shape[:-1], 1), dtype=x.dtype)
    extended = np.concatenate([weight, bias[:, None]], axis=1)[::-1]
    return np.tensordot(np.concatenate([x, ones], axis=-1), extended, axes=(-1, 1))[..., ::-1]
