"""What the doctor looks at on an instructor's machine, beside what students need: the sandbox, the secret, the store."""

import os
import stat
from pathlib import Path

from ..course import Course
from ..errors import GraderFault, UserError
from ..files import check_writable
from ..i18n import _
from ..secret import VARIABLE
from . import confinement
from .finding import Finding, Probe, examine


def diagnose(course: Course, db: str) -> list[Finding]:
    """What concerns somebody who grades others' work."""
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
    return [examine(name, probe) for name, probe in probes.items()]


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
