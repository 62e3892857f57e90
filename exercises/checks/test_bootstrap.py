"""Visible checks of exercise bootstrap. No draw is compared with another's: what is asked holds for every right answer
(one in more than a billion would be refused by chance)."""

import numpy as np

from grader.checks import (
    Named,
    Rng,
    assert_close,
    assert_global_generator_untouched,
    assert_raises,
    assert_unchanged,
    check,
    require,
)

# Five rows of data, three models.
INDICES = np.array([[0, 0, 3, 4, 3], [1, 1, 1, 4, 2], [4, 0, 2, 0, 4]])
OOB = np.array(
    [[False, True, True, False, False], [True, False, False, True, False], [False, True, False, True, False]]
)
PREDICTIONS = np.array(
    [
        [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3], [1.0, 0.0]],
        [[0.6, 0.4], [0.3, 0.7], [0.1, 0.9], [0.8, 0.2], [0.45, 0.55]],
        [[0.2, 0.8], [0.35, 0.65], [0.9, 0.1], [0.3, 0.7], [0.25, 0.75]],
    ]
)


def rows_of(student, n, n_models, rng):
    """The student's rows: n_models rows of n numbers from 0 to n − 1."""
    indices = student.bootstrap_indices(n, n_models, rng)
    require(
        isinstance(indices, np.ndarray) and indices.shape == (n_models, n) and indices.dtype.kind in "iu",
        en=f"bootstrap_indices: expected a NumPy array of integers, of shape {(n_models, n)}.",
        ko=f"bootstrap_indices: shape이 {(n_models, n)}인 NumPy 정수 배열이어야 해요.",
    )
    return indices


def interval_of(student, x, statistic, level, rng):
    """The student's (low, high) of 800 resamples, from a pair or an array of two."""
    value = student.bootstrap_interval(np.array(x), Named(statistic), 800, level, rng)
    is_pair = isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim == 1)
    require(
        is_pair and len(value) == 2 and all(isinstance(part, int | float | np.number) for part in value),
        en="bootstrap_interval: expected two numbers, (low, high).",
        ko="bootstrap_interval: 숫자 두 개 (low, high)가 나와야 해요.",
    )
    return [float(part) for part in value]


@check(points=1, ko="bootstrap_indices가 고르는 번호는 0부터 n − 1까지이고, 어떤 번호든 뽑힐 수 있어요.")
def test_all_numbers_are_drawn(student):
    """bootstrap_indices picks numbers from 0 to n − 1, and any of them can be drawn."""
    for n, n_models in [(2, 60), (5, 60)]:
        found = np.unique(rows_of(student, n, n_models, Rng(1)))
        require(
            found.tolist() == list(range(n)),
            en=f"With n = {n} and {n_models} models, the numbers 0 to {n - 1} should turn up; yours are {found.tolist()}.",
            ko=f"n = {n}, 모델 {n_models}개라면 0부터 {n - 1}까지의 번호가 모두 나와야 해요. 지금 나온 번호: {found.tolist()}",
        )


@check(points=1, ko="한 행은 복원추출한 것이라, 같은 번호가 여러 번 나오고 빠지는 번호도 있어요.")
def test_with_replacement(student):
    """A row is drawn with replacement: some numbers come several times, and others are left out."""
    rows = rows_of(student, 30, 12, Rng(2))
    unique = sum(len(set(row)) for row in rows.tolist()) / rows.size
    require(
        0.43 < unique < 0.84,  # 0.638 is expected; 360 draws miss this by McDiarmid's 2 exp(−28)
        en=f"Of 30 numbers about 64 % should come in a row; in yours it is {unique:.0%}.",
        ko=f"번호 30개 중 64% 정도가 한 행에 나와야 하는데, 지금은 {unique:.0%}예요.",
    )


@check(points=1, ko="모델마다 다른 행들을 받아요.")
def test_models_differ(student):
    """Every model gets rows of its own."""
    rows = rows_of(student, 30, 4, Rng(3))
    require(
        len({tuple(row) for row in rows.tolist()}) == len(rows),
        en="Several models have got the same rows.",
        ko="똑같은 행들을 받은 모델이 여럿 있어요.",
    )


@check(
    points=1,
    needs="test_with_replacement",
    ko="난수는 모두 rng에서 나와요. 같은 rng면 같은 답, 다른 rng면 다른 답이고, NumPy의 전역 생성기는 건드리지 않아요.",
)
def test_rng(student):
    """All randomness comes from rng: same rng, same answer; another rng, another. NumPy's global generator is left alone."""
    first, again, other = (rows_of(student, 15, 4, Rng(seed)) for seed in (4, 4, 5))
    require(
        np.array_equal(first, again) and not np.array_equal(first, other),
        en="The answer should be the same for an rng in the same state, and another one for another rng.",
        ko="rng의 상태가 같으면 답도 같고, rng가 다르면 답도 달라야 해요.",
    )
    assert_global_generator_untouched(student)


@check(points=1, ko="out_of_bag는 모델마다 그 모델이 뽑지 않은 행을 True로 표시해요.")
def test_out_of_bag(student, reference):
    """out_of_bag marks, for every model, the rows that it has not drawn."""
    assert_close(student.out_of_bag(INDICES, 5), reference.out_of_bag(INDICES, 5), "the mask")


@check(points=1, ko="bagging_predict는 모든 모델의 예측을 평균해요.")
def test_bagging(student, reference):
    """bagging_predict is the mean of all models' predictions."""
    assert_close(student.bagging_predict(PREDICTIONS), reference.bagging_predict(PREDICTIONS))


@check(points=1, ko="out_of_bag_predict는 행마다 그 행을 보지 않은 모델만 평균하고, 모든 모델이 본 행은 NaN이에요.")
def test_out_of_bag_predict(student, reference):
    """out_of_bag_predict averages the models that have not seen a row; a row that all have seen is NaN."""
    answer = student.out_of_bag_predict(PREDICTIONS, OOB)
    assert_close(answer, reference.out_of_bag_predict(PREDICTIONS, OOB))


@check(points=1, ko="bootstrap_interval은 통계량이 재표본에서 갖는 값들의 두 분위수예요.")
def test_interval(student):
    """bootstrap_interval gives two quantiles of the statistic's values over the resamples."""
    # The median of three draws from these three is 1 in 7 of 27 cases, 2 in 13, and 10 in 7.
    expected = {0.85: [1.0, 10.0], 0.15: [2.0, 2.0]}
    found = {level: interval_of(student, [2.0, 10.0, 1.0], "numpy.median", level, Rng(6)) for level in expected}
    for level, interval in found.items():
        assert_close(interval, expected[level], "the interval of level {level}", level=level)


@check(points=1, ko="bootstrap_interval은 받은 통계량을 재표본 하나하나에 적용해요.")
def test_interval_of_other_statistics(student):
    """bootstrap_interval applies the statistic that it is given, to one resample at a time."""
    # The largest of five draws from these five is 9 in 67 % of cases, 7 in 25 %.
    expected = {"numpy.max": [7.0, 9.0], "numpy.size": [5.0, 5.0], "numpy.ndim": [1.0, 1.0]}
    x = [3.0, 9.0, 1.0, 7.0, 4.0]
    found = {statistic: interval_of(student, x, statistic, 0.6, Rng(7)) for statistic in expected}
    for statistic, interval in found.items():
        assert_close(interval, expected[statistic], "the interval of {statistic}", statistic=statistic)


@check(
    points=1,
    needs=("test_out_of_bag", "test_bagging", "test_out_of_bag_predict", "test_interval"),
    ko="float32가 들어가면 float32가 나오고, 입력은 바뀌지 않아요.",
)
def test_float32_and_unchanged_inputs(student, reference):
    """float32 in, float32 out, and inputs stay as they were."""
    predictions = PREDICTIONS.astype(np.float32)
    assert_close(student.bagging_predict(predictions), reference.bagging_predict(predictions))
    assert_close(student.out_of_bag_predict(predictions, OOB), reference.out_of_bag_predict(predictions, OOB))
    student.out_of_bag(INDICES, 5)
    interval_of(student, [2.0, 10.0, 1.0], "numpy.median", 0.85, Rng(8))
    assert_unchanged(student)


@check(
    points=1,
    needs=("test_bagging", "test_out_of_bag_predict", "test_interval"),
    ko="맞지 않는 shape이나 0과 1 사이가 아닌 level에는 ValueError를 일으켜요.",
)
def test_refuses(student):
    """Shapes that do not fit, and a level that is no fraction between 0 and 1, raise ValueError."""
    assert_raises(ValueError, student.bagging_predict, PREDICTIONS[0])
    assert_raises(ValueError, student.out_of_bag_predict, PREDICTIONS, OOB[:1])
    assert_raises(ValueError, student.bootstrap_interval, np.ones(4), Named("numpy.mean"), 5, 95.0, Rng(9))
