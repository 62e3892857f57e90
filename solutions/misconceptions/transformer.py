"""Wrong versions of exercise transformer that students write, each with the hint that they should see."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from grader.variants import misconception
from solutions.transformer import DecoderBlock, EncoderBlock, FeedForward, MultiHeadAttention


def refuse_misfits(x: Tensor, weight: Tensor, bias: Tensor) -> None:
    if weight.shape != x.shape[-1:] or bias.shape != x.shape[-1:]:
        raise ValueError("weight and bias must have one number a feature")


@misconception(
    "transformer-ddof-one",
    replaces="layer_norm",
    breaks="torch.var divides by D - 1 unless told otherwise",
    en="Take the token [1, 3]: how far is each number from the mean, and what is the mean of the squares? Which variance "
    "does your function compute when nobody tells it?",
    ko="토큰 [1, 3]에서 각 숫자는 평균에서 얼마나 떨어져 있고, 그 제곱의 평균은 얼마인가요? 따로 지정하지 않으면, "
    "지금 사용한 함수는 어떤 분산을 계산하나요?",
)
def ddof_one(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    refuse_misfits(x, weight, bias)
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(x.var(dim=-1, keepdim=True) + eps) * weight + bias


@misconception(
    "transformer-eps-outside",
    replaces="layer_norm",
    breaks="eps is added to the standard deviation: tokens of small variance come out too large",
    en="Your answer is close, and the farther off the larger eps is. To which quantity does the formula add eps: before or "
    "after the root?",
    ko="답이 거의 맞는데, eps가 클수록 차이가 커져요. 수식에서 eps는 어떤 양에 더하나요? 루트를 씌우기 전인가요, "
    "씌운 다음인가요?",
)
def eps_outside(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    refuse_misfits(x, weight, bias)
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (x.var(dim=-1, correction=0, keepdim=True).sqrt() + eps) * weight + bias


@misconception(
    "transformer-norm-over-tokens",
    replaces="layer_norm",
    breaks="each feature is normalised over the tokens, as in BatchNorm: a token depends on its neighbours",
    en="Change one token of your input. Which tokens of the answer should change with it, and which ones do?",
    ko="입력에서 토큰 하나만 바꿔 보세요. 답에서 함께 바뀌어야 하는 토큰은 어느 것이고, 실제로 바뀐 토큰은 어느 것인가요?",
)
def norm_over_tokens(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    refuse_misfits(x, weight, bias)
    axes = tuple(range(x.dim() - 1))
    centred = x - x.mean(dim=axes, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(dim=axes, keepdim=True) + eps) * weight + bias


@misconception(
    "transformer-divides-by-variance",
    replaces="layer_norm",
    breaks="the root is left out: the variance of the result is 1 / variance",
    en="Multiply your input by ten. Does the answer stay nearly the same? In which unit is a variance measured?",
    ko="입력에 10을 곱해 보세요. 답이 거의 그대로인가요? 분산의 단위는 원래 값의 단위와 같은가요?",
)
def divides_by_variance(x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    refuse_misfits(x, weight, bias)
    centred = x - x.mean(dim=-1, keepdim=True)
    return centred / (centred.square().mean(dim=-1, keepdim=True) + eps) * weight + bias


@misconception(
    "transformer-shift-left",
    replaces="shift_right",
    breaks="the decoder reads the very token that it is to predict next, and the one after it",
    en="Write the answer below the tokens. When the decoder predicts the first token, which tokens has it read in your "
    "version?",
    ko="토큰들 아래에 답을 나란히 적어 보세요. 디코더가 첫 토큰을 예측할 때, 여러분의 답에서는 어떤 토큰을 읽은 "
    "상태인가요?",
)
def shift_left(tokens: Tensor, start_id: int) -> Tensor:
    return torch.cat([tokens[:, 1:], torch.full_like(tokens[:, :1], start_id)], dim=1)


@misconception(
    "transformer-shift-roll",
    replaces="shift_right",
    breaks="roll brings the last token to the front: the answer leaks, and there is no start token",
    en="Where does your last token go? And what should the decoder know before it has produced anything?",
    ko="맨 마지막 토큰은 어디로 갔나요? 아직 아무것도 만들지 않은 디코더가 알고 있어야 하는 것은 무엇일까요?",
)
def shift_roll(tokens: Tensor, start_id: int) -> Tensor:
    return tokens.roll(1, dims=1)


@misconception(
    "transformer-shift-longer",
    replaces="shift_right",
    breaks="the last token is kept: the input is longer than what it is to predict",
    en="How many predictions does the decoder make from your answer, and how many targets are there?",
    ko="디코더가 여러분의 답을 읽으면 예측을 몇 개 하나요? 정답 토큰은 몇 개인가요?",
)
def shift_longer(tokens: Tensor, start_id: int) -> Tensor:
    return torch.cat([torch.full_like(tokens[:, :1], start_id), tokens], dim=1)


@misconception(
    "transformer-shift-in-place",
    replaces="shift_right",
    breaks="the targets themselves are shifted, and the loss compares with them later",
    en="The answer is right. What do `tokens` hold after your call, and who still needs them?",
    ko="답은 맞아요. 그런데 함수를 부른 뒤 `tokens`에는 무엇이 들어 있나요? 그 값을 나중에 또 쓰는 곳은 어디일까요?",
)
def shift_in_place(tokens: Tensor, start_id: int) -> Tensor:
    tokens[:, 1:] = tokens[:, :-1].clone()
    tokens[:, 0] = start_id
    return tokens


@misconception(
    "transformer-relu",
    replaces="FeedForward",
    breaks="ReLU for GELU",
    en="Feed your activation a small negative number. What comes out, and what does the docstring's function give?",
    ko="활성화 함수에 작은 음수를 넣어 보세요. 무엇이 나오나요? docstring에 적힌 함수는 무엇을 돌려주나요?",
)
class relu(FeedForward):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.linear1(x).relu())


@misconception(
    "transformer-gelu-tanh",
    replaces="FeedForward",
    breaks="the tanh approximation differs from the exact GELU by up to 5e-4",
    en="You are off in the fourth digit only. There are two versions of this activation: which one does the docstring name?",
    ko="소수 넷째 자리쯤에서만 어긋나요. 이 활성화 함수에는 두 가지 계산법이 있어요. docstring은 어느 쪽을 말하나요?",
)
class gelu_tanh(FeedForward):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(F.gelu(self.linear1(x), approximate="tanh"))


@misconception(
    "transformer-no-activation",
    replaces="FeedForward",
    breaks="two linear layers in a row are one linear layer",
    en="What is a linear map of a linear map? What, then, does your hidden layer add to a single one?",
    ko="선형 변환을 두 번 이어서 하면 무엇이 되나요? 그렇다면 지금의 은닉층은 선형층 하나에 무엇을 더해 주나요?",
)
class no_activation(FeedForward):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.linear1(x))


@misconception(
    "transformer-residual-from-normed",
    replaces="EncoderBlock",
    breaks="x is overwritten by norm(x), so the sum starts from the normed x (pytorch #61165)",
    en="Silence both sublayers by zero weights. What should a block return then, and what does yours return? Look at what "
    "stands on the left of your plus sign.",
    ko="가중치를 0으로 두어 하위 층들을 침묵시켜 보세요. 그때 블록은 무엇을 돌려주어야 하고, 실제로 무엇을 돌려주나요? "
    "더하기 기호의 왼쪽에 무엇이 있는지 살펴보세요.",
)
class residual_from_normed(EncoderBlock):
    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        x = self.norm1(x)
        x = x + self.attention(x, x, x, keep)[0]
        x = self.norm2(x)
        return x + self.feed_forward(x)


@misconception("transformer-residual-from-normed", replaces="DecoderBlock")
class decoder_residual_from_normed(DecoderBlock):
    def forward(self, x, memory, keep=None, memory_keep=None):
        x = self.norm1(x)
        x = x + self.self_attention(x, x, x, keep)[0]
        x = self.norm2(x)
        x = x + self.cross_attention(x, memory, memory, memory_keep)[0]
        x = self.norm3(x)
        return x + self.feed_forward(x)


@misconception(
    "transformer-post-ln",
    replaces="EncoderBlock",
    breaks="the norm stands after the sum, as in the paper of 2017: same names, other numbers",
    en="There are two designs of this block, with the same parts. In which one can x pass from the bottom to the top without "
    "meeting a norm, and which one does the docstring describe?",
    ko="같은 부품으로 만드는 설계가 두 가지 있어요. x가 정규화를 한 번도 거치지 않고 맨 아래에서 맨 위까지 갈 수 있는 쪽은 "
    "어느 것이고, docstring은 어느 쪽을 설명하나요?",
)
class post_ln(EncoderBlock):
    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        x = self.norm1(x + self.attention(x, x, x, keep)[0])
        return self.norm2(x + self.feed_forward(x))


@misconception("transformer-post-ln", replaces="DecoderBlock")
class decoder_post_ln(DecoderBlock):
    def forward(self, x, memory, keep=None, memory_keep=None):
        x = self.norm1(x + self.self_attention(x, x, x, keep)[0])
        x = self.norm2(x + self.cross_attention(x, memory, memory, memory_keep)[0])
        return self.norm3(x + self.feed_forward(x))


@misconception(
    "transformer-no-residual",
    replaces="EncoderBlock",
    breaks="each sublayer replaces x instead of adding to it",
    en="With all weights of a sublayer at zero, what is left of x in your version? What should be left?",
    ko="하위 층의 가중치가 모두 0이면 여러분의 코드에서 x는 얼마나 남아 있나요? 원래는 무엇이 남아 있어야 할까요?",
)
class no_residual(EncoderBlock):
    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        normed = self.norm1(x)
        return self.feed_forward(self.norm2(self.attention(normed, normed, normed, keep)[0]))


@misconception(
    "transformer-parallel",
    replaces="EncoderBlock",
    breaks="both sublayers read the same x: the feed-forward network never sees what attention brought",
    en="Follow what attention has read. Does the feed-forward network of the same block get to see it?",
    ko="어텐션이 읽어 온 것을 따라가 보세요. 같은 블록의 feed-forward가 그것을 볼 수 있나요?",
)
class parallel(EncoderBlock):
    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        normed = self.norm1(x)
        return x + self.attention(normed, normed, normed, keep)[0] + self.feed_forward(self.norm2(x))


@misconception(
    "transformer-norm-shared",
    replaces="EncoderBlock",
    breaks="norm1 serves both sublayers; norm2 is made and never used",
    en="Which of your parameters never gets a gradient? Count how often each norm is called.",
    ko="기울기를 한 번도 받지 못하는 파라미터가 있나요? 각 norm을 몇 번씩 부르는지 세어 보세요.",
)
class norm_shared(EncoderBlock):
    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        normed = self.norm1(x)
        x = x + self.attention(normed, normed, normed, keep)[0]
        return x + self.feed_forward(self.norm1(x))


@misconception(
    "transformer-only-query-normed",
    replaces="EncoderBlock",
    breaks="key and value are the raw x",
    en="Attention takes three arguments. In self-attention, how many different tensors are they in the docstring, and how "
    "many in your call?",
    ko="어텐션은 인자를 세 개 받아요. 셀프 어텐션에서 이 셋은 docstring에서는 서로 다른 텐서 몇 개이고, 여러분의 호출에서는 "
    "몇 개인가요?",
)
class only_query_normed(EncoderBlock):
    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        x = x + self.attention(self.norm1(x), x, x, keep)[0]
        return x + self.feed_forward(self.norm2(x))


@misconception(
    "transformer-mask-dropped",
    replaces="EncoderBlock",
    breaks="the block takes keep and never hands it on: padding is attended to",
    en="Put other numbers into the padding. Does the answer at the real tokens change? Follow `keep` from the argument "
    "list to the place where it should act.",
    ko="패딩 자리에 다른 숫자를 넣어 보세요. 실제 토큰의 답이 달라지나요? `keep`이 인자 목록에서 시작해 실제로 쓰여야 하는 "
    "곳까지 가는지 따라가 보세요.",
)
class mask_dropped(EncoderBlock):
    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        return super().forward(x)


@misconception(
    "transformer-memory-mask-dropped",
    replaces="DecoderBlock",
    breaks="cross-attention reads the padding of the source sentence",
    en="The decoder reads two sequences, and both may be padded. Which of your two attentions knows about the padding of "
    "which sequence?",
    ko="디코더는 시퀀스를 두 개 읽고, 둘 다 패딩이 있을 수 있어요. 두 어텐션 가운데 어느 쪽이 어느 시퀀스의 패딩을 알고 "
    "있나요?",
)
class memory_mask_dropped(DecoderBlock):
    def forward(self, x, memory, keep=None, memory_keep=None):
        return super().forward(x, memory, keep)


@misconception(
    "transformer-masks-swapped",
    replaces="DecoderBlock",
    breaks="the causal mask acts on the memory, and the memory's padding on the target",
    en="For each of your two attentions, name the sequence that its keys come from. Which of the two masks speaks about that "
    "sequence?",
    ko="두 어텐션 각각에서 key가 어느 시퀀스에서 오는지 말해 보세요. 두 마스크 가운데 그 시퀀스를 다루는 것은 어느 쪽인가요?",
)
class masks_swapped(DecoderBlock):
    def forward(self, x, memory, keep=None, memory_keep=None):
        return super().forward(x, memory, memory_keep, keep)


@misconception(
    "transformer-cross-from-x",
    replaces="DecoderBlock",
    breaks="cross-attention is a second self-attention: the memory is never read",
    en="Replace the memory by other numbers. Does anything change in your answer? Who asks in cross-attention, and who is "
    "asked?",
    ko="memory를 다른 숫자로 바꿔 보세요. 답에서 달라지는 것이 있나요? 크로스 어텐션에서 묻는 쪽은 누구이고, 대답하는 쪽은 "
    "누구인가요?",
)
class cross_from_x(DecoderBlock):
    def forward(self, x, memory, keep=None, memory_keep=None):
        normed = self.norm1(x)
        x = x + self.self_attention(normed, normed, normed, keep)[0]
        normed = self.norm2(x)
        x = x + self.cross_attention(normed, normed, normed, keep)[0]
        return x + self.feed_forward(self.norm3(x))


@misconception(
    "transformer-cross-value-from-x",
    replaces="DecoderBlock",
    breaks="the memory decides how much is read, but what is read comes from x (it runs only when the lengths agree)",
    en="Attention compares with one tensor and brings back numbers from another. From which sequence do yours come back? "
    "What if the two sequences differ in length?",
    ko="어텐션은 한 텐서와 비교하고, 다른 텐서에서 값을 가져와요. 여러분의 코드는 어느 시퀀스에서 값을 가져오나요? 두 시퀀스의 "
    "길이가 다르면 어떻게 되나요?",
)
class cross_value_from_x(DecoderBlock):
    def forward(self, x, memory, keep=None, memory_keep=None):
        normed = self.norm1(x)
        x = x + self.self_attention(normed, normed, normed, keep)[0]
        normed = self.norm2(x)
        x = x + self.cross_attention(normed, memory, normed, memory_keep)[0]
        return x + self.feed_forward(self.norm3(x))


@misconception(
    "transformer-memory-normed",
    replaces="DecoderBlock",
    breaks="norm2 is applied to the memory as well, which has a norm of its own at the encoder's end",
    en="Your answer depends on memory, but multiply memory by two: does the answer notice? Which of the tensors does norm2 "
    "belong to in the docstring?",
    ko="답이 memory에 따라 달라지기는 해요. 그런데 memory에 2를 곱하면 답이 달라지나요? docstring에서 norm2는 어느 텐서에 "
    "쓰이나요?",
)
class memory_normed(DecoderBlock):
    def forward(self, x, memory, keep=None, memory_keep=None):
        return super().forward(x, self.norm2(memory), keep, memory_keep)


@misconception(
    "transformer-own-causal-mask",
    replaces="DecoderBlock",
    breaks="the block adds a causal mask that nobody asked for",
    en="Call your block without any mask and change the last token. Does the first one notice? What does the docstring say "
    "about None?",
    ko="마스크 없이 블록을 부르고 마지막 토큰을 바꿔 보세요. 첫 토큰의 답이 달라지나요? docstring은 None일 때를 뭐라고 "
    "설명하나요?",
)
class own_causal_mask(DecoderBlock):
    def forward(self, x, memory, keep=None, memory_keep=None):
        causal = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
        return super().forward(x, memory, causal if keep is None else keep & causal, memory_keep)


@misconception(
    "transformer-plain-list",
    replaces="DecoderBlock",
    breaks="modules in a Python list are not registered: no names, no training, no .to() (pytorch #59925)",
    en="Print the names in `state_dict()`. Which of your layers are missing there, and in what do you keep them?",
    ko="`state_dict()`의 이름들을 출력해 보세요. 빠져 있는 층은 어느 것이고, 그 층들을 무엇에 담아 두었나요?",
)
class plain_list(nn.Module):
    def __init__(self, dim: int, num_heads: int, hidden: int) -> None:
        super().__init__()
        self.norms = [nn.LayerNorm(dim) for _ in range(3)]
        self.self_attention = MultiHeadAttention(dim, num_heads)
        self.cross_attention = MultiHeadAttention(dim, num_heads)
        self.feed_forward = FeedForward(dim, hidden)

    def forward(self, x, memory, keep=None, memory_keep=None):
        normed = self.norms[0](x)
        x = x + self.self_attention(normed, normed, normed, keep)[0]
        x = x + self.cross_attention(self.norms[1](x), memory, memory, memory_keep)[0]
        return x + self.feed_forward(self.norms[2](x))
