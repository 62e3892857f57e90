"""RNNs that look right: wrong versions that students write, and what to ask them."""

import torch

from grader.variants import misconception
from solutions.rnn import rnn_step

SLOPES = {
    "sigmoid": lambda z: z.sigmoid() * (1 - z.sigmoid()),
    "tanh": lambda z: 1 - z.tanh() ** 2,
    "relu": lambda z: (z > 0).to(z.dtype),
}
REMEMBERED = {}


def recurrence(weight_hh, h0, steps, activation):
    """The pairs (z_t, h_t) for t = 1, …, steps, refusing what the docstring refuses."""
    if activation not in SLOPES or weight_hh.shape != (len(h0), len(h0)):
        raise ValueError("unknown activation, or weight_hh is not square")
    h, pairs = h0, []
    for _ in range(steps):
        z = weight_hh @ h
        h = getattr(z, activation)()
        pairs.append((z, h))
    return pairs


@misconception(
    "rnn-bias-outside-tanh",
    replaces="rnn_step",
    breaks="the hidden state leaves the interval (−1, 1)",
    en="Which interval do the values of tanh lie in? Can your hidden state leave it? Mark where your bracket closes.",
    ko="tanh의 값은 어떤 구간에 있나요? 지금 은닉 상태는 그 구간을 벗어날 수 있나요? 괄호가 어디서 닫히는지 보세요.",
)
def bias_outside_tanh(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return (x @ weight_ih.T + h @ weight_hh.T).tanh() + bias_ih + bias_hh


@misconception(
    "rnn-recurrent-weight-not-transposed",
    replaces="rnn_step",
    breaks="W_hh is square, so nothing fails: every unit listens to the wrong ones",
    en="A weight is (out, in). For weight_ih a slip would be an error; why is there none for weight_hh? "
    "Try a weight_hh with a single entry that is not zero.",
    ko="가중치는 (out, in) 모양이에요. weight_ih에서는 실수하면 오류가 나는데 weight_hh에서는 왜 나지 않을까요? "
    "원소 하나만 0이 아닌 weight_hh로 시험해 보세요.",
)
def recurrent_weight_not_transposed(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return (x @ weight_ih.T + bias_ih + h @ weight_hh + bias_hh).tanh()


@misconception(
    "rnn-recurrent-bias-missing",
    replaces="rnn_step",
    breaks="bias_hh has no effect",
    en="Change each of the six arguments in turn. Does your step notice every one of them?",
    ko="여섯 인자를 하나씩 바꿔 보세요. 결과가 매번 달라지나요?",
)
def recurrent_bias_missing(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return (x @ weight_ih.T + h @ weight_hh.T + bias_ih).tanh()


@misconception(
    "rnn-bias-twice",
    replaces="rnn_step",
    breaks="bias_ih is counted twice and bias_hh not at all",
    en="There are two bias vectors. Follow each of them through your sum: how often does it come in?",
    ko="편향 벡터는 두 개예요. 합을 따라가며 각각이 몇 번 더해지는지 세어 보세요.",
)
def bias_twice(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_ih).tanh()


@misconception(
    "rnn-two-tanhs",
    replaces="rnn_step",
    breaks="input and memory are squashed one by one, so the state reaches up to 2",
    en="How many times does tanh stand in the formula, and what stands inside it?",
    ko="수식에 tanh가 몇 번 나오나요? 그 안에는 무엇이 들어 있나요?",
)
def two_tanhs(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return (x @ weight_ih.T + bias_ih).tanh() + (h @ weight_hh.T + bias_hh).tanh()


@misconception(
    "rnn-step-sigmoid",
    replaces="rnn_step",
    breaks="the hidden state is never negative",
    en="Can a hidden state of yours ever be negative? Which activation does the formula name?",
    ko="지금 은닉 상태는 음수가 될 수 있나요? 수식에 나온 활성화 함수는 무엇인가요?",
)
def step_sigmoid(x, h, weight_ih, weight_hh, bias_ih, bias_hh):
    return (x @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).sigmoid()


@misconception(
    "rnn-state-updated-in-place",
    replaces="rnn_forward",
    breaks="one tensor is stored S times: all outputs show the last state",
    en="Print all outputs after the loop. Are they different? How many tensors did your loop create, "
    "and what does the list hold?",
    ko="반복문이 끝난 뒤 출력을 모두 찍어 보세요. 서로 다른가요? 반복문에서 텐서를 몇 개 만들었고, "
    "리스트에는 무엇이 들어 있나요?",
)
def state_updated_in_place(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = h0.clone()
    outputs = []
    for x_t in x.unbind(1):
        h.copy_(rnn_step(x_t, h.clone(), weight_ih, weight_hh, bias_ih, bias_hh))
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@misconception(
    "rnn-initial-state-overwritten",
    replaces="rnn_forward",
    breaks="the caller's h0 holds the last state afterwards",
    en="Call your function twice with the same h0. Is it still the same h0 the second time?",
    ko="같은 h0로 함수를 두 번 불러 보세요. 두 번째에도 처음과 같은 h0인가요?",
)
def initial_state_overwritten(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    outputs = []
    for x_t in x.unbind(1):
        h0[:] = rnn_step(x_t, h0.clone(), weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h0.clone())
    return torch.stack(outputs, dim=1), h0.clone()


@misconception(
    "rnn-state-kept-between-calls",
    replaces="rnn_forward",
    breaks="a call starts from where the last one ended, whatever h0 says",
    en="Call your function twice with the same arguments. Should the answers be the same? "
    "Where does your state live between two calls?",
    ko="같은 인자로 함수를 두 번 불러 보세요. 두 답이 같아야 할까요? 호출과 호출 사이에 상태는 어디에 남아 있나요?",
)
def state_kept_between_calls(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = REMEMBERED.get("h", h0)
    if h.shape != h0.shape or h.dtype != h0.dtype:
        h = h0
    outputs = []
    for x_t in x.unbind(1):
        h = rnn_step(x_t, h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    REMEMBERED["h"] = h.detach().clone()
    return torch.stack(outputs, dim=1), h


@misconception(
    "rnn-initial-state-ignored",
    replaces="rnn_forward",
    breaks="every sequence starts from zeros, so a sequence cannot be continued",
    en="Cut a sequence in two and hand the first half's final state to the second half. Does your loop take it up?",
    ko="시퀀스를 둘로 자르고 앞 절반의 마지막 상태를 뒤 절반에 넘겨 보세요. 반복문이 그 상태를 이어받나요?",
)
def initial_state_ignored(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = torch.zeros_like(h0)
    outputs = []
    for x_t in x.unbind(1):
        h = rnn_step(x_t, h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@misconception(
    "rnn-state-not-carried",
    replaces="rnn_forward",
    breaks="every step starts from h0: the network has no memory of its inputs",
    en="Change the first input of a sequence. Does your last output notice? What does each step start from?",
    ko="시퀀스의 첫 입력을 바꿔 보세요. 마지막 출력이 달라지나요? 각 스텝은 어떤 상태에서 시작하나요?",
)
def state_not_carried(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    outputs = [rnn_step(x_t, h0, weight_ih, weight_hh, bias_ih, bias_hh) for x_t in x.unbind(1)]
    return torch.stack(outputs, dim=1), outputs[-1]


@misconception(
    "rnn-outputs-one-step-late",
    replaces="rnn_forward",
    breaks="outputs[:, t] is the state before step t: it has not seen x_t",
    en="Has your first output already seen the first input? At which moment of a step do you store the state?",
    ko="첫 출력은 첫 입력을 이미 본 상태인가요? 한 스텝의 어느 순간에 상태를 저장하는지 보세요.",
)
def outputs_one_step_late(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = h0
    outputs = []
    for x_t in x.unbind(1):
        outputs.append(h)
        h = rnn_step(x_t, h, weight_ih, weight_hh, bias_ih, bias_hh)
    return torch.stack(outputs, dim=1), h


@misconception(
    "rnn-outputs-time-first",
    replaces="rnn_forward",
    breaks="the outputs are (S, N, H): the next layer takes time for batch",
    en="You collected one tensor for each time step. Along which axis did you put them together? "
    "Which axis comes first in this course?",
    ko="시점마다 텐서를 하나씩 모았어요. 어느 축으로 합쳤나요? 이 과정에서는 어느 축이 맨 앞인가요?",
)
def outputs_time_first(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = h0
    outputs = []
    for x_t in x.unbind(1):
        h = rnn_step(x_t, h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs), h


@misconception(
    "rnn-reshaped-to-time-first",
    replaces="rnn_forward",
    breaks="a step reads inputs of different samples and times: reshape does not swap axes",
    en="You made time the first axis. Number the entries of a small x, and look at what your first step reads: "
    "whose inputs are they?",
    ko="시간 축을 맨 앞으로 옮겼네요. 작은 x의 원소에 번호를 매기고 첫 스텝이 무엇을 읽는지 보세요. 누구의 입력인가요?",
)
def reshaped_to_time_first(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    batch_size, steps, input_size = x.shape
    h = h0
    outputs = []
    for x_t in x.reshape(steps, batch_size, input_size):
        h = rnn_step(x_t, h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@misconception(
    "rnn-last-sample-for-last-state",
    replaces="rnn_forward",
    breaks="h_n is the last sample's whole history, and not every sample's last state",
    en="What shape should h_n have? Which axis of the outputs does your index pick from?",
    ko="h_n은 어떤 모양이어야 하나요? outputs의 어느 축에서 골라냈는지 보세요.",
)
def last_sample_for_last_state(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = h0
    outputs = []
    for x_t in x.unbind(1):
        h = rnn_step(x_t, h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    stacked = torch.stack(outputs, dim=1)
    return stacked, stacked[-1]


@misconception(
    "rnn-state-detached",
    replaces="rnn_forward",
    breaks="the values are right, but nothing is learned from more than one step back",
    en="Every value is right. Now ask for the gradient of the last output by the first input: where is it cut off?",
    ko="값은 모두 맞아요. 이제 마지막 출력을 첫 입력으로 미분해 보세요. 기울기가 어디에서 끊기나요?",
)
def state_detached(x, h0, weight_ih, weight_hh, bias_ih, bias_hh):
    h = h0
    outputs = []
    for x_t in x.unbind(1):
        h = rnn_step(x_t, h.detach(), weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@misconception(
    "rnn-norms-without-activation",
    replaces="gradient_norms",
    breaks="norms of W's powers: the activation has no part in them",
    en="Do your norms change when you change the activation? What does the chain rule say about act(W h)?",
    ko="활성화 함수를 바꾸면 노름도 바뀌나요? 연쇄 법칙에 따르면 act(W h)의 미분에는 무엇이 들어가나요?",
)
def norms_without_activation(weight_hh, h0, steps, activation):
    recurrence(weight_hh, h0, steps, activation)
    powers = [torch.linalg.matrix_power(weight_hh, t) for t in range(1, steps + 1)]
    return torch.stack([torch.linalg.matrix_norm(power, ord=2) for power in powers])


@misconception(
    "rnn-norms-of-one-step",
    replaces="gradient_norms",
    breaks="the norm of ∂h_t/∂h_{t−1}: nothing is multiplied, so nothing vanishes or explodes",
    en="Your number for t is a derivative by what: by the very first state, or by the one just before? "
    "How do 50 of those fit together?",
    ko="t번째 수는 무엇으로 미분한 값인가요? 맨 처음 상태인가요, 바로 앞 상태인가요? "
    "그런 미분 50개는 어떻게 이어질까요?",
)
def norms_of_one_step(weight_hh, h0, steps, activation):
    factors = [SLOPES[activation](z)[:, None] * weight_hh for z, _ in recurrence(weight_hh, h0, steps, activation)]
    return torch.stack([torch.linalg.matrix_norm(factor, ord=2) for factor in factors])


@misconception(
    "rnn-product-of-norms",
    replaces="gradient_norms",
    breaks="an upper bound in the place of the norm of the product",
    en="Two matrices each stretch some vector to twice its length. Does their product stretch one to four times? "
    "Is it the same vector?",
    ko="두 행렬이 각각 어떤 벡터를 두 배로 늘인다고 해 보세요. 둘의 곱은 꼭 네 배로 늘일까요? "
    "같은 벡터를 늘이는 걸까요?",
)
def product_of_norms(weight_hh, h0, steps, activation):
    factors = [SLOPES[activation](z)[:, None] * weight_hh for z, _ in recurrence(weight_hh, h0, steps, activation)]
    return torch.stack([torch.linalg.matrix_norm(factor, ord=2) for factor in factors]).cumprod(dim=0)


@misconception(
    "rnn-jacobian-order",
    replaces="gradient_norms",
    breaks="the steps' Jacobians are multiplied from the wrong side",
    en="h_2 depends on h_1, which depends on h_0. In which order does the chain rule multiply the two matrices?",
    ko="h_2는 h_1에, h_1은 h_0에 달려 있어요. 연쇄 법칙은 두 행렬을 어떤 순서로 곱하나요?",
)
def jacobian_order(weight_hh, h0, steps, activation):
    jacobian = torch.eye(len(h0), dtype=h0.dtype)
    norms = []
    for z, _ in recurrence(weight_hh, h0, steps, activation):
        jacobian = jacobian @ (SLOPES[activation](z)[:, None] * weight_hh)
        norms.append(torch.linalg.matrix_norm(jacobian, ord=2))
    return torch.stack(norms)


@misconception(
    "rnn-slope-on-wrong-side",
    replaces="gradient_norms",
    breaks="the slopes scale W's columns, the inputs, and not its rows, the outputs",
    en="The slope belongs to one component of h_t. Is that a row or a column of the Jacobian? "
    "Which of them does your product scale?",
    ko="미분값 act'은 h_t의 성분마다 하나씩 있어요. 그 성분은 야코비 행렬의 행인가요, 열인가요? "
    "지금은 어느 쪽에 곱하고 있나요?",
)
def slope_on_wrong_side(weight_hh, h0, steps, activation):
    jacobian = torch.eye(len(h0), dtype=h0.dtype)
    norms = []
    for z, _ in recurrence(weight_hh, h0, steps, activation):
        jacobian = (weight_hh * SLOPES[activation](z)) @ jacobian
        norms.append(torch.linalg.matrix_norm(jacobian, ord=2))
    return torch.stack(norms)


@misconception(
    "rnn-slope-of-activated",
    replaces="gradient_norms",
    breaks="the derivative is taken at h_t, after the activation, and not at W h",
    en="At which point is the derivative of the activation taken: at what goes into it, or at what comes out?",
    ko="활성화 함수의 미분은 어느 값에서 구하나요? 함수에 들어가는 값인가요, 나온 값인가요?",
)
def slope_of_activated(weight_hh, h0, steps, activation):
    jacobian = torch.eye(len(h0), dtype=h0.dtype)
    norms = []
    for _, h in recurrence(weight_hh, h0, steps, activation):
        jacobian = (SLOPES[activation](h)[:, None] * weight_hh) @ jacobian
        norms.append(torch.linalg.matrix_norm(jacobian, ord=2))
    return torch.stack(norms)


def jacobians(weight_hh, h0, steps, activation):
    jacobian = torch.eye(len(h0), dtype=h0.dtype)
    for z, _ in recurrence(weight_hh, h0, steps, activation):
        jacobian = (SLOPES[activation](z)[:, None] * weight_hh) @ jacobian
        yield jacobian


@misconception(
    "rnn-norms-frobenius",
    replaces="gradient_norms",
    breaks="the root of the sum of squares, which is greater than the largest singular value",
    en="What is your norm of the identity matrix of size 4? How much does that matrix stretch a vector?",
    ko="지금 쓰는 노름으로 4×4 단위행렬의 노름을 구하면 얼마인가요? 그 행렬은 벡터를 얼마나 늘이나요?",
)
def norms_frobenius(weight_hh, h0, steps, activation):
    return torch.stack([torch.linalg.norm(jacobian) for jacobian in jacobians(weight_hh, h0, steps, activation)])


@misconception(
    "rnn-norms-spectral-radius",
    replaces="gradient_norms",
    breaks="the largest absolute eigenvalue, which is smaller than the spectral norm",
    en="Take the matrix [[0, 3], [0, 0]]. How much can it stretch a vector, and what are its eigenvalues? "
    "Which of the two is asked for?",
    ko="행렬 [[0, 3], [0, 0]]을 생각해 보세요. 벡터를 얼마나 늘일 수 있고, 고윳값은 무엇인가요? "
    "문제에서 묻는 것은 어느 쪽인가요?",
)
def norms_spectral_radius(weight_hh, h0, steps, activation):
    found = jacobians(weight_hh, h0, steps, activation)
    return torch.stack([torch.linalg.eigvals(jacobian).abs().max() for jacobian in found])


@misconception(
    "rnn-norms-from-zero",
    replaces="gradient_norms",
    breaks="everything is one step late: the first number is always 1",
    en="What is your first number for three different matrices? Which t does it belong to?",
    ko="서로 다른 행렬 세 개로 첫 번째 수를 구해 보세요. 그 수는 어느 t의 값인가요?",
)
def norms_from_zero(weight_hh, h0, steps, activation):
    found = list(jacobians(weight_hh, h0, steps, activation))
    return torch.stack([torch.linalg.matrix_norm(j, ord=2) for j in [torch.eye(len(h0), dtype=h0.dtype), *found[:-1]]])


@misconception(
    "rnn-clip-per-tensor",
    replaces="clip_gradients",
    breaks="each tensor has a norm of its own: the direction of the step changes",
    en="Put all gradients into one long vector, before and after. Does it still point the same way? "
    "How many factors did you use?",
    ko="모든 기울기를 긴 벡터 하나로 이어 붙이고 자르기 전과 후를 비교해 보세요. 방향이 그대로인가요? "
    "곱한 수는 몇 개인가요?",
)
def clip_per_tensor(gradients, max_norm):
    return [gradient * (max_norm / gradient.norm()).clamp(max=1.0) for gradient in gradients]


@misconception(
    "rnn-clip-by-value",
    replaces="clip_gradients",
    breaks="single numbers are cut off: the direction of the step changes, and its length may still be too great",
    en="A gradient of 100 numbers, each equal to max_norm: how long is that vector after your clipping?",
    ko="모두 max_norm과 같은 수 100개로 된 기울기가 있어요. 지금 방법으로 자른 뒤 그 벡터의 길이는 얼마인가요?",
)
def clip_by_value(gradients, max_norm):
    return [gradient.clamp(-max_norm, max_norm) for gradient in gradients]


@misconception(
    "rnn-clip-always-rescales",
    replaces="clip_gradients",
    breaks="short gradients are stretched to max_norm",
    en="Near a minimum gradients are tiny. How long are they after your function? Is that still clipping?",
    ko="최솟값 근처에서는 기울기가 아주 작아요. 함수를 지난 뒤의 길이는 얼마인가요? 그것도 자르기일까요?",
)
def clip_always_rescales(gradients, max_norm):
    total = torch.stack([gradient.norm() for gradient in gradients]).norm()
    return [gradient * (max_norm / total) for gradient in gradients]


@misconception(
    "rnn-clip-sum-of-norms",
    replaces="clip_gradients",
    breaks="the tensors' norms are added, which overestimates the global norm",
    en="Two gradients of norm 3 and 4: how long is the vector that holds them both?",
    ko="노름이 3인 기울기와 4인 기울기가 있어요. 둘을 이어 붙인 벡터의 길이는 얼마인가요?",
)
def clip_sum_of_norms(gradients, max_norm):
    total = sum(gradient.norm() for gradient in gradients)
    return [gradient * (max_norm / total).clamp(max=1.0) for gradient in gradients]


@misconception(
    "rnn-clip-without-root",
    replaces="clip_gradients",
    breaks="the squared norm is taken for the norm",
    en="Measure the global norm of what you return. Is it max_norm? What is still missing after summing the squares?",
    ko="돌려주는 기울기의 전체 노름을 재어 보세요. max_norm과 같은가요? 제곱을 더한 다음에 무엇이 더 필요할까요?",
)
def clip_without_root(gradients, max_norm):
    total = sum((gradient**2).sum() for gradient in gradients)
    return [gradient * (max_norm / total).clamp(max=1.0) for gradient in gradients]


@misconception(
    "rnn-clip-in-place",
    replaces="clip_gradients",
    breaks="the caller's gradients are overwritten",
    en="What do the gradients that came in look like after the call? Who else may still need them?",
    ko="호출이 끝난 뒤 인자로 받은 기울기는 어떤 값인가요? 그 값이 아직 필요한 곳은 없을까요?",
)
def clip_in_place(gradients, max_norm):
    total = torch.stack([gradient.norm() for gradient in gradients]).norm()
    for gradient in gradients:
        gradient *= (max_norm / total).clamp(max=1.0)
    return gradients
