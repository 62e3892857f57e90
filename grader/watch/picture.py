"""The key p: `grader show` as a command of its own, so that a picture never holds up a check."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

from ..course import Exercise
from ..i18n import language

Drawn = Callable[[Exercise, str], None]


def drawer(on_drawn: Drawn) -> Callable[[Exercise], None]:
    """A function that has a picture drawn and opened; then on_drawn is called, in a thread, with what the command said."""

    def draw(exercise: Exercise) -> None:
        threading.Thread(target=_draw, args=(exercise, on_drawn), name="picture", daemon=True).start()

    return draw


def _draw(exercise: Exercise, on_drawn: Drawn) -> None:
    command = [sys.executable, "-m", "grader", "show", exercise.name, "--open", "--lang", language()]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | {"NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    on_drawn(exercise, done.stdout.strip())
