"""Results as a notebook shows them, and as text where there is no HTML. What a student had a part in is escaped.

Colours are those of a light and of a dark page: JupyterLab, VS Code and Colab each say in their own way which it is.
"""

from collections.abc import Callable, Iterator
from html import escape
from io import StringIO
from typing import Any

from rich.console import Console

from .. import pictures
from ..hints import Told
from ..i18n import _, language
from ..local import LocalReport
from ..reports.hints import print_hint
from ..reports.terminal import MARKS, STYLES, as_told, print_checks, speed_line, verdict_name
from ..result import Verdict
from ..show import Shown, print_panels
from ..text import plain

WIDTH = 100
STYLE = """<style>
.dot2vit { --green: #1a7f37; --red: #cf222e; --yellow: #7d4e00; --magenta: #8250df; --cyan: #0b6b8a; --dim: #59636e; }
[data-jp-theme-light="false"] .dot2vit, .vscode-dark .dot2vit, html[theme="dark"] .dot2vit {
  --green: #56d364; --red: #ff8078; --yellow: #e3b341; --magenta: #d2a8ff; --cyan: #76d0ea; --dim: #a3abb4; }
.dot2vit { max-width: 60em; line-height: 1.45; }
.dot2vit table.checks { table-layout: auto; border-collapse: collapse; width: 100%; margin: .3em 0; font-size: inherit;
  color: inherit; }
.dot2vit table.checks tbody tr:nth-child(n) { background: none; border-top: 1px solid rgb(128 128 128 / .3); }
.dot2vit table.checks td { text-align: left; vertical-align: top; padding: .3em .6em .3em 0; line-height: 1.45;
  white-space: normal; max-width: none; }
.dot2vit table.checks td.points { text-align: right; white-space: nowrap; color: var(--dim); padding-right: 0; }
.dot2vit .title { font-weight: 600; }
.dot2vit .said { white-space: pre-wrap; overflow-wrap: anywhere; }
.dot2vit .green { color: var(--green); } .dot2vit .red { color: var(--red); } .dot2vit .yellow { color: var(--yellow); }
.dot2vit .magenta { color: var(--magenta); } .dot2vit .cyan { color: var(--cyan); } .dot2vit .dim { color: var(--dim); }
</style>"""


class Results:
    """What the visible checks found: a table in a notebook."""

    def __init__(self, report: LocalReport) -> None:
        self.report = report

    @property
    def passed(self) -> bool:
        return self.report.is_done

    def __repr__(self) -> str:
        records = [check.to_record() for check in self.report.checks]
        return "\n".join([self._heading, printed(lambda console: print_checks(console, records)), self._about_hidden])

    def _repr_html_(self) -> str:
        checks = as_told([check.to_record() for check in self.report.checks])
        rows = "".join(_row(check) for check in checks)
        return _framed(
            f"<div><strong>{escape(self._heading)}</strong></div>",
            f'<table class="checks"><tbody>{rows}</tbody></table>',
            _line("div", "dim", self._about_hidden),
        )

    @property
    def _heading(self) -> str:
        report = self.report
        return f"{report.exercise.title}: " + _("{passed} of {total} visible checks pass.").format(
            passed=report.passed, total=len(report.checks)
        )

    @property
    def _about_hidden(self) -> str:
        return _(
            "{count} hidden checks, worth {points} points, were not run: they are your instructor's, and they alone give "
            "the grade. All visible checks passing does not mean full marks."
        ).format(count=self.report.hidden_checks, points=f"{self.report.hidden_points:g}")


class Hints:
    """The steps of a hint so far, the newest last."""

    def __init__(self, told: Told, guide: str) -> None:
        self._told, self._guide = told, guide

    def __repr__(self) -> str:
        return printed(lambda console: print_hint(console, self._told, self._guide))

    def _repr_html_(self) -> str:
        return _framed(_line("div", "", repr(self)))


class Drawn:
    """A picture, with a line a panel where there are no pictures."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    def __repr__(self) -> str:
        return printed(lambda console: print_panels(console, self._shown))

    def _repr_png_(self) -> bytes:
        return pictures.to_png(self._shown.figure)


def _row(check: dict[str, Any]) -> str:
    verdict = Verdict(check["verdict"])
    style = STYLES.get(verdict, "red")
    points = _line("td", "points", f"{check['points']:g}/{check['max_points']:g}")
    mark = f'<td class="{style}" title="{escape(verdict_name(verdict))}">{MARKS.get(verdict, "✗")}</td>'
    return f"<tr>{mark}<td>{''.join(_told(check, verdict, style))}</td>{points}</tr>"


def _told(check: dict[str, Any], verdict: Verdict, style: str) -> Iterator[str]:
    """The sentence of a check, and what there is to say about it; as reports/terminal.py prints it."""
    yield _line("div", "title", check["title"])
    if verdict not in (Verdict.PASSED, Verdict.FAILED, Verdict.MISSING):
        yield _line("div", style, verdict_name(verdict))
    if check["message"]:
        yield _line("div", "said", check["message"])
    if check.get("hint"):
        yield _line("div", "said cyan", "→ " + check["hint"])
    if check.get("draw_command"):
        yield _line(
            "div",
            "dim",
            _("Draw inputs of this kind yourself: {command}").format(command=check["draw_command"]),
        )
    if check.get("speed") and verdict in (Verdict.PASSED, Verdict.INCONCLUSIVE):
        yield _line("div", "dim", speed_line(check["speed"]))


def _line(tag: str, style: str, text: str) -> str:
    return f'<{tag} class="{style}">{escape(plain(text))}</{tag}>'


def _framed(*lines: str) -> str:
    return f'{STYLE}<div class="dot2vit" lang="{language()}">{"".join(lines)}</div>'


def printed(print_it: Callable[[Console], None]) -> str:
    """What a terminal shows, without colours."""
    text = StringIO()
    # A kernel's environment (FORCE_COLOR) asks for a terminal's colours and spinners.
    console = Console(
        file=text, width=WIDTH, highlight=False, color_system=None, force_terminal=False, force_jupyter=False
    )
    print_it(console)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
