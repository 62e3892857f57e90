"""rnn: what is left of a gradient after fifty steps? Run it with `grader experiment rnn`, change it as you like."""

from statistics import median

import torch

from grader.experiment import Words, experiment

HIDDEN, STEPS, DRAWS = 16, 50, 20
GAINS = (0.9, 1.0, 1.5, 3.0)


@experiment(
    en=Words(
        claim="ReLU does not let gradients vanish: it makes them explode.",
        about=f"Your gradient_norms: ‖∂h_{STEPS}/∂h_0‖ for W of {HIDDEN} × {HIDDEN} normal numbers with standard "
        f"deviation gain/√H, the median of {DRAWS} draws. Theory, roughly: a step multiplies by gain and by the slope. "
        "Half of ReLU's slopes are 1 and half 0, which makes gain/√2 a step; sigmoid's are at most 1/4.",
        columns=("gain", "relu", "(gain/√2)⁵⁰", "smallest", "largest", "tanh", "sigmoid", "(gain/4)⁵⁰"),
        question="From which gain on does ReLU explode? Which gain would keep its gradient level, and how far can you "
        "trust that for a single draw? At which gain would sigmoid keep its gradient, if its slopes stayed at 1/4?",
    ),
    ko=Words(
        claim="ReLU를 쓰면 기울기가 소실되지 않고 오히려 폭주한다.",
        about=f"여러분의 gradient_norms로 ‖∂h_{STEPS}/∂h_0‖를 재요. W는 {HIDDEN} × {HIDDEN} 행렬이고, 원소는 표준편차가 "
        f"gain/√H인 정규분포에서 뽑아요. 표의 값은 {DRAWS}번 뽑은 중앙값이에요. 이론으로 어림하면 한 스텝마다 gain과 "
        "활성화 함수의 미분값이 곱해져요. ReLU의 미분값은 절반이 1, 절반이 0이라 한 스텝에 gain/√2이고, sigmoid의 "
        "미분값은 많아야 1/4이에요.",
        columns=("gain", "relu", "(gain/√2)⁵⁰", "최솟값", "최댓값", "tanh", "sigmoid", "(gain/4)⁵⁰"),
        question="ReLU는 gain이 얼마일 때부터 폭주하나요? 기울기를 일정하게 유지하려면 gain이 얼마여야 할까요? W를 한 "
        "번만 뽑았을 때도 그 값을 믿을 수 있을까요? sigmoid의 미분값이 늘 1/4이라면 gain이 얼마일 때 기울기가 "
        "유지될까요?",
    ),
)
def relu_explodes_only_at_large_gain(student):
    for gain in GAINS:
        relu, tanh, sigmoid = (last_norms(student, gain, activation) for activation in ("relu", "tanh", "sigmoid"))
        yield (
            gain, median(relu), (gain / 2**0.5) ** STEPS, min(relu), max(relu),
            median(tanh), median(sigmoid), (gain / 4) ** STEPS,
        )  # fmt: skip


def last_norms(student, gain, activation):
    """One number for each draw of W: what is left after all steps."""
    generator = torch.Generator().manual_seed(0)
    norms = []
    for _ in range(DRAWS):
        weight = torch.randn(HIDDEN, HIDDEN, generator=generator, dtype=torch.float64) * gain / HIDDEN**0.5
        h0 = torch.randn(HIDDEN, generator=generator, dtype=torch.float64)
        norms.append(float(student.gradient_norms(weight, h0, STEPS, activation)[-1]))
    return norms
