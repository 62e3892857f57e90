"""The students' commands on a machine without fork, resource, signals of Unix and the instructor's packages: Windows, nearly.

tests/grader/bare_machine/sitecustomize.py hides them, from the command and from each process that it starts.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import grader
from grader.sandbox.backend import Sandboxed
from grader.sandbox.limits import Limits
from grader.sandbox.started import StartServer

HERE = Path(__file__).parent
PROJECT = HERE.parent.parent

RIGHT = "def double(x):\n    return 2 * x\n"
WAYS_TO_FAIL = """
import os, time

def endless():
    while True: pass

def ends():
    os._exit(7)

def reads():
    return input()

def prints():
    print("가" * 100_000)
    os.system("echo from a child")
    return 1

def answers_out_of_turn():
    os.write(1, b"\\0" * 64)
    return 3

def leaves_something_running():
    import subprocess
    subprocess.Popen(["sleep", "5"])
    os._exit(0)

def stops_listening():
    for descriptor in range(3, 20):
        try: os.close(descriptor)
        except OSError: pass
    while True: time.sleep(1)
"""


@pytest.fixture
def bare_course(toy_course, tmp_path):
    """A student's folder, and a way to run commands in it on the bare machine."""
    shutil.copytree(toy_course.root / "exercises", tmp_path / "exercises")

    def run(*arguments, **environment):
        env = {name: value for name, value in os.environ.items() if not name.startswith(("DOT2VIT", "PYTEST", "LC_"))}
        env |= {"LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join([str(HERE / "bare_machine"), str(PROJECT)])}
        command = [sys.executable, "-m", "grader", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=env | environment, capture_output=True, text=True, timeout=300, check=False
        )

    run.folder = tmp_path
    return run


def test_check_goes_from_red_to_green(bare_course, toy_course):
    done = bare_course("check", "toy")
    assert done.returncode == 1, done.stderr
    assert "Not started" in done.stdout
    shutil.copy(toy_course.exercise("toy").reference_path, bare_course.folder / "exercises" / "toy.py")
    done = bare_course("check", "toy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All visible checks pass." in done.stdout


def test_the_doctor_finds_a_worker_that_answers(bare_course):
    done = bare_course("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ worker: A worker starts and answers." in done.stdout


def test_the_doctor_says_what_to_install(bare_course):
    done = bare_course("doctor", BARE_MACHINE_ALSO="torch numpy safetensors matplotlib")
    assert done.returncode == 1, done.stderr
    for name in ("numpy", "torch"):
        assert f"✗ {name}: ModuleNotFoundError" in done.stdout
    assert "pip install -c constraints.txt -e ." in done.stdout
    done = bare_course("check", BARE_MACHINE_ALSO="torch")
    assert done.returncode == 2
    assert "The package torch is not installed." in done.stderr


def test_an_instructors_command_says_that_it_is_one(bare_course):
    done = bare_course("results")
    assert done.returncode == 2, done.stdout
    assert "sqlalchemy" in done.stderr


def test_a_poor_terminal_is_no_reason_to_fail(bare_course):
    done = bare_course("doctor", BARE_MACHINE_ALSO="torch", PYTHONIOENCODING="ascii")
    assert "? python: 3." in done.stdout, done.stderr
    assert "PYTHONUTF8=1" in done.stdout


def test_no_student_command_asks_for_a_fork_itself():
    """`local_server()` does, and has another way; the instructor's modules may."""
    found = []
    for path in Path(grader.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node).startswith("ForkServer('none'"):
                found.append(path.name)
    assert found == ["started.py"]


# The worker that is started, not forked


@pytest.fixture(scope="module")
def server():
    with StartServer() as one:
        yield one


@pytest.fixture
def started(server):
    made = []

    def make(source, **limits):
        made.append(Sandboxed(server, source, "toy.py", {}, Limits(**limits)))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


def verdict_of(backend, name, *arguments, limit_s=None):
    backend.begin_check(limit_s)
    try:
        return backend.perform("call", name, {"name": name, "args": arguments, "kwargs": {}}).value
    except Exception as fault:
        return f"{type(fault).__name__}: {fault}"


def test_ways_to_fail_cost_one_check_each(started):
    # Wide, but for the endless one (limit_s is both limits, as these are equal): a busy machine may stand still for a second.
    backend = started(WAYS_TO_FAIL, check_cpu_s=60.0, check_wall_s=60.0, total_wall_s=240.0, output_kb=8)
    assert verdict_of(backend, "endless", limit_s=1.0) == "TimedOut: unclocked_s: 1 s"
    assert verdict_of(backend, "ends") == "Crashed: exit status 7"
    assert verdict_of(backend, "prints") == 1
    assert verdict_of(backend, "answers_out_of_turn") == 3  # what is printed is no answer
    assert verdict_of(backend, "leaves_something_running") == "Crashed: exit status 0"
    assert verdict_of(backend, "stops_listening") == "Crashed: exit status None"
    assert verdict_of(backend, "prints") == 1
    backend.close()
    assert backend.output.startswith("가가")
    assert len(backend.output.encode()) <= 8 * 1024 + 2


def test_its_import_is_limited_too(started):
    backend = started("while True: pass", check_wall_s=1.0)
    assert verdict_of(backend, "double", 1) == "TimedOut: unclocked_s: 1 s"
    assert verdict_of(backend, "double", 1) == "TimedOut: unclocked_s: 1 s"  # without waiting again


def test_nothing_is_left_running(server):
    backend = Sandboxed(server, RIGHT, "toy.py", {}, Limits())
    assert verdict_of(backend, "double", 21) == 42
    process = backend._worker._process
    backend.close()
    assert process.returncode is not None
