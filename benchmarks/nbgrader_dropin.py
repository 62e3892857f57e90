"""`nbgrader autograde` in dot2vit's sandbox against stock `nbgrader autograde`, on the same notebooks, in one run.

    python benchmarks/nbgrader_dropin.py [--students 16] [--exercise attention] [--profile]

stock    a usual nbgrader course: the same visible and hidden checks stand in the notebook's test cells, the hidden ones
         between BEGIN and END HIDDEN TESTS; nbgrader starts a kernel for each student and runs every cell
dropin   the course that `grader nbgrader init` makes

Both grade right solutions, written in different ways. The checks of the stock course are the same source lines, on a plain
shim without dot2vit (torch.testing.assert_close, a seeded generator, the reference as a module): so it is no slower than a
course written for nbgrader would be. Speed is judged in neither. CPU seconds are those of the command and of all that it
started, less those of nbgrader's own start (the command on a student who does not exist); divided by the students. The start of
the grading process and of its fork server, each of which imports torch, is the drop-in's.
--profile also prints where the time of nbgrader's own process goes.
"""

import argparse
import ast
import copy
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell

from grader.course import Exercise, find_course
from grader.nbgrader.notebooks import cell_metadata, source_notebook
from grader.sync import BEGIN, END

ROOT = Path(__file__).parent.parent
SHIM = '''
import numpy as np, torch

class Student:
    """The functions of a namespace, and gradients through them."""
    def __init__(self, names): self.names = names
    def __getattr__(self, name): return self.names[name]
    def gradient(self, name, *args, wrt, cotangents=None):
        args, leaves = list(args), []
        for place in wrt:
            args[place] = args[place].detach().clone().requires_grad_()
            leaves.append(args[place])
        outputs = self.names[name](*args)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        total = sum((o * c).sum() for o, c in zip(outputs, cotangents) if c is not None)
        return torch.autograd.grad(total, leaves)

def unpack(value, *names): return value
def assert_unchanged(student): pass
def assert_close(actual, expected, what=""): torch.testing.assert_close(actual, expected)
def assert_raises(kind, function, *args):
    try: function(*args)
    except kind: return
    raise AssertionError(f"no {kind.__name__}")

module = {}
exec(REFERENCE, module)
student, reference = Student(globals()), Student(module)
'''


@dataclass
class Spent:
    """CPU seconds of a command and of all that it started."""

    seconds: float
    text: str


def run(folder: Path, *command: str, rc: int = 0) -> Spent:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DOT2VIT_COURSE": str(ROOT),
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != rc:
        raise SystemExit(f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(spent, done.stdout + done.stderr)


def stock_source(exercise: Exercise) -> nbformat.NotebookNode:
    """The same notebook, with the code of the checks in its test cells."""
    notebook = source_notebook(exercise)
    hidden, visible = _tests(exercise.hidden_path), _tests(exercise.visible_path)
    draw = (ROOT / "grader" / "draw.py").read_text(encoding="utf-8")
    reference = "\n".join(line for line in exercise.reference_source.splitlines() if line.strip() not in (BEGIN, END))
    shim = f"REFERENCE = {reference!r}\n{SHIM}\n{draw}\n"
    cells = [cell for cell in notebook.cells if not cell.source.startswith("%load_ext")]
    made = []
    for cell in cells:
        facts = cell.metadata.get("nbgrader", {})
        name = facts.get("grade_id", "")
        if facts.get("task") and facts["points"] == 0:
            continue
        if facts.get("task"):
            if name in hidden.bodies:
                made.append(_test_cell(name, facts["points"], hidden.prelude, hidden.bodies[name], hide=True))
        elif name.startswith("visible-"):
            name = name.removeprefix("visible-")
            made.append(_test_cell(f"visible-{name}", 1, visible.prelude, visible.bodies[name], hide=False))
        else:
            made.append(cell)
    first = next(number for number, cell in enumerate(made) if cell.metadata.get("nbgrader", {}).get("grade"))
    made.insert(first, _test_cell("shim", 0, "", shim, hide=True))
    notebook.cells = made
    return notebook


@dataclass
class Tests:
    """A file of checks: what all share, and the source and the call of each that judges no speed."""

    prelude: str
    bodies: dict[str, str]


def _tests(path: Path) -> Tests:
    source = path.read_text(encoding="utf-8")
    prelude, bodies = [], {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Expr):
            continue
        text = "\n".join(source.splitlines()[node.lineno - 1 : node.end_lineno])
        if not (isinstance(node, ast.FunctionDef) and node.name.startswith("test_")):
            prelude.append(text)
            continue
        names = [argument.arg for argument in node.args.args]
        if "race" in names:
            continue
        given = ", ".join("Draw(7)" if name == "draw" else name for name in names)
        bodies[node.name] = f"{text}\n\n{node.name}({given})"
    return Tests("\n\n".join(prelude), bodies)


def _test_cell(name: str, points: float, prelude: str, body: str, hide: bool) -> nbformat.NotebookNode:
    text = f"{prelude}\n\n{body}"
    if hide:
        text = f"### BEGIN HIDDEN TESTS\n{text}\n### END HIDDEN TESTS"
    return new_code_cell(text, metadata=cell_metadata(name, grade=True, locked=True, points=points))


def make_course(folder: Path, exercise: Exercise, students: int, stock: bool) -> float:
    """A course whose assignment is handed in by this many. Returns its full score."""
    run(ROOT, sys.executable, "-m", "grader", "nbgrader", "init", str(folder), exercise.name)
    config, source = folder / "nbgrader_config.py", folder / "source" / exercise.name / f"{exercise.name}.ipynb"
    if stock:
        config.write_text('c = get_config()\nc.CourseDirectory.course_id = "stock"\n')
        source.write_text(nbformat.writes(stock_source(exercise)))
    else:
        config.write_text(config.read_text() + 'c.SandboxGrades.device = "none"\n')
    run(folder, "nbgrader", "generate_assignment", exercise.name)
    release = nbformat.read(folder / "release" / exercise.name / f"{exercise.name}.ipynb", 4)
    sources = [exercise.reference_source, *(variant.source for variant in exercise.alternatives)]
    for number, text in zip(range(students), itertools.cycle(sources), strict=False):
        notebook: Any = copy.deepcopy(release)
        answers = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("solution")]
        answers[0].source = text
        for cell in answers[1:]:
            cell.source = "pass"
        home = folder / "submitted" / f"student-{number:03}" / exercise.name
        home.mkdir(parents=True)
        (home / f"{exercise.name}.ipynb").write_text(json.dumps(notebook))
    graded = [cell.metadata.nbgrader for cell in release.cells if "nbgrader" in cell.metadata]
    return float(sum(facts.get("points", 0) for facts in graded))


def measure(folder: Path, exercise: Exercise, students: int, full: float) -> tuple[float, float, int]:
    """CPU seconds of nbgrader's own start, and of a submission after it; how many of the right ones got full marks."""
    start = run(folder, "nbgrader", "autograde", exercise.name, "--student", "nobody", rc=1).seconds
    spent = run(folder, "nbgrader", "autograde", exercise.name).seconds
    run(folder, "nbgrader", "export")
    rows = (folder / "grades.csv").read_text().splitlines()[1:]
    right = sum(float(row.split(",")[9]) == full for row in rows)
    return start, (spent - start) / students, right


def profile(folder: Path, exercise: Exercise) -> str:
    """Where the time of nbgrader's own process goes, when all is graded: the functions by their cumulative time."""
    code = (
        "import cProfile, pstats, sys; from nbgrader.apps.nbgraderapp import main; p = cProfile.Profile()\n"
        f"sys.argv = ['nbgrader', 'autograde', {exercise.name!r}, '--force']\n"
        "p.runcall(main); pstats.Stats(p).sort_stats('cumtime').print_stats('nbgrader|nbconvert|nbformat', 30)"
    )
    return run(folder, sys.executable, "-c", code).text.partition("function calls")[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=16)
    parser.add_argument("--exercise", default="attention")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    exercise = find_course().exercise(options.exercise)
    with tempfile.TemporaryDirectory() as name:
        figures = {}
        for kind in ("dropin", "stock"):
            folder = Path(name) / kind
            full = make_course(folder, exercise, options.students, stock=kind == "stock")
            start, each, right = figures[kind] = measure(folder, exercise, options.students, full)
            said = f"{kind:7} nbgrader's start {start:.2f} CPU s, then {each:.3f} CPU s a submission"
            print(f"{said}; full marks for {right} of {options.students}", flush=True)
            if kind == "dropin":  # what is left where nothing is graded: nbgrader's own work, and writing the marks
                again = run(folder, "nbgrader", "autograde", exercise.name, "--force").seconds
                print(
                    f"dropin  again, all read from the store: {(again - start) / options.students:.3f} CPU s",
                    flush=True,
                )
        print(f"ratio {figures['stock'][1] / figures['dropin'][1]:.1f}")
        if options.profile:
            print(profile(Path(name) / "dropin", exercise))


if __name__ == "__main__":
    main()
