"""From what a grade comes to (docs/grades.md) to the places that nbgrader has for it, so that both say the same points.

An adjustment of a check goes to that check's cell, one of the whole exercise to the summary's, and what being late costs is the
notebook's `late_submission_penalty`, which nbgrader takes off where it exports and where it shows feedback.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..reports.standing import adjustment_line
from ..result import is_open
from ..standing.adjustments import Adjustment
from ..standing.final import Standing
from .marks import Mark, quoted
from .notebooks import SUMMARY, grade_id_of

Record = Mapping[str, Any]  # docs/report-format.md
Cells = Mapping[str, float]  # grade_id -> maximum score


def final_marks(marks: Mapping[str, Mark], record: Record, standing: Standing, cells: Cells) -> dict[str, Mark]:
    """The marks of raw points, with the instructor's adjustments in their scores and comments."""
    found = dict(marks)
    for check, word in _on_checks(record, standing):
        name = grade_id_of(check["name"])
        mark, change = found[name], _change(check, word)
        scale = cells[name] / check["max_points"] if check["max_points"] else 1.0
        score = mark.score if change is None else (check["points"] + change) * scale
        found[name] = Mark(score, "\n".join(filter(None, [mark.comment, quoted(adjustment_line(word))])))
    if SUMMARY in found:
        found[SUMMARY] = replace(found[SUMMARY], score=on_the_whole(record, standing) * _scale(record, cells))
    if any(word.check in ("", SUMMARY) and word.is_set and word not in standing.lost for word in standing.adjustments):
        found = {name: replace(mark, is_settled=True) for name, mark in found.items()}
    return found


def on_the_whole(record: Record, standing: Standing) -> float:
    """Points that adjustments give or take, but for those that stand in the cell of a check."""
    changes = [_change(check, word) for check, word in _on_checks(record, standing)]
    return round(standing.adjusted - sum(filter(None, changes)), 6)


def penalty(record: Record, standing: Standing, cells: Cells) -> float:
    """What being late costs, in the gradebook's points."""
    return round(standing.penalty * _scale(record, cells), 6)


def _on_checks(record: Record, standing: Standing) -> list[tuple[Record, Adjustment]]:
    words = {word.check: word for word in standing.adjustments}
    return [(check, words[check["name"]]) for check in record["checks"] if check["name"] in words.keys() - {SUMMARY}]


def _change(check: Record, word: Adjustment) -> float | None:
    """What an adjustment gives to the check's cell; None for a remark, and where the cell has no score to add to."""
    if word.points is None:
        return None
    if word.is_set:
        return word.points - float(check["points"])
    return None if is_open(check["verdict"]) else word.points


def _scale(record: Record, cells: Cells) -> float:
    """The gradebook's points for one of the course's: the instructor may have given other points to the cells."""
    total = sum(points for name, points in cells.items() if name != SUMMARY)
    return total / record["max_points"] if record["max_points"] and total else 1.0
