"""bootstrap: why with replacement? Run it with `grader experiment bootstrap`, change it as you like."""

import numpy as np

from grader.experiment import Words, experiment

MODELS = 500
SIZES = (10, 100, 1000)


@experiment(
    en=Words(
        claim="A bootstrap sample is a random part of the data.",
        about=f"{MODELS} samples of n rows out of n by your bootstrap_indices: the share of the rows that a sample holds "
        "at least once, and how much the mean varies from sample to sample. Beside it the same without replacement: n "
        "of n rows, reordered.",
        columns=(
            "n",
            "your unique share",
            "1 − (1 − 1/n)ⁿ",
            "your spread of the mean",
            "σ/√n",
            "unique share, without",
            "spread, without",
        ),
        question="Without replacement each sample holds everything. Why is the spread of the mean 0 then, and what "
        "would an interval made of it say? To which number does the unique share tend, and what is the rest good for?",
    ),
    ko=Words(
        claim="부트스트랩 표본은 데이터의 일부를 무작위로 고른 것이다.",
        about=f"여러분의 bootstrap_indices로 n행에서 n행을 뽑은 표본을 {MODELS}개 만들어요. 표본에 적어도 한 번 들어간 "
        "행의 비율과, 표본마다 평균이 얼마나 달라지는지를 재요. 옆에는 비복원추출, 즉 n행을 순서만 바꾼 경우를 나란히 "
        "적어요.",
        columns=(
            "n",
            "여러분: 고유 비율",
            "1 − (1 − 1/n)ⁿ",
            "여러분: 평균의 퍼짐",
            "σ/√n",
            "비복원: 고유 비율",
            "비복원: 퍼짐",
        ),
        question="비복원추출을 하면 표본마다 모든 행이 들어 있어요. 그러면 평균의 퍼짐은 왜 0일까요? 그것으로 구간을 "
        "만들면 무엇을 말하게 될까요? 고유 비율은 어떤 수에 가까워지고, 나머지 행은 어디에 쓸 수 있을까요?",
    ),
)
def without_replacement_nothing_varies(student):
    for n in SIZES:
        x = np.random.default_rng(1).normal(size=n)
        drawn = student.bootstrap_indices(n, MODELS, np.random.default_rng(0))
        rng = np.random.default_rng(0)
        reordered = np.array([rng.permutation(n) for _ in range(MODELS)])
        yield (
            n, unique_share(drawn), 1 - (1 - 1 / n) ** n, spread(x[drawn]), float(x.std()) / n**0.5,
            unique_share(reordered), spread(x[reordered]),
        )  # fmt: skip


def unique_share(indices):
    return float(np.mean([len(np.unique(row)) / len(row) for row in indices]))


def spread(samples):
    """The standard deviation of the samples' means; rounding aside."""
    return round(float(samples.mean(axis=1).std()), 12)
