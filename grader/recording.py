"""What students get in the place of the reference: its answers to the visible checks, and each misconception's.

One safetensors file an exercise: arrays in the file, the rest as JSON in its metadata. No code, nothing unpickled.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from .diagnose import MESSAGE
from .errors import GraderFault
from .i18n import pick
from .sandbox.inside.fault import Fault
from .sandbox.inside.protocol import Encoder, decode
from .sandbox.inside.session import Outcome
from .subject import Step


@dataclass
class Hint:
    """A misconception's hint in both languages."""

    en: str
    ko: str

    @property
    def text(self) -> str:
        return pick(self.en, self.ko)


@dataclass
class Recording:
    """Everything recorded of one exercise.

    reference: check -> steps. misconceptions: check -> id -> steps, where that misconception fails the check.
    hidden_checks, hidden_points: what the instructor's run will add.
    """

    reference: dict[str, list[Step]] = field(default_factory=dict)
    misconceptions: dict[str, dict[str, list[Step]]] = field(default_factory=dict)
    hints: dict[str, Hint] = field(default_factory=dict)
    hidden_checks: int = 0
    hidden_points: float = 0.0

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        encoder = Encoder(own_memory=True)
        record = {
            "reference": {check: _steps_to_json(steps, encoder) for check, steps in self.reference.items()},
            "misconceptions": {
                check: {id: _steps_to_json(steps, encoder) for id, steps in by_id.items()}
                for check, by_id in self.misconceptions.items()
            },
            "hints": {id: [hint.en, hint.ko] for id, hint in self.hints.items()},
            "hidden": [self.hidden_checks, self.hidden_points],
        }
        text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        return safetensors.torch.save(encoder.arrays, metadata={"recording": text})


def load_recording(path: Path) -> Recording:
    """Raises GraderFault when the file is missing or is no recording."""
    try:
        arrays: dict[str, torch.Tensor] = {}
        with safetensors.safe_open(str(path), framework="pt") as file:
            record = json.loads((file.metadata() or {})["recording"])
            for name in file.keys():  # noqa: SIM118 -- not a dict
                arrays[name] = file.get_tensor(name)
        return Recording(
            reference={check: _steps_from_json(steps, arrays) for check, steps in record["reference"].items()},
            misconceptions={
                check: {id: _steps_from_json(steps, arrays) for id, steps in by_id.items()}
                for check, by_id in record["misconceptions"].items()
            },
            hints={id: Hint(en, ko) for id, (en, ko) in record["hints"].items()},
            hidden_checks=record["hidden"][0],
            hidden_points=record["hidden"][1],
        )
    except (OSError, KeyError, ValueError, TypeError, safetensors.SafetensorError) as error:
        raise GraderFault(
            f"{path} is missing or broken ({type(error).__name__}): get it again from the course, or run `grader sync`"
        ) from None


def _steps_to_json(steps: list[Step], encoder: Encoder) -> list[Any]:
    return [
        {
            "verb": step.verb,
            "name": step.name,
            "value": encoder.encode(step.outcome.value),
            "fault": _fault_to_json(step.outcome.fault),
            "mutated": list(step.outcome.mutated),
        }
        for step in steps
    ]


def _fault_to_json(fault: Fault | None) -> dict[str, Any] | None:
    """Without frames: they would show the wrong version's code."""
    if fault is None:
        return None
    return {"kind": fault.kind, "name": fault.name, "message": fault.message[:MESSAGE], "types": list(fault.types)}


def _steps_from_json(steps: list[Any], arrays: dict[str, torch.Tensor]) -> list[Step]:
    found = []
    for step in steps:
        fault = Fault.from_json(step["fault"]) if step["fault"] is not None else None
        outcome = Outcome(decode(step["value"], arrays), fault, tuple(step["mutated"]))
        found.append(Step(step["verb"], step["name"], outcome))
    return found
