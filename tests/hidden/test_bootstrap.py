"""Hidden graders of exercise bootstrap. Models, rows and classes differ in number wherever an exchange must show.

Right answers draw in different orders, so no draw is compared. What is asked of random answers fails a right one with a
probability below 1e-9, whatever its seed:

- A count of independent events lies as far from its expectation as `require_share` allows: by Chernoff's bound a count k
  of T with T · KL(k/T ‖ p) > s has a probability below 2 exp(−s). With s = 30 that is 2e-13, and there are fewer than a hundred counts.
- The median of three and other statistics of few values have a bootstrap distribution of a few known steps. A quantile in
  the middle of a step is that step's value, unless a count is off by more than the same bound (see STEPS).
"""

from collections import Counter
from itertools import product
from math import factorial, log, prod

import numpy as np

from grader.checks import (
    CheckFailed,
    Named,
    Rng,
    assert_close,
    assert_global_generator_untouched,
    assert_raises,
    assert_unchanged,
    check,
    require,
)
from grader.i18n import pick

SURPRISE = 30.0

# Statistic, n, resamples, level, and the interval as a function of the sorted values.
# The median of a resample of 3 is the smallest value in 7 of 27 cases, the middle one in 13, the largest in 7.
# The mean of a resample of 2 is the smaller value in 1 of 4 cases, the larger in 1; their std is 0 in 2.
# The largest of a resample of n is at most the k-th smallest value in (k/n)ⁿ of the cases.
# The quantile asked for is so far from the ends of its step that Chernoff's exponent is 30 or more.
STEPS = [
    ("numpy.mean", 2, 700, 0.85, lambda x: (x[0], x[1])),
    ("numpy.mean", 2, 700, 0.15, lambda x: (x.mean(), x.mean())),
    ("numpy.median", 3, 700, 0.85, lambda x: (x[0], x[2])),
    ("numpy.median", 3, 700, 0.15, lambda x: (x[1], x[1])),
]
OTHER_STATISTICS = [
    ("numpy.max", 5, 800, 0.6, lambda x: (x[3], x[4])),
    ("numpy.min", 5, 800, 0.6, lambda x: (x[0], x[1])),
    ("numpy.std", 2, 700, 0.5, lambda x: (0.0, x.std())),
    ("numpy.size", 7, 9, 0.9, lambda x: (7, 7)),  # a resample is as large as the sample,
    ("numpy.ndim", 7, 9, 0.9, lambda x: (1, 1)),  # and the statistic sees one at a time
]

# The share of 100,000 simulated intervals of level 0.6 that held the true mean (the mean, 50 resamples of 20 normal values).
COVERAGE = 0.560


def seed(draw):
    return Rng(int(draw.rng.integers(2**31)))


def surprise(count, trials, p):
    """trials · KL(count/trials ‖ p): how far a count of independent events is from its expectation."""
    share = count / trials
    parts = ((share, p), (1 - share, 1 - p))
    return trials * sum(a * log(a / b) for a, b in parts if a > 0)


def require_share(count, trials, p, en, ko):
    """A right answer's count is refused with a probability below 2 exp(−SURPRISE)."""
    if surprise(count, trials, p) >= SURPRISE:
        raise CheckFailed(pick(en, ko).format(found=f"{count / trials:.1%}", expected=f"{p:.1%}"))


def rows_of(student, n, n_models, rng):
    """The student's rows: n_models rows of n numbers from 0 to n − 1."""
    indices = student.bootstrap_indices(n, n_models, rng)
    require(
        isinstance(indices, np.ndarray) and indices.shape == (n_models, n) and indices.dtype.kind in "iu",
        en=f"bootstrap_indices: expected a NumPy array of integers, of shape {(n_models, n)}.",
        ko=f"bootstrap_indices: shape이 {(n_models, n)}인 NumPy 정수 배열이어야 해요.",
    )
    require(
        indices.min() >= 0 and indices.max() < n,
        en=f"bootstrap_indices: with n = {n}, the rows have the numbers 0 to {n - 1}; yours go from {indices.min()} to "
        f"{indices.max()}.",
        ko=f"bootstrap_indices: n = {n}일 때 행 번호는 0부터 {n - 1}까지예요. 지금은 {indices.min()}부터 {indices.max()}까지 "
        "나왔어요.",
    )
    return indices


def interval_of(student, x, statistic, n_resamples, level, rng):
    """The student's (low, high), from a pair or an array of two."""
    value = student.bootstrap_interval(x, Named(statistic), n_resamples, level, rng)
    is_pair = isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim == 1)
    parts = list(value) if is_pair else []
    require(
        len(parts) == 2 and all(isinstance(part, int | float | np.number | np.ndarray) for part in parts)
        and not any(np.ndim(part) for part in parts),
        en="bootstrap_interval: expected two numbers, (low, high).",
        ko="bootstrap_interval: 숫자 두 개 (low, high)가 나와야 해요.",
    )  # fmt: skip
    return float(parts[0]), float(parts[1])


def assert_steps(student, draw, steps):
    """All intervals are asked for before one is judged: one alone does not tell the misconceptions apart."""
    samples = [3 * draw.array(n) for _, n, _, _, _ in steps]
    found = [
        interval_of(student, x, statistic, n_resamples, level, seed(draw))
        for x, (statistic, _, n_resamples, level, _) in zip(samples, steps, strict=True)
    ]
    for x, interval, (statistic, _, _, level, expected) in zip(samples, found, steps, strict=True):
        low, high = expected(np.sort(x))
        assert_close(
            interval,
            (float(low), float(high)),
            "the interval of {statistic}, level {level}",
            statistic=statistic,
            level=level,
        )


def some_oob(draw, n_models, n):
    """A mask in which every row is out of bag for at least one model, and in the bag of at least one."""
    oob = draw.rng.random((n_models, n)) < 0.4
    models = np.stack([draw.rng.permutation(n_models)[:2] for _ in range(n)])
    oob[models[:, 0], np.arange(n)] = True
    oob[models[:, 1], np.arange(n)] = False
    return oob


def some_indices(draw, n_models, n, dtype="int64"):
    """Rows of a bootstrap, of which the first lacks the first number and has the last, and the second the other way."""
    indices = draw.rng.integers(0, n, (n_models, n))
    indices[0] = np.where(indices[0] == 0, n - 1, indices[0])
    indices[0, 0] = n - 1
    indices[1] = np.where(indices[1] == n - 1, 0, indices[1])
    indices[1, 1] = 0
    return indices.astype(dtype)


@check(points=2, ko="한 행은 n개 전체에서 복원추출한 것이에요. 같은 번호가 여러 번 나오기도 하고 빠지기도 해요.")
def test_rows_are_drawn_with_replacement(student, draw):
    """A row is drawn with replacement from all n: numbers repeat and are left out as often as chance has it."""
    for n in (2, 3):
        rows = rows_of(student, n, 2000, seed(draw))
        found = Counter(tuple(np.bincount(row, minlength=n).tolist()) for row in rows)
        for counts in product(range(n + 1), repeat=n):
            if sum(counts) != n:
                continue
            numbers = [number for number, count in enumerate(counts) for _ in range(count)]
            require_share(
                found[counts],
                len(rows),
                factorial(n) / prod(map(factorial, counts)) / n**n,
                en=f"With n = {n}, {{expected}} of all rows should hold the numbers {numbers}, in any order; "
                "of yours {found} do.",
                ko=f"n = {n}일 때 {numbers} 번호로 된 행(순서는 상관없어요)이 전체의 {{expected}}여야 하는데, "
                "지금은 {found}예요.",
            )


@check(points=1, ko="n이 크면 한 행에는 전체 번호의 약 63%가 들어 있고, 어떤 번호도 더 유리하거나 불리하지 않아요.")
def test_share_of_unique_numbers(student, draw):
    """For large n a row holds about 63 % of all numbers, and no number is favoured or passed over."""
    rows = rows_of(student, 1000, 15, seed(draw))
    unique = np.mean([len(np.unique(row)) for row in rows]) / 1000
    # One draw moves the mean by at most 1/15000, so McDiarmid's bound for 15,000 draws and 0.03 is 2 exp(−27).
    require(
        abs(unique - (1 - (1 - 1 / 1000) ** 1000)) < 0.03,
        en=f"With n = 1000, about 63.2 % of the numbers should come in a row; in yours it is {unique:.1%}.",
        ko=f"n = 1000일 때 한 행에 전체 번호의 63.2% 정도가 나와야 하는데, 지금은 {unique:.1%}예요.",
    )
    rows = rows_of(student, 30, 400, seed(draw))
    for number, count in enumerate(np.bincount(rows.ravel(), minlength=30).tolist()):
        require_share(
            count,
            rows.size,
            1 / 30,
            en=f"With n = 30, number {number} should be {{expected}} of all draws; of yours it is {{found}}.",
            ko=f"n = 30일 때 전체 추출에서 번호 {number}의 비율이 {{expected}}여야 하는데, 지금은 {{found}}예요.",
        )


@check(
    points=0.5,
    needs="test_rows_are_drawn_with_replacement",
    ko="데이터가 한 행뿐이거나 모델이 하나뿐이어도 괜찮아요.",
)
def test_one_row_or_one_model(student, draw):
    """bootstrap_indices takes data of a single row, and a single model."""
    for n, n_models in [(1, 4), (5, 1), (1, 1)]:
        rows_of(student, n, n_models, seed(draw))


@check(points=1, ko="모델마다 따로 뽑아요. 한 모델의 행은 다른 모델의 행에 대해 아무것도 알려 주지 않아요.")
def test_every_model_has_its_own_row(student, draw):
    """Every model has a draw of its own: one row says nothing about another."""
    # Two rows of 50 hold the same numbers with a probability of at most 50!/50⁵⁰ = 3e-21.
    rows = np.sort(rows_of(student, 50, 30, seed(draw)), axis=1)
    require(
        len(np.unique(rows, axis=0)) == len(rows),
        en="Several models have got the same rows of the data.",
        ko="데이터에서 똑같은 행들을 받은 모델이 여럿 있어요.",
    )
    ones = rows_of(student, 2, 4000, seed(draw)).sum(axis=1)
    share = {0: 1 / 4, 1: 1 / 2, 2: 1 / 4}
    for first, second in ((ones[::2], ones[1::2]), (ones[:2000], ones[2000:])):
        found = Counter(zip(first.tolist(), second.tolist(), strict=True))
        for pair in product(share, share):
            require_share(
                found[pair],
                len(first),
                share[pair[0]] * share[pair[1]],
                en="With n = 2, two models' rows are not independent: some pairs of rows come in {found} of cases, and "
                "{expected} was to be expected.",
                ko="n = 2일 때 두 모델의 행이 서로 독립이 아니에요. 어떤 두 행의 짝이 나올 비율은 {expected}여야 하는데 지금은 "
                "{found}예요.",
            )


@check(points=1.5, ko="out_of_bag는 모델마다 그 모델이 한 번도 뽑지 않은 행을 True로 표시해요.")
def test_out_of_bag(student, reference, draw):
    """out_of_bag marks, for every model, the rows that it has not drawn."""
    for n_models, n in [(4, 7), (6, 3), (5, 5)]:
        indices = some_indices(draw, n_models, n)
        assert_close(
            student.out_of_bag(indices, n), reference.out_of_bag(indices, n), "indices {shape}", shape=indices.shape
        )


@check(
    points=0.5,
    needs="test_out_of_bag",
    ko="out_of_bag는 어떤 정수 dtype도, 크기 1인 축도, 띄엄띄엄 놓인 배열도 받아요.",
)
def test_out_of_bag_dtype_sizes_and_strides(student, reference, draw):
    """out_of_bag takes any integer dtype, axes of size 1, and arrays that are not contiguous."""
    indices = some_indices(draw, 4, 6)
    oob = reference.out_of_bag(indices, 6)
    for other in (indices.astype("int32"), indices.astype("uint8"), np.repeat(indices, 2, axis=1)[:, ::2]):
        assert_close(student.out_of_bag(other, 6), oob, "indices of dtype {dtype}", dtype=other.dtype)
    assert_close(student.out_of_bag(indices[:1], 6), oob[:1], "one model")
    assert_close(student.out_of_bag(np.zeros((3, 1), dtype=int), 1), np.zeros((3, 1), dtype=bool), "one row")
    assert_close(student.out_of_bag(np.arange(5)[np.newaxis], 5), np.zeros((1, 5), dtype=bool), "all rows seen")


@check(points=1.5, ko="bagging_predict는 모든 모델의 예측을 평균해요.")
def test_bagging(student, reference, draw):
    """bagging_predict is the mean of all models' predictions."""
    for shape in [(5, 4, 3), (2, 3, 4), (3, 3, 3)]:
        predictions = draw.array(*shape)
        assert_close(
            student.bagging_predict(predictions),
            reference.bagging_predict(predictions),
            "predictions {shape}",
            shape=shape,
        )


@check(points=0.5, ko="bagging_predict는 dtype을 지키고, 크기 1인 축과 띄엄띄엄 놓인 배열도 받아요.")
def test_bagging_dtype_sizes_and_strides(student, reference, draw):
    """bagging_predict keeps the dtype, and takes axes of size 1 and arrays that are not contiguous."""
    shapes = [(1, 4, 3), (5, 1, 3), (5, 4, 1)]
    for predictions in (
        draw.array(5, 4, 3, dtype="float32"),
        draw.strided_array(5, 4, 3),
        *(draw.array(*shape) for shape in shapes),
    ):
        assert_close(
            student.bagging_predict(predictions),
            reference.bagging_predict(predictions),
            "predictions {shape}, {dtype}",
            shape=predictions.shape,
            dtype=predictions.dtype,
        )


@check(points=1.5, ko="out_of_bag_predict는 행마다 그 행을 보지 않은 모델들의 예측만 평균해요.")
def test_out_of_bag_predict(student, reference, draw):
    """out_of_bag_predict averages, row by row, the models alone that have not seen the row."""
    for shape in [(5, 7, 3), (6, 4, 2), (4, 4, 4)]:
        predictions, oob = draw.array(*shape), some_oob(draw, *shape[:2])
        assert_close(
            student.out_of_bag_predict(predictions, oob),
            reference.out_of_bag_predict(predictions, oob),
            "predictions {shape}",
            shape=shape,
        )


@check(points=1, ko="모든 모델이 본 행의 예측은 NaN이고, 다른 행의 예측은 그대로예요.")
def test_rows_that_all_models_saw(student, reference, draw):
    """A row that every model has seen is NaN, and the other rows are what they were."""
    predictions, oob = draw.array(4, 6, 3), some_oob(draw, 4, 6)
    oob[:, [1, 4]] = False
    for mask in (oob, np.zeros_like(oob)):
        assert_close(student.out_of_bag_predict(predictions, mask), reference.out_of_bag_predict(predictions, mask))


@check(points=0.5, ko="out_of_bag_predict는 dtype을 지키고, 크기 1인 축과 띄엄띄엄 놓인 배열도 받아요.")
def test_out_of_bag_predict_dtype_sizes_and_strides(student, reference, draw):
    """out_of_bag_predict keeps the dtype, and takes axes of size 1 and arrays that are not contiguous."""
    oob = some_oob(draw, 5, 4)
    for predictions, mask in (
        (draw.array(5, 4, 3, dtype="float32"), oob),
        (draw.strided_array(5, 4, 3), np.repeat(oob, 2, axis=1)[:, ::2]),
        (draw.array(5, 4, 1), oob),
        (draw.array(5, 1, 3), oob[:, :1]),
        (draw.array(1, 4, 3), np.ones((1, 4), dtype=bool)),
    ):
        assert_close(
            student.out_of_bag_predict(predictions, mask),
            reference.out_of_bag_predict(predictions, mask),
            "predictions {shape}, {dtype}",
            shape=predictions.shape,
            dtype=predictions.dtype,
        )


@check(points=1, ko="레이블이 동전 던지기라면, 외우기만 하는 모델들의 out-of-bag 정확도는 약 0.5예요.")
def test_out_of_bag_accuracy_on_coin_flips(student, draw):
    """On coin-flip labels, models that merely memorise have an out-of-bag accuracy of about one half."""
    n, n_models = 300, 25
    labels = draw.rng.integers(0, 2, n)
    indices = rows_of(student, n, n_models, seed(draw))
    oob = student.out_of_bag(indices, n)
    memorised = np.zeros((n_models, n), dtype=bool)
    for model, rows in enumerate(indices):
        memorised[model, rows] = True
    guesses = np.where(memorised, labels, draw.rng.integers(0, 2, (n_models, n)))
    found = student.out_of_bag_predict(np.eye(2)[guesses], oob)
    require(
        isinstance(found, np.ndarray) and found.shape == (n, 2) and np.isfinite(found).all(axis=1).any(),
        en="Expected a prediction of two numbers for every row.",
        ko="행마다 숫자 두 개로 된 예측이 나와야 해요.",
    )
    judged = np.isfinite(found).all(axis=1)
    require_share(
        int((found.argmax(axis=1) == labels)[judged].sum()),
        int(judged.sum()),
        0.5,
        en="Models that know the label of every row they have seen, and guess the others, should be right for "
        "{expected} of the rows out of bag. Here it is {found}.",
        ko="본 행의 레이블은 외우고 나머지는 찍는 모델들이에요. out-of-bag 정확도는 {expected} 정도여야 하는데 지금은 "
        "{found}예요.",
    )


@check(points=1.5, ko="bootstrap_interval은 통계량이 모든 재표본에서 갖는 값의 두 분위수를 돌려줘요.")
def test_interval_values(student, draw):
    """bootstrap_interval gives two quantiles of the values that the statistic takes over all resamples."""
    assert_steps(student, draw, STEPS)


@check(points=1, ko="어떤 통계량이든, 원래 표본과 크기가 같은 재표본을 하나씩 받아요.")
def test_interval_of_other_statistics(student, draw):
    """Any statistic is asked, of one resample at a time, each as large as the sample."""
    assert_steps(student, draw, OTHER_STATISTICS)


@check(
    points=0.5,
    needs="test_interval_values",
    ko="level이 커지면 구간이 넓어지고, 데이터의 단위나 기준점을 바꾸면 구간도 똑같이 바뀌어요.",
)
def test_interval_properties(student, draw):
    """A larger level gives a wider interval, and a change of the data's unit or origin changes the interval alike."""
    x, rng = draw.array(12), seed(draw)
    narrow, wide = (interval_of(student, x, "numpy.mean", 60, level, rng) for level in (0.5, 0.9))
    require(
        wide[0] <= narrow[0] < narrow[1] <= wide[1],
        en="With the same rng, the interval of level 0.9 should hold the one of level 0.5, and low come before high.",
        ko="rng가 같다면 level이 0.9인 구간이 0.5인 구간을 품어야 하고, low가 high보다 작아야 해요.",
    )
    moved = interval_of(student, 40 * x + 7, "numpy.mean", 60, 0.5, rng)
    assert_close(moved, (40 * narrow[0] + 7, 40 * narrow[1] + 7), "the interval in another unit")


@check(
    points=0.5,
    needs="test_interval_values",
    ko="재표본이 하나뿐이거나, 값이 하나뿐이거나, 값이 모두 같으면 구간은 한 점이에요. float32와 띄엄띄엄 놓인 배열도 받아요.",
)
def test_interval_of_little_data(student, draw):
    """One resample, one value or equal values give a single point; float32 and arrays not contiguous are taken."""
    x = draw.array(9)
    low, high = interval_of(student, x, "numpy.mean", 1, 0.9, seed(draw))
    require(
        low == high and x.min() <= low <= x.max(),
        en="With one resample the statistic takes one value, and both ends are that value.",
        ko="재표본이 하나면 통계량의 값도 하나이고, 구간의 양 끝이 그 값이에요.",
    )
    for values in (x[:1], np.full(6, x[1])):
        found = interval_of(student, values, "numpy.median", 20, 0.9, seed(draw))
        assert_close(found, (float(values[0]), float(values[0])), "the interval")
    for values in (draw.array(3, dtype="float32"), draw.strided_array(3)):
        found = interval_of(student, values, "numpy.median", 700, 0.85, seed(draw))
        assert_close(
            found, (float(values.min()), float(values.max())), "the interval of {dtype} numbers", dtype=values.dtype
        )


@check(
    points=0.5,
    needs="test_interval_values",
    ko="평균의 구간은 표본이 클 때 정규 이론이 말하는 폭이고, 데이터가 늘어나면 √n에 반비례해 좁아져요.",
)
def test_interval_of_a_mean(student, draw):
    """In a larger sample a mean's interval is as wide as normal theory has it: it shrinks as one over √n."""
    z = 0.38532  # Φ(z) = 0.65, the upper end of the middle 0.3
    for n in (20, 80):
        half = draw.array(n // 2)
        x = np.concatenate([half, -half]) + 5  # symmetric, so that few values are nearly normal already
        error = x.std() / np.sqrt(n)
        found = interval_of(student, x, "numpy.mean", 2600, 0.3, seed(draw))
        for end, expected in zip(found, (x.mean() - z * error, x.mean() + z * error), strict=True):
            # 0.2 standard errors from there Φ is 0.279 or 0.427: Chernoff's exponent is 31.
            require(
                abs(end - expected) < 0.2 * error,
                en=f"The interval of level 0.3 for the mean of {n} values should end near {expected:.4f}; "
                f"yours ends at {end:.4f}.",
                ko=f"값 {n}개의 평균에 대한 level 0.3의 구간은 끝이 {expected:.4f} 근처여야 해요. 지금 값: {end:.4f}",
            )


@check(points=0.5, needs="test_interval_values", ko="구간은 약속한 만큼 자주 참값을 담아요.")
def test_coverage(student, draw):
    """The interval holds the true value about as often as its level says."""
    trials = 80
    intervals = [interval_of(student, 5 + draw.array(20), "numpy.mean", 50, 0.6, seed(draw)) for _ in range(trials)]
    require_share(
        sum(low <= 5 <= high for low, high in intervals),
        trials,
        COVERAGE,
        en="Intervals of level 0.6 from 20 normal values should hold the true mean in about {expected} of cases; "
        "yours do in {found}.",
        ko="정규분포 값 20개로 만든 level 0.6의 구간은 {expected} 정도의 경우에 참평균을 담아야 하는데, 지금은 {found}예요.",
    )


@check(
    points=1,
    needs=("test_rows_are_drawn_with_replacement", "test_interval_values"),
    ko="난수는 모두 rng에서 나와요. 같은 상태의 rng면 같은 답이, 다른 rng면 다른 답이 나와요.",
)
def test_rng_decides(student, draw):
    """All randomness comes from rng: the same rng gives the same answer, another rng another one."""
    one, other, x = seed(draw), seed(draw), draw.array(50)
    # Equal answers by chance: below 20⁻¹⁰⁰ for the rows, below 1e-20 for the intervals.
    for name, answer in (
        ("bootstrap_indices", lambda rng: rows_of(student, 20, 5, rng)),
        ("bootstrap_interval", lambda rng: interval_of(student, x, "numpy.mean", 40, 0.9, rng)),
    ):
        first = answer(one)
        require(
            np.array_equal(answer(one), first),
            en=f"{name} gives another answer for an rng in the same state.",
            ko=f"{name}: rng의 상태가 같은데도 다른 답이 나와요.",
        )
        require(
            not np.array_equal(answer(other), first),
            en=f"{name} gives the same answer for another rng.",
            ko=f"{name}: rng가 다른데도 같은 답이 나와요.",
        )


@check(
    points=1,
    needs=("test_rows_are_drawn_with_replacement", "test_interval_values"),
    ko="NumPy의 전역 난수 생성기는 쓰지도, 시드를 다시 정하지도 않아요.",
)
def test_global_generator_untouched(student, draw):
    """NumPy's global generator is neither drawn from nor seeded."""
    student.bootstrap_indices(6, 3, seed(draw))
    student.bootstrap_interval(draw.array(6), Named("numpy.mean"), 5, 0.9, seed(draw))
    assert_global_generator_untouched(student)


@check(
    points=0.5,
    needs=("test_out_of_bag", "test_bagging", "test_out_of_bag_predict", "test_interval_values"),
    ko="맞지 않는 shape이나 0과 1 사이가 아닌 level에는 ValueError를 일으켜요.",
)
def test_refuses(student, draw):
    """Shapes that do not fit, and a level that is no fraction between 0 and 1, raise ValueError."""
    for shape in [(4,), (2, 3, 4)]:
        assert_raises(ValueError, student.out_of_bag, np.zeros(shape, dtype=int), 4)
    for shape in [(4, 4), (3, 3, 3, 3)]:
        assert_raises(ValueError, student.bagging_predict, draw.array(*shape))
        assert_raises(ValueError, student.out_of_bag_predict, draw.array(*shape), np.ones(shape[:2], dtype=bool))
    for shape in [(4, 5), (1, 4), (5, 1), (4,), (5, 4, 1), (5, 4, 3)]:
        assert_raises(ValueError, student.out_of_bag_predict, draw.array(5, 4, 3), np.ones(shape, dtype=bool))
    assert_raises(ValueError, student.out_of_bag_predict, draw.array(4, 4, 3), np.ones((4, 4, 1), dtype=bool))
    for level in (0.0, 1.0, -0.5, 95.0):
        assert_raises(ValueError, student.bootstrap_interval, draw.array(6), Named("numpy.mean"), 5, level, seed(draw))


@check(
    points=0.5,
    needs=("test_out_of_bag", "test_bagging", "test_out_of_bag_predict", "test_interval_values"),
    ko="입력을 바꾸지 않아요.",
)
def test_inputs_unchanged(student, draw):
    """Inputs are left as they were."""
    oob = some_oob(draw, 5, 4)
    oob[:, 1] = False
    student.out_of_bag(some_indices(draw, 5, 4), 4)
    student.bagging_predict(draw.array(5, 4, 3))
    student.out_of_bag_predict(draw.array(5, 4, 3), oob)
    student.bootstrap_interval(draw.array(6), Named("numpy.median"), 5, 0.9, seed(draw))
    assert_unchanged(student)
