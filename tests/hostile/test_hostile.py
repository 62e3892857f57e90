"""All attacks that have no file of tests of their own; conftest.py says what is asked of each."""

import os
import platform
from pathlib import Path

import pytest


@pytest.mark.skipif("HOSTILE_RUN_EVERY" in os.environ, reason="only a share of the attacks runs")
def test_there_are_enough_attacks_of_every_kind(attacks):
    assert len(attacks) >= 65
    verdicts = {verdict for _, attack in attacks for verdict in attack.verdict.split(" or ")}
    assert verdicts == {"timeout", "crashed", "error", "memory", "failed", "passed", "missing"}
    assert len({attack.id for _, attack in attacks}) == len(attacks)
    files = {path.stem for path in Path(__file__).parent.glob("*.py")}
    assert {family for family, _ in attacks} == {name for name in files if not name.startswith(("test_", "conftest"))}


def test_an_attack(assert_held, family, attack):
    if family == "escaping" and platform.machine() != "x86_64":
        pytest.skip("its system calls are named by their numbers on x86-64")
    assert_held(family, attack)
