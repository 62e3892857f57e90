"""Wrong versions of exercise bootstrap: how it is drawn, who has not seen what, what is averaged, and quantiles of what.

Where a version draws, it draws as most would: rng.integers and rng.choice give the same numbers, at once or row by row.
"""

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from grader.variants import misconception
from solutions.bootstrap import Array, Indices, Mask, bootstrap_indices


def require_axes(array: Array, count: int) -> None:
    if array.ndim != count:
        raise ValueError(f"shape {array.shape}")


def require_fit(predictions: Array, oob: Mask) -> None:
    if predictions.ndim != 3 or oob.shape != predictions.shape[:2]:
        raise ValueError(f"{predictions.shape}, {oob.shape}")


def require_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level {level}")


def values_of(x: Array, statistic: Callable[[Array], float], n_resamples: int, rng: np.random.Generator) -> list[float]:
    return [statistic(x[row]) for row in bootstrap_indices(len(x), n_resamples, rng)]


def mean_where(predictions: Array, chosen: Mask) -> Array:
    """Mean over the chosen models, NaN where none is chosen."""
    total = np.where(chosen[:, :, np.newaxis], predictions, 0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return total / chosen.sum(axis=0, dtype=predictions.dtype)[:, np.newaxis]


@misconception(
    "bootstrap-without-replacement",
    replaces="bootstrap_indices",
    breaks="every row is a permutation of all n numbers: all models see the same data, and no row is ever out of bag",
    en="Sort one of your rows. What do you see, and can a statistic differ from one resample to the next?",
    ko="한 행을 정렬해 보세요. 무엇이 보이나요? 이렇게 뽑으면 통계량이 재표본마다 달라질 수 있을까요?",
)
def draw_permutations(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    return np.stack([rng.permutation(n) for _ in range(n_models)])


@misconception(
    "bootstrap-one-sample-for-all",
    replaces="bootstrap_indices",
    breaks="one sample is drawn and given to every model, so the models agree and averaging changes nothing",
    en="Compare two rows of your answer. What is gained by averaging models that were trained on the same rows?",
    ko="결과의 두 행을 비교해 보세요. 같은 행들로 학습한 모델들을 평균하면 무엇이 나아질까요?",
)
def draw_once(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    return np.tile(rng.integers(0, n, size=n), (n_models, 1))


@misconception(
    "bootstrap-last-row-never",
    replaces="bootstrap_indices",
    breaks="the upper end of rng.integers is exclusive, so n − 1 as upper end never draws the last row",
    en="Call your function with n = 2. Which numbers come, and which should? Is the upper end of your range included?",
    ko="n = 2로 함수를 불러 보세요. 어떤 번호가 나오고, 어떤 번호가 나와야 하나요? 범위의 위쪽 끝은 포함되나요?",
)
def draw_all_but_last(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    return rng.integers(0, n - 1, size=(n_models, n))


@misconception(
    "bootstrap-counts-from-one",
    replaces="bootstrap_indices",
    breaks="numbers from 1 to n: row 0 is never drawn, and number n is no row",
    en="Which row of the data has the number n? And who gets row 0?",
    ko="번호가 n인 행은 데이터의 어느 행인가요? 0번 행은 누가 받나요?",
)
def draw_from_one(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    return rng.integers(1, n + 1, size=(n_models, n))


@misconception(
    "bootstrap-models-along-columns",
    replaces="bootstrap_indices",
    breaks="shape (n, n_models): the rows that are meant for one model stand in a column",
    en="Which axis of your answer stands for the models? Compare its shape with the docstring's.",
    ko="결과에서 모델을 나타내는 축은 어느 쪽인가요? shape을 docstring과 비교해 보세요.",
)
def draw_columns(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    return rng.integers(0, n, size=(n, n_models))


@misconception(
    "bootstrap-global-generator",
    replaces="bootstrap_indices",
    breaks="draws from NumPy's global generator: the rng given has no say, and other code's random numbers change",
    en="Call your function with two different rngs. Which of your lines makes use of the one that it was given?",
    ko="서로 다른 rng 두 개로 함수를 불러 보세요. 받은 rng를 쓰는 줄은 어디인가요?",
)
def draw_globally(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    return np.random.randint(0, n, size=(n_models, n))


@misconception(
    "bootstrap-own-generator",
    replaces="bootstrap_indices",
    breaks="a generator with a fixed seed is made inside: every call draws the same rows, whatever rng is given",
    en="Two students give your function different rngs. Why do both get the same rows?",
    ko="두 사람이 서로 다른 rng를 넣었는데 왜 똑같은 행들이 나올까요?",
)
def draw_from_fixed_seed(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    return np.random.default_rng(42).integers(0, n, size=(n_models, n))


@misconception(
    "bootstrap-seeds-the-world",
    replaces="bootstrap_indices",
    breaks="np.random.seed is called on the way: the draws are right, but the random numbers of everybody else start anew",
    en="What happens to someone who draws from np.random, and calls your function in between, again and again?",
    ko="누군가 np.random으로 난수를 뽑으면서 사이사이에 이 함수를 부른다고 해 보세요. 그 사람의 난수는 어떻게 될까요?",
)
def draw_after_seeding(n: int, n_models: int, rng: np.random.Generator) -> Indices:
    np.random.seed(42)
    return rng.integers(0, n, size=(n_models, n))


@misconception(
    "bootstrap-tilde-on-indices",
    replaces="out_of_bag",
    breaks="~ turns the number i into −i − 1, which counts from the end: other rows are marked, some of them in the bag",
    en="Print ~np.array([0, 1, 2]). Which rows does that pick, and what would ~ have to stand before to mean “not these”?",
    ko="~np.array([0, 1, 2])를 출력해 보세요. 이 값은 어느 행을 가리키나요? "
    "~가 “이것 말고”라는 뜻이 되려면 무엇 앞에 있어야 할까요?",
)
def invert_numbers(indices: Indices, n: int) -> Mask:
    require_axes(indices, 2)
    oob = np.zeros((len(indices), n), dtype=bool)
    for model, rows in enumerate(indices.astype(np.int64)):
        oob[model, ~rows] = True
    return oob


@misconception(
    "bootstrap-in-bag-mask",
    replaces="out_of_bag",
    breaks="True marks the rows that the model has seen, the opposite of what is asked",
    en="Take a row that comes in the first line of indices. What does your mask say of it, and what should it say?",
    ko="indices의 첫 줄에 나오는 행을 하나 골라 보세요. 마스크는 그 행을 뭐라고 하나요? 뭐라고 해야 하나요?",
)
def mark_seen(indices: Indices, n: int) -> Mask:
    require_axes(indices, 2)
    seen = np.zeros((len(indices), n), dtype=bool)
    np.put_along_axis(seen, indices, True, axis=1)
    return seen


@misconception(
    "bootstrap-one-mask-for-all",
    replaces="out_of_bag",
    breaks="looks for rows that no model at all has drawn, and gives every model the same mask",
    en="A row that the first model has not drawn and the second has: what does your mask say of it to each of the two?",
    ko="첫째 모델은 뽑지 않았고 둘째 모델은 뽑은 행이 있어요. 마스크는 두 모델에게 각각 뭐라고 하나요?",
)
def mark_for_all_at_once(indices: Indices, n: int) -> Mask:
    require_axes(indices, 2)
    return np.tile(~np.isin(np.arange(n), indices), (len(indices), 1))


@misconception(
    "bootstrap-compares-positions",
    replaces="out_of_bag",
    breaks="compares the number at position i with i: the number i may stand anywhere in the row",
    en="Model m has drawn row 3, in its first place. Does your comparison find it there?",
    ko="모델 m이 3번 행을 첫 번째 자리에 뽑았어요. 지금의 비교로 그것을 찾을 수 있나요?",
)
def compare_with_positions(indices: Indices, n: int) -> Mask:
    require_axes(indices, 2)
    return indices != np.arange(n)


@misconception(
    "bootstrap-once-is-out",
    replaces="out_of_bag",
    breaks="takes a row that was drawn once for one that was not drawn: only repeated rows count as seen",
    en="A model has drawn a row exactly once. Has it been trained on that row?",
    ko="어떤 행을 딱 한 번 뽑은 모델은 그 행으로 학습했나요, 하지 않았나요?",
)
def mark_not_repeated(indices: Indices, n: int) -> Mask:
    require_axes(indices, 2)
    return np.stack([np.bincount(row, minlength=n) <= 1 for row in indices])


@misconception(
    "bootstrap-sum-of-models",
    replaces="bagging_predict",
    breaks="the predictions are added up: probabilities of M models sum to M",
    en="Each model's probabilities sum to 1. What do those of your answer sum to?",
    ko="모델마다 확률의 합은 1이에요. 지금 결과의 합은 얼마인가요?",
)
def add_models(predictions: Array) -> Array:
    require_axes(predictions, 3)
    return predictions.sum(axis=0)


@misconception(
    "bootstrap-mean-over-rows",
    replaces="bagging_predict",
    breaks="the rows are averaged instead of the models: one prediction per model is left",
    en="Which of the letters M, n and C should be missing in the shape of your answer, and which is?",
    ko="결과의 shape에서 M, n, C 중 무엇이 사라져야 하나요? 지금은 무엇이 사라졌나요?",
)
def average_rows(predictions: Array) -> Array:
    require_axes(predictions, 3)
    return predictions.mean(axis=1)


@misconception(
    "bootstrap-majority-vote",
    replaces="bagging_predict",
    breaks="counts which class each model prefers, and loses how sure it was: 0.51 weighs as much as 1.0",
    en="One model is certain, two are barely of the other opinion. Does your answer know how sure each of them was?",
    ko="한 모델은 확신하고, 두 모델은 아슬아슬하게 반대쪽이에요. 지금 결과에는 각 모델이 얼마나 확신했는지가 남아 있나요?",
)
def count_votes(predictions: Array) -> Array:
    require_axes(predictions, 3)
    votes = np.eye(predictions.shape[2], dtype=predictions.dtype)[predictions.argmax(axis=2)]
    return votes.mean(axis=0)


@misconception(
    "bootstrap-median-of-models",
    replaces="bagging_predict",
    breaks="the median of the models is taken where the mean is asked",
    en="One of your models changes its mind a lot, and the answer does not move. Should it?",
    ko="모델 하나의 예측이 크게 바뀌어도 결과가 그대로예요. 그래도 되나요?",
)
def take_median(predictions: Array) -> Array:
    require_axes(predictions, 3)
    return np.median(predictions, axis=0)


@misconception(
    "bootstrap-labels",
    replaces="bagging_predict",
    breaks="returns the number of the most probable class, where the C averaged numbers are asked",
    en="The docstring gives the shape of the answer. Which step of yours has taken an axis too many away?",
    ko="docstring에 적힌 결과의 shape을 보세요. 축을 하나 더 없애 버린 단계는 어디인가요?",
)
def choose_class(predictions: Array) -> Array:
    require_axes(predictions, 3)
    return predictions.mean(axis=0).argmax(axis=-1)


@misconception(
    "bootstrap-float64-result",
    replaces="bagging_predict",
    breaks="sums are collected in an array made without a dtype, so float32 comes back as float64",
    en="Put float32 in and print the dtype that comes out. Which line decides on it?",
    ko="float32를 넣고 결과의 dtype을 출력해 보세요. 그 dtype은 어느 줄에서 정해지나요?",
)
def collect_in_float64(predictions: Array) -> Array:
    require_axes(predictions, 3)
    total = np.zeros(predictions.shape[1:])
    for prediction in predictions:
        total += prediction
    return total / len(predictions)


@misconception("bootstrap-float64-result", replaces="out_of_bag_predict")
def divide_by_integer_counts(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    total = np.where(oob[:, :, np.newaxis], predictions, 0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return total / oob.sum(axis=0)[:, np.newaxis]


@misconception(
    "bootstrap-all-models-out-of-bag",
    replaces="out_of_bag_predict",
    breaks="averages all models, those included that were trained on the row: on coin-flip labels it looks far too good",
    en="Change the prediction of a model that has seen the row. Does your answer for that row change?",
    ko="어떤 행을 이미 본 모델의 예측을 바꿔 보세요. 그 행에 대한 결과가 바뀌나요?",
)
def average_everybody(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    nobody = ~oob.any(axis=0)
    return np.where(nobody[:, np.newaxis], predictions.dtype.type(np.nan), predictions.mean(axis=0))


@misconception(
    "bootstrap-models-that-saw",
    replaces="out_of_bag_predict",
    breaks="the mask is used the wrong way round: the models that were trained on the row are the ones that are asked",
    en="What does True mean in oob? Whose predictions does your code keep?",
    ko="oob에서 True는 무슨 뜻인가요? 지금 코드는 누구의 예측을 남기나요?",
)
def average_those_that_saw(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    return mean_where(predictions, ~oob)


@misconception(
    "bootstrap-zero-for-never",
    replaces="out_of_bag_predict",
    breaks="a row that all models have seen gets 0, which looks like a prediction and is none",
    en="No model may speak about this row. Is 0 an answer or the lack of one, and how would a reader tell?",
    ko="이 행에 대해서는 어떤 모델도 말할 수 없어요. 0은 예측인가요, 예측이 없다는 뜻인가요? 읽는 사람은 어떻게 구별하죠?",
)
def zero_where_nobody(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    return np.nan_to_num(mean_where(predictions, oob), nan=0.0)


@misconception(
    "bootstrap-falls-back-on-all",
    replaces="out_of_bag_predict",
    breaks="a row that all models have seen gets the mean of all of them: the models that know its label judge it",
    en="Who is it that speaks about the row that everybody has seen?",
    ko="모든 모델이 본 행에 대해서는 지금 누가 예측하고 있나요?",
)
def fall_back(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    nobody = ~oob.any(axis=0)
    return np.where(nobody[:, np.newaxis], predictions.mean(axis=0), mean_where(predictions, oob))


@misconception(
    "bootstrap-drops-rows",
    replaces="out_of_bag_predict",
    breaks="rows that all models have seen are left out, so the rows after them move up and meet other rows' labels",
    en="How many rows does your answer have? Which label belongs to its last one?",
    ko="결과에는 행이 몇 개 있나요? 마지막 행에 맞는 레이블은 어느 것인가요?",
)
def drop_rows(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    return mean_where(predictions, oob)[oob.any(axis=0)]


@misconception(
    "bootstrap-divides-by-all",
    replaces="out_of_bag_predict",
    breaks="the sum over the models that have not seen the row is divided by the number of all models",
    en="Let all models predict 0.8 for a row that half of them have seen. What is your answer, and what should it be?",
    ko="모든 모델이 어떤 행에 0.8을 예측했고 그중 절반은 그 행을 봤어요. 지금 결과는 얼마인가요? 얼마여야 하나요?",
)
def divide_by_all(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    kept = np.where(oob[:, :, np.newaxis], predictions, 0).mean(axis=0)
    kept[~oob.any(axis=0)] = np.nan
    return kept


@misconception(
    "bootstrap-one-mean-for-all-rows",
    replaces="out_of_bag_predict",
    breaks="predictions[oob] lines up all (model, row) pairs, and their mean mixes the rows",
    en="Print predictions[oob].shape. Where have the rows gone?",
    ko="predictions[oob].shape을 출력해 보세요. 행은 어디로 갔나요?",
)
def average_all_pairs(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    if not oob.any():
        return np.full(predictions.shape[1:], np.nan, dtype=predictions.dtype)
    return np.broadcast_to(predictions[oob].mean(axis=0), predictions.shape[1:]).copy()


@misconception(
    "bootstrap-overwrites-predictions",
    replaces="out_of_bag_predict",
    breaks="writes NaN into the caller's predictions before np.nanmean: whoever uses them next finds holes",
    en="Look at predictions after your function has run. Whose array is it?",
    ko="함수가 끝난 뒤에 predictions를 들여다보세요. 그 배열은 누구의 것인가요?",
)
def overwrite(predictions: Array, oob: Mask) -> Array:
    require_fit(predictions, oob)
    answer = mean_where(predictions, oob)
    predictions[~oob] = np.nan
    return answer


@misconception(
    "bootstrap-quantiles-of-data",
    replaces="bootstrap_interval",
    breaks="the quantiles of x itself: how far single values spread, not how far the statistic does",
    en="With a hundred times as much data, how wide is your interval? How wide should it be?",
    ko="데이터가 백 배로 늘어나면 지금 구간의 폭은 어떻게 되나요? 어떻게 되어야 하나요?",
)
def quantiles_of_data(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    low, high = np.quantile(x, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@misconception(
    "bootstrap-level-is-the-tail",
    replaces="bootstrap_interval",
    breaks="level is halved and cut off at both ends, so level 0.95 keeps the middle 5 %",
    en="Does your interval get wider or narrower when level grows? What share of the resamples lies inside?",
    ko="level을 키우면 구간이 넓어지나요, 좁아지나요? 재표본 중 얼마가 구간 안에 있나요?",
)
def level_as_tail(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    low, high = np.quantile(values_of(x, statistic, n_resamples, rng), [level / 2, 1 - level / 2])
    return float(low), float(high)


@misconception(
    "bootstrap-tail-not-halved",
    replaces="bootstrap_interval",
    breaks="all of 1 − level is cut off at each of the two ends, so level 0.95 keeps 90 %",
    en="How much do you cut off below, how much above, and what is left between?",
    ko="아래에서 얼마, 위에서 얼마를 잘라 내나요? 그러면 가운데에는 얼마가 남나요?",
)
def cut_twice(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    low, high = np.sort(np.quantile(values_of(x, statistic, n_resamples, rng), [1 - level, level]))
    return float(low), float(high)


@misconception(
    "bootstrap-one-sided",
    replaces="bootstrap_interval",
    breaks="everything is cut off at the upper end and nothing at the lower: the interval starts at the smallest value",
    en="Your lower end does not depend on level. Should it?",
    ko="구간의 아래쪽 끝이 level에 따라 바뀌지 않아요. 그래도 되나요?",
)
def cut_above(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    low, high = np.quantile(values_of(x, statistic, n_resamples, rng), [0, level])
    return float(low), float(high)


@misconception(
    "bootstrap-fraction-as-percent",
    replaces="bootstrap_interval",
    breaks="np.percentile is given fractions where it takes percents: both ends lie at the very bottom",
    en="Which numbers does np.percentile take: 0 to 1, or 0 to 100?",
    ko="np.percentile은 0에서 1까지의 수를 받나요, 0에서 100까지의 수를 받나요?",
)
def percentile_of_fractions(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    low, high = np.percentile(values_of(x, statistic, n_resamples, rng), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@misconception(
    "bootstrap-normal-interval",
    replaces="bootstrap_interval",
    breaks="statistic ± z · std, as if the statistic were normally distributed: symmetric, and out of the range of the data",
    en="Can your interval be longer on one side than on the other? Look at the statistic's values over the resamples.",
    ko="지금 구간은 한쪽이 다른 쪽보다 길 수 있나요? 재표본마다 통계량이 어떤 값을 갖는지 살펴보세요.",
)
def normal_interval(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    half = NormalDist().inv_cdf((1 + level) / 2) * np.std(values_of(x, statistic, n_resamples, rng))
    return float(statistic(x) - half), float(statistic(x) + half)


@misconception(
    "bootstrap-spread-of-data",
    replaces="bootstrap_interval",
    breaks="statistic ± z · std of x: the spread of single values, which does not shrink with more data, and no resampling",
    en="Which of your arguments have you not used? What is it that spreads in your formula: single values or the statistic?",
    ko="받은 인자 중 쓰지 않은 것이 있나요? 지금 수식에서 퍼져 있는 것은 값 하나하나인가요, 통계량인가요?",
)
def spread_of_data(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    half = NormalDist().inv_cdf((1 + level) / 2) * np.std(x)
    return float(statistic(x) - half), float(statistic(x) + half)


@misconception(
    "bootstrap-reversed-interval",
    replaces="bootstrap_interval",
    breaks="the basic interval 2θ − q, which mirrors the quantiles at the estimate, where the percentile interval is asked",
    en="Your interval is mirrored at statistic(x). Which of the bootstrap's intervals does the docstring describe?",
    ko="구간이 statistic(x)를 중심으로 뒤집혀 있어요. docstring이 말하는 것은 부트스트랩 구간 중 어느 것인가요?",
)
def reversed_interval(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    low, high = np.quantile(values_of(x, statistic, n_resamples, rng), [(1 - level) / 2, (1 + level) / 2])
    return float(2 * statistic(x) - high), float(2 * statistic(x) - low)


@misconception(
    "bootstrap-always-the-mean",
    replaces="bootstrap_interval",
    breaks="takes the mean of every resample, whatever statistic is asked for",
    en="Ask your function for the interval of np.max. Where in your code does the statistic come in?",
    ko="np.max의 구간을 구해 보세요. 코드의 어디에서 statistic을 쓰고 있나요?",
)
def always_the_mean(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    low, high = np.quantile(values_of(x, np.mean, n_resamples, rng), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@misconception(
    "bootstrap-statistic-of-everything",
    replaces="bootstrap_interval",
    breaks="the statistic is asked once, of all resamples together: one number, and both ends are it",
    en="How many numbers do you take quantiles of? How many times is statistic called?",
    ko="지금 몇 개의 숫자에서 분위수를 구하나요? statistic은 몇 번 불리나요?",
)
def statistic_of_everything(
    x: Array, statistic: Callable[[Array], float], n_resamples: int, level: float, rng: np.random.Generator
) -> tuple[float, float]:
    require_level(level)
    values = statistic(x[bootstrap_indices(len(x), n_resamples, rng)])
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
