"""Gradescope's results.json out of records.

The format: https://gradescope-autograders.readthedocs.io/en/latest/specs/ . All text is of the format "text", which Gradescope
escapes: messages and output hold what a student wrote.

A test's score is what counts there, and the total is their sum. What needs review has no score, never a zero. Gradescope takes
tests without a score where the submission has one as a whole, so that is given then: the points that are sure. It is no
final one, so students are not shown it: a test that is only visible once grades are published hides the total till then.
Where nothing at all was graded no score is given.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from ..i18n import _
from ..reports.leaderboard import measured
from ..reports.terminal import speed_line
from ..result import Verdict
from ..text import plain
from .wording import feedback, is_open

Visibility = Literal["visible", "after_due_date", "after_published", "hidden"]
Results = dict[str, Any]
TEXT = {"output_format": "text", "test_output_format": "text", "test_name_format": "text"}
MAX_PRINTED = 10_000  # characters of each exercise's output


def results_of(
    records: Sequence[dict[str, Any]], visibility: Visibility = "visible", seconds: float | None = None
) -> Results:
    """What Gradescope shows of one submission: its records, one an exercise.

    visibility: when students see the checks. seconds: how long grading took. Nothing is shown of what was printed to the
    harness (stdout), whatever an assignment's settings are.
    """
    tests = [test for number, record in enumerate(records, 1) for test in _tests(record, number, len(records) > 1)]
    results: Results = {
        "output": _output(records, show_printed=visibility == "visible"),
        **TEXT,
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "tests": tests,
        "leaderboard": list(_leaderboard(records)),
        "extra_data": {"dot2vit": [_facts(record) for record in records]},
    }
    if seconds is not None:
        results["execution_time"] = round(seconds)
    if any("score" not in test for test in tests):
        if any("score" in test for test in tests):
            results["score"] = _sum(test.get("score", 0) for test in tests)
        tests.append(_review(records))
    return results


def not_graded(reason: str) -> Results:
    """What Gradescope shows where the grader could not even begin. reason: a sentence that students may read."""
    told = _(
        "Your submission could not be graded. This costs you nothing, and is no zero: please tell your instructor."
    )
    test = {"name": _("Not graded"), "output": plain(f"{told}\n{reason}"), "visibility": "visible"}
    return {
        "output": plain(f"{told}\n{reason}"),
        **TEXT,
        "stdout_visibility": "hidden",
        "tests": [test, _review_of([plain(reason)])],
        "extra_data": {"dot2vit": []},
    }


def _tests(record: dict[str, Any], number: int, several: bool) -> Iterator[Results]:
    for place, check in enumerate(record["checks"], 1):
        name = f"{record['exercise']}: {check['title']}" if several else check["title"]
        test = {
            "name": plain(name).replace("\n", " "),
            "number": f"{number}.{place}",
            "max_score": check["max_points"],
            "output": _told(check),
            "tags": [
                record["exercise"],
                check["verdict"],
                *([check["misconception"]] if check["misconception"] else []),
            ],
            "extra_data": {
                "check": check["name"],
                "verdict": check["verdict"],
                "misconception": check["misconception"],
                "speed_ratio": check.get("speed_ratio"),
            },
        }
        if not is_open(check):
            test["score"] = check["points"]
            test["status"] = "passed" if check["verdict"] == Verdict.PASSED else "failed"
        yield test


def _told(check: dict[str, Any]) -> str:
    lines = [_("Not graded yet: this is no zero. Your instructor will look at it.")] if is_open(check) else []
    lines.append(feedback(check))
    # A failed check's message tells of its speed.
    if check.get("speed") and check["verdict"] in (Verdict.PASSED, Verdict.INCONCLUSIVE):
        lines.append(speed_line(check["speed"]))
    return plain("\n".join(line for line in lines if line))


def _output(records: Sequence[dict[str, Any]], show_printed: bool) -> str:
    parts = []
    if any(record["needs_review"] for record in records):
        parts.append(_("Some checks are not graded yet. This is no zero: your instructor will look at them."))
    for record in records:
        parts += [f"{record['exercise']}: {note}" for note in record["notes"]]
        printed = record["output"].rstrip()
        if printed and show_printed:
            cut = printed[:MAX_PRINTED] + ("\n…" if len(printed) > MAX_PRINTED else "")
            parts.append(_("Your code of {exercise} printed:").format(exercise=record["exercise"]) + f"\n{cut}")
    return plain("\n\n".join(parts))


def _review(records: Sequence[dict[str, Any]]) -> Results:
    return _review_of([f"{record['exercise']}: {reason}" for record in records for reason in record["review_reasons"]])


def _review_of(reasons: Sequence[str]) -> Results:
    """For the instructor. As it is hidden until grades are published, so is the total: Gradescope shows no part of one."""
    told = _("Look at this submission before you publish grades; run the autograder again, or grade by hand.")
    return {
        "name": _("Needs review"),
        "output": "\n".join([told, *map(plain, reasons)]),
        "tags": ["needs-review"],
        "visibility": "after_published",
    }


def _leaderboard(records: Sequence[dict[str, Any]]) -> Iterator[Results]:
    """How fast, of each race of a check that passed. Gradescope itself shows pseudonyms, which students choose."""
    for record in records:
        for speed in measured(record, passed=True):
            what = _("peak of memory") if speed.get("measures") == "memory" else _("time")
            name = f"{record['exercise']}: {speed['race']}, {what} (× reference)"
            yield {"name": name, "value": round(speed["ratio"], 3), "order": "asc"}


def _facts(record: dict[str, Any]) -> Results:
    """What says how a submission was graded; Gradescope keeps it beside the results."""
    names = (
        "exercise",
        "needs_review",
        "course_version",
        "source_sha256",
        "seed",
        "device",
        "sandbox",
        "language",
        "versions",
    )
    return {name: record[name] for name in names}


def _sum(scores: Iterator[float]) -> float:
    return round(sum(scores), 6)
