"""Where an operator stands: the source, the function around it, and how one change of it is written down."""

import ast
from dataclasses import dataclass

from .source import Source, Span
from .words import Phrase


@dataclass(frozen=True)
class Change:
    """One place of a source, and the text that takes it.

    line: the line that it is about. rank: how much it tells; the lowest are tried first.
    """

    span: Span
    text: str
    phrase: Phrase
    line: int
    rank: int


@dataclass
class Place:
    """The source, and since which line each name of the function around is bound."""

    source: Source
    bound: dict[str, int]

    def text(self, node: ast.AST) -> str:
        return self.source.segment(node)

    def between(self, first: ast.AST, second: ast.AST) -> str:
        """The text between two nodes."""
        return self.source.slice(self.source.span(first)[1], self.source.span(second)[0])

    def put(self, node: ast.AST, other: ast.AST | str, phrase: Phrase, rank: int, line: int = 0) -> Change:
        """`other` in the place of `node`. Parentheses keep an expression one, also over several lines."""
        text = other if isinstance(other, str) else self.text(other)
        if isinstance(other, ast.expr) and not isinstance(other, ast.Name | ast.Constant):
            text = f"({text})"
        return Change(self.source.span(node), text, phrase, line or getattr(node, "lineno", 0), rank)

    def swap(self, first: ast.AST, second: ast.AST, phrase: Phrase, rank: int) -> Change:
        """Two neighbours, each in the other's place; what stands between them stays."""
        text = self.text(second) + self.between(first, second) + self.text(first)
        span = self.source.span(first)[0], self.source.span(second)[1]
        return Change(span, text, phrase, getattr(first, "lineno", 0), rank)


def bound_names(function: ast.AST) -> dict[str, int]:
    """Each parameter and variable with the line that binds it first."""
    bound: dict[str, int] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            name, line = node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            name, line = node.id, node.lineno
        else:
            continue
        bound[name] = min(line, bound.get(name, line))
    return bound
