"""Kinds of input for the exercise "capstone": `grader draw capstone`. For `fit` and the trainings: `grader train`."""

import torch

from grader.inputs import FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, Rng, build, call

WRONG = Kind(
    "all-wrong", "labels that no row's largest logit stands at", "가장 큰 로짓이 정답과 하나도 맞지 않는 레이블"
)
COUNTED = Kind("counted", "pixels 1, 2, 3, ...: easy to follow by eye", "눈으로 따라가기 쉬운 픽셀 1, 2, 3, …")
BACK = Kind("back", "up and to the left", "위쪽과 왼쪽으로")
BEYOND = Kind("beyond", "further than the image is high", "이미지의 높이보다 멀리")
EVEN = Kind("even", "batches that come out even", "나머지 없이 나누어떨어지는 배치")
REST = Kind("rest", "a smaller last batch", "마지막 배치가 더 작은 경우")
FEWER = Kind("fewer", "fewer samples than a batch holds", "배치 크기보다 적은 샘플")
SHALLOW = Kind("shallow", "one block", "블록 하나")
PADDED = Kind("padded", "sources of different lengths", "길이가 서로 다른 입력")
LONG = Kind("long", "as many tokens as there are positions", "위치 수만큼 긴 토큰 열")


def accuracy(draw):
    logits = draw.tensor(4, 3)
    yield call(ORDINARY, logits=logits, labels=draw.integers(0, 3, 4))
    yield call(FLOAT32, logits=draw.tensor(3, 2, dtype="float32"), labels=draw.integers(0, 2, 3))
    yield call(WRONG, logits=logits.clone(), labels=(logits.argmax(dim=1) + 1) % 3)


def shift_images(draw):
    yield call(COUNTED, images=torch.arange(1.0, 13.0).reshape(1, 1, 3, 4), down=1, right=1)
    yield call(BACK, images=draw.tensor(1, 2, 3, 2), down=-1, right=-1)
    yield call(FLOAT32, images=draw.tensor(2, 1, 2, 3, dtype="float32"), down=0, right=2)
    yield call(BEYOND, images=draw.tensor(1, 1, 2, 2), down=3, right=0)
    yield call(NOT_CONTIGUOUS, images=draw.strided(1, 1, 2, 3), down=1, right=-1)
    yield call(SIZE_ONE, images=draw.tensor(1, 1, 1, 1), down=0, right=0)


def minibatches(draw):
    yield call(EVEN, n=6, batch_size=3, rng=Rng(int(draw.rng.integers(1000))))
    yield call(REST, n=10, batch_size=4, rng=Rng(int(draw.rng.integers(1000))))
    yield call(FEWER, n=3, batch_size=8, rng=Rng(int(draw.rng.integers(1000))))


def DigitViT(draw):
    yield build(ORDINARY, dim=4, depth=2, num_heads=2).on(images=draw.tensor(1, 1, 8, 8))
    yield build(FLOAT32, dim=4, depth=2, num_heads=1).on(images=draw.tensor(1, 1, 8, 8, dtype="float32"))
    yield build(SHALLOW, dim=2, depth=1, num_heads=1).on(images=draw.tensor(2, 1, 8, 8))


def DateTranslator(draw):
    sizes = {"source_size": 6, "target_size": 4, "embedding_dim": 2, "hidden_size": 3}
    target = draw.integers(0, 4, 2, 3)
    source = draw.integers(1, 6, 2, 4)
    yield build(ORDINARY, **sizes).on(source=source, lengths=torch.tensor([4, 4]), target=target)
    padded = source.clone()
    padded[1, 2:] = 0
    yield build(PADDED, **sizes).on(source=padded, lengths=torch.tensor([4, 2]), target=target)
    yield build(SIZE_ONE, **sizes).on(source=source[:1, :1], lengths=torch.tensor([1]), target=target[:1, :1])


def TinyDecoder(draw):
    sizes = {"vocabulary_size": 5, "max_length": 6, "dim": 4, "num_heads": 2}
    yield build(ORDINARY, **sizes).on(tokens=draw.integers(0, 5, 2, 4))
    yield build(LONG, **sizes).on(tokens=draw.integers(0, 5, 1, 6))
    yield build(SIZE_ONE, **sizes).on(tokens=draw.integers(0, 5, 1, 1))
