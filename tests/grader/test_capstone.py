"""The capstone: its parts, its data, its reference against torch's own modules, and what becomes of odd submissions.

No full training is run here: `grader verify capstone` does that.
"""

import importlib.util
import inspect
import types
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.course import load_course
from grader.run import Candidate, CheckMark, Run, fresh_reference
from grader.sandbox.backend import Sandboxed
from grader.sandbox.inside.session import Session
from grader.sandbox.limits import Limits
from grader.subject import Direct, load_reference

COURSE = load_course(Path(__file__).parent.parent.parent / "exercises" / "course.toml")
CAPSTONE = COURSE.exercise("capstone")
FILES = ["gru", "attention", "multihead", "causal", "transformer", "vit"]


def load(**companions):
    """The reference's namespace and its parts; companions: other sources than the references', None for a missing file."""
    sources = CAPSTONE.reference_companions | companions
    session = Session(
        CAPSTONE.reference_source, "capstone.py", companions={k: v for k, v in sources.items() if v is not None}
    )
    session.load_openly()
    module = types.SimpleNamespace(**session.namespace)
    return module, session.companions.load("parts")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tasks():
    module = types.ModuleType("tasks")
    exec(CAPSTONE.given_sources["tasks"], module.__dict__)
    return module


def close(actual, expected, tolerance=1e-10):
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


def randomise(model):
    """Random weights everywhere, so that no zero and no one hides a mistake."""
    model.double().load_state_dict({name: 0.4 * torch.randn_like(value) for name, value in model.state_dict().items()})
    return model


# The parts


def answers_of(file, part):
    """What a part answers to random inputs of several sizes: a list of tensors."""
    torch.manual_seed(1)
    x = torch.randn(3, 5, 6).double()
    if file == "gru":
        shapes = [(3, 4), (12, 6), (12, 4), (12,), (12,)]
        return list(part(x, *(torch.randn(*shape).double() for shape in shapes)))
    if file == "attention":
        return list(part(x, torch.randn(3, 7, 6).double(), torch.tensor([7, 1, 4])))
    if file == "causal":
        return [part(1, 1), part(6, 6), part(3, 5), part(5, 3)]
    model = randomise(part(*{"multihead": (6, 3), "transformer": (6, 2, 9), "vit": (12, 3, 2, 6)}[file]))
    if file == "vit":
        return [model(torch.randn(2, 2, 12, 12).double())]
    keep = torch.rand(5, 5) < 0.5
    keep.fill_diagonal_(True)
    inputs = (x, x, x) if file == "multihead" else (x,)
    answers = [model(*inputs), model(*inputs, keep)]
    return [answer[0] for answer in answers] if file == "multihead" else answers


@pytest.mark.parametrize("file", FILES)
def test_a_provided_part_is_the_reference_s(file):
    _, parts = load()
    ours, provided = (answers_of(file, part) for part in (parts.own_part(file), parts.PROVIDED[file]))
    assert len(ours) == len(provided)
    for own, other in zip(ours, provided, strict=True):
        close(own, other)


def test_the_provided_parts_have_the_weights_that_are_checked():
    _, parts = load()
    for file, arguments in {"multihead": (6, 3), "transformer": (6, 2, 9), "vit": (12, 3, 2, 6)}.items():
        own, provided = (part(*arguments) for part in (parts.own_part(file), parts.PROVIDED[file]))
        shapes = [{name: value.shape for name, value in model.state_dict().items()} for model in (own, provided)]
        assert shapes[0] == shapes[1]


def test_the_references_are_no_wrong_parts_and_are_used():
    _, parts = load()
    assert parts.wrong_parts() == {}
    for file, name in parts.NAMES.items():
        assert getattr(parts, name) is parts.own_part(file)


BREAKS = {
    "gru": "def gru_forward(*a, own=gru_forward): return tuple(x * 0.9 for x in own(*a))",
    "attention": "def seq2seq_attention(d, e, n, own=seq2seq_attention): return own(d, e, n * 0 + e.shape[1])",
    "multihead": "own = MultiHeadAttention.forward\nMultiHeadAttention.forward = lambda self, q, k, v, keep=None: own(self, q, k, v)",
    "causal": "def causal_mask(q, k, own=causal_mask): return own(q, k).roll(1, 1)",
    "transformer": "own = EncoderBlock.forward\nEncoderBlock.forward = lambda self, x, keep=None: own(self, x, keep) - x",
    "vit": "own = PatchEmbedding.forward\nPatchEmbedding.forward = lambda self, x: own(self, x.mT)",
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    "how", ["wrong", "raises", "other shape", "TODO", "missing", "no such name", "no Python", "exits"]
)
def test_each_wrong_part_is_named_and_no_other(file, how):
    reference = CAPSTONE.used_references[file]
    name = load()[1].NAMES[file]
    raising = f"def {name}(*args): raise ValueError('broken')"
    source, reason = {
        "wrong": (f"{reference}\n{BREAKS[file]}\n", "other values than expected"),
        "raises": (f"{reference}\n{raising}\n", "ValueError: broken"),
        "other shape": (f"{reference}\n{_cut(file, name)}\n", "shape "),
        "TODO": (COURSE.exercise(file).stub_path.read_text(encoding="utf-8"), "its TODO is not started"),
        "missing": (None, "ModuleNotFoundError"),
        "no such name": (f"{reference}\ndel {name}\n", f"ImportError: {file}.py does not define {name}"),
        "no Python": ("def f(:\n", "SyntaxError"),
        "exits": ("import sys\nsys.exit('bye')\n", "SystemExit: bye"),
    }[how]
    capstone, parts = load(**{file: source})
    before = torch.get_rng_state()
    wrong = parts.wrong_parts()
    assert torch.get_rng_state().equal(before)
    assert list(wrong) == [file]
    assert wrong[file].startswith(reason)
    if how in ("missing", "no such name", "no Python", "exits"):  # what cannot be built with stands in from the start
        assert getattr(parts, name) is parts.PROVIDED[file]
    parts.use_provided(list(wrong))
    assert getattr(parts, name) is parts.PROVIDED[file]
    assert capstone.DigitViT(8, 1, 2)(torch.rand(2, 1, 8, 8)).shape == (2, 10)


def _cut(file, name):
    """Code after which the part's answer is one shorter along the first axis."""
    if file in ("gru", "attention"):
        return f"def {name}(*args, own={name}): return own(*args)[0][1:], None"
    if file == "causal":
        return f"def {name}(*args, own={name}): return own(*args)[1:]"
    cut = "(answer[0][1:], None)" if file == "multihead" else "answer[1:]"
    return (
        f"own = {name}.forward\ndef forward(self, *args):\n    answer = own(self, *args)\n    return {cut}\n"
        f"{name}.forward = forward"
    )


# The reference against torch's own modules


def torch_block(block, dim, num_heads):
    """torch's own layer with the weights of an encoder block."""
    layer = nn.TransformerEncoderLayer(
        dim, num_heads, 4 * dim, dropout=0.0, activation="gelu", batch_first=True, norm_first=True, dtype=torch.float64
    )
    attention, feed_forward = block.attention, block.feed_forward
    inputs = (attention.W_q, attention.W_k, attention.W_v)
    state = {
        "self_attn.in_proj_weight": torch.cat([linear.weight for linear in inputs]),
        "self_attn.in_proj_bias": torch.cat([linear.bias for linear in inputs]),
    }
    mapping = {
        "self_attn.out_proj": attention.W_o,
        "linear1": feed_forward.linear1,
        "linear2": feed_forward.linear2,
        "norm1": block.norm1,
        "norm2": block.norm2,
    }
    for name, module in mapping.items():
        state |= {f"{name}.weight": module.weight, f"{name}.bias": module.bias}
    layer.load_state_dict(state)
    return layer


def test_digit_vit_is_torchs_encoder_on_unfolded_patches():
    model = randomise(load()[0].DigitViT(12, 2, 3))
    images = torch.rand(3, 1, 8, 8).double()
    patches = F.unfold(images, 4, stride=4).mT
    embedding = model.embedding
    tokens = torch.cat([embedding.cls.expand(3, -1, -1), embedding.projection(patches)], dim=1) + embedding.positions
    for block in model.blocks:
        tokens = torch_block(block, 12, 3)(tokens)
    expected = model.head(F.layer_norm(tokens[:, 0], (12,), model.norm.weight, model.norm.bias))
    close(model(images), expected)
    labels = torch.tensor([3, 0, 9])
    close(model.loss(images, labels), -expected.log_softmax(1)[torch.arange(3), labels].mean())


def test_tiny_decoder_is_torchs_encoder_under_torchs_mask():
    model = randomise(load()[0].TinyDecoder(6, 9, 8, 2))
    tokens = torch.randint(0, 6, (3, 7))
    x = model.embedding(tokens) + model.positions[:, :7]
    mask = nn.Transformer.generate_square_subsequent_mask(7, dtype=torch.float64)
    expected = model.head(model.norm(torch_block(model.block, 8, 2)(x, src_mask=mask)))
    close(model(tokens), expected)
    picked = expected[:, :-1].log_softmax(-1).gather(2, tokens[:, 1:, None])
    close(model.loss(tokens), -picked.mean())
    written = model.generate(tokens, 2)
    assert written[:, :7].equal(tokens)
    for t in (7, 8):
        assert written[:, t].equal(model(written[:, :t])[:, -1].argmax(1))


def torch_gru(cell):
    gru = nn.GRU(cell.input_size, cell.hidden_size, batch_first=True, dtype=torch.float64)
    gru.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    return gru


def test_date_translator_is_torchs_gru_with_attention_written_out():
    model = randomise(load()[0].DateTranslator(9, 5, 3, 4))
    source, lengths, target = torch.randint(1, 9, (3, 7)), torch.tensor([7, 2, 5]), torch.randint(0, 5, (3, 4))
    packed = nn.utils.rnn.pack_padded_sequence(
        model.source_embedding(source), lengths, batch_first=True, enforce_sorted=False
    )
    states, last = torch_gru(model.encoder)(packed)
    states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
    read = torch.cat([torch.full((3, 1), 5), target[:, :-1]], dim=1)
    outputs, _ = torch_gru(model.decoder)(model.target_embedding(read), last)
    contexts = torch.zeros(3, 4, 4).double()
    for sample, length in enumerate(lengths):
        for step in range(4):
            weights = (states[sample, :length] @ outputs[sample, step]).softmax(0)
            contexts[sample, step] = weights @ states[sample, :length]
    expected = torch.cat([outputs, contexts], dim=-1) @ model.head.weight.T + model.head.bias
    close(model(source, lengths, target), expected)
    close(model.loss(source, lengths, target), -expected.log_softmax(-1).gather(2, target[..., None]).mean())


def test_translate_is_greedy_teacher_forcing_of_itself():
    model = randomise(load()[0].DateTranslator(9, 5, 3, 4))
    source, lengths = torch.randint(1, 9, (4, 6)), torch.tensor([6, 3, 1, 5])
    written = torch.zeros(4, 6, dtype=torch.int64)
    for t in range(6):  # the logits at t depend on the tokens before t alone
        written[:, t] = model(source, lengths, written)[:, t].argmax(1)
    assert model.translate(source, lengths, 6).equal(written)


def test_fit_is_the_loop_over_torchs_data_loader():
    capstone, _ = load()
    models = [capstone.SmallCNN().double() for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    images, labels = torch.rand(11, 1, 8, 8).double(), torch.randint(0, 10, (11,))
    told = []
    losses = capstone.fit(
        models[0], (images, labels), 3, 4, 1e-3, np.random.default_rng(5), lambda *words: told.append(words)
    )
    rng = np.random.default_rng(5)
    optimizer = torch.optim.Adam(models[1].parameters(), lr=1e-3)
    expected = []
    for _ in range(3):
        loader = DataLoader(TensorDataset(images, labels), batch_size=4, sampler=rng.permutation(11).tolist())
        sums = []
        for batch in loader:
            optimizer.zero_grad()
            each = F.cross_entropy(models[1](batch[0]), batch[1], reduction="none")
            each.mean().backward()
            optimizer.step()
            sums += each.tolist()
        expected.append(float(np.mean(sums)))
    np.testing.assert_allclose(losses, expected, rtol=1e-9)
    for name, value in models[0].state_dict().items():
        close(value, models[1].state_dict()[name])
    assert told == list(enumerate(losses, 1))


# The data


def test_dates_are_read_back_from_their_numbers_in_all_three_ways(tasks):
    pairs = tasks.dates(300, np.random.default_rng(0))
    source, lengths, target = tasks.encode_dates(pairs)
    assert (source.shape, target.shape, source.dtype) == ((300, tasks.LONGEST_DATE), (300, 8), torch.int64)
    ways = set()
    for (written, iso), numbers, length, digits in zip(pairs, source, lengths, target, strict=True):
        assert "".join(tasks.CHARACTERS[number] for number in numbers[:length]) == written
        assert not numbers[length:].any()
        assert "".join(map(str, digits.tolist())) == iso
        ways.add("년" if "년" in written else "," if "," in written else "plain")
        assert 1950 <= int(iso[:4]) <= 2049
    assert ways == {"년", ",", "plain"}
    assert source.max() < tasks.DATES["source_size"]


@pytest.mark.parametrize(
    "days, way, written",
    [(0, 0, "1 January 1950"), (36_524, 1, "Dec 31, 2049"), (18_321, 2, "2000년 2월 29일")],
)
def test_a_date_and_its_iso_form(tasks, days, way, written):
    class Chosen:
        numbers = iter((days, way))

        def integers(self, low, high, n):
            return np.array([next(self.numbers)])

    ((text, iso),) = tasks.dates(1, Chosen())
    assert text == written
    assert iso == {0: "19500101", 1: "20491231", 2: "20000229"}[way]


def test_no_date_is_longer_than_its_place_and_every_letter_has_a_number(tasks):
    source, lengths, _ = tasks.encode_dates(tasks.dates(3000, np.random.default_rng(1)))
    assert lengths.max() == tasks.LONGEST_DATE == source.shape[1]


def test_sequences_follow_their_language_and_the_best_loss_is_its_entropy(tasks):
    rng = np.random.default_rng(0)
    language = tasks.transitions(rng)
    np.testing.assert_allclose(language.sum(axis=1), 1)
    tokens = tasks.sequences(20_000, language, rng)
    assert (tokens.shape, tokens.dtype) == ((20_000, 16), torch.int64)
    pairs = np.zeros((8, 8))
    np.add.at(pairs, (tokens[:, :-1].numpy().ravel(), tokens[:, 1:].numpy().ravel()), 1)
    seen = pairs.sum(axis=1, keepdims=True)
    deviation = np.abs(pairs / seen - language) / np.sqrt(np.maximum(language * (1 - language), 1e-9) / seen)
    assert deviation[language > 1e-3].max() < 5  # of 64 shares, in standard deviations
    entropy = -(language * np.log(language)).sum(axis=1)
    assert tasks.best_loss(tokens, language) == pytest.approx(float(entropy @ seen[:, 0]) / seen.sum(), abs=0.01)


def test_nobody_knows_better_than_the_language_itself(tasks):
    rng = np.random.default_rng(3)
    language = tasks.transitions(rng)
    tokens = tasks.sequences(2000, language, rng)
    others = [tasks.transitions(rng), 0.9 * language + 0.1 / 8, np.full((8, 8), 1 / 8)]
    assert all(tasks.best_loss(tokens, other) > tasks.best_loss(tokens, language) for other in others)
    assert tasks.best_loss(tokens, np.full((8, 8), 1 / 8)) == pytest.approx(np.log(8))


def test_the_digits_are_all_there(tasks):
    images, labels = tasks.digits()
    assert (images.shape, images.dtype, labels.shape, labels.dtype) == ((1797, 1, 8, 8), torch.float32, (1797,), torch.int64)  # fmt: skip
    assert (images.min().item(), images.max().item(), labels.unique().tolist()) == (0, 1, list(range(10)))


# What becomes of odd submissions


@pytest.fixture(scope="module")
def hidden():
    """The hidden checks as a module, with trainings of a moment."""
    spec = importlib.util.spec_from_file_location("hidden_capstone", CAPSTONE.hidden_path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("DIGITS_FIT", "DATES_FIT", "SEQUENCES_FIT"):
        setattr(module.tasks, name, getattr(module.tasks, name) | {"epochs": 1})
    for name in ("DATES_TRAIN", "SEQUENCES_TRAIN"):
        setattr(module.tasks, name, 64)
    return module


def in_this_process(source, companions):
    return Direct(Session(source, "capstone.py", companions=companions))


@pytest.fixture
def check(hidden):
    """check(name, …, more=…): the last of some hidden checks on the reference with more code at its end."""

    def run_all(*names, more="", live_in=in_this_process, cpu_s=None, **companions):
        sources = {k: v for k, v in (CAPSTONE.reference_companions | companions).items() if v is not None}
        source = f"{CAPSTONE.reference_source}\n{more}\n"
        candidate = Candidate(live_in(source, sources), lambda name: 3)
        reference = load_reference(CAPSTONE.reference_source, "capstone", CAPSTONE.reference_companions)
        run = Run("capstone.py", [candidate], fresh_reference(reference))
        for name in names:
            test = getattr(hidden, name)
            mark = CheckMark(name, test.__doc__, "", 1.0, (), cpu_s=cpu_s, diagnosed=False)
            run.check(mark, candidate, test, dict.fromkeys(inspect.signature(test).parameters))
        candidate.close()
        assert run.grader_faults == []
        return candidate.results[-1]

    return run_all


LAZY = "def fit(model, data, epochs, batch_size, learning_rate, rng, on_epoch=None):\n    {}\n"


@pytest.mark.parametrize(
    "name, more, verdict, said",
    [
        ("test_digits", LAZY.format("return [float('nan')] * epochs"), "failed", "Did it diverge?"),
        ("test_dates", LAZY.format("return [0.5] * (epochs - 1)"), "failed", "Did it diverge?"),
        ("test_sequences", LAZY.format("return None"), "failed", "Did it diverge?"),
        ("test_digits", LAZY.format("return [torch.tensor(1.0)] * epochs"), "failed", "Did it diverge?"),
        ("test_digits", LAZY.format("raise FloatingPointError('the loss is nan')"), "error", "the loss is nan"),
        ("test_digits", LAZY.format("return [0.1] * epochs"), "failed", "of the test images are told apart"),
        ("test_dates", LAZY.format("return [0.1] * epochs"), "failed", "of the new dates are right"),
        ("test_sequences", LAZY.format("return [0.1] * epochs"), "failed", "is possible"),
        ("test_sequences", "TinyDecoder.loss = lambda self, tokens: self.head.bias.sum() * 0", "failed", "too good to be true"),
        ("test_digits", LAZY.format("nn.init.constant_(model.head.weight, float('nan')); return [0.1] * epochs"), "failed", "told apart"),
        ("test_fit", LAZY.format("return None"), "failed", "weights"),
        ("test_fit_losses", LAZY.format("return 3"), "failed", "cannot work with (TypeError)"),
        ("test_digit_vit", "DigitViT.forward = lambda self, images: images.new_zeros(len(images), 9)", "failed", "expected shape (3, 10), came (3, 9)"),
        ("test_digit_vit", "DigitViT.forward = lambda self, images: (images, images)", "failed", "expected a tensor of shape (3, 10)"),
        ("test_digit_vit", "DigitViT.forward = lambda self, images: None", "failed", "came None"),
        ("test_translator", "DateTranslator.forward = lambda self, s, n, t: torch.zeros(2)", "failed", "came (2,)"),
        ("test_decoder", "TinyDecoder.forward = lambda self, tokens: 'logits'", "failed", "came 'logits'"),
        ("test_generate", "del TinyDecoder.generate", "error", "TinyDecoder has no method 'generate'"),
        ("test_decoder", "del TinyDecoder", "missing", "does not define TinyDecoder"),
        ("test_minibatches", "def minibatches(n, batch_size, rng): return n", "failed", "a tuple or a list"),
        ("test_accuracy", "def accuracy(logits, labels): return 'all'", "failed", "came 'all'"),
    ],
)  # fmt: skip
def test_an_odd_submission_gets_its_verdict_and_a_sentence(check, name, more, verdict, said):
    result = check(name, more=more)
    assert (result.verdict, result.points) == (verdict, 0.0)
    assert said in result.message


MORE = "own = DigitViT.__init__\ndef build(self, *args):\n    own(self, *args)\n    {}\nDigitViT.__init__ = build\n"


@pytest.mark.parametrize(
    "change, said",
    [
        ("self.extra = nn.Linear(2, 2)", "not asked for: extra.weight"),
        ("del self.norm", "lacks parameters that it should have after __init__: norm.weight"),
        ("self.classifier = self.head; del self.head", "not asked for: classifier.weight"),
        ("self.head = nn.Linear(self.head.in_features, 11)", "another shape (yours → expected): head.weight (11, 12) → (10, 12)"),
    ],
    ids=["extra", "missing", "renamed", "another shape"],
)  # fmt: skip
def test_weights_that_do_not_fit_are_named(check, change, said):
    result = check("test_digit_vit", more=MORE.format(change))
    assert (result.verdict, result.points) == ("failed", 0.0)
    assert said in result.message


def test_a_training_that_never_ends_is_a_timeout(check, plain_server):
    limits = Limits(check_cpu_s=0.5, check_wall_s=30, total_cpu_s=30, total_wall_s=300)

    def worker(source, companions):
        return Sandboxed(plain_server, source, "capstone.py", {}, limits, companions)

    result = check("test_digits", more=LAZY.format("while True: pass"), live_in=worker, cpu_s=1.0)
    assert (result.verdict, result.points) == ("timeout", 0.0)
    assert "No answer after 1 s of computing" in result.message


@pytest.mark.parametrize(
    "file, used_by",
    [
        ("gru", "test_translator"),
        ("attention", "test_translate"),
        ("multihead", "test_decoder"),
        ("causal", "test_decoder"),
        ("transformer", "test_decoder_loss"),
        ("vit", "test_digit_vit_loss"),
    ],
)
@pytest.mark.parametrize("missing", [False, True], ids=["wrong", "missing"])
def test_a_wrong_part_costs_its_own_points_and_the_provided_one_stands_in(check, file, used_by, missing):
    source = None if missing else f"{CAPSTONE.used_references[file]}\n{BREAKS[file]}\n"
    own = check(f"test_own_{file}", **{file: source})
    assert own.verdict == ("missing" if missing else "failed")
    assert (f"There is no file {file}.py." in own.message) == missing
    assert check(f"test_own_{file}", used_by, **{file: source}).verdict == "passed"
    if not missing:  # without the verdict on it, the wrong part is what the models are built of
        assert check(used_by, **{file: source}).verdict == "failed"


def test_the_reference_passes_the_checks_that_the_odd_ones_fail(check):
    names = ["test_fit", "test_fit_losses", "test_digit_vit", "test_translator", "test_decoder", "test_generate"]
    assert all(check(name).verdict == "passed" for name in names)
