"""Who stands in a table: of a class that fits, everybody; of a larger one, those whom somebody should look at."""

import heapq
from typing import Generic, TypeVar

Line = TypeVar("Line")


class Everybody(Generic[Line]):
    """In the order in which they came."""

    def __init__(self) -> None:
        self.all: list[Line] = []

    def add(self, line: Line, points: float, is_open: bool, is_begun: bool) -> None:
        self.all.append(line)


class Picked(Generic[Line]):
    """Of those who need review the first `limit`, and of the others who have begun the `limit` with the fewest points.

    Who has begun nothing is in no such table: there may be thousands, and nothing in them to look at.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen = 0
        self._open: list[tuple[int, Line]] = []
        self._fewest: list[tuple[float, int, Line]] = []  # a heap: minus points, minus place; the first goes first

    def add(self, line: Line, points: float, is_open: bool, is_begun: bool) -> None:
        self._seen += 1
        if is_open:
            if len(self._open) < self._limit:
                self._open.append((self._seen, line))
        elif is_begun and (len(self._fewest) < self._limit or -points > self._fewest[0][0]):
            heapq.heappush(self._fewest, (-points, -self._seen, line))
            if len(self._fewest) > self._limit:
                heapq.heappop(self._fewest)

    @property
    def all(self) -> list[Line]:
        """In the order in which they came."""
        lines = self._open + [(-place, line) for _points, place, line in self._fewest]
        return [line for _place, line in sorted(lines, key=lambda placed: placed[0])]
