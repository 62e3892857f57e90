"""Hidden graders of exercise transformer.

A mistake counts once. The blocks are judged first with a feed-forward network whose hidden units are all far above zero:
ReLU, GELU and its approximation are one and the same there. Masks are judged by what must not matter, on the student's
own answers, so that another mistake in the block costs nothing a second time. Ordinary weights come last, for fewer points.
Sizes are distinct (N = 2, dim = 12, heads = 3, hidden = 10, S = 5, M = 7) unless a check needs them equal or one.
"""

import torch
from torch import nn

from grader.checks import assert_close, assert_parameters, assert_raises, assert_unchanged, check, require, unpack

SIZES = (12, 3, 10)
LINEAR = ("weight", "bias")
PROJECTIONS = ("W_q", "W_k", "W_v", "W_o")


def attention_shapes(name, dim):
    return {f"{name}.{part}.{kind}": (dim,) * (2 if kind == "weight" else 1) for part in PROJECTIONS for kind in LINEAR}


def feed_forward_shapes(prefix, dim, hidden):
    return {
        f"{prefix}linear1.weight": (hidden, dim),
        f"{prefix}linear1.bias": (hidden,),
        f"{prefix}linear2.weight": (dim, hidden),
        f"{prefix}linear2.bias": (dim,),
    }


def block_shapes(name, dim, hidden):
    decoder = name == "DecoderBlock"
    norms = ("norm1", "norm2", "norm3") if decoder else ("norm1", "norm2")
    shapes = {f"{norm}.{kind}": (dim,) for norm in norms for kind in LINEAR}
    for attention in ("self_attention", "cross_attention") if decoder else ("attention",):
        shapes |= attention_shapes(attention, dim)
    return shapes | feed_forward_shapes("feed_forward.", dim, hidden)


def random_state(draw, shapes, dtype="float64", active=False):
    """Weights that keep the softmax far from saturation; `active`: all hidden units far above zero."""
    state = {}
    for name, shape in shapes.items():
        value = draw.tensor(*shape, dtype=dtype)
        if len(shape) == 2:
            value = value * (1.25 / shape[1] ** 0.5)
        elif name.startswith("norm") and name.endswith("weight"):
            value = 1 + 0.4 * value
        else:
            value = 0.5 * value
        if active and name.endswith("linear1.bias"):
            value = value + 60
        state[name] = value
    return state


def loaded(side, name, sizes, state, dtype="float64"):
    """The module of one side with the parameters `state`."""
    made = build(side, name, *sizes)
    made.to(dtype)
    made.load_state_dict(state)
    return made


def build(side, name, *sizes):
    made = getattr(side, name)(*sizes)
    require(hasattr(made, "is_module_proxy"), en=f"{name} is no nn.Module.", ko=f"nn.Module이 아니에요: {name}.")
    return made


def both(student, reference, draw, name, sizes=SIZES, active=True, dtype="float64"):
    """The student's block and the reference's with the same random weights."""
    state = random_state(draw, block_shapes(name, sizes[0], sizes[2]), dtype=dtype, active=active)
    return loaded(student, name, sizes, state, dtype), loaded(reference, name, sizes, state, dtype)


def tokens_of(draw, *shape, dtype="float64"):
    """Tokens that are not normalised by themselves."""
    return 1.5 * draw.tensor(*shape, dtype=dtype) + 0.7


def influences(with_it, without) -> bool:
    return bool((with_it - without).abs().max() > 1e-6)


@check(points=2.5, ko="layer_norm은 토큰마다 특징들을 정규화하고, 특징별로 늘이고 옮겨요.")
def test_layer_norm_values(student, reference, draw):
    """layer_norm normalises the features of each token, then scales and shifts every feature."""
    for shape, scale, eps in (((2, 3, 5), 2.0, 1e-5), ((4, 2, 7), 1.0, 0.3), ((3, 6), 0.01, 1e-4)):
        x, weight, bias = scale * (draw.tensor(*shape) + 0.5), draw.tensor(shape[-1]), draw.tensor(shape[-1])
        expected = reference.layer_norm(x, weight, bias, eps)
        assert_close(student.layer_norm(x, weight, bias, eps), expected, what="the tokens")


@check(
    points=0.5,
    needs="test_layer_norm_values",
    ko="layer_norm은 축 수, 크기 1인 축, 메모리 배치, dtype이 달라도 맞고, 값이 모두 같은 토큰도 처리해요.",
)
def test_layer_norm_any_input(student, reference, draw):
    """layer_norm takes any number of axes, axes of size 1, any memory layout and dtype, and a constant token."""
    constant = draw.tensor(2, 3, 6)
    constant[1, 1] = 1.5
    for x in (
        draw.tensor(5),
        draw.tensor(2, 1, 3, 4),
        draw.tensor(1, 1, 1),
        draw.strided(2, 3, 5),
        constant,
        draw.tensor(2, 3, 5, dtype="float32"),
    ):
        dtype = str(x.dtype).removeprefix("torch.")
        weight, bias = draw.strided(x.shape[-1], dtype=dtype), draw.tensor(x.shape[-1], dtype=dtype)
        expected = reference.layer_norm(x, weight, bias, 1e-3)
        assert_close(student.layer_norm(x, weight, bias, 1e-3), expected, what="the tokens")


@check(
    points=0.5,
    needs="test_layer_norm_values",
    ko="기울기가 layer_norm의 x, weight, bias에 전해지고, 값이 모두 같은 토큰에서도 유한해요.",
)
def test_layer_norm_gradients(student, reference, draw):
    """Gradients reach x, weight and bias of layer_norm, and are finite at a constant token."""
    x, weight, bias, upstream = draw.tensor(2, 3, 5), draw.tensor(5), draw.tensor(5), draw.tensor(2, 3, 5)
    x[0, 1] = 0.75
    asked = {"wrt": [0, 1, 2], "cotangents": [upstream]}
    expected = reference.gradient("layer_norm", x, weight, bias, 0.02, **asked)
    assert_close(student.gradient("layer_norm", x, weight, bias, 0.02, **asked), expected, what="the gradients")


@check(points=0.5, needs="test_layer_norm_values", ko="layer_norm은 weight나 bias의 모양이 맞지 않으면 거절해요.")
def test_layer_norm_refuses(student, draw):
    """layer_norm raises ValueError for a weight or a bias of another shape."""
    x, right = draw.tensor(2, 3, 5), draw.tensor(5)
    for wrong in (draw.tensor(4), draw.tensor(6), draw.tensor(1), draw.tensor(3, 5)):
        assert_raises(ValueError, student.layer_norm, x, wrong, right, 1e-5)
        assert_raises(ValueError, student.layer_norm, x, right, wrong, 1e-5)


@check(points=1.5, ko="shift_right는 정답 토큰으로부터 디코더가 읽을 입력을 만들어요.")
def test_shift_right_values(student, reference, draw):
    """shift_right makes what the decoder reads out of the tokens that it should predict."""
    for shape, start_id in (((2, 5), 0), ((3, 4), 77), ((4, 2), -1)):
        tokens = draw.integers(1, 50, *shape)
        expected = reference.shift_right(tokens, start_id)
        assert_close(student.shift_right(tokens, start_id), expected, what="the decoder's input")


@check(
    points=0.5,
    needs="test_shift_right_values",
    ko="shift_right는 크기 1인 축과 연속이 아닌 입력도 처리하고, 정답 토큰을 바꾸지 않아요.",
)
def test_shift_right_any_input(student, reference, draw):
    """shift_right takes axes of size 1 and any memory layout, and leaves the targets as they were."""
    for tokens in (draw.integers(1, 50, 3, 1), draw.integers(1, 50, 1, 4), draw.integers(1, 50, 5, 4).T[::2]):
        assert_close(student.shift_right(tokens, 60), reference.shift_right(tokens, 60), what="the decoder's input")
    assert_unchanged(student)


@check(points=1.5, ko="FeedForward는 두 선형층과 그 사이의 활성화 함수를 토큰마다 적용해요.")
def test_feed_forward_values(student, reference, draw):
    """FeedForward applies two linear layers, and the activation between them, to each token."""
    state = random_state(draw, feed_forward_shapes("", 4, 6))
    theirs, ours = (loaded(side, "FeedForward", (4, 6), state) for side in (student, reference))
    for x in (2 * draw.tensor(2, 5, 4), draw.strided(1, 3, 4), draw.tensor(2, 1, 4)):
        assert_close(theirs(x), ours(x), what="the tokens")


@check(points=0.5, ko="FeedForward에는 편향이 있는 선형층 두 개가 정해진 이름으로 있어요.")
def test_feed_forward_parameters(student):
    """FeedForward holds two linear layers with biases under the names that were agreed."""
    assert_parameters(build(student, "FeedForward", 4, 6), feed_forward_shapes("", 4, 6))


@check(points=3, ko="EncoderBlock은 정규화한 x에 어텐션과 feed-forward를 차례로 적용하고, 그 결과를 x에 더해요.")
def test_encoder_values(student, reference, draw):
    """EncoderBlock adds attention, then the feed-forward network, to x, each on a normalised x."""
    theirs, ours = both(student, reference, draw, "EncoderBlock")
    for batch, length in ((2, 5), (3, 4)):
        x = tokens_of(draw, batch, length, 12)
        assert_close(theirs(x), ours(x), what="the tokens")


@check(points=1, ko="EncoderBlock의 마스크는 정말로 작용하고, 가려진 토큰은 다른 토큰에 영향을 주지 않아요.")
def test_encoder_masks(student, draw):
    """EncoderBlock's mask matters, and a masked token has no influence on the others."""
    block = loaded(
        student, "EncoderBlock", SIZES, random_state(draw, block_shapes("EncoderBlock", 12, 10), active=True)
    )
    x, causal = tokens_of(draw, 2, 5, 12), torch.ones(5, 5, dtype=torch.bool).tril()
    padding = torch.tensor([True, True, True, False, False]).expand(2, 1, 1, 5)
    free, padded, short, past, first = unpack(
        [block(x), block(x, padding), block(x[:, :3]), block(x, keep=causal), block(x[:, :2], keep=causal[:2, :2])],
        *("without a mask", "with padding", "without its padding", "with a causal mask", "the first tokens"),
    )
    kept = padded[:, :3]
    assert_close(kept, short, what="the tokens that are no padding")
    beginning = past[:, :2]
    assert_close(beginning, first, what="the first tokens under a causal mask")
    require(
        influences(kept, free[:, :3]),
        en="The mask does not matter to the answer.",
        ko="마스크가 답에 아무 영향도 주지 않아요.",
    )


@check(
    points=0.5,
    ko="EncoderBlock의 하위 모듈은 이름과 모양이 맞고 모두 학습되며, 나누어떨어지지 않는 헤드 수를 거절해요.",
)
def test_encoder_parameters(student):
    """EncoderBlock's parameters have the names and shapes asked for, all trainable; uneven heads raise ValueError."""
    assert_parameters(build(student, "EncoderBlock", *SIZES), block_shapes("EncoderBlock", 12, 10))
    assert_raises(ValueError, student.EncoderBlock, 12, 5, 10)


@check(points=0.5, needs="test_encoder_values", ko="기울기가 EncoderBlock의 입력과 파라미터에 전해져요.")
def test_encoder_gradients(student, reference, draw):
    """Gradients reach EncoderBlock's input and parameters."""
    theirs, ours = both(student, reference, draw, "EncoderBlock")
    names = ["norm1.weight", "norm2.bias", "attention.W_k.weight", "attention.W_o.bias", "feed_forward.linear1.weight"]
    x, upstream = tokens_of(draw, 2, 5, 12), draw.tensor(2, 5, 12)
    asked = {"wrt": [0], "parameters": names, "cotangents": [upstream]}
    assert_close(theirs.gradient(x, **asked), ours.gradient(x, **asked), what="the gradients")


@check(points=0.5, ko="EncoderBlock 전체가 보통의 가중치, 여러 마스크와 메모리 배치, 길이 1에서도 맞아요.")
def test_encoder_whole(student, reference, draw):
    """EncoderBlock is right as a whole: ordinary weights, masks of several shapes, any memory layout, one token."""
    theirs, ours = both(student, reference, draw, "EncoderBlock", (6, 2, 9), active=False)
    empty_row = draw.keep(3, 1, 4, 4)
    empty_row[1, 0, 2] = False
    for x, keep in (
        (draw.strided(3, 4, 6), empty_row),
        (tokens_of(draw, 3, 4, 6), draw.keep(2, 4, 4)),
        (tokens_of(draw, 1, 1, 6), torch.ones(1, 1, dtype=torch.bool)),
    ):
        assert_close(theirs(x, keep), ours(x, keep), what="the tokens")


@check(points=3, ko="DecoderBlock은 셀프 어텐션, memory에 대한 크로스 어텐션, feed-forward의 결과를 차례로 x에 더해요.")
def test_decoder_values(student, reference, draw):
    """DecoderBlock adds self-attention, cross-attention to the memory and the feed-forward network to x, in turn."""
    theirs, ours = both(student, reference, draw, "DecoderBlock")
    for length, memory_length in ((5, 7), (4, 4)):
        x, memory = tokens_of(draw, 2, length, 12), tokens_of(draw, 2, memory_length, 12)
        assert_close(theirs(x, memory), ours(x, memory), what="the tokens")


@check(
    points=1,
    ko="DecoderBlock의 두 마스크는 각자의 시퀀스에 작용하고, 가려진 자리는 영향을 주지 않으며, 다른 자리는 그대로예요.",
)
def test_decoder_masks(student, draw):
    """DecoderBlock's two masks act each on its own sequence, and hide what they should and nothing else."""
    block = loaded(
        student, "DecoderBlock", SIZES, random_state(draw, block_shapes("DecoderBlock", 12, 10), active=True)
    )
    x, memory, causal = tokens_of(draw, 2, 5, 12), tokens_of(draw, 2, 5, 12), torch.ones(5, 5, dtype=torch.bool).tril()
    padding = torch.tensor([True, True, True, False, False]).expand(2, 1, 1, 5)
    free, padded, short, past, first = unpack(
        [
            block(x, memory),
            block(x, memory, None, padding),
            block(x, memory[:, :3]),
            block(x, memory, keep=causal, memory_keep=padding),
            block(x[:, :2], memory[:, :3], keep=causal[:2, :2]),
        ],
        *("without a mask", "with padding in memory", "with a short memory", "with both masks", "the first tokens"),
    )
    assert_close(padded, short, what="the tokens that read a padded memory")
    beginning = past[:, :2]
    assert_close(beginning, first, what="the first tokens under a causal mask")
    for one, other in ((padded, free), (past, padded)):
        require(
            influences(one, other),
            en="One of the masks does not matter to the answer.",
            ko="마스크 하나가 답에 아무 영향도 주지 않아요.",
        )


@check(
    points=0.5,
    ko="DecoderBlock의 하위 모듈은 이름과 모양이 맞고 모두 학습되며, 나누어떨어지지 않는 헤드 수를 거절해요.",
)
def test_decoder_parameters(student):
    """DecoderBlock's parameters have the names and shapes asked for, all trainable; uneven heads raise ValueError."""
    assert_parameters(build(student, "DecoderBlock", *SIZES), block_shapes("DecoderBlock", 12, 10))
    assert_raises(ValueError, student.DecoderBlock, 12, 5, 10)


@check(
    points=0.5, needs="test_decoder_values", ko="기울기가 DecoderBlock의 x, memory의 모든 자리, 파라미터에 전해져요."
)
def test_decoder_gradients(student, reference, draw):
    """Gradients reach DecoderBlock's x, every position of its memory, and its parameters."""
    theirs, ours = both(student, reference, draw, "DecoderBlock")
    names = ["norm1.bias", "norm2.weight", "norm3.weight", "self_attention.W_q.weight", "cross_attention.W_v.weight"]
    x, memory, upstream = tokens_of(draw, 2, 5, 12), tokens_of(draw, 2, 7, 12), draw.tensor(2, 5, 12)
    asked = {"wrt": [0, 1], "parameters": names, "cotangents": [upstream]}
    assert_close(theirs.gradient(x, memory, **asked), ours.gradient(x, memory, **asked), what="the gradients")


@check(points=0.5, ko="DecoderBlock 전체가 보통의 가중치, 여러 마스크와 메모리 배치, 길이 1에서도 맞아요.")
def test_decoder_whole(student, reference, draw):
    """DecoderBlock is right as a whole: ordinary weights, masks of several shapes, any memory layout, one token."""
    theirs, ours = both(student, reference, draw, "DecoderBlock", (6, 2, 9), active=False)
    unread = draw.keep(3, 1, 4, 5)
    unread[2] = False
    for x, memory, keep, memory_keep in (
        (draw.strided(3, 4, 6), draw.strided(3, 5, 6), draw.keep(2, 4, 4), unread),
        (tokens_of(draw, 3, 2, 6), tokens_of(draw, 3, 1, 6), draw.keep(3, 1, 1, 2), None),
        (tokens_of(draw, 1, 1, 6), tokens_of(draw, 1, 4, 6), None, draw.keep(1, 4)),
    ):
        expected = ours(x, memory, keep, memory_keep)
        assert_close(theirs(x, memory, keep, memory_keep), expected, what="the tokens")


def torch_layer(layer_class, state, attentions):
    """torch's own pre-LN layer with these weights, under its names."""
    theirs, named = layer_class(12, 3, 10, 0.0, activation="gelu", batch_first=True, norm_first=True), {}
    for name, value in state.items():
        part, _, rest = name.partition(".")
        if part not in attentions:
            named[name.removeprefix("feed_forward.")] = value
        elif rest.startswith("W_o"):
            named[f"{attentions[part]}.out_proj.{rest.removeprefix('W_o.')}"] = value
    for part, other in attentions.items():
        for kind in LINEAR:
            named[f"{other}.in_proj_{kind}"] = torch.cat([state[f"{part}.{w}.{kind}"] for w in PROJECTIONS[:3]])
    theirs.load_state_dict(named)
    return theirs


@check(
    points=0.5,
    needs=("test_encoder_values", "test_decoder_values"),
    ko="float32에서 두 블록은 torch의 TransformerEncoderLayer, TransformerDecoderLayer와 같은 답을 내요.",
)
def test_blocks_like_torch(student, draw):
    """In float32 both blocks agree with torch's TransformerEncoderLayer and TransformerDecoderLayer."""
    x, memory = tokens_of(draw, 2, 5, 12, dtype="float32"), tokens_of(draw, 2, 7, 12, dtype="float32")
    for name, layer_class, attentions, inputs in (
        ("EncoderBlock", nn.TransformerEncoderLayer, {"attention": "self_attn"}, (x,)),
        (
            "DecoderBlock",
            nn.TransformerDecoderLayer,
            {"self_attention": "self_attn", "cross_attention": "multihead_attn"},
            (x, memory),
        ),
    ):
        state = random_state(draw, block_shapes(name, 12, 10), dtype="float32", active=True)
        with torch.no_grad():
            expected = torch_layer(layer_class, state, attentions)(*inputs)
        assert_close(loaded(student, name, SIZES, state, "float32")(*inputs), expected, what="the tokens")


@check(
    points=0.5,
    needs=("test_layer_norm_values", "test_feed_forward_values", "test_encoder_values", "test_decoder_values"),
    ko="어느 함수와 모듈도 입력을 바꾸지 않고, 평가 모드에서도 같은 답을 내요.",
)
def test_inputs_unchanged(student, draw):
    """No function and no module changes what it is given, and eval mode changes no answer."""
    student.layer_norm(draw.tensor(2, 3, 5), draw.tensor(5), draw.tensor(5), 1e-5)
    x, memory = draw.tensor(2, 3, 12, dtype="float32"), draw.tensor(2, 4, 12, dtype="float32")
    for name, sizes, inputs in (
        ("FeedForward", (12, 5), (x,)),
        ("EncoderBlock", SIZES, (x, draw.keep(3, 3))),
        ("DecoderBlock", SIZES, (x, memory, draw.keep(3, 3), draw.keep(2, 1, 1, 4))),
    ):
        module = build(student, name, *sizes)
        answer = module(*inputs)
        assert_close(module.eval()(*inputs), answer, what="the answer to the same question in eval mode")
    assert_unchanged(student)
