"""grader/speed/feedback.py: what a student reads about a function that is too slow."""

import ast
from pathlib import Path

import pytest

from grader import i18n
from grader.errors import TimedOut
from grader.speed import feedback
from grader.speed.feedback import BAR_WIDTH, SIZES, bar, looped_sizes, too_slow

SOURCE = Path(feedback.__file__)


def result(**facts):
    found = {"device": "cpu x86_64", "ratio": 9.23, "low": 8.91, "high": 9.64, "allowed": 4.1, "rounds": 15}
    return found | facts


def bars(text):
    """The bars of a text: length, whether they end in an arrow, and what stands beside each."""
    rows = [line.partition(" ") for line in text.splitlines() if line[:1] in ("█", "▶")]
    return [(len(drawn), drawn.endswith("▶"), beside) for drawn, _space, beside in rows]


def test_it_says_by_how_much_where_the_loop_seems_to_be_and_draws_it():
    said, asked, *drawn = too_slow(result(), ["queries", "batch"]).splitlines()
    assert said == "9.23 times the reference's time, 4.1 allowed (between 8.91 and 9.64 in 15 rounds on cpu x86_64)."
    assert asked == "The time grows with the queries and the batch: are there Python loops over them?"
    assert [beside for _length, _arrow, beside in bars("\n".join(drawn))] == [
        "reference 1×", "allowed 4.1×", "yours 9.23×",
    ]  # fmt: skip


def test_without_a_loop_it_asks_for_work_that_is_not_needed():
    assert "computed twice" in too_slow(result(), []).splitlines()[1]


def test_a_call_that_was_ended_has_no_upper_bound():
    said = too_slow(result(ratio=82.0, low=82.0, high=None, rounds=0), []).splitlines()[0]
    assert said == "More than 82 times the reference's time, 4.1 allowed (on cpu x86_64)."


@pytest.mark.parametrize("axis", SIZES)
def test_every_size_has_words_of_its_own(axis):
    assert SIZES[axis] in too_slow(result(), [axis])
    assert len(set(SIZES.values())) == len(SIZES)


@pytest.mark.parametrize("allowed", [0.01, 0.3, 1.0, 1.9, 4.1, 37.0, 900.0])
@pytest.mark.parametrize("ratio", [0.0, 0.5, 1.0, 4.2, 16.4, 16.6, 82.0, 1e6, 1e12])
def test_no_bar_is_wider_than_it_may_be(allowed, ratio):
    drawn = bars(bar(result(ratio=ratio, allowed=allowed)))
    assert len(drawn) == 3
    assert all(1 <= length <= BAR_WIDTH for length, _arrow, _beside in drawn)
    assert [arrow for _length, arrow, _beside in drawn][:2] == [False, False]


def test_the_bars_are_to_scale():
    (reference, _, _), (allowed, _, _), (yours, arrow, _) = bars(bar(result(ratio=8.0, allowed=5.0)))
    assert (allowed, yours, arrow) == (5 * reference, 8 * reference, False)


def test_what_does_not_fit_ends_in_an_arrow():
    assert bars(bar(result(ratio=15.9, allowed=4.0)))[2][:2] == (BAR_WIDTH, False)
    assert bars(bar(result(ratio=17.0, allowed=4.0)))[2][:2] == (BAR_WIDTH, True)


def test_every_text_is_in_both_languages():
    """Each sentence that holds words goes through the catalogue; f-strings only put together what came out of it."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    marked = {id(leaf) for call in calls if call.func.id in ("_", "N_") for leaf in ast.walk(call)}
    documented = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and isinstance(node.body[0], ast.Expr)
    }
    words = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in marked | documented
    ]
    assert not [text for text in words if " " in text.strip()], "a sentence outside of _()"
    assert not [call for call in calls if call.func.id == "_" and isinstance(call.args[0], ast.JoinedStr)]


def test_what_goes_through_the_catalogue_comes_out_of_it(monkeypatch):
    """Nothing that a student reads keeps its English words where the catalogue has others."""
    monkeypatch.setattr(i18n, "_catalogue", Shouting())
    for facts, looped in [({}, ["queries", "batch"]), ({"high": None}, [])]:
        told = too_slow(result(**facts), looped).replace("cpu x86_64", "")
        assert not [letter for letter in told if letter.isascii() and letter.islower()], told


class Shouting:
    """A catalogue that translates into capitals, but for placeholders."""

    def gettext(self, message):
        parts = message.replace("{", "}{").split("}")
        return "".join(part + "}" if part.startswith("{") else part.upper() for part in parts)


class Clockwork:
    """A bench, its stopwatch and its lanes in one: calls take what `seconds` says of the sizes, the no-op's take nothing."""

    def __init__(self, seconds):
        self.seconds, self.call_cpu_s, self.calls = seconds, 0.0, 0

    @property
    def noop(self):
        return Clockwork(lambda *sizes: 0.0)

    def prepare(self, _arguments):
        pass

    def stopwatch(self, *_arguments):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None

    def student(self, _arguments, _allowed):
        return self

    def begin(self, _arguments):
        pass

    def time(self, arguments):
        self.calls += 1
        if self.seconds(*arguments) > self.call_cpu_s:
            raise TimedOut("check_cpu_s", self.call_cpu_s)
        return None, type("Timing", (), {"cpu_s": self.seconds(*arguments)})


@pytest.mark.parametrize(
    "seconds, looped",
    [
        (lambda batch, rows: 1e-3, []),
        (lambda batch, rows: 1e-4 * batch, ["batch"]),
        (lambda batch, rows: 1e-4 * rows + 1e-6 * batch, ["rows"]),
        (lambda batch, rows: 1e-5 * batch * rows**2, ["rows", "batch"]),
        (lambda batch, rows: 1e-3 + 1e-6 * batch * rows, []),
    ],
)
def test_a_loop_shows_in_how_the_time_grows(seconds, looped):
    sizes = {"batch": 512, "rows": 512}
    found = looped_sizes(Clockwork(seconds), None, None, None, lambda batch, rows: (batch, rows), sizes)
    assert found == looped


@pytest.mark.parametrize(
    "a_row, looped, calls",
    [
        (0.001, ["rows"], 8),  # 0.008 s for eight rows, three times; as much with a larger batch; 0.064 s for 64, twice
        (0.02, ["rows"], 3),
        (0.2, [], 3),  # 12.8 s for 64
        (0.3, [], 1),  # 2.4 s for eight
    ],
)
def test_what_takes_long_is_asked_less_often_and_then_not_at_all(a_row, looped, calls):
    clockwork = Clockwork(lambda batch, rows: a_row * rows)
    sizes = {"batch": 512, "rows": 512}
    assert looped_sizes(clockwork, None, None, None, lambda batch, rows: (batch, rows), sizes) == looped
    assert clockwork.calls == calls
