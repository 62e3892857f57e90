"""Kinds of input for the exercise "dot": `grader draw dot`."""

from grader.inputs import EXTREME, FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, call

MATRICES = Kind("matrices", "two matrices", "행렬 두 개")
VECTORS = Kind("vectors", "two vectors", "벡터 두 개")
SCALAR = Kind("scalar", "one side without axes", "한쪽에 축이 없는 경우")
MATRIX_VECTOR = Kind("matrix-vector", "a stack and a vector", "행렬 묶음과 벡터")
VECTOR_STACK = Kind("vector-stack", "a vector and a stack", "벡터와 행렬 묶음")
STACKS = Kind("stacks", "two stacks of matrices, of different ranks", "랭크가 다른 행렬 묶음 두 개")
BROADCAST = Kind("broadcast", "stacks that are broadcast against each other", "서로 브로드캐스팅되는 행렬 묶음")
MISMATCH = Kind(
    "mismatch", "contracted axes of different sizes", "곱해서 더할 축의 크기가 다른 경우", raises=ValueError
)
SIZE_ONE_MISMATCH = Kind("size-one-mismatch", "1 against another size", "크기 1과 다른 크기", raises=ValueError)


def dot_shape(draw):
    yield call(MATRICES, a_shape=(2, 3), b_shape=(3, 4))
    yield call(VECTORS, a_shape=(3,), b_shape=(3,))
    yield call(SCALAR, a_shape=(), b_shape=(2, 3))
    yield call(MATRIX_VECTOR, a_shape=(5, 2, 3), b_shape=(3,))
    yield call(STACKS, a_shape=(2, 3), b_shape=(5, 3, 4))
    yield call(SIZE_ONE, a_shape=(1, 1), b_shape=(1, 4))
    yield call(MISMATCH, a_shape=(2, 3), b_shape=(4, 3))
    yield call(SIZE_ONE_MISMATCH, a_shape=(2, 1), b_shape=(3, 4))


def dot(draw):
    yield call(MATRICES, a=draw.array(2, 3), b=draw.array(3, 2))
    yield call(VECTORS, a=draw.array(3), b=draw.array(3))
    yield call(SCALAR, a=draw.array(), b=draw.array(2, 2))
    yield call(MATRIX_VECTOR, a=draw.array(2, 2, 3), b=draw.array(3))
    yield call(VECTOR_STACK, a=draw.array(3), b=draw.array(2, 3, 2))
    yield call(STACKS, a=draw.array(2, 2), b=draw.array(3, 2, 1))
    yield call(FLOAT32, a=draw.array(2, 3, dtype="float32"), b=draw.array(3, 2, dtype="float32"))
    yield call(NOT_CONTIGUOUS, a=draw.strided_array(2, 3), b=draw.strided_array(3, 2))
    yield call(SIZE_ONE, a=draw.array(1, 1), b=draw.array(1, 3))
    yield call(EXTREME, a=1e6 * draw.array(2, 2), b=1e6 * draw.array(2))
    yield call(MISMATCH, a=draw.array(2, 3), b=draw.array(2, 3))
    yield call(SIZE_ONE_MISMATCH, a=draw.array(2, 3), b=draw.array(1))


def batched_matmul(draw):
    yield call(MATRICES, a=draw.array(2, 3), b=draw.array(3, 2))
    yield call(VECTORS, a=draw.array(3), b=draw.array(3))
    yield call(MATRIX_VECTOR, a=draw.array(2, 2, 3), b=draw.array(3))
    yield call(VECTOR_STACK, a=draw.array(3), b=draw.array(2, 3, 2))
    yield call(ORDINARY, a=draw.array(2, 2, 3), b=draw.array(2, 3, 2))
    yield call(BROADCAST, a=draw.array(2, 1, 2, 2), b=draw.array(3, 2, 1))
    yield call(FLOAT32, a=draw.array(2, 1, 2, dtype="float32"), b=draw.array(2, 2, 2, dtype="float32"))
    yield call(NOT_CONTIGUOUS, a=draw.strided_array(2, 2, 3), b=draw.strided_array(2, 3, 2))
    yield call(SIZE_ONE, a=draw.array(1, 1, 1), b=draw.array(2, 1, 1))
    yield call(MISMATCH, a=draw.array(2, 2, 3), b=draw.array(2, 2, 3))
    yield call(SIZE_ONE_MISMATCH, a=draw.array(2, 1), b=draw.array(3, 2))


def linear(draw):
    def layer(*shape, inputs=3, outputs=2, dtype="float64"):
        return {
            "x": draw.array(*shape, inputs, dtype=dtype),
            "weight": draw.array(outputs, inputs, dtype=dtype),
            "bias": draw.array(outputs, dtype=dtype),
        }

    yield call(ORDINARY, **layer(2))
    yield call(Kind("vector", "one sample without a batch", "배치 없이 샘플 하나"), **layer())
    yield call(STACKS, **layer(2, 2))
    yield call(FLOAT32, **layer(2, dtype="float32"))
    yield call(NOT_CONTIGUOUS, x=draw.strided_array(2, 3), weight=draw.strided_array(4, 3), bias=draw.strided_array(4))
    yield call(SIZE_ONE, **layer(1, inputs=1, outputs=1))
    yield call(Kind("square", "as many outputs as inputs", "입력과 출력의 크기가 같은 경우"), **layer(2, outputs=3))
    yield call(MISMATCH, x=draw.array(2, 4), weight=draw.array(2, 3), bias=draw.array(2))
