"""Vision Transformer: an image becomes a sequence of patches, and a Transformer encoder reads that sequence.

You write the cutting into patches, their embedding and the classifier; the encoder block is given.
Guide: exercises/guide/en/vit.md (in Korean: exercises/guide/ko/vit.md).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MultiHeadAttention(nn.Module):
    """Given ready-made: attention in `num_heads` subspaces of size dim / num_heads, scaled by 1/√(dim / num_heads).

    query (N, Sq, dim), key and value (N, Sk, dim). Returns (output (N, Sq, dim), weights (N, heads, Sq, Sk)).
    There is no mask: every image of a batch has the same number of patches.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f"dim {dim} is not a multiple of num_heads {num_heads}")
        self.num_heads = num_heads
        self.W_q = nn.Linear(dim, dim)
        self.W_k = nn.Linear(dim, dim)
        self.W_v = nn.Linear(dim, dim)
        self.W_o = nn.Linear(dim, dim)

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        query, key, value = (
            projected.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for projected in (self.W_q(query), self.W_k(key), self.W_v(value))
        )
        scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
        weights = scores.softmax(dim=-1)
        heads = weights @ value
        return self.W_o(heads.transpose(1, 2).flatten(2)), weights


class FeedForward(nn.Module):
    """Given ready-made: two linear layers with the exact GELU between them, for each token by itself."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(dim, hidden)
        self.linear2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(F.gelu(self.linear1(x)))


class EncoderBlock(nn.Module):
    """Given ready-made: a pre-LN block, x (N, S, dim) to (N, S, dim); both residual connections are inside.

    You may put your own block here. The graders load weights by name, so the names must stay: norm1, norm2,
    attention (W_q, W_k, W_v, W_o) and feed_forward (linear1, linear2).
    """

    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attention = MultiHeadAttention(dim, num_heads)
        self.norm2 = nn.LayerNorm(dim)
        self.feed_forward = FeedForward(dim, hidden)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.norm1(x)
        x = x + self.attention(normed, normed, normed)[0]
        return x + self.feed_forward(self.norm2(x))


def patchify(images: Tensor, patch: int) -> Tensor:
    """Cut each image into square patches of `patch` by `patch` pixels, and flatten each patch to a row.

    images: (N, C, H, W), float32 or float64. Returns (N, L, C·P·P) with P = patch and L = (H/P)·(W/P), same dtype.
    Patches in row-major order, as one reads: the top row of patches from left to right, then the row below.
    Each patch is flattened as (C, P, P): all pixels of channel 0 row by row, then those of channel 1, and so on.
    This is the order of the weights of nn.Conv2d.

    Raises ValueError: H or W is not a multiple of P.
    Source: Dosovitskiy et al. 2020, "An Image is Worth 16x16 Words", section 3.1.
    """
    # BEGIN SOLUTION
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError(f"an image of {height} x {width} pixels cannot be cut into patches of {patch} x {patch}")
    rows, columns = height // patch, width // patch
    grid = images.reshape(batch, channels, rows, patch, columns, patch)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(batch, rows * columns, channels * patch * patch)
    # END SOLUTION


def unpatchify(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    """Put the patches together to images again: the inverse of `patchify`.

    patches: (N, L, C·P·P), float32 or float64, in the order that `patchify` gives, with C = channels, P = patch
    and L = (height/P)·(width/P). Returns (N, channels, height, width), same dtype.

    Raises ValueError: height or width is not a multiple of P.
    """
    # BEGIN SOLUTION
    if height % patch or width % patch:
        raise ValueError(f"an image of {height} x {width} pixels does not consist of patches of {patch} x {patch}")
    rows, columns = height // patch, width // patch
    grid = patches.reshape(-1, rows, columns, channels, patch, patch)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(-1, channels, height, width)
    # END SOLUTION


class PatchEmbedding(nn.Module):
    """Images to tokens: one learned linear map of every patch, a CLS token in front, learned positions.

    image_size: the height and width of the images: an int for square ones, or a pair (H, W). With
    L = (H/P)·(W/P) patches, P = patch_size, its state_dict has these entries and no others, all of them trainable:

        projection  nn.Linear(channels·P·P, dim), with bias, applied to the patches in the order of `patchify`
        cls         nn.Parameter (1, 1, dim), one token that all images share
        positions   nn.Parameter (1, L+1, dim), row 0 for the CLS token, row 1 + i for patch i

    Initial values of cls and positions are yours to choose: the graders load theirs.

    Raises ValueError, at the latest when it is called: H or W is not a multiple of P.
    Source: Dosovitskiy et al. 2020, equation 1.
    """

    def __init__(self, image_size: int | tuple[int, int], patch_size: int, channels: int, dim: int) -> None:
        super().__init__()
        # BEGIN SOLUTION
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        if height % patch_size or width % patch_size:
            raise ValueError(f"an image of {height} x {width} pixels has no patches of {patch_size} x {patch_size}")
        length = (height // patch_size) * (width // patch_size)
        self.patch_size = patch_size
        self.projection = nn.Linear(channels * patch_size * patch_size, dim)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, length + 1, dim))
        # END SOLUTION

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, channels, H, W). Returns the tokens (N, L+1, dim): CLS first, then the patches; then positions.

        tokens = concat(cls, projection(patches)) + positions
        """
        # BEGIN SOLUTION
        tokens = self.projection(patchify(images, self.patch_size))
        cls = self.cls.expand(images.shape[0], -1, -1)
        return torch.cat([cls, tokens], dim=1) + self.positions
        # END SOLUTION


class VisionTransformer(nn.Module):
    """An image classifier: patch embedding, `depth` encoder blocks, LayerNorm, and a linear head on the CLS token.

    All its parameters are in four submodules of these names:

        embedding  PatchEmbedding(image_size, patch_size, channels, dim)
        blocks     nn.ModuleList of `depth` blocks EncoderBlock(dim, num_heads, hidden) with hidden = 4·dim
        norm       nn.LayerNorm(dim), eps 1e-5, after the last block
        head       nn.Linear(dim, num_classes), with bias

    No dropout.
    Source: Dosovitskiy et al. 2020, equations 1 to 4.
    """

    def __init__(
        self,
        image_size: int | tuple[int, int],
        patch_size: int,
        channels: int,
        dim: int,
        depth: int,
        num_heads: int,
        num_classes: int,
    ) -> None:
        super().__init__()
        # BEGIN SOLUTION
        self.embedding = PatchEmbedding(image_size, patch_size, channels, dim)
        self.blocks = nn.ModuleList(EncoderBlock(dim, num_heads, 4 * dim) for _ in range(depth))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, num_classes)
        # END SOLUTION

    def forward(self, images: Tensor) -> Tensor:
        """images: (N, channels, H, W). Returns the logits (N, num_classes): no softmax, that is the loss's task.

        The head reads the CLS token alone, as it is after the blocks and the norm.
        """
        # BEGIN SOLUTION
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = block(tokens)
        cls = self.norm(tokens)[:, 0]
        return self.head(cls)
        # END SOLUTION
