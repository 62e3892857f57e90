"""What an author writes checks with: the mark, and assertions whose messages a student can learn from."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

from .compare import describe, difference
from .course import find_course
from .errors import CheckFailed, GraderFault, Raised, StudentFault
from .i18n import N_, _, pick
from .parameters import misfit_message
from .sandbox.inside.fault import listed
from .sandbox.inside.modules import TRAINING_MODE
from .sandbox.inside.protocol import Named, Rng
from .sandbox.inside.session import GLOBAL_GENERATOR
from .subject import Module, Subject

__all__ = [
    "N_",
    "CheckFailed",
    "Named",
    "Rng",
    "assert_close",
    "assert_global_generator_untouched",
    "assert_parameters",
    "assert_raises",
    "assert_unchanged",
    "check",
    "course_module",
    "require",
    "unpack",
]

Test = TypeVar("Test", bound=Callable[..., None])


def check(
    *,
    points: float,
    ko: str,
    needs: str | tuple[str, ...] = (),
    kind: str = "",
    cpu_s: float | None = None,
    diagnosed: bool = True,
    drawn: bool = True,
) -> Callable[[Test], Test]:
    """Mark a test function as a check worth `points`; `ko` is its docstring's sentence in Korean.

    needs: names of the checks of this file that must pass for this one to run and to pay.
    kind: the one kind of `exercises/inputs/` that this check is about, named to a student who fails it.
    cpu_s: another limit of CPU seconds for this check than course.toml's check_cpu_s.
    diagnosed: whether the misconceptions are run on its inputs when it fails; not where that takes long.
    drawn: whether `grader draw` has inputs like its own; not where whole data sets are trained on.
    """

    def put(test: Test) -> Test:
        if not test.__doc__:
            raise TypeError(f"{test.__name__} needs a docstring: it is the sentence that the student reads")
        names = (needs,) if isinstance(needs, str) else needs
        mark = pytest.mark.check(
            points=points, ko=ko, needs=names, kind=kind, cpu_s=cpu_s, diagnosed=diagnosed, drawn=drawn
        )
        marked: Test = mark(test)
        return marked

    return put


def course_module(test_file: str, name: str) -> ModuleType:
    """A file of the course's exercises/ folder that students have too, as a module: `course_module(__file__, "tasks")`."""
    path = find_course(Path(test_file).parent).root / "exercises" / f"{name}.py"
    module = ModuleType(name)
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), module.__dict__)
    return module


def assert_close(actual: Any, expected: Any, what: str = "", tolerance: float | None = None, **facts: Any) -> None:
    """Structure, library, shape, dtype and values agree (see compare.difference). Raises CheckFailed.

    what: what is compared, in words that the catalogue translates; `facts` take the places of its {placeholders}, after
    that. Never an f-string: what is put together when the check runs cannot be translated.
    """
    facts = {name: _(fact) if isinstance(fact, str) and fact else fact for name, fact in facts.items()}
    message = difference(actual, expected, _(what).format(**facts) if what else "", tolerance)
    if message:
        raise CheckFailed(message)


def assert_raises(error: type[Exception], function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """The call raises this built-in exception. Raises CheckFailed when it gives an answer."""
    try:
        answer = function(*args, **kwargs)
    except Raised as raised:
        if raised.fault.kind == "raised" and error.__name__ in raised.fault.types:
            return
        if raised.fault.kind != "raised":
            raise
        raise CheckFailed(
            _("{function} should raise {expected} here; it raised {actual}: {message}").format(
                function=getattr(function, "__name__", ""),
                expected=error.__name__,
                actual=raised.fault.name,
                message=raised.fault.message[:200],
            )
        ) from None
    except (StudentFault, GraderFault):
        raise
    except error:
        return  # only where the student's code runs in this very process (pytest exercises/checks)
    raise CheckFailed(
        _("{function} should raise {expected} here; it returned {actual}").format(
            function=getattr(function, "__name__", ""), expected=error.__name__, actual=describe(answer)
        )
    )


def assert_unchanged(student: Subject) -> None:
    """No call of this check wrote to an argument. Raises CheckFailed."""
    for step in student.transcript:
        for place in step.outcome.mutated:
            function, _colon, position = place.rpartition(":")
            if position == GLOBAL_GENERATOR:
                continue
            if position == TRAINING_MODE:
                raise CheckFailed(
                    _(
                        "{module} switches its own training mode when it is called; train() and eval() are the caller's."
                    ).format(module=function)
                )
            raise CheckFailed(
                _("{function} changed its argument {position} in place; the caller still needs it.").format(
                    function=function, position=position
                )
            )


def assert_global_generator_untouched(student: Subject) -> None:
    """No call of this check drew from NumPy's global generator or seeded it. Raises CheckFailed."""
    for step in student.transcript:
        if f"{step.name}:{GLOBAL_GENERATOR}" in step.outcome.mutated:
            raise CheckFailed(
                _(
                    "{function} drew from NumPy's global generator (np.random) or seeded it; rng alone should be used."
                ).format(function=step.name)
            )


def assert_parameters(module: Module, shapes: dict[str, tuple[int, ...]]) -> None:
    """A module has exactly these parameters, name → shape, can train all of them, and has no buffers in its state_dict.

    Raises CheckFailed, with the names.
    """
    found, trained = module.state_dict(), module.parameters()
    reshaped = [
        f"{name} {tuple(found[name].shape)} → {shape}"
        for name, shape in shapes.items()
        if name in found and tuple(found[name].shape) != shape
    ]
    names = {
        "missing": [name for name in shapes if name not in found],
        "extra": [name for name in found if name not in shapes],
        "reshaped": reshaped,
        "untrainable": [name for name in shapes if name in found and name not in trained],
    }
    message = misfit_message(module.name, {kind: listed(wrong) for kind, wrong in names.items()})
    if message:
        raise CheckFailed(message)


def unpack(value: Any, *names: str) -> tuple[Any, ...]:
    """The parts of a tuple or a list of arrays, one a name. Raises CheckFailed for anything else."""
    if not isinstance(value, tuple | list) or len(value) != len(names):
        raise CheckFailed(
            _("expected ({names}), a tuple or a list, came {actual}").format(
                names=", ".join(names), actual=describe(value)
            )
        )
    for name, part in zip(names, value, strict=True):
        if not isinstance(part, torch.Tensor | np.ndarray):
            raise CheckFailed(
                _("{name}: expected an array or a tensor, came {actual}").format(name=name, actual=describe(part))
            )
    return tuple(value)


def require(condition: Any, *, en: str, ko: str) -> None:
    """A property holds. Raises CheckFailed with the sentence in the reader's language when it does not."""
    if not bool(condition):
        raise CheckFailed(pick(en, ko))
