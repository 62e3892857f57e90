"""What an exception in a student's code becomes: plain, capped text, made where the exception lives.

The trusted side never sees the exception object: its `__str__`, its class and its attributes are the student's.
"""

import builtins
import re
import traceback
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

MAX_MESSAGE = 2_000
MAX_FRAMES = 12
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]{4,}")
MAX_NAMES = 8


@dataclass(frozen=True)
class Frame:
    """One line of the student's own file in a traceback."""

    line: int
    function: str
    text: str


@dataclass(frozen=True)
class Fault:
    """Why a call gave no answer.

    kind: "raised", "not_started" (an unfinished TODO), "undefined" (no such function), "not_handed_in" (no such file),
    "forbidden", "memory" or "misfit" (a module has other parameters than were asked for).
    types: the names of the built-in exceptions that the raised one is an instance of, nearest first.
    """

    kind: str
    name: str = ""
    message: str = ""
    types: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "name": self.name,
            "message": self.message,
            "types": list(self.types),
            "frames": [[frame.line, frame.function, frame.text] for frame in self.frames],
            "details": self.details,
        }

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Fault":
        """From untrusted JSON: every field is forced to its type and length."""
        details = record.get("details")
        return cls(
            kind=str(record.get("kind"))[:20],
            name=str(record.get("name"))[:100],
            message=str(record.get("message"))[:MAX_MESSAGE],
            types=tuple(str(name)[:100] for name in list(record.get("types") or [])[:20]),
            frames=tuple(
                Frame(int(line), str(function)[:100], str(text)[:300])
                for line, function, text in list(record.get("frames") or [])[:MAX_FRAMES]
            ),
            details={str(k)[:40]: str(v)[:300] for k, v in details.items()} if isinstance(details, dict) else {},
        )


class Undefined(Exception):
    """The submission has no definition of this name."""

    def __init__(self, name: str, defined: list[str]) -> None:
        super().__init__(name)
        self.name, self.defined = name, defined


class NotHandedIn(Exception):
    """A file that the exercise uses is not there; its text is the file's name."""


class Forbidden(Exception):
    """The submission used a function that the exercise rules out."""

    def __init__(self, function: str, used: str, line: int) -> None:
        super().__init__(f"{function} uses {used}")
        self.function, self.used, self.line = function, used, line


def listed(names: list[str]) -> str:
    """Names in a sentence: not more of them than one reads."""
    return ", ".join(names[:MAX_NAMES]) + (", …" if len(names) > MAX_NAMES else "")


class Misfit(Exception):
    """A module's parameters are not those that were asked for. Each keyword: a list of their names."""

    def __init__(self, module: str, **names: list[str]) -> None:
        self.details = {"module": module} | {kind: listed(found) for kind, found in names.items() if found}
        super().__init__(str(self.details))


def describe(error: BaseException, filename: str, companions: Collection[str] = ()) -> Fault:
    """The Fault of an exception, with the frames of the student's own files only: `filename` and its companions."""
    if isinstance(error, Undefined):
        return Fault("undefined", message=error.name, details={"defined": ", ".join(error.defined[:20])})
    if isinstance(error, NotHandedIn):
        return Fault("not_handed_in", message=str(error))
    if isinstance(error, Forbidden):
        details = {"function": error.function, "used": error.used, "line": str(error.line)}
        return Fault("forbidden", message=str(error), details=details)
    if isinstance(error, Misfit):
        return Fault("misfit", message=str(error)[:MAX_MESSAGE], details=error.details)
    name = _text(lambda: type(error).__name__, 100)
    message = without_addresses(_text(lambda: str(error), MAX_MESSAGE))
    types = tuple(
        cls.__name__
        for cls in type(error).__mro__
        if getattr(builtins, cls.__name__, None) is cls and cls is not object
    )
    frames = tuple(
        Frame(entry.lineno or 0, _place(entry, filename)[:100], (entry.line or "")[:300])
        for entry in traceback.extract_tb(error.__traceback__)
        if entry.filename == filename or entry.filename in companions
    )
    if isinstance(error, SyntaxError) and error.filename == filename:
        frames = (Frame(error.lineno or 0, "", _text(lambda: (error.text or "").strip(), 300)),)
        message = _text(lambda: error.msg, MAX_MESSAGE)
    elif isinstance(error, SyntaxError) and error.filename in companions:
        text = _text(lambda: (error.text or "").strip(), 300)
        frames = (*frames, Frame(error.lineno or 0, f"{error.filename}: <module>", text))
    kind = "raised"
    if isinstance(error, NotImplementedError):
        kind = "not_started"
    elif isinstance(error, MemoryError) or "can't allocate memory" in message or "std::bad_alloc" in message:
        kind = "memory"
    return Fault(kind, name, message, types, frames[-MAX_FRAMES:])


def _place(entry: traceback.FrameSummary, filename: str) -> str:
    return entry.name if entry.filename == filename else f"{entry.filename}: {entry.name}"


def without_addresses(text: str) -> str:
    """`<object at 0x7f…>` without the place in memory, which is another one in every process."""
    return _ADDRESS.sub("at 0x…", text)


def _text(read: Any, limit: int) -> str:
    try:
        return str(read())[:limit]
    except BaseException:
        return "(its text cannot be read)"
