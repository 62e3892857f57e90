"""Mistakes that are no misconception of the course, each written by several students: clusters must find them."""

import numpy as np

from grader.variants import misconception
from solutions.dot import Array, batched_matmul, dot_shape

right_matmul, right_shape = batched_matmul, dot_shape


@misconception("bias-subtracted/1", replaces="linear")
def less_bias(x: Array, weight: Array, bias: Array) -> Array:
    return x @ weight.T - bias


@misconception("bias-subtracted/2", replaces="linear")
def by_einsum(x: Array, weight: Array, bias: Array) -> Array:
    product = np.einsum("...i,oi->...o", x, weight)
    return product + (-1) * bias


@misconception("bias-subtracted/3", replaces="linear")
def unit_by_unit(x: Array, weight: Array, bias: Array) -> Array:
    columns = []
    for row, shift in zip(weight, bias, strict=True):
        columns.append((x * row).sum(axis=-1) - shift)
    return np.stack(columns, axis=-1)


@misconception("never-negative/1", replaces="linear")
def with_relu(x: Array, weight: Array, bias: Array) -> Array:
    return np.maximum(x @ weight.T + bias, 0)


@misconception("never-negative/2", replaces="linear")
def with_where(x: Array, weight: Array, bias: Array) -> Array:
    z = np.matmul(x, np.transpose(weight)) + bias
    return np.where(z > 0, z, np.zeros_like(z))


@misconception("never-negative/3", replaces="linear")
def with_clip(x: Array, weight: Array, bias: Array) -> Array:
    out = bias + np.einsum("oi,...i->...o", weight, x)
    out[out < 0] = 0
    return out


@misconception("mean-of-products/1", replaces="batched_matmul")
def divided(a: Array, b: Array) -> Array:
    return right_matmul(a, b) / np.asarray(a.shape[-1], dtype=a.dtype)


@misconception("mean-of-products/2", replaces="batched_matmul")
def by_mean(a: Array, b: Array) -> Array:
    total = right_matmul(a, b)
    share = np.ones((), dtype=a.dtype) / a.shape[-1]
    return (total * share).astype(a.dtype)


@misconception("ones-dropped/1", replaces="dot_shape")
def filtered(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in right_shape(a_shape, b_shape) if size != 1)


@misconception("ones-dropped/2", replaces="dot_shape")
def removed(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[int, ...]:
    sizes = list(right_shape(a_shape, b_shape))
    while 1 in sizes:
        sizes.remove(1)
    return tuple(sizes)
