"""Attention: each query is compared with all keys, and the values are averaged by how well their keys fit.

First a softmax that survives large numbers, then the attention of transformers with a mask, then the older attention
of translation models. No function changes the tensors that it is given.
The guide: exercises/guide/en/attention.md, exercises/guide/ko/attention.md.
"""

import math

import torch
from torch import Tensor


def softmax(x: Tensor, dim: int) -> Tensor:
    """Probabilities along axis `dim`: exp(x) divided by the sum of exp(x) along that axis.

    x: at least one axis, float32 or float64, finite numbers. dim: an axis of x; negative ones count from the end.
    Returns the shape and dtype of x; differentiable.

    The result and its gradients are finite for numbers up to ±1e4, also where one slice along `dim` lies near 1e4 and
    its neighbour near -1e4.

    Forbidden: torch's ready-made softmax, log_softmax, softmin and logsumexp, as functions, methods or modules.

    Source: Bridle (1990), Probabilistic interpretation of feedforward classification network outputs.
    """
    # TODO: your code here
    raise NotImplementedError


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """softmax(query · keyᵀ / √dk) · value, the softmax along the keys and over the kept ones only.

    query: (..., Sq, dk). key: (..., Sk, dk). value: (..., Sk, dv). The leading axes (none, batch, batch and heads) are
        the same for all three; so is the dtype, float32 or float64.
    keep: boolean, broadcastable to the scores (..., Sq, Sk); True = this query may attend to this key. Without it,
        every query may attend to every key.
    Returns the pair (output, weights): output (..., Sq, dv) and weights (..., Sq, Sk), the very weights that made the
        output. Both have the dtype of the query, and gradients flow through both.

    A key that may not be attended to has weight 0, and whatever (finite) numbers stand in that key and its value change
    neither the output nor the other weights. A query that may attend to nothing has weights 0 and output 0, and all
    gradients stay finite.

    Raises ValueError where the last axes of query and key differ in size, also if one of them is 1.

    Forbidden: F.scaled_dot_product_attention and nn.MultiheadAttention. Any softmax may be used, yours or torch's.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.1.
    """
    # TODO: your code here
    raise NotImplementedError


def seq2seq_attention(decoder: Tensor, encoder: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Each decoder state looks back at the encoder states of its own sequence: softmax(decoder · encoderᵀ) · encoder.

    decoder: (N, T, H), the states that ask. encoder: (N, S, H), the states that are compared and averaged: there are no
        weights to learn here. Both float32 or float64. The scores are plain dot products, not scaled.
    lengths: (N,), int64, 0 to S: the first lengths[n] encoder states of sequence n are words, the rest is padding,
        which nobody may attend to.
    Returns the pair (context, weights): context (N, T, H), a mean of encoder states for each decoder state, and weights
        (N, T, S). Both have the dtype of the decoder, and gradients flow through both.

    What (finite) numbers stand in the padding changes nothing. A sequence of length 0 has weights 0 and context 0, and
    all gradients stay finite.

    Source: Luong, Pham and Manning (2015), Effective Approaches to Attention-based Neural Machine Translation, global
    attention with the score "dot".
    """
    # TODO: your code here
    raise NotImplementedError
