"""grader/sync.py: stubs and recordings from the reference."""

import pytest

from grader.course import load_course
from grader.errors import GraderFault
from grader.recording import load_recording
from grader.sandbox.inside.session import Session
from grader.sync import generate, make_stub, out_of_step, write


def test_each_solution_block_becomes_a_todo():
    source = (
        '"""Doc."""\n\n\ndef f(x):\n    """Says."""\n    # BEGIN SOLUTION\n    y = x\n\n    return y\n    # END SOLUTION\n\n\n'
        "class C:\n    def g(self):\n        # BEGIN SOLUTION\n        return 1\n        # END SOLUTION\n\n    given = 3\n"
    )
    stub = make_stub(source, "toy")
    assert stub == (
        '"""Doc."""\n\n\ndef f(x):\n    """Says."""\n    # TODO: your code here\n    raise NotImplementedError\n\n\n'
        "class C:\n    def g(self):\n        # TODO: your code here\n        raise NotImplementedError\n\n    given = 3\n"
    )
    assert Session(stub, "toy.py").load().fault is None


def test_a_source_without_blocks_is_its_own_stub():
    assert make_stub("x = 1\n", "toy") == "x = 1\n"


@pytest.mark.parametrize(
    "source, said",
    [
        ("# BEGIN SOLUTION\nx = 1\n", "without its # END"),
        ("x = 1\n# END SOLUTION\n", "line 2: # END SOLUTION without its pair"),
        ("# BEGIN SOLUTION\n# BEGIN SOLUTION\n# END SOLUTION\n", "line 2: # BEGIN SOLUTION without its pair"),
    ],
)
def test_unpaired_markers_are_an_authors_mistake(source, said):
    with pytest.raises(GraderFault, match=said):
        make_stub(source, "toy")


def test_no_line_of_a_solution_is_in_a_stub(toy):
    for line in ("x - x.mean", "values * values", "nn.Parameter(", "self.weight +"):
        assert line in toy.reference_source
        assert line not in toy.stub_path.read_text()


def test_a_recording_holds_what_reference_and_misconceptions_answered(toy):
    recording = load_recording(toy.recording_path)
    assert set(recording.reference) >= {"test_center", "test_total", "test_affine"}
    assert set(recording.misconceptions["test_center"]) == {"toy-not-centered", "toy-one-mean", "toy-adds-mean"}
    assert set(recording.misconceptions["test_center_keeps_its_input"]) >= {"toy-in-place"}
    assert set(recording.hints) == {variant.id for variant in toy.misconceptions}
    assert (recording.hidden_checks, recording.hidden_points) == (6, 10)


def test_what_was_just_written_is_in_step(own_course):
    toy = own_course.exercise("toy")
    assert out_of_step(toy, generate(toy)) == []


def test_writing_again_changes_nothing(own_course):
    toy = own_course.exercise("toy")
    before = toy.recording_path.read_bytes(), toy.stub_path.read_bytes()
    write(toy, generate(toy))
    assert (toy.recording_path.read_bytes(), toy.stub_path.read_bytes()) == before


def test_what_is_out_of_step_is_named(own_course):
    toy = own_course.exercise("toy")
    generated = generate(toy)
    toy.stub_path.write_text("x = 1\n")
    toy.recording_path.unlink()
    stub, recording = out_of_step(toy, generated)
    assert "exercises/toy.py is not the stub of its reference: run `grader sync toy`" in stub
    assert "missing or broken" in recording
    toy.stub_path.unlink()
    assert len(out_of_step(toy, generated)) == 2


def test_a_changed_reference_puts_the_recording_out_of_step(own_course):
    toy = own_course.exercise("toy")
    source = toy.reference_path.read_text()
    toy.reference_path.write_text(source.replace("(values * values).sum()", "(values * values).sum() * 2"))
    changed = load_course(own_course.root / "exercises/course.toml").exercise("toy")
    problems = out_of_step(changed, generate(changed))
    assert problems == ["the recorded answers of toy are out of step: run `grader sync toy`"]


def test_a_reference_that_fails_its_own_checks_is_an_authors_mistake(own_course):
    toy = own_course.exercise("toy")
    text = toy.visible_path.read_text()
    toy.visible_path.write_text(text.replace("reference.total(values))", "1 + reference.total(values))"))
    with pytest.raises(GraderFault, match="the reference of toy fails its own visible checks: test_total"):
        generate(toy)
