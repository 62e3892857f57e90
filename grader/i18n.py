"""The language of what people read: English in the source, Korean from the gettext catalogue in `locale/`."""

import gettext
import locale
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LANGUAGES = ("en", "ko")
LOCALE_FOLDER = Path(__file__).parent / "locale"

_current = "en"
_catalogue: gettext.NullTranslations = gettext.NullTranslations()


def set_language(language: str | None) -> str:
    """Speak this language from now on; None asks the environment's locale. Returns what was chosen."""
    global _current, _catalogue
    _current = language or language_of_locale()
    _catalogue = gettext.translation("grader", LOCALE_FOLDER, languages=[_current], fallback=True)
    return _current


def language() -> str:
    return _current


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """This language for a while: what goes into or beside a record is said in the record's own."""
    before = _current
    set_language(language)
    try:
        yield
    finally:
        set_language(before)


def _(message: str) -> str:
    """The message in the current language."""
    return _catalogue.gettext(message)


def N_(message: str) -> str:
    """A message that is translated where it is said, not here: this marks it for the catalogue (gettext's own name)."""
    return message


def pick(en: str, ko: str) -> str:
    """One of two texts that were written side by side."""
    return ko if _current == "ko" and ko else en


def language_of_locale() -> str:
    """What the environment asks for; English where it asks for neither."""
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(variable):
            return "ko" if os.environ[variable].lower().startswith("ko") else "en"
    return "ko" if (locale.getlocale()[0] or "").lower().startswith("ko") else "en"
