"""grader/hints.py and grader/progress.py: which hint comes next, that it is never the answer, and what is remembered."""

import contextlib
import io
import json
import re
import shutil
import threading
from pathlib import Path

import pytest
from rich.console import Console

from grader import i18n, student
from grader.course import load_course
from grader.errors import UserError
from grader.hints import UNUSABLE, load_hints, next_hint, steps_for
from grader.leaks import LINE, _solution_lines, find_leaks, needles_of
from grader.local import check_locally
from grader.progress import Progress, Summary
from grader.status import status
from grader.stubs import stub_of
from grader.submission import Submission
from grader.verify_hints import hint_problems

PROJECT = Path(__file__).parent.parent.parent
COURSE = load_course(PROJECT / "exercises" / "course.toml")


@pytest.fixture
def report(own_course, plain_server):
    """report(old, new): the visible checks on the toy's reference with one replacement; on any text with no `old`."""

    def make(old, new):
        toy = own_course.exercise("toy")
        source = toy.reference_source.replace(old, new) if old else new
        assert source != toy.reference_source or not old
        return check_locally(toy, Submission("", "toy", source), plain_server)

    return make


@pytest.fixture
def told(own_course, tmp_path):
    """told(report): the texts of the next hint."""

    def tell(report):
        hint = next_hint(own_course, report, Progress(tmp_path))
        return None if hint is None else [step.text for step in hint.steps]

    return tell


def test_the_steps_come_one_after_the_other_and_are_remembered(report, told):
    wrong = report("keepdim=True", "keepdim=False")
    first, second, third = (told(wrong) for _ in range(3))
    assert [len(steps) for steps in (first, second, third)] == [1, 2, 3]
    assert third == load_hints(wrong.exercise.hints_path)["center"]["en"]
    assert told(wrong) == third


def test_a_known_mistake_asks_its_own_question_first(report, told):
    wrong = report("return x - x.mean(dim=dim, keepdim=True)", "return x.clone()")
    assert wrong.unmet.misconception == "toy-not-centered"
    steps = [told(wrong) for _ in range(3)][-1]
    assert steps[0] == wrong.unmet.hint
    assert steps[1:] == load_hints(wrong.exercise.hints_path)["center"]["en"][1:]


def test_another_function_has_steps_of_its_own(report, told):
    assert told(report("keepdim=True", "keepdim=False"))[0].startswith("What should the mean")
    assert told(report("(values * values).sum()", "values.sum() + 1.5")) == ["What is added up?"]
    assert told(report("x * self.weight + self.bias", "x * self.weight - 1"))[0] == "What does one feature become?"


def test_what_is_not_started_and_what_does_not_load(report, told, own_course):
    stub = report("", own_course.exercise("toy").stub_path.read_text())
    assert told(stub)[0].startswith("What should the mean")
    assert told(report("", "def center(:\n")) == [UNUSABLE[0]]
    assert told(report("", "raise RuntimeError('no')\n")) == list(UNUSABLE[:2])


def test_nothing_to_hint_at(report, told):
    assert told(report("", (Path(__file__).parent / "toy_course" / "solutions" / "toy.py").read_text())) is None


def test_the_language_is_the_readers(report, own_course):
    wrong = report("keepdim=True", "keepdim=False")
    i18n.set_language("ko")
    assert [step.text for step in steps_for(own_course, wrong)] == load_hints(wrong.exercise.hints_path)["center"]["ko"]


def test_a_function_of_another_file_has_that_exercises_hints(own_course, report):
    wrong = report("keepdim=True", "keepdim=False")
    wrong.unmet.asked = "second.add"
    steps = steps_for(own_course, wrong)
    assert [step.text for step in steps] == load_hints(own_course.exercise("second").hints_path)["add"]["en"]
    assert steps[0].id == "second.add.1"


@pytest.mark.parametrize("text", ["[center]\nen = 1", "center = 1", "[center", "\xff", "[center]\nen = [1]"])
def test_a_file_of_hints_that_cannot_be_used(tmp_path, text):
    path = tmp_path / "toy.toml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match="cannot be used"):
        load_hints(path)
    with pytest.raises(UserError, match="get it again"):
        load_hints(tmp_path / "none.toml")


# Of the course.


@pytest.mark.parametrize("exercise", COURSE.exercises, ids=lambda exercise: exercise.name)
def test_the_hints_of_the_course_are_complete(exercise):
    assert hint_problems(exercise) == []


def test_no_hint_holds_a_line_of_a_solution():
    needles = needles_of(COURSE)
    assert find_leaks([PROJECT / "exercises" / "hints"], needles) == []
    assert any(origin.startswith("solutions/attention.py") for origin in needles.values())


def test_no_hint_holds_a_short_line_or_a_right_hand_side_of_a_solution():
    """Shorter than the leak gate's lines, which must not cry at every coincidence."""
    for exercise in COURSE.exercises:
        said = exercise.hints_path.read_text(encoding="utf-8")
        for _number, line in _solution_lines(exercise.reference_source):
            for part in (line.strip(), line.partition(" = ")[2].strip(), line.strip().removeprefix("return ")):
                if re.search(r"[(\[@*/]", part) and len(part) >= 8:
                    assert part not in said, (exercise.name, part)


def test_a_solution_in_a_hint_is_found(own_course):
    line = "return x - x.mean(dim=dim, keepdim=True)"
    assert len(line) >= LINE
    path = own_course.exercise("toy").hints_path
    path.write_text(path.read_text().replace("Look along", f"Write `{line}`. Look along"))
    assert [leak.text for leak in find_leaks([path], needles_of(own_course))] == [line]


@pytest.mark.parametrize(
    "old, new, said",
    [
        ("[total]", "[totals]", "has no steps for total"),
        ("[total]", "[totals]", "has steps for totals, which the stub does not leave to be written"),
        ('"Try [1, 2] by hand.", ', "", "total, needs 3 different steps in 'en'"),
        ('"[1, 2]를 손으로 계산해 보세요."', '""', "total, needs 3 different steps in 'ko'"),
        ('"Square first, or add first?"', '"What is added up?"', "total, needs 3 different steps in 'en'"),
        ("[total]", "[total", "cannot be used"),
    ],
)
def test_hints_that_are_incomplete(own_course, old, new, said):
    toy = own_course.exercise("toy")
    text = toy.hints_path.read_text()
    assert old in text
    toy.hints_path.write_text(text.replace(old, new))
    assert any(said in problem for problem in hint_problems(toy))


# What is remembered.

SUMMARY = Summary(1, 4, 1.0, 4.0, 9, 10.0, True, "the next")


def test_a_summary_is_kept_for_its_key(tmp_path):
    progress = Progress(tmp_path)
    assert progress.summary("toy", "k") is None
    progress.keep_summary("toy", "k", SUMMARY)
    progress.show_hint("toy", "a.1")
    assert Progress(tmp_path).summary("toy", "k") == SUMMARY
    assert Progress(tmp_path).summary("toy", "other") is None
    assert Progress(tmp_path).hints_shown("toy") == ["a.1"]


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '"text"', "[" * 5000, '{"hints": 1, "checked": []}', '{"hints": {"toy": {"a": 1}}}']
)
def test_a_damaged_file_is_begun_anew_and_nothing_is_lost(tmp_path, damage):
    progress = Progress(tmp_path)
    progress.path.parent.mkdir()
    progress.path.write_text(damage)
    assert progress.hints_shown("toy") == []
    assert progress.summary("toy", "k") is None
    progress.show_hint("toy", "a.1")
    assert progress.hints_shown("toy") == ["a.1"]
    is_table = damage.startswith('{"')
    kept = progress.path.with_suffix(".damaged")
    assert kept.exists() is not is_table
    assert is_table or kept.read_text() == damage


def test_a_summary_of_another_version_is_not_taken(tmp_path):
    progress = Progress(tmp_path)
    progress.keep_summary("toy", "k", SUMMARY)
    state = json.loads(progress.path.read_text())
    state["checked"]["toy"]["summary"]["new"] = 1
    progress.path.write_text(json.dumps(state))
    assert progress.summary("toy", "k") is None


def test_a_folder_that_cannot_be_written_to_is_done_without(tmp_path):
    (tmp_path / ".dot2vit").write_text("a file where the folder should be")
    progress = Progress(tmp_path)
    progress.show_hint("toy", "a.1")
    assert progress.hints_shown("toy") == []


def test_what_several_write_at_once_is_all_there(tmp_path):
    def write(number):
        for step in range(5):
            Progress(tmp_path).show_hint("toy", f"{number}.{step}")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Progress(tmp_path).hints_shown("toy")) == 20
    assert not list(tmp_path.rglob("*.draft"))


# The commands.


@pytest.fixture
def folder(own_course, tmp_path, monkeypatch, plain_server):
    """A student's folder with the toys' stubs, no solution and no hidden check; the commands use the warm server."""
    shutil.copytree(own_course.root / "exercises", tmp_path / "mine" / "exercises")
    monkeypatch.chdir(tmp_path / "mine")
    for place in ("grader.student.local_server", "grader.sandbox.started.local_server"):
        monkeypatch.setattr(place, lambda *arguments, **options: contextlib.nullcontext(plain_server))
    return tmp_path / "mine"


def printed(command, *arguments):
    console = Console(file=io.StringIO(), width=120)
    command(console, *arguments)
    return console.file.getvalue()


def row_of(name, text):
    return next(line for line in text.splitlines() if line.strip().startswith(name)).split()[1:]


def test_the_commands_hint_and_status(folder):
    first, second = (printed(student.hint, "toy") for _ in range(2))
    assert "1/3 What should the mean be afterwards?" in first
    assert "2/3" not in first
    assert "2/3 Look along which axis" in second
    text = printed(status)
    assert row_of("toy", text) == ["0/4", "0/4", "10", "2", "not", "started"]
    assert row_of("second", text) == ["0/1", "0/1", "2", "not", "started"]
    assert "Next: exercises/toy.py: “center takes the mean away.”" in text
    assert "have still to say" in text


def test_status_runs_only_what_has_changed(folder, run_grader, own_course):
    before = printed(status)
    # Neither torch nor a worker is asked again: where they cannot be had, the answer is the same.
    blocked = folder / "blocked"
    blocked.mkdir()
    (blocked / "torch.py").write_text("raise ImportError('not to be imported')\n")
    again = run_grader("status", cwd=folder, PYTHONPATH=f"{blocked}:{PROJECT}")
    assert (again.returncode, again.stdout) == (0, before)
    (folder / "exercises" / "toy.py").write_text(own_course.exercise("toy").reference_source)
    assert row_of("toy", printed(status))[-3:] == ["4/4", "10", "done"]


def test_a_verdict_that_may_have_been_the_machines_is_not_kept(folder):
    (folder / "exercises" / "second.py").write_text("import os\nos._exit(3)\n")
    printed(status)
    state = json.loads((folder / ".dot2vit" / "progress.json").read_text())
    assert list(state["checked"]) == ["toy"]


def test_the_file_that_is_checked(own_course, tmp_path, monkeypatch):
    toy = own_course.exercise("toy")
    monkeypatch.chdir(tmp_path)
    assert stub_of(toy) == toy.stub_path
    (tmp_path / "toy.ipynb").write_text("{}")
    assert stub_of(toy) == tmp_path / "toy.ipynb"
    (tmp_path / "toy.py").write_text("")
    assert stub_of(toy) == tmp_path / "toy.py"
