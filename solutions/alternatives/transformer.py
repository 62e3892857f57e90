"""Right versions of exercise transformer, written differently: each must get full marks."""

import math
import warnings
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grader.variants import alternative
from solutions.transformer import DecoderBlock, EncoderBlock, FeedForward, MultiHeadAttention, layer_norm


def features_of(x: Tensor, *parameters: Tensor) -> int:
    """D, after a look at the parameters."""
    size = x.size(-1)
    if any(tuple(parameter.shape) != (size,) for parameter in parameters):
        raise ValueError("a parameter does not fit the features")
    return size


@alternative("transformer-torch-norm", replaces="layer_norm")
def torch_norm(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    return F.layer_norm(x, (features_of(x, weight, bias),), weight, bias, eps)


@alternative("transformer-torch-norm", replaces="shift_right")
def padded_shift(tokens: Tensor, start_id: int) -> Tensor:
    return F.pad(tokens, (1, 0), value=start_id)[:, :-1]


@alternative("transformer-var-mean", replaces="layer_norm")
def var_mean(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    features_of(x, weight, bias)
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return torch.addcmul(bias, (x - mean) * torch.rsqrt(variance + eps), weight)


@alternative("transformer-var-mean", replaces="shift_right")
def rolled_shift(tokens: Tensor, start_id: int) -> Tensor:
    shifted = torch.roll(tokens, shifts=1, dims=1)
    shifted[:, 0] = start_id
    return shifted


@alternative("transformer-moments", replaces="layer_norm")
def moments(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The variance as the mean of the squares less the square of the mean, scale and offset folded into one each."""
    count = features_of(x, weight, bias)
    mean = x.sum(-1, keepdim=True) / count
    variance = (x * x).sum(-1, keepdim=True) / count - mean**2
    scale = weight * (variance.clamp(min=0) + eps) ** -0.5
    return scale * x + (bias - scale * mean)


@alternative("transformer-moments", replaces="shift_right")
def listed_shift(tokens: Tensor, start_id: int) -> Tensor:
    return torch.tensor([[start_id, *row[:-1]] for row in tokens.tolist()])


class Normalise(torch.autograd.Function):
    """(x - mean) / √(variance + eps) with a derivative written by hand."""

    @staticmethod
    def forward(ctx, x: Tensor, eps: float) -> Tensor:
        centred = x - x.mean(-1, keepdim=True)
        inverse = (centred.pow(2).mean(-1, keepdim=True) + eps).rsqrt()
        normed = centred * inverse
        ctx.save_for_backward(normed, inverse)
        return normed

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None]:
        normed, inverse = ctx.saved_tensors
        along = (upstream * normed).mean(-1, keepdim=True)
        return inverse * (upstream - upstream.mean(-1, keepdim=True) - normed * along), None


@alternative("transformer-own-backward", replaces="layer_norm")
def own_backward(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    features_of(x, weight, bias)
    return Normalise.apply(x, eps).mul(weight).add(bias)


@alternative("transformer-own-backward", replaces="shift_right")
def filled_shift(tokens: Tensor, start_id: int) -> Tensor:
    answer = torch.empty(tokens.shape, dtype=tokens.dtype).fill_(start_id)
    for position in range(1, tokens.shape[1]):
        answer[:, position] = tokens[:, position - 1]
    return answer


def normalised(x: Tensor, *, size: int, eps: float) -> Tensor:
    matrix = torch.eye(size, dtype=x.dtype) - 1 / size
    centred = torch.einsum("...i,ij->...j", x, matrix)
    norm_squared = torch.einsum("...i,...i->...", centred, centred).unsqueeze(-1)
    return centred * math.sqrt(size) / torch.sqrt(norm_squared + size * eps)


@alternative("transformer-centring-matrix", replaces="layer_norm")
def centring_matrix(x, weight, bias, eps):
    """Centring as a matrix product, and the norm of the centred token in the place of the variance."""
    warnings.warn("normalising", stacklevel=2)
    size = features_of(x, weight, bias)
    return partial(normalised, size=size)(x, eps=float(eps)) @ torch.diag(weight) + bias


@alternative("transformer-centring-matrix", replaces="FeedForward")
class written_gelu(nn.Module):
    """The GELU by the error function, on a flat list of tokens."""

    def __init__(self, dim, hidden):
        super().__init__()
        self.linear2 = nn.Linear(in_features=hidden, out_features=dim)
        self.linear1 = nn.Linear(in_features=dim, out_features=hidden)

    def forward(self, x):
        flat = x.reshape(-1, x.shape[-1]) @ self.linear1.weight.t()
        flat = flat + self.linear1.bias
        active = flat * (1 + torch.erf(flat / math.sqrt(2))) / 2
        return torch.addmm(self.linear2.bias, active, self.linear2.weight.mT).reshape(x.shape)


@alternative("transformer-named-sequential", replaces="FeedForward")
class named_sequential(nn.Sequential):
    """nn.Sequential with names; an activation has no parameters, so it does not show in the state dict."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.add_module("linear1", nn.Linear(dim, hidden))
        self.add_module("gelu", nn.GELU())
        self.add_module("linear2", nn.Linear(hidden, dim))


@alternative("transformer-token-loop", replaces="FeedForward")
class token_loop(FeedForward):
    """One token after the other; the hidden units are summed in two halves."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.one(x[:, position]) for position in range(x.shape[1])], dim=1)

    def one(self, token: Tensor) -> Tensor:
        hidden = F.gelu(F.linear(token, self.linear1.weight, self.linear1.bias))
        half = hidden.shape[-1] // 2
        weight = self.linear2.weight
        return hidden[:, :half] @ weight[:, :half].T + hidden[:, half:] @ weight[:, half:].T + self.linear2.bias


class OwnNorm(nn.Module):
    """The student's own layer_norm as a module."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        return layer_norm(x, self.weight, self.bias, 1e-5)


@alternative("transformer-own-norm", replaces="EncoderBlock")
class own_norm_encoder(EncoderBlock):
    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__(dim, num_heads, hidden)
        self.norm1, self.norm2 = OwnNorm(dim), OwnNorm(dim)


@alternative("transformer-own-norm", replaces="DecoderBlock")
class own_norm_decoder(DecoderBlock):
    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__(dim, num_heads, hidden)
        for number in (1, 2, 3):
            setattr(self, f"norm{number}", OwnNorm(dim))


@alternative("transformer-sublayer-helper", replaces="EncoderBlock")
class helper_encoder(nn.Module):
    """A residual helper that takes the sublayer as a function; keywords, other order of definition, a print."""

    def __init__(self, dim, num_heads, hidden):
        super().__init__()
        self.feed_forward = FeedForward(hidden=hidden, dim=dim)
        self.attention = MultiHeadAttention(num_heads=num_heads, dim=dim)
        self.norm2, self.norm1 = nn.LayerNorm(dim), nn.LayerNorm(dim)

    @staticmethod
    def residual(x, norm, sublayer):
        return sublayer(norm(x)) + x

    def forward(self, x, keep=None):
        print("encoder", tuple(x.shape))
        x = self.residual(x, self.norm1, lambda normed: self.attention(normed, key=normed, value=normed, keep=keep)[0])
        return self.residual(x, self.norm2, self.feed_forward)


@alternative("transformer-sublayer-helper", replaces="DecoderBlock")
class helper_decoder(nn.Module):
    """The same for the decoder; masks that are None become masks of ones."""

    def __init__(self, dim, num_heads, hidden):
        super().__init__()
        self.cross_attention, self.self_attention = (MultiHeadAttention(dim, num_heads) for _ in range(2))
        self.norm1, self.norm2, self.norm3 = map(nn.LayerNorm, [dim] * 3)
        self.feed_forward = FeedForward(dim, hidden)

    def forward(self, x, memory, keep=None, memory_keep=None):
        if keep is None:
            keep = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool)
        if memory_keep is None:
            memory_keep = torch.ones(1, memory.shape[1], dtype=torch.bool)
        steps = (
            (self.norm1, lambda y: self.self_attention(y, y, y, keep)[0]),
            (self.norm2, lambda y: self.cross_attention(y, memory, memory, memory_keep)[0]),
            (self.norm3, self.feed_forward),
        )
        for norm, sublayer in steps:
            x = torch.add(x, sublayer(norm(x)))
        return x


@alternative("transformer-in-place-sums", replaces="EncoderBlock")
class in_place_encoder(EncoderBlock):
    """Adds into a copy of its own."""

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        stream = x.clone()
        normed = F.layer_norm(x, x.shape[-1:], self.norm1.weight, self.norm1.bias)
        stream += self.attention(normed, normed, normed, keep)[0]
        attended = stream.clone()
        stream += self.feed_forward(self.norm2(attended))
        return stream


@alternative("transformer-in-place-sums", replaces="DecoderBlock")
class in_place_decoder(DecoderBlock):
    def forward(
        self, x: Tensor, memory: Tensor, keep: Tensor | None = None, memory_keep: Tensor | None = None
    ) -> Tensor:
        normed = self.norm1(x)
        change = self.self_attention(normed, normed, normed, keep=keep)[0]
        change = change + self.cross_attention(self.norm2(x + change), memory, memory, keep=memory_keep)[0]
        return x + change + self.feed_forward(self.norm3(x + change))


@alternative("transformer-torch-attention", replaces="MultiHeadAttention")
class torch_attention(nn.Module):
    """In the place of what the stub gives, with its parameter names: torch's kernel, and no weights returned."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(num_heads)
        self.num_heads = num_heads
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(dim, dim) for _ in range(4))

    def heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, None]:
        q, k, v = self.heads(self.W_q(query)), self.heads(self.W_k(key)), self.heads(self.W_v(value))
        output = F.scaled_dot_product_attention(q, k, v, attn_mask=keep)
        if keep is not None:
            output = output * keep.any(-1, keepdim=True)
        return self.W_o(output.transpose(1, 2).flatten(2)), None


class TorchMasked(nn.Module):
    """torch's own function behind the names that the course uses; its masks are the other way round."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError("uneven heads")
        self.num_heads = num_heads
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, query: Tensor, other: Tensor, keep: Tensor | None) -> Tensor:
        scores = (
            self.W_q(query).unflatten(-1, (self.num_heads, -1)).movedim(2, 1)
            @ self.W_k(other).unflatten(-1, (self.num_heads, -1)).permute(0, 2, 3, 1)
        ) * (query.shape[-1] / self.num_heads) ** -0.5
        if keep is not None:
            scores = scores + torch.zeros_like(scores).masked_fill(keep.logical_not(), -torch.inf)
        weights = torch.softmax(scores, -1).nan_to_num(0.0)
        value = self.W_v(other).unflatten(-1, (self.num_heads, -1))
        return self.W_o(torch.einsum("nhqk,nkhd->nqhd", weights, value).flatten(2))


@alternative("transformer-additive-mask", replaces="EncoderBlock")
class additive_mask_encoder(EncoderBlock):
    """An attention of its own under the name `attention`, which takes one source for key and value."""

    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__(dim, num_heads, hidden)
        self.attention = TorchMasked(dim, num_heads)

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        x = x + self.attention(self.norm1(x), self.norm1(x), keep)
        return self.feed_forward(self.norm2(x)) + x


@alternative("transformer-additive-mask", replaces="DecoderBlock")
class additive_mask_decoder(DecoderBlock):
    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__(dim, num_heads, hidden)
        self.self_attention, self.cross_attention = TorchMasked(dim, num_heads), TorchMasked(dim, num_heads)

    def forward(self, x, memory, keep=None, memory_keep=None):
        x = x + self.self_attention(self.norm1(x), self.norm1(x), keep)
        x = x + self.cross_attention(self.norm2(x), memory, memory_keep)
        return x + self.feed_forward(self.norm3(x))
