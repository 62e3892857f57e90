"""A font with Hangul, for what students write and for sentences in Korean. matplotlib's own font has none."""

import unicodedata
from functools import cache

HANGUL = 0xAC00  # 가
COMMON = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo", "AppleGothic")


@cache
def hangul_family() -> str | None:
    """The name of an installed font with Hangul, a common one if possible; None where there is none."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    installed = {font.name: font.fname for font in font_manager.fontManager.ttflist}
    for name in (*COMMON, *sorted(installed)):
        if name not in installed or name.startswith("Last Resort"):  # macOS's: a box for every character
            continue
        try:
            if FT2Font(installed[name]).get_char_index(HANGUL):
                return name
        except (OSError, RuntimeError):
            continue
    return None


def is_wide(letter: str) -> bool:
    """Does a letter take the room of two, as Hangul does?"""
    return unicodedata.east_asian_width(letter) in "WF"


def drawable(text: str, instead: str) -> str:
    """The text, or what is to stand in its place where its Hangul would be a row of boxes."""
    return instead if any(map(is_wide, text)) and hangul_family() is None else text
