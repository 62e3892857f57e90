"""Wrong versions of exercise preprocess: whose statistics, along which axis, in which order, and of which matrix."""

import numpy as np

from grader.variants import misconception
from solutions.preprocess import Array


def require_matrix(x: Array) -> None:
    if x.ndim != 2:
        raise ValueError(f"x has shape {x.shape}")


def require_fit(x: Array, mean: Array, std: Array) -> None:
    if mean.shape != x.shape[1:] or std.shape != x.shape[1:]:
        raise ValueError(f"{x.shape}, {mean.shape}, {std.shape}")


def is_constant(x: Array) -> Array:
    return x.max(axis=0) == x.min(axis=0)


def hessian_of(x: Array) -> Array:
    samples = x.astype(np.float64)
    return samples.T @ samples / len(samples)


@misconception(
    "preprocess-sample-std",
    replaces="fit_standardizer",
    breaks="the sum of squares is divided by n − 1 (ddof = 1), so every std is larger than the course's",
    en="Your mean is right and every std is a little off, by the same factor. By what do you divide the sum of squares, "
    "and by what does the docstring?",
    ko="평균은 맞는데 std가 모두 같은 비율만큼 어긋나 있어요. 제곱의 합을 무엇으로 나누고 있나요? "
    "docstring에서는 무엇으로 나누나요?",
)
def fit_with_ddof_one(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    if len(x) == 1:
        return x.mean(axis=0), np.ones_like(x[0])
    std = x.std(axis=0, ddof=1)
    std[is_constant(x)] = 1
    return x.mean(axis=0), std


@misconception(
    "preprocess-variance",
    replaces="fit_standardizer",
    breaks="the variance is returned where its root is asked, so the scaled columns do not have spread 1",
    en="If a column is in metres, in which unit is your second result?",
    ko="어떤 열의 단위가 미터라면, 지금 반환하는 두 번째 결과의 단위는 무엇일까요?",
)
def fit_with_variance(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    variance = x.var(axis=0)
    variance[is_constant(x)] = 1
    return x.mean(axis=0), variance


@misconception(
    "preprocess-one-for-all",
    replaces="fit_standardizer",
    breaks="one mean and one std of the whole table serve every column, so columns keep their offsets and scales",
    en="A column of heights and a column of incomes: do you give them the same mean? "
    "What does x.mean() do when no axis is named?",
    ko="키를 담은 열과 소득을 담은 열에 같은 평균을 주고 있지 않나요? 축을 정하지 않으면 x.mean()은 무엇을 계산하나요?",
)
def fit_whole_table(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    std = np.full_like(x[0], x.std())
    std[is_constant(x)] = 1
    return np.full_like(x[0], x.mean()), std


@misconception(
    "preprocess-statistics-per-row",
    replaces="fit_standardizer",
    breaks="the mean and std of every sample are taken (axis=1), which mixes features of different units",
    en="You have one mean per sample. Which axis disappears in mean(axis=1), and which one should?",
    ko="지금은 샘플마다 평균이 하나씩 나와요. mean(axis=1)은 어느 축을 없애나요? 없어져야 할 축은 어느 쪽인가요?",
)
def fit_rows(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    std = x.std(axis=1)
    std[is_constant(x.T)] = 1
    return x.mean(axis=1), std


@misconception(
    "preprocess-kept-axis",
    replaces="fit_standardizer",
    breaks="keepdims leaves an axis of size 1: (1, d) where (d,) is asked",
    en="The numbers are right. Compare the shapes of your two results with those in the docstring.",
    ko="숫자는 맞아요. 반환한 두 결과의 shape을 docstring에 적힌 shape과 비교해 보세요.",
)
def fit_keeping_axis(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    return x.mean(axis=0, keepdims=True), np.where(is_constant(x), x.dtype.type(1), x.std(axis=0, keepdims=True))


@misconception(
    "preprocess-min-max",
    replaces="fit_standardizer",
    breaks="minimum and range are returned: min-max scaling, in which one outlier squeezes all other rows",
    en="One sample with a very large value comes into the data. How far do your two numbers move, "
    "and is that what the formulas in the docstring do?",
    ko="아주 큰 값을 가진 샘플 하나가 데이터에 들어왔다고 해 보세요. 지금 구하는 두 숫자는 얼마나 움직이나요? "
    "docstring의 수식도 그렇게 움직이나요?",
)
def fit_range(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    extent = x.max(axis=0) - x.min(axis=0)
    extent[extent == 0] = 1
    return x.min(axis=0), extent


@misconception(
    "preprocess-constant-column-zero",
    replaces="fit_standardizer",
    breaks="a constant column keeps its std of 0, and standardising divides by it: NaN, or inf for a new row",
    en="One feature has the same value in every row. What stands below the fraction line when you standardise it?",
    ko="모든 행에서 값이 똑같은 특성이 하나 있어요. 이 열을 표준화하면 분모에 어떤 수가 오나요?",
)
def fit_without_guard(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    return x.mean(axis=0), x.std(axis=0)


@misconception(
    "preprocess-zero-test-on-std",
    replaces="fit_standardizer",
    breaks="constant columns are looked for with std == 0, which rounding makes miss ten times 0.1",
    en="Print x.std(axis=0) for a table of ten rows and two columns that holds 0.1 everywhere. "
    "Does your test for a constant column find them?",
    ko="모든 값이 0.1인 10행 2열 표의 x.std(axis=0)을 출력해 보세요. 지금의 조건으로 이 열들이 상수라는 것을 알아낼 수 있나요?",
)
def fit_testing_std(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    std = x.std(axis=0)
    std[std == 0] = 1
    return x.mean(axis=0), std


@misconception(
    "preprocess-small-std-is-constant",
    replaces="fit_standardizer",
    breaks="a threshold on std takes columns in a small unit for constant and leaves them unscaled",
    en="The same lengths, written in metres and in kilometres: does your code treat the two columns alike?",
    ko="같은 길이를 한 열에는 미터로, 다른 열에는 킬로미터로 적었어요. 지금 코드는 두 열을 똑같이 다루나요?",
)
def fit_with_threshold(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    std = x.std(axis=0)
    std[std < 1e-6] = 1
    return x.mean(axis=0), std


@misconception(
    "preprocess-epsilon",
    replaces="fit_standardizer",
    breaks="a small number is added to every std against division by zero: columns in a small unit come out too small",
    en="You add a small number to be safe. Small compared with what? Try a column whose values are all around 1e-8.",
    ko="안전하게 하려고 작은 수를 더했네요. 무엇에 비해 작은 수인가요? 값이 모두 1e-8 정도인 열로 시험해 보세요.",
)
def fit_adding_epsilon(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    return x.mean(axis=0), x.std(axis=0) + 1e-8


@misconception("preprocess-epsilon", replaces="standardize")
def standardize_adding_epsilon(x: Array, mean: Array, std: Array) -> Array:
    require_fit(x, mean, std)
    return (x - mean) / (std + 1e-8)


@misconception(
    "preprocess-mean-of-squares",
    replaces="fit_standardizer",
    breaks="E[x²] − E[x]² subtracts two large, nearly equal numbers: the digits of the spread are lost",
    en="On paper your formula is right. Take a column around 100,000,000 that varies by 1: how many digits of the two "
    "numbers that you subtract are left in their difference?",
    ko="종이 위에서는 맞는 식이에요. 값이 100,000,000 근처에서 1 정도씩 변하는 열을 떠올려 보세요. "
    "서로 빼는 두 수의 유효숫자는 뺀 결과에 몇 자리나 남나요?",
)
def fit_by_squares(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    mean = x.mean(axis=0)
    std = np.sqrt(np.maximum((x**2).mean(axis=0) - mean**2, 0))
    std[is_constant(x)] = 1
    return mean, std


@misconception(
    "preprocess-in-place",
    replaces="fit_standardizer",
    breaks="the caller's data is centred in place, and fitting or standardising it again gives something else",
    en="Look at x after your function has run. Which of your lines writes to the caller's array?",
    ko="함수가 끝난 뒤에 x를 다시 들여다보세요. 호출한 쪽의 배열에 값을 써 넣는 줄은 어디인가요?",
)
def fit_in_place(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    mean = x.mean(axis=0)
    constant = is_constant(x)
    x -= mean
    std = np.sqrt((x**2).mean(axis=0))
    std[constant] = 1
    return mean, std


@misconception("preprocess-in-place", replaces="standardize")
def standardize_in_place(x: Array, mean: Array, std: Array) -> Array:
    require_fit(x, mean, std)
    x -= mean
    x /= std
    return x


@misconception("preprocess-in-place", replaces="unstandardize")
def unstandardize_in_place(x: Array, mean: Array, std: Array) -> Array:
    require_fit(x, mean, std)
    x *= std
    x += mean
    return x


@misconception(
    "preprocess-float64-result",
    replaces="fit_standardizer",
    breaks="the statistics are collected in arrays made without a dtype, so float32 comes back as float64",
    en="Put float32 in and print the dtype that comes out. Which line decides on it?",
    ko="float32를 넣고 결과의 dtype을 출력해 보세요. 그 dtype은 어느 줄에서 정해지나요?",
)
def fit_into_new_arrays(x: Array) -> tuple[Array, Array]:
    require_matrix(x)
    mean, std = np.zeros(x.shape[1]), np.ones(x.shape[1])
    for column in range(x.shape[1]):
        mean[column] = x[:, column].mean()
        if x[:, column].max() > x[:, column].min():
            std[column] = x[:, column].std()
    return mean, std


@misconception("preprocess-float64-result", replaces="standardize")
def standardize_into_new_array(x: Array, mean: Array, std: Array) -> Array:
    require_fit(x, mean, std)
    out = np.zeros(x.shape)
    for row in range(len(x)):
        out[row] = (x[row] - mean) / std
    return out


@misconception(
    "preprocess-own-statistics",
    replaces="standardize",
    breaks="the rows are standardised with their own mean and std: a test row's result depends on the other test rows",
    en="Standardise ten rows, then the first of them alone. Does that row come out the same? "
    "Which of your arguments have you used?",
    ko="행 열 개를 표준화한 다음, 그중 첫 행만 따로 표준화해 보세요. 같은 값이 나오나요? "
    "함수가 받은 인자 가운데 실제로 쓴 것은 무엇인가요?",
)
def standardize_by_itself(x: Array, mean: Array, std: Array) -> Array:
    require_fit(x, mean, std)
    own = x.std(axis=0)
    own[is_constant(x)] = 1
    return (x - x.mean(axis=0)) / own


@misconception(
    "preprocess-divides-first",
    replaces="standardize",
    breaks="x / std − mean: the mean is in the data's unit, and what it is taken from no longer is",
    en="In which unit is mean, and in which unit is the number from which you subtract it?",
    ko="mean의 단위는 무엇이고, mean을 빼는 그 수의 단위는 무엇인가요?",
)
def divide_then_centre(x: Array, mean: Array, std: Array) -> Array:
    require_fit(x, mean, std)
    return x / std - mean


@misconception(
    "preprocess-scaled-only",
    replaces="standardize",
    breaks="the rows are divided by std and not centred, so the offset stays and only its size changes",
    en="What should the mean of a standardised training column be? What is it after your function?",
    ko="표준화한 학습 데이터의 열은 평균이 얼마여야 할까요? 지금 함수를 거친 뒤에는 얼마인가요?",
)
def only_scale(x: Array, mean: Array, std: Array) -> Array:
    require_fit(x, mean, std)
    return x / std


@misconception(
    "preprocess-undo-order",
    replaces="unstandardize",
    breaks="(x + mean) · std: the steps are undone in the order in which they were done",
    en="You put on socks, then shoes. In which order do they come off, and in which order does your function undo "
    "the two steps of standardize?",
    ko="양말을 신고 신발을 신었어요. 벗을 때는 어떤 순서인가요? 지금 함수는 standardize의 두 단계를 어떤 순서로 되돌리나요?",
)
def add_then_multiply(x: Array, mean: Array, std: Array) -> Array:
    require_fit(x, mean, std)
    return (x + mean) * std


@misconception(
    "preprocess-gradient-summed",
    replaces="weight_gradient",
    breaks="the samples are summed, which is the batch's gradient: the same-sign rule does not hold for it",
    en="Which axis of x is missing in your result? Whose loss is ℓ[i] in the docstring: one sample's, or the batch's?",
    ko="결과에 x의 어느 축이 빠져 있나요? docstring의 ℓ[i]는 샘플 하나의 손실인가요, 배치 전체의 손실인가요?",
)
def gradient_of_batch(x: Array, upstream: Array) -> Array:
    if x.ndim != 2 or upstream.shape != x.shape[:1]:
        raise ValueError(f"{x.shape}, {upstream.shape}")
    return x.T @ upstream


@misconception(
    "preprocess-gradient-averaged",
    replaces="weight_gradient",
    breaks="every row is divided by n, as if the loss were the batch's mean",
    en="Give your function one sample, then the same sample together with others. Why does its row change?",
    ko="샘플 하나만 넣어 보고, 같은 샘플을 다른 샘플들과 함께도 넣어 보세요. 왜 그 샘플의 행이 달라질까요?",
)
def gradient_divided(x: Array, upstream: Array) -> Array:
    if x.ndim != 2 or upstream.shape != x.shape[:1]:
        raise ValueError(f"{x.shape}, {upstream.shape}")
    return upstream[:, np.newaxis] * x / len(x)


@misconception(
    "preprocess-upstream-along-features",
    replaces="weight_gradient",
    breaks="upstream (n,) meets x's last axis, so it scales features; with n = d nothing complains",
    en="Write the shapes (n, d) and (n,) below each other, flush right. Which axis of x does upstream meet?",
    ko="(n, d)와 (n,)을 오른쪽 끝에 맞춰 위아래로 적어 보세요. upstream은 x의 어느 축과 만나나요?",
)
def gradient_by_feature(x: Array, upstream: Array) -> Array:
    if x.ndim != 2 or upstream.shape != x.shape[:1]:
        raise ValueError(f"{x.shape}, {upstream.shape}")
    return x * upstream


@misconception(
    "preprocess-condition-of-x",
    replaces="condition_number",
    breaks="the condition number of x itself: its singular values are the roots of the Hessian's eigenvalues (times n)",
    en="Of which matrix does the docstring ask the condition number? "
    "Compare your result with its own square for a diagonal x.",
    ko="docstring에서 조건수를 묻는 행렬은 무엇인가요? x가 대각행렬일 때 지금 결과와 그 제곱을 비교해 보세요.",
)
def condition_of_data(x: Array) -> float:
    require_matrix(x)
    return float(np.linalg.cond(x.astype(np.float64)))


@misconception(
    "preprocess-condition-centred",
    replaces="condition_number",
    breaks="x is centred first (a covariance matrix), so what centring changes cannot be seen",
    en="Add 100 to a column. Should the answer change? Does yours?",
    ko="열 하나에 100을 더해 보세요. 답이 달라져야 할까요? 지금 함수의 답은 달라지나요?",
)
def condition_of_covariance(x: Array) -> float:
    require_matrix(x)
    eigenvalues = np.linalg.eigvalsh(hessian_of(x.astype(np.float64) - x.astype(np.float64).mean(axis=0)))
    return float(eigenvalues[-1] / eigenvalues[0])


@misconception(
    "preprocess-condition-of-diagonal",
    replaces="condition_number",
    breaks="the diagonal of the Hessian is taken for its eigenvalues: correlation between the columns goes unseen",
    en="Two columns of the same scale that are nearly copies of each other: is their bowl round? What do you answer?",
    ko="스케일이 같고 서로 거의 복사본인 두 열이 있어요. 이때 손실의 그릇은 둥글까요? 지금 함수는 뭐라고 답하나요?",
)
def condition_of_scales(x: Array) -> float:
    require_matrix(x)
    diagonal = np.diag(hessian_of(x))
    return float(diagonal.max() / diagonal.min())


@misconception(
    "preprocess-condition-upside-down",
    replaces="condition_number",
    breaks="the smallest eigenvalue is divided by the largest, as in a list sorted the other way round",
    en="Can a condition number be smaller than 1? In which order does your function get the eigenvalues?",
    ko="조건수가 1보다 작을 수 있나요? 고윳값은 어떤 순서로 나오나요?",
)
def condition_reciprocal(x: Array) -> float:
    require_matrix(x)
    eigenvalues = np.linalg.eigvalsh(hessian_of(x))
    return float(eigenvalues[0] / eigenvalues[-1])
