"""Right versions of attention, written differently: each must get full marks (see docs/adding-an-exercise.md)."""

import functools
import math
import warnings
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from grader.variants import alternative
from solutions.attention import scaled_dot_product_attention, softmax


def agree(query, key):
    if query.shape[-1] != key.shape[-1]:
        raise ValueError("query and key differ")


@alternative("attention-einsum-additive", replaces="scaled_dot_product_attention")
def einsum_additive(query, key, value, keep=None):
    agree(query, key)
    scores = torch.einsum("...id,...jd->...ij", query, key) * query.shape[-1] ** -0.5
    if keep is not None:
        allowed = keep.expand_as(scores)
        empty = ~allowed.any(dim=-1, keepdim=True)
        bias = torch.zeros_like(scores).masked_fill(~allowed, float("-inf")).masked_fill(empty, 0.0)
        weights = torch.softmax(scores + bias, dim=-1) * ~empty
    else:
        weights = torch.softmax(scores, dim=-1)
    return torch.einsum("...ij,...jv->...iv", weights, value), weights


@alternative("attention-in-place", replaces="scaled_dot_product_attention")
def in_place(query, key, value, keep=None):
    agree(query, key)
    root = query.shape[-1] ** 0.25
    scores = torch.matmul(query / root, (key / root).mT)
    if keep is None:
        return [torch.matmul(p := F.softmax(scores, dim=-1), value), p]
    scores += torch.where(keep, 0.0, -1e9)
    weights = F.softmax(scores, dim=-1)
    weights = weights.where(keep, weights.new_zeros(()))
    return [torch.matmul(weights, value), weights]


@alternative("attention-in-place", replaces="softmax")
def softmax_in_place(x, dim):
    powers = x.clone()
    powers -= powers.detach().max(dim, keepdim=True).values
    powers.exp_()
    return powers / powers.sum(dim, keepdim=True)


class Attended(NamedTuple):
    output: torch.Tensor
    weights: torch.Tensor


@alternative("attention-loops", replaces="scaled_dot_product_attention", slow="a loop over batch, heads and queries")
def loops(query, key, value, keep=None):
    agree(query, key)
    *batch, length, _ = query.shape
    if keep is None:
        keep = torch.ones((), dtype=torch.bool)
    keep = torch.broadcast_to(keep, (*batch, length, key.shape[-2]))
    rows = []
    for index in np.ndindex(*batch, length):
        places = keep[index].nonzero().flatten()
        weights = query.new_zeros(key.shape[-2])
        output = value.new_zeros(value.shape[-1])
        if len(places):
            scores = (key[index[:-1]][places] * query[index]).sum(-1) / np.sqrt(query.shape[-1])
            found = softmax(scores, 0)
            weights = weights.index_put((places,), found)
            output = sum(p * v for p, v in zip(found, value[index[:-1]][places], strict=True))
        rows.append((output, weights))
    return Attended(
        torch.stack([output for output, _ in rows]).reshape(*batch, length, value.shape[-1]),
        torch.stack([weights for _, weights in rows]).reshape(*batch, length, key.shape[-2]),
    )


@alternative("attention-loops", replaces="softmax")
def softmax_by_slices(x, dim):
    slices = []
    for line in x.movedim(dim, -1).reshape(-1, x.shape[dim]):
        top = max(line.tolist())
        powers = [torch.exp(number - top) for number in line]
        slices.append(torch.stack(powers) / sum(powers))
    moved = x.movedim(dim, -1).shape
    return torch.stack(slices).reshape(moved).movedim(-1, dim)


@alternative("attention-loops", replaces="seq2seq_attention", slow="a loop over the batch")
def sequence_by_sequence(decoder, encoder, lengths):
    contexts, weights = [], []
    for states, memory, length in zip(decoder, encoder, lengths.tolist(), strict=True):
        words = memory[:length]
        found = F.softmax(states @ words.T, dim=-1)
        contexts.append(found @ words)
        weights.append(F.pad(found, (0, len(memory) - length)))
    return torch.stack(contexts), torch.stack(weights)


@alternative("attention-exp-log", replaces="softmax")
def exp_log(x, dim):
    top = x.max(dim=dim, keepdim=True)[0]
    return torch.exp(x - top - torch.log(torch.sum(torch.exp(x - top), dim=dim, keepdim=True)))


@alternative("attention-exp-log", replaces="scaled_dot_product_attention")
def views(query, key, value, keep=None):
    """Keys by queries inside, so that both results are transposed views."""
    agree(query, key)
    scores = key @ query.transpose(-1, -2) / math.sqrt(key.size(-1))
    if keep is not None:
        keep = keep.expand(*scores.shape[:-2], scores.shape[-1], scores.shape[-2]).transpose(-1, -2)
        scores = torch.where(keep, scores, torch.finfo(scores.dtype).min / 2)
    weights = torch.softmax(scores, dim=-2)
    if keep is not None:
        weights = weights * keep
    return (value.transpose(-1, -2) @ weights).transpose(-1, -2), weights.transpose(-1, -2)


@alternative("attention-exp-log", replaces="seq2seq_attention", slow="a mask made in a loop over the batch")
def borrowed(decoder, encoder, lengths):
    """The other function, its scale undone."""
    words = torch.stack([torch.arange(encoder.size(1), device=encoder.device) < length for length in lengths])
    return scaled_dot_product_attention(
        value=encoder, key=encoder, query=decoder * math.sqrt(encoder.size(-1)), keep=words.unsqueeze(1)
    )


class OwnSoftmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, dim):
        powers = (x - x.amax(dim, keepdim=True)).exp_()
        ctx.dim = dim
        ctx.save_for_backward(powers.div_(powers.sum(dim, keepdim=True)))
        return powers

    @staticmethod
    def backward(ctx, upstream):
        (p,) = ctx.saved_tensors
        return p * (upstream - (upstream * p).sum(ctx.dim, keepdim=True)), None


@alternative("attention-own-autograd", replaces="softmax")
def own_autograd(x, dim):
    return OwnSoftmax.apply(x, dim)


@alternative(
    "attention-own-autograd",
    replaces="scaled_dot_product_attention",
    slow="a loop over the keys",
    wasteful="each query times each key, element by element, before the sum",
)
def online(query, key, value, keep=None):
    """One key at a time with a running maximum; the division comes last, as in fused kernels."""
    print("query", tuple(query.shape), "key", tuple(key.shape))
    warnings.warn("a warning is no mistake", stacklevel=2)
    agree(query, key)
    scores = (query.unsqueeze(-2) * key.unsqueeze(-3)).sum(-1) / math.sqrt(query.shape[-1])
    allowed = torch.ones_like(scores, dtype=torch.bool) if keep is None else keep.expand_as(scores)
    top = scores.new_full(scores.shape[:-1], torch.finfo(scores.dtype).min / 4)
    total, output = torch.zeros_like(top), query.new_zeros(*top.shape, value.shape[-1])
    for j in range(key.shape[-2]):
        score = scores[..., j].detach().where(allowed[..., j], torch.finfo(scores.dtype).min / 4)
        higher = torch.maximum(top, score)
        shrink = torch.exp(top - higher)
        power = torch.exp((scores[..., j] - higher).where(allowed[..., j], float("-inf")))
        total = total * shrink + power
        output = output * shrink[..., None] + power[..., None] * value[..., j : j + 1, :]
        top = higher
    total = total.where(total > 0, 1.0)[..., None]
    weights = torch.exp((scores - top[..., None]).where(allowed, float("-inf"))) / total
    return output / total, weights


@alternative("attention-callable-object", replaces="softmax")
class CallableSoftmax:
    """A name that can be called is enough: this class gives a tensor, not an instance."""

    def __new__(cls, x, dim):
        powers = torch.pow(math.e, x - torch.amax(x, dim, True))
        return torch.div(powers, powers.sum(dim, True))


def with_switch(function):
    return functools.partial(function, quiet=True)


@alternative("attention-renormalise-kept", replaces="softmax")
@staticmethod
def static_softmax(x, dim):
    powers = (x - x.max(dim=dim, keepdim=True).values.detach()).exp()
    return torch.einsum("...,...->...", powers, powers.sum(dim, keepdim=True).reciprocal())


@alternative("attention-renormalise-kept", replaces="scaled_dot_product_attention")
@with_switch
def renormalise_kept(query, key, value, keep=None, *, quiet):
    """Exponentials of the kept scores alone, shifted by the largest of these."""
    agree(query, key)
    scores = F.linear(query, key) if query.dim() == 2 else query.matmul(key.transpose(-1, -2))
    scores = scores.div(query.shape[-1] ** 0.5)
    allowed = torch.tensor(True) if keep is None else keep
    top = scores.detach().masked_fill(~allowed, torch.finfo(scores.dtype).min).amax(-1, keepdim=True)
    powers = (scores - top).masked_fill(~allowed, -torch.inf).exp()
    total = powers.sum(-1, keepdim=True)
    weights = powers / total.where(total > 0, total.new_ones(()))
    if not quiet:
        print(weights)
    return weights @ value, weights


@alternative("attention-nan-to-num", replaces="scaled_dot_product_attention")
def nan_to_num(query, key, value, keep=None):
    """0 / 0 in a row of -inf, replaced afterwards: masked_fill stops the NaN on the way back, so this is right."""
    agree(query, key)
    scores = torch.einsum("...qd,...kd->...qk", query, key) / np.sqrt(query.shape[-1])
    if keep is not None:
        scores = scores.masked_fill(keep.logical_not(), -np.inf)
    weights = torch.softmax(scores, dim=-1).nan_to_num(0.0)
    return weights @ value, weights


@alternative("attention-nan-to-num", replaces="seq2seq_attention")
def with_nan_to_num(decoder, encoder, lengths):
    states = torch.arange(encoder.shape[1], device=encoder.device).expand(len(encoder), -1)
    keep = (states < lengths[:, None])[:, None]
    return scaled_dot_product_attention(decoder * decoder.shape[-1] ** 0.5, encoder, encoder, keep=keep)


def attend(query, key, value, keep):
    """One element of a batch."""
    scores = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
    weights = torch.softmax(scores.masked_fill(~keep, torch.finfo(scores.dtype).min), dim=-1).masked_fill(~keep, 0.0)
    return weights @ value, weights


@alternative("attention-batch-loop", replaces="scaled_dot_product_attention", slow="a loop over the batch")
def batch_loop(query, key, value, keep=None):
    agree(query, key)
    keep = torch.tensor(True, device=query.device) if keep is None else keep
    keep = keep.expand(*query.shape[:-1], key.shape[-2])
    if query.dim() < 3:
        return attend(query, key, value, keep)
    pairs = [attend(*parts) for parts in zip(query, key, value, keep, strict=True)]
    return torch.stack([output for output, _ in pairs]), torch.stack([weights for _, weights in pairs])


@alternative("attention-batch-loop", replaces="seq2seq_attention", slow="a loop over the batch that fills a tensor")
def batch_loop_that_fills(decoder, encoder, lengths):
    context = torch.zeros_like(decoder)
    weights = decoder.new_zeros(*decoder.shape[:2], encoder.shape[1])
    for n, length in enumerate(lengths.tolist()):
        found = torch.softmax(decoder[n] @ encoder[n, :length].T, dim=-1)
        weights[n, :, :length], context[n] = found, found @ encoder[n, :length]
    return context, weights


@alternative(
    "attention-keys-repeated",
    replaces="scaled_dot_product_attention",
    wasteful="a copy of all keys for each query",
)
def keys_repeated(query, key, value, keep=None):
    agree(query, key)
    keys = key.unsqueeze(-3).repeat(*[1] * (key.dim() - 2), query.shape[-2], 1, 1)
    scores = (keys @ query.unsqueeze(-1)).squeeze(-1) / math.sqrt(query.shape[-1])
    keep = torch.tensor(True, device=query.device) if keep is None else keep
    weights = torch.softmax(scores.masked_fill(~keep, torch.finfo(scores.dtype).min), dim=-1).masked_fill(~keep, 0.0)
    return weights @ value, weights


@alternative("attention-query-by-query", replaces="scaled_dot_product_attention", slow="a loop over the queries")
def query_by_query(query, key, value, keep=None):
    """One row of the weights at a time, for all sequences and heads together."""
    agree(query, key)
    if keep is not None:
        keep = keep.expand(*query.shape[:-1], key.shape[-2])
    outputs, weights = [], []
    for i in range(query.shape[-2]):
        scores = (key @ query[..., i, :, None]).squeeze(-1) / math.sqrt(query.shape[-1])
        if keep is not None:
            scores = scores.masked_fill(~keep[..., i, :], torch.finfo(scores.dtype).min)
        found = torch.softmax(scores, dim=-1)
        if keep is not None:
            found = found * keep[..., i, :]
        weights.append(found)
        outputs.append((found[..., None, :] @ value).squeeze(-2))
    return torch.stack(outputs, dim=-2), torch.stack(weights, dim=-2)


@alternative("attention-query-by-query", replaces="seq2seq_attention", slow="loops over sequences and decoder states")
def state_by_state(decoder, encoder, lengths):
    """As a decoder works while it translates: one state of one sentence asks at a time."""
    contexts, weights = [], []
    for states, memory, length in zip(decoder, encoder, lengths, strict=True):
        words = memory[: int(length)]
        for state in states:
            found = torch.softmax(words @ state, dim=0)
            weights.append(F.pad(found, (0, len(memory) - len(words))))
            contexts.append(found @ words)
    return torch.stack(contexts).reshape(decoder.shape), torch.stack(weights).reshape(*decoder.shape[:2], -1)


@alternative("attention-einsum-additive", replaces="seq2seq_attention")
def seq2seq_einsum(decoder, encoder, lengths):
    keep = torch.arange(encoder.shape[1], device=encoder.device)[None, :] < lengths[:, None]
    bias = torch.where(keep, 0.0, -1e9).to(decoder.dtype)[:, None, :]
    weights = torch.softmax(torch.einsum("nth,nsh->nts", decoder, encoder) + bias, dim=-1) * keep[:, None, :]
    return torch.einsum("nts,nsh->nth", weights, encoder), weights
