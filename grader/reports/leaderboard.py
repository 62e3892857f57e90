"""Who was how fast: of each race a list, by the ratio to the reference. It reads records and decides nothing."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..i18n import _
from ..result import Verdict
from ..text import plain


@dataclass(frozen=True)
class Entry:
    """One student's place in a race; equal ratios share one. Ratios are to the reference; null as in a record."""

    place: int
    pseudonym: str
    student: str
    ratio: float
    low: float
    high: float | None
    roofline: float | None


@dataclass
class Board:
    """One race on one kind of device. measures: "time" or "memory"."""

    race: str
    function: str
    measures: str
    device: str
    entries: list[Entry] = field(default_factory=list)


def boards(records: Sequence[dict[str, Any]], pseudonym: Callable[[str], str]) -> list[Board]:
    """The boards of an exercise's records; only a check that passed counts, and of several the last."""
    found: dict[tuple[str, str, str, str], dict[str, dict[str, Any]]] = {}
    for record in records:
        for speed in measured(record, passed=True):
            key = speed["race"], speed["function"], speed.get("measures", "time"), speed["device"]
            found.setdefault(key, {})[record["student"]] = speed
    return [Board(*key, _entries(found[key], pseudonym)) for key in sorted(found)]


def measured(record: dict[str, Any], passed: bool = False) -> list[dict[str, Any]]:
    """What was measured in a record's checks, in those that passed or in all; records of older versions have none."""
    checks = [check for check in record["checks"] if not passed or check["verdict"] == Verdict.PASSED]
    return [check["speed"] for check in checks if check.get("speed")]


def _entries(results: dict[str, dict[str, Any]], pseudonym: Callable[[str], str]) -> list[Entry]:
    # Equal ratios in the order of the pseudonyms: that of the names would tell something of them.
    rows = sorted((speed["ratio"], pseudonym(student), student, speed) for student, speed in results.items())
    ratios = [ratio for ratio, *_rest in rows]
    return [
        Entry(ratios.index(ratio) + 1, alias, student, ratio, speed["low"], speed["high"], speed["roofline"])
        for ratio, alias, student, speed in rows
    ]


def print_boards(console: Console, found: Sequence[Board], names: bool) -> None:
    for board in found:
        console.print(_heading(board))
        console.print(_table(board, names))
    console.print(_("Where intervals overlap, the order may be chance."), style="dim")


def as_json(exercise: str, found: Sequence[Board], names: bool) -> str:
    """The same for a program. Without `names` no entry has a student."""
    data = [asdict(board) for board in found]
    if not names:
        for board in data:
            for entry in board["entries"]:
                del entry["student"]
    return json.dumps({"exercise": exercise, "boards": data}, indent=2, ensure_ascii=False)


def _heading(board: Board) -> Text:
    heading = Text(board.function, style="bold")
    measures = _("peak of memory") if board.measures == "memory" else _("time")
    return heading.append(plain(f"  {measures}, {board.device} ({board.race})"), style="dim")


def _table(board: Board, names: bool) -> Table:
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("", justify="right", no_wrap=True)
    if names:
        table.add_column(_("student"), overflow="fold")
    table.add_column(_("pseudonym"), overflow="fold")
    table.add_column(_("× reference"), justify="right", no_wrap=True)
    table.add_column(_("interval"), justify="right", no_wrap=True, style="dim")
    table.add_column(_("roofline"), justify="right", no_wrap=True)
    for entry in board.entries:
        who = [Text(plain(entry.student)), Text(entry.pseudonym)] if names else [Text(entry.pseudonym)]
        high = "∞" if entry.high is None else f"{entry.high:.2f}"
        interval = f"{entry.low:.2f}–{high}"
        table.add_row(str(entry.place), *who, f"{entry.ratio:.2f}", interval, _percent(entry.roofline))
    return table


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.{0 if share >= 0.0995 else 1}f}%"
