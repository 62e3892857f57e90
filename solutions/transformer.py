"""Transformer blocks: attention and a feed-forward network, each behind a LayerNorm and inside a residual connection.

You write the normalisation, the shift of the targets, the feed-forward network and both blocks; attention is given.
The guide: exercises/guide/en/transformer.md (English), exercises/guide/ko/transformer.md (한국어).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    """Given ready-made: softmax(Q Kᵀ / √head_dim) V in each head, the heads concatenated and mixed by W_o.

    You may put your own here. The graders load weights by name, so W_q, W_k, W_v and W_o must stay nn.Linear(dim, dim).
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % num_heads != 0:
            raise ValueError(f"dim {dim} is not a multiple of num_heads {num_heads}")
        self.num_heads = num_heads
        self.W_q = nn.Linear(dim, dim)
        self.W_k = nn.Linear(dim, dim)
        self.W_v = nn.Linear(dim, dim)
        self.W_o = nn.Linear(dim, dim)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """query (N, Sq, dim), key and value (N, Sk, dim). Returns (output (N, Sq, dim), weights (N, heads, Sq, Sk)).

        keep: boolean, True = may attend, broadcastable to the scores (N, heads, Sq, Sk); None: everything may.
        A row that may attend to nothing gives zeros before W_o.
        """
        q, k, v = (
            projected.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for projected in (self.W_q(query), self.W_k(key), self.W_v(value))
        )
        scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
        if keep is not None:
            scores = scores.masked_fill(~keep, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=-1)
        if keep is not None:
            # A row without any key to attend to would otherwise be uniform.
            weights = weights.masked_fill(~keep, 0.0)
        heads = weights @ v
        return self.W_o(heads.transpose(1, 2).flatten(2)), weights


def layer_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """Bring each token to mean 0 and variance 1 over its own features, then scale and shift every feature.

        (x - mean) / √(variance + eps) · weight + bias

    mean and variance are those of the last axis, each token by itself; the variance is the biased one (divided by D,
    not by D - 1). eps stands inside the root. A token whose features are all equal gives `bias`, with finite gradients.

    x: (..., D), with any number of leading axes, none included. weight, bias: (D,). All float32 or all float64,
    contiguous or not; they are left as they were. eps: a positive number. Returns the shape and dtype of x.
    Raises ValueError if weight or bias has a shape other than (D,), even one that would broadcast.
    Source: Ba, Kiros and Hinton 2016, "Layer Normalization"; torch.nn.LayerNorm computes the same.
    """
    # BEGIN SOLUTION
    if weight.shape != x.shape[-1:] or bias.shape != x.shape[-1:]:
        raise ValueError(f"weight {tuple(weight.shape)} and bias {tuple(bias.shape)} do not fit {x.shape[-1]} features")
    centred = x - x.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(variance + eps) * weight + bias
    # END SOLUTION


def shift_right(tokens: Tensor, start_id: int) -> Tensor:
    """What the decoder reads while it is trained to predict `tokens`: start_id first, then all tokens but the last.

        result[n] = [start_id, tokens[n, 0], tokens[n, 1], ..., tokens[n, S-2]]

    So position t has read the tokens before t when it predicts tokens[n, t].

    tokens: (N, S), int64, contiguous or not; it is left as it was. start_id: an int. Returns a new (N, S) tensor, int64.
    Source: "the output embeddings are offset by one position", Vaswani et al. 2017, section 3.1.
    """
    # BEGIN SOLUTION
    start = torch.full_like(tokens[:, :1], start_id)
    return torch.cat([start, tokens[:, :-1]], dim=1)
    # END SOLUTION


class FeedForward(nn.Module):
    """Two linear layers with the exact GELU between them, for each token by itself: linear2(GELU(linear1(x))).

    Source: Vaswani et al. 2017, section 3.3; the GELU x·Φ(x), Φ the normal distribution function, is that of
    Hendrycks and Gimpel 2016, not its tanh approximation.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        """Make linear1 = nn.Linear(dim, hidden) and linear2 = nn.Linear(hidden, dim), both with a bias.

        The attributes have these names, and state_dict() holds their four tensors and nothing else.
        How they are initialised is up to you: the graders load their own weights.
        """
        super().__init__()
        # BEGIN SOLUTION
        self.linear1 = nn.Linear(dim, hidden)
        self.linear2 = nn.Linear(hidden, dim)
        # END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, S, dim), float32 or float64, contiguous or not; left as it was. Returns the same shape and dtype.

        No dropout, no residual connection: that is the block's.
        """
        # BEGIN SOLUTION
        return self.linear2(F.gelu(self.linear1(x)))
        # END SOLUTION


class EncoderBlock(nn.Module):
    """A pre-LN encoder block: self-attention, then the feed-forward network, each added to the x that came in.

        x = x + attention(norm1(x))        query, key and value are all norm1(x)
        x = x + feed_forward(norm2(x))

    Source: Vaswani et al. 2017, section 3.1, with the norms moved inside as in Xiong et al. 2020, "On Layer
    Normalization in the Transformer Architecture"; nn.TransformerEncoderLayer(norm_first=True) computes the same.
    """

    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        """Make the submodules; state_dict() holds their tensors and nothing else, and all of them can be trained.

            norm1, norm2    nn.LayerNorm(dim), eps 1e-5 (or a module of your own with `weight` and `bias` of shape (dim,))
            attention       MultiHeadAttention(dim, num_heads)
            feed_forward    FeedForward(dim, hidden)

        How they are initialised is up to you: the graders load their own weights.
        Raises ValueError if num_heads does not divide dim (the given MultiHeadAttention does).
        """
        super().__init__()
        # BEGIN SOLUTION
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.attention = MultiHeadAttention(dim, num_heads)
        self.feed_forward = FeedForward(dim, hidden)
        # END SOLUTION

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """x: (N, S, dim), float32 or float64, contiguous or not; left as it was. Returns the same shape and dtype.

        keep: boolean, True = may attend, broadcastable to (N, heads, S, S), for the attention as it comes: (S, S) for
        all, (N, 1, 1, S) for padding. None: every token may attend to every other. No dropout.
        """
        # BEGIN SOLUTION
        normed = self.norm1(x)
        attended, _ = self.attention(normed, normed, normed, keep)
        x = x + attended
        return x + self.feed_forward(self.norm2(x))
        # END SOLUTION


class DecoderBlock(nn.Module):
    """A pre-LN decoder block: self-attention, cross-attention to the encoder's output, the feed-forward network.

        x = x + self_attention(norm1(x))             query, key and value are all norm1(x)
        x = x + cross_attention(norm2(x), memory)    query is norm2(x); key and value are memory, as it comes
        x = x + feed_forward(norm3(x))

    Source: Vaswani et al. 2017, section 3.1, with the norms moved inside;
    nn.TransformerDecoderLayer(norm_first=True) computes the same.
    """

    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        """Make the submodules; state_dict() holds their tensors and nothing else, and all of them can be trained.

            norm1, norm2, norm3    nn.LayerNorm(dim), eps 1e-5 (or a module of your own, as in EncoderBlock)
            self_attention         MultiHeadAttention(dim, num_heads)
            cross_attention        MultiHeadAttention(dim, num_heads), with weights of its own
            feed_forward           FeedForward(dim, hidden)

        How they are initialised is up to you: the graders load their own weights.
        Raises ValueError if num_heads does not divide dim (the given MultiHeadAttention does).
        """
        super().__init__()
        # BEGIN SOLUTION
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.norm3 = nn.LayerNorm(dim)
        self.self_attention = MultiHeadAttention(dim, num_heads)
        self.cross_attention = MultiHeadAttention(dim, num_heads)
        self.feed_forward = FeedForward(dim, hidden)
        # END SOLUTION

    def forward(
        self, x: Tensor, memory: Tensor, keep: Tensor | None = None, memory_keep: Tensor | None = None
    ) -> Tensor:
        """x: (N, S, dim); memory: (N, M, dim), what the encoder gave, M any length. Returns (N, S, dim), the same dtype.

        keep: which positions of x a position of x may attend to: boolean, True = may, broadcastable to (N, heads, S, S).
        memory_keep: which positions of memory it may attend to: likewise, broadcastable to (N, heads, S, M).
        None: all of them. The block adds no causal mask of its own: keep brings it. No dropout.
        float32 or float64, contiguous or not; the inputs are left as they were.
        """
        # BEGIN SOLUTION
        normed = self.norm1(x)
        attended, _ = self.self_attention(normed, normed, normed, keep)
        x = x + attended
        read, _ = self.cross_attention(self.norm2(x), memory, memory, memory_keep)
        x = x + read
        return x + self.feed_forward(self.norm3(x))
        # END SOLUTION
