"""The student's commands: check the stubs of the current folder, hint at what fails, explain them, draw inputs."""

from pathlib import Path

from rich.console import Console
from rich.text import Text

from .course import Exercise, find_course
from .explain import SECONDS
from .explain import explain as explain_code
from .grade import new_candidate
from .hints import next_hint
from .i18n import _, language
from .inputs import load_inputs
from .local import LocalReport, check_locally
from .progress import Progress, progress_of
from .reports.explanation import print_explanation, save_explanation
from .reports.hints import print_hint
from .reports.records import write_list
from .reports.terminal import plain, print_checks, print_output
from .reports.trials import print_trial
from .sandbox.started import Server, local_server
from .status import print_next, summarize
from .stubs import read_stub, short
from .trial import choose, save, trials


def check(console: Console, names: list[str], json_file: Path | None = None) -> int:
    """Run the visible checks, print them, and write their records if asked to. Returns the exit status: 0 when all pass."""
    course = find_course()
    exercises, progress = course.select(names), progress_of(course)
    reports = []
    with console.status(_("starting …")) as spinner, local_server() as server:
        for exercise in exercises:
            spinner.update(_("checking {name} …").format(name=exercise.name))
            report = _check(exercise, server, progress)
            reports.append(report)
            _print_report(console, report, in_detail=bool(names) or report.is_started)
    _print_end(console, reports)
    if json_file is not None:
        write_list([report.to_record(course) for report in reports], json_file)
    return 0 if all(report.is_done for report in reports) else 1


def explain(
    console: Console, name: str, function: str | None, everything: bool, seconds: float | None, save_to: Path | None
) -> None:
    """Change what passes in one place at a time, and print line by line which property breaks."""
    exercise = find_course().exercise(name)
    submission = read_stub(exercise)
    trains = bool(exercise.training)
    with console.status(_("starting …")) as spinner, local_server(trains=trains) as server:

        def on_progress(number: int, total: int) -> None:
            spinner.update(_("change {number} of {total} …").format(number=number + 1, total=total))

        explanation = explain_code(exercise, submission, server, function, seconds or SECONDS, on_progress)
    for note in submission.notes:
        console.print(plain(note), style="yellow", markup=False)
    print_explanation(console, explanation, everything)
    if save_to is not None:
        save_explanation(explanation, save_to)


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


def hint(console: Console, name: str) -> None:
    """Print the next step of the hints for the first visible check that has not passed."""
    course = find_course()
    exercise, progress = course.exercise(name), progress_of(course)
    with console.status(_("starting …")), local_server() as server:
        report = _check(exercise, server, progress)
    told = next_hint(course, report, progress)
    if told is None:
        console.print(_("All visible checks pass: there is nothing to hint at."), style="green")
    else:
        print_hint(console, told, short(exercise.guide_to_read(language())))


def _check(exercise: Exercise, server: Server, progress: Progress) -> LocalReport:
    report = check_locally(exercise, read_stub(exercise), server)
    summarize(report, progress)  # so that `grader status` need not run it again
    return report


def _print_report(console: Console, report: LocalReport, in_detail: bool) -> None:
    heading = Text(f"{report.exercise.title}", style="bold")
    heading.append(f"  {report.exercise.name}  {report.points:g}/{report.max_points:g}", style="dim")
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


def _print_end(console: Console, reports: list[LocalReport]) -> None:
    points, maximum = (sum(getattr(report, name) for report in reports) for name in ("points", "max_points"))
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
    unfinished = next((report for report in reports if not report.is_done), None)
    if unfinished is None:
        console.print(_("All visible checks pass."), style="green")
        return
    exercise = unfinished.exercise
    print_next(console, exercise, unfinished.unmet.title if unfinished.unmet else "")
