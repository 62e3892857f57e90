"""Aggregation: one vector for a whole sequence, as the mean of its tokens or from a CLS token that reads them all.

Guide: exercises/guide/en/aggregation.md (in Korean: exercises/guide/ko/aggregation.md).
"""

import torch
from torch import Tensor


def masked_mean(hidden: Tensor, keep: Tensor) -> Tensor:
    """The mean over a sequence's real tokens: the sum of the kept vectors, divided by how many are kept.

    hidden: (N, S, D), float32 or float64. keep: boolean (N, S), True = real token, False = padding; padding may stand
    anywhere in a sequence. Returns (N, D) in the dtype of hidden.

    What the padding holds (any finite numbers, however large) and how much padding there is change nothing.
    A sequence without any real token gives zeros. Differentiable, with finite gradients everywhere, also there;
    padding gets gradient 0.

    Raises ValueError: keep is not of shape (N, S), the first two sizes of hidden. A size of 1 does not broadcast.
    Source: Reimers and Gurevych (2019), Sentence-BERT, section 3, "MEAN".
    """
    # BEGIN SOLUTION
    if keep.shape != hidden.shape[:2]:
        raise ValueError(f"hidden has {tuple(hidden.shape[:2])} tokens, keep is about {tuple(keep.shape)}")
    total = hidden.masked_fill(~keep.unsqueeze(-1), 0.0).sum(dim=1)
    # At least 1 *before* dividing: 0 / 0 would be NaN, and choosing zeros afterwards would leave NaN in the gradient.
    count = keep.sum(dim=1, keepdim=True).clamp(min=1)
    return total / count
    # END SOLUTION


def prepend_cls(tokens: Tensor, cls: Tensor) -> Tensor:
    """Put one and the same CLS token in front of every sequence.

    tokens: (N, S, D), float32 or float64. cls: (1, 1, D), the same dtype: a learned vector that all sequences share.
    Returns (N, 1+S, D), same dtype: cls at index 0, then the tokens in their order.
    Differentiable in both: the gradient of cls is the sum over the sequences of the batch.

    Raises ValueError: cls is not of shape (1, 1, D), D being the last size of tokens.
    Source: Devlin et al. (2019), BERT, section 3; Dosovitskiy et al. (2020), equation 1.
    """
    # BEGIN SOLUTION
    batch, _, dim = tokens.shape
    if cls.shape != (1, 1, dim):
        raise ValueError(f"cls should have shape (1, 1, {dim}), not {tuple(cls.shape)}")
    return torch.cat([cls.expand(batch, 1, dim), tokens], dim=1)
    # END SOLUTION


def extend_keep(keep: Tensor) -> Tensor:
    """The mask of the sequences that `prepend_cls` makes: the CLS token is real, in every sequence.

    keep: boolean (N, S), True = real token, False = padding.
    Returns a boolean tensor (N, 1+S): True at index 0, also where a sequence is all padding, then keep.
    """
    # BEGIN SOLUTION
    return torch.cat([keep.new_ones(keep.shape[0], 1), keep], dim=1)
    # END SOLUTION


def pool(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    """One vector for each sequence, from the tokens that come out of an encoder, CLS first.

    hidden: (N, 1+S, D), float32 or float64: the CLS token at index 0, then S tokens.
    keep: boolean (N, 1+S), as `extend_keep` makes it: True at index 0, then True = real token.
    mode: "mean": the mean of the real tokens, without padding and without CLS; zeros where there is none.
          "cls": the CLS token as it is.
    Returns (N, D) in the dtype of hidden. Differentiable; gradients are finite also where there is no real token.

    Raises ValueError: mode is neither "mean" nor "cls".
    Source: Reimers and Gurevych (2019), Sentence-BERT, section 3, "MEAN" and "CLS".
    """
    # BEGIN SOLUTION
    if mode == "mean":
        return masked_mean(hidden[:, 1:], keep[:, 1:])
    if mode == "cls":
        return hidden[:, 0]
    raise ValueError(f'mode should be "mean" or "cls", not {mode!r}')
    # END SOLUTION
