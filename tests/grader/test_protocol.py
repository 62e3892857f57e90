"""grader/sandbox/inside/protocol.py: values across the boundary, and what is refused there."""

import contextlib
import json
import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.sandbox.inside import protocol
from grader.sandbox.inside.protocol import (
    HEADER,
    AnswerTooLarge,
    Encoder,
    ModuleRef,
    Named,
    Opaque,
    ProtocolError,
    Rng,
    decode,
    materialise,
    pack,
    unpack,
)
from grader.sandbox.inside.session import Outcome
from grader.sandbox.requests import read_outcome

ONE_FLOAT = {"0": torch.zeros(1, dtype=torch.float64)}


def there_and_back(value, keep_layout=False, as_arguments=False):
    """Through the bytes of a frame, as between two processes."""
    encoder = Encoder(keep_layout=keep_layout)
    frame = pack({"value": encoder.encode(value)}, encoder.arrays)
    text_length, _ = HEADER.unpack_from(frame)
    message, arrays = unpack(
        frame[HEADER.size : HEADER.size + text_length],
        frame[HEADER.size + text_length :],
    )
    return decode(message["value"], arrays, as_arguments)


@pytest.mark.parametrize(
    "value", [None, True, 0, -(2**63) + 1, 1.5, "한글", (), [], {}, (1, [2.0, ("x", None)]), {"a": (1,)}]
)
def test_plain_values_arrive_as_they_are(value):
    came = there_and_back(value)
    assert came == value
    assert type(came) is type(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_floats_that_json_does_not_know_arrive(value):
    assert repr(there_and_back(value)) == repr(value)


@pytest.mark.parametrize("dtype", sorted(protocol.NAME_OF_DTYPE, key=str))
def test_tensors_of_every_dtype_arrive(dtype):
    tensor = torch.arange(6).reshape(2, 3).to(dtype)
    came = there_and_back(tensor)
    assert came.dtype == dtype
    assert torch.equal(came, tensor)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"])
def test_arrays_of_every_dtype_arrive(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    came = there_and_back(array)
    assert isinstance(came, np.ndarray)
    assert came.dtype == array.dtype
    assert np.array_equal(came, array)


@pytest.mark.parametrize("value", [np.float32(1.5), np.float64(2.5), np.int64(3), np.bool_(True)])
def test_scalars_of_numpy_stay_scalars(value):
    came = there_and_back(value)
    assert type(came) is type(value)
    assert came == value


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1, 1)])
def test_empty_and_small_shapes_arrive(shape):
    assert there_and_back(torch.ones(shape)).shape == shape
    assert there_and_back(np.ones(shape)).shape == shape


def test_what_arrives_has_memory_of_its_own():
    tensor = torch.zeros(3)
    came = there_and_back(tensor)
    came += 1
    assert torch.equal(tensor, torch.zeros(3))


def test_a_slice_of_a_large_tensor_sends_only_itself():
    encoder = Encoder()
    tree = encoder.encode(torch.zeros(1000, 1000)[0, :3])
    assert len(protocol.pack({"value": tree}, encoder.arrays)) < 500


@pytest.mark.parametrize(
    "view",
    [
        lambda x: x.mT,
        lambda x: x[:, ::2],
        lambda x: x[1:, 1],
        lambda x: x.expand(5, 4, 6),
    ],
)
def test_arguments_keep_their_strides(view):
    tensor = view(torch.arange(24.0).reshape(4, 6))
    came = there_and_back(tensor, keep_layout=True, as_arguments=True)
    assert torch.equal(came, tensor)
    assert came.stride() == tensor.stride()


def test_arrays_keep_their_strides_too():
    array = np.arange(24.0).reshape(4, 6)[:, ::2].T
    came = there_and_back(array, keep_layout=True, as_arguments=True)
    assert np.array_equal(came, array)
    assert came.strides == array.strides
    reversed_array = np.arange(3.0)[::-1]
    assert np.array_equal(there_and_back(reversed_array, keep_layout=True, as_arguments=True), reversed_array)
    read_only = np.broadcast_to(np.arange(3.0), (2, 3))
    assert np.array_equal(there_and_back(read_only, keep_layout=True, as_arguments=True), read_only)


def test_a_tensor_with_a_pending_negation_arrives_negated():
    tensor = torch.complex(torch.ones(2), torch.arange(2.0)).conj().imag
    assert tensor.is_neg()
    assert there_and_back(tensor).tolist() == [0.0, -1.0]


@pytest.mark.parametrize(
    "value, name",
    [
        (object(), "object"),
        (1j, "complex"),
        (2**63, "int beyond 64 bits"),
        ({1: 2}, "dict"),
        (torch.zeros(2, dtype=torch.complex64), "tensor of dtype torch.complex64, layout torch.strided"),
        (torch.zeros(2, 2).to_sparse(), "tensor of dtype torch.float32, layout torch.sparse_coo"),
        (torch.zeros(2, device="meta"), "tensor of dtype torch.float32, layout torch.strided"),
        (np.array(["a"]), "ndarray of dtype <U1"),
        (np.array([object()]), "ndarray of dtype object"),
        (np.zeros(2, ">f8"), "ndarray of dtype >f8"),
        (np.zeros(2, "uint16"), "tensor of dtype torch.uint16, layout torch.strided"),
        (np.zeros(2, "longdouble"), f"ndarray of dtype {np.dtype('longdouble')}"),
    ],
)
def test_what_no_exercise_asks_for_arrives_as_its_name(value, name):
    assert there_and_back(value) == Opaque(name)


def test_modules_travel_as_numbers():
    assert there_and_back(ModuleRef(3)) == ModuleRef(3)
    encoder = Encoder()
    assert materialise(decode(encoder.encode((ModuleRef(3),)), {}), {3: "the module"}) == ("the module",)


def test_generators_and_functions_travel_as_arguments():
    rng, function = there_and_back((Rng(5), Named("numpy.exp")), as_arguments=True)
    assert materialise(rng).random() == np.random.default_rng(5).random()
    assert materialise((1, [function])) == (1, [np.exp])


@pytest.mark.parametrize("name", ["os.system", "numpyx.exp", "", "builtins.eval"])
def test_only_functions_of_numpy_can_be_named(name):
    with pytest.raises(ProtocolError, match="NumPy"):
        materialise(Named(name))


@pytest.mark.parametrize(
    "node",
    [
        {"kind": "rng", "seed": 1},
        {"kind": "named", "name": "numpy.testing.runstring"},
        {"kind": "array", "library": "torch", "array": "0", "shape": [10**12], "stride": [0]},
        {"kind": "array", "library": "numpy", "array": "0", "shape": [10**12], "stride": [0]},
    ],
)
def test_an_answer_holds_no_generator_no_function_and_no_strides(node):
    """A stride of 0 makes a terabyte of eight bytes; a name makes the grader import."""
    with pytest.raises(ProtocolError):
        decode(node, ONE_FLOAT)
    with pytest.raises(ProtocolError):
        decode({"kind": "tuple", "items": [node]}, ONE_FLOAT)


@pytest.mark.parametrize(
    "shape",
    [[2], [0], [-1, -1], [-1], [1.5], ["1"], [True], [2**70], [1] * 1000, "1", {"0": 1}, None, 1],
)
def test_an_array_has_the_shape_of_its_bytes_and_few_axes(shape):
    with pytest.raises(ProtocolError):
        decode({"kind": "array", "library": "torch", "array": "0", "shape": shape}, ONE_FLOAT)


@pytest.mark.parametrize("shape", [[2**33, 0], [0, 2**21], [0, 2**11, 2**11], [0] + [2**39] * 5])
def test_an_array_without_elements_has_no_endless_axes(shape):
    """The sum over its empty axis would have that many elements."""
    nothing = {"0": torch.zeros(0)}
    with pytest.raises(ProtocolError, match="endless"):
        decode({"kind": "array", "library": "torch", "array": "0", "shape": shape}, nothing)
    assert decode({"kind": "array", "library": "torch", "array": "0", "shape": [0, 7]}, nothing).shape == (0, 7)


def test_an_array_is_named_once():
    """Else a few bytes are gigabytes as soon as the answer is copied."""
    node = {"kind": "array", "library": "torch", "array": "0", "shape": [1]}
    with pytest.raises(ProtocolError, match="twice"):
        decode({"kind": "tuple", "items": [node, node]}, ONE_FLOAT)


def test_a_boolean_is_true_or_false():
    header = {"0": {"dtype": "BOOL", "shape": [3], "data_offsets": [0, 3]}}
    assert unpack(b"{}", blob(header, bytes([0, 1, 1])))[1]["0"].tolist() == [False, True, True]
    with pytest.raises(ProtocolError):
        unpack(b"{}", blob(header, bytes([0, 1, 2])))


def test_texts_are_bounded_together():
    assert Encoder().encode(["x" * protocol.MAX_TEXT] * 10)
    with pytest.raises(AnswerTooLarge):
        Encoder().encode(["x" * protocol.MAX_TEXT] * 11)
    with pytest.raises(AnswerTooLarge):
        Encoder().encode({f"{number}{'x' * 10_000}": None for number in range(21)})


def test_a_shape_of_a_million_axes_is_refused_before_it_is_multiplied(monkeypatch):
    """Their product takes minutes in one call of C that nothing can interrupt."""
    monkeypatch.setattr(protocol.math, "prod", lambda *_: pytest.fail("multiplied"))
    shape = [123456789012345678] * 10**6
    with pytest.raises(ProtocolError):
        decode({"kind": "array", "library": "torch", "array": "0", "shape": shape}, ONE_FLOAT)


@pytest.mark.parametrize(
    "node",
    [
        [1],
        {"kind": "unknown"},
        {},
        {"kind": "tuple"},
        {"kind": "tuple", "items": 3},
        {"kind": "list", "items": {"a": 1}},
        {"kind": ["array"]},
        10**400,
        -(2**63) - 1,
    ],
)
def test_what_is_no_value_is_refused(node):
    with pytest.raises(ProtocolError):
        decode(node, {})


def test_values_are_not_nested_without_end():
    node = None
    for _ in range(protocol.MAX_DEPTH + 2):
        node = {"kind": "list", "items": [node]}
    with pytest.raises(ProtocolError, match="deep"):
        decode(node, {})
    value = None
    for _ in range(protocol.MAX_DEPTH + 2):
        value = [value]
    with pytest.raises(AnswerTooLarge, match="parts"):
        Encoder().encode(value)


def test_values_do_not_have_parts_without_end():
    with pytest.raises(AnswerTooLarge, match="parts"):
        Encoder().encode([0] * (protocol.MAX_NODES + 1))
    items = [0] * (protocol.MAX_NODES + 1)
    with pytest.raises(ProtocolError):
        decode({"kind": "list", "items": items}, {})


def test_a_large_answer_is_refused_before_it_is_copied():
    encoder = Encoder(max_bytes=1000)
    with pytest.raises(AnswerTooLarge):
        encoder.encode(torch.zeros(1).expand(10**12))
    with pytest.raises(AnswerTooLarge):
        encoder.encode(np.broadcast_to(np.zeros(1), (10**12,)))
    with pytest.raises(AnswerTooLarge):
        encoder.encode([torch.zeros(100), torch.zeros(100), torch.zeros(100)])


def test_long_texts_are_cut():
    assert len(there_and_back("x" * 10**6)) == protocol.MAX_TEXT
    assert len(there_and_back(type("x" * 1000, (), {})()).type_name) == 200


def blob(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"1", b"\xff\xfe", b'{"a": 1} x', b"[" * 100_000, b'{"a":' + b"9" * 5000 + b"}"],
    ids=["empty", "open", "list", "number", "not UTF-8", "trailing", "deep", "number of 5000 digits"],
)
def test_a_text_that_is_no_object_is_refused(text):
    with pytest.raises(ProtocolError):
        unpack(text, b"")


@pytest.mark.parametrize(
    "data",
    [
        b"short",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 100) + b"{}",
        blob(b"not json"),
        blob({"0": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}}),
        blob({"0": {"dtype": "F64", "shape": [2], "data_offsets": [0, 8]}}, bytes(8)),
        blob({"0": {"dtype": "F64", "shape": [1], "data_offsets": [8, 16]}}, bytes(8)),
        blob({"0": {"dtype": "F64", "shape": [1], "data_offsets": [8, 0]}}, bytes(8)),
        blob({"0": {"dtype": "F64", "shape": [-1], "data_offsets": [0, 8]}}, bytes(8)),
        blob({"0": {"dtype": "F64", "shape": [2**62, 2**62], "data_offsets": [0, 8]}}, bytes(8)),
        blob({"0": {"dtype": "F99", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)),
        blob({"0": {"dtype": "C64", "shape": [1], "data_offsets": [0, 8]}}, bytes(8)),
        blob({"0": {"dtype": "F8_E4M3", "shape": [8], "data_offsets": [0, 8]}}, bytes(8)),
        blob({"0": 1}),
        blob(
            {
                "0": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
                "1": {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]},
            },
            bytes(8),
        ),
    ],
)
def test_array_bytes_whose_header_lies_are_refused(data):
    with pytest.raises(ProtocolError):
        unpack(b"{}", data)


def test_a_header_of_arrays_is_small():
    """Half a million empty tensors in a header cost the grader seconds and most of a gigabyte."""
    empty = '{"dtype":"U8","shape":[0],"data_offsets":[0,0]}'
    header = "{" + ",".join(f'"{number}":{empty}' for number in range(120_000)) + "}"
    with pytest.raises(ProtocolError):
        unpack(b"{}", blob(header.encode()))


def test_halves_of_surrogate_pairs_travel():
    assert there_and_back("\ud800") == "\ud800"


WORDS = [
    "kind",
    "array",
    "tuple",
    "list",
    "dict",
    "module",
    "opaque",
    "items",
    "shape",
    "stride",
    "library",
    "numpy",
    "0",
]
WORDS += [
    "value",
    "fault",
    "mutated",
    "types",
    "frames",
    "details",
    "id",
    "dtype",
    "F64",
    "BF16",
    "C64",
    "data_offsets",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, database=None)
@given(message=JSON | st.builds(lambda value: {"value": value}, JSON), header=JSON, data=st.binary(max_size=32))
def test_whatever_comes_is_an_answer_or_refused(message, header, data):
    """And nothing else: another exception would be taken for a fault of the grader."""
    try:
        outcome = read_outcome(*unpack(json.dumps(message).encode(), blob(header, data)))
    except ProtocolError:
        return
    assert isinstance(outcome, Outcome)


@settings(max_examples=300, deadline=None, database=None)
@given(text=st.binary(max_size=64), data=st.binary(max_size=64))
def test_whatever_bytes_come_are_a_frame_or_refused(text, data):
    with contextlib.suppress(ProtocolError):
        unpack(text, data)
