"""Right versions of exercise aggregation, written differently: each must get full marks."""

import functools
import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grader.variants import alternative


def must(condition: bool) -> None:
    """A ValueError without any words is one, too."""
    if not condition:
        raise ValueError


@alternative("aggregation-einsum", replaces="masked_mean")
def weights_by_einsum(hidden: Tensor, keep: Tensor) -> Tensor:
    must(keep.shape == hidden.shape[:-1])
    weights = keep.to(hidden) / keep.to(hidden).sum(1, keepdim=True).clamp_min(1e-9)
    return torch.einsum("nsd,ns->nd", hidden, weights)


@alternative("aggregation-einsum", replaces="prepend_cls")
def through_a_new_tensor(tokens: Tensor, cls: Tensor) -> Tensor:
    """Writes into a tensor of its own."""
    batch, length, dim = tokens.shape
    must(tuple(cls.shape) == (1, 1, dim))
    joined = tokens.new_empty(batch, 1 + length, dim)
    joined[:, :1], joined[:, 1:] = cls, tokens
    return joined


@alternative("aggregation-matmul", replaces="masked_mean")
def product_of_matrices(hidden: Tensor, keep: Tensor) -> Tensor:
    """Counts in the dtype of hidden, and multiplies by a reciprocal."""
    must(hidden.ndim == 3 and list(keep.shape) == list(hidden.shape)[:2])
    mask = keep.type_as(hidden).unsqueeze(1)
    one_over_count = mask.sum(dim=-1).clamp(min=1).reciprocal()
    return torch.bmm(mask, hidden)[:, 0] * one_over_count


@alternative("aggregation-matmul", replaces="prepend_cls")
def repeated(tokens: Tensor, cls: Tensor) -> Tensor:
    """A list comes back as one tensor; a module of torch's is no mistake either."""
    must(cls.ndim == 3 and cls.shape[:2] == (1, 1) and cls.size(2) == tokens.size(2))
    return torch.hstack((cls.repeat(len(tokens), 1, 1), nn.Identity()(tokens)))


@alternative("aggregation-loop", replaces="masked_mean")
def sequence_by_sequence(hidden: Tensor, keep: Tensor) -> Tensor:
    """Selects instead of multiplying. A batch of padding alone has no graph at all: its gradient is 0."""
    must(keep.size() == hidden.size()[:2])
    rows = []
    for sequence, real in zip(hidden, keep, strict=True):
        rows.append(sequence[real].mean(dim=0) if real.any() else hidden.new_zeros(hidden.shape[-1]))
    return torch.stack(rows)


@alternative("aggregation-loop", replaces="prepend_cls")
def pair_by_pair(tokens: Tensor, cls: Tensor) -> Tensor:
    must(cls.shape == tokens[:1, :1].shape)
    return torch.stack([torch.cat([cls[0], sequence]) for sequence in tokens])


@alternative("aggregation-loop", replaces="extend_keep")
def entry_by_entry(keep: Tensor) -> Tensor:
    return torch.tensor([[True, *row] for row in keep.tolist()])


@alternative("aggregation-index-add", replaces="masked_mean")
def scattered(hidden: Tensor, keep: Tensor) -> Tensor:
    """All real tokens of the batch in one list, each added to the row of its sequence."""
    must(keep.dim() == 2 and keep.shape == hidden.shape[:2])
    owner = keep.nonzero()[:, 0]
    total = torch.zeros_like(hidden[:, 0]).index_add(0, owner, hidden[keep])
    return total / torch.bincount(owner, minlength=len(keep)).clamp(min=1).unsqueeze(-1)


@alternative("aggregation-where-before-division", replaces="masked_mean")
def where_before_division(hidden: Tensor, keep: Tensor) -> Tensor:
    """Both guards by torch.where; float32 counts are exact."""
    must(hidden.shape[:2] == keep.shape)
    kept = torch.where(keep[..., None], hidden, 0.0)
    count = keep.float().sum(-1, keepdim=True)
    return kept.sum(-2) / torch.where(count == 0, torch.ones_like(count), count)


@alternative("aggregation-where-before-division", replaces="pool")
def chosen_by_match(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    match mode:
        case "cls":
            return hidden.select(dim=1, index=0)
        case "mean":
            without_cls = keep.clone()
            without_cls[:, 0] = False
            return masked_mean(keep=without_cls, hidden=hidden)  # noqa: F821 -- the reference's
        case _:
            raise ValueError(f"what is {mode}?")


@alternative("aggregation-nan-replaced", replaces="masked_mean")
def nan_replaced(hidden: Tensor, keep: Tensor) -> Tensor:
    """0 / 0 is allowed to happen: masked_fill gives a row without tokens gradient 0, whatever comes from above."""
    must(hidden.shape[:2] == keep.shape)
    return torch.nan_to_num(hidden.masked_fill(~keep[..., None], 0).sum(1) / keep.sum(1)[:, None])


@alternative("aggregation-epsilon", replaces="masked_mean")
def epsilon(hidden: Tensor, keep: Tensor) -> Tensor:
    """An epsilon that is too small to matter; it warns, too."""
    if hidden.shape[:2] != keep.shape:
        raise ValueError("shapes")
    warnings.warn("a small epsilon", stacklevel=2)
    mask = keep.unsqueeze(2).expand_as(hidden).to(hidden.dtype)
    return torch.sum(hidden * mask, 1) / (mask.sum(1) + 1e-8)


@alternative("aggregation-running-mean", replaces="masked_mean")
def running_mean(hidden: Tensor, keep: Tensor) -> Tensor:
    """One token after the other moves the mean, without a sum and without a division by zero."""
    must(keep.shape == hidden.shape[:2])
    mean, seen = 0 * hidden[:, 0], keep.new_zeros(keep.shape[0], 1, dtype=hidden.dtype)
    for t in range(hidden.shape[1]):
        real = keep[:, t : t + 1]
        seen = seen + real
        mean = torch.where(real, mean + (hidden[:, t] - mean) / seen.clamp(min=1), mean)
    return mean


class Mean(torch.autograd.Function):
    """The masked mean with a derivative written by hand."""

    @staticmethod
    def forward(ctx, hidden: Tensor, keep: Tensor) -> Tensor:
        weights = keep / keep.sum(1, keepdim=True).clamp(min=1).to(hidden.dtype)
        ctx.save_for_backward(weights)
        return (hidden * weights[..., None]).sum(1)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None]:
        (weights,) = ctx.saved_tensors
        return weights[:, :, None] * upstream[:, None], None


@alternative("aggregation-own-autograd-function", replaces="masked_mean")
def own_autograd_function(hidden: Tensor, keep: Tensor) -> Tensor:
    must(keep.shape == hidden.shape[:2])
    return Mean.apply(hidden, keep)


@alternative("aggregation-pads", replaces="prepend_cls")
def padded_and_added(tokens: Tensor, cls: Tensor) -> Tensor:
    """Zeros in front, and CLS added to a tensor that is zero everywhere else."""
    must(cls.shape == (1, 1, tokens.shape[-1]))
    behind = tokens.shape[1]
    return F.pad(tokens, (0, 0, 1, 0)) + F.pad(cls, (0, 0, 0, behind))


@alternative("aggregation-pads", replaces="extend_keep")
def padded_with_true(keep: Tensor) -> Tensor:
    return F.pad(keep, (1, 0), value=True)


@alternative("aggregation-numbers-and-back", replaces="prepend_cls")
def times_ones(tokens: Tensor, cls: Tensor) -> Tensor:
    must(cls.shape == (1, 1, tokens.shape[-1]))
    return torch.cat([tokens.new_ones(tokens.shape[0], 1, 1) * cls, tokens], dim=-2)


@alternative("aggregation-numbers-and-back", replaces="extend_keep")
def numbers_and_back(keep: Tensor) -> Tensor:
    """It prints."""
    print("keep", tuple(keep.shape))
    return torch.column_stack([torch.ones(len(keep)), keep.float()]) > 0.5


@alternative("aggregation-table-of-modes", replaces="pool")
def table_of_modes(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    """The mean by itself, with CLS taken out of the sum of all kept tokens; CLS as a squeezed slice."""

    def mean() -> Tensor:
        weights = keep[:, 1:, None].to(hidden.dtype)
        return (weights * hidden[:, 1:]).sum(dim=1).div(weights.sum(dim=1).clamp_(min=1))

    modes = {"mean": mean, "cls": functools.partial(torch.squeeze, hidden[:, :1], dim=1)}
    if mode not in modes:
        raise ValueError(f"choose from {sorted(modes)}")
    return modes[mode]()


@alternative("aggregation-modes-as-weights", replaces="pool")
def modes_as_weights(hidden: Tensor, keep: Tensor, mode: str) -> Tensor:
    """Either mode is a weighted sum over all tokens."""
    weights = torch.zeros_like(keep, dtype=hidden.dtype)
    if mode == "cls":
        weights[:, 0] = 1
    elif mode == "mean":
        weights[:, 1:] = keep[:, 1:]
        weights = F.normalize(weights, p=1, dim=1)
    else:
        raise ValueError(mode)
    return (weights.unsqueeze(1) @ hidden).squeeze(1)
