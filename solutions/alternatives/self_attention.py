"""Right versions of positions, embedding and self-attention, written differently."""

import functools
import math
import warnings
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from grader.variants import alternative
from solutions.self_attention import SelfAttention, sinusoidal_positions


def refuse_odd(dim):
    if dim & 1:
        raise ValueError("odd")
    return dim


@alternative("self-attention-exp-log", replaces="sinusoidal_positions")
def exp_log(length, dim):
    table = torch.zeros(length, refuse_odd(dim))
    position = torch.arange(length).unsqueeze(1)
    speeds = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    table[:, 0::2] = torch.sin(position * speeds)
    table[:, 1::2] = torch.cos(position * speeds)
    return table


@alternative("self-attention-exp-log", replaces="embed")
def embed_in_place(token_ids, table):
    rows = F.embedding(token_ids, table)
    rows *= table.size(-1) ** 0.5
    rows += sinusoidal_positions(dim=table.size(1), length=token_ids.size(1))
    return rows


@alternative("self-attention-exp-log", replaces="SelfAttention")
class EinsumAttention(nn.Module):
    """Everything in einsum, the scale on the query, minus infinity added to rows that keep something."""

    def __init__(self, dim):
        super().__init__()
        self.scale = dim**-0.5
        for name in "qkvo":
            setattr(self, f"W_{name}", nn.Linear(dim, dim, bias=False))

    def forward(self, x, keep=None):
        q = torch.einsum("nsd,ed->nse", x, self.W_q.weight) * self.scale
        k = torch.einsum("nsd,ed->nse", x, self.W_k.weight)
        v = torch.einsum("nsd,ed->nse", x, self.W_v.weight)
        scores = torch.einsum("nie,nje->nij", q, k)
        if keep is None:
            weights = torch.softmax(scores, -1)
        else:
            alive = keep.any(dim=-1, keepdim=True)
            bias = torch.zeros_like(keep, dtype=scores.dtype).masked_fill(~keep & alive, float("-inf"))
            weights = torch.softmax(scores + bias, -1) * alive
        return [torch.einsum("nij,nje,de->nid", weights, v, self.W_o.weight), weights]


@alternative("self-attention-complex", replaces="sinusoidal_positions")
def complex_numbers(length, dim):
    """exp(i·angle), its imaginary and real parts; computed in float64 and rounded at the end."""
    speeds = torch.pow(1e-4, torch.arange(refuse_odd(dim) // 2, dtype=torch.float64) * 2 / dim)
    turns = torch.polar(torch.ones((), dtype=torch.float64), torch.outer(torch.arange(length).double(), speeds))
    return torch.view_as_real(turns).flip(-1).flatten(1).float()


@alternative("self-attention-complex", replaces="embed")
def embed_one_hot(token_ids, table):
    one_hot = F.one_hot(token_ids, len(table)).to(table.dtype)
    return one_hot @ table.mul(math.sqrt(table.shape[1])) + sinusoidal_positions(len(token_ids[0]), len(table[0]))


@alternative("self-attention-complex", replaces="SelfAttention")
class TwoProducts(SelfAttention):
    """Only W_qᵀ W_k and W_o W_v matter: the scores are a bilinear form, the values are projected once."""

    def forward(self, x, keep=None):
        compared = self.W_q.weight.T @ self.W_k.weight
        handed_over = (self.W_o.weight @ self.W_v.weight).T
        scores = x @ compared @ x.mT / x.shape[-1] ** 0.5
        keep = torch.ones_like(scores, dtype=torch.bool) if keep is None else keep
        weights = torch.where(keep, scores, torch.finfo(scores.dtype).min / 2).softmax(-1)
        weights = torch.where(keep, weights, 0.0)
        return weights @ (x @ handed_over), weights


@alternative("self-attention-loops", replaces="sinusoidal_positions")
def position_loops(length, dim):
    if dim % 2 == 1:
        raise ValueError("dim must be even")
    rows = []
    for position in range(length):
        row = []
        for i in range(dim // 2):
            angle = position / 10000 ** (2 * i / dim)
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return torch.tensor(rows)


@alternative("self-attention-loops", replaces="embed")
def embed_loops(token_ids, table):
    sentences = []
    for sentence in token_ids.tolist():
        positions = sinusoidal_positions(len(sentence), table.shape[1])
        rows = [table[word] * np.sqrt(table.shape[1]) + place for word, place in zip(sentence, positions, strict=True)]
        sentences.append(torch.stack(rows))
    return torch.stack(sentences)


@alternative("self-attention-loops", replaces="SelfAttention")
class Loops(SelfAttention):
    """One token after the other, over the tokens that it may see."""

    def forward(self, x, keep=None):
        batch, length, dim = x.shape
        keep = torch.ones((), dtype=torch.bool) if keep is None else keep
        keep = torch.broadcast_to(keep, (batch, length, length))
        outputs, all_weights = [], []
        for n in range(batch):
            q, k, v = self.W_q(x[n]), self.W_k(x[n]), self.W_v(x[n])
            for i in range(length):
                seen = keep[n, i].nonzero().flatten()
                weights = x.new_zeros(length)
                mixed = x.new_zeros(dim)
                if len(seen):
                    found = F.softmax((k[seen] * q[i]).sum(-1) / math.sqrt(dim), dim=0)
                    weights = weights.index_put((seen,), found)
                    mixed = sum(w * row for w, row in zip(found, v[seen], strict=True))
                outputs.append(self.W_o(mixed))
                all_weights.append(weights)
        return torch.stack(outputs).view(batch, length, dim), torch.stack(all_weights).unflatten(0, (batch, length))


@alternative("self-attention-numpy-fused", replaces="sinusoidal_positions")
def numpy_positions(length, dim):
    """As in many tutorials: an angle for each column, then the sine of every second one and the cosine of the rest."""
    if dim % 2 != 0:
        raise ValueError(dim)
    columns = np.arange(dim)[np.newaxis, :]
    angles = np.arange(length)[:, np.newaxis] / np.power(10000.0, 2 * (columns // 2) / np.float32(dim))
    angles[:, 0::2] = np.sin(angles[:, 0::2])
    angles[:, 1::2] = np.cos(angles[:, 1::2])
    return torch.from_numpy(angles.astype(np.float32))


@alternative("self-attention-numpy-fused", replaces="SelfAttention")
class Fused(SelfAttention):
    """One large matrix for q, k and v; half of the scale on either side; -inf and a late repair of the empty rows."""

    def forward(self, x, keep=None):
        weight = torch.cat([self.W_q.weight, self.W_k.weight, self.W_v.weight])
        q, k, v = F.linear(x, weight).chunk(3, dim=-1)
        quarter_root = x.size(-1) ** -0.25
        scores = torch.bmm(q * quarter_root, (k * quarter_root).transpose(1, 2))
        if keep is None:
            weights = scores.softmax(2)
        else:
            scores.masked_fill_(~keep, -torch.inf)
            weights = scores.softmax(2).nan_to_num(0.0)
        return torch.bmm(weights, v) @ self.W_o.weight.t(), weights


class Attended(NamedTuple):
    output: torch.Tensor
    weights: torch.Tensor


@functools.lru_cache
def remembered(length, dim):
    angles = torch.arange(length).outer(10000 ** -(torch.arange(dim // 2) / (dim / 2)))
    return torch.stack((angles.sin(), angles.cos()), 2).view(length, dim)


@alternative("self-attention-kernel", replaces="sinusoidal_positions")
def cached_positions(length, dim):
    warnings.warn("positions are remembered", stacklevel=2)
    return remembered(length, refuse_odd(dim))


@alternative("self-attention-kernel", replaces="embed")
def embed_own_positions(token_ids, table):
    """Positions of its own in the table's dtype, the sum in another order, and a view that is not contiguous."""
    dim = refuse_odd(table.shape[-1])
    angles = torch.arange(token_ids.shape[-1], dtype=table.dtype)[:, None] * 10000.0 ** (
        -torch.arange(0, dim, 2, dtype=table.dtype) / dim
    )
    result = torch.empty(dim, *token_ids.shape, dtype=table.dtype)
    result[0::2], result[1::2] = angles.sin().T[:, None], angles.cos().T[:, None]
    return (result + math.sqrt(dim) * table.T[:, token_ids]).permute(1, 2, 0)


@alternative("self-attention-kernel", replaces="SelfAttention")
class Kernel(SelfAttention):
    """torch's kernel for the output; the weights are what it makes of one-hot values. A NamedTuple comes back."""

    def forward(self, x, keep=None):
        q, k, v = (linear(x) for linear in (self.W_q, self.W_k, self.W_v))
        one_hot = torch.eye(x.shape[1], dtype=x.dtype).expand(len(x), -1, -1)
        both = F.scaled_dot_product_attention(q, k, torch.cat([v, one_hot], dim=-1), attn_mask=keep)
        if keep is not None:
            both = both * keep.any(-1, keepdim=True)
        mixed, weights = both.split([x.shape[2], x.shape[1]], dim=-1)
        return Attended(output=self.W_o(mixed), weights=weights)


class RowSoftmax(torch.autograd.Function):
    """Softmax over the last axis with its own backward; rows that are all -inf become zeros."""

    @staticmethod
    def forward(ctx, scores):
        shifted = scores - scores.amax(-1, keepdim=True).clamp_min(torch.finfo(scores.dtype).min)
        exponentials = shifted.exp_()
        weights = exponentials / exponentials.sum(-1, keepdim=True).clamp_min(torch.finfo(scores.dtype).tiny)
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    def backward(ctx, gradient):
        (weights,) = ctx.saved_tensors
        return weights * (gradient - (gradient * weights).sum(-1, keepdim=True))


class Projection(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(dim, dim) / dim)

    def forward(self, x):
        return x @ self.weight.transpose(0, 1)


@alternative("self-attention-own-parts", replaces="SelfAttention")
class OwnParts(nn.Module):
    """A linear layer and a softmax of its own; keys by queries; the scores shifted by a constant."""

    def __init__(self, dim):
        super().__init__()
        self.W_o, self.W_v, self.W_k, self.W_q = (Projection(dim) for _ in range(4))

    def forward(self, x, keep=None):
        print("attending")
        scores = (self.W_k(x) @ self.W_q(x).transpose(1, 2)).transpose(1, 2) / x.shape[-1] ** 0.5 + 3.0
        if keep is not None:
            scores = scores.masked_fill(keep.logical_not(), -math.inf)
        weights = RowSoftmax.apply(scores)
        return self.W_o((self.W_v(x).transpose(1, 2) @ weights.transpose(1, 2)).transpose(1, 2)), weights


@alternative("self-attention-callables", replaces="sinusoidal_positions")
@functools.partial(functools.partial, base=10000.0)
def positions_from_base(length, dim, base):
    """A partial in place of a function; a sine that is a quarter of a turn ahead in place of a cosine."""
    angles = torch.arange(length).double()[:, None] / base ** (torch.arange(0, refuse_odd(dim), 2) / dim)
    return torch.cat([angles[..., None], angles[..., None] + math.pi / 2], -1).sin().flatten(-2).float()


class Counted:
    """A callable object in place of a function."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arguments, **keywords):
        self.calls += 1
        return self.function(*arguments, **keywords)


@alternative("self-attention-callables", replaces="embed")
@Counted
def embed_by_index(token_ids, table):
    rows = table.index_select(0, token_ids.flatten()).unflatten(0, token_ids.shape)
    return torch.add(sinusoidal_positions(*rows.shape[1:]).type_as(rows), rows, alpha=rows.shape[-1] ** 0.5)
