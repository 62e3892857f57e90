"""grader/draw.py: inputs from a keyed generator."""

import numpy as np
import pytest
import torch

from grader.draw import Draw, keyed_seed


def test_the_same_key_draws_the_same_and_another_key_another():
    first = Draw(keyed_seed(b"s", "ann", "toy"))
    assert torch.equal(first.tensor(3), Draw(keyed_seed(b"s", "ann", "toy")).tensor(3))
    others = [keyed_seed(b"t", "ann", "toy"), keyed_seed(b"s", "bob", "toy"), keyed_seed(b"s", "ann", "to", "y")]
    assert len({*others, keyed_seed(b"s", "ann", "toy"), keyed_seed(b"s", "anntoy")}) == 5


def test_a_students_name_may_hold_halves_of_surrogate_pairs():
    assert keyed_seed(b"s", "\udcff") != keyed_seed(b"s", "\udcfe")


@pytest.mark.parametrize("shape", [(), (0,), (2, 3), (1, 5, 2)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tensors_and_arrays_have_their_shape_and_dtype(shape, dtype):
    draw = Draw(0)
    tensor, array = draw.tensor(*shape, dtype=dtype), draw.array(*shape, dtype=dtype)
    assert (tuple(tensor.shape), tensor.dtype) == (shape, getattr(torch, dtype))
    assert (array.shape, str(array.dtype)) == (shape, dtype)


def test_float32_is_float64_rounded():
    assert torch.equal(Draw(0).tensor(5, dtype="float32"), Draw(0).tensor(5).float())


def test_integers_lie_in_their_range():
    values = Draw(0).integers(2, 5, 1000)
    assert values.dtype == torch.int64
    assert set(values.tolist()) == {2, 3, 4}


def test_every_row_of_a_mask_keeps_something():
    mask = Draw(0).keep(200, 3)
    assert mask.dtype == torch.bool
    assert mask.any(-1).all()
    assert not mask.all(-1).all()
    assert Draw(0).keep(50, 1).all()


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 4)])
def test_strided_inputs_are_not_contiguous(shape):
    tensor, array = Draw(0).strided(*shape), Draw(0).strided_array(*shape, dtype="float32")
    assert tuple(tensor.shape) == shape
    assert not tensor.is_contiguous()
    assert array.shape == shape
    assert not array.flags.c_contiguous
    assert array.dtype == np.float32


def test_a_permutation_moves_something():
    for seed in range(20):
        order = Draw(seed).permutation(2)
        assert order.tolist() == [1, 0]
    assert sorted(Draw(0).permutation(5).tolist()) == list(range(5))
    assert Draw(0).permutation(1).tolist() == [0]


def test_a_state_has_the_shapes_and_dtypes_of_the_module():
    module = torch.nn.Linear(3, 2)
    state = Draw(0).state(module)
    assert {name: (value.shape, value.dtype) for name, value in state.items()} == {
        name: (value.shape, value.dtype) for name, value in module.state_dict().items()
    }
    module.load_state_dict(state)
    assert torch.equal(module.weight, state["weight"])
