"""RNNs written differently, and right: each must get full marks."""

import functools
import math
import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.variants import alternative
from solutions.rnn import rnn_forward, rnn_step


class Run(NamedTuple):
    outputs: Tensor
    final: Tensor


def require_shape(tensor, *shape):
    if list(tensor.size()) != list(shape):
        raise ValueError(f"expected {shape}")


def check_step_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    width = h.size(-1)
    require_shape(h, x.size(0), width)
    require_shape(weight_ih, width, x.size(-1))
    require_shape(weight_hh, width, width)
    require_shape(bias_ih, width)
    require_shape(bias_hh, width)


def check_recurrence(weight_hh, h0, activation):
    require_shape(weight_hh, h0.numel(), h0.numel())
    if activation not in {"relu", "tanh", "sigmoid"}:
        raise ValueError(activation)


def instantiated(cls):
    return cls()


@alternative("rnn-concatenated", replaces="rnn_step")
def concatenated(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    check_step_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    both = torch.cat([weight_ih, weight_hh], dim=1)
    return torch.tanh(F.linear(torch.cat([x, h], dim=1), both, bias_ih + bias_hh))


@alternative("rnn-einsum", replaces="rnn_step")
@staticmethod
def by_einsum(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """einsum for the products, and tanh by hand, in place on a tensor of its own."""
    check_step_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    z = torch.einsum("nd,hd->nh", x, weight_ih) + torch.einsum("nk,hk->nh", h, weight_hh)
    z += bias_ih
    z += bias_hh
    return 2 / (1 + torch.exp(-2 * z)) - 1


@alternative("rnn-torch-cell", replaces="rnn_step")
def torch_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    try:
        check_step_arguments(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    except IndexError as error:
        raise ValueError("wrong shapes") from error
    return torch.rnn_tanh_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh)


class TanhFunction(torch.autograd.Function):
    """tanh with its derivative by hand."""

    @staticmethod
    def forward(ctx, z):
        h = torch.tanh(z)
        ctx.save_for_backward(h)
        return h

    @staticmethod
    def backward(ctx, d_h):
        (h,) = ctx.saved_tensors
        return d_h * (1 - h * h)


@alternative("rnn-own-autograd-function", replaces="rnn_step")
@instantiated
class StepObject:
    """An object instead of a function, its columns laid out with strides."""

    def __call__(self, x, h, *weights):
        check_step_arguments(x, h, *weights)
        weight_ih, weight_hh, bias_ih, bias_hh = weights
        z = weight_ih @ x.mT + weight_hh @ h.mT + (bias_ih + bias_hh).unsqueeze(-1)
        return TanhFunction.apply(z).mT


@alternative("rnn-hoisted-projection", replaces="rnn_forward")
def hoisted_projection(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """x's share of all steps at once, outputs written into a tensor of its own."""
    projected = x @ weight_ih.mT + (bias_ih + bias_hh)
    outputs = x.new_empty(x.size(0), x.size(1), h0.size(1))
    h = h0
    for t in range(x.size(1)):
        h = torch.tanh(projected[:, t] + h @ weight_hh.mT)
        outputs[:, t] = h
    return outputs, h


@alternative("rnn-torch-layer", replaces="rnn_forward")
def torch_layer(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    layer = nn.RNN(x.size(2), h0.size(1), batch_first=True, dtype=x.dtype)
    parameters = {
        "weight_ih_l0": weight_ih, "weight_hh_l0": weight_hh, "bias_ih_l0": bias_ih, "bias_hh_l0": bias_hh,
    }  # fmt: skip
    outputs, h_n = torch.func.functional_call(layer, parameters, (x, h0.unsqueeze(0)))
    return [outputs, h_n.squeeze(0)]


@alternative("rnn-time-major-inside", replaces="rnn_forward")
def time_major_inside(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    """Time first inside, so that the outputs come back as a view with strides; printing on the way."""
    step = functools.partial(rnn_step, weight_ih=weight_ih, weight_hh=weight_hh, bias_ih=bias_ih, bias_hh=bias_hh)
    states = [h0]
    for t, x_t in enumerate(x.transpose(0, 1)):
        print("step", t, "of", x.shape[1])
        states.append(step(x_t, states[-1]))
    outputs = torch.stack(states[1:]).transpose(0, 1)
    return Run(outputs, outputs[:, -1])


@alternative("rnn-recursive", replaces="rnn_forward")
def recursive(x, h0, *weights):
    """One step, then the rest of the sequence."""
    h = rnn_step(x[:, 0], h0, *weights)
    if x.size(1) == 1:
        return h[:, None], h
    rest, h_n = rnn_forward(x[:, 1:], h, *weights)
    return torch.cat([h[:, None], rest], dim=1), h_n


@alternative("rnn-sample-by-sample", replaces="rnn_forward", slow="a loop over the batch")
def sample_by_sample(x, h0, *weights):
    """Each sample's sequence on its own; h0 is copied and the copy's name is bound anew."""
    outputs = []
    for n in range(x.shape[0]):
        h, states = h0[n : n + 1].clone(), []
        for t in range(x.shape[1]):
            h = rnn_step(x[n : n + 1, t], h, *weights)
            states += [h]
        outputs.append(torch.cat(states))
    stacked = torch.stack(outputs)
    return stacked, stacked.select(1, -1)


@alternative("rnn-samples-inside-steps", replaces="rnn_forward", slow="a loop over the batch at every step")
def samples_inside_steps(x, h0, *weights):
    h, outputs = h0, []
    for t in range(x.shape[1]):
        h = torch.cat([rnn_step(x[n : n + 1, t], h[n : n + 1], *weights) for n in range(x.shape[0])])
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@alternative("rnn-unit-by-unit", replaces="rnn_forward", slow="a loop over the hidden units at every step")
def unit_by_unit(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h, outputs = h0, []
    for t in range(x.shape[1]):
        units = []
        for k in range(h0.shape[1]):
            z = x[:, t] @ weight_ih[k] + h @ weight_hh[k] + bias_ih[k] + bias_hh[k]
            units.append(torch.tanh(z))
        h = torch.stack(units, dim=1)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@alternative("rnn-from-the-start", replaces="rnn_forward", slow="every state anew from the first step")
def from_the_start(x, h0, *weights):
    def state_after(steps):
        h = h0
        for t in range(steps):
            h = rnn_step(x[:, t], h, *weights)
        return h

    states = [state_after(t + 1) for t in range(x.shape[1])]
    return torch.stack(states, dim=1), states[-1]


@alternative("rnn-outputs-grow", replaces="rnn_forward")
def outputs_grow(x, h0, *weights):
    """The outputs so far are copied at every step."""
    h, outputs = h0, x.new_empty(x.size(0), 0, h0.size(1))
    for t in range(x.size(1)):
        h = rnn_step(x[:, t], h, *weights)
        outputs = torch.cat([outputs, h.unsqueeze(1)], dim=1)
    return outputs, h


@alternative("rnn-norms-by-autograd", replaces="gradient_norms")
def norms_by_autograd(weight_hh, h0, steps, activation):
    """The Jacobian of the whole way each time, through autograd; norms as singular values."""
    check_recurrence(weight_hh, h0, activation)

    def state_after(t, h):
        for _ in range(t):
            h = getattr(torch, activation)(weight_hh @ h)
        return h

    found = [torch.autograd.functional.jacobian(functools.partial(state_after, t + 1), h0) for t in range(steps)]
    return torch.stack([torch.linalg.svdvals(jacobian)[0] for jacobian in found])


@alternative("rnn-norms-by-gram-matrix", replaces="gradient_norms")
def norms_by_gram_matrix(weight_hh, h0, steps, activation):
    """Row vectors, so that every matrix is transposed; the norm from the eigenvalues of JᵀJ; written into a tensor."""
    check_recurrence(weight_hh, h0, activation)
    norms = torch.empty(steps, dtype=h0.dtype)
    state, transposed = h0[None].clone(), torch.diag(torch.ones_like(h0))
    for t in range(steps):
        z = state @ weight_hh.T
        state = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": F.relu}[activation](z)
        with torch.enable_grad():
            leaf = z.detach().requires_grad_()
            (slope,) = torch.autograd.grad(getattr(leaf, activation)().sum(), leaf)
        transposed = transposed @ weight_hh.T * slope
        norms[t] = math.sqrt(torch.linalg.eigvalsh(transposed @ transposed.T)[-1])
    return norms


@alternative("rnn-norms-diagonal-matrices", replaces="gradient_norms")
def norms_diagonal_matrices(weight_hh, h0, steps, activation):
    """Matrices of slopes, the product built from the list; a warning about nothing."""
    rules = {
        "sigmoid": (lambda z: 1 / (1 + (-z).exp()), lambda z: z.exp() / (1 + z.exp()) ** 2),
        "tanh": (lambda z: z.tanh(), lambda z: 1 / z.cosh() ** 2),
        "relu": (lambda z: z.clamp(min=0), lambda z: torch.heaviside(z, torch.zeros_like(z))),
    }
    if activation not in rules or weight_hh.ndim != 2 or set(weight_hh.shape) != set(h0.shape):
        raise ValueError("unknown activation or shapes that do not fit")
    warnings.warn("norms of a product", stacklevel=2)
    function, derivative = rules[activation]
    factors, h = [], h0
    for _ in range(steps):
        z = torch.mv(weight_hh, h)
        h = function(z)
        factors.insert(0, torch.diag(derivative(z)) @ weight_hh)
    products = [functools.reduce(torch.matmul, factors[-t:]) for t in range(1, steps + 1)]
    return torch.linalg.norm(torch.stack(products), ord=2, dim=(-2, -1))


@alternative("rnn-norms-forward-mode", replaces="gradient_norms")
@functools.partial
def norms_forward_mode(weight_hh, h0, steps, activation):
    """torch.func's Jacobian of one step, multiplied up."""
    check_recurrence(weight_hh, h0, activation)
    step = lambda h: getattr(torch, activation)(weight_hh @ h)  # noqa: E731
    h, jacobian, norms = h0.clone(), None, []
    for _ in range(steps):
        one = torch.func.jacrev(step)(h)
        jacobian = one if jacobian is None else one.matmul(jacobian)
        h = step(h)
        norms.append(torch.linalg.norm(jacobian, 2).item())
    return torch.tensor(norms, dtype=h0.dtype)


@alternative("rnn-clip-torch", replaces="clip_gradients")
def clip_torch(gradients, max_norm):
    parameters = [nn.Parameter(torch.zeros_like(gradient)) for gradient in gradients]
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.clone()
    nn.utils.clip_grad_norm_(parameters, max_norm)
    return [parameter.grad for parameter in parameters]


@alternative("rnn-clip-one-vector", replaces="clip_gradients")
def clip_one_vector(gradients, max_norm):
    """One long vector, clipped and cut up again; a tuple."""
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    flat = flat / max(1.0, torch.linalg.vector_norm(flat).item() / max_norm)
    pieces = flat.split([gradient.numel() for gradient in gradients])
    return tuple(piece.view(gradient.shape) for piece, gradient in zip(pieces, gradients, strict=True))


@alternative("rnn-clip-clamped-factor", replaces="clip_gradients")
def clip_clamped_factor(gradients, max_norm):
    """The factor is clamped instead of a branch, with a small number in the divisor."""
    total = math.hypot(*(gradient.norm().item() for gradient in gradients))
    factor = min(1.0, max_norm / (total + 1e-6))
    return [torch.mul(gradient, factor) for gradient in gradients]
