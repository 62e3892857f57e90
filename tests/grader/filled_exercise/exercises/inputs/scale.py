"""Kinds of input for the exercise "scale": `grader draw scale`."""

from grader.inputs import FLOAT32, ORDINARY, call


def scale(draw):
    yield call(ORDINARY, x=draw.array(4), factor=0.5)
    yield call(FLOAT32, x=draw.array(2, 2, dtype="float32"), factor=2.0)
