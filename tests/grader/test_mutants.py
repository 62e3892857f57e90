"""benchmarks/mutants.py: mutants are one change each, between the markers only, and keep their ids."""

import importlib.util
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent.parent
SOURCE = '''
def share(x: int, keep: bool = True) -> float:
    """The docstring, 7 lines."""
    start = 5
    # BEGIN SOLUTION
    if x != 0:
        raise ValueError(f"{x} is {1 + 1}")
    return divide(x, 2).clamp(min=1)
    # END SOLUTION
'''


@pytest.fixture(scope="module")
def mutants_of():
    spec = importlib.util.spec_from_file_location("mutants", PROJECT / "benchmarks" / "mutants.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module.mutants_of


def changes(mutants):
    return {(mutant.before, mutant.after) for mutant in mutants}


def test_only_the_solution_is_changed_and_no_text_of_an_exception(mutants_of):
    for mutant in mutants_of("toy", SOURCE):
        same = [a == b for a, b in zip(SOURCE.splitlines(), mutant.source.splitlines(), strict=False)]
        assert same[:5] == [True] * 5, mutant
        assert same.count(False) == 1 and mutant.scope == "share"
        assert "raise" not in mutant.before or mutant.after == "pass"


@pytest.mark.parametrize(
    "after",
    [
        "if x == 0:",  # mutmut's
        "if x != 1:",
        "if x != -1:",  # ours: one less
        "if x <= 0:",  # ours: every comparison
        "if keep != 0:",  # ours: every parameter
        "if False:",  # ours
        "return divide(2, x).clamp(min=1)",  # ours: arguments swapped
        "return divide(x, 2)",  # ours: a method left out
        "return divide(x, 2).clamp(min=None)",  # mutmut's
        "pass",
    ],
)
def test_operators(mutants_of, after):
    assert after in {mutant.after for mutant in mutants_of("toy", SOURCE)}


def test_ids_are_unique_and_survive_changes_elsewhere(mutants_of):
    before = mutants_of("toy", SOURCE)
    after = mutants_of("toy", "import math\n\n" + SOURCE.replace("5", "55"))
    assert len({mutant.id for mutant in before}) == len(before)
    assert [mutant.id for mutant in after] == [mutant.id for mutant in before]


def test_none_is_made_twice_and_all_compile(mutants_of):
    sources = [mutant.source for mutant in mutants_of("toy", SOURCE)]
    assert len(set(sources)) == len(sources) > 20
    for source in sources:
        compile(source, "mutant", "exec")
