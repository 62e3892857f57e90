"""Visible checks of exercise preprocess. Each puts small numbers in; change them and look at what comes out."""

import numpy as np

from grader.checks import assert_close, assert_raises, assert_unchanged, check, unpack

HEIGHT_AND_INCOME = np.array([[1.5, 20.0], [1.7, 50.0], [1.6, 80.0], [1.8, 30.0]])


@check(points=1, ko="fit_standardizer는 열마다 평균과 표준편차를 구해요.")
def test_fit(student, reference):
    """fit_standardizer gives the mean and the standard deviation of every column."""
    for x in (HEIGHT_AND_INCOME, np.array([[1.0, 2.0], [5.0, 4.0]])):
        assert_close(student.fit_standardizer(x), reference.fit_standardizer(x), "statistics of x {x}", 1e-6, x=x.shape)


@check(points=1, ko="값이 하나뿐인 열의 std는 1이에요.")
def test_constant_column(student, reference):
    """A column that holds one value only has std 1."""
    for value in (2.0, 0.1):
        x = np.stack([np.full(10, value), np.arange(10.0)], axis=1)
        assert_close(
            student.fit_standardizer(x), reference.fit_standardizer(x), "a column of {value}", 1e-6, value=value
        )


@check(points=1, ko="fit_standardizer는 값이 아주 작은 열과 평균이 아주 큰 열의 std도 제대로 구해요.")
def test_fit_at_any_scale(student, reference):
    """fit_standardizer gets the std right, of very small values and around a very large mean too."""
    x = np.array([[1.0, 1.0], [2.0, 5.0], [4.0, 2.0]])
    _, std = unpack(student.fit_standardizer(x * 1e-7), "mean", "std")
    _, expected = reference.fit_standardizer(x * 1e-7)
    assert_close(std * 1e7, expected * 1e7, "std of small values, times 1e7", 1e-6)
    _, std = unpack(student.fit_standardizer(x + 1e8), "mean", "std")
    _, expected = reference.fit_standardizer(x + 1e8)
    assert_close(std, expected, "std around 1e8", 1e-6)


@check(points=1, ko="standardize는 받은 mean과 std로 어떤 행이든 표준화해요.")
def test_standardize(student, reference):
    """standardize uses the mean and std that it is given, for any rows."""
    mean, std = np.array([1.65, 45.0]), np.array([0.1, 20.0])
    for x in (HEIGHT_AND_INCOME, np.array([[2.0, 100.0]])):
        assert_close(student.standardize(x, mean, std), reference.standardize(x, mean, std), "x {x}", 1e-6, x=x.shape)
    x, mean, std = np.array([[1e-8], [5e-8]]), np.array([2e-8]), np.array([1e-8])
    assert_close(student.standardize(x, mean, std), reference.standardize(x, mean, std), "small values", 1e-6)


@check(points=1, ko="unstandardize는 표준화한 값을 원래 단위로 되돌려요.")
def test_unstandardize(student, reference):
    """unstandardize takes standardised rows back to the units of the data."""
    x, mean, std = np.array([[0.0, 1.0], [-1.0, 2.5], [1.0, 0.0]]), np.array([1.65, 45.0]), np.array([0.1, 20.0])
    assert_close(student.unstandardize(x, mean, std), reference.unstandardize(x, mean, std))


@check(points=1, ko="weight_gradient의 각 행은 샘플 하나의 기울기예요.")
def test_weight_gradient(student, reference):
    """weight_gradient gives one row for every sample: that sample's gradient."""
    for x, upstream in [
        (np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([10.0, -1.0])),
        (np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([1.0, -1.0, 0.5])),
    ]:
        assert_close(student.weight_gradient(x, upstream), reference.weight_gradient(x, upstream), "x {x}", x=x.shape)


@check(points=1, ko="condition_number는 xᵀx / n의 가장 큰 고윳값을 가장 작은 고윳값으로 나눈 값이에요.")
def test_condition_number(student, reference):
    """condition_number is the largest eigenvalue of xᵀx / n over its smallest."""
    for x in (
        np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 3.0], [0.0, -3.0]]),
        np.array([[1.0, 2.0], [2.0, 1.0], [-1.0, -2.0], [-2.0, -1.0]]),
        np.array([[11.0, 10.0], [9.0, 10.0], [10.0, 13.0], [10.0, 7.0]]),
        HEIGHT_AND_INCOME.astype(np.float32),
    ):
        assert_close(student.condition_number(x), reference.condition_number(x), "x of {dtype}", 1e-7, dtype=x.dtype)


@check(points=1, ko="float32가 들어가면 float32가 나와요.")
def test_float32(student, reference):
    """float32 in, float32 out."""
    x, mean, std = (array.astype(np.float32) for array in (HEIGHT_AND_INCOME, np.ones(2), np.full(2, 4.0)))
    assert_close(student.fit_standardizer(x), reference.fit_standardizer(x), "statistics")
    for name in ("standardize", "unstandardize"):
        assert_close(
            getattr(student, name)(x, mean, std),
            getattr(reference, name)(x, mean, std),
            "{name} of x {x}",
            name=name,
            x=x.shape,
        )
    assert_close(student.weight_gradient(x, x[:, 0]), reference.weight_gradient(x, x[:, 0]), "weight_gradient")


@check(
    points=1,
    needs=("test_fit", "test_standardize", "test_unstandardize", "test_weight_gradient", "test_condition_number"),
    ko="다섯 함수 모두 입력을 바꾸지 않아요.",
)
def test_inputs_unchanged(student):
    """All five functions leave their inputs as they were."""
    mean, std = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    student.fit_standardizer(HEIGHT_AND_INCOME)
    student.standardize(HEIGHT_AND_INCOME, mean, std)
    student.unstandardize(HEIGHT_AND_INCOME, mean, std)
    student.weight_gradient(HEIGHT_AND_INCOME, HEIGHT_AND_INCOME[:, 0])
    student.condition_number(HEIGHT_AND_INCOME)
    assert_unchanged(student)


@check(
    points=1,
    needs=("test_standardize", "test_unstandardize", "test_weight_gradient"),
    ko="서로 맞지 않는 shape은 브로드캐스팅이 되더라도 ValueError를 일으켜요.",
)
def test_shapes_that_do_not_fit(student):
    """Shapes that do not fit raise ValueError, also where broadcasting would let them pass."""
    for shape in [(3,), (1,), (4, 1)]:
        assert_raises(ValueError, student.standardize, HEIGHT_AND_INCOME, np.zeros(shape), np.ones(2))
        assert_raises(ValueError, student.unstandardize, HEIGHT_AND_INCOME, np.zeros(2), np.ones(shape))
        assert_raises(ValueError, student.weight_gradient, HEIGHT_AND_INCOME, np.ones(shape))
