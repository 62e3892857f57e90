"""grader/intake/archive.py, tree.py, student.py: zips as students and their computers make them, and as nobody honest does."""

import io
import os
import stat
import struct
import zipfile

import pytest

from grader.intake import archive, tree
from grader.intake.archive import MAX_ZIP, _Bounded
from grader.intake.student import Missing, Part, Student
from grader.intake.tree import File, Unreadable

LIMIT = 64 * 1024


def zipped(*members, **options):
    """A zip of (name or ZipInfo, content) in order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, **options) as made:
        for name, content in members:
            made.writestr(name, content)
    return file.getvalue()


def unflagged(name: bytes, content=b"x = 1\n"):
    """A zip whose name is these bytes, without the flag that says that it is UTF-8."""
    data = zipped(("n" * len(name), content))
    return data.replace(b"n" * len(name), name)


def info(name, mode=0, date=(2026, 1, 1, 0, 0, 0), **facts):
    made = zipfile.ZipInfo(name, date)
    made.create_system = 3
    made.external_attr = mode << 16
    for fact, value in facts.items():
        setattr(made, fact, value)
    return made


def handed_in(**files):
    """A student with these files, by name."""
    parts = [Part(File(name, lambda limit, data=data: data)) for name, data in files.items()]
    return Student("ann", parts)


def read(data, filename="dot.py", limit=LIMIT):
    return handed_in(**{"hw.zip": data}).read(filename, limit)


def refused(data, filename="dot.py"):
    with pytest.raises(Unreadable) as error:
        read(data, filename)
    return str(error.value)


@pytest.mark.parametrize("name", ["dot.py", "hw/dot.py", "a/b/dot.py", "./dot.py", "hw//dot.py", "hw\\dot.py"])
def test_a_file_in_a_zip_is_read_wherever_it_lies(name):
    source, notes = read(zipped((name, "x = 1\r\n")))
    assert source == "x = 1\n"
    assert "read from hw.zip/" in notes[0]


@pytest.mark.parametrize(
    "junk", ["__MACOSX/._dot.py", "._dot.py", ".DS_Store", "Thumbs.db", "__pycache__/dot.py", ".ipynb_checkpoints/dot.py", "hw/.git/dot.py", "venv/dot.py"]
)  # fmt: skip
def test_what_computers_leave_behind_is_not_looked_at(junk):
    source, notes = read(zipped((junk, "junk"), ("dot.py", "x = 1")))
    assert (source, len(notes)) == ("x = 1", 1)
    with pytest.raises(Missing):
        read(zipped((junk, "junk")))


@pytest.mark.parametrize(
    "name", ["과제/dot.py".encode("cp949"), "과제/dot.py".encode(), b"\xff\xfe/dot.py", b"a\\dot.py"], ids=["cp949", "UTF-8", "neither", "backslash"]
)  # fmt: skip
def test_names_without_the_flag_for_utf_8_are_read(name):
    source, notes = read(unflagged(name))
    assert source == "x = 1\n"
    assert ("과제" in notes[0]) is (len(name) > 10)


def test_a_zip_in_a_zip_is_opened_and_one_in_that_is_not():
    inner = zipped(("dot.py", "x = 1"))
    assert read(zipped(("inner.zip", inner)))[0] == "x = 1"
    assert "zip in a zip in a zip" in refused(zipped(("outer.zip", zipped(("inner.zip", inner)))))


@pytest.mark.parametrize("name", ["../dot.py", "a/../../dot.py", "/dot.py", "//server/share/dot.py", "C:/dot.py", "c:dot.py", "..\\dot.py", "C:\\x\\dot.py"])  # fmt: skip
def test_a_path_that_leads_out_is_refused(name):
    data = unflagged(name.encode())
    if name == "c:dot.py":
        with pytest.raises(Missing):
            read(data)
        return
    assert "its path in the zip leads out of it" in refused(data)


@pytest.mark.parametrize(
    "member, reason",
    [
        (info("dot.py", stat.S_IFLNK | 0o777), "symbolic link"),
        (info("dot.py", stat.S_IFIFO | 0o644), "not a regular file"),
        (info("dot.py", stat.S_IFCHR | 0o644), "not a regular file"),
        (info("dot.py/", stat.S_IFDIR | 0o755), "it is a folder"),
    ],
)
def test_only_a_regular_member_is_read(member, reason):
    assert reason in refused(zipped((member, "/etc/passwd" if not member.is_dir() else "")))


def flags(data, flag):
    """The same zip with a flag set in the local and in the central header."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + offset
        changed[at : at + 2] = struct.pack("<H", struct.unpack("<H", data[at : at + 2])[0] | flag)
    return bytes(changed)


def methods(data, method):
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.index(signature) + offset
        changed[at : at + 2] = struct.pack("<H", method)
    return bytes(changed)


ONE = zipped(("dot.py", "x = 1\n" * 50))


@pytest.mark.parametrize(
    "data, reason",
    [
        (flags(ONE, 1), "it is encrypted; hand it in without a password"),
        (methods(ONE, 12), "compressed in a way that is not read"),
        (methods(ONE, 9), "compressed in a way that is not read"),
        (methods(ONE, 99), "compressed in a way that is not read"),
        (ONE[:-30], "damaged or incomplete"),
        (ONE[: len(ONE) // 2], "damaged or incomplete"),
        (ONE.replace(b"dot.py", b"dot.pz", 1), "damaged or incomplete"),
        (ONE[:45] + bytes(10) + ONE[55:], "damaged or incomplete"),
        (b"PK\x05\x06" + b"\xff" * 18, "damaged or incomplete"),
        (b"not a zip", "it is no zip"),
        (b"", "it is no zip"),
        (b"Rar!\x1a\x07\x01\0", "files of this kind (rar) are not opened"),
        (b"7z\xbc\xaf\x27\x1c", "files of this kind (7z) are not opened"),
    ],
)
def test_a_zip_that_cannot_be_read_says_why_and_what_to_do(data, reason):
    assert reason in refused(data)


@pytest.mark.parametrize("suffix", ["7z", "rar", "tar.gz", "tgz", "tar", "alz"])
def test_another_archive_is_called_by_its_kind(suffix):
    with pytest.raises(
        Unreadable, match=r"There is no file dot\.py\. .*are not opened; hand in the files themselves, or a zip"
    ):
        handed_in(**{f"hw.{suffix}": b"?"}).read("dot.py", LIMIT)


def test_a_broken_zip_costs_nothing_that_lies_beside_it():
    source, notes = handed_in(**{"hw.zip": ONE[:-30], "dot.py": b"x = 2"}).read("dot.py", LIMIT)
    assert source == "x = 2"
    assert "damaged or incomplete" in " ".join(notes)


def test_a_loose_file_counts_before_one_in_a_zip_which_is_mentioned():
    source, notes = handed_in(**{"hw.zip": ONE, "dot.py": b"x = 2"}).read("dot.py", LIMIT)
    assert source == "x = 2"
    assert notes == ("there is more than one file for this exercise; not read: hw.zip/dot.py",)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_members_of_one_name_the_last_counts_and_the_other_is_mentioned():
    source, notes = read(zipped(("dot.py", "x = 1"), ("dot.py", "x = 2")))
    assert source == "x = 2"
    assert "not read: hw.zip/dot.py" in " ".join(notes)


def test_of_two_files_the_later_one_in_the_zips_own_time_counts():
    first, second = info("b/dot.py", date=(2026, 3, 1, 0, 0, 0)), info("a/dot.py", date=(2026, 2, 1, 0, 0, 0))
    assert read(zipped((first, "x = 1"), (second, "x = 2")))[0] == "x = 1"


def test_a_bomb_is_not_unpacked():
    assert "zip bomb" in refused(zipped(("dot.ipynb", b"0" * 2**22)))
    assert "larger than 64 kB" in refused(zipped(("dot.py", b"0" * 2**24)))


def test_a_member_that_is_larger_than_it_says_is_cut_off():
    data = zipped(("dot.py", b"0123456789" * 10_000))
    size = struct.pack("<L", 100_000)
    assert "damaged" in refused(data.replace(size, struct.pack("<L", 10)))


def test_a_zip_of_very_many_files_is_looked_through_up_to_a_bound(monkeypatch):
    monkeypatch.setattr(tree, "MAX_NODES", 20)
    many = [(f"f{n}.txt", "x") for n in range(30)]
    assert "after the first 20 files" in refused(zipped(*many, ("dot.py", "x = 1")))


def test_a_list_of_members_that_is_too_long_is_not_read(monkeypatch):
    monkeypatch.setattr(archive, "STUDENT_DIRECTORY", 1000)
    assert "far too long" in refused(zipped(*[(f"f{n}.txt", "x") for n in range(100)]))


def test_a_file_gives_no_more_than_its_bound_at_a_time():
    bounded = _Bounded(io.BytesIO(b"x" * 100), 10)
    assert bounded.read(10) == b"x" * 10
    for size in (-1, None, 11, 10**9):
        with pytest.raises(zipfile.BadZipFile):
            bounded.read(size)


def test_the_zips_of_a_student_share_one_bound():
    """Each alone is small enough; together they would fill the memory."""
    asked = []

    def read(limit):
        asked.append(limit)
        return zipped(("x.txt", os.urandom(5_000_000)))

    student = Student("ann", [Part(File(f"{n}.zip", read)) for n in range(3)])
    with pytest.raises(Missing):
        student.read("dot.py", LIMIT)
    assert asked[0] == MAX_ZIP
    assert asked[2] < MAX_ZIP - 10_000_000


def test_a_deep_path_is_cut_off_and_said():
    assert "folders more than 3 deep" in refused(zipped(("a/" * 30 + "dot.py", "x = 1")))


def test_a_very_long_name_is_shortened_where_it_is_told():
    with pytest.raises(Missing) as error:
        read(zipped(("x" * 5000 + ".py", "x = 1")))
    assert len(str(error.value)) < 200


def test_closing_forgets_what_was_listed():
    student = handed_in(**{"hw.zip": ONE})
    student.read("dot.py", LIMIT)
    student.close()
    assert student._listed is None
    assert student.read("dot.py", LIMIT)[0].startswith("x = 1")
