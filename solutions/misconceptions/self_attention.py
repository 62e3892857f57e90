"""Wrong versions of positions, embedding and self-attention that real students write."""

import math

import torch
from torch import nn

from grader.variants import misconception
from solutions.self_attention import SelfAttention, sinusoidal_positions


def even(dim):
    if dim % 2:
        raise ValueError("dim must be even")
    return dim


def interleaved(sines, cosines):
    return torch.stack([sines, cosines], dim=-1).flatten(1)


def angles_with(length, exponents, first=0):
    return torch.arange(first, first + length)[:, None] / 10000.0**exponents


@misconception(
    "self-attention-cosine-exponent",
    replaces="sinusoidal_positions",
    breaks="a cosine turns at another speed than its sine, so a shift is no longer a rotation (SamLynnEvans #25)",
    en="Square entries 2i and 2i + 1 of one position and add them up. What should come out, and what comes out of yours? "
    "Look at where the two angles come from.",
    ko="한 위치에서 2i번과 2i + 1번 값을 제곱해서 더해 보세요. 얼마가 나와야 하고, 지금은 얼마가 나오나요? 두 각도가 각각 "
    "어디에서 왔는지 살펴보세요.",
)
def cosine_exponent(length, dim):
    columns = torch.arange(even(dim)) / dim
    angles = angles_with(length, columns)
    return interleaved(angles[:, 0::2].sin(), angles[:, 1::2].cos())


@misconception(
    "self-attention-exponent-doubled",
    replaces="sinusoidal_positions",
    breaks="the loop variable runs in steps of two and is doubled once more: the speeds fall off twice too fast",
    en="Is your loop variable the i of the formula, or is it the column? Print the exponents for dim = 8: between which "
    "two numbers should they lie?",
    ko="반복 변수는 수식의 i인가요, 아니면 열 번호인가요? dim = 8일 때 지수를 출력해 보세요. 어떤 두 수 사이에 있어야 할까요?",
)
def exponent_doubled(length, dim):
    angles = angles_with(length, 2 * torch.arange(0, even(dim), 2) / dim)
    return interleaved(angles.sin(), angles.cos())


@misconception(
    "self-attention-exponent-halved",
    replaces="sinusoidal_positions",
    breaks="i is divided by dim without its factor 2: the slowest pair is a hundred times too fast",
    en="Print the exponents for dim = 8. How close to 1 does the largest of them come in the formula, and in yours?",
    ko="dim = 8일 때 지수를 출력해 보세요. 수식에서 가장 큰 지수는 1에 얼마나 가까워지나요? 지금 코드에서는요?",
)
def exponent_halved(length, dim):
    angles = angles_with(length, torch.arange(even(dim) // 2) / dim)
    return interleaved(angles.sin(), angles.cos())


@misconception(
    "self-attention-floor-division",
    replaces="sinusoidal_positions",
    breaks="`-log(10000) / dim // 2` is (-log(10000) / dim) // 2, a whole number (LoFTR #41)",
    en="Python works through / and // from left to right. Print the factor in front of the exponent for several dims: "
    "what kind of number is it?",
    ko="파이썬은 /와 //를 왼쪽부터 차례로 계산해요. dim을 바꿔 가며 지수에 곱해지는 값을 출력해 보세요. 어떤 수가 나오나요?",
)
def floor_division(length, dim):
    speeds = torch.exp(torch.arange(even(dim) // 2) * (-math.log(10000.0) / dim // 2))
    angles = torch.arange(length)[:, None] * speeds
    return interleaved(angles.sin(), angles.cos())


@misconception(
    "self-attention-halves",
    replaces="sinusoidal_positions",
    breaks="all sines, then all cosines: another common layout, but not the one that was asked for",
    en="All your numbers are there. Which entry stands next to sin(p / 10000^(2i/dim)) in the docstring?",
    ko="필요한 값은 모두 있어요. docstring에서 sin(p / 10000^(2i/dim)) 바로 옆에는 어떤 값이 놓이나요?",
)
def halves(length, dim):
    angles = angles_with(length, torch.arange(0, even(dim), 2) / dim)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


@misconception(
    "self-attention-sine-cosine-swapped",
    replaces="sinusoidal_positions",
    breaks="the cosine stands in the even columns",
    en="What are sin 0 and cos 0? Compare row 0 of your table with the formula.",
    ko="sin 0과 cos 0은 각각 얼마인가요? 표의 0번 행을 수식과 비교해 보세요.",
)
def swapped(length, dim):
    angles = angles_with(length, torch.arange(0, even(dim), 2) / dim)
    return interleaved(angles.cos(), angles.sin())


@misconception(
    "self-attention-from-one",
    replaces="sinusoidal_positions",
    breaks="the positions are counted from 1, so every row is the next one's",
    en="Which position does row 0 of your table belong to, and which one should it?",
    ko="표의 0번 행은 지금 몇 번 위치의 벡터인가요? 몇 번 위치여야 할까요?",
)
def from_one(length, dim):
    angles = angles_with(length, torch.arange(0, even(dim), 2) / dim, first=1)
    return interleaved(angles.sin(), angles.cos())


@misconception(
    "self-attention-odd-accepted",
    replaces="sinusoidal_positions",
    breaks="an odd dim gives a sine without its cosine instead of an error",
    en="What does the docstring ask for when dim is 5? What does your function do then, and whom would that surprise later?",
    ko="dim이 5일 때 docstring은 무엇을 하라고 하나요? 지금 코드는 어떻게 하나요? 나중에 누가 당황하게 될까요?",
)
def odd_accepted(length, dim):
    angles = angles_with(length, torch.arange(0, dim, 2) / dim)
    return interleaved(angles.sin(), angles.cos())[:, :dim]


@misconception(
    "self-attention-no-root",
    replaces="embed",
    breaks="the rows are not multiplied by √D before the positions are added",
    en="Follow one row of the table into your result. What should happen to it on the way, before anything is added?",
    ko="표의 한 행이 결과에 들어가기까지를 따라가 보세요. 무언가를 더하기 전에 그 행에 해야 할 일이 있지 않나요?",
)
def no_root(token_ids, table):
    return table[token_ids] + sinusoidal_positions(token_ids.shape[1], table.shape[1]).to(table)


@misconception(
    "self-attention-root-divides",
    replaces="embed",
    breaks="the rows are divided by √D, as the scores of the attention are",
    en="There are two square roots of D in a transformer. Does the one of the embedding make the rows larger or smaller?",
    ko="트랜스포머에는 √D가 두 군데 나와요. 임베딩의 √D는 행을 더 크게 만드나요, 더 작게 만드나요?",
)
def root_divides(token_ids, table):
    positions = sinusoidal_positions(token_ids.shape[1], table.shape[1]).to(table)
    return table[token_ids] / math.sqrt(table.shape[1]) + positions


@misconception(
    "self-attention-root-on-sum",
    replaces="embed",
    breaks="the positions are multiplied by √D as well",
    en="Embed with a table of zeros. What should be left, and how large is it in your result?",
    ko="0으로만 채운 표로 embed를 불러 보세요. 무엇이 남아야 하고, 지금 결과에서는 그 크기가 얼마인가요?",
)
def root_on_sum(token_ids, table):
    positions = sinusoidal_positions(token_ids.shape[1], table.shape[1]).to(table)
    return (table[token_ids] + positions) * math.sqrt(table.shape[1])


@misconception(
    "self-attention-position-of-id",
    replaces="embed",
    breaks="the position is looked up by the token's id: the same word gets the same position wherever it stands",
    en="Embed the sentence [7, 7, 7]. Should its three vectors be equal? What do you use as the row number of the "
    "positions?",
    ko="문장 [7, 7, 7]을 임베딩해 보세요. 세 벡터가 같아야 할까요? 위치 벡터를 고를 때 무엇을 행 번호로 쓰고 있나요?",
)
def position_of_id(token_ids, table):
    positions = sinusoidal_positions(*table.shape).to(table)
    return table[token_ids] * math.sqrt(table.shape[1]) + positions[token_ids]


@misconception(
    "self-attention-no-positions",
    replaces="embed",
    breaks="nothing is added: the layer cannot know the order of the tokens",
    en="Embed the sentence [7, 7, 7]. Can anyone who sees only your three vectors tell which one came first?",
    ko="문장 [7, 7, 7]을 임베딩해 보세요. 결과로 나온 세 벡터만 보고 어느 것이 먼저인지 알 수 있나요?",
)
def no_positions(token_ids, table):
    even(table.shape[1])
    return table[token_ids] * math.sqrt(table.shape[1])


def lowered(scores, keep):
    return scores if keep is None else scores.masked_fill(~keep, torch.finfo(scores.dtype).min)


def silenced(weights, keep):
    return weights if keep is None else weights.masked_fill(~keep, 0.0)


def answer(module, scores, value, keep):
    weights = silenced(lowered(scores, keep).softmax(dim=-1), keep)
    return module.W_o(weights @ value), weights


def scaled(query, key):
    return query @ key.transpose(1, 2) / math.sqrt(query.shape[-1])


@misconception(
    "self-attention-biases",
    replaces="SelfAttention",
    breaks="nn.Linear brings a bias unless it is told not to",
    en="Print the names in state_dict(). How many should there be, and which argument of nn.Linear decides?",
    ko="state_dict()의 이름들을 출력해 보세요. 모두 몇 개여야 하나요? nn.Linear의 어떤 인자가 그것을 정하나요?",
)
class Biased(SelfAttention):
    def __init__(self, dim):
        nn.Module.__init__(self)
        for name in ("W_q", "W_k", "W_v", "W_o"):
            setattr(self, name, nn.Linear(dim, dim))


@misconception(
    "self-attention-no-scale",
    replaces="SelfAttention",
    breaks="the scores grow with D and the softmax saturates",
    en="Compare your scores with the formula factor by factor. What stands between Q Kᵀ and the softmax?",
    ko="점수를 수식과 하나하나 비교해 보세요. Q Kᵀ와 softmax 사이에 무엇이 있나요?",
)
class NoScale(SelfAttention):
    def forward(self, x, keep=None):
        return answer(self, self.W_q(x) @ self.W_k(x).transpose(1, 2), self.W_v(x), keep)


@misconception(
    "self-attention-scale-by-length",
    replaces="SelfAttention",
    breaks="the scores are divided by √S: the same tokens score differently in a longer sentence",
    en="How many products does one score add up? Which axis of x has that length?",
    ko="점수 하나는 몇 개의 곱을 더한 값인가요? 그 개수만큼 긴 축은 x의 어느 축인가요?",
)
class ScaleByLength(SelfAttention):
    def forward(self, x, keep=None):
        scores = self.W_q(x) @ self.W_k(x).transpose(1, 2) / math.sqrt(x.shape[1])
        return answer(self, scores, self.W_v(x), keep)


@misconception(
    "self-attention-query-key-swapped",
    replaces="SelfAttention",
    breaks="K Qᵀ is the transpose of Q Kᵀ: the shape fits, but row i holds what others ask of token i",
    en="Your scores are square, so no shape complains. In row i, whose question is being answered: that of token i, or "
    "those of the others?",
    ko="점수가 정사각형이라 모양만 봐서는 오류가 나지 않아요. i번 행에는 i번 토큰이 물은 결과가 들어 있나요, 아니면 다른 "
    "토큰들이 i번 토큰에게 물은 결과가 들어 있나요?",
)
class QueryKeySwapped(SelfAttention):
    def forward(self, x, keep=None):
        return answer(self, scaled(self.W_k(x), self.W_q(x)), self.W_v(x), keep)


@misconception(
    "self-attention-one-matrix",
    replaces="SelfAttention",
    breaks="queries and keys are made by the same matrix, so the scores are symmetric: i likes j as much as j likes i",
    en="Are your scores symmetric? Change W_k and see whether your weights change.",
    ko="점수 행렬이 대칭인가요? W_k를 바꾸면 가중치가 바뀌는지 확인해 보세요.",
)
class OneMatrix(SelfAttention):
    def forward(self, x, keep=None):
        query = self.W_q(x)
        return answer(self, scaled(query, query), self.W_v(x), keep)


@misconception(
    "self-attention-softmax-over-queries",
    replaces="SelfAttention",
    breaks="the weights of each key sum to 1 over the queries",
    en="Add your weights up along both axes. Who should share out 100 percent: each token that asks, or each that is asked?",
    ko="가중치를 두 축을 따라 각각 더해 보세요. 100%를 나누어 주는 것은 묻는 토큰마다인가요, 질문을 받는 토큰마다인가요?",
)
class SoftmaxOverQueries(SelfAttention):
    def forward(self, x, keep=None):
        weights = silenced(lowered(scaled(self.W_q(x), self.W_k(x)), keep).softmax(dim=1), keep)
        return self.W_o(weights @ self.W_v(x)), weights


@misconception(
    "self-attention-value-not-projected",
    replaces="SelfAttention",
    breaks="the tokens themselves are averaged; W_v is never used",
    en="Your weights are right. What is it that they average? Change W_v and see whether your output changes.",
    ko="가중치는 맞아요. 그 가중치로 무엇을 평균 내고 있나요? W_v를 바꾸면 출력이 바뀌는지 확인해 보세요.",
)
class ValueNotProjected(SelfAttention):
    def forward(self, x, keep=None):
        return answer(self, scaled(self.W_q(x), self.W_k(x)), x, keep)


@misconception(
    "self-attention-no-output",
    replaces="SelfAttention",
    breaks="W_o is made but not used",
    en="The module holds four matrices. Through which of them has your output passed? Change them one by one and look.",
    ko="모듈에는 행렬이 네 개 있어요. 출력은 그중 어떤 것들을 거쳐 왔나요? 하나씩 바꾸면서 확인해 보세요.",
)
class NoOutput(SelfAttention):
    def forward(self, x, keep=None):
        weights = silenced(lowered(scaled(self.W_q(x), self.W_k(x)), keep).softmax(dim=-1), keep)
        return weights @ self.W_v(x), weights


@misconception(
    "self-attention-mask-inverted",
    replaces="SelfAttention",
    breaks="True is read as hidden, as in nn.MultiheadAttention",
    en="Two functions of torch read a boolean mask in opposite ways. Which of them does the docstring follow?",
    ko="torch의 두 함수는 불리언 마스크를 서로 반대로 읽어요. docstring은 어느 쪽을 따르나요?",
)
class MaskInverted(SelfAttention):
    def forward(self, x, keep=None):
        return answer(self, scaled(self.W_q(x), self.W_k(x)), self.W_v(x), None if keep is None else ~keep)


@misconception(
    "self-attention-mask-after-softmax",
    replaces="SelfAttention",
    breaks="the hidden tokens have already taken their share, so the other weights sum to less than 1",
    en="Add up the weights of a token that may not see everything. Who got the missing part?",
    ko="일부만 볼 수 있는 토큰의 가중치를 더해 보세요. 모자란 만큼은 누가 가져갔을까요?",
)
class MaskAfterSoftmax(SelfAttention):
    def forward(self, x, keep=None):
        weights = silenced(scaled(self.W_q(x), self.W_k(x)).softmax(dim=-1), keep)
        return self.W_o(weights @ self.W_v(x)), weights


@misconception(
    "self-attention-mask-is-padding",
    replaces="SelfAttention",
    breaks="two axes are read as (N, S): token i's own row of the mask is given to sequence i, unseen unless N = S",
    en="Broadcasting lines up axes from the right. The scores are (N, S, S): what are the axes of a mask that has only two?",
    ko="브로드캐스팅은 오른쪽 축부터 맞춰요. 점수가 (N, S, S)일 때 축이 두 개인 마스크의 두 축은 각각 무엇인가요?",
)
class MaskIsPadding(SelfAttention):
    def forward(self, x, keep=None):
        if keep is not None and keep.dim() == 2:
            keep = keep[:, None, :]
        return super().forward(x, keep)


@misconception(
    "self-attention-empty-row-nan",
    replaces="SelfAttention",
    breaks="a row of -inf only: exp gives 0 everywhere, and 0 / 0 is NaN",
    en="What does softmax make of a row in which every score is minus infinity? What does the docstring ask for there?",
    ko="모든 점수가 음의 무한대인 행에서 softmax는 무엇을 내놓나요? docstring은 그 행에 무엇을 요구하나요?",
)
class EmptyRowNaN(SelfAttention):
    def forward(self, x, keep=None):
        scores = scaled(self.W_q(x), self.W_k(x))
        if keep is not None:
            scores = scores.masked_fill(~keep, -math.inf)
        weights = scores.softmax(dim=-1)
        return self.W_o(weights @ self.W_v(x)), weights


@misconception(
    "self-attention-empty-row-mean",
    replaces="SelfAttention",
    breaks="a row that may attend to nothing attends to everything alike",
    en="What does softmax make of a row in which every score is one and the same very low number? May that token attend "
    "to anything?",
    ko="모든 점수가 똑같이 아주 낮은 행에서 softmax는 무엇을 내놓나요? 그 토큰이 볼 수 있는 것이 있나요?",
)
class EmptyRowMean(SelfAttention):
    def forward(self, x, keep=None):
        weights = lowered(scaled(self.W_q(x), self.W_k(x)), keep).softmax(dim=-1)
        return self.W_o(weights @ self.W_v(x)), weights
