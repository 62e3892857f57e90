"""Right versions of exercise vit, written differently: each must get full marks."""

import warnings

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grader.variants import alternative
from solutions.vit import EncoderBlock, PatchEmbedding, VisionTransformer, patchify


def grid_of(height: int, width: int, patch: int) -> tuple[int, int]:
    """(rows, columns) of the grid of patches."""
    (rows, rest), (columns, other_rest) = divmod(height, patch), divmod(width, patch)
    if rest or other_rest:
        raise ValueError("no whole number of patches")
    return rows, columns


@alternative("vit-einsum", replaces="patchify")
def einsum_patchify(images: Tensor, patch: int) -> Tensor:
    rows, columns = grid_of(*images.shape[2:], patch)
    grid = images.unflatten(3, (columns, patch)).unflatten(2, (rows, patch))
    return torch.einsum("nchpwq->nhwcpq", grid).flatten(3).flatten(1, 2)


@alternative("vit-einsum", replaces="unpatchify")
def einsum_unpatchify(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    rows, columns = grid_of(height, width, patch)
    grid = patches.unflatten(2, (channels, patch, patch)).unflatten(1, (rows, columns))
    return torch.einsum("nhwcpq->nchpwq", grid).flatten(4, 5).flatten(2, 3)


@alternative("vit-unfold-fold", replaces="patchify")
def unfold(images: Tensor, patch: int) -> Tensor:
    """A transposed view: the result is not contiguous."""
    grid_of(*images.shape[2:], patch)
    return F.unfold(images, kernel_size=patch, stride=patch).transpose(1, 2)


@alternative("vit-unfold-fold", replaces="unpatchify")
def fold(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    grid_of(height, width, patch)
    return F.fold(patches.transpose(1, 2), output_size=(height, width), kernel_size=patch, stride=patch)


@alternative("vit-strided-windows", replaces="patchify")
def strided_windows(images: Tensor, patch: int) -> Tensor:
    grid_of(*images.shape[2:], patch)
    windows = images.unfold(2, patch, patch).unfold(3, patch, patch)
    return windows.movedim(1, 3).flatten(3).flatten(1, 2)


@alternative("vit-pixel-shuffle", replaces="patchify")
def pixel_unshuffle(images: Tensor, patch: int) -> Tensor:
    grid_of(*images.shape[2:], patch)
    return F.pixel_unshuffle(images, patch).flatten(2).mT


@alternative("vit-pixel-shuffle", replaces="unpatchify")
def pixel_shuffle(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    return F.pixel_shuffle(patches.mT.unflatten(2, grid_of(height, width, patch)), patch)


@alternative("vit-loops", replaces="patchify", slow="a loop over the patches")
def cut_in_loops(images: Tensor, patch: int) -> Tensor:
    rows, columns = grid_of(images.shape[2], images.shape[3], patch)
    patches = []
    for row in range(rows):
        for column in range(columns):
            top, left = row * patch, column * patch
            patches.append(images[:, :, top : top + patch, left : left + patch].flatten(1))
    return torch.stack(patches, dim=1)


@alternative("vit-loops", replaces="unpatchify")
def lay_in_loops(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    """Writes into a tensor of its own."""
    rows, columns = grid_of(height, width, patch)
    images = patches.new_zeros(len(patches), channels, height, width)
    for row in range(rows):
        for column in range(columns):
            square = patches[:, row * columns + column].reshape(-1, channels, patch, patch)
            images[:, :, row * patch : (row + 1) * patch, column * patch : (column + 1) * patch] = square
    return images


@alternative("vit-image-and-patch-loops", replaces="patchify", slow="a loop over images and patches")
def cut_one_by_one(images: Tensor, patch: int) -> Tensor:
    """Every patch of every image by itself."""
    rows, columns = grid_of(*images.shape[2:], patch)
    corners = [(row * patch, column * patch) for row in range(rows) for column in range(columns)]
    every = [image[:, y : y + patch, x : x + patch].reshape(-1) for image in images for y, x in corners]
    return torch.stack(every).reshape(len(images), rows * columns, -1)


@alternative("vit-filled-patches", replaces="patchify", slow="a loop over the patches")
def fill_in_loops(images: Tensor, patch: int) -> Tensor:
    """Writes each patch of all images to its place."""
    rows, columns = grid_of(*images.shape[2:], patch)
    patches = images.new_empty(len(images), rows * columns, images.shape[1] * patch**2)
    for index in range(rows * columns):
        y, x = index // columns * patch, index % columns * patch
        patches[:, index] = images[:, :, y : y + patch, x : x + patch].reshape(len(images), -1)
    return patches


@alternative("vit-rows-of-patches", replaces="patchify")
def rows_of_patches(images: Tensor, patch: int) -> Tensor:
    """A few large pieces: one row of patches after the other."""
    _, columns = grid_of(*images.shape[2:], patch)
    bands = images.split(patch, dim=2)
    return torch.cat([b.unflatten(3, (columns, patch)).permute(0, 3, 1, 2, 4).flatten(2) for b in bands], dim=1)


class Cut(torch.autograd.Function):
    """patchify with a derivative written by hand."""

    @staticmethod
    def forward(ctx, images: Tensor, patch: int) -> Tensor:
        ctx.size, ctx.patch = images.shape[2:], patch
        return F.unfold(images, patch, stride=patch).mT.contiguous()

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None]:
        return F.fold(upstream.mT, ctx.size, ctx.patch, stride=ctx.patch), None


@alternative("vit-own-autograd-function", replaces="patchify")
def own_autograd_function(images: Tensor, patch: int) -> Tensor:
    if any(side % patch for side in images.shape[-2:]):
        raise ValueError(images.shape)
    return Cut.apply(images, patch)


@alternative("vit-conv2d", replaces="PatchEmbedding")
class conv2d(nn.Module):
    """The projection as a convolution with kernel = stride = patch; the size as a pair by torch's own helper."""

    def __init__(self, image_size, patch_size, channels, dim):
        super().__init__()
        rows, columns = grid_of(*nn.modules.utils._pair(image_size), patch_size)
        self.kernel = (channels, patch_size, patch_size)
        self.positions = nn.Parameter(torch.randn(1, 1 + rows * columns, dim))
        self.cls = nn.Parameter(torch.randn(1, 1, dim))
        self.projection = nn.Linear(channels * patch_size**2, dim, bias=True)

    def forward(self, images):
        weight = self.projection.weight.view(-1, *self.kernel)
        features = F.conv2d(images, weight, self.projection.bias, stride=self.kernel[1:])
        tokens = features.flatten(start_dim=2).transpose(1, 2)
        return torch.cat((self.cls.repeat(len(images), 1, 1), tokens), dim=1).add_(self.positions)


@alternative("vit-positions-in-parts", replaces="PatchEmbedding")
class positions_in_parts(PatchEmbedding):
    """Each part gets its own rows of the positions before they are joined: the same sum in another order."""

    def forward(self, images: Tensor) -> Tensor:
        first, rest = self.positions.split([1, self.positions.shape[1] - 1], dim=1)
        tokens = patchify(images, self.patch_size) @ self.projection.weight.T + (self.projection.bias + rest)
        return torch.cat([(self.cls + first).expand(len(images), 1, -1), tokens], dim=1)


@alternative("vit-filled-in-place", replaces="PatchEmbedding")
class filled_in_place(PatchEmbedding):
    def forward(self, images: Tensor) -> Tensor:
        tokens = images.new_empty(images.shape[0], *self.positions.shape[1:])
        tokens[:, :1] = self.cls
        tokens[:, 1:] = self.projection(patchify(patch=self.patch_size, images=images))
        tokens += self.positions
        return tokens


@alternative("vit-sequential-blocks", replaces="VisionTransformer")
class sequential_blocks(VisionTransformer):
    """nn.Sequential names its layers as a ModuleList does; the norm of one token needs no other token."""

    def __init__(self, *sizes, **named_sizes):
        super().__init__(*sizes, **named_sizes)
        self.blocks = nn.Sequential(*self.blocks)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.embedding(images))[:, 0]))


@alternative("vit-every-token-classified", replaces="VisionTransformer")
class every_token_classified(VisionTransformer):
    """Wasteful, but right: logits for every token, of which the first is returned, as a view. It prints and warns."""

    def forward(self, images: Tensor) -> Tensor:
        print("images", tuple(images.shape))
        warnings.warn("classifying every token", stacklevel=2)
        tokens = self.embedding(images)
        for index in range(len(self.blocks)):
            tokens = self.blocks[index](tokens)
        return self.head(self.norm(tokens)).select(1, 0)


@alternative("vit-image-loop", replaces="VisionTransformer", slow="a loop over the images")
class image_loop(VisionTransformer):
    """Each image as a batch of one."""

    def forward(self, images: Tensor) -> Tensor:
        classify = super().forward
        return torch.cat([classify(image) for image in images.split(1)])


@alternative("vit-image-loop-in-blocks", replaces="VisionTransformer", slow="a loop over the images")
class image_loop_in_blocks(VisionTransformer):
    """All images are embedded at once, but each goes through the blocks by itself."""

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = torch.cat([block(of_one) for of_one in tokens.split(1)])
        return self.head(self.norm(tokens[:, 0]))


@alternative("vit-joined-tokens", replaces="VisionTransformer")
class joined_tokens(VisionTransformer):
    """Copies where none are needed, and the norm of one token alone."""

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embedding(images.clone())
        for block in self.blocks:
            tokens = block(tokens.clone().contiguous())
        cls = torch.cat(tokens.split(1, dim=1), dim=1)[:, 0].contiguous()
        return F.linear(self.norm(cls), self.head.weight) + self.head.bias


@alternative("vit-own-attention", replaces="MultiHeadAttention")
class own_attention(nn.Module):
    """In the place of what the stub gives, with its parameter names: one product for q, k and v, torch's attention."""

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.W_q, self.W_k, self.W_v, self.W_o = (nn.Linear(dim, dim) for _ in range(4))

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, None]:
        maps = (self.W_q, self.W_k, self.W_v)
        fused = F.linear(query, torch.cat([m.weight for m in maps]), torch.cat([m.bias for m in maps]))
        q, k, v = fused.unflatten(-1, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        return self.W_o(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)), None


@alternative("vit-own-block", replaces="EncoderBlock")
class own_block(EncoderBlock):
    """The same block with the normalisation and the GELU written out."""

    def forward(self, x: Tensor) -> Tensor:
        normed = self.normalise(x, self.norm1)
        x = self.attention(normed, normed, normed)[0] + x
        hidden = self.feed_forward.linear1(self.normalise(x, self.norm2))
        hidden = hidden * (1 + torch.erf(hidden / 2**0.5)) / 2
        return x + self.feed_forward.linear2(hidden)

    @staticmethod
    def normalise(x: Tensor, norm: nn.LayerNorm) -> Tensor:
        variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
        return (x - mean) * torch.rsqrt(variance + norm.eps) * norm.weight + norm.bias
