"""What a student reads about a function that is too slow: by how much, and which sizes a Python loop seems to run over."""

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from ..course import Exercise
from ..errors import StudentFault
from ..i18n import N_, _
from ..text import figure
from .bench import Bench, Start
from .stopwatch import Call, Lane, Stopwatch

# A loop shows in how the time grows from small inputs, where each of its steps costs more than the arithmetic in it.
LOOP_SIZE, LOOP_GROWTH, LOOP_EXPONENT = 8, 8, 0.5
TIMES = 3
SHORTEST_S = 2e-5  # below, it is noise
CLEAR_S = 0.1  # from here on noise does not matter: once is enough
LONGEST_CALL_CPU_S = (
    2.0  # a call that takes longer ends the search: whoever is slow on purpose costs a class no minutes
)
BAR_WIDTH = 40

# What the sizes of a race may be called, and how a sentence names them.
SIZES = {
    "batch": N_("the batch"),
    "heads": N_("the heads"),
    "queries": N_("the queries"),
    "keys": N_("the keys"),
    "length": N_("the length of the sequence"),
    "rows": N_("the rows"),
    "columns": N_("the columns"),
    "inner": N_("the axis that is summed over"),
    "features": N_("the features"),
    "height": N_("the height of the image"),
    "width": N_("the width of the image"),
}


def looped_sizes(
    bench: Bench,
    exercise: Exercise,
    call: Call,
    start: Start,
    make: Callable[..., Sequence[Any]],
    sizes: dict[str, int],
) -> list[str]:
    """The sizes with which the student's time grows on small inputs, strongest first. Measured on the CPU."""
    base = {axis: min(size, LOOP_SIZE) for axis, size in sizes.items()}
    with bench.stopwatch(exercise, call, start, None) as stopwatch:
        try:
            stopwatch.prepare(make(**base))
            lane = stopwatch.student(make(**base), 0.0)
            lane.call_cpu_s = LONGEST_CALL_CPU_S
            before = _seconds(stopwatch, lane, make, base)
            growth = {axis: _seconds(stopwatch, lane, make, base | {axis: LOOP_GROWTH * base[axis]}) for axis in sizes}
        except StudentFault:  # it takes too long even for that
            return []
    exponents = {axis: math.log(after / before, LOOP_GROWTH) for axis, after in growth.items()}
    return sorted((axis for axis in sizes if exponents[axis] > LOOP_EXPONENT), key=lambda axis: -exponents[axis])


def _seconds(stopwatch: Stopwatch, lane: Lane, make: Callable[..., Sequence[Any]], sizes: dict[str, int]) -> float:
    """What a call takes on inputs of these sizes, without what the no-op takes to receive them."""

    def seconds(one: Lane, arguments: Sequence[Any]) -> float:
        one.begin(arguments)
        return one.time(arguments)[1].cpu_s

    found: list[float] = []
    while len(found) < TIMES and sum(found) < CLEAR_S:
        arguments = make(**sizes)
        found.append(seconds(lane, arguments) - seconds(stopwatch.noop, arguments))
    return max(median(found), SHORTEST_S)


def too_slow(result: dict[str, Any], looped: list[str]) -> str:
    """The sentences and the bar that a student reads."""
    return "\n".join([_verdict(result), _question(looped), bar(result)])


def too_large(result: dict[str, Any]) -> str:
    """The same about memory."""
    verdict = _("{ratio} times the memory of the reference at its peak, {allowed} allowed.").format(**_figures(result))
    question = _("Which of your intermediate results has the most elements, and is it needed as a whole?")
    return "\n".join([verdict, question, bar(result)])


def _verdict(result: dict[str, Any]) -> str:
    if result["high"] is None:
        return _("More than {ratio} times the reference's time, {allowed} allowed (on {device}).").format(
            **_figures(result)
        )
    return _(
        "{ratio} times the reference's time, {allowed} allowed "
        "(between {low} and {high} in {rounds} rounds on {device})."
    ).format(**_figures(result))


def _figures(result: dict[str, Any]) -> dict[str, Any]:
    """A measurement's facts, with the ratios in as many digits as one reads."""
    ratios = {name: figure(result[name]) for name in ("ratio", "low", "high", "allowed") if result[name] is not None}
    return result | ratios


def _question(looped: list[str]) -> str:
    if not looped:
        return _("Is something computed twice, or for more elements than are needed?")
    names = _(" and ").join(_(SIZES[axis]) for axis in looped)
    if len(looped) == 1:
        return _("The time grows with {sizes}: is there a Python loop over it?").format(sizes=names)
    return _("The time grows with {sizes}: are there Python loops over them?").format(sizes=names)


def bar(result: dict[str, Any]) -> str:
    """Reference, what is allowed, and the student's time, to scale; what does not fit ends in an arrow."""
    unit = BAR_WIDTH / max(4 * result["allowed"], 1.0)

    def drawn(ratio: float) -> str:
        length = max(round(ratio * unit), 1)
        return "█" * length if length <= BAR_WIDTH else "█" * (BAR_WIDTH - 1) + "▶"

    rows = [
        (_("reference"), 1.0),
        (_("allowed"), result["allowed"]),
        (_("yours"), result["ratio"]),
    ]
    return "\n".join(f"{drawn(ratio)} {name} {figure(ratio)}×" for name, ratio in rows)
