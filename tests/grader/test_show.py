"""grader/show.py: a picture of a student's own code, beside what is expected; wrong and broken code has its picture too."""

import contextlib
import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from grader import i18n, pictures, show
from grader.course import load_course
from grader.errors import GraderFault, UserError
from grader.pictures import comparison, fonts
from grader.pictures.panel import Panel, Picture, ask_panels, largest_difference
from grader.pictures.record import load_record, save_record
from grader.sandbox.limits import Limits
from grader.show import figure_of, look, open_file
from grader.subject import Subject, load_reference
from grader.submission import Submission

PROJECT = Path(__file__).parent.parent.parent
COURSE = load_course(PROJECT / "exercises" / "course.toml")
# Picture → a wrong version that it must tell from the right one. The capstone's trains for 20 seconds.
WRONG = {
    "dot axes": "dot-matmul-rule",
    "preprocess descent": "preprocess-variance",
    "bootstrap interval": "bootstrap-without-replacement",
    "rnn gradients": "rnn-norms-of-one-step",
    "lstm gates": "lstm-forget-inverted",
    "lstm gradients": "lstm-forget-inverted",
    "gru gates": "gru-update-swapped",
    "attention weights": "attention-mask-inverted",
    "self_attention positions": "self-attention-halves",
    "aggregation pooling": "aggregation-padding-counted",
    "multihead heads": "multihead-split-view",
    "causal masks": "causal-sees-next",
    "transformer stream": "transformer-no-residual",
    "vit patches": "vit-patchify-column-major",
    "vit cls": "vit-patchify-column-major",
}
LSTM = "import torch\ndef lstm_gates(*args):\n    {gates}\ndef lstm_cell(x, state, *args):\n    {cell}\n"


def seen_of(name, source, picture="", server=None):
    return look(COURSE.exercise(name), Submission("", name, source), server, picture)


def data(figure):
    """The numbers of a figure's lines, images and boxes, axes by axes."""
    shown = []
    for axes in figure.axes:
        shown.append([line.get_xydata() for line in axes.lines])
        shown.append([np.ma.filled(image.get_array(), np.nan) for image in axes.images])
        shown.append([np.array(patch.get_extents().bounds) / axes.bbox.height for patch in axes.patches])
        shown.append([collection.get_offsets().data for collection in axes.collections])
    return shown


def same(first, second):
    """Up to what drawing in another place does to boxes, and float32 to the record."""
    return all(
        len(a) == len(b)
        and all(x.shape == y.shape and np.allclose(x, y, 1e-3, 1e-4, True) for x, y in zip(a, b, strict=True))
        for a, b in zip(first, second, strict=True)
    )


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def heading(figure):
    return figure._suptitle.get_text()


def test_each_picture_of_each_exercise_is_tried_here():
    named = [f"{exercise.name} {name}" for exercise in COURSE.exercises for name in show.names(exercise)]
    assert set(named) == {*WRONG, "capstone curves"}


@pytest.mark.parametrize("picture", WRONG)
def test_right_code_is_as_expected_and_wrong_code_stands_above_it(picture):
    name, own_name = picture.split()
    exercise = COURSE.exercise(name)
    right = seen_of(name, exercise.reference_source, own_name)
    assert right.as_expected
    assert heading(right.figure) == f"{name}.py  =  expected"
    assert not right.figure.subfigs

    source = next(variant.source for variant in exercise.misconceptions if variant.id == WRONG[picture])
    wrong = seen_of(name, source, own_name)
    assert not wrong.as_expected
    yours, expected = wrong.figure.subfigs
    assert [heading(yours), heading(expected)] == [f"{name}.py", "expected"]
    chosen = show.choose(exercise, own_name)
    answers = {panel.panel: panel.numbers for panel in wrong.panels}
    drawn = [lines + images for lines, images in zip(data(yours)[::4], data(yours)[1::4], strict=True)]
    meant = data(pictures.draw(chosen, answers))
    assert same(drawn, [lines + images for lines, images in zip(meant[::4], meant[1::4], strict=True)])
    assert same(data(expected)[::4], data(right.figure)[::4])
    assert same(data(expected)[1::4], data(right.figure)[1::4])
    marked = [title for title in titles(yours) if "\n≠" in title]
    assert len(marked) == sum(not panel.as_expected for panel in wrong.panels) > 0
    assert not any("≠" in title for title in titles(expected))


@pytest.mark.parametrize("name", ["lstm", "multihead", "vit"])
def test_the_numbers_are_those_that_the_code_gives_when_it_is_asked_directly(name):
    exercise = COURSE.exercise(name)
    first = show.names(exercise)[0]
    source = next(variant.source for variant in exercise.misconceptions if variant.id == WRONG[f"{name} {first}"])
    answers = pictures.ask(show.choose(exercise, first), Subject(load_reference(source, name)))
    for panel in seen_of(name, source).panels:
        assert panel.numbers.keys() == answers[panel.panel].keys()
        for array, numbers in answers[panel.panel].items():
            assert np.array_equal(panel.numbers[array], numbers)


def test_what_is_seen_is_what_the_wrong_code_answers():
    """Read back without any code of the pictures: the causal mask of code that sees the next token."""
    exercise = COURSE.exercise("causal")
    source = next(variant.source for variant in exercise.misconceptions if variant.id == "causal-sees-next")
    namespace = {}
    exec(source, namespace)
    yours, expected = seen_of("causal", source).figure.subfigs
    assert np.array_equal(yours.axes[0].images[0].get_array(), namespace["causal_mask"](6, 6).float())
    assert np.array_equal(expected.axes[0].images[0].get_array(), np.tri(6))
    assert yours.axes[0].get_title() == "causal\n≠  Δ = 1"
    assert yours.axes[1].get_title() == "padding"


def test_a_panel_that_fails_says_so_and_leaves_the_others_whole(plain_server):
    source = LSTM.format(gates="raise ValueError('$odd_ 모양')", cell="h, c = state; return h + 1, c + 2")
    shown = seen_of("lstm", source, server=plain_server)
    _inputs, gates, states = shown.panels
    assert gates.problem.startswith("Your code raised ValueError: $odd_ 모양\n  line 3, lstm_gates")
    assert np.array_equal(states.numbers["c"], 2.0 * np.arange(1, 25))
    yours, expected = shown.figure.subfigs
    assert np.array_equal(yours.axes[2].lines[1].get_ydata(), 2.0 * np.arange(1, 25))
    assert titles(yours) == ["inputs", "gates\n≠", "states\n≠  Δ = 48.7"]
    assert len(expected.axes[1].images) == 1
    assert pictures.to_png(shown.figure).startswith(b"\x89PNG")


def test_hangul_is_drawn_where_there_is_a_font_and_replaced_where_there_is_none(monkeypatch):
    source = LSTM.format(gates="raise ValueError('모양이 달라요')", cell="return state")
    monkeypatch.setattr(fonts, "hangul_family", lambda: "Some Hangul Font")
    yours, _expected = seen_of("lstm", source).figure.subfigs
    assert "모양이 달라요" in texts(yours)[0]
    monkeypatch.setattr(fonts, "hangul_family", lambda: None)
    yours, _expected = seen_of("lstm", source).figure.subfigs
    assert texts(yours) == ["✗ error"]


def test_a_loop_without_an_end_is_a_sentence(plain_server):
    exercise = replace(COURSE.exercise("lstm"), limits=Limits(check_cpu_s=0.3, check_wall_s=30))
    source = LSTM.format(gates="while True: pass", cell="h, c = state; return h, c")
    shown = look(exercise, Submission("", "lstm", source), plain_server)
    assert shown.panels[1].verdict == "timeout"
    assert "No answer after 0.3 s of computing" in " ".join(texts(shown.figure.subfigs[0])).replace("\n", " ")
    assert shown.panels[2].numbers is not None  # a new worker answered


@pytest.mark.parametrize(
    "name, code, said",
    [
        ("transformer", "class EncoderBlock(torch.nn.Module):\n    def __init__(self, *a): super().__init__()\n"
         "    def forward(self, x): return x[:, :3]", r"needs numbers of shape \(1, 8, 16\) from EncoderBlock"),
        ("multihead", "def MultiHeadAttention(dim, heads): return 3", "The answer is of a kind that cannot be drawn"),
        ("attention", "def scaled_dot_product_attention(*args): return None", "needs 2 values from scaled"),
        ("attention", "raise SystemExit", r"called sys.exit\(\)"),
        ("attention", "x = (", "attention.py is not valid Python"),
    ],
)  # fmt: skip
def test_where_nothing_can_be_drawn_there_is_one_sentence_above_what_is_expected(name, code, said):
    shown = seen_of(name, "import torch\n" + code)
    yours, expected = shown.figure.subfigs
    (message,) = texts(yours)
    assert re.search(said, message.replace("\n", " "))
    assert len(yours.axes) == 1 and len(expected.axes) > 1


def test_a_stub_and_a_missing_file_show_what_is_expected():
    stub = COURSE.exercise("causal").stub_path.read_text(encoding="utf-8")
    assert "Not started: causal_mask" in seen_of("causal", stub).panels[0].problem
    missing = look(
        COURSE.exercise("causal"), Submission("", "causal", None, "missing", "There is no file causal.py."), None
    )
    assert texts(missing.figure.subfigs[0]) == ["There is no file causal.py."]


@pytest.mark.parametrize(
    "name, value", [("self_attention", "nan"), ("bootstrap", "nan"), ("bootstrap", "inf"), ("preprocess", "inf")]
)
def test_numbers_that_are_not_finite_still_have_a_picture(name, value):
    sources = {
        "self_attention": f"def sinusoidal_positions(n, d): return torch.full((n, d), float('{value}'))",
        "bootstrap": f"def bootstrap_indices(n, m, rng): return np.full((m, n), {value!r}, dtype=float)\n"
        f"def bootstrap_interval(*args): return float('{value}'), float('{value}')",
        "preprocess": f"def fit_standardizer(x): return np.full(2, float('{value}')), np.ones(2)\n"
        "def standardize(x, mean, std): return x - mean\ndef weight_gradient(x, t): return x\n"
        f"def condition_number(x): return float('{value}')",
    }
    shown = seen_of(name, "import numpy as np, torch\n" + sources[name])
    assert not shown.as_expected
    assert any("NaN" in title or "≠" in title for title in titles(shown.figure.subfigs[0]))
    assert pictures.to_png(shown.figure).startswith(b"\x89PNG")


def test_random_code_is_compared_as_far_as_chance_allows():
    """Right code that draws in another order is as expected, though no number is the same."""
    source = COURSE.exercise("bootstrap").reference_source
    other = source + (
        "\n_indices = bootstrap_indices\n"
        "def bootstrap_indices(n, n_models, rng):\n    rng.random(5)\n    return _indices(n, n_models, rng)\n"
    )
    shown = seen_of("bootstrap", other)
    assert shown.as_expected
    expected = load_record(COURSE.exercise("bootstrap").picture_record_path)[("interval", "distribution")]
    assert not np.allclose(shown.panels[0].numbers["shares"], expected["shares"], atol=1e-4)


def test_the_figure_is_what_a_notebook_shows():
    exercise = COURSE.exercise("dot")
    figure = figure_of(exercise, Submission("", "dot", exercise.reference_source), None)
    with Image.open(io.BytesIO(pictures.to_png(figure))) as image:
        assert image.width == 900


def test_lines_of_the_rnn_beside_the_lstm_are_those_of_its_own_picture():
    from grader.pictures.lstm import RNN, TIMES

    record = load_record(COURSE.exercise("rnn").picture_record_path)
    for activation, norms in RNN.items():
        recorded = record[("gradients", activation)]["1"][np.array(TIMES) - 1]
        assert np.allclose(recorded, norms, atol=0.006)


def test_the_trained_weights_tell_digits_apart():
    record = load_record(COURSE.exercise("vit").picture_record_path)
    classes = [record[("cls", f"classes of {n}")]["probabilities"] for n in range(4)]
    assert [int(each.argmax()) for each in classes] == [6, 4, 3, 2]
    for n in range(4):
        assert 0.9 < record[("cls", f"CLS to {n}")]["attention"].sum() < 1  # the rest is what CLS pays to itself


def number(value, tolerance=1e-4):
    return Panel("x", lambda module: {"n": np.array(value, dtype=float)}, lambda axes, numbers: None, tolerance)


@pytest.mark.parametrize(
    "yours, expected, largest",
    [
        ([1, 2], [1, 2], 0),
        ([1, 2.00001], [1, 2], 0),
        ([1, 2.5], [1, 2], 0.5),
        ([np.nan, 2], [np.nan, 2], 0),
        ([np.nan, 2], [1, 2], np.inf),
        ([1, 2, 3], [1, 2], np.inf),
    ],
)
def test_the_largest_difference(yours, expected, largest):
    panel = number(yours)
    assert largest_difference(panel, panel.ask(None), number(expected).ask(None)) == largest


def test_panels_with_the_same_question_are_asked_once():
    asked = []

    def question(module):
        asked.append(module)
        return {"n": np.zeros(1)}

    panels = tuple(Panel(name, question, lambda axes, numbers: None) for name in "ab")
    before = []
    answers = ask_panels(Picture("p", panels), "module", before_each=lambda: before.append(1))
    assert (asked, before, list(answers)) == (["module"], [1], ["a", "b"])


def test_a_record_comes_back_and_a_broken_or_foreign_one_is_the_graders_fault(tmp_path):
    numbers = {("p", "x / y"): {"n": np.array([[1.5, np.nan]]), "condition": np.array(2.0)}}
    save_record(numbers, tmp_path / "a.safetensors", "mark")
    back = load_record(tmp_path / "a.safetensors")
    assert back.keys() == numbers.keys()
    for name, array in numbers[("p", "x / y")].items():
        assert np.array_equal(back[("p", "x / y")][name], array, equal_nan=True)
    (tmp_path / "b.safetensors").write_bytes(b"no record")
    for name in ("b", "none"):
        with pytest.raises(GraderFault, match="missing or broken"):
            load_record(tmp_path / f"{name}.safetensors")


@pytest.fixture
def student(tmp_path, monkeypatch):
    """A folder as a student has it: no solutions, no hidden checks."""
    shutil.copytree(PROJECT / "exercises", tmp_path / "exercises")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_record_of_another_version_is_the_graders_fault(student):
    shutil.copy(
        student / "exercises/guide/pictures/gru.safetensors", student / "exercises/guide/pictures/dot.safetensors"
    )
    exercise = load_course(student / "exercises" / "course.toml").exercise("dot")
    with pytest.raises(GraderFault, match="another version"):
        look(exercise, Submission("", "dot", ""), None)


def run(name="lstm", picture="", save=None, open_it=False):
    output = io.StringIO()
    status = show.show(Console(file=output, width=200), name, picture, save, open_it)
    return status, output.getvalue()


def test_the_command_writes_a_picture_and_says_what_is_on_it(student, monkeypatch, plain_server):
    monkeypatch.setattr(show, "local_server", lambda: contextlib.nullcontext(plain_server))
    (student / "lstm.py").write_text(LSTM.format(gates="print('hello'); raise KeyError(1)", cell="return state"))
    monkeypatch.setattr(show, "open_file", lambda path: False)
    status, text = run(open_it=True)
    assert status == 1
    assert "✗ gates: Your code raised KeyError: 1" in text
    states = load_record(student / "exercises/guide/pictures/lstm.safetensors")[("gates", "states")]
    largest = max(np.abs(array).max() for array in states.values())  # the student's are 0
    assert f"≠ states: differs from what is expected by up to {largest:.3g}\n" in text
    assert "hello" in text
    assert "The picture is in show-lstm.png." in text
    assert "grader show lstm --picture gradients" in text
    assert "There is no program here to open it with." in text
    with Image.open(student / "show-lstm.png") as image:
        assert image.width == 900

    shutil.copy(PROJECT / "solutions" / "lstm.py", student / "lstm.py")
    status, text = run(picture="gradients", save=Path("mine.PNG"))
    assert (status, text) == (0, "= gain 1\nThe picture is in mine.PNG.\n")
    assert (student / "mine.PNG").is_file()


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"save": Path("lstm.py")}, "Give a name that ends in .png"),
        ({"save": Path("nowhere/a.png")}, "There is no folder nowhere"),
        ({"picture": "mask"}, "Choose from: gates, gradients"),
        ({"name": "nothing"}, "There is no exercise 'nothing'"),
    ],
)
def test_what_the_command_cannot_work_with_is_one_sentence(student, arguments, said):
    before = sorted(student.rglob("*"))
    with pytest.raises(UserError, match=said):
        run(**arguments)
    assert sorted(student.rglob("*")) == before


def test_an_exercise_without_pictures_says_so(toy):
    assert show.names(toy) == []
    with pytest.raises(UserError, match="no pictures for the exercise toy"):
        show.choose(toy, "")


def test_a_viewer_is_started_where_there_is_one(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(show.sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(show.shutil, "which", lambda name: "/usr/bin/xdg-open" if name == "xdg-open" else None)
    monkeypatch.setattr(show.subprocess, "Popen", lambda command, **options: started.append(command))
    assert open_file(tmp_path / "a.png")
    assert started == [["/usr/bin/xdg-open", str(tmp_path / "a.png")]]
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert not open_file(tmp_path / "a.png")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(show.shutil, "which", lambda name: None)
    assert not open_file(tmp_path / "a.png")
    assert len(started) == 1


def test_korean_headings_need_no_word_in_the_pictures_themselves(monkeypatch):
    monkeypatch.setattr(fonts, "hangul_family", lambda: None)
    monkeypatch.setattr(comparison, "_", lambda message: {"expected": "기대한 것"}.get(message, message))
    i18n.set_language("ko")
    shown = seen_of("dot", COURSE.exercise("dot").reference_source)
    assert heading(shown.figure) == "dot.py  =  expected"
