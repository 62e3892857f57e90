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
    # BEGIN SOLUTION
    batch_size, input_size = x.shape
    hidden_size = h.shape[-1]
    rows = 3 * hidden_size
    given = [tuple(tensor.shape) for tensor in (h, weight_ih, weight_hh, bias_ih, bias_hh)]
    wanted = [(batch_size, hidden_size), (rows, input_size), (rows, hidden_size), (rows,), (rows,)]
    if given != wanted:
        raise ValueError(f"h, weight_ih, weight_hh, bias_ih, bias_hh have the shapes {given}, wanted {wanted}")

    a_r, a_z, a_n = (x @ weight_ih.T + bias_ih).chunk(3, dim=-1)
    b_r, b_z, b_n = (h @ weight_hh.T + bias_hh).chunk(3, dim=-1)
    r = (a_r + b_r).sigmoid()
    z = (a_z + b_z).sigmoid()
    n = (a_n + r * b_n).tanh()
    return r, z, n
    # END SOLUTION


def gru_cell(x: Tensor, h: Tensor, weight_ih: Tensor, weight_hh: Tensor, bias_ih: Tensor, bias_hh: Tensor) -> Tensor:
    """One step: the state h before it and the input x give the state h' after it.

    h' = (1 − z) ⊙ n + z ⊙ h, with z and n as gru_gates gives them for x and h: z = 1 keeps the old state.

    x: (N, D); h: (N, H); weights and biases as for gru_gates.
    Returns h', (N, H), in the inputs' dtype; no argument is changed.

    Source: as for gru_gates; the same step as torch.nn.GRUCell.
    """
    # BEGIN SOLUTION
    _, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return (1 - z) * n + z * h
    # END SOLUTION


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
    # BEGIN SOLUTION
    h = h0
    outputs = []
    for t in range(x.shape[1]):
        h = gru_cell(x[:, t], h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h
    # END SOLUTION


def parameter_count(cell: str, input_size: int, hidden_size: int) -> int:
    """How many numbers one recurrent layer learns: all those in weight_ih, weight_hh, bias_ih and bias_hh.

    Each of the four holds a block of H rows for each vector that a step computes with weights of its own:
    weight_ih has D columns, weight_hh has H, and both biases count. The vectors are
    h' alone for "rnn" (h' = tanh(x Wᵀ + b_ih + h Uᵀ + b_hh)), r, z, n for "gru", and i, f, g, o for "lstm".

    cell: "rnn", "gru" or "lstm"; input_size: D ≥ 1; hidden_size: H ≥ 1. Returns an int.

    Raises ValueError if cell is any other string.

    Source: the number that torch.nn.RNN, torch.nn.GRU or torch.nn.LSTM of one layer and one direction has.
    """
    # BEGIN SOLUTION
    blocks = {"rnn": 1, "gru": 3, "lstm": 4}
    if cell not in blocks:
        raise ValueError(f"cell is {cell!r}, expected one of {', '.join(blocks)}")
    rows = blocks[cell] * hidden_size
    weights = rows * input_size + rows * hidden_size
    biases = rows + rows
    return weights + biases
    # END SOLUTION
