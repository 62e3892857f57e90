"""Attacks on the grader through `dot`: NumPy arrays that are not what they seem."""

import os
import sys

import numpy as np

from grader.variants import hostile


@hostile("hostile-array-subclass", replaces="linear", verdict="failed")
def array_subclass(x, weight, bias):
    class EqualsAll(np.ndarray):
        shape = property(lambda self: (x @ weight.T).shape)
        dtype = property(lambda self: x.dtype)

        def __array_ufunc__(self, *args, **kwargs):
            return True

        def __array_function__(self, *args, **kwargs):
            return True

        def __array_finalize__(self, other):
            pass

    return np.zeros(3).view(EqualsAll)


@hostile("hostile-masked-array", replaces="linear", verdict="failed")
def masked_array(x, weight, bias):
    """Whatever it is compared with is masked: neither equal nor different."""
    answer = x @ weight.T + bias
    return np.ma.masked_array(np.full_like(answer, 7.0), mask=np.ones_like(answer, dtype=bool))


@hostile("hostile-matrix", replaces="linear", verdict="failed")
def matrix(x, weight, bias):
    return np.asmatrix(np.ones((2, 2)))


@hostile("hostile-object-array", replaces="linear", verdict="failed")
def object_array(x, weight, bias):
    class Equal:
        def __eq__(self, other):
            return True

        def __reduce__(self):
            return os._exit, (0,)

        __hash__ = None

    return np.full((x @ weight.T).shape, Equal(), dtype=object)


@hostile("hostile-structured-array", replaces="linear", verdict="failed")
def structured_array(x, weight, bias):
    return np.zeros((x @ weight.T).shape, dtype=[("value", "f8"), ("points", "i8")])


@hostile("hostile-array-interface", replaces="linear", verdict="failed")
def array_interface(x, weight, bias):
    """An object that says where in memory its numbers are: at address 1."""

    class Anywhere:
        __array_interface__ = {"shape": (2**20,), "typestr": "<f8", "data": (1, False), "version": 3}
        __array_struct__ = property(lambda self: os._exit(0))

    return Anywhere()


@hostile("hostile-array-of-a-terabyte", replaces="linear", verdict="failed")
def array_of_a_terabyte(x, weight, bias):
    return np.lib.stride_tricks.as_strided(x, (10**6, 10**6), (0, 0))


@hostile("hostile-array-over-foreign-memory", replaces="linear", verdict="crashed")
def array_over_foreign_memory(x, weight, bias):
    """A view that reaches far over the end of its own memory."""
    return np.lib.stride_tricks.as_strided(x, (2, 1000), (2**44, 8))


@hostile("hostile-text-array", replaces="linear", verdict="failed")
def text_array(x, weight, bias):
    return np.array(["\x1b[2J", "\ud800"])


@hostile("hostile-patches-numpy", replaces="linear", verdict="failed")
def patches_numpy(x, weight, bias):
    np.allclose = np.array_equal = lambda *args, **kwargs: True
    np.testing.assert_allclose = lambda *args, **kwargs: None
    np.random.default_rng = np.random.seed
    return np.zeros_like(x @ weight.T)


@hostile("hostile-raises-in-floating-point", replaces="linear", verdict="error")
def raises_in_floating_point(x, weight, bias):
    np.seterr(all="raise")
    sys.setrecursionlimit(60)
    return np.float64(1) / np.zeros(1)
