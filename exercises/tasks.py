"""What the capstone trains on: real digits, written dates, and sequences whose best possible loss is known.

Given ready-made: the graders draw their data with these functions too, from a generator that is not yours.
"""

import datetime
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

# How each model is built, and how it is trained.
DIGITS = {"dim": 32, "depth": 2, "num_heads": 4}
DIGITS_FIT = {"epochs": 40, "batch_size": 64, "learning_rate": 2e-3}
DIGITS_TRAIN = 1257  # of 1,797 images; the rest is for testing

CHARACTERS = "\0 ,0123456789ADFJMNOSabceghilmnoprstuvy년월일"  # number 0 is the padding
DATES = {"source_size": len(CHARACTERS), "target_size": 10, "embedding_dim": 16, "hidden_size": 64}
DATES_FIT = {"epochs": 20, "batch_size": 64, "learning_rate": 1e-2}
DATES_TRAIN = 2000

SEQUENCES = {"vocabulary_size": 8, "max_length": 16, "dim": 32, "num_heads": 4}
SEQUENCES_FIT = {"epochs": 8, "batch_size": 32, "learning_rate": 1e-2}
SEQUENCES_TRAIN = 600

# What is asked of a trained model: shares that are right, and how far from the best possible loss it may be. A decoder
# cannot be better than its language can be predicted, up to the chance of one sample.
DIGITS_GATE, DATES_GATE = 0.93, 0.95
BETTER, WORSE = 0.1, 0.2

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


@dataclass
class Outcome:
    """What came of a training: did it reach what it should, a sentence on it in both languages, and its curves.

    series: label -> (x, y) of each curve; levels: label -> height of a horizontal line to compare with.
    """

    reached: bool
    en: str
    ko: str
    x_label: str
    y_label: str
    series: dict[str, tuple[list[float], list[float]]]
    levels: dict[str, float] = field(default_factory=dict)


def _fit(capstone, model, data, settings, rng, progress):
    """The losses of a training that says how far it is."""
    epochs = settings["epochs"]
    return capstone.fit(
        model, data, rng=rng, on_epoch=lambda epoch, mean: progress(epoch / epochs, f"loss {mean:.3f}"), **settings
    )


def _curve(losses) -> dict[str, tuple[list[float], list[float]]]:
    return {"training": (list(range(1, len(losses) + 1)), [float(mean) for mean in losses])}


def train_digits(capstone, rng, progress) -> Outcome:
    """Digits for DigitViT: trained on 1,257 images, tried on 540."""
    images, labels = digits()
    order = torch.from_numpy(rng.permutation(len(labels)))
    train, test = order[:DIGITS_TRAIN], order[DIGITS_TRAIN:]
    model = capstone.DigitViT(**DIGITS)
    losses = _fit(capstone, model, (images[train], labels[train]), DIGITS_FIT, rng, progress)
    with torch.no_grad():
        share = (model(images[test]).argmax(dim=1) == labels[test]).double().mean().item()
    return Outcome(
        share >= DIGITS_GATE,
        f"{share:.3f} of the test images are told apart; {DIGITS_GATE} is asked.",
        f"테스트 이미지의 {share:.3f}을 맞혔어요. {DIGITS_GATE} 이상이면 돼요.",
        "epoch",
        "mean loss",
        _curve(losses),
    )


def train_dates(capstone, rng, progress) -> Outcome:
    """Written dates for DateTranslator: trained on 2,000, tried on 300 others."""
    source, lengths, target = encode_dates(dates(300, rng))
    model = capstone.DateTranslator(**DATES)
    losses = _fit(capstone, model, encode_dates(dates(DATES_TRAIN, rng)), DATES_FIT, rng, progress)
    with torch.no_grad():
        written = model.translate(source, lengths, target.shape[1])
    share = (written == target).all(dim=1).double().mean().item()
    example = "".join(CHARACTERS[number] for number in source[0, : lengths[0]].tolist())
    answer = "".join(map(str, written[0].tolist()))
    return Outcome(
        share >= DATES_GATE,
        f"{share:.3f} of the new dates are right in all digits; {DATES_GATE} is asked. “{example}” became {answer}.",
        f"새 날짜의 {share:.3f}을 숫자 하나까지 똑같이 썼어요. {DATES_GATE} 이상이면 돼요. “{example}” → {answer}.",
        "epoch",
        "mean loss",
        _curve(losses),
    )


def train_sequences(capstone, rng, progress) -> Outcome:
    """Sequences of a random language for TinyDecoder: the best possible loss is known."""
    language = transitions(rng)
    tokens = sequences(500, language, rng)
    model = capstone.TinyDecoder(**SEQUENCES)
    losses = _fit(capstone, model, (sequences(SEQUENCES_TRAIN, language, rng),), SEQUENCES_FIT, rng, progress)
    with torch.no_grad():
        loss, best = model.loss(tokens).item(), best_loss(tokens, language)
    if loss < best - BETTER:
        en = f"The loss on new sequences is {loss:.2f}, but who knows the language by heart has {best:.2f}: too good to be true. "
        en += "Can your decoder see the token that it is to predict?"
        ko = f"새 시퀀스에서 손실이 {loss:.2f}인데, 이 언어를 완전히 아는 사람도 {best:.2f}이에요. 믿기 어려울 만큼 좋네요. "
        ko += "예측해야 할 토큰을 미리 보고 있지는 않나요?"
    else:
        en = f"The loss on new sequences is {loss:.2f}; {best:.2f} is possible, and up to {best + WORSE:.2f} is asked."
        ko = f"새 시퀀스에서 손실이 {loss:.2f}이에요. 가능한 최선은 {best:.2f}이고, {best + WORSE:.2f}까지면 돼요."
    reached = best - BETTER < loss < best + WORSE
    return Outcome(reached, en, ko, "epoch", "mean loss", _curve(losses), {"best possible": best})


def train_curve(capstone, rng, progress) -> Outcome:
    """The few-data curve: DigitViT against SmallCNN, on test images as they are and shifted by a pixel."""
    images, labels = digits()
    order = torch.from_numpy(rng.permutation(len(labels)))
    train, test = order[:DIGITS_TRAIN], order[DIGITS_TRAIN:]
    sets = (images[train], labels[train]), (images[test], labels[test])
    sizes, epochs = [50, 200, DIGITS_TRAIN], [200, 60, 20]
    series = {}
    done = 0
    for architecture, name in (("vit", "ViT"), ("cnn", "CNN")):
        rows = []
        for size, passes in zip(sizes, epochs, strict=True):
            progress(done / (2 * len(sizes)), f"{name}, {size} images")
            rows.append(capstone.data_curve(architecture, *sets, [size], [passes], rng)[0].tolist())
            done += 1
        as_they_are, shifted = map(list, zip(*rows, strict=True))
        series |= {name: (sizes, as_they_are), f"{name}, shifted": (sizes, shifted)}
    progress(1.0, "")
    listed = "; ".join(
        f"{label}: {' / '.join(f'{share:.2f}' for share in shares)}" for label, (_, shares) in series.items()
    )
    return Outcome(
        True,
        f"After {sizes[0]}, {sizes[1]} and {sizes[2]} images, {listed}. What does the CNN know before it has seen any image?",
        f"이미지 {sizes[0]}, {sizes[1]}, {sizes[2]}장으로 학습했을 때 {listed}. CNN은 이미지를 보기도 전에 무엇을 알고 있을까요?",
        "training images",
        "accuracy",
        series,
    )


# What `grader train` runs: name -> function of (your capstone, a generator, progress(share, text)).
TRAININGS = {"digits": train_digits, "dates": train_dates, "sequences": train_sequences, "curve": train_curve}
