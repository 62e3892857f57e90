"""grader/speed/statistics.py: from rounds to a verdict."""

import math
import random
from statistics import median

import pytest

from grader.sandbox.client import Timing
from grader.speed.statistics import (
    CONFIDENCE,
    EARLY_FACTOR,
    EARLY_ROUNDS,
    STAGES,
    WALL_FACTOR,
    Round,
    decide,
    median_interval,
    ratio_of,
)


def timed(ratio, wall=None, noop=0.5):
    """A round whose student takes `ratio` times the reference's second beyond the no-op."""
    wall = ratio if wall is None else wall
    return Round(Timing(noop + ratio, noop + wall), Timing(noop + 1.0, noop + 1.0), Timing(noop, noop))


def times(*ratios, **facts):
    return [timed(ratio, **facts) for ratio in ratios]


def coverage(count, rank):
    """The chance that the median lies between the rank-th smallest and the rank-th largest of `count` values.

    It does unless fewer than `rank` of them fall on one side of it; each does so like a coin.
    """
    return 1 - 2 * sum(math.comb(count, k) for k in range(rank)) / 2**count


@pytest.mark.parametrize("count", range(1, 80))
def test_the_interval_is_the_narrowest_that_covers_the_median(count):
    values = list(range(count))
    random.Random(count).shuffle(values)
    low, high = median_interval(values)
    if low == -math.inf:
        assert high == math.inf
        assert coverage(count, 1) < CONFIDENCE
        return
    rank = low + 1
    assert high == count - rank
    assert coverage(count, rank) >= CONFIDENCE
    assert rank + 1 > (count + 1) // 2 or coverage(count, rank + 1) < CONFIDENCE


def test_fewer_than_eight_values_say_nothing_at_99_percent():
    assert [median_interval([1.0] * count) == (-math.inf, math.inf) for count in (0, 1, 7, 8)] == [True] * 3 + [False]
    assert EARLY_ROUNDS >= 8


@pytest.mark.parametrize("count", STAGES)
@pytest.mark.parametrize("draw", [random.Random.random, lambda source: source.paretovariate(0.7)], ids=["flat", "tail"])
def test_the_interval_covers_the_median_however_the_noise_is_distributed(count, draw):
    """2000 samples of a fixed seed: the share that misses may exceed 1% by four standard deviations at most."""
    source = random.Random(2026)
    true_median = 0.5 if draw is random.Random.random else 2 ** (1 / 0.7)
    missed = 0
    for _ in range(2000):
        low, high = median_interval([draw(source) for _ in range(count)])
        missed += not low <= true_median <= high
    share = 1 - CONFIDENCE
    assert missed <= 2000 * share + 4 * math.sqrt(2000 * share * CONFIDENCE)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.999])
def test_more_confidence_is_a_wider_interval(confidence):
    values = list(range(63))
    low, high = median_interval(values, confidence)
    wider_low, wider_high = median_interval(values, (1 + confidence) / 2)
    assert wider_low < low <= high < wider_high


@pytest.mark.parametrize("count", STAGES)
def test_a_clear_case_is_decided_at_the_first_chance(count):
    assert decide(times(*[3.9] * count), 4.0, "cpu_s") is True
    assert decide(times(*[4.1] * count), 4.0, "cpu_s") is False


@pytest.mark.parametrize("ratio", [0.1, 3.9, 4.1, 7.9])
def test_between_the_stages_nothing_is_decided(ratio):
    undecided = [count for count in range(1, STAGES[-1] + 1) if decide(times(*[ratio] * count), 4.0, "cpu_s") is None]
    assert undecided == [count for count in range(1, STAGES[-1] + 1) if count not in STAGES]


def test_what_is_far_too_slow_is_told_early():
    slow = 4.0 * EARLY_FACTOR
    assert decide(times(*[slow + 0.1] * EARLY_ROUNDS), 4.0, "cpu_s") is False
    assert decide(times(*[slow - 0.1] * EARLY_ROUNDS), 4.0, "cpu_s") is None
    assert decide(times(*[slow + 0.1] * (EARLY_ROUNDS - 1), 3.0), 4.0, "cpu_s") is None  # every single one has to be
    assert decide(times(*[0.1] * EARLY_ROUNDS), 4.0, "cpu_s") is None  # and nothing passes early


@pytest.mark.parametrize("count", STAGES)
def test_waiting_is_no_way_around_the_cpu_clock(count):
    limit = WALL_FACTOR * 4.0
    assert decide(times(*[1.0] * count, wall=limit + 0.1), 4.0, "cpu_s") is False
    assert decide(times(*[1.0] * count, wall=limit - 0.1), 4.0, "cpu_s") is True
    assert decide(times(*[1.0] * count, wall=limit - 0.1), 4.0, "wall_s") is False  # there the wall clock decides


@pytest.mark.parametrize("clock", ["cpu_s", "wall_s"])
@pytest.mark.parametrize("count", [EARLY_ROUNDS, *STAGES])
def test_nothing_is_too_slow_where_the_reference_drowns_in_the_noise_of_the_no_op(count, clock):
    """Seen under load: a reference that seemed to take less than no time, and right submissions that took 170629 times that."""
    drowned = [timed(100.0), Round(Timing(100.0, 100.0), Timing(0.3, 0.3), Timing(0.5, 0.5))]
    assert decide((drowned * count)[:count], 4.0, clock) is None
    assert decide(times(*[100.0] * count), 4.0, clock) is False


def test_who_sleeps_does_not_pass_where_the_reference_drowns_on_the_wall_clock():
    asleep = [Round(Timing(1.0, 100.0), Timing(1.5, wall), Timing(0.5, 0.5)) for wall in (0.4, 1.5)] * 8
    assert decide(asleep[:15], 4.0, "cpu_s") is None


def test_on_the_wall_clock_cpu_time_is_nothing():
    assert decide(times(*[100.0] * 15, wall=1.0), 4.0, "wall_s") is True


def test_a_few_odd_rounds_change_nothing():
    assert decide(times(*[1.0] * 13, 1000.0, 1000.0), 4.0, "cpu_s") is True
    assert decide(times(*[9.0] * 13, 0.0, 0.0), 4.0, "cpu_s") is False


@pytest.mark.parametrize("count", STAGES)
def test_who_makes_noise_does_not_pass(count):
    """Half of the rounds fast, half of them slow: undecided, and undecided is no pass."""
    scattered = [0.01 if number % 2 else 100.0 for number in range(count)]
    assert decide(times(*scattered), 4.0, "cpu_s") is None


def test_a_median_above_the_threshold_hardly_ever_passes():
    """Noise around 5% above what is allowed, in 1000 runs through all stages: each stage errs with 0.5% at most."""
    source = random.Random(7)
    passed = 0
    for _ in range(1000):
        rounds = []
        for _ in range(STAGES[-1]):
            rounds.append(timed(4.2 * source.lognormvariate(0.0, 0.3)))
            verdict = decide(rounds, 4.0, "cpu_s")
            if verdict is not None:
                passed += verdict
                break
    chance = len(STAGES) * (1 - CONFIDENCE) / 2
    assert passed <= 1000 * chance + 4 * math.sqrt(1000 * chance)


def test_what_the_noop_takes_counts_for_nobody():
    for noop in (0.0, 0.5, 50.0):
        rounds = times(*[2.0] * 15, noop=noop)
        assert ratio_of(rounds, "cpu_s") == pytest.approx((2.0, 2.0, 2.0))
        assert decide(rounds, 2.1, "cpu_s") is True
        assert decide(rounds, 1.9, "cpu_s") is False


def test_the_ratio_is_the_median_with_its_interval():
    ratios = [0.5 + 0.1 * number for number in range(31)]
    low, high = median_interval(ratios)
    assert ratio_of(times(*ratios), "cpu_s") == pytest.approx((median(ratios), low, high))
    assert ratio_of(times(*ratios, wall=7.0), "wall_s") == pytest.approx((7.0, 7.0, 7.0))


def test_one_slow_round_of_the_reference_does_not_change_the_unit():
    """Each ratio is to the reference's median: a hiccup of the reference makes nobody faster."""
    rounds = times(*[3.0] * 14)
    rounds.append(Round(Timing(3.5, 3.5), Timing(100.5, 100.5), Timing(0.5, 0.5)))
    assert ratio_of(rounds, "cpu_s") == pytest.approx((3.0, 3.0, 3.0))


def test_a_reference_that_takes_no_time_divides_nothing_by_zero():
    rounds = [Round(Timing(1.0, 1.0), Timing(0.5, 0.5), Timing(0.5, 0.5)) for _ in range(15)]
    ratio, low, high = ratio_of(rounds, "cpu_s")
    assert math.isfinite(ratio)
    assert min(ratio, low, high) > 1e6
    assert decide(rounds, 4.0, "cpu_s") is None


def test_too_few_rounds_have_a_ratio_without_bounds():
    assert ratio_of(times(1.0, 2.0, 3.0), "cpu_s") == pytest.approx((2.0, -math.inf, math.inf))
