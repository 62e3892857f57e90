"""Hidden checks of the second toy."""

from grader.checks import assert_close, check


@check(points=2, ko="add는 더해요.")
def test_add(student, reference, draw):
    """add adds."""
    a, b = draw.tensor(3), draw.tensor(3)
    assert_close(student.add(a, b), reference.add(a, b))
