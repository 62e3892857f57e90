"""What came of verifying: a row for each source, and what is wrong with it and with the exercises as a whole."""

from dataclasses import dataclass, field

MIN_NAMED = 0.95  # of all runs of all misconceptions


@dataclass
class Row:
    """One source, graded under every seed: what it is, what it earned, what it was called, and what is wrong with that.

    found: a problem -> the seeds that show it; none for what does not depend on the seed.
    """

    exercise: str
    kind: str
    id: str
    points_by_seed: list[float] = field(default_factory=list)
    max_points: float = 0.0
    names_by_seed: list[str] = field(default_factory=list)
    named_local: str = ""
    found: dict[str, list[int]] = field(default_factory=dict)

    @property
    def is_misconception(self) -> bool:
        return self.kind == "misconception"

    @property
    def points(self) -> float:
        """The worst case: the most that a misconception may have kept, the least that any other source earned."""
        return (max if self.is_misconception else min)(self.points_by_seed, default=0.0)

    @property
    def times_full(self) -> int:
        return sum(points == self.max_points for points in self.points_by_seed)

    @property
    def times_named(self) -> int:
        """Under how many seeds this misconception's own id came first."""
        return sum(names.split(", ")[0] == self.id for names in self.names_by_seed)

    @property
    def problems(self) -> list[str]:
        return [f"{_of_seeds(seeds)}{problem}" for problem, seeds in self.found.items()]


@dataclass
class Verification:
    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def all_problems(self) -> list[str]:
        in_rows = [f"{row.exercise}, {row.kind} {row.id}: {problem}" for row in self.rows for problem in row.problems]
        return self.problems + in_rows + self._naming_problems()

    @property
    def runs(self) -> int:
        """Misconceptions × seeds."""
        return sum(len(row.names_by_seed) for row in self.rows if row.is_misconception)

    @property
    def named(self) -> int:
        return sum(row.times_named for row in self.rows if row.is_misconception)

    def _naming_problems(self) -> list[str]:
        if self.runs == 0 or self.named / self.runs >= MIN_NAMED:
            return []
        return [f"misconceptions are named in {self.named} of {self.runs} runs, {MIN_NAMED:.0%} needed"]


@dataclass
class Part:
    """What came of a share of an exercise's sources: its rows, or the fault that left none.

    problems: those of the exercise as a whole, which the first part alone looks for.
    """

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    fault: str = ""


def _of_seeds(seeds: list[int]) -> str:
    if not seeds:
        return ""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}: "
