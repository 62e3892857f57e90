"""What stands on a student's page, out of their records: sentences and numbers, no markup."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..exports.wording import is_open, number
from ..i18n import _
from ..reports.terminal import speed_line, verdict_name
from ..result import Verdict
from ..standing.adjustments import Adjustment
from ..standing.final import Standing

MAX_LINES, MAX_LETTERS = 2000, 400  # of a source: lines, and letters of a line
OUTPUT_LINES = 200
MESSAGE_LETTERS = 6000
BAR = 100.0  # how long a speed bar is


@dataclass(frozen=True)
class Line:
    number: int
    text: str
    remarks: Sequence[str]


@dataclass(frozen=True)
class Source:
    """A file as it was graded. more: how many lines are not shown."""

    filename: str
    lines: Sequence[Line]
    more: int


@dataclass(frozen=True)
class Bar:
    """Lengths of 0 to BAR: what was measured, and where the bound is."""

    value: float
    allowed: float | None
    text: str


@dataclass(frozen=True)
class CheckFacts:
    """kind: "passed", "wrong", "absent" or "open"."""

    title: str
    kind: str
    verdict: str
    points: str
    message: str = ""
    hint: str = ""
    command: str = ""
    bar: Bar | None = None
    words: Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """One exercise. points: what counts, or what is settled so far where is_open; open_points: what the open checks are worth."""

    name: str
    title: str
    points: float
    max_points: float
    is_open: bool
    open_points: float
    is_dropped: bool
    checks: Sequence[CheckFacts]
    notes: Sequence[str]
    words: Sequence[str]
    output: Sequence[str]
    more_output: int
    source: Source | None
    why_no_source: str


@dataclass(frozen=True)
class Page:
    student: str
    name: str
    course: str
    parts: Sequence[Part] = field(default=())

    @property
    def counted(self) -> list[Part]:
        return [part for part in self.parts if not part.is_dropped]

    @property
    def points(self) -> float:
        return sum(part.points for part in self.counted)

    @property
    def max_points(self) -> float:
        return sum(part.max_points for part in self.counted)

    @property
    def open_points(self) -> float:
        return sum(part.open_points for part in self.counted)

    @property
    def is_open(self) -> bool:
        return any(part.is_open for part in self.counted)


def part_of(
    record: dict[str, Any],
    title: str,
    source: str | None = None,
    why_no_source: str = "",
    remarks: Mapping[int, Sequence[str]] | None = None,
    standing: Standing | None = None,
) -> Part:
    """One exercise of a page, in the current language; the record's own sentences stay in the record's."""
    words = standing.adjustments if standing is not None else ()
    checks = record["checks"]
    remaining = [check for check in checks if is_open(check) and not _is_settled(check, words)]
    is_unsettled = bool(record["needs_review"] or remaining) if standing is None else standing.needs_review
    output = record["output"].split("\n") if record["output"].strip() else []
    return Part(
        name=record["exercise"],
        title=title,
        points=record["points"] if standing is None else standing.points,
        max_points=record["max_points"],
        is_open=is_unsettled,
        open_points=sum(check["max_points"] for check in remaining) if is_unsettled else 0.0,
        is_dropped=standing is not None and standing.is_dropped,
        checks=_checks(checks, words),
        notes=[*_lateness(standing), *record["notes"]],
        words=[_said(word) for word in words if word.check not in {check["name"] for check in checks}],
        output=[_cut(line, MAX_LETTERS) for line in output[:OUTPUT_LINES]],
        more_output=max(len(output) - OUTPUT_LINES, 0),
        source=_source(f"{record['exercise']}.py", source, remarks or {}) if source is not None else None,
        why_no_source=why_no_source,
    )


def _checks(checks: Sequence[dict[str, Any]], words: Sequence[Adjustment]) -> list[CheckFacts]:
    """In their order; those that all say the very same (nothing handed in) as one, a hint that was told as such."""
    same = len(checks) > 1 and len({(check["message"], check["verdict"]) for check in checks}) == 1
    if same and checks[0]["message"] and not words:
        sums = {key: sum(check[key] for check in checks) for key in ("points", "max_points")}
        checks = [{**checks[0], **sums, "title": _("All {count} checks").format(count=len(checks))}]
    told: set[str] = set()
    found = []
    for check in checks:
        hint = check.get("hint") or ""
        found.append(_check(check, _("the same mistake as above") if hint and hint in told else hint, words))
        told.add(hint)
    return found


def _check(check: dict[str, Any], hint: str, words: Sequence[Adjustment]) -> CheckFacts:
    most = number(check["max_points"])
    if is_open(check) and not _is_settled(check, words):
        points = _("open, worth {points}").format(points=most)
    else:
        points = _("{points} of {most} points").format(points=number(check["points"]), most=most)
    speed = check.get("speed")
    return CheckFacts(
        title=check["title"],
        kind=_kind(check),
        verdict=verdict_name(Verdict(check["verdict"])) if check["verdict"] in set(Verdict) else _("open"),
        points=points,
        message=_cut(check["message"], MESSAGE_LETTERS),
        hint=hint,
        command=check.get("draw_command") or "",
        bar=_bar(speed) if speed else None,
        words=[_said(word) for word in words if word.check == check["name"]],
    )


def _kind(check: dict[str, Any]) -> str:
    if is_open(check):
        return "open"
    kinds = {Verdict.PASSED: "passed", Verdict.MISSING: "absent", Verdict.UNREADABLE: "absent"}
    return kinds.get(Verdict(check["verdict"]), "wrong")


def _is_settled(check: dict[str, Any], words: Sequence[Adjustment]) -> bool:
    return any(word.check == check["name"] and word.is_set and word.points is not None for word in words)


def _said(word: Adjustment) -> str:
    if word.points is None:
        return word.text
    points = number(word.points)
    added = points if word.points < 0 else f"+{points}"
    change = _("set to {points}").format(points=points) if word.is_set else added
    return f"{change}: {word.text}" if word.text else change


def _lateness(standing: Standing | None) -> list[str]:
    if standing is None or not standing.penalty:
        return []
    return [_("Points lost by handing in late: {points}.").format(points=number(standing.penalty))]


def _bar(speed: dict[str, Any]) -> Bar:
    """On a scale that ends at twice what is allowed."""
    allowed = speed["allowed"]
    end = 2 * (allowed if allowed is not None else max(speed["ratio"], 1.0))
    value = BAR * min(max(speed["ratio"], 0.0) / end, 1.0) if end else BAR
    return Bar(round(value, 1), BAR / 2 if allowed is not None else None, speed_line(speed))


def _source(filename: str, source: str, remarks: Mapping[int, Sequence[str]]) -> Source:
    lines = source.rstrip("\n").split("\n")
    shown = [Line(n, _cut(text, MAX_LETTERS), remarks.get(n, ())) for n, text in enumerate(lines[:MAX_LINES], 1)]
    return Source(filename, shown, max(len(lines) - MAX_LINES, 0))


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[:letters] + " …"
