"""One assignment for three graders: the functions, what students hand in, and the hidden tests, all from the tables here.

Each function below writes what one grader wants. The bodies of the tests, their inputs and expected values are the same
text in all three; `assert_close` alone is each grader's usual one (torch.testing's for nbgrader and otter-grader).
"""

import json
import textwrap
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from grader.nbgrader.notebooks import cell_metadata
from grader.notebook.cells import KERNEL

NAME = "attention"
IMPORTS = "import math\n\nimport torch"

FUNCTIONS = {
    "softmax": """\
def softmax(x):
    e = torch.exp(x - x.amax(dim=-1, keepdim=True))
    return e / e.sum(dim=-1, keepdim=True)""",
    "attention": """\
def attention(q, k, v):
    n = q.shape[-2]
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    keep = torch.ones(n, n, dtype=torch.bool).tril()
    return softmax(scores.masked_fill(~keep, -torch.inf)) @ v""",
    "heads": """\
def split_heads(x, heads):
    batch, n, width = x.shape
    return x.reshape(batch, n, heads, width // heads).transpose(1, 2)


def merge_heads(x):
    batch, heads, n, width = x.shape
    return x.transpose(1, 2).reshape(batch, n, heads * width)""",
}

# Of ten submissions: eight right ones, one wrong, one that raises.
WRONG = {"softmax": FUNCTIONS["softmax"].replace("e.sum(dim=-1", "e.sum(dim=-2")}
CRASHING = {"attention": "def attention(q, k, v):\n    return v[len(v)]"}


@dataclass(frozen=True)
class Test:
    """A hidden test, worth one point. The body may use torch, `draw`, `assert_close` and the functions in `uses`."""

    name: str
    uses: tuple[str, ...]
    body: str


HELPERS = """\
def draw(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)"""

TESTS = [
    Test("softmax_values", ("softmax",), "x = draw(1, 3, 5)\nassert_close(softmax(x), torch.softmax(x, -1))"),
    Test("softmax_axis", ("softmax",), "x = draw(2, 2, 3, 4)\nassert_close(softmax(x), torch.softmax(x, -1))"),
    Test("softmax_large", ("softmax",), "x = 1000 * draw(3, 4, 6)\nassert_close(softmax(x), torch.softmax(x, -1))"),
    Test(
        "attention_values",
        ("attention",),
        """\
q, k, v = draw(4, 2, 5, 8), draw(5, 2, 5, 8), draw(6, 2, 5, 8)
expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
assert_close(attention(q, k, v), expected)""",
    ),
    Test(
        "attention_causal",
        ("attention",),
        """\
q, k, v = draw(7, 1, 6, 4), draw(8, 1, 6, 4), draw(9, 1, 6, 4)
before = attention(q, k, v)
k[:, 4:], v[:, 4:] = 0.0, 7.0
assert_close(attention(q, k, v)[:, :4], before[:, :4])""",
    ),
    Test(
        "attention_first",
        ("attention",),
        """\
q, k, v = draw(10, 3, 4, 16), draw(11, 3, 4, 16), draw(12, 3, 4, 16)
assert_close(attention(q, k, v)[:, 0], v[:, 0])""",
    ),
    Test(
        "split_values",
        ("split_heads",),
        """\
x = draw(13, 2, 3, 8)
assert_close(split_heads(x, 4), torch.stack(x.split(2, dim=-1), dim=1))""",
    ),
    Test(
        "merge_values",
        ("merge_heads",),
        """\
x = draw(14, 2, 4, 3, 2)
assert_close(merge_heads(x), torch.cat(x.unbind(1), dim=-1))""",
    ),
    Test(
        "heads_round_trip",
        ("split_heads", "merge_heads"),
        """\
x = draw(15, 2, 5, 12)
assert_close(merge_heads(split_heads(x, 3)), x)""",
    ),
]

PEER_HELPERS = f"{IMPORTS}\nfrom torch.testing import assert_close\n\n\n{HELPERS}"


def students(count: int) -> list[str]:
    """Names that begin with a and b by turns, so that a glob finds one half of the class."""
    return [f"{'ab'[number % 2]}{number:04}" for number in range(count)]


def answers(number: int) -> dict[str, str]:
    """What the student of this number wrote, function by function; no two sources are the same."""
    changed = {8: WRONG, 9: CRASHING}.get(number % 10, {})
    return {name: f"{source}  # {number}" for name, source in (FUNCTIONS | changed).items()}


def notebook(number: int) -> nbformat.NotebookNode:
    """A notebook as a student hands it in: nbgrader's release version, filled in. All three graders are given it."""
    return _notebook(answers(number), [""] * (len(TESTS) + 1))


def hand_in(folder: Path, count: int, where: str = "{student}") -> list[Path]:
    """Write the notebooks of a class below the folder."""
    paths = []
    for number, student in enumerate(students(count)):
        path = folder / where.format(student=student) / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook(number), path)
        paths.append(path)
    return paths


def nbgrader_source() -> nbformat.NotebookNode:
    """The instructor's version for `nbgrader generate_assignment`: solutions, and hidden tests in autograder cells."""
    hidden = [f"### BEGIN HIDDEN TESTS\n{text}\n### END HIDDEN TESTS" for text in _cells_of_tests()]
    solutions = {name: f"### BEGIN SOLUTION\n{source}\n### END SOLUTION" for name, source in FUNCTIONS.items()}
    return _notebook(solutions, hidden)


def write_otter(folder: Path) -> None:
    """tests/attention.py in otter's exception-based format, for `otter generate`."""
    tests = [
        f"@test_case(points=1, hidden=True, name={test.name!r})\ndef test_{test.name}({', '.join(test.uses)}):\n"
        + textwrap.indent(test.body, "    ")
        for test in TESTS
    ]
    head = (
        f"from otter.test_files import test_case\n{PEER_HELPERS}\n\n\nOK_FORMAT = False\nname = {NAME!r}\npoints = None"
    )
    (folder / "tests").mkdir(parents=True)
    (folder / "tests" / f"{NAME}.py").write_text("\n\n\n".join([head, *tests]) + "\n")
    (folder / "otter_config.json").write_text(json.dumps({"show_stdout": True}))


def write_course(folder: Path) -> None:
    """A course of one exercise for dot2vit, with the limits of the real one."""
    checks = []
    for test in TESTS:
        given = "\n".join(f"{name} = student.{name}" for name in test.uses)
        title = test.name.replace("_", " ")
        checks.append(
            f"@check(points=1, ko={title!r})\ndef test_{test.name}(student):\n    {title!r}\n"
            + textwrap.indent(f"{given}\n{test.body}", "    ")
        )
    head = f"import torch\n\nfrom grader.checks import assert_close, check\n\n\n{HELPERS}"
    files = {
        "exercises/course.toml": _COURSE,
        f"solutions/{NAME}.py": "\n\n\n".join([IMPORTS, *FUNCTIONS.values()]),
        f"tests/hidden/test_{NAME}.py": "\n\n\n".join([head, *checks]),
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(text + "\n")


def _cells_of_tests() -> list[str]:
    return [PEER_HELPERS, *(test.body for test in TESTS)]


def _notebook(written: dict[str, str], tests: list[str]) -> nbformat.NotebookNode:
    names = ["helpers", *(test.name for test in TESTS)]
    cells = [
        new_code_cell(IMPORTS, metadata=cell_metadata("imports", locked=True)),
        *(new_code_cell(text, metadata=cell_metadata(name, solution=True)) for name, text in written.items()),
        *(
            new_code_cell(
                text, metadata=cell_metadata(f"test_{name}", grade=True, locked=True, points=int(name != "helpers"))
            )
            for name, text in zip(names, tests, strict=True)
        ),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})


_COURSE = f"""\
[course]
id = "peers"
version = "1"
title = {{ en = "Attention", ko = "어텐션" }}

[limits]
check_cpu_s = 2.0
check_wall_s = 6.0
total_cpu_s = 8.0
total_wall_s = 18.0
memory_mb = 512
scratch_mb = 16
output_kb = 64
answer_mb = 32
source_kb = 1024

[[exercise]]
name = "{NAME}"
title = {{ en = "Attention", ko = "어텐션" }}
points = {len(TESTS)}"""
