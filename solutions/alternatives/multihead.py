"""Right versions of multi-head attention, written differently."""

import math
import warnings
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grader.variants import alternative
from solutions.multihead import MultiHeadAttention, merge_heads, split_heads


def refuse_uneven(dim: int, num_heads: int) -> int:
    head_dim, rest = divmod(dim, num_heads)
    if rest:
        raise ValueError("num_heads must divide the number of features")
    return head_dim


@alternative("multihead-split-chunks", replaces="split_heads")
def split_by_chunks(x: Tensor, num_heads: int) -> Tensor:
    refuse_uneven(x.size(-1), num_heads)
    return torch.stack(x.chunk(num_heads, dim=-1), dim=1)


@alternative("multihead-unflatten", replaces="split_heads")
def split_unflatten(x: Tensor, num_heads: int) -> Tensor:
    return x.unflatten(-1, (num_heads, refuse_uneven(x.shape[-1], num_heads))).permute(0, 2, 1, 3)


@alternative("multihead-unflatten", replaces="merge_heads")
def merge_flatten(x: Tensor) -> Tensor:
    return x.permute(0, 2, 1, 3).flatten(start_dim=-2)


@alternative("multihead-copy-loops", replaces="split_heads")
def split_into_copy(x: Tensor, num_heads: int) -> Tensor:
    head_dim = refuse_uneven(x.shape[-1], num_heads)
    heads = x.new_zeros(x.shape[0], num_heads, x.shape[1], head_dim)
    for head in range(num_heads):
        heads[:, head] = x[..., head * head_dim : (head + 1) * head_dim]
    return heads


@alternative("multihead-copy-loops", replaces="merge_heads")
def merge_by_cat(x: Tensor) -> Tensor:
    return torch.cat([x[:, head] for head in range(x.shape[1])], dim=2)


@alternative("multihead-contiguous-view", replaces="split_heads")
def split_contiguous(x: Tensor, num_heads: int) -> Tensor:
    head_dim = refuse_uneven(x.shape[-1], num_heads)
    return x.contiguous().view(*x.shape[:2], num_heads, head_dim).transpose(1, 2).contiguous()


@alternative("multihead-contiguous-view", replaces="merge_heads")
def merge_contiguous(x: Tensor) -> Tensor:
    return x.transpose(1, 2).contiguous().view(x.shape[0], x.shape[2], -1)


@alternative("multihead-strided", replaces="split_heads")
def split_windows(x: Tensor, num_heads: int) -> Tensor:
    head_dim = refuse_uneven(x.shape[-1], num_heads)
    return x.unfold(-1, head_dim, head_dim).movedim(2, 1)


@alternative("multihead-strided", replaces="merge_heads")
def merge_to_strided_view(x: Tensor) -> Tensor:
    batch, num_heads, length, head_dim = x.shape
    features_first = x.permute(1, 3, 0, 2).reshape(num_heads * head_dim, batch, length)
    return features_first.permute(1, 2, 0)


@alternative("multihead-einsum", replaces="MultiHeadAttention")
class EinsumAttention(nn.Module):
    """Everything in einsum, the scale on the query, the mask added as minus infinity to rows that keep something."""

    def __init__(self, dim, num_heads):
        super().__init__()
        self.heads, self.head_dim = num_heads, refuse_uneven(dim, num_heads)
        for name in ("W_q", "W_k", "W_v", "W_o"):
            setattr(self, name, nn.Linear(dim, dim))

    def _split(self, linear, x):
        weight = linear.weight.view(self.heads, self.head_dim, -1)
        bias = linear.bias.view(self.heads, 1, self.head_dim)
        return torch.einsum("nsd,hed->nhse", x, weight) + bias

    def forward(self, query, key, value, keep=None):
        q = self._split(self.W_q, query) * self.head_dim**-0.5
        k, v = self._split(self.W_k, key), self._split(self.W_v, value)
        scores = torch.einsum("nhqe,nhke->nhqk", q, k)
        if keep is None:
            weights = torch.softmax(scores, -1)
        else:
            alive = keep.any(dim=-1, keepdim=True)
            bias = torch.zeros_like(keep, dtype=scores.dtype).masked_fill(~keep & alive, float("-inf"))
            weights = torch.softmax(scores + bias, -1) * alive
        weight_o = self.W_o.weight.view(-1, self.heads, self.head_dim)
        output = torch.einsum("nhqk,nhke,dhe->nqd", weights, v, weight_o) + self.W_o.bias
        return [output, weights]


@alternative("multihead-head-loop", replaces="MultiHeadAttention")
class LoopAttention(MultiHeadAttention):
    """One head after the other, on slices; the heads' parts of W_o are summed instead of concatenated."""

    def forward(self, query, key, value, keep=None):
        size = query.shape[-1] // self.num_heads
        shape = (query.shape[0], self.num_heads, query.shape[1], key.shape[1])
        keep = torch.ones((), dtype=torch.bool, device=query.device) if keep is None else keep
        keep = torch.broadcast_to(keep, shape)
        output, all_weights = self.W_o.bias.clone(), []
        for head in range(self.num_heads):
            part = slice(head * size, (head + 1) * size)
            q = F.linear(query, self.W_q.weight[part], self.W_q.bias[part])
            k = F.linear(key, self.W_k.weight[part], self.W_k.bias[part])
            v = F.linear(value, self.W_v.weight[part], self.W_v.bias[part])
            scores = torch.matmul(q, k.mT).div_(size**0.5)
            scores = torch.where(keep[:, head], scores, torch.finfo(scores.dtype).min)
            weights = torch.where(keep[:, head], scores.softmax(-1), 0.0)
            output = output + weights @ v @ self.W_o.weight[:, part].T
            all_weights.append(weights)
        return output, torch.stack(all_weights, 1)


@alternative("multihead-folded-batch", replaces="MultiHeadAttention")
class FoldedAttention(MultiHeadAttention):
    """Heads folded into the batch for bmm, the mask expanded alike, -inf and a late repair of the empty rows."""

    def _fold(self, x):
        batch, length, dim = x.shape
        heads = x.view(batch, length, self.num_heads, -1).transpose(1, 2)
        return heads.reshape(batch * self.num_heads, length, dim // self.num_heads)

    def forward(self, query, key, value, keep=None):
        q, k, v = map(self._fold, (self.W_q(query), self.W_k(key), self.W_v(value)))
        scores = torch.bmm(q, k.transpose(1, 2)).mul_(1 / math.sqrt(q.size(2)))
        if keep is not None:
            keep = keep.expand(len(query), self.num_heads, query.size(1), key.size(1)).reshape(scores.shape)
            scores.masked_fill_(~keep, -torch.inf)
        weights = scores.softmax(2)
        if keep is not None:
            weights = weights.nan_to_num(0.0)
        heads = torch.bmm(weights, v).unflatten(0, (-1, self.num_heads)).transpose(1, 2).flatten(2)
        return self.W_o(heads), weights.unflatten(0, (-1, self.num_heads))


class Attended(NamedTuple):
    output: Tensor
    weights: Tensor


@alternative("multihead-sdpa", replaces="MultiHeadAttention")
class FusedKernelAttention(MultiHeadAttention):
    """torch's kernel for the output; the weights are what it makes of one-hot values. A NamedTuple comes back."""

    def forward(self, query, key, value, keep=None):
        q, k, v = (
            split_heads(x=linear(x), num_heads=self.num_heads)
            for linear, x in ((self.W_q, query), (self.W_k, key), (self.W_v, value))
        )
        one_hot = torch.eye(key.shape[1], dtype=v.dtype, device=v.device).expand(*v.shape[:2], -1, -1)
        both = F.scaled_dot_product_attention(q, k, torch.cat([v, one_hot], dim=-1), attn_mask=keep)
        if keep is not None:
            both = both * keep.any(-1, keepdim=True)
        heads, weights = both.split([v.shape[-1], key.shape[1]], dim=-1)
        return Attended(output=self.W_o(merge_heads(heads)), weights=weights)


@alternative("multihead-torch-functional", replaces="MultiHeadAttention")
class TorchFunctionalAttention(MultiHeadAttention):
    """torch's own multi-head attention with the mask turned round, and an identity for the output projection."""

    def forward(self, query, key, value, keep=None):
        warnings.warn("converting the mask for torch", stacklevel=2)
        batch, dim = query.shape[0], query.shape[2]
        weights_in = torch.cat([self.W_q.weight, self.W_k.weight, self.W_v.weight])
        biases_in = torch.cat([self.W_q.bias, self.W_k.bias, self.W_v.bias])
        masked = alive = None
        if keep is not None:
            keep = keep.expand(batch, self.num_heads, query.shape[1], key.shape[1])
            alive = keep.any(dim=-1, keepdim=True)
            masked = (~keep & alive).reshape(-1, *keep.shape[2:])
        heads, weights = F.multi_head_attention_forward(
            *(x.transpose(0, 1) for x in (query, key, value)),
            dim,
            self.num_heads,
            weights_in,
            biases_in,
            None,
            None,
            False,
            0.0,
            torch.eye(dim, dtype=query.dtype, device=query.device),
            torch.zeros(dim, dtype=query.dtype, device=query.device),
            training=self.training,
            attn_mask=masked,
            average_attn_weights=False,
        )
        heads = heads.transpose(0, 1)
        if alive is not None:
            weights = weights * alive
            heads = heads * alive.expand(-1, -1, -1, dim // self.num_heads).transpose(1, 2).flatten(2)
        return self.W_o(heads), weights


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


@alternative("multihead-own-backward", replaces="MultiHeadAttention")
class OwnBackwardAttention(MultiHeadAttention):
    """An own autograd.Function for the softmax; half of the scale on the query, half on the key."""

    def forward(self, query, key, value, keep=None):
        q, k, v = (split_heads(x, self.num_heads) for x in (self.W_q(query), self.W_k(key), self.W_v(value)))
        quarter_root = q.shape[-1] ** -0.25
        scores = (q * quarter_root) @ (k * quarter_root).transpose(2, 3)
        if keep is not None:
            scores = scores.masked_fill(keep.logical_not(), -math.inf)
        weights = RowSoftmax.apply(scores)
        return self.W_o(merge_heads(weights @ v)), weights


@alternative("multihead-log-softmax", replaces="MultiHeadAttention")
class LogSoftmaxAttention(MultiHeadAttention):
    """exp of log-softmax, a constant added to the scores, keys first, everything computed key by query."""

    def forward(self, query, key, value, keep=None):
        q, k, v = (split_heads(x, self.num_heads) for x in (self.W_q(query), self.W_k(key), self.W_v(value)))
        scores = ((k @ q.transpose(-1, -2)) / q.shape[-1] ** 0.5 + 3.0).transpose(-1, -2)
        keep = torch.ones_like(scores, dtype=torch.bool) if keep is None else keep
        weights = torch.log_softmax(scores.masked_fill(~keep, -1e30), dim=3).exp() * keep
        return self.W_o(merge_heads((v.transpose(-1, -2) @ weights.transpose(-1, -2)).transpose(-1, -2))), weights


def mask_of_every_score(keep: Tensor | None, query: Tensor, key: Tensor, num_heads: int) -> Tensor:
    """(N, heads, Sq, Sk), as a loop needs it that picks one sample, head or row."""
    if keep is None:
        keep = torch.ones((), dtype=torch.bool, device=query.device)
    return keep.expand(query.shape[0], num_heads, query.shape[1], key.shape[1])


@alternative("multihead-sample-loop", replaces="MultiHeadAttention", slow="a loop over the batch")
class SampleLoopAttention(MultiHeadAttention):
    """Each sample as a batch of one."""

    def forward(self, query, key, value, keep=None):
        keep = mask_of_every_score(keep, query, key, self.num_heads)
        attend = super().forward
        each = zip(*(x.split(1) for x in (query, key, value, keep)), strict=True)
        outputs, weights = zip(*(attend(*sample) for sample in each), strict=True)
        return torch.cat(outputs), torch.cat(weights)


@alternative("multihead-sample-and-head-loop", replaces="MultiHeadAttention", slow="a loop over batch and heads")
class SampleAndHeadLoopAttention(MultiHeadAttention):
    """The projections at once, then one matrix of scores after the other."""

    def forward(self, query, key, value, keep=None):
        q, k, v = self.W_q(query), self.W_k(key), self.W_v(value)
        keep = mask_of_every_score(keep, query, key, self.num_heads)
        size = q.shape[-1] // self.num_heads
        outputs, weights = [], []
        for n in range(len(q)):
            heads, head_weights = [], []
            for h in range(self.num_heads):
                part = slice(h * size, (h + 1) * size)
                scores = q[n, :, part] @ k[n, :, part].T / math.sqrt(size)
                scores = scores.masked_fill(~keep[n, h], torch.finfo(scores.dtype).min)
                head_weights.append(scores.softmax(-1).masked_fill(~keep[n, h], 0.0))
                heads.append(head_weights[-1] @ v[n, :, part])
            outputs.append(torch.cat(heads, dim=-1))
            weights.append(torch.stack(head_weights))
        return self.W_o(torch.stack(outputs)), torch.stack(weights)


@alternative("multihead-sample-and-query-loop", replaces="MultiHeadAttention", slow="a loop over batch and queries")
class SampleAndQueryLoopAttention(MultiHeadAttention):
    """All heads of one query at once, as one writes it down from the formula for a single token."""

    def forward(self, query, key, value, keep=None):
        q, k, v = (split_heads(x, self.num_heads) for x in (self.W_q(query), self.W_k(key), self.W_v(value)))
        keep = mask_of_every_score(keep, query, key, self.num_heads)
        outputs, weights = torch.zeros_like(q), q.new_zeros(keep.shape)
        for n in range(q.shape[0]):
            for i in range(q.shape[2]):
                scores = (k[n] * q[n, :, i, None]).sum(-1) / math.sqrt(q.shape[-1])
                scores = scores.masked_fill(~keep[n, :, i], torch.finfo(scores.dtype).min)
                found = scores.softmax(-1).masked_fill(~keep[n, :, i], 0.0)
                weights[n, :, i] = found
                outputs[n, :, i] = (found.unsqueeze(-1) * v[n]).sum(1)
        return self.W_o(merge_heads(outputs)), weights


class Counted:
    """A callable object in place of a function; it prints how often it was called."""

    def __init__(self, function):
        self.function, self.calls = function, 0

    def __call__(self, *arguments, **keywords):
        self.calls += 1
        print(f"call {self.calls} of {self.function.__name__}")
        return self.function(*arguments, **keywords)


@alternative("multihead-callables", replaces="split_heads")
@Counted
def split_counted(x: Tensor, num_heads: int) -> Tensor:
    refuse_uneven(x.shape[-1], num_heads)
    return torch.stack(torch.tensor_split(x, num_heads, dim=-1)).transpose(0, 1)


@alternative("multihead-callables", replaces="merge_heads")
@partial(partial, axis=1)
def merge_partial(x: Tensor, axis: int) -> Tensor:
    return torch.cat(x.unbind(axis), -1)
