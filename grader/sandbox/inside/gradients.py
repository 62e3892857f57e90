"""Gradients of what a student's function returns, for checks that compare them."""

from collections.abc import Callable
from typing import Any

import torch


def gradient(
    function: Callable[..., Any], args: Any, kwargs: Any, wrt: Any, parameters: list[torch.Tensor], cotangents: Any
) -> tuple[torch.Tensor, ...]:
    """Gradients of the sum of cotangent times output, by arguments and parameters; zeros where nothing depends."""
    leaves: list[torch.Tensor] = []
    for place in wrt:
        path = place if isinstance(place, tuple | list) else (place,)
        leaf = args
        for index in path:
            leaf = leaf[index]
        leaves.append(leaf.detach().clone().requires_grad_())
        args = _replace(args, list(path), leaves[-1])
    outputs = [item for item in _flatten(function(*args, **kwargs)) if isinstance(item, torch.Tensor)]
    if cotangents is None:
        cotangents = [torch.ones_like(output) for output in outputs if output.is_floating_point()]
        outputs = [output for output in outputs if output.is_floating_point()]
    if len(cotangents) > len(outputs):
        raise ValueError(f"{len(cotangents)} tensors are expected, {len(outputs)} came back")
    pairs = zip(outputs, cotangents, strict=False)
    total = sum((output * cotangent).sum() for output, cotangent in pairs if cotangent is not None)
    sources = leaves + parameters
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        return tuple(torch.zeros_like(source) for source in sources)
    gradients = torch.autograd.grad(total, sources, allow_unused=True)
    return tuple(
        torch.zeros_like(source) if gradient is None else gradient
        for source, gradient in zip(sources, gradients, strict=True)
    )


def _replace(container: Any, path: list[int], leaf: torch.Tensor) -> Any:
    items = list(container)
    items[path[0]] = leaf if len(path) == 1 else _replace(items[path[0]], path[1:], leaf)
    return items if isinstance(container, list) else tuple(items)


def _flatten(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in _flatten(item)]
    return [value]
