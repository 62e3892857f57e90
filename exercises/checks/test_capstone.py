"""Visible checks of exercise capstone: the pieces, on small inputs. The trainings themselves: `grader train`."""

import torch

from grader.checks import Rng, assert_close, assert_raises, assert_unchanged, check, require, unpack

PARTS = {
    "gru": "test_own_gru",
    "attention": "test_own_attention",
    "multihead": "test_own_multihead",
    "causal": "test_own_causal",
    "transformer": "test_own_transformer",
    "vit": "test_own_vit",
}
SMALL_CNN = {
    "conv1.weight": (24, 1, 3, 3),
    "conv1.bias": (24,),
    "conv2.weight": (48, 24, 3, 3),
    "conv2.bias": (48,),
    "hidden.weight": (64, 192),
    "hidden.bias": (64,),
    "head.weight": (10, 64),
    "head.bias": (10,),
}


def twins(student, reference, draw, name, *arguments, scale=0.3):
    """Your model and the reference's, in float64, with the same random weights."""
    models = [getattr(side, name)(*arguments).to("float64") for side in (student, reference)]
    state = {key: scale * value for key, value in draw.state(models[1]).items()}
    for model in models:
        model.load_state_dict(state)
    return models


def small_cnns(student, reference, draw):
    state = {name: 0.3 * draw.tensor(*shape) for name, shape in SMALL_CNN.items()}
    models = [side.SmallCNN().to("float64") for side in (student, reference)]
    for model in models:
        model.load_state_dict(state)
    return models


def with_sound_parts(student, earlier):
    """You, with the provided part in the place of each of yours that was found wrong."""
    wrong = [file for file, name in PARTS.items() if earlier.get(name, "passed") != "passed"]
    if wrong:
        student.file("parts").use_provided(wrong)
    return student


def images(draw, n):
    return torch.from_numpy(draw.rng.random((n, 1, 8, 8)))


@check(points=1, ko="gru.py의 gru_forward가 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요.")
def test_own_gru(student, reference, draw):
    """gru_forward in your gru.py is right; where it is not, the capstone goes on with the provided one."""
    arguments = [draw.tensor(*shape) for shape in [(2, 3, 2), (2, 3), (9, 2), (9, 3), (9,), (9,)]]
    answer = student.file("gru").gru_forward(*arguments)
    assert_close(answer, reference.file("gru").gru_forward(*arguments), "outputs and h_n")


@check(
    points=1, ko="attention.py의 seq2seq_attention이 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요."
)
def test_own_attention(student, reference, draw):
    """seq2seq_attention in your attention.py is right; where it is not, the capstone goes on with the provided one."""
    arguments = draw.tensor(2, 2, 3), draw.tensor(2, 4, 3), torch.tensor([4, 2])
    answer = student.file("attention").seq2seq_attention(*arguments)
    assert_close(answer, reference.file("attention").seq2seq_attention(*arguments), "context and weights")


@check(
    points=1, ko="multihead.py의 MultiHeadAttention이 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요."
)
def test_own_multihead(student, reference, draw):
    """MultiHeadAttention in your multihead.py is right; where it is not, the capstone goes on with the provided one."""
    model, expected = twins(student.file("multihead"), reference.file("multihead"), draw, "MultiHeadAttention", 4, 2)
    x, keep = draw.tensor(2, 3, 4), torch.ones(3, 3, dtype=torch.bool).tril()
    answer, _ = unpack(model(x, x, x, keep), "output", "weights")
    assert_close(answer, unpack(expected(x, x, x, keep), "output", "weights")[0], "output")


@check(points=1, ko="causal.py의 causal_mask가 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요.")
def test_own_causal(student, reference):
    """causal_mask in your causal.py is right; where it is not, the capstone goes on with the provided one."""
    assert_close(student.file("causal").causal_mask(4, 4), reference.file("causal").causal_mask(4, 4))


@check(points=1, ko="transformer.py의 EncoderBlock이 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요.")
def test_own_transformer(student, reference, draw):
    """EncoderBlock in your transformer.py is right; where it is not, the capstone goes on with the provided one."""
    model, expected = twins(student.file("transformer"), reference.file("transformer"), draw, "EncoderBlock", 4, 2, 8)
    x, keep = draw.tensor(2, 3, 4), torch.ones(3, 3, dtype=torch.bool).tril()
    assert_close(model(x, keep), expected(x, keep), "output")


@check(points=1, ko="vit.py의 PatchEmbedding이 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요.")
def test_own_vit(student, reference, draw):
    """PatchEmbedding in your vit.py is right; where it is not, the capstone goes on with the provided one."""
    model, expected = twins(student.file("vit"), reference.file("vit"), draw, "PatchEmbedding", 8, 4, 1, 3)
    pictures = images(draw, 2)
    assert_close(model(pictures), expected(pictures), "tokens")


@check(points=1, ko="accuracy는 가장 큰 로짓이 정답 자리에 있는 행의 비율이에요.")
def test_accuracy(student, reference):
    """accuracy is the share of rows whose largest logit stands at the label."""
    logits = torch.tensor([[0.1, 2.0, -1.0], [3.0, 2.5, 0.0], [-1.0, -3.0, -2.0], [0.0, 0.1, 0.2]])
    for labels in (torch.tensor([1, 1, 0, 2]), torch.tensor([0, 1, 2, 1])):
        assert_close(student.accuracy(logits, labels), reference.accuracy(logits, labels), tolerance=1e-6)


@check(points=1, ko="shift_images는 그림을 옮기고, 빈자리를 0으로 채우고, 밖으로 나간 것은 버려요.")
def test_shift_images(student, reference):
    """shift_images moves the picture, fills with 0 and loses what leaves the image."""
    pictures = torch.arange(1.0, 13.0).reshape(1, 1, 3, 4)
    for down, right in [(1, 0), (0, 1), (-1, -2), (3, 0)]:
        moved, expected = (side.shift_images(pictures, down, right) for side in (student, reference))
        assert_close(moved, expected, "down {down}, right {right}", down=down, right=right)
    assert_unchanged(student)


@check(points=1, ko="minibatches는 모든 샘플을 섞어서 빠짐없이 한 번씩, 정해진 크기의 배치로 나눠요.")
def test_minibatches(student):
    """minibatches shuffles the samples and puts each into exactly one batch of the size that was asked for."""
    for n, size, sizes in [(10, 4, [4, 4, 2]), (6, 3, [3, 3]), (3, 8, [3])]:
        parts = unpack(student.minibatches(n, size, Rng(n)), *(f"batches[{number}]" for number in range(len(sizes))))
        everything, expected = [torch.sort(torch.cat(parts)).values, *map(len, parts)], [torch.arange(n), *sizes]
        assert_close(everything, expected, "all batches together")
    orders = [torch.cat(list(student.minibatches(20, 20, Rng(number)))).tolist() for number in (1, 2, 1)]
    require(
        orders[0] == orders[2] != orders[1] and orders[0] != list(range(20)),
        en="Two generators of the same seed should give the same shuffled order, one of another seed another order.",
        ko="시드가 같은 두 생성기에서는 같은 순서가, 다른 시드에서는 다른 순서가 섞여 나와야 해요.",
    )


@check(
    points=1,
    drawn=False,
    ko="fit은 배치마다 그 배치만의 기울기로 Adam을 한 스텝 진행하고, 에포크마다 평균 손실을 알려줘요.",
)
def test_fit(student, reference, draw):
    """fit takes one step of Adam for each batch, with its gradients alone, and gives each epoch's mean loss."""
    for n, size in [(4, 4), (5, 2)]:
        models = small_cnns(student, reference, draw)
        image, shown = images(draw, 1), images(draw, 2)
        label = models[1](image).argmin(dim=1)  # the hardest to learn
        data = (image.expand(n, -1, -1, -1).clone(), label.expand(n).clone())
        ends = []
        for side, model in zip((student, reference), models, strict=True):
            losses = side.fit(model, data, 3, size, 0.001, Rng(0))
            ends.append((list(losses), model(shown)))
        assert_close(
            ends[0], ends[1], "mean losses and new logits, {n} samples in batches of {size}", 1e-6, n=n, size=size
        )


@check(points=1, drawn=False, needs="test_fit", ko="손실이 유한하지 않으면 fit은 FloatingPointError를 일으켜요.")
def test_fit_stops_at_nan(student, draw):
    """fit raises FloatingPointError where a loss is not finite."""
    model = student.SmallCNN().to("float64")
    pictures = images(draw, 2)
    pictures[0, 0, 0, 0] = float("nan")
    assert_raises(FloatingPointError, student.fit, model, (pictures, torch.tensor([1, 2])), 1, 2, 0.01, Rng(0))


@check(points=1, drawn=False, needs="test_fit", ko="fit은 에포크마다 샘플을 새로 섞어요.")
def test_fit_shuffles_anew(student, draw):
    """fit shuffles the samples anew in every epoch."""
    data = (images(draw, 2), torch.tensor([3, 7]))
    state = {name: 0.3 * draw.tensor(*shape) for name, shape in SMALL_CNN.items()}
    model = student.SmallCNN().to("float64")
    ends = set()
    for number in range(8):
        model.load_state_dict(state)
        ends.add(tuple(round(mean, 9) for mean in student.fit(model, data, 5, 1, 0.003, Rng(number))))
    require(
        len(ends) > 2,
        en="Two samples, five epochs, eight seeds: the training took no more than two ways.",
        ko="샘플 두 개, 에포크 다섯 번, 시드 여덟 개로 학습했는데 학습 경로가 두 가지를 넘지 않았어요.",
    )


@check(points=1, ko="DigitViT는 패치 임베딩, 인코더 블록, LayerNorm을 거쳐 CLS 토큰에서 로짓을 내요.")
def test_digit_vit(student, reference, draw, earlier):
    """DigitViT gives logits from the CLS token, after the embedding, the blocks and the norm."""
    model, expected = twins(with_sound_parts(student, earlier), reference, draw, "DigitViT", 4, 2, 2)
    batch = images(draw, 2), torch.tensor([3, 9])
    assert_close(model(batch[0]), expected(batch[0]), "logits", 1e-7)
    assert_close(model.loss(*batch), expected.loss(*batch), "the loss", 1e-7)


@check(
    points=1, ko="DateTranslator는 정답의 앞 글자까지만 읽고 다음 글자의 로짓을 내요. 패딩은 아무것도 바꾸지 않아요."
)
def test_translator(student, reference, draw, earlier):
    """DateTranslator predicts each token from the source and the target tokens before it; padding changes nothing."""
    model, expected = twins(with_sound_parts(student, earlier), reference, draw, "DateTranslator", 6, 4, 2, 3)
    source, lengths = torch.tensor([[1, 2, 3, 4, 5], [3, 1, 5, 0, 0]]), torch.tensor([5, 3])
    target = torch.tensor([[0, 3, 1], [2, 2, 0]])
    logits = model(source, lengths, target)
    assert_close(logits, expected(source, lengths, target), "logits", 1e-7)
    assert_close(model.loss(source, lengths, target), expected.loss(source, lengths, target), "the loss", 1e-7)


@check(points=1, ko="translate는 한 글자씩 쓰고, 방금 쓴 글자를 다시 읽어요.")
def test_translate(student, reference, draw, earlier):
    """translate writes token by token, and reads what it has just written."""
    student = with_sound_parts(student, earlier)
    for _ in range(3):
        model, expected = twins(student, reference, draw, "DateTranslator", 6, 4, 2, 3, scale=2.0)
        source, lengths = draw.integers(1, 6, 4, 5), torch.tensor([5, 3, 4, 2])
        source[torch.arange(5) >= lengths[:, None]] = 0
        assert_close(model.translate(source, lengths, 6), expected.translate(source, lengths, 6))


@check(points=1, ko="TinyDecoder의 t번째 로짓은 0부터 t까지의 토큰에만 달려 있어요.")
def test_decoder(student, reference, draw, earlier):
    """TinyDecoder's logits at t depend on tokens 0 to t and no others."""
    model, expected = twins(with_sound_parts(student, earlier), reference, draw, "TinyDecoder", 5, 6, 4, 2)
    tokens = torch.tensor([[0, 4, 2, 2, 1], [3, 3, 0, 1, 4]])
    assert_close(model(tokens), expected(tokens), "logits", 1e-7)
    assert_close(model.loss(tokens), expected.loss(tokens), "the loss", 1e-7)


@check(points=1, ko="generate는 가장 그럴듯한 다음 토큰을 하나씩 이어 붙여요.")
def test_generate(student, reference, draw, earlier):
    """generate continues a prompt with the likeliest token, one by one."""
    student = with_sound_parts(student, earlier)
    for _ in range(3):
        model, expected = twins(student, reference, draw, "TinyDecoder", 5, 8, 4, 2, scale=1.5)
        prompt = draw.integers(0, 5, 3, 3)
        assert_close(model.generate(prompt, 4), expected.generate(prompt, 4))


@check(
    points=1,
    drawn=False,
    needs=("test_fit", "test_accuracy", "test_shift_images"),
    cpu_s=30,
    ko="data_curve는 크기마다 새 모델을 그만큼의 데이터로 학습시키고, 그대로 둔 이미지와 옮긴 이미지에서 정확도를 재요.",
)
def test_data_curve(student, draw):
    """data_curve trains a new model on each size, and measures it on the test images and on the shifted ones."""
    labels = torch.arange(80) % 2
    pictures = 0.1 * images(draw, 80).float()
    pictures[torch.arange(80), 0, torch.tensor([1, 2])[labels]] = 1.0  # a stripe in row 1 or 2
    wrong = torch.cat([labels[:40], 1 - labels[40:]])
    curve = student.data_curve("cnn", (pictures, wrong), (pictures, labels), [4, 40, 4], [0, 12, 0], Rng(0))
    require(
        isinstance(curve, torch.Tensor) and curve.shape == (3, 2) and curve.dtype == torch.float64,
        en="Expected a float64 tensor of shape (3, 2): a row for each size.",
        ko="shape이 (3, 2)인 float64 텐서여야 해요. 크기마다 한 행이에요.",
    )
    require(
        curve[[0, 2], 0].max() < 0.9 and curve[1, 0] == 1.0 and curve[1, 1] < 0.9,
        en="Stripes in row 1 or in row 2: untrained this is chance, trained on the first 40 images it is 1, and moved down by "
        f"a pixel a stripe of row 1 looks like one of row 2. Came: {curve.tolist()}.",
        ko="1행이나 2행에 줄무늬가 있어요. 학습 전에는 우연 수준, 처음 이미지 40장으로 학습하면 1, 한 픽셀 내려가면 1행의 "
        f"줄무늬가 2행의 줄무늬처럼 보여요. 나온 값: {curve.tolist()}.",
    )
