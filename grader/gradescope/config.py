"""What an autograder was built for: config.json in its zip."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ..exports.gradescope import Visibility

NAME = "config.json"


@dataclass(frozen=True)
class Config:
    """minutes: after so many, what is not graded yet is given up, before Gradescope ends the container.

    seed: with it and the submission's number on Gradescope inputs are drawn, so that each submission is given others.
    """

    exercises: tuple[str, ...]
    language: str = "en"
    seed: str = "0"
    visibility: Visibility = "visible"
    device: str = "cpu"
    minutes: float = 9.0
    allow_unsandboxed: bool = False

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def read_config(path: Path) -> Config:
    facts = json.loads(path.read_text(encoding="utf-8"))
    return Config(**{**facts, "exercises": tuple(facts["exercises"])})
