"""Every mutant of a reference: one small change each, between BEGIN SOLUTION and END SOLUTION.

The operators are mutmut's, and a few of our own for what tensor code is made of. Types, docstrings and the texts of exceptions
are left alone. A mutant's id is made of what it changes, so it stays the same until its own line, or function, is rewritten.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import libcst as cst
import libcst.matchers as m
from libcst.metadata import ExpressionContext, ExpressionContextProvider, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
NAMESPACES = {"torch", "np", "math", "nn", "F", "self"}
ARITHMETIC = (
    cst.Add,
    cst.Subtract,
    cst.Multiply,
    cst.Divide,
    cst.FloorDivide,
    cst.Modulo,
    cst.Power,
    cst.MatrixMultiply,
)
COMPARISONS = (cst.Equal, cst.NotEqual, cst.LessThan, cst.LessThanEqual, cst.GreaterThan, cst.GreaterThanEqual)

Operator = tuple[type, Callable[[Any], Iterable[cst.CSTNode]]]


@dataclass(frozen=True)
class Mutant:
    """A whole source with one change: `before` became `after` in `scope`."""

    id: str
    scope: str
    operator: str
    line: int
    before: str
    after: str
    source: str


def mutants_of(name: str, source: str) -> list[Mutant]:
    """The mutants of the reference of exercise `name`, in the order of their lines; none twice, none that does not compile."""
    wrapper = MetadataWrapper(cst.parse_module(source))
    collector = _Collector(_solution_lines(source))
    wrapper.visit(collector)
    found: dict[str, Mutant] = {}
    ids: set[str] = set()
    for change in collector.changes:
        code = change.applied_to(source)
        if code == source or code in found or not _compiles(code):
            continue
        before, after = _difference(source, code)
        id = _free_id(f"{name}/{change.scope}", f"{before}\n{after}", ids)
        found[code] = Mutant(id, change.scope, change.operator, change.line, before, after, code)
    return list(found.values())


# Operators of our own.


def number_minus_one(node: cst.Integer) -> Iterator[cst.BaseExpression]:
    """mutmut adds one."""
    value = node.evaluated_value - 1
    yield cst.Integer(str(value)) if value >= 0 else cst.UnaryOperation(cst.Minus(), cst.Integer(str(-value)))


def arguments_swapped(node: cst.Call) -> Iterator[cst.Call]:
    """Two positional arguments beside one another."""
    for i, (first, second) in enumerate(zip(node.args, node.args[1:], strict=False)):
        if first.keyword is None and second.keyword is None and not first.star and not second.star:
            pair = (first.with_changes(value=second.value), second.with_changes(value=first.value))
            yield node.with_changes(args=[*node.args[:i], *pair, *node.args[i + 2 :]])


def method_dropped(node: cst.Call) -> Iterator[cst.BaseExpression]:
    """`x.clamp(min=1)` becomes `x`."""
    if isinstance(node.func, cst.Attribute):
        owner = node.func.value
        if not (isinstance(owner, cst.Name) and owner.value in NAMESPACES):
            yield owner


def statement_dropped(node: cst.SimpleStatementLine) -> Iterator[cst.SimpleStatementLine]:
    yield node.with_changes(body=[cst.Pass()])


def branch_forced(node: cst.If) -> Iterator[cst.If]:
    """As mutmut does for `a if b else c`."""
    for value in ("False", "True"):
        yield node.with_changes(test=cst.Name(value), whitespace_before_test=cst.SimpleWhitespace(" "))


def operator_replaced(node: cst.BinaryOperation) -> Iterator[cst.BinaryOperation]:
    """By every other of arithmetic; mutmut takes one."""
    if isinstance(node.operator, ARITHMETIC):
        yield from (node.with_changes(operator=other()) for other in ARITHMETIC if type(node.operator) is not other)


def comparison_replaced(node: cst.ComparisonTarget) -> Iterator[cst.ComparisonTarget]:
    if isinstance(node.operator, COMPARISONS):
        yield from (node.with_changes(operator=other()) for other in COMPARISONS if type(node.operator) is not other)


OWN_OPERATORS: tuple[Operator, ...] = (
    (cst.Integer, number_minus_one),
    (cst.Call, arguments_swapped),
    (cst.Call, method_dropped),
    (cst.SimpleStatementLine, statement_dropped),
    (cst.If, branch_forced),
    (cst.BinaryOperation, operator_replaced),
    (cst.ComparisonTarget, comparison_replaced),
)


@dataclass
class _Change:
    """One node of a definition at the top level, and what takes its place."""

    definition: cst.BaseStatement
    node: cst.CSTNode
    replacement: cst.CSTNode
    scope: str
    operator: str
    line: int

    def applied_to(self, source: str) -> str:
        mutated = self.definition.deep_replace(self.node, self.replacement)
        assert isinstance(mutated, cst.BaseStatement)
        return source.replace(cst.Module([self.definition]).code, cst.Module([mutated]).code, 1)


class _Collector(cst.CSTVisitor):
    """Asks every operator about every node of a solution."""

    METADATA_DEPENDENCIES = (PositionProvider, ExpressionContextProvider)

    def __init__(self, lines: set[int]) -> None:
        super().__init__()
        self.changes: list[_Change] = []
        self._lines = lines
        self._scope: list[cst.FunctionDef | cst.ClassDef] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._scope.append(node)
        if isinstance(node, cst.Annotation | cst.Raise):
            return False  # what an exception says is for people
        position = self.get_metadata(PositionProvider, node, None)
        if position is not None and position.start.line in self._lines:
            scope = ".".join(outer.name.value for outer in self._scope)
            for operator, replacement in self._replacements(node):
                change = _Change(self._scope[0], node, replacement, scope, operator, position.start.line)
                self.changes.append(change)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._scope.pop()

    def _replacements(self, node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode]]:
        for kind, operator in (*mutation_operators, *OWN_OPERATORS):
            if isinstance(node, kind):
                name = operator.__name__.removeprefix("operator_")
                yield from ((name, replacement) for replacement in operator(node))
        if self.get_metadata(ExpressionContextProvider, node, None) is ExpressionContext.LOAD:
            names = _parameter_names(self._scope[-1])
            if isinstance(node, cst.Name) and node.value in names:
                yield from (("parameter_replaced", cst.Name(other)) for other in names if other != node.value)


def _parameter_names(definition: cst.CSTNode) -> list[str]:
    names = [parameter.name.value for parameter in m.findall(definition, m.Param()) if isinstance(parameter, cst.Param)]
    return [name for name in names if name != "self"]


def _solution_lines(source: str) -> set[int]:
    lines: set[int] = set()
    inside = False
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or line.strip() == BEGIN) and line.strip() != END
        if inside:
            lines.add(number)
    return lines


def _compiles(code: str) -> bool:
    try:
        compile(code, "mutant", "exec", dont_inherit=True)
    except SyntaxError:
        return False
    return True


def _difference(source: str, code: str) -> tuple[str, str]:
    """The lines that went and the lines that came."""
    old, new = source.splitlines(), code.splitlines()
    start = next(i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    tail = next(i for i, (a, b) in enumerate(zip(reversed(old), reversed(new), strict=False)) if a != b)
    tail = min(tail, len(old) - start, len(new) - start)
    return _one_line(old[start : len(old) - tail]), _one_line(new[start : len(new) - tail])


def _one_line(lines: list[str]) -> str:
    return " ⏎ ".join(" ".join(line.split()) for line in lines)


def _free_id(place: str, change: str, taken: set[str]) -> str:
    """The same change may be possible twice in a function: the second one gets another number."""
    for occurrence in range(len(taken) + 1):
        digest = hashlib.sha256(f"{place}\n{change}\n{occurrence}".encode()).hexdigest()[:8]
        if f"{place}/{digest}" not in taken:
            taken.add(f"{place}/{digest}")
            return f"{place}/{digest}"
    raise AssertionError("there are more numbers than ids")
