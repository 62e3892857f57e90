"""Kinds of input for the exercise "vit": `grader draw vit`."""

import torch

from grader.inputs import FLOAT32, NOT_CONTIGUOUS, ORDINARY, SIZE_ONE, Kind, build, call

COUNTED = Kind("counted", "pixels 0, 1, 2, ...: easy to follow by eye", "눈으로 따라가기 쉬운 픽셀 0, 1, 2, …")
CHANNELS = Kind("channels", "several channels", "여러 채널")
TALL = Kind("tall", "images that are not square", "정사각형이 아닌 이미지")
ONE_PATCH = Kind("one-patch", "one patch: the whole image", "이미지 전체가 패치 하나")
PIXELS = Kind("pixels", "patches of one pixel", "픽셀 하나짜리 패치")
INDIVISIBLE = Kind(
    "indivisible", "a side that the patch does not divide", "패치로 나누어떨어지지 않는 변", raises=ValueError
)
DEEP = Kind("deep", "two blocks", "블록 두 개")


def patchify(draw):
    yield call(COUNTED, images=torch.arange(16.0).reshape(1, 1, 4, 4), patch=2)
    yield call(CHANNELS, images=torch.arange(24.0).reshape(1, 3, 2, 4), patch=2)
    yield call(TALL, images=draw.tensor(1, 1, 4, 2), patch=2)
    yield call(ORDINARY, images=draw.tensor(2, 2, 2, 4), patch=2)
    yield call(FLOAT32, images=draw.tensor(1, 1, 2, 4, dtype="float32"), patch=2)
    yield call(ONE_PATCH, images=draw.tensor(1, 2, 3, 3), patch=3)
    yield call(PIXELS, images=draw.tensor(1, 2, 2, 2), patch=1)
    yield call(NOT_CONTIGUOUS, images=draw.strided(1, 2, 2, 4), patch=2)
    yield call(SIZE_ONE, images=draw.tensor(1, 1, 1, 1), patch=1)
    yield call(INDIVISIBLE, images=draw.tensor(1, 1, 4, 3), patch=2)


def unpatchify(draw):
    def sizes(channels, height, width, patch):
        return {"channels": channels, "height": height, "width": width, "patch": patch}

    yield call(COUNTED, patches=torch.arange(16.0).reshape(1, 4, 4), **sizes(1, 4, 4, 2))
    yield call(CHANNELS, patches=torch.arange(24.0).reshape(1, 2, 12), **sizes(3, 2, 4, 2))
    yield call(TALL, patches=draw.tensor(1, 2, 4), **sizes(1, 4, 2, 2))
    yield call(ORDINARY, patches=draw.tensor(2, 2, 8), **sizes(2, 2, 4, 2))
    yield call(FLOAT32, patches=draw.tensor(1, 2, 4, dtype="float32"), **sizes(1, 2, 4, 2))
    yield call(NOT_CONTIGUOUS, patches=draw.strided(1, 2, 8), **sizes(2, 2, 4, 2))
    yield call(SIZE_ONE, patches=draw.tensor(1, 1, 1), **sizes(1, 1, 1, 1))
    yield call(INDIVISIBLE, patches=draw.tensor(1, 2, 4), **sizes(1, 3, 4, 2))


def PatchEmbedding(draw):
    yield build(ORDINARY, image_size=4, patch_size=2, channels=1, dim=3).on(images=draw.tensor(1, 1, 4, 4))
    yield build(TALL, image_size=(4, 2), patch_size=2, channels=2, dim=2).on(images=draw.tensor(1, 2, 4, 2))
    yield build(FLOAT32, image_size=(2, 4), patch_size=2, channels=1, dim=2).on(
        images=draw.tensor(2, 1, 2, 4, dtype="float32")
    )
    yield build(NOT_CONTIGUOUS, image_size=2, patch_size=1, channels=1, dim=2).on(images=draw.strided(1, 1, 2, 2))
    yield build(SIZE_ONE, image_size=1, patch_size=1, channels=1, dim=1).on(images=draw.tensor(1, 1, 1, 1))
    yield build(INDIVISIBLE, image_size=3, patch_size=2, channels=1, dim=2).on(images=draw.tensor(1, 1, 3, 3))


def VisionTransformer(draw):
    def model(**changes):
        sizes = {"image_size": (2, 4), "patch_size": 2, "channels": 1, "dim": 2}
        return sizes | {"depth": 1, "num_heads": 1, "num_classes": 3} | changes

    yield build(ORDINARY, **model()).on(images=draw.tensor(2, 1, 2, 4))
    yield build(FLOAT32, **model()).on(images=draw.tensor(1, 1, 2, 4, dtype="float32"))
    yield build(CHANNELS, **model(channels=2)).on(images=draw.tensor(1, 2, 2, 4))
    yield build(DEEP, **model(depth=2, num_heads=2)).on(images=draw.tensor(1, 1, 2, 4))
    yield build(ONE_PATCH, **model(image_size=2)).on(images=draw.tensor(1, 1, 2, 2))
    yield build(NOT_CONTIGUOUS, **model()).on(images=draw.strided(1, 1, 2, 4))
