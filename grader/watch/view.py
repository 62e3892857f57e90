"""A session as text: what failed first comes first, so that it is seen on 24 lines without scrolling."""

import io
import os
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..i18n import _, language
from ..reports.hints import hint_lines
from ..reports.terminal import MARKS, STYLES, check_lines, print_output
from ..result import CheckResult, Verdict
from ..stubs import short, stub_of
from ..text import plain
from .session import KEYS, Session


def head(session: Session, width: int) -> list[str]:
    """Three lines: the exercise, its file and guide, the state."""
    exercise = session.exercise
    place = f"{session.course.exercises.index(exercise) + 1}/{len(session.course.exercises)}"
    title = Text(f"{exercise.name}  ", style="bold").append(exercise.title, style="default")
    top = Table.grid(expand=True)
    top.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    top.add_column(no_wrap=True, justify="right", style="dim")
    top.add_row(title, place)
    guide = short(exercise.guide_to_read(language()))
    files = Text(_("{file} · guide: {guide}").format(file=short(stub_of(exercise)), guide=guide), style="dim")
    return _lines([top, _one_line(files), _one_line(state(session))], width)[:3]


def state(session: Session) -> Text:
    """How it stands, in a line."""
    report = session.report
    if report is None:
        return Text(_("checking …"), style="dim") if session.is_busy else Text(plain(session.fault), style="magenta")
    text = _("{passed} of {count} visible checks pass").format(passed=report.passed, count=len(report.checks))
    line = Text(("✓ " if report.is_done else "✗ ") + text, style="green" if report.is_done else "red")
    if session.is_busy:
        return line.append("  " + _("checking …"), style="dim")
    return line.append(f"  {session.seconds:.2f} s", style="dim")


def body(session: Session, width: int) -> list[str]:
    """What happened, hints, the first unmet check in full, the others in a line each, what the code printed."""
    return _lines(list(_body(session, width)), width)


def _body(session: Session, width: int) -> Iterator[RenderableType]:
    if session.notice:
        yield Text(plain(session.notice), style="green")
        yield Text("")
    report = session.report
    if report is None:
        return
    if session.told is not None:
        yield from hint_lines(session.told, short(session.exercise.guide_to_read(language())))
        yield Text("")
    for note in report.notes:
        yield Text(plain(note), style="yellow")
    unmet = report.unmet
    alike = unmet is not None and _say_the_same(report.checks)
    if unmet is not None:
        asked = session.told is not None  # then its question is the first of the hints
        yield check_lines(unmet.to_record() | ({"hint": ""} if asked else {}))
        yield Text("")
    if not alike:
        yield from (_short_check(check) for check in report.checks if check is not unmet)
    yield from (Text.from_ansi(line) for line in _printed(report.output, width))


def _say_the_same(checks: list[CheckResult]) -> bool:
    """A file that does not load says so once."""
    return len(checks) > 1 and len({check.message for check in checks}) == 1 and bool(checks[0].message)


def _short_check(check: CheckResult) -> RenderableType:
    line = Text(f"{MARKS.get(check.verdict, '✗')} ", style=STYLES.get(check.verdict, "red"))
    return _one_line(line.append(plain(check.title), style="dim" if check.verdict == Verdict.PASSED else "default"))


def _printed(output: str, width: int) -> list[str]:
    console = _console(width)
    print_output(console, output)
    return _text_of(console)


def foot(width: int, more: str = "") -> list[str]:
    """The keys, in a line."""
    line = Text()
    for key, name in KEYS.items():
        line.append(key, style="bold cyan").append(f" {_(name)}   ", style="default")
    return _lines([_one_line(line.append(more, style="dim"))], width)[:1]


def report_lines(session: Session, width: int) -> list[str]:
    """For a pipe: the state in a line, then the body."""
    top = Text(f"{session.exercise.name}  ", style="bold").append_text(state(session))
    return _lines([top, *(Padding(part, (0, 0, 0, 2)) for part in _body(session, width - 2))], width)


def _one_line(text: Text) -> RenderableType:
    """Cut where the line ends. Printed by itself, a Text would forget that it is not to be wrapped."""
    text.no_wrap, text.overflow = True, "ellipsis"
    return Padding(text, 0)


def _lines(parts: list[RenderableType], width: int) -> list[str]:
    console = _console(width)
    for part in parts:
        console.print(part)
    return _text_of(console)


def _console(width: int) -> Console:
    """Writes into memory, with the terminal's escape sequences; colours unless NO_COLOR says otherwise."""
    return Console(
        file=io.StringIO(),
        width=max(width, 20),
        force_terminal=True,
        color_system="standard",
        no_color=bool(os.environ.get("NO_COLOR")),
        legacy_windows=False,
        highlight=False,
    )


def _text_of(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()
