"""What is remembered between commands, in the student's folder: hints that were shown, and what checks last found.

One small JSON file, `.dot2vit/progress.json`. Nothing depends on it: a damaged file is put aside, one that cannot be
written is done without. Two commands may write at a time: each takes the lock, reads, changes its entry and writes.
"""

import contextlib
import hashlib
import json
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from . import __version__
from .course import Course, Exercise
from .files import replace
from .i18n import language
from .submission import Submission

FOLDER = ".dot2vit"
LOCK_SECONDS = 2.0


@dataclass(frozen=True)
class Summary:
    """What the visible checks of one exercise found, as `grader status` shows it. next_title: the first unmet check's."""

    passed: int
    checks: int
    points: float
    max_points: float
    hidden_checks: int
    hidden_points: float
    is_started: bool
    next_title: str

    @property
    def is_done(self) -> bool:
        return self.passed == self.checks


class Progress:
    """The remembered facts of one student's course."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FOLDER / "progress.json"

    def hints_shown(self, exercise: str) -> list[str]:
        """The ids of the steps that were shown, oldest first."""
        shown = _table(self._read(), "hints").get(exercise)
        return [step for step in shown if isinstance(step, str)] if isinstance(shown, list) else []

    def show_hint(self, exercise: str, step: str) -> None:
        """Remember that a step was shown."""

        def add(state: dict[str, Any]) -> None:
            shown = self.hints_shown(exercise)
            state["hints"] = _table(state, "hints") | {exercise: [*shown, *([step] if step not in shown else [])]}

        self._change(add)

    def summary(self, exercise: str, key: str) -> Summary | None:
        """What was found when all that the checks depend on had this key."""
        found = _table(_table(self._read(), "checked"), exercise)
        if found.get("key") != key:
            return None
        try:
            return Summary(**found["summary"])
        except (KeyError, TypeError):
            return None

    def keep_summary(self, exercise: str, key: str, summary: Summary) -> None:
        def keep(state: dict[str, Any]) -> None:
            state["checked"] = _table(state, "checked") | {exercise: {"key": key, "summary": asdict(summary)}}

        self._change(keep)

    def _read(self) -> dict[str, Any]:
        try:
            state = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return state if isinstance(state, dict) else {}

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Read, change and write under the lock; a folder that cannot be written to is no reason to stop."""
        with contextlib.suppress(OSError, Timeout, NotImplementedError):
            self.path.parent.mkdir(exist_ok=True)
            (self.path.parent / ".gitignore").write_text("*\n")  # nobody's to hand in
            with FileLock(self.path.with_suffix(".lock"), timeout=LOCK_SECONDS):
                state = self._read()
                if not state and self.path.exists():
                    self._put_aside()
                change(state)
                replace(self.path, json.dumps({**state, "version": 1}, ensure_ascii=False, indent=1))

    def _put_aside(self) -> None:
        """What could not be read is kept beside it, in case that somebody wants it."""
        self.path.replace(self.path.with_suffix(".damaged"))


def progress_of(course: Course) -> Progress:
    """In the course's folder where the student works in it, else in the current one."""
    here = Path.cwd()
    return Progress(course.root if here.resolve().is_relative_to(course.root) else here)


def key_of(exercise: Exercise, submission: Submission) -> str:
    """Of all that the visible checks' verdicts depend on: the student's files, the checks, this version and language."""
    facts = [submission.sha256, repr(exercise.limits), repr(sorted(exercise.forbidden.items())), language()]
    facts += [__version__, platform.python_version(), version("torch"), version("numpy")]
    digest = hashlib.sha256("\0".join([*facts, *exercise.given_sources.values()]).encode("utf-8", "surrogatepass"))
    for path in (exercise.visible_path, exercise.recording_path):
        digest.update(path.read_bytes() if path.is_file() else b"-")
    return digest.hexdigest()


def _table(state: dict[str, Any], key: str) -> dict[str, Any]:
    value = state.get(key)
    return value if isinstance(value, dict) else {}
