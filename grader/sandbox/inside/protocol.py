"""What crosses the boundary: frames of JSON and array bytes. Imports nothing of the grader outside of this folder.

A frame is two big-endian 32-bit lengths, then UTF-8 JSON, then one safetensors blob. Both sides check the lengths
against their own caps before they read on. Nothing here is unpickled or evaluated: arrays arrive as bytes and are
copied into fresh memory.

A value is a tree: None, booleans, numbers and strings stand for themselves; everything else is an object with a
`kind`: array, tuple, list, dict, rng, named, module, opaque.
"""

import importlib
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import safetensors
import torch

HEADER = struct.Struct(">II")
JSON_BYTES = 8 * 2**20
HEADER_BYTES = 2 * 2**20  # of a safetensors blob: it grows with the number of arrays, not with their size
MAX_DEPTH = 32
MAX_NODES = 20_000
MAX_TEXT = 20_000
MAX_TEXTS = 200_000  # characters of all texts of a value
MAX_EMPTY_EXTENT = 2**20  # an array of no elements may still have long axes: a sum over the empty one would fill them


class ProtocolError(Exception):
    """The other side sent something that is not a message of this protocol."""


class AnswerTooLarge(Exception):
    """A value does not fit into a frame: its text is "bytes" or "parts"."""


@dataclass(frozen=True)
class Rng:
    """An argument that becomes `np.random.default_rng(seed)` on the other side."""

    seed: int


@dataclass(frozen=True)
class Named:
    """An argument that becomes the NumPy function of this dotted name on the other side."""

    name: str


@dataclass(frozen=True)
class ModuleRef:
    """An nn.Module that stays in the worker, known by a number."""

    id: int


@dataclass(frozen=True)
class Opaque:
    """Something that a student returned and that no exercise asks for; only its type's name travels."""

    type_name: str


# The dtypes that travel, by the name that the header of a safetensors blob gives them.
DTYPE_OF_CODE = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NAME_OF_DTYPE = {dtype: str(dtype).removeprefix("torch.") for dtype in DTYPE_OF_CODE.values()}


class Encoder:
    """Turns values into a tree and the flat arrays that it names.

    keep_layout: send strides too, for arguments. own_memory: the arrays are copies, for values that stay in this process.
    """

    def __init__(self, keep_layout: bool = False, own_memory: bool = False, max_bytes: int = 2**31) -> None:
        self.keep_layout = keep_layout
        self.own_memory = own_memory
        self.max_bytes = max_bytes
        self.arrays: dict[str, torch.Tensor] = {}
        self._nodes = 0
        self._bytes = 0
        self._texts = 0

    def encode(self, value: Any, depth: int = 0) -> Any:
        self._nodes += 1
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            raise AnswerTooLarge("parts")
        if value is None or isinstance(value, bool) or type(value) is float:
            return value
        if type(value) is int:
            return value if abs(value) < 2**63 else {"kind": "opaque", "type": "int beyond 64 bits"}
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, np.ndarray | np.generic):
            return self._ndarray(value)
        if isinstance(value, tuple | list):
            kind = "tuple" if isinstance(value, tuple) else "list"
            return {"kind": kind, "items": [self.encode(item, depth + 1) for item in value]}
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            items = [[self._text(key), self.encode(item, depth + 1)] for key, item in value.items()]
            return {"kind": "dict", "items": items}
        if isinstance(value, ModuleRef):
            return {"kind": "module", "id": value.id}
        if isinstance(value, Rng):
            return {"kind": "rng", "seed": value.seed}
        if isinstance(value, Named):
            return {"kind": "named", "name": value.name}
        return {
            "kind": "opaque",
            "type": (value.type_name if isinstance(value, Opaque) else type(value).__name__)[:200],
        }

    def _text(self, value: str) -> str:
        value = value[:MAX_TEXT]
        self._texts += len(value)
        if self._texts > MAX_TEXTS:
            raise AnswerTooLarge("bytes")
        return value

    def _tensor(self, value: torch.Tensor, library: str = "torch") -> Any:
        if value.dtype not in NAME_OF_DTYPE or value.layout != torch.strided or value.is_meta:
            return {"kind": "opaque", "type": f"tensor of dtype {value.dtype}, layout {value.layout}"}
        plain = value.detach().cpu()
        node: dict[str, Any] = {"kind": "array", "library": library, "shape": list(plain.shape)}
        if self.keep_layout and not plain.is_contiguous():
            node["stride"] = list(plain.stride())
            extent = 1 + sum((size - 1) * step for size, step in zip(plain.shape, plain.stride(), strict=True))
            plain = plain.as_strided((extent,), (1,), plain.storage_offset())
        # A giant expanded view costs nothing until it is made contiguous: ask for its size first.
        self._bytes += plain.numel() * plain.element_size()
        if self._bytes > self.max_bytes:
            raise AnswerTooLarge("bytes")
        node["array"] = str(len(self.arrays))
        flat = plain.contiguous().reshape(-1)
        self.arrays[node["array"]] = flat.clone() if self.own_memory else flat
        return node

    def _ndarray(self, value: np.ndarray | np.generic) -> Any:
        is_scalar = isinstance(value, np.generic)
        array = np.asarray(value)
        if array.dtype.hasobject or array.dtype.kind not in "biuf" or not array.dtype.isnative:
            return {"kind": "opaque", "type": f"ndarray of dtype {array.dtype}"}
        if array.size * array.itemsize + self._bytes > self.max_bytes:
            raise AnswerTooLarge("bytes")
        if any(step < 0 or step % array.itemsize for step in array.strides) or not array.flags.writeable:
            array = array.copy()
        try:
            node = self._tensor(torch.from_numpy(array), "numpy")
        except TypeError:
            return {"kind": "opaque", "type": f"ndarray of dtype {array.dtype}"}
        if is_scalar and node["kind"] == "array":
            node["scalar"] = True
        return node


def decode(node: Any, arrays: dict[str, torch.Tensor], as_arguments: bool = False) -> Any:
    """The value of a tree. Only arguments, which come from the trusted side, may have strides, generators or functions."""
    return _Decoder(arrays, as_arguments).value_of(node, 0)


class _Decoder:
    """Not a nested function: one that calls itself would keep all arrays alive until garbage is next collected."""

    def __init__(self, arrays: dict[str, torch.Tensor], as_arguments: bool) -> None:
        self.arrays, self.as_arguments = arrays, as_arguments
        self.nodes = 0
        self.named: set[str] = set()

    def value_of(self, node: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise ProtocolError("a value of too many parts")
        if node is None or isinstance(node, bool | float | str):
            return node
        if isinstance(node, int):
            if abs(node) >= 2**63:
                raise ProtocolError("an integer beyond 64 bits")
            return node
        if not isinstance(node, dict) or depth > MAX_DEPTH:
            raise ProtocolError("a value is neither a scalar nor an object, or is nested too deeply")
        kind = node.get("kind")
        if kind == "array":
            if node["array"] in self.named:  # a few bytes would stand for gigabytes once they are copied
                raise ProtocolError("an array that is named twice")
            self.named.add(node["array"])
            return _decode_array(node, self.arrays, self.as_arguments)
        if kind in ("tuple", "list"):
            items = [self.value_of(item, depth + 1) for item in _items(node)]
            return tuple(items) if kind == "tuple" else items
        if kind == "dict":
            return {str(key): self.value_of(item, depth + 1) for key, item in _items(node)}
        if kind == "module":
            return ModuleRef(int(node["id"]))
        if kind == "opaque":
            return Opaque(str(node.get("type"))[:200])
        if kind == "rng" and self.as_arguments:
            return Rng(int(node["seed"]))
        if kind == "named" and self.as_arguments:
            return Named(str(node["name"]))
        raise ProtocolError(f"a value of unknown kind {str(kind)[:40]!r}")


def materialise(value: Any, modules: Mapping[int, Any] = MappingProxyType({})) -> Any:
    """Argument markers become what they stand for: a Generator, a NumPy function, one of the session's modules."""
    if isinstance(value, Rng):
        return np.random.default_rng(value.seed)
    if isinstance(value, Named):
        return _numpy_function(value.name)
    if isinstance(value, ModuleRef):
        return modules[value.id]
    if isinstance(value, tuple | list):
        return type(value)(materialise(item, modules) for item in value)
    if isinstance(value, dict):
        return {key: materialise(item, modules) for key, item in value.items()}
    return value


def _items(node: dict[str, Any]) -> list[Any]:
    items = node.get("items")
    if not isinstance(items, list):
        raise ProtocolError("a container without a list of items")
    return items


def _sizes(value: Any) -> tuple[int, ...]:
    """A shape or strides: few and small enough that computing with them costs nothing."""
    if (
        not isinstance(value, list)
        or len(value) > MAX_DEPTH
        or not all(type(n) is int and 0 <= n < 2**40 for n in value)
    ):
        raise ProtocolError("an array whose shape is no shape")
    return tuple(value)


def _decode_array(node: dict[str, Any], arrays: dict[str, torch.Tensor], as_arguments: bool) -> Any:
    flat = arrays[node["array"]]
    shape = _sizes(node["shape"])
    if "stride" in node:
        if not as_arguments:
            raise ProtocolError("an answer with strides")
        tensor = flat.as_strided(shape, _sizes(node["stride"]))
    else:
        if math.prod(shape) != flat.numel():
            raise ProtocolError("an array whose shape does not fit its bytes")
        if math.prod(size or 1 for size in shape) > max(flat.numel(), MAX_EMPTY_EXTENT):
            raise ProtocolError("an array without elements, but with endless axes")
        tensor = flat.reshape(shape)
    if node.get("library") == "numpy":
        array = tensor.numpy()
        return array[()] if node.get("scalar") and array.ndim == 0 else array
    return tensor


def _numpy_function(name: str) -> Any:
    module, _, attribute = name.rpartition(".")
    if module.split(".")[0] != "numpy":
        raise ProtocolError(f"{name!r} is not a NumPy function")
    return getattr(importlib.import_module(module), attribute)


def pack(message: dict[str, Any], arrays: dict[str, torch.Tensor]) -> bytes:
    """One frame."""
    text = json.dumps(message, separators=(",", ":")).encode("utf-8", "surrogatepass")
    blob = bytes(safetensors.serialize({name: _spec(array) for name, array in arrays.items()})) if arrays else b""
    return HEADER.pack(len(text), len(blob)) + text + blob


def _spec(array: torch.Tensor) -> safetensors.TensorSpec:
    """Where a flat array's bytes lie. (safetensors.torch.save takes ten times as long for small arrays.)"""
    size = array.numel() * array.element_size()
    return safetensors.TensorSpec(
        dtype=NAME_OF_DTYPE[array.dtype], shape=[array.numel()], data_ptr=array.data_ptr(), data_len=size
    )


def unpack(text: bytes, blob: bytes) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The message and its flat arrays, each in fresh memory. Raises ProtocolError for anything else."""
    if blob and int.from_bytes(blob[:8], "little") > HEADER_BYTES:
        raise ProtocolError("an array header larger than its limit")
    try:
        message = json.loads(text.decode("utf-8", "surrogatepass"))
        arrays = {name: _fresh(entry) for name, entry in _entries(blob)} if blob else {}
    except (ValueError, KeyError, TypeError, RecursionError, RuntimeError, safetensors.SafetensorError) as error:
        raise ProtocolError(f"a frame that cannot be read ({type(error).__name__})") from None
    if not isinstance(message, dict):
        raise ProtocolError("a frame that holds no object")
    return message, arrays


def _entries(blob: bytes) -> list[tuple[str, dict[str, Any]]]:
    entries: list[tuple[str, dict[str, Any]]] = safetensors.deserialize(blob)  # type: ignore[no-untyped-call]
    return entries


def _fresh(entry: dict[str, Any]) -> torch.Tensor:
    """A flat array over the bytes that deserialize has copied. Raises KeyError for a dtype that this protocol does not have."""
    dtype = DTYPE_OF_CODE[entry["dtype"]]
    data: bytearray = entry["data"]
    if dtype is torch.bool and data.strip(b"\x00\x01"):
        raise ValueError("a boolean that is neither true nor false")
    return torch.frombuffer(data, dtype=dtype) if len(data) else torch.empty(0, dtype=dtype)
