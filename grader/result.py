"""The result of grading: verdicts, one check's result, one exercise's grade. Everything else only reads these."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"  # the student's code raised
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    FORBIDDEN = "forbidden"  # it used what the exercise rules out
    MISSING = "missing"  # no file, no such function, or its TODO is not started
    UNREADABLE = "unreadable"
    INCONCLUSIVE = "inconclusive"  # the machine was too noisy to judge speed
    NOT_GRADED = "not_graded"  # no device for it
    GRADER_ERROR = "grader_error"


NEEDS_REVIEW = frozenset({Verdict.INCONCLUSIVE, Verdict.NOT_GRADED, Verdict.GRADER_ERROR})
_JUDGED = frozenset(Verdict) - NEEDS_REVIEW


def is_open(verdict: str) -> bool:
    """Whether the grader could not judge it: neither a zero nor a pass. So is a verdict of a later version."""
    return verdict not in _JUDGED


# What went wrong while the student's code was at work on an input.
AT_WORK = frozenset({Verdict.FAILED, Verdict.ERROR, Verdict.TIMEOUT, Verdict.MEMORY, Verdict.CRASHED})


@dataclass
class CheckResult:
    """One check of one submission.

    speed: what was measured where speed is judged (docs/report-format.md); speed_ratio is its ratio.
    candidates: ids of misconceptions whose answers were the student's, settled to one later.
    asked: the function or class of the student's that was asked last, "gru.gru_cell" in another file; "" before
    any, and where the file does not even load.
    draw_command: draws the same kind of input on the student's machine; "" where there is nothing to draw.
    """

    name: str
    title: str
    verdict: Verdict
    points: float
    max_points: float
    seconds: float
    message: str = ""
    misconception: str | None = None
    hint: str = ""
    speed_ratio: float | None = None
    speed: dict[str, Any] | None = None
    draw_command: str = ""
    candidates: list[str] = field(default_factory=list, repr=False)
    asked: str = field(default="", repr=False)

    @property
    def function(self) -> str:
        """The test function, without the case that it was parametrised with."""
        return self.name.partition("[")[0]

    def to_record(self) -> dict[str, Any]:
        record = {
            **vars(self),
            "verdict": str(self.verdict),
        }  # asdict copies deeply, which takes longer than storing it
        del record["candidates"], record["asked"]
        return record


@dataclass
class Grade:
    """One graded exercise of one student: the project's public record (docs/report-format.md).

    grader_faults: what the grader failed on, for the instructor; not in the record, as it may quote hidden checks.
    """

    student: str
    exercise: str
    checks: list[CheckResult]
    source_sha256: str
    course_version: str
    seed: str
    device: str
    sandbox: str
    language: str
    notes: list[str] = field(default_factory=list)
    output: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    grader_faults: list[str] = field(default_factory=list, repr=False)

    @property
    def points(self) -> float:
        return round(sum(check.points for check in self.checks), 6)

    @property
    def max_points(self) -> float:
        return round(sum(check.max_points for check in self.checks), 6)

    @property
    def review_reasons(self) -> list[str]:
        return [f"{check.name}: {check.verdict}" for check in self.checks if check.verdict in NEEDS_REVIEW]

    @property
    def needs_review(self) -> bool:
        return bool(self.review_reasons) or not self.checks

    def to_record(self) -> dict[str, Any]:
        return {
            "student": self.student,
            "exercise": self.exercise,
            "points": self.points,
            "max_points": self.max_points,
            "needs_review": self.needs_review,
            "review_reasons": self.review_reasons,
            "source_sha256": self.source_sha256,
            "course_version": self.course_version,
            "seed": self.seed,
            "device": self.device,
            "sandbox": self.sandbox,
            "language": self.language,
            "notes": self.notes,
            "checks": [check.to_record() for check in self.checks],
            "output": self.output,
            "versions": dict(self.versions),
        }


def settle_misconceptions(checks: list[CheckResult], hints: dict[str, str] | None = None) -> None:
    """Give each failed check one misconception and its hint (by id).

    Of those that fit the check, the one that fits most checks, then the first.
    """
    votes: dict[str, int] = {}
    for check in checks:
        for id in check.candidates:
            votes[id] = votes.get(id, 0) + 1
    for check in checks:
        if check.candidates:
            check.misconception = max(check.candidates, key=lambda id: votes[id])
            check.hint = (hints or {}).get(check.misconception, "")
