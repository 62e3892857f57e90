"""Is an answer the expected one, and if not, what is there to say about it?

Everything here works on values that came as bytes into this process; no method of a student's object is called.
"""

import itertools
import math
from typing import Any

import numpy as np
import torch

from .i18n import _
from .sandbox.inside.protocol import ModuleRef, Opaque

TOLERANCE = {"float64": 1e-9, "float32": 1e-5, "float16": 1e-2, "bfloat16": 5e-2}


def difference(actual: Any, expected: Any, what: str = "", tolerance: float | None = None) -> str | None:
    """None when `actual` is `expected`; else what was expected, what came, and where they differ most.

    Structure is strict, but a tuple and a list are the same. Arrays must be of the same library, shape and dtype.
    Floating point: |actual - expected| ≤ t + t·|expected|, t by dtype (1e-9 in float64, 1e-5 in float32).
    """
    what = what or _("the answer")
    if isinstance(expected, tuple | list):
        return _sequence_difference(actual, expected, what, tolerance)
    if isinstance(expected, dict):
        if not isinstance(actual, dict) or sorted(actual) != sorted(expected):
            names = ", ".join(sorted(actual)) if isinstance(actual, dict) else describe(actual)
            return _("{what}: expected {expected}, came {actual}").format(
                what=what, expected=", ".join(sorted(expected)), actual=names
            )
        parts = (difference(actual[key], value, f"{what} {key}", tolerance) for key, value in expected.items())
        return next((part for part in parts if part), None)
    if isinstance(expected, ModuleRef) and isinstance(actual, ModuleRef):
        return None  # which number a module has says nothing
    if _is_array(expected):
        return _array_difference(actual, expected, what, tolerance)
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return _number_difference(actual, expected, what, tolerance)
    if type(actual) is type(expected) and actual == expected:
        return None
    if isinstance(expected, bool) and isinstance(actual, np.bool_) and bool(actual) == expected:
        return None
    return _unlike(actual, expected, what)


def describe(value: Any) -> str:
    """A value in a few words: kind, dtype and shape of an array, the value itself when it is small."""
    if isinstance(value, torch.Tensor):
        return _("a tensor of shape {shape}, {dtype}").format(shape=tuple(value.shape), dtype=_dtype_name(value))
    if isinstance(value, np.ndarray):
        return _("an array of shape {shape}, {dtype}").format(shape=value.shape, dtype=value.dtype)
    if isinstance(value, tuple | list) and not all(isinstance(item, int | float) for item in value):
        kind = _("a tuple") if isinstance(value, tuple) else _("a list")
        return _("{kind} of {count}").format(kind=kind, count=len(value))
    if isinstance(value, dict) and not all(isinstance(item, int | float | str | None) for item in value.values()):
        # Never the repr of arrays: thousands of them take minutes.
        return _("an object of type {name}").format(name="dict")
    if isinstance(value, Opaque):
        return _("an object of type {name}").format(name=value.type_name)
    if isinstance(value, ModuleRef) or hasattr(value, "is_module_proxy"):
        return "nn.Module"
    return repr(value)[:200]


def _sequence_difference(actual: Any, expected: Any, what: str, tolerance: float | None) -> str | None:
    plain = all(isinstance(item, int | float | str | bool) for item in expected)
    if not isinstance(actual, tuple | list) or len(actual) != len(expected):
        if plain:
            return _unlike(actual, expected, what)
        return _("{what}: expected {count} parts (a tuple or a list), came {actual}").format(
            what=what, count=len(expected), actual=describe(actual)
        )
    for position, (a, e) in enumerate(zip(actual, expected, strict=True), 1):
        message = difference(a, e, _("part {position} of {what}").format(position=position, what=what), tolerance)
        if message:
            return _unlike(actual, expected, what) if plain else message
    return None


def _unlike(actual: Any, expected: Any, what: str) -> str:
    return _("{what}: expected {expected}, came {actual}").format(
        what=what, expected=describe(expected), actual=describe(actual)
    )


def _number_difference(actual: Any, expected: int | float, what: str, tolerance: float | None) -> str | None:
    if isinstance(actual, np.generic | np.ndarray | torch.Tensor) and actual.ndim == 0:
        actual = actual.item()
    if isinstance(actual, int | float) and not isinstance(actual, bool):
        exact = isinstance(expected, int)
        limit = 0.0 if exact and tolerance is None else (tolerance or TOLERANCE["float64"]) * (1 + abs(expected))
        if actual == expected or (math.isnan(actual) and math.isnan(expected)):
            return None
        if math.isfinite(expected) and abs(actual - expected) <= limit:
            return None
    return _unlike(actual, expected, what)


def _array_difference(actual: Any, expected: Any, what: str, tolerance: float | None) -> str | None:
    if type(actual) is float and np.ndim(expected) == 0 and _dtype_name(expected) == "float64":
        actual = np.float64(actual)  # a Python float is a float64 scalar
    if not _is_array(actual) or isinstance(actual, torch.Tensor) != isinstance(expected, torch.Tensor):
        return _unlike(actual, expected, what)
    a, e = _as_tensor(actual), _as_tensor(expected)
    if a.shape != e.shape:
        message = _("{what}: expected shape {expected}, came {actual}").format(
            what=what, expected=tuple(e.shape), actual=tuple(a.shape)
        )
        return _join(message, _another_layout(a, e))
    if a.dtype != e.dtype:
        return _("{what}: expected dtype {expected}, came {actual}").format(
            what=what, expected=_dtype_name(e), actual=_dtype_name(a)
        )
    wrong = _wrong_places(a, e, tolerance)
    if not wrong.any():
        return None
    return _join(_largest_difference(a, e, wrong, what), explain(a, e))


def _wrong_places(a: torch.Tensor, e: torch.Tensor, tolerance: float | None) -> torch.Tensor:
    if not e.is_floating_point():
        return a != e
    limit = tolerance or TOLERANCE[_dtype_name(e)]
    a, e = a.to(torch.float64), e.to(torch.float64)
    same_special = (a == e) | (a.isnan() & e.isnan())
    near = (a - e).abs() <= limit + limit * e.abs()
    return ~(same_special | (near & a.isfinite() & e.isfinite()))


def _largest_difference(a: torch.Tensor, e: torch.Tensor, wrong: torch.Tensor, what: str) -> str:
    gap = (a.to(torch.float64) - e.to(torch.float64)).abs()
    gap = torch.where(gap.isnan(), torch.inf, gap)
    gap = torch.where(wrong, gap, -1.0)
    place = [int(i) for i in np.unravel_index(int(gap.argmax()), tuple(e.shape))] if e.ndim else []
    expected, actual = e[tuple(place)].item(), a[tuple(place)].item()
    facts = {"wrong": int(wrong.sum()), "total": e.numel(), "shape": tuple(e.shape), "dtype": _dtype_name(e)}
    if e.dtype == torch.bool:
        return _(
            "{what}: {wrong} of {total} values differ (shape {shape}, {dtype}); the first is at {place}: "
            "expected {expected}, came {actual}"
        ).format(what=what, place=place, expected=expected, actual=actual, **facts)
    return _(
        "{what}: {wrong} of {total} values differ (shape {shape}, {dtype}); "
        "the largest difference, {gap}, is at {place}: expected {expected}, came {actual}"
    ).format(
        what=what,
        gap=f"{gap.max().item():.3g}",
        place=place,
        expected=f"{expected:.6g}",
        actual=f"{actual:.6g}",
        **facts,
    )


def explain(a: torch.Tensor, e: torch.Tensor) -> str | None:
    """What can be said of a wrong answer of the right shape without knowing the exercise; None when nothing can."""
    if not e.is_floating_point():
        if e.dtype == torch.bool and e.numel() > 1 and bool((a == ~e).all()):
            return _("It is the exact opposite: True where False was expected.")
        return None
    a, e = a.to(torch.float64), e.to(torch.float64)
    bad = ~a.isfinite() & e.isfinite()
    if bad.any():
        return _not_finite(a, bad)
    if not e.isfinite().all() or e.numel() < 2:
        return None
    return _another_layout(a, e) or _constant_factor(a, e) or _another_sum_axis(a, e)


def _not_finite(a: torch.Tensor, bad: torch.Tensor) -> str:
    kind = "NaN" if a[bad].isnan().all() else "inf"
    if a.ndim == 0:
        return _("It is {kind}.").format(kind=kind)
    rows = bad.reshape(-1, bad.shape[-1]).any(dim=-1)
    return _("{kind} in {count} of {total} rows along the last axis.").format(
        kind=kind, count=int(rows.sum()), total=rows.numel()
    )


def _another_layout(a: torch.Tensor, e: torch.Tensor) -> str | None:
    if a.numel() != e.numel() or not 2 <= e.numel() <= 100_000:
        return None
    if a.dtype == torch.bool or e.dtype == torch.bool:
        return None
    if a.ndim == e.ndim and a.ndim <= 5:
        for axes in itertools.permutations(range(a.ndim)):
            moved = a.permute(axes)
            if axes != tuple(range(a.ndim)) and moved.shape == e.shape and _near(moved, e):
                return _("The values are right, with the axes in another order: {axes}.").format(axes=axes)
    if _near(a.reshape(-1), e.reshape(-1)):
        return _("The values are right, in another shape.")
    if _near(a.reshape(-1).sort().values, e.reshape(-1).sort().values) and e.std() > 0:
        return _("The values are all there, in other places: look at how axes are split, merged or reordered.")
    return None


def _constant_factor(a: torch.Tensor, e: torch.Tensor) -> str | None:
    if e.numel() < 3 or e.max() == e.min():  # any constant is a multiple of a constant
        return None
    factor = ((a * e).sum() / (e * e).sum()).item()
    if abs(factor) > 1e-6 and _near(a, factor * e):
        return _("Every value is {factor} times what was expected.").format(factor=f"{factor:.5g}")
    return None


def _another_sum_axis(a: torch.Tensor, e: torch.Tensor) -> str | None:
    def axes_of_ones(x: torch.Tensor) -> set[int]:
        return {axis for axis in range(x.ndim) if _near(x.sum(dim=axis), torch.ones_like(x.sum(dim=axis)))}

    came, wanted = axes_of_ones(a), axes_of_ones(e)
    if came and wanted and not came & wanted:
        return _("The values sum to 1 along axis {came}; expected along axis {wanted}.").format(
            came=min(came), wanted=min(wanted)
        )
    return None


def _near(a: torch.Tensor, e: torch.Tensor) -> bool:
    return bool(torch.allclose(a.to(torch.float64), e.to(torch.float64), rtol=1e-5, atol=1e-6))


def _is_array(value: Any) -> bool:
    return isinstance(value, torch.Tensor | np.ndarray | np.generic)


def _as_tensor(value: Any) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else torch.from_numpy(np.array(value))


def _dtype_name(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.")


def _join(message: str, remark: str | None) -> str:
    return f"{message}\n{remark}" if remark else message
