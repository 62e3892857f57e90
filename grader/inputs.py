"""What a function or a class of an exercise may be given: the vocabulary of `exercises/inputs/EXERCISE.py`.

Such a file is public. It holds, for each function or class that a student writes, a generator of the same name that takes
a `Draw` and yields one `call` or `build` for each kind of input:

    def softmax(draw):
        yield call(ORDINARY, x=draw.tensor(2, 3, 4), dim=-1)

    def MultiHeadAttention(draw):
        yield build(ORDINARY, dim=6, num_heads=2).on(query=draw.tensor(2, 3, 6), key=..., value=...)
"""

import inspect
import runpy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .draw import Draw, keyed_seed
from .errors import GraderFault, UserError
from .i18n import pick
from .sandbox.inside.protocol import Named, Rng

__all__ = [
    "EXTREME",
    "FLOAT32",
    "NOT_CONTIGUOUS",
    "ORDINARY",
    "SIZE_ONE",
    "Draw",
    "Given",
    "Kind",
    "Named",
    "Rng",
    "build",
    "call",
]

# Public, and no instructor's secret: what is drawn here says nothing of what the hidden checks draw.
KEY = b"grader draw"
DECIMALS = 3

Generator = Callable[[Draw], Iterator["Given"]]


@dataclass(frozen=True)
class Kind:
    """A kind of input: its name on the command line, and what it is in a few words.

    raises: the exception that the docstring promises for such input.
    """

    id: str
    en: str
    ko: str
    raises: type[Exception] | None = None

    @property
    def text(self) -> str:
        return pick(self.en, self.ko)


ORDINARY = Kind("ordinary", "ordinary numbers in float64", "평범한 float64 값")
FLOAT32 = Kind("float32", "numbers in float32", "float32 값")
NOT_CONTIGUOUS = Kind("not-contiguous", "views that are not contiguous", "메모리에서 연속되지 않은 뷰")
SIZE_ONE = Kind("size-one", "axes of size 1", "크기가 1인 축")
EXTREME = Kind("extreme", "very large numbers", "아주 큰 수")


@dataclass(frozen=True)
class Given:
    """One input. arguments: of the function, by position; the names are for the reader.

    on: for a class, what its `forward` is given; None for a function.
    """

    kind: Kind
    arguments: dict[str, Any]
    on: dict[str, Any] | None = None


@dataclass(frozen=True)
class Built:
    """A module to be built, waiting for what it is called with."""

    kind: Kind
    arguments: dict[str, Any] = field(default_factory=dict)

    def on(self, **inputs: Any) -> Given:
        """`forward` is given these. The module gets the dtype of the first floating-point one, and a random state."""
        return Given(self.kind, self.arguments, inputs)


def call(kind: Kind, /, **arguments: Any) -> Given:
    """The function is given these, in this order."""
    return Given(kind, arguments)


def build(kind: Kind, /, **arguments: Any) -> Built:
    """The class is built with these; `.on(…)` says what the module is called with."""
    return Built(kind, arguments)


def load_inputs(path: Path) -> dict[str, Generator]:
    """The generators of a file, by the name of what they draw for. Raises UserError when there is none that works."""
    if not path.is_file():
        raise UserError(f"There is no {path}: no kinds of input are written down for this exercise.")
    try:
        names = runpy.run_path(str(path))
    except Exception as error:
        raise UserError(f"{path} cannot be used: {type(error).__name__}: {error}.") from None
    return {
        name: value
        for name, value in names.items()
        if inspect.isgeneratorfunction(value) and value.__module__ == names["__name__"] and not name.startswith("_")
    }


def draw_inputs(generator: Generator, exercise: str, seed: str) -> list[Given]:
    """One input of each kind, floating-point numbers rounded so that what is printed is exactly what is given."""
    name = getattr(generator, "__name__", "")
    try:
        given = list(generator(Draw(keyed_seed(KEY, exercise, name, seed))))
    except Exception as error:
        raise GraderFault(
            f"exercises/inputs/{exercise}.py cannot draw for {name}: {type(error).__name__}: {error}"
        ) from error
    for one in given:
        round_(one.arguments)
        round_(one.on)
    return given


def round_(value: Any) -> None:
    """Round all floating-point arrays of a value in place, which keeps their strides."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        value.round_(decimals=DECIMALS)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
        np.round(value, DECIMALS, out=value)
    elif isinstance(value, dict):
        for part in value.values():
            round_(part)
    elif isinstance(value, tuple | list):
        for part in value:
            round_(part)
