"""multihead: are several heads faster than one? Run it with `grader experiment multihead`, change it as you like."""

import time
from statistics import median

import torch

from grader.experiment import Words, experiment

LENGTH, DIM = 256, 256
HEADS, RUNS = (1, 2, 4, 8), 21


@experiment(
    en=Words(
        claim="Several heads make attention faster, because they run in parallel.",
        about=f"Your MultiHeadAttention on one sequence of {LENGTH} tokens, dim {DIM}, split into more and more heads: "
        f"CPU time of a forward pass on one thread, median of {RUNS} runs. Theory: how many multiplications all matrix "
        "products take. Weights: how many your softmax had to make.",
        columns=("heads", "head_dim", "CPU ms", "of one head's", "multiplications", "weights"),
        question="What does a head cost, if it saves no multiplication? If the time grows with the heads, which column "
        "does it follow? What do you get for it?",
    ),
    ko=Words(
        claim="헤드를 여러 개로 나누면 병렬로 계산하니까 빨라진다.",
        about=f"토큰 {LENGTH}개짜리 시퀀스 하나, dim {DIM}에서 헤드 수를 늘려 가며 여러분의 MultiHeadAttention을 돌려요. "
        f"스레드 하나에서 순전파에 걸린 CPU 시간을 {RUNS}번 재어 중앙값을 적어요. 곱셈 수는 이론으로 센 모든 행렬곱의 "
        "곱셈이고, 가중치 수는 여러분의 softmax가 만든 가중치의 수예요.",
        columns=("헤드 수", "head_dim", "CPU ms", "헤드 하나 대비", "곱셈 수", "가중치 수"),
        question="곱셈이 줄지 않는다면 헤드 하나를 더하는 데는 무엇이 드나요? 헤드가 늘수록 시간이 는다면 어느 열을 "
        "따라가나요? 그 대가로 무엇을 얻나요?",
    ),
)
def heads_are_not_a_speed_up_by_themselves(student):
    layers = {heads: student.MultiHeadAttention(DIM, heads) for heads in HEADS}
    x = torch.randn(1, LENGTH, DIM, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        weights = {heads: layer(x, x, x)[1].numel() for heads, layer in layers.items()}
        times = cpu_times(layers, x)
    for heads in HEADS:
        milliseconds = 1000 * median(times[heads])
        relative = median(times[heads]) / median(times[HEADS[0]])
        yield heads, DIM // heads, milliseconds, relative, multiplications(heads), weights[heads]


def cpu_times(layers, x):
    """Seconds of each run, by number of heads. The runs take turns, so that a slow moment of the machine hits them all."""
    times = {heads: [] for heads in layers}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for _ in range(RUNS):
            for heads, layer in layers.items():
                start = time.process_time()
                layer(x, x, x)
                times[heads].append(time.process_time() - start)
    finally:
        torch.set_num_threads(threads)
    return times


def multiplications(heads):
    """Four projections, and in each head the scores and the weighted sums."""
    head_dim = DIM // heads
    return 4 * LENGTH * DIM * DIM + heads * 2 * LENGTH * LENGTH * head_dim
