"""A student's source as text with a syntax tree over it: its definitions, which of them reach which, and one place replaced."""

import ast
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

GIVEN = "Given ready-made"  # how the docstrings of what a stub brings along begin
Function = ast.FunctionDef | ast.AsyncFunctionDef
Span = tuple[int, int]


@dataclass
class Definition:
    """A function, a method as `Class.method`, what else stands in a class, or a constant of the file.

    lines: their numbers, from 1; of a docstring the first. nodes: what may be altered in it. is_given: the stub brought it along.
    named: all names and attributes in it.
    """

    name: str
    lines: list[int]
    nodes: list[ast.stmt]
    is_given: bool = False
    parameters: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set, repr=False)


class Source:
    """Raises SyntaxError, ValueError or RecursionError where the text is not Python that can be read."""

    def __init__(self, text: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape is the student's, and no concern of this
            self.tree = ast.parse(text)
        self.text = text
        self._bytes = text.encode()
        self.lines = text.split("\n")
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line.encode()) + 1)
        self.imported = {
            (alias.asname or alias.name).split(".")[0]
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        self.definitions = list({d.name: d for d in _definitions(self.tree)}.values())  # the last of a name counts
        self.functions = {d.name for d in self.definitions}

    def span(self, node: ast.AST) -> Span:
        """Where a node stands, in bytes."""
        assert isinstance(node, ast.expr | ast.stmt | ast.keyword)
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._starts[node.lineno - 1] + node.col_offset, self._starts[node.end_lineno - 1] + node.end_col_offset

    def segment(self, node: ast.AST) -> str:
        """The text of a node."""
        return self.slice(*self.span(node))

    def slice(self, start: int, end: int) -> str:
        """The text between two places, in bytes."""
        return self._bytes[start:end].decode()

    def replaced(self, span: Span, text: str) -> str:
        """The whole text with another one in this place."""
        return (self._bytes[: span[0]] + text.encode() + self._bytes[span[1] :]).decode()

    def reached(self, name: str) -> set[str]:
        """The definitions that a call of `name` (a function, a class or `Class.method`) may come to, itself included.

        By name alone, so rather too many than too few: `x.loss(…)` reaches the method `loss` of every class that is
        reached itself.
        """
        names = {name, name.partition(".")[0]}
        found: dict[str, Definition] = {}
        while True:
            new = [d for d in self.definitions if d.name not in found and _is_called(d, names)]
            if not new:
                return set(found)
            for definition in new:
                found[definition.name] = definition
                names |= definition.named


def _is_called(definition: Definition, names: set[str]) -> bool:
    """Whether code that uses these names may come to the definition."""
    owner, _, method = definition.name.rpartition(".")
    is_implied = method.startswith("__") or method == "forward"  # by Class(…) and module(…)
    return definition.name in names or (owner in names and (is_implied or method in names))


def _definitions(tree: ast.Module) -> Iterator[Definition]:
    for node in tree.body:
        if isinstance(node, Function):
            yield _definition(node.name, node)
        elif isinstance(node, ast.ClassDef):
            yield from _parts_of(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield _definition(target.id, node)


def _parts_of(node: ast.ClassDef) -> Iterator[Definition]:
    """The class itself, for its bases and attributes, then its methods."""
    own = [part for part in node.body if not isinstance(part, Function) and not is_docstring(part)]
    is_given = (ast.get_docstring(node) or "").startswith(GIVEN)
    lines = [node.lineno, *(number for part in own for number in _lines_of(part))]
    yield Definition(node.name, lines, own, is_given, [], _named([*node.bases, *own]))
    for part in node.body:
        if isinstance(part, Function):
            method = _definition(f"{node.name}.{part.name}", part)
            method.is_given |= is_given
            yield method


def _definition(name: str, node: ast.stmt) -> Definition:
    nodes = [part for part in node.body if not is_docstring(part)] if isinstance(node, Function) else [node]
    is_given = isinstance(node, Function) and (ast.get_docstring(node) or "").startswith(GIVEN)
    parameters = (
        [node.arg for node in ast.walk(node.args) if isinstance(node, ast.arg)] if isinstance(node, Function) else []
    )
    lines = _lines_of(node)
    if isinstance(node, Function) and is_docstring(node.body[0]):
        text = node.body[0]
        lines = [number for number in lines if not text.lineno < number <= (text.end_lineno or 0)]
    return Definition(name, lines, nodes, is_given, parameters, _named([node]))


def _lines_of(node: ast.stmt) -> list[int]:
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
    return list(range(first, (node.end_lineno or first) + 1))


def _named(nodes: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for root in nodes:
        for node in ast.walk(root):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
    return names


def is_docstring(node: ast.stmt) -> bool:
    """Whether it is a text that stands by itself."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
