"""`grader watch` where there is no terminal (a pipe, a log, TERM=dumb): a paragraph a verdict, keys as lines of stdin."""

import asyncio
import contextlib
import io
import sys
import threading
from typing import TextIO

from rich.text import Text

from ..i18n import _
from . import view
from .session import Session

WIDTH = 120


async def show(session: Session, stopped: "asyncio.Future[int]", out: TextIO) -> int:
    """Print verdicts until stdin ends, a line says q, the reader of `out` is gone, or `stopped` has an exit status.

    At the end of stdin the check that is running is still waited for: `echo | grader watch` says one verdict.
    """
    loop = asyncio.get_running_loop()
    ended = False
    if isinstance(out, io.TextIOWrapper):
        out.reconfigure(errors="replace")  # a pipe on Windows may know no ✓

    def end(status: int) -> None:
        if not stopped.done():
            stopped.set_result(status)

    def say(lines: list[str]) -> None:
        try:
            print(*(_without_escapes(line) for line in lines), sep="\n", file=out, flush=True)
        except BrokenPipeError:
            end(0)

    def verdict() -> None:
        say(view.report_lines(session, WIDTH))

    def changed() -> None:
        if ended and not session.is_busy:
            end(0)

    def line(text: str) -> None:
        before = session.told, session.notice
        session.press(text.strip())
        if session.is_over:
            end(0)
        elif (session.told, session.notice) != before:
            say(view.report_lines(session, WIDTH))

    def closed() -> None:
        nonlocal ended
        ended = True
        changed()

    def read() -> None:
        with contextlib.suppress(RuntimeError, OSError, ValueError):  # the loop or stdin is closed
            for text in sys.stdin or ():
                loop.call_soon_threadsafe(line, text)
            loop.call_soon_threadsafe(closed)

    session.on_verdict, session.on_change = verdict, changed
    say([_("Watching; a line with one of these letters is a key:"), *view.foot(WIDTH)])
    threading.Thread(target=read, name="keys", daemon=True).start()
    return await stopped


def _without_escapes(line: str) -> str:
    return Text.from_ansi(line).plain.rstrip()
