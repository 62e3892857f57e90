"""Wrong toys."""

from grader.variants import misconception
from solutions.toy import Affine


@misconception(
    "toy-not-centered", replaces="center", breaks="nothing is taken away", en="And the mean?", ko="평균은요?"
)
def not_centered(x, dim):
    return x.clone()


@misconception(
    "toy-one-mean", replaces="center", breaks="one mean for all", en="Of which axis?", ko="어느 축의 평균인가요?"
)
def one_mean(x, dim):
    return x - x.mean()


@misconception("toy-adds-mean", replaces="center", breaks="the sign", en="More or less?", ko="더하나요, 빼나요?")
def adds_mean(x, dim):
    return x + x.mean(dim=dim, keepdim=True)


@misconception("toy-in-place", replaces="center", breaks="writes to x", en="Whose x is it?", ko="x는 누구의 것인가요?")
def in_place(x, dim):
    return x.sub_(x.mean(dim=dim, keepdim=True))


@misconception("toy-no-square", replaces="total", breaks="sums values", en="Of the squares?", ko="제곱의 합인가요?")
def no_square(values):
    return values.sum()


@misconception(
    "toy-mean-square", replaces="total", breaks="takes a mean", en="Sum or mean?", ko="합인가요, 평균인가요?"
)
def mean_square(values):
    return (values * values).mean()


@misconception(
    "toy-no-bias", replaces="Affine", breaks="the bias", en="What is the bias for?", ko="편향은 어디에 쓰나요?"
)
class no_bias(Affine):
    def forward(self, x):
        return x * self.weight


@misconception(
    "toy-no-weight", replaces="Affine", breaks="the weight", en="What is the weight for?", ko="가중치는 어디에 쓰나요?"
)
class no_weight(Affine):
    def forward(self, x):
        return x + self.bias
