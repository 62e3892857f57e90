"""LSTMs that look right: wrong versions that students write, and what to ask them."""

import torch

from grader.variants import misconception
from solutions.lstm import lstm_cell, lstm_gates


@misconception(
    "lstm-order-ijfo",
    replaces="lstm_gates",
    breaks="forget gate and candidate trade blocks: weights of torch.nn.LSTM mean something else",
    en="z is cut into four blocks. Which of them does each of your four values come from? "
    "Compare with the order in the docstring.",
    ko="z를 네 블록으로 나누죠. 네 값은 각각 어느 블록에서 나왔나요? docstring에 적힌 순서와 비교해 보세요.",
)
def order_ijfo(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    z_i, z_g, z_f, z_o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=-1)
    return z_i.sigmoid(), z_f.sigmoid(), z_g.tanh(), z_o.sigmoid()


@misconception(
    "lstm-order-ifog",
    replaces="lstm_gates",
    breaks="output gate and candidate trade blocks, as in frameworks that keep the three sigmoids side by side",
    en="Putting the three sigmoids side by side is handy, but who decided where the weights of each block lie? "
    "Look at the last two blocks.",
    ko="sigmoid 세 개를 나란히 두면 편하지만, 가중치의 블록 순서는 누가 정했을까요? 마지막 두 블록을 살펴보세요.",
)
def order_ifog(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    z_i, z_f, z_o, z_g = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=-1)
    return z_i.sigmoid(), z_f.sigmoid(), z_g.tanh(), z_o.sigmoid()


@misconception(
    "lstm-recurrent-bias-missing",
    replaces="lstm_gates",
    breaks="bias_hh has no effect",
    en="Change each of the six arguments in turn. Do the gates notice every one of them?",
    ko="여섯 인자를 하나씩 바꿔 보세요. 게이트 값이 매번 달라지나요?",
)
def recurrent_bias_missing(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    z_i, z_f, z_g, z_o = (x @ weight_ih.T + h @ weight_hh.T + bias_ih).chunk(4, dim=-1)
    return z_i.sigmoid(), z_f.sigmoid(), z_g.tanh(), z_o.sigmoid()


@misconception(
    "lstm-bias-twice",
    replaces="lstm_gates",
    breaks="bias_ih is counted twice and bias_hh not at all",
    en="There are two bias vectors. Follow each of them through your sum: how often does it come in?",
    ko="편향 벡터는 두 개예요. 합을 따라가며 각각이 몇 번 더해지는지 세어 보세요.",
)
def bias_twice(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    z_i, z_f, z_g, z_o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_ih).chunk(4, dim=-1)
    return z_i.sigmoid(), z_f.sigmoid(), z_g.tanh(), z_o.sigmoid()


@misconception(
    "lstm-activations-swapped",
    replaces="lstm_gates",
    breaks="gates may be negative, and the candidate never is",
    en="A gate says which share gets through. Which range should its values have, "
    "and which range should new content have?",
    ko="게이트는 얼마만큼 통과시킬지를 정해요. 게이트 값은 어떤 범위여야 할까요? 새로 쓸 내용의 범위는요?",
)
def activations_swapped(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    z_i, z_f, z_g, z_o = (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=-1)
    return z_i.tanh(), z_f.tanh(), z_g.sigmoid(), z_o.tanh()


@misconception(
    "lstm-candidate-sigmoid",
    replaces="lstm_gates",
    breaks="the candidate is never negative, so the cell state can only be pushed upwards",
    en="A cell state that starts at zero: can yours ever be pushed below zero? "
    "Which of the four quantities is not a gate?",
    ko="0에서 시작한 셀 상태가 0보다 작아질 수 있나요? 네 값 가운데 게이트가 아닌 것은 무엇일까요?",
)
def candidate_sigmoid(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return tuple((x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).sigmoid().chunk(4, dim=-1))


@misconception(
    "lstm-candidate-times-forget",
    replaces="lstm_cell",
    breaks="the input gate has no effect: what is kept and what is written are tied together",
    en="Trace each of the four quantities to the place where your step uses it. Is one of them never used?",
    ko="네 값이 각각 어디에 쓰이는지 따라가 보세요. 한 번도 쓰이지 않는 값이 있나요?",
)
def candidate_times_forget(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    _, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_next = f * c + f * g
    return o * c_next.tanh(), c_next


@misconception(
    "lstm-output-without-tanh",
    replaces="lstm_cell",
    breaks="the hidden state is as unbounded as the cell state",
    en="A cell state may grow without bound. Can your hidden state leave the interval (−1, 1) too? Should it?",
    ko="셀 상태는 얼마든지 커질 수 있어요. 지금 은닉 상태도 (−1, 1)을 벗어날 수 있나요? 그래도 될까요?",
)
def output_without_tanh(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_next = f * c + i * g
    return o * c_next, c_next


@misconception(
    "lstm-input-plus-candidate",
    replaces="lstm_cell",
    breaks="a shut input gate no longer stops the candidate",
    en="Suppose the input gate is fully shut. How much of the candidate still gets into your cell state?",
    ko="입력 게이트가 완전히 닫혔다고 해 보세요. 그때 후보 값은 셀 상태에 얼마나 들어가나요?",
)
def input_plus_candidate(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_next = f * c + (i + g)
    return o * c_next.tanh(), c_next


@misconception(
    "lstm-forget-inverted",
    replaces="lstm_cell",
    breaks="an open forget gate wipes the memory",
    en="What should become of the old cell state when f is 1? Put f = 1 and i = 0 into your formula.",
    ko="f가 1이면 이전 셀 상태는 어떻게 되어야 할까요? 작성한 식에 f = 1, i = 0을 넣어 보세요.",
)
def forget_inverted(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_next = (1 - f) * c + i * g
    return o * c_next.tanh(), c_next


@misconception(
    "lstm-candidate-tanh-twice",
    replaces="lstm_cell",
    breaks="the candidate is squashed a second time",
    en="What lstm_gates returns: is it before or after the activations? What does lstm_cell then do to the candidate?",
    ko="lstm_gates가 돌려주는 값은 활성화 함수를 지나기 전인가요, 지난 뒤인가요? "
    "lstm_cell에서는 후보 값에 무엇을 하고 있나요?",
)
def candidate_tanh_twice(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_next = f * c + i * g.tanh()
    return o * c_next.tanh(), c_next


@misconception(
    "lstm-shows-old-cell",
    replaces="lstm_cell",
    breaks="the hidden state is one step behind: it does not see what this step wrote",
    en="Does the hidden state of this step already know what this step wrote into the memory? Which c did you show?",
    ko="이번 스텝의 은닉 상태는 이번 스텝이 기억에 쓴 내용을 알고 있나요? 어느 시점의 c를 내보냈는지 보세요.",
)
def shows_old_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    i, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return o * c.tanh(), f * c + i * g


@misconception(
    "lstm-state-pair-swapped",
    replaces="lstm_cell",
    breaks="the memory is used as hidden state and the hidden state as memory",
    en="Both tensors of the state have the same shape, so no error tells you which is which. "
    "In what order do they come in?",
    ko="상태의 두 텐서는 모양이 같아서 뒤바뀌어도 오류가 나지 않아요. 어떤 순서로 들어오나요?",
)
def state_pair_swapped(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    c, h = state
    i, f, g, o = lstm_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    c_next = f * c + i * g
    return o * c_next.tanh(), c_next


@misconception(
    "lstm-outputs-cell-state",
    replaces="lstm_forward",
    breaks="the layer shows its memory instead of its hidden states",
    en="A step leaves two tensors. Which of them does the rest of the network get to see, and which stays inside?",
    ko="한 스텝은 텐서 두 개를 남겨요. 다음 층이 보는 것은 어느 쪽이고, 안에만 남는 것은 어느 쪽일까요?",
)
def outputs_cell_state(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    outputs = []
    for x_t in x.unbind(1):
        state = lstm_cell(x_t, state, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(state[1])
    return torch.stack(outputs, dim=1), state


@misconception(
    "lstm-initial-state-ignored",
    replaces="lstm_forward",
    breaks="every sequence starts from zeros, so a sequence cannot be continued",
    en="Cut a sequence in two and hand the first half's final state to the second half. Does your loop take it up?",
    ko="시퀀스를 둘로 자르고 앞 절반의 마지막 상태를 뒤 절반에 넘겨 보세요. 반복문이 그 상태를 이어받나요?",
)
def initial_state_ignored(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    state = (torch.zeros_like(state[0]), torch.zeros_like(state[1]))
    outputs = []
    for x_t in x.unbind(1):
        state = lstm_cell(x_t, state, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(state[0])
    return torch.stack(outputs, dim=1), state


@misconception(
    "lstm-cell-state-not-carried",
    replaces="lstm_forward",
    breaks="each step starts from the first cell state: only the hidden state remembers",
    en="Between two steps, what exactly do you hand on? Print the cell state at the start of every step.",
    ko="한 스텝에서 다음 스텝으로 정확히 무엇을 넘기고 있나요? 스텝이 시작될 때마다 셀 상태를 출력해 보세요.",
)
def cell_state_not_carried(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    h, c = state
    outputs = []
    for x_t in x.unbind(1):
        h, c_next = lstm_cell(x_t, (h, c), weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs, dim=1), (h, c_next)


@misconception(
    "lstm-outputs-time-first",
    replaces="lstm_forward",
    breaks="the outputs are (S, N, H): the next layer takes time for batch",
    en="You collected one tensor for each time step. Along which axis did you put them together? "
    "Which axis comes first in this course?",
    ko="시점마다 텐서를 하나씩 모았어요. 어느 축으로 합쳤나요? 이 강의에서는 어느 축이 맨 앞인가요?",
)
def outputs_time_first(x, state, weight_ih, weight_hh, bias_ih, bias_hh):
    outputs = []
    for x_t in x.unbind(1):
        state = lstm_cell(x_t, state, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(state[0])
    return torch.stack(outputs), state
