"""grader/training.py: `grader train`, on a toy course whose trainings take milliseconds."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from grader import i18n, training
from grader.errors import Crashed, Raised, UserError
from grader.training import train

PROJECT = Path(__file__).parent.parent.parent
COURSE = """
[course]
id = "c"
version = "1"
title = { en = "C", ko = "ㄷ" }
[[exercise]]
name = "cell"
title = { en = "A part", ko = "부품" }
points = 1
[[exercise]]
name = "model"
title = { en = "A capstone", ko = "캡스톤" }
points = 1
uses = ["cell"]
given = ["parts", "tasks"]
training = "tasks"
"""
PARTS = """
provided = lambda x: x + 1

def wrong_parts():
    try:
        import cell
        return {} if cell.step(1) == 2 else {"cell": "other values than expected"}
    except Exception as error:
        return {"cell": type(error).__name__}

def use_provided(files):
    global step
    if "cell" in files:
        step = provided
    else:
        from cell import step as step
"""
TASKS = """
from dataclasses import dataclass, field

@dataclass
class Outcome:
    reached: bool
    en: str
    ko: str
    x_label: str
    y_label: str
    series: dict
    levels: dict = field(default_factory=dict)

def up(model, rng, progress):
    seen = []
    for number in range(1, 4):
        seen.append(model.climb(number))
        progress(number / 3, f"step {number}")
    return Outcome(seen == [2, 3, 4], f"came to {seen}.", f"{seen}까지 왔어요.", "epoch", "height", {"own": ([1, 2, 3], seen)})

def drawn(model, rng, progress):
    import torch
    text = f"{rng.random():.6f} and {torch.rand(1).item():.6f}"
    return Outcome(True, text, text, "size", "share", {"a": ([1, 10], [0, 1]), "b": ([1, 10], [1, 0])}, {"best": 0.5})

TRAININGS = {"up": up, "drawn": drawn}
"""
MODEL = "import parts\n\ndef climb(x):\n    return parts.step(x)\n"
CELL = "def step(x):\n    return x + 1\n"


@pytest.fixture
def student(tmp_path, monkeypatch):
    """student(*names, **files): the exit status and the text of `grader train` in a student's folder with these files."""
    for name, text in {"course.toml": COURSE, "parts.py": PARTS, "tasks.py": TASKS, "model.py": MODEL}.items():
        (tmp_path / "exercises").mkdir(exist_ok=True)
        (tmp_path / "exercises" / name).write_text(text)
    mine = tmp_path / "mine"
    mine.mkdir()
    monkeypatch.chdir(mine)

    def run(*names, seed=0, limit_s=20.0, **files):
        for name, text in ({"model": MODEL, "cell": CELL} | files).items():
            if text is not None:
                (mine / f"{name}.py").write_text(textwrap.dedent(text))
        said = io.StringIO()
        console = Console(file=said, width=200, highlight=False)
        status = train(console, list(names), mine, seed, limit_s)
        return status, said.getvalue()

    run.folder = mine
    return run


def test_a_training_is_told_and_its_curve_is_drawn(student):
    status, text = student()
    assert status == 0
    assert "✓ up: came to [2, 3, 4]." in text
    assert "✓ drawn: " in text
    for name in ("up", "drawn"):
        assert f"model-{name}.png" in text
        with Image.open(student.folder / f"model-{name}.png") as picture:
            assert picture.size == (900, 540)


def test_its_progress_is_shown(student):
    _, text = student("up")
    assert "step 3" in text


def test_in_korean_it_is_told_in_korean(student):
    i18n.set_language("ko")
    assert "✓ up: [2, 3, 4]까지 왔어요." in student("up")[1]


def test_only_the_trainings_that_are_named_are_run(student):
    _, text = student("up")
    assert "drawn" not in text
    assert [path.name for path in student.folder.glob("*.png")] == ["model-up.png"]


def test_the_seed_draws_the_data_and_the_weights(student):
    first, again, other = (student("drawn", seed=seed)[1].partition("drawn: ")[2].split() for seed in (1, 1, 2))
    assert first == again
    assert first[0] != other[0]
    assert first[2] != other[2]


@pytest.mark.parametrize(
    "cell, reason",
    [
        ("def step(x): return x", "other values than expected"),
        ("def step(x): raise NotImplementedError", "NotImplementedError"),
        ("def step(x:", "SyntaxError"),
        (None, "ModuleNotFoundError"),
    ],
    ids=["wrong", "TODO", "no Python", "missing"],
)
def test_a_wrong_part_is_named_once_and_a_provided_one_stands_in(student, cell, reason):
    status, text = student("up", "drawn", cell=cell)
    assert text.count(f"cell.py: its part is not right ({reason})") == 1
    assert "Next: grader check cell" in text
    assert "✓ up: came to [2, 3, 4]." in text  # the provided one climbs
    assert status == 1


def test_a_training_that_falls_short_is_marked(student):
    status, text = student("up", model="def climb(x): return 0")
    assert (status, "✗ up: came to [0, 0, 0]." in text) == (1, True)
    assert (student.folder / "model-up.png").exists()


@pytest.mark.parametrize(
    "model, said",
    [
        ("def climb(x):\n    raise ValueError('steep')", ["✗ up: Your code raised ValueError: steep", "line 2, climb"]),
        ("def climb(x):\n    raise NotImplementedError", ["✗ up: Not started: climb (model.py:2) still holds its TODO."]),
        ("1 / 0", ["✗ up: Your code raised ZeroDivisionError", "line 1"]),
        ("def climb(", ["✗ up: model.py is not valid Python"]),
        ("def descend(x): return x", ["✗ up: Your code raised AttributeError", "climb"]),
        ("import sys\ndef climb(x): sys.exit()", ["✗ up: Your code called sys.exit()"]),
        ("import os\ndef climb(x): os._exit(3)", ["✗ up: ", "exit status 3"]),
        ("import os\ndef climb(x): os.kill(os.getpid(), 11)", ["✗ up: ", "signal SIGSEGV"]),
        ("def climb(x): return (x for x in ())", ["✗ up: "]),
        ("def climb(x):\n    while True: pass", ["✗ up: No answer after 4 s of computing"]),
    ],
    ids=["raises", "TODO", "raises at import", "no Python", "undefined", "exit", "_exit", "signal", "unpicklable", "endless"],
)  # fmt: skip
def test_a_capstone_that_goes_wrong_is_one_sentence(student, model, said):
    status, text = student("up", model=model, limit_s=4.0)
    assert status == 1
    for words in said:
        assert words in text
    assert "Traceback" not in text
    assert not (student.folder / "model-up.png").exists()


def test_after_one_that_goes_wrong_the_next_one_runs(student):
    status, text = student(model="import os\ndef climb(x): os._exit(3)")
    assert (status, "✗ up: " in text, "✓ drawn: " in text) == (1, True, True)


def test_the_faults_are_those_of_a_check(student, monkeypatch):
    reports = []
    told = training._print_report
    monkeypatch.setattr(
        training, "_print_report", lambda *arguments: (reports.append(arguments[3]), told(*arguments))[1]
    )
    student("up", model="def climb(x): raise KeyError(x)")
    student("up", model="import os\ndef climb(x): os._exit(0)")
    assert [type(report.fault) for report in reports] == [Raised, Crashed]
    assert reports[0].fault.fault.name == "KeyError"


def test_without_a_file_of_ones_own_the_stub_of_the_course_is_taken(student):
    (student.folder.parent / "exercises" / "model.py").write_text("def climb(x): return 7")
    assert "came to [7, 7, 7]" in student("up", model=None)[1]


def test_without_any_file_it_says_so(student):
    (student.folder.parent / "exercises" / "model.py").unlink()
    status, text = student("up", model=None)
    assert (status, "✗ up: There is no file model.py." in text) == (1, True)


def test_an_unknown_training_is_answered_with_those_that_there_are(student):
    with pytest.raises(UserError, match=r"no training 'down'\. Choose from: up, drawn"):
        student("up", "down")


def test_a_folder_that_is_not_there_is_not_made(student):
    with pytest.raises(UserError, match="no folder"):
        train(Console(file=io.StringIO()), ["up"], student.folder / "none", 0)


def test_a_course_without_a_training_says_so(toy_course, monkeypatch, tmp_path):
    monkeypatch.chdir(toy_course.root)
    with pytest.raises(UserError, match="training"):
        train(Console(file=io.StringIO()), [], tmp_path, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_the_training_and_leaves_no_process(student):
    """As in a terminal: the signal goes to the whole group of processes."""
    endless = "import os, pathlib\ndef climb(x):\n    pathlib.Path('pid').write_text(str(os.getpid()))\n    while True: pass\n"
    (student.folder / "model.py").write_text(endless)
    (student.folder / "cell.py").write_text(CELL)
    env = {**os.environ, "PYTHONPATH": str(PROJECT), "LANG": "C.UTF-8"}
    command = [sys.executable, "-c", "from grader.cli import main\nif __name__ == '__main__': main()", "train", "up"]
    process = subprocess.Popen(
        command, cwd=student.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    try:
        while not (student.folder / "pid").exists() or not (student.folder / "pid").read_text():
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        text, _ = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            process.kill()
    assert process.returncode == 130
    assert "Traceback" not in text
    with pytest.raises(ProcessLookupError):
        os.kill(int((student.folder / "pid").read_text()), 0)
