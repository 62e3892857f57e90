"""Wrong versions of exercise dot: which axis meets which, and what broadcasting lets pass."""

import numpy as np

from grader.variants import misconception
from solutions.dot import Array


def require_equal(a_size: int, b_size: int) -> None:
    if a_size != b_size:
        raise ValueError(f"{a_size} against {b_size}")


def every_with_every(a: Array, columns: Array) -> Array:
    """Σ_k a[i..., k] · columns[j..., k] for all i and j."""
    require_equal(a.shape[-1], columns.shape[-1])
    return (a.reshape(*a.shape[:-1], *(1,) * (columns.ndim - 1), a.shape[-1]) * columns).sum(axis=-1)


def stack_by_stack(rows: Array, columns: Array) -> Array:
    """Σ_k rows[s..., i, k] · columns[s..., j, k] for all i and j."""
    require_equal(rows.shape[-1], columns.shape[-1])
    return (rows[..., :, np.newaxis, :] * columns[..., np.newaxis, :, :]).sum(axis=-1)


def refuse_scalars(a: Array, b: Array) -> None:
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("a scalar has no axis to contract")


def as_matrices(a: Array, b: Array) -> tuple[Array, Array]:
    refuse_scalars(a, b)
    return (a[np.newaxis, :] if a.ndim == 1 else a), (b[:, np.newaxis] if b.ndim == 1 else b)


def zipped(rows: Array, columns: Array) -> Array:
    """The product of stacks (..., m, k) and (..., k, n) that are walked side by side."""
    if rows.ndim == columns.ndim == 2:
        return stack_by_stack(rows, columns.T)
    if rows.ndim < columns.ndim:
        return np.stack([zipped(rows, matrix) for matrix in columns])
    if rows.ndim > columns.ndim:
        return np.stack([zipped(matrix, columns) for matrix in rows])
    return np.stack([zipped(x, y) for x, y in zip(rows, columns, strict=False)])


def without_added_axes(product: Array, a: Array, b: Array) -> Array:
    if a.ndim == 1:
        product = product[..., 0, :]
    return product[..., 0] if b.ndim == 1 else product


@misconception(
    "dot-matmul-rule",
    replaces="dot_shape",
    breaks="stacks are paired as np.matmul pairs them, where np.dot lets every matrix of a meet every matrix of b",
    en="What do np.dot and np.matmul give for (2, 3, 4) and (2, 4, 5)? Which of the two rules have you written?",
    ko="(2, 3, 4)와 (2, 4, 5)를 곱하면 np.dot과 np.matmul은 각각 어떤 shape을 줄까요? "
    "지금 구현한 것은 둘 중 어느 쪽 규칙인가요?",
)
def shape_of_paired_stacks(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[int, ...]:
    if not a_shape or not b_shape:
        return a_shape + b_shape
    contracted = max(len(b_shape) - 2, 0)
    require_equal(a_shape[-1], b_shape[contracted])
    return np.broadcast_shapes(a_shape[:-2], b_shape[:-2]) + a_shape[-2:-1] + b_shape[contracted + 1 :]


@misconception("dot-matmul-rule", replaces="dot")
def dot_of_paired_stacks(a: Array, b: Array) -> Array:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    rows, columns = as_matrices(a, b)
    return without_added_axes(stack_by_stack(rows, np.swapaxes(columns, -1, -2)), a, b)


@misconception(
    "dot-contracts-last-of-b",
    replaces="dot_shape",
    breaks="a's last axis is contracted with b's last, which is the rule of np.inner",
    en="A row of a meets a column of b. Along which axis of b do you walk when you go down a column?",
    ko="a의 행은 b의 열과 만나요. b의 열을 따라 내려갈 때 b의 어느 축을 따라 움직이나요?",
)
def shape_of_inner(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[int, ...]:
    if not a_shape or not b_shape:
        return a_shape + b_shape
    require_equal(a_shape[-1], b_shape[-1])
    return a_shape[:-1] + b_shape[:-1]


@misconception("dot-contracts-last-of-b", replaces="dot")
def inner(a: Array, b: Array) -> Array:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return every_with_every(a, b)


@misconception(
    "dot-stretches-size-one",
    replaces="dot_shape",
    breaks="a contracted axis of size 1 is stretched by broadcasting, so shapes that do not fit give numbers",
    en="Shapes that do not fit get past you. What does broadcasting do with an axis of size 1, "
    "and may that happen to the axis that is summed?",
    ko="서로 맞지 않는 shape이 그대로 통과돼요. 브로드캐스팅은 크기가 1인 축을 어떻게 다루나요? "
    "더해서 없앨 축에서도 그렇게 해도 괜찮을까요?",
)
def shape_with_stretching(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[int, ...]:
    if not a_shape or not b_shape:
        return a_shape + b_shape
    contracted = max(len(b_shape) - 2, 0)
    if 1 not in (a_shape[-1], b_shape[contracted]):
        require_equal(a_shape[-1], b_shape[contracted])
    return a_shape[:-1] + b_shape[:contracted] + b_shape[contracted + 1 :]


@misconception("dot-stretches-size-one", replaces="dot")
def dot_with_stretching(a: Array, b: Array) -> Array:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    columns = np.moveaxis(b, max(b.ndim - 2, 0), -1)
    return (a.reshape(*a.shape[:-1], *(1,) * (columns.ndim - 1), a.shape[-1]) * columns).sum(axis=-1)


@misconception("dot-stretches-size-one", replaces="batched_matmul")
def matmul_with_stretching(a: Array, b: Array) -> Array:
    rows, columns = as_matrices(a, b)
    product = (rows[..., :, :, np.newaxis] * columns[..., np.newaxis, :, :]).sum(axis=-2)
    return without_added_axes(product, a, b)


@misconception(
    "dot-refuses-scalars",
    replaces="dot_shape",
    breaks="an operand without axes raises ValueError, where np.dot multiplies every element by it",
    en="One kind of operand is welcome to np.dot and not to np.matmul. What does each do with an array of shape ()?",
    ko="np.dot은 받아 주지만 np.matmul은 거절하는 피연산자가 있어요. shape이 ()인 배열을 넣으면 각각 어떻게 될까요?",
)
def shape_refusing_scalars(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[int, ...]:
    if not a_shape or not b_shape:
        raise ValueError("a scalar has no axis to contract")
    contracted = max(len(b_shape) - 2, 0)
    require_equal(a_shape[-1], b_shape[contracted])
    return a_shape[:-1] + b_shape[:contracted] + b_shape[contracted + 1 :]


@misconception("dot-refuses-scalars", replaces="dot")
def dot_refusing_scalars(a: Array, b: Array) -> Array:
    refuse_scalars(a, b)
    return every_with_every(a, np.moveaxis(b, max(b.ndim - 2, 0), -1))


@misconception(
    "dot-ranks-must-agree",
    replaces="dot_shape",
    breaks="operands with different numbers of axes raise ValueError, although only the contracted sizes have to agree",
    en="You refuse two shapes because one is longer than the other. Which sizes does the formula compare?",
    ko="두 shape의 길이가 다르다는 이유로 곱셈을 거절하고 있어요. 수식에서 서로 비교하는 것은 어떤 크기인가요?",
)
def shape_of_equal_ranks(a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> tuple[int, ...]:
    if not a_shape or not b_shape:
        return a_shape + b_shape
    require_equal(len(a_shape), len(b_shape))
    contracted = max(len(b_shape) - 2, 0)
    require_equal(a_shape[-1], b_shape[contracted])
    return a_shape[:-1] + b_shape[:contracted] + b_shape[contracted + 1 :]


@misconception("dot-ranks-must-agree", replaces="dot")
def dot_of_equal_ranks(a: Array, b: Array) -> Array:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    require_equal(a.ndim, b.ndim)
    return every_with_every(a, np.moveaxis(b, max(b.ndim - 2, 0), -1))


@misconception(
    "dot-elementwise",
    replaces="dot",
    breaks="the elements are multiplied and nothing is summed, which is the Hadamard product",
    en="What should the dot product of two vectors with three elements each be: three numbers, or one?",
    ko="원소가 세 개인 벡터 둘을 내적하면 숫자가 세 개 나와야 할까요, 하나 나와야 할까요?",
)
def hadamard(a: Array, b: Array) -> Array:
    return a * b


@misconception(
    "dot-stack-of-b-first",
    replaces="dot",
    breaks="one product per matrix of b is stacked in front, so b's stack axes come before a's rows",
    en="Every number is right, but an axis is not where np.dot has it. In what order does the result list "
    "the axes left of a and those left of b?",
    ko="숫자는 모두 맞는데 축의 위치가 np.dot과 달라요. 결과에서 a에 남은 축과 b에 남은 축은 어떤 순서로 놓이나요?",
)
def stacked_per_matrix(a: Array, b: Array) -> Array:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim == 1:
        return every_with_every(a, b)
    products = [every_with_every(a, matrix.T) for matrix in b.reshape(-1, *b.shape[-2:])]
    return np.stack(products).reshape(b.shape[:-2] + products[0].shape)


@misconception(
    "dot-reshape-for-transpose",
    replaces="dot",
    breaks="reshape reads the same numbers in the same order into another shape; it does not swap two axes",
    en="The shape is right and the numbers stand in the wrong places. Take a (2, 3) array of 0 to 5: "
    "does reshape(3, 2) give its columns?",
    ko="shape은 맞는데 숫자들의 자리가 틀려요. 0부터 5까지 담은 (2, 3) 배열을 reshape(3, 2) 하면 "
    "원래의 열이 행이 되나요?",
)
def dot_by_reshape(a: Array, b: Array) -> Array:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if b.ndim == 1:
        return every_with_every(a, b)
    return every_with_every(a, b.reshape(*b.shape[:-2], b.shape[-1], b.shape[-2]))


@misconception("dot-reshape-for-transpose", replaces="batched_matmul")
def matmul_by_reshape(a: Array, b: Array) -> Array:
    rows, columns = as_matrices(a, b)
    product = stack_by_stack(rows, columns.reshape(*columns.shape[:-2], columns.shape[-1], columns.shape[-2]))
    return without_added_axes(product, a, b)


@misconception("dot-reshape-for-transpose", replaces="linear")
def linear_by_reshape(x: Array, weight: Array, bias: Array) -> Array:
    return x @ weight.reshape(weight.shape[1], weight.shape[0]) + bias


@misconception(
    "dot-transposes-the-stack",
    replaces="dot",
    breaks=".T reverses all axes of a stack, so the stack axis is taken for one of the matrix axes",
    en="Print the shape of b.T for a b of shape (2, 3, 4). Which axes did you want to swap, and which have moved?",
    ko="shape이 (2, 3, 4)인 b로 b.T의 shape을 출력해 보세요. 맞바꾸려던 축은 어느 것이고, "
    "실제로 움직인 축은 어느 것인가요?",
)
def dot_by_t(a: Array, b: Array) -> Array:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return every_with_every(a, b.T)


@misconception("dot-transposes-the-stack", replaces="batched_matmul")
def matmul_by_t(a: Array, b: Array) -> Array:
    rows, columns = as_matrices(a, b)
    return without_added_axes(stack_by_stack(rows, columns.T), a, b)


@misconception(
    "dot-matmul-every-with-every",
    replaces="batched_matmul",
    breaks="every matrix of a is multiplied with every matrix of b, which is np.dot's rule for stacks",
    en="A stack of 2 query matrices and a stack of 2 key matrices: do you want 2 products or 4? "
    "How many do you compute?",
    ko="쿼리 행렬이 두 개, 키 행렬이 두 개 쌓여 있어요. 필요한 행렬 곱은 두 개인가요, 네 개인가요? "
    "지금은 몇 개를 계산하나요?",
)
def matmul_of_all_pairs(a: Array, b: Array) -> Array:
    refuse_scalars(a, b)
    return every_with_every(a, np.moveaxis(b, max(b.ndim - 2, 0), -1))


@misconception(
    "dot-stacks-zipped",
    replaces="batched_matmul",
    breaks="the stacks are paired by zip, which stops at the shorter one, where broadcasting repeats the one of size 1",
    en="One of the stacks holds a single matrix. With how many matrices of the other stack should it be multiplied, "
    "and with how many does your loop pair it?",
    ko="한쪽 스택에 행렬이 하나뿐이에요. 이 행렬은 다른 스택의 행렬 몇 개와 곱해져야 하나요? "
    "지금 반복문에서는 몇 개와 짝지어지나요?",
)
def matmul_by_zip(a: Array, b: Array) -> Array:
    rows, columns = as_matrices(a, b)
    return without_added_axes(zipped(rows, columns), a, b)


@misconception(
    "dot-added-axis-kept",
    replaces="batched_matmul",
    breaks="a vector is made a matrix and the axis of size 1 that this adds stays in the result",
    en="A vector was made a matrix so that one rule serves all. Is the axis that this added still in your result?",
    ko="규칙 하나로 처리하려고 벡터를 행렬로 바꿨지요. 그때 덧붙인 축이 결과에 아직 남아 있지 않나요?",
)
def matmul_keeping_axes(a: Array, b: Array) -> Array:
    rows, columns = as_matrices(a, b)
    return stack_by_stack(rows, np.swapaxes(columns, -1, -2))


@misconception(
    "dot-weight-not-transposed",
    replaces="linear",
    breaks="x meets the columns of weight; its rows are the outputs. With in = out nothing complains",
    en="weight has shape (out, in). Which of its axes must meet x's last one?",
    ko="weight의 shape은 (out, in)이에요. x의 마지막 축과 만나야 하는 것은 weight의 어느 축인가요?",
)
def weight_as_it_is(x: Array, weight: Array, bias: Array) -> Array:
    return x @ weight + bias


@misconception(
    "dot-bias-as-column",
    replaces="linear",
    breaks="a bias of shape (out, 1) meets the rows: (n,) and (n, 1) broadcast to n by n",
    en="Write the two shapes that you add below each other, flush right. What does broadcasting make of them?",
    ko="더하는 두 배열의 shape을 오른쪽 끝에 맞춰 위아래로 적어 보세요. 브로드캐스팅하면 어떤 shape이 될까요?",
)
def bias_column(x: Array, weight: Array, bias: Array) -> Array:
    return x @ weight.T + bias[:, np.newaxis]


@misconception(
    "dot-t-of-a-vector",
    replaces="linear",
    breaks=".T leaves an array with one axis as it is, so the bias is added along the rows of x",
    en="Print bias.shape and bias.T.shape. Has .T made a column of it?",
    ko="bias.shape과 bias.T.shape을 출력해 보세요. .T를 붙였더니 열벡터가 되었나요?",
)
def bias_transposed(x: Array, weight: Array, bias: Array) -> Array:
    return (weight @ x.T + bias.T).T


@misconception(
    "dot-float64-accumulator",
    replaces="dot",
    breaks="the result is collected in an array made without a dtype, so float32 comes back as float64",
    en="Put float32 in and print the dtype that comes out. Where in your code is the dtype of the result decided?",
    ko="float32를 넣고 결과의 dtype을 출력해 보세요. 결과의 dtype은 코드의 어느 줄에서 정해지나요?",
)
def dot_into_zeros(a: Array, b: Array) -> Array:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    columns = np.moveaxis(b, max(b.ndim - 2, 0), -1)
    require_equal(a.shape[-1], columns.shape[-1])
    out = np.zeros(a.shape[:-1] + columns.shape[:-1])
    for k in range(a.shape[-1]):
        out += np.multiply.outer(a[..., k], columns[..., k])
    return out


@misconception("dot-float64-accumulator", replaces="batched_matmul")
def matmul_into_zeros(a: Array, b: Array) -> Array:
    rows, columns = as_matrices(a, b)
    require_equal(rows.shape[-1], columns.shape[-2])
    stack = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    out = np.zeros((*stack, rows.shape[-2], columns.shape[-1]))
    for k in range(rows.shape[-1]):
        out += rows[..., :, k, np.newaxis] * columns[..., np.newaxis, k, :]
    return without_added_axes(out, a, b)
