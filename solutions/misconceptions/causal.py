"""Wrong causal attention, as real students write it."""

import math

import torch
from torch import Tensor

from grader.variants import misconception
from solutions.causal import Cache, causal_attention, causal_mask


def allowed_pairs(query: Tensor, key: Tensor, keep: Tensor | None) -> Tensor:
    """The right mask (Sq, Sk) or broadcast with keep, for the versions that are wrong further on."""
    allowed = causal_mask(query.shape[-2], key.shape[-2])
    return allowed if keep is None else allowed & keep


def scaled_scores(query: Tensor, key: Tensor) -> Tensor:
    """The right scores (..., Sq, Sk), and the right refusal."""
    if query.shape[-1] != key.shape[-1]:
        raise ValueError("query and key differ in their last axis")
    return query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])


def attend(scores: Tensor, value: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """The right way from scores to output and weights, whatever `allowed` says."""
    weights = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min).softmax(-1).masked_fill(~allowed, 0.0)
    return weights @ value, weights


def token_losses(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of each position (N, T) with the target of the same index."""
    return -logits.log_softmax(-1).gather(-1, targets.unsqueeze(-1)).squeeze(-1)


def kept_mean(losses: Tensor, keep: Tensor) -> Tensor:
    """Mean of the losses at kept positions, 0 without any."""
    return losses.masked_fill(~keep, 0.0).sum() / keep.sum().clamp(min=1)


@misconception(
    "causal-strict-diagonal",
    replaces="causal_mask",
    breaks="no position sees itself, so the first one sees nothing at all",
    en="Which keys does your first query see? Write out row 0 of your mask and compare it with the docstring.",
    ko=(
        "여러분의 마스크에서 첫 번째 쿼리는 어떤 키를 볼 수 있나요? "
        "마스크의 0번 행을 직접 적어 보고 docstring과 비교해 보세요."
    ),
)
def strict_diagonal(query_length: int, key_length: int) -> Tensor:
    return torch.ones(query_length, key_length, dtype=torch.bool).tril(-1)


@misconception(
    "causal-sees-next",
    replaces="causal_mask",
    breaks="every position sees one token ahead: the very one that it is asked to predict",
    en=(
        "Take query 1: what is the highest key that it may see by your mask? "
        "During training, which token is its target?"
    ),
    ko="1번 쿼리를 보세요. 마스크에 따르면 몇 번 키까지 볼 수 있나요? 학습할 때 그 위치의 정답은 어떤 토큰인가요?",
)
def sees_next(query_length: int, key_length: int) -> Tensor:
    return torch.ones(query_length, key_length, dtype=torch.bool).tril(1)


@misconception(
    "causal-mask-polarity",
    replaces="causal_mask",
    breaks="True marks the future, as in nn.MultiheadAttention, where this course means what may be attended to",
    en=(
        "In your mask, does True mean 'look here' or 'do not look here'? "
        "Libraries differ; which of them does this course follow?"
    ),
    ko=(
        "여러분의 마스크에서 True는 '봐도 된다'인가요, '보면 안 된다'인가요? "
        "라이브러리마다 달라요. 이 강의는 어느 쪽을 따르나요?"
    ),
)
def mask_polarity(query_length: int, key_length: int) -> Tensor:
    return torch.ones(query_length, key_length, dtype=torch.bool).triu(1)


@misconception(
    "causal-bottom-right",
    replaces="causal_mask",
    breaks="the diagonal ends in the last corner, so it does not start at query 0 and key 0 when the lengths differ",
    en="With as many queries as keys your mask is fine. Which key does query 0 stand at when the two lengths differ?",
    ko="쿼리와 키의 개수가 같을 때는 마스크가 맞아요. 두 길이가 다르면 0번 쿼리는 어느 키와 같은 위치에 놓이나요?",
)
def bottom_right(query_length: int, key_length: int) -> Tensor:
    return torch.ones(query_length, key_length, dtype=torch.bool).tril(key_length - query_length)


@misconception(
    "causal-padding-polarity",
    replaces="padding_mask",
    breaks="True marks the padding, so that attention reads nothing but padding",
    en=(
        "Does True in your padding mask stand for a real token or for padding? "
        "Look at the very first position of a sequence."
    ),
    ko="여러분의 패딩 마스크에서 True는 실제 토큰인가요, 패딩인가요? 시퀀스의 맨 첫 위치를 확인해 보세요.",
)
def padding_polarity(lengths: Tensor, max_length: int) -> Tensor:
    return torch.arange(max_length) >= lengths.unsqueeze(1)


@misconception(
    "causal-padding-one-more",
    replaces="padding_mask",
    breaks="the first padding position of each sequence counts as a token",
    en="How many True does your mask have in the row of a sequence of length 2? Positions are counted from 0.",
    ko="길이가 2인 시퀀스의 행에 True가 몇 개 있나요? 위치는 0부터 센다는 점을 떠올려 보세요.",
)
def padding_one_more(lengths: Tensor, max_length: int) -> Tensor:
    return torch.arange(max_length) <= lengths.unsqueeze(1)


@misconception(
    "causal-padding-as-query",
    replaces="combine_masks",
    breaks="the padding switches off rows (queries) where it should switch off columns (keys)",
    en=(
        "The scores have an axis of queries and an axis of keys. "
        "Along which of them does your padding mask run, and who must not be looked at?"
    ),
    ko=(
        "점수에는 쿼리 축과 키 축이 있어요. 패딩 마스크가 어느 축을 "
        "따라 놓였나요? 보이지 말아야 하는 것은 어느 쪽인가요?"
    ),
)
def padding_as_query(causal: Tensor, padding: Tensor) -> Tensor:
    if causal.shape[-1] != padding.shape[-1]:
        raise ValueError("different numbers of keys")
    return causal & padding[:, None, :, None]


@misconception(
    "causal-padding-forgotten",
    replaces="combine_masks",
    breaks="only the causal mask is left, so real tokens attend to padding",
    en="Change one entry of the padding mask. Does anything in your combined mask change?",
    ko="패딩 마스크의 값 하나를 바꿔 보세요. 합친 마스크에서 달라지는 곳이 있나요?",
)
def padding_forgotten(causal: Tensor, padding: Tensor) -> Tensor:
    if causal.shape[-1] != padding.shape[-1]:
        raise ValueError("different numbers of keys")
    return causal.expand(padding.shape[0], 1, *causal.shape)


@misconception(
    "causal-either-mask",
    replaces="combine_masks",
    breaks="one mask's permission is enough, so the future opens wherever there is no padding",
    en=(
        "Take a key in the future that is a real token. "
        "What does each mask say about it, and what does your combination say?"
    ),
    ko="미래에 있으면서 패딩이 아닌 키 하나를 골라 보세요. 두 마스크는 각각 뭐라고 하고, 합친 결과는 뭐라고 하나요?",
)
def either_mask(causal: Tensor, padding: Tensor) -> Tensor:
    if causal.shape[-1] != padding.shape[-1]:
        raise ValueError("different numbers of keys")
    return causal | padding[:, None, None, :]


@misconception(
    "causal-no-scale",
    replaces="causal_attention",
    breaks="the scores grow with d, so the softmax saturates",
    en=(
        "The right keys are attended to, but too sharply. "
        "Compare your scores with the formula in the guide, factor by factor."
    ),
    ko="봐야 할 키는 맞게 골랐지만 가중치가 몇몇 키에 너무 쏠려 있어요. 점수 계산을 가이드의 수식과 하나씩 비교해 보세요.",
)
def no_scale(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    return attend(scaled_scores(query, key) * math.sqrt(query.shape[-1]), value, allowed_pairs(query, key, keep))


@misconception(
    "causal-masked-to-zero",
    replaces="causal_attention",
    breaks="a score of 0 is an ordinary score: the future keeps weight exp(0)",
    en=(
        "You give forbidden scores the value 0 and then take the softmax. "
        "What is exp(0), and what does a score need to be for its weight to vanish?"
    ),
    ko=(
        "막아야 할 점수를 0으로 만들고 소프트맥스를 취했어요. "
        "exp(0)은 얼마인가요? 가중치가 사라지려면 점수가 어떤 값이어야 할까요?"
    ),
)
def masked_to_zero(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    scores = scaled_scores(query, key) * allowed_pairs(query, key, keep)
    weights = scores.softmax(-1)
    return weights @ value, weights


@misconception(
    "causal-mask-after-softmax",
    replaces="causal_attention",
    breaks="the future has taken its share of the softmax before it is removed: rows no longer sum to 1",
    en="Sum each row of your weights. Who took part in the softmax's denominator?",
    ko="가중치의 행마다 합을 구해 보세요. 소프트맥스의 분모에는 누가 참여했나요?",
)
def mask_after_softmax(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    weights = scaled_scores(query, key).softmax(-1) * allowed_pairs(query, key, keep)
    return weights @ value, weights


@misconception(
    "causal-zero-times-infinity",
    replaces="causal_attention",
    breaks="the additive mask is 0·∞ = NaN at every allowed key",
    en="You get NaN. Print the mask that you add to the scores: which entries are NaN, and what was multiplied there?",
    ko="NaN이 나와요. 점수에 더하는 마스크를 출력해 보세요. 어느 칸이 NaN이고, 거기서는 무엇과 무엇을 곱했나요?",
)
def zero_times_infinity(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    forbidden = (~allowed_pairs(query, key, keep)).to(query.dtype)
    weights = (scaled_scores(query, key) + forbidden * -math.inf).softmax(-1)
    return weights @ value, weights


@misconception(
    "causal-mask-too-weak",
    replaces="causal_attention",
    breaks="-1e-9 is almost 0, not almost minus infinity: the mask has no effect",
    en=(
        "Your weights are those without any mask. Does the mask reach the "
        "scores, and is the number that you add to them as large as it looks?"
    ),
    ko=(
        "가중치가 마스크를 전혀 쓰지 않은 것과 같아요. "
        "마스크가 점수에 실제로 적용되나요? 더하는 수는 보이는 만큼 큰 수인가요?"
    ),
)
def mask_too_weak(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    forbidden = (~allowed_pairs(query, key, keep)).to(query.dtype)
    weights = (scaled_scores(query, key) - 1e-9 * forbidden).softmax(-1)
    return weights @ value, weights


@misconception(
    "causal-keeps-the-future",
    replaces="causal_attention",
    breaks="masked_fill fills where its mask is True: the allowed keys are silenced and the future is read",
    en=(
        "Weights stand exactly where they should not. Which entries does "
        "masked_fill (or where) replace: those where the mask is True or False?"
    ),
    ko=(
        "가중치가 있으면 안 되는 곳에만 있어요. masked_fill(또는 "
        "where)은 마스크가 True인 곳과 False인 곳 중 어디를 바꾸나요?"
    ),
)
def keeps_the_future(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    return attend(scaled_scores(query, key), value, ~allowed_pairs(query, key, keep))


@misconception(
    "causal-keep-replaces-causal",
    replaces="causal_attention",
    breaks="as soon as keep is given, the future is open",
    en="Without keep all is well. When keep is given, does your function still know about the future?",
    ko="keep이 없을 때는 잘 돼요. keep이 주어지면 여러분의 함수는 여전히 미래를 막고 있나요?",
)
def keep_replaces_causal(
    query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    allowed = causal_mask(query.shape[-2], key.shape[-2]) if keep is None else keep
    return attend(scaled_scores(query, key), value, allowed)


@misconception(
    "causal-keep-ignored",
    replaces="causal_attention",
    breaks="keep has no effect, so real tokens attend to padding",
    en="Call your function with keep and without it. Where do the two answers differ?",
    ko="함수를 keep을 주고 한 번, 주지 않고 한 번 불러 보세요. 두 결과가 어디에서 달라지나요?",
)
def keep_ignored(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    return attend(scaled_scores(query, key), value, allowed_pairs(query, key, None))


@misconception(
    "causal-empty-row-nan",
    replaces="causal_attention",
    breaks="the softmax of a row of -inf is 0/0",
    en=(
        "All is well until some query may attend to nothing. What is the softmax of "
        "a row in which every score is -inf, and what does the docstring ask for?"
    ),
    ko=(
        "아무 키도 볼 수 없는 쿼리가 나오기 전까지는 잘 돼요. "
        "모든 점수가 -inf인 행의 소프트맥스는 얼마인가요? docstring은 무엇을 요구하나요?"
    ),
)
def empty_row_nan(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    scores = scaled_scores(query, key).masked_fill(~allowed_pairs(query, key, keep), -math.inf)
    weights = scores.softmax(-1)
    return weights @ value, weights


@misconception(
    "causal-empty-row-uniform",
    replaces="causal_attention",
    breaks="a row in which every score is equally low becomes uniform: the query reads all keys, the future too",
    en=(
        "Look at a query that may attend to nothing. All of its scores "
        "are equally low; what does a softmax make of equal scores?"
    ),
    ko=(
        "아무 키도 볼 수 없는 쿼리를 살펴보세요. 점수가 모두 똑같이 낮아요. "
        "소프트맥스는 같은 점수들을 무엇으로 바꾸나요?"
    ),
)
def empty_row_uniform(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    weights = scaled_scores(query, key).masked_fill(~allowed_pairs(query, key, keep), -1e9).softmax(-1)
    return weights @ value, weights


@misconception(
    "causal-empty-row-gradient",
    replaces="causal_attention",
    breaks="nan_to_num mends the value and leaves NaN in the gradient",
    en=(
        "The values are right, the gradients are NaN. Replacing a NaN afterwards "
        "does not undo how it came about: could it be avoided before the softmax?"
    ),
    ko=(
        "값은 맞지만 기울기가 NaN이에요. NaN을 나중에 바꿔도 NaN이 "
        "생긴 계산은 그대로 남아요. 소프트맥스 전에 피할 수 없을까요?"
    ),
)
def empty_row_gradient(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    allowed = allowed_pairs(query, key, keep)
    bias = torch.zeros_like(allowed, dtype=query.dtype).masked_fill(~allowed, -math.inf)
    weights = (scaled_scores(query, key) + bias).softmax(-1).nan_to_num(0.0)
    return weights @ value, weights


@misconception(
    "causal-loss-unshifted",
    replaces="next_token_loss",
    breaks="position t is scored on token t, which it has read: copying the input becomes the best answer",
    en="Which token has position t already read when it makes its prediction? And on which token do you score it?",
    ko="t번 위치는 예측할 때 이미 어떤 토큰을 읽었나요? 그리고 여러분은 그 예측을 어떤 토큰으로 채점하고 있나요?",
)
def loss_unshifted(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    return kept_mean(token_losses(logits, tokens), keep)


@misconception(
    "causal-loss-double-shift",
    replaces="next_token_loss",
    breaks="position t is scored on token t + 2, as when both the data and the loss shift",
    en="Write down the pairs (position, target) that you score for three tokens. How far apart are the two?",
    ko="토큰이 세 개일 때 채점하는 (위치, 정답) 쌍을 모두 적어 보세요. 둘은 몇 칸 떨어져 있나요?",
)
def loss_double_shift(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    return kept_mean(token_losses(logits[:, :-2], tokens[:, 2:]), keep[:, 2:])


@misconception(
    "causal-loss-backwards",
    replaces="next_token_loss",
    breaks="position t is scored on token t - 1: the model learns to predict the past",
    en="Is your target ahead of the position that predicts it, or behind? See which of the two you cut at the front.",
    ko=(
        "정답이 예측하는 위치보다 앞으로 올 토큰인가요, 이미 지나간 토큰인가요? "
        "로짓과 토큰 중 어느 쪽의 앞을 잘랐는지 보세요."
    ),
)
def loss_backwards(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    return kept_mean(token_losses(logits[:, 1:], tokens[:, :-1]), keep[:, :-1])


@misconception(
    "causal-loss-keep-of-position",
    replaces="next_token_loss",
    breaks="keep is taken at the predicting position: the last real token is scored on padding",
    en="On which token is the last real position of a sequence scored in your code, and does that target count?",
    ko="여러분의 코드에서 시퀀스의 마지막 실제 위치는 어떤 토큰으로 채점되나요? 그 정답은 세어야 하는 것인가요?",
)
def loss_keep_of_position(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    return kept_mean(token_losses(logits[:, :-1], tokens[:, 1:]), keep[:, :-1])


@misconception(
    "causal-loss-padding-scored",
    replaces="next_token_loss",
    breaks="keep is ignored: the model is trained to predict padding",
    en="Change the logits where the target is padding. Does your loss change?",
    ko="정답이 패딩인 위치의 로짓을 바꿔 보세요. 손실이 달라지나요?",
)
def loss_padding_scored(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    return token_losses(logits[:, :-1], tokens[:, 1:]).sum() / max(1, tokens[:, 1:].numel())


@misconception(
    "causal-loss-divided-by-all",
    replaces="next_token_loss",
    breaks="padding adds nothing to the sum but is counted: the longer the padding, the smaller the loss",
    en="Append more padding to the batch. The loss should stay as it is; what happens to your divisor?",
    ko="배치에 패딩을 더 붙여 보세요. 손실은 그대로여야 해요. 나누는 수는 어떻게 되나요?",
)
def loss_divided_by_all(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    losses = token_losses(logits[:, :-1], tokens[:, 1:])
    return losses.masked_fill(~keep[:, 1:], 0.0).sum() / max(1, losses.numel())


@misconception(
    "causal-loss-mean-of-means",
    replaces="next_token_loss",
    breaks="each sequence counts the same, so a token of a short one weighs more",
    en="One sequence has two targets and another has ten. In your loss, does each target weigh the same?",
    ko="한 시퀀스에는 정답이 두 개, 다른 시퀀스에는 열 개 있어요. 여러분의 손실에서 정답 하나하나의 무게가 같나요?",
)
def loss_mean_of_means(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    losses = token_losses(logits[:, :-1], tokens[:, 1:]).masked_fill(~keep[:, 1:], 0.0)
    return (losses.sum(1) / keep[:, 1:].sum(1).clamp(min=1)).mean()


@misconception(
    "causal-loss-nothing-nan",
    replaces="next_token_loss",
    breaks="without any target the mean is 0/0",
    en="What does your loss divide by when no target counts? What should such a batch contribute to training?",
    ko="세어야 할 정답이 하나도 없으면 무엇으로 나누게 되나요? 그런 배치는 학습에 얼마나 기여해야 할까요?",
)
def loss_nothing_nan(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    losses = token_losses(logits[:, :-1], tokens[:, 1:])
    return losses.masked_fill(~keep[:, 1:], 0.0).sum() / keep[:, 1:].sum()


@misconception(
    "causal-loss-log-of-softmax",
    replaces="next_token_loss",
    breaks="a probability below the smallest float is 0, and its logarithm is -inf",
    en="Ordinary logits are fine, large ones give inf. Which probability has become 0 before you took its logarithm?",
    ko="보통 크기의 로짓에서는 맞지만 큰 로짓에서는 inf가 나와요. 로그를 취하기 전에 어떤 확률이 0이 되었나요?",
)
def loss_log_of_softmax(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    probabilities = logits[:, :-1].softmax(-1).gather(-1, tokens[:, 1:].unsqueeze(-1)).squeeze(-1)
    return kept_mean(-probabilities.log(), keep[:, 1:])


@misconception(
    "causal-cache-unused",
    replaces="decode_step",
    breaks="the newest position attends to itself alone: its weight is always 1",
    en="Your output is always the newest value. Which keys does the query meet in your code?",
    ko="출력이 언제나 가장 최근 value와 같아요. 여러분의 코드에서 쿼리는 어떤 키들을 만나나요?",
)
def cache_unused(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    keys, values = (key, value) if cache is None else (torch.cat([cache[0], key], -2), torch.cat([cache[1], value], -2))
    return (query @ key.transpose(-2, -1)).softmax(-1) @ value, (keys, values)


@misconception(
    "causal-cache-without-newest",
    replaces="decode_step",
    breaks="the newest position attends to what came before it and not to itself",
    en=(
        "Which row of the causal mask belongs to the newest position? "
        "Count the keys in it, and those that your query meets."
    ),
    ko=(
        "가장 최근 위치는 인과적 마스크의 어느 행에 해당하나요? "
        "그 행의 키 수와 여러분의 쿼리가 만나는 키 수를 세어 보세요."
    ),
)
def cache_without_newest(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    if cache is None:
        return value, (key, value)
    weights = scaled_scores(query, cache[0]).softmax(-1)
    return weights @ cache[1], (torch.cat([cache[0], key], -2), torch.cat([cache[1], value], -2))


@misconception(
    "causal-cache-not-grown",
    replaces="decode_step",
    breaks="the cache that comes back holds the newest position alone, so the one before it is forgotten",
    en="After three steps, how many keys should the cache hold, and how many does yours?",
    ko="세 번 진행한 뒤에는 캐시에 키가 몇 개 있어야 하나요? 여러분의 캐시에는 몇 개 있나요?",
)
def cache_not_grown(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    keys, values = (key, value) if cache is None else (torch.cat([cache[0], key], -2), torch.cat([cache[1], value], -2))
    return scaled_scores(query, keys).softmax(-1) @ values, (key, value)


@misconception(
    "causal-cache-reversed",
    replaces="decode_step",
    breaks="the newest key stands at the front; attention does not notice, whatever reads positions does",
    en="Your outputs are right, your cache is not. In which order of time do its keys stand?",
    ko="출력은 맞지만 캐시가 달라요. 캐시의 키들은 시간상 어떤 순서로 놓여 있나요?",
)
def cache_reversed(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    keys, values = (key, value) if cache is None else (torch.cat([key, cache[0]], -2), torch.cat([value, cache[1]], -2))
    return scaled_scores(query, keys).softmax(-1) @ values, (keys, values)


@misconception(
    "causal-decode-first-key-only",
    replaces="decode_step",
    breaks="a causal mask for one query is aligned top left: it leaves the oldest key alone",
    en="You mask a single query. Print that mask's only row: at which position does it think the query stands?",
    ko=(
        "쿼리 하나에 마스크를 씌우고 있어요. 그 마스크의 하나뿐인 행을 "
        "출력해 보세요. 쿼리가 몇 번 위치에 있다고 생각하고 있나요?"
    ),
)
def decode_first_key_only(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    keys, values = (key, value) if cache is None else (torch.cat([cache[0], key], -2), torch.cat([cache[1], value], -2))
    return causal_attention(query, keys, values)[0], (keys, values)
