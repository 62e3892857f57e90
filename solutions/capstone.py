"""Capstone: train what you built. Digits for a Vision Transformer, dates for a translator, sequences for a decoder.

The models are put together out of your own modules (`parts`), trained by a loop that you write, on the data of `tasks`.
`grader train` runs the whole of it, with a progress bar and pictures of the learning curves.
The guide: exercises/guide/en/capstone.md, exercises/guide/ko/capstone.md.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import parts
import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SmallCNN(nn.Module):
    """Given ready-made: a convolutional network of about DigitViT's size, images (N, 1, 8, 8) to logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 24, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(24, 48, kernel_size=3, padding=1)
        self.hidden = nn.Linear(48 * 2 * 2, 64)
        self.head = nn.Linear(64, 10)

    def forward(self, images: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.head(F.relu(self.hidden(x.flatten(1))))

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(self(images), labels)


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """The share of rows whose largest logit stands at the row's label, from 0 to 1.

    logits: (N, C), float32 or float64, N ≥ 1; labels: (N,), int64. Returns a Python float. No argument is changed.
    """
    # BEGIN SOLUTION
    predicted = logits.argmax(dim=1)
    return (predicted == labels).double().mean().item()
    # END SOLUTION


def shift_images(images: Tensor, down: int, right: int) -> Tensor:
    """Move what is on every image; what leaves it is lost, and what comes in is 0.

        result[n, c, i, j] = images[n, c, i - down, j - right], 0 where that pixel does not exist

    images: (N, C, H, W), float32 or float64. down, right: whole numbers; negative ones move up and left, and beyond the
    image's size nothing is left of it. Returns a new tensor of the same shape and dtype; images is left as it was.
    """
    # BEGIN SOLUTION
    height, width = images.shape[-2:]
    moved = torch.zeros_like(images)
    if abs(down) < height and abs(right) < width:
        moved[..., max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = images[
            ..., max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
        ]
    return moved
    # END SOLUTION


def minibatches(n: int, batch_size: int, rng: np.random.Generator) -> list[Tensor]:
    """The samples 0 … n-1 in a random order, cut into batches: what one epoch of training goes through.

    n ≥ 1; batch_size ≥ 1. rng draws the order: another call with the same generator gives another order, and two
    generators of the same seed give the same ones. The global generators are not touched.
    Returns a list or a tuple of int64 tensors, each (batch_size,) but for the last, which holds what remains. Each sample
    is in exactly one of them.
    """
    # BEGIN SOLUTION
    order = torch.from_numpy(rng.permutation(n))
    return list(order.split(batch_size))
    # END SOLUTION


def fit(
    model: nn.Module,
    data: Sequence[Tensor],
    epochs: int,
    batch_size: int,
    learning_rate: float,
    rng: np.random.Generator,
    on_epoch: Callable[[int, float], None] | None = None,
) -> list[float]:
    """Train a model, in place, and say how its loss went down: the loop that every training is.

    model: has a method `loss(*batch)` that gives a scalar, the mean loss of the batch's samples.
    data: tensors with one row a sample each, (n, ...): images and labels, for example.

    Each epoch takes new minibatches of the n samples. For each batch: the loss, its gradients (those of this batch
    alone), and one step of Adam (torch.optim.Adam with this learning rate, its other settings as torch has them).
    Adam is made once and keeps its state over all epochs.

    Returns one number an epoch, the mean loss of its n samples: each batch's loss as it was before the batch's own step,
    and a smaller last batch counts for as many samples as it has. Python floats, in a list or a tuple.
    on_epoch: called with the epoch's number, from 1, and its mean loss at the end of each epoch, if given.

    Raises FloatingPointError as soon as a batch's loss is not finite, before any weight is changed by it.

    Source: Kingma and Ba (2015), Adam.
    """
    # BEGIN SOLUTION
    n = len(data[0])
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    means = []
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in minibatches(n, batch_size, rng):
            loss = model.loss(*(tensor[batch] for tensor in data))
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"the loss is {loss.item()} in epoch {epoch}")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        means.append(total / n)
        if on_epoch is not None:
            on_epoch(epoch, means[-1])
    return means
    # END SOLUTION


class DigitViT(nn.Module):
    """A Vision Transformer for digits of 8 × 8 pixels, out of your parts.

        embedding  parts.PatchEmbedding(image_size=8, patch_size=4, channels=1, dim): 4 patches and CLS
        blocks     nn.ModuleList of `depth` parts.EncoderBlock(dim, num_heads, hidden) with hidden = 4·dim, and in each,
                   as its `attention`, a parts.MultiHeadAttention(dim, num_heads) in the place of the block's own
        norm       nn.LayerNorm(dim)
        head       nn.Linear(dim, 10)

    Build the parts with `parts.…` when the model is built, not by an import of your own: a provided part may stand in.
    """

    def __init__(self, dim: int, depth: int, num_heads: int) -> None:
        super().__init__()
        # BEGIN SOLUTION
        self.embedding = parts.PatchEmbedding(8, 4, 1, dim)
        self.blocks = nn.ModuleList(parts.EncoderBlock(dim, num_heads, 4 * dim) for _ in range(depth))
        for block in self.blocks:
            block.attention = parts.MultiHeadAttention(dim, num_heads)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)
        # END SOLUTION

    def forward(self, images: Tensor) -> Tensor:
        """images (N, 1, 8, 8) to logits (N, 10): the embedding, the blocks, the norm, and the head on the CLS token."""
        # BEGIN SOLUTION
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.norm(tokens)[:, 0])
        # END SOLUTION

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        """The mean cross-entropy of the labels (N,), int64: a scalar."""
        # BEGIN SOLUTION
        return F.cross_entropy(self(images), labels)
        # END SOLUTION


def data_curve(
    architecture: str,
    train: tuple[Tensor, Tensor],
    test: tuple[Tensor, Tensor],
    sizes: Sequence[int],
    epochs: Sequence[int],
    rng: np.random.Generator,
) -> Tensor:
    """How much data does a model need, and what does it make of digits that stand a pixel further?

    architecture: "vit", DigitViT(dim=32, depth=2, num_heads=4), or "cnn", SmallCNN().
    train, test: pairs of images (n, 1, 8, 8) and labels (n,). sizes, epochs: as many numbers each.
    For every size a new model is trained on the first `size` training images for as many epochs, with `fit` in batches of 32
    at a learning rate of 3e-3.

    Returns (len(sizes), 2), float64: in each row the model's accuracy on the test images, and on the test images shifted
    down and right by one pixel each. Raises ValueError for any other architecture.

    Source: Dosovitskiy et al. (2020), section 4.3, asks the first question of larger models.
    """
    # BEGIN SOLUTION
    if architecture not in ("vit", "cnn"):
        raise ValueError(f"architecture is {architecture!r}, expected 'vit' or 'cnn'")
    rows = []
    for size, passes in zip(sizes, epochs, strict=True):
        model = DigitViT(dim=32, depth=2, num_heads=4) if architecture == "vit" else SmallCNN()
        fit(model, [tensor[:size] for tensor in train], passes, 32, 3e-3, rng)
        images, labels = test
        with torch.no_grad():
            rows.append([accuracy(model(shown), labels) for shown in (images, shift_images(images, 1, 1))])
    return torch.tensor(rows, dtype=torch.float64)
    # END SOLUTION


def _run(cell: nn.GRUCell, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """Given ready-made: your gru_forward with the weights of a cell. x (N, S, D), h (N, H)."""
    return parts.gru_forward(x, h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)


class DateTranslator(nn.Module):
    """A GRU reads a date character by character, another one writes it, and attention lets the writer look back.

        source_embedding  nn.Embedding(source_size, embedding_dim)
        target_embedding  nn.Embedding(target_size + 1, embedding_dim); the last row is the start token's
        encoder, decoder  nn.GRUCell(embedding_dim, hidden_size) each: they hold the weights that parts.gru_forward takes
        head              nn.Linear(2 · hidden_size, target_size)

    source (N, S), int64, is padded at its end; lengths (N,), 1 to S, says how many characters are real.
    """

    def __init__(self, source_size: int, target_size: int, embedding_dim: int, hidden_size: int) -> None:
        super().__init__()
        # BEGIN SOLUTION
        self.start = target_size
        self.source_embedding = nn.Embedding(source_size, embedding_dim)
        self.target_embedding = nn.Embedding(target_size + 1, embedding_dim)
        self.encoder = nn.GRUCell(embedding_dim, hidden_size)
        self.decoder = nn.GRUCell(embedding_dim, hidden_size)
        self.head = nn.Linear(2 * hidden_size, target_size)
        # END SOLUTION

    def encode(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's states (N, S, hidden_size), from a state of zeros on, and the state after each last real character."""
        # BEGIN SOLUTION
        zeros = self.head.weight.new_zeros(len(source), self.encoder.hidden_size)
        states, _ = _run(self.encoder, self.source_embedding(source), zeros)
        return states, states[torch.arange(len(source)), lengths - 1]
        # END SOLUTION

    def decode(self, tokens: Tensor, h: Tensor, states: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Read the tokens (N, T) from state h (N, hidden_size) on. Returns the logits (N, T, target_size) and the last state.

        Each decoder state attends to the encoder's states (parts.seq2seq_attention); the head reads the decoder state and its
        context, concatenated in this order.
        """
        # BEGIN SOLUTION
        outputs, h = _run(self.decoder, self.target_embedding(tokens), h)
        context, _ = parts.seq2seq_attention(outputs, states, lengths)
        return self.head(torch.cat([outputs, context], dim=-1)), h
        # END SOLUTION

    def forward(self, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
        """The logits (N, T, target_size) of each target token, given the source and the target tokens before it.

        The decoder starts from the encoder's last real state. It reads the start token first, then the target (N, T), int64,
        but for its last token: what it is to say it must not have read (teacher forcing).
        """
        # BEGIN SOLUTION
        states, h = self.encode(source, lengths)
        start = torch.full_like(target[:, :1], self.start)
        logits, _ = self.decode(torch.cat([start, target[:, :-1]], dim=1), h, states, lengths)
        return logits
        # END SOLUTION

    def loss(self, source: Tensor, lengths: Tensor, target: Tensor) -> Tensor:
        """The mean cross-entropy over all N·T target tokens: a scalar."""
        # BEGIN SOLUTION
        return F.cross_entropy(self(source, lengths, target).flatten(0, 1), target.flatten())
        # END SOLUTION

    def translate(self, source: Tensor, lengths: Tensor, steps: int) -> Tensor:
        """Write `steps` tokens, (N, steps), int64: each time the token of the largest logit, which is then read itself."""
        # BEGIN SOLUTION
        states, h = self.encode(source, lengths)
        token = torch.full_like(source[:, :1], self.start)
        written = []
        for _ in range(steps):
            logits, h = self.decode(token, h, states, lengths)
            token = logits.argmax(dim=-1)
            written.append(token)
        return torch.cat(written, dim=1)
        # END SOLUTION


class TinyDecoder(nn.Module):
    """A language model of one block: at each place, what comes next?

        embedding  nn.Embedding(vocabulary_size, dim)
        positions  nn.Parameter (1, max_length, dim)
        block      parts.EncoderBlock(dim, num_heads, hidden) with hidden = 4·dim, and as its `attention` a
                   parts.MultiHeadAttention(dim, num_heads)
        norm       nn.LayerNorm(dim)
        head       nn.Linear(dim, vocabulary_size)

    With a causal mask an encoder's block is all that a decoder needs.
    """

    def __init__(self, vocabulary_size: int, max_length: int, dim: int, num_heads: int) -> None:
        super().__init__()
        # BEGIN SOLUTION
        self.embedding = nn.Embedding(vocabulary_size, dim)
        self.positions = nn.Parameter(0.02 * torch.randn(1, max_length, dim))
        self.block = parts.EncoderBlock(dim, num_heads, 4 * dim)
        self.block.attention = parts.MultiHeadAttention(dim, num_heads)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, vocabulary_size)
        # END SOLUTION

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens (N, S), int64, S ≤ max_length, to logits (N, S, vocabulary_size); those at t depend on tokens 0 … t alone.

        The embedding plus the first S positions, the block with parts.causal_mask, the norm, the head.
        """
        # BEGIN SOLUTION
        length = tokens.shape[1]
        x = self.embedding(tokens) + self.positions[:, :length]
        x = self.block(x, parts.causal_mask(length, length))
        return self.head(self.norm(x))
        # END SOLUTION

    def loss(self, tokens: Tensor) -> Tensor:
        """The mean cross-entropy of tokens 1 … S-1, each predicted from those before it: a scalar. S ≥ 2."""
        # BEGIN SOLUTION
        logits = self(tokens[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        # END SOLUTION

    def generate(self, prompt: Tensor, steps: int) -> Tensor:
        """Continue prompt (N, S): (N, S + steps), int64, S + steps ≤ max_length; each new token is the likeliest."""
        # BEGIN SOLUTION
        tokens = prompt
        for _ in range(steps):
            likeliest = self(tokens)[:, -1].argmax(dim=-1, keepdim=True)
            tokens = torch.cat([tokens, likeliest], dim=1)
        return tokens
        # END SOLUTION
