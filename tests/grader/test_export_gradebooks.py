"""Canvas and Moodle: what their importers make of our files, by the rules in their sources, and every other byte as it was."""

import csv
import html
import io

import pytest

from grader.errors import UserError
from grader.exports import canvas, moodle
from grader.exports.format import Material
from grader.exports.table import read_table
from grader.intake.roster import read_roster
from grader.result import CheckResult, Grade, Verdict


def record(student, exercise="toy", verdict="passed", points=2.5, message="", maximum=None):
    earned = points if verdict == "passed" else 0.0
    check = CheckResult("test_a", "A, or not?", Verdict(verdict), earned, maximum or points, 0.1, message)
    return Grade(student, exercise, [check], "ab" * 32, "1+2", "0", "cpu", "bwrap", "en").to_record()


ROSTER = '''student,id,email,name,login
minjun,20240001,minjun@x.kr,"Kim, Min Jun",mjkim
"Lee, ""Jr""",20240002,lee@x.kr,"Lee, Jr",leejr
=cmd(),20240003,=cmd@x.kr,"=1+1, x",cmdlogin
김서준,20240004,seojun@x.kr,김서준,seojun
twin-a,20240005,twin@x.kr,"Twin, A",twin
twin-b,20240006,twin@x.kr,"Twin, B",twin
'''

GRADEBOOK = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Notes,toy (9001),장난감 둘 (9002),Essay (9003),Final Score\r\n"
    ",,,,,,Manual Posting,,,\r\n"
    "    Points Possible,,,,,,2.50,20,10,(read only)\r\n"
    '"Kim, Min Jun",501,20240001,mjkim,"Sec ""A""",,0,,"7,5",12.50\r\n'
    '"Lee, ""Jr""",502,20240002,,S1,"a\nb, c",3,9, ,\r\n'
    "=cmd,503,,cmdlogin,S1,,,EX,,\r\n"
    "김서준,504,,SeoJun,S1,,N/A,,,\r\n"
    '"Twin, A",505,,twin,S1,,,,,\r\n'
    '"Twin, B",506,,twin,S1,,,,,\r\n'
    '"Park, Jihoon",1234,,,S1,,,,,\r\n'
    '"Stranger, X",777,,x,S1,,5,5,5,\r\n'
)
RECORDS = [
    *(
        record(student)
        for student in ("minjun", 'Lee, "Jr"', "=cmd()", "김서준", "twin-a", "twin-b", "parkjihoon_1234", "nobody")
    ),
    record("minjun", "second", points=1 / 3, maximum=20),
    record('Lee, "Jr"', "second", "inconclusive", points=20),
    record("=cmd()", "second", points=20),
    record("김서준", "second", points=20),
]
TITLES = {"toy": ("Toy one", "장난감 하나"), "second": ("Toy two", "장난감 둘")}


@pytest.fixture
def roster(tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER)
    return read_roster(tmp_path / "roster.csv")


def fill(text=GRADEBOOK, records=RECORDS, roster=None, encoding="utf-8", bom=b"", **more):
    made = canvas.canvas(Material(list(records), roster, bom + text.encode(encoding), titles=TITLES, **more))
    assert made.data.startswith(bom)
    return made.data[len(bom) :].decode(encoding), made.mentions


def changes(before, after, delimiter=","):
    """(ID, column) -> what Canvas's importer would set (lib/gradebook_importer.rb): rows by ID, columns by title."""
    old, new = (
        list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)) for text in (before, after)
    )
    assert [len(row) for row in old] == [len(row) for row in new]
    assert old[:3] == new[:3]  # titles, posting, points possible
    return {
        (row[1], new[0][number]): cell
        for earlier, row in zip(old, new, strict=True)
        for number, cell in enumerate(row)
        if cell != earlier[number]
    }


EXPECTED = {
    ("501", "toy (9001)"): "2.5",
    ("501", "장난감 둘 (9002)"): "0.333333",
    ("502", "toy (9001)"): "2.5",  # its second exercise is open: the 9 that a person gave stays
    ("503", "toy (9001)"): "2.5",  # the other one is excused
    ("504", "장난감 둘 (9002)"): "20",  # the other one is not assigned
    ("1234", "toy (9001)"): "2.5",
}


@pytest.mark.parametrize(
    "encoding, bom",
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("cp949", b""),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
    ],
)
def test_canvas_sets_these_cells_and_no_others(roster, encoding, bom):
    after, mentions = fill(roster=roster, encoding=encoding, bom=bom)
    assert changes(GRADEBOOK, after) == EXPECTED
    assert any(encoding.upper() in mention for mention in mentions) == (encoding != "utf-8")


def test_canvas_keeps_every_other_byte(roster):
    """Quotes, blanks, line ends within cells and after them: only the written numbers differ."""
    after, _ = fill(roster=roster)
    written = {
        (row, column) for row, cells in enumerate(read_table(after.encode()).rows) for column, _ in enumerate(cells)
    }
    original = read_table(GRADEBOOK.encode())
    assert read_table(after.encode()).filled(
        {place: original.rows[place[0]][place[1]].value for place in written if place[1] in (6, 7)}
    ) == (GRADEBOOK.encode())


def test_canvas_says_who_got_nothing(roster):
    _, mentions = fill(roster=roster)
    said = "\n".join(mentions)
    assert "left out: twin-a; twin-b; nobody." in said  # two share a login: neither is guessed
    assert "left as they are: Twin, A; Twin, B; Stranger, X." in said
    assert "Excused or not assigned in Canvas, so left as they are: =cmd(), second; 김서준, toy." in said
    assert "worth" not in said


def test_two_rows_of_one_login_get_nothing(roster):
    text = GRADEBOOK.replace("506,,twin", "506,,mjkim").replace("501,20240001", "501,")
    after, mentions = fill(text, roster=roster)
    assert not {id for id, _ in changes(text, after)} & {"501", "506"}
    assert "minjun" in mentions[0]


def test_ids_that_disagree_find_nobody(roster):
    text = GRADEBOOK.replace("501,20240001,mjkim", "501,20240001,leejr")
    assert "501" not in {id for id, _ in changes(text, fill(text, roster=roster)[0])}


def test_what_is_shared_with_somebody_who_is_not_exported_tells_nobody(roster):
    assert changes(GRADEBOOK, fill(roster=roster, records=[record("twin-a")])[0]) == {}
    text = moodle.moodle(Material([record("twin-a")], roster)).data.decode()
    assert text.splitlines()[0].startswith("ID number,toy")


def test_without_a_roster_the_folders_name_is_an_id_or_canvass_own_label():
    after, _ = fill(records=[record("mjkim"), record("parkjihoon_1234"), record("someone_777")])
    assert {id for id, _ in changes(GRADEBOOK, after)} == {"501", "1234"}  # 777 is a Stranger, X


def test_a_student_in_two_columns_is_told_by_both_names():
    text = "LastName,FirstName,ID,SIS Login ID,Section,toy (1)\nPark,Jihoon,1234,x,S1,\n"
    assert fill(text, [record("parkjihoon_1234")])[0].endswith("S1,2.5\n")


def test_canvas_total_needs_every_exercise(roster):
    after, _ = fill(roster=roster, columns={"total": "Essay"}, records=[r for r in RECORDS if r["student"] != "twin-a"])
    found = {id: value for (id, column), value in changes(GRADEBOOK, after).items() if column == "Essay (9003)"}
    assert found == {"501": "2.833333", "503": "22.5", "504": "22.5"}  # an open one, or none, is no total


def test_semicolons_and_a_cut_off_row():
    text = 'Student;ID;SIS Login ID;Section;"toy, first (1)"\n"Kim; M";1;mjkim;S\n"Lee";2;leejr;S;3,5\n'
    after, _ = fill(text, [record("mjkim"), record("leejr")], columns={"toy": "toy, first"})
    assert after == text.replace("3,5", "2.5")  # the first row has no such cell, and gets no other


def test_points_that_canvas_counts_otherwise_are_said():
    _, mentions = fill(GRADEBOOK.replace("2.50,20,10", "100,20,10"), [record("mjkim")])
    assert any("toy is worth 2.5 points here and 100 in Canvas" in mention for mention in mentions)


@pytest.mark.parametrize(
    "text, more, said",
    [
        ("name,grade\na,1\n", {}, "names no column ID, SIS User ID, SIS Login ID"),
        ("", {}, "names no column"),
        ("Student,ID,Essay (3)\nKim,1,\n", {}, "no column for toy. Its assignments: Essay"),
        ("Student,ID,toy (1),Toy One (2)\nKim,1,,\n", {}, "Several columns.*toy .1., Toy One .2."),
        ('Student,ID,toy (1)\n"Kim"x,1,\n', {}, "row 2 is not quoted rightly"),
        ('Student,ID,toy (1)\n"Kim,1,\n', {}, "not quoted rightly"),
        ("Student,ID,toy (1)\nKim,1,\n", {"columns": {"tyo": "toy"}}, "--column names tyo"),
        ("Student,ID,toy (1)\nKim,1,\n", {"columns": {"toy": "nope"}}, "no column 'nope'"),
        ("Student,ID,toy (1)\0\n", {}, "NUL bytes"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_filled_is_one_sentence(text, more, said):
    with pytest.raises(UserError, match=said):
        fill(text, [record("mjkim")], **more)


def test_canvas_needs_a_template():
    with pytest.raises(UserError, match="--template"):
        canvas.canvas(Material(RECORDS))


# Moodle


def imported(text, users):
    """What grade/import/csv/classes/load_data.php makes of it, mapped by the first column: (user, column) -> value.

    A user who is not there ends the import, and a blank identifier leaves the user of the row before.
    """
    rows = list(csv.reader(io.StringIO(text), strict=True))
    found, user = {}, None
    for row in rows[1:]:
        assert len(row) == len(rows[0])
        if row[0].strip():
            user = users[row[0].strip()]
        for column, value in zip(rows[0], row, strict=True):
            assert (user, column) not in found
            found[user, column] = None if value.strip() in ("", "-") else value.strip()
    return found


def test_moodle_gets_points_and_feedback_of_each_student(roster):
    made = moodle.moodle(Material(RECORDS, roster))
    text = made.data.decode()
    found = imported(
        text, {f"2024000{number}": number for number in range(1, 7)}
    )  # twin@x.kr is two students': not by it
    assert {(user, column): value for (user, column), value in found.items() if column in ("toy", "second")} == {
        **{(number, "toy"): "2.5" for number in range(1, 7)},
        (1, "second"): "0.333333", (2, "second"): None, (3, "second"): "20", (4, "second"): "20", (5, "second"): None, (6, "second"): None,
    }  # fmt: skip
    assert found[1, "toy feedback"] == "2.5 of 2.5 points<br>✓ A, or not? 2.5/2.5"
    assert found[2, "second feedback"] == "Not judged yet: your instructor will look at it.<br>? A, or not?"
    assert made.mentions == ("Without a unique ID number in the roster, so left out: parkjihoon_1234; nobody.",)


def test_moodles_feedback_is_text_in_html_and_one_line(roster):
    """Neither a tag of a student's, nor a quotation mark or backslash that older PHP would stumble over."""
    ugly = 'a < b & "c" <script>\nC:\\"x\\\x1b[31m'
    text = moodle.moodle(Material([record("minjun", verdict="failed", message=ugly)], roster)).data.decode()
    row = text.splitlines()[1]
    comment = row.split(",", 3)[3]
    assert len(text.splitlines()) == 2
    assert not set('<"\\') & set(comment.strip('"').replace("<br>", ""))
    assert html.unescape(comment.strip('"').replace("<br>", "\n")).endswith('a < b & "c" <script>\nC:\\"x\\·[31m')


def test_moodle_writes_both_identifiers_where_both_tell_everybody(roster):
    text = moodle.moodle(Material([record("minjun"), record("=cmd()")], roster)).data.decode()
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][:2] == ["Email address", "ID number"]
    assert [row[:2] for row in rows[1:]] == [["minjun@x.kr", "20240001"], ["=cmd@x.kr", "20240003"]]


def test_moodle_leaves_a_column_out_that_would_have_gaps(tmp_path):
    (tmp_path / "roster.csv").write_text("student,id,email\na,1,a@x\nb,2,\n")
    text = moodle.moodle(Material([record("a"), record("b")], read_roster(tmp_path / "roster.csv"))).data.decode()
    assert text.splitlines()[0].startswith("ID number,toy")


@pytest.mark.parametrize(
    "text, said", [(None, "--roster"), ("student,name\nminjun,Kim\n", "of none of these students")]
)
def test_moodle_needs_identifiers(tmp_path, text, said):
    if text is not None:
        (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(UserError, match=said):
        moodle.moodle(Material([record("minjun")], read_roster(tmp_path / "roster.csv") if text else None))
