"""What was changed, in words: English and Korean side by side, around pieces of the student's own code."""

from dataclasses import dataclass

from ..i18n import pick

WIDTH = 44  # of a piece of code in a sentence


@dataclass(frozen=True)
class Phrase:
    """One change, as what follows “the function …”."""

    en: str
    ko: str

    @property
    def text(self) -> str:
        return pick(self.en, self.ko)


def quoted(code: str) -> str:
    """A piece of code for a sentence: on one line, in backticks, cut where it is long."""
    line = " ".join(code.split())
    if len(line) > WIDTH:
        cut = line[: WIDTH - 3]
        line = cut[: cut.rfind(" ") if " " in cut else None].rstrip(" ,*+-/@") + (
            ", …)" if line.endswith(")") else " …"
        )
    return f"`{line}`"


def without(code: str) -> Phrase:
    return Phrase(f"without {quoted(code)}", f"{quoted(code)} 없이")


def instead(new: str, old: str) -> Phrase:
    return Phrase(f"{quoted(new)} instead of {quoted(old)}", f"{quoted(old)} 대신 {quoted(new)}")


def swapped(first: str, second: str) -> Phrase:
    pair = f"{quoted(first)} ↔ {quoted(second)}"
    return Phrase(f"swapped: {pair}", f"자리 바꾸기: {pair}")


def sides_swapped(operator: str) -> Phrase:
    return Phrase(f"the two sides of {quoted(operator)} swapped", f"{quoted(operator)} 양쪽을 서로 바꾸기")


def statement_left_out() -> Phrase:
    return Phrase("without this statement", "이 문장 없이")


def guard_left_out() -> Phrase:
    return Phrase("without refusing these arguments", "이런 인자를 거절하지 않기")


def never(test: str) -> Phrase:
    return Phrase(f"as if {quoted(test)} were never true", f"조건을 늘 거짓으로 보기: {quoted(test)}")


def always(test: str) -> Phrase:
    return Phrase(f"as if {quoted(test)} were always true", f"조건을 늘 참으로 보기: {quoted(test)}")


def backwards() -> Phrase:
    return Phrase("the loop run backwards", "반복을 거꾸로 돌리기")


def one_round_less() -> Phrase:
    return Phrase("one round of the loop less", "반복을 한 번 줄이기")


def plain_list(container: str) -> Phrase:
    return Phrase(f"a plain list instead of {quoted(container)}", f"{quoted(container)} 대신 보통 리스트")


def numbered(phrase: Phrase, number: int, total: int) -> Phrase:
    """For a change that is possible several times in one line."""
    return Phrase(f"{phrase.en} (no. {number} of {total})", f"{phrase.ko} ({total}곳 중 {number}번째)")
