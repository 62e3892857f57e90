"""`grader watch`: saves are checked at once, in a terminal or a pipe.

    save ─ files.py ─▶ session.py ─▶ checker.py ─▶ session.py ─▶ screen.py or lines.py
    key ─ screen.py or lines.py ─▶ session.py

The session lives in the event loop of the main thread; files and checks have a thread each, and speak through the loop.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ..course import Course, Exercise, find_course
from ..i18n import _
from ..progress import progress_of
from ..stubs import stub_of
from .checker import Checker
from .files import SaveWatcher, folders_of
from .picture import drawer
from .session import Session

BY_SIGNAL = 128


def watch(name: str | None) -> int:
    """Watch from an exercise on, or from the first unfinished one. Returns the exit status."""
    course = find_course()
    start = course.exercise(name) if name else None
    return asyncio.run(_watch(course, start))


async def _watch(course: Course, start: Exercise | None) -> int:
    loop = asyncio.get_running_loop()
    stopped: asyncio.Future[int] = loop.create_future()
    progress = progress_of(course)

    def in_loop(call: Callable[..., None]) -> Callable[..., None]:
        return partial(_call_in, loop, call)

    checker = Checker(progress, in_loop(lambda e: session.started(e)), in_loop(lambda c: session.checked(c)))
    session = Session(course, progress, checker.request, drawer(in_loop(lambda e, said: session.drawn(e, said))))
    saves = SaveWatcher(
        folders_of((stub_of(exercise) for exercise in course.exercises), Path.cwd()),
        [name for exercise in course.exercises for name in (exercise.filename, f"{exercise.name}.ipynb")],
        in_loop(lambda names: session.saved({Path(name).stem for name in names})),
    )
    if saves.why_polling:
        session.notice = _("Files are looked at five times a second: no events from {reason}.").format(
            reason=saves.why_polling
        )
    _end_by_signal(loop, stopped)
    checker.start()
    saves.start()
    try:
        session.begin(start)
        return await _show(session, stopped)
    finally:
        saves.stop()
        checker.close()


async def _show(session: Session, stopped: "asyncio.Future[int]") -> int:
    """On the whole terminal where there is one; the check's own thread redirects sys.stdout, so `out` is held here."""
    out = sys.stdout
    if sys.stdin is not None and sys.stdin.isatty() and out.isatty() and os.environ.get("TERM") != "dumb":
        from . import screen

        return await screen.show(session, stopped)
    from . import lines

    return await lines.show(session, stopped, out)


def _call_in(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: Any) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call, *arguments)


def _end_by_signal(loop: asyncio.AbstractEventLoop, stopped: "asyncio.Future[int]") -> None:
    """Ctrl-C is an ordinary end here; SIGTERM and a closed terminal end in order too, with their own status."""

    def stop(number: int, frame: Any) -> None:
        _call_in(loop, end, 0 if number == signal.SIGINT else BY_SIGNAL + number)

    def end(status: int) -> None:
        if not stopped.done():
            stopped.set_result(status)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, stop)
