"""Alterations of statements and places: one left out, a condition forced, a loop turned round, another index, names swapped."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from . import words
from .calls import other_index, whole_number
from .place import Change, Place

UNTOUCHED = {"print", "append", "extend", "super", "__init__"}


def statement_dropped(node: ast.stmt, place: Place) -> Iterator[Change]:
    """A call for its effect, `x += …`, `x[…] = …`, and the second value that a name is given."""
    if isinstance(node, ast.Expr):
        is_telling = isinstance(node.value, ast.Call) and _name(node.value.func) not in UNTOUCHED
    elif isinstance(node, ast.AugAssign):
        is_telling = True
    elif isinstance(node, ast.Assign):
        target = node.targets[0]
        is_again = isinstance(target, ast.Name) and place.bound.get(target.id, node.lineno) < node.lineno
        is_telling = isinstance(target, ast.Subscript) or is_again
    else:
        is_telling = isinstance(node, ast.Assert)
    if is_telling:
        yield place.put(node, "pass", words.statement_left_out(), 0)


def condition_forced(node: ast.If, place: Place) -> Iterator[Change]:
    """What only refuses wrong arguments goes as a whole; other conditions become False, and True."""
    if is_guard(node):
        yield place.put(node, "pass", words.guard_left_out(), 0)
        return
    yield place.put(node.test, "False", words.never(place.text(node.test)), 0)
    yield place.put(node.test, "True", words.always(place.text(node.test)), 1)


def is_guard(node: ast.AST) -> bool:
    """An `if` that does nothing but raise."""
    return isinstance(node, ast.If) and not node.orelse and all(isinstance(part, ast.Raise) for part in node.body)


def loop_turned(node: ast.For | ast.comprehension, place: Place) -> Iterator[Change]:
    """Backwards, where the rounds differ, and with one round less."""
    walked = place.text(node.iter)
    if _name(node.target) != "_":
        yield place.put(node.iter, f"list({walked})[::-1]", words.backwards(), 1)
    yield place.put(node.iter, f"list({walked})[:-1]", words.one_round_less(), 1)


def subscript_dropped(node: ast.Subscript, place: Place) -> Iterator[Change]:
    """`x[:, 1:]` and `x[:, None]` become `x`; a single place must stay one."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    keeps_axes = all(isinstance(part, ast.Slice) or _is_new_axis(part) or _is_ellipsis(part) for part in parts)
    if isinstance(node.ctx, ast.Load) and keeps_axes:
        yield place.put(node, node.value, words.without(f"[{place.text(node.slice)}]"), 0)


def index_changed(node: ast.Subscript, place: Place) -> Iterator[Change]:
    """`x.shape[1]` becomes `x.shape[0]`, `x[:, 1:]` becomes `x[:, 0:]`."""
    if not isinstance(node.ctx, ast.Load):
        return
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for part in parts:
        for bound in (part.lower, part.upper) if isinstance(part, ast.Slice) else (part,):
            number = whole_number(bound) if bound is not None else None
            if bound is not None and number is not None:
                new = str(other_index(number))
                words_of_it = words.instead(f"[{_with(node.slice, bound, new, place)}]", f"[{place.text(node.slice)}]")
                yield place.put(bound, new, words_of_it, 1)


def _with(index: ast.expr, bound: ast.expr, new: str, place: Place) -> str:
    """What stands in the brackets, with another number."""
    (start, _), (first, last) = place.source.span(index), place.source.span(bound)
    text = place.text(index).encode()
    return text[: first - start].decode() + new + text[last - start :].decode()


def names_swapped(node: ast.Assign | ast.Return, place: Place) -> Iterator[Change]:
    """`r, z, n = …` becomes `z, r, n = …`; `return output, weights` becomes `return weights, output`."""
    values = node.targets[0] if isinstance(node, ast.Assign) else node.value
    if not isinstance(values, ast.Tuple) or any(isinstance(value, ast.Starred) for value in values.elts):
        return
    for first, second in pairwise(values.elts):
        if place.text(first) != place.text(second):
            yield place.swap(first, second, words.swapped(place.text(first), place.text(second)), 1)


def _name(node: ast.AST) -> str:
    return getattr(node, "attr", getattr(node, "id", ""))


def _is_new_axis(node: ast.AST) -> bool:
    return (isinstance(node, ast.Constant) and node.value is None) or _name(node) == "newaxis"


def _is_ellipsis(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis
