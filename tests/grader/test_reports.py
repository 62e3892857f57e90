"""grader/reports: they read records and decide nothing, and nothing that a student wrote steers a reader's program."""

import csv
import io
import json
import unicodedata

import pytest
from rich.console import Console

from grader import i18n
from grader.errors import MachineFault
from grader.reports.records import folders_of, write_csv, write_json
from grader.reports.terminal import class_table, plain, print_record, verdict_name
from grader.result import CheckResult, Grade, Verdict
from grader.standing.final import final_points
from grader.store import Counted


def record(student="ann", exercise="toy", *checks, output="", notes=()):
    checks = checks or (CheckResult("test_a", "A.", Verdict.PASSED, 2.0, 2.0, 0.1),)
    grade = Grade(student, exercise, list(checks), "ab" * 32, "1+2", "0", "cpu", "bwrap", "en", list(notes), output)
    return grade.to_record()


MORE = ["late_penalty", "adjusted", "dropped"]


def counted(*records):
    return [final_points(Counted.of_record(record)) for record in records]


def failed(message, name="test_a", hint=""):
    check = CheckResult(name, f"{name} is right.", Verdict.FAILED, 0.0, 1.0, 0.1, message)
    check.hint = hint
    return check


def printed(draw, *arguments):
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    if draw is class_table:
        console.print(class_table(*arguments))
    else:
        draw(console, *arguments)
    return console.file.getvalue()


@pytest.mark.parametrize(
    "text",
    ["\x1b[2J", "\x00", "\x9b31m", "\r", "\x08", "\u202eabc", "\u2066", "\ud800", "\udcff", "\x7f"],
    ids=ascii,
)
def test_control_characters_are_shown_as_dots(text):
    shown = plain(f"a{text}b\n\tc")
    assert not set(shown) & set(text) - set("[2J31mabc")
    shown.encode()
    assert shown.endswith("b\n\tc")


@pytest.mark.parametrize(
    "evil", ["[red]x[/red]", "[/]", "[link=file:///etc]x[/link]", ":smile:", "\x1b]8;;http://evil\x07", "\ud800"]
)
def test_nothing_of_a_students_is_markup(evil):
    text = printed(print_record, record("ann", "toy", failed(evil, hint=evil), output=evil, notes=[evil]), "A toy")
    assert "\x1b" not in text
    text.encode()
    if "\x1b" not in evil and "\ud800" not in evil:
        assert text.count(evil) == 4
    table = printed(class_table, counted(record(evil)), ["toy"])
    assert "\x1b" not in table
    table.encode()


def test_one_message_for_all_checks_is_told_once():
    checks = [failed("no file", f"test_{n}") for n in range(5)]
    text = printed(print_record, record("ann", "toy", *checks), "A toy")
    assert text.count("no file") == 1
    assert "All 5 checks" in text
    assert "0/5" in text


def test_a_hint_that_several_checks_share_is_told_once():
    checks = [failed(f"message {n}", f"test_{n}", hint="Which axis?") for n in range(3)]
    text = printed(print_record, record("ann", "toy", *checks), "A toy")
    assert text.count("Which axis?") == 1
    assert text.count("the same mistake as above") == 2


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_command_that_draws_such_inputs_is_one_line(language):
    i18n.set_language(language)
    check = failed("wrong")
    assert "grader draw" not in printed(print_record, record("ann", "toy", check), "A toy")
    check.draw_command = "grader draw toy center"
    lines = printed(print_record, record("ann", "toy", check), "A toy").splitlines()
    assert sum("grader draw toy center" in line for line in lines) == 1


def test_a_record_of_an_older_version_is_shown_as_well():
    old = record("ann", "toy", failed("wrong"), CheckResult("test_b", "B.", Verdict.PASSED, 1.0, 1.0, 0.1))
    del old["checks"][0]["draw_command"], old["versions"]
    for check in old["checks"]:
        del check["speed"]
    text = printed(print_record, old, "A toy")
    assert "wrong" in text
    assert "×" not in text


def timed(verdict, **facts):
    """A check with what was measured in it, as race.py writes it."""
    speed = {"race": "test_a", "function": "f", "device": "cpu x86_64", "ratio": 1.304, "low": 1.25, "high": 1.41}
    speed |= {"allowed": 4.0, "rounds": 15, "seconds": 0.002, "roofline": 0.3} | facts
    points = 2.0 if verdict == Verdict.PASSED else 0.0
    message = "" if verdict == Verdict.PASSED else "what became of it"
    return CheckResult(
        "test_a", "A.", verdict, points, 2.0, 0.1, message, speed=speed, speed_ratio=speed["ratio"]
    )  # fmt: skip


@pytest.mark.parametrize(
    "verdict, is_told", [(Verdict.PASSED, True), (Verdict.INCONCLUSIVE, True), (Verdict.FAILED, False)]
)
def test_a_check_that_was_timed_tells_its_speed_once(verdict, is_told):
    text = printed(print_record, record("ann", "toy", timed(verdict)), "A toy")
    assert ("1.3× the reference's time, 4 allowed (cpu x86_64)" in text) == is_told


@pytest.mark.parametrize(
    "facts, told",
    [
        ({"ratio": 1234.5, "allowed": 2000.0}, "1234× the reference's time, 2000 allowed (cpu x86_64)"),
        ({"ratio": 0.0321}, "0.0321× the reference's time, 4 allowed (cpu x86_64)"),
        ({"allowed": None}, "1.3× the reference's time (cpu x86_64)"),
        ({"measures": "memory"}, "1.3× the reference's memory, 4 allowed (cpu x86_64)"),
        ({"device": "NVIDIA\x1b[2J"}, "(NVIDIA·[2J)"),
    ],
)
def test_what_was_measured_is_one_line(facts, told):
    assert told in printed(print_record, record("ann", "toy", timed(Verdict.PASSED, **facts)), "A toy")


def test_long_output_is_cut():
    text = printed(print_record, record(output="\n".join(f"line {n}" for n in range(100))), "A toy")
    assert "line 9" in text
    assert "line 11" not in text
    assert "and 90 more lines" in text


def test_the_class_table_shows_points_sums_and_what_needs_review():
    broken = CheckResult("test_a", "A.", Verdict.GRADER_ERROR, 0.0, 2.0, 0.1)
    missing = CheckResult("test_a", "A.", Verdict.MISSING, 0.0, 2.0, 0.1)
    records = [record("ann"), record("ann", "second"), record("bob", "toy", broken), record("cho", "toy", missing)]
    lines = printed(class_table, counted(*records), ["toy", "second"]).splitlines()
    ann, bob, cho = (next(line for line in lines if name in line) for name in ("ann", "bob", "cho"))
    assert ann.split() == ["ann", "2", "2", "4"]
    assert "review" in bob
    assert "review" not in ann + cho
    assert "missing" in cho


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_verdict_has_a_name(language):
    i18n.set_language(language)
    assert len({verdict_name(verdict) for verdict in Verdict}) == len(Verdict)


def test_records_are_written_as_they_are(tmp_path):
    written = record("김서준", output="\ud800 한글")
    write_json([written, record("bob")], tmp_path / "out")
    text = (tmp_path / "out" / "김서준" / "toy.json").read_text(encoding="utf-8")
    assert json.loads(text) == written
    assert "한글" in text
    assert sorted(path.name for path in (tmp_path / "out").rglob("*.json")) == ["toy.json", "toy.json"]


def test_a_record_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    write_json([record()], tmp_path)
    before = (tmp_path / "ann" / "toy.json").read_bytes()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.files.os.replace", fail)
    with pytest.raises(MachineFault, match="No space left on device"):
        write_json([record(output="new")], tmp_path)
    assert (tmp_path / "ann" / "toy.json").read_bytes() == before


def test_the_csv_has_a_row_a_student(tmp_path):
    path = tmp_path / "deep" / "points.csv"
    write_csv(counted(record("ann"), record("ann", "second"), record('bob, the "builder"\nx')), ["toy", "second"], path)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert rows[0] == ["student", "toy", "second", "points", "max_points", "needs_review", *MORE]
    assert rows[1] == ["ann", "2.0", "2.0", "4.0", "4.0", "no", "0.0", "0.0", ""]
    assert rows[2] == ['bob, the "builder"\nx', "2.0", "", "2.0", "2.0", "no", "0.0", "0.0", ""]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "－kim"])
def test_no_name_is_a_formula(tmp_path, name):
    write_csv(counted(record(name)), ["toy"], tmp_path / "points.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "points.csv").read_bytes().decode("utf-8-sig"), newline="")))
    assert rows[1][0] == "'" + name


def test_a_table_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "points.csv"
    write_csv(counted(record("ann")), ["toy"], path)
    before = path.read_bytes()

    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("grader.files.os.replace", fail)
    with pytest.raises(MachineFault, match="No space left on device"):
        write_csv(counted(record("bob")), ["toy"], path)
    assert path.read_bytes() == before


ODD_NAMES = ["../evil", "/etc", "a/b", "a\\b", "..", ".", "", "CON", "nul.txt", "trailing.", " ", ".hidden", "x" * 300,
             "가" * 100, "Ann", "ann", "ANN", "김", "\u1100\u1175\u11b7", "a\nb", "a:b", "\ud800", "-rf", "😀", 'say "hi"', "kim, minjun"]  # fmt: skip


def test_every_student_has_a_folder_of_their_own_that_any_file_system_takes(tmp_path):
    records = [record(name) for name in ODD_NAMES]
    write_json(records, tmp_path / "out")
    folders = folders_of(ODD_NAMES)
    taken = {unicodedata.normalize("NFC", folder).casefold() for folder in folders.values()}
    assert len(taken) == len(set(ODD_NAMES))
    for name, folder in folders.items():
        assert len(folder.encode()) <= 255
        assert not set(folder) & set('<>:"/\\|?*\n\0')
        assert json.loads((tmp_path / "out" / folder / "toy.json").read_text("utf-8"))["student"] == name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert len(list((tmp_path / "out").iterdir())) == len(set(ODD_NAMES))


@pytest.mark.parametrize("name", ["ann", "김서준", "-rf", "😀", "kim, minjun", "Kim Min Jun_12"])
def test_a_usual_name_is_the_folders_name(name):
    assert folders_of([name, "other"])[name] == name
