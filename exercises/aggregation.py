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
    # TODO: your code here
    raise NotImplementedError


def prepend_cls(tokens: Tensor, cls: Tensor) -> Tensor:
    """Put one and the same CLS token in front of every sequence.

    tokens: (N, S, D), float32 or float64. cls: (1, 1, D), the same dtype: a learned vector that all sequences share.
    Returns (N, 1+S, D), same dtype: cls at index 0, then the tokens in their order.
    Differentiable in both: the gradient of cls is the sum over the sequences of the batch.

    Raises ValueError: cls is not of shape (1, 1, D), D being the last size of tokens.
    Source: Devlin et al. (2019), BERT, section 3; Dosovitskiy et al. (2020), equation 1.
    """
    # TODO: your code here
    raise NotImplementedError


def extend_keep(keep: Tensor) -> Tensor:
    """The mask of the sequences that `prepend_cls` makes: the CLS token is real, in every sequence.

    keep: boolean (N, S), True = real token, False = padding.
    Returns a boolean tensor (N, 1+S): True at index 0, also where a sequence is all padding, then keep.
    """
    # TODO: your code here
    raise NotImplementedError


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
    # TODO: your code here
    raise NotImplementedError
