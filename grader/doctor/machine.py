"""What everybody needs: Python and its packages, a terminal that shows Hangul, room, a worker that answers."""

import importlib.metadata
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from ..i18n import _
from ..pictures.fonts import hangul_family
from ..sandbox.backend import Sandboxed
from ..sandbox.launch import ForkServer
from ..sandbox.limits import Limits
from .finding import Finding

OLDEST_PYTHON = (3, 11)
ROOM_MB, LITTLE_ROOM_MB = 100, 1024
PROBE = "def double(x):\n    return 2 * x\n"


def python() -> Finding:
    what = f"{sys.version.split()[0]}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", "bad", what, _("Install Python 3.11 or newer."))
    return Finding("python", "good", what)


def numpy() -> Finding:
    return Finding("numpy", "good", importlib.metadata.version("numpy"))


def torch() -> Finding:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a driver too old for this torch
        device = torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"
    return Finding("torch", "good", f"{torch.__version__}, {device}")


def terminal() -> Finding:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding != "utf8":
        advice = _("Set LANG=C.UTF-8 or PYTHONUTF8=1: else Hangul and ✓ cannot be printed.")
        return Finding("terminal", "warning", encoding or "?", advice)
    return Finding("terminal", "good", "UTF-8")


def hangul_font() -> Finding:
    try:
        family = hangul_family()
    except ImportError:
        return Finding("hangul font", "warning", _("matplotlib is not installed: no pictures."))
    if family is not None:
        return Finding("hangul font", "good", family)
    advice = _("Install one (fonts-nanum on Debian and Ubuntu): else Korean in pictures shows as boxes.")
    return Finding("hangul font", "warning", _("No font with Hangul."), advice)


def room() -> Finding:
    folder = Path(tempfile.gettempdir())
    free_mb = shutil.disk_usage(folder).free // 2**20
    what = _("{free} MB free in {folder}").format(free=free_mb, folder=folder)
    if free_mb < LITTLE_ROOM_MB:
        return Finding("room", "bad" if free_mb < ROOM_MB else "warning", what, _("Make room, or set TMPDIR."))
    return Finding("room", "good", what)


def worker() -> Finding:
    """A submission without a sandbox, as on a student's machine, answers."""
    with ForkServer("none") as server:
        backend = Sandboxed(server, PROBE, "probe.py", {}, Limits())
        try:
            answer = backend.perform("call", "double", {"name": "double", "args": (21,), "kwargs": {}}).value
        finally:
            backend.close()
    if answer != 42:
        return Finding("worker", "bad", _("A worker gave a wrong answer: {answer}").format(answer=answer))
    return Finding("worker", "good", _("A worker starts and answers."))
