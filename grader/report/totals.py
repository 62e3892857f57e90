"""The class: a line a student."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from .findings import Row
from .picked import Everybody, Picked


@dataclass(frozen=True)
class Total:
    """A student's line in the class table. rows: exercise -> row, in the order of the course; none where nothing is graded."""

    student: str
    rows: Mapping[str, Row]

    @property
    def points(self) -> float:
        """What is final; see is_open."""
        return sum(row.points for row in self.rows.values() if not row.is_open)

    @property
    def is_open(self) -> bool:
        return any(row.is_open for row in self.rows.values())

    @property
    def is_begun(self) -> bool:
        return any(row.is_begun for row in self.rows.values())

    def lacks_work(self, exercises: int) -> bool:
        """Of so many exercises, some are not begun."""
        return sum(row.is_begun for row in self.rows.values()) < exercises


class Totals:
    """Lines that come one after the other: how many, how many of them open, and points -> how many that are final."""

    def __init__(self, limit: int | None = None) -> None:
        self.count = self.open = 0
        self.points: Counter[float] = Counter()
        self._lines: Everybody[Total] | Picked[Total] = Everybody() if limit is None else Picked(limit)

    def add(self, total: Total) -> None:
        points, is_open = total.points, total.is_open
        self.count += 1
        self.open += is_open
        if not is_open:
            self.points[points] += 1
        self._lines.add(total, points, is_open, total.is_begun)

    @property
    def shown(self) -> list[Total]:
        return self._lines.all
