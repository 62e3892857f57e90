"""dot: which shapes can be multiplied? Run it with `grader experiment dot`, change it as you like."""

import numpy as np

from grader.experiment import Words, experiment

PAIRS = [
    ((3, 4), (4,)),
    ((4,), (2, 4, 5)),
    ((2, 3, 4), (4, 5)),
    ((), (2, 3)),
    ((2, 3), (2, 3)),
    ((3, 1), (4, 5)),
    ((3, 4), (1, 5)),
]


@experiment(
    en=Words(
        claim="np.dot multiplies even when the dimensions do not match.",
        about="Pairs of shapes, multiplied by your dot and by np.dot. “a · bᵀ broadcasts” says whether broadcasting "
        "alone, without a check of the contracted sizes, would go through.",
        columns=("a", "b", "your dot", "np.dot", "largest difference", "a · bᵀ broadcasts"),
        question="Which rows differ in their number of axes and are multiplied all the same? What do the refused ones "
        "have in common? And which of those would a product made of broadcasting and a sum let through without a word?",
    ),
    ko=Words(
        claim="np.dot은 차원이 맞지 않아도 곱해 준다.",
        about="여러 shape 쌍을 여러분의 dot과 np.dot으로 곱해 봐요. “a · bᵀ 브로드캐스팅” 열은 축약되는 축의 크기를 "
        "확인하지 않고 브로드캐스팅만 하면 그냥 통과하는지를 보여 줘요.",
        columns=("a", "b", "여러분의 dot", "np.dot", "가장 큰 차이", "a · bᵀ 브로드캐스팅"),
        question="축의 개수가 다른데도 곱해지는 행은 어느 것인가요? 거절된 행들의 공통점은 무엇인가요? 그중에서 "
        "브로드캐스팅과 합만으로 만든 곱이라면 말없이 통과시킬 행은 어느 것인가요?",
    ),
)
def the_ranks_may_differ_but_not_the_contracted_sizes(student):
    rng = np.random.default_rng(0)
    for a_shape, b_shape in PAIRS:
        a, b = np.asarray(rng.normal(size=a_shape)), np.asarray(rng.normal(size=b_shape))
        yours, numpys = answer(student.dot, a, b), answer(np.dot, a, b)
        yield str(a_shape), str(b_shape), shape(yours), shape(numpys), difference(yours, numpys), broadcasts(a, b)


def answer(dot, a, b):
    """The product, or None where it is refused."""
    try:
        return np.asarray(dot(a, b))
    except ValueError:
        return None


def shape(array):
    return "ValueError" if array is None else str(array.shape)


def difference(a, b):
    if a is None and b is None:
        return 0.0
    same_shape = a is not None and b is not None and a.shape == b.shape
    return float(np.abs(a - b).max()) if same_shape else float("inf")


def broadcasts(a, b):
    """Could the last axis of a and the contracted axis of b be stretched to each other?"""
    if a.ndim == 0 or b.ndim == 0:
        return "✓"
    sizes = {a.shape[-1], b.shape[max(b.ndim - 2, 0)]}
    return "✓" if len(sizes) == 1 or 1 in sizes else "✗"
