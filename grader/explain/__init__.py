"""What is each line for? One place of a student's own code is altered at a time, and the visible checks tell what breaks.

source.py        the file as text with a syntax tree over it
alterations.py   every change that could teach something, by the operators of arithmetic.py, calls.py and statements.py
trying.py        the visible checks on the file as it is, and on its alterations
explanation.py   what came of it, line by line

`explain` is the whole way, in order. It is the student's own file on their own machine: their code is parsed here, and runs
in the workers that `grader check` uses.
"""

import itertools
import time
from collections.abc import Callable, Iterable

from ..course import Exercise
from ..errors import UserError
from ..i18n import _
from ..recording import load_recording
from ..sandbox.started import Server
from ..submission import Submission
from .alterations import Alteration, alterations_of, most_telling_first
from .explanation import Explanation, parts_of
from .source import Definition, Source
from .trying import VisibleChecks, Witness, limit_for

SECONDS = 14.0  # from here to the last trial: with the start of Python and torch, twice, an exercise stays within 20


def explain(
    exercise: Exercise,
    submission: Submission,
    server: Server,
    function: str | None = None,
    seconds: float = SECONDS,
    on_progress: Callable[[int, int], None] = lambda number, total: None,
) -> Explanation:
    """Alter what passes, one place at a time, for as many seconds, and say what no longer holds.

    function: one function, class or `Class.method`, with the helpers that it calls; without it, all of the file.
    on_progress: told how many alterations are begun, of how many.
    Raises UserError where there is nothing to explain: no file, no Python, no such function, or none that passes.
    """
    started = time.monotonic()
    source = _read(exercise, submission)
    if function is not None and not _named(source.definitions, function):
        known = ", ".join(definition.name for definition in source.definitions if not definition.is_given)
        raise UserError(
            _("There is no {function} in {filename}. Choose from: {known}.").format(
                function=function, filename=exercise.filename, known=known
            )
        )
    recording = load_recording(exercise.recording_path)
    checks = VisibleChecks(exercise, submission, server, recording)
    found = checks.witnesses()
    looks_at = _looks_at(source, found)
    chosen = _chosen(source, found, looks_at, function)
    ready = [definition for definition in chosen if _is_ready(definition, source, found, looks_at)]
    if not ready:
        raise UserError(
            _(
                "{what} does not pass its visible checks yet, and explain shows what the lines of working code are for. "
                "Get it green first: grader check {exercise}"
            ).format(what=function or exercise.filename, exercise=exercise.name)
        )
    on_it = {name: [one for one in found if one.passed and one.name in names] for name, names in looks_at.items()}
    alterations = most_telling_first(
        alterations_of(source, ready), lambda alteration: sum(one.seconds for one in on_it[alteration.definition])
    )
    begun = itertools.count()
    trials = checks.tried(
        [(alteration, on_it[alteration.definition]) for alteration in alterations],
        limit_for(found),
        seconds - (time.monotonic() - started),
        lambda: on_progress(next(begun), len(alterations)),
    )
    altered = {alteration.definition for alteration in alterations}
    done = {trial.alteration for trial in trials}
    return Explanation(
        exercise.name,
        exercise.title,
        parts_of(
            source,
            [definition for definition in ready if definition.name in altered],
            trials,
            _count_by_line(alteration for alteration in alterations if alteration not in done),
            {id: hint.text for id, hint in recording.hints.items()},
        ),
        checks=sum(witness.passed for witness in found),
        tried=len(trials),
        untried=len(alterations) - len(trials),
        seconds=time.monotonic() - started,
        unfinished=[definition.name for definition in chosen if definition not in ready],
    )


def _read(exercise: Exercise, submission: Submission) -> Source:
    if submission.source is None:
        raise UserError(submission.reason)
    try:
        return Source(submission.source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(
            _("{filename} is not valid Python yet. What is wrong: grader check {exercise}").format(
                filename=exercise.filename, exercise=exercise.name
            )
        ) from None


def _looks_at(source: Source, found: list[Witness]) -> dict[str, set[str]]:
    """Definition → the checks that may come to it."""
    looks_at: dict[str, set[str]] = {definition.name: set() for definition in source.definitions}
    for witness in found:
        for asked in set(witness.asked):
            for name in source.reached(asked):
                looks_at[name].add(witness.name)
    return looks_at


def _chosen(
    source: Source, found: list[Witness], looks_at: dict[str, set[str]], function: str | None
) -> list[Definition]:
    """What to explain: all that checks come to and that is the student's own; of one function, it and its helpers."""
    own = [definition for definition in source.definitions if definition.nodes]
    if function is None:
        return [definition for definition in own if looks_at[definition.name] and not definition.is_given]
    named = {definition.name for definition in _named(own, function)}
    reached = {name for start in named for name in source.reached(start)}
    asked = {name.partition(".")[0] for witness in found for name in witness.asked}
    return [
        definition
        for definition in own
        if definition.name in named
        or (definition.name in reached and definition.name.partition(".")[0] not in asked and not definition.is_given)
    ]


def _named(definitions: Iterable[Definition], function: str) -> list[Definition]:
    return [d for d in definitions if d.name == function or d.name.startswith(f"{function}.")]


def _is_ready(definition: Definition, source: Source, found: list[Witness], looks_at: dict[str, set[str]]) -> bool:
    """Whether a check that passes comes to it, and none failed right after it had called it.

    A function that checks do not call themselves is not ready either where one that calls it is not.
    """
    name = definition.name.partition(".")[0]
    passed = any(witness.passed for witness in found if witness.name in looks_at[definition.name])
    guilty = {witness.asked[-1] for witness in found if not witness.passed and witness.asked}
    if any(asked.partition(".")[0] == name for witness in found for asked in witness.asked):
        return passed and all(asked.partition(".")[0] != name for asked in guilty)
    return passed and not any(definition.name in source.reached(asked) for asked in guilty)


def _count_by_line(alterations: Iterable[Alteration]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for alteration in alterations:
        counts[alteration.line] = counts.get(alteration.line, 0) + 1
    return counts
