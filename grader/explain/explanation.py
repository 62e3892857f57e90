"""What an explanation says: plain data that the terminal's view, a notebook's table and the JSON file are made of."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..result import Verdict
from .source import Definition, Source
from .trying import Trial

FEW = 2  # properties can be told one by one
VOID = re.compile(r"NameError|UnboundLocalError|TypeError: .*\(\) (takes|missing|got)")


@dataclass
class Effect:
    """Changes of one line that do the same: the same properties no longer hold, or none.

    changes: what was changed, in words. properties: the titles of the checks that no longer hold, the one that says most
    about this line first. looked_at: how many checks come to the changed place. messages: what the checks said.
    error: what was raised, where that is all that came; of several changes, the first one's.
    endless: it was ended, as it took too long. misconception, hint: the known mistake that answers the same.
    """

    changes: list[str]
    properties: list[str]
    looked_at: int
    messages: list[str]
    error: str = ""
    endless: bool = False
    misconception: str | None = None
    hint: str = ""

    @property
    def noticed(self) -> bool:
        return bool(self.properties)

    @property
    def stops(self) -> bool:
        """Whether the code does not get through any more, so that it matters little which properties these are."""
        return self.endless or (bool(self.error) and len(self.properties) > FEW)

    @property
    def breaks_everything(self) -> bool:
        return self.looked_at > FEW and len(self.properties) == self.looked_at


@dataclass
class Line:
    """A line of the student's file. effects: the most telling first; untried: changes that there was no time for."""

    number: int
    text: str
    effects: list[Effect] = field(default_factory=list)
    untried: int = 0

    @property
    def unnoticed(self) -> bool:
        """Whether changes were tried, and nothing came of any of them."""
        return bool(self.effects) and not any(effect.noticed for effect in self.effects)


@dataclass
class Part:
    """A function or method with its lines."""

    name: str
    lines: list[Line]


@dataclass
class Explanation:
    """One file, or one function of it. unfinished: functions left out, as a check on them does not pass yet."""

    exercise: str
    title: str
    parts: list[Part]
    checks: int
    tried: int
    untried: int
    seconds: float
    unfinished: list[str]

    def to_record(self) -> dict[str, Any]:
        """As JSON has it. The sentences are in the language that is spoken."""
        return {
            "exercise": self.exercise,
            "title": self.title,
            "checks": self.checks,
            "tried": self.tried,
            "untried": self.untried,
            "seconds": round(self.seconds, 3),
            "unfinished": self.unfinished,
            "parts": [
                {
                    "name": part.name,
                    "lines": [
                        {
                            "number": line.number,
                            "text": line.text,
                            "untried": line.untried,
                            "effects": [vars(effect) | {"noticed": effect.noticed} for effect in line.effects],
                        }
                        for line in part.lines
                    ],
                }
                for part in self.parts
            ],
        }


def parts_of(
    source: Source,
    definitions: Sequence[Definition],
    trials: Sequence[Trial],
    untried: dict[int, int],
    hints: dict[str, str],
) -> list[Part]:
    """The definitions line by line, with what the trials showed of each."""
    telling = [trial for trial in trials if not _is_void(trial)]
    rarity = _rarity(telling)
    by_line: dict[int, list[Trial]] = {}
    for trial in telling:
        by_line.setdefault(trial.alteration.line, []).append(trial)
    return [
        Part(
            definition.name,
            [
                Line(
                    number,
                    source.lines[number - 1],
                    _effects(by_line.get(number, []), rarity, hints),
                    untried.get(number, 0),
                )
                for number in definition.lines
            ],
        )
        for definition in definitions
    ]


def _is_void(trial: Trial) -> bool:
    """Whether the change only left a name without a value, or a call without an argument that it must have."""
    return any(VOID.match(broken.error) for broken in trial.broken)


def _rarity(trials: Sequence[Trial]) -> dict[str, int]:
    """How many alterations break each check: one that few break says most about a line."""
    counts: dict[str, int] = {}
    for trial in trials:
        for broken in trial.broken:
            counts[broken.title] = counts.get(broken.title, 0) + 1
    return counts


def _effects(trials: Sequence[Trial], rarity: dict[str, int], hints: dict[str, str]) -> list[Effect]:
    """Those of one line: what does the same comes together, and what says most comes first."""
    found: dict[tuple[bool, object], Effect] = {}
    for trial in trials:
        effect = _effect(trial, rarity, hints)
        same = effect.endless if effect.stops else (*effect.properties, effect.error, effect.misconception)
        key = (effect.stops, same)
        if key in found:
            found[key].changes += effect.changes
        else:
            found[key] = effect
    return sorted(found.values(), key=_tellingness)


def _effect(trial: Trial, rarity: dict[str, int], hints: dict[str, str]) -> Effect:
    broken = sorted(trial.broken, key=lambda one: (one.is_needy, rarity[one.title]))
    errors = {one.error for one in broken}
    endless = any(one.verdict == Verdict.TIMEOUT for one in broken)
    return Effect(
        [trial.alteration.phrase.text],
        list(dict.fromkeys(one.title for one in broken)),
        len({name.partition("[")[0] for name in trial.checks}),
        list(dict.fromkeys(one.message for one in broken)),
        error=sorted(errors)[0] if broken and "" not in errors else "",
        endless=endless,
        misconception=trial.misconception,
        hint=hints.get(trial.misconception or "", ""),
    )


def _tellingness(effect: Effect) -> tuple[bool, bool, bool, bool, int]:
    """A known mistake, then wrong answers in few places, then in many, then what does not run at all, then what nobody sees."""
    return (
        not effect.noticed,
        effect.stops,
        effect.misconception is None,
        effect.breaks_everything,
        len(effect.properties),
    )
