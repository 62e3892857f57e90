"""The students' bundle on a machine that has nothing of the instructor's: a new venv, another HOME, the project fenced off.

One venv for all tests of this file, which follow one another as a newcomer's first hour does; a minute of pip.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.course import load_course
from grader.release import release

pytestmark = pytest.mark.timeout(1500)  # pip, on a busy machine
PROJECT = Path(__file__).parent.parent.parent
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
SHOWN = re.compile(r"^\| `((?:grader|pytest) [^`]*)` \|", re.MULTILINE)
# On the PYTHONPATH of every command: whatever of the project is opened or listed is refused.
FENCE = """
import os, sys
def fence(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "os.chdir") and isinstance(arguments[0], (str, bytes)):
        if os.fsdecode(arguments[0]).startswith(os.environ["FENCED"]):
            raise PermissionError(f"fenced: {arguments[0]}")
sys.addaudithook(fence)
"""


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    """A newcomer's machine: `home/`, an unpacked bundle in `folder`, the wheel, and `run`, a command as they type it."""
    root = tmp_path_factory.mktemp("newcomer")
    course = load_course(PROJECT / "exercises" / "course.toml")
    done = release(course, root / "out" / "dot2vit", as_zip=True, as_wheel=True)
    with zipfile.ZipFile(done.archives[0]) as archive:
        archive.extractall(root / "Documents")
    for folder in ("home", "bin", "fence"):
        (root / folder).mkdir()
    (root / "bin" / "python3").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    (root / "fence" / "sitecustomize.py").write_text(FENCE)
    env = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
    env |= {"HOME": str(root / "home"), "PATH": f"{root / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    env |= {"PYTHONPATH": str(root / "fence"), "FENCED": str(PROJECT), "COLUMNS": "120"}

    def run(command, cwd=None, **more):
        return subprocess.run(
            ["bash", "-c", command], cwd=cwd or root / "Documents" / "dot2vit", env=env | more,
            capture_output=True, text=True, timeout=1200, check=False,
        )  # fmt: skip

    return SimpleNamespace(root=root, folder=root / "Documents" / "dot2vit", wheel=done.archives[1], run=run, env=env)


def first_commands(folder):
    """The commands of the README's first block for a Unix shell."""
    return BLOCK.findall((folder / "README.md").read_text())[0].splitlines()


@pytest.fixture(scope="module")
def installed(newcomer):
    """The newcomer after all but the last of the README's first commands."""
    *commands, newcomer.check = first_commands(newcomer.folder)
    for command in commands:
        done = newcomer.run(command)
        if "No matching distribution" in done.stderr or "Failed to establish a new connection" in done.stderr:
            pytest.skip(f"no package index: {done.stderr[-300:]}")
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return newcomer


def test_three_commands_are_enough(newcomer):
    assert len(first_commands(newcomer.folder)) <= 3


def test_nothing_is_the_instructors(installed):
    python = installed.folder / ".venv/bin/python"
    done = installed.run(f"{python} -c 'import grader; print(grader.__file__)'")
    assert Path(done.stdout.strip()).is_relative_to(installed.folder), done.stderr
    assert "ModuleNotFoundError" in installed.run(f"{python} -c 'import solutions'").stderr
    assert "fenced" in installed.run(f"{python} -c 'open(\"{PROJECT}/README.md\")'").stderr


def test_from_red_to_green_with_the_commands_of_the_readme(installed):
    red = installed.run(installed.check)
    assert red.returncode == 1, red.stderr
    assert "○ dot_shape tells the shape that np.dot gives." in red.stdout
    stub = installed.folder / "exercises" / "dot.py"
    before = stub.read_text()
    reference = (PROJECT / "solutions" / "dot.py").read_text()
    first_block = re.search(r"    # BEGIN SOLUTION\n(.*?)    # END SOLUTION\n", reference, re.DOTALL)[1]
    todo = "    # TODO: your code here\n    raise NotImplementedError\n"
    stub.write_text(before.replace(todo, first_block, 1))
    first = installed.run(installed.check)
    assert "✓ dot_shape tells the shape that np.dot gives." in first.stdout, first.stderr
    shutil.copy(PROJECT / "solutions" / "dot.py", stub)
    green = installed.run(installed.check)
    assert green.returncode == 0, green.stdout + green.stderr
    stub.write_text(before)


def test_every_command_of_the_readme_is_there(installed):
    """Two are run: what the others do has tests of its own."""
    shown = SHOWN.findall((installed.folder / "README.md").read_text())
    assert len(shown) >= 6
    activated = ". .venv/bin/activate && "
    known = installed.run(f"{activated}grader --help").stdout
    for command in shown:
        program, name = command.split()[:2]
        assert (
            re.search(rf"^ +{name} ", known, re.MULTILINE)
            if program == "grader"
            else (installed.folder / name).is_file()
        )
    for command in ("grader doctor", "grader draw dot"):
        assert command in shown
        done = installed.run(activated + command)
        assert done.returncode == 0, done.stdout + done.stderr


def task_output(newcomer, task, file):
    """What a task of VS Code prints for the file in its editor, and what its matcher finds there."""
    words = {
        "${command:python.interpreterPath}": str(newcomer.folder / ".venv/bin/python"),
        "${workspaceFolder}": str(newcomer.folder),
        "${fileBasenameNoExtension}": Path(file).stem,
    }

    def fill(text):
        for word, value in words.items():
            text = text.replace(word, value)
        assert "${" not in text
        return text

    command = [fill(part) for part in (task["command"], *task["args"])]
    options = task["options"]
    done = subprocess.run(
        command,
        cwd=fill(options["cwd"]),
        env=newcomer.env | options["env"],
        capture_output=True,
        text=True,
        check=False,
    )
    pattern = task["problemMatcher"]["pattern"]
    found = [match for line in done.stdout.splitlines() if (match := re.search(pattern["regexp"], line))]
    return [{key: match[pattern[key]] for key in ("file", "line", "message") if key in pattern} for match in found]


def test_the_tasks_of_the_editor_find_the_problems(installed):
    stub = installed.folder / "exercises" / "dot.py"
    before = stub.read_text()
    todo = "    raise NotImplementedError\n"
    stub.write_text(before.replace(todo, "    return a_shape[99]\n", 1))
    line = 1 + stub.read_text().splitlines().index("    return a_shape[99]")
    check, raises = json.loads((installed.folder / ".vscode" / "tasks.json").read_text())["tasks"]
    (problem,) = task_output(installed, check, "exercises/dot.py")
    assert problem == {"file": "exercises/dot.py", "message": "dot_shape tells the shape that np.dot gives."}
    problems = task_output(installed, raises, "exercises/dot.py")
    assert {"file": str(stub), "line": str(line), "message": "IndexError: tuple index out of range"} in problems
    stub.write_text(before)


def test_the_wheel_lays_out_a_folder_to_work_in(installed):
    """Last: it takes the place of the bundle in the venv."""
    venv = installed.folder / ".venv/bin"
    done = installed.run(f"{venv}/python -m pip install -q --no-deps --force-reinstall {installed.wheel}", cwd="/")
    assert done.returncode == 0, done.stderr
    done = installed.run(f"{venv}/grader start work", cwd=installed.root)
    assert done.returncode == 0, done.stderr
    work = installed.root / "work"
    shutil.copy(PROJECT / "solutions" / "dot.py", work / "exercises")
    (command,) = first_commands(work)
    done = installed.run(command, cwd=work, PATH=f"{venv}:{installed.env['PATH']}")
    assert done.returncode == 0, done.stdout + done.stderr
    lost = installed.run(f"{venv}/grader check dot", cwd=installed.root / "home")
    assert lost.returncode == 2
    assert "grader start" in lost.stderr
