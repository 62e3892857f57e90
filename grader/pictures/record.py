"""The numbers that an exercise's pictures are drawn from, as the reference gives them: what a student's are drawn beside.

One safetensors file an exercise, beside the guide's pictures: `PICTURE/PANEL/ARRAY` → float32, and in its metadata the
fingerprint of the sources that it was made from.
"""

from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from ..errors import GraderFault
from ..files import replace_bytes
from .drawing import Array
from .panel import Numbers

KEY = "fingerprint"
Answers = dict[tuple[str, str], Numbers]  # (picture, panel) → its arrays


def save_record(answers: Answers, path: Path, fingerprint: str) -> None:
    arrays = {
        "/".join((*place, name)): np.array(array, dtype=np.float32, order="C")
        for place, numbers in answers.items()
        for name, array in numbers.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(path, safetensors.numpy.save(arrays, metadata={KEY: fingerprint}))


def load_record(path: Path) -> Answers:
    """Raises GraderFault when the file is missing or is no record."""
    found: dict[tuple[str, str], dict[str, Array]] = {}
    try:
        with safetensors.safe_open(str(path), framework="numpy") as file:
            for key in file.keys():  # noqa: SIM118 -- not a dict
                place, _slash, name = key.rpartition("/")
                picture, _slash, panel = place.partition("/")  # a panel's name may hold a slash
                found.setdefault((picture, panel), {})[name] = file.get_tensor(key).astype(np.float64)
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise GraderFault(
            f"{path} is missing or broken ({type(error).__name__}): get it again from the course, or run `grader sync`"
        ) from None
    return dict(found)


def stored_fingerprint(path: Path) -> str | None:
    try:
        with safetensors.safe_open(str(path), framework="numpy") as file:
            return (file.metadata() or {}).get(KEY)
    except (OSError, safetensors.SafetensorError):  # there is none, or it is no record
        return None
