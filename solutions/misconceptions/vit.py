"""Wrong versions of exercise vit that students write, each with the hint that they should see."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grader.variants import misconception
from solutions.vit import EncoderBlock, PatchEmbedding, VisionTransformer, patchify


@misconception(
    "vit-patchify-plain-view",
    replaces="patchify",
    breaks="a piece of memory is no square of the image: a 'patch' is a stretch of pixel rows of one channel "
    "(TorchCode #21)",
    en="Number the pixels of a small image with arange and look at your first patch: are its pixels neighbours in "
    "both directions, and from every channel? A reshape alone never changes the order in memory.",
    ko="arange로 픽셀에 번호를 매긴 작은 이미지를 넣고 첫 번째 패치를 살펴보세요. 그 픽셀들이 가로와 세로 모두에서 "
    "이웃하고, 모든 채널에서 왔나요? reshape만으로는 메모리에 놓인 순서가 바뀌지 않아요.",
)
def plain_view(images: Tensor, patch: int) -> Tensor:
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError
    return images.reshape(batch, (height // patch) * (width // patch), channels * patch * patch)


@misconception(
    "vit-patchify-column-major",
    replaces="patchify",
    breaks="the grid is read column by column, so patch i and position i no longer belong together (NeMo-RL #4106)",
    en="Your patches are right, each in itself. In which order do you walk over the grid? Take an image that is wider "
    "than tall and see where your second patch lies in it.",
    ko="패치 하나하나는 맞아요. 그런데 격자를 어떤 순서로 지나가고 있나요? 세로보다 가로가 긴 이미지를 넣고 두 번째 "
    "패치가 원래 이미지의 어디에 있는지 확인해 보세요.",
)
def column_major(images: Tensor, patch: int) -> Tensor:
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError
    grid = images.reshape(batch, channels, height // patch, patch, width // patch, patch)
    return grid.permute(0, 4, 2, 1, 3, 5).flatten(3).flatten(1, 2)


@misconception(
    "vit-patchify-channels-last",
    replaces="patchify",
    breaks="each patch is flattened as (P, P, C), the order of many einops examples; Conv2d's weights do not fit it",
    en="The right patches in the right order, but the numbers inside a patch stand in another order. Which axis "
    "changes fastest in your flattened patch, and which one does the docstring ask for?",
    ko="패치와 패치의 순서는 맞는데, 패치 안에서 숫자가 놓인 순서가 달라요. 펼친 패치에서 가장 빨리 바뀌는 축은 "
    "무엇이고, docstring이 요구하는 순서는 무엇인가요?",
)
def channels_last(images: Tensor, patch: int) -> Tensor:
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError
    grid = images.reshape(batch, channels, height // patch, patch, width // patch, patch)
    return grid.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


@misconception(
    "vit-patchify-pixels-transposed",
    replaces="patchify",
    breaks="each patch is mirrored on its diagonal: its columns are read before its rows",
    en="Compare one channel of one patch with the image: along which direction do you read its pixels? Write the "
    "meaning of each axis beside your permutation.",
    ko="패치 하나에서 채널 하나를 골라 원래 이미지와 비교해 보세요. 픽셀을 어느 방향으로 읽고 있나요? permute에 넣은 "
    "축마다 무슨 뜻인지 적어 보면 보여요.",
)
def pixels_transposed(images: Tensor, patch: int) -> Tensor:
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError
    grid = images.reshape(batch, channels, height // patch, patch, width // patch, patch)
    return grid.permute(0, 2, 4, 1, 5, 3).flatten(3).flatten(1, 2)


@misconception(
    "vit-patchify-channels-outside",
    replaces="patchify",
    breaks="unfold leaves the channel axis in front of the grid, so a row mixes patches of different places "
    "(pytorch-vit #7)",
    en="Look at the shape right before you flatten: which axes stand left of the last two? With two channels or more, "
    "do the numbers of one row come from a single place of the image?",
    ko="펼치기 직전의 shape을 보세요. 마지막 두 축의 왼쪽에는 어떤 축들이 있나요? 채널이 둘 이상일 때, 한 행에 있는 "
    "숫자들이 이미지의 한 곳에서 온 것이 맞나요?",
)
def channels_outside(images: Tensor, patch: int) -> Tensor:
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError
    grid = images.unfold(2, patch, patch).unfold(3, patch, patch)
    return grid.reshape(batch, -1, channels * patch * patch)


@misconception(
    "vit-patchify-grid-swapped",
    replaces="patchify",
    breaks="the height is cut into as many parts as the width should be; square images hide it",
    en="How many patches lie on top of one another, and how many side by side? Try an image whose height and width "
    "differ.",
    ko="위아래로 놓이는 패치는 몇 개이고, 옆으로 나란히 놓이는 패치는 몇 개인가요? 높이와 너비가 다른 이미지로 시험해 "
    "보세요.",
)
def grid_swapped(images: Tensor, patch: int) -> Tensor:
    batch, channels, height, width = images.shape
    if height % patch or width % patch:
        raise ValueError
    grid = images.reshape(batch, channels, width // patch, patch, height // patch, patch)
    return grid.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


@misconception(
    "vit-patchify-crops",
    replaces="patchify",
    breaks="the pixels that do not fill a patch are dropped without a word, as Conv2d and unfold do",
    en="What becomes of the last pixel row when the height is not a multiple of the patch? Read in the docstring what "
    "should happen then.",
    ko="높이가 패치 크기의 배수가 아닐 때 마지막 픽셀 줄은 어떻게 되나요? 그럴 때 무엇을 해야 하는지 docstring을 다시 "
    "읽어 보세요.",
)
def crops(images: Tensor, patch: int) -> Tensor:
    return F.unfold(images, patch, stride=patch).transpose(1, 2)


@misconception(
    "vit-unpatchify-plain-view",
    replaces="unpatchify",
    breaks="the patches are laid one after the other into memory, not side by side into the image",
    en="Two patches that lie side by side share their pixel rows. After your reshape, which patch gives the second "
    "pixel row of the image?",
    ko="나란히 놓인 두 패치는 같은 픽셀 줄을 나누어 가져요. 여러분의 reshape 뒤에는 이미지의 두 번째 픽셀 줄이 어느 "
    "패치에서 오나요?",
)
def unpatchify_plain_view(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    if height % patch or width % patch:
        raise ValueError
    return patches.reshape(-1, channels, height, width)


@misconception(
    "vit-unpatchify-channels-last",
    replaces="unpatchify",
    breaks="the row is read as (P, P, C) though patchify wrote (C, P, P): the pixels of a patch are mixed (minRF #6)",
    en="What comes back if you put the result of patchify in? Take a row apart in the same order in which patchify "
    "put it together.",
    ko="patchify의 결과를 그대로 넣으면 무엇이 돌아오나요? patchify가 한 행을 채운 순서와 같은 순서로 그 행을 "
    "나누어야 해요.",
)
def unpatchify_channels_last(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    if height % patch or width % patch:
        raise ValueError
    grid = patches.reshape(-1, height // patch, width // patch, patch, patch, channels)
    return torch.einsum("nhwpqc->nchpwq", grid).reshape(-1, channels, height, width)


@misconception(
    "vit-unpatchify-pixels-transposed",
    replaces="unpatchify",
    breaks="every patch comes back mirrored on its diagonal",
    en="Each patch is in its place. Compare the inside of one with the original: which pixel stands right of the "
    "first one, and which one below it?",
    ko="패치마다 자리는 맞아요. 패치 하나의 안쪽을 원본과 비교해 보세요. 첫 픽셀의 오른쪽과 아래에는 각각 어떤 픽셀이 "
    "있나요?",
)
def unpatchify_pixels_transposed(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    if height % patch or width % patch:
        raise ValueError
    grid = patches.reshape(-1, height // patch, width // patch, channels, patch, patch)
    return torch.einsum("nhwcpq->nchqwp", grid).reshape(-1, channels, height, width)


@misconception(
    "vit-unpatchify-not-interleaved",
    replaces="unpatchify",
    breaks="the axes of the grid and of the pixels are merged in the wrong pairs, so patches stay stretches of memory",
    en="To form the image's height, which two axes must stand beside each other before the last reshape, and which "
    "two form the width?",
    ko="마지막 reshape 전에 이미지의 높이가 되려면 어떤 두 축이 나란히 있어야 하나요? 너비가 되는 두 축은 무엇인가요?",
)
def unpatchify_not_interleaved(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    if height % patch or width % patch:
        raise ValueError
    grid = patches.reshape(-1, height // patch, width // patch, channels, patch, patch)
    return grid.permute(0, 3, 1, 2, 4, 5).reshape(-1, channels, height, width)


@misconception(
    "vit-unpatchify-column-major",
    replaces="unpatchify",
    breaks="the patches are laid down column by column",
    en="Where does the second patch go: beside the first, or below it? An image that is wider than tall shows it.",
    ko="두 번째 패치는 첫 번째 패치의 옆에 놓이나요, 아래에 놓이나요? 세로보다 가로가 긴 이미지로 확인해 보세요.",
)
def unpatchify_column_major(patches: Tensor, channels: int, height: int, width: int, patch: int) -> Tensor:
    if height % patch or width % patch:
        raise ValueError
    grid = patches.reshape(-1, width // patch, height // patch, channels, patch, patch)
    return torch.einsum("nwhcpq->nchpwq", grid).reshape(-1, channels, height, width)


@misconception(
    "vit-conv-no-transpose",
    replaces="PatchEmbedding",
    breaks="a convolution gives (N, dim, rows, columns); reshaped to (N, L, dim) without a transpose, tokens mix "
    "features",
    en="A strided convolution gives the features on axis 1. What does a reshape to (N, L, dim) do with them, compared "
    "with exchanging two axes?",
    ko="stride를 준 합성곱의 결과에서는 특징이 1번 축에 있어요. 이것을 (N, L, dim)으로 reshape하는 것과 두 축을 "
    "맞바꾸는 것은 어떻게 다를까요?",
)
class conv_no_transpose(PatchEmbedding):
    def forward(self, images: Tensor) -> Tensor:
        weight = self.projection.weight.unflatten(1, (-1, self.patch_size, self.patch_size))
        features = F.conv2d(images, weight, self.projection.bias, stride=self.patch_size)
        tokens = features.reshape(images.shape[0], -1, features.shape[1])
        return torch.cat([self.cls.expand(images.shape[0], -1, -1), tokens], dim=1) + self.positions


@misconception(
    "vit-positions-before-cls",
    replaces="PatchEmbedding",
    breaks="the positions are added to the patches before the CLS token is there, so CLS has none (labml #221)",
    en="How many rows does `positions` have, and how many tokens are there at the moment when you add it? Which token "
    "goes without?",
    ko="`positions`에는 행이 몇 개 있고, 그것을 더하는 순간에 토큰은 몇 개인가요? 위치를 받지 못하는 토큰은 "
    "무엇인가요?",
)
class positions_before_cls(PatchEmbedding):
    def forward(self, images: Tensor) -> Tensor:
        tokens = self.projection(patchify(images, self.patch_size)) + self.positions[:, 1:]
        return torch.cat([self.cls.expand(images.shape[0], -1, -1), tokens], dim=1)


@misconception(
    "vit-cls-last",
    replaces="PatchEmbedding",
    breaks="the CLS token stands behind the patches, so every position belongs to the wrong token",
    en="On which side of the patches do you put the CLS token? See where the docstring wants it, and which row of "
    "`positions` is meant for it.",
    ko="CLS 토큰을 패치들의 어느 쪽에 붙였나요? docstring이 말하는 자리와, `positions`의 몇 번째 행이 CLS의 것인지 "
    "확인해 보세요.",
)
class cls_last(PatchEmbedding):
    def forward(self, images: Tensor) -> Tensor:
        tokens = self.projection(patchify(images, self.patch_size))
        return torch.cat([tokens, self.cls.expand(images.shape[0], -1, -1)], dim=1) + self.positions


@misconception(
    "vit-no-positions",
    replaces="PatchEmbedding",
    breaks="attention does not see order, so the classifier reads a bag of patches",
    en="If two patches of an image change places, does anything change for the CLS token in your version? Which "
    "parameter have you not used yet?",
    ko="이미지의 두 패치가 자리를 바꾸면, 여러분의 코드에서 CLS 토큰에 달라지는 것이 있나요? 아직 쓰지 않은 "
    "파라미터가 있나요?",
)
class no_positions(PatchEmbedding):
    def forward(self, images: Tensor) -> Tensor:
        tokens = self.projection(patchify(images, self.patch_size))
        return torch.cat([self.cls.expand(images.shape[0], -1, -1), tokens], dim=1)


@misconception(
    "vit-positions-not-trained",
    replaces="PatchEmbedding",
    breaks="a buffer is saved and loaded, but no optimiser ever moves it: the positions stay as they began",
    en="The values are right. Which of your tensors would an optimiser find in `module.parameters()`, and which "
    "should it find?",
    ko="값은 맞아요. 옵티마이저가 `module.parameters()`에서 찾는 텐서는 무엇이고, 찾아야 하는 텐서는 무엇인가요?",
)
class positions_not_trained(PatchEmbedding):
    def __init__(self, image_size: int | tuple[int, int], patch_size: int, channels: int, dim: int) -> None:
        super().__init__(image_size, patch_size, channels, dim)
        positions = self.positions.detach()
        del self.positions
        self.register_buffer("positions", positions)


@misconception(
    "vit-cls-detached",
    replaces="PatchEmbedding",
    breaks="the CLS token is copied out of the graph, so it gets no gradient and never learns",
    en="The values are right. Does the gradient find a way back from the tokens to `cls`? Look at how you copy it for "
    "the batch.",
    ko="값은 맞아요. 그런데 기울기가 토큰에서 `cls`까지 되돌아갈 길이 있나요? 배치 크기만큼 복사하는 부분을 "
    "살펴보세요.",
)
class cls_detached(PatchEmbedding):
    def forward(self, images: Tensor) -> Tensor:
        tokens = self.projection(patchify(images, self.patch_size))
        cls = torch.stack([self.cls.data[0]] * images.shape[0])
        return torch.cat([cls, tokens], dim=1) + self.positions


@misconception(
    "vit-mean-pool",
    replaces="VisionTransformer",
    breaks="the head reads the mean of all tokens and not the CLS token",
    en="Which token was put in front so that the head can read it? How many tokens does your head read?",
    ko="head가 읽도록 맨 앞에 둔 토큰이 무엇이었죠? 지금 head는 토큰을 몇 개나 읽고 있나요?",
)
class mean_pool(VisionTransformer):
    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.norm(tokens).mean(dim=1))


@misconception(
    "vit-reads-last-token",
    replaces="VisionTransformer",
    breaks="the head reads the last patch",
    en="Which token does your head read, and at which index did the embedding put the one that it should read?",
    ko="head가 읽는 토큰은 무엇인가요? 읽어야 할 토큰을 임베딩이 몇 번째 자리에 두었는지 확인해 보세요.",
)
class reads_last_token(VisionTransformer):
    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.norm(tokens)[:, -1])


@misconception(
    "vit-no-final-norm",
    replaces="VisionTransformer",
    breaks="pre-LN blocks leave their sum unnormalised, and the head reads it so",
    en="A pre-LN block normalises what goes into its sublayers. What normalises that which comes out of the last "
    "block?",
    ko="pre-LN 블록은 하위 층에 들어가는 값을 정규화해요. 그렇다면 마지막 블록에서 나온 값은 무엇이 정규화하나요?",
)
class no_final_norm(VisionTransformer):
    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(tokens[:, 0])


@misconception(
    "vit-residual-twice",
    replaces="VisionTransformer",
    breaks="a residual connection is put around blocks that have their own",
    en="Read the given EncoderBlock once more: what does it return, the change of x or the new x? What do you add to "
    "it?",
    ko="주어진 EncoderBlock을 다시 읽어 보세요. x의 변화량을 돌려주나요, 새로운 x를 돌려주나요? 거기에 무엇을 더하고 "
    "있나요?",
)
class residual_twice(VisionTransformer):
    def forward(self, images: Tensor) -> Tensor:
        tokens = self.embedding(images)
        for block in self.blocks:
            tokens = tokens + block(tokens)
        return self.head(self.norm(tokens)[:, 0])


@misconception(
    "vit-softmax-output",
    replaces="VisionTransformer",
    breaks="cross_entropy takes logits; a softmax before it is applied twice and flattens the gradient",
    en="Does each row of your answer sum to 1? Read in the docstring what the head's numbers are called, and what the "
    "loss does with them later.",
    ko="여러분의 답에서 행마다 합이 1이 되나요? head의 출력을 docstring이 무엇이라고 부르는지, 그리고 나중에 손실 "
    "함수가 그 값으로 무엇을 하는지 살펴보세요.",
)
class softmax_output(VisionTransformer):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images).softmax(dim=-1)


@misconception(
    "vit-one-block-repeated",
    replaces="VisionTransformer",
    breaks="the list holds the same block `depth` times, so all layers share one set of weights",
    en="Are the entries of your `blocks` different objects? Count how many parameters the model has for depth 1 and "
    "for depth 2.",
    ko="`blocks`에 들어 있는 것들이 서로 다른 객체인가요? depth가 1일 때와 2일 때 모델의 파라미터 수를 세어 보세요.",
)
class one_block_repeated(VisionTransformer):
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
        super().__init__(image_size, patch_size, channels, dim, depth, num_heads, num_classes)
        self.blocks = nn.ModuleList([EncoderBlock(dim, num_heads, 4 * dim)] * depth)
