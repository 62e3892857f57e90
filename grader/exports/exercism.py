"""Exercism's results.json, version 3 (exercism/docs, building/tooling/test-runners/interface.md): passed or not, no points."""

import json
from typing import Any

from ..i18n import N_, _
from ..result import Verdict
from ..text import plain
from .format import Format, Made, Material, Record
from .wording import feedback, is_open, needs_review, review_reasons

# There was nothing to run.
_NOTHING_RAN = frozenset({Verdict.MISSING, Verdict.UNREADABLE})


def results(record: Record) -> dict[str, Any]:
    """One record. `error` over all: nothing was run, or the grader could not judge; the message says which."""
    tests = [_test(check) for check in record["checks"]]
    if needs_review(record):
        message = _("Not judged yet: {reasons}").format(reasons=plain(review_reasons(record)))
        return {"version": 3, "status": "error", "message": message, "tests": tests}
    if all(check["verdict"] in _NOTHING_RAN for check in record["checks"]):
        message = "\n".join(dict.fromkeys(feedback(check) for check in record["checks"]))
        return {"version": 3, "status": "error", "message": message or _("Nothing was handed in."), "tests": tests}
    passed = all(test["status"] == "pass" for test in tests)
    return {"version": 3, "status": "pass" if passed else "fail", "message": None, "tests": tests}


def exercism(record: Record) -> bytes:
    return json.dumps(results(record), indent=2, ensure_ascii=False).encode() + b"\n"


def _test(check: dict[str, Any]) -> dict[str, Any]:
    if check["verdict"] == Verdict.PASSED:
        status = "pass"
    elif check["verdict"] in (Verdict.FAILED, Verdict.FORBIDDEN):
        status = "fail"
    else:
        status = "error"
    message = feedback(check) or (plain(check["verdict"]) if is_open(check) else "")
    return {"name": plain(check["title"]), "status": status, "message": message or None}


def _make(material: Material) -> Made:
    return Made(exercism(material.records[0]))


FORMAT = Format("exercism", N_("Exercism's results.json, version 3, one file a record"), _make, single=True)
