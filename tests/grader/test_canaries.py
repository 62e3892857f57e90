"""No canary gets out: every hidden check, reference and misconception of a copy of the course sings, every outlet is searched.

What students are meant to see of them, a check's sentence and a hint, is left without a canary.
"""

import ast
import io
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from grader import instructor
from grader.course import load_course
from grader.grade import grade
from grader.leaks import find_leaks
from grader.record import Settings
from grader.sandbox.launch import ForkServer
from grader.submission import Submission
from grader.sync import generate, make_stub, write

PROJECT = Path(__file__).parent.parent.parent
pytestmark = pytest.mark.timeout(900)
CANARY = "kanarienvogel7f3a"
NEEDLES = {CANARY: "canary"}
BROKEN, UNPARSABLE, STOLEN = "preprocess", "gru", "attention"
GRADED = ("dot", BROKEN, UNPARSABLE, STOLEN)
GENERATED = ("dot", STOLEN)  # all of them would take a minute
BEGAN = time.time() - 60  # before any canary was there
THIEF = """
import gc, os, sys
needle = "kanarien" + "vogel" + "7f3a"
found, searched = [], 0
for folder, folders, files in os.walk(ROOT):
    for name in files:
        path = os.path.join(folder, name)
        try:
            if not os.path.isfile(path):
                continue  # /dev/urandom never ends
            searched += 1
            if os.path.getctime(path) < BEGAN and name != "test_canaries.py":
                continue  # what is older than the canaries holds none, but for the file that breeds them
            if os.path.getsize(path) > 2**17 and not name.endswith((".py", ".pyc", ".db", ".toml", ".json", ".md")):
                continue  # not what a canary sits in; /proc/kcore is as large as memory can be
            with open(path, "rb") as file:
                if needle.encode() in file.read():
                    found.append(path)
        except OSError:
            pass
things = [dict(os.environ), sys.argv, *gc.get_objects(), *map(vars, sys.modules.values())]
for thing in things:
    for part in [*thing, *thing.values()] if type(thing) is dict else thing if type(thing) in (list, tuple) else ():
        if type(part) is str and needle in part and part is not needle:
            found.append(part[:50])
print("searched", searched, "found", found)
"""


def thief(root: Path | str) -> str:
    return f"BEGAN, ROOT = {BEGAN}, {str(root)!r}\n{THIEF}"


def sing(path: Path, is_reference: bool) -> None:
    """Canaries as name, string and comment in every function; in a reference in every solution block and nowhere else."""
    lines = path.read_text(encoding="utf-8").splitlines()
    song = f'{CANARY}_name = "{CANARY}"  # {CANARY}'
    if is_reference:
        places = [(n + 1, line) for n, line in enumerate(lines) if line.strip() == "# BEGIN SOLUTION"]
    else:
        tree = ast.parse("\n".join(lines))
        bodies = [node.body for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        bodies = [body[1:] if len(body) > 1 and isinstance(body[0], ast.Expr) else body for body in bodies]
        first = [min([body[0].lineno, *(d.lineno for d in getattr(body[0], "decorator_list", []))]) for body in bodies]
        places = [(n - 1, lines[n - 1]) for n in sorted(first) if not lines[n - 1].lstrip().startswith("def ")]
    assert places, path
    for position, line in reversed(places):
        lines.insert(position, line[: len(line) - len(line.lstrip())] + song)
    if not is_reference:
        lines += ["", f"# {CANARY}", f"def _{CANARY}():", f'    """{CANARY}"""', f'    return "{CANARY}"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def singing(tmp_path_factory):
    """The course with canaries, and what students get generated from it anew."""
    root = tmp_path_factory.mktemp("singing")
    for name in ("exercises", "solutions", "tests/hidden"):
        shutil.copytree(PROJECT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (root / "solutions").rglob("*.py"):
        if path.name != "__init__.py":
            sing(path, is_reference=path.parent.name == "solutions")
    for path in (root / "tests" / "hidden").glob("test_*.py"):
        sing(path, is_reference=False)
    course = load_course(root / "exercises" / "course.toml")
    for name in GENERATED:
        write(course.exercise(name), generate(course.exercise(name)))
    toml = root / "exercises" / "course.toml"  # with time for a thief to look everywhere
    toml.write_text(re.sub(r"(check|total)_(cpu|wall)_s = [0-9.]+", r"\1_\2_s = 300", toml.read_text()))
    return load_course(toml)


@pytest.fixture(scope="module")
def world(singing, run_grader, tmp_path_factory, bwrap_server):
    """A class that was graded in both languages, with two files of checks that break over everybody."""
    root = tmp_path_factory.mktemp("canaries")
    for exercise in singing.select(list(GRADED)):
        sources = {
            "wrong": exercise.misconceptions[0].source.replace(CANARY, "nothing"),
            "raises": make_stub(exercise.reference_source, exercise.name).replace(
                "NotImplementedError", "ValueError('x')"
            ),
            "broken": "def f(:\n",
        }
        if exercise.name == STOLEN:
            sources["thief"] = thief("/")
        for student, source in sources.items():
            (root / "class" / student).mkdir(parents=True, exist_ok=True)
            (root / "class" / student / exercise.filename).write_text(source)
    with open(singing.exercise(BROKEN).hidden_path, "a") as hidden:
        hidden.write(
            "\n\nfrom grader.checks import check\n@check(points=1, ko='나')\ndef test_fault(student):\n"
            f"    '''Breaks.'''\n    raise KeyError('{CANARY}')\n"
        )
    with open(singing.exercise(UNPARSABLE).hidden_path, "a") as hidden:
        hidden.write(f"\nnot python {CANARY}\n")
    (root / "tmp").mkdir()
    world = type("World", (), {"root": root, "outputs": []})()
    for lang in ("en", "ko"):
        out = root / lang
        places = ["--db", out / "grades.db", "--json", out / "records", "--csv", out / "points.csv"]
        only = [word for name in (GRADED if lang == "en" else (STOLEN, BROKEN)) for word in ("--only", name)]
        places += ["--jobs", "1", "--lang", lang, *only]
        environment = {"TMPDIR": str(root / "tmp"), "PYTHONDONTWRITEBYTECODE": ""}
        done = run_grader("batch", root / "class", *places, cwd=singing.root, **environment)
        assert done.returncode == 1, done.stdout + done.stderr  # the broken ones need review
        world.outputs.append(done)
        if lang == "en":
            shutil.rmtree(root / "class" / "thief")  # to search a machine takes long: once is enough
    return world


def test_everything_sings(singing):
    """The search below can fail: what it must not find is there to be found."""
    for exercise in singing.exercises:
        for path in (
            exercise.reference_path,
            exercise.hidden_path,
            singing.root / "solutions/misconceptions" / exercise.filename,
        ):
            assert find_leaks([path], NEEDLES), path


def test_stubs_checks_guides_and_recordings_are_silent(singing):
    assert find_leaks([singing.root / "exercises"], NEEDLES) == []


def test_records_points_and_store_are_silent(world, singing):
    records = list((world.root / "en" / "records").rglob("*.json"))
    assert len(records) == 4 * len(GRADED)
    verdicts = {
        verdict
        for path in records
        for verdict in ("failed", "error", "grader_error", "missing")
        if f'"{verdict}"' in path.read_text()
    }
    assert verdicts == {"failed", "error", "grader_error", "missing"}
    assert find_leaks([world.root / "en", world.root / "ko"], NEEDLES) == []


def test_what_a_student_is_shown_is_silent(world, singing):
    for lang in ("en", "ko"):
        for student in ("wrong", "raises", "broken", *(["thief"] if lang == "en" else [])):
            said = io.StringIO()
            instructor.show_results(
                Console(file=said, width=200), str(world.root / lang / "grades.db"), student, course=singing
            )
            assert "attention" in said.getvalue() or "어텐션" in said.getvalue()
            assert CANARY not in said.getvalue()


def test_a_thief_finds_canaries_where_nothing_confines_it(singing):
    command = [sys.executable, "-c", thief(singing.root)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert str(singing.exercise("dot").hidden_path) in output
    assert str(singing.exercise("dot").reference_path) in output


def test_a_thief_finds_nothing_in_the_sandbox(world):
    (output,) = [
        line for line in (world.root / "en/records/thief/attention.json").read_text().splitlines() if '"output"' in line
    ]
    assert "found []" in output, output
    assert int(output.split("searched ")[1].split()[0]) > 1000


def test_only_the_instructor_is_told_what_a_broken_check_said(world):
    for done in world.outputs:
        before, said, _after = done.stdout.partition(
            "The grader failed here" if done is world.outputs[0] else "kanarienvogel"
        )
        assert CANARY not in before + done.stderr
        assert said, done.stdout
    assert CANARY in world.outputs[0].stdout  # else nobody could mend it


def test_nothing_is_left_behind(world, singing):
    assert list((world.root / "tmp").iterdir()) == []
    assert [path for path in singing.root.rglob("*") if path.suffix == ".pyc" or path.name == ".pytest_cache"] == []


def test_the_archive_for_students_is_silent_and_the_repository_is_not(singing, tmp_path):
    """The command of the README."""
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    environment = os.environ | identity | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=tmp_path / "course", env=environment, capture_output=True, check=True)

    shutil.copytree(singing.root, tmp_path / "course")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "all of it")
    git("archive", "-o", str(tmp_path / "student.tar.gz"), "HEAD", ".", ":(exclude)solutions", ":(exclude)tests")
    assert find_leaks([tmp_path / "student.tar.gz"], NEEDLES) == []
    assert find_leaks([tmp_path / "course" / ".git"], NEEDLES)


def test_no_canary_is_in_the_memory_that_a_submission_is_forked_from(singing, bwrap_server):
    """The grading process holds all of them; the fork server, and so every worker, holds none."""
    with ForkServer("bwrap") as server:
        exercise = singing.exercise("dot")
        submission = Submission("ann", "dot", exercise.misconceptions[0].source.replace(CANARY, "nothing"))
        grade(singing, exercise, [submission], Settings(), server)
        (inner,) = _children(server.process.pid)
        (fork_server,) = _children(inner)
        try:
            assert not _holds(fork_server, CANARY)
        except PermissionError:
            pytest.skip("this machine does not let a process read its children's memory")
        assert _holds(os.getpid(), CANARY)


def _children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _holds(pid, needle):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            area, rights, *rest = line.split()
            if not rights.startswith("rw") or rest[-1] in ("[vvar]", "[vsyscall]"):
                continue  # what is not writable is mapped from the interpreter's files
            start, end = (int(number, 16) for number in area.split("-"))
            memory.seek(start)
            try:
                if needle.encode() in memory.read(end - start):
                    return True
            except OSError:
                continue
    return False
