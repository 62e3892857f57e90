"""Alterations of calls: a call or a method left out, one option less, another axis, another function, swapped arguments."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from . import words
from .place import Change, Place

# Left out, these say nothing: they make a tensor from sizes, count, or walk through something.
KEPT = {
    "arange", "array", "append", "as_tensor", "add_module", "backward", "cat", "concat", "concatenate", "cpu",
    "cuda", "dict", "empty", "enumerate", "extend", "eye", "finfo", "format", "from_numpy", "full", "full_like",
    "iinfo", "isinstance", "items", "keys", "len", "linspace", "list", "map", "new_full", "new_ones", "new_zeros",
    "ones", "ones_like", "print", "rand", "randn", "range", "register_buffer", "register_parameter", "reversed",
    "set", "size", "split", "stack", "step", "super", "tensor", "tuple", "type", "values", "zero_grad", "zeros",
    "zeros_like", "zip",
}  # fmt: skip
JOINED = {"cat", "concat", "concatenate", "stack", "hstack", "vstack"}
SHAPED = {"reshape", "view", "unflatten"}
AXES_ALONE = {"permute", "transpose", "swapaxes", "moveaxis"}
ORDERLESS = {
    "transpose", "swapaxes", "maximum", "minimum", "max", "min", "isclose", "allclose", "add", "mul", "isinstance", "range",
}  # fmt: skip
LAST_IS_AXIS = {
    "softmax", "log_softmax", "sum", "mean", "amax", "amin", "max", "min", "argmax", "argmin", "var", "std", "norm",
    "prod", "cumsum", "squeeze", "unsqueeze", "flip", "expand_dims", "take", "sort", "logsumexp", "any", "all",
    "size", "chunk", "split", "gather",
}  # fmt: skip
OTHER_FUNCTION = {
    "sigmoid": "tanh",
    "tanh": "sigmoid",
    "relu": "tanh",
    "gelu": "relu",
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "amax": "amin",
    "amin": "amax",
    "argmax": "argmin",
    "sin": "cos",
    "cos": "sin",
    "tril": "triu",
    "triu": "tril",
    "ones": "zeros",
    "zeros": "ones",
    "zeros_like": "ones_like",
    "new_ones": "new_zeros",
    "new_zeros": "new_ones",
}
ROLES = {"key": "query", "value": "key", "k": "q", "v": "k", "W_k": "W_q", "W_v": "W_k"}
PLACED_ELSEWHERE = {"device", "non_blocking"}  # nothing could tell on a CPU


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def call_dropped(node: ast.Call, place: Place) -> Iterator[Change]:
    """`x.tanh()` becomes `x`, and so do `torch.tanh(x)` and `self.norm(x)`; `where(c, a, b)` becomes `a`, or `b`."""
    name = called(node)
    first = node.args[0] if node.args else None
    is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)  # float("inf")
    if name in KEPT or name.startswith("__") or isinstance(first, ast.Starred) or is_text:
        return
    if name == "where" and len(node.args) == 3:
        for branch in node.args[1:]:
            yield place.put(node, branch, words.instead(place.text(branch), place.text(node)), 0)
    elif _is_method(node, place):
        assert isinstance(node.func, ast.Attribute)
        yield from _method_dropped(node, node.func, place)
    elif name == "Parameter" and node.args:
        yield place.put(node, node.args[0], words.without("nn.Parameter(…)"), 0)
    elif name == "ModuleList" and node.args:
        yield place.put(node, f"list({place.text(node.args[0])})", words.plain_list("nn.ModuleList"), 1)
    elif name[:1].islower() and 1 <= len(node.args) <= 2:
        yield place.put(node, node.args[0], words.without(f"{place.text(node.func)}(…)"), 1)


def _method_dropped(node: ast.Call, method: ast.Attribute, place: Place) -> Iterator[Change]:
    arguments = ", ".join(place.text(part) for part in (*node.args, *node.keywords))
    if method.attr == "to" and "device" in arguments:
        return
    dropped = words.without(f".{method.attr}({arguments})")
    yield place.put(node, method.value, dropped, 0, method.end_lineno or 0)


def option_dropped(node: ast.Call, place: Place) -> Iterator[Change]:
    """`x.sum(dim=1, keepdim=True)` becomes `x.sum(dim=1)`, or `x.sum(keepdim=True)`; `x.sum(1, True)` `x.sum(1, False)`."""
    for argument in node.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, bool):
            other = str(not argument.value)
            yield place.put(argument, other, words.instead(other, str(argument.value)), 1)
    parts: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg in PLACED_ELSEWHERE:
            continue
        rest = ", ".join(place.text(part) for part in parts if part is not keyword)
        text = f"{place.text(node.func)}({rest})"
        yield place.put(node, text, words.without(place.text(keyword)), 1, keyword.lineno)


def axis_changed(node: ast.Call, place: Place) -> Iterator[Change]:
    """Along another axis: `dim=-1` becomes `dim=-2`."""
    named = [keyword.value for keyword in node.keywords if keyword.arg in ("dim", "axis")]
    takes_axis = called(node) in LAST_IS_AXIS and (len(node.args) > 1 or _is_method(node, place))
    for axis in named or (node.args[-1:] if takes_axis else []):
        number = whole_number(axis)
        if number is not None:
            new, old = str(other_index(number)), place.text(axis)
            prefix = f"{_keyword_of(node, axis)}=" if named else ""
            yield place.put(axis, new, words.instead(prefix + new, prefix + old), 0)


def function_changed(node: ast.Call, place: Place) -> Iterator[Change]:
    """`x.sigmoid()` becomes `x.tanh()`."""
    new = OTHER_FUNCTION.get(called(node))
    if new and isinstance(node.func, ast.Attribute):
        end = place.source.span(node.func)[1]
        span = end - len(node.func.attr.encode()), end
        yield Change(span, new, words.instead(new, node.func.attr), node.func.end_lineno or node.lineno, 2)


def arguments_swapped(node: ast.Call, place: Place) -> Iterator[Change]:
    """Two neighbouring arguments in one another's place; so too what is joined by cat and stack."""
    listed = node.args[0] if node.args else None
    if called(node) in JOINED and isinstance(listed, ast.List | ast.Tuple):
        parts, rank = listed.elts, 0
    else:
        parts, rank = node.args, 2
    if any(isinstance(part, ast.Starred) for part in parts) or called(node) in ORDERLESS:
        return
    for first, second in pairwise(parts):
        is_alike = isinstance(first, ast.Name) and isinstance(second, ast.Name)  # others would hardly run
        if place.text(first) != place.text(second) and (is_alike or rank == 0 or called(node) in SHAPED):
            yield place.swap(first, second, words.swapped(place.text(first), place.text(second)), rank)


def role_changed(node: ast.Name | ast.Attribute, place: Place) -> Iterator[Change]:
    """The query in the place of the key, the key in that of the value."""
    if not isinstance(node.ctx, ast.Load):
        return
    name = node.id if isinstance(node, ast.Name) else node.attr
    new = ROLES.get(name)
    if new is None:
        return
    if isinstance(node, ast.Attribute):
        yield place.put(node, f"{place.text(node.value)}.{new}", words.instead(new, name), 2)
    elif place.bound.get(new, node.lineno) < node.lineno:
        yield place.put(node, new, words.instead(new, name), 2)


def attribute_changed(node: ast.Attribute, place: Place) -> Iterator[Change]:
    """`x.T` becomes `x`, and the lowest number of a dtype the highest."""
    if node.attr in ("T", "mT"):
        yield place.put(node, node.value, words.without(f".{node.attr}"), 0, node.end_lineno or 0)
    elif node.attr in ("min", "max") and isinstance(node.value, ast.Call) and called(node.value) == "finfo":
        new = OTHER_FUNCTION[node.attr]
        yield place.put(node, f"{place.text(node.value)}.{new}", words.instead(new, node.attr), 1)


def whole_number(node: ast.AST) -> int | None:
    """The number that stands there, a negative one too."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        number = whole_number(node.operand)
        return None if number is None else -number
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return node.value
    return None


def other_index(number: int) -> int:
    """A neighbouring axis or place."""
    return {0: 1, 1: 0, -1: -2, -2: -1}.get(number, number - 1 if number > 0 else number + 1)


def _keyword_of(node: ast.Call, value: ast.expr) -> str:
    return next(keyword.arg or "" for keyword in node.keywords if keyword.value is value)


def _is_method(node: ast.Call, place: Place) -> bool:
    """Of a value, not of a library and not of `self`."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    while isinstance(owner, ast.Attribute):  # torch.linalg
        if isinstance(owner.value, ast.Name) and owner.value.id == "self":
            return True  # self.weight.t()
        owner = owner.value
    if isinstance(owner, ast.Name):
        return owner.id not in place.source.imported | {"self"}
    return owner is not None
