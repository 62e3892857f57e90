"""Wrong versions of scale."""

import numpy as np

from grader.variants import misconception


@misconception("scale-added", replaces="scale", breaks="adds", en="Plus or times?", ko="더하나요, 곱하나요?")
def added(x, factor):
    return x + factor


@misconception("scale-divided", replaces="scale", breaks="divides", en="Larger or smaller?", ko="커지나요, 작아지나요?")
def divided(x, factor):
    return x / factor


@misconception("scale-negated", replaces="scale", breaks="the sign", en="And the sign?", ko="부호는요?")
def negated(x, factor):
    return -(x * factor)


@misconception("scale-twice", replaces="scale", breaks="scales twice", en="How often?", ko="몇 번 곱하나요?")
def twice(x, factor):
    return x * factor * factor


@misconception(
    "scale-ignored", replaces="scale", breaks="no factor", en="What is factor for?", ko="factor는 어디에 쓰나요?"
)
def ignored(x, factor):
    return x.copy()


@misconception("scale-swapped", replaces="scale", breaks="divides by x", en="By what?", ko="무엇으로 나누나요?")
def swapped(x, factor):
    return factor / x


@misconception(
    "scale-rounded", replaces="scale", breaks="rounds", en="Where are the digits?", ko="소수는 어디로 갔나요?"
)
def rounded(x, factor):
    return np.round(x * factor)


@misconception("scale-in-place", replaces="scale", breaks="writes to x", en="Whose x is it?", ko="x는 누구의 것인가요?")
def in_place(x, factor):
    x *= factor
    return x
