"""Lay out the files of a new exercise. What is left to be written is marked, and `grader verify` asks for each of it."""

import json
import keyword
import sys
import tomllib
from pathlib import Path

from .course import Course, load_course
from .errors import GraderFault, UserError
from .placeholders import PLACEHOLDER
from .sync import generate, write

TEMPLATES = Path(__file__).parent / "templates" / "exercise"
POINTS = 4  # what the checks of the template add up to


def new_exercise(course: Course, name: str, title_en: str | None, title_ko: str | None) -> list[Path]:
    """Write the files of the exercise `name` and its entry in course.toml; returns what was written.

    Raises UserError for a name that cannot be used, and then changes nothing.
    """
    _refuse_name(course, name)
    titles = {"title_en": title_en or f"{PLACEHOLDER} {name}", "title_ko": title_ko or f"{PLACEHOLDER} {name}"}
    files = {path: _fill(text, name, titles) for path, text in _templates(course.root, name).items()}
    existing = [path for path in files if path.exists()]
    if existing:
        raise UserError(
            f"{existing[0]} is there already. Choose another name, or move the file away; nothing was changed."
        )
    course_file = course.root / "exercises" / "course.toml"
    before = course_file.read_bytes()
    after = before.rstrip() + b"\n" + _entry(name, titles["title_en"], titles["title_ko"]).encode()
    tomllib.loads(after.decode())  # before anything is written
    written: list[Path] = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
            path.write_text(text, encoding="utf-8")
        course_file.write_bytes(after)
        exercise = load_course(course_file).exercise(name)
        written += [exercise.stub_path, exercise.recording_path]
        write(exercise, generate(exercise))
    except (OSError, GraderFault, UserError) as error:
        course_file.write_bytes(before)
        for path in written:
            path.unlink(missing_ok=True)
        raise UserError(f"The exercise {name} could not be laid out: {error}. Nothing was changed.") from None
    return written


def _refuse_name(course: Course, name: str) -> None:
    if not (name.isidentifier() and name.isascii()) or keyword.iskeyword(name) or name.startswith("_"):
        raise UserError(
            f"The name of an exercise is a Python identifier (letters, digits, underscores), not {name!r}. Nothing was changed."
        )
    if name in (exercise.name for exercise in course.exercises):
        raise UserError(f"There is an exercise {name} already. Choose another name; nothing was changed.")
    # A student's file of that name would hide the module wherever it lies beside the code that imports it.
    if name in sys.stdlib_module_names or name in ("grader", "solutions", "numpy", "torch"):
        raise UserError(f"{name} is the name of a Python module. Choose another name; nothing was changed.")


def _templates(root: Path, name: str) -> dict[Path, str]:
    """Where each file goes -> its template."""
    return {
        root
        / path.relative_to(TEMPLATES).with_name(path.name.removesuffix(".txt").replace("NAME", name)): path.read_text(
            encoding="utf-8"
        )
        for path in sorted(TEMPLATES.rglob("*.txt"))
    }


def _fill(text: str, name: str, titles: dict[str, str]) -> str:
    for key, value in {"name": name, **titles}.items():
        text = text.replace("{{" + key + "}}", value)
    return text


def _entry(name: str, title_en: str, title_ko: str) -> str:
    """At the end of the course; an author moves it to its place in the order."""
    en, ko = (json.dumps(title, ensure_ascii=False) for title in (title_en, title_ko))
    return f'\n[[exercise]]\nname = "{name}"\ntitle = {{ en = {en}, ko = {ko} }}\npoints = {POINTS}\n'
