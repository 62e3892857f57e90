"""`grader watch` as a student sees it: the real command in a real pseudo-terminal, and in a pipe."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyte", reason="pyte keeps the screen: pip install '.[test]'")
if not hasattr(os, "openpty"):
    pytest.skip("no pseudo-terminals on this system", allow_module_level=True)

from .terminal import Terminal

PROJECT = Path(__file__).parent.parent.parent
WATCH = [sys.executable, "-m", "grader", "watch"]
GREEN, RED = "green", "red"


@pytest.fixture
def folder(tmp_path):
    """A student's folder: stubs, visible checks, guides, hints, and no solution."""
    shutil.copytree(PROJECT / "exercises", tmp_path / "exercises")
    return tmp_path


@pytest.fixture
def terminal(folder):
    """terminal(…): the command on a terminal; ended at the end of the test."""
    opened = []

    def make(*arguments, **options):
        opened.append(Terminal([*WATCH, *arguments], folder, **{"PYTHONPATH": str(PROJECT)} | options))
        return opened[-1].__enter__()

    yield make
    for one in opened:
        one.__exit__()


def solution(name):
    return (PROJECT / "solutions" / f"{name}.py").read_text(encoding="utf-8")


def save(folder, name, text):
    """As most editors do: a draft beside it, renamed onto it."""
    path = folder / "exercises" / f"{name}.py"
    draft = path.with_suffix(".tmp")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def test_from_red_to_green_to_the_next_exercise(terminal, folder):
    screen = terminal()
    first = screen.until("0 of 10 visible checks pass")
    assert screen.lines[0].startswith("dot  np.dot and broadcasting")
    assert screen.lines[0].endswith("1/14")
    assert screen.lines[1] == "exercises/dot.py · guide: exercises/guide/en/dot.md"
    assert "Not started: dot_shape still holds its TODO." in first
    assert screen.lines[23] == "h hint   n next   p picture   r run again   q quit"

    wrong = solution("dot").replace("return x @ weight.T + bias", "return x @ weight.T")
    assert wrong != solution("dot")
    save(folder, "dot", wrong)
    screen.until("8 of 10 visible checks pass")
    assert screen.lines[3] == "✗ linear gives x Wᵀ + b, with weight of shape (out, in). 0/1"  # on top, in full
    assert "expected" in screen.text
    assert all(line for line in screen.lines[:4])
    colours = {screen.screen.buffer[2][0].fg, screen.screen.buffer[3][0].fg}
    assert colours == {RED}

    screen.press("h")
    screen.until("1/3 ")
    assert "Hints for: linear gives" in screen.lines[3]
    screen.press("h")
    screen.until("2/3 ")
    assert "Try one sample" in screen.text

    save(folder, "dot", solution("dot"))
    screen.until("dot: all visible checks pass. Next: preprocess")
    screen.until("preprocess  Zero-centring.*0 of 10 visible checks pass")
    assert screen.screen.buffer[3][0].fg == GREEN
    assert "Hints for" not in screen.text

    screen.press("n")
    screen.until("bootstrap  Bootstrap and bagging.*0 of 11")
    save(folder, "dot", wrong)  # another exercise's save turns to it
    screen.until("dot  np.dot and broadcasting.*8 of 10")

    screen.press("q")
    assert screen.wait() == 0
    assert screen.is_as_before


def test_an_endless_loop_leaves_the_keys_alone(terminal, folder):
    screen = terminal("dot")
    screen.until("0 of 10")
    save(folder, "dot", "while True:\n    pass\n")
    screen.until("checking …")
    screen.press("h")
    screen.until("Hints for: dot_shape")
    save(folder, "dot", "def f(:\n")
    screen.until("not valid Python.*line 1: def f")
    assert "checking" not in screen.until(re.compile(r"0 of 10 visible checks pass  \d").search)
    screen.press("h")
    screen.until("What does the message say")
    save(folder, "dot", "import time\ntime.sleep(1000)\n")
    screen.until("checking …")
    screen.press("q")
    assert screen.wait() == 0


@pytest.mark.parametrize("columns, rows", [(30, 8), (200, 50)])
def test_another_size(terminal, columns, rows):
    screen = terminal()
    screen.until("0 of 10")
    screen.resize(columns, rows)
    screen.until(lambda text: text.splitlines()[-1].startswith("h hint") and text.startswith("dot  np"))
    assert "✗ 0 of 10" in screen.lines[2]
    assert "○ dot_shape" in screen.text
    if rows < 10:
        screen.press("\x1b[6~")  # page down
        screen.until("linear gives")
    screen.press("q")
    assert screen.wait() == 0


def test_korean_in_its_width_and_without_colour(terminal):
    screen = terminal("--lang", "ko", NO_COLOR="1")
    screen.until("dot_shape")
    screen.press("h")
    screen.until("1/3 ")
    assert "np.dot과 브로드캐스팅" in screen.text.replace("\u0000", "").replace(" 드", "드")
    assert not re.search(rb"\x1b\[(?:[0-9]+;)*(?:3[0-7]|4[0-7]|9[0-7]|38|48)[;m]", screen.received)
    screen.press("q")
    assert screen.wait() == 0


@pytest.mark.parametrize(
    "end, status",
    [
        (lambda screen: screen.press("\x03"), 0),
        (lambda screen: os.kill(screen.process.pid, signal.SIGINT), 0),
        (lambda screen: os.kill(screen.process.pid, signal.SIGTERM), 143),
    ],
    ids=["ctrl-c", "SIGINT", "SIGTERM"],
)
def test_however_it_ends_the_terminal_is_sane(terminal, end, status):
    screen = terminal()
    screen.until("0 of 10")
    assert not screen.is_as_before
    end(screen)
    assert screen.wait() == status
    assert screen.is_as_before
    assert screen.received.count(b"\x1b[?1049h") == screen.received.count(b"\x1b[?1049l") == 1  # the other screen, left
    assert b"Traceback" not in screen.received


# In a pipe.


@contextlib.contextmanager
def pipe(folder, *arguments):
    """The command with three pipes; ended at the end of the block."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LC_")}
    environment |= {"PYTHONPATH": str(PROJECT), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [*WATCH, *arguments], cwd=folder, env=environment, text=True, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def read_until(process, seen):
    said = []
    for line in process.stdout:
        said.append(line)
        if seen in line:
            return "".join(said)
    raise AssertionError(f"{seen!r} did not come: {''.join(said)}{process.stderr.read()}")


def test_a_pipe_gets_plain_lines_and_keys_by_line(folder):
    with pipe(folder) as process:
        read_until(process, "dot  ✗ 0 of 10")
        save(folder, "dot", solution("dot"))
        read_until(process, "dot  ✓ 10 of 10")
        read_until(process, "preprocess  ✗ 0 of 10")
        process.stdin.write("h\n")
        process.stdin.flush()
        said = read_until(process, "1/3 x has n rows")
        rest, errors = process.communicate("q\n", timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert "\x1b" not in said + rest


def test_the_end_of_the_input_ends_it_after_the_verdict(folder):
    with pipe(folder, "attention") as process:
        said, errors = process.communicate("", timeout=100)
    assert "attention  ✗ 0 of 10 visible checks pass" in said
    assert (process.returncode, errors) == (0, "")


def test_ctrl_c_ends_it_in_a_pipe(folder):
    with pipe(folder) as process:
        read_until(process, "0 of 10")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""


def test_an_unknown_exercise_is_one_sentence(folder):
    with pipe(folder, "doot") as process:
        _said, errors = process.communicate("", timeout=60)
    assert process.returncode == 2
    assert "There is no exercise 'doot'" in errors
