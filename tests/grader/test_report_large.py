"""grader/report for classes of any size: one pass, bounded tables, CSV files beside them, and the figures of a naive count."""

import csv
import random
import re
import statistics
import tracemalloc

import pytest
from rich.console import Console

from grader.record import Settings, new_grade
from grader.report.gather import Bounds, gather
from grader.report.make import make_report
from grader.report.measures import Sample, mean, median
from grader.report.picked import Picked
from grader.report.tables import Tables, tables_in
from grader.report.tally import MOST_KINDS, Tally, findings_of
from grader.result import CheckResult, Verdict, is_open
from grader.store import Outcome, Store
from grader.submission import Submission

CHECKS = [f"test_{letter}" for letter in "abcdef"]
SPEED = {"race": "test_f", "function": "f", "device": "cpu x86_64", "allowed": 3.0, "low": 1.0, "high": 2.0}


def a_grade(course, student, chance, exercise="toy"):
    """Somebody's grade, as it may be: mostly right, some with a misconception, an open check, a note, or nothing begun."""
    kind = chance.random()
    checks = []
    for number, name in enumerate(CHECKS):
        verdict = Verdict.PASSED if chance.random() < 0.8 else Verdict.FAILED
        verdict = Verdict.MISSING if kind < 0.1 else verdict
        worth = 0.5 + number / 4
        check = CheckResult(name, f"title of {name}", verdict, worth * (verdict == "passed"), worth, chance.random())
        if verdict == Verdict.FAILED:
            check.draw_command = "grader draw"
            if chance.random() < 0.3:
                check.misconception, check.hint = f"toy-{chance.randrange(3)}", "Think."
        checks.append(check)
    if kind > 0.95:
        checks[0].verdict, checks[0].points = Verdict.GRADER_ERROR, 0.0
    if kind >= 0.1:
        checks[-1].speed = SPEED | {"ratio": chance.uniform(0.5, 5), "verdict": str(checks[-1].verdict)}
    made = new_grade(course, course.exercise(exercise), Submission(student, exercise, "x"), Settings(), checks, "")
    made.notes = ["read as CP949"] if chance.random() < 0.1 else []
    return made


def a_class(course, students, seed=1):
    chance = random.Random(seed)
    return [a_grade(course, f"s{number:05}", chance) for number in range(students)]


def stored(path, grades):
    with Store(str(path)) as store:
        store.save([(f"{grade.student}-{grade.exercise}", grade) for grade in grades])
    return str(path)


def report(course, grades, tmp_path, roster=None, **bounds):
    """The folder of a report in English."""
    make_report(
        Console(), tmp_path / "out", stored(tmp_path / "g.db", grades), [], roster, ["en"], course=course,
        bounds=Bounds(**bounds),
    )  # fmt: skip
    return tmp_path / "out"


def rows_of(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_the_figures_are_those_of_a_naive_count(toy_course):
    records = [grade.to_record() for grade in a_class(toy_course, 400)]
    found = findings_of(toy_course.exercise("toy"), records)
    begun = [record for record in records if record["checks"][0]["verdict"] != "missing"]
    final = [record for record in begun if not record["needs_review"]]
    assert len({Outcome.of_record(record).checks for record in records}) > 100, "many kinds of grades"
    assert (found.graded, found.begun, found.final) == (400, len(begun), len(final))
    shares = [record["points"] / record["max_points"] for record in final]
    assert found.mean == pytest.approx(statistics.fmean(shares), abs=1e-12)
    assert found.median == pytest.approx(statistics.median(shares), abs=1e-12)
    for place, item in enumerate(found.items):
        checks = [record["checks"][place] for record in begun]
        judged = [check for check in checks if not is_open(check["verdict"])]
        assert (item.name, item.judged, item.open) == (CHECKS[place], len(judged), len(checks) - len(judged))
        assert item.passed == sum(check["verdict"] == "passed" for check in judged)
        passed = [record["checks"][place]["verdict"] == "passed" for record in final]
        rest = [record["points"] - item.max_points * was for record, was in zip(final, passed, strict=True)]
        assert item.index == pytest.approx(statistics.correlation(list(map(float, passed)), rest), abs=1e-12)
        seconds = [check["seconds"] for check in checks]
        assert item.seconds == (statistics.median(seconds), max(seconds))
    (race,) = found.races
    ratios = [record["checks"][-1]["speed"]["ratio"] for record in begun]
    assert race.results.seen == len(ratios) and race.median == statistics.median(ratios)
    assert race.passed == sum(record["checks"][-1]["speed"]["verdict"] == "passed" for record in begun)
    for mistake in found.mistakes:
        who = [r["student"] for r in records if mistake.id in {check["misconception"] for check in r["checks"]}]
        assert mistake.students.shown == who and mistake.hint == "Think."
    wrong = [
        (record["student"], check["name"])
        for record in records
        for check in record["checks"]
        if check["verdict"] == "failed" and check["misconception"] is None and not check["speed"]
    ]
    assert found.unnamed == wrong and found.unnamed_students == len({student for student, _check in wrong})
    assert [entry[0] for entry in found.notes.shown] == [record["student"] for record in records if record["notes"]]


def test_kinds_that_are_forgotten_are_counted_once(toy_course, monkeypatch):
    records = [grade.to_record() for grade in a_class(toy_course, 200)]
    whole = findings_of(toy_course.exercise("toy"), records)
    assert MOST_KINDS > 200
    monkeypatch.setattr("grader.report.tally.MOST_KINDS", 3)
    monkeypatch.setattr("grader.report.tally.TOGETHER", 7)
    assert findings_of(toy_course.exercise("toy"), records).items == whole.items


def test_a_large_class_is_a_bounded_page_and_whole_files(toy_course, tmp_path):
    grades = a_class(toy_course, 300)
    out = report(toy_course, grades, tmp_path, whole=100, some=8)
    index, page = ((out / name).read_text(encoding="utf-8") for name in ("index.html", "toy.html"))
    reviewed = [grade.student for grade in grades if grade.needs_review]
    for text, table in ((index, "class-table"), (page, "map-table")):
        rows = re.findall(
            r'<th scope="row"><bdi>(s\d+)</bdi>', text.partition(f'id="{table}"')[2].partition("</table>")[0]
        )
        assert len(rows) == 16 and set(reviewed[:8]) <= set(rows)
        begun = [grade for grade in grades if not grade.needs_review and grade.checks[0].verdict != Verdict.MISSING]
        fewest = sorted(grade.points for grade in begun)[:8]
        points = {grade.student: grade.points for grade in grades}
        assert sorted(points[student] for student in rows if student not in reviewed) == fewest
        assert f"of the {len(reviewed)} who need review the first 8" in text and "has 16" in text
    assert 'href="class.csv"' in index and 'href="toy.csv"' in page
    assert len(page) < 60_000
    more = len(reviewed) - 8
    assert f"and {more} more, in" in page.partition('id="review"')[2]
    assert [row["student"] for row in rows_of(out / "class.csv")] == [grade.student for grade in grades]
    for row, grade in zip(rows_of(out / "toy.csv"), grades, strict=True):
        assert row["student"] == grade.student and row["notes"] == "; ".join(grade.notes)
        assert row["points"] == ("" if grade.needs_review else f"{grade.points:g}")
        assert row["needs_review"] == ("yes" if grade.needs_review else "no")
        assert [row[name] for name in CHECKS] == [str(check.verdict) for check in grade.checks]
        assert set(filter(None, row["misconceptions"].split("; "))) == {c.misconception for c in grade.checks} - {None}
    assert sorted(path.name for path in out.glob("*.csv")) == ["class.csv", "toy.csv"]


def test_a_class_that_fits_is_whole_and_has_no_files(toy_course, tmp_path):
    out = report(toy_course, a_class(toy_course, 100), tmp_path, whole=100, some=8)
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "too large" not in index and len(re.findall(r'<th scope="row"><bdi>s\d+', index)) >= 100
    assert not list(out.glob("*.csv"))


def test_those_of_the_roster_without_a_grade_are_in_the_file(toy_course, tmp_path):
    (tmp_path / "roster.csv").write_text("student,name\nzoe,=Zoe\ns00001,김서준\n", encoding="utf-8")
    out = report(toy_course, a_class(toy_course, 12), tmp_path, tmp_path / "roster.csv", whole=10, some=3)
    rows = {row["student"]: row for row in rows_of(out / "class.csv")}
    assert len(rows) == 13 and rows["s00001"]["name"] == "김서준"
    assert rows["zoe"]["name"] == "'=Zoe", "no formula"
    assert rows["zoe"]["toy"] == "" and rows["zoe"]["points"] == "0"


def test_a_check_that_later_grades_have_is_a_column_for_all(toy_course, tmp_path):
    early, late = a_class(toy_course, 2)
    late.checks.append(CheckResult("test_new", "New.", Verdict.PASSED, 1.0, 1.0, 0.1))
    late.notes = ['two\nlines, and a "quote"']
    with tables_in(tmp_path, ["toy"], {}) as tables:
        tally = Tally(toy_course.exercise("toy"))
        for grade in (early, late):
            outcome = Outcome.of_record(grade.to_record())
            tables.add_grade(outcome, tally.add(outcome))
    with open(tmp_path / "toy.csv", encoding="utf-8-sig", newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["test_new"], second["test_new"]) == ("", "passed")
    assert second["notes"] == late.notes[0] and first[CHECKS[0]] == str(early.checks[0].verdict)


def test_nothing_is_left_where_a_report_fails_half_way(toy_course, tmp_path, monkeypatch):
    monkeypatch.setattr(Tables, "add_student", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report(toy_course, a_class(toy_course, 12), tmp_path, whole=10, some=3)
    assert [path.name for path in tmp_path.iterdir() if not path.name.startswith("g.db")] == []


def test_memory_does_not_grow_with_the_class(toy_course, monkeypatch):
    monkeypatch.setattr("grader.report.measures.ENOUGH", 50)
    chance = random.Random(2)
    records = {str(number): a_grade(toy_course, "", chance).to_record() for number in range(30)}
    some = [Outcome.of_record(record, key) for key, record in records.items()]

    def peak(students):
        grades = (some[n % len(some)]._replace(student=f"s{n:06}") for n in range(students))
        exercises = [toy_course.exercise("toy")]
        tracemalloc.start()
        gather(toy_course, exercises, grades, records.__getitem__, limit=20, with_unnamed=False)
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak(3000)  # Python itself keeps up to 2,000 tuples for their next use
    assert peak(12_000) < 1.25 * few


def test_a_sample_is_whole_while_it_is_small_and_even_when_it_is_not():
    small, large = Sample(8), Sample(8)
    for value in range(8):
        small.add(value)
    for value in range(1000):
        large.add(value)
    assert small.values == list(range(8)) and small.step == 1
    assert large.values == list(range(0, 1000, large.step)) and 4 <= len(large.values) <= 8 and large.seen == 1000


def test_mean_and_median_of_counts():
    values = [3.0, 1.0, 1.0, 2.0, 2.0, 2.0]
    counts = {value: values.count(value) for value in values}
    assert mean(counts) == pytest.approx(statistics.fmean(values))
    for drop in (0, 1):
        assert median({value: values[drop:].count(value) for value in values[drop:]}) == statistics.median(
            values[drop:]
        )
    assert mean({}) is None and median({}) is None


def test_of_equals_the_first_are_picked_and_who_has_begun_nothing_is_not():
    picked = Picked(2)
    for line in [
        ("a", 5.0, False, True), ("b", 0.0, False, False), ("c", 1.0, False, True), ("d", 1.0, False, True),
        ("e", 1.0, False, True), ("f", 9.0, True, True), ("g", 0.0, True, False), ("h", 0.0, True, True),
    ]:  # fmt: skip
        picked.add(*line)
    assert picked.all == ["c", "d", "f", "g"]
