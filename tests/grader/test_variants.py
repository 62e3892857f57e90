"""grader/variants.py: wrong, right and hostile versions composed from a reference."""

import pytest

from grader.sandbox.inside.session import Session
from grader.variants import alternative, hostile, load_variants, misconception

REFERENCE = (
    "import math\n\n\ndef f(x):\n    return g(x) + 1\n\n\ndef g(x):\n    return x * 2\n\n\nclass C:\n    value = 1\n"
)


@pytest.fixture
def load(tmp_path):
    def make(text):
        path = tmp_path / "variants.py"
        path.write_text(text, encoding="utf-8")
        return load_variants(path, REFERENCE)

    return make


def run(variant, name, *args):
    session = Session(variant.source, "toy.py")
    assert session.load().fault is None
    return session.perform("call", {"name": name, "args": args, "kwargs": {}}).value


def test_without_a_file_there_are_none(tmp_path):
    assert load_variants(tmp_path / "none.py", REFERENCE) == []


def test_a_definition_takes_the_place_of_the_one_that_it_replaces(load):
    (variant,) = load(
        '@misconception("a", replaces="g", breaks="b", en="e", ko="k")\ndef wrong(x):\n    return x * 3\n'
    )
    assert (variant.id, variant.replaces, variant.en, variant.ko, variant.breaks) == ("a", ["g"], "e", "k", "b")
    assert run(variant, "g", 2) == 6
    assert run(variant, "f", 2) == 7  # the reference's helper calls the wrong one, as in a student's file


def test_helpers_and_imports_of_the_file_come_along_but_not_the_courses(load):
    text = (
        '"""Wrong."""\nfrom fractions import Fraction\nfrom grader.variants import misconception\n'
        "from solutions.toy import g\nHALF = Fraction(1, 2)\n"
        '@misconception("a", replaces="g")\ndef wrong(x):\n    return float(x * HALF)\n'
    )
    (variant,) = load(text)
    assert run(variant, "f", 4) == 3.0
    assert "solutions" not in variant.source
    assert "grader" not in variant.source


def test_one_mistake_in_several_definitions_is_one_variant(load):
    text = (
        '@misconception("a", replaces="f", en="e", ko="k", breaks="b")\ndef one(x):\n    return g(x)\n'
        '@misconception("a", replaces="g")\ndef two(x):\n    return 0\n'
        '@misconception("b", replaces="g")\ndef three(x):\n    return 1\n'
    )
    first, second = load(text)
    assert (first.id, first.replaces, first.en) == ("a", ["f", "g"], "e")
    assert run(first, "f", 5) == 0
    assert run(second, "f", 5) == 2


def test_a_class_may_build_on_the_one_that_it_replaces(load):
    (variant,) = load(
        '@alternative("a", replaces="C")\nclass other(C):\n    def again(self):\n        return super().value\n'
    )
    session = Session(variant.source + "\n\ndef ask():\n    return C().again()\n", "toy.py")
    session.load()
    assert session.perform("call", {"name": "ask", "args": (), "kwargs": {}}).value == 1


def test_other_decorators_stay(load):
    text = "import functools\n@misconception('a', replaces='g')\n@functools.lru_cache(\n    maxsize=3\n)\ndef wrong(x):\n    return x\n"
    (variant,) = load(text)
    assert "maxsize=3" in variant.source
    assert run(variant, "g", 4) == 4


def test_an_attack_has_its_verdict(load):
    (variant,) = load('@hostile("h", replaces="g", verdict="timeout")\ndef bad(x):\n    while True: pass\n')
    assert variant.verdict == "timeout"


def test_the_marks_leave_a_definition_as_it_is():
    for mark in (
        misconception("a", replaces="g"),
        alternative("a", replaces="g"),
        hostile("a", replaces="g", verdict="x"),
    ):

        def definition():
            pass

        assert mark(definition) is definition
