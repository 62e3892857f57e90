"""Kinds of input for the toy."""

import torch

from grader.inputs import FLOAT32, NOT_CONTIGUOUS, ORDINARY, Kind, build, call

SCALAR = Kind("scalar", "a scalar", "스칼라", raises=ValueError)


def center(draw):
    yield call(ORDINARY, x=draw.tensor(2, 3), dim=1)
    yield call(NOT_CONTIGUOUS, x=draw.strided(2, 3), dim=0)
    yield call(SCALAR, x=torch.tensor(1.0), dim=0)


def total(draw):
    yield call(ORDINARY, values=draw.array(4))


def Affine(draw):
    yield build(FLOAT32, width=2).on(x=draw.tensor(3, 2, dtype="float32"))
