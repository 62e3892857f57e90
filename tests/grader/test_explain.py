"""grader/explain: alterations of a student's own code, what they break, and how that is shown."""

import ast
import io
import json
import re

import pytest
from rich.console import Console

from grader import i18n
from grader.course import find_course
from grader.errors import UserError
from grader.explain import explain
from grader.explain.alterations import alterations_of, most_telling_first
from grader.explain.source import Source
from grader.reports.explanation import print_explanation, save_explanation
from grader.submission import Submission

COURSE = find_course()
ATTENTION = COURSE.exercise("attention")
HANGUL = re.compile("[가-힣]")


def altered(body, parameters="x, y, keep, query, key"):
    """Phrase -> the one line that became of `body`, a function's only statement."""
    text = f"import math\nimport torch\nimport numpy as np\nfrom torch import nn\ndef f({parameters}):\n    {body}\n"
    source = Source(text)
    found = alterations_of(source, source.definitions)
    return {alteration.phrase.en: alteration.source.split("\n    ", 1)[1].rstrip("\n") for alteration in found}


@pytest.mark.parametrize(
    "body, phrase, became",
    [
        ("return x / math.sqrt(y)", "without `/ math.sqrt(y)`", "return x"),
        ("return x @ y / math.sqrt(5)", "without `math.sqrt(…)`", "return x @ y / 5"),
        ("return (x + y) * keep", "without `* keep`", "return (x + y)"),
        ("return x + (y - 2)", "without `+ (y - 2)`", "return x"),
        ("return (1 - x) * y", "without `1 -`", "return (x) * y"),
        ("return x ** 2", "without `** 2`", "return x"),
        ("return x @ y", "the two sides of `@` swapped", "return ((y) @ (x))"),
        ("return x.masked_fill(~keep, 0.0)", "without `.masked_fill(~keep, 0.0)`", "return x"),
        ("return x.masked_fill(~keep, 0.0)", "`keep` instead of `~keep`", "return x.masked_fill(keep, 0.0)"),
        ("return torch.where(keep, x, y)", "`x` instead of `torch.where(keep, x, y)`", "return x"),
        ("return query @ key.transpose(-2, -1)", "without `.transpose(-2, -1)`", "return query @ key"),
        ("return x @ y.T", "without `.T`", "return x @ y"),
        ("return torch.softmax(x, dim=-1)", "without `torch.softmax(…)`", "return x"),
        ("return torch.softmax(x, dim=-1)", "`dim=-2` instead of `dim=-1`", "return torch.softmax(x, dim=-2)"),
        ("return torch.softmax(x, 1)", "`0` instead of `1`", "return torch.softmax(x, 0)"),
        ("return x.sum(dim=1, keepdim=True)", "without `keepdim=True`", "return x.sum(dim=1)"),
        ("return x.sum(1, True)", "`False` instead of `True`", "return x.sum(1, False)"),
        ("return x.sigmoid()", "`tanh` instead of `sigmoid`", "return x.tanh()"),
        ("return torch.cat([x, y], dim=1)", "swapped: `x` ↔ `y`", "return torch.cat([y, x], dim=1)"),
        ("return x.reshape(2, y, 4)", "swapped: `2` ↔ `y`", "return x.reshape(y, 2, 4)"),
        ("return query, key", "swapped: `query` ↔ `key`", "return key, query"),
        ("r, z = x.chunk(2)", "swapped: `r` ↔ `z`", "z, r = x.chunk(2)"),
        ("return x[:, 1:]", "without `[:, 1:]`", "return x"),
        ("return x[:, 1:]", "`[:, 0:]` instead of `[:, 1:]`", "return x[:, 0:]"),
        ("return x[:, None]", "without `[:, None]`", "return x"),
        ("return x.shape[-1]", "`[-2]` instead of `[-1]`", "return x.shape[-2]"),
        ("return query @ key", "`query` instead of `key`", "return query @ query"),
        ("return x < y", "`<=` instead of `<`", "return ((x) <= (y))"),
        ("return x and y", "without `and y`", "return ((x))"),
        ("return x if keep else y", "as if `keep` were never true", "return y"),
        ("x = x.exp()", "without this statement", "pass"),
        ("x += y", "without this statement", "pass"),
        ("x[keep] = 1", "without this statement", "pass"),
        ("if keep: x.zero_()", "as if `keep` were always true", "if True: x.zero_()"),
        ("if x != y: raise ValueError(x + y)", "without refusing these arguments", "pass"),
        ("return [x * t for t in range(y)]", "the loop run backwards", "return [x * t for t in list(range(y))[::-1]]"),
        ("return nn.Parameter(x)", "without `nn.Parameter(…)`", "return x"),
        ("return torch.finfo(x.dtype).min", "`max` instead of `min`", "return torch.finfo(x.dtype).max"),
        ("return x.to(torch.float64)", "without `.to(torch.float64)`", "return x"),
        ("for t in range(1, y): x += t", "`0` instead of `1`", "for t in range(0, y): x += t"),
        ("for t in range(y): x += t", "one round of the loop less", "for t in list(range(y))[:-1]: x += t"),
        ("return x ** 3", "`6` instead of `3`", "return x ** 6"),
    ],
)
def test_a_change_and_its_words(body, phrase, became):
    got = altered(body)[phrase]
    assert ast.dump(ast.parse(got.removeprefix("return "))) == ast.dump(ast.parse(became.removeprefix("return ")))


@pytest.mark.parametrize(
    "body", ["'a text'", "raise ValueError(x + y)", "return f'{x + y}'", "z: dict[1, 2]", "return x.to(device=y)"]
)
def test_what_is_for_people_and_devices_is_left_alone(body):
    assert altered(body) == {}


def test_a_very_long_sum_is_no_trouble():
    assert "without `+ 5`" in altered("return 1 + 2 + 3" + " + y" * 500 + " + 5")


def test_the_same_words_twice_in_a_line_are_told_apart():
    assert {"without `* y` (no. 1 of 2)", "without `* y` (no. 2 of 2)"} <= altered("return x * y + keep * y").keys()


def test_a_change_stands_where_its_line_is_also_over_several_lines_and_after_wide_letters():
    text = "def f(가중치, 편향):\n    # 합\n    return (가중치 * 2\n            + 편향.sum(axis=0))\n"
    source = Source(text)
    lines = {a.phrase.en: (a.line, a.source) for a in alterations_of(source, source.definitions)}
    assert lines["without `+ 편향.sum(axis=0)`"] == (
        4,
        text.replace("가중치 * 2\n            + 편향.sum(axis=0)", "(가중치 * 2)"),
    )
    assert lines["without `axis=0`"] == (4, text.replace("axis=0", ""))
    assert lines["without `* 2`"][0] == 3


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_every_right_way_of_writing_can_be_altered(exercise):
    text = exercise.alternatives[0].source  # the reference, and what is written otherwise after it
    source = Source(text)
    found = alterations_of(source, source.definitions)
    assert len(found) > 10 and len({a.source for a in found} | {text}) == len(found) + 1
    for a in found[:: max(len(found) // 12, 1)]:
        assert sentences(a.source) <= sentences(text)  # it is Python, and nothing is told to people otherwise
        assert HANGUL.search(a.phrase.ko) and a.phrase.en
        assert a.line in next(d.lines for d in source.definitions if d.name == a.definition)


def sentences(text):
    """All docstrings and messages."""
    values = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
    return {value for value in values if isinstance(value, str) and " " in value}


def test_what_a_function_comes_to():
    source = Source(
        "import torch\nEPS = 1e-5\ndef helper(x): return x + EPS\ndef f(x): return x\ndef f(x): return helper(x)\n"
        "class Base:\n    def shared(self): return 1\nclass A(Base):\n    def __init__(self): self.b = B()\n"
        "    def forward(self, x): return self.loss(x)\n    def loss(self, x): return f(x)\n    def other(self): pass\n"
        "class B:\n    def loss(self): return 2\nclass C:\n    def loss(self): return 3\n"
    )
    assert source.reached("f") == {"f", "helper", "EPS"}
    assert source.reached("A") == {
        "A",
        "A.__init__",
        "A.forward",
        "A.loss",
        "Base",
        "B",
        "B.loss",
        "f",
        "helper",
        "EPS",
    }
    assert "A.other" in source.reached("A.other")
    assert [d.lines for d in source.definitions if d.name == "f"] == [[5]]  # the last of a name counts


def test_every_line_has_its_turn_before_the_second_change_of_any():
    source = Source("def f(x, y):\n    x = x * y + 1\n    return x.sum(dim=1, keepdim=True)\n")
    order = most_telling_first(alterations_of(source, source.definitions), cost=lambda a: -a.line)
    assert [a.line for a in order[:4]] == [3, 2, 3, 2]


@pytest.fixture
def explained(plain_server):
    """explained(source, function, exercise): the explanation of a source as a student's file."""

    def run(source, function=None, exercise=ATTENTION, seconds=60.0):
        return explain(exercise, Submission("me", exercise.name, source), plain_server, function, seconds)

    return run


def effect_of(explanation, change):
    return next(e for p in explanation.parts for line in p.lines for e in line.effects if change in e.changes)


def titles(*checks):
    """The sentences of visible checks."""
    text = ATTENTION.visible_path.read_text(encoding="utf-8")
    return [re.search(rf'def test_{check}\(.*\n    """(.*)"""', text)[1] for check in checks]


def test_what_each_line_of_attention_is_for(explained):
    explanation = explained(ATTENTION.reference_source, "scaled_dot_product_attention")
    assert [part.name for part in explanation.parts] == [
        "scaled_dot_product_attention"
    ]  # softmax has checks of its own
    assert (explanation.untried, explanation.unfinished) == (0, [])
    unscaled = effect_of(explanation, "without `/ math.sqrt(head_dim)`")
    assert (unscaled.properties, unscaled.misconception) == (titles("attention_values"), "attention-no-scale")
    assert unscaled.hint.startswith("How large does q·k get")
    masks = titles("attention_mask", "attention_nothing_to_attend_to", "attention_gradients")
    assert set(effect_of(explanation, "without `.masked_fill(~keep, lowest)`").properties) == set(masks)
    assert set(effect_of(explanation, "without `.masked_fill(~keep, 0.0)`").properties) == set(masks[1:])
    refusal = effect_of(explanation, "without refusing these arguments")
    assert refusal.properties == titles("inputs_unchanged_or_refused")
    assert effect_of(explanation, "without `.transpose(-2, -1)`").error.startswith("RuntimeError")
    line = next(line for line in explanation.parts[0].lines if "/ math.sqrt" in line.text)
    assert line.text == ATTENTION.reference_source.split("\n")[line.number - 1]
    assert line.effects[0].misconception and line.effects[-1].stops  # the most telling first


def test_needless_lines_helpers_and_loops_that_do_not_end(explained):
    source = (
        "import torch\ndef largest(x, dim):\n    return x.amax(dim, keepdim=True)\n"
        "def unused(x):\n    return x + 1\n"
        "def softmax(x, dim):\n    print('noise ' * 5000)\n    x = x.contiguous()\n    rounds = 0\n    while rounds < 1:\n"
        "        rounds += 1\n    e = (x - largest(x, dim)).exp()\n    return e / e.sum(dim, keepdim=True)\n"
    )
    explanation = explained(source, "softmax")
    assert [part.name for part in explanation.parts] == ["largest", "softmax"]
    needless = next(line for line in explanation.parts[1].lines if "contiguous" in line.text)
    assert needless.unnoticed and "without this statement" in needless.effects[0].changes
    step = next(line for line in explanation.parts[1].lines if "rounds += 1" in line.text)
    assert step.effects[0].endless and step.effects[0].stops
    assert effect_of(explanation, "without `- largest(x, dim)`").properties == titles("softmax_large_numbers")
    assert effect_of(explanation, "without `keepdim=True`").noticed  # in the helper, or in softmax


def test_what_does_not_pass_is_not_explained_and_named(explained):
    wrong = ATTENTION.reference_source.replace(" / math.sqrt(head_dim)", "")
    explanation = explained(wrong, seconds=-1.0)
    assert explanation.unfinished == ["scaled_dot_product_attention"]
    assert [part.name for part in explanation.parts] == ["softmax", "seq2seq_attention"]
    with pytest.raises(UserError, match="scaled_dot_product_attention does not pass its visible checks yet"):
        explained(wrong, "scaled_dot_product_attention")


@pytest.mark.parametrize(
    "source, function, message",
    [
        (None, None, "no file"),
        ("def f(:\n", None, "attention.py is not valid Python yet"),
        ("x = (" * 5000, None, "is not valid Python yet"),
        ("def softmax(x, dim): return x\n", "softmx", "There is no softmx in attention.py. Choose from: softmax"),
        ("def softmax(x, dim): return x\n", None, "does not pass its visible checks yet"),
        ("def softmax(x, dim): raise NotImplementedError\n", "softmax", "Get it green first: grader check attention"),
        ("raise KeyError('k')\ndef softmax(x, dim): return x\n", None, "does not pass its visible checks yet"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_refused_in_a_sentence(explained, plain_server, source, function, message):
    submission = Submission("me", "attention", source, problem="missing", reason="no file")
    with pytest.raises(UserError, match=re.escape(message)):
        explain(ATTENTION, submission, plain_server, function)


def test_what_there_was_no_time_for_is_counted(explained, toy):
    explanation = explained(toy.reference_source, exercise=toy, seconds=-1.0)
    assert (explanation.tried, explanation.untried > 5) == (0, True)
    lines = [line for part in explanation.parts for line in part.lines]
    assert sum(line.untried for line in lines) == explanation.untried
    assert not any(line.effects or line.unnoticed for line in lines)
    assert "there was no time for this line" in shown(explanation)
    assert f"{explanation.untried} changes were not tried, as the time was up" in shown(explanation)


def shown(explanation, everything=False, width=80):
    text = io.StringIO()
    print_explanation(Console(file=text, width=width, highlight=False, no_color=True), explanation, everything)
    return text.getvalue()


def test_the_view_fits_the_terminal_and_steers_nothing(explained, toy):
    source = toy.reference_source.replace(
        "return (values * values).sum()", "# \x1b[31m[red]\n    return (values * values * np.ones_like(values) * values ** 0).sum(axis=0)"
    )  # fmt: skip
    explanation = explained(source, exercise=toy)
    text = shown(explanation)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text and "[red]" in text
    assert "✗ total is the sum of the squares." in text
    assert "Affine.forward" in text and "center" in text
    assert len(shown(explanation, everything=True).splitlines()) >= len(text.splitlines())
    assert max(map(len, shown(explanation, width=40).splitlines())) <= 40


def test_korean(explained, toy):
    i18n.set_language("ko")
    explanation = explained(toy.reference_source, "total", exercise=toy)
    effect = effect_of(explanation, "`.sum()` 없이")
    assert effect.properties == ["total은 제곱의 합이에요."]
    assert "✗ total은 제곱의 합이에요." in shown(explanation)


def test_a_record_is_plain_data_and_is_written_whole(explained, toy, tmp_path):
    explanation = explained(toy.reference_source, "Affine", exercise=toy)
    assert {part.name for part in explanation.parts} == {"Affine.__init__", "Affine.forward"}
    save_explanation(explanation, tmp_path / "out.json")
    record = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert record["exercise"] == "toy" and record["tried"] == explanation.tried > 0
    effects = [e for part in record["parts"] for line in part["lines"] for e in line["effects"]]
    assert {"without `+ self.bias`"} <= {change for e in effects if e["noticed"] for change in e["changes"]}
    with pytest.raises(UserError, match="could not be written"):
        save_explanation(explanation, tmp_path / "no" / "out.json")


def test_the_command(run_grader, toy_course, tmp_path):
    (tmp_path / "toy.py").write_text(toy_course.exercise("toy").reference_source, encoding="utf-8")
    done = run_grader(
        "explain", "toy", "total", "--json", "out.json", cwd=tmp_path, DOT2VIT_COURSE=str(toy_course.root)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "without `.sum()`" in done.stdout and "changes tried with" in done.stdout
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["parts"][0]["name"] == "total"
