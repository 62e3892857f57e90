"""What people and platforms tell of grades: when work was handed in, and what the instructor adjusts."""

import dataclasses
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, and_, bindparam, delete, insert, select

from ..standing.adjustments import Adjustment
from ..standing.times import HandedIn
from .counted import utc
from .database import Database, blocks
from .schema import adjustments, handed_in


class Told(Database):
    """The part of a store that no check has written."""

    def hand_in(self, told: Sequence[tuple[str, str, str, HandedIn]]) -> None:
        """Keep when sources (student, exercise, their hash) were handed in; what is told last of a source holds."""
        rows = [
            {
                "student": student,
                "exercise": exercise,
                "source_sha256": source,
                "submitted_at": time.at,
                "told_by": time.told_by,
            }
            for student, exercise, source, time in told
        ]
        keys = ("student", "exercise", "source_sha256")
        of_source = and_(*(handed_in.c[name] == bindparam(f"of_{name}") for name in keys))

        def write(connection: Connection) -> None:
            connection.execute(delete(handed_in).where(of_source), [{f"of_{k}": row[k] for k in keys} for row in rows])
            connection.execute(insert(handed_in), rows)

        if rows:
            self._transact(write)

    def adjust(self, made: Sequence[Adjustment], author: str) -> list[Adjustment]:
        """Keep adjustments, all or none; returns those that say something new, with author and time."""
        now = datetime.now(UTC)
        known = {one.place: one for one in self.adjustments({one.student for one in made})}
        new = []
        for one in made:
            before = known.get(one.place)
            says_nothing = one.is_withdrawn if before is None else one.says_as(before)
            if not says_nothing:
                new.append(dataclasses.replace(one, author=author, made_at=now))
        rows = [
            {("check_name" if name == "check" else name): value for name, value in vars(one).items()} for one in new
        ]

        def write(connection: Connection) -> None:
            connection.execute(insert(adjustments), rows)

        if rows:
            self._transact(write)
        return new

    def adjustments(self, students: Iterable[str] | None = None) -> list[Adjustment]:
        """Those that count, of these students or of all, in the order in which they were made."""
        last: dict[tuple[str, str, str], Adjustment] = {}
        for one in self.all_adjustments(students):
            last.pop(one.place, None)
            last[one.place] = one
        return [one for one in last.values() if not one.is_withdrawn]

    def all_adjustments(self, students: Iterable[str] | None = None) -> list[Adjustment]:
        """Every one that was ever made, the oldest first."""
        query = select(adjustments).order_by(adjustments.c.id)
        if students is None:
            rows = self._all(query)
        else:
            rows = [
                row for block in blocks(students) for row in self._all(query.where(adjustments.c.student.in_(block)))
            ]
        return [
            Adjustment(
                row.student,
                row.exercise,
                row.check_name,
                row.points,
                row.is_set,
                row.text,
                row.author,
                utc(row.made_at),
            )
            for row in rows
        ]
