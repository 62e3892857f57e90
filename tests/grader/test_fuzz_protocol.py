"""Both ends of the channel against what nobody would send: only documented outcomes, and never more than what came."""

import contextlib
import json
import os
import socket
import struct
import types

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.compare import describe, difference
from grader.diagnose import same_step
from grader.errors import Raised, StudentFault
from grader.judge import judge
from grader.result import Verdict
from grader.sandbox.client import Usage, Worker
from grader.sandbox.inside import worker
from grader.sandbox.inside.protocol import (
    HEADER,
    JSON_BYTES,
    MAX_NODES,
    AnswerTooLarge,
    Encoder,
    ProtocolError,
    decode,
    unpack,
)
from grader.sandbox.inside.session import Outcome, Session
from grader.sandbox.limits import Limits
from grader.sandbox.requests import read_outcome
from grader.subject import Step

# Words that mean something to one end or the other, and values at the edges of what each field may be.
KEYS = [
    "kind",
    "items",
    "shape",
    "stride",
    "library",
    "array",
    "scalar",
    "id",
    "seed",
    "name",
    "type",
    "value",
    "fault",
    "mutated",
    "too_large",
    "verb",
    "request",
]
KEYS += [
    "types",
    "frames",
    "details",
    "message",
    "line",
    "function",
    "defined",
    "used",
    "dtype",
    "data_offsets",
    "__metadata__",
    "args",
    "kwargs",
    "module",
]
WORDS = [
    "array",
    "tuple",
    "list",
    "dict",
    "module",
    "opaque",
    "rng",
    "named",
    "numpy",
    "torch",
    "0",
    "1",
    "raised",
    "not_started",
    "undefined",
    "forbidden",
    "memory",
]
WORDS += [
    "F64",
    "F32",
    "BF16",
    "I64",
    "BOOL",
    "C64",
    "F8_E4M3",
    "ValueError",
    "numpy.exp",
    "\ud800",
    "\x1b[2J",
    "{0}%s",
]
EDGES = [0, 1, -1, 2**31, 2**40, 2**63 - 1, 2**63, -(2**63), 10**400, 0.5, 1e308, float("inf"), float("nan"), -0.0]
SCALARS = (
    st.none() | st.booleans() | st.sampled_from(EDGES) | st.sampled_from(WORDS) | st.integers() | st.text(max_size=5)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)
SHAPES = st.lists(st.integers(0, 3) | st.sampled_from([2**20, 2**33, 2**40, -1]), max_size=4)


def with_kind(**fields):
    """Objects of one kind whose fields are mostly there and mostly of the right type."""
    return st.fixed_dictionaries({}, optional={name: values | TREES for name, values in fields.items()})


ARRAY_NODES = st.fixed_dictionaries(
    {"kind": st.just("array"), "array": st.sampled_from(["0", "1", "2"]), "shape": SHAPES},
    optional={"library": st.sampled_from(["numpy", "torch"]), "scalar": st.booleans(), "stride": SHAPES},
)
VALUES = st.recursive(
    SCALARS | ARRAY_NODES | with_kind(kind=st.sampled_from(WORDS), id=SCALARS, type=SCALARS),
    lambda inner: (
        st.builds(
            lambda kind, items: {"kind": kind, "items": items},
            st.sampled_from(["tuple", "list"]),
            st.lists(inner, max_size=4),
        )
        | st.builds(lambda items: {"kind": "dict", "items": items}, st.lists(st.tuples(SCALARS, inner), max_size=4))
    ),
    max_leaves=12,
)
FAULTS = with_kind(
    kind=st.sampled_from(WORDS),
    name=st.text(max_size=10),
    message=st.text(max_size=30),
    types=st.lists(st.sampled_from(WORDS), max_size=3),
    frames=st.lists(st.tuples(SCALARS, SCALARS, SCALARS) | TREES, max_size=3),
    details=st.dictionaries(st.sampled_from(["line", "used", "function", "defined"]), SCALARS, max_size=3),
)
MESSAGES = (
    with_kind(value=VALUES) | with_kind(fault=FAULTS, mutated=st.lists(SCALARS, max_size=3), too_large=SCALARS) | TREES
)


@st.composite
def blobs(draw):
    """Array bytes with a header that is right, or wrong in one place, or no header at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=64))
    header, data = {}, b""
    for name in draw(st.lists(st.sampled_from(["0", "1", "2"]), unique=True, max_size=3)):
        code, size = draw(
            st.sampled_from([("F64", 8), ("F32", 4), ("BF16", 2), ("BOOL", 1), ("U8", 1), ("I64", 8), ("C64", 8)])
        )
        count = draw(st.sampled_from([0, 1, 2, 3, 4, 6, 8]))
        header[name] = {"dtype": code, "shape": [count], "data_offsets": [len(data), len(data) + count * size]}
        data += draw(st.binary(min_size=count * size, max_size=count * size))
    if header and draw(st.integers(0, 2)) == 0:
        entry = header[draw(st.sampled_from(sorted(header)))]
        entry[draw(st.sampled_from(sorted(entry)))] = draw(TREES)
    text = json.dumps(header).encode()
    length = draw(st.just(len(text)) | st.sampled_from([0, 1, 2**31, 2**63, 2**64 - 1]))
    return struct.pack("<Q", length) + text + data


def as_text(message):
    return json.dumps(message).encode()


def arrays_in(value):
    if isinstance(value, torch.Tensor | np.ndarray | np.generic):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays_in(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from arrays_in(item)


EXPECTED = [
    1.0,
    3,
    True,
    "text",
    None,
    (torch.zeros(2), torch.zeros(2, 3)),
    {"value": torch.zeros(1)},
    torch.zeros(2, 3, dtype=torch.float64),
    torch.zeros(6, dtype=torch.bool),
    torch.zeros(0, 2**20),
    np.zeros(()),
    np.zeros((2, 3)),
]


@given(message=MESSAGES, blob=blobs())
def test_whatever_a_worker_sends_is_an_outcome_that_every_reader_can_read(message, blob):
    """Or it is refused; another exception would be taken for a fault of the grader."""
    try:
        outcome = read_outcome(*unpack(as_text(message), blob))
    except ProtocolError:
        return
    found = list(arrays_in(outcome.value))
    assert sum(int(array.nbytes) for array in found) <= len(blob)  # nothing grew on the way
    if outcome.fault is not None:
        verdict, text = judge(Raised(outcome.fault, "f"), "toy.py")
        assert verdict in (Verdict.ERROR, Verdict.MISSING, Verdict.FORBIDDEN, Verdict.MEMORY, Verdict.FAILED)
        assert text
        return
    assert len(describe(outcome.value)) <= 2 * JSON_BYTES
    for expected in EXPECTED:
        assert isinstance(difference(outcome.value, expected), str | None)
        same_step(Step("call", "f", Outcome(expected)), Step("call", "f", outcome))
    for keep_layout in (False, True):  # a check may hand an answer on as an argument
        encoder = Encoder(keep_layout=keep_layout)
        with contextlib.suppress(AnswerTooLarge):
            encoder.encode(outcome.value)
            assert sum(array.nbytes for array in encoder.arrays.values()) <= len(blob)


@given(text=st.binary(max_size=200), blob=st.binary(max_size=200))
def test_whatever_bytes_come_are_a_frame_or_refused(text, blob):
    with contextlib.suppress(ProtocolError):
        message, arrays = unpack(text, blob)
        assert isinstance(message, dict)
        assert all(array.ndim == 1 for array in arrays.values())


@given(
    part=st.sampled_from([b"[],", b"{},", b'{"":[]},', b"0,", b"[[[[],", b'"\\ud800",']), count=st.integers(0, 30_000)
)
def test_a_value_of_many_parts_is_read_within_its_bounds_or_refused(part, count):
    message = b'{"value":{"kind":"list","items":[' + part * count + b"0]}}"
    with contextlib.suppress(ProtocolError):
        outcome = read_outcome(*unpack(message, b""))
        assert outcome.fault is None
        assert len(outcome.value) <= MAX_NODES


# The client, with a fake worker at the other end of its channel


class ScriptedWorker(Worker):
    """A client whose worker has said all that it will ever say. No process is there to be signalled."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._process.signal = lambda number: None


class Scripted:
    """In the place of a fork server: the other end's greeting, its bytes and its end lie ready in the channel."""

    sandbox, gpu = "none", None

    def __init__(self, said, hangs_up):
        self.said, self.hangs_up = said, hangs_up

    def spawn(self, limits):
        ours, self.theirs = socket.socketpair()
        self.theirs.setblocking(False)
        output, output_write = os.pipe()
        status, status_write = os.pipe()
        os.write(output_write, b"printed")
        os.write(status_write, b'{"code": 1}')
        os.close(output_write)
        os.close(status_write)
        text = json.dumps({"hello": os.getpid()}).encode()
        self.theirs.send(HEADER.pack(len(text), 0) + text)
        return ours, output, status

    def speak(self):
        with contextlib.suppress(BlockingIOError):
            self.theirs.send(self.said)
        if self.hangs_up:
            self.theirs.close()

    def close(self):
        self.theirs.close()


@st.composite
def said(draw):
    """What a worker might send: frames, their lengths right or wrong, whole or cut short, one or more of them."""
    data = b""
    for _ in range(draw(st.integers(0, 2))):
        text, blob = as_text(draw(MESSAGES)), draw(blobs())
        lengths = draw(st.just((len(text), len(blob))) | st.tuples(*[st.sampled_from([0, 1, 2**23, 2**32 - 1])] * 2))
        data += HEADER.pack(*lengths) + text + blob
    data += draw(st.just(b"") | st.binary(max_size=20))
    return data[: draw(st.just(len(data)) | st.integers(0, len(data)))]


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the sandbox is Linux's")
@given(said=said(), hangs_up=st.booleans())
def test_a_request_ends_in_an_outcome_or_in_a_fault_of_the_student(said, hangs_up):
    limits = Limits(check_cpu_s=10**6, total_cpu_s=10**6, check_wall_s=0.01, answer_mb=1)
    before = len(os.listdir("/proc/self/fd"))
    server, output = Scripted(said, hangs_up), bytearray()
    client = ScriptedWorker(server, limits, Usage(), output)
    server.speak()
    try:
        outcome = client.perform("call", {"name": "f", "args": (torch.zeros(3),), "kwargs": {}})
        assert isinstance(outcome, Outcome)
    except StudentFault:
        assert not client.alive
    finally:
        client.kill()
        server.close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert output == b"printed"


# The worker's end: what comes is the grader's, and still nothing but the documented may come of it


@given(data=said())
def test_a_worker_reads_a_message_or_ends(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(60)
        theirs.sendall(data[:65536])
        theirs.shutdown(socket.SHUT_WR)
        try:
            message, arrays = worker.receive(ours)
        except (ProtocolError, SystemExit):
            return
        assert isinstance(message, dict)
        assert isinstance(arrays, dict)


SOURCE = """
import torch
def f(*args, **kwargs): return args, kwargs
def g(x): return x + 1
class M(torch.nn.Linear):
    def __init__(self, *sizes): super().__init__(2, 2)
"""
VERBS = [
    "call",
    "gradient",
    "module_call",
    "module_gradient",
    "module_state",
    "module_parameters",
    "module_load",
    "module_to",
    "module_train",
]
FIELDS = [
    "name",
    "args",
    "kwargs",
    "wrt",
    "cotangents",
    "module",
    "parameters",
    "state",
    "dtype",
    "mode",
    "mutated",
    "self",
]
NAMES = ["f", "g", "M", "torch", "absent", "__builtins__", "float64", "__class__"]


@given(
    verb=st.sampled_from(VERBS) | st.text(max_size=5),
    request=st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(NAMES) | VALUES, max_size=6),
    blob=blobs(),
)
def test_a_session_answers_every_request_or_names_what_it_does_not_know(verb, request, blob):
    session = Session(SOURCE, "toy.py")
    assert session.load().fault is None
    session.perform("call", {"name": "M", "args": (), "kwargs": {}})
    try:
        _, arrays = unpack(b"{}", blob)
        given = {name: decode(value, arrays, as_arguments=True, module=int) for name, value in request.items()}
    except (ProtocolError, KeyError, TypeError, ValueError, OverflowError, RuntimeError):
        return
    try:
        outcome = session.perform(verb, given)
    except ValueError as error:
        assert verb not in VERBS
        assert "unknown verb" in str(error)
        return
    assert isinstance(outcome, Outcome)
    channel = types.SimpleNamespace(sendall=bytearray().extend)
    worker.reply(channel, outcome, "toy.py", 2**20)
