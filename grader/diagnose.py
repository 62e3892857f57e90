"""Which misconception answers as the student did?

A check that failed is run again with each misconception in the student's place and the same inputs. The one whose
whole transcript equals the student's is named. Where the misconceptions' code must not be (on a student's machine), their
transcripts come from a recording.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .compare import difference
from .course import Exercise
from .sandbox.inside.fault import Fault
from .sandbox.inside.session import Outcome
from .subject import Direct, Step, Subject, load_exercise

MESSAGE = 200


class Mismatch(BaseException):
    """The misconception answers otherwise. Not an Exception: no `except` in a check may catch it."""


def same_step(a: Step, b: Step) -> bool:
    """The same request with the same outcome: value within tolerance, kind of fault, arguments written to."""
    if (a.verb, a.name) != (b.verb, b.name) or set(a.outcome.mutated) != set(b.outcome.mutated):
        return False
    first, second = a.outcome.fault, b.outcome.fault
    if first is not None or second is not None:
        return first is not None and second is not None and _same_fault(first, second)
    return difference(a.outcome.value, b.outcome.value) is None


def _same_fault(a: Fault, b: Fault) -> bool:
    """By message too: many different mistakes end in a RuntimeError."""
    return (a.kind, a.name, a.message[:MESSAGE]) == (b.kind, b.name, b.message[:MESSAGE])


@dataclass
class Replay:
    """A misconception as a backend that stops at the first answer which is not the student's."""

    misconception: Direct
    expected: list[Step]
    position: int = 0

    def perform(self, verb: str, name: str, request: dict[str, Any]) -> Outcome:
        outcome = self.misconception.perform(verb, name, request)
        if self.position >= len(self.expected) or not same_step(
            Step(verb, name, outcome), self.expected[self.position]
        ):
            raise Mismatch
        self.position += 1
        return outcome

    @property
    def complete(self) -> bool:
        return self.position == len(self.expected)


class CodeDiagnosis:
    """Names misconceptions by running their code, in the grader's process."""

    def __init__(self, exercise: Exercise) -> None:
        self._exercise = exercise
        self._loaded: dict[str, Direct] = {}

    def candidates(self, check: str, transcript: list[Step], run: Callable[[Subject], None]) -> list[str]:
        """Ids of the misconceptions that fit. `run` runs the failed check again with another student."""
        if not transcript:
            return []
        found = []
        for variant in self._exercise.misconceptions:
            if variant.id not in self._loaded:
                self._loaded[variant.id] = load_exercise(self._exercise, variant.source)
            backend = self._loaded[variant.id]
            backend.session.modules.clear()
            replay = Replay(backend, transcript)
            try:
                run(Subject(replay))
            except Mismatch:
                continue
            except Exception:
                if replay.complete:
                    found.append(variant.id)
        return found


@dataclass
class RecordedDiagnosis:
    """Names misconceptions by their recorded transcripts: check name -> id -> steps."""

    recorded: dict[str, dict[str, list[Step]]]

    def candidates(self, check: str, transcript: list[Step], run: Callable[[Subject], None]) -> list[str]:
        return [
            id
            for id, steps in self.recorded.get(check, {}).items()
            if transcript and len(steps) == len(transcript) and all(map(same_step, steps, transcript))
        ]
