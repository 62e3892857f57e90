"""grader/similarity/: copies rank above honest work, short work is not judged, and no source can do harm."""

import csv
import importlib.util
import io
import json
import re
from pathlib import Path

import pytest
from lxml import html
from rich.console import Console

from grader.course import load_course
from grader.errors import UserError
from grader.record import Settings, new_grade
from grader.report.make import make_report
from grader.result import CheckResult, Verdict
from grader.similarity.compare import ENOUGH, compare
from grader.similarity.make import show_similarity
from grader.similarity.ranking import compare_class
from grader.similarity.sides import pieces, shortened
from grader.similarity.tokens import BREAK, MAX_CHARACTERS, tokens_of
from grader.store import Store
from grader.submission import Submission
from grader.sync import make_stub

PROJECT = Path(__file__).resolve().parent.parent.parent
ORIGINAL = '''
import math

def kept(rows, limit):
    """Rows that are kept."""
    found = []
    for row in rows:
        size = math.sqrt(sum(value * value for value in row))  # its length
        if size <= limit and all(math.isfinite(value) for value in row):
            found.append([round(value / size, 3) if size else 0.0 for value in row])
        elif len(row) > 2:
            found.extend(part for part in row[1:-1] if part != limit)
    return sorted(found, key=lambda row: (len(row), row[::-1]))[: int(limit)]
'''
OTHER = """
import numpy as np

def kept(rows, limit):
    table = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(table, axis=1, keepdims=True)
    mask = (lengths[:, 0] <= limit) & np.isfinite(table).all(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where(lengths > 0, table / lengths, 0).round(3)
    order = np.lexsort(scaled[mask].T)
    return scaled[mask][order].tolist()[: np.floor(limit).astype(int)]
"""


def disguised(source, seed=0):
    """The copy that benchmarks/similarity.py makes."""
    spec = importlib.util.spec_from_file_location("similarity_benchmark", PROJECT / "benchmarks" / "similarity.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.disguised(source, seed)


@pytest.fixture(scope="module")
def course():
    return load_course(PROJECT / "exercises" / "course.toml")


def class_folder(folder, **sources):
    for student, source in sources.items():
        (folder / student).mkdir(parents=True)
        (folder / student / "toy.py").write_text(source, encoding="utf-8")
    return folder


@pytest.fixture
def show(toy_course, tmp_path):
    """show(out name, **sources): what was printed on the toy exercise's class."""

    def perform(out=None, db=None, **sources):
        folder = class_folder(tmp_path / "class", **sources)
        said = io.StringIO()
        console = Console(file=said, width=160)
        show_similarity(console, console, folder, db, ["toy"], tmp_path / out if out else None, 10, course=toy_course)
        return said.getvalue()

    return perform


@pytest.mark.parametrize("name", ["attention", "rnn", "self_attention"])
def test_planted_copies_rank_above_all_honest_pairs(course, name):
    exercise = course.exercise(name)
    honest = {variant.id: variant.source for variant in exercise.alternatives[:9]}
    copied = list(honest)[:3]
    copies = {f"{id} copied": disguised(honest[id], seed) for seed, id in enumerate(copied)}
    given = [exercise.stub_path.read_text(encoding="utf-8"), exercise.reference_source]
    found = compare(honest | copies, given, [variant.source for variant in exercise.misconceptions[:8]])
    assert found.can_judge
    first = [{pair.first, pair.second} for pair in found.pairs[: len(copies)]]
    assert sorted(first, key=sorted) == sorted(({id, f"{id} copied"} for id in copied), key=sorted)


def test_names_comments_layout_and_docstrings_do_not_count():
    first, second = tokens_of(ORIGINAL), tokens_of(disguised(ORIGINAL))
    assert first.letters == second.letters
    assert tokens_of(OTHER).letters != first.letters


def test_the_order_of_definitions_does_not_count():
    first = ORIGINAL + OTHER.replace("def kept", "def other")
    second = OTHER.replace("def kept", "def other") + ORIGINAL
    found = compare({"a": first, "b": second}, [])
    assert found.pairs[0].likeness == pytest.approx(1.0)


def test_what_is_given_and_what_all_have_is_no_evidence():
    own = {"a": ORIGINAL, "b": OTHER}
    assert compare(own, [ORIGINAL]).weights["a"] == 0
    crowd = {f"s{number}": ORIGINAL for number in range(20)} | {"b": OTHER}
    assert compare(crowd, []).weights["s0"] < compare({"a": ORIGINAL, "a2": ORIGINAL, "b": OTHER}, []).weights["a"] / 5


def test_an_exercise_whose_files_are_short_is_not_judged(course, toy_course):
    short = "def softmax(x, dim):\n    e = (x - x.max(dim)).exp()\n    return e / e.sum(dim)\n"
    found = compare({"a": short, "b": short, "c": short}, [])
    assert not found.can_judge and not found.pairs and max(found.weights.values()) < ENOUGH
    exercise = toy_course.exercise("toy")
    stubs = dict.fromkeys("abc", make_stub(exercise.reference_source, "toy"))
    assert not compare_class(exercise, stubs).can_judge


def test_independent_solutions_say_what_is_usual(course):
    exercise = course.exercise("attention")
    found = compare_class(exercise, {"a": ORIGINAL, "b": disguised(ORIGINAL), "c": OTHER})
    assert 0.2 < found.usual < 0.9
    assert [found.is_unusual(pair) for pair in found.pairs if {pair.first, pair.second} == {"a", "b"}] == [True]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def broken(:\n  '''never closed",
        "\x00\x1b[31m\ud800\u202e",
        "(" * 200_000,
        "x = '" + "a" * 1_000_000,
        "f(" * 30_000 + "1" + ",)" * 30_000,
        "é" * 50_000,
        ", ] ) , )" * 20,
    ],
    ids=["empty", "broken", "odd", "deep", "long string", "nested", "long name", "brackets alone"],
)
def test_no_source_is_too_odd_or_too_large(source):
    tokens = tokens_of(source)
    assert len(tokens.letters) == len(tokens.places) <= 2 * MAX_CHARACTERS
    assert all(0 <= start <= end <= MAX_CHARACTERS for start, end in tokens.places)
    found = compare({"a": source, "b": ORIGINAL, "c": OTHER}, [])
    assert len(found.pairs) <= 3


def test_nothing_is_run(tmp_path):
    target = tmp_path / "there"
    source = f"open({str(target)!r}, 'w').close()\n" + ORIGINAL
    compare({"a": source, "b": source}, [source])
    assert not target.exists()


def test_letters_of_a_source_are_never_those_of_tokens():
    assert BREAK not in "".join(letter for letter in tokens_of("x = 1 + foo.bar").letters)
    assert tokens_of(f"a = '{BREAK}'").letters == tokens_of("a = 'b'").letters


def test_several_copies_of_one_file_do_not_fill_the_list(course):
    others = {variant.id: variant.source for variant in course.exercise("attention").alternatives}
    found = compare(
        {f"s{number}": ORIGINAL for number in range(5)} | others, [course.exercise("attention").reference_source]
    )
    assert len([pair for pair in found.pairs if pair.likeness > 0.99]) == 10
    assert [pair.likeness > 0.99 for pair in found.leading(6)] == [True] * 4 + [False] * 2


def test_marks_are_what_both_hold():
    found = compare({"a": ORIGINAL, "b": disguised(ORIGINAL), "c": OTHER}, [])
    pair = found.pairs[0]
    for name, ranges in zip((pair.first, pair.second), found.marks(pair), strict=True):
        source = found.works[name].tokens.source
        marked = "".join(text for text, is_marked in pieces(source, ranges) if is_marked)
        assert "math.isfinite" in marked
        assert "".join(text for text, _ in pieces(source, ranges)) == source


def test_long_stretches_without_a_mark_are_counted():
    lines = [f"line {number}" for number in range(100)]
    assert shortened("\n".join(lines)).split("\n") == [*lines[:4], "⋯ 92 lines ⋯", *lines[-4:]]
    assert shortened("\n".join(lines[:12])) == "\n".join(lines[:12])


def test_the_page_is_escaped_and_needs_no_network(show, tmp_path):
    attack = ORIGINAL + "\n# </pre><script>alert(1)</script>\u202e\x1b[31m\nx = '<img src=https://example.org/x>'\n"
    said = show("pairs.html", **{"<b>ann": attack, "bob": disguised(attack), "cyd": OTHER})
    text = (tmp_path / "pairs.html").read_text(encoding="utf-8")
    page = html.fromstring(text)
    assert not page.xpath("//script | //img | //link | //b") and len(page.xpath("//details")) == 2
    assert page.xpath("//details[1]//mark") and "\u202e" not in text and "\x1b" not in text
    assert "look at both" in said and "no proof" in said


def test_the_report_lays_side_by_side_what_can_be_judged(toy_course, tmp_path):
    sources = {"ann": ORIGINAL, "bob": disguised(ORIGINAL), "cyd": OTHER}
    exercise = toy_course.exercise("toy")
    check = CheckResult("test_one", "It is one.", Verdict.PASSED, 1.0, 1.0, 0.1)
    grades = [
        new_grade(toy_course, exercise, Submission(n, "toy", s), Settings(), [check], "") for n, s in sources.items()
    ]
    with Store(str(tmp_path / "g.db")) as store:
        store.save([(grade.student, grade) for grade in grades])

    def report(name, submissions):
        options = {"similarity": True, "submissions": submissions, "course": toy_course}
        make_report(Console(quiet=True), tmp_path / name, str(tmp_path / "g.db"), [], None, ["en", "ko"], **options)
        return {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / name).glob("*.html")}

    pages = report("judged", class_folder(tmp_path / "class", **sources))
    index = pages["index.html"]
    assert "Likeness is no proof" in index and 'href="toy-similar.html#toy-1"' in index
    assert re.search(r"<bdi>ann \(1\)</bdi></td>.*<bdi>bob \(1\)</bdi></td>.*>100%<", index)
    assert pages["toy-similar.html"].count("<details") == 2 and "<mark>" in pages["toy-similar.html"]
    assert 'href="toy-similar.ko.html#toy-1"' in pages["index.ko.html"]

    pages = report("short", class_folder(tmp_path / "short class", **dict.fromkeys(sources, "x = 1\n")))
    assert "Cannot be judged: 3 of 3 files" in pages["index.html"] and "toy-similar.html" not in pages
    with pytest.raises(UserError, match="There is no folder"):
        report("short", tmp_path / "nowhere")
    assert (tmp_path / "short" / "index.html").exists(), "an older report stays"


def test_json_and_csv(show, tmp_path):
    show("pairs.json", **{"=ann": ORIGINAL, "bob": disguised(ORIGINAL), "cyd": OTHER})
    found = json.loads((tmp_path / "pairs.json").read_text(encoding="utf-8"))
    assert found["exercises"][0]["judged"] is True
    assert (found["pairs"][0]["first"], found["pairs"][0]["second"], found["pairs"][0]["rank"]) == ("=ann", "bob", 1)


def test_csv_defuses_formulas(show, tmp_path):
    show("pairs.csv", **{"=ann": ORIGINAL, "bob": disguised(ORIGINAL), "cyd": OTHER})
    rows = list(csv.DictReader(io.StringIO((tmp_path / "pairs.csv").read_text(encoding="utf-8-sig"))))
    assert rows[0]["first"] == "'=ann" and float(rows[0]["likeness"]) > float(rows[1]["likeness"])


def test_bad_input_is_one_sentence(show, run_grader, tmp_path):
    with pytest.raises(UserError, match=r"pairs\.pdf"):
        show("pairs.pdf", ann=ORIGINAL)
    done = run_grader("similarity", "--submissions", tmp_path / "nowhere", "--lang", "en")
    assert done.returncode == 2 and done.stderr.startswith("There is no folder") and not done.stdout
