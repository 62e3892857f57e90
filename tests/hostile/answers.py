"""Attacks on the grader through `attention`: Python objects that lie about what they are, or never end."""

import os

import numpy as np
import torch

from grader.variants import hostile
from solutions.attention import seq2seq_attention

honest = seq2seq_attention


class Anything:
    """Equal to everything, convertible to everything, and a trap wherever it is touched."""

    def __eq__(self, other):
        return True

    def __bool__(self):
        return True

    def __len__(self):
        return 2**62

    def __iter__(self):
        while True:
            yield self

    def __getattr__(self, name):
        os._exit(0)

    def __array__(self, *args, **kwargs):
        os._exit(0)

    def __reduce__(self):
        return os._exit, (0,)

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True

    __hash__ = None


@hostile("hostile-anything", replaces="seq2seq_attention", verdict="failed")
def anything(decoder, encoder, lengths):
    return object.__new__(Anything), [object.__new__(Anything)] * 3


@hostile("hostile-nan", replaces="softmax", verdict="failed")
def nan(x, dim):
    return torch.full_like(x, float("nan"))


@hostile("hostile-infinity", replaces="seq2seq_attention", verdict="failed")
def infinity(decoder, encoder, lengths):
    return float("inf"), -float("inf")


@hostile("hostile-liar", replaces="softmax", verdict="failed")
def liar(x, dim):
    class EqualsAll(torch.Tensor):
        """Whoever compares it is told that it is right."""

        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True

        def __eq__(self, other):
            return True

        __hash__ = None

    return torch.zeros_like(x).as_subclass(EqualsAll)


@hostile("hostile-dispatches", replaces="seq2seq_attention", verdict="error or timeout")
def dispatches(decoder, encoder, lengths):
    """A tensor without memory that is computed when somebody asks, by whatever it is asked with.

    torch then imports 500 modules, which takes longer than a check may on a busy machine.
    """

    class Lazy(torch.Tensor):
        @staticmethod
        def __new__(cls, shape):
            return torch.Tensor._make_wrapper_subclass(cls, shape, dtype=torch.float64)

        @classmethod
        def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
            raise RuntimeError(f"not yet computed: {function}")

    return Lazy(decoder.shape), Lazy(encoder.shape)


@hostile("hostile-another-shape-each-time", replaces="seq2seq_attention", verdict="crashed")
def another_shape_each_time(decoder, encoder, lengths):
    class Changing(torch.Tensor):
        asked = 0

        @property
        def shape(self):
            Changing.asked += 1
            return {"kind": object()} if Changing.asked % 2 else [10**12] * Changing.asked

    return decoder.detach().clone().as_subclass(Changing), encoder.detach().clone().as_subclass(Changing)


@hostile("hostile-class-that-lies", replaces="seq2seq_attention", verdict="error")
def class_that_lies(decoder, encoder, lengths):
    class Tensor:
        __class__ = property(lambda self: torch.Tensor)

    return Tensor(), Tensor()


@hostile("hostile-endless-list", replaces="seq2seq_attention", verdict="failed")
def endless_list(decoder, encoder, lengths):
    class Endless(list):
        def __iter__(self):
            while True:
                yield 0.0

        def __len__(self):
            return 2

    return Endless([decoder, encoder])


@hostile("hostile-endless-dict", replaces="seq2seq_attention", verdict="failed")
def endless_dict(decoder, encoder, lengths):
    class Endless(dict):
        def items(self):
            while True:
                yield "context", 0.0

    return Endless()


@hostile("hostile-subclasses-of-numbers", replaces="seq2seq_attention", verdict="error")
def subclasses_of_numbers(decoder, encoder, lengths):
    class Every(int):
        def __eq__(self, other):
            return True

        __hash__ = int.__hash__

    class Text(str):
        def __getitem__(self, place):
            return Every(0)

    return Every(1), Text("context")


@hostile("hostile-no-memory-of-its-own", replaces="seq2seq_attention", verdict="failed")
def no_memory_of_its_own(decoder, encoder, lengths):
    """Tensors that are no plain memory: meta, sparse, complex."""
    return decoder.detach().to("meta"), torch.complex(encoder, encoder).detach().to_sparse()


@hostile("hostile-quantized", replaces="seq2seq_attention", verdict="failed")
def quantized(decoder, encoder, lengths):
    few_bits = torch.quantize_per_tensor(decoder.detach().float(), 0.1, 0, torch.quint8)
    return few_bits, encoder.detach().to(torch.float8_e4m3fn)


@hostile("hostile-huge-answer", replaces="scaled_dot_product_attention", verdict="failed")
def huge_answer(query, key, value, keep=None):
    """A terabyte that costs nothing until somebody copies it."""
    return torch.zeros(1).expand(10**12), [["x" * 10**6] * 1000] * 1000


@hostile("hostile-huge-text", replaces="seq2seq_attention", verdict="failed")
def huge_text(decoder, encoder, lengths):
    return ["x" * 10**6] * 1000


@hostile("hostile-thousands-of-tensors", replaces="seq2seq_attention", verdict="failed")
def thousands_of_tensors(decoder, encoder, lengths):
    """Each of them small; written out for a message they would take minutes."""
    return {str(number): torch.full((100,), 1 / 3) for number in range(2000)}


@hostile("hostile-names-that-steer-terminals", replaces="seq2seq_attention", verdict="failed")
def names_that_steer_terminals(decoder, encoder, lengths):
    return {"\x1b[2J\u202e{what}%s\ud800": decoder, "x" * 20_000: encoder}


@hostile("hostile-nothing", replaces="seq2seq_attention", verdict="failed")
def nothing(decoder, encoder, lengths):
    """Empty tensors: whatever is asked of all their elements is true."""
    return torch.empty(0, *decoder.shape[1:]), torch.empty(*decoder.shape[:2], 0)


@hostile("hostile-contains-itself", replaces="seq2seq_attention", verdict="failed")
def contains_itself(decoder, encoder, lengths):
    answer = [decoder]
    answer.append(answer)
    return answer


@hostile("hostile-deeply-nested", replaces="seq2seq_attention", verdict="failed")
def deeply_nested(decoder, encoder, lengths):
    answer = ()
    for _ in range(100_000):
        answer = (answer,)
    return answer


@hostile("hostile-generator", replaces="seq2seq_attention", verdict="failed")
def generator(decoder, encoder, lengths):
    return (os._exit(0) for _ in range(2))


@hostile("hostile-module-as-an-answer", replaces="seq2seq_attention", verdict="failed")
def module_as_an_answer(decoder, encoder, lengths):
    class Evil(torch.nn.Module):
        def __getattr__(self, name):
            os._exit(0)

    return torch.nn.Identity()


@hostile("hostile-hooks", replaces="seq2seq_attention", verdict="failed")
def hooks(decoder, encoder, lengths):
    """Code that runs during the backward pass, on a graph of its own making."""

    def hook(gradient):
        raise KeyboardInterrupt("from a hook")

    output = decoder * 2
    weights = torch.zeros(*decoder.shape[:2], encoder.shape[1], dtype=decoder.dtype) + (encoder * 0).sum()
    for tensor in (output, weights):
        if tensor.requires_grad:
            tensor.register_hook(hook)
    return output, weights


@hostile("hostile-poisons-inputs", replaces="seq2seq_attention", verdict="failed")
def poisons_inputs(decoder, encoder, lengths):
    """Right for the inputs that it leaves behind."""
    with torch.no_grad():
        decoder.zero_()
        encoder.fill_(float("nan"))
        lengths.zero_()
    return torch.zeros_like(decoder), torch.zeros(*decoder.shape[:2], encoder.shape[1], dtype=decoder.dtype)


@hostile("hostile-shares-memory", replaces="seq2seq_attention", verdict="failed")
def shares_memory(decoder, encoder, lengths):
    """Parts that are views of one another and of the inputs."""
    flat = torch.zeros(1, dtype=decoder.dtype)
    weights = flat.expand(*decoder.shape[:2], encoder.shape[1])
    return decoder.detach()[..., :0].sum(-1, keepdim=True).expand(decoder.shape), weights


@hostile("hostile-replays-older-answers", replaces="seq2seq_attention", verdict="failed")
def replays_older_answers(decoder, encoder, lengths):
    """What was asked before, in the hope that it is asked again; the inputs are never the same twice."""
    kept = replays_older_answers.__dict__ if "replays_older_answers" in globals() else seq2seq_attention.__dict__
    answer = kept.get(decoder.shape, (torch.zeros_like(decoder), torch.zeros(*decoder.shape[:2], encoder.shape[1])))
    kept[decoder.shape] = honest(decoder.detach(), encoder.detach(), lengths)
    return answer


@hostile("hostile-numpy-for-torch", replaces="seq2seq_attention", verdict="failed")
def numpy_for_torch(decoder, encoder, lengths):
    structured = np.zeros(3, dtype=[("a", "f8"), ("b", "O")])
    return structured, np.array([{}, os], dtype=object)
