"""Hidden graders of exercise capstone: the pieces first, on small inputs; then the parts; then three trainings.

What a training is worth is not what the student's code says of it: its weights come back, and the reference's model, with
these weights, is tried on data that the student's code has never seen.
"""

import numpy as np
import torch

from grader.checks import Rng, assert_close, assert_raises, assert_unchanged, check, course_module, require, unpack

tasks = course_module(__file__, "tasks")

TRAINING_S = 60

PARTS = {
    "gru": "test_own_gru",
    "attention": "test_own_attention",
    "multihead": "test_own_multihead",
    "causal": "test_own_causal",
    "transformer": "test_own_transformer",
    "vit": "test_own_vit",
}


def seed(draw):
    return Rng(int(draw.rng.integers(2**31)))


def scaled_state(draw, module, scale):
    return {name: scale * value for name, value in draw.state(module).items()}


def twins(student, reference, draw, name, *arguments, scale=0.3):
    """The student's model and the reference's, in float64, with the same random weights.

    scale: small enough to saturate nothing, or so large that the likeliest token changes with what was read.
    """
    models = [getattr(side, name)(*arguments).to("float64") for side in (student, reference)]
    state = scaled_state(draw, models[1], scale)
    for model in models:
        model.load_state_dict(state)
    return models


def images(draw, n):
    return torch.from_numpy(draw.rng.random((n, 1, 8, 8)))


def alike(draw, model, n):
    """n times one image, so that the order of the samples does not matter, with the label that is hardest to learn."""
    image = images(draw, 1)
    return image.expand(n, -1, -1, -1).clone(), model(image).argmin(dim=1).expand(n).clone()


def date_batch(draw, n, source_size=9, target_size=5, length=7, steps=4):
    source = draw.integers(1, source_size, n, length)
    lengths = draw.integers(2, length, n)
    lengths[0] = length
    source[torch.arange(length) >= lengths[:, None]] = 0
    return source, lengths, draw.integers(0, target_size, n, steps)


@check(points=1, ko="gru.py의 gru_forward가 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요.")
def test_own_gru(student, reference, draw):
    """gru_forward in your gru.py is right; where it is not, the capstone goes on with the provided one."""
    for dtype in ("float64", "float32"):
        shapes = [(3, 5, 2), (3, 4), (12, 2), (12, 4), (12,), (12,)]
        arguments = [draw.tensor(*shape, dtype=dtype) for shape in shapes]
        answer = student.file("gru").gru_forward(*arguments)
        assert_close(answer, reference.file("gru").gru_forward(*arguments), "outputs and h_n", 1e-5)


@check(
    points=1, ko="attention.py의 seq2seq_attention이 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요."
)
def test_own_attention(student, reference, draw):
    """seq2seq_attention in your attention.py is right; where it is not, the capstone goes on with the provided one."""
    for dtype in ("float64", "float32"):
        decoder, encoder = draw.tensor(3, 2, 4, dtype=dtype), draw.tensor(3, 5, 4, dtype=dtype)
        arguments = decoder, encoder, torch.tensor([5, 2, 3])
        answer = student.file("attention").seq2seq_attention(*arguments)
        assert_close(answer, reference.file("attention").seq2seq_attention(*arguments), "context and weights", 1e-5)


@check(
    points=1, ko="multihead.py의 MultiHeadAttention이 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요."
)
def test_own_multihead(student, reference, draw):
    """MultiHeadAttention in your multihead.py is right; where it is not, the capstone goes on with the provided one."""
    model, expected = twins(student.file("multihead"), reference.file("multihead"), draw, "MultiHeadAttention", 6, 3)
    x, keep = draw.tensor(2, 4, 6), torch.ones(4, 4, dtype=torch.bool).tril()
    for mask in (None, keep):
        answer, _ = unpack(model(x, x, x, mask), "output", "weights")
        assert_close(answer, unpack(expected(x, x, x, mask), "output", "weights")[0], "output", 1e-7)


@check(points=1, ko="causal.py의 causal_mask가 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요.")
def test_own_causal(student, reference, draw):
    """causal_mask in your causal.py is right; where it is not, the capstone goes on with the provided one."""
    for size in (1, 3, 6):
        assert_close(student.file("causal").causal_mask(size, size), reference.file("causal").causal_mask(size, size))


@check(points=1, ko="transformer.py의 EncoderBlock이 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요.")
def test_own_transformer(student, reference, draw):
    """EncoderBlock in your transformer.py is right; where it is not, the capstone goes on with the provided one."""
    model, expected = twins(student.file("transformer"), reference.file("transformer"), draw, "EncoderBlock", 6, 3, 12)
    x, keep = draw.tensor(2, 4, 6), torch.ones(4, 4, dtype=torch.bool).tril()
    for mask in (None, keep):
        assert_close(model(x, mask), expected(x, mask), "output", 1e-7)


@check(points=1, ko="vit.py의 PatchEmbedding이 올바르게 동작해요. 그렇지 않으면 캡스톤은 제공된 것으로 진행해요.")
def test_own_vit(student, reference, draw):
    """PatchEmbedding in your vit.py is right; where it is not, the capstone goes on with the provided one."""
    model, expected = twins(student.file("vit"), reference.file("vit"), draw, "PatchEmbedding", 8, 4, 1, 6)
    pictures = images(draw, 3)
    assert_close(model(pictures), expected(pictures), "tokens", 1e-7)


def with_sound_parts(student, earlier):
    """The student, whose models are built with the provided part in the place of each part that was found wrong."""
    wrong = [file for file, name in PARTS.items() if earlier.get(name, "passed") != "passed"]
    if wrong:
        student.file("parts").use_provided(wrong)
    return student


@check(points=1, ko="accuracy는 가장 큰 로짓이 정답 자리에 있는 행의 비율이에요.")
def test_accuracy(student, reference, draw):
    """accuracy is the share of rows whose largest logit stands at the label."""
    for n, classes, dtype in [(7, 3, "float64"), (3, 8, "float32"), (1, 4, "float64"), (40, 2, "float32")]:
        logits, labels = draw.tensor(n, classes, dtype=dtype) - 3, draw.integers(0, classes, n)
        labels[: n // 2] = logits[: n // 2].argmax(dim=1)
        assert_close(student.accuracy(logits, labels), reference.accuracy(logits, labels), tolerance=1e-6)


@check(points=1.5, ko="shift_images는 그림을 옮기고, 빈자리를 0으로 채우고, 밖으로 나간 것은 버려요.")
def test_shift_images(student, reference, draw):
    """shift_images moves the picture, fills with 0 and loses what leaves the image."""
    for dtype in ("float64", "float32"):
        pictures = draw.tensor(2, 3, 5, 4, dtype=dtype)
        for down, right in [(1, 0), (0, 1), (-2, 0), (0, -1), (2, -3), (-1, 2), (0, 0), (5, 0), (0, -4), (-9, 9)]:
            moved, expected = (side.shift_images(pictures, down, right) for side in (student, reference))
            assert_close(moved, expected, "down {down}, right {right}", down=down, right=right)
    pictures = draw.strided(2, 1, 4, 6)
    assert_close(student.shift_images(pictures, 1, -2), reference.shift_images(pictures, 1, -2))
    assert_unchanged(student)


@check(points=1.5, ko="minibatches는 모든 샘플을 빠짐없이 한 번씩, 정해진 크기의 배치로 나눠요.")
def test_minibatches(student, draw):
    """minibatches puts each sample into exactly one batch of the size that was asked for."""
    for n, size in [(10, 4), (9, 3), (5, 8), (6, 6), (4, 1), (1, 1)]:
        batches = student.minibatches(n, size, seed(draw))
        sizes = [size] * (n // size) + ([n % size] if n % size else [])
        parts = unpack(batches, *(f"batches[{number}]" for number in range(len(sizes))))
        everything, expected = [torch.sort(torch.cat(parts)).values, *map(len, parts)], [torch.arange(n), *sizes]
        assert_close(everything, expected, "all batches together")


@check(points=1, needs="test_minibatches", ko="minibatches의 순서는 rng에서 나와요. 시드가 같으면 같고, 다르면 달라요.")
def test_minibatches_are_drawn(student, draw):
    """The order of minibatches comes from rng: the same for the same seed, another one for another."""
    seeds = [int(number) for number in draw.rng.choice(2**31, 20, replace=False)]
    orders = [torch.cat(list(student.minibatches(30, 7, Rng(number)))) for number in seeds]
    again = torch.cat(list(student.minibatches(30, 7, Rng(seeds[0]))))
    require(
        torch.equal(again, orders[0]),
        en="Two generators of the same seed gave different orders.",
        ko="시드가 같은 두 생성기에서 서로 다른 순서가 나왔어요.",
    )
    require(  # 30! orders: two of twenty are the same by chance in no run that anybody will see
        len({tuple(order.tolist()) for order in orders}) == 20 and tuple(range(30)) not in map(tuple, orders),
        en="Generators of twenty seeds did not give twenty shuffled orders.",
        ko="시드가 다른 생성기 스무 개에서 섞인 순서 스무 가지가 나오지 않았어요.",
    )


@check(points=3, drawn=False, ko="fit은 배치마다 손실을 구하고, 그 배치만의 기울기로 Adam을 한 스텝 진행해요.")
def test_fit(student, reference, draw):
    """fit takes one step of Adam for each batch, with that batch's gradients alone."""
    for n, size, epochs in [(6, 6, 3), (10, 4, 2), (3, 8, 2)]:
        models = twins(student, reference, draw, "SmallCNN")
        data = alike(draw, models[1], n)
        answers = [side.fit(model, data, epochs, size, 0.001, Rng(1)) for side, model in zip((student, reference), models, strict=True)]  # fmt: skip
        assert_close(
            models[0].state_dict(),
            models[1].state_dict(),
            "weights, {n} samples in batches of {size}",
            1e-6,
            n=n,
            size=size,
        )
        require(
            isinstance(answers[0], list | tuple) and all(isinstance(mean, float) for mean in answers[0]),
            en="fit should return a list of Python floats, one an epoch.",
            ko="fit은 에포크마다 하나씩, 파이썬 float의 리스트를 반환해야 해요.",
        )


@check(
    points=1,
    drawn=False,
    needs="test_fit",
    ko="fit은 에포크마다 샘플 전체의 평균 손실을 알려줘요. 작은 마지막 배치는 그만큼만 세요.",
)
def test_fit_losses(student, reference, draw):
    """fit gives each epoch's mean loss over its samples; a smaller last batch counts for less."""
    for n, size in [(9, 4), (6, 3)]:
        models = twins(student, reference, draw, "SmallCNN")
        data = alike(draw, models[1], n)
        answers = [list(side.fit(model, data, 3, size, 0.001, Rng(1))) for side, model in zip((student, reference), models, strict=True)]  # fmt: skip
        assert_close(answers[0], answers[1], "mean losses, {n} samples in batches of {size}", 1e-6, n=n, size=size)


@check(points=1, drawn=False, needs="test_fit", ko="fit은 에포크마다 샘플을 새로 섞어요.")
def test_fit_shuffles_anew(student, draw):
    """fit shuffles the samples anew in every epoch."""
    data = (images(draw, 2), torch.tensor([3, 7]))
    model = student.SmallCNN().to("float64")
    state = scaled_state(draw, model, 0.3)
    ends = set()
    for number in range(12):
        model.load_state_dict(state)
        student.fit(model, data, 6, 1, 0.003, Rng(number))
        ends.add(round(float(sum(value.sum() for value in model.state_dict().values())), 9))
    require(  # 64 orders of two samples over six epochs, 2 if they are always the same: by chance below (1/32)^10
        len(ends) > 2,
        en="Two samples, six epochs, twelve seeds: the training took no more than two ways.",
        ko="샘플 두 개, 에포크 여섯 번, 시드 열두 개로 학습했는데 학습 경로가 두 가지를 넘지 않았어요.",
    )


@check(
    drawn=False,
    points=1,
    needs="test_fit",
    ko="손실이 유한하지 않으면 fit은 가중치를 망치기 전에 FloatingPointError를 일으켜요.",
)
def test_fit_stops_at_nan(student, draw):
    """fit raises FloatingPointError where a loss is not finite, before it spoils the weights."""
    for spoiled in (float("nan"), float("inf")):
        model = student.SmallCNN().to("float64")
        state = scaled_state(draw, model, 0.3)
        model.load_state_dict(state)
        pictures = images(draw, 4)
        pictures[2] = spoiled
        assert_raises(
            FloatingPointError, student.fit, model, (pictures, torch.tensor([1, 2, 3, 4])), 2, 4, 0.01, Rng(0)
        )
        assert_close(model.state_dict(), state, "weights after a loss that is not finite")


@check(points=2.5, ko="DigitViT는 패치 임베딩, 인코더 블록, LayerNorm을 거쳐 CLS 토큰에서 로짓을 내요.")
def test_digit_vit(student, reference, draw, earlier):
    """DigitViT gives logits from the CLS token, after the embedding, the blocks and the norm."""
    student = with_sound_parts(student, earlier)
    for arguments in [(12, 2, 3), (8, 1, 2)]:
        model, expected = twins(student, reference, draw, "DigitViT", *arguments)
        pictures = images(draw, 3)
        assert_close(model(pictures), expected(pictures), "logits of DigitViT{arguments}", 1e-7, arguments=arguments)


@check(points=0.5, needs="test_digit_vit", ko="DigitViT.loss는 정답의 평균 크로스 엔트로피예요.")
def test_digit_vit_loss(student, reference, draw, earlier):
    """DigitViT.loss is the mean cross-entropy of the labels."""
    student = with_sound_parts(student, earlier)
    model, expected = twins(student, reference, draw, "DigitViT", 8, 1, 2)
    batch = images(draw, 5), draw.integers(0, 10, 5)
    assert_close(model.loss(*batch), expected.loss(*batch), "the loss", 1e-7)


@check(
    points=2.5, ko="DateTranslator는 정답의 앞 글자까지만 읽고 다음 글자의 로짓을 내요. 패딩은 아무것도 바꾸지 않아요."
)
def test_translator(student, reference, draw, earlier):
    """DateTranslator predicts each token from the source and the target tokens before it; padding changes nothing."""
    student = with_sound_parts(student, earlier)
    model, expected = twins(student, reference, draw, "DateTranslator", 9, 5, 3, 4)
    source, lengths, target = date_batch(draw, 3)
    logits = model(source, lengths, target)
    assert_close(logits, expected(source, lengths, target), "logits", 1e-7)
    longer = torch.cat([source, draw.integers(1, 9, 3, 2)], dim=1)
    assert_close(model(longer, lengths, target), logits, "logits with longer padding", 1e-7)


@check(points=0.5, needs="test_translator", ko="DateTranslator.loss는 모든 글자의 평균 크로스 엔트로피예요.")
def test_translator_loss(student, reference, draw, earlier):
    """DateTranslator.loss is the mean cross-entropy over all target tokens."""
    student = with_sound_parts(student, earlier)
    model, expected = twins(student, reference, draw, "DateTranslator", 9, 5, 3, 4)
    batch = date_batch(draw, 3)
    assert_close(model.loss(*batch), expected.loss(*batch), "the loss", 1e-7)


@check(points=1.5, ko="translate는 한 글자씩 쓰고, 방금 쓴 글자를 다시 읽어요.")
def test_translate(student, reference, draw, earlier):
    """translate writes token by token, and reads what it has just written."""
    student = with_sound_parts(student, earlier)
    for _ in range(4):
        model, expected = twins(student, reference, draw, "DateTranslator", 9, 5, 3, 4, scale=2.0)
        source, lengths, _ = date_batch(draw, 4)
        for steps in (6, 1):
            answer = model.translate(source, lengths, steps)
            assert_close(answer, expected.translate(source, lengths, steps), "{steps} tokens", steps=steps)


@check(points=2, ko="TinyDecoder의 t번째 로짓은 0부터 t까지의 토큰에만 달려 있어요.")
def test_decoder(student, reference, draw, earlier):
    """TinyDecoder's logits at t depend on tokens 0 to t and no others."""
    student = with_sound_parts(student, earlier)
    model, expected = twins(student, reference, draw, "TinyDecoder", 6, 9, 8, 2)
    for length in (7, 9, 1):
        tokens = draw.integers(0, 6, 3, length)
        assert_close(model(tokens), expected(tokens), "logits of {length} tokens", 1e-7, length=length)


@check(points=1, ko="TinyDecoder.loss는 다음 토큰의 평균 크로스 엔트로피예요.", needs="test_decoder")
def test_decoder_loss(student, reference, draw, earlier):
    """TinyDecoder.loss is the mean cross-entropy of each next token."""
    student = with_sound_parts(student, earlier)
    model, expected = twins(student, reference, draw, "TinyDecoder", 6, 9, 8, 2)
    for length in (8, 2):
        tokens = draw.integers(0, 6, 3, length)
        assert_close(model.loss(tokens), expected.loss(tokens), "the loss", 1e-7)


@check(points=1, ko="generate는 가장 그럴듯한 다음 토큰을 하나씩 이어 붙여요.")
def test_generate(student, reference, draw, earlier):
    """generate continues a prompt with the likeliest token, one by one."""
    student = with_sound_parts(student, earlier)
    found, wanted = [], []
    while len(found) < 12:
        model, expected = twins(student, reference, draw, "TinyDecoder", 6, 9, 8, 2, scale=1.5)
        prompt = draw.integers(0, 6, 3, 4)
        written = expected.generate(prompt, 5)[:, 4:]
        if (written == written[:, :1]).all():
            continue  # half of such models say one token for ever, whatever they have read
        for steps in (5, 1, 0):
            found.append(model.generate(prompt, steps))
            wanted.append(expected.generate(prompt, steps))
    # All at the end: the more answers a mistake has given, the surer it is told from another.
    for answer, right in zip(found, wanted, strict=True):
        assert_close(answer, right, "the continued prompts")


def require_trained(losses, epochs):
    """A training that went well, as far as its own losses tell."""
    finite = isinstance(losses, list | tuple) and all(isinstance(mean, float) and np.isfinite(mean) for mean in losses)
    require(
        finite and len(losses) == epochs,
        en=f"The training should give {epochs} finite mean losses, one an epoch. Did it diverge?",
        ko=f"학습이 끝나면 에포크마다 하나씩 유한한 평균 손실 {epochs}개가 나와야 해요. 학습이 발산했나요?",
    )


def train(student, draw, name, arguments, data, settings):
    """A model of the student's, trained by their code, and its losses."""
    model = getattr(student, name)(**arguments)
    losses = student.fit(model, data, rng=seed(draw), **settings)
    require_trained(losses, settings["epochs"])
    return model, losses


def better_of_two(trained_share, gate):
    """What one training reaches; where that misses the gate, a second one has a chance: some go astray in the last epochs."""
    share = trained_share()
    return share if share >= gate else max(share, trained_share())


def judge(reference, name, arguments, model):
    """The reference's model with the weights that the student's has learned."""
    judged = getattr(reference, name)(**arguments)
    judged.load_state_dict(model.state_dict())
    return judged


@check(
    points=3.5,
    drawn=False,
    needs=("test_fit", "test_digit_vit", "test_digit_vit_loss"),
    cpu_s=TRAINING_S,
    diagnosed=False,
    ko="DigitViT가 손글씨 숫자를 배워요. 처음 보는 숫자 100개 가운데 93개 이상을 맞혀요.",
)
def test_digits(student, reference, draw, earlier):
    """DigitViT learns handwritten digits: of those that it has never seen, at least 93 in 100 are told apart."""
    student = with_sound_parts(student, earlier)
    pictures, labels = tasks.digits()
    order, names = draw.permutation(len(labels)), draw.permutation(10)  # which digit is called what is secret
    pictures, labels = pictures[order], names[labels[order]]
    data, (pictures, labels) = (
        (pictures[: tasks.DIGITS_TRAIN], labels[: tasks.DIGITS_TRAIN]),
        (pictures[tasks.DIGITS_TRAIN :], labels[tasks.DIGITS_TRAIN :]),
    )

    def trained_share():
        model, _ = train(student, draw, "DigitViT", tasks.DIGITS, data, tasks.DIGITS_FIT)
        return reference.accuracy(judge(reference, "DigitViT", tasks.DIGITS, model)(pictures), labels)

    share = better_of_two(trained_share, tasks.DIGITS_GATE)
    require(
        share >= tasks.DIGITS_GATE,
        en=f"With the trained weights {share:.3f} of the test images are told apart; at least {tasks.DIGITS_GATE} are asked.",
        ko=f"학습된 가중치로 테스트 이미지의 {share:.3f}을 맞혔어요. {tasks.DIGITS_GATE} 이상이어야 해요.",
    )


@check(
    points=3,
    drawn=False,
    needs=("test_fit", "test_translator", "test_translator_loss"),
    cpu_s=TRAINING_S,
    diagnosed=False,
    ko="DateTranslator가 날짜를 ISO 형식으로 옮겨요. 처음 보는 날짜 100개 가운데 95개 이상을 글자까지 똑같이 써요.",
)
def test_dates(student, reference, draw, earlier):
    """DateTranslator learns to write dates in ISO form: of new ones, at least 95 in 100 are right in all digits."""
    student = with_sound_parts(student, earlier)
    data = tasks.encode_dates(tasks.dates(tasks.DATES_TRAIN, draw.rng))
    source, lengths, target = tasks.encode_dates(tasks.dates(300, draw.rng))

    def trained_share():
        model, _ = train(student, draw, "DateTranslator", tasks.DATES, data, tasks.DATES_FIT)
        written = judge(reference, "DateTranslator", tasks.DATES, model).translate(source, lengths, target.shape[1])
        return float((written == target).all(dim=1).double().mean())

    share = better_of_two(trained_share, tasks.DATES_GATE)
    require(
        share >= tasks.DATES_GATE,
        en=f"With the trained weights {share:.3f} of the new dates are right; at least {tasks.DATES_GATE} are asked.",
        ko=f"학습된 가중치로 새 날짜의 {share:.3f}을 맞혔어요. {tasks.DATES_GATE} 이상이어야 해요.",
    )


@check(
    points=3,
    drawn=False,
    needs="test_fit",
    cpu_s=TRAINING_S,
    diagnosed=False,
    ko="TinyDecoder의 손실이 이 언어에서 가능한 최선에 가까워져요. 그보다 더 좋을 수는 없어요.",
)
def test_sequences(student, reference, draw, earlier):
    """TinyDecoder's loss comes close to the best that the language allows, and does not get better than that."""
    student = with_sound_parts(student, earlier)
    language = tasks.transitions(draw.rng)
    data, tokens = tasks.sequences(tasks.SEQUENCES_TRAIN, language, draw.rng), tasks.sequences(500, language, draw.rng)
    model, _ = train(student, draw, "TinyDecoder", tasks.SEQUENCES, (data,), tasks.SEQUENCES_FIT)
    best, own = tasks.best_loss(tokens, language), float(model.loss(tokens))
    require(
        own > best - tasks.BETTER,
        en=f"Your decoder's loss on new sequences is {own:.2f}. Whoever knows the language by heart has {best:.2f}: "
        "this is too good to be true. Can it see the token that it is to predict?",
        ko=f"새 시퀀스에서 디코더의 손실이 {own:.2f}이에요. 이 언어를 완전히 아는 사람도 {best:.2f}인데, "
        "믿기 어려울 만큼 좋네요. 예측해야 할 토큰을 미리 보고 있지는 않나요?",
    )
    right = float(judge(reference, "TinyDecoder", tasks.SEQUENCES, model).loss(tokens))
    require(
        right < best + tasks.WORSE,
        en=f"With the trained weights the loss on new sequences is {right:.2f}; {best:.2f} is possible.",
        ko=f"학습된 가중치로 새 시퀀스의 손실이 {right:.2f}이에요. {best:.2f}까지 가능해요.",
    )


def striped(draw, n, rows):
    """Images with a bright row at the height of their class, on noise: (n, 1, 8, 8), float32, and labels."""
    labels = draw.integers(0, len(rows), n)
    pictures = 0.1 * torch.from_numpy(draw.rng.random((n, 1, 8, 8))).float()
    pictures[torch.arange(n), 0, torch.tensor(rows)[labels]] = 1.0
    return pictures, labels


@check(
    points=2,
    drawn=False,
    needs=("test_fit", "test_shift_images", "test_accuracy"),
    cpu_s=TRAINING_S,
    ko="data_curve는 크기마다 새 모델을 그만큼의 데이터로 학습시키고, 그대로 둔 이미지와 옮긴 이미지에서 정확도를 재요.",
)
def test_data_curve(student, draw, earlier):
    """data_curve trains a new model on each size, and measures it on the test images and on the shifted ones."""
    student = with_sound_parts(student, earlier)
    train_set, test_set = striped(draw, 300, (1, 2)), striped(draw, 60, (1, 2))
    pictures, labels = train_set
    labels = torch.cat([labels[:100], 1 - labels[100:]])  # wrong beyond the first hundred
    for architecture in ("cnn", "vit"):
        curve = student.data_curve(architecture, (pictures, labels), test_set, [4, 100, 4], [0, 12, 0], seed(draw))
        require(
            isinstance(curve, torch.Tensor) and curve.shape == (3, 2) and curve.dtype == torch.float64,
            en="Expected a float64 tensor of shape (3, 2): a row for each size.",
            ko="shape이 (3, 2)인 float64 텐서여야 해요. 크기마다 한 행이에요.",
        )
        trained, untrained = curve[1, 0].item(), max(curve[0, 0].item(), curve[2, 0].item())
        require(
            trained == 1.0 and untrained < 0.9,
            en=f"Two kinds of stripes: after no epoch {untrained:.2f} of the test images were told apart, after twelve epochs "
            f"on 100 images {trained:.2f}. The first should be chance, the second 1.",
            ko=f"줄무늬 두 종류예요. 에포크 0번 뒤에는 테스트 이미지의 {untrained:.2f}을, 이미지 100장으로 12 에포크를 학습한 "
            f"뒤에는 {trained:.2f}을 맞혔어요. 앞의 것은 우연 수준이고 뒤의 것은 1이어야 해요.",
        )
        require(
            curve[1, 1].item() < 0.9,
            en="Shifted down by a pixel, a stripe of the first kind stands where those of the second kind stood: the accuracy "
            "on shifted images should suffer.",
            ko="한 픽셀 내려가면 첫 번째 줄무늬가 두 번째 줄무늬의 자리에 와요. 옮긴 이미지에서는 정확도가 떨어져야 해요.",
        )
    assert_raises(ValueError, student.data_curve, "mlp", train_set, test_set, [4], [1], seed(draw))
