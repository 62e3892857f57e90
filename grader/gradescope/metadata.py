"""submission_metadata.json: whose submission this is, and what came before it.

https://gradescope-autograders.readthedocs.io/en/latest/submission_metadata/
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Upload:
    """id: the submission's number. student: its people, in the order of their names. points: what the assignment is set to."""

    id: str = ""
    student: str = "student"
    previous: int = 0
    points: float | None = None


def read_metadata(path: Path) -> Upload:
    """What the file tells. Where it is missing or odd, grading goes on without it."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Upload()
    if not isinstance(facts, dict):
        return Upload()
    people = [person for person in _listed(facts.get("users")) if isinstance(person, dict)]
    names = sorted(str(person.get("name") or person.get("email") or person.get("id") or "student") for person in people)
    assignment = facts.get("assignment")
    total = assignment.get("total_points") if isinstance(assignment, dict) else None
    return Upload(
        str(facts.get("id") or ""),
        ", ".join(names) or "student",
        len(_listed(facts.get("previous_submissions"))),
        _number(total),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
