"""Wrong versions of exercise aggregation that students write, each with the hint that they should see."""

import torch
from torch import Tensor

from grader.variants import misconception
from solutions.aggregation import masked_mean


def demand_same_tokens(hidden: Tensor, keep: Tensor) -> None:
    if keep.shape != hidden.shape[:2]:
        raise ValueError("keep is not about the tokens of hidden")


def demand_shared_cls(tokens: Tensor, cls: Tensor) -> None:
    if cls.shape != (1, 1, tokens.shape[2]):
        raise ValueError("cls is no single token")


def kept_total(hidden: Tensor, keep: Tensor) -> Tensor:
    return hidden.masked_fill(~keep[:, :, None], 0.0).sum(dim=1)


def pooled(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    """What a wrong `pool` does right."""
    if mode == "mean":
        return masked_mean(hidden[:, 1:], keep[:, 1:])
    if mode == "cls":
        return hidden[:, 0]
    raise ValueError(f"unknown mode {mode!r}")


@misconception(
    "aggregation-padding-counted",
    replaces="masked_mean",
    breaks="the padding is averaged in: the same text gives another vector in a batch with a longer one (LightRAG #3675)",
    en="Put one more padding token behind a sequence. Does your answer change? Which of the two arguments have you not "
    "used yet?",
    ko="시퀀스 뒤에 패딩 토큰을 하나 더 붙여 보세요. 답이 달라지나요? 두 인자 중 아직 쓰지 않은 것이 있지 않나요?",
)
def padding_counted(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    return hidden.mean(dim=1)


@misconception(
    "aggregation-divides-by-length",
    replaces="masked_mean",
    breaks="padding is set to zero and averaged all the same: short sequences shrink towards 0",
    en="Adding zeros leaves a sum as it is. Does it leave a mean as it is? Take a sequence of three tokens that are all "
    "alike, then pad it with two more.",
    ko="0을 더해도 합은 그대로예요. 평균도 그대로일까요? 똑같은 토큰 세 개로 된 시퀀스에 패딩 두 개를 붙여서 확인해 "
    "보세요.",
)
def divides_by_length(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    return hidden.masked_fill(~keep[:, :, None], 0.0).mean(dim=1)


@misconception(
    "aggregation-padding-summed",
    replaces="masked_mean",
    breaks="the divisor counts the real tokens, but the sum still holds the padding",
    en="You divide by the right number. Which vectors does the sum above it add up? Write large numbers into the padding "
    "and look.",
    ko="나누는 수는 맞아요. 그런데 그 위의 합에는 어떤 벡터들이 들어 있나요? 패딩 자리에 큰 수를 넣고 살펴보세요.",
)
def padding_summed(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    return hidden.sum(dim=1) / keep.sum(dim=1, keepdim=True).clamp(min=1)


@misconception(
    "aggregation-sum",
    replaces="masked_mean",
    breaks="a sum grows with the number of tokens, so the length of a text outweighs what it says",
    en="Two sequences repeat the same token, one twice and one ten times. Should their answers differ? Do yours?",
    ko="같은 토큰을 한 시퀀스는 두 번, 다른 시퀀스는 열 번 반복해요. 두 답은 달라야 할까요? 여러분의 답은 어떤가요?",
)
def summed(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    return kept_total(hidden, keep)


@misconception(
    "aggregation-one-count-for-all",
    replaces="masked_mean",
    breaks="the divisor counts the real tokens of the whole batch",
    en="How many numbers does your divisor hold, and how many sequences are there? Look at the axis over which you count.",
    ko="나누는 수가 몇 개이고, 시퀀스는 몇 개인가요? 어느 축을 따라 세고 있는지 살펴보세요.",
)
def one_count_for_all(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    return kept_total(hidden, keep) / keep.sum().clamp(min=1)


@misconception(
    "aggregation-keep-inverted",
    replaces="masked_mean",
    breaks="True is read as padding, as nn.MultiheadAttention's key_padding_mask means it",
    en="Does True in `keep` mark a real token or padding? The name says it, and so does the docstring. Which ones do you "
    "average?",
    ko="`keep`에서 True는 실제 토큰인가요, 패딩인가요? 이름과 docstring을 다시 읽어 보세요. 지금 평균을 내는 쪽은 "
    "어느 쪽인가요?",
)
def keep_inverted(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    return kept_total(hidden, ~keep) / (~keep).sum(dim=1, keepdim=True).clamp(min=1)


@misconception(
    "aggregation-nan-for-empty",
    replaces="masked_mean",
    breaks="a sequence of padding alone divides 0 by 0, and one NaN makes the whole batch's loss NaN",
    en="What do you divide by when a sequence is all padding? Read in the docstring what should come out then.",
    ko="시퀀스 전체가 패딩이면 무엇으로 나누게 되나요? 그럴 때 무엇이 나와야 하는지 docstring을 읽어 보세요.",
)
def nan_for_empty(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    return kept_total(hidden, keep) / keep.sum(dim=1, keepdim=True)


@misconception(
    "aggregation-nan-gradient",
    replaces="masked_mean",
    breaks="0 / 0 is replaced only after the division: the answer is 0, its gradient NaN",
    en="The values are right. But a gradient also passes through the branch that torch.where did not choose. What does "
    "your division make of an empty sequence, before you replace it?",
    ko="값은 맞아요. 하지만 기울기는 torch.where가 고르지 않은 쪽으로도 지나가요. 값을 바꾸어 넣기 전에, 빈 시퀀스에서 "
    "나눗셈은 무엇이 되나요?",
)
def nan_gradient(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    count = keep.sum(dim=1, keepdim=True)
    mean = (hidden * keep[:, :, None]).sum(dim=1) / count
    return torch.where(count > 0, mean, torch.zeros_like(mean))


@misconception(
    "aggregation-biased-epsilon",
    replaces="masked_mean",
    breaks="the small number that guards the division is added to every count and makes each mean a little too small",
    en="Something small is added to every count, to guard one case. How far is the mean of a single token from that "
    "token? Is there a guard that leaves the other counts alone?",
    ko="한 가지 경우를 막으려고 모든 개수에 작은 수를 더하고 있어요. 토큰 하나의 평균은 그 토큰에서 얼마나 벗어나나요? "
    "다른 개수는 건드리지 않고 막을 방법이 있을까요?",
)
def biased_epsilon(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    return kept_total(hidden, keep) / (keep.sum(dim=1, keepdim=True) + 1e-6)


@misconception(
    "aggregation-in-place",
    replaces="masked_mean",
    breaks="the padding is overwritten in the caller's tensor",
    en="Print `hidden` before and after the call. Whose tensor do you write the zeros into?",
    ko="호출하기 전과 후에 `hidden`을 출력해 보세요. 0을 누구의 텐서에 써넣고 있나요?",
)
def in_place(hidden: Tensor, keep: Tensor) -> Tensor:
    demand_same_tokens(hidden, keep)
    hidden[~keep] = 0.0
    return hidden.sum(dim=1) / keep.sum(dim=1, keepdim=True).clamp(min=1)


@misconception(
    "aggregation-keep-broadcast",
    replaces="masked_mean",
    breaks="a keep of the wrong shape is broadcast over the tokens without a word, and the mean is of something else",
    en="What happens when `keep` has one row, or one column, and `hidden` has several? Is an answer better than an error "
    "there? See what the docstring raises.",
    ko="`hidden`은 행이 여러 개인데 `keep`의 행이나 열이 하나뿐이면 어떻게 되나요? 그때 오류 대신 답이 나와도 될까요? "
    "docstring이 무엇을 일으키라고 하는지 확인해 보세요.",
)
def keep_broadcast(hidden: Tensor, keep: Tensor) -> Tensor:
    return kept_total(hidden, keep) / keep.sum(dim=1, keepdim=True).clamp(min=1)


@misconception(
    "aggregation-cls-last",
    replaces="prepend_cls",
    breaks="the CLS token stands behind the tokens, where padding is, and no longer at a fixed index",
    en="At which index should a reader of the sequence find the CLS token, whatever its length? At which index is yours?",
    ko="시퀀스의 길이와 상관없이 CLS 토큰은 몇 번째 자리에 있어야 하나요? 여러분의 CLS는 몇 번째에 있나요?",
)
def cls_last(tokens: Tensor, cls: Tensor) -> Tensor:
    demand_shared_cls(tokens, cls)
    return torch.cat([tokens, cls.expand(tokens.shape[0], -1, -1)], dim=1)


@misconception(
    "aggregation-cls-detached",
    replaces="prepend_cls",
    breaks="CLS is copied out of the graph: its values are right, but it gets no gradient and never learns",
    en="The values are right. Which way does a gradient take from your answer back to `cls`? Look at how you bring it to "
    "the size of the batch.",
    ko="값은 맞아요. 그런데 기울기는 답에서 `cls`까지 어떤 길로 돌아가나요? `cls`를 배치 크기로 늘리는 부분을 "
    "살펴보세요.",
)
def cls_detached(tokens: Tensor, cls: Tensor) -> Tensor:
    demand_shared_cls(tokens, cls)
    copies = torch.stack([cls.detach()[0].clone() for _ in tokens])
    return torch.cat([copies, tokens], dim=1)


@misconception(
    "aggregation-cls-learns-from-one",
    replaces="prepend_cls",
    breaks="only the first sequence gets the shared CLS, the others a copy of it: it learns from one sequence of the batch",
    en="The values are right. From how many sequences of the batch does a gradient come back to `cls`?",
    ko="값은 맞아요. 배치의 시퀀스 가운데 몇 개에서 기울기가 `cls`로 돌아오나요?",
)
def cls_learns_from_one(tokens: Tensor, cls: Tensor) -> Tensor:
    demand_shared_cls(tokens, cls)
    copies = [cls] + [cls.detach().clone() for _ in tokens[1:]]
    return torch.cat([torch.cat(copies), tokens], dim=1)


@misconception(
    "aggregation-cls-replaces-token",
    replaces="prepend_cls",
    breaks="CLS is written over the first token instead of put before it, so a token is lost",
    en="How many tokens went in, and how many come out? What became of the first one?",
    ko="들어간 토큰은 몇 개이고, 나온 토큰은 몇 개인가요? 첫 번째 토큰은 어디로 갔을까요?",
)
def cls_replaces_token(tokens: Tensor, cls: Tensor) -> Tensor:
    demand_shared_cls(tokens, cls)
    return torch.cat([cls.expand(tokens.shape[0], -1, -1), tokens[:, 1:]], dim=1)


@misconception(
    "aggregation-cls-zeros",
    replaces="prepend_cls",
    breaks="a dummy of zeros is put in front, and the learned CLS is left unused",
    en="You make room for a token in front. Which of the arguments says what stands there?",
    ko="맨 앞에 토큰이 들어갈 자리를 만들었네요. 그 자리에 무엇이 와야 하는지는 어느 인자가 말해 주나요?",
)
def cls_zeros(tokens: Tensor, cls: Tensor) -> Tensor:
    demand_shared_cls(tokens, cls)
    return torch.cat([torch.zeros_like(tokens[:, :1]), tokens], dim=1)


@misconception(
    "aggregation-cls-shape-unchecked",
    replaces="prepend_cls",
    breaks="a CLS for each sequence is taken without a word; then there is no one token that the whole data set trains",
    en="What does your function do with a `cls` of shape (N, 1, D)? Read which shapes the docstring refuses.",
    ko="shape이 (N, 1, D)인 `cls`를 받으면 여러분의 함수는 어떻게 하나요? docstring이 어떤 shape을 거절하는지 읽어 "
    "보세요.",
)
def cls_shape_unchecked(tokens: Tensor, cls: Tensor) -> Tensor:
    return torch.cat([cls.expand(tokens.shape[0], 1, tokens.shape[2]), tokens], dim=1)


@misconception(
    "aggregation-keep-cls-last",
    replaces="extend_keep",
    breaks="the new entry stands at the end, so every token gets its neighbour's",
    en="On which side did the sequence grow? Write the extended mask below the extended sequence and compare them entry "
    "by entry.",
    ko="시퀀스는 어느 쪽으로 길어졌나요? 길어진 시퀀스 아래에 길어진 마스크를 적고 한 칸씩 맞추어 보세요.",
)
def keep_cls_last(keep: Tensor) -> Tensor:
    return torch.cat([keep, keep.new_ones(keep.shape[0], 1)], dim=1)


@misconception(
    "aggregation-keep-cls-hidden",
    replaces="extend_keep",
    breaks="CLS is marked as padding, so no token may attend to it, and it not to itself",
    en="What does False in this mask say about a token? Is that true of the CLS token?",
    ko="이 마스크에서 False는 그 토큰이 무엇이라는 뜻인가요? CLS 토큰에도 맞는 말인가요?",
)
def keep_cls_hidden(keep: Tensor) -> Tensor:
    return torch.cat([keep.new_zeros(keep.shape[0], 1), keep], dim=1)


@misconception(
    "aggregation-keep-first-repeated",
    replaces="extend_keep",
    breaks="CLS gets the entry of the first token, which is padding where a batch is padded on the left",
    en="Must the first token of a sequence be real? Try a mask that begins with padding, and one that is nothing else.",
    ko="시퀀스의 첫 번째 토큰은 꼭 실제 토큰일까요? 패딩으로 시작하는 마스크와 패딩뿐인 마스크로 시험해 보세요.",
)
def keep_first_repeated(keep: Tensor) -> Tensor:
    return torch.cat([keep[:, :1], keep], dim=1)


@misconception(
    "aggregation-keep-becomes-float",
    replaces="extend_keep",
    breaks="torch.ones is float32 by default and makes the whole mask numbers: ~keep and masked_fill then fail",
    en="Print the dtype of your mask before and after. What is the default dtype of a new tensor, and what does cat make "
    "of two kinds?",
    ko="마스크의 dtype을 앞뒤로 출력해 보세요. 새로 만든 텐서의 기본 dtype은 무엇이고, cat은 서로 다른 dtype을 어떻게 "
    "하나요?",
)
def keep_becomes_float(keep: Tensor) -> Tensor:
    return torch.cat([torch.ones(keep.shape[0], 1), keep], dim=1)


@misconception(
    "aggregation-cls-averaged-in",
    replaces="pool",
    breaks="the mean counts the CLS token as one of the real tokens (vit-pytorch #226)",
    en="Which indices of `hidden` go into your mean? `keep` is True at index 0, but is that a token of the text?",
    ko="`hidden`의 몇 번째 자리들이 평균에 들어가나요? `keep`의 0번 자리는 True이지만, 그것이 원래 시퀀스의 토큰인가요?",
)
def cls_averaged_in(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    if mode == "mean":
        return masked_mean(hidden, keep)
    return pooled(hidden, keep, mode)


@misconception(
    "aggregation-mean-ignores-keep",
    replaces="pool",
    breaks="CLS is left out of the mean, but padding is not",
    en="CLS is out of your mean. What else is no real token, and which argument tells you where it stands?",
    ko="CLS는 평균에서 잘 빠졌어요. 실제 토큰이 아닌 것이 또 무엇이 있고, 그것이 어디에 있는지 어느 인자가 알려 주나요?",
)
def mean_ignores_keep(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    if mode == "mean":
        return hidden[:, 1:].mean(dim=1)
    return pooled(hidden, keep, mode)


@misconception(
    "aggregation-keep-misaligned",
    replaces="pool",
    breaks="the token behind CLS is matched with the mask's first entry, which is that of CLS: all entries are off by one",
    en="Your tokens begin at index 1. At which index does the part of `keep` begin that you put beside them?",
    ko="여러분이 고른 토큰은 1번 자리부터예요. 그 옆에 놓은 `keep`은 몇 번 자리부터인가요?",
)
def keep_misaligned(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    if mode == "mean":
        return masked_mean(hidden[:, 1:], keep[:, :-1])
    return pooled(hidden, keep, mode)


@misconception(
    "aggregation-reads-last-token",
    replaces="pool",
    breaks='"cls" reads the last token, which may be padding',
    en="Where did `prepend_cls` put the CLS token? Which index do you read?",
    ko="`prepend_cls`가 CLS 토큰을 어디에 두었나요? 지금 읽고 있는 자리는 몇 번인가요?",
)
def reads_last_token(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    if mode == "cls":
        return hidden[:, -1]
    return pooled(hidden, keep, mode)


@misconception(
    "aggregation-reads-first-word",
    replaces="pool",
    breaks='"cls" reads the token behind CLS',
    en="Python counts from 0. Which token stands at the index that you read?",
    ko="파이썬은 0부터 세요. 지금 읽는 자리에는 어떤 토큰이 있나요?",
)
def reads_first_word(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    if mode == "cls":
        return hidden[:, 1]
    return pooled(hidden, keep, mode)


@misconception(
    "aggregation-cls-keeps-axis",
    replaces="pool",
    breaks='"cls" gives a sequence of one token, (N, 1, D); a loss may broadcast it over the batch without a word',
    en='How many axes does your answer have for "cls", and how many for "mean"? Compare indexing with 0 and with 0:1.',
    ko='"cls"일 때와 "mean"일 때 답의 축은 각각 몇 개인가요? 0으로 인덱싱하는 것과 0:1로 자르는 것을 비교해 보세요.',
)
def cls_keeps_axis(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    if mode == "cls":
        return hidden[:, :1]
    return pooled(hidden, keep, mode)


@misconception(
    "aggregation-any-mode",
    replaces="pool",
    breaks='every mode but "mean" is taken for "cls": a typing error trains another model without a word',
    en="What does your function do when somebody mistypes the mode? Read in the docstring what it should do.",
    ko="누군가 mode를 잘못 입력하면 여러분의 함수는 어떻게 하나요? 그때 무엇을 해야 하는지 docstring을 읽어 보세요.",
)
def any_mode(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    return masked_mean(hidden[:, 1:], keep[:, 1:]) if mode == "mean" else hidden[:, 0]
