"""Hidden graders of exercise vit.

A mistake counts once. The embedding is judged first on images without a pattern (one grey level each): every way to cut
them gives the same patches. The classifier is judged first with weights that make all tokens alike but for their
positions: where the embedding puts CLS does not matter then. Real images and weights come after that, for fewer points.
"""

from grader.checks import assert_close, assert_raises, assert_unchanged, check, require

# (N, channels, height, width, patch): more than one row and column, and never as many of one as of the other
SHAPES = [(2, 3, 10, 8, 2), (3, 2, 6, 12, 3), (2, 5, 12, 8, 4)]
# where an axis, the patch, the rows or the columns are 1
THIN_SHAPES = [
    (1, 3, 4, 6, 2),
    (2, 1, 6, 4, 2),
    (2, 3, 4, 5, 1),
    (2, 3, 2, 8, 2),
    (2, 3, 9, 3, 3),
    (2, 3, 4, 4, 4),
    (1, 1, 1, 1, 1),
]
# height and width, then what follows image_size in the constructor
EMBEDDING = ((9, 6), 3, 2, 10)
CLASSIFIER = ((4, 6), 2, 3, 12, 2, 3, 5)
# what VisionTransformer has beside its embedding
OWN_PARTS = ("blocks.", "norm.", "head.")


def random_state(draw, module):
    """Random weights that keep the softmax in the blocks far from saturation."""
    return {name: 0.5 * value for name, value in draw.state(module).items()}


def pair(student, reference, draw, name, *sizes, dtype="float64", alike=False):
    """The student's and the reference's module with the same random weights."""
    theirs, ours = getattr(student, name)(*sizes), getattr(reference, name)(*sizes)
    require(hasattr(theirs, "load_state_dict"), en=f"{name} is no nn.Module.", ko=f"nn.Module이 아니에요: {name}.")
    theirs.to(dtype)
    ours.to(dtype)
    state = random_state(draw, ours)
    if alike:
        state |= tokens_alike(state)
    theirs.load_state_dict(state)
    ours.load_state_dict(state)
    return theirs, ours


def tokens_alike(state):
    """Weights of a classifier's embedding with which every token is the same vector plus its position, CLS included."""
    bias, positions = state["embedding.projection.bias"], state["embedding.positions"].clone()
    positions[:, 0] = 0
    return {
        "embedding.projection.weight": 0 * state["embedding.projection.weight"],
        "embedding.cls": bias.reshape(1, 1, -1),
        "embedding.positions": positions,
    }


def grey(draw, batch, height, width, dtype="float64"):
    """Images of one channel, each of a single grey level of its own."""
    return draw.tensor(batch, 1, 1, 1, dtype=dtype).repeat(1, 1, height, width)


def assert_trainable(module, expected, parts=()):
    """Both modules hold the same weights; those of `parts` must be parameters that an optimiser finds."""
    found, expected = module.parameters(), expected.parameters()
    names = [name for name in expected if name.startswith(parts)] if parts else list(expected)
    missing = ", ".join(sorted(set(names) - found.keys()))[:300]
    require(not missing, en=f"These cannot be trained: {missing}.", ko=f"학습되지 않는 것이 있어요: {missing}.")
    assert_close({name: found[name] for name in names}, {name: expected[name] for name in names}, what="the parameters")


@check(points=2.5, ko="patchify는 이미지를 행 우선 순서의 패치로 자르고, 각 패치를 (C, P, P) 순서로 펼쳐요.")
def test_patchify_values(student, reference, draw):
    """patchify cuts images into patches in row-major order, each flattened as (C, P, P)."""
    for *shape, patch in SHAPES:
        images = draw.tensor(*shape)
        assert_close(student.patchify(images, patch), reference.patchify(images, patch), what="the patches")


@check(points=0.5, needs="test_patchify_values", ko="patchify는 크기가 1인 축, 패치 한 줄, 패치 한 개도 처리해요.")
def test_patchify_thin(student, reference, draw):
    """patchify also works where an axis has size 1, or where there is one row, one column or one patch."""
    for *shape, patch in THIN_SHAPES:
        images = draw.tensor(*shape)
        assert_close(student.patchify(images, patch), reference.patchify(images, patch), what="the patches")


@check(
    points=0.5,
    needs="test_patchify_values",
    ko="patchify는 dtype을 유지하고, 메모리에 연속으로 놓이지 않은 이미지도 받아요.",
)
def test_patchify_any_memory(student, reference, draw):
    """patchify keeps the dtype and takes images that are not contiguous in memory."""
    *shape, patch = SHAPES[0]
    strided = draw.strided(*shape)
    last = draw.tensor(shape[0], *shape[2:], shape[1]).movedim(-1, 1)
    for images in (draw.tensor(*shape, dtype="float32"), strided, last):
        assert_close(student.patchify(images, patch), reference.patchify(images, patch), what="the patches")


@check(
    points=0.5, needs="test_patchify_values", ko="patchify는 패치로 나누어떨어지지 않는 이미지에 ValueError를 일으켜요."
)
def test_patchify_indivisible(student, draw):
    """patchify raises ValueError for an image that is no whole number of patches."""
    for height, width, patch in ((7, 6, 3), (6, 8, 3), (2, 6, 3), (6, 8, 4), (8, 10, 4)):
        assert_raises(ValueError, student.patchify, draw.tensor(2, 3, height, width), patch)


@check(points=2.5, ko="unpatchify는 패치를 다시 이미지로 맞추어요.")
def test_unpatchify_values(student, reference, draw):
    """unpatchify puts patches together to images again."""
    for batch, channels, height, width, patch in SHAPES:
        patches = draw.tensor(batch, (height // patch) * (width // patch), channels * patch**2)
        sizes = (channels, height, width, patch)
        assert_close(student.unpatchify(patches, *sizes), reference.unpatchify(patches, *sizes), what="the images")


@check(
    points=0.5, needs="test_unpatchify_values", ko="unpatchify는 크기가 1인 축, float32, 연속이 아닌 입력도 처리해요."
)
def test_unpatchify_any_input(student, reference, draw):
    """unpatchify also works with axes of size 1, in float32 and on patches that are not contiguous in memory."""
    cases = [(shape, "float64") for shape in THIN_SHAPES] + [(SHAPES[0], "float32"), (SHAPES[1], "strided")]
    for (batch, channels, height, width, patch), kind in cases:
        shape = (batch, (height // patch) * (width // patch), channels * patch**2)
        patches = draw.strided(*shape) if kind == "strided" else draw.tensor(*shape, dtype=kind)
        sizes = (channels, height, width, patch)
        assert_close(student.unpatchify(patches, *sizes), reference.unpatchify(patches, *sizes), what="the images")


@check(
    points=0.5,
    needs="test_unpatchify_values",
    ko="unpatchify는 패치로 나누어떨어지지 않는 크기에 ValueError를 일으켜요.",
)
def test_unpatchify_indivisible(student, draw):
    """unpatchify raises ValueError for an image size that is no whole number of patches."""
    for height, width in ((7, 9), (6, 10)):
        assert_raises(ValueError, student.unpatchify, draw.tensor(2, 6, 18), 2, height, width, 3)


@check(
    points=0.5,
    needs=("test_patchify_values", "test_unpatchify_values"),
    ko="patchify와 unpatchify를 거쳐 기울기가 그대로 전해져요.",
)
def test_patch_gradients(student, reference, draw):
    """Gradients pass through patchify and unpatchify."""
    batch, channels, height, width, patch = SHAPES[0]
    images = draw.tensor(batch, channels, height, width)
    patches = draw.tensor(batch, (height // patch) * (width // patch), channels * patch**2)
    for name, *args, upstream in (
        ("patchify", images, patch, patches),
        ("unpatchify", patches, channels, height, width, patch, images),
    ):
        actual = student.gradient(name, *args, wrt=[0], cotangents=[upstream])
        expected = reference.gradient(name, *args, wrt=[0], cotangents=[upstream])
        assert_close(actual, expected, what="the gradient")


@check(points=2.5, ko="PatchEmbedding은 CLS를 앞에 붙인 다음 모든 토큰에 위치를 더해요.")
def test_embedding_tokens(student, reference, draw):
    """PatchEmbedding projects the patches, puts CLS in front and adds the positions."""
    (height, width), patch, _, dim = EMBEDDING
    theirs, ours = pair(student, reference, draw, "PatchEmbedding", (height, width), patch, 1, dim)
    for batch in (2, 3, 1):
        images = grey(draw, batch, height, width)
        assert_close(theirs(images), ours(images), what="the tokens")


@check(points=1, ko="PatchEmbedding은 여러 채널, 정사각형이 아닌 이미지, 정수 하나로 준 크기에서도 맞아요.")
def test_embedding_images(student, reference, draw):
    """PatchEmbedding is right on real images: several channels, image_size as a pair or as one integer."""
    for image_size, patch, channels, dim in (EMBEDDING, (6, 2, 5, 8), (4, 4, 2, 5), ((2, 6), 2, 1, 7)):
        theirs, ours = pair(student, reference, draw, "PatchEmbedding", image_size, patch, channels, dim)
        height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
        images = draw.tensor(2, channels, height, width)
        assert_close(theirs(images), ours(images), what="the tokens")


@check(
    points=1,
    needs="test_embedding_tokens",
    ko="PatchEmbedding의 projection, cls, positions는 이름과 shape이 맞고 학습돼요.",
)
def test_embedding_parameters(student, reference, draw):
    """PatchEmbedding's parameters have the names and shapes asked for, and all of them can be trained."""
    for sizes in (EMBEDDING, (6, 2, 3, 8)):
        assert_trainable(*pair(student, reference, draw, "PatchEmbedding", *sizes))


@check(
    points=0.5,
    needs=("test_embedding_tokens", "test_embedding_parameters"),
    ko="기울기가 PatchEmbedding의 모든 파라미터에 전해져요.",
)
def test_embedding_gradients(student, reference, draw):
    """Gradients reach every parameter of PatchEmbedding."""
    (height, width), patch, _, dim = EMBEDDING
    theirs, ours = pair(student, reference, draw, "PatchEmbedding", (height, width), patch, 1, dim)
    images = grey(draw, 3, height, width)
    upstream = draw.tensor(3, 1 + (height // patch) * (width // patch), dim)
    names = ["projection.weight", "projection.bias", "cls", "positions"]
    actual = theirs.gradient(images, wrt=[], parameters=names, cotangents=[upstream])
    expected = ours.gradient(images, wrt=[], parameters=names, cotangents=[upstream])
    assert_close(actual, expected, what="the gradients")


@check(
    points=0.5,
    needs="test_embedding_tokens",
    ko="PatchEmbedding은 패치로 나누어떨어지지 않는 image_size에 ValueError를 일으켜요.",
)
def test_embedding_indivisible(student, draw):
    """PatchEmbedding raises ValueError for an image_size that is no whole number of patches."""

    def build_and_call(image_size, height, width):
        return student.PatchEmbedding(image_size, 3, 2, 10)(draw.tensor(2, 2, height, width))

    build_and_call.__name__ = "PatchEmbedding"  # for the message
    for image_size, height, width in (((7, 6), 7, 6), ((6, 8), 6, 8), (4, 4, 4)):
        assert_raises(ValueError, build_and_call, image_size, height, width)


@check(points=2, ko="VisionTransformer는 블록들을 차례로 지난 CLS 토큰으로 logits를 내요.")
def test_classifier_logits(student, reference, draw):
    """VisionTransformer gives the logits of the CLS token after all blocks and the norm."""
    theirs, ours = pair(student, reference, draw, "VisionTransformer", *CLASSIFIER, alike=True)
    for batch in (2, 1):
        images = draw.tensor(batch, CLASSIFIER[2], *CLASSIFIER[0])
        assert_close(theirs(images), ours(images), what="the logits")


@check(points=1, ko="임베딩부터 head까지 모두 이은 VisionTransformer가 여러 크기의 실제 이미지에서 맞아요.")
def test_classifier_images(student, reference, draw):
    """VisionTransformer is right as a whole, from the pixels of real images to the logits, for several sizes."""
    for sizes in (CLASSIFIER, (4, 2, 2, 8, 3, 2, 3), ((3, 6), 3, 1, 6, 1, 1, 4)):
        theirs, ours = pair(student, reference, draw, "VisionTransformer", *sizes)
        height, width = (sizes[0], sizes[0]) if isinstance(sizes[0], int) else sizes[0]
        images = draw.tensor(2, sizes[2], height, width)
        assert_close(theirs(images), ours(images), what="the logits")


@check(
    points=0.5,
    needs="test_classifier_logits",
    ko="VisionTransformer의 blocks, norm, head는 이름과 shape이 맞고 모두 학습돼요.",
)
def test_classifier_parameters(student, reference, draw):
    """VisionTransformer's blocks, norm and head have the names and shapes asked for, and all of them can be trained."""
    theirs, ours = pair(student, reference, draw, "VisionTransformer", *CLASSIFIER)
    assert_trainable(theirs, ours, OWN_PARTS)


@check(
    points=0.5,
    needs=("test_classifier_logits", "test_classifier_parameters"),
    ko="기울기가 VisionTransformer의 blocks, norm, head에 전해져요.",
)
def test_classifier_gradients(student, reference, draw):
    """Gradients reach VisionTransformer's blocks, norm and head."""
    theirs, ours = pair(student, reference, draw, "VisionTransformer", *CLASSIFIER, alike=True)
    images, upstream = draw.tensor(2, CLASSIFIER[2], *CLASSIFIER[0]), draw.tensor(2, CLASSIFIER[-1])
    names = [name for name in sorted(ours.parameters()) if name.startswith(OWN_PARTS)]
    actual = theirs.gradient(images, wrt=[], parameters=names, cotangents=[upstream])
    expected = ours.gradient(images, wrt=[], parameters=names, cotangents=[upstream])
    assert_close(actual, expected, what="the gradients")


@check(
    points=0.5,
    needs=("test_embedding_images", "test_embedding_parameters", "test_classifier_images"),
    ko="logits의 기울기가 임베딩의 파라미터와 모든 패치의 픽셀까지 전해져요.",
)
def test_whole_gradients(student, reference, draw):
    """The logits' gradients reach the embedding's parameters and the pixels of every patch."""
    theirs, ours = pair(student, reference, draw, "VisionTransformer", *CLASSIFIER)
    images, upstream = draw.tensor(2, CLASSIFIER[2], *CLASSIFIER[0]), draw.tensor(2, CLASSIFIER[-1])
    asked = {
        "wrt": [0],
        "parameters": [f"embedding.{name}" for name in ("projection.weight", "cls", "positions")],
        "cotangents": [upstream],
    }
    assert_close(theirs.gradient(images, **asked), ours.gradient(images, **asked), what="the gradients")


@check(
    points=0.5,
    needs=("test_embedding_tokens", "test_classifier_logits"),
    ko="두 모듈은 float32에서 계산하고, 연속이 아닌 이미지도 받아요.",
)
def test_modules_any_memory(student, reference, draw):
    """Both modules work in float32 and on images that are not contiguous in memory."""
    for name, ((height, width), patch, _, *rest) in (("PatchEmbedding", EMBEDDING), ("VisionTransformer", CLASSIFIER)):
        for dtype in ("float32", "float64"):
            theirs, ours = pair(student, reference, draw, name, (height, width), patch, 1, *rest, dtype=dtype)
            images = grey(draw, 2, width, height, dtype=dtype).mT
            assert_close(theirs(images), ours(images), what="the answer")


@check(
    points=0.5,
    needs=("test_patchify_values", "test_unpatchify_values", "test_embedding_tokens", "test_classifier_logits"),
    ko="어느 함수와 모듈도 입력을 바꾸지 않고, 평가 모드에서도 같은 답을 내요.",
)
def test_inputs_unchanged(student, reference, draw):
    """No function and no module changes what it is given, and eval mode changes no answer."""
    student.patchify(draw.tensor(2, 3, 6, 4), 2)
    student.unpatchify(draw.tensor(2, 6, 12), 3, 6, 4, 2)
    for name, sizes in (("PatchEmbedding", EMBEDDING), ("VisionTransformer", CLASSIFIER)):
        theirs, _ = pair(student, reference, draw, name, *sizes)
        images = draw.tensor(2, sizes[2], *sizes[0])
        answer = theirs(images)
        assert_close(theirs.eval()(images), answer, what="the answer to the same question in eval mode")
    assert_unchanged(student)


@check(
    points=0.5,
    needs="test_patchify_values",
    ko="patchify는 작은 패치가 많아도 기준 풀이보다 많이 느리지 않아요.",
)
def test_patchify_speed(race, draw):
    """On images of many small patches patchify is not much slower than the reference."""
    race(
        "patchify",
        lambda batch, height, width: (draw.tensor(batch, 4, height, width, dtype="float32"), 2),
        batch=4,
        height=160,
        width=160,
    )


@check(
    points=0.5,
    needs="test_classifier_logits",
    ko="VisionTransformer는 작은 이미지가 많아도 기준 풀이보다 많이 느리지 않아요.",
)
def test_classifier_speed(race, draw):
    """On many small images VisionTransformer is not much slower than the reference."""
    # 9 tokens of 32 features: two blocks of 12 · 32² products a token, then the scores and the weighted sums
    race(
        "VisionTransformer",
        lambda batch: (draw.tensor(batch, 3, 4, 8, dtype="float32"),),
        build=((4, 8), 2, 3, 32, 2, 4, 10),
        flops=2 * 128 * (8 * 12 * 32 + 2 * 9 * (12 * 32**2 + 2 * 9 * 32) + 32 * 10),
        batch=128,
    )
