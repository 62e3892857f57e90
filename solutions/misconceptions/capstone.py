"""Wrong versions of capstone: of its loop, of its models, and of what is measured. The parts are the reference's."""

import math

import numpy as np
import parts
import torch
import torch.nn.functional as F
from torch import nn

from grader.variants import misconception
from solutions.capstone import DateTranslator, DigitViT, SmallCNN, TinyDecoder, accuracy, fit, minibatches, shift_images


@misconception(
    "capstone-accuracy-over-samples",
    replaces="accuracy",
    breaks="argmax(dim=0) looks for the sample with the largest logit in each class",
    en="One prediction is needed for each row. How many numbers does your argmax give, and along which axis does it look?",
    ko="예측은 행마다 하나씩 필요해요. 지금 argmax는 숫자를 몇 개 내놓나요? 어느 축을 따라 찾고 있나요?",
)
def accuracy_by_column(logits, labels):
    return (logits.argmax(dim=0) == labels).double().mean().item()


@misconception(
    "capstone-accuracy-in-percent",
    replaces="accuracy",
    breaks="the share is given in percent",
    en="If every row is right, what do you return, and what does the docstring ask for?",
    ko="모든 행을 맞혔을 때 지금 함수는 무엇을 반환하나요? docstring이 말하는 범위와 비교해 보세요.",
)
def accuracy_in_percent(logits, labels):
    return 100 * (logits.argmax(dim=1) == labels).double().mean().item()


@misconception(
    "capstone-shift-wraps",
    replaces="shift_images",
    breaks="torch.roll brings what leaves the image in again on the other side",
    en="Move a picture down by one pixel. Where does its lowest row go, and what stands in its top row now?",
    ko="그림을 한 픽셀 내려 보세요. 맨 아래 행은 어디로 갔나요? 맨 위 행에는 지금 무엇이 있나요?",
)
def shift_by_rolling(images, down, right):
    return torch.roll(images, (down, right), dims=(-2, -1))


@misconception(
    "capstone-shift-other-way",
    replaces="shift_images",
    breaks="positive numbers move the picture up and left: the output's index was taken for the input's",
    en="Put one bright pixel into an empty image and move it down by 1. In which row does it stand afterwards?",
    ko="빈 이미지에 밝은 픽셀 하나를 놓고 아래로 1만큼 옮겨 보세요. 그 픽셀은 몇 번째 행에 있나요?",
)
def shift_backwards(images, down, right):
    height, width = images.shape[-2:]
    padded = F.pad(images, (width, width, height, height))
    return padded[..., height + down : 2 * height + down, width + right : 2 * width + right].clone()


@misconception(
    "capstone-drops-the-rest",
    replaces="minibatches",
    breaks="the last, smaller batch is left out: up to batch_size - 1 samples are not trained on",
    en="Count the samples in all of your batches together, for n = 10 and batches of 4.",
    ko="n이 10이고 배치 크기가 4일 때, 모든 배치에 든 샘플을 다 더하면 몇 개인가요?",
)
def whole_batches_only(n, batch_size, rng):
    order = torch.from_numpy(rng.permutation(n))
    return list(order[: n // batch_size * batch_size].split(batch_size)) if n >= batch_size else []


@misconception(
    "capstone-in-order",
    replaces="minibatches",
    breaks="the samples are not shuffled: rng is not used",
    en="If the data were sorted by label, what would the first batch hold? Which of your arguments is never used?",
    ko="데이터가 레이블 순서로 정렬되어 있다면 첫 배치에는 무엇이 들어갈까요? 인자 가운데 한 번도 쓰지 않은 것은 무엇인가요?",
)
def in_order(n, batch_size, rng):
    return list(torch.arange(n).split(batch_size))


@misconception(
    "capstone-with-replacement",
    replaces="minibatches",
    breaks="the samples are drawn with replacement, as for a bootstrap: about a third of them is missing in each epoch",
    en="Sort the indices of one epoch. Is each sample there exactly once? Which exercise draws like this on purpose?",
    ko="한 에포크의 인덱스를 정렬해 보세요. 모든 샘플이 꼭 한 번씩 있나요? 일부러 이렇게 뽑는 연습문제는 무엇이었나요?",
)
def drawn_with_replacement(n, batch_size, rng):
    return list(torch.from_numpy(rng.integers(0, n, n)).split(batch_size))


@misconception(
    "capstone-own-generator",
    replaces="minibatches",
    breaks="a generator of one fixed seed is made in the function: the same order in every epoch and for every rng",
    en="Call your function twice with one generator. Why do you get the same order again?",
    ko="같은 생성기로 함수를 두 번 불러 보세요. 왜 똑같은 순서가 다시 나올까요?",
)
def from_a_fixed_seed(n, batch_size, rng):
    return list(torch.from_numpy(np.random.default_rng(0).permutation(n)).split(batch_size))


def train(model, data, epochs, batch_size, rng, optimizer, on_epoch=None):
    """The reference's loop, with another optimizer."""
    n = len(data[0])
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


@misconception(
    "capstone-gradients-pile-up",
    replaces="fit",
    breaks="the gradients are not set to zero, so each step goes along the sum of all that came before",
    en="Print one parameter's .grad before and after the second backward(). Does it hold the second batch's gradient alone?",
    ko="두 번째 backward() 앞뒤로 파라미터 하나의 .grad를 출력해 보세요. 두 번째 배치의 기울기만 들어 있나요?",
)
def fit_without_zero_grad(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    n = len(data[0])
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    means = []
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in minibatches(n, batch_size, rng):
            loss = model.loss(*(tensor[batch] for tensor in data))
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"the loss is {loss.item()} in epoch {epoch}")
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        means.append(total / n)
        if on_epoch is not None:
            on_epoch(epoch, means[-1])
    return means


@misconception(
    "capstone-sgd",
    replaces="fit",
    breaks="plain gradient descent is used instead of Adam",
    en="By how much does a weight change in the first step? Compare it with learning_rate, for a large and for a small gradient.",
    ko="첫 스텝에서 가중치가 얼마나 바뀌나요? 기울기가 클 때와 작을 때를 learning_rate와 비교해 보세요.",
)
def fit_by_sgd(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    return train(model, data, epochs, batch_size, rng, torch.optim.SGD(model.parameters(), lr=learning_rate), on_epoch)


@misconception(
    "capstone-weight-decay",
    replaces="fit",
    breaks="AdamW pulls every weight towards zero beside following the gradient",
    en="Where a gradient is exactly zero, does your optimizer leave the weight alone? Read which optimizer the docstring names.",
    ko="기울기가 정확히 0인 가중치를 지금의 옵티마이저는 그대로 두나요? docstring이 말하는 옵티마이저의 이름을 다시 읽어 보세요.",
)
def fit_by_adamw(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    return train(
        model, data, epochs, batch_size, rng, torch.optim.AdamW(model.parameters(), lr=learning_rate), on_epoch
    )


@misconception(
    "capstone-new-adam-each-epoch",
    replaces="fit",
    breaks="Adam is made anew in every epoch and forgets its running means",
    en="What does Adam remember from one step to the next? Where do you make it, and how often is that line run?",
    ko="Adam은 한 스텝에서 다음 스텝으로 무엇을 기억하나요? 옵티마이저를 만드는 줄은 어디에 있고, 몇 번 실행되나요?",
)
def fit_with_new_optimizers(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    means = []
    for _ in range(epochs):
        means += train(
            model, data, 1, batch_size, rng, torch.optim.Adam(model.parameters(), lr=learning_rate), on_epoch
        )
    return means


@misconception(
    "capstone-last-loss",
    replaces="fit",
    breaks="the loss of the epoch's last batch is reported, not the epoch's mean",
    en="Which samples does the number that you report for an epoch speak of: all of them, or the few of one batch?",
    ko="에포크마다 알려주는 숫자는 어떤 샘플들에 대한 것인가요? 전체인가요, 한 배치의 몇 개인가요?",
)
def fit_reporting_last(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    last = []
    for epoch in range(1, epochs + 1):
        for batch in minibatches(len(data[0]), batch_size, rng):
            loss = model.loss(*(tensor[batch] for tensor in data))
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"the loss is {loss.item()} in epoch {epoch}")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        last.append(loss.item())
        if on_epoch is not None:
            on_epoch(epoch, last[-1])
    return last


@misconception(
    "capstone-mean-of-means",
    replaces="fit",
    breaks="the batches' losses are averaged, so that the samples of a small last batch count for more",
    en="Ten samples in batches of 4: how much does a sample of the last batch count in your mean, and one of the first?",
    ko="샘플 열 개를 크기 4의 배치로 나누면, 지금의 평균에서 마지막 배치의 샘플과 첫 배치의 샘플은 각각 얼마만큼 세어지나요?",
)
def fit_averaging_batches(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    means = []
    for epoch in range(1, epochs + 1):
        losses = []
        for batch in minibatches(len(data[0]), batch_size, rng):
            loss = model.loss(*(tensor[batch] for tensor in data))
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"the loss is {loss.item()} in epoch {epoch}")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        means.append(sum(losses) / len(losses))
        if on_epoch is not None:
            on_epoch(epoch, means[-1])
    return means


@misconception(
    "capstone-loss-after-step",
    replaces="fit",
    breaks="each batch's loss is computed again after its step, which makes the training look better than it is",
    en="When do you take down a batch's loss: before the model has learned from that batch, or after?",
    ko="배치의 손실을 언제 적어 두나요? 모델이 그 배치에서 배우기 전인가요, 배운 뒤인가요?",
)
def fit_measuring_late(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    n = len(data[0])
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    means = []
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in minibatches(n, batch_size, rng):
            rows = [tensor[batch] for tensor in data]
            loss = model.loss(*rows)
            if not math.isfinite(loss.item()):
                raise FloatingPointError(f"the loss is {loss.item()} in epoch {epoch}")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += model.loss(*rows).item() * len(batch)
        means.append(total / n)
        if on_epoch is not None:
            on_epoch(epoch, means[-1])
    return means


@misconception(
    "capstone-one-order",
    replaces="fit",
    breaks="the minibatches are drawn once, and every epoch goes through the same ones in the same order",
    en="How often are minibatches drawn in your loop, and how often does an epoch begin?",
    ko="지금 반복문에서 미니배치를 몇 번 뽑나요? 에포크는 몇 번 시작되나요?",
)
def fit_in_one_order(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    n = len(data[0])
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    batches = minibatches(n, batch_size, rng)
    means = []
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in batches:
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


@misconception(
    "capstone-trains-on-nan",
    replaces="fit",
    breaks="a loss of NaN goes unnoticed: from the next step on every weight is NaN",
    en="Put one NaN into the data. What do the weights hold after one epoch, and who tells you?",
    ko="데이터에 NaN을 하나 넣어 보세요. 한 에포크 뒤에 가중치에는 무엇이 들어 있나요? 그 사실을 누가 알려 주나요?",
)
def fit_without_a_look(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):
    n = len(data[0])
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    means = []
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in minibatches(n, batch_size, rng):
            loss = model.loss(*(tensor[batch] for tensor in data))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        means.append(total / n)
        if on_epoch is not None:
            on_epoch(epoch, means[-1])
    return means


@misconception(
    "capstone-vit-mean-pool",
    replaces="DigitViT",
    breaks="the head reads the mean of all tokens instead of the CLS token",
    en="Which token is the head to read? Which tokens does your line mix into it?",
    ko="head가 읽어야 하는 토큰은 어느 것인가요? 지금은 어떤 토큰들이 섞여 들어가나요?",
)
class MeanPoolViT(DigitViT):
    def forward(self, images):
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.norm(tokens).mean(dim=1))


@misconception(
    "capstone-vit-no-norm",
    replaces="DigitViT",
    breaks="the norm after the last block is made and never called",
    en="The residual stream grows with every block. What stands between the last block and the head in the docstring?",
    ko="잔차 스트림은 블록을 지날 때마다 커져요. docstring에서 마지막 블록과 head 사이에는 무엇이 있나요?",
)
class UnnormedViT(DigitViT):
    def forward(self, images):
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(tokens[:, 0])


@misconception(
    "capstone-vit-shared-block",
    replaces="DigitViT",
    breaks="one block stands in the list `depth` times, so all depths share their weights",
    en="Change a weight of blocks[0] and look at blocks[1]. How many blocks have you made?",
    ko="blocks[0]의 가중치를 바꾸고 blocks[1]을 들여다보세요. 블록을 실제로 몇 개 만들었나요?",
)
class SharedBlockViT(DigitViT):
    def __init__(self, dim, depth, num_heads):
        super().__init__(dim, depth, num_heads)
        self.blocks = nn.ModuleList([self.blocks[0]] * depth)


@misconception(
    "capstone-softmax-twice",
    replaces="DigitViT",
    breaks="cross_entropy, which takes logits, is given probabilities: softmax is applied twice, and the loss cannot get small",
    en="What does F.cross_entropy do with its first argument before it takes the logarithm?",
    ko="F.cross_entropy는 로그를 취하기 전에 첫 번째 인자로 무엇을 하나요?",
)
class TwiceSoftmaxViT(DigitViT):
    def loss(self, images, labels):
        return F.cross_entropy(self(images).softmax(dim=-1), labels)


@misconception(
    "capstone-reads-padding",
    replaces="DateTranslator",
    breaks="the encoder's last state is taken at the end of the padding, not at the end of the date",
    en="A short date is followed by padding. After which character is the state that you give to the decoder?",
    ko="짧은 날짜 뒤에는 패딩이 이어져요. 디코더에 넘기는 상태는 어느 글자까지 읽은 상태인가요?",
)
class PaddedStateTranslator(DateTranslator):
    def encode(self, source, lengths):
        states, _ = super().encode(source, lengths)
        return states, states[:, -1]


@misconception(
    "capstone-attends-to-padding",
    replaces="DateTranslator",
    breaks="the attention is told that all sources are as long as the longest: padding takes part in every context",
    en="Which lengths does your attention get? Make the padding longer: do the logits stay the same?",
    ko="지금 어텐션은 어떤 lengths를 받나요? 패딩을 더 길게 만들어도 로짓이 그대로인가요?",
)
class PaddingTranslator(DateTranslator):
    def decode(self, tokens, h, states, lengths):
        return super().decode(tokens, h, states, torch.full_like(lengths, states.shape[1]))


@misconception(
    "capstone-reads-the-answer",
    replaces="DateTranslator",
    breaks="the decoder reads the target unshifted: it is shown the token that it is to say, and learns to copy it",
    en="When the decoder is to say token t, what is the last token that it has read? The training will look splendid; "
    "what does translate write?",
    ko="디코더가 t번째 글자를 말해야 할 때, 마지막으로 읽은 글자는 무엇인가요? 학습은 아주 잘되는 것처럼 보일 텐데, "
    "translate는 무엇을 쓰나요?",
)
class PeekingTranslator(DateTranslator):
    def forward(self, source, lengths, target):
        states, h = self.encode(source, lengths)
        return self.decode(target, h, states, lengths)[0]


@misconception(
    "capstone-context-first",
    replaces="DateTranslator",
    breaks="context and decoder state are concatenated in the other order, so the head's columns meet the wrong one",
    en="The shapes fit either way. In which order does the docstring name the two halves that the head reads?",
    ko="어느 쪽이든 shape은 맞아요. docstring에서 head가 읽는 두 부분의 순서는 어떻게 되어 있나요?",
)
class SwappedTranslator(DateTranslator):
    def decode(self, tokens, h, states, lengths):
        cell = self.decoder
        outputs, h = parts.gru_forward(
            self.target_embedding(tokens), h, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh
        )
        context, _ = parts.seq2seq_attention(outputs, states, lengths)
        return self.head(torch.cat([context, outputs], dim=-1)), h


@misconception(
    "capstone-always-start",
    replaces="DateTranslator",
    breaks="translate feeds the start token at every step: the decoder never learns what it has written",
    en="What does your decoder read at the second step? Who tells it which digit it has already written?",
    ko="두 번째 스텝에서 디코더는 무엇을 읽나요? 방금 어떤 숫자를 썼는지는 누가 알려 주나요?",
)
class ForgetfulTranslator(DateTranslator):
    def translate(self, source, lengths, steps):
        states, h = self.encode(source, lengths)
        start = torch.full_like(source[:, :1], self.start)
        written = []
        for _ in range(steps):
            logits, h = self.decode(start, h, states, lengths)
            written.append(logits.argmax(dim=-1))
        return torch.cat(written, dim=1)


@misconception(
    "capstone-state-not-carried",
    replaces="DateTranslator",
    breaks="every step of translate starts from the encoder's last state again: the decoder's own state is thrown away",
    en="From which state does your third step start? Follow h through the loop.",
    ko="세 번째 스텝은 어떤 상태에서 출발하나요? 반복문에서 h를 따라가 보세요.",
)
class RestartingTranslator(DateTranslator):
    def translate(self, source, lengths, steps):
        states, h = self.encode(source, lengths)
        token = torch.full_like(source[:, :1], self.start)
        written = []
        for _ in range(steps):
            token = self.decode(token, h, states, lengths)[0].argmax(dim=-1)
            written.append(token)
        return torch.cat(written, dim=1)


class MaskedDecoder(TinyDecoder):
    """The reference's decoder with another mask."""

    def mask(self, length):
        raise NotImplementedError

    def forward(self, tokens):
        length = tokens.shape[1]
        x = self.embedding(tokens) + self.positions[:, :length]
        return self.head(self.norm(self.block(x, self.mask(length))))


@misconception(
    "capstone-mask-off-by-one",
    replaces="TinyDecoder",
    breaks="the mask lets every token see the next one, which is the very token to predict: the loss falls to almost 0",
    en="Your training loss may be lower than the language allows. Print the mask for three tokens: what may token 0 see?",
    ko="학습 손실이 이 언어에서 가능한 값보다 낮을 거예요. 토큰 세 개짜리 마스크를 출력해 보세요. "
    "0번 토큰은 무엇을 볼 수 있나요?",
)
class PeekingDecoder(MaskedDecoder):
    def mask(self, length):
        return parts.causal_mask(length + 1, length)[1:]


@misconception(
    "capstone-no-mask",
    replaces="TinyDecoder",
    breaks="there is no causal mask: every token sees the whole sequence",
    en="Change the last token of a sequence. Which logits change?",
    ko="시퀀스의 마지막 토큰을 바꿔 보세요. 어떤 로짓들이 달라지나요?",
)
class OpenDecoder(MaskedDecoder):
    def mask(self, length):
        return None


@misconception(
    "capstone-no-positions",
    replaces="TinyDecoder",
    breaks="the positions are learned parameters that are never added",
    en="Which of your parameters has no gradient after loss.backward()?",
    ko="loss.backward() 뒤에 기울기가 없는 파라미터는 무엇인가요?",
)
class PlacelessDecoder(TinyDecoder):
    def forward(self, tokens):
        length = tokens.shape[1]
        return self.head(self.norm(self.block(self.embedding(tokens), parts.causal_mask(length, length))))


@misconception(
    "capstone-scored-on-itself",
    replaces="TinyDecoder",
    breaks="the logits at t are scored on token t, which the model has just read: it learns to repeat its input",
    en="Which token do your logits at place t get a loss for, and has the model read that token already?",
    ko="t번째 로짓은 어느 토큰에 대해 손실을 계산하나요? 모델이 이미 읽은 토큰은 아닌가요?",
)
class RepeatingDecoder(TinyDecoder):
    def loss(self, tokens):
        return F.cross_entropy(self(tokens).flatten(0, 1), tokens.flatten())


@misconception(
    "capstone-generates-from-first",
    replaces="TinyDecoder",
    breaks="the next token is read off the logits of the first place, which know the first token only",
    en="Which place's logits speak of the token that comes after the whole prompt?",
    ko="프롬프트 전체 다음에 올 토큰을 말해 주는 것은 몇 번째 자리의 로짓인가요?",
)
class FirstPlaceDecoder(TinyDecoder):
    def generate(self, prompt, steps):
        tokens = prompt
        for _ in range(steps):
            tokens = torch.cat([tokens, self(tokens)[:, 0].argmax(dim=-1, keepdim=True)], dim=1)
        return tokens


@misconception(
    "capstone-rereads-the-prompt",
    replaces="TinyDecoder",
    breaks="every new token is predicted from the prompt alone: the model does not read what it has written",
    en="What does the model read before it writes its second token? Does the first one have any influence?",
    ko="두 번째 토큰을 쓰기 전에 모델은 무엇을 읽나요? 첫 번째로 쓴 토큰이 영향을 주나요?",
)
class PromptOnlyDecoder(TinyDecoder):
    def generate(self, prompt, steps):
        likeliest = self(prompt)[:, -1].argmax(dim=-1, keepdim=True)
        return torch.cat([prompt, *[likeliest] * steps], dim=1)


def curve(architecture, train_set, test, sizes, epochs, rng, prepare, shift):
    """The reference's curve, with other training data or another shift."""
    if architecture not in ("vit", "cnn"):
        raise ValueError(f"architecture is {architecture!r}, expected 'vit' or 'cnn'")
    rows = []
    for size, passes in zip(sizes, epochs, strict=True):
        model = DigitViT(dim=32, depth=2, num_heads=4) if architecture == "vit" else SmallCNN()
        fit(model, [prepare(tensor, size) for tensor in train_set], passes, 32, 3e-3, rng)
        images, labels = test
        with torch.no_grad():
            rows.append([accuracy(model(shown), labels) for shown in (images, shift(images))])
    return torch.tensor(rows, dtype=torch.float64)


@misconception(
    "capstone-curve-of-all-data",
    replaces="data_curve",
    breaks="every model is trained on the whole training set, whatever its size should be",
    en="The curve asks what few images are worth. On how many images does your first model train?",
    ko="이 곡선은 적은 이미지로 얼마나 배우는지를 묻고 있어요. 첫 번째 모델은 이미지 몇 장으로 학습하나요?",
)
def curve_of_all(architecture, train, test, sizes, epochs, rng):
    return curve(architecture, train, test, sizes, epochs, rng, lambda t, size: t, lambda t: shift_images(t, 1, 1))


@misconception(
    "capstone-curve-unshifted",
    replaces="data_curve",
    breaks="the second column is measured on the same images as the first",
    en="Why are your two columns the same? Look at what the second one is measured on.",
    ko="두 열의 값이 왜 똑같을까요? 두 번째 열은 어떤 이미지로 잰 것인지 살펴보세요.",
)
def curve_unshifted(architecture, train, test, sizes, epochs, rng):
    return curve(architecture, train, test, sizes, epochs, rng, lambda t, size: t[:size], lambda t: t)


@misconception(
    "capstone-curve-goes-on",
    replaces="data_curve",
    breaks="one model is trained on from size to size, so a later row owes its accuracy to the earlier ones",
    en="With how much training behind it does your second model begin? How many models do you make?",
    ko="두 번째 모델은 이미 얼마나 학습된 상태에서 시작하나요? 모델을 몇 개 만들고 있나요?",
)
def curve_of_one_model(architecture, train, test, sizes, epochs, rng):
    if architecture not in ("vit", "cnn"):
        raise ValueError(f"architecture is {architecture!r}, expected 'vit' or 'cnn'")
    model = DigitViT(dim=32, depth=2, num_heads=4) if architecture == "vit" else SmallCNN()
    rows = []
    for size, passes in zip(sizes, epochs, strict=True):
        fit(model, [tensor[:size] for tensor in train], passes, 32, 3e-3, rng)
        images, labels = test
        with torch.no_grad():
            rows.append([accuracy(model(shown), labels) for shown in (images, shift_images(images, 1, 1))])
    return torch.tensor(rows, dtype=torch.float64)
