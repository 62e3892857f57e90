"""What the report on a class reads of each grade. There may be millions: it stays a row of short texts until it is asked."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .counted import CountedCheck, checks_in, text_of
from .texts import from_text, to_text

# What was measured where a check judges speed, by the names in a record's `speed`.
RACE = ("function", "device", "measures", "ratio", "verdict", "allowed")


class Outcome(NamedTuple):
    """A grade that counts. `checks`, `measured` and `notes` are the columns as they stand in the table `grades`.

    Grades to which the same happened have equal texts in `checks`: whoever counts may count these, and look into one of them.
    """

    key: str
    student: str
    exercise: str
    points: float
    max_points: float
    needs_review: bool
    checks: str
    measured: str
    notes: str

    @classmethod
    def of_record(cls, record: Mapping[str, Any], key: str = "") -> "Outcome":
        shared = {name: record[name] for name in ("student", "exercise", "points", "max_points", "needs_review")}
        checks = record["checks"]
        return cls(
            key, **shared, checks=text_of(checks), measured=measured_text(checks), notes=notes_text(record["notes"])
        )

    def each_check(self) -> tuple[CountedCheck, ...]:
        return checks_in(self.checks)

    def each_note(self) -> list[str]:
        return from_text(self.notes) if self.notes else []

    def seconds_and_races(self) -> tuple[list[float], list[list[Any]]]:
        """The wall time of each check; and what was measured of speed, a list in the order of RACE for each measurement."""
        seconds, races = from_text(self.measured)
        return seconds, races


def measured_text(checks: Sequence[Mapping[str, Any]]) -> str:
    """What was measured in a record's checks, as the column `measured` holds it: seconds, then races."""
    speeds = [{"measures": "time"} | check["speed"] for check in checks if check.get("speed")]
    races = [[speed.get(name) for name in RACE] for speed in speeds]  # an older record may lack one
    return to_text(([check["seconds"] for check in checks], races))


def notes_text(notes: list[str]) -> str:
    """A record's notes as the column `notes` holds them; most grades have none."""
    return to_text(notes) if notes else ""
