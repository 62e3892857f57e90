"""Hidden graders of exercise dot. Sizes differ wherever an exchange of two axes must show."""

import itertools

import numpy as np

from grader.checks import assert_close, assert_raises, assert_unchanged, check, require

VECTORS_AND_MATRICES = [
    ((5,), (5,)),
    ((3, 5), (5,)),
    ((5,), (5, 4)),
    ((3, 5), (5, 4)),
    ((3, 5), (5, 5)),
    ((4, 4), (4, 4)),
    ((4, 4), (4,)),
    ((4,), (4, 4)),
]
WITH_STACKS = [
    ((2, 3, 5), (5,)),
    ((7, 2, 3, 5), (5,)),
    ((2, 3, 5), (5, 4)),
    ((7, 2, 3, 5), (5, 4)),
    ((5,), (2, 5, 4)),
    ((2, 3, 5), (2, 5, 4)),
    ((3, 5), (2, 5, 4)),
    ((5,), (6, 2, 5, 4)),
    ((3, 5), (6, 2, 5, 4)),
    ((2, 3, 5), (7, 5, 4)),
    ((2, 3, 5), (6, 7, 5, 4)),
    ((2, 7, 3, 5), (6, 5, 4)),
    ((2, 7, 3, 5), (2, 7, 5, 4)),
    ((3, 3, 3), (3, 3, 3)),
]
SIZES_OF_ONE = [
    ((1,), (1,)),
    ((1, 1), (1, 1)),
    ((3, 1), (1, 4)),
    ((1, 5), (5, 1)),
    ((2, 1, 5), (5,)),
    ((1, 1, 5), (5, 1)),
]
MISFITS = [
    ((3,), (4,)),
    ((3,), (6,)),
    ((6,), (3,)),
    ((3, 4), (3,)),
    ((4,), (3, 4)),
    ((2, 3), (2, 3)),
    ((3, 4), (3, 5)),
    ((2, 6), (3, 4)),
    ((2, 3, 4), (2, 5, 4)),
    ((2, 3, 4), (4, 5, 3)),
    ((2, 3), (1, 3, 2, 4)),
]
MISFITS_OF_ONE = [((4,), (1,)), ((1,), (4,)), ((3, 1), (4, 5)), ((3, 4), (1, 5)), ((2, 3, 1), (4,)), ((1,), (2, 4, 3))]


def assert_same_shapes(student, reference, shapes):
    for a_shape, b_shape in shapes:
        expected = reference.dot_shape(a_shape, b_shape)
        assert_close(student.dot_shape(a_shape, b_shape), expected, "dot_shape({a}, {b})", a=a_shape, b=b_shape)


def assert_same_products(name, student, reference, draw, shapes):
    for a_shape, b_shape in shapes:
        a, b = draw.array(*a_shape), draw.array(*b_shape)
        answer = getattr(student, name)(a, b)
        assert_close(answer, getattr(reference, name)(a, b), "{name} of {a} and {b}", name=name, a=a_shape, b=b_shape)


def assert_refused(function, draw, shapes):
    for a_shape, b_shape in shapes:
        assert_raises(ValueError, function, draw.array(*a_shape), draw.array(*b_shape))


def require_float32(answer):
    require(
        isinstance(answer, np.ndarray | np.generic) and answer.dtype == np.float32,
        en="The inputs are float32; the result is not a float32 array.",
        ko="입력은 float32인데 결과가 float32 배열이 아니에요.",
    )


@check(points=1, ko="dot_shape는 벡터와 행렬에 대해 np.dot의 shape을 알려 줘요.")
def test_dot_shape(student, reference):
    """dot_shape gives np.dot's shape for vectors and matrices."""
    assert_same_shapes(student, reference, VECTORS_AND_MATRICES + SIZES_OF_ONE[:4])


@check(points=1, ko="dot_shape는 축이 없는 것부터 네 개인 것까지 np.dot의 shape을 알려 줘요.")
def test_dot_shape_any_rank(student, reference):
    """dot_shape gives np.dot's shape for every pair of ranks from 0 to 4."""
    a_shapes = [(7,), (5, 7), (3, 5, 7), (2, 3, 5, 7), ()]
    b_shapes = [(7,), (7, 8), (6, 7, 8), (4, 6, 7, 8), ()]
    assert_same_shapes(student, reference, [*WITH_STACKS, *SIZES_OF_ONE, *itertools.product(a_shapes, b_shapes)])


@check(points=0.5, needs="test_dot_shape", ko="dot_shape는 축약되는 크기가 다르면 ValueError를 일으켜요.")
def test_dot_shape_refuses(student):
    """dot_shape raises ValueError when the contracted sizes differ."""
    for a_shape, b_shape in MISFITS + MISFITS_OF_ONE:
        assert_raises(ValueError, student.dot_shape, a_shape, b_shape)


@check(points=1.5, ko="dot은 벡터와 행렬을 곱해요.")
def test_dot_vectors_and_matrices(student, reference, draw):
    """dot multiplies vectors and matrices."""
    assert_same_products("dot", student, reference, draw, VECTORS_AND_MATRICES)


@check(points=1, ko="dot은 축이 없는 배열도 받아서 모든 원소에 곱해요.")
def test_dot_scalars(student, reference, draw):
    """dot takes an array without axes and multiplies every element by it."""
    shapes = [(), (3,), (3, 4), (2, 3, 4), (5, 2, 3, 4)]
    pairs = [((), shape) for shape in shapes] + [(shape, ()) for shape in shapes]
    assert_same_products("dot", student, reference, draw, pairs)


@check(points=1.5, ko="dot은 스택을 np.dot의 규칙으로 곱해요.")
def test_dot_stacks(student, reference, draw):
    """dot multiplies stacks by np.dot's rule."""
    assert_same_products("dot", student, reference, draw, WITH_STACKS)


@check(points=0.5, ko="dot은 크기가 1인 축을 그대로 남겨요.")
def test_dot_sizes_of_one(student, reference, draw):
    """dot keeps axes of size 1."""
    assert_same_products("dot", student, reference, draw, SIZES_OF_ONE)


@check(
    points=1,
    needs="test_dot_vectors_and_matrices",
    ko="dot은 축약되는 크기가 다르면 ValueError를 일으켜요.",
)
def test_dot_refuses(student, draw):
    """dot raises ValueError when the contracted sizes differ."""
    assert_refused(student.dot, draw, MISFITS + MISFITS_OF_ONE)


@check(points=0.5, ko="dot은 float32를 받으면 float32를 돌려줘요.")
def test_dot_float32(student, reference, draw):
    """dot gives float32 for float32."""
    for a_shape, b_shape in [((3, 5), (5, 4)), ((3, 5), (5,)), ((2, 3, 5), (5, 4)), ((5,), (5, 4))]:
        a, b = draw.array(*a_shape, dtype="float32"), draw.array(*b_shape, dtype="float32")
        assert_close(student.dot(a, b), reference.dot(a, b), "dot of {a} and {b}", a=a_shape, b=b_shape)
    for a_shape, b_shape in [((2, 3, 5), (6, 5, 4)), ((2, 3), ()), ((), (2, 3))]:
        require_float32(student.dot(draw.array(*a_shape, dtype="float32"), draw.array(*b_shape, dtype="float32")))
    answer = student.dot(draw.array(5, dtype="float32"), draw.array(5, dtype="float32"))
    if type(answer) is not float:  # a plain Python number has no dtype to lose
        require_float32(answer)


@check(points=0.5, ko="dot은 메모리에 띄엄띄엄 놓인 배열도 받아요.")
def test_dot_strides(student, reference, draw):
    """dot takes arrays that are not contiguous."""
    for a, b in [
        (draw.strided_array(3, 5), draw.strided_array(5, 4)),
        (draw.array(5, 3).T, draw.array(4, 5).T),
        (draw.strided_array(2, 3, 5), draw.strided_array(5)),
        (draw.array(5, 3, 2).T, draw.array(5)),
    ]:
        assert_close(student.dot(a, b), reference.dot(a, b))


@check(points=1.5, ko="batched_matmul은 행렬을, 그리고 크기가 같은 스택끼리 곱해요.")
def test_batched_matmul(student, reference, draw):
    """batched_matmul multiplies matrices, and stacks of the same size."""
    shapes = [
        ((3, 5), (5, 4)),
        ((2, 3, 5), (2, 5, 4)),
        ((7, 2, 3, 5), (7, 2, 5, 4)),
        ((4, 4), (4, 4)),
        ((3, 3, 3), (3, 3, 3)),
    ]
    assert_same_products("batched_matmul", student, reference, draw, shapes)


@check(points=1, ko="batched_matmul은 스택 축끼리 브로드캐스팅해요.")
def test_batched_matmul_broadcasts(student, reference, draw):
    """batched_matmul broadcasts the stacks against each other."""
    shapes = [
        ((3, 5), (2, 5, 4)),
        ((2, 3, 5), (5, 4)),
        ((1, 3, 5), (2, 5, 4)),
        ((2, 3, 5), (1, 5, 4)),
        ((3, 5), (7, 2, 5, 4)),
        ((7, 2, 3, 5), (5, 4)),
        ((2, 3, 5), (7, 2, 5, 4)),
        ((7, 2, 3, 5), (2, 5, 4)),
        ((7, 1, 3, 5), (2, 5, 4)),
        ((7, 1, 3, 5), (1, 2, 5, 4)),
        ((1, 2, 3, 5), (7, 1, 5, 4)),
    ]
    assert_same_products("batched_matmul", student, reference, draw, shapes)


@check(points=1.5, ko="batched_matmul은 벡터를 받으면 덧붙인 축을 결과에 남기지 않아요.")
def test_batched_matmul_vectors(student, reference, draw):
    """batched_matmul takes vectors, without the axes that they lack."""
    shapes = [
        *[shapes for shapes in VECTORS_AND_MATRICES if (5,) in shapes or (4,) in shapes],
        ((2, 3, 5), (5,)),
        ((5,), (2, 5, 4)),
        ((7, 2, 3, 5), (5,)),
        ((5,), (7, 2, 5, 4)),
        ((5, 5, 5), (5,)),
        ((5,), (5, 5, 5)),
    ]
    assert_same_products("batched_matmul", student, reference, draw, shapes)


@check(
    points=1,
    needs="test_batched_matmul",
    ko="batched_matmul은 축이 없는 배열과 서로 맞지 않는 크기에 ValueError를 일으켜요.",
)
def test_batched_matmul_refuses(student, draw):
    """batched_matmul raises ValueError for arrays without axes and for sizes that do not fit."""
    without_axes = [((), ()), ((), (3,)), ((3, 4), ()), ((), (2, 3, 4))]
    stacks = [((2, 3, 5), (4, 5, 6)), ((7, 2, 3, 5), (3, 5, 4)), ((2, 7, 3, 5), (7, 2, 5, 4))]
    assert_refused(student.batched_matmul, draw, without_axes + MISFITS + MISFITS_OF_ONE + stacks)


@check(points=0.5, ko="batched_matmul은 크기가 1인 축을 그대로 남겨요.")
def test_batched_matmul_sizes_of_one(student, reference, draw):
    """batched_matmul keeps axes of size 1."""
    stacks = [((1, 3, 1), (1, 1, 4)), ((1, 1, 5), (1, 5, 1)), ((1, 1, 5), (5,)), ((5,), (1, 5, 1)), ((1,), (2, 1, 1))]
    assert_same_products("batched_matmul", student, reference, draw, SIZES_OF_ONE + stacks)


@check(
    points=0.5,
    ko="batched_matmul은 float32를 받으면 float32를 돌려주고, 메모리에 띄엄띄엄 놓인 배열도 받아요.",
)
def test_batched_matmul_dtype_and_strides(student, reference, draw):
    """batched_matmul gives float32 for float32, and takes arrays that are not contiguous."""
    single = "float32"
    for a, b in [
        (draw.array(3, 5, dtype=single), draw.array(5, 4, dtype=single)),
        (draw.array(2, 3, 5, dtype=single), draw.array(2, 5, 4, dtype=single)),
        (draw.array(3, 5, dtype=single), draw.array(5, dtype=single)),
        (draw.strided_array(3, 5), draw.strided_array(5, 4)),
        (draw.strided_array(2, 3, 5), draw.strided_array(2, 5, 4)),
        (draw.array(5, 3, 2).T, draw.array(4, 5, 2).T),
    ]:
        assert_close(student.batched_matmul(a, b), reference.batched_matmul(a, b))


@check(points=1.5, ko="linear는 행렬 x에 대해 x Wᵀ + b를 계산해요.")
def test_linear(student, reference, draw):
    """linear gives x Wᵀ + b for a matrix x."""
    for rows, inputs, outputs in [(3, 5, 4), (4, 4, 4), (5, 3, 5)]:
        x, weight, bias = draw.array(rows, inputs), draw.array(outputs, inputs), draw.array(outputs)
        assert_close(student.linear(x, weight, bias), reference.linear(x, weight, bias))


@check(points=1, ko="linear의 x는 앞쪽에 축이 몇 개든 올 수 있어요.")
def test_linear_any_rank(student, reference, draw):
    """linear takes any number of axes in front of x's last."""
    for x_shape in [(5,), (2, 3, 5), (7, 2, 3, 5), (4, 4, 5)]:
        x, weight, bias = draw.array(*x_shape), draw.array(4, 5), draw.array(4)
        assert_close(student.linear(x, weight, bias), reference.linear(x, weight, bias), "linear of x {x}", x=x_shape)


@check(points=0.5, needs="test_linear", ko="linear는 x의 마지막 축이 weight와 맞지 않으면 ValueError를 일으켜요.")
def test_linear_refuses(student, draw):
    """linear raises ValueError when x's last axis does not fit weight."""
    for x_shape in [(3, 6), (3, 4), (6,), (3, 10), (2, 5, 6)]:
        assert_raises(ValueError, student.linear, draw.array(*x_shape), draw.array(4, 5), draw.array(4))


@check(points=0.5, ko="linear는 float32, 크기가 1인 축, 메모리에 띄엄띄엄 놓인 배열도 제대로 다뤄요.")
def test_linear_dtype_sizes_and_strides(student, reference, draw):
    """linear handles float32, axes of size 1, and arrays that are not contiguous."""
    single = "float32"
    for x, weight, bias in [
        (draw.array(3, 5, dtype=single), draw.array(4, 5, dtype=single), draw.array(4, dtype=single)),
        (draw.array(1, 5), draw.array(4, 5), draw.array(4)),
        (draw.array(3, 1), draw.array(4, 1), draw.array(4)),
        (draw.array(3, 5), draw.array(1, 5), draw.array(1)),
        (draw.strided_array(3, 5), draw.strided_array(4, 5), draw.strided_array(4)),
        (draw.array(5, 3).T, draw.array(5, 4).T, draw.array(4)),
    ]:
        assert_close(student.linear(x, weight, bias), reference.linear(x, weight, bias))


@check(
    points=0.5,
    needs=("test_dot_vectors_and_matrices", "test_batched_matmul", "test_linear"),
    ko="dot, batched_matmul, linear는 입력을 바꾸지 않아요.",
)
def test_inputs_unchanged(student, draw):
    """dot, batched_matmul and linear leave their inputs as they were."""
    for a_shape, b_shape in [((5,), (5,)), ((3, 5), (5,)), ((5,), (5, 4)), ((4, 4), (4, 4)), ((2, 3, 5), (2, 5, 4))]:
        student.dot(draw.array(*a_shape), draw.array(*b_shape))
        student.batched_matmul(draw.array(*a_shape), draw.array(*b_shape))
    student.dot(draw.array(3, 4), draw.array())
    student.dot(draw.array(), draw.array(3, 4))
    student.linear(draw.array(3, 5), draw.array(4, 5), draw.array(4))
    student.linear(draw.array(4), draw.array(4, 4), draw.array(4))
    student.linear(draw.array(2, 3, 5), draw.array(4, 5), draw.array(4))
    assert_unchanged(student)


@check(
    points=0.5,
    needs="test_dot_vectors_and_matrices",
    ko="큰 행렬에서도 dot이 기준 풀이보다 많이 느리지 않아요.",
)
def test_dot_speed(race, draw):
    """On large matrices dot is not much slower than the reference."""
    race(
        "dot",
        lambda rows, inner, columns: (draw.array(rows, inner), draw.array(inner, columns)),
        flops=2 * 256 * 32 * 256,
        rows=256,
        inner=32,
        columns=256,
    )


@check(
    points=0.5,
    needs=("test_batched_matmul", "test_batched_matmul_broadcasts"),
    ko="스택이 커도 batched_matmul이 기준 풀이보다 많이 느리지 않아요.",
)
def test_batched_matmul_speed(race, draw):
    """On large stacks batched_matmul is not much slower than the reference."""
    # Every matrix of one stack meets every one of the other: many small products out of few bytes.
    race(
        "batched_matmul",
        lambda batch, inner: (draw.array(batch, 1, 4, inner), draw.array(batch, inner, 1)),
        flops=2 * 144 * 144 * 4 * 16,
        batch=144,
        inner=16,
    )
