"""A class's pairs that are most alike, with what the table, the page and the report show of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..course import Exercise
from ..i18n import _
from ..intake.collect import Collected
from ..submission import submission_of
from .compare import ENOUGH, Comparison, Pair, compare
from .sides import Side

Points = Mapping[tuple[str, str], float]  # by student and exercise


@dataclass(frozen=True)
class Ranked:
    """A pair side by side. is_unusual: more alike than independent solutions are; worth a look at both."""

    pair: Pair
    is_unusual: bool
    sides: tuple[Side, Side]


@dataclass(frozen=True)
class Ranking:
    """What is shown of one exercise: the rest of a comparison, all tokens of a class, is large and let go.

    count: files that were compared; short: those that hold too little. usual: see Comparison.
    """

    exercise: Exercise
    count: int
    short: int
    can_judge: bool
    usual: float | None
    pairs: Sequence[Ranked]

    @property
    def verdict(self) -> str:
        """What can be said of the exercise, in a sentence or two; in the current language."""
        if self.count < 2:
            return _("Fewer than two files: nothing to compare.")
        if not self.can_judge:
            return _(
                "Cannot be judged: {short} of {count} files hold fewer than {enough} pieces that are not given or common; "
                "what is alike there may well be chance."
            ).format(short=self.short, count=self.count, enough=ENOUGH)
        if self.usual is None:
            usual = _("Too few independent solutions are known to say what is usual.")
        else:
            usual = _("Independent solutions are alike up to {usual}.").format(usual=f"{self.usual:.0%}")
        left = _("{short} of {count} files are too short to judge.").format(short=self.short, count=self.count)
        return f"{usual} {left}" if self.short else usual


def rankings(exercises: Sequence[Exercise], collected: Collected, top: int, points: Points) -> Iterator[Ranking]:
    """The `top` pairs of each exercise. points: shown beside the names, where they are known."""
    for exercise in exercises:
        found = compare_class(exercise, _sources(collected, exercise))
        pairs = [_ranked(found, pair, exercise, points) for pair in found.leading(top)]
        yield Ranking(exercise, len(found.weights), len(found.short), found.can_judge, found.usual, pairs)


def compare_class(exercise: Exercise, sources: dict[str, str]) -> Comparison:
    """Compare a class's sources of an exercise, with what the course knows of it."""
    return compare(
        sources,
        given=[exercise.stub_path.read_text(encoding="utf-8"), exercise.reference_source],
        known=[variant.source for variant in exercise.misconceptions],
        independent=[variant.source for variant in exercise.alternatives],
    )


def _ranked(found: Comparison, pair: Pair, exercise: Exercise, points: Points) -> Ranked:
    first, second = (
        Side(name, found.works[name].tokens.source, marks, points.get((name, exercise.name)))
        for name, marks in zip((pair.first, pair.second), found.marks(pair), strict=True)
    )
    return Ranked(pair, found.is_unusual(pair), (first, second))


def _sources(collected: Collected, exercise: Exercise) -> dict[str, str]:
    found = {}
    for student in collected.students:
        submission = submission_of(student, exercise)
        student.close()
        if submission.source is not None:
            found[student.name] = submission.source
    return found
