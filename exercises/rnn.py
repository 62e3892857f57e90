"""A plain RNN: one hidden state, rewritten at every step by the same weights, and what that does to gradients.

One step, a sequence of steps, the size of the gradient that comes back through many of them, and the usual first aid.
The guide: exercises/guide/en/rnn.md, exercises/guide/ko/rnn.md.
"""

import torch
from torch import Tensor


def rnn_step(x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    """One step: the hidden state h before it and the input x give the hidden state h' after it.

    h' = tanh(x W_ihᵀ + b_ih + h W_hhᵀ + b_hh).

    x: (N, D), the input of this step; h: (N, H), the hidden state before it.
    weight_ih: (H, D); weight_hh: (H, H), rows are outputs; bias_ih and bias_hh: (H,). D is x's last axis, H is h's.
    All float32 or all float64. Returns h' (N, H) in that dtype; no argument is changed.

    Raises ValueError if h, a weight or a bias has another shape than the one named here.

    Source: Elman (1990); layout as in torch.nn.RNNCell.
    """
    # TODO: your code here
    raise NotImplementedError


def rnn_forward(
    x: Tensor, h0: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """A whole sequence: rnn_step at t = 0, 1, …, S−1, each step starting from the state that the last one left.

    x: (N, S, D), batch first, S ≥ 1; h0: (N, H), the hidden state before the first step;
    weights and biases as for rnn_step, the same ones at every step.
    Returns (outputs, h_n), a tuple or a list: outputs (N, S, H) holds the hidden state after each step, outputs[:, t] =
    h_{t+1}; h_n (N, H) is the state after the last step. Both in the inputs' dtype. Gradients flow back through all
    steps. The answer depends on the arguments alone, not on earlier calls; no argument is changed.

    Source: the same as a torch.nn.RNN of one layer and one direction with batch_first=True,
    but for the state, which here has no axis of layers.
    """
    # TODO: your code here
    raise NotImplementedError


def gradient_norms(weight_hh: Tensor, h0: Tensor, steps: int, activation: str) -> Tensor:
    """How much of a change in h_0 is left in h_t: the spectral norm of the Jacobian ∂h_t/∂h_0 for t = 1, …, steps.

    The recurrence has no input, no bias and no batch: h_t = act(W h_{t−1}), with act applied elementwise. The Jacobian
    is an (H, H) matrix, row i of which holds the derivatives of h_t's component i; its spectral norm is its largest
    singular value. The derivative of relu at 0 counts as 0.

    weight_hh: (H, H), the matrix W; h0: (H,); both float32 or both float64; steps ≥ 1.
    activation: "sigmoid", "tanh" or "relu".
    Returns (steps,) in the inputs' dtype, starting at t = 1; only the values count, no gradient is asked of them.
    No argument is changed.

    Raises ValueError if activation is anything else, or if weight_hh is not (H, H) with H the length of h0.

    Source: Pascanu, Mikolov & Bengio (2013), section 2.
    """
    # TODO: your code here
    raise NotImplementedError


def clip_gradients(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    """Gradients of a whole model, shortened together so that their global norm is at most max_norm.

    The global norm is that of all numbers of all tensors written in one long vector. If it is greater than max_norm, every
    tensor is multiplied by one and the same factor, so that the global norm becomes max_norm; otherwise every value stays.

    gradients: at least one tensor, of any shapes, all float32 or all float64; max_norm > 0.
    Returns as many tensors, in the same order, shapes and dtype (a list or a tuple). The tensors given are not changed;
    where nothing is to be clipped they may be returned as they are. Only the values count, no gradient is asked of them.

    Source: Pascanu, Mikolov & Bengio (2013), section 3.2; as torch.nn.utils.clip_grad_norm_, which works in place and
    adds 1e-6 to the divisor (either is accepted).
    """
    # TODO: your code here
    raise NotImplementedError
