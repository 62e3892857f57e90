"""What `grader watch` is at: the exercise, its last verdict, the hints shown, and what a save or a key does to them.

No thread, no terminal, no clock: a display shows it, and says what was pressed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..course import Course, Exercise
from ..errors import UserError
from ..hints import Told, next_hint
from ..i18n import N_, _
from ..progress import Progress
from .checker import Checked

if TYPE_CHECKING:
    from ..local import LocalReport

KEYS = {"h": N_("hint"), "n": N_("next"), "p": N_("picture"), "r": N_("run again"), "q": N_("quit")}
HANGUL = str.maketrans("ㅗㅜㅔㄱㅂ", "hnprq")  # the same keys of a keyboard that is switched to Hangul


class Session:
    """The state of one `grader watch`.

    report: the last verdict on `exercise`; None before it, and where `fault` says why there is none.
    told: the hints asked for on its first unmet check. notice: a sentence on what has just happened.
    """

    def __init__(
        self,
        course: Course,
        progress: Progress,
        request: Callable[[Exercise, bool], None],
        draw: Callable[[Exercise], None],
    ) -> None:
        """request(exercise, anew): have it checked; the verdict comes back by `checked`.

        draw: have a picture of what its code does drawn; `drawn` tells of it.
        """
        self.course, self._progress, self._request, self._draw = course, progress, request, draw
        self.exercise = course.exercises[0]
        self.report: LocalReport | None = None
        self.fault = ""
        self.seconds = 0.0
        self.is_busy = True
        self.is_over = False
        self.notice = ""
        self.told: Told | None = None
        self.on_change: Callable[[], None] = lambda: None
        self.on_verdict: Callable[[], None] = lambda: None
        self._done: dict[str, bool] = {}
        self._is_seeking = False

    def begin(self, start: Exercise | None) -> None:
        """Go to an exercise; without one, to the first that is not done."""
        self._is_seeking = start is None
        self._go_to(start or self.course.exercises[0])

    # What comes in.

    def saved(self, names: set[str]) -> None:
        """Files of these exercises were saved. Another exercise's save, alone, turns to that exercise."""
        if self.exercise.name in names or names & set(self.exercise.uses):
            self.notice = ""
            self._request(self.exercise, False)
        elif len(names) == 1:
            self._is_seeking, self.notice = False, ""
            self._go_to(self.course.exercise(names.pop()))

    def started(self, exercise: Exercise) -> None:
        if exercise == self.exercise:
            self.is_busy = True
            self.on_change()

    def checked(self, checked: Checked) -> None:
        """A verdict. The one that turns an exercise green leads on to the next."""
        if checked.exercise != self.exercise:
            return
        self.is_busy = False
        self.seconds, self.fault = checked.seconds, checked.fault
        was_about = self.report.unmet.name if self.report and self.report.unmet else ""
        self.report = checked.report
        is_done = checked.report is not None and checked.report.is_done
        was_done = self._done.get(self.exercise.name)
        if checked.report is not None:
            self._done[self.exercise.name] = is_done
        if not checked.report or not checked.report.unmet or checked.report.unmet.name != was_about:
            self.told = None
        if is_done and (self._is_seeking or was_done is False):
            self._move_on()
            return
        self._is_seeking = False
        self.on_verdict()
        self.on_change()

    def drawn(self, exercise: Exercise, said: str) -> None:
        """What the command that draws has said."""
        if exercise == self.exercise:
            self.notice = said
            self.on_change()

    def press(self, key: str) -> None:
        """One of KEYS, in either case; any other does nothing."""
        actions = {"h": self._hint, "n": self._next, "p": self._picture, "r": self._again, "q": self._quit}
        key = key.lower().translate(HANGUL)
        if key in KEYS:
            actions[key]()
            self.on_change()

    # What follows.

    def _hint(self) -> None:
        if self.report is None:
            return
        unmet = self.report.unmet
        if unmet and unmet.hint and unmet.misconception:  # its question stands below the check already
            self._progress.show_hint(self.exercise.name, unmet.misconception)
        try:
            self.told = next_hint(self.course, self.report, self._progress)
        except UserError as error:
            self.notice = str(error)
            return
        if self.told is None:
            self.notice = _("All visible checks pass: there is nothing to hint at.")

    def _picture(self) -> None:
        self.notice = _("drawing {name} …").format(name=self.exercise.name)
        self._draw(self.exercise)

    def _again(self) -> None:
        self._request(self.exercise, True)

    def _quit(self) -> None:
        self.is_over = True

    def _next(self) -> None:
        following = self._unfinished_after(self.exercise)
        if following is None:
            self.notice = _("No other exercise is unfinished.")
            return
        self.notice = ""
        self._is_seeking = True
        self._go_to(following)

    def _move_on(self) -> None:
        done = _("{exercise}: all visible checks pass.").format(exercise=self.exercise.name)
        following = self._unfinished_after(self.exercise)
        self.on_verdict()
        if following is None:
            self._is_seeking = False
            self.notice = _("All visible checks of the course pass.")
            self.on_change()
            return
        self.notice = done + " " + _("Next: {exercise}").format(exercise=following.name)
        self._go_to(following)

    def _unfinished_after(self, exercise: Exercise) -> Exercise | None:
        """The next exercise that is not known to be done, from this one on and round the course."""
        place = self.course.exercises.index(exercise)
        in_turn = self.course.exercises[place + 1 :] + self.course.exercises[:place]
        return next((other for other in in_turn if not self._done.get(other.name)), None)

    def _go_to(self, exercise: Exercise) -> None:
        self.exercise, self.report, self.told, self.fault, self.is_busy = exercise, None, None, "", True
        self._request(exercise, True)
        self.on_change()
