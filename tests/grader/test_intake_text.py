"""grader/intake/text.py, kinds.py, scan.py: bytes become text where that is certain, and are refused where it is not."""

import bz2
import gzip
import importlib.util
import io
import lzma
import pickle
import py_compile
import tarfile
import zipfile

import pytest

from grader.intake.kinds import kind_of
from grader.intake.scan import LineScanner
from grader.intake.student import source_of
from grader.intake.text import decode, odd_characters
from grader.intake.tree import Unreadable

KOREAN = "# 가중치를 곱해요\nx = '한글'\n"


@pytest.mark.parametrize(
    "data, source",
    [
        (b"", ""),
        (b"\n", "\n"),
        (b"\xef\xbb\xbfx = 1", "x = 1"),
        (KOREAN.encode(), KOREAN),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"def f():\n\tx = 1\n        y = 2\n", "def f():\n\tx = 1\n        y = 2\n"),
        (b"x = 1\n\x0c\ny = 2\n", "x = 1\n\x0c\ny = 2\n"),
        ("x = '\u2028'".encode(), "x = '\u2028'"),
        (b"# coding: utf-8\nx = 1", "# coding: utf-8\nx = 1"),
        (b"# -*- coding: euc-kr -*-\nx = 1", "# -*- coding: euc-kr -*-\nx = 1"),
        ("이름 = '😀'".encode(), "이름 = '😀'"),
    ],
)
def test_utf_8_is_taken_as_it_is(data, source):
    assert decode(data) == (source, ())


@pytest.mark.parametrize(
    "encoding, said",
    [
        ("cp949", "CP949"),
        ("euc-kr", "CP949"),
        ("utf-16", "UTF-16"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-32", "UTF-32"),
    ],
)
def test_other_encodings_are_read_where_they_are_certain(encoding, said):
    source, notes = decode(KOREAN.encode(encoding))
    assert source == KOREAN
    assert [said in note and "save it as UTF-8" in note for note in notes] == [True]


@pytest.mark.parametrize(
    "text",
    [
        "# 똠방각하와 펲시를 마셔요\n",
        "# 모르겠어요 ㅠㅠㅠㅠ\n",
        "# 기울기: ∂L/∂α = Σ β·γ, Δθ → 0, x × y ≤ π\n",
        "# 값\n",
    ],
)
def test_what_korean_students_write_is_read(text):
    assert decode(text.encode("cp949"))[0] == text


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "shift_jis", "gbk", "big5", "cp949", "euc-kr", "latin-1"])
def test_a_right_cookie_is_obeyed_and_told(encoding):
    text = f"# -*- coding: {encoding} -*-\nx = '{'é' if encoding in ('cp1252', 'latin-1') else '中'}'\n"
    source, (note,) = decode(text.encode(encoding))
    assert source == text
    assert f"read as {encoding}, as its first lines say" in note


def test_a_cookie_counts_in_the_first_two_lines_only():
    with pytest.raises(UnicodeDecodeError):
        "x = '中'".encode("cp932").decode()
    with pytest.raises(Unreadable):
        decode("x = 1\ny = 2\n# coding: cp932\nx = '中'".encode("cp932"))
    assert decode("#!/usr/bin/python\n# coding: cp932\nx = '中'".encode("cp932"))[0].endswith("'中'")


@pytest.mark.parametrize(
    "data, note",
    [
        ("# coding: euc-kr\nx = '한글'".encode(), "say euc-kr, but it is UTF-8"),
        ("# coding: ascii\nx = '한글'".encode(), "say ascii, but it is UTF-8"),
        (b"# coding: klingon\nx = 1", "an encoding that is not known (klingon)"),
        (b"# coding: utf-7\nx = '+AGE-'", "an encoding that is not known (utf-7)"),
        (b"# coding: unicode_escape\n# \\u000aevil()", "an encoding that is not known (unicode_escape)"),
        (b"# -*- coding: rot13 -*-\nk = 1", "an encoding that is not known (rot13)"),
    ],
)
def test_a_wrong_or_unknown_cookie_is_told_and_the_text_is_what_one_sees(data, note):
    source, notes = decode(data)
    assert source == data.decode()
    assert [note in said for said in notes] == [True]


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"x = 1\0", "NUL bytes"),
        (b"x = 1" + bytes(11), "NUL bytes"),
        (b"\0" * 64, "NUL bytes"),
        (b"\xff\xfe" + "x\0y".encode("utf-16-le"), "NUL bytes"),
        (b"\xff\xfex", "begins as UTF-16"),
        (b"\xff\xfe\x00\xd8", "begins as UTF-16"),
        (b"\xff\xfe\x00\x00x", "begins as UTF-32"),
        (b"\xef\xbb\xbf\xff", "begins as UTF-8"),
        (b"x = '\xff\xff'", "line 1"),
        (b"a = 1\nb = 2\nx = 'caf\xe9 '", "(line 3)"),
        ("Äpfel".encode("latin-1"), "neither UTF-8 nor"),
        ("x = '“quoted”'".encode("cp1252"), "neither UTF-8 nor"),
        ("# こんにちは世界\n".encode("euc-jp"), "neither UTF-8 nor"),
        ("# これは関数です\n".encode("cp932"), "neither UTF-8 nor"),
        ("# これは関数です\n".encode("euc-jp"), "neither UTF-8 nor"),
        ("# 行列の積を計算する\n".encode("euc-jp"), "neither UTF-8 nor"),
        ("# 計算注意力權重的總和\n".encode("big5"), "neither UTF-8 nor"),
        ("# 中文注释，计算注意力权重的总和\n".encode("gbk"), "neither UTF-8 nor"),
        ("# привет, мир\n".encode("cp1251"), "neither UTF-8 nor"),
        ("x = '한글'\n".encode() + "y = '한글'\n".encode("cp949"), "(line 2)"),
        (b"# coding: euc-kr\n" + b"x = '\xff\xff'", "say that it is euc-kr, but it is not"),
    ],
)
def test_what_is_not_certain_is_refused_with_a_sentence(data, reason):
    with pytest.raises(Unreadable) as refused:
        decode(data)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    "line, name",
    [
        ("x\u00a0= 1", "NO-BREAK SPACE (U+00A0)"),
        ("x = “a”", "LEFT DOUBLE QUOTATION MARK (U+201C)"),
        ("x = ‘a’", "LEFT SINGLE QUOTATION MARK (U+2018)"),
        ("f（1）", "FULLWIDTH LEFT PARENTHESIS (U+FF08)"),
        ("x = 1\u3000", "IDEOGRAPHIC SPACE (U+3000)"),
        ("x = 1 \u2212 2", "MINUS SIGN (U+2212)"),
        ("x = 1\u2028y = 2", "LINE SEPARATOR (U+2028)"),
        ("\ufeffx = 1", "ZERO WIDTH NO-BREAK SPACE (U+FEFF)"),
        ("x = 1\x1a", "CONTROL (U+001A)"),
    ],
)
def test_what_looks_like_other_characters_is_told_and_not_changed(line, name):
    source, notes = source_of(f"y = 0\n{line}\n".encode(), "dot.py", 1000)
    assert source == f"y = 0\n{line}\n"
    assert name in notes[0]
    assert notes[0].startswith("line 2: ")


@pytest.mark.parametrize(
    "source",
    [
        "x = '“a”' # ‘b’",
        '"""\n“a”\n（1）\n"""\nx = 1',
        "f('''a\n“b”''', \"（\")",
        r"x = '\'“' + r'\’'",
        "이름 = '값'",
        "# １２３，",
    ],
)
def test_such_characters_are_welcome_in_strings_and_comments(source):
    assert odd_characters(source) == ()


def test_a_scanner_knows_what_goes_on_with_the_line_before():
    scanner = LineScanner()
    lines = ["x = (1,", "  2)", "y = '''", " a", "'''", "z = 1 + \\", "  2", "s = 'open", "t = 1"]
    assert [(scanner.code_of(line), scanner.within)[1] for line in lines] == [
        True, False, True, True, False, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "evil", ["'''" * 99_999, '"' * 300_001, "\\" * 300_000, "'\\" * 150_000, "(" * 300_000, "#" * 300_000]
)
def test_no_line_takes_long_to_scan(evil):
    """Linear: these would take hours otherwise, and the test its limit."""
    scanner = LineScanner()
    for line in (evil, evil + "'", evil[::-1]):
        scanner.code_of(line)


def archive(write):
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def tar(file):
    with tarfile.open(fileobj=file, mode="w") as made:
        made.addfile(tarfile.TarInfo("dot.py"))


def zipped(*names):
    def write(file):
        with zipfile.ZipFile(file, "w") as made:
            for name in names:
                made.writestr(name, "x")

    return archive(write)


@pytest.fixture(scope="module")
def pyc(tmp_path_factory):
    source = tmp_path_factory.mktemp("pyc") / "dot.py"
    source.write_text("x = 1")
    compiled = importlib.util.cache_from_source(str(source))
    py_compile.compile(str(source), compiled)
    with open(compiled, "rb") as file:
        return file.read()


@pytest.mark.parametrize(
    "data, kind",
    [
        (zipped("dot.py"), "zip"),
        (zipped(), "zip"),
        (zipped("[Content_Types].xml", "word/document.xml"), "docx"),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z"),
        (b"Rar!\x1a\x07\x01\0", "rar"),
        (gzip.compress(b"x"), "gzip"),
        (bz2.compress(b"x"), "bzip2"),
        (lzma.compress(b"x"), "xz"),
        (archive(tar), "tar"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "Word or HWP"),
        (b"{\\rtf1\\ansi", "RTF"),
        (b"\x89PNG\r\n\x1a\n", "PNG"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "JPEG"),
        (b"MZ\x90\0\3\0\0\0", "EXE"),
        (b"\x93NUMPY\1\0", "npy"),
        (pickle.dumps({"x": 1}, 4), "pickle"),
        (b"<!DOCTYPE html>\n<title>Log in</title>", "HTML"),
        (b"\xef\xbb\xbf \n<HTML>", "HTML"),
    ],
)
def test_another_kind_of_file_under_the_right_name_is_called_by_its_kind(data, kind):
    with pytest.raises(Unreadable) as refused:
        source_of(data, "dot.py", 10**6)
    assert f"({kind})" in str(refused.value)
    assert str(refused.value).endswith("hand in dot.py itself")


def test_compiled_python_is_no_source(pyc):
    assert kind_of(pyc) == "pyc"


@pytest.mark.parametrize(
    "source", [b"MZ = 1", b"PK = 1", b"BZh = 2", b"GIF8 = 3", b"a < b", b"%PDF", b"", b"\r\n\r\n\0"]
)
def test_a_program_that_begins_alike_is_no_other_kind(source):
    assert kind_of(source) is None
