"""grader/experiment.py and exercises/experiments: half-truths against the numbers of a student's own code."""

import io
from math import log10
from pathlib import Path

import pytest
from rich.console import Console

from grader import i18n
from grader.course import find_course
from grader.errors import UserError
from grader.experiment import list_experiments, load_experiments, rows_of, run_experiments

PROJECT = Path(__file__).parent.parent.parent
COURSE = find_course(PROJECT)
NAMES = [exercise.name for exercise in COURSE.exercises if exercise.experiments_path.is_file()]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A student's folder: their file there is the one that is taken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOT2VIT_COURSE", str(PROJECT))
    return tmp_path


@pytest.fixture
def rows(here):
    """rows(name, number=0): what an experiment gives with the reference as the student's file."""

    def measure(name, number=0):
        exercise = COURSE.exercise(name)
        (here / exercise.filename).write_text(exercise.reference_source, encoding="utf-8")
        one = load_experiments(exercise)[number]
        measured = rows_of(one, exercise)
        assert measured
        assert all(len(row) == len(one.en.columns) == len(one.ko.columns) for row in measured)
        return measured

    return measure


@pytest.fixture
def said(here):
    """said(name, source): the exit status and what is printed when this is the student's file."""

    def run(name, source, language="en"):
        i18n.set_language(language)
        (here / f"{name}.py").write_text(source, encoding="utf-8")
        console = Console(file=io.StringIO(), width=100)
        return run_experiments(console, name), console.file.getvalue()

    return run


def stub(name):
    return COURSE.exercise(name).stub_path.read_text(encoding="utf-8")


def test_the_half_truths_of_the_course_have_their_experiments():
    assert {"dot", "preprocess", "rnn", "multihead"} <= set(NAMES)
    files = {path.stem for path in (PROJECT / "exercises" / "experiments").glob("*.py")}
    assert files == {"dot", "preprocess", "bootstrap", "rnn", "multihead"}
    assert len(load_experiments(COURSE.exercise("preprocess"))) == 2


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_say_it_and_both_guides_discuss_it(name):
    exercise = COURSE.exercise(name)
    for one in load_experiments(exercise):
        for words in (one.en, one.ko):
            assert all((words.claim, words.about, words.question))
            assert words.question.rstrip().endswith("?")
        assert all("가" <= max(text) <= "힣" for text in (one.ko.claim, one.ko.about, one.ko.question))
    for language in ("en", "ko"):
        assert f"grader experiment {name}" in exercise.guide_path(language).read_text(encoding="utf-8")


# What theory says


def test_dot_ranks_may_differ_and_contracted_sizes_may_not(rows):
    measured = rows("dot")
    assert all(yours == numpys for _a, _b, yours, numpys, _difference, _broadcasts in measured)
    assert all(difference < 1e-12 for *_shapes, difference, _broadcasts in measured)
    refused = [row for row in measured if row[2] == "ValueError"]
    assert 0 < len(refused) < len(measured)
    assert any(row[-1] == "✓" for row in refused)  # what broadcasting alone would let through


def test_standardising_leaves_the_skewness(rows):
    for name, before, mean, std, after, below, skewness, below_in_theory in rows("preprocess"):
        assert (mean, std) == pytest.approx((0, 1), abs=1e-6), name
        assert after == pytest.approx(before, abs=1e-3)
        assert after == pytest.approx(skewness, abs=0.1)
        assert below == pytest.approx(below_in_theory, abs=0.01)


def test_the_same_sign_is_a_samples_not_a_batchs(rows):
    measured = rows("preprocess", 1)
    assert measured[0][1] == 0
    assert all(raw > 0.25 for _batch, raw, *_rest in measured[1:])
    assert measured[-1][1] == pytest.approx(0.468, abs=0.05)
    assert all(centred == pytest.approx(theory, abs=0.03) for _batch, _raw, _limit, centred, theory in measured)


def test_relu_explodes_only_at_large_gain(rows):
    measured = {gain: rest for gain, *rest in rows("rnn")}
    for gain, (relu, theory, smallest, largest, _tanh, sigmoid, _bound) in measured.items():
        assert abs(log10(relu) - log10(theory)) < 2, gain
        assert smallest <= relu <= largest
        assert sigmoid < 1e-10
    assert measured[0.9][3] < 1e-2
    assert measured[1.0][3] < 1
    assert measured[1.5][3] > 1e4
    assert measured[3.0][2] > 1e4


def test_heads_save_no_multiplication_and_cost_weights(rows):
    """Structure only: what a clock says belongs into no test."""
    measured = rows("multihead")
    assert [row[0] for row in measured] == [1, 2, 4, 8]
    assert len({multiplications for *_rest, multiplications, _weights in measured}) == 1
    assert [weights for *_rest, weights in measured] == [heads * measured[0][-1] for heads, *_rest in measured]
    assert all(milliseconds > 0 for _heads, _head_dim, milliseconds, *_rest in measured)


@pytest.mark.skipif("bootstrap" not in NAMES, reason="the course has no such exercise")
def test_without_replacement_nothing_varies(rows):
    for n, unique, unique_in_theory, spread, spread_in_theory, unique_without, spread_without in rows("bootstrap"):
        assert unique == pytest.approx(unique_in_theory, abs=0.02), n
        assert spread == pytest.approx(spread_in_theory, rel=0.15)
        assert (unique_without, spread_without) == (1, 0)


# What is said when there is no table


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_stub_is_not_started(said, name, language):
    status, text = said(name, stub(name), language)
    assert status == 1
    one = load_experiments(COURSE.exercise(name))[0]
    spoken, other = (one.en, one.ko) if language == "en" else (one.ko, one.en)
    assert spoken.claim in text
    assert other.claim not in text
    assert f"{name}.py" in text
    assert f"grader check {name}" in text
    assert "Traceback" not in text
    if language == "en":
        assert "Not started: a TODO is still in" in text


@pytest.mark.parametrize("language, sentence", [("en", "Your code raised KeyError"), ("ko", "KeyError")])
def test_a_file_that_raises_says_so_and_where(said, language, sentence):
    source = stub("rnn").replace("raise NotImplementedError", "raise KeyError('oops')")
    status, text = said("rnn", source, language)
    assert status == 1
    assert sentence in text
    assert "gradient_norms: raise KeyError('oops')" in text
    assert "grader check rnn" in text


@pytest.mark.parametrize(
    "name, source, sentence",
    [
        ("rnn", "def gradient_norms(:\n", "rnn.py is not valid Python"),
        ("rnn", "def gradient_norm(w, h, steps, activation): ...\n", "does not define gradient_norms. It defines gradient_norm:"),
        ("rnn", "def gradient_norms(w, h, steps, activation): pass\n", "can do nothing with an answer of rnn.py (TypeError"),
        ("rnn", "raise SystemExit\n", "sys.exit()"),
        ("rnn", "x = '\0'\n", "NUL bytes"),
        ("dot", "def dot(a, b): raise ZeroDivisionError\n", "ZeroDivisionError"),
        ("multihead", "class MultiHeadAttention:\n    def __init__(self, *args): ...\n", "can do nothing with an answer"),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_a_sentence_and_what_to_do(said, name, source, sentence):
    status, text = said(name, source)
    assert status == 1
    assert sentence in " ".join(text.split())
    assert f"Run `grader check {name}`, then this command again." in " ".join(text.split())
    assert "Traceback" not in text


def test_a_wrong_dot_shows_itself_in_the_table(said):
    """It does not check the contracted sizes: the row of np.dot says ValueError, its own gives a shape."""
    source = "import numpy as np\ndef dot(a, b):\n    return np.multiply.outer(a, b).sum(axis=a.ndim - 1) if a.ndim else a * b\n"
    status, text = said("dot", source)
    assert status == 0
    assert "inf" in text


def test_a_right_file_is_status_0_and_names_the_script(said):
    exercise = COURSE.exercise("dot")
    status, text = said("dot", exercise.reference_source, "ko")
    assert status == 0
    assert "여러분의 dot" in text
    assert "experiments/dot.py" in text.replace("\n", "")


def test_without_a_name_all_are_listed(here):
    console = Console(file=io.StringIO(), width=120)
    list_experiments(console)
    text = console.file.getvalue()
    for name in NAMES:
        for one in load_experiments(COURSE.exercise(name)):
            assert one.en.claim in text
    assert "grader experiment EXERCISE" in text


def test_an_exercise_without_an_experiment_names_those_that_have_one(here):
    with pytest.raises(UserError, match="no experiment for lstm; there is for: dot, preprocess"):
        run_experiments(Console(file=io.StringIO()), "lstm")


def test_the_command(run_grader):
    listed = run_grader("experiment", cwd=PROJECT)
    assert listed.returncode == 0, listed.stderr
    assert "np.dot multiplies even when" in listed.stdout
    ran = run_grader("experiment", "dot", "--lang", "ko", cwd=PROJECT)
    assert ran.returncode == 1, ran.stderr
    assert "np.dot은 차원이 맞지 않아도" in ran.stdout
    refused = run_grader("experiment", "tyo", cwd=PROJECT)
    assert refused.returncode == 2
    assert "no exercise 'tyo'" in refused.stderr
