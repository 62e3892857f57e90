"""What everybody needs: Python and its packages, a terminal that shows Hangul, room, a worker that answers."""

import importlib
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from ..i18n import _, language, language_of_locale
from .finding import Finding

OLDEST_PYTHON = (3, 11)
ROOM_MB, LITTLE_ROOM_MB = 100, 1024
INSTALL = "python -m pip install -c constraints.txt -e ."
PROBE = "def double(x):\n    return 2 * x\n"


def python() -> Finding:
    what = f"{sys.version.split()[0]}, {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", "bad", what, _("Install Python 3.11 or newer."))
    return Finding("python", "good", what)


def package(name: str) -> Finding:
    """A package that every check needs: is it there, and can it be imported?"""
    try:
        module = importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: a library of it cannot be loaded
        advice = _("In the course's folder: {command}").format(command=INSTALL)
        return Finding(name, "bad", f"{type(error).__name__}: {error}"[:500], advice)
    return Finding(name, "good", str(module.__version__))


def device() -> Finding:
    """The device that torch can use, to know; no check needs another one than the CPU."""
    try:
        import torch
    except (ImportError, OSError):
        return Finding("device", "warning", _("Not known without torch."))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a driver too old for this torch
        if torch.cuda.is_available():
            found = torch.cuda.get_device_name()
        else:
            found = "mps" if torch.backends.mps.is_available() else "cpu"
    return Finding("device", "good", _("{device}; every exercise is made for the CPU.").format(device=found))


def spoken_language() -> Finding:
    """The language of what is printed, and how to get the other one."""
    advice = _("한국어: --lang ko, or set LANG=ko_KR.UTF-8. English: --lang en, or set LANG=C.UTF-8.")
    what = _("{language}; the locale says {locale}").format(language=language(), locale=language_of_locale())
    return Finding("language", "good", what, advice)


def terminal() -> Finding:
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding != "utf8":
        advice = _("Set PYTHONUTF8=1 (or LANG=C.UTF-8): else Hangul and ✓ are printed as question marks.")
        return Finding("terminal", "warning", encoding or "?", advice)
    return Finding("terminal", "good", "UTF-8")


def hangul_font() -> Finding:
    try:
        from ..pictures.fonts import hangul_family

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
    from ..sandbox.backend import Sandboxed
    from ..sandbox.limits import Limits
    from ..sandbox.started import local_server

    with local_server() as server:
        backend = Sandboxed(server, PROBE, "probe.py", {}, Limits())
        try:
            answer = backend.perform("call", "double", {"name": "double", "args": (21,), "kwargs": {}}).value
        finally:
            backend.close()
    if answer != 42:
        return Finding("worker", "bad", _("A worker gave a wrong answer: {answer}").format(answer=answer))
    return Finding("worker", "good", _("A worker starts and answers."))
