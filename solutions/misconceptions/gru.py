"""GRUs that look right: wrong versions that students write, and what to ask them."""

import torch

from grader.variants import misconception
from solutions.gru import gru_cell, gru_gates


def both_sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    """The three blocks of x's side and the three of h's side. Refuses wrong shapes, so that each version has one mistake."""
    rows = 3 * h.shape[-1]
    given = [tensor.shape for tensor in (h, weight_ih, weight_hh, bias_ih, bias_hh)]
    if given != [(x.shape[0], h.shape[-1]), (rows, x.shape[-1]), (rows, h.shape[-1]), (rows,), (rows,)]:
        raise ValueError(f"the shapes do not fit: {given}")
    a = x @ weight_ih.T + bias_ih
    b = h @ weight_hh.T + bias_hh
    return *a.chunk(3, dim=-1), *b.chunk(3, dim=-1)


@misconception(
    "gru-reset-before-matmul",
    replaces="gru_gates",
    breaks="the reset is mixed by W_hn, and b_hn escapes it: weights of torch.nn.GRU mean something else",
    en="Two conventions exist for the place of the reset. What does r multiply in yours, and what in the docstring: "
    "something that W_hh has already seen, or not yet?",
    ko="리셋을 적용하는 위치에는 두 가지 방식이 있어요. 작성한 코드에서 r은 무엇에 곱해지나요? "
    "docstring에서는 W_hh와 곱하기 전의 값인가요, 곱한 뒤의 값인가요?",
)
def reset_before_matmul(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_r, a_z, a_n, b_r, b_z, _ = both_sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    r = (a_r + b_r).sigmoid()
    z = (a_z + b_z).sigmoid()
    rows = slice(2 * h.shape[-1], None)
    n = (a_n + (r * h) @ weight_hh[rows].T + bias_hh[rows]).tanh()
    return r, z, n


@misconception(
    "gru-recurrent-bias-outside-reset",
    replaces="gru_gates",
    breaks="b_hn reaches the candidate even when the reset gate is shut",
    en="Shut the reset gate completely. Which of the six arguments may the candidate still depend on, "
    "and which does yours depend on?",
    ko="리셋 게이트를 완전히 닫아 보세요. 그때 후보 값은 여섯 인자 가운데 무엇에 의존해야 하고, "
    "지금은 무엇에 의존하고 있나요?",
)
def recurrent_bias_outside_reset(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_r, a_z, a_n, b_r, b_z, b_n = both_sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    bias_n = bias_hh[2 * h.shape[-1] :]
    r = (a_r + b_r).sigmoid()
    z = (a_z + b_z).sigmoid()
    n = (a_n + bias_n + r * (b_n - bias_n)).tanh()
    return r, z, n


@misconception(
    "gru-reset-on-input-too",
    replaces="gru_gates",
    breaks="a shut reset gate silences the input together with the past",
    en="What should a shut reset gate make the candidate forget: the past, the present, or both? "
    "Check how far your r reaches.",
    ko="리셋 게이트가 닫히면 후보 값은 무엇을 잊어야 할까요? 과거인가요, 현재인가요, 둘 다인가요? "
    "r이 어디까지 곱해지는지 살펴보세요.",
)
def reset_on_input_too(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_r, a_z, a_n, b_r, b_z, b_n = both_sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    r = (a_r + b_r).sigmoid()
    z = (a_z + b_z).sigmoid()
    n = (r * (a_n + b_n)).tanh()
    return r, z, n


@misconception(
    "gru-reset-unused",
    replaces="gru_gates",
    breaks="the candidate always sees the whole past",
    en="You compute a reset gate. Follow it through your step: what would change if it were always 1?",
    ko="리셋 게이트를 계산했네요. 그 값이 어디에 쓰이는지 따라가 보세요. 늘 1이라면 무엇이 달라질까요?",
)
def reset_unused(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_r, a_z, a_n, b_r, b_z, b_n = both_sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return (a_r + b_r).sigmoid(), (a_z + b_z).sigmoid(), (a_n + b_n).tanh()


@misconception(
    "gru-order-zrn",
    replaces="gru_gates",
    breaks="reset and update gate trade blocks, as in frameworks that store the update gate first",
    en="The rows of the weights come in three blocks. Which gate does the first block belong to in this course, "
    "and which one in your code?",
    ko="가중치의 행은 세 블록으로 나뉘어요. 이 과정에서 첫 블록은 어느 게이트의 것인가요? 작성한 코드에서는요?",
)
def order_zrn(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_z, a_r, a_n, b_z, b_r, b_n = both_sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    r = (a_r + b_r).sigmoid()
    z = (a_z + b_z).sigmoid()
    return r, z, (a_n + r * b_n).tanh()


@misconception(
    "gru-candidate-sigmoid",
    replaces="gru_gates",
    breaks="the candidate is never negative, so a state that starts at zero never is either",
    en="Two of the three values say how much, the third says what. Which range should new content have?",
    ko="세 값 가운데 둘은 ‘얼마나’를, 나머지 하나는 ‘무엇을’을 정해요. 새로 쓸 내용은 어떤 범위여야 할까요?",
)
def candidate_sigmoid(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_r, a_z, a_n, b_r, b_z, b_n = both_sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    r = (a_r + b_r).sigmoid()
    z = (a_z + b_z).sigmoid()
    return r, z, (a_n + r * b_n).sigmoid()


@misconception(
    "gru-recurrent-bias-missing",
    replaces="gru_gates",
    breaks="bias_hh has no effect",
    en="Change each of the six arguments in turn. Do r, z and n notice every one of them?",
    ko="여섯 인자를 하나씩 바꿔 보세요. r, z, n이 매번 달라지나요?",
)
def recurrent_bias_missing(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_r, a_z, a_n, b_r, b_z, b_n = both_sides(x, h, weight_ih, weight_hh, bias_ih, torch.zeros_like(bias_hh))
    r = (a_r + b_r).sigmoid()
    z = (a_z + b_z).sigmoid()
    return r, z, (a_n + r * b_n).tanh()


@misconception(
    "gru-shapes-unchecked",
    replaces="gru_gates",
    breaks="a state or a bias of another shape is broadcast in silence",
    en="Hand over a state of one row together with an input of two. Does anybody notice? "
    "Which other wrong shapes would your sums accept?",
    ko="입력은 두 행인데 상태는 한 행만 넘겨 보세요. 누가 알아차리나요? 또 어떤 틀린 모양이 그냥 더해질 수 있을까요?",
)
def shapes_unchecked(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_r, a_z, a_n = (x @ weight_ih.T + bias_ih).chunk(3, dim=-1)
    b_r, b_z, b_n = (h @ weight_hh.T + bias_hh).chunk(3, dim=-1)
    r = (a_r + b_r).sigmoid()
    z = (a_z + b_z).sigmoid()
    return r, z, (a_n + r * b_n).tanh()


@misconception(
    "gru-update-swapped",
    replaces="gru_cell",
    breaks="z and 1 − z trade places: where the update gate says keep, the state is replaced",
    en="Papers disagree on what the update gate weighs, so the name does not tell you. "
    "Put z = 1 into your line: what is left? What does the docstring say?",
    ko="업데이트 게이트가 무엇에 곱해지는지는 논문마다 달라서 이름만으로는 알 수 없어요. "
    "작성한 식에 z = 1을 넣으면 무엇이 남나요? docstring에는 뭐라고 되어 있나요?",
)
def update_swapped(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    _, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return z * n + (1 - z) * h


@misconception(
    "gru-reset-on-blend",
    replaces="gru_cell",
    breaks="the reset gate shrinks the old state where it is kept: z = 1 no longer keeps anything",
    en="How many times should the reset gate act in one step, and where? Let z be 1 and r be 0.5: "
    "is your state still what it was?",
    ko="리셋 게이트는 한 스텝에서 몇 번, 어디에 작용해야 할까요? z가 1이고 r이 0.5라면 상태가 그대로 남나요?",
)
def reset_on_blend(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    r, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return (1 - z) * n + z * (r * h)


@misconception(
    "gru-reset-after-candidate",
    replaces="gru_gates",
    breaks="r acts on h' and not inside of n: it cannot choose what the candidate sees",
    en="What is the reset gate for: choosing what the candidate sees, or shrinking the finished state? "
    "Find the one line of the formulas in which r stands.",
    ko="리셋 게이트는 후보가 볼 것을 고르는 데 쓰나요, 다 만든 상태를 줄이는 데 쓰나요? "
    "수식에서 r이 나오는 한 줄을 찾아보세요.",
)
def candidate_without_reset(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    a_r, a_z, a_n, b_r, b_z, b_n = both_sides(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return (a_r + b_r).sigmoid(), (a_z + b_z).sigmoid(), (a_n + b_n).tanh()


@misconception("gru-reset-after-candidate", replaces="gru_cell")
def reset_after_candidate(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    r, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return r * ((1 - z) * n + z * h)


@misconception(
    "gru-candidate-unweighted",
    replaces="gru_cell",
    breaks="the new state is no average: it leaves the range between candidate and old state, and can grow",
    en="The new state should lie between the candidate and the old state. Let z be 1: does yours?",
    ko="새 상태는 후보 값과 이전 상태 사이에 있어야 해요. z가 1일 때도 그런가요?",
)
def candidate_unweighted(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    _, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return n + z * h


@misconception(
    "gru-gates-taken-for-each-other",
    replaces="gru_cell",
    breaks="the reset gate does the update gate's work",
    en="gru_gates returns three tensors of one shape, so no error tells you which is which. "
    "In what order do you take them out?",
    ko="gru_gates가 돌려주는 세 텐서는 모양이 같아서 뒤바뀌어도 오류가 나지 않아요. 어떤 순서로 꺼내고 있나요?",
)
def gates_taken_for_each_other(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    z, _, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return (1 - z) * n + z * h


@misconception(
    "gru-candidate-tanh-twice",
    replaces="gru_cell",
    breaks="the candidate is squashed a second time",
    en="What gru_gates returns: is it before or after the activations? What does gru_cell then do to the candidate?",
    ko="gru_gates가 돌려주는 값은 활성화 함수를 지나기 전인가요, 지난 뒤인가요? "
    "gru_cell에서는 후보 값에 무엇을 하고 있나요?",
)
def candidate_tanh_twice(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    _, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return (1 - z) * n.tanh() + z * h


@misconception(
    "gru-state-updated-in-place",
    replaces="gru_cell",
    breaks="the caller's state is overwritten, and all stored outputs are one and the same tensor",
    en="Print h before and after a call of your step. Whose tensor did you write into, and who else still holds it?",
    ko="함수를 부르기 전과 뒤에 h를 출력해 보세요. 누구의 텐서에 값을 써 넣었나요? 그 텐서를 또 누가 들고 있나요?",
)
def state_updated_in_place(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    _, z, n = gru_gates(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    h *= z
    h += (1 - z) * n
    return h


@misconception(
    "gru-initial-state-ignored",
    replaces="gru_forward",
    breaks="every sequence starts from zeros, so a sequence cannot be continued",
    en="Cut a sequence in two and hand the first half's last state to the second half. Does your loop take it up?",
    ko="시퀀스를 둘로 자르고 앞 절반의 마지막 상태를 뒤 절반에 넘겨 보세요. 반복문이 그 상태를 이어받나요?",
)
def initial_state_ignored(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = torch.zeros_like(h0)
    outputs = []
    for x_t in x.unbind(1):
        h = gru_cell(x_t, h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@misconception(
    "gru-state-not-carried",
    replaces="gru_forward",
    breaks="each step starts from h0: no step knows what the one before it read",
    en="Between two steps, what do you hand on? Print the state at the start of every step.",
    ko="한 스텝에서 다음 스텝으로 무엇을 넘기고 있나요? 스텝이 시작될 때마다 상태를 출력해 보세요.",
)
def state_not_carried(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    outputs = [gru_cell(x_t, h0, weight_ih, weight_hh, bias_ih, bias_hh) for x_t in x.unbind(1)]
    return torch.stack(outputs, dim=1), outputs[-1]


@misconception(
    "gru-outputs-time-first",
    replaces="gru_forward",
    breaks="the outputs are (S, N, H): the next layer takes time for batch",
    en="You collected one tensor for each time step. Along which axis did you put them together? "
    "Which axis comes first in this course?",
    ko="시점마다 텐서를 하나씩 모았어요. 어느 축으로 합쳤나요? 이 과정에서는 어느 축이 맨 앞인가요?",
)
def outputs_time_first(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = h0
    outputs = []
    for x_t in x.unbind(1):
        h = gru_cell(x_t, h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs), h


@misconception(
    "gru-count-one-bias",
    replaces="parameter_count",
    breaks="bias_hh is not counted",
    en="Count the arguments that come after x and h in gru_gates. How many of them does your sum hold?",
    ko="gru_gates에서 x와 h 다음에 오는 인자를 세어 보세요. 그 가운데 몇 개가 합에 들어 있나요?",
)
def count_one_bias(cell, input_size, hidden_size):
    if cell not in ("rnn", "gru", "lstm"):
        raise ValueError(cell)
    return {"rnn": 1, "gru": 3, "lstm": 4}[cell] * hidden_size * (input_size + hidden_size + 1)


@misconception(
    "gru-count-gates-only",
    replaces="parameter_count",
    breaks="the candidate's weights are not counted",
    en="You counted the gates. Is everything that has weights of its own a gate?",
    ko="게이트의 수를 세었네요. 자기 가중치가 있는 것은 게이트뿐일까요?",
)
def count_gates_only(cell, input_size, hidden_size):
    if cell not in ("rnn", "gru", "lstm"):
        raise ValueError(cell)
    return {"rnn": 1, "gru": 2, "lstm": 3}[cell] * hidden_size * (input_size + hidden_size + 2)


@misconception(
    "gru-count-biases-not-per-block",
    replaces="parameter_count",
    breaks="each bias is counted with one block's length",
    en="How long is bias_ih in this course: as long as the state, or longer? Compare with the number of rows of weight_ih.",
    ko="이 과정에서 bias_ih의 길이는 얼마인가요? 상태와 같은가요, 더 긴가요? weight_ih의 행 수와 비교해 보세요.",
)
def count_biases_not_per_block(cell, input_size, hidden_size):
    if cell not in ("rnn", "gru", "lstm"):
        raise ValueError(cell)
    return {"rnn": 1, "gru": 3, "lstm": 4}[cell] * hidden_size * (input_size + hidden_size) + 2 * hidden_size
