"""How inputs and answers are shown: as Python that can be pasted, and as what any reader can check of them."""

import re
import sys
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.text import Text

from ..compare import describe
from ..errors import StudentFault
from ..i18n import _
from ..judge import judge
from ..sandbox.inside.protocol import Named, Rng
from ..trial import Trial
from .terminal import plain

SHOWN_VALUES = 200
WIDTH = 110


def print_trial(console: Console, trial: Trial, filename: str) -> None:
    """The input, the call, and what came of it."""
    kind = trial.given.kind
    console.print(Text.assemble((f"{trial.function} · {kind.id}", "bold"), f"  {kind.text}"))
    for line in snippet(trial):
        console.print(Text("    " + plain(line)), soft_wrap=True)
    for line in outcome_lines(trial, filename):
        console.print(Text("    " + plain(line), style="red" if trial.fault else "cyan"), soft_wrap=True)
    console.print()


def snippet(trial: Trial) -> list[str]:
    """The input and the call as Python."""
    given = trial.given
    lines = assignments(given.arguments)
    if given.on is None:
        return [*lines, f"{trial.function}({', '.join(given.arguments)})"]
    lines.append(f"module = {trial.function}({', '.join(given.arguments)})")
    if trial.state is not None:
        lines += assignments({"state": trial.state})
        dtype = next((value.dtype for value in trial.state.values() if value.is_floating_point()), None)
        conversion = f".to({dtype})" if dtype not in (None, torch.float32) else ""
        lines.append(f"module{conversion}.load_state_dict(state)")
    return [*lines, *assignments(given.on), f"module({', '.join(given.on)})"]


def assignments(values: dict[str, Any], limit: int | None = SHOWN_VALUES) -> list[str]:
    """`name = value` for each, over several lines where needed. limit: arrays of more values are only described."""
    lines = []
    for name, value in values.items():
        lines += f"{name} = {literal(value, len(name) + 3, limit)}".splitlines()
    return lines


def literal(value: Any, indent: int = 0, limit: int | None = SHOWN_VALUES) -> str:
    """A value as Python with `torch` and `np` imported, strides included."""
    if isinstance(value, torch.Tensor):
        text = f"torch.tensor({_numbers(value.detach().numpy(), indent + 13, limit)}, dtype={value.dtype})"
        if value.is_contiguous():
            return text
        text = f"torch.tensor({_numbers(value.detach().numpy(), 17, limit)}, dtype={value.dtype})"
        return f"torch.empty_strided({tuple(value.shape)}, {value.stride()}, dtype={value.dtype}).copy_(\n    {text})"
    if isinstance(value, np.ndarray):
        text = f"np.array({_numbers(value, indent + 9, limit)}, dtype={value.dtype.name!r})"
        if value.flags.c_contiguous:
            return text
        shape, itemsize = value.shape, value.itemsize
        strides = tuple(step // itemsize for step in value.strides)
        empty = f"torch.empty_strided({shape}, {strides}, dtype=torch.{value.dtype.name})"
        return f"{empty}.copy_(torch.from_numpy(\n    {text})).numpy()"
    if isinstance(value, np.generic):
        return repr(value.item())
    if isinstance(value, Rng):
        return f"np.random.default_rng({value.seed})"
    if isinstance(value, Named):
        return value.name.replace("numpy.", "np.", 1)
    if isinstance(value, dict):
        parts = [f"{key!r}: {literal(part, 4 + len(repr(key)) + 2, limit)}" for key, part in value.items()]
        return "{\n" + "".join(f"    {part},\n" for part in parts) + "}"
    if isinstance(value, tuple | list) and any(isinstance(part, torch.Tensor | np.ndarray) for part in value):
        opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
        return f"{opening}\n" + "".join(f"    {literal(part, 4, limit)},\n" for part in value) + closing
    return repr(value)


def outcome_lines(trial: Trial, filename: str) -> list[str]:
    """What the code gave or raised, and which of its arguments it wrote to."""
    if trial.fault is not None:
        return fault_lines(trial.fault, filename)
    lines = answer_lines(trial.answer)
    for place in dict.fromkeys(trial.written_to):
        function, _colon, position = place.rpartition(":")
        lines.append(
            _("{function} changed its argument {position} in place; the caller still needs it.").format(
                function=function, position=position
            )
        )
    return lines


def fault_lines(fault: StudentFault, filename: str) -> list[str]:
    """What is said of a call that gave no answer."""
    first, *others = judge(fault, filename)[1].splitlines()
    return [f"→ {first}", *(f"  {line}" for line in others)]


def answer_lines(answer: Any, in_full: bool = False) -> list[str]:
    """An answer, part by part: kind, shape, dtype, what can be seen of the numbers, the numbers where they are few.

    in_full: all numbers, in all their digits.
    """
    limit = None if in_full else SHOWN_VALUES
    lines = [f"→ {describe(answer)}"]
    parts = _arrays(answer)
    for name, part in parts:
        numbers = part.detach().numpy() if isinstance(part, torch.Tensor) else np.asarray(part)
        lines += [f"  {name}{describe(part)}"] if len(parts) > 1 or name else []
        lines += [f"  {fact}" for fact in facts(numbers)]
        lines += [f"  {line}" for line in _numbers(numbers, 0, limit, exact=in_full).splitlines()]
    return lines


def facts(numbers: np.ndarray) -> list[str]:
    """What any reader can check: finite or not, and the axes along which the numbers sum to 1."""
    if numbers.dtype.kind != "f" or numbers.size == 0:
        return []
    if not np.isfinite(numbers).all():
        nan, inf = int(np.isnan(numbers).sum()), int(np.isinf(numbers).sum())
        return [_("not finite: {nan} NaN, {inf} inf of {total} values").format(nan=nan, inf=inf, total=numbers.size)]
    found = [_("all finite, from {low} to {high}").format(low=f"{numbers.min():.6g}", high=f"{numbers.max():.6g}")]
    ones = [axis for axis in range(numbers.ndim) if np.allclose(numbers.sum(axis=axis), 1.0, atol=1e-5)]
    if ones and numbers.size > 1:
        axes = ", ".join(map(str, ones))
        found.append(_("sums to 1 along axis {axes}").format(axes=axes))
    return found


def _arrays(answer: Any, name: str = "") -> list[tuple[str, Any]]:
    if isinstance(answer, torch.Tensor | np.ndarray | np.generic):
        return [(name, answer)]
    if isinstance(answer, tuple | list):
        return [found for n, part in enumerate(answer) for found in _arrays(part, f"{name}[{n}] ")]
    if isinstance(answer, dict):
        return [found for key, part in answer.items() for found in _arrays(part, f"{name}[{key!r}] ")]
    return []


def _numbers(numbers: np.ndarray, indent: int, limit: int | None, exact: bool = True) -> str:
    """Nested lists, in as many digits as tell the numbers apart (exact) or in six."""
    if limit is not None and numbers.size > limit:
        return _("… {count} values, too many to show").format(count=numbers.size)
    text = np.array2string(
        numbers,
        separator=", ",
        threshold=sys.maxsize,
        max_line_width=max(WIDTH, indent + 40),
        prefix=" " * indent,
        floatmode="unique" if exact else "maxprec",
        precision=None if exact else 6,
    )
    return re.sub(r"\n\s*\n\s*(?=\S)", lambda gap: "\n" + gap.group().rpartition("\n")[2], text)  # no empty lines
