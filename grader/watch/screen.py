"""`grader watch` in a terminal: a full screen by prompt_toolkit.

prompt_toolkit rather than textual: it is the input layer and the screen of IPython, knows Windows' console, raw keys, wide
characters, resizing and NO_COLOR, and starts in a tenth of a second; nothing here needs widgets.
"""

import asyncio
import sys
from collections.abc import Callable

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, Window

from ..i18n import _
from . import view
from .session import Session

HEAD, FOOT = 3, 1


class Screen:
    """Shows a session on the whole terminal, and hands it the keys."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._first = 0  # the body's line at the top
        self._below = 0  # lines that do not fit
        self._shown: object = None  # what the body was of when it was last drawn
        self._app: Application[int] = Application(
            layout=Layout(
                HSplit(
                    [
                        Window(FormattedTextControl(self._head), height=HEAD),
                        Window(FormattedTextControl(self._body)),
                        Window(FormattedTextControl(self._foot), height=FOOT),
                    ]
                )
            ),
            key_bindings=self._bindings(),
            full_screen=True,
        )

    async def run(self) -> int:
        """Until q, Ctrl-C or `stop`; gives the exit status. The terminal is as it was before, whatever happens."""
        self._session.on_change = self._app.invalidate
        return await self._app.run_async()

    def stop(self, status: int) -> None:
        running = self._app.future
        if running is not None and not running.done():
            self._app.exit(result=status)

    def _bindings(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add(Keys.Any)
        def press(event: KeyPressEvent) -> None:
            self._session.press(event.data)
            if self._session.is_over:
                self.stop(0)

        @keys.add("c-c")
        @keys.add("<sigint>")
        @keys.add("c-d")
        def end(event: KeyPressEvent) -> None:
            self.stop(0)

        for names, lines in ((("up", "k"), -1), (("down", "j"), 1), (("pageup",), -10), (("pagedown", " "), 10)):
            for name in names:
                keys.add(name)(self._scroller(lines))

        if sys.platform != "win32":

            @keys.add("c-z")
            def pause(event: KeyPressEvent) -> None:
                event.app.suspend_to_background()

        return keys

    def _scroller(self, lines: int) -> Callable[[KeyPressEvent], None]:
        def scroll(event: KeyPressEvent) -> None:
            self._first = max(0, self._first + lines)

        return scroll

    def _size(self) -> tuple[int, int]:
        size = self._app.output.get_size()
        return size.columns, size.rows

    def _head(self) -> ANSI:
        return ANSI("\n".join(view.head(self._session, self._size()[0])))

    def _body(self) -> ANSI:
        """As many lines as fit; a new verdict or hint is shown from its top."""
        columns, rows = self._size()
        now = (self._session.exercise, self._session.report, self._session.told)
        if now != self._shown:
            self._shown, self._first = now, 0
        lines, room = view.body(self._session, columns), max(1, rows - HEAD - FOOT)
        self._first = min(self._first, max(0, len(lines) - room))
        self._below = max(0, len(lines) - room - self._first)
        return ANSI("\n".join(lines[self._first : self._first + room]))

    def _foot(self) -> ANSI:
        more = _("↓ {count} more lines").format(count=self._below) if self._below else ""
        return ANSI("\n".join(view.foot(self._size()[0], more)))


async def show(session: Session, stopped: "asyncio.Future[int]") -> int:
    """Run a screen until it ends by itself, or `stopped` has an exit status."""
    screen = Screen(session)
    running = asyncio.ensure_future(screen.run())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if stopped.done():
        screen.stop(stopped.result())
    return await running
