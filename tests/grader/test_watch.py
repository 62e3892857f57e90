"""grader/watch: what a save or a key does, which saves are seen, and that the latest wins."""

import os
import queue
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.errors import GraderFault
from grader.local import LocalReport
from grader.progress import Progress
from grader.result import CheckResult, Verdict
from grader.submission import Submission
from grader.watch import view
from grader.watch.checker import Checked, Checker, Stoppable
from grader.watch.files import FORCED, SaveWatcher, file_system_of, folders_of, polling_reason
from grader.watch.session import Session

WAIT = 30.0  # only a hang takes that long


def report(exercise, passed, checks=3, message="wrong"):
    """A made-up verdict: the first `passed` checks pass."""
    results = [
        CheckResult(
            f"test_{n}", f"Check {n}.", Verdict.PASSED if n < passed else Verdict.FAILED, float(n < passed), 1.0, 0.0
        )
        for n in range(checks)
    ]
    for result in results[passed:]:
        result.message, result.asked = f"{message} {result.name}", "center"
    return LocalReport(exercise, Submission("", exercise.name, ""), results, "", 9, 10.0)


@pytest.fixture
def world(own_course, tmp_path, monkeypatch):
    """A session whose checks are made up: world.verdict(passed) answers what it has asked for."""
    monkeypatch.chdir(tmp_path)
    asked, drawn = [], []
    request = lambda exercise, anew: asked.append((exercise.name, anew))  # noqa: E731
    session = Session(own_course, Progress(tmp_path), request, drawn.append)
    changes = []
    session.on_change = lambda: changes.append(session.exercise.name)

    def verdict(passed, fault=""):
        found = None if fault else report(session.exercise, passed)
        session.checked(Checked(session.exercise, found, fault, 0.1))

    return SimpleNamespace(
        session=session, asked=asked, drawn=drawn, verdict=verdict, changes=changes, course=own_course
    )


def test_it_seeks_the_first_that_is_not_done(world):
    world.session.begin(None)
    assert world.asked == [("toy", True)]
    world.verdict(3)
    assert world.asked[-1] == ("second", True)
    world.verdict(1)
    assert world.session.exercise.name == "second"
    assert not world.session.is_busy


def test_an_exercise_that_was_named_stays_though_it_is_done(world):
    world.session.begin(world.course.exercise("toy"))
    world.verdict(3)
    assert world.session.exercise.name == "toy"
    assert world.session.report.is_done


def test_the_save_that_turns_it_green_leads_on(world):
    world.session.begin(world.course.exercise("toy"))
    world.verdict(1)
    world.session.saved({"toy"})
    assert world.asked[-1] == ("toy", False)
    world.verdict(3)
    assert world.session.exercise.name == "second"
    assert world.session.notice == "toy: all visible checks pass. Next: second"
    world.verdict(0)
    assert "toy: all" in world.session.notice
    world.session.saved({"second"})
    assert world.session.notice == ""


def test_the_end_of_the_course(world):
    world.session.begin(None)
    world.verdict(3)
    world.verdict(3)
    assert world.session.notice == "All visible checks of the course pass."
    assert not world.session.is_busy
    world.session.press("n")
    assert world.session.notice == "No other exercise is unfinished."
    assert world.session.exercise.name == "second"


def test_a_save_of_another_exercise_turns_to_it(world):
    world.session.begin(world.course.exercise("second"))
    world.verdict(0)
    world.session.saved({"toy"})
    assert world.session.exercise.name == "toy"
    world.verdict(3)  # it was never red here: it stays, so that its author sees it
    assert world.session.exercise.name == "toy"


def test_a_save_of_many_files_at_once_turns_to_none(world):
    world.session.begin(world.course.exercise("second"))
    world.verdict(0)
    before = list(world.asked)
    world.session.exercise = SimpleNamespace(name="third", uses=())
    world.session.saved({"toy", "second"})
    assert world.asked == before


def test_a_file_that_it_uses_has_it_checked_again(world):
    world.session.begin(world.course.exercise("toy"))
    world.session.exercise = SimpleNamespace(name="capstone", uses=("gru",))
    world.session.saved({"gru"})
    assert world.asked[-1] == (world.session.exercise.name, False)


def test_a_verdict_on_what_was_left_behind_is_not_shown(world):
    world.session.begin(world.course.exercise("toy"))
    world.session.press("n")
    world.session.checked(Checked(world.course.exercise("toy"), report(world.course.exercise("toy"), 1), "", 0.1))
    assert world.session.report is None
    assert world.session.is_busy


def test_the_keys(world):
    world.session.begin(world.course.exercise("toy"))
    world.session.press("h")  # no verdict yet: nothing to hint at
    assert world.session.told is None
    world.verdict(1)
    world.session.press("H")
    world.session.press("ㅗ")  # h on a Hangul keyboard
    assert [step.id for step in world.session.told.steps] == ["center.1", "center.2"]
    world.session.press("r")
    assert world.asked[-1] == ("toy", True)
    world.session.press("x")
    assert not world.session.is_over
    world.session.press("q")
    assert world.session.is_over


def test_the_question_of_a_known_mistake_is_not_told_twice(world):
    world.session.begin(world.course.exercise("toy"))
    wrong = report(world.session.exercise, 1)
    wrong.unmet.misconception, wrong.unmet.hint = "toy-not-centered", "A question?"
    world.session.checked(Checked(world.session.exercise, wrong, "", 0.1))
    assert "→ A question?" in "".join(view.body(world.session, 80))
    world.session.press("h")  # it has been read below the check: the next one comes with it
    assert [step.id for step in world.session.told.steps] == ["toy-not-centered", "center.2"]
    assert "".join(view.body(world.session, 80)).count("A question?") == 1


def test_a_picture_is_drawn_elsewhere_and_told_of(world):
    world.session.begin(world.course.exercise("toy"))
    world.session.press("p")
    assert world.drawn == [world.course.exercise("toy")]
    assert world.session.notice == "drawing toy …"
    world.session.drawn(world.course.exercise("second"), "of another")
    world.session.drawn(world.course.exercise("toy"), "The picture is in show-toy.png.")
    assert world.session.notice == "The picture is in show-toy.png."


def test_hints_stay_until_another_check_fails_first(world):
    world.session.begin(world.course.exercise("toy"))
    world.verdict(1)
    world.session.press("h")
    world.verdict(1)
    assert world.session.told is not None
    world.verdict(2)
    assert world.session.told is None


def test_without_hints_it_says_so(world):
    world.course.exercise("toy").hints_path.unlink()
    world.session.begin(world.course.exercise("toy"))
    world.verdict(1)
    world.session.press("h")
    assert "There is no" in world.session.notice


def test_a_fault_of_the_grader_is_no_verdict(world):
    world.session.begin(world.course.exercise("toy"))
    world.verdict(0, fault="The grader itself failed: no recording")
    assert str(view.state(world.session)) == "The grader itself failed: no recording"
    world.session.saved({"toy"})
    world.verdict(3)
    assert world.session.exercise.name == "toy"  # it was never seen red


# What it looks like.


def shown(lines):
    from rich.text import Text

    return [Text.from_ansi(line).plain.rstrip() for line in lines]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_what_failed_first_comes_first_and_no_line_is_too_wide(world, width):
    from rich.cells import cell_len

    world.session.begin(world.course.exercise("toy"))
    long = report(world.session.exercise, 1, checks=30, message="여기가 다르다 " * 12)
    world.session.checked(Checked(world.session.exercise, long, "", 0.1))
    lines = shown(view.body(world.session, width))
    assert lines[0].startswith("✗ Check 1.")
    assert sum(line.startswith(("✗", "✓")) for line in lines) == 30
    assert all(cell_len(line) <= width for line in [*lines, *shown(view.head(world.session, width))])
    assert len(view.head(world.session, width)) == 3
    assert len(view.foot(width)) == 1


def test_what_a_student_wrote_does_not_steer_the_terminal(world):
    world.session.begin(world.course.exercise("toy"))
    bad = report(world.session.exercise, 0, message="\x1b[2J\x1b]0;title\x07")
    bad.output = "printed \x1b[31mred\x1b[0m \x1b[2J\n"
    world.session.checked(Checked(world.session.exercise, bad, "", 0.1))
    text = "".join(view.body(world.session, 80))
    assert "\x1b[2J" not in text
    assert "\x1b]" not in text
    assert "\x1b[31mred" not in text


def test_no_color(world, monkeypatch):
    world.session.begin(world.course.exercise("toy"))
    world.verdict(1)
    assert "\x1b[31m" in "".join(view.body(world.session, 80))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in "".join(view.body(world.session, 80))


# Which saves are seen.

MOUNTS = """\
22 28 0:20 / /proc rw - proc proc rw
28 1 8:1 / / rw - ext4 /dev/sda1 rw
40 28 0:40 / /mnt/c rw - 9p C:\\134 rw
41 28 0:41 / /home/kim/my\\040files rw shared:1 - nfs4 server:/kim rw
42 28 0:42 / /home/kim/fast rw - tmpfs tmpfs rw
43 42 0:43 / /home/kim/fast rw - fuse.sshfs host: rw
a line that is none
"""


@pytest.mark.parametrize(
    "folder, kind",
    [
        ("/home/kim/x", "ext4"),
        ("/mnt/c/Users/kim", "9p"),
        ("/mnt/cd", "ext4"),
        ("/home/kim/my files/course", "nfs4"),
        ("/home/kim/fast", "fuse.sshfs"),
        ("//server/share/x", "smbfs"),
    ],
)
def test_the_file_system_of_a_folder(tmp_path, monkeypatch, folder, kind):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv(FORCED, raising=False)
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert file_system_of(Path(folder), tmp_path / "mountinfo") == kind
    monkeypatch.setattr("grader.watch.files.file_system_of", lambda folder: kind)
    assert polling_reason([Path(folder)]) == ("" if kind == "ext4" else kind)


def test_the_environment_decides_first(monkeypatch):
    monkeypatch.setattr("grader.watch.files.file_system_of", lambda folder: "nfs4")
    monkeypatch.setenv(FORCED, "1")
    assert polling_reason([Path("/")]) == FORCED
    monkeypatch.setenv(FORCED, "false")
    assert polling_reason([Path("/")]) == ""


def write_in_place(path):
    path.write_text("new\n")


def rename_onto(path):
    draft = path.with_name(".draft")
    draft.write_text("new\n")
    os.replace(draft, path)


def remove_and_make_again(path):
    path.unlink()
    path.write_text("new\n")


def move_away_and_write(path):
    path.rename(path.with_suffix(".bak"))
    path.write_text("new\n")


@pytest.mark.parametrize("forced", ["false", "1"])
@pytest.mark.parametrize("save", [write_in_place, rename_onto, remove_and_make_again, move_away_and_write])
def test_every_way_to_save_is_seen(tmp_path, monkeypatch, save, forced):
    monkeypatch.setenv(FORCED, forced)
    target = tmp_path / "elsewhere" / "toy.py"
    target.parent.mkdir()
    target.write_text("old\n")
    (tmp_path / "here").mkdir()
    link = tmp_path / "here" / "toy.py"
    link.symlink_to(target)
    seen = queue.Queue()
    watcher = SaveWatcher(folders_of([link]), ["toy.py"], seen.put)
    watcher.start()
    try:
        end = time.monotonic() + WAIT
        while seen.empty() and time.monotonic() < end:  # its first look may come after the first save
            target.with_name("other.py").write_text("not asked for\n")
            save(target)
            time.sleep(0.3)
        assert seen.get(timeout=1) == {"toy.py"}
    finally:
        watcher.stop()


# The checker.


class Interpreter:
    """A worker where there is no fork: a process of its own."""

    def __init__(self):
        self.ended = False

    def kill(self):
        self.ended = True


def test_a_worker_that_is_an_interpreter_is_ended_too():
    server = Stoppable(SimpleNamespace(take=Interpreter, way="start"))
    worker = server.take()
    assert (worker.ended, server.way) == (False, "start")
    server.stop()
    assert worker.ended
    with pytest.raises(GraderFault, match="newer save"):
        server.take()


@pytest.fixture
def checker(own_course, tmp_path, monkeypatch, plain_server):
    """A checker on a warm server: checker.next() waits for a verdict, checker.write(text) writes the toy."""
    monkeypatch.chdir(own_course.root)
    toy, found = own_course.exercise("toy"), queue.Queue()
    made = Checker(Progress(tmp_path), lambda exercise: made.begun.set(), found.put)
    made.begun, made.toy, made.found = threading.Event(), toy, found
    made.next = lambda: found.get(timeout=WAIT)
    made.write = toy.stub_path.write_text
    monkeypatch.setattr(Checker, "_start_server", lambda self: setattr(self, "_server", plain_server))
    made.start()
    yield made
    made._server = None  # it is the session's
    made.close()


def test_the_checker_gives_a_verdict(checker):
    checker.request(checker.toy)
    first = checker.next()
    assert (first.fault, first.report.passed) == ("", 0)
    checker.write(checker.toy.reference_source)
    checker.request(checker.toy)
    assert checker.next().report.is_done


def test_what_is_touched_but_not_changed_is_not_checked_again(checker):
    checker.request(checker.toy)
    checker.next()
    checker.request(checker.toy)
    with pytest.raises(queue.Empty):
        checker.found.get(timeout=0.5)
    checker.request(checker.toy, anew=True)
    checker.next()


def test_a_newer_save_ends_an_endless_loop(checker):
    checker.write("while True:\n    pass\n")
    checker.request(checker.toy)
    assert checker.begun.wait(WAIT)
    time.sleep(0.3)  # let it run into the loop
    checker.write(checker.toy.reference_source)
    checker.request(checker.toy)
    found = checker.next()
    assert found.report.is_done
    assert checker.found.empty()  # of the loop nothing is said


def test_an_endless_loop_that_nobody_ends_meets_its_limit(checker):
    checker.write("while True:\n    pass\n")
    checker.request(checker.toy)
    assert {check.verdict for check in checker.next().report.checks} == {Verdict.TIMEOUT}


def test_a_file_that_is_empty_for_a_moment(checker):
    checker.request(checker.toy)
    checker.next()
    checker.write("")
    threading.Timer(0.05, lambda: checker.write(checker.toy.reference_source)).start()
    checker.request(checker.toy)
    assert checker.next().report.is_done


def test_a_broken_recording_is_a_fault_and_not_the_end(checker):
    recording = checker.toy.recording_path.read_bytes()
    checker.toy.recording_path.write_bytes(b"broken")
    checker.request(checker.toy)
    assert "is missing or broken" in checker.next().fault
    checker.toy.recording_path.write_bytes(recording)
    checker.request(checker.toy, anew=True)
    assert checker.next().report is not None
