"""PrairieLearn's results.json of an external grader (PrairieLearn/PrairieLearn, docs/externalGrading.md)."""

import json
from typing import Any

from ..i18n import N_, _
from ..text import plain
from .format import Format, Made, Material, Record
from .wording import feedback, needs_review, review_reasons, shortened, within

MAX_BYTES = 1_000_000


def results(record: Record, letters: int = 2**20) -> dict[str, Any]:
    """One record. Where it needs review it is not gradable: no points are given or taken, and no attempt is counted."""
    notes = "\n".join(plain(note) for note in record["notes"])
    common = {
        "message": shortened(notes, letters),
        "output": shortened(plain(record["output"]), letters),
        "images": [],
    }
    if needs_review(record) or record["max_points"] <= 0:
        reason = plain(review_reasons(record)) or _("it is worth no points")
        return {
            "gradable": False,
            "format_errors": [shortened(_("Not judged yet: {reasons}").format(reasons=reason), letters)],
            **common,
        }
    tests = [_test(check, letters) for check in record["checks"]]
    return {"gradable": True, "score": record["points"] / record["max_points"], **common, "tests": tests}


def prairielearn(record: Record) -> bytes:
    return within(MAX_BYTES, lambda letters: json.dumps(results(record, letters), ensure_ascii=False).encode() + b"\n")


def _test(check: dict[str, Any], letters: int) -> dict[str, Any]:
    return {
        "name": plain(check["name"]),
        "description": shortened(plain(check["title"]), letters),
        "points": check["points"],
        "max_points": check["max_points"],
        "message": shortened(feedback(check), letters),
        "output": "",
        "images": [],
    }


def _make(material: Material) -> Made:
    return Made(prairielearn(material.records[0]))


FORMAT = Format("prairielearn", N_("PrairieLearn's results.json, one file a record"), _make, single=True)
