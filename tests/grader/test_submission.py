"""grader/submission.py: what a student hands in, on disk."""

import dataclasses
import os
import shutil
import socket
import stat
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.intake.collect import collect
from grader.submission import read_file, read_submission, submission_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="files of POSIX")
LIMIT = 64 * 1024  # source_kb of the toy course


@pytest.fixture
def hand_in(tmp_path, toy):
    """hand_in(bytes): the Submission that is read from ann/toy.py."""
    folder = tmp_path / "ann"
    folder.mkdir()

    def make(data=None):
        if data is not None:
            (folder / "toy.py").write_bytes(data)
        return read_submission(tmp_path, "ann", toy)

    make.file = folder / "toy.py"
    make.folder = folder
    return make


def test_a_plain_file_is_read(hand_in):
    submission = hand_in(b"x = 1\n")
    assert (submission.student, submission.exercise, submission.source) == ("ann", "toy", "x = 1\n")
    assert submission.notes == ()


def test_what_was_recovered_is_noted(hand_in):
    submission = hand_in("x = '한글'\r\n".encode("cp949"))
    assert submission.source == "x = '한글'\n"
    assert submission.notes == ("read as CP949 (EUC-KR); save it as UTF-8",)


@pytest.mark.parametrize("data", [b"x = 1\0", b"x = 'caf\xe9 '", b"%PDF-1.7", b"#" * (LIMIT + 1), b"#" * 20 * 2**20])
def test_what_is_no_source_is_unreadable(hand_in, data):
    submission = hand_in(data)
    assert (submission.source, submission.problem) == (None, "unreadable")
    assert submission.reason.startswith("toy.py: ")


def test_a_file_of_the_very_limit_is_read(hand_in):
    assert len(hand_in(b"#" * LIMIT).source) == LIMIT


def test_no_file_is_missing(hand_in):
    submission = hand_in()
    assert (submission.source, submission.problem) == (None, "missing")
    assert "no file toy.py" in submission.reason


@pytest.mark.parametrize(
    "put, reason",
    [
        (lambda file, folder: file.mkdir(), "folder"),
        (lambda file, folder: os.mkfifo(file), "regular"),
        (lambda file, folder: file.symlink_to("/dev/zero"), "symbolic link"),
        (lambda file, folder: file.symlink_to("nowhere"), "symbolic link"),
        (lambda file, folder: file.symlink_to(file.name), "symbolic link"),
        (lambda file, folder: _socket(file), "regular"),
        (lambda file, folder: _device(file), "regular"),
        (lambda file, folder: _sparse(file), "larger"),
    ],
    ids=["folder", "FIFO", "link to a device", "broken link", "link to itself", "socket", "device", "sparse"],
)
def test_only_a_regular_file_is_read(hand_in, put, reason):
    put(hand_in.file, hand_in.folder)
    submission = hand_in()
    assert submission.problem == "unreadable"
    assert reason in submission.reason


def _socket(path):
    # A socket's path must be short, whatever the temporary folder's is.
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path.name)
    finally:
        os.chdir(here)


def _device(path):
    try:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("only root makes devices")


def _sparse(path):
    with open(path, "wb") as file:
        file.truncate(2**40)


def test_a_link_to_a_solution_is_not_followed(hand_in, toy):
    hand_in.file.symlink_to(toy.reference_path)
    assert hand_in().source is None


def test_a_hard_link_is_a_regular_file(hand_in, tmp_path):
    """It can be told from no other file; who can make one to a solution can read the solution anyway."""
    (tmp_path / "other").write_text("x = 1")
    os.link(tmp_path / "other", hand_in.file)
    assert hand_in().source == "x = 1"


def test_a_students_folder_that_is_a_link_is_not_followed(tmp_path, toy):
    (tmp_path / "ann").symlink_to(toy.reference_path.parent)
    submission = read_submission(tmp_path, "ann", toy)
    assert submission.problem == "unreadable"
    assert "symbolic link" in submission.reason


@pytest.fixture
def nobody():
    """An empty folder, and this process as a user who is not root: root reads everything."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    for path in folder.rglob("*"):
        path.chmod(0o700)
    shutil.rmtree(folder)


def test_a_file_that_may_not_be_read_is_unreadable_and_costs_no_other(nobody, toy):
    for name in ("ann", "bob"):
        (nobody / name).mkdir()
        (nobody / name / "toy.py").write_text("x = 1")
    (nobody / "ann" / "toy.py").chmod(0)
    assert read_submission(nobody, "ann", toy).reason == "toy.py: Permission denied"
    assert read_submission(nobody, "bob", toy).source == "x = 1"


def test_a_folder_that_may_not_be_read_is_unreadable(nobody, toy):
    (nobody / "ann" / "hw").mkdir(parents=True)
    (nobody / "ann" / "hw").chmod(0)
    assert (
        read_submission(nobody, "ann", toy).reason == "There is no file toy.py. Not looked into: hw: Permission denied"
    )
    (nobody / "ann").chmod(0)
    submission = read_submission(nobody, "ann", toy)
    assert (submission.problem, submission.reason) == (
        "unreadable",
        "There is no file toy.py. Not looked into: Permission denied",
    )


def test_a_class_that_may_not_be_read_is_one_sentence(nobody):
    (nobody / "class").mkdir()
    (nobody / "class").chmod(0)
    with pytest.raises(UserError, match="Permission denied"):
        collect(nobody / "class")


def test_a_device_is_not_waited_for(hand_in):
    os.mkfifo(hand_in.file)
    before = len(os.listdir("/dev/fd"))
    assert hand_in().problem == "unreadable"
    assert len(os.listdir("/dev/fd")) == before


def test_the_hash_is_that_of_the_text(hand_in):
    first, second = hand_in(b"x = 1\n"), hand_in(b"x = 1\r\n")
    assert first.sha256 == second.sha256  # the same text in other bytes
    assert hand_in(b"x = 2\n").sha256 != first.sha256
    assert hand_in(b"\0").sha256 != first.sha256


@pytest.fixture
def hand_in_all(tmp_path, toy):
    """hand_in_all(name=text): the Submission of ann's toy.py, an exercise that uses `cell` and `gate`."""
    uses = dataclasses.replace(toy, uses=("cell", "gate"))
    (tmp_path / "ann").mkdir()

    def make(**files):
        for name, text in files.items():
            (tmp_path / "ann" / f"{name}.py").write_bytes(text.encode() if isinstance(text, str) else text)
        return read_submission(tmp_path, "ann", uses)

    make.folder = tmp_path / "ann"
    return make


def test_the_files_that_an_exercise_uses_come_along_and_no_others(hand_in_all):
    submission = hand_in_all(toy="import cell", gate="g = 1", cell="c = 1", lstm="not used")
    assert submission.source == "import cell"
    assert submission.companions == (("cell", "c = 1"), ("gate", "g = 1"))
    assert submission.notes == ()


def test_a_used_file_that_is_not_there_is_left_out(hand_in_all):
    submission = hand_in_all(toy="t = 1", gate="g = 1")
    assert (submission.companions, submission.notes) == ((("gate", "g = 1"),), ())


def test_a_used_file_that_cannot_be_read_is_left_out_and_noted(hand_in_all):
    submission = hand_in_all(toy="t = 1", cell=b"c = 1\0", gate=b"g = 'caf\xe9 '")
    assert (submission.source, submission.companions) == ("t = 1", ())
    assert [note.partition(":")[0] for note in submission.notes] == ["cell.py", "gate.py"]
    assert "NUL bytes" in submission.notes[0]
    assert "encoding" in submission.notes[1]


def test_a_used_file_is_read_as_carefully_as_the_first(hand_in_all, toy):
    (hand_in_all.folder / "cell.py").symlink_to(toy.reference_path)
    os.mkfifo(hand_in_all.folder / "gate.py")
    submission = hand_in_all(toy="t = 1")
    assert submission.companions == ()
    assert "symbolic link" in submission.notes[0]
    assert "regular" in submission.notes[1]


def test_a_used_file_in_another_encoding_is_read_and_noted(hand_in_all):
    submission = hand_in_all(toy="t = 1", cell="c = '한글'".encode("cp949"))
    assert submission.companions == (("cell", "c = '한글'"),)
    assert submission.notes[0].startswith("cell.py: ")
    assert "UTF-8" in submission.notes[0]


def test_without_its_own_file_a_submission_is_missing_whatever_else_is_there(hand_in_all):
    submission = hand_in_all(cell="c = 1", gate="g = 1")
    assert (submission.problem, submission.companions) == ("missing", ())


def test_the_hash_is_that_of_all_the_files(hand_in_all):
    alone = hand_in_all(toy="t = 1").sha256
    both = hand_in_all(cell="c = 1").sha256
    assert len({alone, both, hand_in_all(cell="c = 2").sha256, hand_in_all(gate="c = 2").sha256}) == 4
    assert hand_in_all(lstm="not used").sha256 == hand_in_all(toy="t = 1").sha256


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_a_folders_name_may_be_any_bytes(tmp_path, toy):
    os.mkdir(os.fsencode(tmp_path) + b"/\xb1\xe8")  # 김 in CP949, as an old zip unpacks it
    (student,) = os.listdir(tmp_path)
    submission = read_submission(tmp_path, student, toy)
    submission.student.encode()  # can be stored, printed and written
    assert submission.problem == "missing"


def test_links_among_the_submissions_are_not_followed(tmp_path, toy):
    """To a folder outside, to a neighbour's, to itself, to the root: all that counts is where it lies."""
    put = tmp_path / "class"
    for name in ("ann", "bob"):
        (put / name).mkdir(parents=True)
    (put / "bob" / "toy.py").write_text("x = 1")
    (put / "ann" / "solutions").symlink_to(toy.reference_path.parent)
    (put / "ann" / "bob").symlink_to(put / "bob")
    (put / "ann" / "up").symlink_to("..")
    (put / "ann" / "loop").symlink_to("loop")
    (put / "cho").symlink_to(put / "bob")
    with collect(put) as collected:
        submissions = {student.name: submission_of(student, toy) for student in collected.students}
    assert {name: submission.source for name, submission in submissions.items()} == {
        "ann": None,
        "bob": "x = 1",
        "cho": None,
    }
    assert "symbolic link" in submissions["ann"].reason
    assert "symbolic link" in submissions["cho"].reason


def test_a_class_may_itself_be_a_link(tmp_path, toy):
    (tmp_path / "class" / "ann").mkdir(parents=True)
    (tmp_path / "class" / "ann" / "toy.py").write_text("x = 1")
    (tmp_path / "link").symlink_to("class")
    with collect(tmp_path / "link") as collected:
        assert [submission_of(student, toy).source for student in collected.students] == ["x = 1"]


def test_reading_changes_nothing_on_disk_and_leaves_nothing_open(tmp_path, toy):
    (tmp_path / "class" / "ann").mkdir(parents=True)
    with zipfile.ZipFile(tmp_path / "class" / "ann" / "hw.zip", "w") as made:
        made.writestr("toy.py", "x = 1")
        made.writestr("../../evil.py", "x = 1")
    before = sorted(map(str, tmp_path.rglob("*"))), len(os.listdir("/dev/fd"))
    assert read_submission(tmp_path / "class", "ann", toy).source == "x = 1"
    assert (sorted(map(str, tmp_path.rglob("*"))), len(os.listdir("/dev/fd"))) == before


def test_a_students_own_file_is_read_and_no_other(tmp_path, toy):
    (tmp_path / "toy (1).py").write_text("x = 2")
    assert read_file(tmp_path / "toy.py", toy).problem == "missing"
    (tmp_path / "toy.py").write_text("x = 1")
    submission = read_file(tmp_path / "toy.py", toy)
    assert (submission.source, submission.notes) == ("x = 1", ())
    (tmp_path / "toy.py").write_bytes(b"\0")
    assert read_file(tmp_path / "toy.py", toy).reason.startswith("toy.py: it holds NUL bytes")
