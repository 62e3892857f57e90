"""A class of 30 in nbgrader, by nbgrader's own commands: the right scores, no leak, and no notebook that stops the others."""

import copy
import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from grader.course import find_course
from grader.errors import SandboxUnavailable
from grader.leaks import find_leaks, needles_of
from grader.nbgrader.notebooks import SUMMARY
from grader.notebook.cells import parts_of
from grader.sandbox.launch import check_available
from grader.variants import load_variants

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
FULL = 20.0
pytestmark = pytest.mark.timeout(1800)


def run(folder, *command, rc=0):
    """A command as an instructor types it, in the course's folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("DOT2VIT", "PYTEST"))}
    environment |= {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "DOT2VIT_SECRET": "secret",
        "DOT2VIT_COURSE": str(ROOT),
        "LANG": "C.UTF-8",
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == rc, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def notebook_of(release, source):
    """The released notebook with a student's code in the places of the answers; what is new stands in a cell of its own."""
    notebook = copy.deepcopy(release)
    parts = {part.name: part.source for part in parts_of(source)}
    answers = {cell.metadata["nbgrader"]["grade_id"] for cell in notebook.cells if is_answer(cell)}
    for cell in notebook.cells:
        if is_answer(cell):
            cell.source = parts[cell.metadata["nbgrader"]["grade_id"].removeprefix("code-")]
    own = [text for name, text in parts.items() if f"code-{name}" not in answers and name != "imports"]
    place = next(number for number, cell in enumerate(notebook.cells) if is_answer(cell))
    notebook.cells[place:place] = [nbformat.v4.new_code_cell(text) for text in own]
    return notebook


def is_answer(cell):
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def whole_source_in_one(release, source):
    """An attack or a variant, as it is, in the first answer's cell; the other answers are empty."""
    notebook = copy.deepcopy(release)
    answers = [cell for cell in notebook.cells if is_answer(cell)]
    answers[0].source = source
    for cell in answers[1:]:
        cell.source = "pass"
    return notebook


def without_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def twice(notebook):
    cells = [cell for cell in notebook.cells if cell.metadata.get("nbgrader")]
    notebook.cells += copy.deepcopy(cells)
    return notebook


def few(notebook):
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code" and "%check" not in cell.source]
    return notebook


def other_kernel(notebook):
    notebook.metadata["kernelspec"] = {"name": "conda-env-ml", "display_name": "ml", "language": "python"}
    return notebook


def with_sketches(notebook):
    notebook.cells.append(nbformat.v4.new_code_cell("print(softmax(torch.zeros(3), 0))"))
    notebook.cells.append(nbformat.v4.new_code_cell("import a_module_that_nobody_has"))
    return notebook


def as_markdown(notebook):
    """One key turns a cell into text."""
    for cell in notebook.cells:
        if is_answer(cell):
            cell.cell_type = "markdown"
            del cell["outputs"], cell["execution_count"]
    return notebook


def garbled(notebook):
    for cell in notebook.cells:
        cell.metadata["nbgrader"] = {"grade_id": "softmax", "points": "many", "schema_version": 99}
    return notebook


def outputs_only(notebook):
    for cell in notebook.cells:
        cell.source = ""
    return notebook


ATTACKS = ("hostile-exit", "hostile-forges-frames", "hostile-patches-comparison")
BROKEN = {
    "b01-twice": (twice, FULL, "more than once"),
    "b02-no-metadata": (without_metadata, FULL, "put back"),
    "b03-few-cells": (few, FULL, "put back"),
    "b04-other-kernel": (other_kernel, FULL, ""),
    "b05-sketches": (with_sketches, FULL, "A cell of your own stopped the notebook"),
    "b06-as-markdown": (as_markdown, FULL, ""),
    "b07-garbled": (garbled, FULL, "put back"),
    "b08-outputs-only": (outputs_only, 0.0, "holds no code"),
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one assignment, released, handed in by 30, autograded, with feedback and an export."""
    try:
        check_available("bwrap")
    except SandboxUnavailable as error:
        pytest.skip(f"no sandbox on this machine: {error}")
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    run(ROOT, sys.executable, "-m", "grader", "nbgrader", "init", str(folder), "attention")
    with open(folder / "nbgrader_config.py", "a") as config:
        config.write('c.SandboxGrades.device = "none"\n')  # speed has tests of its own, and takes long
    run(folder, "nbgrader", "generate_assignment", "attention")
    expected = hand_in(folder)
    log = run(folder, "nbgrader", "autograde", "attention")
    run(folder, "nbgrader", "generate_feedback", "attention")
    run(folder, "nbgrader", "export")
    return folder, expected, log


def hand_in(folder):
    """The class. Returns what each student must get: a score, or a range for the wrong ones."""
    exercise = find_course().exercise("attention")
    release = nbformat.read(folder / "release" / "attention" / "attention.ipynb", 4)
    attacks = load_variants(ROOT / "tests" / "hostile" / "forging.py", exercise.reference_source)
    notebooks = {f"a{number:02}": (notebook_of(release, exercise.reference_source), FULL) for number in range(4)}
    for number, variant in enumerate(exercise.alternatives[:4]):
        notebooks[f"o{number:02}"] = (whole_source_in_one(release, variant.source), FULL)
    for number, variant in enumerate(random.Random(0).sample(exercise.misconceptions, 8)):
        notebooks[f"w{number:02}"] = (whole_source_in_one(release, variant.source), None)
    for attack in attacks:
        if attack.id in ATTACKS:
            notebooks[f"x-{attack.id}"] = (whole_source_in_one(release, attack.source), None)
    notebooks["u-unfinished"] = (release, 0.0)
    notebooks["김민준"] = (notebook_of(release, exercise.reference_source), FULL)
    for name, (spoil, score, _remark) in BROKEN.items():
        notebooks[name] = (spoil(notebook_of(release, exercise.reference_source)), score)
    for student, (notebook, _score) in notebooks.items():
        home = folder / "submitted" / student / "attention"
        home.mkdir(parents=True)
        (home / "attention.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    home = folder / "submitted" / "b09-cut-off" / "attention"
    home.mkdir(parents=True)
    (home / "attention.ipynb").write_text('{"cells": [{"cell_type": "code", "sour')
    expected = {student: score for student, (_notebook, score) in notebooks.items()} | {"b09-cut-off": 0.0}
    return expected


def scores(folder):
    with open(folder / "grades.csv", encoding="utf-8") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def gradebook(folder):
    from nbgrader.api import Gradebook

    return Gradebook(f"sqlite:///{folder / 'gradebook.db'}", "dot2vit")


def comments(folder, student):
    with gradebook(folder) as book:
        notebook = book.find_submission_notebook("attention", "attention", student)
        return {comment.name: comment.comment or "" for comment in notebook.comments}


def test_everybody_has_the_right_score(course):
    folder, expected, _log = course
    found = scores(folder)
    assert found.keys() == expected.keys() and len(found) == 30
    wrong = {
        name: (found[name], score) for name, score in expected.items() if score is not None and found[name] != score
    }
    assert not wrong
    assert all(found[name] < FULL for name, score in expected.items() if score is None)


def test_the_records_are_in_our_store_with_the_same_points(course):
    folder, _expected, _log = course
    from grader.store import Store

    with Store(str(folder / "results" / "grades.db")) as store:
        points = {record["student"]: record["points"] for record in store.records()}
    assert points == scores(folder)


def test_a_wrong_answer_is_called_by_its_name(course):
    folder, expected, _log = course
    named = [
        name
        for name in expected
        if name.startswith("w")
        if any("→" in text for text in comments(folder, name).values())
    ]
    assert len(named) == 8


@pytest.mark.parametrize("student", BROKEN)
def test_a_broken_notebook_is_graded_and_it_is_said(course, student):
    folder, _expected, _log = course
    assert BROKEN[student][2] in comments(folder, student)[SUMMARY]


def test_nothing_leaks(course):
    folder, _expected, _log = course
    needles = needles_of(find_course())
    assert find_leaks([folder / "release"], needles) == []
    # Students here hand in references and misconceptions, so that only the hidden checks must not be in what comes back.
    hidden = {needle: origin for needle, origin in needles.items() if origin.startswith("tests/hidden/")}
    places = [folder / name for name in ("autograded", "feedback", "gradebook.db", "results")]
    assert find_leaks(places, hidden) == []
    assert (
        find_leaks([folder / "gradebook.db"], {k: v for k, v in needles.items() if v.startswith("solutions/attention")})
        == []
    )


def test_the_feedback_shows_score_and_comments(course):
    folder, _expected, _log = course
    text = (folder / "feedback" / "w00" / "attention" / "attention.html").read_text(encoding="utf-8")
    assert "Comments:" in text and "→" in text and f"/ {FULL}" in text
    assert "data:image/png;base64" in text, "the guide's picture"


def test_a_persons_score_survives_another_autograde(course):
    folder, _expected, _log = course
    with gradebook(folder) as book:
        grade = book.find_grade("test_softmax_values", "attention", "attention", "a00")
        grade.manual_score = 0.5
        book.db.commit()
    log = run(folder, "nbgrader", "autograde", "attention", "--force", "--student", "a00")
    assert "1 submissions, 1 of them graded before" in log
    with gradebook(folder) as book:
        grade = book.find_grade("test_softmax_values", "attention", "attention", "a00")
        assert (grade.score, grade.auto_score) == (0.5, 2.0)


def test_validate_runs_the_visible_checks_in_the_students_kernel(course):
    folder, _expected, _log = course
    log = run(folder, "nbgrader", "validate", "submitted/a00/attention/attention.ipynb")
    assert "Success" in log
    log = run(folder, "nbgrader", "validate", "release/attention/attention.ipynb")
    assert "VALIDATION FAILED ON 10 CELL(S)" in log and "Not started: softmax still holds its TODO." in log


def test_a_course_that_is_not_there_ends_in_a_sentence(course, tmp_path):
    folder, _expected, _log = course
    config = (folder / "nbgrader_config.py").read_text(encoding="utf-8")
    moved = config.replace(repr(str(ROOT)), repr(str(tmp_path / "nowhere")))
    assert moved != config
    (folder / "nbgrader_config.py").write_text(moved, encoding="utf-8")
    try:
        log = run(folder, "nbgrader", "autograde", "attention", "--force", "--student", "a01", rc=1)
    finally:
        (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")
    assert "Set c.SandboxGrades.course in nbgrader_config.py" in log
    with gradebook(folder) as book:
        assert book.find_submission("attention", "a01").score == FULL, "what was graded before is still there"
