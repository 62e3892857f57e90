"""What goes wrong in real classes: each source gets the right verdict and one clear sentence, in the sandbox.

The source stands in the place of `center`, or of the whole file; the other functions' grades must not be touched.
"""

from pathlib import Path

import pytest

from grader.course import find_course
from grader.grade import grade
from grader.record import Settings
from grader.submission import Submission

PROJECT = Path(__file__).resolve().parent.parent.parent

TAKES_CENTER = ("test_center_values", "test_center_scalar", "test_center_keeps_its_input", "test_center_gradient")

# What a student hands in for `center`, the verdict of its value check, and a piece of the sentence.
DEFINITIONS = {
    "missing function": ("del center", "missing", "toy.py does not define center. It defines total, Affine"),
    "renamed function": ("centre = center\ndel center", "missing", "does not define center"),
    "not a function": ("center = 3", "missing", "does not define center"),
    "unfinished": ("def center(x, dim): raise NotImplementedError", "missing", "Not started: center"),
    "too few parameters": ("def center(x): return x", "error", "takes 1 positional argument but 2 were given"),
    "too many parameters": ("def center(x, dim, keep): return x", "error", "missing 1 required positional argument: 'keep'"),
    "returns nothing": ("def center(x, dim): pass", "failed", "expected a tensor of shape (2, 3, 4), float64, came None"),
    "returns a string": ("def center(x, dim): return 'x'", "failed", "came 'x'"),
    "returns a list": ("def center(x, dim): return x.tolist()", "failed", "came a list of 2"),
    "returns an array": ("def center(x, dim): return x.numpy()", "failed", "came an array of shape (2, 3, 4), float64"),
    "returns a module": ("def center(x, dim): return nn.Linear(2, 2)", "failed", "came nn.Module"),
    "returns itself": ("def center(x, dim): return center", "failed", "came an object of type function"),
    "returns a generator": ("def center(x, dim): yield x", "failed", "came an object of type generator"),
    "returns a coroutine": ("async def center(x, dim): return x", "failed", "came an object of type coroutine"),
    "wrong dtype": ("def center(x, dim): return x.float()", "failed", "expected dtype float64, came float32"),
    "integers": ("def center(x, dim): return x.long()", "failed", "expected dtype float64, came int64"),
    "complex": ("def center(x, dim): return x + 0j", "failed", "came an object of type tensor of dtype torch.complex128"),
    "wrong shape": ("def center(x, dim): return x[0]", "failed", "expected shape (2, 3, 4), came (3, 4)"),
    "empty": ("def center(x, dim): return x[:0]", "failed", "came (0, 3, 4)"),
    "NaN": ("def center(x, dim): return x * float('nan')", "failed", "NaN in 6 of 6 rows"),
    "infinite": ("def center(x, dim): return x / 0", "failed", "inf in 6 of 6 rows"),
    "raises": ("def center(x, dim):\n    y = None\n    return y.mean()", "error", "'NoneType' object has no attribute 'mean'"),
    "raises for a shape": ("def center(x, dim): return x + torch.ones(5)", "error", "must match the size of tensor"),
    "recursion": ("def center(x, dim): return center(x, dim)", "error", "RecursionError"),
    "sys.exit": ("def center(x, dim): raise SystemExit", "error", "Your code called sys.exit()"),
    "exit": ("def center(x, dim): exit(1)", "error", "exit"),
    "quits the process": ("import os\ndef center(x, dim): os._exit(0)", "crashed", "ended the Python process itself (exit status 0)"),
    "kills the process": ("import ctypes\ndef center(x, dim): ctypes.string_at(0)", "crashed", "ended by signal SIGSEGV"),
    "KeyboardInterrupt": ("def center(x, dim): raise KeyboardInterrupt", "error", "KeyboardInterrupt"),
    "an endless loop": ("def center(x, dim):\n    while True: pass", "timeout", "No answer after"),
    "sleep": ("import time\ndef center(x, dim): time.sleep(1000)", "timeout", "does your code sleep, wait or read input?"),
    "reads input": ("def center(x, dim): return input('x? ')", "error", "EOFError"),
    "memory without end": ("def center(x, dim): return torch.ones(10**10)", "memory", "more memory than it may use"),
    "a huge answer": ("def center(x, dim): return torch.zeros(10**7)", "failed", "too large"),
    "prints without end": ("def center(x, dim):\n    while True: print('x' * 1000)", "timeout", "No answer after"),
    "opens a file": ("def center(x, dim): return open('data.txt').read()", "error", "No such file or directory: 'data.txt'"),
    "the network": (
        "import urllib.request\ndef center(x, dim): return urllib.request.urlopen('http://192.0.2.1').read()",
        "error",
        "Operation not permitted",
    ),
    "a subprocess": ("import os\ndef center(x, dim): return os.system('ls')", "failed", "came"),
    "an evil exception": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\ndef center(x, dim): raise E",
        "error",
        "E: (its text cannot be read)",
    ),
    "markup and escapes": ("def center(x, dim): raise ValueError('[red]\\x1b[2J<b>=1')", "error", "[red]·[2J<b>=1"),
    "warns": ("import warnings\ndef center(x, dim):\n    warnings.warn('hm')\n    return x - x.mean(dim, keepdim=True)", "passed", ""),
}  # fmt: skip

# The whole file: every check has this verdict.
FILES = {
    "empty file": ("", "missing", "toy.py does not define"),
    "only a comment": ("# later\n", "missing", "toy.py does not define"),
    "syntax error": ("def center(x, dim)\n    return x\n", "error", "toy.py is not valid Python: expected ':'.\n  line 1: def center(x, dim)"),
    "indentation": ("def f():\nreturn 1\n", "error", "toy.py is not valid Python: expected an indented block"),
    "tabs and spaces": ("def f():\n\tx = 1\n        return x\n", "error", "toy.py is not valid Python"),
    "a notebook": ('{"cells": [], "metadata": {}, "nbformat": null}', "error", "NameError"),
    "prose": ("I could not do this exercise, sorry.", "error", "toy.py is not valid Python"),
    "deeply nested": ("x = " + "(" * 500 + ")" * 500, "error", "toy.py is not valid Python: too many nested parentheses"),
    "raises at import": ("import torch\nx = torch.ones(2) @ torch.ones(3)\n", "error", "line 2: x = torch.ones(2) @ torch.ones(3)"),
    "a missing package": ("import tensorflow_probability", "error", "No module named 'tensorflow_probability'"),
    "imports an exercise": ("from solutions.toy import *", "error", "No module named 'solutions'"),
    "sys.exit at import": ("import sys\nsys.exit(0)", "error", "Your code called sys.exit()"),
    "os._exit at import": ("import os\nos._exit(0)", "crashed", "exit status 0"),
    "an endless import": ("while True: pass", "timeout", "No answer after"),
    "a sleeping import": ("import time\ntime.sleep(1000)", "timeout", "No answer after"),
    "a huge import": ("x = bytearray(10**12)", "memory", "more memory than it may use"),
    "input at import": ("x = input()", "error", "EOFError"),
    "an assertion at import": ("assert 1 == 2, 'my own test'", "error", "AssertionError: my own test"),
    "not implemented at import": ("raise NotImplementedError", "missing", "Not started"),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_bad_definition_costs_its_own_checks(grade_source, toy, name):
    source, verdict, sentence = DEFINITIONS[name]
    graded = grade_source(f"{toy.reference_source}\n\n{source}\n")
    by_name = {check.name: check for check in graded.checks}
    value = by_name["test_center_values"]
    assert (value.verdict, sentence in value.message) == (verdict, True), value.message
    assert len(value.message) < 1500
    if verdict != "passed":
        assert sum(by_name[check].points for check in TAKES_CENTER) == 0
    assert {check.verdict for check in graded.checks if check.name not in TAKES_CENTER} == {"passed"}
    assert not graded.needs_review


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_gets_one_verdict_in_every_check(grade_source, name):
    source, verdict, sentence = FILES[name]
    graded = grade_source(source)
    assert {check.verdict for check in graded.checks} == {verdict}
    assert all(sentence in check.message for check in graded.checks), graded.checks[0].message
    assert (graded.points, graded.max_points, graded.needs_review) == (0, 10, False)


def test_a_submission_that_prints_a_lot_is_graded_and_capped(grade_source, toy):
    graded = grade_source(toy.reference_source + "\nprint('x' * 10**6)\n")
    assert graded.points == 10
    assert graded.output == "x" * 8 * 1024


# Classes: what stands in the place of the reference's class. `Right` is that class.
SAME_SIGNATURE = "    def __init__(self, *sizes):\n        super().__init__(*sizes)\n"
MODES = {
    "eval mode changes the answer": (
        "    def forward(self, *given):\n        answer = super().forward(*given)\n"
        "        return answer if self.training else scaled(answer)\n"
        "def scaled(answer): return (0.9 * answer[0], answer[1]) if isinstance(answer, tuple) else 0.9 * answer",
        "failed",
        "in eval mode",
    ),
    "eval mode changes the parameters": (
        "    def train(self, mode=True):\n        with torch.no_grad():\n"
        "            for parameter in self.parameters(): parameter.mul_(1.5)\n        return super().train(mode)",
        "failed",
        "in eval mode",
    ),
    "forward switches the mode": (
        "    def forward(self, *given):\n        self.train(not self.training)\n        return super().forward(*given)",
        "failed",
        "{name} switches its own training mode when it is called",
    ),
}
FROZEN = "nn.Module.__delattr__(self.{part}, 'weight'); self.{part}.register_buffer('weight', torch.ones(self.{part}.{size}))"
CLASSES = {
    ("multihead", "MultiHeadAttention", "test_weights"): {
        "extra": (SAME_SIGNATURE + "        self.gain = nn.Parameter(torch.ones(1))", "failed", "MultiHeadAttention has parameters or buffers that are not asked for: gain."),
        "missing": (SAME_SIGNATURE + "        self.W_o = nn.Identity()", "failed", "MultiHeadAttention lacks parameters that it should have after __init__: W_o.weight, W_o.bias."),
        "renamed": (
            SAME_SIGNATURE + "        self.out = self.W_o\n        del self.W_o",
            "failed",
            "after __init__: W_o.weight, W_o.bias. MultiHeadAttention has parameters or buffers that are not asked for: out.weight, out.bias.",
        ),
        "another shape": (SAME_SIGNATURE + "        self.W_q = nn.Linear(sizes[0], 4)", "failed", "of another shape (yours → expected): W_q.weight (4, 12) → (12, 12), W_q.bias (4,) → (12,)."),
        "made in forward": (
            "    def __init__(self, *sizes):\n        nn.Module.__init__(self)\n"
            "    def forward(self, query, *others):\n        self.W_q = nn.Linear(12, 12)\n        return query, query",
            "failed",
            "lacks parameters that it should have after __init__: W_q.weight, W_q.bias, W_k.weight",
        ),
        "only the output": ("    def forward(self, *given): return super().forward(*given)[0]", "failed", "expected (output, weights), a tuple or a list, came a tensor of shape (2, 5, 12)"),
        "another __init__": ("    def __init__(self, dim): super().__init__(dim, 2)", "error", "MultiHeadAttention is called with the arguments that its stub has, and does not take them: MultiHeadAttention.__init__() takes 2 positional arguments but 3 were given."),
        "no super().__init__": ("    def __init__(self, dim, num_heads): self.W_q = nn.Linear(dim, dim)", "error", "before Module.__init__() call"),
    },
    ("multihead", "MultiHeadAttention", "test_parameters"): {
        "buffers": (SAME_SIGNATURE + "        " + FROZEN.format(part="W_q", size="out_features, sizes[0]"), "failed", "cannot be trained (buffers, frozen, shared or not registered): W_q.weight."),
        "frozen": (SAME_SIGNATURE + "        self.W_o.requires_grad_(False)", "failed", "shared or not registered): W_o.weight, W_o.bias."),
        "shared": (SAME_SIGNATURE + "        self.W_k = self.W_q", "failed", "shared or not registered): W_k.weight, W_k.bias."),
    },
    ("multihead", "MultiHeadAttention", "test_leaves_everything_as_it_was"): MODES,
    ("self_attention", "SelfAttention", "test_leaves_everything_as_it_was"): MODES,
    ("self_attention", "SelfAttention", "test_parameters"): {
        "a bias": (SAME_SIGNATURE + "        self.W_q = nn.Linear(*sizes, *sizes)", "failed", "not asked for: W_q.bias."),
        "renamed": (SAME_SIGNATURE + "        self.out = self.W_o\n        del self.W_o", "failed", "after __init__: W_o.weight. SelfAttention has parameters or buffers that are not asked for: out.weight."),
    },
    ("self_attention", "SelfAttention", "test_weights"): {
        "only the output": ("    def forward(self, *given): return super().forward(*given)[0]", "failed", "expected (output, weights)"),
        "another __init__": ("    def __init__(self, dim, num_heads): super().__init__(dim)", "error", "missing 1 required positional argument: 'num_heads'."),
    },
    ("transformer", "EncoderBlock", "test_inputs_unchanged"): MODES,
    ("transformer", "EncoderBlock", "test_encoder_parameters"): {
        "renamed": (SAME_SIGNATURE + "        self.ln1 = self.norm1\n        del self.norm1", "failed", "after __init__: norm1.weight, norm1.bias. EncoderBlock has parameters or buffers that are not asked for: ln1.weight, ln1.bias."),
        "buffers": (SAME_SIGNATURE + "        " + FROZEN.format(part="norm1", size="normalized_shape"), "failed", "shared or not registered): norm1.weight."),
    },
    ("transformer", "EncoderBlock", "test_encoder_values"): {
        "a pair": ("    def forward(self, *given): return super().forward(*given), None", "failed", "expected a tensor of shape (2, 5, 12), float64, came a tuple of 2"),
        "another __init__": ("    def __init__(self, dim, hidden): super().__init__(dim, 3, hidden)", "error", "EncoderBlock.__init__() takes 3 positional arguments but 4 were given."),
    },
    ("vit", "VisionTransformer", "test_inputs_unchanged"): MODES,
    ("vit", "VisionTransformer", "test_classifier_logits"): {
        "renamed": (SAME_SIGNATURE + "        self.classifier = self.head\n        del self.head", "failed", "after __init__: head.weight, head.bias. VisionTransformer has parameters or buffers that are not asked for: classifier.weight, classifier.bias."),
        "blocks in a list": (SAME_SIGNATURE + "        blocks = list(self.blocks)\n        del self.blocks\n        self.blocks = blocks", "failed", "lacks parameters that it should have after __init__: blocks.0."),
    },
    ("vit", "PatchEmbedding", "test_embedding_tokens"): {
        "another shape": (SAME_SIGNATURE + "        self.cls = nn.Parameter(torch.zeros(10))", "failed", "(yours → expected): cls (10,) → (1, 1, 10)."),
        "another __init__": ("    def __init__(self, image_size, patch_size, dim): super().__init__(image_size, patch_size, 1, dim)", "error", "takes 4 positional arguments but 5 were given."),
    },
    ("vit", "PatchEmbedding", "test_embedding_parameters"): {
        "buffers": (SAME_SIGNATURE + "        values = self.positions.detach()\n        del self.positions\n        self.register_buffer('positions', values)", "failed", "These cannot be trained: positions."),
    },
}  # fmt: skip


@pytest.mark.parametrize(("exercise", "name", "check"), CLASSES)
def test_a_bad_class_is_told_what_is_wrong_with_it(bwrap_server, exercise, name, check):
    course = find_course(PROJECT)
    reference = course.exercise(exercise).reference_source
    submissions = [
        Submission(case, exercise, f"{reference}\n\nRight = {name}\nclass {name}(Right):\n{body}\n")
        for case, (body, _, _) in CLASSES[exercise, name, check].items()
    ]
    grades = grade(course, course.exercise(exercise), submissions, Settings(secret=b"secret"), bwrap_server)
    for graded in grades:
        _, verdict, sentence = CLASSES[exercise, name, check][graded.student]
        found = next(result for result in graded.checks if result.name == check)
        assert (found.verdict, sentence.format(name=name) in found.message) == (verdict, True), found.message
        assert found.points == 0 < graded.points
        assert not graded.needs_review
