"""Functions that an exercise rules out, found in the source and while running.

Advisory: it teaches what the exercise is about. Somebody who wants to hide a call can (`getattr`, `exec`); nothing of
the trust boundary rests on it.

A forbidden entry is a dotted name ("numpy.dot"; "torch" also covers all below it), an operator ("@") or the name of a
method on any object (".dot").
"""

import ast
import functools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from .fault import Forbidden

OPERATORS = {"operator.matmul": "@", "operator.imatmul": "@"}


def forbidden_uses(source: str, forbidden: dict[str, list[str]]) -> dict[str, tuple[str, int]]:
    """For each restricted function that breaks its rule: (what it uses, line), helpers that it calls included."""
    if not forbidden:
        return {}  # as in most exercises; parsing takes a millisecond, of some fifteen of a worker
    tree = ast.parse(source)
    imports = _imported_names(tree)
    definitions = _definitions(tree)
    own_methods = {
        item.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.FunctionDef)
    }
    found = {}
    for function, entries in forbidden.items():
        for node in _reachable(function, definitions):
            use = _use(node, imports, own_methods)
            if use and _matches(use, entries):
                found[function] = (use, getattr(node, "lineno", 0))
                break
    return found


def _matches(use: str, entries: Sequence[str]) -> bool:
    return any(use == entry or use.startswith(entry + ".") for entry in entries)


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """Local name -> dotted name, for every import of the file."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _definitions(tree: ast.Module) -> dict[str, ast.AST]:
    """Top-level name -> the statement that defines it last."""
    found: dict[str, ast.AST] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found.update({target.id: node for target in node.targets if isinstance(target, ast.Name)})
    return found


def _reachable(function: str, definitions: dict[str, ast.AST]) -> Iterator[ast.AST]:
    """Every node of the function and of the top-level definitions that it names."""
    seen: set[str] = set()
    waiting = [function]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in definitions:
            continue
        seen.add(name)
        for node in ast.walk(definitions[name]):
            yield node
            if isinstance(node, ast.Name):
                waiting.append(node.id)


def _use(node: ast.AST, imports: dict[str, str], own_methods: set[str]) -> str | None:
    """What a node uses, as an entry would name it."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
        return "@"
    if isinstance(node, ast.Name) and "." in imports.get(node.id, ""):
        return OPERATORS.get(imports[node.id], imports[node.id])
    if isinstance(node, ast.Attribute):
        dotted = _dotted(node, imports)
        if dotted:
            return OPERATORS.get(dotted, dotted)
        if node.attr in ("__matmul__", "__rmatmul__", "__imatmul__"):
            return "@"
        return None if node.attr in own_methods else f".{node.attr}"
    return None


def _dotted(node: ast.Attribute, imports: dict[str, str]) -> str | None:
    parts = [node.attr]
    value = node.value
    while isinstance(value, ast.Attribute):
        parts.append(value.attr)
        value = value.value
    if isinstance(value, ast.Name) and value.id in imports:
        return ".".join([imports[value.id], *reversed(parts)])
    return None


class _Active(threading.local):
    """The restricted function that is running, and what it may not use."""

    function = ""
    entries: tuple[str, ...] | list[str] = ()


_active = _Active()


def install_numpy_guards(forbidden: dict[str, list[str]]) -> None:
    """Put a watch on the NumPy functions named, before the submission binds them at import."""
    for entry in {entry for entries in forbidden.values() for entry in entries if entry.startswith("numpy.")}:
        path, _, name = entry.rpartition(".")
        owner: Any = np
        for part in path.split(".")[1:]:
            owner = getattr(owner, part, None)
        if owner is not None and hasattr(owner, name):
            setattr(owner, name, _watched(entry, getattr(owner, name)))


def _watched(entry: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        if _matches(entry, _active.entries):
            raise Forbidden(_active.function, entry, sys._getframe(1).f_lineno)
        return function(*args, **kwargs)

    return watched


class _TorchWatch(TorchFunctionMode):
    """Refuses torch functions and tensor methods by name while a restricted function runs."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = torch.overrides.resolve_name(function) or ""
        method = "." + name.rpartition(".")[2] if name.startswith("torch.Tensor.") else ""
        if _matches(name, _active.entries) or (method and method in _active.entries):
            raise Forbidden(_active.function, name, 0)
        return function(*args, **(kwargs or {}))


@contextmanager
def watching(function: str, entries: list[str]) -> Iterator[None]:
    """While this lasts, using one of `entries` raises Forbidden."""
    if not entries:
        yield
        return
    previous = _active.function, _active.entries
    _active.function, _active.entries = function, entries
    try:
        with _TorchWatch():
            yield
    finally:
        _active.function, _active.entries = previous
