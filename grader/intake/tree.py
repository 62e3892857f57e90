"""Files and folders, on disk or in a zip: the same nodes, so that the rest of the intake need not know which."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeGuard

from ..i18n import _
from .names import is_junk, shown

MAX_DEPTH = 4
MAX_NODES = 2000


class Unreadable(Exception):
    """What was handed in cannot be used; the text says why, as the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class File:
    """A file, or what stands where a file is expected: then `problem` says why it cannot be read.

    read: read(limit) gives its bytes; raises Unreadable, above `limit` bytes too.
    modified: orders files of one folder or zip; no meaning beyond that.
    changed_at: when it was last changed, in seconds since 1970, of a file on disk.
    """

    name: str
    read: Callable[[int], bytes] = field(repr=False)
    modified: tuple[float, ...] = ()
    problem: str = ""
    changed_at: float | None = None


class Folder(Protocol):
    """A folder; `entries` raises Unreadable."""

    @property
    def name(self) -> str: ...

    def entries(self) -> "list[File | Folder]": ...


Node = File | Folder


def is_folder(node: Node) -> TypeGuard[Folder]:
    return not isinstance(node, File)


def cannot_be_read(problem: str) -> Callable[[int], bytes]:
    """`File.read` of what cannot be read."""

    def read(limit: int) -> bytes:
        raise Unreadable(problem)

    return read


def broken(name: str, problem: str) -> File:
    return File(name, cannot_be_read(problem), problem=problem)


@dataclass(frozen=True)
class Found:
    """A file and where it lies: the names of the folders and zips around it."""

    file: File
    where: tuple[str, ...]

    @property
    def path(self) -> str:
        return "/".join((*self.where, self.file.name))


@dataclass
class Walk:
    """All files below some nodes, the nearest first. `problems`: what was not looked into, and why.

    open_archive: gives an archive's content as a Folder, None for what is no archive; raises Unreadable.
    """

    open_archive: Callable[[Found], Folder | None]
    problems: list[str] = field(default_factory=list)

    def files(self, roots: list[Node]) -> Iterator[Found]:
        level: list[tuple[Node, tuple[str, ...]]] = []
        for root in roots:
            level += self._inside(root, ()) if is_folder(root) else [(root, ())]
        left = MAX_NODES
        for _depth in range(MAX_DEPTH):
            below: list[tuple[Node, tuple[str, ...]]] = []
            for node, where in level:
                if left == 0:
                    self.problems.append(_("what comes after the first {count} files").format(count=MAX_NODES))
                    return
                left -= 1
                if is_folder(node):
                    # A folder where a file is expected is found, and cannot be read.
                    yield Found(broken(node.name, _("it is a folder; hand in a file")), where)
                    below += self._inside(node, (*where, node.name))
                    continue
                if isinstance(node, File):
                    found = Found(node, where)
                    yield found
                    below += self._inside_archive(found)
            level = below
        if level:
            self.problems.append(_("folders more than {count} deep").format(count=MAX_DEPTH - 1))

    def _inside(self, folder: Folder, where: tuple[str, ...]) -> list[tuple[Node, tuple[str, ...]]]:
        try:
            return [(node, where) for node in folder.entries() if not is_junk(node.name)]
        except Unreadable as error:
            self.problems.append(": ".join(part for part in (shown("/".join(where)), str(error)) if part))
            return []

    def _inside_archive(self, found: Found) -> list[tuple[Node, tuple[str, ...]]]:
        try:
            folder = self.open_archive(found)
        except Unreadable as error:
            self.problems.append(f"{shown(found.path)}: {error}")
            return []
        return [] if folder is None else self._inside(folder, (*found.where, found.file.name))
