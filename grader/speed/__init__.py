"""Is a student's function fast enough? Judged against the reference, without trusting the code that is timed.

Three workers do the same in processes of their own: the student's, the reference's and a no-op's, which takes the same
bytes in and gives the same bytes out. In each round all three are given one fresh secret input, one after another in random
order; the clocks are read here, from outside, and whoever is not asked is stopped. What the no-op takes is taken off.

    statistics.py   from rounds to a verdict: passed, failed, or more rounds
    stopwatch.py    the three workers and one round
    device.py       what speed is judged on, and the lock of a GPU
    thresholds.py   tests/hidden/thresholds.toml
    measure.py      a check's measurement from its first round to its verdict
    bench.py        the workers that it asks, and on which device
    race.py         what a check calls `race`, and what a student reads
    memory.py       the same for peak memory
    calibrate.py    thresholds measured on this device
"""
