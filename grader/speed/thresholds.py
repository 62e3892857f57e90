"""tests/hidden/thresholds.toml: how much slower than the reference a function may be, by check and kind of device.

["cpu x86_64"]                                  # a kind of device
name = "…"                                      # the one that it was measured on
measured = 2026-11-26
bytes_per_s = 9.1e9                             # of a copy, read and written
flops_per_s = 9.5e10                            # of a float32 matrix product

["cpu x86_64".attention.test_attention_speed]
threshold = 4.1
honest = { reference = 1.0, attention-einsum-additive = 1.9 }
slow = { attention-loops = 94.0 }
"""

import datetime
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import UserError


@dataclass
class Threshold:
    """The times of the reference that one check allows, and the ratios of the variants that it was set from."""

    value: float
    honest: dict[str, float] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)

    @property
    def gap(self) -> float:
        """How many times the fastest slow variant takes of the slowest honest one's time."""
        return min(self.slow.values()) / max(self.honest.values())


@dataclass
class Table:
    """What was measured on one kind of device. checks: exercise → check → threshold."""

    name: str
    measured: datetime.date
    bytes_per_s: float
    flops_per_s: float
    checks: dict[str, dict[str, Threshold]] = field(default_factory=dict)

    def floor(self, bytes_moved: float, flops: float) -> float:
        """The seconds that this device needs at least: to move the bytes, or for the arithmetic. The roofline."""
        return max(bytes_moved / self.bytes_per_s, flops / self.flops_per_s)


Tables = dict[str, Table]


def path_in(root: Path) -> Path:
    return root / "tests" / "hidden" / "thresholds.toml"


def load(root: Path) -> Tables:
    """The tables of a course, by kind of device; {} without a file. Raises UserError for a mistake in it."""
    path = path_in(root)
    try:
        return {kind: _table(entry) for kind, entry in _parse(path.read_bytes()).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path} cannot be used ({type(error).__name__}: {error}); `grader calibrate` makes it."
        ) from None


def of_exercise(root: Path, exercise: str) -> str:
    """All that the file says of one exercise, as text: what a grade depends on."""
    tables = load(root)
    return repr([(kind, table.checks[exercise]) for kind, table in sorted(tables.items()) if exercise in table.checks])


def save(root: Path, tables: Tables) -> None:
    import tomli_w  # TOML that a person can read and edit: the standard library only reads it

    path_in(root).write_text(HEADER + tomli_w.dumps({kind: _entry(table) for kind, table in tables.items()}), "utf-8")


HEADER = """# How many times the reference's time a function may take, by kind of device and check. `grader calibrate`
# measures and writes this; a threshold is the geometric mean of the slowest honest and the fastest slow variant.

"""


@cache
def _parse(text: bytes) -> dict[str, Any]:
    return tomllib.loads(text.decode("utf-8"))


def _table(entry: dict[str, Any]) -> Table:
    facts = {key: value for key, value in entry.items() if not isinstance(value, dict)}
    checks = {
        exercise: {
            check: Threshold(float(row["threshold"]), dict(row["honest"]), dict(row["slow"]))
            for check, row in rows.items()
        }
        for exercise, rows in entry.items()
        if isinstance(rows, dict)
    }
    return Table(
        str(facts["name"]), facts["measured"], float(facts["bytes_per_s"]), float(facts["flops_per_s"]), checks
    )


def _entry(table: Table) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": table.name,
        "measured": table.measured,
        "bytes_per_s": float(f"{table.bytes_per_s:.3g}"),
        "flops_per_s": float(f"{table.flops_per_s:.3g}"),
    }
    for exercise, checks in table.checks.items():
        facts[exercise] = {
            name: {"threshold": row.value, "honest": row.honest, "slow": row.slow} for name, row in checks.items()
        }
    return facts
