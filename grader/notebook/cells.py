"""What an exercise's notebooks are made of: the guide, a cell a section, and Python, a cell a definition."""

import ast
import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell, new_notebook

from ..course import Exercise
from ..i18n import language

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_MAX_ID = 64  # nbformat's
_PICTURE = re.compile(r"\]\(\.\./pictures/([\w.-]+)\)")


@dataclass(frozen=True)
class Part:
    """Some statements of a source that make up a cell. name: what they define; "imports" for those above."""

    source: str
    name: str


def notebook_of(exercise: Exercise, cells: Iterable[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    """A notebook of these cells, the same each time: their ids are their numbers."""
    cells = list(cells)
    for number, cell in enumerate(cells, 1):
        cell["id"] = f"{exercise.name}-{number}"[-_MAX_ID:]
    facts: dict[str, Any] = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    notebook: nbformat.NotebookNode = new_notebook(cells=cells, metadata=facts)
    return notebook


def guide_cells(exercise: Exercise) -> Iterator[nbformat.NotebookNode]:
    """The guide in the language that is set; its pictures travel inside the notebook."""
    text = exercise.guide_to_read(language()).read_text(encoding="utf-8")
    for section in _sections(text):
        cell = new_markdown_cell(_PICTURE.sub(r"](attachment:\1)", section))
        for name in _PICTURE.findall(section):
            picture = exercise.picture_path.with_name(name)
            if picture.exists():
                data = base64.b64encode(picture.read_bytes()).decode()
                cell.setdefault("attachments", {})[name] = {"image/png": data}
        yield cell


def parts_of(source: str) -> list[Part]:
    """A source's lines, cut before each top-level definition, its decorators and the comment above it.

    Raises SyntaxError or ValueError where it is no Python.
    """
    lines = source.splitlines()
    starts: list[tuple[int, str]] = [(0, "imports")]
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
            while start > 0 and lines[start - 1].startswith("#"):
                start -= 1
            starts.append((start, node.name))
    ends = [start for start, _ in starts[1:]] + [len(lines)]
    parts = [
        Part("\n".join(lines[start:end]).strip("\n"), name) for (start, name), end in zip(starts, ends, strict=True)
    ]
    return [part for part in parts if part.source]


def _sections(text: str) -> list[str]:
    """Markdown, cut before each heading of the second level that stands in no fenced block."""
    sections: list[list[str]] = [[]]
    fenced = False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if line.startswith("## ") and not fenced:
            sections.append([])
        sections[-1].append(line)
    return ["\n".join(section).strip() for section in sections if any(section)]
