"""One line of what the doctor says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["good", "warning", "bad"]


@dataclass(frozen=True)
class Finding:
    """good: works. warning: works less well, or may fail later. bad: without it nothing can be graded or checked.

    name: what was looked at, the same in every language. advice: what to do next, where there is something to do.
    """

    name: str
    state: State
    what: str
    advice: str = ""


Probe = Callable[[], Finding]


def examine(name: str, probe: Probe) -> Finding:
    """What a probe finds; a probe that breaks has found something, too."""
    try:
        return probe()
    except Exception as error:
        return Finding(name, "bad", f"{type(error).__name__}: {error}"[:500])
