"""Text that a student wrote, or had a part in."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def plain(text: str) -> str:
    """Text without control characters, changes of direction and halves of surrogate pairs: it must not steer a terminal."""
    return _CONTROL.sub("·", text)


def figure(value: float) -> str:
    """A measured number to three digits, without an exponent where it is large."""
    return f"{value:.3g}" if value < 999.5 else f"{value:.0f}"
