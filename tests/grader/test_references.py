"""The references of the course agree with NumPy's and torch's own functions and modules."""

import runpy
import types
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from grader.course import load_course

COURSE = load_course(Path(__file__).parent.parent.parent / "exercises" / "course.toml")


def reference(name):
    """The module of a reference, loaded as text: the solutions are no installed package."""
    module = types.ModuleType(name)
    exec(compile(COURSE.exercise(name).reference_source, f"{name}.py", "exec"), module.__dict__)
    return module


@pytest.fixture
def rng():
    torch.manual_seed(0)
    return np.random.default_rng(0)


def draw(*shape, dtype=torch.float64):
    return torch.randn(*shape, dtype=dtype)


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


# dot

DOT_SHAPES = [
    ((), ()),
    ((), (3,)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (6, 3, 4)),
    ((5, 2, 3), (6, 3, 4)),
    ((5, 1, 2, 3), (2, 6, 3, 4)),
    ((3,), (6, 3, 4)),
    ((1, 1), (1, 1)),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("a_shape, b_shape", DOT_SHAPES)
def test_dot_is_numpys(rng, a_shape, b_shape, dtype):
    module = reference("dot")
    a, b = rng.standard_normal(a_shape).astype(dtype), rng.standard_normal(b_shape).astype(dtype)
    expected = np.dot(a, b)
    assert module.dot_shape(a_shape, b_shape) == expected.shape
    actual = module.dot(a, b)
    assert actual.dtype == expected.dtype
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "a_shape, b_shape", [((2, 3), (4, 3)), ((3,), (4,)), ((2, 1), (3, 4)), ((2, 3), (1,)), ((3,), (5, 1, 4))]
)
def test_dot_refuses_what_numpy_refuses(a_shape, b_shape):
    module = reference("dot")
    with pytest.raises(ValueError):
        np.dot(np.ones(a_shape), np.ones(b_shape))
    with pytest.raises(ValueError):
        module.dot(np.ones(a_shape), np.ones(b_shape))
    with pytest.raises(ValueError):
        module.dot_shape(a_shape, b_shape)


@pytest.mark.parametrize(
    "a_shape, b_shape",
    [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((5, 1, 2, 3), (6, 3, 4)),
        ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)),
        ((1, 2, 3), (7, 3, 1)),
    ],
)
def test_batched_matmul_is_numpys(rng, a_shape, b_shape):
    a, b = rng.standard_normal(a_shape), rng.standard_normal(b_shape)
    actual = reference("dot").batched_matmul(a, b)
    np.testing.assert_allclose(actual, np.matmul(a, b), rtol=1e-10)
    assert np.shape(actual) == np.matmul(a, b).shape


@pytest.mark.parametrize(
    "a_shape, b_shape", [((), (3,)), ((3,), ()), ((2, 3), (4, 3)), ((2, 1), (3, 4)), ((5, 2, 3), (4, 3, 2))]
)
def test_batched_matmul_refuses_what_numpy_refuses(a_shape, b_shape):
    with pytest.raises(ValueError):
        np.matmul(np.ones(a_shape), np.ones(b_shape))
    with pytest.raises(ValueError):
        reference("dot").batched_matmul(np.ones(a_shape), np.ones(b_shape))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (5, 2, 3)])
def test_linear_is_torchs(rng, shape):
    x, weight, bias = rng.standard_normal(shape), rng.standard_normal((4, 3)), rng.standard_normal(4)
    expected = F.linear(*(torch.from_numpy(array) for array in (x, weight, bias)))
    np.testing.assert_allclose(reference("dot").linear(x, weight, bias), expected.numpy(), rtol=1e-10)


# lstm


def lstm_weights(module):
    return module.weight_ih, module.weight_hh, module.bias_ih, module.bias_hh


def test_an_lstm_cell_is_torchs(rng):
    cell = nn.LSTMCell(3, 5).double()
    x, state = draw(4, 3), (draw(4, 5), draw(4, 5))
    close(reference("lstm").lstm_cell(x, state, *lstm_weights(cell)), cell(x, state))


def test_an_lstm_is_torchs_and_so_are_its_gradients(rng):
    lstm = nn.LSTM(3, 5, batch_first=True).double()
    weights = lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0, lstm.bias_hh_l0
    x, h, c = draw(4, 7, 3).requires_grad_(), draw(4, 5), draw(4, 5)
    outputs, (h_n, c_n) = reference("lstm").lstm_forward(x, (h, c), *weights)
    expected, (h_expected, c_expected) = lstm(x, (h[None], c[None]))
    close((outputs, h_n, c_n), (expected, h_expected[0], c_expected[0]))
    cotangent = draw(4, 7, 5)
    by_mine = torch.autograd.grad((outputs * cotangent).sum() + c_n.sum(), [x, *weights])
    by_torch = torch.autograd.grad((expected * cotangent).sum() + c_expected.sum(), [x, *weights])
    close(by_mine, by_torch)


# attention


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_softmax_is_torchs(rng, dim):
    x = draw(3, 4, 5) * 100
    close(reference("attention").softmax(x, dim), torch.softmax(x, dim))


@pytest.mark.parametrize("leading", [(), (2,), (2, 3)])
@pytest.mark.parametrize("masked", [False, True])
def test_attention_is_torchs(rng, leading, masked):
    query, key, value = draw(*leading, 4, 6), draw(*leading, 5, 6), draw(*leading, 5, 3)
    keep = torch.rand(*leading, 4, 5) < 0.7 if masked else None
    if masked:
        keep[..., 0] = True
    output, weights = reference("attention").scaled_dot_product_attention(query, key, value, keep)
    close(output, F.scaled_dot_product_attention(query, key, value, attn_mask=keep))
    close(weights @ value, output)
    close(weights.sum(-1), torch.ones_like(weights.sum(-1)))


def test_seq2seq_attention_is_torchs_with_a_mask_of_lengths(rng):
    decoder, encoder, lengths = draw(3, 2, 6), draw(3, 5, 6), torch.tensor([5, 1, 3])
    keep = (torch.arange(5) < lengths[:, None])[:, None, :]
    context, _ = reference("attention").seq2seq_attention(decoder, encoder, lengths)
    close(context, F.scaled_dot_product_attention(decoder, encoder, encoder, attn_mask=keep, scale=1.0))


# multihead


@pytest.mark.parametrize("masked", [False, True])
def test_multihead_attention_is_torchs(rng, masked):
    mine, theirs = (
        reference("multihead").MultiHeadAttention(12, 3).double(),
        nn.MultiheadAttention(12, 3, batch_first=True).double(),
    )
    projections = mine.W_q, mine.W_k, mine.W_v
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([linear.weight for linear in projections]))
        theirs.in_proj_bias.copy_(torch.cat([linear.bias for linear in projections]))
        theirs.out_proj.load_state_dict(mine.W_o.state_dict())
    query, key, value = draw(2, 4, 12), draw(2, 5, 12), draw(2, 5, 12)
    keep = torch.rand(4, 5) < 0.6
    keep[:, 0] = True
    # torch's mask says what may *not* be attended to.
    expected = theirs(query, key, value, attn_mask=~keep if masked else None, average_attn_weights=False)
    close(mine(query, key, value, keep if masked else None), expected)


def test_padding_is_torchs_key_padding(rng):
    mine, theirs = (
        reference("multihead").MultiHeadAttention(8, 2).double(),
        nn.MultiheadAttention(8, 2, batch_first=True).double(),
    )
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([mine.W_q.weight, mine.W_k.weight, mine.W_v.weight]))
        theirs.in_proj_bias.copy_(torch.cat([mine.W_q.bias, mine.W_k.bias, mine.W_v.bias]))
        theirs.out_proj.load_state_dict(mine.W_o.state_dict())
    x, real = draw(2, 5, 8), torch.tensor([[True] * 5, [True, True, False, False, False]])
    expected, _ = theirs(x, x, x, key_padding_mask=~real)
    close(mine(x, x, x, real[:, None, None, :])[0], expected)


# causal


@pytest.mark.parametrize("leading, lengths", [((2,), (5, 5)), ((2, 3), (5, 5)), ((2,), (3, 6)), ((2,), (6, 3))])
def test_causal_attention_is_torchs(rng, leading, lengths):
    queries, keys = lengths
    query, key, value = draw(*leading, queries, 4), draw(*leading, keys, 4), draw(*leading, keys, 3)
    output, _ = reference("causal").causal_attention(query, key, value)
    close(output, F.scaled_dot_product_attention(query, key, value, is_causal=True))


def test_the_loss_is_torchs_cross_entropy_of_the_tokens_that_follow(rng):
    logits, tokens = draw(3, 6, 7), torch.randint(0, 7, (3, 6))
    keep = torch.arange(6) < torch.tensor([6, 3, 1])[:, None]
    targets = tokens.masked_fill(~keep, -100)[:, 1:]
    expected = F.cross_entropy(logits[:, :-1].flatten(0, 1), targets.flatten())
    close(reference("causal").next_token_loss(logits, tokens, keep), expected)


def test_decoding_step_by_step_is_attention_over_the_whole(rng):
    module = reference("causal")
    query, key, value = draw(2, 3, 6, 4), draw(2, 3, 6, 4), draw(2, 3, 6, 5)
    cache, rows = None, []
    for t in range(6):
        output, cache = module.decode_step(query[:, :, t : t + 1], key[:, :, t : t + 1], value[:, :, t : t + 1], cache)
        rows.append(output)
    close(torch.cat(rows, dim=2), F.scaled_dot_product_attention(query, key, value, is_causal=True))
    close(cache, (key, value))


def test_masks_are_those_of_torch(rng):
    module = reference("causal")
    hidden = nn.Transformer.generate_square_subsequent_mask(5) == float("-inf")
    assert torch.equal(module.causal_mask(5, 5), ~hidden)
    padding = module.padding_mask(torch.tensor([0, 2, 5]), 5)
    assert padding.sum(1).tolist() == [0, 2, 5]
    both = module.combine_masks(module.causal_mask(5, 5), padding)
    assert torch.equal(both, module.causal_mask(5, 5).expand(3, 1, 5, 5) & padding[:, None, None])


# vit


def test_patches_are_those_of_unfold_and_of_a_convolution(rng):
    module = reference("vit")
    images = draw(2, 3, 8, 12)
    patches = module.patchify(images, 4)
    close(patches, F.unfold(images, 4, stride=4).mT)
    close(module.unpatchify(patches, 3, 8, 12, 4), images)
    convolution = nn.Conv2d(3, 5, kernel_size=4, stride=4).double()
    expected = convolution(images).flatten(2).mT
    close(patches @ convolution.weight.flatten(1).mT + convolution.bias, expected)


def test_a_patch_embedding_is_a_convolution_with_a_token_in_front(rng):
    embedding = reference("vit").PatchEmbedding((8, 12), 4, 3, 5).double()
    with torch.no_grad():
        embedding.cls.normal_()
    convolution = nn.Conv2d(3, 5, kernel_size=4, stride=4).double()
    with torch.no_grad():
        convolution.weight.copy_(embedding.projection.weight.unflatten(1, (3, 4, 4)))
        convolution.bias.copy_(embedding.projection.bias)
    images = draw(2, 3, 8, 12)
    tokens = torch.cat([embedding.cls.expand(2, 1, 5), convolution(images).flatten(2).mT], 1) + embedding.positions
    close(embedding(images), tokens)


def test_a_vision_transformer_is_one_of_torchs_encoder_layers(rng):
    model = reference("vit").VisionTransformer(8, 4, 3, 12, depth=2, num_heads=3, num_classes=5).double()
    layer = nn.TransformerEncoderLayer(12, 3, 48, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).double()
    with torch.no_grad():
        for block, theirs in zip(model.blocks, encoder.layers, strict=True):
            attention = block.attention
            linears = attention.W_q, attention.W_k, attention.W_v
            theirs.self_attn.in_proj_weight.copy_(torch.cat([linear.weight for linear in linears]))
            theirs.self_attn.in_proj_bias.copy_(torch.cat([linear.bias for linear in linears]))
            theirs.self_attn.out_proj.load_state_dict(attention.W_o.state_dict())
            for name in ("norm1", "norm2"):
                getattr(theirs, name).load_state_dict(getattr(block, name).state_dict())
            theirs.linear1.load_state_dict(block.feed_forward.linear1.state_dict())
            theirs.linear2.load_state_dict(block.feed_forward.linear2.state_dict())
    images = draw(2, 3, 8, 8)
    expected = model.head(model.norm(encoder(model.embedding(images)))[:, 0])
    close(model(images), expected)


@pytest.mark.parametrize("name", [exercise.name for exercise in COURSE.exercises])
def test_every_reference_has_its_twins(name):
    exercise = COURSE.exercise(name)
    for path in (exercise.stub_path, exercise.visible_path, exercise.recording_path, exercise.hidden_path):
        assert path.is_file(), path
    assert len(exercise.misconceptions) >= 6
    assert len(exercise.alternatives) >= 4


# rnn and gru


def recurrent_weights(gates, features, hidden):
    return (
        draw(gates * hidden, features),
        draw(gates * hidden, hidden),
        draw(gates * hidden),
        draw(gates * hidden),
    )


@pytest.mark.parametrize(("name", "module", "gates"), [("rnn", nn.RNN, 1), ("gru", nn.GRU, 3)])
def test_a_recurrent_layer_is_torchs(rng, name, module, gates):
    weights = recurrent_weights(gates, 3, 4)
    layer = module(3, 4, batch_first=True).double()
    layer.load_state_dict(dict(zip(layer.state_dict(), weights, strict=True)))
    x, h0 = draw(2, 5, 3), draw(2, 4)
    outputs, last = layer(x, h0[None])
    ours, our_last = getattr(reference(name), f"{name}_forward")(x, h0, *weights)
    close(ours, outputs)
    close(our_last, last[0])


@pytest.mark.parametrize(("cell", "module"), [("rnn", nn.RNN), ("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_parameters_are_counted_as_torch_has_them(cell, module):
    counted = sum(parameter.numel() for parameter in module(5, 7).parameters())
    assert reference("gru").parameter_count(cell, 5, 7) == counted


def test_gradient_norms_are_those_of_autograd(rng):
    weight, h0 = draw(4, 4), draw(4)
    for name, activation in (("sigmoid", torch.sigmoid), ("tanh", torch.tanh), ("relu", torch.relu)):

        def state_after(h, steps, activation=activation):
            for _ in range(steps):
                h = activation(weight @ h)
            return h

        norms = reference("rnn").gradient_norms(weight, h0, 3, name)
        for step in (1, 2, 3):
            jacobian = torch.autograd.functional.jacobian(lambda h, s=step, f=state_after: f(h, s), h0)
            close(norms[step - 1], torch.linalg.matrix_norm(jacobian, 2))


def test_clipping_is_torchs(rng):
    gradients = [draw(3, 2), draw(4)]
    parameters = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    nn.utils.clip_grad_norm_(parameters, 0.5)
    clipped = reference("rnn").clip_gradients(gradients, 0.5)
    for ours, parameter in zip(clipped, parameters, strict=True):
        torch.testing.assert_close(ours, parameter.grad, rtol=1e-5, atol=1e-6)  # torch adds 1e-6 to the divisor


# transformer


def in_projection(attention):
    """torch's stacked weight and bias from our three linear layers."""
    linears = (attention.W_q, attention.W_k, attention.W_v)
    return torch.cat([linear.weight for linear in linears]), torch.cat([linear.bias for linear in linears])


def copy_attention(ours, theirs):
    weight, bias = in_projection(ours)
    state = {"in_proj_weight": weight, "in_proj_bias": bias}
    theirs.load_state_dict(state | {"out_proj.weight": ours.W_o.weight, "out_proj.bias": ours.W_o.bias})


def copy_rest(ours, theirs, norms):
    for name in norms:
        getattr(theirs, name).load_state_dict(getattr(ours, name).state_dict())
    theirs.linear1.load_state_dict(ours.feed_forward.linear1.state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward.linear2.state_dict())


LAYER = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True, "dtype": torch.float64}


def test_an_encoder_block_is_torchs_layer(rng):
    ours = reference("transformer").EncoderBlock(12, 3, 20).double()
    theirs = nn.TransformerEncoderLayer(12, 3, 20, **LAYER)
    copy_attention(ours.attention, theirs.self_attn)
    copy_rest(ours, theirs, ("norm1", "norm2"))
    x = draw(2, 5, 12)
    close(ours(x), theirs(x))


def test_a_decoder_block_is_torchs_layer(rng):
    ours = reference("transformer").DecoderBlock(12, 3, 20).double()
    theirs = nn.TransformerDecoderLayer(12, 3, 20, **LAYER)
    copy_attention(ours.self_attention, theirs.self_attn)
    copy_attention(ours.cross_attention, theirs.multihead_attn)
    copy_rest(ours, theirs, ("norm1", "norm2", "norm3"))
    x, memory = draw(2, 5, 12), draw(2, 7, 12)
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    close(ours(x, memory, keep=causal), theirs(x, memory, tgt_mask=~causal))


def test_layer_norm_is_torchs(rng):
    x, weight, bias = draw(2, 3, 6), draw(6), draw(6)
    close(reference("transformer").layer_norm(x, weight, bias, 1e-5), F.layer_norm(x, (6,), weight, bias, 1e-5))


# self_attention and aggregation


def test_self_attention_is_one_head_of_torchs(rng):
    ours = reference("self_attention").SelfAttention(6).double()
    theirs = nn.MultiheadAttention(6, 1, bias=False, batch_first=True, dtype=torch.float64)
    weight = torch.cat([ours.W_q.weight, ours.W_k.weight, ours.W_v.weight])
    theirs.load_state_dict({"in_proj_weight": weight, "out_proj.weight": ours.W_o.weight})
    x, keep = draw(2, 5, 6), torch.ones(5, 5, dtype=torch.bool).tril()
    output, weights = ours(x, keep)
    expected, expected_weights = theirs(x, x, x, attn_mask=~keep)
    close(output, expected)
    close(weights, expected_weights)


def test_a_masked_mean_is_that_of_a_masked_array(rng):
    hidden, keep = draw(3, 5, 2), torch.tensor([[1, 1, 0, 0, 0], [1, 0, 1, 1, 0], [1] * 5], dtype=torch.bool)
    mask = np.broadcast_to(~keep.numpy()[..., None], hidden.shape)
    expected = np.ma.masked_array(hidden.numpy(), mask).mean(axis=1)
    close(reference("aggregation").masked_mean(hidden, keep), torch.from_numpy(np.asarray(expected)))


# preprocess


def test_standardising_is_numpys(rng):
    preprocess = reference("preprocess")
    x = rng.standard_normal((7, 3)) * [1.0, 5.0, 0.1] + [0.0, 2.0, -3.0]
    mean, std = preprocess.fit_standardizer(x)
    np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(std, x.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(preprocess.unstandardize(preprocess.standardize(x, mean, std), mean, std), x, rtol=1e-12)
    np.testing.assert_allclose(preprocess.condition_number(x), np.linalg.cond(x.T @ x / 7), rtol=1e-9)


# bootstrap


def test_bootstrap_rows_are_draws_with_replacement(rng):
    rows = reference("bootstrap").bootstrap_indices(1000, 50, rng)
    assert rows.shape == (50, 1000)
    assert (rows.min(), rows.max()) == (0, 999)
    unique = np.mean([len(set(row)) for row in rows.tolist()]) / 1000
    assert abs(unique - 0.632) < 0.01


def test_out_of_bag_predictions_are_those_of_a_masked_array(rng):
    bootstrap = reference("bootstrap")
    indices = bootstrap.bootstrap_indices(8, 5, rng)
    indices[:, 0] = 3  # a row that every model has seen
    oob = bootstrap.out_of_bag(indices, 8)
    assert [set(np.flatnonzero(row)) for row in oob] == [set(range(8)) - set(row) for row in indices.tolist()]
    predictions = rng.standard_normal((5, 8, 3))
    hidden = np.ma.masked_array(predictions, np.broadcast_to(~oob[..., None], predictions.shape))
    found = bootstrap.out_of_bag_predict(predictions, oob)
    np.testing.assert_allclose(found, hidden.mean(axis=0).filled(np.nan), rtol=1e-12)
    assert np.isnan(found).all(axis=1).tolist() == (~oob.any(axis=0)).tolist()
    np.testing.assert_allclose(bootstrap.bagging_predict(predictions), np.einsum("mnc->nc", predictions) / 5)


def values_over_all_resamples(x, statistic):
    """The statistic's exact bootstrap distribution: its values over all nⁿ resamples."""
    return np.sort([statistic(np.array(resample)) for resample in product(x, repeat=len(x))])


def test_a_bootstrap_interval_is_that_of_the_exact_distribution(rng):
    x = rng.standard_normal(5)
    exact = values_over_all_resamples(x, np.mean)
    found = reference("bootstrap").bootstrap_interval(x, np.mean, 20_000, 0.8, rng)
    np.testing.assert_allclose(found, np.quantile(exact, [0.1, 0.9]), atol=0.1 * x.std())


def test_the_steps_that_bootstraps_graders_ask_for_are_missed_by_no_right_answer(rng):
    hidden = runpy.run_path(str(COURSE.exercise("bootstrap").hidden_path))
    for name, n, n_resamples, level, expected in hidden["STEPS"] + hidden["OTHER_STATISTICS"]:
        if name in ("numpy.size", "numpy.ndim"):  # the same for every resample
            continue
        x = np.sort(rng.standard_normal(n))
        values = values_over_all_resamples(x, getattr(np, name.removeprefix("numpy."))).round(12)
        for tail, value in zip(((1 - level) / 2, (1 + level) / 2), np.round(expected(x), 12), strict=True):
            below, up_to = (values < value).mean(), (values <= value).mean()
            assert below < tail < up_to
            for share in (below, up_to):
                exponent = hidden["surprise"](tail * n_resamples, n_resamples, share) if 0 < share < 1 else np.inf
                assert exponent > hidden["SURPRISE"], (name, level, tail, exponent)
