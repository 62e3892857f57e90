"""A student tries their own code on drawn inputs: what was given, and what came of it. Nothing is compared here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .course import Exercise
from .draw import Draw, keyed_seed
from .errors import StudentFault, UserError
from .i18n import _
from .inputs import KEY, Generator, Given, draw_inputs, round_
from .run import Candidate
from .subject import Module, Subject


@dataclass
class Trial:
    """One input and its outcome: an answer or a fault. state: the random state that a module was given."""

    function: str
    given: Given
    state: dict[str, torch.Tensor] | None = None
    answer: Any = None
    fault: StudentFault | None = None
    written_to: tuple[str, ...] = ()


def choose(
    inputs: dict[str, Generator], exercise: str, function: str | None, kind: str | None, seed: str
) -> list[tuple[str, Given]]:
    """The drawn inputs of one function or of all, of one kind or of all. Raises UserError where there are none."""
    if function is not None and function not in inputs:
        raise UserError(
            _("There are no inputs for {function} in the exercise {exercise}. Choose from: {known}.").format(
                function=repr(function), exercise=exercise, known=", ".join(inputs)
            )
        )
    names = [function] if function is not None else list(inputs)
    drawn = [(name, given) for name in names for given in draw_inputs(inputs[name], exercise, seed)]
    chosen = [(name, given) for name, given in drawn if kind is None or given.kind.id == kind]
    if not chosen:
        known = ", ".join(dict.fromkeys(given.kind.id for _name, given in drawn))
        raise UserError(
            _("There are no inputs of kind {kind} for {name}. Choose from: {known}.").format(
                kind=repr(kind), name=function or exercise, known=known
            )
        )
    return chosen


def trials(exercise: Exercise, candidate: Candidate, chosen: list[tuple[str, Given]], seed: str) -> Iterator[Trial]:
    """Call the candidate on each input. What its code does ends no trial but its own."""
    for function, given in chosen:
        begin_check = getattr(candidate.backend, "begin_check", None)
        if begin_check:
            begin_check()
        trial = Trial(function, given)
        subject = Subject(candidate)
        try:
            if given.on is None:
                trial.answer = getattr(subject, function)(*given.arguments.values())
            else:
                module = getattr(subject, function)(*given.arguments.values())
                trial.answer = _call_module(module, trial, keyed_seed(KEY, exercise.name, function, seed, "state"))
        except StudentFault as fault:
            trial.fault = fault
        trial.written_to = tuple(place for step in subject.transcript for place in step.outcome.mutated)
        yield trial


def _call_module(module: Any, trial: Trial, seed: int) -> Any:
    """In the dtype of its inputs, with a random state, so that no two parameters are alike."""
    if not isinstance(module, Module):
        return module
    assert trial.given.on is not None
    dtypes = [v.dtype for v in trial.given.on.values() if isinstance(v, torch.Tensor) and v.is_floating_point()]
    if dtypes:
        module.to(str(dtypes[0]))
    trial.state = Draw(seed).state(module)
    round_(trial.state)
    module.load_state_dict(trial.state)
    return module(*trial.given.on.values())


def save(chosen: list[tuple[str, Given]], path: Path) -> None:
    """Every array of these inputs as FUNCTION.KIND.ARGUMENT in an .npz file (strides are not kept)."""
    if path.suffix != ".npz":
        raise UserError(
            _("Inputs are saved as .npz files; {path} is named otherwise. Give a name that ends in .npz.").format(
                path=path
            )
        )
    arrays: dict[str, Any] = {}
    for function, given in chosen:
        for name, value in ({**given.arguments, **(given.on or {})}).items():
            parts = value if isinstance(value, tuple | list) else [value]
            for position, part in enumerate(parts):
                if isinstance(part, torch.Tensor | np.ndarray):
                    label = name if parts[0] is value else f"{name}.{position}"
                    arrays[f"{function}.{given.kind.id}.{label}"] = np.asarray(part)
    try:
        with open(path, "wb") as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise UserError(
            _("The inputs could not be written to {path}: {reason}.").format(path=path, reason=error.strerror)
        ) from None
