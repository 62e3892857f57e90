"""Due dates, late work and resubmissions, as course.toml says: [grading], [late], and `due` and `late` of an exercise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_LATE_NUMBERS = ("per_day", "per_hour", "at_most", "cut_off", "grace")


@dataclass(frozen=True)
class Late:
    """What late work costs.

    share: of the points, lost for each `step` that has begun after the due date; at_most: the greatest share.
    of: "max" (of the exercise's points) or "earned" (of those that the work got).
    cut_off: after so long nothing counts; grace: up to so long nothing is lost.
    """

    share: float = 0.0
    step: timedelta = DAY
    of: str = "max"
    at_most: float = 1.0
    cut_off: timedelta | None = None
    grace: timedelta = timedelta(0)

    def penalty(self, late_by: timedelta, points: float, max_points: float) -> float:
        """Points that work loses; never more than it has."""
        late_by = timedelta(seconds=late_by // timedelta(seconds=1))
        if late_by <= max(self.grace, timedelta(0)):
            return 0.0
        if self.cut_off is not None and late_by > self.cut_off:
            return points
        steps = -(-late_by // self.step)
        lost = min(self.share * steps, self.at_most) * (max_points if self.of == "max" else points)
        return round(min(lost, points), 6)


@dataclass(frozen=True)
class Rules:
    """Of one exercise. due: in UTC; None where there is no due date."""

    due: datetime | None = None
    late: Late = field(default_factory=Late)


@dataclass(frozen=True)
class Policy:
    """Of a course. zone: of local times in its files. rules: by exercise.

    keep: of a unit's submissions the "last" or the "best" counts; drop_lowest: how many exercises of a student do not.
    roster: path of the class list, from the course's folder; "" where there is none.
    """

    zone: tzinfo | None = None
    keep: str = "last"
    drop_lowest: int = 0
    roster: str = ""
    rules: Mapping[str, Rules] = field(default_factory=dict)

    def of(self, exercise: str) -> Rules:
        return self.rules.get(exercise, Rules())


def read_policy(table: Mapping[str, Any]) -> Policy:
    """The policy of a whole course.toml. Raises ValueError with what is wrong."""
    grading = _table(table, "grading", ("timezone", "due", "keep", "drop_lowest", "roster"))
    zone = zone_named(grading["timezone"]) if "timezone" in grading else None
    keep, drop = grading.get("keep", "last"), grading.get("drop_lowest", 0)
    if keep not in ("last", "best"):
        raise ValueError(f'keep in [grading] is "last" or "best", not {keep!r}')
    if isinstance(drop, bool) or not isinstance(drop, int) or drop < 0:
        raise ValueError(f"drop_lowest in [grading] is how many exercises are dropped, not {drop!r}")
    if not isinstance(grading.get("roster", ""), str):
        raise ValueError(f"roster in [grading] is the path of a CSV file, not {grading['roster']!r}")
    due = _due(grading["due"], zone, "due in [grading]") if "due" in grading else None
    late = _late(_table(table, "late", (*_LATE_NUMBERS, "of")), "[late]")
    rules = {}
    for entry in table["exercise"]:
        name = str(entry["name"])
        rules[name] = Rules(
            _due(entry["due"], zone, f"due of {name}") if "due" in entry else due,
            _late(_table(entry, "late", (*_LATE_NUMBERS, "of")), f"late of {name}") if "late" in entry else late,
        )
    return Policy(zone, keep, drop, grading.get("roster", ""), rules)


def zone_named(name: Any) -> ZoneInfo:
    """Raises ValueError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, TypeError, OSError):  # ZoneInfoNotFoundError is a KeyError
        raise ValueError(
            f"there is no time zone {name!r}; write one such as Asia/Seoul (pip install tzdata if this machine knows none)"
        ) from None


def moment(value: datetime, zone: tzinfo | None) -> datetime:
    """A date and time in UTC; a local one is the zone's. Raises ValueError where it is none or not known which.

    Of an hour that comes twice, when clocks are put back, the later is meant: the student's favour.
    """
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    if zone is None:
        raise ValueError(
            f'{value.isoformat()} has no time zone: write its offset (+09:00), or timezone = "Asia/Seoul" in [grading]'
        )
    found = value.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != value.replace(fold=0):
        raise ValueError(f"{value.isoformat()} does not exist in {zone}: clocks are put forward then")
    return found


def written_moment(text: str, zone: tzinfo | None) -> datetime:
    """`moment` of a text such as 2026-11-30T23:59:00+09:00 or "2026-11-30 23:59". Raises ValueError."""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        value = None
    if value is None or len(text) <= len("2026-11-30"):
        raise ValueError(f"{text[:60]!r} is no date with a time, such as 2026-11-30T23:59:00+09:00")
    return moment(value, zone)


def _due(value: Any, zone: tzinfo | None, what: str) -> datetime:
    if not isinstance(value, datetime):
        kind = "a date without a time" if isinstance(value, date) else f"{value!r}"
        raise ValueError(f"{what} is a date and a time without quotes, 2026-11-30T23:59:00+09:00, not {kind}")
    try:
        return moment(value, zone)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from None


def _late(table: Mapping[str, Any], what: str) -> Late:
    for name in _LATE_NUMBERS:
        value = table.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
            raise ValueError(f"{name} in {what} is a number that is not negative, not {value!r}")
    for name in ("per_day", "per_hour", "at_most"):
        if table.get(name, 0) > 1:
            raise ValueError(f"{name} in {what} is a share of the points, 0.1 for a tenth, not {table[name]!r}")
    if "per_day" in table and "per_hour" in table:
        raise ValueError(f"{what} has per_day and per_hour; leave one of them")
    if table.get("of", "max") not in ("max", "earned"):
        raise ValueError(f'of in {what} is "max" or "earned", not {table["of"]!r}')
    return Late(
        share=table.get("per_day", table.get("per_hour", 0.0)),
        step=HOUR if "per_hour" in table else DAY,
        of=table.get("of", "max"),
        at_most=table.get("at_most", 1.0),
        cut_off=timedelta(hours=table["cut_off"]) if "cut_off" in table else None,
        grace=timedelta(minutes=table.get("grace", 0)),
    )


def _table(table: Mapping[str, Any], name: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    """The table of this name, empty where there is none. Raises ValueError for what is not known in it."""
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{name} is a table: [{name}]")
    for entry in found:
        if entry not in known:
            raise ValueError(f"there is no {entry!r} in [{name}]; choose from: {', '.join(known)}")
    return found
