"""The leak gate: does what leaves the instructor's hands hold hidden checks, solutions or misconceptions?"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .contents import NotSearched, contents, texts
from .course import Course
from .sync import BEGIN, END

LINE = 24  # characters; shorter lines of code are anybody's
LONG, MANY = 2000, 200_000  # of lines that are remembered: their length, and how many
PUBLIC = ("exercises", "grader", "docs", "README.md", "README.ko.md", "CONTRIBUTING.md")
HINTS = "exercises/hints"  # public, but a line of a solution does not become harmless by standing in a hint


@dataclass(frozen=True)
class Leak:
    """Where something stands that must not, what it is, and where it comes from.

    Without an origin nothing was found: the place could not be searched, and `text` says why.
    """

    place: str
    text: str
    origin: str = ""


def find_leaks(paths: Iterable[Path], needles: Mapping[str, str]) -> list[Leak]:
    """Every needle (a line or a part of one -> where it comes from) that a file, an archive or a name under these paths holds."""
    return Search(needles).leaks(paths)


class Search:
    """Many needles at once: a line is walked once, and a needle tried where the line goes on with its first characters.

    What was found in a line is remembered: the pages of a class have most of their lines in common.
    """

    def __init__(self, needles: Mapping[str, str]) -> None:
        self._origins = needles
        self._by_start: dict[str, list[str]] = {}
        self._short: list[str] = []
        self._known: dict[str, list[str]] = {}
        for needle in needles:
            if len(needle) < LINE:
                self._short.append(needle)
            else:
                self._by_start.setdefault(needle[:LINE], []).append(needle)

    def leaks(self, paths: Iterable[Path]) -> list[Leak]:
        """See `find_leaks`."""
        leaks: dict[Leak, None] = {}
        for path in paths:
            for place, data in contents(path):
                if isinstance(data, NotSearched):
                    leaks[Leak(place, str(data))] = None
                    continue
                for text in (place.removeprefix(str(path.parent)), *texts(data)):
                    for line in dict.fromkeys(text.split("\n")):
                        for needle in self._found_in(line):
                            leaks[Leak(place, needle, self._origins[needle])] = None
        return list(leaks)

    def _found_in(self, line: str) -> list[str]:
        found = self._known.get(line)
        if found is None:
            found = self._walk(line)
            if len(line) < LONG and len(self._known) < MANY:
                self._known[line] = found
        return found

    def _walk(self, line: str) -> list[str]:
        found = dict.fromkeys(needle for needle in self._short if needle in line)
        by_start = self._by_start
        for place in range(len(line) - LINE + 1):
            start = line[place : place + LINE]
            if start in by_start:
                found |= dict.fromkeys(needle for needle in by_start[start] if line.startswith(needle, place))
        return list(found)


def needles_of(course: Course, public: str | None = None) -> dict[str, str]:
    """The lines by which this course's secrets are known: text -> FILE:LINE.

    Of hidden checks, of the references' solution blocks, of wrong and of differently written versions; not what students
    are shown anyway (a check's sentence, a hint), nor a line that stands in a public file too. public: the text of those;
    without it, of all that lies where public files do.
    """
    public = _public_text(course.root) if public is None else public
    needles: dict[str, str] = {}
    for path in sorted([*(course.root / "solutions").rglob("*.py"), *(course.root / "tests" / "hidden").rglob("*.py")]):
        source = path.read_text(encoding="utf-8")
        is_reference = path.parent == course.root / "solutions"
        lines = _solution_lines(source) if is_reference else _private_lines(source)
        place = path.relative_to(course.root).as_posix()
        for number, line in lines:
            text = line.strip()
            if len(text) >= LINE and text not in public:
                needles.setdefault(text, f"{place}:{number}")
        needles[f"/{place}"] = place  # a file's own place, and what compiled code says of where it comes from
    return needles


def _solution_lines(source: str) -> Iterator[tuple[int, str]]:
    inside = False
    for number, line in enumerate(source.splitlines(), 1):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            yield number, line


def _private_lines(source: str) -> Iterator[tuple[int, str]]:
    """All lines but those of docstrings and of decorators, which hold what students are shown."""
    shown: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node, clean=False):
            shown.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
        for decorator in getattr(node, "decorator_list", []):
            shown.update(range(decorator.lineno, (decorator.end_lineno or 0) + 1))
    for number, line in enumerate(source.splitlines(), 1):
        if number not in shown:
            yield number, line


def _public_text(root: Path) -> str:
    parts: list[str] = []
    for name in PUBLIC:
        path = root / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        parts += [
            file.read_text(encoding="utf-8", errors="replace")
            for file in files
            if file.suffix in (".py", ".md", ".toml", ".ipynb") and file.is_file() and root / HINTS not in file.parents
        ]
    return "\n".join(parts)
