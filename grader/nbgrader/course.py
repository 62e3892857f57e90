"""A course folder for nbgrader, made out of the exercises: its config, and a source notebook for each."""

import os
from pathlib import Path
from string import Template

import nbformat

from ..course import Course, Exercise
from ..errors import UserError
from ..files import not_written, replace
from ..i18n import language
from .notebooks import source_notebook

CONFIG = "nbgrader_config.py"
MARK = "# Made by `grader nbgrader init`"
_TEMPLATE = Path(__file__).parent.parent / "templates" / "nbgrader" / "nbgrader_config.py.txt"


def init(course: Course, exercises: list[Exercise], folder: Path) -> list[Path]:
    """Lay out FOLDER/nbgrader_config.py and FOLDER/source/EXERCISE/EXERCISE.ipynb; returns what was written.

    In a course that was made so before, exercises that it does not have yet are added. Nothing is overwritten: UserError
    for a folder that is somebody else's, and for an exercise that is there.
    """
    config = folder / CONFIG
    known = _is_ours(config)
    if not known and folder.exists() and any(folder.iterdir()):
        raise UserError(
            f"The folder {folder} is not empty and was not made by this command; name another one. Nothing was changed."
        )
    there = [exercise.name for exercise in exercises if (folder / "source" / exercise.name).exists()]
    if there:
        raise UserError(
            f"{folder / 'source'} has {', '.join(there)} already, and nothing is overwritten; name other exercises, or move "
            "that away first."
        )
    files = {} if known else {config: _config(course)}
    for exercise in exercises:
        files |= {folder / "source" / exercise.name / name: text for name, text in source_files(exercise).items()}
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            replace(path, text)
    except OSError as error:
        raise not_written("The course", folder, error) from None
    return list(files)


def source_files(exercise: Exercise) -> dict[str, str]:
    """What belongs into source/EXERCISE, by name: the notebook, and the files that every student is given."""
    notebook = nbformat.writes(source_notebook(exercise)) + "\n"
    return {f"{exercise.name}.ipynb": notebook} | {f"{name}.py": text for name, text in exercise.given_sources.items()}


def _is_ours(config: Path) -> bool:
    try:
        return config.read_text(encoding="utf-8", errors="replace").startswith(MARK)
    except OSError:
        return False


def _config(course: Course) -> str:
    facts = {"mark": MARK, "course_id": course.id, "course": os.fspath(course.root), "language": language()}
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute({name: value if name == "mark" else repr(value) for name, value in facts.items()})
