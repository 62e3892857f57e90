"""Every alteration of a student's functions that could teach something: one small change each, in words and as a whole source."""

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import arithmetic, calls, statements
from .place import Change, Place, bound_names
from .source import Definition, Function, Source, Span, is_docstring
from .words import Phrase, numbered

Operator = tuple[Any, Callable[[Any, Place], Iterator[Change]]]

OPERATORS: tuple[Operator, ...] = (
    (ast.BinOp, arithmetic.operand_dropped),
    (ast.BinOp, arithmetic.sides_swapped),
    (ast.BoolOp, arithmetic.condition_dropped),
    (ast.UnaryOp, arithmetic.sign_dropped),
    (ast.Compare, arithmetic.comparison_changed),
    (ast.IfExp, arithmetic.branch_forced),
    (ast.Constant, arithmetic.number_changed),
    (ast.Call, calls.call_dropped),
    (ast.Call, calls.option_dropped),
    (ast.Call, calls.axis_changed),
    (ast.Call, calls.function_changed),
    (ast.Call, calls.arguments_swapped),
    (ast.Name | ast.Attribute, calls.role_changed),
    (ast.Attribute, calls.attribute_changed),
    (ast.stmt, statements.statement_dropped),
    (ast.If, statements.condition_forced),
    (ast.For | ast.comprehension, statements.loop_turned),
    (ast.Subscript, statements.subscript_dropped),
    (ast.Subscript, statements.index_changed),
    (ast.Assign | ast.Return, statements.names_swapped),
)
# What is for people, or for type checkers; and what stands in an f-string has no place of its own before Python 3.12.
PASSED_OVER = (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Alteration:
    """A whole source with one change. line: the line that it is about; definition: where that stands."""

    definition: str
    line: int
    phrase: Phrase
    rank: int
    source: str


def alterations_of(source: Source, definitions: Sequence[Definition]) -> list[Alteration]:
    """What can be altered in these definitions, line by line; nothing twice, and only what Python accepts."""
    found: list[tuple[Change, Alteration]] = []
    seen = {source.text}
    for definition in definitions:
        for change in _changes(definition, source):
            code = source.replaced(change.span, change.text)
            if code not in seen and _compiles(code):
                seen.add(code)
                found.append((change, Alteration(definition.name, change.line, change.phrase, change.rank, code)))
    return sorted(_told_apart(found), key=lambda alteration: (alteration.line, alteration.rank))


def _told_apart(found: Sequence[tuple[Change, Alteration]]) -> Iterator[Alteration]:
    """The same words twice in a line get a number, from left to right."""
    places: dict[tuple[int, Phrase], list[Span]] = {}
    for change, _ in found:
        places.setdefault((change.line, change.phrase), []).append(change.span)
    for change, alteration in found:
        alike = sorted(places[change.line, change.phrase])
        if len(alike) > 1:
            phrase = numbered(change.phrase, alike.index(change.span) + 1, len(alike))
            alteration = replace(alteration, phrase=phrase)
        yield alteration


def most_telling_first(
    alterations: Sequence[Alteration], cost: Callable[[Alteration], float] = lambda alteration: 0.0
) -> list[Alteration]:
    """The best of each line, then the second best of each, and so on: whatever there is time for, no line is forgotten.

    cost: what decides among the best of all lines, and so on: the cheap ones come first.
    """
    rounds: dict[int, int] = {}
    order: list[tuple[int, float, Alteration]] = []
    for alteration in sorted(alterations, key=lambda alteration: alteration.rank):
        rounds[alteration.line] = rounds.get(alteration.line, 0) + 1
        order.append((rounds[alteration.line], cost(alteration), alteration))
    return [alteration for _, _, alteration in sorted(order, key=lambda entry: entry[:2])]


def _changes(definition: Definition, source: Source) -> Iterator[Change]:
    bound = bound_names(ast.Module(definition.nodes, []))
    bound |= {name: 0 for name in definition.parameters}
    place = Place(source, bound)
    for statement in definition.nodes:
        for node in _nodes(statement):
            for kind, operator in OPERATORS:
                if isinstance(node, kind):
                    yield from operator(node, place)


def _nodes(root: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it that may be altered."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, PASSED_OVER) or (isinstance(node, ast.stmt) and is_docstring(node)):
            continue
        yield node
        if not statements.is_guard(node):  # it refuses, or it does not
            waiting += reversed(list(_children(node)))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Without annotations, signatures, decorators, the names that are bound, and the numbers that have their own operator."""
    if isinstance(node, Function):
        yield from node.body
        return
    axes = _axes(node)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "targets", "target", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and child not in axes:
                yield child


def _axes(node: ast.AST) -> list[ast.AST]:
    """The numbers of this node that name an axis or a place; a negative one hardly counts anything."""
    if isinstance(node, ast.UnaryOp):
        return [node.operand] if isinstance(node.operand, ast.Constant) else []
    if isinstance(node, ast.keyword):
        is_number = node.arg in ("dim", "axis") and calls.whole_number(node.value) is not None
        return [node.value] if is_number else []
    if isinstance(node, ast.Call) and calls.called(node) in calls.LAST_IS_AXIS | calls.AXES_ALONE:
        return [part for part in node.args if calls.whole_number(part) is not None]
    if isinstance(node, ast.Subscript):
        return [node.slice] if calls.whole_number(node.slice) is not None else []
    if isinstance(node, ast.Slice):
        return [part for part in (node.lower, node.upper) if part is not None and calls.whole_number(part) is not None]
    return []


def _compiles(code: str) -> bool:
    try:
        compile(code, "altered", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
