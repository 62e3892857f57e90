"""Multi-head attention: split the features into heads, let each head attend on its own, concatenate, mix with W_o.

Several small attentions instead of one large one, so that a token can attend in several ways at once.
The guide: exercises/guide/en/multihead.md (English), exercises/guide/ko/multihead.md (한국어).
"""

import math

import torch
from torch import Tensor, nn


def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """Give each head its own slice of the features: (N, S, D) -> (N, heads, S, head_dim), head_dim = D / num_heads.

    Head h takes the neighbouring features h·head_dim to (h+1)·head_dim - 1 of every token:
    result[n, h, s, j] = x[n, s, h·head_dim + j].

    x: (N, S, D), float32 or float64, contiguous or not; it is left as it was. Returns the same dtype; a view is fine.
    Raises ValueError if num_heads does not divide D.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.2; laid out as in torch's MultiheadAttention.
    """
    # TODO: your code here
    raise NotImplementedError


def merge_heads(x: Tensor) -> Tensor:
    """Concatenate the heads of each token, head 0 first: (N, heads, S, head_dim) -> (N, S, heads·head_dim).

    The inverse of split_heads: result[n, s, h·head_dim + j] = x[n, h, s, j].

    x: (N, heads, S, head_dim), float32 or float64, contiguous or not; it is left as it was. Returns the same dtype.
    Source: "Concat(head_1, ..., head_h)" of Vaswani et al. 2017, section 3.2.2.
    """
    # TODO: your code here
    raise NotImplementedError


class MultiHeadAttention(nn.Module):
    """softmax(Q Kᵀ / √head_dim) V in each head, the heads concatenated and mixed: MultiHead = Concat(head_1, ...) W_o.

    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.2.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        """Make the four projections W_q, W_k, W_v, W_o, each an nn.Linear(dim, dim) with a bias.

        dim: D, the size of a token. num_heads: how many heads share it; head_dim = dim / num_heads.
        The attributes have exactly these names, and state_dict() holds their eight tensors and nothing else.
        How they are initialised is up to you: the grader loads its own weights.
        Raises ValueError if num_heads does not divide dim.
        """
        super().__init__()
        # TODO: your code here
        raise NotImplementedError

    def forward(self, query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Attend from query to key in every head, and bring back value.

        query: (N, Sq, D); key and value: (N, Sk, D), which may be different tensors. W_q projects query, W_k key and
        W_v value; the projections are then split as split_heads says. float32 or float64, contiguous or not.
        keep: boolean, True = may attend (the opposite of nn.MultiheadAttention's masks), broadcastable to the scores
        (N, heads, Sq, Sk) by torch's ordinary rule: (Sq, Sk) is one mask for all, (N, 1, 1, Sk) is padding, and three
        axes are (heads, Sq, Sk). None: every position may attend to every other.

        Returns (output (N, Sq, D), weights (N, heads, Sq, Sk)), of the inputs' dtype. The weights are those of each
        head, after masking, and sum to 1 over the keys. A row that may attend to nothing has zero weights, so that its
        head gives zeros before W_o, and its gradients are finite. Large scores do not overflow. No dropout.
        The inputs and the parameters are left as they were.
        """
        # TODO: your code here
        raise NotImplementedError
