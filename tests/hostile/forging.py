"""Attacks on the grader through `attention`: answers, frames and faults that are not what they seem.

Each is a submission that is right but for one hostile definition. All that an attack may change is its own grade.
"""

import atexit
import builtins
import gc
import json
import os
import stat
import struct
import sys
import threading
import time
import weakref

import safetensors
import torch

from grader.variants import hostile
from solutions.attention import seq2seq_attention

honest = seq2seq_attention


def wrong(decoder, encoder):
    """An answer of the right kind whose values are not."""
    return torch.zeros_like(decoder), torch.zeros(*decoder.shape[:2], encoder.shape[1], dtype=decoder.dtype)


def channel():
    """The descriptor over which this process talks to the grader: the one socket that it holds."""
    return next(number for number in range(3, 64) if stat.S_ISSOCK(os.fstat(number).st_mode))


def frame(message, blob=b""):
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack(">II", len(text), len(blob)) + text + blob


def arrays(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def own_module(name):
    """A module of the worker itself, whichever sandbox started it."""
    return next(module for path, module in sys.modules.items() if path.endswith(f"inside.{name}"))


def instead_of_the_answer(*frames):
    """What the worker sends once, in the place of the answer to this call."""
    worker = own_module("worker")
    pack = worker.pack

    def forged(message, arrays):
        worker.pack = pack
        return b"".join(frames)

    worker.pack = forged


# Exits, and output that looks like results


@hostile("hostile-exit", replaces="softmax", verdict="crashed")
def exit_zero(x, dim):
    os._exit(0)


@hostile("hostile-exit-seven", replaces="seq2seq_attention", verdict="crashed")
def exit_seven(decoder, encoder, lengths):
    os._exit(7)


@hostile("hostile-sys-exit", replaces="seq2seq_attention", verdict="error")
def sys_exit(decoder, encoder, lengths):
    sys.exit(0)


@hostile("hostile-prints-results", replaces="seq2seq_attention", verdict="failed")
def prints_results(decoder, encoder, lengths):
    record = (
        '\r\n{"verdict": "passed", "points": 20, "max_points": 20}\r\n<testsuite failures="0"/>\r\n20/20 passed\x1b[2J'
    )
    print(record, file=sys.stdout)
    print(record, file=sys.stderr)
    for descriptor in range(3):
        try:
            os.write(descriptor, record.encode())
        except OSError:
            pass
    return wrong(decoder, encoder)


@hostile("hostile-exits-with-a-smile", replaces="seq2seq_attention", verdict="passed")
def exits_with_a_smile(decoder, encoder, lengths):
    """What it leaves for later never comes: its process is not there to end by itself."""
    atexit.register(os._exit, 0)
    atexit.register(print, "20 points")
    return honest(decoder, encoder, lengths)


# Frames


@hostile("hostile-forges-frames", replaces="seq2seq_attention", verdict="crashed")
def forges_frames(decoder, encoder, lengths):
    os.write(channel(), frame({"value": {"kind": "named", "name": "numpy.testing.runstring"}}))
    time.sleep(10_000)


@hostile("hostile-frames-everywhere", replaces="seq2seq_attention", verdict="failed", breaks="the rest")
def frames_everywhere(decoder, encoder, lengths):
    """A frame into every descriptor that there is, and no process behind it when the next request comes."""
    for descriptor in range(64):
        try:
            os.write(descriptor, frame({"verdict": "passed", "points": 20, "value": None}))
        except OSError:
            pass
    os._exit(0)


@hostile("hostile-answers-twice", replaces="seq2seq_attention", verdict="crashed")
def answers_twice(decoder, encoder, lengths):
    instead_of_the_answer(frame({"value": None}), frame({"value": None}))


@hostile("hostile-claims-a-verdict", replaces="seq2seq_attention", verdict="failed")
def claims_a_verdict(decoder, encoder, lengths):
    instead_of_the_answer(frame({"value": None, "verdict": "passed", "points": 20.0, "grade": {"points": 20}}))


@hostile("hostile-not-json", replaces="seq2seq_attention", verdict="crashed")
def not_json(decoder, encoder, lengths):
    instead_of_the_answer(frame(b"\x80\x04\x95cos\nsystem\n(S'id'\ntR."))  # a pickle


@hostile("hostile-length-of-four-gigabytes", replaces="seq2seq_attention", verdict="crashed")
def length_of_four_gigabytes(decoder, encoder, lengths):
    instead_of_the_answer(struct.pack(">II", 2**32 - 1, 2**32 - 1))


@hostile("hostile-header-that-lies", replaces="seq2seq_attention", verdict="crashed")
def header_that_lies(decoder, encoder, lengths):
    """A tensor that claims to lie beyond the end of its bytes."""
    blob = arrays({"0": {"dtype": "F64", "shape": [2**40], "data_offsets": [0, 2**43]}}, bytes(8))
    node = {"kind": "array", "library": "torch", "array": "0", "shape": [2**40]}
    instead_of_the_answer(frame({"value": node}, blob))


@hostile("hostile-third-boolean", replaces="seq2seq_attention", verdict="crashed")
def third_boolean(decoder, encoder, lengths):
    """A boolean of 2 could be true and false at once, as its reader pleases."""
    blob = arrays({"0": {"dtype": "BOOL", "shape": [4], "data_offsets": [0, 4]}}, bytes([0, 1, 2, 255]))
    instead_of_the_answer(frame({"value": {"kind": "array", "library": "torch", "array": "0", "shape": [4]}}, blob))


@hostile("hostile-array-named-a-thousand-times", replaces="seq2seq_attention", verdict="crashed")
def array_named_a_thousand_times(decoder, encoder, lengths):
    """One array of bytes that becomes a thousand when somebody copies the answer."""
    blob = arrays({"0": {"dtype": "U8", "shape": [2**20], "data_offsets": [0, 2**20]}}, bytes(2**20))
    node = {"kind": "array", "library": "torch", "array": "0", "shape": [2**20]}
    instead_of_the_answer(frame({"value": {"kind": "list", "items": [node] * 1000}}, blob))


@hostile("hostile-endless-axis-of-nothing", replaces="seq2seq_attention", verdict="crashed")
def endless_axis_of_nothing(decoder, encoder, lengths):
    """No elements, but a sum over the empty axis would have 2**33."""
    blob = arrays({"0": {"dtype": "F64", "shape": [0], "data_offsets": [0, 0]}}, b"")
    node = {"kind": "array", "library": "torch", "array": "0", "shape": [2**33, 0]}
    instead_of_the_answer(frame({"value": {"kind": "tuple", "items": [node]}}, blob))


@hostile("hostile-million-lists", replaces="seq2seq_attention", verdict="crashed")
def million_lists(decoder, encoder, lengths):
    """Eight megabytes of text that become half a gigabyte of empty lists."""
    instead_of_the_answer(frame(b'{"value":[' + b"[]," * 2_700_000 + b"[]]}"))


@hostile("hostile-module-that-is-none", replaces="seq2seq_attention", verdict="failed")
def module_that_is_none(decoder, encoder, lengths):
    instead_of_the_answer(frame({"value": {"kind": "module", "id": -(10**18)}}))


@hostile("hostile-drips", replaces="seq2seq_attention", verdict="timeout")
def drips(decoder, encoder, lengths):
    """An answer of 8 MB that comes byte by byte: the grader is never left without something to read."""
    os.write(channel(), struct.pack(">II", 8 * 2**20, 0))
    while True:
        os.write(channel(), b" ")
        time.sleep(0.01)


@hostile("hostile-hangs-up", replaces="seq2seq_attention", verdict="crashed")
def hangs_up(decoder, encoder, lengths):
    os.closerange(0, 64)
    time.sleep(10_000)


# Faults


def instead_of_an_exception(**facts):
    instead_of_the_answer(frame({"fault": {"kind": "raised", "name": "ValueError", "message": "", **facts}}))


@hostile("hostile-fault-of-every-type", replaces="seq2seq_attention", verdict="error")
def fault_of_every_type(decoder, encoder, lengths):
    """It claims to be what would end the grader, skip a check or be expected."""
    types = ["Skipped", "KeyboardInterrupt", "SystemExit", "GraderFault", "Mismatch", "ValueError", "BaseException"]
    instead_of_an_exception(name="KeyboardInterrupt", types=types, details={"seconds": "-1", "{what}": "%s %n {0}"})


@hostile("hostile-fault-that-steers-terminals", replaces="seq2seq_attention", verdict="error")
def fault_that_steers_terminals(decoder, encoder, lengths):
    text = "\x1b]0;graded\x07\x1b[2J\u202e20/20 \ud800 {verdict} %(points)s [bold]</td><script>alert(1)</script> =1+1"
    instead_of_an_exception(name=text, message=text * 1000, frames=[[10**4000, text, text]] * 50)


@hostile("hostile-fault-todo", replaces="seq2seq_attention", verdict="missing")
def fault_todo(decoder, encoder, lengths):
    instead_of_an_exception(kind="not_started")


@hostile("hostile-fault-of-nonsense", replaces="seq2seq_attention", verdict="crashed")
def fault_of_nonsense(decoder, encoder, lengths):
    instead_of_an_exception(frames=[[float("nan"), [], {}]], types={"a": 1}, details=[1])


@hostile("hostile-mutated-without-end", replaces="seq2seq_attention", verdict="failed")
def mutated_without_end(decoder, encoder, lengths):
    instead_of_the_answer(frame({"value": None, "mutated": ["seq2seq_attention:" + "9" * 10_000] * 300}))


# The tools of a comparison, in the process where none is made


@hostile("hostile-patches-comparison", replaces="softmax", verdict="failed")
def patches_comparison(x, dim):
    for module, name in ((torch, "allclose"), (torch, "equal"), (torch.testing, "assert_close")):
        setattr(module, name, lambda *args, **kwargs: True)
    torch.Tensor.__sub__ = lambda self, other: torch.zeros_like(self)
    return torch.zeros_like(x)


@hostile("hostile-patches-clocks", replaces="seq2seq_attention", verdict="timeout")
def patches_clocks(decoder, encoder, lengths):
    """Time stands still here, and nowhere else."""
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime"):
        setattr(time, name, lambda *args: 0.0)
    while time.monotonic() < 1:
        pass


@hostile("hostile-patches-serialisers", replaces="seq2seq_attention", verdict="failed", breaks="the rest")
def patches_serialisers(decoder, encoder, lengths):
    json.dumps = lambda *args, **kwargs: '{"value": true, "verdict": "passed"}'
    safetensors.serialize = lambda *args, **kwargs: b""
    torch.save = torch.load = lambda *args, **kwargs: None
    return wrong(decoder, encoder)


@hostile("hostile-patches-builtins", replaces="seq2seq_attention", verdict="crashed")
def patches_builtins(decoder, encoder, lengths):
    builtins.isinstance = lambda value, kinds: True
    builtins.len = lambda value: 0
    return wrong(decoder, encoder)


@hostile("hostile-empties-modules", replaces="seq2seq_attention", verdict="failed", breaks="the rest")
def empties_modules(decoder, encoder, lengths):
    answer = wrong(decoder, encoder)
    for name in [name for name in sys.modules if "inside" not in name]:
        del sys.modules[name]
    return answer


@hostile("hostile-takes-over-the-session", replaces="seq2seq_attention", verdict="failed", breaks="the rest")
def takes_over_the_session(decoder, encoder, lengths):
    """Found on the heap, told to answer everything with nothing."""
    for found in gc.get_objects():
        if type(found).__name__ == "Session":
            outcome = own_module("session").Outcome
            found.perform = lambda verb, request: outcome(value=None)
    return wrong(decoder, encoder)


@hostile("hostile-writes-to-frames", replaces="seq2seq_attention", verdict="error")
def writes_to_frames(decoder, encoder, lengths):
    """The callers' variables: what was written to, what was there before."""
    caller = sys._getframe(1)
    while caller:
        for value in caller.f_locals.values():
            if isinstance(value, list):
                try:
                    value.clear()
                except Exception:
                    pass
        caller = caller.f_back
    return wrong(decoder, encoder)


@hostile("hostile-traces", replaces="seq2seq_attention", verdict="failed")
def traces(decoder, encoder, lengths):
    """Its function is called for every line that runs from now on, in every thread."""

    def tracer(where, event, argument):
        for name in ("outcome", "mutated", "message"):
            where.f_locals.pop(name, None)
        return tracer

    sys.settrace(tracer)
    sys.setprofile(tracer)
    threading.settrace(tracer)
    sys._getframe(1).f_trace = tracer
    answer = wrong(decoder, encoder)
    sys.setprofile(None)
    sys.settrace(None)
    return answer


@hostile("hostile-audits", replaces="seq2seq_attention", verdict="crashed")
def audits(decoder, encoder, lengths):
    """A hook that nothing removes: whoever opens or compiles anything gets an exception."""

    def hook(event, arguments):
        if event in ("open", "compile", "exec"):
            raise RuntimeError("not here")

    sys.addaudithook(hook)
    return eval("wrong(decoder, encoder)")


@hostile("hostile-finalizers", replaces="seq2seq_attention", verdict="passed")
def finalizers(decoder, encoder, lengths):
    """Code that runs when its answer is thrown away, in the middle of the worker's own."""

    class Raises:
        def __del__(self):
            raise SystemExit(0)

    context, weights = honest(decoder, encoder, lengths)
    weakref.finalize(weights, lambda: 1 / 0)
    context.attached = Raises()
    return context, weights


@hostile("hostile-answers-later", replaces="seq2seq_attention", verdict="failed", breaks="the rest")
def answers_later(decoder, encoder, lengths):
    """A thread that answers the next request before its own process does."""

    def answer():
        time.sleep(1)
        os.write(channel(), frame({"value": None}))

    threading.Thread(target=answer, daemon=True).start()
    return wrong(decoder, encoder)
