"""Hidden graders of exercise preprocess. Rows and columns differ in number wherever an exchange must show."""

import numpy as np

from grader.checks import assert_close, assert_raises, assert_unchanged, check, require, unpack

# Looser than a small number added to std in columns of ordinary size: that mistake has checks of its own.
ORDINARY = 1e-6


def statistics(draw, d, dtype="float64"):
    """A mean and a std that belong to no data of the check."""
    return draw.array(d, dtype=dtype), (0.5 + draw.rng.random(d)).astype(dtype)


def spread_out(draw, n, d):
    """Columns with different offsets and scales."""
    return draw.array(n, d) * (1 + 3 * draw.rng.random(d)) + 5 * draw.array(d)


def require_array(value, shape):
    require(
        isinstance(value, np.ndarray) and value.shape == shape,
        en=f"Expected a NumPy array of shape {shape}.",
        ko=f"shape이 {shape}인 NumPy 배열이어야 해요.",
    )
    return value


def fit(student, x):
    """The student's mean and std, two arrays with one number per column."""
    mean, std = unpack(student.fit_standardizer(x), "mean", "std")
    return require_array(mean, x.shape[1:]), require_array(std, x.shape[1:])


def require_varied(parts):
    """No constants: where a check compares the student's answers with one another, constants would pass."""
    require(
        all(np.ptp(part) > 0 for part in parts),
        en="Every number that came is the same, whatever the input.",
        ko="어떤 입력이 들어와도 모두 같은 숫자가 나와요.",
    )
    return parts


def assert_same_as_plain(function, *arrays):
    """The answer for contiguous float64 copies, in the dtype of the arguments."""
    answer, plain = function(*arrays), function(*(np.array(array, dtype=np.float64, order="C") for array in arrays))
    parts = plain if isinstance(plain, tuple | list) else (plain,)
    for part in parts:
        require_array(part, np.shape(part))
    require_varied(parts)
    require(
        not any(np.array_equal(part, array) for part in parts for array in arrays),
        en="What came is one of the inputs, as it was.",
        ko="입력 중 하나가 그대로 나왔어요.",
    )
    expected = [part.astype(arrays[0].dtype) for part in parts]
    assert_close(answer, expected if parts is plain else expected[0])


def require_number(value):
    fits = isinstance(value, int | float | np.number | np.ndarray) and np.ndim(value) == 0
    require(fits, en="Expected one number.", ko="숫자 하나여야 해요.")
    return float(value)


@check(points=1.5, ko="fit_standardizer는 열마다 평균과 표준편차를 구해요.")
def test_fit_values(student, reference, draw):
    """fit_standardizer gives the mean and the standard deviation of every column."""
    for n, d in [(6, 3), (3, 5), (4, 4)]:
        x = spread_out(draw, n, d)
        assert_close(student.fit_standardizer(x), reference.fit_standardizer(x), "the statistics", ORDINARY)


@check(points=1.5, ko="상수인 열의 std는 1이고, 다른 열의 통계량은 그 열이 없을 때와 같아요.")
def test_fit_constant_columns(student, draw):
    """A constant column has std 1, and the other columns' statistics are what they are without it."""
    for n, values in [(10, (0.1, -4.0, 0.0)), (7, (0.7, 1e6, *draw.rng.random(2)))]:
        constant = np.broadcast_to(np.array(values), (n, len(values)))
        varying = draw.array(n, 2) * np.array([2.0, 30.0])
        alone = fit(student, varying)
        mean, std = fit(student, np.concatenate([varying[:, :1], constant, varying[:, 1:]], axis=1))
        assert_close((mean[1:-1], std[1:-1]), (np.array(values), np.ones(len(values))), "constant columns", ORDINARY)
        assert_close((mean[[0, -1]], std[[0, -1]]), alone, "the other columns", ORDINARY)
        require_varied(alone)


@check(points=1, ko="값이 아주 작은 단위로 적혀 있어도 std는 그 단위로 그대로 나와요.")
def test_fit_small_units(student, draw):
    """In a very small unit the mean and the std are the same, written in that unit."""
    x = draw.array(5, 3) * np.array([1.0, 2.0, 5.0])
    expected = require_varied(fit(student, x))
    for unit in (1e-6, 1e-15):
        mean, std = fit(student, x * unit)
        assert_close((mean / unit, std / unit), expected, "statistics in the data's unit")


@check(points=0.5, ko="평균에 비해 퍼진 정도가 작은 열에서도 std가 정확해요.")
def test_fit_large_means(student, draw):
    """The std is right where a column varies little around a large mean."""
    x = draw.array(6, 4) * np.array([1.0, 2.0, 1.0, 3.0])
    _, expected = require_varied(fit(student, x))
    _, std = fit(student, x + np.array([1e7, -2e7, 3e7, 1e6]))
    assert_close(std, expected, "std", ORDINARY)


@check(points=0.5, ko="fit_standardizer는 dtype을 지키고, 크기 1인 축과 띄엄띄엄 놓인 배열도 받아요.")
def test_fit_dtype_sizes_and_strides(student, draw):
    """fit_standardizer keeps the dtype, and takes axes of size 1 and arrays that are not contiguous."""
    single = draw.array(6, 3, dtype="float32")
    constant = single.copy()
    constant[:, 1] = 0.1
    for x in (single, constant, draw.strided_array(5, 3)):
        assert_same_as_plain(student.fit_standardizer, x)
    row, x = draw.array(1, 3), draw.array(5, 3)
    assert_close(student.fit_standardizer(row), (row[0], np.ones(3)), "one row", ORDINARY)
    assert_close(fit(student, x[:, :1]), [part[:1] for part in fit(student, x)], "one column")


@check(points=1.5, ko="standardize는 학습 데이터를 그 데이터의 mean과 std로 표준화해요.")
def test_standardize_training_rows(student, reference, draw):
    """standardize standardises the training rows with their own mean and std."""
    for n, d in [(6, 3), (4, 4)]:
        x = spread_out(draw, n, d)
        mean, std = reference.fit_standardizer(x)
        answer = student.standardize(x, mean, std)
        assert_close(answer, reference.standardize(x, mean, std), "the standardised rows", ORDINARY)


@check(points=1.5, ko="다른 행을 표준화할 때도 받은 mean과 std를 써요. 함께 들어온 행은 결과를 바꾸지 않아요.")
def test_standardize_other_rows(student, reference, draw):
    """Other rows are standardised with the mean and std given; the rows beside them change nothing."""
    x = spread_out(draw, 6, 3)
    mean, std = reference.fit_standardizer(spread_out(draw, 8, 3))
    for rows in (x, x[:1]):
        answer = student.standardize(rows, mean, std)
        assert_close(answer, reference.standardize(rows, mean, std), "{count} other rows", ORDINARY, count=len(rows))


@check(points=0.5, ko="standardize는 std가 아주 작아도 그대로 나눠요.")
def test_standardize_small_std(student, reference, draw):
    """standardize divides by a very small std as it is."""
    for unit in (1e-6, 1e-15):
        mean, std = statistics(draw, 3)
        x, mean, std = draw.array(4, 3) * unit, mean * unit, std * unit
        assert_close(student.standardize(x, mean, std), reference.standardize(x, mean, std), "small units", 1e-8)


@check(points=1.5, ko="unstandardize는 표준화한 행을 원래 단위로 되돌려요.")
def test_unstandardize(student, reference, draw):
    """unstandardize takes standardised rows back to the units of the data."""
    for n, d in [(6, 3), (1, 3)]:
        x, (mean, std) = draw.array(n, d), statistics(draw, d)
        assert_close(student.unstandardize(x, mean, std), reference.unstandardize(x, mean, std), "x {x}", x=x.shape)


@check(points=1, ko="표준화했다가 되돌리면 원래 값이고, 열의 단위와 기준점을 바꿔도 표준화한 값은 같아요.")
def test_round_trip_and_change_of_units(student, draw):
    """There and back gives the same rows, and a change of units or origin does not change what is standardised."""
    x = spread_out(draw, 7, 3)
    mean, std = fit(student, x)
    standardized = require_array(student.standardize(x, mean, std), x.shape)
    require_varied([standardized])
    assert_close(student.unstandardize(standardized, mean, std), x, "there and back", ORDINARY)
    scale = np.array([-40.0, 0.02, 1000.0])
    other = x * scale + 10 * draw.array(3)
    answer = student.standardize(other, *fit(student, other))
    assert_close(answer, standardized * np.sign(scale), "in other units", ORDINARY)


@check(points=0.5, ko="standardize와 unstandardize는 dtype을 지키고, 크기 1인 축과 띄엄띄엄 놓인 배열도 받아요.")
def test_standardize_dtype_sizes_and_strides(student, draw):
    """standardize and unstandardize keep the dtype, and take axes of size 1 and arrays that are not contiguous."""
    single = "float32"
    x, (mean, std) = draw.array(5, 3), statistics(draw, 3)
    for function in (student.standardize, student.unstandardize):
        assert_same_as_plain(function, draw.array(5, 3, dtype=single), *statistics(draw, 3, single))
        strided_std = 0.5 + np.abs(draw.array(6))[::2]
        assert_same_as_plain(function, draw.strided_array(5, 3), draw.strided_array(3), strided_std)
        column = require_array(function(x, mean, std), x.shape)[:, :1]
        assert_close(function(x[:, :1], mean[:1], std[:1]), column, "one column")


@check(points=1.5, ko="weight_gradient의 각 행은 샘플 하나의 기울기예요.")
def test_weight_gradient(student, reference, draw):
    """weight_gradient gives one row for every sample: that sample's gradient."""
    for n, d in [(6, 3), (3, 5), (4, 4)]:
        x, upstream = draw.array(n, d), draw.array(n)
        assert_close(student.weight_gradient(x, upstream), reference.weight_gradient(x, upstream), "x {x}", x=x.shape)


@check(points=1, ko="x가 모두 양수면 샘플마다 기울기의 부호가 같지만, 배치에서 더하면 꼭 그렇지는 않아요.")
def test_signs_of_the_gradient(student, draw):
    """With positive x, the entries of one sample's gradient share a sign; those of the batch's sum need not."""
    x, upstream = 0.5 + draw.rng.random((6, 4)), (0.5 + draw.rng.random(6)) * np.array([1, -1, -1, 1, -1, 1])
    gradient = require_array(student.weight_gradient(x, upstream), x.shape)
    require(
        (np.sign(gradient) == np.sign(upstream)[:, np.newaxis]).all(),
        en="All x are positive: each sample's gradient should have one sign in all of its entries, that of upstream.",
        ko="x가 모두 양수예요. 샘플마다 기울기의 모든 원소는 upstream과 부호가 같아야 해요.",
    )
    x = np.array([[1.0, 3.0], [3.0, 1.0]]) + draw.rng.random((2, 2))
    gradient = require_array(student.weight_gradient(x, np.array([1.0, -1.0])), x.shape)
    require(
        sorted(np.sign(gradient.sum(axis=0))) == [-1, 1],
        en="Summed over these two samples, the gradient should have entries of both signs.",
        ko="이 두 샘플의 기울기를 더하면 원소들의 부호가 서로 달라야 해요.",
    )


@check(points=0.5, ko="weight_gradient는 dtype을 지키고, 크기 1인 축과 띄엄띄엄 놓인 배열도 받아요.")
def test_weight_gradient_dtype_sizes_and_strides(student, draw):
    """weight_gradient keeps the dtype, and takes axes of size 1 and arrays that are not contiguous."""
    assert_same_as_plain(student.weight_gradient, draw.array(5, 3, dtype="float32"), draw.array(5, dtype="float32"))
    assert_same_as_plain(student.weight_gradient, draw.strided_array(5, 3), draw.strided_array(5))
    x, upstream = draw.array(5, 3), draw.array(5)
    gradient = require_array(student.weight_gradient(x, upstream), x.shape)
    assert_close(student.weight_gradient(x[:, :1], upstream), gradient[:, :1], "one column")
    assert_close(student.weight_gradient(x[:1], upstream[:1]), gradient[:1], "one row")


@check(points=2, ko="condition_number는 최소제곱 헤세 행렬의 가장 큰 고윳값을 가장 작은 고윳값으로 나눈 값이에요.")
def test_condition_number(student, reference, draw):
    """condition_number is the largest eigenvalue of the least-squares Hessian over its smallest."""
    columns = draw.array(12, 3)
    columns[:, 2] = columns[:, 0] + 0.5 * columns[:, 2]
    square = draw.array(4, 4) + 8 * np.eye(4)
    for x in (draw.array(9, 2), draw.array(12, 3) + np.array([1.0, 2.0, -1.0]), columns, square, draw.array(5, 1)):
        assert_close(student.condition_number(x), reference.condition_number(x), "x {x}", 1e-8, x=x.shape)


@check(
    points=1, ko="평균이 0에서 먼 열은 중심을 맞추면 조건수가 작아지고, 상관이 없는 열은 스케일까지 맞추면 1이 돼요."
)
def test_condition_number_of_centred_columns(student, draw):
    """Far from 0, centring lowers the condition number; uncorrelated columns reach 1 once they are scaled too."""
    directions = draw.array(12, 3)
    directions, _ = np.linalg.qr(directions - directions.mean(axis=0))
    directions *= np.sqrt(12)
    centred = directions * np.array([1.0, 2.0, 3.0])
    found = [
        require_number(student.condition_number(x)) for x in (centred + np.array([6.0, 9.0, 12.0]), centred, directions)
    ]
    require(
        found[0] > 1.1 * found[1] > 1.2 * found[2] and abs(found[2] - 1) < 1e-6,
        en="Three tables: off centre, centred, centred and scaled. "
        "The condition number should fall from each to the next, and end at 1.",
        ko="중심이 어긋난 표, 중심을 맞춘 표, 스케일까지 맞춘 표예요. 조건수가 차례로 작아져서 마지막에는 1이어야 해요.",
    )


@check(
    points=0.5,
    ko="condition_number는 float32나 아주 작은 값을 받아도 float64로 정확히 계산하고, 띄엄띄엄 놓인 배열도 받아요.",
)
def test_condition_number_precision(student, draw):
    """condition_number computes in float64, for float32 and small units too, and takes arrays that are not contiguous."""
    narrow = draw.array(16, 2, dtype="float32")
    narrow[:, 1] = narrow[:, 0] + narrow[:, 1] / 64
    numbers = []
    for x in (narrow, draw.array(12, 3, dtype="float32"), draw.strided_array(12, 3)):
        numbers.append(require_number(student.condition_number(np.array(x, dtype=np.float64, order="C"))))
        assert_close(student.condition_number(x), numbers[-1], "x of {dtype}", 1e-8, dtype=x.dtype)
    assert_close(student.condition_number(x * 1e-6), numbers[-1], "a small unit", 1e-8)
    require_varied([np.array(numbers)])


@check(
    points=0.5,
    needs=("test_fit_values", "test_standardize_training_rows", "test_unstandardize"),
    ko="fit_standardizer, standardize, unstandardize는 맞지 않는 shape에 ValueError를 일으켜요.",
)
def test_standardizer_refuses(student, draw):
    """fit_standardizer, standardize and unstandardize raise ValueError for shapes that do not fit."""
    for shape in [(5,), (2, 5, 3)]:
        assert_raises(ValueError, student.fit_standardizer, draw.array(*shape))
    x, (mean, std) = draw.array(4, 3), statistics(draw, 3)
    for function in (student.standardize, student.unstandardize):
        for shape in [(1,), (4, 1)]:
            assert_raises(ValueError, function, x, np.zeros(shape), std)
            assert_raises(ValueError, function, x, mean, np.ones(shape))


@check(
    points=0.5,
    needs=("test_weight_gradient", "test_condition_number"),
    ko="weight_gradient와 condition_number는 맞지 않는 shape에 ValueError를 일으켜요.",
)
def test_gradient_and_condition_refuse(student, draw):
    """weight_gradient and condition_number raise ValueError for shapes that do not fit."""
    for x_shape, upstream_shape in [((4, 3), (3,)), ((4, 3), (1,)), ((4, 3), (4, 1)), ((4,), (4,)), ((4, 4, 3), (4,))]:
        assert_raises(ValueError, student.weight_gradient, draw.array(*x_shape), draw.array(*upstream_shape))
    assert_raises(ValueError, student.weight_gradient, draw.array(1, 3), draw.array(5))
    for shape in [(5,), (2, 5, 3), (3, 3, 3)]:
        assert_raises(ValueError, student.condition_number, draw.array(*shape))


@check(
    points=0.5,
    needs=(
        "test_fit_values",
        "test_standardize_training_rows",
        "test_unstandardize",
        "test_weight_gradient",
        "test_condition_number",
    ),
    ko="다섯 함수 모두 입력을 바꾸지 않아요.",
)
def test_inputs_unchanged(student, draw):
    """All five functions leave their inputs as they were."""
    mean, std = statistics(draw, 3)
    constant = draw.array(5, 3)
    constant[:, 1] = 0.1
    for x in (draw.array(5, 3), constant):
        student.fit_standardizer(x)
    student.standardize(draw.array(5, 3), mean, std)
    student.unstandardize(draw.array(5, 3), mean, std)
    student.weight_gradient(draw.array(5, 3), draw.array(5))
    student.condition_number(draw.array(9, 3))
    assert_unchanged(student)


@check(
    points=0.5,
    needs=("test_fit_values", "test_fit_constant_columns"),
    ko="행이 많아도 fit_standardizer가 기준 풀이보다 많이 느리지 않아요.",
)
def test_fit_speed(race, draw):
    """On many rows fit_standardizer is not much slower than the reference."""
    # Two dozen at a time: one row costs so little that a loop over the 64 of a small input would not show.
    race("fit_standardizer", lambda rows: (draw.array(24 * rows, 6),), flops=5 * 24000 * 6, rows=1000)
