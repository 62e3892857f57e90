"""Wrong versions of attention that real students write (see docs/adding-an-exercise.md)."""

import math

import torch

from grader.variants import misconception
from solutions.attention import softmax


def dot_products(query, key):
    if query.shape[-1] != key.shape[-1]:
        raise ValueError("query and key must agree in their last axis")
    return query @ key.transpose(-2, -1)


def scaled(query, key):
    return dot_products(query, key) / math.sqrt(query.shape[-1])


def lowered(scores, keep):
    return scores if keep is None else scores.masked_fill(~keep, torch.finfo(scores.dtype).min)


def silenced(weights, keep):
    return weights if keep is None else weights.masked_fill(~keep, 0.0)


def attend(scores, value, keep):
    weights = silenced(softmax(lowered(scores, keep), dim=-1), keep)
    return weights @ value, weights


def is_word(encoder, lengths):
    return (torch.arange(encoder.shape[1]) < lengths[:, None])[:, None, :]


@misconception(
    "attention-softmax-whole-tensor",
    replaces="softmax",
    breaks="one maximum and one sum for all numbers, so the slices share a single probability of 1",
    en="Your code is right for a vector. What should the numbers of a matrix add up to along `dim`, and what do yours?",
    ko="벡터 하나라면 맞는 코드예요. 행렬이라면 `dim`을 따라 더한 값이 얼마여야 할까요? 지금은 얼마가 나오나요?",
)
def whole_tensor(x, dim):
    exponentials = (x - x.max()).exp()
    return exponentials / exponentials.sum()


@misconception(
    "attention-softmax-ignores-dim",
    replaces="softmax",
    breaks="the last axis is normalised whichever axis was asked for",
    en="Call softmax on a (2, 3) tensor with dim=0 and with dim=1. Along which axis do the results add up to 1?",
    ko="(2, 3) 텐서에 dim=0과 dim=1로 각각 softmax를 불러 보세요. 결과는 어느 축을 따라 더해야 1이 되나요?",
)
def ignores_dim(x, dim):
    exponentials = (x - x.amax(dim=-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim=-1, keepdim=True)


@misconception(
    "attention-softmax-overflows",
    replaces="softmax",
    breaks="exp of a large number is inf and inf / inf is NaN; exp of a very negative number is 0 and 0 / 0 is NaN",
    en="What is exp(1000) in floating point, and what is inf / inf? Which number may you add to a whole slice "
    "without changing its softmax?",
    ko="부동소수점에서 exp(1000)은 얼마일까요? inf / inf는요? softmax를 바꾸지 않으면서 한 줄 전체에 더할 수 있는 수는 "
    "어떤 수일까요?",
)
def overflows(x, dim):
    exponentials = x.exp()
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


@misconception(
    "attention-softmax-global-max",
    replaces="softmax",
    breaks="slices that lie far below the largest number of the whole tensor vanish: 0 / 0",
    en="You shift against overflow. Take one row near 1000 and one near -1000: what is left of the second row after "
    "your shift and exp?",
    ko="오버플로를 막으려고 값을 옮긴 건 좋아요. 한 행은 1000 근처, 다른 행은 -1000 근처라면, 옮기고 exp를 씌운 뒤 "
    "두 번째 행에는 무엇이 남을까요?",
)
def global_max(x, dim):
    exponentials = (x - x.max()).exp()
    return exponentials / exponentials.sum(dim=dim, keepdim=True)


@misconception(
    "attention-softmax-over-queries",
    replaces="scaled_dot_product_attention",
    breaks="the weights of each key add up to 1 over the queries, not those of each query over the keys",
    en="The weights are (..., Sq, Sk). For whom do they share out 100 percent: for each query or for each key? "
    "Add yours up along both axes.",
    ko="가중치는 (..., Sq, Sk) 모양이에요. 합이 100%가 되어야 하는 것은 query마다일까요, key마다일까요? "
    "두 축을 따라 각각 더해 보세요.",
)
def over_queries(query, key, value, keep=None):
    weights = silenced(softmax(lowered(scaled(query, key), keep), dim=-2), keep)
    return weights @ value, weights


@misconception("attention-softmax-over-queries", replaces="seq2seq_attention")
def over_decoder_steps(decoder, encoder, lengths):
    keep = is_word(encoder, lengths)
    weights = silenced(softmax(lowered(decoder @ encoder.transpose(1, 2), keep), dim=1), keep)
    return weights @ encoder, weights


@misconception(
    "attention-no-scale",
    replaces="scaled_dot_product_attention",
    breaks="the scores grow with dk, so the softmax saturates",
    en="How large does q·k get when dk grows? Compare your scores with the formula, factor by factor.",
    ko="dk가 커지면 q·k는 얼마나 커질까요? 점수를 구하는 부분을 수식과 하나하나 비교해 보세요.",
)
def no_scale(query, key, value, keep=None):
    return attend(dot_products(query, key), value, keep)


@misconception(
    "attention-scale-by-dk",
    replaces="scaled_dot_product_attention",
    breaks="dividing by dk flattens the weights towards a plain mean as dk grows",
    en="A sum of dk independent products with variance 1: what is its variance, and what is its standard deviation? "
    "Which of the two do you divide by?",
    ko="서로 독립이고 분산이 1인 곱 dk개를 더하면 분산은 얼마이고 표준편차는 얼마일까요? "
    "지금은 둘 중 무엇으로 나누고 있나요?",
)
def scale_by_dk(query, key, value, keep=None):
    return attend(dot_products(query, key) / query.shape[-1], value, keep)


@misconception(
    "attention-scale-upside-down",
    replaces="scaled_dot_product_attention",
    breaks="the scores are made larger where they should be made smaller",
    en="What is the scale meant to prevent as dk grows? Print the standard deviation of the scores before and after.",
    ko="dk가 커질 때 스케일은 무엇을 막으려고 있는 걸까요? 스케일 전후로 점수의 표준편차를 출력해 보세요.",
)
def scale_upside_down(query, key, value, keep=None):
    return attend(dot_products(query, key) * math.sqrt(query.shape[-1]), value, keep)


@misconception(
    "attention-scale-by-dv",
    replaces="scaled_dot_product_attention",
    breaks="the size of the values says nothing about the size of the scores",
    en="The scores are sums over one axis. How long is that axis, and which tensors have it? Do you take the length "
    "from one of them?",
    ko="점수는 어떤 축을 따라 더한 값이에요. 그 축의 길이는 얼마이고 어느 텐서에 있나요? "
    "지금 쓰는 길이는 그 텐서에서 온 건가요?",
)
def scale_by_dv(query, key, value, keep=None):
    return attend(dot_products(query, key) / math.sqrt(value.shape[-1]), value, keep)


@misconception(
    "attention-key-averaged",
    replaces="scaled_dot_product_attention",
    breaks="the output is a mean of the keys; the values are never read",
    en="The weights are right. What is it that they average? Change the values and see whether your output changes.",
    ko="가중치는 맞아요. 그런데 무엇을 평균 내고 있나요? value를 바꾸면 출력도 바뀌는지 확인해 보세요.",
)
def key_averaged(query, key, value, keep=None):
    return attend(scaled(query, key), key, keep)


@misconception(
    "attention-mask-is-zero",
    replaces="scaled_dot_product_attention",
    breaks="a score of 0 still gets weight exp(0), often more than a kept key with a negative score",
    en="What weight does softmax give to a score of 0? And next to a kept score of -3?",
    ko="softmax는 점수 0에 얼마의 가중치를 줄까요? 바로 옆에 남겨 둔 점수가 -3이라면요?",
)
def mask_is_zero(query, key, value, keep=None):
    scores = scaled(query, key)
    weights = softmax(scores if keep is None else scores * keep, dim=-1)
    return weights @ value, weights


@misconception("attention-mask-is-zero", replaces="seq2seq_attention")
def padding_is_zero(decoder, encoder, lengths):
    weights = softmax(decoder @ encoder.transpose(1, 2) * is_word(encoder, lengths), dim=-1)
    return weights @ encoder, weights


@misconception(
    "attention-mask-after-softmax",
    replaces="scaled_dot_product_attention",
    breaks="the masked keys have already taken their share, so the kept weights add up to less than 1",
    en="Print the sum of your weights for a query that may not see every key. Who got the missing part?",
    ko="일부 key만 볼 수 있는 query에서 가중치의 합을 출력해 보세요. 모자란 만큼은 누가 가져갔을까요?",
)
def mask_after_softmax(query, key, value, keep=None):
    weights = silenced(softmax(scaled(query, key), dim=-1), keep)
    return weights @ value, weights


@misconception("attention-mask-after-softmax", replaces="seq2seq_attention")
def padding_after_softmax(decoder, encoder, lengths):
    weights = silenced(softmax(decoder @ encoder.transpose(1, 2), dim=-1), is_word(encoder, lengths))
    return weights @ encoder, weights


@misconception(
    "attention-mask-inverted",
    replaces="scaled_dot_product_attention",
    breaks="every query sees just the keys that it may not see",
    en="Mask all keys but one: which keys get your weights? Read again what True in `keep` stands for.",
    ko="key 하나만 True로 두고 실행해 보세요. 가중치가 어느 key로 가나요? `keep`의 True가 무슨 뜻인지 다시 보세요.",
)
def mask_inverted(query, key, value, keep=None):
    return attend(scaled(query, key), value, None if keep is None else ~keep)


@misconception(
    "attention-mask-too-small",
    replaces="scaled_dot_product_attention",
    breaks="adding -1e-9 changes no score, so the mask is ignored",
    en="Print the scores before and after your mask: by how much do they differ? If you use a constant, write it out "
    "without the e.",
    ko="마스크 전후의 점수를 출력해 보세요. 얼마나 달라졌나요? 상수를 쓴다면 1e… 같은 지수 표기 없이 풀어서 적어 보세요.",
)
def mask_too_small(query, key, value, keep=None):
    scores = scaled(query, key)
    if keep is not None:
        scores = scores + ~keep * -1e-9
    weights = softmax(scores, dim=-1)
    return weights @ value, weights


@misconception(
    "attention-weights-before-mask",
    replaces="scaled_dot_product_attention",
    breaks="the output is right, but the weights returned are not those that made it",
    en="Does weights @ value give your output? Follow the variable that you return.",
    ko="돌려주는 weights로 weights @ value를 계산하면 output과 같나요? 반환하는 변수를 따라가 보세요.",
)
def weights_before_mask(query, key, value, keep=None):
    scores = scaled(query, key)
    output, _ = attend(scores, value, keep)
    return output, softmax(scores, dim=-1)


@misconception(
    "attention-empty-row-nan",
    replaces="scaled_dot_product_attention",
    breaks="a row of -inf only: exp gives 0 everywhere, and 0 / 0 is NaN",
    en="Work out softmax([-inf, -inf]) by hand. What should a query get that may attend to nothing?",
    ko="softmax([-inf, -inf])를 손으로 계산해 보세요. 볼 수 있는 key가 하나도 없는 query는 무엇을 받아야 할까요?",
)
def empty_row_nan(query, key, value, keep=None):
    scores = scaled(query, key)
    weights = softmax(scores if keep is None else scores.masked_fill(~keep, -torch.inf), dim=-1)
    return weights @ value, weights


@misconception("attention-empty-row-nan", replaces="seq2seq_attention")
def empty_sequence_nan(decoder, encoder, lengths):
    scores = decoder @ encoder.transpose(1, 2)
    weights = softmax(scores.masked_fill(~is_word(encoder, lengths), -torch.inf), dim=-1)
    return weights @ encoder, weights


@misconception(
    "attention-empty-row-uniform",
    replaces="scaled_dot_product_attention",
    breaks="where all scores are equally low, softmax shares out 100 percent among keys that may not be seen",
    en="Softmax always shares out 100 percent. What happens to a row in which every score is the same very low number?",
    ko="softmax는 언제나 100%를 나눠 줘요. 한 행의 점수가 모두 똑같이 아주 작은 수라면 어떻게 될까요?",
)
def empty_row_uniform(query, key, value, keep=None):
    weights = softmax(lowered(scaled(query, key), keep), dim=-1)
    return weights @ value, weights


@misconception("attention-empty-row-uniform", replaces="seq2seq_attention")
def empty_sequence_uniform(decoder, encoder, lengths):
    weights = softmax(lowered(decoder @ encoder.transpose(1, 2), is_word(encoder, lengths)), dim=-1)
    return weights @ encoder, weights


@misconception(
    "attention-empty-row-nan-gradient",
    replaces="scaled_dot_product_attention",
    breaks="NaN is replaced in the forward pass only: an added mask lets the softmax's NaN through on the way back",
    en="The numbers look right. Now call backward and look at query.grad. Where does the NaN come up, and what lies "
    "between that place and the query on the way back?",
    ko="값은 맞아 보여요. 이제 backward를 부르고 query.grad를 보세요. NaN은 어디에서 생기고, "
    "거기에서 query까지 되돌아가는 길에는 무엇이 있나요?",
)
def empty_row_nan_gradient(query, key, value, keep=None):
    scores = scaled(query, key)
    if keep is not None:
        scores = scores + torch.zeros(keep.shape, dtype=scores.dtype).masked_fill(~keep, -torch.inf)
    weights = softmax(scores, dim=-1).nan_to_num(0.0)
    return weights @ value, weights


@misconception("attention-empty-row-nan-gradient", replaces="seq2seq_attention")
def empty_sequence_nan_gradient(decoder, encoder, lengths):
    bias = torch.zeros(len(encoder), 1, encoder.shape[1], dtype=encoder.dtype)
    bias = bias.masked_fill(~is_word(encoder, lengths), -torch.inf)
    weights = softmax(decoder @ encoder.transpose(1, 2) + bias, dim=-1).nan_to_num(0.0)
    return weights @ encoder, weights


@misconception(
    "attention-padding-attended",
    replaces="seq2seq_attention",
    breaks="padding takes part in the softmax, so the context depends on how long the longest sequence of the batch is",
    en="Append ten states of padding to the encoder and leave `lengths` as they are. Does your context change?",
    ko="`lengths`는 그대로 두고 encoder 뒤에 패딩 상태를 열 개 붙여 보세요. context가 달라지나요?",
)
def padding_attended(decoder, encoder, lengths):
    return attend(decoder @ encoder.transpose(1, 2), encoder, None)


@misconception(
    "attention-length-off-by-one",
    replaces="seq2seq_attention",
    breaks="the first padding state counts as a word",
    en="A sequence of length 2 has words at which positions? Print your mask for it.",
    ko="길이가 2인 문장이라면 단어는 몇 번 위치에 있을까요? 그 문장의 마스크를 출력해 보세요.",
)
def length_off_by_one(decoder, encoder, lengths):
    return attend(decoder @ encoder.transpose(1, 2), encoder, is_word(encoder, lengths + 1))


@misconception(
    "attention-encoder-asks",
    replaces="seq2seq_attention",
    breaks="each encoder state gets a mean of decoder states, the wrong way round",
    en="Who asks, and who is looked up: for which of the two do you need one context per step? Compare the shape of "
    "your context with the docstring.",
    ko="누가 묻고, 누가 답하나요? 둘 중 어느 쪽의 시점마다 context가 하나씩 필요할까요? "
    "context의 모양을 docstring과 비교해 보세요.",
)
def encoder_asks(decoder, encoder, lengths):
    return attend(encoder @ decoder.transpose(1, 2), decoder, is_word(encoder, lengths).transpose(1, 2))


@misconception(
    "attention-seq2seq-scaled",
    replaces="seq2seq_attention",
    breaks="Luong's dot score has no scale",
    en="Two attentions, two scores. Read the formula of this one again: how does it differ from the transformer's?",
    ko="두 어텐션은 점수를 구하는 방법이 달라요. 이 함수의 수식을 다시 읽어 보세요. "
    "트랜스포머의 수식과 무엇이 다른가요?",
)
def seq2seq_scaled(decoder, encoder, lengths):
    return attend(scaled(decoder, encoder), encoder, is_word(encoder, lengths))
