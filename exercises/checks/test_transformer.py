"""Visible checks of exercise transformer: small fixed inputs, to run as often as you like."""

import torch

from grader.checks import assert_close, assert_raises, assert_unchanged, check, require

DIM, HEADS, HIDDEN = 4, 2, 6


def same_weights(student, reference, draw, name, *sizes):
    """The student's module and the reference's, both in float64 and with the same fixed weights.

    In a block the hidden units of the feed-forward network are all far above zero, where every usual activation gives its
    input back: so the block is judged by itself, and a mistake in FeedForward shows in FeedForward's own check.
    """
    theirs, ours = getattr(student, name)(*sizes), getattr(reference, name)(*sizes)
    require(hasattr(theirs, "is_module_proxy"), en=f"{name} is no nn.Module.", ko=f"nn.Module이 아니에요: {name}.")
    theirs.to("float64")
    ours.to("float64")
    weights = {key: 0.5 * value for key, value in draw.state(ours).items()}
    if "feed_forward.linear1.bias" in weights:
        weights["feed_forward.linear1.bias"] += 60
    theirs.load_state_dict(weights)
    ours.load_state_dict(weights)
    return theirs, ours


@check(points=1, ko="layer_norm은 토큰마다 특징들을 정규화하고, 특징별로 늘이고 옮겨요.")
def test_layer_norm(student, reference):
    """layer_norm normalises the features of each token, then scales and shifts every feature."""
    x = torch.tensor([[[1.0, 2.0, 3.0, 6.0], [-1.0, 0.0, 0.0, 1.0]]], dtype=torch.float64)
    ones, zeros = torch.ones(4).double(), torch.zeros(4).double()
    weight, bias = torch.tensor([1.0, 2.0, -1.0, 0.5]).double(), torch.tensor([0.0, 1.0, 10.0, -1.0]).double()
    for scale, shift, eps in ((ones, zeros, 1e-5), (weight, bias, 0.5)):
        expected = reference.layer_norm(x, scale, shift, eps)
        assert_close(student.layer_norm(x, scale, shift, eps), expected, what="the tokens")


@check(points=1, needs="test_layer_norm", ko="layer_norm은 weight나 bias의 모양이 맞지 않으면 거절해요.")
def test_layer_norm_refuses(student):
    """layer_norm raises ValueError for a weight or a bias of another shape."""
    x, right, wrong = torch.ones(2, 3, 4).double(), torch.ones(4).double(), torch.ones(1).double()
    assert_raises(ValueError, student.layer_norm, x, wrong, right, 1e-5)
    assert_raises(ValueError, student.layer_norm, x, right, wrong, 1e-5)


@check(points=1, ko="shift_right는 정답 토큰으로부터 디코더가 읽을 입력을 만들고, 정답 토큰은 그대로 둬요.")
def test_shift_right(student, reference):
    """shift_right makes what the decoder reads out of the tokens to predict, and leaves those as they were."""
    tokens = torch.tensor([[7, 8, 9, 2], [5, 6, 2, 0]])
    assert_close(student.shift_right(tokens, 1), reference.shift_right(tokens, 1), what="the decoder's input")
    assert_unchanged(student)


@check(points=1, ko="FeedForward는 두 선형층과 그 사이의 활성화 함수를 토큰마다 적용해요.")
def test_feed_forward(student, reference, draw):
    """FeedForward applies two linear layers, and the activation between them, to each token."""
    theirs, ours = same_weights(student, reference, draw, "FeedForward", DIM, HIDDEN)
    x = draw.tensor(2, 3, DIM)
    assert_close(theirs(x), ours(x), what="the tokens")


@check(points=1, ko="EncoderBlock은 정규화한 x에 어텐션과 feed-forward를 차례로 적용하고, 그 결과를 x에 더해요.")
def test_encoder_block(student, reference, draw):
    """EncoderBlock adds attention, then the feed-forward network, to x, each on a normalised x."""
    theirs, ours = same_weights(student, reference, draw, "EncoderBlock", DIM, HEADS, HIDDEN)
    x = draw.tensor(2, 3, DIM)
    assert_close(theirs(x), ours(x), what="the tokens")


@check(points=1, needs="test_encoder_block", ko="EncoderBlock의 토큰은 마스크가 허락하는 자리만 볼 수 있어요.")
def test_encoder_mask(student, reference, draw):
    """EncoderBlock lets a token attend to those positions only that the mask marks True."""
    theirs, ours = same_weights(student, reference, draw, "EncoderBlock", DIM, HEADS, HIDDEN)
    x, keep = draw.tensor(2, 3, DIM), torch.tensor([[True, True, False], [True, True, True]])[:, None, None, :]
    assert_close(theirs(x, keep), ours(x, keep), what="the tokens under a padding mask")


@check(points=1, ko="DecoderBlock은 셀프 어텐션, memory에 대한 크로스 어텐션, feed-forward의 결과를 차례로 x에 더해요.")
def test_decoder_block(student, reference, draw):
    """DecoderBlock adds self-attention, cross-attention to the memory and the feed-forward network to x, in turn."""
    theirs, ours = same_weights(student, reference, draw, "DecoderBlock", DIM, HEADS, HIDDEN)
    for length, memory_length in ((3, 3), (2, 5)):
        x, memory = draw.tensor(2, length, DIM), draw.tensor(2, memory_length, DIM)
        assert_close(theirs(x, memory), ours(x, memory), what="the tokens")


@check(points=1, needs="test_decoder_block", ko="DecoderBlock의 두 마스크는 각자의 시퀀스에 작용해요.")
def test_decoder_masks(student, reference, draw):
    """DecoderBlock's two masks act each on its own sequence."""
    theirs, ours = same_weights(student, reference, draw, "DecoderBlock", DIM, HEADS, HIDDEN)
    x, memory, causal = draw.tensor(2, 3, DIM), draw.tensor(2, 3, DIM), torch.ones(3, 3, dtype=torch.bool).tril()
    memory_keep = torch.tensor([[True, True, False], [True, False, False]])[:, None, None, :]
    expected = ours(x, memory, causal, memory_keep)
    assert_close(theirs(x, memory, causal, memory_keep), expected, what="the tokens under both masks")


@check(points=1, ko="세 모듈의 파라미터는 정해진 이름과 모양을 가지고 모두 학습돼요.")
def test_parameters(student, reference):
    """The parameters of the three modules have the names and shapes asked for, and all of them can be trained."""
    for name, sizes in (
        ("FeedForward", (DIM, HIDDEN)),
        ("EncoderBlock", (DIM, HEADS, HIDDEN)),
        ("DecoderBlock", (DIM, HEADS, HIDDEN)),
    ):
        theirs, ours = getattr(student, name)(*sizes), getattr(reference, name)(*sizes)
        require(hasattr(theirs, "is_module_proxy"), en=f"{name} is no nn.Module.", ko=f"nn.Module이 아니에요: {name}.")
        found, expected = (
            {key: tuple(getattr(value, "shape", ())) for key, value in side.parameters().items()}
            for side in (theirs, ours)
        )
        wrong = ", ".join(sorted(key for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)))
        require(
            not wrong,
            en=f"{name}: missing, too many or of another shape: {wrong[:300]}.",
            ko=f"{name}에서 빠졌거나 남거나 모양이 다른 파라미터: {wrong[:300]}.",
        )
