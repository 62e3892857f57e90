"""One submission, loaded and called: what the worker does, as plain Python without any process around it.

The sandboxed worker, the reference and the misconceptions all run through this class, so that a check sees the same
behaviour on both sides of the boundary.
"""

import contextlib
import ctypes
import linecache
import random
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.random import MT19937, mtrand

from .companions import Companions
from .fault import Fault, Forbidden, Undefined, describe
from .gradients import gradient
from .guard import forbidden_uses, install_numpy_guards, watching
from .modules import TRAINING_MODE, load_state, switched, trainable, training_modes
from .protocol import Encoder, ModuleRef, decode, materialise

# A place in Outcome.mutated: NumPy's global generator, which an exercise may ask to leave alone.
GLOBAL_GENERATOR = "np.random"
MT19937_BYTES = 4 * (624 + 1)  # 624 words, and the place of the next
GLOBAL_SEED = 1_843_905_276  # no number that a student would choose: reseeding with it could not be seen


@dataclass(frozen=True)
class Outcome:
    """What came of one request: a value or a fault, and what the code wrote to.

    mutated: places such as "softmax:1" (its first argument) and "softmax:np.random" (NumPy's global generator).
    """

    value: Any = None
    fault: Fault | None = None
    mutated: tuple[str, ...] = ()


class Session:
    """A loaded submission and the modules that were built from it."""

    def __init__(
        self,
        source: str,
        filename: str,
        forbidden: dict[str, list[str]] | None = None,
        companions: dict[str, str] | None = None,
    ) -> None:
        self.source = source
        self.filename = filename
        self.forbidden = forbidden or {}
        self.companions = Companions(companions or {})
        self.namespace: dict[str, Any] = {}
        self.modules: dict[int, torch.nn.Module] = {}
        self.carried: Any = None
        self._uses: dict[str, tuple[str, int]] = {}

    def load(self, as_main_file: bool = False) -> Outcome:
        """Run the submission's source. `as_main_file`: in a worker of its own, where it may own its module's name."""
        _seed()
        return self._guarded(lambda: self.load_openly(as_main_file))

    def perform(self, verb: str, request: dict[str, Any]) -> Outcome:
        """Carry out one request; only the verbs that have a `handle_` method are known."""
        handler: Callable[..., Any] | None = getattr(self, f"handle_{verb}", None)
        if handler is None:
            raise ValueError(f"unknown verb {verb[:40]!r}")
        mutated: list[str] = []
        _seed()
        outcome = self._guarded(lambda: handler(mutated=mutated, **request))
        return Outcome(outcome.value, outcome.fault, tuple(mutated))

    # Verbs. `mutated` collects the places of arguments that the student's code wrote to.

    def handle_call(self, mutated: list[str], name: str, args: Any, kwargs: Any) -> Any:
        return self._watch(mutated, self._function(name), name, args, kwargs)

    def handle_timed(
        self, mutated: list[str], name: str, args: Any, device: str, module: int | None = None, carries: bool = False
    ) -> Any:
        """A call whose time is taken from outside: nothing is copied or compared that would take time of its own.

        carries: the last argument is what the call before returned last, and stays here.
        """
        function: Callable[..., Any] = self._function(name) if module is None else self.modules[module].to(device)
        args = on_device(materialise(args, self.modules), device)
        with watching(name, self.forbidden.get(name, [])):
            if not carries:
                return function(*args)
            answer, self.carried = function(*args, self.carried)
            return answer

    def handle_carry(self, mutated: list[str], value: Any, device: str) -> None:
        """What the next timed call is given last."""
        self.carried = on_device(materialise(value, self.modules), device)

    def handle_carried(self, mutated: list[str]) -> Any:
        return self.carried

    def handle_gradient(self, mutated: list[str], name: str, args: Any, kwargs: Any, wrt: Any, cotangents: Any) -> Any:
        return gradient(self._function(name), args, kwargs, wrt, [], cotangents)

    def handle_module_call(self, mutated: list[str], module: int, args: Any, kwargs: Any) -> Any:
        built, name = self.modules[module], type(self.modules[module]).__name__
        modes = training_modes(built)
        value = self._watch(mutated, built, name, args, kwargs)
        if switched(modes, training_modes(built)):
            mutated.append(f"{name}:{TRAINING_MODE}")
        return value

    def handle_module_gradient(
        self, mutated: list[str], module: int, args: Any, kwargs: Any, wrt: Any, parameters: Any, cotangents: Any
    ) -> Any:
        built = self.modules[module]
        return gradient(built, args, kwargs, wrt, trainable(built, parameters), cotangents)

    def handle_module_method(self, mutated: list[str], module: int, method: str, args: Any, kwargs: Any) -> Any:
        built = self.modules[module]
        function = None if method.startswith("_") else getattr(built, method, None)
        if not callable(function):
            raise AttributeError(f"{type(built).__name__} has no method {method!r}")
        return self._watch(mutated, function, f"{type(built).__name__}.{method}", args, kwargs)

    def handle_module_state(self, mutated: list[str], module: int) -> Any:
        return {name: value.detach().clone() for name, value in self.modules[module].state_dict().items()}

    def handle_module_parameters(self, mutated: list[str], module: int) -> Any:
        named = self.modules[module].named_parameters()
        return {name: value.detach().clone() for name, value in named if value.requires_grad}

    def handle_module_load(self, mutated: list[str], module: int, state: Any) -> None:
        load_state(self.modules[module], state)

    def handle_module_to(self, mutated: list[str], module: int, dtype: str) -> None:
        self.modules[module].to(getattr(torch, dtype))

    def handle_module_train(self, mutated: list[str], module: int, mode: bool) -> None:
        self.modules[module].train(mode)

    def load_openly(self, as_main_file: bool = False) -> list[str]:
        """`load`, but what the source raises goes through. Returns the names that it defines."""
        lines = self.source.splitlines(keepends=True)
        linecache.cache[self.filename] = (len(self.source), None, lines, self.filename)
        code = compile(self.source, self.filename, "exec", dont_inherit=True)
        self._uses = forbidden_uses(self.source, self.forbidden)
        module = types.ModuleType(self.filename.removesuffix(".py"))
        module.__file__ = self.filename
        if as_main_file:
            install_numpy_guards(self.forbidden)
            sys.modules[module.__name__] = module
        self.namespace = module.__dict__
        self.companions.share(self.namespace)
        exec(code, self.namespace)
        return sorted(name for name, value in self.namespace.items() if callable(value) and not name.startswith("_"))

    def _function(self, name: str) -> Callable[..., Any]:
        """What `name` stands for: in the submission's file, or as `file.name` in one of its companions."""
        file, _, own_name = name.rpartition(".")
        namespace = self.companions.load(file).__dict__ if file else self.namespace
        if not callable(namespace.get(own_name)):
            defined = [
                key
                for key, value in namespace.items()
                if callable(value) and getattr(value, "__module__", None) == namespace.get("__name__")
            ]
            raise Undefined(name, defined)
        if name in self._uses:
            used, line = self._uses[name]
            raise Forbidden(name, used, line)
        function: Callable[..., Any] = namespace[own_name]
        return function

    def _watch(self, mutated: list[str], function: Callable[..., Any], name: str, args: Any, kwargs: Any) -> Any:
        args = materialise(args, self.modules)
        kwargs = materialise(kwargs, self.modules)
        before = [_copies(argument) for argument in (*args, *kwargs.values())]
        generator = _global_generator()
        with watching(name, self.forbidden.get(name, [])):
            value = function(*args, **kwargs)
        for position, (kept, argument) in enumerate(zip(before, (*args, *kwargs.values()), strict=True), 1):
            if not _same(kept, argument):
                mutated.append(f"{name}:{position}")
        if _global_generator() != generator:
            mutated.append(f"{name}:{GLOBAL_GENERATOR}")
        return self._keep_modules(value)

    def _keep_modules(self, value: Any) -> Any:
        if isinstance(value, torch.nn.Module):
            self.modules[len(self.modules) + 1] = value
            return ModuleRef(len(self.modules))
        return value

    def _guarded(self, action: Callable[[], Any]) -> Outcome:
        try:
            return Outcome(action())
        except BaseException as error:
            return Outcome(fault=describe(error, self.filename, self.companions.filenames))
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):  # a student may have closed or replaced it
                    stream.flush()


def _seed() -> None:
    """The same request gives the same answer, on whichever side of the boundary and in whichever process."""
    torch.default_generator.manual_seed(0)  # torch.manual_seed would also queue a seeding of every kind of device
    np.random.seed(GLOBAL_SEED)
    random.seed(GLOBAL_SEED)


def own_copy(value: Any) -> Any:
    """A deep copy of a value with the same strides, in memory of its own: what a sandboxed call is given."""
    encoder = Encoder(keep_layout=True, own_memory=True)
    return decode(encoder.encode(value), encoder.arrays, as_arguments=True)


def snapshot(value: Any) -> Any:
    """A deep, contiguous copy of a value: what comes back from a sandboxed call."""
    encoder = Encoder(own_memory=True)
    return decode(encoder.encode(value), encoder.arrays)


def on_device(value: Any, device: str) -> Any:
    """A value with all of its tensors on this device."""
    if isinstance(value, torch.Tensor):
        return value.to(device)
    if isinstance(value, tuple | list):
        return type(value)(on_device(item, device) for item in value)
    if isinstance(value, dict):
        return {key: on_device(item, device) for key, item in value.items()}
    return value


def _global_generator() -> bytes | str:
    """Where NumPy's global generator stands: whatever draws from it, seeds it or puts another in its place changes this.

    Its memory is read, by the address that NumPy gives for it: `get_state` takes fifty times as long, twice a call.
    """
    bits = mtrand.get_bit_generator()
    if type(bits) is not MT19937:
        return str(bits.state)
    return ctypes.string_at(bits.ctypes.state_address, MT19937_BYTES)


def _copies(argument: Any) -> Any:
    if isinstance(argument, torch.Tensor):
        return argument.clone()
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, tuple | list):
        return [_copies(item) for item in argument]
    return None


def _same(kept: Any, argument: Any) -> bool:
    if isinstance(kept, torch.Tensor):
        argument = argument.detach()
        if torch.equal(kept, argument):
            return True
        if kept.shape != argument.shape or kept.dtype != argument.dtype:
            return False
        return bool(((kept == argument) | ((kept != kept) & (argument != argument))).all())  # NaN equals NaN here
    if isinstance(kept, np.ndarray):
        if kept.shape != argument.shape:
            return False
        if kept.dtype == argument.dtype and kept.tobytes() == argument.tobytes():
            return True  # the usual case, in a tenth of the time
        return bool(np.array_equal(kept, argument, equal_nan=kept.dtype.kind == "f"))
    if isinstance(kept, list):
        return len(kept) == len(argument) and all(map(_same, kept, argument))
    return True
