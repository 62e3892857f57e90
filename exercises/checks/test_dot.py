"""Visible checks of exercise dot. Each puts small numbers in; change them and look at what comes out."""

import numpy as np

from grader.checks import assert_close, assert_raises, check


def count(*shape, start=1.0):
    """start, start + 1, start + 2, … in this shape."""
    return np.arange(start, start + np.prod(shape)).reshape(shape)


@check(points=1, ko="dot_shape는 np.dot이 줄 shape을 알려 줘요.")
def test_dot_shape(student, reference):
    """dot_shape tells the shape that np.dot gives."""
    for a_shape, b_shape in [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((2, 3), (3, 4)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (6, 7, 4, 5)),
        ((), (2, 3)),
        ((2, 3), ()),
    ]:
        expected = reference.dot_shape(a_shape, b_shape)
        assert_close(student.dot_shape(a_shape, b_shape), expected, "dot_shape({a}, {b})", a=a_shape, b=b_shape)


@check(points=1, needs="test_dot_shape", ko="dot_shape는 서로 맞지 않는 shape에 ValueError를 일으켜요.")
def test_dot_shape_refuses(student):
    """dot_shape raises ValueError for shapes that do not fit."""
    for a_shape, b_shape in [((3,), (4,)), ((2, 3), (2, 3)), ((3, 1), (4, 5)), ((2, 4), (1, 3))]:
        assert_raises(ValueError, student.dot_shape, a_shape, b_shape)


@check(points=1, ko="dot은 벡터와 행렬을 곱하고, 축이 없는 배열은 모든 원소에 곱해요.")
def test_dot(student, reference):
    """dot multiplies vectors and matrices, and every element by an array without axes."""
    for a, b in [
        (count(3), count(3, start=4.0)),
        (count(2, 3), count(3, 4, start=-5.0)),
        (count(2, 2), count(2, 2, start=5.0)),
        (count(2, 3), count(3, start=7.0)),
        (count(2, 3), np.array(10.0)),
        (np.array(0.5), np.array(8.0)),
    ]:
        assert_close(student.dot(a, b), reference.dot(a, b), "dot of {a} and {b}", a=a.shape, b=b.shape)


@check(points=1, ko="dot에서는 a의 모든 행렬이 b의 모든 행렬과 만나요.")
def test_dot_stacks(student, reference):
    """Under dot every matrix of a meets every matrix of b."""
    for a, b in [
        (count(3, 2, 3), count(3, 3, 2, start=-8.0)),
        (count(2, 2, 2), count(2, 2, 2, start=9.0)),
        (count(2, 3), count(2, 3, 2)),
        (count(3), count(2, 1, 3, 2)),
    ]:
        assert_close(student.dot(a, b), reference.dot(a, b), "dot of {a} and {b}", a=a.shape, b=b.shape)


@check(points=1, needs="test_dot", ko="dot은 크기가 맞지 않는 축을 더해서 없애지 않고 ValueError를 일으켜요.")
def test_dot_refuses(student):
    """dot does not sum over axes that do not fit: it raises ValueError."""
    for a_shape, b_shape in [((3,), (4,)), ((2, 3), (2, 3)), ((3, 1), (4, 5)), ((2, 4), (1, 3)), ((3,), (1,))]:
        assert_raises(ValueError, student.dot, count(*a_shape), count(*b_shape))


@check(points=1, ko="batched_matmul에서는 스택의 행렬끼리 짝을 이루고, 하나뿐인 행렬은 여러 번 쓰여요.")
def test_batched_matmul(student, reference):
    """Under batched_matmul the matrices of the stacks are paired, and a single one is used again."""
    for a, b in [
        (count(2, 3), count(3, 4, start=-5.0)),
        (count(2, 1, 3), count(2, 3, 2, start=-4.0)),
        (count(2, 2, 2), count(2, 2, 2, start=9.0)),
        (count(1, 2, 3), count(2, 3, 2)),
        (count(2, 3), count(2, 3, 2)),
        (count(2, 3).astype(np.float32), count(3, 2).astype(np.float32)),
    ]:
        answer = student.batched_matmul(a, b)
        assert_close(answer, reference.batched_matmul(a, b), "batched_matmul of {a} and {b}", a=a.shape, b=b.shape)


@check(points=1, ko="batched_matmul은 왼쪽 벡터를 행 하나로, 오른쪽 벡터를 열 하나로 봐요.")
def test_batched_matmul_vectors(student, reference):
    """batched_matmul takes a vector on the left for a row, and one on the right for a column."""
    for a, b in [
        (count(3), count(3, start=4.0)),
        (count(2, 3), count(3)),
        (count(3), count(3, 2)),
        (count(2, 1, 3), count(3)),
        (count(3), count(2, 3, 2)),
    ]:
        answer = student.batched_matmul(a, b)
        assert_close(answer, reference.batched_matmul(a, b), "batched_matmul of {a} and {b}", a=a.shape, b=b.shape)


@check(
    points=1,
    needs="test_batched_matmul",
    ko="batched_matmul은 축이 없는 배열과 서로 맞지 않는 shape에 ValueError를 일으켜요.",
)
def test_batched_matmul_refuses(student):
    """batched_matmul raises ValueError for an array without axes and for shapes that do not fit."""
    for a_shape, b_shape in [((), (2, 3)), ((2, 3), (2, 3)), ((3, 1), (4, 5)), ((2, 1, 3), (4, 3, 2))]:
        assert_raises(ValueError, student.batched_matmul, count(*a_shape), count(*b_shape))


@check(points=1, ko="linear는 weight의 shape이 (out, in)일 때 x Wᵀ + b를 계산해요.")
def test_linear(student, reference):
    """linear gives x Wᵀ + b, with weight of shape (out, in)."""
    for x, weight, bias in [
        (count(3), count(2, 3), np.array([10.0, 20.0])),
        (count(2, 3), count(2, 3), np.array([10.0, 20.0])),
        (count(2, 2), count(2, 2, start=5.0), np.array([10.0, 20.0])),
        (count(2, 1, 3), count(4, 3), count(4)),
    ]:
        expected = reference.linear(x, weight, bias)
        assert_close(
            student.linear(x, weight, bias),
            expected,
            "linear of x {x} and weight {weight}",
            x=x.shape,
            weight=weight.shape,
        )


@check(points=1, ko="dot과 linear에 float32가 들어가면 float32가 나와요.")
def test_float32(student, reference):
    """dot and linear: float32 in, float32 out."""
    x, weight, bias = (count(*shape).astype(np.float32) for shape in [(2, 3), (4, 3), (4,)])
    assert_close(student.dot(x, weight.T), reference.dot(x, weight.T), "dot")
    assert_close(student.linear(x, weight, bias), reference.linear(x, weight, bias), "linear")
