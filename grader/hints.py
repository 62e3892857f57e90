"""Hints in steps: a question, where to look, a nudge; never the answer. Which comes next depends on what fails.

exercises/hints/EXERCISE.toml holds three steps for each function or class that the stub leaves to be written. Where a
known mistake was recognised, its own question stands in the place of the first step.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .course import Course
from .errors import UserError
from .i18n import N_, _, language
from .progress import Progress

if TYPE_CHECKING:
    from .local import LocalReport

STEPS = 3

# For a file that no check could call anything of.
UNUSABLE = (
    N_("What does the message say: a file, a line, a kind of error? Read it from its last line upwards."),
    N_(
        "Open the line that it names and the one before it. Is a bracket, a quote or a colon missing, or an indent off?"
    ),
    N_("Take back your last change until the file loads again, then make it anew in smaller steps."),
)


@dataclass(frozen=True)
class Step:
    """One hint. id: by which it is remembered."""

    id: str
    text: str


@dataclass(frozen=True)
class Told:
    """What `grader hint` tells: the check that it is about, the steps up to the newest, and how many there are."""

    about: str
    steps: list[Step]
    total: int
    is_new: bool


Written = dict[str, dict[str, list[str]]]  # function -> language -> its steps


def load_hints(path: Path) -> Written:
    """The steps of an exercise. Raises UserError when the file is missing or is no table of steps."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no {path}: get it again from the course.") from None
    except (ValueError, OSError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        raise UserError(f"{path} cannot be used: {error}.") from None
    for name, steps in table.items():
        if not isinstance(steps, dict) or not all(_is_texts(texts) for texts in steps.values()):
            raise UserError(f"{path} cannot be used: [{name}] needs en = [three steps] and ko = [three steps].")
    return table


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def next_hint(course: Course, report: "LocalReport", progress: Progress) -> Told | None:
    """The next step for the first check that has not passed, remembered as shown; None where all pass."""
    check = report.unmet
    if check is None:
        return None
    name = report.exercise.name
    steps = steps_for(course, report)
    shown = progress.hints_shown(name)
    new = next((number for number, step in enumerate(steps) if step.id not in shown), None)
    if new is not None:
        progress.show_hint(name, steps[new].id)
    return Told(check.title, steps if new is None else steps[: new + 1], len(steps), new is not None)


def steps_for(course: Course, report: "LocalReport") -> list[Step]:
    """All steps for the first check that has not passed."""
    check = report.unmet
    if check is None:
        return []
    if not check.asked:
        return [Step(f"file.{number}", _(text)) for number, text in enumerate(UNUSABLE, 1)]
    other, _dot, function = check.asked.rpartition(".")  # a function of another file is that exercise's
    exercise = course.exercise(other) if other else report.exercise
    written = load_hints(exercise.hints_path).get(function, {})
    texts = written.get(language()) or written.get("en", [])
    steps = [Step(f"{check.asked}.{number}", text) for number, text in enumerate(texts, 1)]
    if check.hint and check.misconception:
        return [Step(check.misconception, check.hint), *steps[1:]]
    return steps
