"""Wrong and differently written right versions of a reference: their marks, and their source text.

A variant's source is the reference's, then the variant file's own imports and helpers, then its definitions under the
names that they replace. So it is a submission like any other (see docs/adding-an-exercise.md).
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

MARKS = ("misconception", "alternative", "hostile")

Definition = TypeVar("Definition", bound=Callable[..., Any])


def misconception(
    id: str, *, replaces: str, breaks: str = "", en: str = "", ko: str = ""
) -> Callable[[Definition], Definition]:
    """Mark a function or class as a wrong version of the reference's definition `replaces`.

    breaks: what goes wrong, for authors. en, ko: the hint, which asks or points and never states the answer.
    """
    return lambda definition: definition


def alternative(id: str, *, replaces: str, slow: str = "", wasteful: str = "") -> Callable[[Definition], Definition]:
    """Mark a function or class as a right version, written differently, of the reference's definition `replaces`.

    slow: what makes it too slow for a speed check on `replaces`, such as "a loop over the batch". wasteful: what takes too
    much memory for one. `grader calibrate` sets thresholds between these and the others.
    """
    return lambda definition: definition


def hostile(id: str, *, replaces: str, verdict: str, breaks: str = "") -> Callable[[Definition], Definition]:
    """Mark a function or class as an attack, in the place of `replaces`; `verdict`: what a check that calls it deserves.

    breaks: "the rest" where it spoils its own process for the checks that follow, "everything" where it does so at import.
    """
    return lambda definition: definition


@dataclass
class Variant:
    """A whole submission made from the reference."""

    id: str
    source: str
    en: str = ""
    ko: str = ""
    breaks: str = ""
    verdict: str = ""
    replaces: list[str] = field(default_factory=list)
    slow: dict[str, str] = field(default_factory=dict)  # definition → why it is slow
    wasteful: dict[str, str] = field(default_factory=dict)  # definition → why it takes much memory


def load_variants(path: Path, reference: str) -> list[Variant]:
    """The variants of one file, in its order, composed with the reference's source; [] when there is no file."""
    if not path.exists():
        return []
    source = path.read_text(encoding="utf-8")
    marked: dict[str, list[tuple[dict[str, str], str]]] = {}
    prelude: list[str] = []
    for node in ast.parse(source).body:
        facts = _mark_of(node)
        if facts is not None:
            marked.setdefault(facts["id"], []).append((facts, _definition_source(source, node, facts["replaces"])))
        elif not _is_course_import(node) and not _is_docstring(node):
            prelude.append(_segment(source, node))
    variants = []
    for id, definitions in marked.items():
        text = "\n\n".join([reference.rstrip(), "\n".join(prelude), *(code for _, code in definitions)]) + "\n"
        facts = {key: value for part, _ in reversed(definitions) for key, value in part.items() if value}
        replaced = [part["replaces"] for part, _ in definitions]
        texts = {key: facts.get(key, "") for key in ("en", "ko", "breaks", "verdict")}
        slow, wasteful = _costs(definitions, "slow"), _costs(definitions, "wasteful")
        variants.append(Variant(id, text, replaces=replaced, slow=slow, wasteful=wasteful, **texts))
    return variants


def _costs(definitions: list[tuple[dict[str, str], str]], cost: str) -> dict[str, str]:
    return {facts["replaces"]: facts[cost] for facts, _ in definitions if facts.get(cost)}


def _mark_of(node: ast.stmt) -> dict[str, str] | None:
    """The arguments of the definition's mark, or None."""
    if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        return None
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id in MARKS:
            facts = {word.arg: ast.literal_eval(word.value) for word in decorator.keywords if word.arg}
            return {"id": ast.literal_eval(decorator.args[0]), **facts}
    return None


def _definition_source(source: str, node: ast.stmt, name: str) -> str:
    """The definition's text under another name, without its mark but with its other decorators."""
    assert isinstance(node, ast.FunctionDef | ast.ClassDef)
    others = [
        f"@{ast.get_source_segment(source, decorator)}"
        for decorator in node.decorator_list
        if _mark_name(decorator) not in MARKS
    ]
    lines = source.splitlines()[node.lineno - 1 : node.end_lineno]
    keyword = "class" if isinstance(node, ast.ClassDef) else "def"
    lines[0] = lines[0].replace(f"{keyword} {node.name}", f"{keyword} {name}", 1)
    return "\n".join([*others, *lines])


def _mark_name(decorator: ast.expr) -> str:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.id if isinstance(function, ast.Name) else ""


def _segment(source: str, node: ast.stmt) -> str:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return "\n".join(source.splitlines()[first - 1 : node.end_lineno])


def _is_course_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("grader", "solutions")


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
