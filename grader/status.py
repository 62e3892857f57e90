"""`grader status`: how far a student is in the course. What did not change since it was last checked is not run again."""

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from .course import Course, Exercise, find_course
from .i18n import _, language
from .progress import Progress, Summary, key_of, progress_of
from .result import Verdict
from .stubs import read_stub, short, stub_of
from .submission import Submission
from .text import plain

if TYPE_CHECKING:
    from .local import LocalReport

# Verdicts that the same file gets again; a time-out or a crash may have been the machine's.
LASTING = frozenset({Verdict.PASSED, Verdict.FAILED, Verdict.ERROR, Verdict.FORBIDDEN, Verdict.MISSING})


def status(console: Console) -> None:
    """A line an exercise: visible checks and points now, what is still hidden, hints used; then where to go next."""
    course = find_course()
    progress = progress_of(course)
    with console.status(_("starting …")):
        summaries = summaries_of(course, progress)
    console.print(_table(course, summaries, progress))
    _print_sums(console, list(summaries.values()))
    for exercise in course.exercises:
        if not summaries[exercise.name].is_done:
            print_next(console, exercise, summaries[exercise.name].next_title)
            return
    console.print(_("All visible checks pass."), style="green")


def summaries_of(course: Course, progress: Progress) -> dict[str, Summary]:
    """What the visible checks say of each exercise now; only what has changed is checked."""
    submissions = {exercise.name: read_stub(exercise) for exercise in course.exercises}
    found = {
        exercise.name: progress.summary(exercise.name, key_of(exercise, submissions[exercise.name]))
        for exercise in course.exercises
    }
    stale = [exercise for exercise in course.exercises if found[exercise.name] is None]
    checked = _check(stale, submissions, progress) if stale else {}
    return {name: summary or checked[name] for name, summary in found.items()}


def _check(stale: list[Exercise], submissions: dict[str, Submission], progress: Progress) -> dict[str, Summary]:
    from .local import check_locally  # torch takes a second
    from .sandbox.started import local_server

    summaries = {}
    with local_server() as server:
        for exercise in stale:
            report = check_locally(exercise, submissions[exercise.name], server)
            summaries[exercise.name] = summarize(report, progress)
    return summaries


def summarize(report: "LocalReport", progress: Progress) -> Summary:
    """The summary of a report, kept for the next time where the same file will get the same verdicts."""
    summary = Summary(
        passed=report.passed,
        checks=len(report.checks),
        points=report.points,
        max_points=report.max_points,
        hidden_checks=report.hidden_checks,
        hidden_points=report.hidden_points,
        is_started=report.is_started,
        next_title=report.unmet.title if report.unmet else "",
    )
    if all(check.verdict in LASTING for check in report.checks):
        progress.keep_summary(report.exercise.name, key_of(report.exercise, report.submission), summary)
    return summary


def print_next(console: Console, exercise: Exercise, title: str) -> None:
    """Where to go on: the file, the check, the guide."""
    file, guide = short(stub_of(exercise)), short(exercise.guide_to_read(language()))
    console.print(_("Next: {file}: “{title}”").format(file=file, title=plain(title)), style="cyan", markup=False)
    console.print(_("Guide: {guide}").format(guide=guide), style="cyan", markup=False, soft_wrap=True)


def _table(course: Course, summaries: dict[str, Summary], progress: Progress) -> Table:
    table = Table(title=course.title, box=box.SIMPLE, title_justify="left", padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(_("exercise"), no_wrap=True)
    table.add_column(_("progress"), width=12)
    table.add_column(_("visible checks"), justify="right")
    table.add_column(_("visible points"), justify="right")
    table.add_column(_("hidden points"), justify="right")
    table.add_column(_("hints used"), justify="right")
    table.add_column("", no_wrap=True)
    for exercise in course.exercises:
        summary = summaries[exercise.name]
        state = _("done") if summary.is_done else _("in progress") if summary.is_started else _("not started")
        table.add_row(
            exercise.name,
            ProgressBar(total=summary.checks, completed=summary.passed, width=12),
            f"{summary.passed}/{summary.checks}",
            f"{summary.points:g}/{summary.max_points:g}",
            f"{summary.hidden_points:g}",
            str(len(progress.hints_shown(exercise.name)) or ""),
            state,
        )
    return table


def _print_sums(console: Console, summaries: list[Summary]) -> None:
    console.print(
        _("Visible checks: {points} of {maximum} points.").format(
            points=f"{sum(summary.points for summary in summaries):g}",
            maximum=f"{sum(summary.max_points for summary in summaries):g}",
        )
    )
    console.print(
        _("{count} hidden checks, worth {points} points, have still to say: your instructor runs them.").format(
            count=sum(summary.hidden_checks for summary in summaries),
            points=f"{sum(summary.hidden_points for summary in summaries):g}",
        ),
        style="dim",
    )
