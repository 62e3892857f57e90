"""LSTM: three gates decide what a cell state forgets, what it takes in, and what it shows.

One step is computed in two stages (the gates, then the new state); a sequence is that step in a loop.
The guide: exercises/guide/en/lstm.md, exercises/guide/ko/lstm.md.
"""

import torch
from torch import Tensor

State = tuple[Tensor, Tensor]
Gates = tuple[Tensor, Tensor, Tensor, Tensor]


def lstm_gates(x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Gates:
    """Input gate, forget gate, candidate and output gate of one step: (i, f, g, o), each (N, H), already activated.

    z = x W_ihᵀ + b_ih + h W_hhᵀ + b_hh has 4·H columns: a block of H for each of i, f, g, o, in this order (torch's).
    i = σ(z_i), f = σ(z_f), g = tanh(z_g), o = σ(z_o), where σ is the logistic sigmoid.

    x: (N, D), the input of this step; h: (N, H), the hidden state before it.
    weight_ih: (4·H, D); weight_hh: (4·H, H); bias_ih and bias_hh: (4·H,). D is x's last axis, H is h's.
    All float32 or all float64. Returns a tuple or a list of four tensors of that dtype; no argument is changed.

    Raises ValueError if h, a weight or a bias has another shape than the one named here.

    Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers, Schmidhuber & Cummins (2000);
    layout and order as in torch.nn.LSTMCell.
    """
    # TODO: your code here
    raise NotImplementedError


def lstm_cell(x: Tensor, state: State, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> State:
    """One step: the state (h, c) before it and the input x give the state (h', c') after it.

    c' = f ⊙ c + i ⊙ g and h' = o ⊙ tanh(c'), with i, f, g, o as lstm_gates gives them for x and h; ⊙ is elementwise.

    x: (N, D); state: the pair (h, c), in this order, each (N, H); weights and biases as for lstm_gates.
    Returns the pair (h', c'), a tuple or a list, each (N, H), in the inputs' dtype; no argument is changed.

    Raises ValueError if c has another shape than h.

    Source: as for lstm_gates; the same step as torch.nn.LSTMCell.
    """
    # TODO: your code here
    raise NotImplementedError


def lstm_forward(
    x: Tensor, state: State, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor
) -> tuple[Tensor, State]:
    """A whole sequence: lstm_cell at t = 0, 1, …, S−1, each step starting from the state that the last one left.

    x: (N, S, D), batch first, S ≥ 1; state: the pair (h_0, c_0) before the first step, each (N, H);
    weights and biases as for lstm_gates, the same ones at every step.
    Returns (outputs, (h_n, c_n)): outputs (N, S, H) holds the hidden state after each step, outputs[:, t] = h_{t+1};
    h_n and c_n, each (N, H), are the state after the last step. All in the inputs' dtype; no argument is changed.

    Source: the same as a torch.nn.LSTM of one layer and one direction with batch_first=True,
    but for the state, which here has no axis of layers.
    """
    # TODO: your code here
    raise NotImplementedError
