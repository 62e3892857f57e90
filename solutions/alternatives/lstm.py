"""LSTMs written differently, and right: each must get full marks."""

import functools
import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.variants import alternative
from solutions.lstm import lstm_cell, lstm_forward, lstm_gates


class LSTMState(NamedTuple):
    hidden: Tensor
    cell: Tensor


class GateValues(NamedTuple):
    input: Tensor
    forget: Tensor
    candidate: Tensor
    output: Tensor


def require_shape(tensor, *shape):
    if list(tensor.size()) != list(shape):
        raise ValueError(f"expected {shape}")


def check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    width = h.size(-1)
    require_shape(h, x.size(0), width)
    require_shape(weight_ih, 4 * width, x.size(-1))
    require_shape(weight_hh, 4 * width, width)
    require_shape(bias_ih, 4 * width)
    require_shape(bias_hh, 4 * width)


def sigmoid(z):
    return 1 / (1 + torch.exp(-z))


def instantiated(cls):
    return cls()


@alternative("lstm-concatenated", replaces="lstm_gates")
def concatenated(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    z = torch.cat([x, h], dim=1) @ torch.cat([weight_ih, weight_hh], dim=1).t() + (bias_ih + bias_hh)
    n = h.size(1)
    gates = torch.sigmoid(z)
    return [gates[:, :n], gates[:, n : 2 * n], torch.tanh(z[:, 2 * n : 3 * n]), gates[:, 3 * n :]]


@alternative("lstm-gate-by-gate", replaces="lstm_gates")
def gate_by_gate(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    width = h.size(1)
    values = []
    for index, activation in enumerate([sigmoid, sigmoid, lambda z: 2 * sigmoid(2 * z) - 1, sigmoid]):
        rows = slice(index * width, (index + 1) * width)
        z = torch.einsum("nd,hd->nh", x, weight_ih[rows]) + torch.einsum("nk,hk->nh", h, weight_hh[rows])
        values.append(activation(z + bias_ih[rows] + bias_hh[rows]))
    return tuple(values)


@alternative("lstm-gate-axis-last", replaces="lstm_gates")
def gate_axis_last(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Views with strides: the four values interleave in memory."""
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    z = F.linear(x, weight_ih, bias_ih) + F.linear(h, weight_hh, bias_hh)
    z = z.unflatten(-1, (4, -1)).transpose(1, 2).contiguous()
    candidate = torch.tensor([False, False, True, False])
    values = torch.where(candidate, torch.tanh(z), torch.sigmoid(z))
    return GateValues(*values.unbind(-1))


@alternative("lstm-in-place-on-own-tensors", replaces="lstm_gates")
@staticmethod
def in_place_on_own_tensors(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    z = torch.addmm(bias_ih, x, weight_ih.mT)
    z += bias_hh
    z = z.addmm_(h, weight_hh.mT)
    i, f, g, o = torch.split(z, h.shape[1], dim=1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


@alternative("lstm-torch-cell", replaces="lstm_cell")
def torch_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    if state[0].shape != state[1].shape:
        raise ValueError("h and c differ in shape")
    return torch.lstm_cell(x, tuple(state), weight_ih, weight_hh, bias_ih, bias_hh)


@alternative("lstm-named-state", replaces="lstm_cell")
def named_state(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    """The state as a NamedTuple, keyword arguments, and a sum in place on a temporary."""
    before = LSTMState(*state)
    require_shape(before.cell, *before.hidden.shape)
    i, f, g, o = lstm_gates(
        x, before.hidden, bias_hh=bias_hh, bias_ih=bias_ih, weight_hh=weight_hh, weight_ih=weight_ih
    )
    cell = f * before.cell
    cell.addcmul_(i, g)
    return LSTMState(cell=cell, hidden=torch.tanh(cell) * o)


@alternative("lstm-list-of-states", replaces="lstm_cell")
@functools.partial
def list_of_states(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    """A list for the pair, one product for both terms, and views of one stacked tensor."""
    h, c = state[0], state[1]
    if h.size() != c.size():
        warnings.warn("h and c differ in shape", stacklevel=2)
        raise ValueError
    i, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_next = (torch.stack([f, i]) * torch.stack([c, g])).sum(dim=0)
    both = torch.stack([o * c_next.tanh(), c_next], dim=-1)
    return [both[..., 0], both[..., 1]]


@alternative("lstm-callable-object", replaces="lstm_cell")
@instantiated
class CellFunction:
    """An object instead of a function; einsum for the products, the gates taken from the end."""

    def __call__(self, x, state, *weights):
        *_, c = state
        if c.shape != state[0].shape:
            raise ValueError("h and c differ in shape")
        o, g, f, i = reversed(list(lstm_gates(x, state[0], *weights)))
        c_next = torch.einsum("nk,nk->nk", f, c) + torch.einsum("nk,nk->nk", i, g)
        return o.mul(c_next.tanh()), c_next


class StepFunction(torch.autograd.Function):
    """The elementwise part of a step with its derivative by hand."""

    @staticmethod
    def forward(ctx, i, f, g, o, c):
        c_next = f * c + i * g
        shown = torch.tanh(c_next)
        ctx.save_for_backward(i, f, g, o, c, shown)
        return o * shown, c_next

    @staticmethod
    def backward(ctx, d_h, d_c):
        i, f, g, o, c, shown = ctx.saved_tensors
        d_c = d_c + d_h * o * (1 - shown**2)
        return d_c * g, d_c * c, d_c * i, d_h * shown, d_c * f


@alternative("lstm-own-autograd-function", replaces="lstm_cell")
def own_autograd_function(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    require_shape(c, *h.shape)
    return StepFunction.apply(*lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh), c)


@alternative("lstm-hoisted-projection", replaces="lstm_forward")
def hoisted_projection(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    """x's share of all steps at once, outputs written into a tensor of its own."""
    h, c = state
    projected = x @ weight_ih.mT + (bias_ih + bias_hh)
    outputs = x.new_empty(x.size(0), x.size(1), h.size(1))
    for t in range(x.size(1)):
        i, f, g, o = torch.chunk(projected[:, t] + h @ weight_hh.mT, 4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs[:, t] = h
    return outputs, (h, c)


@alternative("lstm-torch-layer", replaces="lstm_forward")
def torch_layer(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    layer = nn.LSTM(x.size(2), h.size(1), batch_first=True, dtype=x.dtype)
    parameters = {
        "weight_ih_l0": weight_ih, "weight_hh_l0": weight_hh, "bias_ih_l0": bias_ih, "bias_hh_l0": bias_hh,
    }  # fmt: skip
    outputs, (h_n, c_n) = torch.func.functional_call(layer, parameters, (x, (h.unsqueeze(0), c.unsqueeze(0))))
    return outputs, (h_n.squeeze(0), c_n.squeeze(0))


@alternative("lstm-time-major-inside", replaces="lstm_forward")
def time_major_inside(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    """Time first inside, so that the outputs come back as a view with strides; the state as a list; printing."""
    step = functools.partial(lstm_cell, weight_ih=weight_ih, weight_hh=weight_hh, bias_ih=bias_ih, bias_hh=bias_hh)
    states = [tuple(state)]
    for t, x_t in enumerate(x.transpose(0, 1)):
        print("step", t, "of", x.shape[1])
        states.append(step(x_t, states[-1]))
    return torch.stack([h for h, _ in states[1:]]).transpose(0, 1), [*states[-1]]


@alternative("lstm-recursive", replaces="lstm_forward")
def recursive(x, state, *weights):
    """One step, then the rest of the sequence; the final hidden state is a view of the outputs."""
    h, c = lstm_cell(x[:, 0], state, *weights)
    if x.size(1) == 1:
        return h[:, None], (h, c)
    rest, (_, c_n) = lstm_forward(x[:, 1:], (h, c), *weights)
    outputs = torch.cat([h[:, None], rest], dim=1)
    return outputs, LSTMState(outputs[:, -1], c_n)


@alternative("lstm-sample-by-sample", replaces="lstm_forward", slow="a loop over the batch")
def sample_by_sample(x, state, *weights):
    """Each sample's sequence on its own."""
    outputs, finals = [], []
    for n in range(x.shape[0]):
        h, c = state[0][n : n + 1], state[1][n : n + 1]
        hidden = []
        for t in range(x.shape[1]):
            h, c = lstm_cell(x[n : n + 1, t], (h, c), *weights)
            hidden.append(h)
        outputs.append(torch.cat(hidden))
        finals.append((h, c))
    return torch.stack(outputs), tuple(torch.cat(part) for part in zip(*finals, strict=True))


@alternative("lstm-samples-inside-steps", replaces="lstm_forward", slow="a loop over the batch at every step")
def samples_inside_steps(x, state, *weights):
    h, c = state
    outputs = []
    for t in range(x.shape[1]):
        pairs = [lstm_cell(x[n : n + 1, t], (h[n : n + 1], c[n : n + 1]), *weights) for n in range(x.shape[0])]
        h, c = (torch.cat(part) for part in zip(*pairs, strict=True))
        outputs.append(h)
    return torch.stack(outputs, dim=1), (h, c)


@alternative("lstm-unit-by-unit", replaces="lstm_forward", slow="a loop over the hidden units at every step")
def unit_by_unit(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    width, outputs = h.shape[1], []
    for t in range(x.shape[1]):
        hidden, cells = [], []
        for k in range(width):
            rows = range(k, 4 * width, width)
            i, f, g, o = (x[:, t] @ weight_ih[r] + h @ weight_hh[r] + bias_ih[r] + bias_hh[r] for r in rows)
            cell = f.sigmoid() * c[:, k] + i.sigmoid() * g.tanh()
            cells.append(cell)
            hidden.append(o.sigmoid() * cell.tanh())
        h, c = torch.stack(hidden, dim=1), torch.stack(cells, dim=1)
        outputs.append(h)
    return torch.stack(outputs, dim=1), (h, c)


@alternative("lstm-from-the-start", replaces="lstm_forward", slow="every state anew from the first step")
def from_the_start(x, state, *weights):
    def state_after(steps):
        found = state
        for t in range(steps):
            found = lstm_cell(x[:, t], found, *weights)
        return found

    states = [state_after(t + 1) for t in range(x.shape[1])]
    return torch.stack([h for h, _ in states], dim=1), states[-1]


@alternative("lstm-outputs-grow", replaces="lstm_forward")
def outputs_grow(x, state, *weights):
    """The outputs so far are copied at every step."""
    outputs = x.new_empty(x.size(0), 0, state[0].size(1))
    for t in range(x.size(1)):
        state = lstm_cell(x[:, t], state, *weights)
        outputs = torch.cat([outputs, state[0].unsqueeze(1)], dim=1)
    return outputs, tuple(state)
