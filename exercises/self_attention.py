"""Self-attention: every token asks all tokens of its own sequence, with learned queries, keys and values.

First the positions, without which a sentence is a bag of words; then the input layer that adds them; then the layer
itself, with one head. No function changes the tensors that it is given.
The guide: exercises/guide/en/self_attention.md (English), exercises/guide/ko/self_attention.md (한국어).
"""

import math

import torch
from torch import Tensor, nn


def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """A vector for each position p = 0, 1, ..., length - 1: pairs of a sine and a cosine, each pair slower than the last.

    For i = 0, 1, ..., dim/2 - 1, sine and cosine side by side (interleaved):
    result[p, 2i]     = sin(p / 10000^(2i / dim))
    result[p, 2i + 1] = cos(p / 10000^(2i / dim))

    length, dim: positive ints, dim even.
    Returns (length, dim) in torch's default dtype (float32); nothing in it is learned.
    Raises ValueError if dim is odd.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.5.
    """
    # TODO: your code here
    raise NotImplementedError


def embed(token_ids: Tensor, table: Tensor) -> Tensor:
    """The input of the first layer: each token's row of the table times √D, plus the vector of its position.

    result[n, s] = table[token_ids[n, s]] · √D + sinusoidal_positions(S, D)[s]

    token_ids: (N, S), int64, 0 to V - 1. table: (V, D), float32 or float64, contiguous or not, one row for each word of
        the vocabulary.
    Returns (N, S, D) in the dtype of the table (the positions take that dtype; they may have been computed in float32).
        Gradients flow to the table.
    Raises ValueError if D is odd.

    Source: Vaswani et al. (2017), Attention Is All You Need, sections 3.4 and 3.5.
    """
    # TODO: your code here
    raise NotImplementedError


class SelfAttention(nn.Module):
    """softmax(Q Kᵀ / √D) V W_oᵀ with Q, K and V made from the same tokens; one head.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.2.
    """

    def __init__(self, dim: int) -> None:
        """Make the four projections W_q, W_k, W_v, W_o, each an nn.Linear(dim, dim, bias=False).

        dim: D, the size of a token; any positive int, odd ones too.
        The attributes have exactly these names, and state_dict() holds their four weights and nothing else.
        How they are initialised is up to you: the grader loads its own weights.
        """
        super().__init__()
        # TODO: your code here
        raise NotImplementedError

    def forward(self, x: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Let every token of a sequence attend to the tokens of that sequence, itself included.

        x: (N, S, D), float32 or float64, contiguous or not. No positions are added here: that is what embed is for.
        keep: boolean, broadcastable to the scores (N, S, S) by torch's ordinary rule; keep[n, i, j] is True where token
            i of sequence n may attend to its token j. So two axes are (S, S), one mask for all sequences, and padding
            comes as (N, 1, S). Without it, every token may attend to every token.

        Returns the pair (output (N, S, D), weights (N, S, S)), of the dtype of x. The scores are divided by √D before
        the softmax; weights[n, i] are the weights of token i, after masking, and sum to 1 over the tokens it may attend
        to; the output is what W_o makes of weights · V. Gradients flow through both.

        A token that may not be attended to has weight 0, whatever (finite) numbers stand in it. A token that may attend
        to nothing has weights 0 and output 0, and all gradients stay finite. Large scores do not overflow. No dropout:
        training and evaluation mode give the same answer. x, keep and the parameters are left as they were.
        """
        # TODO: your code here
        raise NotImplementedError
