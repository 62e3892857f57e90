"""grader/feedback/: what a student gets back says all that their record says, nothing that is hidden, and is safe to open."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import html
from rich.console import Console

from grader.course import load_course
from grader.errors import UserError
from grader.feedback import make
from grader.feedback.pages import escaped, fenced
from grader.feedback.remarks import remarks_of
from grader.grade import grade
from grader.leaks import find_leaks
from grader.record import Settings
from grader.result import CheckResult, Grade, Verdict
from grader.standing.adjustments import Adjustment
from grader.standing.times import HandedIn
from grader.store import Store
from grader.submission import Submission

SOURCE = '''"""A toy."""


def center(x, dim):
    """Mean away."""
    return x - x.mean(axis=dim, keepdim=missing)


def total(values):
    return 7
'''
SECRET_LINE = "return x - x.mean(dim=dim, keepdim=True)"  # of the toy's reference
HOSTILE = "</pre><script>alert(1)</script>\x1b[31m\u202eabc```\n~~~~\n# not a heading\n![x](https://example.org/x)"
SPEED = {
    "race": "test_s", "function": "total", "measures": "time", "device": "cpu x86_64", "verdict": "passed",
    "ratio": 1.5, "low": 1.0, "high": 2.0, "allowed": 4.0, "rounds": 9, "seconds": 0.1, "roofline": None,
}  # fmt: skip
RAISED = "Your code raised NameError: name 'missing' is not defined\n  line 6, center: return x - x.mean(axis=dim, keepdim=missing)"
CHECKS = [
    CheckResult("test_a", "center takes the mean away.", Verdict.ERROR, 0.0, 3.0, 0.1, RAISED, draw_command="grader draw toy center"),
    CheckResult("test_b", "total is the sum.", Verdict.FAILED, 0.0, 2.0, 0.1, "total: expected 30.0, came 7", "toy-x", "What is added?"),
    CheckResult("test_c", "The shape is kept.", Verdict.PASSED, 1.5, 1.5, 0.1),
    CheckResult("test_s", "It is fast.", Verdict.PASSED, 0.5, 0.5, 0.1, speed_ratio=1.5, speed=SPEED),
    CheckResult("test_o", "It takes little memory.", Verdict.INCONCLUSIVE, 0.0, 1.0, 0.1, "The times scattered too much."),
]  # fmt: skip


def graded(student="ann", source=SOURCE, checks=CHECKS, output="hello\n", exercise="toy", language="en", notes=()):
    sha256 = Submission(student, exercise, source).sha256
    return Grade(student, exercise, checks, sha256, "1+2", "0", "cpu", "bwrap", language, list(notes), output)


@pytest.fixture
def give_back(toy_course, tmp_path):
    """give_back(*grades, files=True, **options): the folder of pages; options are make_feedback's."""

    def perform(*grades, files=True, sources=None, words=(), times=(), **options):
        database = tmp_path / "grades.db"
        database.unlink(missing_ok=True)
        with Store(str(database)) as store:
            store.save([(f"{number}", one) for number, one in enumerate(grades)])
            store.adjust(words, "kim")
            store.hand_in(times)
        for student, source in (sources or {one.student: SOURCE for one in grades}).items():
            (tmp_path / "class" / student).mkdir(parents=True, exist_ok=True)
            (tmp_path / "class" / student / "toy.py").write_text(source, encoding="utf-8")
        options = {"course": toy_course, "submissions": tmp_path / "class" if files else None} | options
        make.make_feedback(Console(file=io.StringIO()), tmp_path / "out", str(database), **options)
        return tmp_path / "out"

    return perform


def texts(folder, student="ann"):
    return [(folder / student / name).read_text(encoding="utf-8") for name in ("feedback.html", "feedback.md")]


def test_a_page_says_what_the_record_says(give_back):
    for text in texts(give_back(graded(notes=["read from Toy.py"]))):
        plain = html.fromstring(text).text_content() if "<html" in text else text.replace("\\", "")
        for part in (
            "A toy", "2 of 8 points", "center takes the mean away.", "0 of 3 points", "expected 30.0, came 7", "What is added?",
            "grader draw toy center", "grader check toy", "hello", "read from Toy.py", "1.5× the reference's time, 4 allowed",
            "1.5 of 1.5 points", "toy.py", "return x - x.mean(axis=dim, keepdim=missing)", "Line 6:", "NameError",
        ):  # fmt: skip
            assert part in plain, part


def test_what_is_open_is_never_a_zero(give_back):
    for text in texts(give_back(graded())):
        assert "open, worth 1" in text and "still open: 1" in text and "neither a zero nor a pass" in text
        assert "0 of 1 points" not in text


def test_a_verdict_that_is_not_known_here_is_open(give_back, monkeypatch):
    record = graded().to_record()
    record["checks"][1]["verdict"] = "postponed"
    part = make.part_of(record, "A toy")
    assert part.is_open and part.open_points == 3 and part.checks[1].points == "open, worth 2"


def test_remarks_stand_at_the_lines_that_are_certain(give_back):
    page = html.fromstring(texts(give_back(graded()))[0])
    (remark,) = page.xpath("//p[@class='remark']")
    assert "Line 6:" in remark.text_content() and "keepdim=missing" in remark.getprevious().text_content()
    record = graded().to_record()
    assert list(remarks_of(record, SOURCE)) == [6]
    assert not remarks_of(record, "\n" + SOURCE)  # what stands there is another line


@pytest.mark.parametrize("language", ["en", "ko"])
def test_lines_are_found_in_both_languages(language, own_course, bwrap_server):
    bad = SOURCE.replace("return 7", "return values @ values")
    with make.i18n.speaking(language):
        settings = Settings(secret=b"secret", sandbox="bwrap")
        (one,) = grade(own_course, own_course.exercise("toy"), [Submission("ann", "toy", bad)], settings, bwrap_server)
    found = remarks_of(one.to_record(), bad)
    assert set(found) == {6, 10}, found  # an exception, and a function that is ruled out


def test_what_students_wrote_steers_nothing(give_back):
    name = "<b>../x"
    checks = [replace(CHECKS[0], message=HOSTILE, title=HOSTILE), *CHECKS[1:]]
    source = SOURCE + "# " + HOSTILE.replace("\n", "\n# ")
    folder = give_back(graded("ann", source, checks, HOSTILE, notes=[HOSTILE]), sources={"ann": source})
    first, second = texts(folder)
    page = html.fromstring(first)
    assert not page.xpath("//script | //img | //iframe | //@onerror | //link | //@src")
    assert "script" in page.text_content()
    for text in (first, second):
        assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)
    outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", second)
    assert "<script" not in outside.replace("\\<", "") and "](http" not in outside.replace("\\]", "")
    assert name not in first


def test_names_that_are_no_folders(give_back, tmp_path):
    folder = give_back(graded("../x"), graded("<b>n"), files=False, sources={"ann": SOURCE})
    assert sorted(path.parent for path in folder.rglob("feedback.html")) == sorted(folder.iterdir())
    assert len(list(folder.iterdir())) == 2 and not (tmp_path / "x").exists()


def test_megabytes_make_no_large_page(give_back):
    source = "x = 1\n" * 10_000
    checks = [replace(CHECKS[1], message="m" * 100_000)]
    folder = give_back(
        graded(source=source, checks=checks, output="o" * 300_000 + "\nline" * 50_000), sources={"ann": source}
    )
    assert all(len(text) < 400_000 for text in texts(folder))
    assert "more lines" in texts(folder)[1]


@pytest.mark.parametrize("place", ["output", "message", "hint", "notes", "word"])
def test_the_gate_lets_nothing_hidden_out(give_back, tmp_path, place):
    facts = (
        {"output": f"{SECRET_LINE}\n"} if place == "output" else {"notes": [SECRET_LINE]} if place == "notes" else {}
    )
    if place in ("message", "hint"):
        facts["checks"] = [replace(CHECKS[1], **{place: f"look: {SECRET_LINE}"})]
    words = [Adjustment("bob", "toy", text=SECRET_LINE)] if place == "word" else []
    with pytest.raises(UserError, match=r"feedback for bob .* solutions/toy\.py:\d+ .*No page was written") as error:
        give_back(graded("ann"), graded("bob", **facts), words=words)
    assert SECRET_LINE not in str(error.value)
    assert place == "word" or f"toy, {'checks[0].' if 'checks' in facts else ''}{place}" in str(error.value)
    assert not list((tmp_path / "out").iterdir())


def test_a_students_own_line_is_no_secret_to_them(give_back):
    own = SOURCE.replace("return x - x.mean(axis=dim, keepdim=missing)", SECRET_LINE)
    raised = RAISED.replace("return x - x.mean(axis=dim, keepdim=missing)", SECRET_LINE)
    one = graded(source=own, checks=[replace(CHECKS[0], message=raised), CHECKS[1]])
    assert all(SECRET_LINE in text for text in texts(give_back(one, sources={"ann": own})))
    # Without the file nobody can tell whose line it is: the number is said, and not the line.
    for text in texts(give_back(one, files=False)):
        assert "line 6, center: …" in text and SECRET_LINE not in text


def test_a_file_that_has_changed_is_not_shown(give_back):
    first, second = texts(give_back(graded(), sources={"ann": SOURCE + "# later\n"}))
    assert "has changed since it was graded" in first and "has changed since it was graded" in second
    assert "# later" not in first + second and "remark" not in html.fromstring(first).xpath("string(//main)")


def test_no_canary_gets_out(own_course, bwrap_server, give_back):
    canary = "kanarienvogel7f3a"
    hidden, reference = own_course.exercise("toy").hidden_path, own_course.exercise("toy").reference_path
    for path in (hidden, reference):
        text = path.read_text(encoding="utf-8")
        text = text.replace(
            "    # BEGIN SOLUTION\n", f"    # BEGIN SOLUTION\n    {canary} = '{canary}'  # {canary}\n", 1
        )
        path.write_text(text + f"\n# {canary}\ndef _{canary}():\n    return '{canary}'\n", encoding="utf-8")
    course = load_course(own_course.root / "exercises" / "course.toml")
    settings = Settings(secret=b"secret", sandbox="bwrap")
    (one,) = grade(course, course.exercise("toy"), [Submission("ann", "toy", SOURCE)], settings, bwrap_server)
    folder = give_back(one, course=course)
    assert "NameError" in texts(folder)[0] and not find_leaks([folder], {canary: "canary"})


def test_the_instructors_word_is_shown_as_such(give_back):
    words = [
        Adjustment("ann", "toy", text="Well tried."),
        Adjustment("ann", "toy", "test_b", 1.0, text="Half is right."),
        Adjustment("ann", "toy", "test_o", 1.0, is_set=True, text="Looked at by hand."),
        Adjustment("ann", "toy", "test_gone", -0.5, text="On a check of old."),
    ]
    for text in texts(give_back(graded(), words=words)):
        plain = html.fromstring(text).text_content() if "<html" in text else text.replace("\\", "").replace("**", "")
        for part in ("Your instructor: Well tried.", "Your instructor: +1: Half is right.", "4 of 8 points",
                     "set to 1: Looked at by hand.", "-0.5: On a check of old."):  # fmt: skip
            assert part in plain, part
        assert "still open" not in plain


def test_what_is_late_or_dropped_is_said(give_back, own_course):
    path = own_course.root / "exercises" / "course.toml"
    rules = "[grading]\ndue = 2026-01-01T00:00:00+00:00\ndrop_lowest = 1\n[late]\nper_day = 0.05\n"
    path.write_text(rules + path.read_text(encoding="utf-8"), encoding="utf-8")
    late = graded()
    times = [("ann", "toy", late.source_sha256, HandedIn(datetime(2026, 1, 1, 12, tzinfo=UTC), "timestamps"))]
    second = graded(exercise="second", checks=[CHECKS[1]])
    first, _second = texts(give_back(late, second, times=times, course=load_course(path)))
    plain = " ".join(html.fromstring(first).text_content().split())
    assert "Points lost by handing in late: 0.4." in plain and "1.6 of 8 points" in plain
    assert "left out of your sum" in plain


def test_nothing_handed_in_is_said_once(give_back):
    checks = [
        replace(one, verdict=Verdict.MISSING, points=0.0, message="There is no file toy.py.", hint="") for one in CHECKS
    ]
    for text in texts(give_back(graded(source=None, checks=checks, output=""), sources={"bob": SOURCE})):
        assert text.count("There is no file toy.py.") == 1 and "All 5 checks" in text


def test_a_roster_gives_names_and_older_pages_stay(give_back, tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text("student,name\nann,Ann Lee\n", encoding="utf-8")
    folder = give_back(graded(), graded("bob"), roster=roster)
    assert "Ann Lee" in texts(folder)[0]
    before = texts(folder, "bob")
    give_back(graded("ann", output="again"), graded("bob", output="again"), students=["ann"])
    assert "again" in texts(folder)[0] and texts(folder, "bob") == before
    assert sorted(path.name for path in folder.iterdir()) == ["ann", "bob"]


def test_bad_input_is_one_sentence(give_back, tmp_path, run_grader):
    with pytest.raises(UserError, match="nothing of zoe"):
        give_back(graded(), students=["zoe"])
    done = run_grader("feedback", tmp_path / "out", "--db", tmp_path / "none.db", "--lang", "en")
    assert done.returncode == 2 and done.stderr.startswith("There is no store") and done.stderr.count("\n") == 1


def test_markdown_takes_text_for_text():
    assert escaped("# a *b* [c](d) <e>\n- f") == r"\# a \*b\* \[c\](d) \<e\> - f"
    assert escaped("1. one") == r"1\. one" and escaped("- one") == r"\- one"
    assert fenced("```\nx\n````").startswith("`````text\n")
