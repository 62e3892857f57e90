"""What one submission of one exercise may use."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Limits of a worker and of the answers that it sends; `course.toml` says what each of them means."""

    check_cpu_s: float = 3.0
    check_wall_s: float = 8.0
    total_cpu_s: float = 12.0
    total_wall_s: float = 24.0
    memory_mb: int = 1024
    gpu_memory_mb: int = 8192
    scratch_mb: int = 16
    output_kb: int = 64
    answer_mb: int = 32
    source_kb: int = 1024

    def for_a_check_of(self, cpu_s: float) -> "Limits":
        """The same, for a check with a CPU limit of its own; on the wall it has as much more as any other check."""
        return replace(self, check_cpu_s=cpu_s, check_wall_s=cpu_s * self.check_wall_s / self.check_cpu_s)

    @classmethod
    def from_table(cls, *tables: dict[str, Any]) -> "Limits":
        """From TOML tables, later ones first in precedence. Raises ValueError for an unknown name or a bad number."""
        merged = {key: value for table in tables for key, value in table.items()}
        known = {field.name for field in fields(cls)}
        for key, value in merged.items():
            if key not in known:
                raise ValueError(f"[limits] has no {key!r}; it knows {', '.join(sorted(known))}")
            kinds = int | float if key.endswith("_s") else int
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < math.inf:
                kind = "number of seconds" if key.endswith("_s") else "whole number"
                raise ValueError(f"[limits] {key} must be a positive {kind}, not {value!r}")
        return cls(**merged)
