"""Right versions of capstone, written differently. Each must get full marks."""

import numpy as np
import parts
import torch
import torch.nn.functional as F
from torch import nn

from grader.variants import alternative
from solutions.capstone import DateTranslator, DigitViT, SmallCNN, TinyDecoder, accuracy, fit, minibatches, shift_images


@alternative("capstone-accuracy-numpy", replaces="accuracy")
def accuracy_by_numpy(logits, labels):
    return float(np.mean(logits.detach().numpy().argmax(-1) == labels.numpy()))


@alternative("capstone-accuracy-counting", replaces="accuracy")
def accuracy_by_counting(logits, labels):
    right = 0
    for row, label in zip(logits, labels, strict=True):
        right += int(row.topk(1).indices) == int(label)
    return right / len(labels)


@alternative("capstone-shift-pad", replaces="shift_images")
def shift_by_padding(images, down, right):
    """Padding of negative width cuts off."""
    height, width = images.shape[-2:]
    down, right = max(-height, min(height, down)), max(-width, min(width, right))
    return F.pad(images, (right, -right, down, -down))


@alternative("capstone-shift-indices", replaces="shift_images")
def shift_by_indices(images, down, right):
    """Where each pixel comes from; a row and a column of zeros stand for what lies outside."""
    height, width = images.shape[-2:]
    rows, columns = torch.arange(height) - down, torch.arange(width) - right
    rows = torch.where((rows >= 0) & (rows < height), rows, height)
    columns = torch.where((columns >= 0) & (columns < width), columns, width)
    return F.pad(images, (0, 1, 0, 1))[:, :, rows[:, None], columns]


@alternative("capstone-minibatches-slices", replaces="minibatches")
def minibatches_by_slices(n, batch_size, rng):
    order = np.arange(n)
    rng.shuffle(order)
    return tuple(torch.tensor(order[start : start + batch_size]) for start in range(0, n, batch_size))


@alternative("capstone-minibatches-keys", replaces="minibatches")
def minibatches_by_sorting(n, batch_size, rng):
    order = torch.from_numpy(rng.random(n)).argsort()
    return list(torch.split(order, batch_size))


@alternative("capstone-fit-own-adam", replaces="fit")
def fit_with_own_adam(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    """Adam written out, after the paper."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    means = [torch.zeros_like(weight) for weight in weights]
    squares = [torch.zeros_like(weight) for weight in weights]
    step, losses = 0, []
    for epoch in range(epochs):
        seen = []
        for rows in minibatches(len(data[0]), batch_size, rng):
            loss = model.loss(*[tensor[rows] for tensor in data])
            if loss.isnan() or loss.isinf():
                raise FloatingPointError("not finite")
            seen += [loss.item()] * len(rows)
            step += 1
            gradients = torch.autograd.grad(loss, weights, allow_unused=True)
            for weight, mean, square, gradient in zip(weights, means, squares, gradients, strict=True):
                if gradient is None:
                    continue
                mean.mul_(0.9).add_(gradient, alpha=0.1)
                square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
                with torch.no_grad():
                    corrected = (square / (1 - 0.999**step)).sqrt() + 1e-8
                    weight -= learning_rate * mean / (1 - 0.9**step) / corrected
        losses.append(float(np.mean(seen)))
        if on_epoch:
            on_epoch(epoch + 1, losses[-1])
    return tuple(losses)


@alternative("capstone-fit-zero-after", replaces="fit")
def fit_zeroing_afterwards(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    """Gradients are cleared after the step, by the model, and set to zeros instead of None."""
    model.train()
    model.zero_grad()
    adam = torch.optim.Adam([{"params": list(model.parameters())}], lr=learning_rate, foreach=True)
    history = []
    for number in range(1, epochs + 1):
        sizes, losses = [], []
        for rows in minibatches(data[0].shape[0], batch_size, rng):
            batch = (tensor.index_select(0, rows) for tensor in data)
            loss = model.loss(*batch)
            if not torch.isfinite(loss):
                raise FloatingPointError(str(loss))
            loss.backward()
            adam.step()
            adam.zero_grad(set_to_none=False)
            sizes.append(len(rows))
            losses.append(loss.detach().double())
        history.append(float(np.average(losses, weights=sizes)))
        if on_epoch is not None:
            on_epoch(number, history[-1])
    return history


@alternative("capstone-vit-sequential", replaces="DigitViT")
class SequentialViT(DigitViT):
    def __init__(self, dim, depth, num_heads):
        nn.Module.__init__(self)
        self.head = nn.Linear(in_features=dim, out_features=10)
        self.norm = nn.LayerNorm(normalized_shape=dim)
        blocks = []
        for _ in range(depth):
            block = parts.EncoderBlock(dim=dim, num_heads=num_heads, hidden=dim * 4)
            block.attention = parts.MultiHeadAttention(dim=dim, num_heads=num_heads)
            blocks.append(block)
        self.blocks = nn.ModuleList(blocks)
        self.embedding = parts.PatchEmbedding(image_size=(8, 8)[0], patch_size=4, channels=1, dim=dim)

    def forward(self, images):
        hidden = nn.Sequential(self.embedding, *self.blocks, self.norm)(images)
        cls, _ = hidden.split([1, hidden.shape[1] - 1], dim=1)
        return self.head(cls).squeeze(1)

    def loss(self, images, labels):
        log_probabilities = self.forward(images).log_softmax(dim=1)
        return -log_probabilities.gather(1, labels[:, None]).mean()


@alternative("capstone-translator-cells", replaces="DateTranslator")
class CellTranslator(DateTranslator):
    """The cells are called themselves, and the attention is written out."""

    def encode(self, source, lengths):
        h = torch.zeros(source.shape[0], self.encoder.hidden_size, dtype=self.head.weight.dtype)
        states, last = [], torch.zeros_like(h)
        for t, x in enumerate(self.source_embedding(source).unbind(dim=1)):
            h = self.encoder(x, h)
            states.append(h)
            last = torch.where((lengths == t + 1)[:, None], h, last)
        return torch.stack(states, dim=1), last

    def decode(self, tokens, h, states, lengths):
        logits = []
        hidden_from = torch.arange(states.shape[1]) >= lengths[:, None]
        for token in tokens.T:
            h = self.decoder(self.target_embedding(token), h)
            scores = torch.einsum("nh,nsh->ns", h, states).masked_fill(hidden_from, -torch.inf)
            context = torch.einsum("ns,nsh->nh", scores.softmax(dim=-1), states)
            logits.append(self.head(torch.hstack([h, context])))
        return torch.stack(logits, dim=1), h

    def loss(self, source, lengths, target):
        return F.cross_entropy(self(source, lengths, target).transpose(1, 2), target)


@alternative("capstone-translator-preallocated", replaces="DateTranslator")
class PreallocatingTranslator(DateTranslator):
    @torch.no_grad()
    def translate(self, source, lengths, steps):
        states, h = self.encode(source, lengths)
        written = torch.empty(len(source), steps + 1, dtype=torch.int64)
        written[:, 0] = self.start
        for t in range(steps):
            logits, h = self.decode(written[:, t : t + 1], h, states, lengths)
            written[:, t + 1] = logits[:, -1].max(dim=-1).indices
        return written[:, 1:]


@alternative("capstone-decoder-own-mask", replaces="TinyDecoder")
class OwnMaskDecoder(TinyDecoder):
    """Its own mask with axes for batch and heads, the loss from all logits but the last, generation into one tensor."""

    def __init__(self, vocabulary_size, max_length, dim, num_heads):
        nn.Module.__init__(self)
        self.positions = nn.Parameter(torch.zeros(1, max_length, dim))
        self.embedding = nn.Embedding(vocabulary_size, dim)
        self.head = nn.Linear(dim, vocabulary_size)
        self.norm = nn.LayerNorm(dim)
        self.block = parts.EncoderBlock(dim, num_heads, 4 * dim)
        self.block.attention = parts.MultiHeadAttention(dim, num_heads)

    def forward(self, tokens):
        place = torch.arange(tokens.shape[1])
        keep = (place[:, None] >= place)[None, None]
        return self.head(self.norm(self.block(self.embedding(tokens) + self.positions[0, place], keep)))

    def loss(self, tokens):
        log_probabilities = self(tokens)[:, :-1].log_softmax(dim=-1)
        return -log_probabilities.gather(-1, tokens[:, 1:, None]).mean()

    @torch.no_grad()
    def generate(self, prompt, steps):
        length = prompt.shape[1]
        tokens = F.pad(prompt, (0, steps))
        for t in range(length, length + steps):
            tokens[:, t] = self(tokens[:, :t])[:, t - 1].topk(1).indices[:, 0]
        return tokens


@alternative("capstone-curve-preallocated", replaces="data_curve")
def curve_into_a_tensor(architecture, train, test, sizes, epochs, rng):
    makers = {"vit": lambda: DigitViT(32, 2, 4), "cnn": SmallCNN}
    if architecture not in makers:
        raise ValueError(architecture)
    found = torch.empty(len(sizes), 2, dtype=torch.float64)
    for row, size in enumerate(sizes):
        model = makers[architecture]()
        fit(model, (train[0][:size], train[1][:size]), epochs[row], batch_size=32, learning_rate=0.003, rng=rng)
        model.eval()
        found[row, 0] = accuracy(model(test[0]).detach(), test[1])
        found[row, 1] = accuracy(model(shift_images(test[0], down=1, right=1)).detach(), test[1])
    return found
