"""GRU: two gates and one state, which is its own memory.

One step is computed in two stages (gates and candidate, then the new state); a sequence is that step in a loop.
The last function counts what such a layer learns.
The guide: exercises/guide/en/gru.md, exercises/guide/ko/gru.md.
"""

import torch
from torch import Tensor

Gates = tuple[Tensor, Tensor, Tensor]


def gru_gates(x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Gates:
    """Reset gate, update gate and candidate of one step: (r, z, n), each (N, H), already activated.

    Both a = x W_ihᵀ + b_ih and b = h W_hhᵀ + b_hh have 3·H columns: a block of H for each of r, z, n, in this
    order (torch's).
    r = σ(a_r + b_r), z = σ(a_z + b_z), n = tanh(a_n + r ⊙ b_n), where σ is the logistic sigmoid and ⊙ is elementwise:
    the reset gate acts after the product with W_hh, on all of b_n.

    x: (N, D), the input of this step; h: (N, H), the state before it.
    weight_ih: (3·H, D); weight_hh: (3·H, H); bias_ih and bias_hh: (3·H,). D is x's last axis, H is h's.
    All float32 or all float64. Returns a tuple or a list of three tensors of that dtype; no argument is changed.

    Raises ValueError if h, a weight or a bias has another shape than the one named here.

    Source: Cho et al. (2014); layout, order and the place of the reset as in torch.nn.GRUCell.
    """
    # TODO: your code here
    raise NotImplementedError


def gru_cell(x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    """One step: the state h before it and the input x give the state h' after it.

    h' = (1 − z) ⊙ n + z ⊙ h, with z and n as gru_gates gives them for x and h: z = 1 keeps the old state.

    x: (N, D); h: (N, H); weights and biases as for gru_gates.
    Returns h', (N, H), in the inputs' dtype; no argument is changed.

    Source: as for gru_gates; the same step as torch.nn.GRUCell.
    """
    # TODO: your code here
    raise NotImplementedError


def gru_forward(
    x: Tensor, h0: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """A whole sequence: gru_cell at t = 0, 1, …, S−1, each step starting from the state that the last one left.

    x: (N, S, D), batch first, S ≥ 1; h0: (N, H), the state before the first step;
    weights and biases as for gru_gates, the same ones at every step.
    Returns the pair (outputs, h_n), a tuple or a list: outputs (N, S, H) holds the state after each step, the one
    after the step at t in outputs[:, t]; h_n (N, H) is the state after the last step.
    Both in the inputs' dtype; no argument is changed.

    Source: the same as a torch.nn.GRU of one layer and one direction with batch_first=True,
    but for the state, which here has no axis of layers.
    """
    # TODO: your code here
    raise NotImplementedError


def parameter_count(cell: str, input_size: int, hidden_size: int) -> int:
    """How many numbers one recurrent layer learns: all those in weight_ih, weight_hh, bias_ih and bias_hh.

    Each of the four holds a block of H rows for each vector that a step computes with weights of its own:
    weight_ih has D columns, weight_hh has H, and both biases count. The vectors are
    h' alone for "rnn" (h' = tanh(x Wᵀ + b_ih + h Uᵀ + b_hh)), r, z, n for "gru", and i, f, g, o for "lstm".

    cell: "rnn", "gru" or "lstm"; input_size: D ≥ 1; hidden_size: H ≥ 1. Returns an int.

    Raises ValueError if cell is any other string.

    Source: the number that torch.nn.RNN, torch.nn.GRU or torch.nn.LSTM of one layer and one direction has.
    """
    # TODO: your code here
    raise NotImplementedError
