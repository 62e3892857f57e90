"""What a change of the grader, the course or the seed does to a class: graded beside the grades that count, then compared."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .planning import Plan
from .store import Counted, CountedCheck, Store


@dataclass(frozen=True)
class CheckChange:
    """One check that came to something else; None where one of the grades has no such check."""

    name: str
    before: CountedCheck | None
    after: CountedCheck | None


@dataclass(frozen=True)
class Difference:
    """One unit with another grade. before: the grade that counts, None where there is none yet.

    why: what the new grade depends on and the old one did not: (what, before, after).
    is_withheld: it needs review and the grade that counts does not, so it is not made live.
    """

    before: Counted | None
    after: Counted
    checks: tuple[CheckChange, ...]
    why: tuple[tuple[str, str, str], ...] = ()

    @property
    def student(self) -> str:
        return self.after.student

    @property
    def exercise(self) -> str:
        return self.after.exercise

    @property
    def gain(self) -> float:
        return round(self.after.points - (self.before.points if self.before else 0.0), 6)

    @property
    def is_withheld(self) -> bool:
        return self.after.needs_review and self.before is not None and not self.before.needs_review


@dataclass
class Comparison:
    """A class, before and after.

    differences: where points, verdicts or misconceptions differ, or there was no grade. waiting: the units (student, exercise,
    key) of all new grades that may count. same: new grades that come to the same. vanished: units that have no new grade, as
    their files changed meanwhile.
    """

    differences: list[Difference] = field(default_factory=list)
    waiting: list[tuple[str, str, str]] = field(default_factory=list)
    same: int = 0
    vanished: int = 0

    @property
    def gains(self) -> list[Difference]:
        return [one for one in self.differences if one.before and one.gain > 0]

    @property
    def losses(self) -> list[Difference]:
        return [one for one in self.differences if one.before and one.gain < 0]

    @property
    def withheld(self) -> list[Difference]:
        return [one for one in self.differences if one.is_withheld]

    @property
    def mean(self) -> float:
        """Mean change of points over all new grades of units that have one already."""
        compared = [one for one in self.differences if one.before]
        count = len(compared) + self.same
        return sum(one.gain for one in compared) / count if count else 0.0


def compare(plan: Plan, store: Store) -> Comparison:
    """The grades of a plan that was run beside those that count."""
    comparison = Comparison()
    for units in plan.blocks():
        after = store.counted_of(unit.key for unit in units)
        live = store.counted({unit.submission.student for unit in units}, {unit.exercise.name for unit in units})
        before = {(grade.student, grade.exercise): grade for grade in live}
        found = []
        for unit in units:
            student, exercise, key = unit.place
            old, new = before.get((student, exercise)), after.get(key)
            if new is None:
                comparison.vanished += 1
            elif old is None or old.key != new.key:
                found.append(Difference(old, new, tuple(changed_checks(old.checks if old else (), new.checks))))
        comparison.waiting += [(one.student, one.exercise, one.after.key) for one in found if not one.is_withheld]
        changed = [one for one in found if one.before is None or one.checks or one.gain or one.is_withheld]
        comparison.same += len(found) - len(changed)
        comparison.differences += _with_reasons(changed, store)
    return comparison


def changed_checks(before: Iterable[CountedCheck], after: Iterable[CountedCheck]) -> Iterator[CheckChange]:
    """Checks with other points, another verdict or another misconception, and those that only one of the grades has."""
    old, new = ({check.name: check for check in checks} for checks in (before, after))
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or _outcome(was) != _outcome(now):
            yield CheckChange(name, was, now)


def reasons(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """What a record depends on that differs between two: (what, before, after)."""
    if before["source_sha256"] != after["source_sha256"]:
        yield "file", before["source_sha256"][:8], after["source_sha256"][:8]
    for name in ("course_version", "seed", "device", "sandbox", "language"):
        if before[name] != after[name]:
            yield name, before[name], after[name]
    old, new = before.get("versions", {}), after.get("versions", {})
    for name in dict.fromkeys([*old, *new]):
        if old.get(name) != new.get(name):
            yield name, old.get(name, ""), new.get(name, "")


def _outcome(check: CountedCheck) -> tuple[object, ...]:
    return check.verdict, check.points, check.max_points, check.misconception


def _with_reasons(differences: list[Difference], store: Store) -> list[Difference]:
    keys = [grade.key for one in differences for grade in (one.before, one.after) if grade is not None]
    records = store.by_key(keys)
    return [
        Difference(
            one.before,
            one.after,
            one.checks,
            tuple(reasons(records[one.before.key], records[one.after.key])) if one.before else (),
        )
        for one in differences
    ]
