"""`grader doctor`: what this machine can enforce, what is missing, and what to do next. It tries things rather than guess."""

import json
import os
import stat
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ..course import Course, find_course
from ..errors import GraderFault, UserError
from ..files import check_writable
from ..i18n import _
from ..secret import VARIABLE
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
        findings = diagnose(course, db) if is_instructor else diagnose_student(course)
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
        "numpy": machine.numpy,
        "torch": machine.torch,
        "terminal": machine.terminal,
        "hangul font": machine.hangul_font,
        "room": machine.room,
        "worker": machine.worker,
    }
    return [examine(name, probe) for name, probe in probes.items()]


def diagnose(course: Course, db: str) -> list[Finding]:
    """What concerns somebody who grades others' work."""
    from . import confinement

    probes: dict[str, Probe] = {
        "bubblewrap": confinement.bubblewrap,
        "user namespaces": confinement.user_namespaces,
        "system call filter": confinement.system_call_filter,
        "watch": confinement.watch,
        "cgroup": confinement.cgroup,
        "sandbox": lambda: confinement.sandbox(course.root / "exercises" / "course.toml"),
        "secret": lambda: secret(course.root),
        "store": lambda: store(db),
    }
    return diagnose_student(course) + [examine(name, probe) for name, probe in probes.items()]


def secret(root: Path) -> Finding:
    """What hidden inputs are drawn from is there, or can be made, and nobody else may read it."""
    if os.environ.get(VARIABLE):
        return Finding("secret", "good", _("From the variable {variable}.").format(variable=VARIABLE))
    path = root / ".dot2vit" / "secret"
    if not path.exists():
        if not os.access(root, os.W_OK):
            advice = _("Make the folder writable, or set {variable}.").format(variable=VARIABLE)
            return Finding("secret", "bad", _("{path} cannot be made.").format(path=path), advice)
        return Finding("secret", "good", _("{path} will be made on first use.").format(path=path))
    if not path.read_text(encoding="ascii").strip():
        return Finding("secret", "bad", _("{path} is empty.").format(path=path), _("Delete it: another one is made."))
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Finding("secret", "warning", _("Others may read {path}.").format(path=path), f"chmod 600 {path}")
    return Finding("secret", "good", str(path))


def store(db: str) -> Finding:
    """The store can be opened, or made where it shall be; none is made here."""
    from ..store import Store

    try:
        if "://" in db or Path(db).exists():
            with Store(db) as opened:
                return Finding("store", "good", opened.url)
        check_writable("The store", _nearest_folder(Path(db).resolve().parent))
    except (UserError, GraderFault) as error:
        return Finding("store", "bad", str(error))
    return Finding("store", "good", _("{path} will be made on first use.").format(path=db))


def _nearest_folder(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


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
