"""GRUs written differently, and right: each must get full marks."""

import functools
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.variants import alternative
from solutions.gru import gru_cell, gru_forward, gru_gates


class GateValues(NamedTuple):
    reset: Tensor
    update: Tensor
    candidate: Tensor


class LayerOutput(NamedTuple):
    outputs: Tensor
    h_n: Tensor


def require_shape(tensor, *shape):
    if list(tensor.size()) != list(shape):
        raise ValueError(f"expected {shape}")


def check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    width = h.size(-1)
    require_shape(h, x.size(0), width)
    require_shape(weight_ih, 3 * width, x.size(-1))
    require_shape(weight_hh, 3 * width, width)
    require_shape(bias_ih, 3 * width)
    require_shape(bias_hh, 3 * width)


def sigmoid(logits):
    return 1 / (1 + torch.exp(-logits))


def instantiated(cls):
    return cls()


@alternative("gru-concatenated", replaces="gru_gates")
def concatenated(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """[x, h] times one matrix for both gates, the two sides apart for the candidate; a list of three."""
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    width = h.size(1)
    both, last = slice(0, 2 * width), slice(2 * width, None)
    joined = torch.cat([x, h], dim=1) @ torch.cat([weight_ih[both], weight_hh[both]], dim=1).t()
    gates = torch.sigmoid(joined + (bias_ih + bias_hh)[both])
    r = gates[:, :width]
    past = F.linear(h, weight_hh[last], bias_hh[last])
    return [r, gates[:, width:], torch.tanh(F.linear(x, weight_ih[last], bias_ih[last]) + past * r)]


@alternative("gru-gate-by-gate", replaces="gru_gates")
def gate_by_gate(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """One small product for each block, a hand-written sigmoid, tanh made of it."""
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    width = h.size(1)
    a, b = [], []
    for k in range(3):
        rows = slice(k * width, (k + 1) * width)
        a.append(torch.einsum("nd,hd->nh", x, weight_ih[rows]) + bias_ih[rows])
        b.append(torch.einsum("nk,hk->nh", h, weight_hh[rows]) + bias_hh[rows])
    r, z = sigmoid(a[0] + b[0]), sigmoid(a[1] + b[1])
    return r, z, 2 * sigmoid(2 * (a[2] + r * b[2])) - 1


@alternative("gru-bias-inside-by-distribution", replaces="gru_gates")
def bias_inside_by_distribution(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """r·(W h) + r·b for r·(W h + b)."""
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    u_r, u_z, u_n = (x @ weight_ih.mT).tensor_split(3, dim=1)
    v_r, v_z, v_n = (h @ weight_hh.mT).tensor_split(3, dim=1)
    b_r, b_z, _ = (bias_ih + bias_hh).split(h.size(1))
    b_in, b_hn = bias_ih[-h.size(1) :], bias_hh[-h.size(1) :]
    r = torch.special.expit(u_r + v_r + b_r)
    return r, 1 - sigmoid(-(u_z + v_z + b_z)), torch.tanh(u_n + b_in + r * v_n + r * b_hn)


@alternative("gru-gate-axis-last", replaces="gru_gates")
@staticmethod
def gate_axis_last(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """Views with strides: the three values interleave in memory."""
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    a = F.linear(x, weight_ih, bias_ih).unflatten(-1, (3, -1))
    b = F.linear(h, weight_hh, bias_hh).unflatten(-1, (3, -1))
    gates = torch.sigmoid(a[:, :2] + b[:, :2])
    n = torch.tanh(torch.addcmul(a[:, 2], gates[:, 0], b[:, 2]))
    return GateValues(*torch.cat([gates, n.unsqueeze(1)], dim=1).movedim(1, -1).contiguous().unbind(-1))


@alternative("gru-in-place-on-own-tensors", replaces="gru_gates")
def in_place_on_own_tensors(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    check_gate_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    width = h.shape[1]
    a = torch.addmm(bias_ih, x, weight_ih.T)
    b = torch.mm(h, weight_hh.T)
    b += bias_hh
    gates = (a[:, : 2 * width] + b[:, : 2 * width]).sigmoid_()
    n = b[:, 2 * width :] * gates[:, :width]
    n += a[:, 2 * width :]
    return gates[:, :width], gates[:, width:], n.tanh_()


@alternative("gru-torch-cell", replaces="gru_cell")
def torch_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return torch.gru_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh)


@alternative("gru-step-towards-candidate", replaces="gru_cell")
@functools.partial
def step_towards_candidate(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """h' = n + z·(h − n), with keyword arguments."""
    n_and_gates = gru_gates(x, h, bias_hh=bias_hh, bias_ih=bias_ih, weight_hh=weight_hh, weight_ih=weight_ih)
    *_, z, n = n_and_gates
    return n + z * (h - n)


@alternative("gru-lerp", replaces="gru_cell")
@instantiated
class Interpolation:
    """An object instead of a function, and torch's own interpolation from h to n."""

    def __call__(self, x, h, *weights):
        _, z, n = gru_gates(x, h, *weights)
        return torch.lerp(h, n, 1 - z)


@alternative("gru-sum-of-stacked", replaces="gru_cell")
def sum_of_stacked(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """One product for both terms, a sum in place on a temporary, a copy of h that may be written to."""
    _, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    kept = h.clone()
    kept *= z
    return torch.stack([kept, n.mul(1 - z)], dim=-1).sum(dim=-1)


class StepFunction(torch.autograd.Function):
    """The blend of a step with its derivative by hand."""

    @staticmethod
    def forward(ctx, z, n, h):
        ctx.save_for_backward(z, n, h)
        return (1 - z) * n + z * h

    @staticmethod
    def backward(ctx, d_h):
        z, n, h = ctx.saved_tensors
        return d_h * (h - n), d_h * (1 - z), d_h * z


@alternative("gru-own-autograd-function", replaces="gru_cell")
def own_autograd_function(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    _, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return StepFunction.apply(z, n, h)


@alternative("gru-hoisted-projection", replaces="gru_forward")
def hoisted_projection(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """x's share of all steps at once, outputs written into a tensor of its own, the last state a view of it."""
    h = h0
    projected = x @ weight_ih.mT + bias_ih
    outputs = x.new_empty(x.size(0), x.size(1), h.size(1))
    for t in range(x.size(1)):
        a_r, a_z, a_n = projected[:, t].chunk(3, dim=1)
        b_r, b_z, b_n = F.linear(h, weight_hh, bias_hh).chunk(3, dim=1)
        n = torch.tanh(a_n + torch.sigmoid(a_r + b_r) * b_n)
        z = torch.sigmoid(a_z + b_z)
        h = n - n * z + h * z
        outputs[:, t] = h
    return [outputs, outputs[:, -1]]


@alternative("gru-torch-layer", replaces="gru_forward")
def torch_layer(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    layer = nn.GRU(x.size(2), h0.size(1), batch_first=True, dtype=x.dtype)
    parameters = {
        "weight_ih_l0": weight_ih, "weight_hh_l0": weight_hh, "bias_ih_l0": bias_ih, "bias_hh_l0": bias_hh,
    }  # fmt: skip
    outputs, h_n = torch.func.functional_call(layer, parameters, (x, h0.unsqueeze(0)))
    return outputs, h_n.squeeze(0)


@alternative("gru-time-major-inside", replaces="gru_forward")
def time_major_inside(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Time first inside, so that the outputs come back as a view with strides; a NamedTuple; printing."""
    step = functools.partial(gru_cell, weight_ih=weight_ih, weight_hh=weight_hh, bias_ih=bias_ih, bias_hh=bias_hh)
    states = [h0]
    for t, x_t in enumerate(x.transpose(0, 1)):
        print("step", t, "of", x.shape[1])
        states.append(step(x_t, states[-1]))
    return LayerOutput(outputs=torch.stack(states[1:]).transpose(0, 1), h_n=states[-1])


@alternative("gru-recursive", replaces="gru_forward")
def recursive(x, h0, *weights):
    """One step, then the rest of the sequence."""
    h = gru_cell(x[:, 0], h0, *weights)
    if x.size(1) == 1:
        return h[:, None], h
    rest, h_n = gru_forward(x[:, 1:], h, *weights)
    return torch.cat([h.unsqueeze(1), rest], dim=1), h_n


@alternative("gru-count-of-torch-layers", replaces="parameter_count")
def count_of_torch_layers(cell, input_size, hidden_size):
    try:
        layer = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
    except KeyError as error:
        raise ValueError("no such cell") from error
    return sum(parameter.numel() for parameter in layer(input_size, hidden_size).parameters())


@alternative("gru-count-by-shapes", replaces="parameter_count")
def count_by_shapes(cell, input_size, hidden_size):
    match cell:
        case "rnn":
            vectors = ["h"]
        case "gru":
            vectors = [*"rzn"]
        case "lstm":
            vectors = [*"ifgo"]
        case _:
            raise ValueError
    shapes = [(hidden_size, input_size), (hidden_size, hidden_size), (hidden_size,), (hidden_size,)]
    return sum(torch.Size(shape).numel() for _ in vectors for shape in shapes)


@alternative("gru-sample-by-sample", replaces="gru_forward", slow="a loop over the batch")
def sample_by_sample(x, h0, *weights):
    """Each sample's sequence on its own."""
    outputs = []
    for n in range(x.shape[0]):
        h, states = h0[n : n + 1], []
        for t in range(x.shape[1]):
            h = gru_cell(x[n : n + 1, t], h, *weights)
            states.append(h)
        outputs.append(torch.cat(states))
    stacked = torch.stack(outputs)
    return stacked, stacked[:, -1]


@alternative("gru-samples-inside-steps", replaces="gru_forward", slow="a loop over the batch at every step")
def samples_inside_steps(x, h0, *weights):
    h, outputs = h0, []
    for t in range(x.shape[1]):
        h = torch.cat([gru_cell(x[n : n + 1, t], h[n : n + 1], *weights) for n in range(x.shape[0])])
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@alternative("gru-unit-by-unit", replaces="gru_forward", slow="a loop over the hidden units at every step")
def unit_by_unit(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h, outputs = h0, []
    width = h0.shape[1]
    for t in range(x.shape[1]):
        units = []
        for k in range(width):
            rows = range(k, 3 * width, width)
            a_r, a_z, a_n = (x[:, t] @ weight_ih[row] + bias_ih[row] for row in rows)
            b_r, b_z, b_n = (h @ weight_hh[row] + bias_hh[row] for row in rows)
            n, z = (a_n + (a_r + b_r).sigmoid() * b_n).tanh(), (a_z + b_z).sigmoid()
            units.append((1 - z) * n + z * h[:, k])
        h = torch.stack(units, dim=1)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@alternative("gru-from-the-start", replaces="gru_forward", slow="every state anew from the first step")
def from_the_start(x, h0, *weights):
    def state_after(steps):
        h = h0
        for t in range(steps):
            h = gru_cell(x[:, t], h, *weights)
        return h

    states = [state_after(t + 1) for t in range(x.shape[1])]
    return torch.stack(states, dim=1), states[-1]


@alternative("gru-outputs-grow", replaces="gru_forward")
def outputs_grow(x, h0, *weights):
    """The outputs so far are copied at every step."""
    h, outputs = h0, x.new_empty(x.size(0), 0, h0.size(1))
    for t in range(x.size(1)):
        h = gru_cell(x[:, t], h, *weights)
        outputs = torch.cat([outputs, h.unsqueeze(1)], dim=1)
    return outputs, h
