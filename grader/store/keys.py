"""The key under which a grade is kept: whatever the grade depends on."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def unit_key(*parts: str) -> str:
    """The key of a graded unit: whatever its grade depends on."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def key_of(facts: Mapping[str, Any], grader: str, course: str, secret: bytes) -> str:
    """The key from a record's facts (its fields by their names), the grader's version, the course's id and the secret."""
    return unit_key(
        grader,
        course,
        facts["student"],
        facts["exercise"],
        facts["source_sha256"],
        "; ".join(facts["notes"]),  # what was recovered stands in the record: a mended file gets a new one
        facts["course_version"],
        facts["seed"],
        hashlib.sha256(secret).hexdigest(),
        facts["device"],
        facts["sandbox"],
        facts["language"],
    )
