"""All files that students get, by their path in the bundle. Nothing here depends on the machine, the user or the day."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

from ..course import Course
from ..errors import UserError
from ..sync import make_stub

PACKAGE = Path(__file__).parent.parent
TEMPLATES = PACKAGE / "templates"
MANIFEST = ".release.json"

# Parts of grader/ that only an instructor or an author uses. What is not named here goes into the bundle: a module that
# was forgotten here does no harm, one that was forgotten in a list of what goes in would be missed.
INSTRUCTORS = {
    *("batch.py", "calibration.py", "capacity.py", "contents.py", "demo.py", "instructor.py", "leaks.py"),
    *(
        "new_exercise.py",
        "placeholders.py",
        "planning.py",
        "pool.py",
        "regrade.py",
        "regrading.py",
        "reproduce.py",
        "sync.py",
    ),
    *("verify.py", "verify_hints.py", "verify_inputs.py", "verify_jobs.py", "verify_rows.py"),
    *(
        "cli/authoring.py",
        "cli/feedbacking.py",
        "cli/gradescope.py",
        "cli/grading.py",
        "cli/handing_out.py",
        "cli/nbgrader.py",
        "cli/regrading.py",
    ),
    *("doctor/confinement.py", "doctor/grading.py"),
    *("reports/differences.py", "reports/history.py"),
    *("reports/leaderboard.py", "reports/pseudonym.py", "reports/reproduction.py", "reports/verification.py"),
    *("reports/shared", "reports/templates.py"),
    *("sandbox/user.py", "speed/calibrate.py", "exports/gradescope.py"),
    *("cli/regrading.py", "cli/reporting.py"),
    *("cluster", "feedback", "gradescope", "nbgrader", "release", "report", "similarity", "store", "templates"),
}
SOURCES_OF_CATALOGUES = (".po", ".pot")


def bundle(course: Course, languages: tuple[str, ...], with_notebooks: bool = False) -> dict[str, bytes]:
    """Path -> bytes, in order. Raises UserError for a file that is missing, or a stub that is not its reference's."""
    files = _course_files(course, languages) | _engine() | _documents(course, languages, "folder", with_notebooks)
    files |= _notebooks(course, languages) if with_notebooks else {}
    files |= {
        "pyproject.toml": _pyproject(course),
        "constraints.txt": _project_file("constraints.txt"),
        ".github/workflows/classroom.yml": (TEMPLATES / "classroom/.github/workflows/classroom.yml").read_bytes(),
    }
    return _with_manifest(course, languages, files)


def starter(course: Course, languages: tuple[str, ...], with_notebooks: bool = False) -> dict[str, bytes]:
    """What `grader start` lays out where the grader itself came as a wheel."""
    files = _course_files(course, languages) | _documents(course, languages, "wheel", with_notebooks)
    files |= _notebooks(course, languages) if with_notebooks else {}
    return _with_manifest(course, languages, files)


def _course_files(course: Course, languages: tuple[str, ...]) -> dict[str, bytes]:
    """exercises/: all of it but the guides in other languages."""
    for exercise in course.exercises:
        if exercise.stub_path.read_text(encoding="utf-8") != make_stub(exercise.reference_source, exercise.name):
            raise UserError(
                f"{exercise.stub_path} is not the stub of its reference. Run `grader sync {exercise.name}`, then release "
                "again; nothing was written."
            )
    guides = course.root / "exercises" / "guide"
    others = {guides / name for name in ("en", "ko") if name not in languages}
    return {
        path.relative_to(course.root).as_posix(): path.read_bytes()
        for path in _files_below(course.root / "exercises")
        if not any(path.is_relative_to(folder) for folder in others)
    }


def _notebooks(course: Course, languages: tuple[str, ...]) -> dict[str, bytes]:
    """The exercises as notebooks, a folder a language, as the guides lie."""
    from ..notebook.written import notebooks_of

    return {
        f"notebooks/{language}/{name}": data
        for language in languages
        for name, data in notebooks_of(course, language).items()
    }


def _engine() -> dict[str, bytes]:
    """grader/ without what only instructors use."""
    parts = {PACKAGE / name for name in INSTRUCTORS}
    return {
        path.relative_to(PACKAGE.parent).as_posix(): path.read_bytes()
        for path in _files_below(PACKAGE)
        if path.suffix not in SOURCES_OF_CATALOGUES and not any(path.is_relative_to(part) for part in parts)
    }


def _files_below(folder: Path) -> Iterator[Path]:
    """Files that somebody wrote: nothing hidden (an editor's, a notebook's checkpoints), nothing compiled, no links."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith("~") or path.name == "__pycache__" or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files_below(path)
        else:
            yield path


def _documents(course: Course, languages: tuple[str, ...], way: str, with_notebooks: bool) -> dict[str, bytes]:
    """README, licence, .gitignore and the editor's tasks. way: "folder" or "wheel", which are begun differently."""
    readmes = dict(zip(("README.md", "README.ko.md"), languages, strict=False))
    return {
        **{name: _readme(course, readmes, name, way, with_notebooks) for name in readmes},
        "LICENSE": _project_file("LICENSE"),
        ".gitignore": (TEMPLATES / "student" / "gitignore.txt").read_bytes(),
        ".vscode/tasks.json": (TEMPLATES / "student" / "tasks.json").read_bytes(),
        ".vscode/extensions.json": (TEMPLATES / "student" / "extensions.json").read_bytes(),
    }


def _readme(course: Course, readmes: dict[str, str], name: str, way: str, with_notebooks: bool) -> bytes:
    language = readmes[name]
    folder = TEMPLATES / "student" / language
    words = {
        "title": course.title_ko if language == "ko" else course.title_en,
        "others": "".join(
            f"{'한국어' if other == 'ko' else 'English'}: [{file}]({file})\n\n"
            for file, other in readmes.items()
            if other != language
        ),
        "begin": (folder / f"begin-{way}.md").read_text(encoding="utf-8").rstrip(),
        "notebooks": (folder / "notebooks.md").read_text(encoding="utf-8") if with_notebooks else "",
        "exercises": "\n".join(
            f"| {number} | `{exercise.name}` | {exercise.title_ko if language == 'ko' else exercise.title_en} "
            f"| [guide](exercises/guide/{language}/{exercise.name}.md) |"
            for number, exercise in enumerate(course.exercises, 1)
        ),
        "first": course.exercises[0].name,
        "wheel": f"{_project()['name']}-{_version(course)}-py3-none-any.whl",
    }
    return fill((folder / "README.md").read_text(encoding="utf-8"), words).encode()


def fill(text: str, words: dict[str, str]) -> str:
    """A template with each {{word}} replaced, in this order: a text that is put in may hold words that follow."""
    for name, value in words.items():
        text = text.replace("{{" + name + "}}", value)
    return text


def _pyproject(course: Course) -> bytes:
    """The students' pyproject.toml: the dependencies are those of the project's own."""
    project = _project()
    words = {
        "name": project["name"],
        "version": _version(course),
        "python": project["requires-python"],
        "dependencies": "\n".join(f"    {json.dumps(one)}," for one in project["dependencies"]),
    }
    return fill((TEMPLATES / "student" / "pyproject.toml.txt").read_text(encoding="utf-8"), words).encode()


def _version(course: Course) -> str:
    """The engine's version and the course's: pip takes a later course for newer (PEP 440: a local version)."""
    local = "".join(letter if letter.isascii() and letter.isalnum() else "." for letter in course.version.lower())
    return f"{_project()['version']}+{local.strip('.')}"


def _project() -> dict[str, str]:
    table: dict[str, str] = tomllib.loads(_project_file("pyproject.toml").decode())["project"]
    return table


def _project_file(name: str) -> bytes:
    try:
        return (PACKAGE.parent / name).read_bytes()
    except FileNotFoundError:
        raise UserError(
            f"There is no {PACKAGE.parent / name}: release from the project's own folder, with the grader installed by "
            "pip install -e."
        ) from None


def _with_manifest(course: Course, languages: tuple[str, ...], files: dict[str, bytes]) -> dict[str, bytes]:
    """With a list of the files and their hashes, by which a former release is known."""
    files = dict(sorted(files.items()))
    facts = {
        "course": course.id,
        "version": course.version,
        "languages": list(languages),
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
    }
    return {MANIFEST: (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode(), **files}
