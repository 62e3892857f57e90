"""What a check asks of an nn.Module beside calling it. Imports torch and this folder only."""

from typing import Any

import torch
from torch.nn.parameter import is_lazy

from .fault import Misfit

# A place in Outcome.mutated: the module's train() or eval() mode, which only the caller switches.
TRAINING_MODE = "training mode"


def load_state(module: torch.nn.Module, state: dict[str, Any]) -> None:
    """load_state_dict, but a state that does not fit raises Misfit: torch's words take the module for what is right."""
    own = module.state_dict()
    reshaped = [
        f"{name} {tuple(own[name].shape)} → {tuple(wanted.shape)}"
        for name, wanted in state.items()
        if name in own and not is_lazy(own[name]) and own[name].shape != wanted.shape
    ]
    missing, extra = [name for name in state if name not in own], [name for name in own if name not in state]
    if missing or extra or reshaped:
        raise Misfit(type(module).__name__, missing=missing, extra=extra, reshaped=reshaped)
    module.load_state_dict(state)


def trainable(module: torch.nn.Module, names: list[str]) -> list[torch.Tensor]:
    """The parameters of these names. Raises Misfit for what an optimiser would not find, or not change."""
    found = {name: parameter for name, parameter in module.named_parameters() if parameter.requires_grad}
    untrainable = [name for name in names if name not in found]
    if untrainable:
        raise Misfit(type(module).__name__, untrainable=untrainable)
    return [found[name] for name in names]


def training_modes(module: torch.nn.Module) -> dict[str, bool]:
    return {name: part.training for name, part in module.named_modules()}


def switched(before: dict[str, bool], after: dict[str, bool]) -> bool:
    """Whether a part that was there before is in another mode now."""
    return any(after.get(name, mode) != mode for name, mode in before.items())
