"""grader/leaks.py and grader/contents.py: the gate finds what is planted, of every kind, and nothing where nothing is."""

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import os
import py_compile
import sqlite3
import subprocess
import tarfile
import zipfile

import pytest

from grader.contents import MAX_BYTES
from grader.leaks import Search, find_leaks, needles_of

SECRET = "weights = softmax(scores, axis=-1)  # \"한글\", <b> & 'quotes'"
NEEDLES = {SECRET: "solutions/toy.py:7"}


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(mode, **files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{mode}") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def database(text, tmp_path):
    path = tmp_path / f"{hash(text)}.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute('CREATE TABLE "odd "" name" (record TEXT)')
    # Over several pages, so that in the file the text lies in pieces.
    connection.executemany('INSERT INTO "odd "" name" VALUES (?)', [("x" * n + text,) for n in range(3900, 4100, 7)])
    connection.commit()
    connection.close()
    return path.read_bytes()


def notebook(text):
    cell = {"cell_type": "code", "source": [text + "\n"], "outputs": [], "metadata": {}, "execution_count": None}
    return json.dumps({"cells": [cell], "metadata": {"solution": text}, "nbformat": 4, "nbformat_minor": 5}).encode()


PACKINGS = {
    "text": lambda s: f"before\n    {s}\nafter".encode(),
    "utf-16": lambda s: f"before {s}".encode("utf-16"),
    "utf-16, shifted": lambda s: b"x" + s.encode("utf-16-be"),
    "notebook": notebook,
    "JSON in JSON": lambda s: json.dumps({"output": json.dumps({"source": s})}).encode(),
    "HTML": lambda s: f"<pre>{html.escape(s)}</pre>".encode(),
    "Python": lambda s: f"x = {s!r}".encode(),
    "base64": lambda s: b"data: " + base64.b64encode(b"ab" + s.encode() + b"."),
    "base64, in lines": lambda s: base64.encodebytes(b"x" * 50 + s.encode()),
    "base64 for URLs": lambda s: b"?" + base64.urlsafe_b64encode(b"\xff\xfe" + s.encode()),
    "zip": lambda s: zipped(a=b"harmless", b=s.encode()),
    "zip in tar.gz in zip": lambda s: zipped(a=tarred("gz", b=zipped(c=s.encode()))),
    "tar": lambda s: tarred("", a=s.encode()),
    "tar.xz": lambda s: tarred("xz", a=s.encode()),
    "gz": lambda s: gzip.compress(s.encode()),
    "bz2": lambda s: bz2.compress(s.encode()),
    "xz": lambda s: lzma.compress(s.encode()),
}


@pytest.mark.parametrize("kind", PACKINGS)
def test_what_is_planted_is_found_and_nothing_else(kind, tmp_path):
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_bytes(PACKINGS[kind](SECRET))
    (leak, *_) = find_leaks([tmp_path / "folder"], NEEDLES)
    assert leak.place.startswith(str(path))
    assert (leak.text, leak.origin) == (SECRET, "solutions/toy.py:7")
    path.write_bytes(PACKINGS[kind](SECRET.replace("softmax", "sigmoid")))
    assert find_leaks([tmp_path / "folder"], NEEDLES) == []


def test_a_line_that_was_seen_before_is_found_again(tmp_path):
    search = Search(NEEDLES)
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"one\n  {SECRET}; two\n" * 2)
        assert [(leak.place, leak.text) for leak in search.leaks([tmp_path / name])] == [(str(tmp_path / name), SECRET)]
    (tmp_path / "c").write_text("one\n" * 2)
    assert search.leaks([tmp_path / "c"]) == []


def test_a_database_is_read_value_by_value(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "grades.db").write_bytes(database(SECRET, tmp_path))
    assert find_leaks([tmp_path / "folder"], NEEDLES)
    (tmp_path / "folder" / "grades.db").write_bytes(database("nothing", tmp_path))
    assert find_leaks([tmp_path / "folder"], NEEDLES) == []


def test_compiled_code_and_file_names_tell_where_they_come_from(tmp_path, own_course):
    needles = needles_of(own_course)
    out = tmp_path / "out"
    out.mkdir()
    py_compile.compile(str(own_course.exercise("toy").hidden_path), cfile=str(out / "harmless.bin"), doraise=True)
    assert {leak.origin for leak in find_leaks([out], needles)} == {"tests/hidden/test_toy.py"}
    (out / "harmless.bin").unlink()
    (out / "a.zip").write_bytes(zipped(**{"solutions/toy.py": b""}))
    assert {leak.origin for leak in find_leaks([out], needles)} == {"solutions/toy.py"}
    (out / "a.zip").unlink()
    (out / "link").symlink_to(own_course.exercise("toy").reference_path)
    assert {leak.origin for leak in find_leaks([out], needles)} == {"solutions/toy.py"}


def git(folder, *arguments):
    identity = {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    nobody = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=os.environ | identity | nobody, capture_output=True, check=True).stdout


def test_a_history_remembers_what_was_deleted(tmp_path):
    repository = tmp_path / "course"
    repository.mkdir()
    git(repository, "init", "-q")
    for text in (SECRET, "gone"):
        (repository / "file").write_text(text)
        git(repository, "add", ".")
        git(repository, "commit", "-qm", "a")
    assert {leak.place.partition(".git")[2] for leak in find_leaks([repository], NEEDLES)} >= {"!/history"}
    git(repository, "gc", "-q")  # into a pack, where the two are one and a difference
    assert {leak.origin for leak in find_leaks([repository], NEEDLES)} == {"solutions/toy.py:7"}


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"PK\x03\x04 no more of it", "BadZipFile"),
        (zipped(a=zipped(b=zipped(c=zipped(d=zipped(e=zipped(f=zipped(g=b"x"))))))), "too deeply"),
        (gzip.compress(b"\0" * (MAX_BYTES + 1), 1), "too large"),
    ],
)
def test_what_cannot_be_searched_is_no_all_clear(tmp_path, data, reason):
    (tmp_path / "file").write_bytes(data)
    (leak,) = find_leaks([tmp_path / "file"], NEEDLES)
    assert (leak.origin, reason in leak.text) == ("", True)


def test_a_file_that_is_not_there_is_no_all_clear(tmp_path):
    (leak,) = find_leaks([tmp_path / "none"], NEEDLES)
    assert "no such file" in leak.text


def test_the_lines_that_are_secret(own_course):
    toy = own_course.exercise("toy")
    needles = needles_of(own_course)
    hidden, reference = toy.hidden_path.read_text(), toy.reference_source
    assert any(origin.startswith("tests/hidden/test_toy.py:") and line in hidden for line, origin in needles.items())
    assert any(origin.startswith("solutions/toy.py:") and line in reference for line, origin in needles.items())
    assert any(origin.startswith("solutions/misconceptions/toy.py:") for origin in needles.values())
    shown = [variant.en for variant in toy.misconceptions] + [toy.stub_path.read_text()]
    assert not any(line in text for line in needles for text in shown)


def test_what_students_get_is_clean_and_the_rest_is_not(toy_course, run_grader, tmp_path):
    done = run_grader("leaks", toy_course.root / "exercises")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "bundle.zip").write_bytes(zipped(**{"x.py": toy_course.exercise("toy").hidden_path.read_bytes()}))
    done = run_grader("leaks", tmp_path)
    assert done.returncode == 1, done.stderr
    assert "bundle.zip!/x.py" in done.stdout
    assert "tests/hidden/test_toy.py" in done.stdout
