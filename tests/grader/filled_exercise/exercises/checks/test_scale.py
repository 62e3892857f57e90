"""Visible checks of scale."""

from grader.checks import assert_close, assert_unchanged, check


@check(points=1, ko="scale은 모든 수에 factor를 곱해요.")
def test_scale(student, reference, draw):
    """scale multiplies every number by the factor."""
    x = draw.array(3)
    assert_close(student.scale(x, 2.5), reference.scale(x, 2.5))


@check(points=1, needs="test_scale", ko="scale은 입력을 바꾸지 않아요.")
def test_scale_keeps_its_input(student, draw):
    """scale leaves its input as it was."""
    student.scale(draw.array(3), 2.5)
    assert_unchanged(student)
