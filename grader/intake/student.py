"""One student's work: which of the files is the one that an exercise asks for, and what else lies there."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..i18n import _
from ..standing.times import HandedIn, platform_time
from .archive import ArchiveOpener
from .disk import too_large
from .kinds import refuse_other_kinds
from .names import Fit, extension, fit, shown
from .notebook import NOTEBOOK_BYTES, looks_like_notebook, notebook_source
from .text import Text, decode, odd_characters
from .tree import Found, Node, Unreadable, Walk

MAX_NAMED = 5


class Missing(Exception):
    """Nothing that was handed in is the file that was asked for; the text says so, and what there is instead."""


@dataclass(frozen=True)
class Part:
    """A piece of a student's work: a folder or a file, called `name` by the student.

    turn: the number of the submission that it came with, by the learning platform's own count; the last counts.
    handed_in: when, as the platform says; time_file: the name of the file beside the work in which it says so.
    """

    node: Node
    name: str = ""
    turn: tuple[float | str, ...] = ()
    notes: tuple[str, ...] = ()
    handed_in: HandedIn | None = None
    time_file: str = ""


@dataclass(frozen=True)
class _Candidate:
    found: Found
    fit: Fit
    part: Part
    order: int

    @property
    def rank(self) -> tuple[object, ...]:
        """The greatest counts: what can be read, of the last submission, nearest to the top, of the nearest name, the latest."""
        file, where = self.found.file, self.found.where
        fits = (self.fit.rank, not self.fit.notebook, self.fit.copy)
        return (not file.problem, self.part.turn, -len(where), *fits, file.modified, self.order)


@dataclass
class Student:
    """A student and where their work lies; listed when first read. `close` forgets the list, and the zips that it holds."""

    name: str
    parts: list[Part] = field(default_factory=list)
    _listed: list[tuple[Found, Part]] | None = field(default=None, repr=False)
    _problems: list[str] = field(default_factory=list, repr=False)

    def read(self, filename: str, limit: int) -> Text:
        """The source of an exercise's file (`dot.py`), at most `limit` bytes of it, and notes on what was odd.

        Raises Missing, and Unreadable with a sentence that begins with the file's name.
        """
        candidates = sorted(self._candidates(filename), key=lambda candidate: candidate.rank)
        if not candidates:
            raise self._nothing_fits(filename)
        chosen, others = candidates[-1], candidates[:-1]
        path = chosen.found.path
        try:
            source, notes = _read(chosen, filename, limit)
        except Unreadable as error:
            raise Unreadable(f"{shown(path)}: {error}") from None
        return source, (
            *chosen.part.notes,
            *([] if path == filename else [_("read from {file}").format(file=shown(path))]),
            *notes,
            *_others(others),
            *([self._not_looked_into()] if self._problems else []),
        )

    def handed_in(self, filename: str, by_mtime: bool = False) -> HandedIn | None:
        """When the file that `read` takes was handed in; None where nobody says. by_mtime: the file's own time will do."""
        candidates = sorted(self._candidates(filename), key=lambda candidate: candidate.rank)
        if not candidates:
            return None
        found, part = candidates[-1].found, candidates[-1].part
        told = part.handed_in or self._time_beside(found, part)
        if told is None and by_mtime and found.file.changed_at is not None:
            return HandedIn(datetime.fromtimestamp(found.file.changed_at, UTC), "mtime")
        return told

    def _time_beside(self, found: Found, part: Part) -> HandedIn | None:
        """What the time file of its assignment's folder says; below that or in a zip a student may have written it."""
        place = found.where[:1]
        if not part.time_file or not place or extension(place[0]) == ".zip":
            return None
        for other, _part in self._files():
            if other.file.name == part.time_file and other.where == place:
                try:
                    at = platform_time(other.file.read(1024).decode("utf-8", "replace"))
                except (Unreadable, OSError):
                    return None
                return HandedIn(at, "nbgrader") if at is not None else None
        return None

    def close(self) -> None:
        self._listed = None
        self._problems.clear()

    def _candidates(self, filename: str) -> list[_Candidate]:
        candidates = []
        for order, (found, part) in enumerate(self._files()):
            fitting = fit(_name_of(found, part), filename)
            if fitting is not None:
                candidates.append(_Candidate(found, fitting, part, order))
        return candidates

    def _files(self) -> list[tuple[Found, Part]]:
        if self._listed is None:
            walk = Walk(ArchiveOpener())
            self._listed = [(found, part) for part in self.parts for found in walk.files([part.node])]
            self._problems = walk.problems
        return self._listed

    def _not_looked_into(self) -> str:
        return _("Not looked into: {problems}").format(problems="; ".join(self._problems[:MAX_NAMED]))

    def _nothing_fits(self, filename: str) -> Exception:
        """Missing; or Unreadable, if it may well be in what could not be looked into."""
        if not self.parts:
            return Missing(_("Nothing was handed in."))
        absent = _("There is no file {filename}.").format(filename=filename)
        if self._problems:
            return Unreadable(f"{absent} {self._not_looked_into()}")
        there = [
            shown(found.path, 40) for found, _part in self._files() if extension(found.file.name) in (".py", ".ipynb")
        ]
        there = there or [shown(found.path, 40) for found, _part in self._files()]
        if not there:
            return Missing(absent)
        named = ", ".join(there[:MAX_NAMED]) + (", …" if len(there) > MAX_NAMED else "")
        return Missing(f"{absent} " + _("What there is: {files}").format(files=named))


def _name_of(found: Found, part: Part) -> str:
    """A file's name as its student wrote it: a learning platform adds its own to it."""
    return part.name if part.name and found.file is part.node else found.file.name


def _read(candidate: _Candidate, filename: str, limit: int) -> Text:
    file = candidate.found.file
    data = file.read(NOTEBOOK_BYTES if candidate.fit.notebook else limit)
    return source_of(data, filename, limit, candidate.fit.notebook)


def source_of(data: bytes, filename: str, limit: int, notebook: bool = False) -> Text:
    """A file's bytes as source, and notes. Raises Unreadable."""
    refuse_other_kinds(data, filename)
    if notebook:
        source, notes = notebook_source(data)
    else:
        source, notes = decode(data)
        if looks_like_notebook(source):
            source, notes = notebook_source(data)
    if len(source) > limit:
        raise Unreadable(too_large(limit))
    return source, (*notes, *odd_characters(source))


def _others(others: list[_Candidate]) -> list[str]:
    """What else could have been meant, the last first."""
    if not others:
        return []
    named = ", ".join(shown(other.found.path, 40) for other in others[: -MAX_NAMED - 1 : -1])
    return [
        _("there is more than one file for this exercise; not read: {files}").format(
            files=named + (", …" if len(others) > MAX_NAMED else "")
        )
    ]
