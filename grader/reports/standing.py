"""What became of a grade's points, in words: late work, adjustments, what is left out of the sum."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from rich.console import Console

from ..i18n import _
from ..text import plain

if TYPE_CHECKING:
    from ..standing.adjustments import Adjustment
    from ..standing.final import Standing


def standing_lines(standing: "Standing | None", zone: tzinfo | None = None) -> Iterator[str]:
    """Sentences for whoever reads the record; none where the raw points count as they are. zone: of times, else UTC."""
    if standing is None:
        return
    if standing.late_by is not None:
        words = {"time": duration(standing.late_by), "due": when(standing.due, zone)}
        if standing.penalty:
            text = _("Handed in {time} after it was due ({due}): −{points} points.")
            yield text.format(points=f"{standing.penalty:g}", **words)
        else:
            yield _("Handed in {time} after it was due ({due}); this costs nothing.").format(**words)
    elif standing.is_time_unknown:
        yield _("When it was handed in is not known, so nothing is taken for being late.")
    for adjustment in standing.adjustments:
        yield adjustment_line(adjustment, adjustment in standing.lost)
    if standing.is_dropped:
        yield _("One of the lowest results: left out of the sum.")
    if standing.points != standing.grade.points:
        yield _("In the end: {points} of {maximum} points.").format(
            points=f"{standing.points:g}", maximum=f"{standing.max_points:g}"
        )


def adjustment_line(adjustment: "Adjustment", is_lost: bool = False) -> str:
    """One adjustment: on what, how many points, why, by whom."""
    where = adjustment.check or _("the exercise")
    if adjustment.is_withdrawn:
        text = _("Adjustment of {where} taken back, by {author}.")
    elif is_lost:
        text = _("Adjustment of {where} by {author}: not counted, as this grade has no such check. {text}")
    elif adjustment.points is None:
        text = _("Remark on {where} by {author}: {text}")
    elif adjustment.is_set:
        text = _("Adjustment of {where} by {author}: set to {points} points. {text}")
    else:
        text = _("Adjustment of {where} by {author}: {change} points. {text}")
    points = adjustment.points or 0.0
    said = text.format(
        where=where, author=adjustment.author, points=f"{points:g}", change=signed(points), text=adjustment.text
    )
    return plain(said).strip()


def print_changes(console: Console, standings: "Iterable[Standing]") -> None:
    """Below the points of a class: how many of them are not those of the checks, and what could not be told."""
    late = adjusted = unknown = dropped = 0
    lost: list[str] = []
    for standing in standings:
        late += standing.penalty > 0
        adjusted += any(one.points is not None and one not in standing.lost for one in standing.adjustments)
        unknown += standing.is_time_unknown
        dropped += standing.is_dropped
        lost += lost_lines(standing)
    if late or adjusted:
        text = _("Points lost by being late: {late} grades; adjusted: {adjusted}. More: grader history STUDENT.")
        console.print(text.format(late=late, adjusted=adjusted), style="dim")
    if dropped:
        console.print(_("Points in brackets are among a student's lowest, and left out of the sum."), style="dim")
    if unknown:
        text = _(
            "Handed in nobody knows when, so that nothing is lost by being late: {count}. Times: batch --timestamps."
        )
        console.print(text.format(count=unknown), style="yellow")
    for line in lost:
        console.print(line, style="magenta", markup=False, soft_wrap=True)


def lost_lines(standing: "Standing") -> list[str]:
    """Adjustments on checks that the grade does not have."""
    return [
        plain(f"{standing.student}, {standing.exercise}: {adjustment_line(adjustment, is_lost=True)}")
        for adjustment in standing.lost
    ]


def signed(points: float) -> str:
    """With its sign, as in mathematics: +1, −0.5, 0."""
    return f"{points:+g}".replace("-", "−") if points else "0"


def when(moment: datetime | None, zone: tzinfo | None) -> str:
    """To the second, in the course's time zone or in UTC."""
    if moment is None:
        return ""
    return (
        moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z") if zone else moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    )


def duration(time: timedelta) -> str:
    """2 d 3 h, 5 min, 1 s: the two greatest units; what is less than a second counts as none."""
    seconds = int(time.total_seconds())
    parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"
