"""`grader show`: a picture of what a student's own code does, and beside it what is expected.

The code runs in the worker that its checks run in, and answers the questions of each panel; the picture is drawn here. What
is expected was recorded from the reference (`pictures/record.py`).
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from . import pictures
from .course import Exercise, find_course
from .errors import GraderFault, UserError
from .files import replace_bytes
from .grade import new_candidate
from .i18n import _
from .reports.terminal import plain, print_output
from .sandbox.started import Server, local_server
from .stubs import read_stub, short
from .subject import Subject
from .submission import Submission

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .pictures.comparison import Seen
    from .pictures.panel import Numbers, Picture


@dataclass(frozen=True)
class Shown:
    """A picture of a submission, what became of each of its panels, and what the code printed."""

    picture: str
    figure: "Figure"
    panels: "list[Seen]"
    output: str

    @property
    def as_expected(self) -> bool:
        return all(panel.as_expected for panel in self.panels)


def figure_of(exercise: Exercise, submission: Submission, server: Server | None, picture: str = "") -> "Figure":
    """A matplotlib figure of what a submission does; see `look`. `pictures.to_png` makes bytes of it."""
    return look(exercise, submission, server, picture).figure


def look(exercise: Exercise, submission: Submission, server: Server | None, picture: str = "") -> Shown:
    """Ask a submission for what one of its exercise's pictures shows, the first one without a name, and draw it.

    Never raises for what the code does: a panel whose question went wrong says so in its place. Without a server the source
    runs in this process (trusted sources only). Raises UserError where there is no such picture, and GraderFault where
    the record of what is expected is missing.
    """
    from .pictures.comparison import compare, draw_comparison
    from .pictures.panel import ask_panels

    chosen = choose(exercise, picture)
    expected = _expected(exercise, chosen)
    candidate = new_candidate(exercise, submission, server, lambda check: 0)
    begin_check = getattr(candidate.backend, "begin_check", lambda cpu_s: None)
    try:
        answers = ask_panels(chosen, Subject(candidate), before_each=lambda: begin_check(chosen.cpu_s))
    finally:
        candidate.close()
    seen = compare(chosen, answers, expected, exercise.filename)
    return Shown(chosen.name, draw_comparison(chosen, seen, expected, exercise.filename), seen, candidate.output)


def names(exercise: Exercise) -> list[str]:
    """The names of an exercise's pictures, the most important one first; none where it has no picture."""
    return (
        [picture.name for picture in pictures.pictures_of(exercise.name)] if pictures.has_drawing(exercise.name) else []
    )


def choose(exercise: Exercise, name: str) -> "Picture":
    """The picture of this name, the first one without a name. Raises UserError."""
    known = names(exercise)
    if not known:
        raise UserError(_("There are no pictures for the exercise {exercise}.").format(exercise=exercise.name))
    if name and name not in known:
        raise UserError(
            _("There is no picture {name} of {exercise}. Choose from: {known}.").format(
                name=repr(name), exercise=exercise.name, known=", ".join(known)
            )
        )
    return pictures.pictures_of(exercise.name)[known.index(name) if name else 0]


def _expected(exercise: Exercise, picture: "Picture") -> "dict[str, Numbers]":
    """Panel → what the reference answered. Raises GraderFault."""
    from .pictures.panel import no_question
    from .pictures.record import load_record

    record = load_record(exercise.picture_record_path)
    missing = [
        panel.name
        for panel in picture.panels
        if panel.ask is not no_question and (picture.name, panel.name) not in record
    ]
    if missing:
        raise GraderFault(
            f"{exercise.picture_record_path} is of another version than the pictures of {exercise.name}: get both again from "
            "the course, or run `grader sync`"
        )
    return {panel.name: record.get((picture.name, panel.name), {}) for panel in picture.panels}


def show(console: Console, name: str, picture: str, save_to: Path | None, open_it: bool) -> int:
    """Draw the student's own code, write the picture and say what is on it. Returns the exit status: 0 if all is as expected."""
    exercise = find_course().exercise(name)
    chosen = choose(exercise, picture)
    path = save_to or Path(f"show-{name}.png" if not picture else f"show-{name}-{picture}.png")
    if path.suffix.lower() != ".png":
        raise UserError(
            _("Pictures are saved as .png files; {path} is named otherwise. Give a name that ends in .png.").format(
                path=path
            )
        )
    if not path.parent.is_dir():
        raise UserError(
            _("There is no folder {folder} for the picture; make it, or choose another place with --save.").format(
                folder=path.parent
            )
        )
    submission = read_stub(exercise)
    with console.status(_("drawing {name} …").format(name=name)), local_server() as server:
        shown = look(exercise, submission, server, chosen.name)
        save(shown, path)
    for note in submission.notes:
        console.print(plain(note), style="yellow", markup=False)
    print_panels(console, shown)
    print_output(console, shown.output)
    console.print(
        _("The picture is in {path}.").format(path=short(path.resolve())), style="cyan", markup=False, soft_wrap=True
    )
    others = [other for other in names(exercise) if other != chosen.name]
    if others and not picture:
        commands = ", ".join(f"grader show {name} --picture {other}" for other in others)
        console.print(_("More pictures: {commands}").format(commands=commands), style="dim", markup=False)
    if open_it and not open_file(path):
        console.print(_("There is no program here to open it with."), style="yellow")
    return 0 if shown.as_expected else 1


def save(shown: Shown, path: Path) -> None:
    """Write the picture whole or not at all. Raises UserError."""
    try:
        replace_bytes(path, pictures.to_png(shown.figure))
    except OSError as error:
        raise UserError(
            _("The picture could not be written to {path}: {reason}. Choose another place with --save.").format(
                path=path, reason=error.strerror
            )
        ) from None


def print_panels(console: Console, shown: Shown) -> None:
    """A line a panel: as expected, by how much it differs, or what went wrong."""
    from .pictures.comparison import alike_in_fault

    alone = alike_in_fault(shown.panels)
    if alone is not None:
        console.print(Text(f"✗ {alone.problem}", style="red"))
        return
    for panel in shown.panels:
        if panel.problem:
            console.print(Text(f"✗ {panel.panel}: {panel.problem}", style="red"))
        elif not panel.as_expected:
            console.print(Text(f"≠ {panel.panel}: {_difference(panel)}", style="red"))
        elif panel.numbers:
            console.print(Text(f"= {panel.panel}", style="green"))


def _difference(panel: "Seen") -> str:
    if panel.amount:
        return _("differs from what is expected by up to {difference}").format(difference=panel.amount)
    if panel.holds_nan:
        return _("the answer holds NaN or an infinite number")
    return _("differs from what is expected")


def open_file(path: Path) -> bool:
    """Show a file in the program that the system has for it, without waiting. False where there is none."""
    if sys.platform == "win32":
        try:
            os.startfile(path)
        except OSError:
            return False
        return True
    opener = _opener()
    if opener is None:
        return False
    try:
        subprocess.Popen(
            [opener, str(path.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    return True


def _opener() -> str | None:
    """macOS's open, WSL's wslview, or xdg-open; without a screen, that would start a browser inside this terminal."""
    if sys.platform == "darwin":
        return shutil.which("open")
    has_screen = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return shutil.which("wslview") or (shutil.which("xdg-open") if has_screen else None)
