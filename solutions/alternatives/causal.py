"""Right causal attention, written differently. Each must get full marks."""

import math
import warnings
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from grader.variants import alternative
from solutions.causal import Cache, causal_attention, causal_mask


def refuse_unequal(query: Tensor, key: Tensor) -> None:
    """The ValueError that the docstring of causal_attention names."""
    if query.shape[-1] != key.shape[-1]:
        raise ValueError("query and key differ in their last axis")


def narrowed(query: Tensor, key: Tensor, keep: Tensor | None) -> Tensor:
    """Where both masks allow a pair, in the full shape of the scores."""
    allowed = causal_mask(query.size(-2), key.size(-2)).expand(*query.shape[:-1], key.size(-2))
    return allowed if keep is None else torch.logical_and(allowed, keep)


@alternative("causal-mask-comparison", replaces="causal_mask")
def comparison(query_length: int, key_length: int) -> Tensor:
    return torch.arange(query_length)[:, None] >= torch.arange(key_length)[None, :]


@alternative("causal-mask-not-future", replaces="causal_mask")
def not_future(query_length: int, key_length: int) -> Tensor:
    return torch.full((query_length, key_length), 1.0).triu(diagonal=1) == 0


@alternative("causal-mask-numpy", replaces="causal_mask")
def numpy_triangle(query_length: int, key_length: int) -> Tensor:
    return torch.from_numpy(np.tri(query_length, key_length, dtype=bool))


@alternative("causal-mask-view", replaces="causal_mask")
def cut_out(query_length: int, key_length: int) -> Tensor:
    longest = max(query_length, key_length)
    upper = torch.ones(longest, longest, dtype=torch.bool).triu()
    return upper.T[:query_length, :key_length]  # a transposed view: not contiguous


@alternative("causal-padding-loop", replaces="padding_mask")
def padding_loop(lengths: Tensor, max_length: int) -> Tensor:
    return torch.tensor([[position < length for position in range(max_length)] for length in lengths.tolist()])


@alternative("causal-padding-cumsum", replaces="padding_mask")
def padding_cumsum(lengths: Tensor, max_length: int) -> Tensor:
    counts = torch.ones(len(lengths), max_length, dtype=torch.long).cumsum(1)
    return counts.le(lengths.view(-1, 1).expand_as(counts))


@alternative("causal-combine-where", replaces="combine_masks")
def combine_where(causal: Tensor, padding: Tensor) -> Tensor:
    if causal.size(1) != padding.size(1):
        raise ValueError("the masks are about different keys")
    return torch.where(padding[:, None, None], causal[None, None], False)


@alternative("causal-combine-loop", replaces="combine_masks")
def combine_loop(causal: Tensor, padding: Tensor) -> Tensor:
    if causal.shape[1] != padding.shape[1]:
        raise ValueError("the masks are about different keys")
    combined = torch.zeros(len(padding), 1, *causal.shape, dtype=torch.bool)
    for sequence in range(len(padding)):
        for query in range(causal.shape[0]):
            combined[sequence, 0, query] = causal[query] * padding[sequence]
    return combined


@alternative("causal-additive-infinity", replaces="causal_attention")
def additive_infinity(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    refuse_unequal(query, key)
    allowed = narrowed(query, key, keep)
    empty = ~allowed.any(-1, keepdim=True)
    bias = torch.zeros_like(allowed, dtype=query.dtype).masked_fill_(~(allowed | empty), float("-inf"))
    weights = F.softmax(query @ key.mT / key.shape[-1] ** 0.5 + bias, dim=-1)
    weights = torch.where(empty, 0.0, weights)
    return weights @ value, weights


@alternative("causal-additive-finfo", replaces="causal_attention")
def additive_finfo(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> list[Tensor]:
    refuse_unequal(query, key)
    allowed = narrowed(query, key, keep)
    bias = (~allowed).to(query.dtype) * torch.finfo(query.dtype).min
    scaled_key = key / math.sqrt(key.shape[-1])
    weights = torch.softmax(torch.matmul(query, scaled_key.transpose(-1, -2)) + bias, -1)
    weights = weights * allowed
    return [torch.matmul(weights, value), weights]


@alternative("causal-einsum", replaces="causal_attention")
def einsum(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    refuse_unequal(query, key)
    allowed = narrowed(query, key, keep)
    scores = torch.einsum("...qd,...kd->...qk", query * query.shape[-1] ** -0.5, key)
    scores[~allowed] = -1e9  # in place on an own temporary
    weights = scores.softmax(dim=-1)
    weights = weights * allowed.any(-1, keepdim=True)
    return torch.einsum("...qk,...kv->...qv", weights, value), weights


@alternative("causal-stable-exponentials", replaces="causal_attention")
def stable_exponentials(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    refuse_unequal(query, key)
    allowed = narrowed(query, key, keep)
    scores = (query @ key.transpose(-2, -1)).mul(1 / math.sqrt(query.shape[-1]))
    scores = torch.where(allowed, scores, -1e30)
    exponentials = torch.exp(scores - scores.amax(-1, keepdim=True).detach()) * allowed
    total = exponentials.sum(-1, keepdim=True)
    weights = exponentials / torch.where(total == 0, torch.ones_like(total), total)
    return weights @ value, weights


@alternative("causal-row-by-row", replaces="causal_attention")
def row_by_row(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    refuse_unequal(query, key)
    allowed = narrowed(query, key, keep)
    axes = query.shape[:-1]
    output = query.new_zeros(*axes, value.shape[-1])
    weights = query.new_zeros(*axes, key.shape[-2])
    for index in np.ndindex(*axes):
        seen = allowed[index].nonzero().flatten()
        if len(seen):
            keys, values = key[index[:-1]][seen], value[index[:-1]][seen]
            row = torch.softmax(keys @ query[index] / math.sqrt(query.shape[-1]), 0)
            weights[(*index, seen)] = row
            output[index] = row @ values
    return output, weights


@alternative("causal-nan-to-num", replaces="causal_attention")
def nan_to_num(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    refuse_unequal(query, key)
    scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
    # The gradient stays finite: masked_fill lets none through to a row of which every score was filled.
    weights = scores.masked_fill(~narrowed(query, key, keep), float("-inf")).softmax(-1).nan_to_num(0.0)
    return weights @ value, weights


class Attended(NamedTuple):
    """A pair with names."""

    output: Tensor
    weights: Tensor


@alternative("causal-merged-heads", replaces="causal_attention")
def merged_heads(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> Attended:
    refuse_unequal(query, key)
    allowed = narrowed(query, key, keep)
    flat = partial(torch.flatten, start_dim=0, end_dim=-3)
    forbidden = flat(allowed).logical_not()
    scores = torch.bmm(flat(query), flat(key).transpose(1, 2)) / math.sqrt(query.shape[-1])
    log_weights = torch.log_softmax(scores.masked_fill(forbidden, -1e30), dim=2)
    weights = log_weights.exp().masked_fill(forbidden, 0)
    output = torch.bmm(weights, flat(value))
    return Attended(output.view(*query.shape[:-1], -1), weights.view(*query.shape[:-1], -1))


@alternative("causal-torch-kernel", replaces="causal_attention")
def torch_kernel(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    refuse_unequal(query, key)
    allowed = narrowed(query, key, keep)
    identity = torch.eye(key.shape[-2], dtype=key.dtype).expand(*key.shape[:-2], -1, -1)
    some = allowed.any(-1, keepdim=True)
    kernel = partial(F.scaled_dot_product_attention, query, key, attn_mask=allowed | ~some)
    return kernel(value) * some, kernel(identity) * some


class WeightedSum(torch.autograd.Function):
    """Softmax over the allowed scores, with a backward of its own."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, allowed: Tensor) -> Tensor:
        weights = scores.masked_fill(~allowed, -1e30).softmax(-1).masked_fill(~allowed, 0)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        return weights * (gradients[0] - (gradients[0] * weights).sum(-1, keepdim=True)), None


@alternative("causal-own-backward", replaces="causal_attention")
def own_backward(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    refuse_unequal(query, key)
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    weights = WeightedSum.apply(scores, narrowed(query, key, keep))
    # The heads' axis is moved and moved back: what comes out is right, and not contiguous.
    return (value.transpose(-2, -1) @ weights.transpose(-2, -1)).transpose(-2, -1), weights


@alternative("causal-loss-cross-entropy", replaces="next_token_loss")
def cross_entropy(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    targets = tokens[:, 1:].masked_fill(keep[:, 1:].logical_not(), -100)
    if (targets == -100).all():
        return logits.sum() * 0
    return F.cross_entropy(logits[:, :-1].transpose(1, 2), targets, ignore_index=-100)


@alternative("causal-loss-indexed", replaces="next_token_loss")
def indexed(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    scored = keep[:, 1:]
    predictions, targets = logits[:, :-1][scored], tokens[:, 1:][scored]
    if not len(targets):
        return logits.new_zeros(())
    return F.nll_loss(F.log_softmax(predictions, 1), targets)


@alternative("causal-loss-loop", replaces="next_token_loss")
def loss_loop(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    print("scoring", tuple(logits.shape))
    warnings.warn("a loop", stacklevel=2)
    total, count = logits[0, 0, 0] * 0, 0
    for sequence in range(tokens.shape[0]):
        for position in range(tokens.shape[1] - 1):
            if keep[sequence, position + 1]:
                row = logits[sequence, position]
                total = total + torch.logsumexp(row, 0) - row[tokens[sequence, position + 1]]
                count += 1
    return total / max(count, 1)


@alternative("causal-loss-one-hot", replaces="next_token_loss")
def loss_one_hot(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    shifted = logits - logits.max(-1, keepdim=True).values
    losses = shifted.exp().sum(-1).log().unsqueeze(-1) - shifted
    # Rolled, the last column is the first token again: it never counts.
    counted = keep.roll(-1, 1).clone()
    counted[:, -1] = False
    targets = F.one_hot(tokens.roll(-1, 1), logits.shape[-1]).to(logits.dtype) * counted.unsqueeze(-1)
    return (losses * targets).sum() / torch.clamp(counted.sum(), min=1)


class KeysAndValues(NamedTuple):
    """A cache with names."""

    keys: Tensor
    values: Tensor


@alternative("causal-decode-named", replaces="decode_step")
def decode_named(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None = None) -> tuple[Tensor, KeysAndValues]:
    past_keys, past_values = cache if cache is not None else (key[:, :, :0], value[:, :, :0])
    grown = KeysAndValues(torch.cat((past_keys, key), 2), torch.cat((past_values, value), 2))
    return F.scaled_dot_product_attention(query, grown.keys, grown.values), grown


@alternative("causal-decode-no-grad", replaces="decode_step")
@torch.no_grad()
def decode_no_grad(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> list[Any]:
    if cache is None:
        return [value.clone(), [key, value]]
    length = cache[0].shape[2]
    keys = key.new_empty(*key.shape[:2], length + 1, key.shape[3])
    values = value.new_empty(*value.shape[:2], length + 1, value.shape[3])
    keys[:, :, :length], keys[:, :, length:] = cache[0], key
    values[:, :, :length], values[:, :, length:] = cache[1], value
    weights = (query * keys).sum(-1, keepdim=True).div_(math.sqrt(key.shape[3])).softmax(2)
    return [(weights * values).sum(2, keepdim=True), [keys, values]]


@alternative("causal-decode-last-row", replaces="decode_step", slow="the attention of all positions, for the last one")
def decode_last_row(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    if cache is not None:
        key, value = (torch.cat(pair, dim=-2) for pair in zip(cache, (key, value), strict=True))
    # The query stands at the last position; what is put before it is never looked at.
    padded = F.pad(query, (0, 0, key.shape[-2] - 1, 0))
    output, _ = causal_attention(padded, key, value)
    return output[..., -1:, :], (key, value)


@alternative("causal-mask-rows", replaces="causal_mask")
def mask_row_by_row(query_length: int, key_length: int) -> Tensor:
    """Too near to a triangle of floats, in time, to be told from it."""
    keep = torch.zeros(query_length, key_length, dtype=torch.bool)
    for i in range(query_length):
        keep[i, : i + 1] = True
    return keep


@alternative("causal-mask-nested-lists", replaces="causal_mask", slow="a loop over queries and keys")
def mask_of_lists(query_length: int, key_length: int) -> Tensor:
    return torch.tensor([[j <= i for j in range(key_length)] for i in range(query_length)])


@alternative(
    "causal-decode-all-pairs", replaces="decode_step", slow="all scores anew, for each of the positions so far"
)
def decode_all_pairs(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    if cache is not None:
        key, value = (torch.cat(pair, dim=-2) for pair in zip(cache, (key, value), strict=True))
    queries = query.expand(*key.shape[:-1], query.shape[-1])
    weights = torch.softmax(queries @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]), dim=-1)
    return (weights @ value)[..., -1:, :], (key, value)


@alternative("causal-decode-position-by-position", replaces="decode_step", slow="a loop over the positions so far")
def decode_position_by_position(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    keys, values = (
        (key, value)
        if cache is None
        else (torch.cat([old, new], 2) for old, new in zip(cache, (key, value), strict=True))
    )
    scores = [(query * keys[:, :, [t]]).sum(-1) for t in range(keys.shape[2])]
    weights = torch.softmax(torch.cat(scores, -1) / math.sqrt(query.shape[-1]), -1)
    output = sum(weights[:, :, [t], None] * values[:, :, [t]] for t in range(values.shape[2]))
    return output, (keys, values)


@alternative("causal-decode-stacked", replaces="decode_step")
def decode_stacked(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    if cache is not None:
        key, value = torch.cat([cache[0], key], 2), torch.cat([cache[1], value], 2)
    scores = torch.einsum("nhqd,nhtd->nhqt", query * query.shape[-1] ** -0.5, key)
    powers = (scores - scores.amax(-1, keepdim=True)).exp()
    return torch.einsum("nhqt,nhtd->nhqd", powers / powers.sum(-1, keepdim=True), value), (key, value)


@alternative("causal-mask-filled", replaces="causal_mask", slow="a loop over queries and keys")
def mask_filled(query_length: int, key_length: int) -> Tensor:
    keep = torch.zeros(query_length, key_length, dtype=torch.bool)
    for i in range(query_length):
        for j in range(min(i + 1, key_length)):
            keep[i, j] = True
    return keep
