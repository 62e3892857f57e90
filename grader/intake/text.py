"""From bytes to text: in which encoding a source is written, where that is certain."""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

from ..i18n import _
from .scan import LineScanner
from .tree import Unreadable

Text = tuple[str, tuple[str, ...]]

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")  # PEP 263
_BLANK = re.compile(rb"^[ \t\f]*(?:#.*)?$")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose BOM begins it
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# A cookie is obeyed for these: encodings of text in which ASCII is ASCII. utf-7, unicode_escape and their like are not: what
# a reader of the file sees must be what is run.
_OBEYED = frozenset(
    codecs.lookup(name).name
    for name in (
        "cp949", "euc-kr", "cp932", "shift_jis", "euc-jp", "gbk", "gb2312", "gb18030", "big5",
        "latin-1", "iso8859-15", "cp1250", "cp1251", "cp1252", "koi8-r",
    )
)  # fmt: skip
# What looks like something else. In strings and comments all of these are welcome.
_ODD = re.compile(
    "["
    "\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff\x1a"  # spaces, line ends, invisible ones
    "\u2018-\u201f\u2032\u2033\u2013\u2014\u2212\u00d7"  # quotes, dashes, minus, times
    "\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff5e"  # full-width punctuation
    "]"
)
_ODD_IN_KOREAN = re.compile(
    "[\\u3164-\\u318e\\u4e00-\\u9fff\\uac00-\\ud7a3\\uf900-\\ufaff]"
)  # beside the usual syllables
_MAX_ODD = 3


def decode(data: bytes) -> Text:
    """Text with \\n line ends, and notes on what was recovered. Raises Unreadable where the encoding is not certain."""
    text, notes = _decode(data)
    if "\0" in text:
        raise Unreadable(_("it holds NUL bytes: it is not a Python source file"))
    if not _is_encodable(text):
        raise Unreadable(_("it holds halves of characters (surrogates), which no text has"))
    return text.replace("\r\n", "\n").replace("\r", "\n"), notes


def odd_characters(source: str) -> tuple[str, ...]:
    """Notes on characters outside of strings and comments that look like others: Python does not take them for these."""
    if not _ODD.search(source):  # most sources: nothing to be looked for line by line
        return ()
    seen: dict[str, int] = {}
    scanner = LineScanner()
    for number, line in enumerate(source.split("\n"), 1):
        code = scanner.code_of(line)
        if code.isascii() and "\x1a" not in code:
            continue
        for match in _ODD.finditer(code):
            seen.setdefault(match.group(), number)
    return tuple(
        _("line {line}: {name} (U+{code}) outside of strings and comments; Python does not take it for the usual one").format(
            line=number, name=unicodedata.name(character, "CONTROL"), code=f"{ord(character):04X}"
        )
        for character, number in list(seen.items())[:_MAX_ODD]
    )  # fmt: skip


def _decode(data: bytes) -> Text:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            text = _strict(data[len(bom) :], encoding)
            return text, () if encoding == "utf-8" else (_read_as(encoding[:6].upper()),)
    if b"\0" in data:
        return _utf_16_without_bom(data)
    cookie = _cookie(data)
    try:
        return data.decode("utf-8"), tuple(_cookie_notes(data, cookie))
    except UnicodeDecodeError as error:
        return _other_encoding(data, cookie, error.start)


def _other_encoding(data: bytes, cookie: str, bad: int) -> Text:
    """What is not UTF-8: as its cookie says, else CP949 if it cannot well be anything else."""
    if _codec(cookie) in _OBEYED:
        try:
            text = data.decode(cookie)
        except UnicodeDecodeError:
            raise Unreadable(
                _("its first lines say that it is {encoding}, but it is not; save it as UTF-8").format(encoding=cookie)
            ) from None
        return text, (_("read as {encoding}, as its first lines say; save it as UTF-8").format(encoding=cookie),)
    try:
        text = data.decode("cp949")
    except UnicodeDecodeError:
        text = ""
    if not _is_korean(text):
        line = data.count(b"\n", 0, bad) + 1
        raise Unreadable(
            _(
                "its text is neither UTF-8 nor another encoding that can be told for certain (line {line}); save it as UTF-8"
            ).format(line=line)
        )
    return text, (_read_as("CP949 (EUC-KR)"),)


def _is_korean(text: str) -> bool:
    """Whether usual syllables prevail, as they do not where other encodings' bytes are read as CP949.

    Against it are hanja, unusual syllables and letters of old Korean: what Chinese and Japanese come out as. Single letters
    (ㅋㅋ, ㅠㅠ) are what hiragana come out as, too. Greek and signs, which notes on maths are full of, say nothing.
    """
    usual = single = odd = 0
    for letter, count in Counter(text).items():
        if _is_usual_syllable(letter):
            usual += count
        elif "ㄱ" <= letter <= "ㅣ":
            single += count
        elif _ODD_IN_KOREAN.match(letter):
            odd += count
    return usual > 0 and usual >= 4 * odd and usual >= single


def _is_usual_syllable(letter: str) -> bool:
    """One of the 2,350 of KS X 1001; the codec writes the other 8,822 in eight bytes."""
    return "가" <= letter <= "힣" and len(letter.encode("euc_kr")) == 2


def _utf_16_without_bom(data: bytes) -> Text:
    """Bytes with NULs: UTF-16 if half or more of it comes out as ASCII, as programs do, and all of it as text."""
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        letters = Counter(text)
        usual = sum(count for letter, count in letters.items() if letter.isascii())
        if 2 * usual >= len(text) and all(letter.isprintable() or letter.isspace() for letter in letters):
            return text, (_read_as("UTF-16"),)
    raise Unreadable(_("it holds NUL bytes: it is not a Python source file"))


def _cookie(data: bytes) -> str:
    """The encoding that the first two lines name, or nothing."""
    for line in data[:4096].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[:2]:
        match = _COOKIE.match(line)
        if match:
            return match.group(1).decode("ascii", "replace")[:40]
        if not _BLANK.match(line):
            break
    return ""


def _cookie_notes(data: bytes, cookie: str) -> Iterator[str]:
    """What to say of a cookie in a text that is UTF-8."""
    codec = _codec(cookie)
    if not cookie or codec in ("utf-8", "utf-8-sig"):
        return
    if codec not in _OBEYED and codec != "ascii":
        yield _("its first lines name an encoding that is not known ({encoding}); read as UTF-8").format(
            encoding=cookie
        )
    elif not data.isascii():
        yield _("its first lines say {encoding}, but it is UTF-8, and was read as such").format(encoding=cookie)


def _codec(name: str) -> str:
    """The codec's own name; nothing for an unknown one."""
    try:
        return codecs.lookup(name).name if name else ""
    except (LookupError, ValueError):
        return ""


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(
            _("it begins as {encoding}, but is damaged further on; save it as UTF-8").format(
                encoding=encoding[:6].upper()
            )
        ) from None


def _read_as(encoding: str) -> str:
    return _("read as {encoding}; save it as UTF-8").format(encoding=encoding)


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
