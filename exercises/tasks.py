"""What the capstone trains on: real digits, written dates, and sequences whose best possible loss is known.

Given ready-made: the graders draw their data with these functions too, from a generator that is not yours.
"""

import datetime

import numpy as np
import torch
from torch import Tensor

# How each model is built, and how it is trained.
DIGITS = {"dim": 32, "depth": 2, "num_heads": 4}
DIGITS_FIT = {"epochs": 40, "batch_size": 64, "learning_rate": 3e-3}
DIGITS_TRAIN = 1257  # of 1,797 images; the rest is for testing

CHARACTERS = "\0 ,0123456789ADFJMNOSabceghilmnoprstuvy년월일"  # number 0 is the padding
DATES = {"source_size": len(CHARACTERS), "target_size": 10, "embedding_dim": 16, "hidden_size": 64}
DATES_FIT = {"epochs": 15, "batch_size": 64, "learning_rate": 1e-2}
DATES_TRAIN = 2000

SEQUENCES = {"vocabulary_size": 8, "max_length": 16, "dim": 32, "num_heads": 4}
SEQUENCES_FIT = {"epochs": 8, "batch_size": 32, "learning_rate": 1e-2}
SEQUENCES_TRAIN = 600

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
LONGEST_DATE = len("30 September 2000")


def digits() -> tuple[Tensor, Tensor]:
    """All of scikit-learn's digits: images (1797, 1, 8, 8), float32 from 0 to 1, and labels (1797,), int64."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return torch.tensor(data.images[:, None] / 16, dtype=torch.float32), torch.tensor(data.target)


def dates(n: int, rng: np.random.Generator) -> list[tuple[str, str]]:
    """n pairs of a date of 1950 to 2049, written in one of three ways, and its ISO form YYYYMMDD."""
    first = datetime.date(1950, 1, 1)
    pairs = []
    for days, way in zip(rng.integers(0, 36_525, n), rng.integers(0, 3, n), strict=True):
        date = first + datetime.timedelta(days=int(days))
        month = MONTHS[date.month - 1]
        written = (
            f"{date.day} {month} {date.year}",
            f"{month[:3]} {date.day}, {date.year}",
            f"{date.year}년 {date.month}월 {date.day}일",
        )[way]
        pairs.append((written, f"{date:%Y%m%d}"))
    return pairs


def encode_dates(pairs: list[tuple[str, str]]) -> tuple[Tensor, Tensor, Tensor]:
    """Numbers for pairs: source (n, 17), padded at the end with 0; lengths (n,); target (n, 8), digits. All int64."""
    source = [[CHARACTERS.index(character) for character in written] for written, _ in pairs]
    padded = [numbers + [0] * (LONGEST_DATE - len(numbers)) for numbers in source]
    target = [[int(digit) for digit in iso] for _, iso in pairs]
    return torch.tensor(padded), torch.tensor([len(numbers) for numbers in source]), torch.tensor(target)


def transitions(rng: np.random.Generator) -> np.ndarray:
    """A random language: row i holds the probabilities of the token that follows token i. Shape (8, 8)."""
    size = SEQUENCES["vocabulary_size"]
    return rng.dirichlet(np.ones(size), size)


def sequences(n: int, probabilities: np.ndarray, rng: np.random.Generator) -> Tensor:
    """n sequences of that language: (n, 16), int64. The first token of each is any one."""
    tokens = np.empty((n, SEQUENCES["max_length"]), dtype=np.int64)
    tokens[:, 0] = rng.integers(0, len(probabilities), n)
    cumulative = probabilities.cumsum(axis=1)
    for t in range(1, tokens.shape[1]):
        drawn = rng.random((n, 1)) >= cumulative[tokens[:, t - 1]]
        tokens[:, t] = np.minimum(drawn.sum(axis=1), len(probabilities) - 1)
    return torch.from_numpy(tokens)


def best_loss(tokens: Tensor, probabilities: np.ndarray) -> float:
    """The mean negative log-probability of each next token, for somebody who knows the language: nobody does better."""
    before, after = tokens[:, :-1].numpy(), tokens[:, 1:].numpy()
    return float(-np.log(probabilities[before, after]).mean())
