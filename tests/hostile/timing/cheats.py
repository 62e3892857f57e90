"""Attacks on the clock: each is a `scaled_dot_product_attention` that tries to look faster than it is.

They are built on `slowly`, which is right and far too slow (one query at a time), or on a wrong answer that costs nothing.
Each deserves "slow" (it is found too slow, or cannot be judged), "wrong" (its answer is), "error", "forbidden" or "crashed".
"""

PRELUDE = '''
import os
import threading
import time

import torch

quick = scaled_dot_product_attention


def slowly(query, key, value, keep=None):
    """Right, one query of one head at a time."""
    output = query.new_empty(*query.shape[:-1], value.shape[-1])
    weights = query.new_empty(*query.shape[:-1], key.shape[-2])
    for n in range(query.shape[0]):
        for head in range(query.shape[1]):
            for i in range(query.shape[2]):
                place = n, head, slice(i, i + 1)
                output[place], weights[place] = quick(query[place], key[n, head], value[n, head])
    return output, weights
'''

CHEATS = {
    # Clocks: the worker's own are nobody's.
    "patched-clocks": (
        "slow",
        """
class Event:
    def __init__(self, *args, **kwargs):
        pass

    def record(self, *args):
        pass

    def elapsed_time(self, other):
        return 1e-9


for clock in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "time_ns", "perf_counter_ns"):
    setattr(time, clock, lambda *args: 0)
torch.cuda.Event = Event
os.times = lambda: os.times_result((0, 0, 0, 0, 0))


def scaled_dot_product_attention(query, key, value, keep=None):
    return slowly(query, key, value)
""",
    ),
    "patched-answer-frame": (
        "crashed",
        '''
import sys


def scaled_dot_product_attention(query, key, value, keep=None):
    """An answer of its own on the worker's channel, before the real one."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, (14).to_bytes(4, "big") + (0).to_bytes(4, "big") + b'{"value": null}'[:14])
        except OSError:
            pass
    return slowly(query, key, value)
''',
    ),
    # After returning, and between the requests.
    "thread-after-returning": (
        "wrong",
        """
def scaled_dot_product_attention(query, key, value, keep=None):
    output = torch.zeros(*query.shape[:-1], value.shape[-1])
    weights = torch.zeros(*query.shape[:-1], key.shape[-2])

    def later():
        found = slowly(query, key, value)
        output.copy_(found[0])
        weights.copy_(found[1])

    threading.Thread(target=later, daemon=True).start()
    return output, weights
""",
    ),
    "thread-between-requests": (
        "slow",
        """
seen = []


def work_ahead():
    while True:
        for arguments in list(seen):
            slowly(*arguments)
        time.sleep(0)


threading.Thread(target=work_ahead, daemon=True).start()


def scaled_dot_product_attention(query, key, value, keep=None):
    seen[:] = [(query, key, value)]
    return slowly(query, key, value)
""",
    ),
    "spins-while-others-are-timed": (
        "slow",
        """
def spin():
    while True:
        pass


for _ in range(4):
    threading.Thread(target=spin, daemon=True).start()


def scaled_dot_product_attention(query, key, value, keep=None):
    return slowly(query, key, value)
""",
    ),
    "work-in-threads": (
        "slow",
        """
from concurrent.futures import ThreadPoolExecutor


def scaled_dot_product_attention(query, key, value, keep=None):
    with ThreadPoolExecutor(16) as pool:
        parts = list(pool.map(lambda n: slowly(query[n : n + 1], key[n : n + 1], value[n : n + 1]), range(len(query))))
    return torch.cat([part[0] for part in parts]), torch.cat([part[1] for part in parts])
""",
    ),
    "work-in-a-child": (
        "error",
        """
def scaled_dot_product_attention(query, key, value, keep=None):
    read, write = os.pipe()
    if os.fork() == 0:
        slowly(query, key, value)
        os._exit(0)
    os.wait()
    return quick(query, key, value)
""",
    ),
    "waits-instead": (
        "slow",
        '''
def scaled_dot_product_attention(query, key, value, keep=None):
    """No CPU time at all, and yet nobody would wait for it."""
    time.sleep(0.3)
    return quick(query, key, value)
''',
    ),
    # Answers that are made when they are looked at.
    "lazy-subclass": (
        "slow",
        """
class Lazy(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if args and isinstance(args[0], Lazy) and hasattr(args[0], "todo"):
            made = args[0].todo()
            return function(made, *args[1:], **(kwargs or {}))
        return super().__torch_function__(function, types, args, kwargs or {})


def scaled_dot_product_attention(query, key, value, keep=None):
    output = torch.empty(*query.shape[:-1], value.shape[-1]).as_subclass(Lazy)
    weights = torch.empty(*query.shape[:-1], key.shape[-2]).as_subclass(Lazy)
    output.todo = lambda: slowly(query, key, value)[0]
    weights.todo = lambda: slowly(query, key, value)[1]
    return output, weights
""",
    ),
    "lazy-tuple": (
        "slow",
        """
class Later(tuple):
    def __iter__(self):
        return iter(slowly(*self[:]))

    def __len__(self):
        return 2


def scaled_dot_product_attention(query, key, value, keep=None):
    return Later((query, key, value))
""",
    ),
    # Answers that were made before.
    "cached-by-shape": (
        "wrong",
        """
known = {}


def scaled_dot_product_attention(query, key, value, keep=None):
    place = tuple(query.shape), tuple(key.shape)
    if place not in known:
        known[place] = slowly(query, key, value)
    return known[place]
""",
    ),
    "cached-by-address": (
        "wrong or slow",
        '''
known = {}


def scaled_dot_product_attention(query, key, value, keep=None):
    """Memory is given out again and again at the same address."""
    place = query.data_ptr(), key.data_ptr(), value.data_ptr()
    if place not in known:
        known[place] = slowly(query, key, value)
    return known[place]
''',
    ),
    "cached-by-a-few-numbers": (
        "slow",
        '''
known = {}


def scaled_dot_product_attention(query, key, value, keep=None):
    """By content, which is right; and useless, for no input comes twice."""
    place = float(query.sum()), float(key.sum()), float(value.sum())
    if place not in known:
        known[place] = slowly(query, key, value)
    return known[place]
''',
    ),
    "batch-and-skip": (
        "wrong",
        '''
waiting = []


def scaled_dot_product_attention(query, key, value, keep=None):
    """Promises now, all of the work with the eighth."""
    output = torch.zeros(*query.shape[:-1], value.shape[-1])
    weights = torch.zeros(*query.shape[:-1], key.shape[-2])
    waiting.append((query, key, value, output, weights))
    if len(waiting) == 8:
        for q, k, v, o, w in waiting:
            o[...], w[...] = quick(q, k, v)
        waiting.clear()
    return output, weights
''',
    ),
    # Answers that are none.
    "zeros": (
        "wrong",
        """
def scaled_dot_product_attention(query, key, value, keep=None):
    return torch.zeros(*query.shape[:-1], value.shape[-1]), torch.zeros(*query.shape[:-1], key.shape[-2])
""",
    ),
    "not-a-number": (
        "wrong",
        """
def scaled_dot_product_attention(query, key, value, keep=None):
    nan = float("nan")
    return torch.full((*query.shape[:-1], value.shape[-1]), nan), torch.full((*query.shape[:-1], key.shape[-2]), nan)
""",
    ),
    "nothing": (
        "wrong",
        """
def scaled_dot_product_attention(query, key, value, keep=None):
    return []
""",
    ),
    "spoils-its-input": (
        "wrong",
        '''
def scaled_dot_product_attention(query, key, value, keep=None):
    """If the reference were asked about the same memory, it would see zeros too."""
    for tensor in (query, key, value):
        tensor.zero_()
    return quick(query, key, value)
''',
    ),
    "half-precision": (
        "wrong",
        """
def scaled_dot_product_attention(query, key, value, keep=None):
    output, weights = quick(query.bfloat16(), key.bfloat16(), value.bfloat16())
    return output.float(), weights.float()
""",
    ),
    # Ways around the work.
    "ready-made-when-it-counts": (
        "forbidden",
        """
def scaled_dot_product_attention(query, key, value, keep=None):
    if query.numel() < 4096:
        return quick(query, key, value)
    ready = getattr(torch.nn.functional, "scaled_dot_" + "product_attention")
    return ready(query, key, value), quick(query, key, value)[1]
""",
    ),
    "stolen-from-the-reference": (
        "error",
        '''
import gc
import sys


def scaled_dot_product_attention(query, key, value, keep=None):
    """Somewhere in this process the answer must lie."""
    shape = (*query.shape[:-1], value.shape[-1])
    frame = sys._getframe()
    while frame is not None:
        for found in frame.f_locals.values():
            if isinstance(found, torch.Tensor) and found.shape == shape and found is not query and found is not value:
                if not torch.equal(found, query) and not torch.equal(found, key) and not torch.equal(found, value):
                    return found, found
        frame = frame.f_back
    raise LookupError("no reference here")
''',
    ),
    # Making it impossible to tell.
    "noise": (
        "slow",
        '''
import random

own = random.Random(os.urandom(8))


def scaled_dot_product_attention(query, key, value, keep=None):
    """Now fast, now slow: whoever cannot be judged might be let through."""
    if own.random() < 0.5:
        return quick(query, key, value)
    return slowly(query, key, value)
''',
    ),
    "slow-after-a-while": (
        "slow",
        '''
calls = []


def scaled_dot_product_attention(query, key, value, keep=None):
    """Fast while it may still be a rehearsal."""
    calls.append(1)
    return quick(query, key, value) if len(calls) < 8 else slowly(query, key, value)
''',
    ),
    "never-again": (
        "slow",
        """
calls = []


def scaled_dot_product_attention(query, key, value, keep=None):
    calls.append(1)
    if len(calls) > 4:
        while True:
            pass
    return quick(query, key, value)
""",
    ),
    "leaves-when-timed": (
        "crashed",
        """
calls = []


def scaled_dot_product_attention(query, key, value, keep=None):
    calls.append(1)
    if len(calls) > 4:
        os._exit(0)
    return quick(query, key, value)
""",
    ),
}
