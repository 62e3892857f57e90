"""`grader doctor`: what this machine can enforce, what is missing, and what to do next. It tries things rather than guess."""

import json

from rich.console import Console
from rich.text import Text

from ..course import Course, find_course
from ..errors import UserError
from ..i18n import _
from . import machine
from .finding import Finding, Probe, examine

MARKS = {"good": ("✓", "green"), "warning": ("!", "yellow"), "bad": ("✗", "red")}


def doctor(console: Console, db: str, as_json: bool) -> bool:
    """Examine this machine and say what was found; returns whether grading (for students: checking) is possible."""
    try:
        course = find_course()
    except UserError as error:
        findings, is_instructor = [Finding("course", "bad", str(error))], False
    else:
        is_instructor = (course.root / "solutions").is_dir()
        findings = diagnose_student(course)
        if is_instructor:
            from .grading import diagnose  # students do not have this part

            findings += diagnose(course, db)
    possible = all(finding.state != "bad" for finding in findings)
    if as_json:
        role = "instructor" if is_instructor else "student"
        report = {"role": role, "possible": possible, "findings": [vars(finding) for finding in findings]}
        console.file.write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
        return possible
    for finding in findings:
        _print(console, finding)
    console.print(_summary(is_instructor, possible), style="green" if possible else "red")
    return possible


def diagnose_student(course: Course) -> list[Finding]:
    """What concerns somebody who checks their own work."""
    probes: dict[str, Probe] = {
        "course": lambda: Finding("course", "good", str(course.root)),
        "python": machine.python,
        "numpy": lambda: machine.package("numpy"),
        "torch": lambda: machine.package("torch"),
        "device": machine.device,
        "language": machine.spoken_language,
        "terminal": machine.terminal,
        "hangul font": machine.hangul_font,
        "room": machine.room,
        "worker": machine.worker,
    }
    return [examine(name, probe) for name, probe in probes.items()]


def _print(console: Console, finding: Finding) -> None:
    mark, style = MARKS[finding.state]
    line = Text.assemble((f"{mark} ", style), (f"{finding.name}: ", "bold"), finding.what)
    console.print(line, soft_wrap=True)
    if finding.advice:
        console.print(Text(f"    → {finding.advice}", style="cyan"), soft_wrap=True)


def _summary(is_instructor: bool, possible: bool) -> str:
    if is_instructor:
        return _("This machine can grade.") if possible else _("This machine cannot grade as it is: see ✗.")
    return _("You can check your work here.") if possible else _("You cannot check your work here as it is: see ✗.")
