"""Hidden checks of the toy."""

import torch

from grader.checks import assert_close, assert_raises, assert_unchanged, check


@check(points=3, ko="center는 축을 따라 평균을 빼요.")
def test_center_values(student, reference, draw):
    """center takes the mean along the axis away."""
    for dim in (0, 1, -1):
        x = draw.strided(2, 3, 4)
        assert_close(student.center(x, dim), reference.center(x, dim))


@check(points=1, needs="test_center_values", ko="center는 스칼라에 ValueError를 일으켜요.")
def test_center_scalar(student):
    """center raises ValueError for a scalar."""
    assert_raises(ValueError, student.center, torch.tensor(1.0), 0)


@check(points=1, needs="test_center_values", ko="center는 입력을 바꾸지 않아요.")
def test_center_keeps_its_input(student, draw):
    """center leaves its input as it was."""
    student.center(draw.tensor(2, 3), 1)
    assert_unchanged(student)


@check(points=1, needs="test_center_values", ko="center의 기울기가 맞아요.")
def test_center_gradient(student, reference, draw):
    """The gradient flows through center."""
    x, cotangent = draw.tensor(3, 4), draw.tensor(3, 4)
    given = {"wrt": [0], "cotangents": [cotangent]}
    assert_close(student.gradient("center", x, 1, **given), reference.gradient("center", x, 1, **given))


@check(points=2, ko="total은 제곱의 합이에요.")
def test_total_values(student, reference, draw):
    """total is the sum of the squares."""
    values = draw.array(5)
    assert_close(student.total(values), reference.total(values))


@check(points=2, ko="Affine은 곱하고 더해요.")
def test_affine_values(student, reference, draw):
    """Affine multiplies and adds."""
    x = draw.tensor(3, 4, dtype="float32")
    mine, theirs = student.Affine(4), reference.Affine(4)
    state = draw.state(theirs)
    mine.load_state_dict(state)
    theirs.load_state_dict(state)
    assert_close(mine(x), theirs(x))
