"""Mistakes that are no misconception of the course, each written by several students: clusters must find them."""

import torch

from grader.variants import misconception
from solutions.gru import gru_cell, gru_forward, gru_gates, parameter_count

right_gates, right_cell, right_forward, right_count = gru_gates, gru_cell, gru_forward, parameter_count


@misconception("gate-left-out/1", replaces="gru_cell")
def half(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    _, _, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return (n + h) / 2


@misconception("gate-left-out/2", replaces="gru_cell")
def evenly(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    gates = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return torch.stack([gates[2], h]).mean(dim=0)


@misconception("read-backwards/1", replaces="gru_forward")
def flipped(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    return right_forward(x.flip(1), h0, weight_ih, weight_hh, bias_ih, bias_hh)


@misconception("read-backwards/2", replaces="gru_forward")
def from_the_end(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    states = [h0]
    for t in reversed(range(x.shape[1])):
        states.append(gru_cell(x[:, t], states[-1], weight_ih, weight_hh, bias_ih, bias_hh))
    return torch.stack(states[1:], 1), states[-1]


@misconception("inputs-not-counted/1", replaces="parameter_count")
def of_the_state(cell, input_size, hidden_size):
    right_count(cell, input_size, hidden_size)
    rows = {"rnn": 1, "gru": 3, "lstm": 4}[cell] * hidden_size
    return rows * hidden_size + 2 * rows


@misconception("inputs-not-counted/2", replaces="parameter_count")
def less_the_inputs(cell, input_size, hidden_size):
    everything = right_count(cell, input_size, hidden_size)
    return everything - input_size * hidden_size * {"rnn": 1, "gru": 3, "lstm": 4}[cell]
