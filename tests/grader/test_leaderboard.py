"""`grader leaderboard`: who was how fast, by the ratio to the reference, and without a name unless one is asked for."""

import json
import re
import time
import unicodedata

import pytest
from rich.console import Console

from grader import i18n, instructor
from grader.errors import UserError
from grader.reports.leaderboard import boards, print_boards
from grader.reports.pseudonym import ADJECTIVES, ANIMALS, pseudonyms
from grader.result import CheckResult, Grade, Verdict
from grader.store import Store

CPU, H100 = "cpu x86_64", "NVIDIA H100 80GB HBM3"


def timed(ratio, race="test_fast", verdict=Verdict.PASSED, **facts):
    speed = {"race": race, "function": "center", "device": CPU, "ratio": ratio, "low": ratio * 0.9, "high": ratio * 1.1}
    speed |= {"allowed": 4.0, "rounds": 15, "seconds": 0.002, "roofline": 0.25} | facts
    return CheckResult(race, "Fast.", verdict, 1.0, 1.0, 0.1, speed=speed, speed_ratio=ratio)


def graded(student, *checks, device=CPU, exercise="toy", sha="ab" * 32):
    return Grade(student, exercise, list(checks), sha, "1+2", "0", device, "bwrap", "en")


def records(*grades):
    return [grade.to_record() for grade in grades]


def alias(student):
    return f"alias of {student}"


@pytest.fixture
def shown(toy_course, tmp_path, monkeypatch, capsys):
    """shown(grades, **options): what the command prints of a store that holds these grades, on 80 columns and no colour."""
    monkeypatch.setenv("DOT2VIT_SECRET", "a secret")

    def show(grades, names=False, race=None, to_json=False, exercise="toy", width=80):
        db = str(tmp_path / "grades.db")
        with Store(db) as store:
            store.save([(f"{n}", grade) for n, grade in enumerate(grades)])
        console = Console(width=width, force_terminal=False, highlight=False)
        instructor.leaderboard(console, exercise, db, names, race, to_json, toy_course)
        return capsys.readouterr().out

    return show


def test_the_fastest_comes_first_and_equals_share_a_place():
    grades = [graded(name, timed(ratio)) for name, ratio in [("a", 2.0), ("b", 0.5), ("c", 2.0), ("d", 3.0)]]
    (board,) = boards(records(*grades), alias)
    assert [(entry.place, entry.student) for entry in board.entries] == [(1, "b"), (2, "a"), (2, "c"), (4, "d")]
    assert (board.race, board.function, board.measures, board.device) == ("test_fast", "center", "time", CPU)


def test_among_equals_the_order_tells_nothing_of_the_names():
    order = {"ann": "z", "bob": "y", "cho": "x"}
    (board,) = boards(records(*(graded(name, timed(1.0)) for name in order)), order.__getitem__)
    assert [entry.student for entry in board.entries] == ["cho", "bob", "ann"]


@pytest.mark.parametrize("verdict", [verdict for verdict in Verdict if verdict != Verdict.PASSED])
def test_only_a_check_that_passed_counts(verdict):
    assert boards(records(graded("ann", timed(1.0, verdict=verdict))), alias) == []


def test_each_race_on_each_device_has_a_board_of_its_own():
    one = graded("ann", timed(1.0), timed(2.0, "test_other"), timed(3.0, "test_small", measures="memory"))
    two = graded("bob", timed(5.0, device=H100), device=H100)
    found = boards(records(one, two), alias)
    assert {(board.race, board.measures, board.device): len(board.entries) for board in found} == {
        ("test_fast", "time", CPU): 1, ("test_fast", "time", H100): 1, ("test_other", "time", CPU): 1,
        ("test_small", "memory", CPU): 1,
    }  # fmt: skip


def test_a_student_stands_on_a_board_once():
    """An exercise of NumPy is measured on the CPU in a run on a GPU as well."""
    (board,) = boards(records(graded("ann", timed(1.0)), graded("ann", timed(2.0), device=H100)), alias)
    assert [entry.ratio for entry in board.entries] == [2.0]


def test_a_record_of_an_older_version_has_no_part_in_it():
    old = graded("ann", timed(1.0)).to_record()
    del old["checks"][0]["speed"]
    assert boards([old], alias) == []


def test_of_each_device_the_latest_grade_of_the_latest_file_counts(tmp_path):
    grades = [
        graded("ann", timed(1.0), sha="old"),
        graded("ann", timed(2.0), device=H100, sha="old"),
        graded("bob", timed(3.0), sha="same"),
        graded("bob", timed(4.0), device=H100, sha="same"),
        graded("bob", timed(5.0), sha="same"),
        graded("bob", timed(9.0), exercise="second"),
        graded("ann", timed(6.0), sha="new"),
    ]
    with Store(str(tmp_path / "grades.db")) as store:
        for number, grade in enumerate(grades):
            store.save([(f"{number}", grade)])
            time.sleep(0.002)  # the store orders them by their time
        found = store.records_by_device("toy")
    seen = [(record["student"], record["device"], record["checks"][0]["speed_ratio"]) for record in found]
    assert seen == [("bob", H100, 4.0), ("bob", CPU, 5.0), ("ann", CPU, 6.0)]


def test_what_is_shown_of_a_student(shown):
    text = shown([graded("ann", timed(1.304, low=1.25, high=1.414, roofline=0.3))])
    assert f"center  time, {CPU} (test_fast)" in text
    (row,) = [line for line in text.splitlines() if "1.30" in line]
    assert re.fullmatch(r" *1  *[a-z]+-[a-z]+-\d{3}  *1\.30  *1\.25–1\.41  *30% *", row)
    assert "\x1b" not in text


@pytest.mark.parametrize(
    "roofline, told", [(None, "–"), (0.0, "0.0%"), (0.0312, "3.1%"), (0.0996, "10%"), (1.0, "100%")]
)
def test_the_share_of_the_roofline(shown, roofline, told):
    assert shown([graded("ann", timed(1.0, roofline=roofline))]).splitlines()[4].split()[-1] == told


@pytest.mark.parametrize("to_json", [False, True])
def test_names_are_shown_only_where_they_are_asked_for(shown, to_json):
    class_ = [graded(name, timed(1.0 + n)) for n, name in enumerate(["김서준", "kim-minjun", "[red]x", "\x1b[2J"])]
    anonymous = shown(class_, to_json=to_json)
    named = shown(class_, names=True, to_json=to_json)
    for name in ("김서준", "kim-minjun", "[red]x"):
        assert name not in anonymous
        assert name in named
    assert "\x1b" not in anonymous + named
    aliases = re.findall(r"[a-z]+-[a-z]+-\d{3}", anonymous)
    assert len(set(aliases)) == 4
    assert re.findall(r"[a-z]+-[a-z]+-\d{3}", named) == aliases


def test_the_json_is_whole(shown):
    class_ = [graded("ann", timed(1.0, high=None, roofline=None)), graded("bob", timed(2.0))]
    data = json.loads(shown(class_, to_json=True, width=20))
    (board,) = data["boards"]
    assert data["exercise"] == "toy"
    assert [board[key] for key in ("race", "function", "measures", "device")] == ["test_fast", "center", "time", CPU]
    first, second = board["entries"]
    assert first == {
        "place": 1,
        "pseudonym": first["pseudonym"],
        "ratio": 1.0,
        "low": 0.9,
        "high": None,
        "roofline": None,
    }
    assert json.loads(shown(class_, names=True, to_json=True))["boards"][0]["entries"][1] == second | {"student": "bob"}


@pytest.mark.parametrize("names", [False, True])
def test_80_columns_are_enough(shown, names):
    class_ = [
        graded("가" * 40, timed(1234.5, device=H100, race="test_scaled_dot_product_attention_speed[long]")),
        graded("x" * 100, timed(9.0, device=H100, race="test_scaled_dot_product_attention_speed[long]")),
    ]
    lines = shown(class_, names=names).splitlines()
    assert max(sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line) for line in lines) <= 80
    text = "\n".join(lines)
    assert "1234.50" in text
    assert "1111.05–1357.95" in text
    if names:  # long ones go on in the next line
        assert text[text.index("pseudonym") :].count("x") >= 100


def test_one_race_can_be_chosen_by_its_name_or_its_function(shown):
    class_ = [graded("ann", timed(1.0), timed(2.0, "test_other", function="total"))]
    for race in ("test_other", "total"):
        text = shown(class_, race=race)
        assert "test_other" in text
        assert "test_fast" not in text
    with pytest.raises(UserError, match=r"no race nope of toy\. Choose from: test_fast, test_other"):
        shown(class_, race="nope")


def test_where_there_is_nothing_to_show_it_is_said_why(shown):
    plain = CheckResult("test_a", "A.", Verdict.PASSED, 1.0, 1.0, 0.1)
    assert "No speed was measured" in shown([graded("ann", plain)])
    assert "No speed was measured" in shown([graded("ann", plain)], race="test_fast")
    assert "Nobody has passed" in shown([graded("ann", timed(9.0, verdict=Verdict.FAILED))])
    assert json.loads(shown([graded("ann", plain)], to_json=True)) == {"exercise": "toy", "boards": []}
    with pytest.raises(UserError, match="holds nothing of second"):
        shown([graded("ann", plain)], exercise="second")


def test_memory_and_time_are_told_apart():
    console = Console(width=80, record=True, force_terminal=False)
    print_boards(console, boards(records(graded("ann", timed(1.0, measures="memory"))), alias), names=False)
    assert "center  peak of memory, cpu x86_64" in console.export_text()


def test_a_pseudonym_depends_on_the_secret_and_on_nothing_else():
    mine, again, other = pseudonyms(b"secret"), pseudonyms(b"secret"), pseudonyms(b"secrets")
    class_ = [f"student {number}" for number in range(200)]
    assert [mine(name) for name in class_] == [again(name) for name in reversed(class_)][::-1]
    assert sum(mine(name) == other(name) for name in class_) < 5
    assert len({mine(name) for name in class_}) > 195
    assert re.fullmatch(r"[a-z]+-[a-z]+-\d{3}", mine("\udcff 김\n"))


def test_every_word_of_the_pseudonyms_is_drawn():
    mine = pseudonyms(b"secret")
    drawn = [mine(str(number)).split("-") for number in range(2000)]
    assert {word for word, _animal, _number in drawn} == set(ADJECTIVES)
    assert {animal for _word, animal, _number in drawn} == set(ANIMALS)
    assert len(set(ADJECTIVES)) == len(ADJECTIVES)
    assert len(set(ANIMALS)) == len(ANIMALS)


def test_it_speaks_korean_of_what_is_translated(shown):
    i18n.set_language("ko")
    assert "학생" in shown([graded("ann", timed(1.0))], names=True)
