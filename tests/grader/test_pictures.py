"""grader/pictures: the pictures of each exercise, drawn from the code that they are given, and what is kept of them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grader import pictures
from grader.course import load_course
from grader.errors import CheckFailed, Raised
from grader.sandbox.backend import Sandboxed
from grader.subject import Subject, load_reference
from grader.sync import generate, out_of_step, write

PROJECT = Path(__file__).parent.parent.parent
COURSE = load_course(PROJECT / "exercises" / "course.toml")
EXERCISES = list(COURSE.exercises)
DRAWN = [exercise for exercise in EXERCISES if exercise.name != "capstone"]  # whose drawing trains: 15 CPU seconds
# A wrong version of each, whose picture must show that it is wrong.
WRONG = {
    "bootstrap": "bootstrap-without-replacement",
    "dot": "dot-matmul-rule",
    "preprocess": "preprocess-variance",
    "rnn": "rnn-norms-of-one-step",
    "lstm": "lstm-forget-inverted",
    "gru": "gru-update-swapped",
    "attention": "attention-mask-inverted",
    "self_attention": "self-attention-halves",
    "aggregation": "aggregation-padding-counted",
    "multihead": "multihead-split-view",
    "causal": "causal-sees-next",
    "transformer": "transformer-no-residual",
    "vit": "vit-patchify-column-major",
}


def subject(source, name):
    return Subject(load_reference(source, name))


def draw_with(name, module, number=0):
    picture = pictures.pictures_of(name)[number]
    return pictures.draw(picture, pictures.ask(picture, module))


def draw(exercise, source=None, number=0):
    return draw_with(exercise.name, subject(source or exercise.reference_source, exercise.name), number)


def drawn(figure):
    """All that a figure shows: texts, and the numbers of its lines, images and boxes."""
    shown = []
    for axes in figure.axes:
        shown += [axes.get_title(), axes.get_xlabel(), *(text.get_text() for text in axes.texts)]
        shown += [line.get_xydata().tolist() for line in axes.lines]
        shown += [np.asarray(image.get_array()).tolist() for image in axes.images]
        shown += [patch.get_extents().bounds for patch in axes.patches]
    return repr(shown)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
def test_every_exercise_has_a_drawing_and_its_pictures_are_in_step(exercise):
    assert pictures.has_drawing(exercise.name)
    assert pictures.pictures_out_of_step(exercise) == []
    for path in pictures.picture_paths(exercise).values():
        with Image.open(path) as image:
            assert image.width == 900
            assert 250 <= image.height <= 560
            # No version and no time, which would make every file another one.
            assert set(image.info) == {pictures.KEY, "dpi"}


def test_no_picture_lies_there_that_nothing_draws():
    known = {path for exercise in EXERCISES for path in pictures.picture_paths(exercise).values()}
    known |= {exercise.picture_record_path for exercise in EXERCISES}
    assert set((PROJECT / "exercises" / "guide" / "pictures").iterdir()) == known


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
@pytest.mark.parametrize("language, letters", [("en", "[a-z]{3}"), ("ko", "[가-힣]{2}")])
def test_both_guides_show_it_and_say_in_words_what_is_on_it(exercise, language, letters):
    guide = exercise.guide_path(language).read_text(encoding="utf-8")
    for number, (name, path) in enumerate(pictures.picture_paths(exercise).items()):
        found = re.search(rf"^!\[(.+)\]\(\.\./pictures/{path.name}\)\n\n((?:.+\n)+)", guide, re.MULTILINE)
        assert found, f"the {language} guide of {exercise.name} does not link to {path.name}"
        assert all(re.search(letters, text) for text in found.groups())
        assert f"grader show {exercise.name}" + (f" --picture {name}" if number else "") + "`" in found[2]


@pytest.mark.parametrize("exercise", DRAWN, ids=lambda exercise: exercise.name)
def test_it_is_drawn_from_the_code_that_is_given(exercise):
    wrong = next(variant for variant in exercise.misconceptions if variant.id == WRONG[exercise.name])
    right = drawn(draw(exercise))
    assert drawn(draw(exercise, wrong.source)) != right
    assert drawn(draw(exercise)) == right


@pytest.mark.parametrize("name", ["lstm", "multihead", "preprocess"])
def test_a_worker_draws_the_same_as_this_process(plain_server, name):
    exercise = COURSE.exercise(name)
    backend = Sandboxed(plain_server, exercise.reference_source, exercise.filename, exercise.forbidden, exercise.limits)
    try:
        figure = draw_with(name, Subject(backend))
    finally:
        backend.close()
    assert drawn(figure) == drawn(draw(exercise))


def test_bootstrap_without_replacement_shows_that_nothing_varies():
    """On a stand-in: the drawing asks for no more than these two functions."""
    source = (
        "import numpy as np\n"
        "def bootstrap_indices(n, n_models, rng): return rng.{draw}\n"
        "def bootstrap_interval(x, statistic, n_resamples, level, rng):\n"
        "    means = [statistic(x[i]) for i in bootstrap_indices(len(x), n_resamples, rng)]\n"
        "    return tuple(np.quantile(means, [(1 - level) / 2, (1 + level) / 2]))\n"
    )
    right = draw_with("bootstrap", subject(source.format(draw="integers(0, n, size=(n_models, n))"), "bootstrap"))
    wrong = source.format(draw="permuted(np.tile(np.arange(n), (n_models, 1)), axis=1)")
    wrong = draw_with("bootstrap", subject(wrong, "bootstrap"))
    unique = float(right.axes[1].get_title().rpartition(" ")[2])
    assert unique == pytest.approx(1 - (1 - 1 / 40) ** 40, abs=0.005)
    assert wrong.axes[1].get_title().endswith("1.000")
    low, middle, high = (line.get_xdata()[0] for line in right.axes[0].lines)
    assert low < middle < high
    low, middle, high = (line.get_xdata()[0] for line in wrong.axes[0].lines)
    assert low == pytest.approx(high) == pytest.approx(middle)


def test_what_is_seen_is_what_the_code_answers():
    """Three pictures read back: the boxes of dot, the mask of causal, the numbers on vit's patches."""
    dot, causal, vit = (COURSE.exercise(name) for name in ("dot", "causal", "vit"))
    titles = [axes.get_title() for axes in draw(dot).axes]
    assert titles == ["dot: (2, 3, 4), (2, 4, 5) → (2, 3, 2, 5)", "batched_matmul: (2, 3, 4), (2, 4, 5) → (2, 3, 5)"]
    assert np.array_equal(draw(causal).axes[0].images[0].get_array(), np.tri(6))
    by_place = {text.get_text(): text.get_position() for text in draw(vit).axes[0].texts}
    assert by_place == {
        str(3 * row + column): (2.5 + 6 * column, 2.5 + 6 * row) for row in (0, 1) for column in (0, 1, 2)
    }


@pytest.mark.parametrize("exercise", DRAWN, ids=lambda exercise: exercise.name)
def test_a_stub_says_that_it_is_not_started(exercise):
    with pytest.raises(Raised) as raised:
        draw(exercise, exercise.stub_path.read_text(encoding="utf-8"))
    assert raised.value.fault.kind == "not_started"


@pytest.mark.parametrize(
    "name, code, said",
    [
        ("rnn", "def gradient_norms(w, h, steps, activation): return w", r"\(50,\) from gradient_norms; came a tensor"),
        ("rnn", "def gradient_norms(w, h, steps, activation): return 'x'", r"gradient_norms; came"),
        ("lstm", "def lstm_gates(*args): return args[0]", "4 values from lstm_gates; came a tensor"),
        ("dot", "def dot(a, b): return None", "an array from dot; came None"),
    ],
)
def test_an_answer_that_cannot_be_drawn_is_one_sentence(name, code, said):
    exercise = COURSE.exercise(name)
    with pytest.raises(CheckFailed, match=said):
        draw(exercise, f"{exercise.reference_source}\n{code}\n")


def test_the_same_picture_is_the_same_file(tmp_path):
    exercise = COURSE.exercise("dot")
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(pictures.to_png(draw(exercise), "x"))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.fixture
def dot(tmp_path):
    """dot(): the exercise as it is on disk now, in a copy of the course that a test may change."""
    shutil.copytree(PROJECT / "exercises", tmp_path / "exercises")
    shutil.copytree(PROJECT / "solutions", tmp_path / "solutions")
    shutil.copytree(PROJECT / "tests" / "hidden", tmp_path / "tests" / "hidden")
    return lambda: load_course(tmp_path / "exercises" / "course.toml").exercise("dot")


def test_what_is_missing_or_out_of_step_is_found_and_sync_mends_it(dot):
    png, record = (f"exercises/guide/pictures/dot.{kind} is" for kind in ("png", "safetensors"))
    dot().picture_path.unlink()
    assert out_of_step(dot(), generate(dot())) == [f"the picture {png} missing: run `grader sync dot`"]
    dot().picture_record_path.unlink()
    problems = out_of_step(dot(), generate(dot()))
    assert problems[1] == f"the record of pictures {record} missing: run `grader sync dot`"
    write(dot(), generate(dot()))
    assert out_of_step(dot(), generate(dot())) == []
    dot().picture_path.write_bytes(b"no picture")
    dot().picture_record_path.write_bytes(b"no record")
    assert pictures.pictures_out_of_step(dot()) == [
        f"the picture {png} out of step: run `grader sync dot`",
        f"the record of pictures {record} out of step: run `grader sync dot`",
    ]


def test_a_changed_reference_puts_the_pictures_out_of_step(dot):
    path = dot().reference_path
    path.write_text(path.read_text(encoding="utf-8").replace("a * b", "b * a"), encoding="utf-8")
    assert len(pictures.pictures_out_of_step(dot())) == 2
    pictures.write_pictures(dot())
    assert pictures.pictures_out_of_step(dot()) == []


@pytest.mark.parametrize("path", ["solutions/vit.py", "exercises/parts.py"])
def test_a_changed_file_that_its_exercise_imports_puts_the_pictures_out_of_step(dot, path):
    root = dot().root
    capstone = load_course(root / "exercises" / "course.toml").exercise("capstone")
    assert pictures.pictures_out_of_step(capstone) == []
    with open(root / path, "a") as file:
        file.write("# another line\n")
    changed = load_course(root / "exercises" / "course.toml").exercise("capstone")
    assert len(pictures.pictures_out_of_step(changed)) == 2


@pytest.mark.parametrize("changed", ["dot.py", "drawing.py", "panel.py"])
def test_a_changed_drawing_puts_the_pictures_out_of_step(monkeypatch, tmp_path, changed):
    exercise = COURSE.exercise("dot")
    shutil.copytree(pictures.FOLDER, tmp_path / "pictures")
    monkeypatch.setattr(pictures, "FOLDER", tmp_path / "pictures")
    assert pictures.pictures_out_of_step(exercise) == []
    with open(tmp_path / "pictures" / changed, "a") as file:
        file.write("# another line\n")
    assert len(pictures.pictures_out_of_step(exercise)) == 2


def test_a_picture_in_step_is_left_as_it_is(dot):
    before = dot().picture_path.stat().st_mtime_ns
    pictures.write_pictures(dot())
    assert dot().picture_path.stat().st_mtime_ns == before


def test_an_exercise_without_a_drawing_has_no_picture(toy):
    assert not pictures.has_drawing("toy")
    assert not pictures.has_drawing("drawing")
    assert pictures.pictures_out_of_step(toy) == []


def test_a_matplotlibrc_changes_nothing():
    import matplotlib

    exercise = COURSE.exercise("causal")
    before = drawn(draw(exercise))
    with matplotlib.rc_context({"figure.figsize": (1, 1), "font.size": 30, "image.cmap": "jet", "figure.dpi": 20}):
        figure = draw(exercise)
    assert drawn(figure) == before
    assert figure.axes[0].images[0].get_cmap().name == "cividis"
    assert figure.axes[0].title.get_fontsize() == 10


def test_the_commands_start_without_matplotlib_and_pictures_without_pyplot():
    code = (
        "import sys, grader.cli, grader.student, grader.experiment, grader.sync, grader.verify, grader.show\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from grader import pictures\n"
        "from grader.course import find_course\n"
        "from grader.subject import Subject, load_reference\n"
        "exercise = find_course().exercise('dot')\n"
        "picture = pictures.pictures_of('dot')[0]\n"
        "pictures.draw(picture, pictures.ask(picture, Subject(load_reference(exercise.reference_source, 'dot'))))\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
