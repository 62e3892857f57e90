"""Visible checks of exercise vit: small fixed inputs, to run as often as you like."""

import torch

from grader.checks import assert_close, assert_raises, check, require

IMAGE_SIZE, PATCH, CHANNELS, DIM, DEPTH, HEADS, CLASSES = (4, 6), 2, 2, 8, 2, 2, 3


def numbered(*shape):
    """0, 1, 2, ... in this shape: every number says where it comes from."""
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float64).reshape(shape)


def same_weights(student, reference, draw, name, *sizes):
    """The student's module and the reference's, both in float64 and with the same fixed weights."""
    theirs, ours = getattr(student, name)(*sizes), getattr(reference, name)(*sizes)
    require(hasattr(theirs, "load_state_dict"), en=f"{name} is no nn.Module.", ko=f"nn.Module이 아니에요: {name}.")
    theirs.to("float64")
    ours.to("float64")
    weights = {key: 0.5 * value for key, value in draw.state(ours).items()}
    theirs.load_state_dict(weights)
    ours.load_state_dict(weights)
    return theirs, ours


@check(points=1, ko="patchify는 번호를 매긴 이미지를 행 우선 순서로 자르고, 각 패치를 (C, P, P) 순서로 펼쳐요.")
def test_patchify_numbered_pixels(student, reference):
    """patchify cuts a numbered image in row-major order, and flattens each patch as (C, P, P)."""
    images = numbered(1, 2, 4, 6)
    assert_close(student.patchify(images, 2), reference.patchify(images, 2), what="the patches")


@check(points=1, needs="test_patchify_numbered_pixels", ko="patchify는 패치로 나누어떨어지지 않는 이미지를 거절해요.")
def test_patchify_refuses_a_remainder(student):
    """patchify raises ValueError where patches would leave a remainder."""
    assert_raises(ValueError, student.patchify, numbered(1, 2, 5, 6), 2)
    assert_raises(ValueError, student.patchify, numbered(1, 2, 4, 7), 2)


@check(points=1, ko="unpatchify는 번호를 매긴 패치들을 제자리에 놓아요.")
def test_unpatchify_numbered_patches(student, reference):
    """unpatchify puts numbered patches into their places."""
    patches = numbered(1, 6, 8)
    assert_close(student.unpatchify(patches, 2, 4, 6, 2), reference.unpatchify(patches, 2, 4, 6, 2), what="the images")


@check(points=1, ko="PatchEmbedding은 CLS를 앞에 붙인 다음 모든 토큰에 위치를 더해요.")
def test_embedding_tokens(student, reference, draw):
    """PatchEmbedding projects the patches, puts CLS in front and adds the positions."""
    theirs, ours = same_weights(student, reference, draw, "PatchEmbedding", IMAGE_SIZE, PATCH, CHANNELS, DIM)
    images = draw.tensor(2, CHANNELS, *IMAGE_SIZE)
    assert_close(theirs(images), ours(images), what="the tokens")


@check(
    points=1,
    needs="test_embedding_tokens",
    ko="PatchEmbedding의 projection, cls, positions는 모두 학습되는 파라미터예요.",
)
def test_embedding_parameters(student, reference, draw):
    """PatchEmbedding's projection, cls and positions are all parameters that can be trained."""
    theirs, ours = same_weights(student, reference, draw, "PatchEmbedding", IMAGE_SIZE, PATCH, CHANNELS, DIM)
    trained, expected = theirs.parameters(), ours.parameters()
    missing = ", ".join(sorted(expected.keys() - trained.keys()))
    require(not missing, en=f"Not trainable: {missing}.", ko=f"학습되지 않아요: {missing}.")
    assert_close(trained, expected, what="the parameters")


@check(points=1, needs="test_embedding_tokens", ko="기울기가 projection과 CLS 토큰까지 전해져요.")
def test_embedding_gradients(student, reference, draw):
    """Gradients reach the projection and the CLS token."""
    theirs, ours = same_weights(student, reference, draw, "PatchEmbedding", IMAGE_SIZE, PATCH, CHANNELS, DIM)
    images, upstream = draw.tensor(2, CHANNELS, *IMAGE_SIZE), draw.tensor(2, 7, DIM)
    asked = {"wrt": [], "parameters": ["projection.bias", "cls"], "cotangents": [upstream]}
    assert_close(theirs.gradient(images, **asked), ours.gradient(images, **asked), what="the gradients")


@check(points=1, ko="VisionTransformer는 블록들을 차례로 지난 CLS 토큰으로 logits를 내요.")
def test_classifier_logits(student, reference, draw):
    """VisionTransformer gives the logits of the CLS token after all blocks and the norm."""
    sizes = (IMAGE_SIZE, PATCH, CHANNELS, DIM, DEPTH, HEADS, CLASSES)
    theirs, ours = same_weights(student, reference, draw, "VisionTransformer", *sizes)
    images = draw.tensor(2, CHANNELS, *IMAGE_SIZE)
    assert_close(theirs(images), ours(images), what="the logits")
