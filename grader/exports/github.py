"""The step output `result` for GitHub Classroom's reporter, classroom-resources/autograding-grading-reporter@v1.

It is base64 of JSON. The reporter adds up the tests' scores and gives the total to Classroom, which keeps whole numbers; so all
points are multiplied by the least number that makes every one of them whole.
"""

import base64
import json
from typing import Any

from ..errors import UserError
from ..i18n import N_, _
from ..result import Verdict
from ..text import plain
from .format import Format, Made, Material, Record
from .wording import feedback, is_open, least_scale, needs_review, review_reasons, shortened, within

VERSION = 3
# The reporter gets it as an environment variable, and Linux takes 128 KiB for one, name and NUL included.
MAX_BYTES = 128 * 1024 - 256


def result(records: list[Record], letters: int = 4000) -> dict[str, Any]:
    """What the reporter reads. Where anything needs review there is no maximum, and then it reports no points at all."""
    open_records = [record for record in records if needs_review(record)]
    scale = least_scale([check[field] for r in records for check in r["checks"] for field in ("points", "max_points")])
    tests = [_test(record, check, scale, letters) for record in records for check in record["checks"]]
    message = _message(open_records, scale)
    return {
        "version": VERSION,
        "status": "error" if open_records else "pass" if all(test["status"] == "pass" for test in tests) else "fail",
        **({"message": shortened(message, letters)} if message else {}),
        "max_score": 0 if open_records else sum(round(c["max_points"] * scale) for r in records for c in r["checks"]),
        "tests": tests,
    }


def github(records: list[Record]) -> bytes:
    """A line for $GITHUB_OUTPUT. Raises UserError for records of several students."""
    students = sorted({record["student"] for record in records})
    if len(students) > 1:
        raise UserError(f"GitHub's reporter takes one student's results, not {len(students)}. Choose one: --student.")
    return within(MAX_BYTES, lambda letters: b"result=" + base64.b64encode(_json(result(records, letters))) + b"\n")


def _test(record: Record, check: dict[str, Any], scale: int, letters: int) -> dict[str, Any]:
    status = "error" if is_open(check) else "pass" if check["verdict"] == Verdict.PASSED else "fail"
    # Of an error the reporter prints the message and no name, of a failure the name and no message.
    lines = [plain(check["title"])] if status == "error" else []
    message = "\n".join(line for line in (*lines, feedback(check)) if line)
    return {
        "name": shortened(f"{record['exercise']}: {plain(check['title'])}", letters),
        "status": status,
        **({"message": shortened(message, letters)} if message else {}),
        "test_code": f"grader check {record['exercise']}",
        "task_id": 0,
        "filename": f"{record['exercise']}.py",
        "line_no": 0,  # the reporter shows any other
        "duration": check["seconds"],
        "score": round(check["points"] * scale),
    }


def _message(open_records: list[Record], scale: int) -> str:
    if open_records:
        listed = "; ".join(f"{record['exercise']}: {review_reasons(record)}" for record in open_records)
        return _("Not judged, so no points are reported: {reasons}").format(reasons=plain(listed))
    return _("Points here are {scale} times those of the course.").format(scale=scale) if scale > 1 else ""


def _json(table: dict[str, Any]) -> bytes:
    return json.dumps(table, ensure_ascii=False).encode()


def _make(material: Material) -> Made:
    return Made(github(material.records))


FORMAT = Format("github", N_("GitHub Classroom: a line for $GITHUB_OUTPUT, of one student"), _make)
