"""Which line of the source a check's message speaks of: those of tracebacks and of forbidden functions, where it is certain."""

import re
from collections.abc import Iterable
from typing import Any

from ..i18n import _, speaking
from ..result import Verdict


def remarks_of(record: dict[str, Any], source: str) -> dict[int, list[str]]:
    """Line number -> what to say there, each sentence once. Empty where no line is certain."""
    lines = source.split("\n")
    found: dict[int, dict[str, None]] = {}
    with speaking(record["language"]):
        for check in record["checks"]:
            for number, text in _places(check):
                if 0 < number <= len(lines) and (text is None or _is_that(lines[number - 1], text)):
                    found.setdefault(number, {})[_sentence(check)] = None
    return {number: list(sentences) for number, sentences in sorted(found.items())}


def without_quotes(record: dict[str, Any], quotes: Iterable[str]) -> dict[str, Any]:
    """The record, without those lines of code in its tracebacks that hold one of these texts."""
    quotes = list(quotes)
    with speaking(record["language"]):
        pattern = _frame()

        def cut(message: str) -> str:
            return "\n".join(
                line[: match.start("text")] + "…"
                if (match := pattern.fullmatch(line)) and any(quote in match["text"] for quote in quotes)
                else line
                for line in message.split("\n")
            )

        return {**record, "checks": [{**check, "message": cut(check["message"])} for check in record["checks"]]}


def _places(check: dict[str, Any]) -> list[tuple[int, str | None]]:
    """(line, its text as the message quotes it, None where it quotes none); the last line of a traceback raised it."""
    if check["verdict"] == Verdict.FORBIDDEN:
        where = re.escape(_(" (line {line})")).replace(r"\{line\}", r"(\d{1,6})")
        return [(int(number), None) for number in re.findall(where, check["message"])[:1]]
    frames = [match for line in check["message"].split("\n") if (match := _frame().fullmatch(line))]
    return [(int(match["line"]), match["text"]) for match in frames[-1:]]


def _frame() -> re.Pattern[str]:
    """A line of a traceback, as grader/judge.py writes it in the current language."""
    where = re.escape(_("line {line}")).replace(r"\{line\}", r"(?P<line>\d{1,6})")
    return re.compile(rf"  {where}(?:, [\w.<>]{{1,100}})?: (?P<text>.*)")


def _is_that(line: str, text: str) -> bool:
    return bool(text.strip()) and line.strip().startswith(text.strip())


def _sentence(check: dict[str, Any]) -> str:
    return str(check["message"]).split("\n", 1)[0]
