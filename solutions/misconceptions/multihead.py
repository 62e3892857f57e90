"""Wrong versions of multi-head attention that real students write."""

import math

import torch
from torch import Tensor

from grader.variants import misconception
from solutions.multihead import MultiHeadAttention, merge_heads, split_heads


@misconception(
    "multihead-split-view",
    replaces="split_heads",
    breaks="a head gets slices of a few tokens instead of a slice of every token (hyunwoongko/transformer #15)",
    en="The shape is right, but follow one token: split arange(8).reshape(1, 2, 4) into two heads on paper. "
    "Do both tokens still appear in every head?",
    ko="모양은 맞지만 토큰 하나를 따라가 보세요. arange(8).reshape(1, 2, 4)를 종이 위에서 헤드 두 개로 나누면, "
    "두 토큰이 모든 헤드에 들어 있나요?",
)
def split_view(x: Tensor, num_heads: int) -> Tensor:
    batch, length, dim = x.shape
    if dim % num_heads != 0:
        raise ValueError("num_heads must divide the features")
    return x.reshape(batch, num_heads, length, dim // num_heads)


@misconception(
    "multihead-merge-view",
    replaces="merge_heads",
    breaks="the heads are laid out one after the other in time instead of side by side in a token (jsbaan #6)",
    en="In which order do the numbers of (N, heads, S, head_dim) lie in memory, and which of them belong to one token? "
    "Does merging after splitting give back what you split?",
    ko="(N, heads, S, head_dim)의 값들은 메모리에 어떤 순서로 놓여 있고, 그중 한 토큰의 값은 어떤 것들일까요? "
    "나눈 뒤 합치면 원래 텐서로 돌아오나요?",
)
def merge_view(x: Tensor) -> Tensor:
    batch, num_heads, length, head_dim = x.shape
    return x.reshape(batch, length, num_heads * head_dim)


@misconception(
    "multihead-interleaved",
    replaces="split_heads",
    breaks="head h takes every num_heads-th feature: weights trained elsewhere do not fit",
    en="Which features does head 0 own? Look at the order of the two axes into which D is broken up, "
    "and at the index formula in the docstring.",
    ko="0번 헤드는 어떤 특징들을 가져가나요? D를 쪼갠 두 축의 순서와 docstring의 인덱스 식을 견주어 보세요.",
)
def interleaved_split(x: Tensor, num_heads: int) -> Tensor:
    batch, length, dim = x.shape
    if dim % num_heads != 0:
        raise ValueError("num_heads must divide the features")
    return x.reshape(batch, length, dim // num_heads, num_heads).permute(0, 3, 1, 2)


@misconception("multihead-interleaved", replaces="merge_heads")
def interleaved_merge(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1).flatten(2)


def projected(module: MultiHeadAttention, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return (
        split_heads(module.W_q(query), module.num_heads),
        split_heads(module.W_k(key), module.num_heads),
        split_heads(module.W_v(value), module.num_heads),
    )


def masked_softmax(scores: Tensor, keep: Tensor | None) -> Tensor:
    if keep is None:
        return scores.softmax(dim=-1)
    return scores.masked_fill(~keep, torch.finfo(scores.dtype).min).softmax(dim=-1).masked_fill(~keep, 0.0)


@misconception(
    "multihead-fold-view",
    replaces="MultiHeadAttention",
    breaks="heads are folded into the batch, and back, by a view: tokens and heads are shuffled twice",
    en="Folding the heads into the batch is fine, but a view never moves a number. "
    "Which axes must be neighbours before N and heads can become one?",
    ko="헤드 축을 배치 축에 합치는 것은 괜찮지만, view는 값을 옮기지 않아요. "
    "N과 heads를 한 축으로 합치려면 먼저 어떤 축들이 이웃해 있어야 할까요?",
)
class FoldedByView(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        batch, dim = query.shape[0], query.shape[-1]
        folded = batch * self.num_heads
        q = self.W_q(query).reshape(folded, -1, dim // self.num_heads)
        k = self.W_k(key).reshape(folded, -1, dim // self.num_heads)
        v = self.W_v(value).reshape(folded, -1, dim // self.num_heads)
        scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.shape[-1])
        weights = masked_softmax(scores.unflatten(0, (batch, self.num_heads)), keep)
        heads = torch.bmm(weights.flatten(0, 1), v)
        return self.W_o(heads.reshape(batch, -1, dim)), weights


@misconception(
    "multihead-scale-dim",
    replaces="MultiHeadAttention",
    breaks="the scores are divided by √D as if there were one head: too flat (vit-pytorch #65)",
    en="The scale keeps the scores near size one. How many products does a single score add up, here in each head?",
    ko="스케일은 점수의 크기를 1 근처로 유지하려고 곱해요. 각 헤드에서 점수 하나는 몇 개의 곱을 더한 값인가요?",
)
class ScaledByDim(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        q, k, v = projected(self, query, key, value)
        weights = masked_softmax(q @ k.transpose(-2, -1) / math.sqrt(query.shape[-1]), keep)
        return self.W_o(merge_heads(weights @ v)), weights


@misconception(
    "multihead-no-scale",
    replaces="MultiHeadAttention",
    breaks="the scores grow with head_dim and the softmax saturates",
    en="Compare your scores with the formula term by term. What stands between Q Kᵀ and the softmax?",
    ko="점수를 수식과 한 항씩 견주어 보세요. Q Kᵀ와 softmax 사이에 무엇이 있나요?",
)
class NotScaled(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        q, k, v = projected(self, query, key, value)
        weights = masked_softmax(q @ k.transpose(-2, -1), keep)
        return self.W_o(merge_heads(weights @ v)), weights


@misconception(
    "multihead-softmax-heads",
    replaces="MultiHeadAttention",
    breaks="the heads compete for a pair of tokens instead of the keys for a query",
    en="Sum your weights along each axis in turn. Along which axis do they give 1, and who should share that 1?",
    ko="가중치를 축마다 차례로 더해 보세요. 어느 축에서 합이 1이 되나요? 그 1은 누가 나누어 가져야 할까요?",
)
class SoftmaxOverHeads(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        q, k, v = projected(self, query, key, value)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if keep is not None:
            scores = scores.masked_fill(~keep, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=1)
        if keep is not None:
            weights = weights.masked_fill(~keep, 0.0)
        return self.W_o(merge_heads(weights @ v)), weights


@misconception(
    "multihead-mask-order",
    replaces="MultiHeadAttention",
    breaks="masks of other samples are used: repeat(heads) runs through samples first, the folded scores through heads",
    en="Your folded scores and your repeated mask both have N·heads rows. Write down for N = 2 and heads = 2 "
    "which sample and which head each of the four rows is, in both.",
    ko="배치에 합친 점수와 반복한 마스크는 둘 다 N·heads개의 행을 가져요. N = 2, heads = 2일 때 네 행이 각각 어느 샘플의 "
    "어느 헤드인지, 양쪽 모두 적어 보세요.",
)
class MaskRepeatedInWrongOrder(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        q, k, v = (x.flatten(0, 1) for x in projected(self, query, key, value))
        full = (query.shape[0], self.num_heads, query.shape[1], key.shape[1])
        scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.shape[-1])
        if keep is not None:
            keep = keep.expand(full).transpose(0, 1).flatten(0, 1)
        weights = masked_softmax(scores, keep)
        heads = torch.bmm(weights, v)
        return self.W_o(merge_heads(heads.unflatten(0, full[:2]))), weights.reshape(full)


@misconception(
    "multihead-mask-polarity",
    replaces="MultiHeadAttention",
    breaks="True is read as masked out, as in nn.MultiheadAttention",
    en="Two functions of torch read a boolean mask in opposite ways. Which of the two does the docstring follow?",
    ko="torch의 두 함수는 불리언 마스크를 서로 반대로 읽어요. docstring은 어느 쪽을 따르나요?",
)
class MaskInverted(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        q, k, v = projected(self, query, key, value)
        drop = None if keep is None else ~keep
        weights = masked_softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), drop)
        return self.W_o(merge_heads(weights @ v)), weights


@misconception(
    "multihead-mask-batch",
    replaces="MultiHeadAttention",
    breaks="three axes are read as (N, Sq, Sk): heads get the masks of samples",
    en="When a mask has fewer axes than the scores, from which side does broadcasting line them up? "
    "What is the first of three axes then?",
    ko="마스크의 축이 점수보다 적을 때, 브로드캐스팅은 어느 쪽부터 축을 맞추나요? "
    "그러면 축이 세 개일 때 첫 축은 무엇인가요?",
)
class MaskPerSample(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        if keep is not None and keep.dim() == 3:
            keep = keep.unsqueeze(1)
        return super().forward(query, key, value, keep)


@misconception(
    "multihead-no-output",
    replaces="MultiHeadAttention",
    breaks="the heads are concatenated but never mixed: W_o is not used",
    en="Each of your heads wrote into its own slice of the output. Where in the formula do the slices meet?",
    ko="각 헤드는 출력에서 자기 구간에만 값을 썼어요. 수식에서 이 구간들이 서로 만나는 곳은 어디인가요?",
)
class NoOutputProjection(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        q, k, v = projected(self, query, key, value)
        weights = masked_softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), keep)
        return merge_heads(weights @ v), weights


@misconception(
    "multihead-value-from-key",
    replaces="MultiHeadAttention",
    breaks="what is brought back is read from the key: unnoticed as long as key and value are the same tensor",
    en="Call your module with a value that is not the key. Does the output change when only the value changes?",
    ko="key와 다른 value를 넣어 보세요. value만 바꾸었을 때 출력이 달라지나요?",
)
class ValueFromKey(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        return super().forward(query, key, key, keep)


@misconception(
    "multihead-weights-averaged",
    replaces="MultiHeadAttention",
    breaks="the weights are averaged over the heads, as nn.MultiheadAttention does by default",
    en="How many axes do your weights have? What can one no longer see in them?",
    ko="돌려준 가중치는 축이 몇 개인가요? 그 가중치에서는 무엇을 더 이상 볼 수 없나요?",
)
class WeightsAveraged(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        output, weights = super().forward(query, key, value, keep)
        return output, weights.mean(dim=1)


@misconception(
    "multihead-empty-row-nan",
    replaces="MultiHeadAttention",
    breaks="a row that may attend to nothing divides 0 by 0",
    en="What does softmax give for a row in which every score is minus infinity? What does the docstring ask for?",
    ko="모든 점수가 음의 무한대인 행에서 softmax는 무엇을 내놓나요? docstring은 그 행에 무엇을 요구하나요?",
)
class EmptyRowNaN(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        q, k, v = projected(self, query, key, value)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if keep is not None:
            scores = scores.masked_fill(~keep, -math.inf)
        weights = scores.softmax(dim=-1)
        return self.W_o(merge_heads(weights @ v)), weights


@misconception(
    "multihead-empty-row-mean",
    replaces="MultiHeadAttention",
    breaks="a row that may attend to nothing attends to everything alike",
    en="What does softmax give for a row in which every score is the same, very negative number? "
    "May that row attend to anything?",
    ko="모든 점수가 똑같이 아주 작은 값인 행에서 softmax는 무엇을 내놓나요? 그 행은 무언가에 주목해도 되나요?",
)
class EmptyRowMean(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        q, k, v = projected(self, query, key, value)
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if keep is not None:
            scores = scores.masked_fill(~keep, -1e9)
        weights = scores.softmax(dim=-1)
        return self.W_o(merge_heads(weights @ v)), weights
