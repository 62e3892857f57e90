"""grader/release: the same bytes wherever it is made, nothing that leaks, and nothing of anybody's overwritten."""

import base64
import csv
import hashlib
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader import release as releases
from grader import starter
from grader.course import load_course
from grader.errors import UserError
from grader.leaks import LINE
from grader.release import place, release
from grader.release.bundle import MANIFEST

HERE = Path(__file__).parent
LINK = re.compile(r"\]\(([^)#:]+)\)")


@pytest.fixture
def ungated(monkeypatch):
    """Without the search for leaks, which has tests of its own."""
    monkeypatch.setattr(releases, "refuse_leaks", lambda course, draft: None)


@pytest.fixture(scope="module")
def released(toy_course, tmp_path_factory):
    """A release of the toy course, with zip and wheel: folder, zip, wheel. Not to be written to."""
    out = tmp_path_factory.mktemp("released")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(releases, "refuse_leaks", lambda course, draft: None)
        done = release(toy_course, out / "toys", as_zip=True, as_wheel=True)
    return done.folder, *done.archives


def snapshot(folder):
    """Path -> mode, time and bytes of all below a folder."""
    return {
        path.relative_to(folder).as_posix(): (
            stat.S_IMODE(path.stat().st_mode),
            path.stat().st_mtime if path.is_file() else None,
            path.read_bytes() if path.is_file() else None,
        )
        for path in folder.rglob("*")
    }


def test_made_twice_it_is_the_same_byte_for_byte(released, toy_course, tmp_path, ungated):
    folder, *archives = released
    elsewhere = tmp_path / "other place" / "course"
    shutil.copytree(toy_course.root, elsewhere)
    for number, path in enumerate(sorted(elsewhere.rglob("*"))):
        os.utime(path, (number, number))
        path.chmod(0o700)
    (elsewhere / "exercises" / "__pycache__").mkdir()
    (elsewhere / "exercises" / "__pycache__" / "toy.cpython-311.pyc").write_bytes(b"compiled")
    (elsewhere / "exercises" / ".toy.py.swp").write_bytes(b"an editor's")
    umask = os.umask(0o077)
    try:
        course = load_course(elsewhere / "exercises" / "course.toml")
        again = release(course, tmp_path / "out" / "toys", as_zip=True, as_wheel=True)
    finally:
        os.umask(umask)
    assert snapshot(again.folder) == snapshot(folder)
    for one, other in zip(archives, again.archives, strict=True):
        assert one.name == other.name
        assert one.read_bytes() == other.read_bytes()


def test_folder_zip_and_wheel_hold_the_same(released):
    folder, packed, wheel = released
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with zipfile.ZipFile(packed) as archive:
        assert {name.removeprefix("toys/"): archive.read(name) for name in archive.namelist()} == files
    with zipfile.ZipFile(wheel) as archive:
        engine = {name: archive.read(name) for name in archive.namelist() if name.startswith("grader/")}
    with zipfile.ZipFile(io.BytesIO(engine.pop("grader/starter.zip"))) as archive:
        carried = {name: archive.read(name) for name in archive.namelist() if name.startswith("exercises/")}
    assert engine | carried == {name: files[name] for name in files if name.startswith(("grader/", "exercises/"))}


def test_what_students_get_and_what_not(released):
    names = {path.relative_to(released[0]).as_posix() for path in released[0].rglob("*") if path.is_file()}
    for name in (
        "README.md", "README.ko.md", "LICENSE", "pyproject.toml", "constraints.txt", ".gitignore", ".vscode/tasks.json",
        ".github/workflows/classroom.yml", "exercises/course.toml", "exercises/toy.py", "exercises/checks/test_toy.py",
        "exercises/checks/data/toy.safetensors", "exercises/inputs/toy.py", "exercises/guide/en/toy.md",
        "exercises/guide/ko/toy.md", "grader/cli/learning.py", "grader/locale/ko/LC_MESSAGES/grader.mo",
    ):  # fmt: skip
        assert name in names
    for name in (
        "solutions",
        "tests",
        "grader/cli/grading.py",
        "grader/release",
        "grader/store.py",
        "grader/verify.py",
    ):
        assert not [found for found in names if found == name or found.startswith(f"{name}/")]
    assert not [name for name in names if name.endswith((".po", ".pot", ".pyc"))]


@pytest.mark.parametrize("languages", [("en",), ("ko",), ("en", "ko")])
def test_readmes_and_guides_are_in_the_languages_asked_for(toy_course, tmp_path, ungated, languages):
    folder = release(toy_course, tmp_path / "toys", languages).folder
    assert {path.name for path in (folder / "exercises" / "guide").iterdir()} - {"pictures"} == set(languages)
    readmes = sorted(folder.glob("README*"))
    assert len(readmes) == len(languages)
    for readme in readmes:
        text = readme.read_text()
        assert "{{" not in text
        assert LINK.findall(text)
        for target in LINK.findall(text):
            assert (folder / target).is_file(), target
    assert ("가이드" in (folder / "README.md").read_text()) == (languages == ("ko",))


def solution_block(course):
    block = course.exercise("toy").reference_source.split("# BEGIN SOLUTION\n")[1].split("# END SOLUTION")[0]
    assert len([line for line in block.splitlines() if len(line.strip()) >= LINE]) >= 2
    return block


@pytest.mark.parametrize(
    "file, secret, origin",
    [
        ("guide/en/toy.md", solution_block, "solutions/toy.py"),
        (
            "experiments/notes.txt",
            lambda course: course.exercise("toy").hidden_path.read_text(),
            "tests/hidden/test_toy.py",
        ),
        (
            "checks/test_toy.py",
            lambda course: course.exercise("toy").hidden_path.read_text(),
            "tests/hidden/test_toy.py",
        ),
    ],
)
def test_a_leak_is_refused_and_nothing_is_written(own_course, tmp_path, file, secret, origin):
    """Also one that lies where public files do."""
    planted = own_course.root / "exercises" / file
    planted.parent.mkdir(exist_ok=True)
    planted.write_text((planted.read_text() if planted.exists() else "") + secret(own_course))
    with pytest.raises(UserError, match=rf"exercises/{file} holds .* of {origin}:\d+.*nothing was"):
        release(own_course, tmp_path / "out" / "toys")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_clean_course_passes_the_gate(toy_course, tmp_path):
    assert release(toy_course, tmp_path / "toys").folder.is_dir()


def test_a_stub_that_somebody_filled_in_is_refused(own_course, tmp_path):
    toy = own_course.exercise("toy")
    toy.stub_path.write_text(toy.stub_path.read_text() + "\nx = 1\n")
    with pytest.raises(UserError, match=r"toy.py is not the stub of its reference. Run `grader sync toy`"):
        release(own_course, tmp_path / "out" / "toys")
    assert not (tmp_path / "out" / "toys").exists()


# Where it goes


def test_a_former_release_makes_room_and_its_git_stays(own_course, tmp_path, ungated):
    folder = release(own_course, tmp_path / "out" / "toys", as_zip=True, as_wheel=True).folder
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / "grader" / "__pycache__").mkdir()
    (folder / "grader" / "__pycache__" / "x.pyc").write_bytes(b"tried")
    guide = own_course.root / "exercises" / "guide" / "en" / "toy.md"
    guide.write_text("Better words.\n")
    (own_course.root / "exercises" / "inputs" / "toy.py").unlink()
    assert release(own_course, tmp_path / "out" / "toys", as_zip=True, as_wheel=True).folder == folder
    assert (folder / "exercises" / "guide" / "en" / "toy.md").read_text() == "Better words.\n"
    assert not (folder / "exercises" / "inputs" / "toy.py").exists()
    assert (folder / ".git" / "HEAD").is_file()
    assert not (folder / "grader" / "__pycache__").exists()
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")) == []


def nobody_s(folder):
    folder.mkdir()
    (folder / "thesis.tex").write_text("…")


def extended(folder):
    (folder / "exercises" / "notes.md").write_text("mine")


def changed(folder):
    (folder / "exercises" / "toy.py").write_text("mine")


def a_file(folder):
    folder.write_text("mine")


@pytest.mark.parametrize(
    "change, is_released, sentence",
    [
        (nobody_s, False, "is not empty and no former release"),
        (extended, True, "exercises/notes.md did not come with it"),
        (changed, True, "exercises/toy.py was changed since"),
        (a_file, False, "is a file"),
    ],
)
def test_what_is_not_a_former_release_is_left_alone(toy_course, tmp_path, ungated, change, is_released, sentence):
    if is_released:
        release(toy_course, tmp_path / "toys")
    change(tmp_path / "toys")
    before = snapshot(tmp_path)
    with pytest.raises(UserError, match=f"{sentence}.*nothing was written"):
        release(toy_course, tmp_path / "toys")
    assert snapshot(tmp_path) == before


def test_a_place_in_the_course_or_out_of_reach_is_refused(own_course, tmp_path, ungated):
    with pytest.raises(UserError, match="lies in what is released"):
        release(own_course, own_course.root / "exercises" / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"could not be written to .*nothing was changed"):
        release(own_course, tmp_path / "file" / "out")


def test_another_zip_of_that_name_is_left_alone(toy_course, tmp_path, ungated):
    (tmp_path / "toys.zip").write_bytes(b"mine")
    with pytest.raises(UserError, match=r"toys.zip is there, and is no former release"):
        release(toy_course, tmp_path / "toys", as_zip=True)
    assert [path.name for path in tmp_path.iterdir()] == ["toys.zip"]


def test_a_disk_that_fails_half_way_leaves_the_former_release(own_course, tmp_path, ungated, monkeypatch):
    folder = release(own_course, tmp_path / "out" / "toys").folder
    (folder / ".git").mkdir()
    before = snapshot(tmp_path / "out")
    (own_course.root / "exercises" / "guide" / "en" / "toy.md").write_text("Better words.\n")
    rename = os.rename

    def fails(source, target):
        if Path(target) == folder and "former" not in str(source):
            raise OSError(28, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(place.os, "rename", fails)
    with pytest.raises(UserError, match="No space left on device"):
        release(own_course, tmp_path / "out" / "toys")
    assert snapshot(tmp_path / "out") == before


# The bundle by itself


def run_alone(code, *path, cwd):
    """Python with only these folders to import from, beside the installed packages."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, path)), "LANG": "C.UTF-8"}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    return subprocess.run(
        [sys.executable, *code], env=env, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )


def test_every_module_of_the_bundle_can_be_imported_without_the_rest(released, tmp_path):
    walk = (
        "import importlib, pkgutil, grader; print(grader.__file__)\n"
        "for module in pkgutil.walk_packages(grader.__path__, 'grader.'):\n"
        "    if module.name.split('.')[-1] not in ('__main__', 'confine', 'forkserver'): importlib.import_module(module.name)"
    )
    done = run_alone(["-c", walk], HERE / "bare_machine", released[0], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).is_relative_to(released[0])


def test_a_students_commands_are_a_students(released):
    done = run_alone(["-m", "grader", "--help"], released[0], cwd=released[0])
    assert "check" in done.stdout, done.stderr
    assert not re.search(r"^ +(batch|verify|release|leaks) ", done.stdout, re.MULTILINE)


def test_the_wheel_is_a_wheel_and_start_lays_out_the_course(released, tmp_path):
    with zipfile.ZipFile(released[2]) as archive:
        archive.extractall(tmp_path / "site")
    site = tmp_path / "site"
    (info,) = site.glob("*.dist-info")
    for name, digest, size in csv.reader((info / "RECORD").read_text().splitlines()):
        if name != f"{info.name}/RECORD":
            data = (site / name).read_bytes()
            expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == (f"sha256={expected}", len(data))
    done = run_alone(["-m", "grader", "start", "work/course"], site, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    course = load_course(tmp_path / "work" / "course" / "exercises" / "course.toml")
    assert course.exercise("toy").stub_path.read_bytes() == (released[0] / "exercises" / "toy.py").read_bytes()
    assert "pip install -c" not in (tmp_path / "work" / "course" / "README.md").read_text()
    before = snapshot(tmp_path / "work")
    done = run_alone(["-m", "grader", "start", "work/course"], site, cwd=tmp_path)
    assert (done.returncode, "is there already" in done.stderr) == (2, True)
    assert snapshot(tmp_path / "work") == before


def test_start_says_where_the_exercises_are(tmp_path):
    with pytest.raises(UserError, match="Your exercises are there already"):
        starter.start(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_list_of_files_is_true(released):
    listed = json.loads((released[0] / MANIFEST).read_text())["files"]
    files = {path.relative_to(released[0]).as_posix(): path for path in released[0].rglob("*") if path.is_file()}
    del files[MANIFEST]
    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()} == listed
