"""grader/trial.py and `grader draw`: a student's own code on drawn inputs."""

import numpy as np
import pytest

from grader.errors import UserError
from grader.grade import new_candidate
from grader.inputs import load_inputs
from grader.reports.trials import answer_lines, facts, outcome_lines, snippet
from grader.submission import Submission
from grader.trial import choose, save, trials


@pytest.fixture
def try_out(toy, plain_server):
    """try_out(source, function, kind): the trials of a source in a worker, as on a student's machine."""

    def run(source, function=None, kind=None):
        chosen = choose(load_inputs(toy.inputs_path), "toy", function, kind, "0")
        candidate = new_candidate(toy, Submission("me", "toy", source), plain_server, lambda check: 0)
        try:
            return list(trials(toy, candidate, chosen, "0"))
        finally:
            candidate.close()

    return run


def test_a_right_source_answers_all_kinds_or_raises(try_out, toy):
    done = try_out(toy.reference_source)
    assert [(trial.function, trial.given.kind.id) for trial in done] == [
        ("center", "ordinary"), ("center", "not-contiguous"), ("center", "scalar"), ("total", "ordinary"), ("Affine", "float32"),
    ]  # fmt: skip
    assert [trial.fault is None for trial in done] == [True, True, False, True, True]
    assert outcome_lines(done[2], "toy.py")[0].startswith("→ Your code raised ValueError: a scalar has no axis")
    affine = done[-1]
    assert set(affine.state) == {"weight", "bias"}
    x = affine.given.on["x"]
    assert np.allclose(affine.answer, x * affine.state["weight"] + affine.state["bias"])


def test_the_snippet_can_be_run(try_out, toy):
    (trial,) = try_out(toy.reference_source, "Affine")
    namespace = {}
    exec(toy.reference_source, namespace)
    lines = snippet(trial)
    exec("\n".join(lines[:-1]), namespace)
    assert np.allclose(eval(lines[-1], namespace).detach(), trial.answer)


@pytest.mark.parametrize(
    "body, said",
    [
        ("raise KeyError('k')", "→ Your code raised KeyError: 'k'"),
        ("raise NotImplementedError", "→ Not started: center still holds its TODO."),
        ("import os; os._exit(3)", "→ Your code ended the Python process itself (exit status 3)."),
        ("return x.sub_(1)", "center changed its argument 1 in place; the caller still needs it."),
        ("return 'text'", "→ 'text'"),
        ("return (x, x)", "  [1] a tensor of shape (2, 3), float64"),
        ("return x / 0", "  not finite: 0 NaN, 6 inf of 6 values"),
        ("return torch.softmax(x, dim)", "  sums to 1 along axis 1"),
    ],
)
def test_it_shows_what_came_whatever_came(try_out, toy, body, said):
    source = toy.reference_source + f"\n\ndef center(x, dim):\n    {body}\n"
    (trial,) = try_out(source, "center", "ordinary")
    assert said in outcome_lines(trial, "toy.py")


def test_a_crash_ends_no_trial_but_its_own(try_out, toy):
    done = try_out(toy.reference_source + "\n\ndef center(x, dim):\n    import os\n    os._exit(3)\n")
    assert [trial.fault is None for trial in done] == [False, False, False, True, True]


def test_a_class_that_is_none_is_shown_as_it_is(try_out, toy):
    (trial,) = try_out(toy.reference_source + "\n\ndef Affine(width):\n    return width\n", "Affine")
    assert trial.answer == 2


@pytest.mark.parametrize("function, kind, known", [("nope", None, "center, total, Affine"), (None, "nope", "scalar")])
def test_what_there_is_not_is_said_with_what_there_is(toy, function, kind, known):
    with pytest.raises(UserError, match=known):
        choose(load_inputs(toy.inputs_path), "toy", function, kind, "0")


def test_facts_say_what_anybody_can_check_and_no_more():
    assert facts(np.array([[0.25, 0.75], [0.5, 0.5]])) == ["all finite, from 0.25 to 0.75", "sums to 1 along axis 1"]
    assert facts(np.array([np.nan, np.inf, 1.0])) == ["not finite: 1 NaN, 1 inf of 3 values"]
    assert facts(np.array([True, False])) == []
    assert facts(np.zeros((0, 3))) == []


def test_a_dictionary_and_a_scalar_can_be_shown():
    assert answer_lines({"a": np.float64(1.5)})[1].strip().startswith("['a']")
    assert "1.5" in answer_lines(np.float64(1.5))[-1]


def test_inputs_are_saved_for_numpy(toy, tmp_path):
    chosen = choose(load_inputs(toy.inputs_path), "toy", None, None, "0")
    save(chosen, tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as saved:
        assert set(saved) == {
            "center.ordinary.x", "center.not-contiguous.x", "center.scalar.x", "total.ordinary.values", "Affine.float32.x",
        }  # fmt: skip
        assert np.array_equal(saved["center.ordinary.x"], chosen[0][1].arguments["x"])
    with pytest.raises(UserError, match=r"ends in \.npz"):
        save(chosen, tmp_path / "x.txt")
    with pytest.raises(UserError, match="could not be written"):
        save(chosen, tmp_path / "no" / "x.npz")


def test_the_command_takes_the_file_of_this_folder(run_grader, toy_course, toy, tmp_path):
    (tmp_path / "toy.py").write_text(toy.reference_source + "\nprint('hello [bold] \\x1b[2J')\n")
    done = run_grader("draw", "toy", "center", "--kind", "ordinary", cwd=tmp_path, DOT2VIT_COURSE=str(toy_course.root))
    assert done.returncode == 0, done.stderr
    for part in (
        "center · ordinary",
        "x = torch.tensor([[",
        "center(x, dim)",
        "a tensor of shape (2, 3)",
        "hello [bold]",
    ):
        assert part in done.stdout
    assert "\x1b" not in done.stdout
    assert "not-contiguous" not in done.stdout
    assert "expected" not in done.stdout


def test_the_command_speaks_korean_and_refuses_what_there_is_not(run_grader):
    done = run_grader("draw", "toy", "center", "--kind", "scalar", "--lang", "ko")
    assert done.returncode == 0, done.stderr
    assert "center · scalar  스칼라" in done.stdout
    assert run_grader("draw", "toy", "nope").returncode == 2
    assert run_grader("draw", "second").returncode == 2
