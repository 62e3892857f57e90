"""What a record says, in the words and bounds of other systems."""

import math
from collections.abc import Callable
from typing import Any

from .. import result
from ..errors import UserError
from ..i18n import _
from ..text import plain
from .format import Record


def is_open(check: dict[str, Any]) -> bool:
    """Whether the grader could not judge it: neither a zero nor a pass. So is a verdict that is not known here."""
    return result.is_open(check["verdict"])


def needs_review(record: Record) -> bool:
    """Whether nobody knows yet what it is worth."""
    if record.get("standing") is not None:  # the instructor may have set the points of what is open
        return bool(record["needs_review"])
    return bool(record["needs_review"]) or any(is_open(check) for check in record["checks"])


def review_reasons(record: Record) -> str:
    """What could not be judged, in one line."""
    return "; ".join(f"{check['name']}: {check['verdict']}" for check in record["checks"] if is_open(check))


def number(points: float) -> str:
    """Points without an exponent, and without zeros at the end: 7.5, 20, 0.333333."""
    text = f"{points:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def points_cell(record: Record | None) -> str:
    """Points for a table of grades; empty where there is no grade yet."""
    return "" if record is None or needs_review(record) else number(record["points"])


def feedback(check: dict[str, Any]) -> str:
    """What the student reads below a check that did not pass; several lines."""
    parts = [check["message"], f"→ {check['hint']}" if check.get("hint") else ""]
    if check.get("draw_command"):
        parts.append(_("Draw inputs of this kind yourself: {command}").format(command=check["draw_command"]))
    return plain("\n".join(part for part in parts if part))


def shortened(text: str, letters: int) -> str:
    """At most so many letters; a cut is seen."""
    return text if len(text) <= letters else text[: max(letters - 1, 0)] + "…"


def within(limit: int, make: Callable[[int], bytes]) -> bytes:
    """make(letters) with as many letters of each text as fit into so many bytes. Raises UserError if none do."""
    for letters in (2**20, 4000, 1000, 300, 100, 30):
        data = make(letters)
        if len(data) <= limit:
            return data
    raise UserError(
        f"The results take {len(data)} bytes, and no more than {limit} are allowed there. Export fewer: --exercise, --student."
    )


def least_scale(values: list[float]) -> int:
    """The least whole number that makes all of these whole, as records write them (six decimals)."""
    millionths = [round(value * 1_000_000) for value in values]
    return 1_000_000 // math.gcd(1_000_000, *millionths)
