"""results.json as text."""

import json
from typing import Any


def as_json(results: dict[str, Any]) -> str:
    return json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
