"""What names say: of students, of files. A name is any text; it is compared, shown, and never used as a path."""

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass

MAX_STUDENT = 200

JUNK = frozenset(
    "__macosx __pycache__ thumbs.db desktop.ini node_modules venv env site-packages".split()  # noqa: SIM905
)

# What file managers, browsers and students append to a name. An underscore and a number is left out: `dot_2` may well be
# another exercise, and so may `dot2`.
_DECORATION = re.compile(
    r"""(?: \s*+ \( (?P<copy>\d{1,4}) \)                     # dot (1)
          | - (?P<number>\d{1,4})                            # dot-1
          | [\s_-]++ (?: copy | 복사본 | 사본 | kopie | copie | コピー ) (?: [\s_]*+ \(? (?P<again>\d{1,4}) \)? )?
          | [\s_-]++ (?: final | fin | submission | submit | 최종본 | 최종 | 진짜최종 | 제출용 | 제출 | 완성 | 수정본 | 수정 )
          | [\s_-]++ v (?P<version>\d{1,4})
        )++""",  # possessive: nothing is tried twice
    re.VERBOSE,
)


@dataclass(frozen=True)
class Fit:
    """How a file's name fits an exercise's. rank: greater is nearer; copy: the number of the copy, the last counts."""

    rank: int
    copy: int
    notebook: bool


EXACT, OTHER_CASE, DECORATED = 3, 2, 1


def text_of(name: str | bytes) -> str:
    """A name from a file system or an archive as text in NFC: UTF-8, else CP949, else with escapes."""
    raw = os.fsencode(name) if isinstance(name, str) else name
    for encoding in ("utf-8", "cp949"):
        try:
            return unicodedata.normalize("NFC", raw.decode(encoding))
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "backslashreplace")


def student_name(name: str) -> str:
    """A student's name as it stands in records: NFC, no NUL, no half characters, of bounded length."""
    text = unicodedata.normalize("NFC", name).replace("\0", "·").encode("utf-8", "backslashreplace").decode()
    if len(text) <= MAX_STUDENT:
        return text
    return f"{text[: MAX_STUDENT - 9]}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def shown(name: str, width: int = 80) -> str:
    """A name inside a sentence: what cannot be printed becomes a dot, what is long loses its middle."""
    text = "".join(character if character.isprintable() else "·" for character in name[: 4 * width])
    return text if len(text) <= width else f"{text[: width // 2]}…{text[-(width // 2 - 1) :]}"


def is_junk(name: str) -> bool:
    """What computers leave behind, and no student means to hand in."""
    return name.startswith(".") or name.casefold() in JUNK


def extension(name: str) -> str:
    return os.path.splitext(name)[1].casefold()


def fit(name: str, filename: str) -> Fit | None:
    """How `name` fits an exercise's file name (`dot.py`); None when it does not for certain."""
    name = unicodedata.normalize("NFC", name)
    if name == filename:
        return Fit(EXACT, 0, False)
    if len(name) > 255:
        return None
    stem = filename.removesuffix(".py")
    folded = name.casefold().removesuffix(".txt")  # dot.py.txt: what mail programs and Windows make of it
    base, kind = os.path.splitext(folded)
    if kind not in (".py", ".ipynb") or not base.startswith(stem.casefold()):
        return None
    notebook = kind == ".ipynb"
    rest = base[len(stem) :]
    if not rest:
        return Fit(EXACT if name == f"{stem}.ipynb" else OTHER_CASE, 0, notebook)
    match = _DECORATION.fullmatch(rest)
    if match is None:
        return None
    return Fit(DECORATED, max((int(number) for number in match.groups() if number), default=0), notebook)


def key(text: str) -> str:
    """For comparing names, ids and addresses: NFC, without case, spaces squeezed."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def squeezed(text: str) -> str:
    """Letters and digits only, as Canvas writes names."""
    return "".join(character for character in key(text) if character.isalnum())
