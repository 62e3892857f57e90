"""grader/intake: layouts, names and rosters; what an instructor has becomes students, and what is odd is mentioned."""

import io
import os
import unicodedata
import zipfile
from pathlib import Path

import pytest

from grader.errors import UserError
from grader.intake.collect import collect
from grader.intake.gradescope import read_metadata
from grader.intake.names import fit, shown, student_name, text_of
from grader.intake.student import Missing
from grader.intake.tree import Unreadable

LIMIT = 64 * 1024
NFD = unicodedata.normalize("NFD", "김서준")


def put(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def zipped(files: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return file.getvalue()


@pytest.fixture(params=["folder", "zip", "zip with a folder around"])
def laid_out(request, tmp_path):
    """laid_out(files): the same files as a folder, as a zip, and as a zip that has a folder around everything."""

    def make(files):
        if request.param == "folder":
            return put(tmp_path / "class", files)
        around = "" if request.param == "zip" else "download (3)/"
        path = tmp_path / "class.zip"
        path.write_bytes(zipped({around + name: content for name, content in files.items()}))
        return path

    return make


def sources(path, filename="dot.py", **options):
    """student -> source, or the verdict."""
    with collect(path, **options) as collected:
        return {student.name: source(student, filename) for student in collected.students}


def source(student, filename="dot.py"):
    try:
        return student.read(filename, LIMIT)[0]
    except Missing:
        return "missing"
    except Unreadable:
        return "unreadable"


def notes(path, name, filename="dot.py", **options):
    with collect(path, **options) as collected:
        (student,) = [student for student in collected.students if student.name == name]
        return " ".join(student.read(filename, LIMIT)[1])


def mentions(path, **options):
    with collect(path, **options) as collected:
        return "\n".join(collected.mentions)


# Layouts


def test_a_folder_a_student(laid_out):
    path = laid_out({"ann/dot.py": "a", "bob/dot.py": "b", "cho/rnn.py": "c", "readme.txt": "", "__MACOSX/x": ""})
    assert sources(path) == {"ann": "a", "bob": "b", "cho": "missing"}
    said = mentions(path)
    assert "Layout: STUDENT/EXERCISE.py." in said
    assert "not read: readme.txt." in said


def test_files_one_folder_deeper_and_in_a_zip(laid_out):
    path = laid_out(
        {"ann/hw/dot.py": "a", "bob/hw.zip": zipped({"hw/dot.py": "b"}), "cho/src/x/hw.zip": zipped({"dot.py": "c"})}
    )
    assert sources(path) == {"ann": "a", "bob": "b", "cho": "c"}
    assert notes(path, "ann") == "read from hw/dot.py"


def test_a_zip_a_student(tmp_path):
    put(tmp_path, {"ann.zip": zipped({"dot.py": "a"}), "bob.zip": zipped({"x/dot.py": "b"})})
    assert sources(tmp_path) == {"ann": "a", "bob": "b"}


CANVAS = {
    "kimminjun_LATE_12_300_dot.py": "late",
    "kimminjun_12_301_dot-1.py": "second",
    "kimminjun_12_302_dot-2.py": "third",
    "leeseoyeon_13_400_Dot.py": "lee",
    "김서준_14_500_hw.zip": zipped({"dot.py": "zip"}),
    "leeseoyeon_15_600_rnn.py": "other lee",
}


def test_canvas(laid_out):
    path = laid_out(CANVAS)
    assert sources(path) == {
        "kimminjun_12": "third", "leeseoyeon_13": "lee", "leeseoyeon_15": "missing", "김서준_14": "zip",
    }  # fmt: skip
    assert "Canvas" in mentions(path)
    said = notes(path, "kimminjun_12")
    assert "read from kimminjun_12_302_dot-2.py" in said
    assert "not read: kimminjun_12_301_dot-1.py, kimminjun_LATE_12_300_dot.py" in said
    assert "handed in late, says Canvas" not in said
    assert "Several submissions of one student, of which the last counts: kimminjun_12." in mentions(path)


def test_what_is_late_is_said(tmp_path):
    put(tmp_path, {"ann_LATE_1_2_dot.py": "a", "bob_2_3_dot.py": "b"})
    assert "handed in late, says Canvas" in notes(tmp_path, "ann_1")
    assert "late" not in notes(tmp_path, "bob_2")


MOODLE = {
    "Kim Minjun_12_assignsubmission_file_/dot.py": "kim",
    "김 서준_13_assignsubmission_file_/과제.zip": zipped({"dot.py": "zip"}),
    "O'Neil, Ann_14_assignsubmission_file/deep/dot.py": "ann",
    "Ann_15_assignsubmission_onlinetext_/onlinetext.html": "<p>",
    "Bob_16_assignsubmission_file_dot.py": "flat",
}


def test_moodle(laid_out):
    assert sources(laid_out(MOODLE)) == {
        "Kim Minjun_12": "kim", "김 서준_13": "zip", "O'Neil, Ann_14": "ann", "Bob_16": "flat",
    }  # fmt: skip


METADATA = """---
submission_1:
  :submitters:
  - :name: Kim Minjun
    :sid: '12'
    :email: minjun@example.org
  :created_at: 2026-03-01 10:00:00.000000000 Z
  :score: 1.0
  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess
    output: "submission_2:\\n  :submitters:\\n  - :name: Mallory"
    :submitters:
    - :name: Mallory
submission_2:
  :submitters:
  - :name: 김서준
    :sid:
    :email: seojun@example.org
  - :name: Ann
    :sid: '14'
  :created_at: 2026-03-02 10:00:00.000000000 Z
"""
GRADESCOPE = {
    "submission_metadata.yml": METADATA,
    "submission_1/dot.py": "kim",
    "submission_2/dot.py": "group",
    "submission_3/dot.py": "nobody's",
}


def test_gradescope(laid_out):
    assert sources(laid_out(GRADESCOPE)) == {
        "Kim Minjun_12": "kim", "김서준_seojun@example.org": "group", "Ann_14": "group", "submission_3": "nobody's",
    }  # fmt: skip


def times(path):
    """student -> when dot.py was handed in, and who says so."""
    with collect(path) as collected:
        found = {student.name: student.handed_in("dot.py") for student in collected.students}
    return {name: (told.at.isoformat(), told.told_by) if told else None for name, told in found.items()}


def test_gradescope_tells_when_work_was_handed_in(laid_out):
    group = ("2026-03-02T10:00:00+00:00", "gradescope")
    assert times(laid_out(GRADESCOPE)) == {
        "Kim Minjun_12": ("2026-03-01T10:00:00+00:00", "gradescope"),
        "김서준_seojun@example.org": group,
        "Ann_14": group,
        "submission_3": None,
    }


def test_nbgrader_tells_when_work_was_handed_in_and_students_do_not(laid_out):
    stamp = "2026-03-01 10:00:00.123456 UTC"
    files = {
        "submitted/ann/ps1/dot.py": "a",
        "submitted/ann/ps1/timestamp.txt": stamp,
        "submitted/bob/ps1/deeper/dot.py": "b",
        "submitted/bob/ps1/deeper/timestamp.txt": stamp.replace("2026", "2025"),
        "submitted/cho/ps1/deeper/dot.py": "c",
        "submitted/cho/ps1/timestamp.txt": stamp,
        "submitted/cho/ps1/deeper/timestamp.txt": stamp.replace("2026", "2025"),
        "submitted/dan/ps1/dot.py": "d",
        "submitted/dan/ps1/timestamp.txt": "yesterday",
        "submitted/eve/ps2/timestamp.txt": stamp,
    }
    told = ("2026-03-01T10:00:00.123456+00:00", "nbgrader")
    assert times(laid_out(files)) == {"ann": told, "bob": None, "cho": told, "dan": None, "eve": None}


def test_other_layouts_tell_no_time(laid_out):
    assert times(laid_out({"ann/dot.py": "a", "ann/timestamp.txt": "2026-03-01 10:00:00 UTC", "bob/dot.py": "b"})) == {
        "ann": None,
        "bob": None,
    }


def test_of_two_uploads_of_one_student_the_later_one_counts(tmp_path):
    late = "submission_1:\n  :submitters:\n  - :name: A\n    :sid: '1'\n  :created_at: 2026-03-03\n"
    early = late.replace("submission_1", "submission_2").replace("03-03", "03-01")
    put(
        tmp_path,
        {"submission_metadata.yml": late + early, "submission_1/dot.py": "late", "submission_2/dot.py": "early"},
    )
    assert sources(tmp_path) == {"A_1": "late"}
    assert "not read: dot.py" in notes(tmp_path, "A_1")
    assert "Several submissions of one student, of which the last counts: A_1." in mentions(tmp_path)


def test_gradescope_without_its_metadata(tmp_path):
    assert sources(put(tmp_path, {"submission_7/dot.py": "x"})) == {"submission_7": "x"}
    assert "Gradescope" in mentions(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a\n- b",
        "x",
        "a: &a [*a, *a]",
        "? [a]\n: b\nc: d",
        "{" * 3 + "a: b" + "}" * 3,
        "submission_1: 7",
        "a:\n  :submitters: [[[{a: x}]]]",
    ],
)
def test_other_metadata_names_nobody(text):
    assert [upload.submitters for upload in read_metadata(text).values() if upload.submitters] == []


@pytest.mark.parametrize("text", ["{", "a: b: c", "\t", "a: 'x", "\x00", "[" * 100_000])
def test_metadata_that_is_no_yaml_is_one_sentence(tmp_path, text):
    put(tmp_path, {"submission_metadata.yml": text, "submission_1/dot.py": "x"})
    with pytest.raises(UserError, match=r"submission_metadata\.yml cannot be"):
        collect(tmp_path)


def test_nbgrader(laid_out):
    files = {
        "submitted/ann/ps1/dot.py": "a",
        "submitted/bob/ps1/dot.ipynb": '{"cells": [{"cell_type": "code", "source": "b"}]}',
    }
    path = laid_out(files | {"gradebook.db": "", "source/ps1/dot.py": "", "nbgrader_config.py": ""})
    assert sources(path) == {"ann": "a", "bob": "# cell 1\nb\n"}
    assert "nbgrader" in mentions(path)


def test_one_student_alone_is_a_student(tmp_path):
    put(tmp_path / "class", {"ann/ps1/dot.py": "a", "ann/ps2/rnn.py": "b"})
    assert sources(tmp_path / "class") == {"ann": "a"}


def test_one_odd_name_does_not_change_the_layout(tmp_path):
    put(tmp_path, {"ann/dot.py": "a", "bob/dot.py": "b", "cho/dot.py": "c", "kim_1_2_dot.py": "x"})
    assert set(sources(tmp_path)) == {"ann", "bob", "cho"}


def test_a_layout_can_be_told(tmp_path):
    put(tmp_path, {"ann/dot.py": "a", "bob/dot.py": "b", "cho/dot.py": "c", "kim_1_2_dot.py": "x"})
    with pytest.raises(UserError, match="not laid out as by canvas"):
        collect(tmp_path, layout="canvas")
    put(tmp_path / "two", {"submission_1/dot.py": "x"})
    assert "Layout: STUDENT/EXERCISE.py." in mentions(tmp_path / "two", layout="folders")


@pytest.mark.parametrize(
    "content", [b"", b"x = 1", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)], ids=["empty", "text", "damaged", "empty zip"]
)
def test_what_is_neither_folder_nor_zip_is_one_sentence(tmp_path, content):
    path = tmp_path / "class.zip"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"STUDENT/EXERCISE\.py"):
        collect(path)


def test_a_missing_path_and_an_empty_folder_are_one_sentence(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match=r"STUDENT/EXERCISE\.py"):
            collect(path)


def test_a_number_of_thousands_of_digits_is_no_id(tmp_path):
    """Python refuses to make a number of it; on disk no name is that long, in a zip it may be."""
    path = tmp_path / "class.zip"
    path.write_bytes(zipped({f"kim_1_{'9' * 5000}_dot.py": "x", "lee_2_3_dot.py": "y"}))
    assert sources(path) == {"lee_2": "y"}


# Names of files


@pytest.mark.parametrize(
    "name, copy",
    [("dot (1).py", 1), ("dot(2).py", 2), ("dot-1.py", 1), ("dot - Copy.py", 0), ("dot - Copy (2).py", 2), ("dot - 복사본.py", 0),
     ("dot_최종.py", 0), ("dot_final.py", 0), ("dot_v2.py", 2), ("dot_final_v3 (1).py", 3), ("Dot.py", 0), ("DOT.PY", 0),
     ("dot.PY", 0), ("dot.py.txt", 0), ("dot copy 2.py", 2), (unicodedata.normalize("NFD", "dot_최종.py"), 0)],
)  # fmt: skip
def test_a_name_that_is_certain_is_taken_and_said(tmp_path, name, copy):
    assert fit(name, "dot.py").copy == copy
    put(tmp_path, {f"ann/{name}": "x", "bob/dot.py": "y"})
    assert sources(tmp_path)["ann"] == "x"
    assert f"read from {unicodedata.normalize('NFC', name)}" in notes(tmp_path, "ann")


@pytest.mark.parametrize(
    "name", ["dots.py", "dot2.py", "dot_2.py", "my_dot.py", "dot.txt", "dot", "dot.pyc", "dot_kim.py", "dotdot.py", "self_dot.py", "x" * 300 + ".py", "dot" + " (1)" * 80 + ".py"]
)  # fmt: skip
def test_a_name_that_is_not_is_left_and_named(name):
    assert fit(name, "dot.py") is None


def test_names_that_do_not_fit_are_named_where_nothing_does(tmp_path):
    put(tmp_path, {"ann/dot_kim.py": "x", "ann/notes.txt": ""})
    with collect(tmp_path) as collected, pytest.raises(Missing, match=r"no file dot\.py\. What there is: dot_kim\.py$"):
        collected.students[0].read("dot.py", LIMIT)


@pytest.mark.parametrize(
    "evil", ["dot" + "-1" * 120 + ".py", "dot" + " " * 240 + ".py", "dot" + "_final" * 40 + "!.py"]
)
def test_no_name_takes_long_to_compare(evil):
    fit(evil, "dot.py")


@pytest.mark.parametrize(
    "files, counts",
    [
        ({"dot.py": "exact", "dot (1).py": "", "Dot.py": ""}, "exact"),
        ({"Dot.py": "case", "dot (1).py": ""}, "case"),
        ({"dot (1).py": "", "dot (2).py": "last", "dot-1.py": ""}, "last"),
        ({"dot.py": "exact", "dot.ipynb": "{}"}, "exact"),
        ({"dot.py": "top", "old/dot.py": ""}, "top"),
    ],
)
def test_of_several_files_one_counts_and_the_others_are_mentioned(tmp_path, files, counts):
    put(tmp_path / "ann", files)
    assert sources(tmp_path) == {"ann": counts}
    said = notes(tmp_path, "ann")
    assert all((f" {name}" in said) is (content != counts or name != "dot.py") for name, content in files.items())


def test_of_files_that_differ_in_case_only_the_latest_counts(tmp_path):
    put(tmp_path / "ann", {"DOT.PY": "old", "dot.PY": "new", "Dot.py": "older"})
    for age, name in enumerate(("dot.PY", "DOT.PY", "Dot.py")):
        os.utime(tmp_path / "ann" / name, (10**9 - age, 10**9 - age))
    assert sources(tmp_path) == {"ann": "new"}


def test_a_folder_or_link_does_not_stand_in_the_way_of_a_file(tmp_path):
    put(tmp_path / "ann", {"dot.py/dot.py": "inside", "rnn.py": ""})
    (tmp_path / "ann" / "rnn-1.py").symlink_to("rnn.py")
    assert sources(tmp_path) == {"ann": "inside"}
    assert sources(tmp_path, "rnn.py") == {"ann": ""}


# Names of students


def test_names_in_nfd_are_the_same_as_in_nfc(laid_out):
    path = laid_out({f"{NFD}/dot.py": "x", f"이하은/{unicodedata.normalize('NFD', 'dot_최종')}.py": "y"})
    assert sources(path) == {"김서준": "x", "이하은": "y"}


def test_a_name_in_both_forms_is_one_student_with_two_submissions(tmp_path):
    put(tmp_path, {f"{NFD}/dot.py": "nfd", "김서준/rnn.py": "nfc"})
    assert sources(tmp_path) == {"김서준": "nfd"}
    assert sources(tmp_path, "rnn.py") == {"김서준": "nfc"}


def test_names_that_differ_in_case_only_stay_apart_and_are_mentioned(laid_out):
    path = laid_out({"Ann/dot.py": "A", "ann/dot.py": "a", "bob/dot.py": "b"})
    assert sources(path) == {"Ann": "A", "ann": "a", "bob": "b"}
    assert "differ in case only, graded as different students: Ann, ann." in mentions(path)


@pytest.mark.parametrize(
    "name",
    ["-rf", "김 서준", "😀", "a'b", 'a"b', "kim, minjun", "=1+1", "a\nb", "한" * 80, "%s", "{x}", "[red]", "\x1b[2J"],
)
def test_any_name_is_a_students_name(tmp_path, name):
    put(tmp_path, {f"{name}/dot.py": "x"})
    assert sources(tmp_path) == {name: "x"}
    assert mentions(tmp_path)


def test_a_name_of_other_bytes_is_read_as_cp949_or_shown_with_escapes(tmp_path):
    for raw in ("김서준".encode("cp949"), b"\xff\xfe"):
        os.mkdir(os.fsencode(tmp_path) + b"/" + raw)
        with open(os.fsencode(tmp_path) + b"/" + raw + b"/dot.py", "wb") as file:
            file.write(raw[:0] + b"x")
    assert sources(tmp_path) == {"김서준": "x", "\\xff\\xfe": "x"}


def test_names_are_bounded():
    assert len(student_name("x" * 10**5)) == 200
    assert student_name("x" * 300) != student_name("x" * 301)
    assert len(shown("x" * 10**6)) == 80
    assert shown("a\n\x1b\u202eb") == "a···b"
    assert student_name("a\0\ud800") == "a·\\ud800"
    assert text_of("é".encode()) == "é"


# Rosters

ROSTER = '''student,id,email,name,login
minjun,12,minjun@example.org,"Kim, Min Jun",mkim
seojun,13,,김서준,
"O'Neil, ""Ann""",14,ann@example.org,Ann O'Neil,ann14
late,15,,,
'''


@pytest.fixture
def roster(tmp_path):
    def make(text=ROSTER, encoding="utf-8"):
        path = tmp_path / "roster.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return make


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_roster_names_students_by_what_the_platforms_know_of_them(tmp_path, roster, encoding, newline):
    folder = put(
        tmp_path / "class",
        {"kimminjun_12_300_dot.py": "kim", f"{NFD}_99_1_dot.py": "kim seojun", "oneilann_77_2_dot.py": "ann", "mallory_666_3_dot.py": "who?"},
    )  # fmt: skip
    path = roster(ROSTER.replace("\n", newline), encoding)
    assert sources(folder, roster=path) == {
        "minjun": "kim", "seojun": "kim seojun", "O'Neil, \"Ann\"": "ann", "mallory_666": "who?", "late": "missing",
    }  # fmt: skip
    said = mentions(folder, roster=path)
    assert "Not on the roster, graded all the same: mallory_666." in said
    assert "On the roster, and nothing handed in: late." in said


@pytest.mark.parametrize(
    "name", ["minjun", "MINJUN", "12", "mkim", "minjun@example.org", "Kim, Min Jun", "kim min jun", "Min Jun Kim"]
)
def test_a_folder_may_bear_any_of_a_students_names(tmp_path, roster, name):
    folder = put(tmp_path / "class", {f"{name}/dot.py": "x"})
    assert sources(folder, roster=roster())["minjun"] == "x"


def test_a_name_that_two_students_share_finds_neither(tmp_path, roster):
    folder = put(tmp_path / "class", {"Kim/dot.py": "x"})
    path = roster("student,name\na,Kim\nb,Kim\n")
    assert sources(folder, roster=path) == {"Kim": "x", "a": "missing", "b": "missing"}


def test_names_that_differ_in_case_only_stay_apart_with_a_roster_too(tmp_path, roster):
    folder = put(tmp_path / "class", {"Ann/dot.py": "A", "ann/dot.py": "a"})
    assert sources(folder, roster=roster("student\nann\n")) == {"Ann": "A", "ann": "a"}


def test_two_folders_of_one_student_are_two_submissions(tmp_path, roster):
    folder = put(tmp_path / "class", {"12/dot.py": "x", "mkim/rnn.py": "y"})
    assert sources(folder, roster=roster())["minjun"] == "x"
    assert "of which the last counts: minjun." in mentions(folder, roster=roster())


def test_nothing_handed_in_is_one_sentence(tmp_path, roster):
    folder = put(tmp_path / "class", {"minjun/dot.py": "x"})
    with collect(folder, roster=roster()) as collected, pytest.raises(Missing, match=r"^Nothing was handed in\.$"):
        collected.students[0].read("dot.py", LIMIT)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_separators_are_found_out(tmp_path, roster, delimiter):
    folder = put(tmp_path / "class", {"7/dot.py": "x"})
    assert sources(folder, roster=roster(f"Student{delimiter} ID \nann{delimiter}7\n")) == {"ann": "x"}


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "it is empty"),
        ("name,id\nann,1", "no column student, but name, id"),
        ("student,id\nann,1\nann,2", "ann is in it twice"),
        ("student,id\n,1", "a row has no student"),
        ("id,student\n1", "a row has no student"),
        ("student\nKim, Minjun", "put a name that has a comma in quotes"),
        ('student\n"ann', "unexpected end of data"),
        ("student\na\0b", "NUL"),
    ],
)
def test_a_roster_that_cannot_be_used_is_one_sentence(tmp_path, roster, text, reason):
    with pytest.raises(UserError) as error:
        collect(put(tmp_path / "class", {"ann/dot.py": "x"}), roster=roster(text))
    assert reason in str(error.value)
    assert "roster.csv" in str(error.value)


@pytest.mark.parametrize(
    "make", [lambda path: None, lambda path: path.mkdir(), os.mkfifo], ids=["absent", "folder", "FIFO"]
)
def test_a_roster_that_is_no_file_is_one_sentence(tmp_path, make):
    make(tmp_path / "roster.csv")
    with pytest.raises(UserError, match="roster"):
        collect(put(tmp_path / "class", {"ann/dot.py": "x"}), roster=tmp_path / "roster.csv")
