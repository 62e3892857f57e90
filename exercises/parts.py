"""The parts that the capstone is built of: what you wrote in the earlier exercises. Given ready-made; read it, do not change it.

    import parts
    parts.MultiHeadAttention(32, 4)  # the class in your multihead.py

Where a file is not there or does not load, the part provided below stands in for yours, so that the capstone can be
built at all; and so it does where a grader found yours wrong. The provided parts lean on torch's own functions.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# The file that each part is taken from, and its name there.
NAMES = {
    "gru": "gru_forward",
    "attention": "seq2seq_attention",
    "multihead": "MultiHeadAttention",
    "causal": "causal_mask",
    "transformer": "EncoderBlock",
    "vit": "PatchEmbedding",
}


def provided_gru_forward(
    x: Tensor, h0: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """torch's own GRU, one layer, batch first."""
    weights = [weight_ih, weight_hh, bias_ih, bias_hh]
    outputs, h_n = torch.gru(x, h0[None], weights, True, 1, 0.0, False, False, True)
    return outputs, h_n[0]


def provided_seq2seq_attention(decoder: Tensor, encoder: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """torch's own attention, without a scale. Over an identity matrix in the place of the values it gives the weights."""
    positions = torch.arange(encoder.shape[1])
    keep = (positions < lengths[:, None])[:, None, :]
    identity = torch.eye(encoder.shape[1], dtype=encoder.dtype).expand(encoder.shape[0], -1, -1)
    context, weights = (
        F.scaled_dot_product_attention(decoder, encoder, value, attn_mask=keep, scale=1.0)
        for value in (encoder, identity)
    )
    return context, weights


class ProvidedMultiHeadAttention(nn.Module):
    """torch's own attention in each head."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, query: Tensor, key: Tensor, value: Tensor, keep: Tensor | None = None) -> tuple[Tensor, None]:
        heads = (
            projected.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for projected in (self.W_q(query), self.W_k(key), self.W_v(value))
        )
        output = F.scaled_dot_product_attention(*heads, attn_mask=keep)
        return self.W_o(output.transpose(1, 2).flatten(2)), None


def provided_causal_mask(query_length: int, key_length: int) -> Tensor:
    """torch's own mask for a Transformer, where it does not say -inf."""
    length = max(query_length, key_length)
    return nn.Transformer.generate_square_subsequent_mask(length)[:query_length, :key_length] == 0


class ProvidedFeedForward(nn.Module):
    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(F.gelu(self.linear1(x)))


class ProvidedEncoderBlock(nn.Module):
    """The block that exercise vit gives ready-made as well."""

    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = ProvidedMultiHeadAttention(dim, num_heads)
        self.feed_forward = ProvidedFeedForward(dim, hidden)

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        normed = self.norm1(x)
        x = x + self.attention(normed, normed, normed, keep)[0]
        return x + self.feed_forward(self.norm2(x))


class ProvidedPatchEmbedding(nn.Module):
    """torch's own convolution: kernel and stride as large as a patch."""

    def __init__(self, image_size: int, patch_size: int, channels: int, dim: int) -> None:
        super().__init__()
        self.kernel = (dim, channels, patch_size, patch_size)
        self.projection = nn.Linear(channels * patch_size**2, dim)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, (image_size // patch_size) ** 2 + 1, dim))

    def forward(self, images: Tensor) -> Tensor:
        kernel = self.projection.weight.view(self.kernel)
        tokens = F.conv2d(images, kernel, self.projection.bias, stride=self.kernel[-1]).flatten(2).transpose(1, 2)
        return torch.cat([self.cls.expand(len(images), -1, -1), tokens], dim=1) + self.positions


PROVIDED = {
    "gru": provided_gru_forward,
    "attention": provided_seq2seq_attention,
    "multihead": ProvidedMultiHeadAttention,
    "causal": provided_causal_mask,
    "transformer": ProvidedEncoderBlock,
    "vit": ProvidedPatchEmbedding,
}


def own_part(file: str):
    """Your part, from your file. Raises whatever the file raises, ImportError where it or the name is not there."""
    module = __import__(file)
    if not hasattr(module, NAMES[file]):
        raise ImportError(f"{file}.py does not define {NAMES[file]}")
    return getattr(module, NAMES[file])


def use_provided(files: list[str]) -> None:
    """Put the provided part in the place of yours, for each of these files. It holds for models that are built later."""
    globals().update({NAMES[file]: PROVIDED[file] for file in files})


def _try(file: str, part) -> Tensor:
    """What a part answers to small random inputs, the same ones for every part of this file."""
    torch.manual_seed(0)
    x = torch.randn(2, 3, 4)
    if file == "gru":
        return part(x, torch.randn(2, 5), torch.randn(15, 4), torch.randn(15, 5), torch.randn(15), torch.randn(15))[0]
    if file == "attention":
        return part(x, torch.randn(2, 5, 4), torch.tensor([5, 2]))[0]
    if file == "causal":
        return part(4, 4)
    arguments = {"multihead": (4, 2), "transformer": (4, 2, 8), "vit": (8, 4, 1, 4)}[file]
    model, provided = part(*arguments), PROVIDED[file](*arguments)
    model.load_state_dict({name: torch.randn_like(value) for name, value in provided.state_dict().items()})
    with torch.no_grad():
        if file == "vit":
            return model(torch.randn(2, 1, 8, 8))
        keep = torch.ones(3, 3, dtype=torch.bool).tril()
        return model(x, x, x, keep)[0] if file == "multihead" else model(x, keep)


def wrong_parts() -> dict[str, str]:
    """The files whose part does something else than the provided one, and what became of it. For `grader train`."""
    wrong = {}
    for file in NAMES:
        try:
            with torch.random.fork_rng(devices=[]):  # the global generator is left as it was
                answer, expected = _try(file, own_part(file)), _try(file, PROVIDED[file])
            if answer.shape != expected.shape:
                wrong[file] = f"shape {tuple(answer.shape)}, expected {tuple(expected.shape)}"
            elif answer.dtype != expected.dtype or not torch.allclose(answer.double(), expected.double(), atol=1e-4):
                wrong[file] = "other values than expected"
        except NotImplementedError:
            wrong[file] = "its TODO is not started"
        except (Exception, SystemExit) as error:
            wrong[file] = f"{type(error).__name__}: {error}"
    return wrong


for _file, _name in NAMES.items():
    try:
        globals()[_name] = own_part(_file)
    except (Exception, SystemExit):
        use_provided([_file])
