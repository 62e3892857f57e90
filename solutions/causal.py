"""Causal attention: every position looks back, none looks ahead, and a decoder goes on from a cache of keys and values.

Guide: exercises/guide/en/causal.md, exercises/guide/ko/causal.md
"""

import math

import torch
from torch import Tensor

Cache = tuple[Tensor, Tensor]  # keys (N, heads, length so far, d) and values (N, heads, length so far, dv)


def causal_mask(query_length: int, key_length: int) -> Tensor:
    """Which keys each query may attend to: its own position and the ones before it.

    Returns a boolean tensor (query_length, key_length), True = may attend: True at [i, j] exactly where j <= i.
    The lengths may differ; query 0 always stands at key 0 (the mask is aligned top left, and includes the diagonal).

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.3.
    """
    # BEGIN SOLUTION
    return torch.ones(query_length, key_length, dtype=torch.bool).tril()
    # END SOLUTION


def padding_mask(lengths: Tensor, max_length: int) -> Tensor:
    """Which positions of a padded batch hold a real token.

    lengths: int64 (N,), each from 0 to max_length; sequence n has its tokens in front and padding after them.
    Returns a boolean tensor (N, max_length), True = real token.
    """
    # BEGIN SOLUTION
    positions = torch.arange(max_length, device=lengths.device)
    return positions < lengths.unsqueeze(1)
    # END SOLUTION


def combine_masks(causal: Tensor, padding: Tensor) -> Tensor:
    """One mask for a batch with heads: a query attends to a key that is neither ahead of it nor padding.

    causal: boolean (Sq, Sk). padding: boolean (N, Sk), about the keys. True = may attend in both, and in the result.
    Returns a boolean tensor of the full shape (N, 1, Sq, Sk); the axis of size 1 stands for the heads.

    Raises ValueError if the two masks are about different numbers of keys; a last axis of size 1 does not broadcast.
    """
    # BEGIN SOLUTION
    if causal.shape[-1] != padding.shape[-1]:
        raise ValueError(f"causal is about {causal.shape[-1]} keys, padding about {padding.shape[-1]}")
    return causal & padding[:, None, None, :]
    # END SOLUTION


def causal_attention(query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention in which query i attends to no key after position i.

    query: (N, Sq, d) or (N, heads, Sq, d); key: the same with Sk for Sq; value: the same as key with dv for d.
    All three are float32 or all float64. Sq and Sk may differ: the causal mask is that of `causal_mask(Sq, Sk)`.
    keep: boolean, broadcastable to the scores (N, Sq, Sk) or (N, heads, Sq, Sk) by torch's usual rule, so that a mask of
    three axes meets scores of four as (heads, Sq, Sk). True = may attend. It narrows the causal mask and never widens
    it: query i attends to key j only where both allow it.

    Returns (output, weights): output (N, Sq, dv) or (N, heads, Sq, dv), weights (N, Sq, Sk) or (N, heads, Sq, Sk),
    in the dtype of the inputs. The weights are those of the softmax over the allowed keys of query · key / sqrt(d),
    and 0 at every other key. A query that may attend to nothing has zeros in its output and in its weights.
    Finite numbers at keys and values that may not be attended to change nothing, however large they are; scores of
    ±10,000 do not overflow. Differentiable, with finite gradients everywhere, also for queries that attend to nothing.

    Raises ValueError if query and key differ in d; a d of size 1 does not broadcast.

    Source: Vaswani et al. (2017), Attention Is All You Need, sections 3.2.1 and 3.2.3.
    """
    # BEGIN SOLUTION
    d = query.shape[-1]
    if d != key.shape[-1]:
        raise ValueError(f"query has {d} features, key has {key.shape[-1]}")
    allowed = causal_mask(query.shape[-2], key.shape[-2]).to(query.device)
    if keep is not None:
        allowed = allowed & keep
    scores = query @ key.transpose(-2, -1) / math.sqrt(d)
    # The lowest finite number rather than -inf: a row without any allowed key stays free of NaN, and is set to 0 below.
    scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=-1).masked_fill(~allowed, 0.0)
    return weights @ value, weights
    # END SOLUTION


def next_token_loss(logits: Tensor, tokens: Tensor, keep: Tensor) -> Tensor:
    """Cross-entropy (natural logarithm) of predicting the next token: position t's logits are scored on token t + 1.

    logits: (N, S, V), float32 or float64. tokens: int64 (N, S), ids from 0 to V - 1, in padding too: the same tokens
    that the model has read, not shifted. keep: boolean (N, S), True = real token.
    A prediction counts where its target, token t + 1, is kept. So the first token is never a target, and the last
    position's logits are never used.

    Returns a 0-D tensor in the dtype of the logits: the mean over all the predictions of the batch that count, each
    with the same weight; 0 if none counts. Differentiable. Logits of ±10,000 give a finite loss.

    Source: Radford et al. (2018), Improving Language Understanding by Generative Pre-Training, section 3.1.
    """
    # BEGIN SOLUTION
    log_probabilities = torch.log_softmax(logits[:, :-1], dim=-1)
    targets = tokens[:, 1:].unsqueeze(-1)
    losses = -log_probabilities.gather(-1, targets).squeeze(-1)
    scored = keep[:, 1:]
    return losses.masked_fill(~scored, 0.0).sum() / scored.sum().clamp(min=1)
    # END SOLUTION


def decode_step(query: Tensor, key: Tensor, value: Tensor, cache: Cache | None) -> tuple[Tensor, Cache]:
    """Attention of the newest position alone, with the keys and values of the earlier ones taken from a cache.

    query, key: (N, heads, 1, d); value: (N, heads, 1, dv): those of the newest position, all float32 or all float64.
    cache: None before the first position, else a pair (keys, values) of shapes (N, heads, t, d) and (N, heads, t, dv):
    all that came before, oldest first.

    Returns (output, cache): output (N, heads, 1, dv), the row that `causal_attention` over the whole sequence so far
    has for its last position; cache, the pair with the newest key and value at the end, (N, heads, t + 1, d) and
    (N, heads, t + 1, dv). The cache that was given in is not changed, and nothing is remembered between calls but
    through the cache: one program may decode several sequences in turn.

    Source: Shazeer (2019), Fast Transformer Decoding: One Write-Head is All You Need, section 2.4.
    """
    # BEGIN SOLUTION
    keys, values = key, value
    if cache is not None:
        keys = torch.cat([cache[0], key], dim=-2)
        values = torch.cat([cache[1], value], dim=-2)
    scores = query @ keys.transpose(-2, -1) / math.sqrt(query.shape[-1])
    return torch.softmax(scores, dim=-1) @ values, (keys, values)
    # END SOLUTION
