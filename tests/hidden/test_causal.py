"""Hidden graders of causal attention: three masks, the attention, the loss, and decoding from a cache.

Sizes are all different: N = 2, heads = 3, S = 5, d = 4, dv = 6, V = 7. Lengths are equal (Sq = Sk) except where a check
is about unequal ones, so that a mask aligned to the wrong corner costs its own checks and no others.
"""

import torch
from torch import Tensor

from grader.checks import assert_close, assert_raises, assert_unchanged, check, unpack

N, HEADS, S, D, DV, V = 2, 3, 5, 4, 6, 7


def qkv(draw, *axes: int, dtype: str = "float64") -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value (*axes, S, d or dv)."""
    return tuple(draw.tensor(*axes, S, size, dtype=dtype) for size in (D, D, DV))


def keep_first(keep: Tensor) -> Tensor:
    """The same mask with key 0 open, so that no query is left without a key under the causal mask."""
    keep[..., 0] = True
    return keep


def newest(draw, dtype: str = "float64") -> tuple[Tensor, Tensor, Tensor]:
    """Query, key and value of one new position, with heads."""
    return tuple(draw.tensor(N, HEADS, 1, size, dtype=dtype) for size in (D, D, DV))


def past(draw, length: int, dtype: str = "float64") -> tuple[Tensor, Tensor]:
    """A cache of `length` positions."""
    return tuple(draw.tensor(N, HEADS, length, size, dtype=dtype) for size in (D, DV))


def assert_same_loss(student, reference, *arguments) -> None:
    """The loss agrees. Dividing by a count + 1e-8 rather than by a clamped count is no mistake."""
    assert_close(student.next_token_loss(*arguments), reference.next_token_loss(*arguments), "the loss", tolerance=1e-8)


@check(points=0.5, ko="causal_mask에서 각 쿼리는 자기 자신과 그 앞의 키만 볼 수 있어요.")
def test_causal_mask(student, reference):
    """causal_mask lets each query see its own position and the ones before it."""
    for length in (2, 5):
        assert_close(student.causal_mask(length, length), reference.causal_mask(length, length))


@check(points=0.5, ko="causal_mask는 쿼리와 키의 개수가 달라도 왼쪽 위에 맞춰져요.")
def test_causal_mask_of_unequal_lengths(student, reference):
    """causal_mask is aligned top left when there are more keys than queries, or fewer."""
    for query_length, key_length in ((3, 5), (6, 4), (1, 3), (3, 1)):
        assert_close(student.causal_mask(query_length, key_length), reference.causal_mask(query_length, key_length))


@check(points=1, ko="padding_mask는 실제 토큰이 있는 위치에서 True예요.")
def test_padding_mask(student, reference, draw):
    """padding_mask is True exactly where a sequence has a real token, also for empty and full sequences."""
    for max_length in (5, 3):
        lengths = draw.permutation(max_length + 1)
        assert_close(student.padding_mask(lengths, max_length), reference.padding_mask(lengths, max_length))


@check(points=1.5, ko="combine_masks는 미래도 패딩도 아닌 키만 허용하고, 모양은 (N, 1, Sq, Sk)예요.")
def test_combine_masks(student, reference, draw):
    """combine_masks allows what both masks allow, in the full shape (N, 1, Sq, Sk)."""
    for query_length, key_length in ((5, 5), (3, 4), (4, 3)):
        # Neither mask needs to be what this exercise builds: any boolean one combines in the same way.
        causal = draw.integers(0, 2, query_length, key_length).bool()
        causal[0, 0], causal[-1, 0] = True, False
        padding = draw.integers(0, 2, N, key_length).bool()
        padding[0], padding[1, 0] = True, False
        assert_close(student.combine_masks(causal, padding), reference.combine_masks(causal, padding))


@check(
    points=2.5,
    ko="causal_attention은 미래를 뺀 키들에 대한 소프트맥스 가중치와 그 출력을 돌려줘요. 헤드 축은 있어도 없어도 돼요.",
)
def test_causal_attention(student, reference, draw):
    """causal_attention gives output and weights of a softmax without the future, with and without heads."""
    for axes in ((N,), (N, HEADS)):
        arguments = qkv(draw, *axes)
        output, weights = unpack(student.causal_attention(*arguments), "output", "weights")
        expected_output, expected_weights = reference.causal_attention(*arguments)
        assert_close(weights, expected_weights, what="the weights")
        assert_close(output, expected_output, what="the output")


@check(points=0.5, needs="test_causal_attention", ko="causal_attention은 쿼리와 키의 개수가 달라도 동작해요.")
def test_causal_attention_of_unequal_lengths(student, reference, draw):
    """causal_attention takes more keys than queries, or fewer."""
    for query_length, key_length in ((3, 5), (6, 4)):
        query = draw.tensor(N, HEADS, query_length, D)
        key, value = past(draw, key_length)
        assert_close(student.causal_attention(query, key, value), reference.causal_attention(query, key, value))


@check(points=1.5, ko="causal_attention의 keep은 볼 수 있는 범위를 더 좁힐 뿐, 넓히지는 않아요.")
def test_causal_attention_with_keep(student, reference, draw):
    """keep narrows the causal mask and never widens it, in every shape that broadcasts to the scores."""
    shapes = {
        (N,): [(S, S), (N, S, S), (N, 1, S)],
        (N, HEADS): [(N, 1, S, S), (N, HEADS, S, S), (N, 1, 1, S), (HEADS, S, S), (1, S, S), (S, S)],
    }
    for axes, keeps in shapes.items():
        for shape in keeps:
            arguments = (*qkv(draw, *axes), keep_first(draw.keep(*shape)))
            assert_close(student.causal_attention(*arguments), reference.causal_attention(*arguments))


@check(
    points=1,
    needs="test_causal_attention_with_keep",
    ko="아무 키도 볼 수 없는 쿼리는 출력과 가중치가 0이고, 기울기는 유한해요.",
)
def test_queries_that_see_nothing(student, reference, draw):
    """A query that may attend to nothing has zeros in output and weights, and finite gradients."""
    left_padding = torch.ones(N, 1, 1, S, dtype=torch.bool)
    left_padding[0, ..., :2] = False
    one_row = keep_first(draw.keep(N, 1, S, S))
    one_row[1, 0, 3] = False
    for keep in (left_padding, one_row):
        arguments = (*qkv(draw, N, HEADS), keep)
        output, weights = unpack(student.causal_attention(*arguments), "output", "weights")
        expected_output, expected_weights = reference.causal_attention(*arguments)
        assert_close(weights, expected_weights, what="the weights")
        assert_close(output, expected_output, what="the output")
        cotangents = [torch.ones_like(expected_output), draw.tensor(N, HEADS, S, S)]
        gradients = [
            who.gradient("causal_attention", *arguments, wrt=[0, 1, 2], cotangents=cotangents)
            for who in (student, reference)
        ]
        assert_close(*gradients, what="the gradients")


@check(
    points=1,
    needs="test_causal_attention_with_keep",
    ko="막힌 위치의 큰 수는 아무것도 바꾸지 않고, 점수가 커도 오버플로가 나지 않아요.",
)
def test_large_numbers(student, reference, draw):
    """Large numbers in the future or in padding change nothing, and large scores do not overflow."""
    query, key, value = qkv(draw, N, HEADS)
    arguments = (100 * query, 100 * key, value)
    assert_close(student.causal_attention(*arguments), reference.causal_attention(*arguments))
    padding = torch.ones(N, 1, 1, S, dtype=torch.bool)
    padding[0, ..., 2], padding[1, ..., 3:] = False, False
    future = torch.ones(S, S, dtype=torch.bool)
    for keep in (padding, future):
        large = torch.arange(S)[:, None] >= 3 if keep is future else ~keep.transpose(-2, -1)
        arguments = (query, torch.where(large, 1e5 * key, key), torch.where(large, 1e5 * value, value), keep)
        output, weights = unpack(student.causal_attention(*arguments), "output", "weights")
        expected_output, expected_weights = reference.causal_attention(*arguments)
        assert_close(weights, expected_weights, what="the weights")
        assert_close(output, expected_output, what="the output")


@check(points=1, needs="test_causal_attention", ko="causal_attention의 기울기는 과거로만 흐르고, 값이 정확해요.")
def test_causal_attention_gradients(student, reference, draw):
    """The gradients of causal_attention are right: they reach the past and never the future."""
    for axes in ((N,), (N, HEADS)):
        arguments = qkv(draw, *axes)
        cotangents = [draw.tensor(*axes, S, DV), draw.tensor(*axes, S, S)]
        gradients = [
            who.gradient("causal_attention", *arguments, wrt=[0, 1, 2], cotangents=cotangents)
            for who in (student, reference)
        ]
        assert_close(*gradients, what="the gradients")


@check(points=1.5, ko="next_token_loss는 t번 위치의 로짓을 t + 1번 토큰으로 채점해요.")
def test_next_token_loss(student, reference, draw):
    """next_token_loss scores the logits of each position on the token after it."""
    for n, s in ((N, S), (3, 2)):
        logits, tokens = draw.tensor(n, s, V), draw.integers(0, V, n, s)
        keep = torch.ones(n, s, dtype=torch.bool)
        assert_same_loss(student, reference, logits, tokens, keep)


@check(points=1, ko="next_token_loss는 배치 전체에서 세어야 할 정답만 골라 평균을 구해요.")
def test_next_token_loss_with_padding(student, reference, draw):
    """next_token_loss is the mean over the kept targets of the whole batch."""
    logits, tokens = draw.tensor(3, 6, V), draw.integers(0, V, 3, 6)
    lengths = torch.tensor([6, 3, 1])[draw.permutation(3)]
    right = torch.arange(6) < lengths[:, None]
    with_gaps = draw.keep(3, 6)
    with_gaps[0, :4] = torch.tensor([False, True, False, True])
    for keep in (right, right.flip(1), with_gaps):
        assert_same_loss(student, reference, logits, tokens, keep)


@check(points=0.5, needs="test_next_token_loss", ko="채점할 것이 하나도 없으면 손실과 기울기가 0이에요.")
def test_next_token_loss_of_nothing(student, reference, draw):
    """Where no prediction counts, the loss is 0 and so are its gradients."""
    nothing = torch.zeros(N, S, dtype=torch.bool)
    first_only = nothing.clone()
    first_only[:, 0] = True
    for keep in (nothing, first_only, first_only[:, :1]):
        logits, tokens = draw.tensor(*keep.shape, V, dtype="float32"), draw.integers(0, V, *keep.shape)
        assert_close(student.next_token_loss(logits, tokens, keep), reference.next_token_loss(logits, tokens, keep))
        gradients = [who.gradient("next_token_loss", logits, tokens, keep, wrt=[0]) for who in (student, reference)]
        assert_close(*gradients, what="the gradients")


@check(points=0.5, needs="test_next_token_loss", ko="로짓이 커도 손실은 유한하고 정확해요.")
def test_next_token_loss_of_large_logits(student, reference, draw):
    """Large logits give a finite loss."""
    logits, tokens = 1e4 * draw.tensor(N, S, V), draw.integers(0, V, N, S)
    # Not every target is the likeliest token: a loss that loses small probabilities shows.
    tokens[0, 1] = logits[0, 0].argmin()
    keep = torch.ones(N, S, dtype=torch.bool)
    assert_same_loss(student, reference, logits, tokens, keep)


@check(points=0.5, needs="test_next_token_loss_with_padding", ko="next_token_loss의 기울기가 정확해요.")
def test_next_token_loss_gradients(student, reference, draw):
    """The gradient of next_token_loss is right, and zero where nothing is scored."""
    logits, tokens = draw.tensor(N, S, V), draw.integers(0, V, N, S)
    keep = torch.arange(S) < torch.tensor([[S], [3]])
    gradients = [who.gradient("next_token_loss", logits, tokens, keep, wrt=[0]) for who in (student, reference)]
    assert_close(*gradients, what="the gradient")


@check(points=1, ko="decode_step은 지금까지의 모든 키를 보고, 새 키와 값을 캐시의 끝에 더해 돌려줘요.")
def test_decode_step(student, reference, draw):
    """decode_step attends to all positions so far and returns the cache with the newest one at its end."""
    for cache in (None, past(draw, 5), past(draw, 1)):
        arguments = (*newest(draw), cache)
        assert_close(student.decode_step(*arguments), reference.decode_step(*arguments))


@check(
    points=0.5,
    needs="test_decode_step",
    ko="한 칸씩 디코딩하면 causal_attention의 행이 차례로 나와요. 두 시퀀스를 번갈아 해도, 점수가 커도 그래요.",
)
def test_decoding_sequences_in_turn(student, reference, draw):
    """Decoding step by step gives the rows of causal attention, for two sequences in turn and for large scores."""
    query, key, value = qkv(draw, N, HEADS)
    sequences = [qkv(draw, N, HEADS), (100 * query, 100 * key, value)]
    expected = [reference.causal_attention(*sequence)[0] for sequence in sequences]
    caches = [None, None]
    for t in range(S):
        for i, (query, key, value) in enumerate(sequences):
            answer = student.decode_step(*(part[:, :, t : t + 1] for part in (query, key, value)), caches[i])
            so_far = (key[:, :, : t + 1], value[:, :, : t + 1])
            assert_close(answer, (expected[i][:, :, t : t + 1], so_far))
            caches[i] = tuple(answer[1])


MAIN = (
    "test_causal_mask",
    "test_padding_mask",
    "test_combine_masks",
    "test_causal_attention",
    "test_next_token_loss",
    "test_decode_step",
)


@check(points=0.5, needs=MAIN[3:], ko="float32 입력에는 float32로 답해요.")
def test_float32(student, reference, draw):
    """float32 in, float32 out."""
    arguments = qkv(draw, N, HEADS, dtype="float32")
    assert_close(student.causal_attention(*arguments), reference.causal_attention(*arguments))
    everything = torch.ones(N, S, dtype=torch.bool)
    arguments = (draw.tensor(N, S, V, dtype="float32"), draw.integers(0, V, N, S), everything)
    assert_close(student.next_token_loss(*arguments), reference.next_token_loss(*arguments))
    arguments = (*newest(draw, dtype="float32"), past(draw, 3, dtype="float32"))
    assert_close(student.decode_step(*arguments), reference.decode_step(*arguments))


@check(points=0.5, needs=MAIN[2:], ko="메모리에 연속으로 놓이지 않은 입력도 받아요.")
def test_inputs_that_are_not_contiguous(student, reference, draw):
    """Inputs that are not contiguous in memory are fine."""
    causal, padding = draw.integers(0, 2, 4, 3).bool().T, draw.integers(0, 2, 4, N).bool().T
    assert_close(student.combine_masks(causal, padding), reference.combine_masks(causal, padding))
    arguments = tuple(draw.strided(N, HEADS, S, size) for size in (D, D, DV))
    assert_close(student.causal_attention(*arguments), reference.causal_attention(*arguments))
    keep = torch.ones(S, N, dtype=torch.bool).T
    arguments = (draw.strided(N, S, V), draw.integers(0, V, S, N).T, keep)
    assert_same_loss(student, reference, *arguments)
    cache = tuple(draw.strided(N, HEADS, 3, size) for size in (D, DV))
    arguments = (*(draw.strided(N, HEADS, 1, size) for size in (D, D, DV)), cache)
    assert_close(student.decode_step(*arguments), reference.decode_step(*arguments))


@check(points=0.5, needs=MAIN, ko="크기가 1인 축이 사라지거나 뒤섞이지 않아요.")
def test_axes_of_size_one(student, reference, draw):
    """Axes of size 1 are axes like any other."""
    assert_close(student.causal_mask(1, 1), reference.causal_mask(1, 1))
    for query_length, key_length in ((1, 1), (1, 3), (3, 1)):
        arguments = (draw.keep(query_length, key_length), draw.keep(1, key_length))
        assert_close(student.combine_masks(*arguments), reference.combine_masks(*arguments))
    for lengths, max_length in (([1], 3), ([0, 1], 1)):
        arguments = (torch.tensor(lengths), max_length)
        assert_close(student.padding_mask(*arguments), reference.padding_mask(*arguments))
    for shape in ((1, 1, 1), (1, 3, 1), (1, 1, 3, 1), (2, 1, 1, 1)):
        arguments = tuple(draw.tensor(*shape) for _ in range(3))
        assert_close(student.causal_attention(*arguments), reference.causal_attention(*arguments))
    arguments = (draw.tensor(1, 2, 3), draw.integers(0, 3, 1, 2), torch.ones(1, 2, dtype=torch.bool))
    assert_same_loss(student, reference, *arguments)
    query, key, value, *cache = (draw.tensor(1, 1, 1, 1) for _ in range(5))
    arguments = (query, key, value, tuple(cache))
    assert_close(student.decode_step(*arguments), reference.decode_step(*arguments))


@check(points=0.5, needs=MAIN[1:], ko="받은 마스크, 토큰, 캐시를 바꾸지 않아요.")
def test_inputs_are_left_alone(student, draw):
    """No function writes to the masks, tokens or tensors that it was given."""
    student.padding_mask(torch.tensor([2, 4]), S)
    student.combine_masks(torch.ones(S, S, dtype=torch.bool).tril(), draw.keep(N, S))
    for keep in (draw.keep(N, HEADS, S, S), draw.keep(S, S)):
        student.causal_attention(*qkv(draw, N, HEADS), keep)
    student.causal_attention(*qkv(draw, N), None)
    keep = torch.arange(S) < torch.tensor([[2], [4]])
    student.next_token_loss(draw.tensor(N, S, V), draw.integers(0, V, N, S), keep)
    student.decode_step(*newest(draw), None)
    student.decode_step(*newest(draw), past(draw, 3))
    assert_unchanged(student)


@check(
    points=0.5,
    needs=("test_combine_masks", "test_causal_attention"),
    ko="키 개수가 다른 마스크와 d가 다른 쿼리와 키에는 ValueError를 일으켜요.",
)
def test_shapes_that_do_not_fit(student, draw):
    """Masks about different numbers of keys, and queries and keys of different sizes, raise ValueError."""
    for causal_keys, padding_keys in ((4, 5), (4, 1), (1, 4)):
        causal, padding = draw.keep(3, causal_keys), draw.keep(N, padding_keys)
        assert_raises(ValueError, student.combine_masks, causal, padding)
    for query_size, key_size in ((4, 5), (4, 1), (1, 4)):
        query, key = draw.tensor(N, S, query_size), draw.tensor(N, S, key_size)
        assert_raises(ValueError, student.causal_attention, query, key, draw.tensor(N, S, DV))


@check(points=0.5, needs="test_causal_mask", ko="큰 causal_mask를 만드는 데 기준 풀이보다 많이 오래 걸리지 않아요.")
def test_causal_mask_speed(race, draw):
    """A large causal_mask does not take many times as long as the reference's."""

    def make(queries, keys):
        """Sizes that were never asked before: a mask that was kept is of no use."""
        return queries + int(draw.integers(0, 64, 1)), keys + int(draw.integers(0, 64, 1))

    race("causal_mask", make, queries=1024, keys=1024)


@check(
    points=0.5,
    needs="test_decode_step",
    ko="decode_step에 드는 시간은 지금까지의 길이에 비례할 뿐, 제곱으로 늘지 않아요.",
)
def test_decode_step_speed(race, draw):
    """The time of decode_step grows with the length so far, and not with its square."""

    def make(length):
        new, old = ([draw.tensor(2, 8, n, 64, dtype="float32") for _ in range(2)] for n in (1, length))
        return draw.tensor(2, 8, 1, 64, dtype="float32"), *new, tuple(old)

    for length in (256, 512, 1024):
        race("decode_step", make, carries=True, case=str(length), flops=4 * 2 * 8 * length * 64, length=length)
