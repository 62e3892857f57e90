"""Attacks on time, memory and disk: most of them run into a limit, which takes as long as the limit is."""


def test_an_attack(assert_held, family, attack):
    assert_held(family, attack)
