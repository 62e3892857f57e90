"""The student's commands: check the stubs of the current folder, draw inputs for them, show the progress over the course."""

from pathlib import Path

from rich import box
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .course import Course, Exercise, find_course
from .grade import new_candidate
from .i18n import _, language
from .inputs import load_inputs
from .local import LocalReport, check_locally
from .reports.terminal import plain, print_checks, print_output
from .reports.trials import print_trial
from .result import CheckResult, Verdict
from .sandbox.started import Server, local_server
from .submission import Submission, read_file
from .trial import choose, save, trials


def check(console: Console, names: list[str]) -> int:
    """Run the visible checks and print them. Returns the exit status: 0 when all pass."""
    course = find_course()
    exercises = course.select(names)
    reports = []
    with console.status(_("starting …")) as spinner, local_server() as server:
        for exercise in exercises:
            spinner.update(_("checking {name} …").format(name=exercise.name))
            report = _check(exercise, server)
            reports.append(report)
            _print_report(console, report, in_detail=bool(names) or _is_started(report))
    _print_end(console, reports)
    return 0 if all(_is_done(report) for report in reports) else 1


def status(console: Console) -> None:
    """A line an exercise: how many visible checks pass, and what is still hidden."""
    course = find_course()
    with console.status(_("starting …")), local_server() as server:
        reports = [_check(exercise, server) for exercise in course.exercises]
    console.print(_status_table(course, reports))
    _print_next(console, reports)


def draw(console: Console, name: str, function: str | None, kind: str | None, seed: str, save_to: Path | None) -> None:
    """Draw inputs, call the student's code on them and print both."""
    exercise = find_course().exercise(name)
    chosen = choose(load_inputs(exercise.inputs_path), name, function, kind, seed)
    if save_to is not None:
        save(chosen, save_to)
    submission = read_stub(exercise)
    with console.status(_("starting …")), local_server() as server:
        candidate = new_candidate(exercise, submission, server, lambda check: 0)
        try:
            done = list(trials(exercise, candidate, chosen, seed))
        finally:
            candidate.close()
    for note in submission.notes:
        console.print(plain(note), style="yellow", markup=False)
    for trial in done:
        print_trial(console, trial, exercise.filename)
    print_output(console, candidate.output)
    console.print(
        _("These are kinds of input that checks use, never a check's own. Whether an answer is right is yours to say."),
        style="dim",
    )


def stub_of(exercise: Exercise) -> Path:
    """The file to check: the one in the current folder, else the one in the course's exercises folder."""
    here = Path.cwd() / exercise.filename
    return here if here.is_file() else exercise.stub_path


def read_stub(exercise: Exercise) -> Submission:
    """What is in the file to check, and in the others that it uses, from the same folder."""
    return read_file(stub_of(exercise).resolve(), exercise)


def _check(exercise: Exercise, server: Server) -> LocalReport:
    return check_locally(exercise, read_stub(exercise), server)


def _is_started(report: LocalReport) -> bool:
    return any(check.verdict != Verdict.MISSING for check in report.checks)


def _is_done(report: LocalReport) -> bool:
    return all(check.verdict == Verdict.PASSED for check in report.checks)


def _print_report(console: Console, report: LocalReport, in_detail: bool) -> None:
    points, maximum = _points(report.checks)
    heading = Text(f"{report.exercise.title}", style="bold")
    heading.append(f"  {report.exercise.name}  {points:g}/{maximum:g}", style="dim")
    if not in_detail:
        heading.append("  " + _("not started"), style="yellow")
        console.print(heading)
        return
    console.print(heading)
    for note in report.notes:
        console.print("    " + plain(note), style="yellow", markup=False)
    print_checks(console, [result.to_record() for result in report.checks])
    print_output(console, report.output)
    console.print()


def _points(checks: list[CheckResult]) -> tuple[float, float]:
    return sum(check.points for check in checks), sum(check.max_points for check in checks)


def _print_end(console: Console, reports: list[LocalReport]) -> None:
    points, maximum = (sum(parts) for parts in zip(*(_points(report.checks) for report in reports), strict=True))
    console.print(
        _("Visible checks: {points} of {maximum} points.").format(points=f"{points:g}", maximum=f"{maximum:g}")
    )
    _print_next(console, reports)
    hidden, hidden_points = sum(r.hidden_checks for r in reports), sum(r.hidden_points for r in reports)
    console.print(
        _(
            "{count} hidden checks, worth {points} points, were not run: they are your instructor's, and they alone give "
            "the grade. All visible checks passing does not mean full marks."
        ).format(count=hidden, points=f"{hidden_points:g}"),
        style="dim",
    )


def _print_next(console: Console, reports: list[LocalReport]) -> None:
    unfinished = next((report for report in reports if not _is_done(report)), None)
    if unfinished is None:
        console.print(_("All visible checks pass."), style="green")
        return
    exercise = unfinished.exercise
    first = next(check for check in unfinished.checks if check.verdict != Verdict.PASSED)
    file, guide = short(stub_of(exercise)), short(exercise.guide_to_read(language()))
    console.print(_("Next: {file}: “{title}”").format(file=file, title=plain(first.title)), style="cyan", markup=False)
    console.print(_("Guide: {guide}").format(guide=guide), style="cyan", markup=False, soft_wrap=True)


def short(path: Path) -> str:
    """Relative to here where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _status_table(course: Course, reports: list[LocalReport]) -> Table:
    table = Table(title=course.title, box=box.SIMPLE, title_justify="left")
    table.add_column(_("exercise"), no_wrap=True)
    table.add_column(_("progress"), width=16)
    table.add_column(_("visible checks"), justify="right")
    table.add_column(_("hidden points"), justify="right")
    table.add_column("")
    for report in reports:
        passed = sum(check.verdict == Verdict.PASSED for check in report.checks)
        state = _("done") if _is_done(report) else _("in progress") if _is_started(report) else _("not started")
        table.add_row(
            report.exercise.name,
            ProgressBar(total=len(report.checks), completed=passed, width=16),
            f"{passed}/{len(report.checks)}",
            f"{report.hidden_points:g}",
            state,
        )
    return table
