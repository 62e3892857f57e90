"""JSON as the store keeps it, by orjson: six times as fast as the standard library, where records come by the million."""

import json
from typing import Any

import orjson


def to_text(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half of a surrogate pair, out of a file's name or what a student printed: no UTF-8 can hold it
        return json.dumps(value, separators=(",", ":"))


def from_text(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:  # the same, on its way back
        return json.loads(text)
