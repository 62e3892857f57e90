"""grader/report: the figures, what the findings take from records, the pages, and the command on the toy course."""

import gc
import re
import statistics
import weakref
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from grader.course import load_course
from grader.errors import UserError
from grader.grade import grade
from grader.leaks import find_leaks, needles_of
from grader.record import Settings, new_grade
from grader.report import words
from grader.report.clusters import Answer, _definition, clusters_of, find_clusters
from grader.report.final import counted_final
from grader.report.findings import EVERYBODY_FAILS, NEGATIVE, NOBODY_FAILS
from grader.report.make import MARKER, make_report
from grader.report.measures import FEWEST, discrimination, histogram
from grader.report.pages import titles
from grader.report.tally import findings_of
from grader.result import CheckResult, Verdict
from grader.sandbox.inside.session import Outcome
from grader.standing.adjustments import Adjustment
from grader.standing.final import Standing
from grader.standing.policy import Late, Policy, Rules
from grader.standing.times import HandedIn
from grader.store import Counted, Store, unit_key
from grader.subject import Step
from grader.submission import Submission

HOSTILE = '<script>alert("x")</script>\x1b[31m\u202egnp'


def made(course, student, verdicts, exercise="toy", **facts):
    """A grade with these verdicts (check -> verdict), a point each."""
    checks = [
        CheckResult(
            name,
            f"title of {name}",
            Verdict(verdict),
            float(verdict == "passed"),
            1.0,
            0.25,
            draw_command="grader draw",
        )
        for name, verdict in verdicts.items()
    ]
    grade = new_grade(course, course.exercise(exercise), Submission(student, exercise, "x = 1"), Settings(), checks, "")
    for name, value in facts.items():
        setattr(grade, name, value)
    return grade


BASE = """import numpy as np
import torch
from torch import nn

def center(x, dim):
    shift = torch.mean(x, dim, True)
    return torch.sub(x, shift)

class Affine(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(width)), nn.Parameter(torch.zeros(width))

    def forward(self, x):
        return torch.addcmul(self.bias, x, self.weight)

def total(values):
    {total}
"""
# Two mistakes that have no name, each written in two ways; the third writing of the first is a copy.
TOTALS = {
    "cube-1": "return (values ** 3).sum()",
    "cube-2": "return sum(value * value * value for value in values)",
    "cube-3": "return (values ** 3).sum()",
    "root-1": "return (values ** 2).sum() ** 0.5",
    "root-2": "return np.sqrt(np.square(values).sum())",
    "alone": "return values.max()",
    "right": "return (values ** 2).sum()",
}


@pytest.fixture(scope="module")
def unnamed(toy_course, plain_server):
    """Submissions and grades of TOTALS."""
    submissions = [Submission(name, "toy", BASE.format(total=total)) for name, total in TOTALS.items()]
    settings = Settings(secret=b"secret", sandbox="none")
    return submissions, grade(toy_course, toy_course.exercise("toy"), submissions, settings, plain_server)


def found_in(course, grades):
    return findings_of(course.exercise("toy"), [grade.to_record() for grade in grades])


def stored(path, grades):
    with Store(str(path)) as store:
        store.save([(unit_key(grade.student, grade.exercise), grade) for grade in grades])
    return str(path)


def test_discrimination_is_the_correlation_with_the_rest_of_the_points():
    passed, points = [True, True, False, True, False], [10.0, 9.0, 4.0, 8.0, 7.0]
    rest = [total - 2 * was for total, was in zip(points, passed, strict=True)]
    # The textbook's point-biserial: (mean of those who pass − mean of the others) / s · √(p q)
    right = [value for value, was in zip(rest, passed, strict=True) if was]
    wrong = [value for value, was in zip(rest, passed, strict=True) if not was]
    textbook = (statistics.mean(right) - statistics.mean(wrong)) / statistics.pstdev(rest) * (3 / 5 * 2 / 5) ** 0.5
    assert discrimination(Counter(zip(passed, points, strict=True)), 2.0) == pytest.approx(textbook)


@pytest.mark.parametrize(
    "passed, points", [([], []), ([True], [1.0]), ([True, True], [3.0, 2.0]), ([True, False], [2.0, 1.0])]
)
def test_discrimination_is_nothing_where_nothing_varies(passed, points):
    assert discrimination(Counter(zip(passed, points, strict=True)), 1.0) is None


def test_a_bin_holds_its_lower_bound_and_the_last_one_full_marks():
    assert histogram(Counter([0.0, 0.1, 0.3, 0.99, 1.0])) == [1, 1, 0, 1, 0, 0, 0, 0, 0, 2]


def test_checks_that_all_pass_that_all_fail_and_that_the_good_fail(toy_course):
    grades = [
        made(
            toy_course,
            f"s{n}",
            {"easy": "passed", "hard": "failed", "odd": "failed" if n < 6 else "passed"}
            | {f"c{k}": "passed" if n < 6 else "failed" for k in range(3)},
        )
        for n in range(FEWEST)
    ]
    remarks = {item.name: item.remarks for item in found_in(toy_course, grades).items}
    assert remarks["easy"] == [NOBODY_FAILS] and remarks["hard"] == [EVERYBODY_FAILS] and remarks["odd"] == [NEGATIVE]
    assert remarks["c0"] == []
    few = found_in(toy_course, grades[: FEWEST - 1])
    assert few.remarkable == []


def test_what_is_open_is_neither_failed_nor_passed_nor_a_number(toy_course):
    grades = [
        made(toy_course, "a", {"one": "passed", "two": "grader_error"}),
        made(toy_course, "b", {"one": "passed", "two": "failed"}),
        made(toy_course, "c", {"one": "missing", "two": "missing"}),
    ]
    found = found_in(toy_course, grades)
    one, two = found.items
    assert (one.judged, one.passed) == (2, 2) and (two.judged, two.passed, two.open) == (1, 0, 1)
    assert found.shares == {0.5: 1}
    assert [words.points_words(row) for row in found.rows] == ["?", "1", "0 ○"]
    assert found.reviews.shown == [("a", "two: grader_error")]
    assert found.unnamed == [("b", "two")]
    assert words.kind("a verdict of tomorrow") == "open" and words.sign("a verdict of tomorrow") == "?"


def test_mistakes_are_counted_by_student(toy_course):
    grades = [made(toy_course, name, {"one": "failed", "two": "failed"}) for name in ("a", "b")]
    for check in (*grades[0].checks, grades[1].checks[0]):
        check.misconception, check.hint = "toy-mistake", "Think."
    (mistake,) = found_in(toy_course, grades).mistakes
    assert mistake.students.shown == ["a", "b"] and list(mistake.checks) == ["one", "two"]
    assert words.hint(toy_course.exercise("toy"), mistake) == "Think."


def test_the_pages_show_hostile_text_as_text(toy_course, tmp_path, capsys):
    from rich.console import Console

    grades = [
        made(toy_course, HOSTILE, {"test_toy": "failed"}, notes=[HOSTILE * 100]),
        made(toy_course, "b", {"test_toy": "grader_error"}),
    ]
    make_report(
        Console(), tmp_path / "out", stored(tmp_path / "g.db", grades), [], None, ["en", "ko"], course=toy_course
    )
    pages = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "out").glob("*.html")}
    assert {"index.html", "index.ko.html", "toy.html", "toy.ko.html"} == set(pages)
    for text in pages.values():
        assert "<script>alert" not in text and "&lt;script&gt;alert" in text
        assert "\x1b" not in text and "\u202e" not in text
        assert len(text) < 60_000
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), "nothing is loaded from elsewhere"
    assert 'lang="ko"' in pages["index.ko.html"] and 'href="index.ko.html"' in pages["index.html"]


def test_titles_are_there_in_both_languages():
    from pathlib import Path

    from grader import i18n

    exercise = load_course(Path(__file__).parents[2] / "exercises" / "course.toml").exercise("dot")
    english = titles(exercise)["test_dot_shape"]
    i18n.set_language("ko")
    korean = titles(exercise)["test_dot_shape"]
    assert english == "dot_shape gives np.dot's shape for vectors and matrices."
    assert re.search("[가-힣]", korean)


def test_only_an_older_report_is_replaced(toy_course, tmp_path):
    from rich.console import Console

    db = stored(tmp_path / "g.db", [made(toy_course, "a", {"one": "passed"})])
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="no report of ours"):
        make_report(Console(), mine, db, [], None, ["en"], course=toy_course)
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    (mine / "thesis.txt").rename(tmp_path / "thesis.txt")
    for _ in range(2):
        make_report(Console(), mine, db, [], None, ["en"], course=toy_course)
        assert (mine / MARKER).exists() and not list(mine.glob("*.ko.html"))
    assert not list(tmp_path.glob(".*")), "no draft is left"


def test_those_on_the_roster_are_there_without_a_grade(toy_course, tmp_path):
    from rich.console import Console

    db = stored(tmp_path / "g.db", [made(toy_course, "a", {"one": "passed"})])
    (tmp_path / "roster.csv").write_text("student,name\nzoe,Zoe Kim\na,Ann Lee\n", encoding="utf-8")
    make_report(Console(), tmp_path / "out", db, [], tmp_path / "roster.csv", ["en"], course=toy_course)
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert index.index("Zoe Kim") < index.index("Ann Lee")


def test_late_work_and_adjustments_are_shown(toy_course, tmp_path):
    from rich.console import Console

    due = datetime(2026, 11, 20, tzinfo=UTC)
    course = replace(toy_course, policy=Policy(rules={"toy": Rules(due, Late(share=0.25))}))
    grades = [made(course, name, {"one": "passed", "two": "passed"}) for name in ("ann", "bob", "cyd")]
    db = stored(tmp_path / "g.db", grades)
    with Store(db) as store:
        at = HandedIn(due + timedelta(hours=1), "timestamps")
        store.hand_in([("ann", "toy", grades[0].source_sha256, at)])
        store.adjust([Adjustment("bob", "toy", "two", -0.5, text=HOSTILE)], "prof")
    make_report(Console(quiet=True), tmp_path / "out", db, [], None, ["en"], course=course)
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    section = page[page.index('<section id="final"') : page.index('<section id="exercises"')]
    ann, bob = (re.sub("(<[^>]+>)+", "|", row) for row in re.findall("<tr>.*?</tr>", section)[1:])
    assert ann.startswith("|ann|toy|2|−0.5|1.5|Handed in 1 h after it was due (2026-11-20 00:00:00 UTC): −0.5 points.|")
    assert bob.startswith("|bob|toy|2|−0.5|1.5|") and "&lt;script&gt;" in bob and "by prof: −0.5 points" in bob
    assert "nobody knows when, so that nothing is lost by being late: 2." in section


def test_an_empty_store_and_none_at_all_are_said(toy_course, tmp_path):
    from rich.console import Console

    with pytest.raises(UserError, match="There is no store"):
        make_report(Console(), tmp_path / "out", str(tmp_path / "no.db"), [], None, ["en"], course=toy_course)
    db = stored(tmp_path / "g.db", [])
    with pytest.raises(UserError, match="holds nothing"):
        make_report(Console(), tmp_path / "out", db, [], None, ["en"], course=toy_course)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "source, function, example",
    [
        ("import os\n\ndef f(\n    x,\n):\n    return x\n\nprint(1)\n", "f", "def f(\n    x,\n):\n    return x"),
        ("def f():\n    pass\ndef f():\n    return 2\n", "f", "def f():\n    return 2"),
        (
            "class Net:\n    def forward(self):\n        pass\nx = 1\n",
            "Net.forward",
            "class Net:\n    def forward(self):\n        pass",
        ),
        ("f = lambda x: x\n", "f", "f = lambda x: x"),
        ("def gru_cell(x):\n    return x\n", "gru.gru_cell", "def gru_cell(x):\n    return x"),
    ],
)
def test_an_example_is_the_definition_of_what_was_called(source, function, example):
    assert _definition(source, function) == example


def test_students_with_the_same_wrong_answers_are_one_cluster(toy_course, unnamed, monkeypatch):
    from grader.report import clusters

    submissions, grades = unnamed
    ran = []
    answers = clusters.answers
    monkeypatch.setattr(clusters, "answers", lambda *args: (ran.extend(args[2]), answers(*args))[1])
    found = found_in(toy_course, grades)
    groups = find_clusters(toy_course, toy_course.exercise("toy"), submissions, found.unnamed, None, b"secret")
    assert [group.students for group in groups] == [("cube-1", "cube-2", "cube-3"), ("root-1", "root-2"), ("alone",)]
    assert [one.student for one in ran] == ["cube-1", "cube-2", "root-1", "root-2", "alone"], "a copy runs once"
    cube = groups[0]
    assert list(cube.checks) == ["test_total_values"] and "expected" in cube.checks["test_total_values"]
    assert (cube.function, cube.author, cube.example) == (
        "total",
        "cube-1",
        "def total(values):\n    return (values ** 3).sum()",
    )


def test_of_the_same_answers_one_is_held():
    answers = []

    def found():
        for number in range(20):
            answer = Answer([Step("call", "f", Outcome(value=number % 2))], "wrong")
            answers.append(weakref.ref(answer))
            yield f"s{number}", "test_f", answer
            del answer
            gc.collect()
            assert sum(ref() is not None for ref in answers) <= 3  # one of each kind, and the last one

    clusters = clusters_of(found(), {f"s{number}": "def f(): pass" for number in range(20)})
    assert [len(cluster.students) for cluster in clusters] == [10, 10]


def test_the_command_finds_clusters_and_leaks_nothing(toy_course, unnamed, tmp_path):
    from rich.console import Console

    submissions, grades = unnamed
    for submission in submissions:
        folder = tmp_path / "class" / submission.student
        folder.mkdir(parents=True)
        (folder / "toy.py").write_text(submission.source, encoding="utf-8")
    (tmp_path / "class" / "root-2" / "toy.py").write_text("x = 1", encoding="utf-8")  # not what was graded
    with Console(record=True, width=300) as console:
        make_report(
            console, tmp_path / "out", stored(tmp_path / "g.db", grades), [], None, ["en", "ko"],
            clusters=True, submissions=tmp_path / "class", sandbox="none", course=toy_course,
        )  # fmt: skip
    assert "as the file is not the one that was graded: root-2" in console.export_text()
    page = (tmp_path / "out" / "toy.html").read_text(encoding="utf-8")
    assert "An example, by: <bdi>cube-1</bdi>" in page and "return (values ** 3).sum()" in page
    assert find_leaks([tmp_path / "out"], needles_of(toy_course)) == []


def test_what_counts_in_the_end_is_counted_whole_and_shown_up_to_a_limit(toy_course):
    course = toy_course
    record = made(course, "ann", {"a": "passed"}).to_record()

    def standing(number, points):
        return Standing(grade=Counted.of_record(record | {"student": f"s{number}"}), points=points)

    found = counted_final([standing(number, 0.5 if number % 2 else 1.0) for number in range(10)], limit=3)
    assert [one.student for one in found.changed] == ["s1", "s3", "s5"] and found.count == 5
    assert counted_final([standing(0, 1.0)]).changed == []
