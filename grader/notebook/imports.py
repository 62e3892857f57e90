"""What a notebook may import as a file may: the files that an exercise is given, and other exercises that are notebooks.

A file NAME.py beside the notebook is Python's own business, and comes first.
"""

import sys
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location, spec_from_loader
from pathlib import Path
from types import ModuleType

from ..course import Course
from ..intake.student import Missing
from ..intake.tree import Unreadable
from ..submission import read_source


class CourseFinder(MetaPathFinder):
    """Finds what the exercises of a course use and are given."""

    def __init__(self, course: Course) -> None:
        self._given = {name: course.root / "exercises" / f"{name}.py" for one in course.exercises for name in one.given}
        self._limits = {one.name: one.limits.source_kb * 1024 for one in course.exercises}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self._given:
            return spec_from_file_location(fullname, self._given[fullname])
        notebook = Path.cwd() / f"{fullname}.ipynb"
        if fullname not in self._limits or not notebook.is_file():
            return None
        return spec_from_loader(fullname, _NotebookLoader(notebook, self._limits[fullname]))


class _NotebookLoader(InspectLoader):
    def __init__(self, path: Path, limit: int) -> None:
        self._path, self._limit = path, limit

    def get_source(self, fullname: str) -> str:
        try:
            source, _notes = read_source(self._path, self._limit)
        except (Missing, Unreadable) as error:
            raise ImportError(str(error), name=fullname, path=str(self._path)) from None
        return source


def offer_imports(course: Course) -> None:
    """From now on `import` finds them, after all else; of a course that was offered before nothing is left."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, CourseFinder)]
    sys.meta_path.append(CourseFinder(course))
