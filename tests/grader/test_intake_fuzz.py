"""grader/intake under fire: whatever bytes, zips, notebooks and names come in, a Submission or a UserError comes out.

HYPOTHESIS_PROFILE=long runs for minutes with new inputs each time.
"""

import io
import json
import os
import random
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grader.course import Exercise
from grader.errors import UserError
from grader.intake.collect import collect
from grader.intake.gradescope import read_metadata
from grader.intake.names import fit, shown, student_name, text_of
from grader.intake.roster import Person, read_roster
from grader.intake.student import Part, Student, source_of
from grader.intake.tree import File, Unreadable
from grader.reports.records import folders_of
from grader.submission import Submission, submission_of

LIMIT = 64 * 1024
MAX_SAID = 3000  # characters of all that is said about one submission

encodings = st.sampled_from(
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp949", "cp932", "latin-1"]
)
programs = st.lists(
    st.sampled_from(["x = 1", "\n", "\r\n", "\r", '"""', "'''", '"', "'", "\\", "#", "(", ")", "[", "]", "%matplotlib inline",
                     "%%bash", "!ls", "?", "await f()", "# coding: cp949", "# coding: utf-7", "\t", "\x0c", "\0", "\ufeff",
                     "한글", "“", "（", "\u00a0", "\u2028", "😀", "\ud800", "def f():", "    ", "=", "x"]),
    max_size=30,
).map("".join)  # fmt: skip
encoded = st.builds(
    lambda text, encoding: text.encode(encoding, "ignore"), st.one_of(programs, st.text(max_size=200)), encodings
)
magic = st.sampled_from(
    [b"", b"PK\x03\x04", b"7z\xbc\xaf\x27\x1c", b"%PDF-", b"\x1f\x8b\x08", b"\xff\xfe", b"\xfe\xff", b"{", b"# coding:"]
)
anything = st.one_of(st.binary(max_size=400), encoded, st.builds(bytes.__add__, magic, st.binary(max_size=200)))

names = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40).map(lambda raw: raw.decode("latin-1")),
    st.lists(
        st.sampled_from(["dot", ".py", ".ipynb", ".zip", "/", "\\", "..", "C:", " (1)", "-1", "_최종", "김", "\u1100\u1175", "\0",
                         "\n", "_12_34_", "_LATE", "_assignsubmission_file_", "submission_1", "submitted", "__MACOSX", "._", "DOT", "9" * 5000]),
        max_size=8,
    ).map("".join),
)  # fmt: skip

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), programs)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
cells = st.fixed_dictionaries(
    {},
    optional={
        "cell_type": st.one_of(st.sampled_from(["code", "markdown", "raw"]), values),
        "source": st.one_of(programs, st.lists(programs, max_size=4), values),
        "input": st.one_of(programs, values),
        "outputs": values,
    },
)
notebooks = st.fixed_dictionaries(
    {},
    optional={
        "cells": st.one_of(st.lists(st.one_of(cells, values), max_size=5), values),
        "worksheets": st.one_of(
            st.lists(st.fixed_dictionaries({"cells": st.lists(cells, max_size=3)}), max_size=2), values
        ),
        "metadata": st.one_of(values, st.fixed_dictionaries({"kernelspec": values, "language_info": values})),
        "nbformat": values,
    },
)


def check(submission: Submission) -> None:
    """What every later step may rely on."""
    if submission.source is None:
        assert submission.problem in ("missing", "unreadable")
        assert submission.reason
    else:
        assert not submission.problem
        assert len(submission.source) <= LIMIT
        assert not set(submission.source) & {"\0", "\r"}
        submission.source.encode("utf-8")
    said = "".join((submission.reason, *submission.notes))
    assert len(said) <= MAX_SAID
    said.encode("utf-8")
    submission.student.encode("utf-8")
    assert len(submission.student) <= 200
    assert submission.sha256


def handed_in(toy: Exercise, *files: tuple[str, bytes]) -> Submission:
    parts = [Part(File(name, lambda limit, data=data: data[:limit])) for name, data in files]
    student = Student("ann", parts)
    try:
        return submission_of(student, toy)
    finally:
        student.close()


@given(data=anything)
@example(data=b"\xff\xfe")
@example(data=b"{" * 3000)
def test_any_bytes_under_the_right_name(toy, data):
    for name in ("toy.py", "toy.ipynb", "toy.zip"):
        check(handed_in(toy, (name, data)))


@given(text=programs)
def test_any_program_is_kept_as_it_is(text):
    """Nothing but the line ends and a BOM may change: what is graded is what was written."""
    plain = text.replace("\0", "").replace("\ud800", "").lstrip("\ufeff")
    source, _notes = source_of(plain.encode(), "toy.py", LIMIT)
    if plain.startswith("{"):
        return
    assert source == plain.replace("\r\n", "\n").replace("\r", "\n")


@given(notebook=notebooks, cut=st.integers(0, 40), encoding=encodings)
def test_any_notebook(toy, notebook, cut, encoding):
    text = json.dumps(notebook, ensure_ascii=cut % 2 == 0)
    data = text.encode(encoding, "ignore")
    check(handed_in(toy, ("toy.ipynb", data[: len(data) - cut] if cut % 3 == 0 else data)))
    check(handed_in(toy, ("toy.py", data)))


@given(depth=st.integers(900, 20_000), opening=st.sampled_from(["[", '{"a":', '{"cells":[']))
def test_a_notebook_of_any_depth(toy, depth, opening):
    closing = {"[": "]", '{"a":': "}", '{"cells":[': "]}"}[opening]
    for data in (opening * depth, opening * depth + closing * depth):
        check(handed_in(toy, ("toy.ipynb", data.encode())))


def make_zip(members: list[tuple[str, bytes]], method: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as made:
        for name, data in members:
            made.writestr(zipfile.ZipInfo(name.encode("utf-8", "ignore").decode()), data)
    return file.getvalue()


members = st.lists(
    st.tuples(st.one_of(names, st.sampled_from(["toy.py", "hw/toy.py", "toy.ipynb", "x.zip"])), anything), max_size=6
)
methods = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])


def mutated(data: bytes, seed: int, count: int) -> bytes:
    """The zip with some bytes changed, mostly in its headers, or cut off."""
    generator = random.Random(seed)
    changed = bytearray(data)
    for _ in range(count if changed else 0):
        at = generator.randrange(len(changed))
        if generator.random() < 0.7:
            headers = [
                start
                for signature in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06")
                if (start := data.find(signature)) >= 0
            ]
            at = min(len(changed) - 1, generator.choice(headers or [0]) + generator.randrange(46))
        changed[at] = generator.choice([0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256)])
    return bytes(changed[: generator.randrange(len(changed) + 1)] if count and generator.random() < 0.2 else changed)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(members=members, method=methods, seed=st.integers(0, 2**32), count=st.integers(0, 12))
def test_any_zip_and_any_mutation_of_it(toy, members, method, seed, count):
    data = mutated(make_zip(members, method), seed, count)
    check(handed_in(toy, ("hw.zip", data)))
    check(handed_in(toy, ("outer.zip", make_zip([("hw.zip", data), ("toy.py", b"x = 1")], zipfile.ZIP_STORED))))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@given(members=members, seed=st.integers(0, 2**32), count=st.integers(0, 6))
def test_any_zip_of_a_class(toy, members, seed, count):
    with tempfile.NamedTemporaryFile(suffix=".zip") as file:
        file.write(mutated(make_zip(members, zipfile.ZIP_DEFLATED), seed, count))
        file.flush()
        check_class(Path(file.name), toy)


@given(entries=st.lists(st.tuples(names, st.sampled_from(["file", "folder", "link"]), anything), max_size=6))
def test_any_folder_of_a_class(toy, entries):
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, data in entries:
            path = os.path.join(os.fsencode(folder), name.encode("utf-8", "ignore").strip(b"/"))
            try:
                if kind == "folder":
                    os.makedirs(path)
                    path += b"/toy.py"
                elif kind == "link":
                    os.symlink(data.replace(b"\0", b"") or b"x", path)
                    continue
                with open(path, "wb") as file:
                    file.write(data)
            except (OSError, ValueError):
                continue  # no name on this file system
        check_class(Path(folder), toy)


def check_class(path: Path, toy: Exercise) -> None:
    try:
        with collect(path) as collected:
            submissions = [submission_of(student, toy) for student in collected.students]
            said = collected.mentions
    except UserError as error:
        assert len(str(error)) < MAX_SAID
        return
    for submission in submissions:
        check(submission)
    students = [submission.student for submission in submissions]
    assert len(students) == len(set(students))
    assert len(set(folders_of(students).values())) == len(students)
    "".join(said).encode("utf-8")
    assert all(len(mention) <= MAX_SAID for mention in said)


@given(name=st.one_of(names, st.text(max_size=2000)), raw=st.binary(max_size=60))
def test_any_name(name, raw):
    fit(name, "toy.py")
    assert len(student_name(name)) <= 200
    student_name(name).encode("utf-8")
    assert len(shown(name)) <= 80
    assert shown(name).isprintable() or not shown(name)
    text_of(raw).encode("utf-8")
    (folder,) = folders_of([name]).values()
    assert os.path.basename(folder) == folder not in ("", ".", "..")
    assert len(folder.encode()) <= 255


@given(text=st.one_of(st.text(max_size=200), st.lists(st.sampled_from(["student", "id", ",", ";", '"', "\n", "\t", "a", "김", "\0", "name"]), max_size=40).map("".join)), person=st.tuples(names, names, names))  # fmt: skip
def test_any_roster(text, person):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "roster.csv")
        path.write_bytes(text.encode("utf-8", "ignore"))
        try:
            roster = read_roster(path)
        except UserError:
            return
        assert roster.student_of(Person(*person)) in (None, *roster.students)
        assert all(roster.student_of(Person(student)) == student for student in roster.students)


@given(text=st.one_of(st.text(max_size=100), st.lists(st.sampled_from(["submission_1:", "\n", "  ", "- ", ":submitters:", ":name: x", "&a", "*a", "!t", "{", "}", "[", "]", ",", "'", "? ", ": ", "---", "|"]), max_size=30).map("".join)))  # fmt: skip
def test_any_metadata(text):
    try:
        uploads = read_metadata(text)
    except UserError:
        return
    assert all(person.label for upload in uploads.values() for person in upload.submitters)


def test_a_source_that_is_no_text_raises_only_what_it_says(toy):
    with pytest.raises(Unreadable):
        source_of(b"\xff\xff", "toy.py", LIMIT)
