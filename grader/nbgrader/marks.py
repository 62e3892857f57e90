"""From a record to nbgrader's gradebook: a score and a comment for each check's task cell."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..i18n import _
from ..reports.terminal import speed_line, verdict_name
from ..result import Verdict, is_open
from ..text import plain
from .notebooks import SUMMARY, grade_id_of

WIDTH = 100
MAX_PRINTED = 10


@dataclass(frozen=True)
class Mark:
    """What a cell gets. score: None where a person has to decide, which is neither a zero nor a pass.

    is_settled: nobody has to any more, as the instructor has set what the whole exercise comes to.
    """

    score: float | None
    comment: str
    is_settled: bool = False

    @property
    def is_open(self) -> bool:
        return self.score is None and not self.is_settled


def marks_of(record: Mapping[str, Any], cells: Mapping[str, float], remarks: Iterable[str] = ()) -> dict[str, Mark]:
    """The mark of each task cell of a notebook.

    record: docs/report-format.md. cells: the maximum score of each cell, by grade_id. remarks: on the notebook itself.
    """
    checks = {grade_id_of(check["name"]): check for check in _told_once(record["checks"])}
    marks = {name: _mark(checks.get(name), points) for name, points in cells.items() if name != SUMMARY}
    if SUMMARY in cells:
        homeless = [check for name, check in checks.items() if name not in marks]
        marks[SUMMARY] = Mark(0.0, _summary(record, homeless, remarks))
    return marks


def _told_once(checks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The checks, without a hint that one before them has, and without a message that all of them share."""
    shared = _shared_message(checks)
    told: set[str] = set()
    once = []
    for check in checks:
        hint, message = check["hint"], check["message"]
        again = hint and hint in told
        told.add(hint)
        once.append(
            {
                **check,
                "hint": _("the same mistake as above") if again else hint,
                "message": "" if message == shared else message,
            }
        )
    return once


def _shared_message(checks: Sequence[Mapping[str, Any]]) -> str:
    """What all checks say, as where a file cannot be read; "" where they differ."""
    messages = {check["message"] for check in checks}
    return messages.pop() if len(messages) == 1 and len(checks) > 1 else ""


def write_marks(gradebook: Any, submission: Any, record: Mapping[str, Any] | None, remarks: Iterable[str] = ()) -> None:
    """Put a record's marks into a nbgrader.api.SubmittedNotebook, in one commit. A person's scores and comments stay.

    As with nbgrader's own scores, what a person has scored before is put before them again. record: None where there is
    none, as it is no exercise of the course: nothing was run, so that a person has to score what is not an answer.
    """
    if record is not None:
        _write_checks(gradebook, submission, record, remarks)
    _write_tests(gradebook, submission)
    gradebook.db.commit()


def _write_checks(gradebook: Any, submission: Any, record: Mapping[str, Any], remarks: Iterable[str]) -> None:
    from nbgrader.api import Comment, Grade, TaskCell

    found = gradebook.db.query(Grade, TaskCell).join(TaskCell, TaskCell.id == Grade.cell_id)
    grades = {cell.name: (grade, cell.max_score) for grade, cell in found.filter(Grade.notebook_id == submission.id)}
    found = gradebook.db.query(Comment, TaskCell).join(TaskCell, TaskCell.id == Comment.cell_id)
    comments = {cell.name: comment for comment, cell in found.filter(Comment.notebook_id == submission.id)}
    for name, mark in marks_of(record, {name: points for name, (_grade, points) in grades.items()}, remarks).items():
        grade = grades[name][0]
        grade.auto_score = mark.score
        grade.needs_manual_grade = mark.score is None or grade.manual_score is not None
        comments[name].auto_comment = mark.comment or None


def _write_tests(gradebook: Any, submission: Any) -> None:
    """Cells of tests were not run: a visible check is worth nothing, one of somebody's own is for a person to score.

    nbgrader would give full marks, for no output looks wrong.
    """
    from nbgrader.api import Grade, GradeCell, SolutionCell

    answers = gradebook.db.query(SolutionCell.name).filter(SolutionCell.notebook_id == submission.notebook_id)
    found = gradebook.db.query(Grade, GradeCell).join(GradeCell, GradeCell.id == Grade.cell_id)
    for grade, cell in found.filter(Grade.notebook_id == submission.id, GradeCell.name.not_in(answers)):
        grade.auto_score = None if cell.max_score else 0.0
        grade.needs_manual_grade = bool(cell.max_score) or grade.manual_score is not None


def _mark(check: Mapping[str, Any] | None, points: float) -> Mark:
    """The check's share of the cell's points: these are the course's, unless it changed since the assignment was made."""
    if check is None:
        return Mark(None, _("This check was not run; your instructor will see it."))
    if is_open(check["verdict"]):
        return Mark(None, _comment(check))
    share = check["points"] / check["max_points"] if check["max_points"] else 0.0
    return Mark(points * share, _comment(check))


def _comment(check: Mapping[str, Any]) -> str:
    """What there is to say about a check: nothing where it passed and no speed was measured."""
    speed = check.get("speed")
    if check["verdict"] == Verdict.PASSED:
        return quoted(speed_line(speed)) if speed else ""
    known = check["verdict"] in set(Verdict)
    lines = [check["message"]]
    if check["hint"]:
        lines.append(f"→ {check['hint']}")
    if check["draw_command"]:
        lines.append(_("Draw inputs of this kind yourself: {command}").format(command=check["draw_command"]))
    if speed and check["verdict"] == Verdict.INCONCLUSIVE:
        lines.append(speed_line(speed))
    head = verdict_name(Verdict(check["verdict"])) if known else check["verdict"]
    return quoted("\n".join([f"✗ {head}", *filter(None, lines)]))


def _summary(record: Mapping[str, Any], homeless: Sequence[Mapping[str, Any]], remarks: Iterable[str]) -> str:
    """What there is to say about the whole notebook: checks without a cell, notes, what the code printed."""
    lines = [*filter(None, [_shared_message(record["checks"])]), *remarks, *record["notes"]]
    for check in homeless:
        lines.append(f"{check['title']} {check['points']:g}/{check['max_points']:g} {check['message']}")
    printed = plain(record["output"]).splitlines()
    if printed:
        lines += [_("Your code printed:"), *(f"│ {line[:WIDTH]}" for line in printed[:MAX_PRINTED])]
        if len(printed) > MAX_PRINTED:
            lines.append(_("│ … and {count} more lines").format(count=len(printed) - MAX_PRINTED))
    return quoted("\n".join(lines))


def quoted(text: str) -> str:
    """Text as a Markdown code block, for nbgrader makes HTML of a comment, and a student may have had a part in it.

    Four spaces make it one, and not a fence: nothing in the text can end it.
    """
    lines: list[str] = []
    for line in plain(text).split("\n"):
        lines += textwrap.wrap(line, WIDTH, break_on_hyphens=False, replace_whitespace=False) or [""]
    return "\n".join(f"    {line}" for line in lines) if text.strip() else ""
