"""preprocess: two experiments. Run them with `grader experiment preprocess`, change them as you like."""

import numpy as np

from grader.experiment import Words, experiment

ROWS = 100_000
FEATURES, BATCHES = 5, 2_000


@experiment(
    en=Words(
        claim="Standardised data are normal.",
        about=f"{ROWS:,} numbers from each of three distributions, standardised by your functions. Skewness is 0 for "
        "whatever is symmetric; a normal distribution has 15.9 % of its numbers more than one standard deviation below "
        "the mean.",
        columns=(
            "distribution",
            "skewness",
            "your mean",
            "your std",
            "your skewness",
            "below −1",
            "theory: skewness",
            "below −1",
        ),
        question="Mean and std are 0 and 1 in every row. What of a distribution did your functions change, and what did "
        "they leave?",
    ),
    ko=Words(
        claim="표준화하면 정규분포가 된다.",
        about=f"세 분포에서 숫자를 {ROWS:,}개씩 뽑아 여러분의 함수로 표준화해요. 왜도는 대칭인 분포에서 0이에요. "
        "정규분포라면 평균에서 표준편차 하나보다 더 아래에 있는 값이 15.9%예요.",
        columns=("분포", "왜도", "표준화한 평균", "표준화한 std", "표준화한 왜도", "−1 미만", "이론: 왜도", "−1 미만"),
        question="평균과 표준편차는 모든 행에서 0과 1이에요. 여러분의 함수는 분포의 무엇을 바꾸고 무엇을 그대로 "
        "두었나요?",
    ),
)
def standardising_keeps_the_shape_of_a_distribution(student):
    rng = np.random.default_rng(0)
    samples = {
        "exponential": (rng.exponential(3.0, size=(ROWS, 1)), 2.0, 0.0),
        "uniform": (rng.uniform(0.0, 10.0, size=(ROWS, 1)), 0.0, 0.5 - 1 / 12**0.5),
        "normal": (rng.normal(50.0, 10.0, size=(ROWS, 1)), 0.0, 0.1587),
    }
    for name, (x, skewness_in_theory, below_in_theory) in samples.items():
        mean, std = student.fit_standardizer(x)
        z = student.standardize(x, mean, std)
        measured = (skewness(x), float(z.mean()), float(z.std()), skewness(z), float((z < -1).mean()))
        rounded = (round(value, 4) + 0.0 for value in measured)  # + 0.0: no "-0" in the table
        yield name, *rounded, skewness_in_theory, below_in_theory


def skewness(x):
    """The third power of the standardised numbers, on average."""
    return float((((x - x.mean()) / x.std()) ** 3).mean())


@experiment(
    en=Words(
        claim="With positive inputs all gradients of a neuron's weights have the same sign.",
        about=f"{FEATURES} inputs, uniform in [0, 1], upstream gradients standard normal. Your weight_gradient gives a "
        f"row per sample; the batch's gradient is their sum. How often, of {BATCHES:,} batches, does that sum have both "
        "signs?",
        columns=("batch", "inputs in [0, 1]", "theory", "centred", "theory"),
        question="The rows of your answer all have one sign each. How can their sum have both? Which column would "
        "change if the upstream gradients were all positive?",
    ),
    ko=Words(
        claim="입력이 모두 양수면 뉴런의 가중치 기울기는 모두 부호가 같다.",
        about=f"입력 {FEATURES}개는 [0, 1]의 균등분포, upstream은 표준정규분포에서 뽑아요. 여러분의 weight_gradient는 "
        f"샘플마다 한 행을 내놓고, 배치의 기울기는 그 합이에요. 배치 {BATCHES:,}개 가운데 합에 두 부호가 섞이는 비율을 "
        "세어 봐요.",
        columns=("배치 크기", "[0, 1] 입력", "이론", "중심을 맞춘 입력", "이론"),
        question="여러분의 답은 행마다 부호가 하나뿐이에요. 그런데 그 합에는 어떻게 두 부호가 섞일까요? upstream이 모두 "
        "양수라면 어느 열이 달라질까요?",
    ),
)
def the_same_sign_holds_per_sample_not_for_the_batch(student):
    rng = np.random.default_rng(0)
    # Centred, the five signs are independent coins. Raw, they share the sum of the upstream gradients: for large batches they
    # are normal with correlation 3/4, which gives 0.468.
    raw_in_theory = {1: "0", 2: "–", 8: "–", 32: "→ 0.468"}
    for batch in (1, 2, 8, 32):
        mixed = {0.0: 0, 0.5: 0}  # by what is subtracted from the inputs
        for _ in range(BATCHES):
            x, upstream = rng.uniform(size=(batch, FEATURES)), rng.normal(size=batch)
            for offset in mixed:
                gradient = student.weight_gradient(x - offset, upstream).sum(axis=0)
                mixed[offset] += bool((gradient > 0).any() and (gradient < 0).any())
        raw, centred = (count / BATCHES for count in mixed.values())
        yield batch, raw, raw_in_theory[batch], centred, 1 - 2 * 0.5**FEATURES
