"""Alterations of formulas: a factor, a term, a sign, a power or a condition left out, a comparison or a number changed."""

import ast
from collections.abc import Iterator

from . import words
from .place import Change, Place

SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.Invert: "~",
    ast.Not: "not ",
    ast.USub: "-",
    ast.And: "and",
    ast.Or: "or",
}
EITHER = (ast.Add, ast.Sub, ast.Mult, ast.BitAnd, ast.BitOr)  # one side can go as well as the other
NEIGHBOURS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}


def operand_dropped(node: ast.BinOp, place: Place) -> Iterator[Change]:
    """`a / b` becomes `a`; `a * b` and `a - b` also `b`, and `1 - z` nothing but `z`."""
    sign = SIGNS.get(type(node.op))
    if sign is None:
        return
    rank = 3 if sign in ("@", "//", "%") else 0
    between = place.between(node.left, node.right).strip()
    left = f"({place.text(node.left)})" if between.startswith(")") else place.text(node.left)
    right = f"({place.text(node.right)})" if between.endswith("(") else place.text(node.right)
    if not (isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant)):
        yield place.put(node, node.left, words.without(f"{sign} {right}"), rank, node.right.lineno)
    if isinstance(node.op, EITHER):
        yield place.put(node, node.right, words.without(f"{left} {sign}"), rank + 1)


def sides_swapped(node: ast.BinOp, place: Place) -> Iterator[Change]:
    """`a @ b` becomes `b @ a`."""
    if isinstance(node.op, ast.MatMult):
        other = f"(({place.text(node.right)}) @ ({place.text(node.left)}))"
        yield place.put(node, other, words.sides_swapped("@"), 2)


def condition_dropped(node: ast.BoolOp, place: Place) -> Iterator[Change]:
    """`a and b` becomes `a`, or `b`."""
    sign = SIGNS[type(node.op)]
    for position, value in enumerate(node.values):
        rest = f" {sign} ".join(f"({place.text(other)})" for other in node.values if other is not value)
        dropped = f"{sign} {place.text(value)}" if position else f"{place.text(value)} {sign}"
        yield place.put(node, f"({rest})", words.without(dropped), 1, value.lineno)


def sign_dropped(node: ast.UnaryOp, place: Place) -> Iterator[Change]:
    """`~keep` becomes `keep`, and -1e9 becomes 1e9. A whole negative number is an axis or a place more often than not."""
    is_place = isinstance(node.operand, ast.Constant) and isinstance(node.operand.value, int)
    if type(node.op) in SIGNS and not is_place:
        operand = place.text(node.operand)
        yield place.put(node, node.operand, words.instead(operand, place.text(node)), 0)


def comparison_changed(node: ast.Compare, place: Place) -> Iterator[Change]:
    """`a < b` becomes `a <= b`."""
    if len(node.ops) == 1 and type(node.ops[0]) in NEIGHBOURS:
        old, new = NEIGHBOURS[type(node.ops[0])]
        text = f"(({place.text(node.left)}) {new} ({place.text(node.comparators[0])}))"
        yield place.put(node, text, words.instead(new, old), 1)


def branch_forced(node: ast.IfExp, place: Place) -> Iterator[Change]:
    """`a if b else c` becomes `a`, or `c`."""
    test = place.text(node.test)
    yield place.put(node, node.body, words.always(test), 1)
    yield place.put(node, node.orelse, words.never(test), 1)


def number_changed(node: ast.Constant, place: Place) -> Iterator[Change]:
    """A number becomes another one; those that name an axis or a place have operators of their own."""
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        return
    yield place.put(node, other_number(node.value), words.instead(other_number(node.value), place.text(node)), 3)


def other_number(value: int | float) -> str:
    """0 and 1 become one another, other numbers are doubled."""
    return repr(type(value)(1 - value)) if value in (0, 1) else repr(2 * value)
