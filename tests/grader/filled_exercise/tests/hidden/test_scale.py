"""Hidden graders of scale."""

from grader.checks import assert_close, assert_unchanged, check


@check(points=3, kind="float32", ko="scale은 모양이 어떻든 모든 수에 factor를 곱해요.")
def test_scale_values(student, reference, draw):
    """scale multiplies every number by the factor, whatever the shape."""
    for shape, dtype in [((5,), "float64"), ((2, 3), "float32"), ((), "float64")]:
        x = draw.array(*shape, dtype=dtype)
        assert_close(student.scale(x, 3.5), reference.scale(x, 3.5))


@check(points=1, needs="test_scale_values", ko="scale은 입력을 바꾸지 않아요.")
def test_scale_keeps_its_input(student, draw):
    """scale leaves its input as it was."""
    student.scale(draw.array(2, 3), 1.5)
    assert_unchanged(student)
