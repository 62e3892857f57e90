"""Visible checks of the toy."""

from grader.checks import assert_close, assert_unchanged, check


@check(points=1, ko="center는 평균을 빼요.")
def test_center(student, reference, draw):
    """center takes the mean away."""
    x = draw.tensor(2, 3)
    assert_close(student.center(x, 1), reference.center(x, 1))


@check(points=1, needs="test_center", ko="center는 입력을 바꾸지 않아요.")
def test_center_keeps_its_input(student, draw):
    """center leaves its input as it was."""
    student.center(draw.tensor(2, 3), 1)
    assert_unchanged(student)


@check(points=1, ko="total은 제곱의 합이에요.")
def test_total(student, reference, draw):
    """total is the sum of the squares."""
    values = draw.array(5)
    assert_close(student.total(values), reference.total(values))


@check(points=1, ko="Affine은 곱하고 더해요.")
def test_affine(student, reference, draw):
    """Affine multiplies and adds."""
    x = draw.tensor(3, 4, dtype="float32")
    mine, theirs = student.Affine(4), reference.Affine(4)
    state = draw.state(theirs)
    mine.load_state_dict(state)
    theirs.load_state_dict(state)
    assert_close(mine(x), theirs(x))
