"""Attacks on the grader through `multihead`: nn.Modules whose every method is a trap."""

import os
import time

import torch
from torch import nn

from grader.variants import hostile
from solutions.multihead import MultiHeadAttention


@hostile("hostile-forward-exits", replaces="MultiHeadAttention", verdict="passed", breaks="the rest")
class ForwardExits(MultiHeadAttention):
    def forward(self, query, key, value, keep=None):
        os._exit(0)


@hostile("hostile-state-without-end", replaces="MultiHeadAttention", verdict="failed")
class StateWithoutEnd(MultiHeadAttention):
    def state_dict(self, *args, **kwargs):
        return {f"W_{number}.weight": torch.zeros(1) for number in range(25_000)}

    def load_state_dict(self, state, *args, **kwargs):
        raise RuntimeError("no weights but its own")


@hostile("hostile-state-of-nonsense", replaces="MultiHeadAttention", verdict="error")
class StateOfNonsense(MultiHeadAttention):
    def state_dict(self, *args, **kwargs):
        return self

    def load_state_dict(self, state, *args, **kwargs):
        raise KeyboardInterrupt


@hostile("hostile-keeps-its-weights", replaces="MultiHeadAttention", verdict="passed", breaks="the rest")
class KeepsItsWeights(MultiHeadAttention):
    """It says that it loaded them."""

    def load_state_dict(self, state, *args, **kwargs):
        return None


@hostile("hostile-parameters-that-change", replaces="MultiHeadAttention", verdict="failed")
class ParametersThatChange(MultiHeadAttention):
    """Other names and other shapes whenever it is asked; none of them is the one that it computes with."""

    def named_parameters(self, *args, **kwargs):
        for _ in range(2):
            yield f"\x1b[2J\u202e{time.time_ns()}" * 100, nn.Parameter(torch.zeros(2, 2))

    def forward(self, query, key, value, keep=None):
        return query * 0, torch.zeros(1)


@hostile("hostile-constructor-that-is-none", replaces="MultiHeadAttention", verdict="failed")
class ConstructorThatIsNone:
    """No module, and nothing that could be told from one by asking it."""

    is_module_proxy = True

    def __new__(cls, *args):
        made = object.__new__(cls)
        return [made, nn.Identity()]


@hostile("hostile-module-of-hooks", replaces="MultiHeadAttention", verdict="passed", breaks="the rest")
class ModuleOfHooks(MultiHeadAttention):
    def __init__(self, dim, num_heads):
        super().__init__(dim, num_heads)
        self.register_forward_hook(lambda module, given, answer: os._exit(0))
        self.register_full_backward_hook(lambda module, given, answer: os._exit(0))
        self._register_state_dict_hook(lambda module, state, *rest: state)
        self._register_load_state_dict_pre_hook(lambda state, *rest: state.clear())
