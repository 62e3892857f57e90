"""`grader release`: what students get, as a folder, a zip and a wheel. `release` is the whole way, in order.

files       path -> bytes of all that students get (bundle.py); the same on every machine
archives    the same as a zip, and as a wheel (archives.py)
gate        nothing of it may hold a hidden check, a solution or a misconception (gate.py)
place       into DEST, whole or not at all; a former release makes room (place.py)
"""

from dataclasses import dataclass
from pathlib import Path

from ..course import Course
from ..errors import UserError
from .archives import wheel_name, wheel_of, zip_of
from .bundle import bundle, starter
from .gate import refuse_leaks
from .place import Place


@dataclass(frozen=True)
class Released:
    """What was written: the folder, its number of files, and the archives beside it."""

    folder: Path
    files: int
    archives: tuple[Path, ...]


def release(
    course: Course,
    folder: Path,
    languages: tuple[str, ...] = ("en", "ko"),
    as_zip: bool = False,
    as_wheel: bool = False,
) -> Released:
    """Write what students get to `folder`, and the archives beside it.

    Raises UserError, and changes nothing, where something of it would leak, where a file that it needs is missing or out
    of step, and where `folder` holds anything but a former release.
    """
    place = Place(folder)
    if place.folder.is_relative_to(course.root / "exercises"):
        raise UserError(f"{place.folder} lies in what is released. Name a folder outside of it; nothing was written.")
    files = bundle(course, languages)
    archives: dict[str, bytes] = {}
    if as_zip:
        archives[f"{place.folder.name}.zip"] = zip_of(files, place.folder.name)
    if as_wheel:
        archives[wheel_name(files)] = wheel_of(files, starter(course, languages))
    with place.draft(files, archives) as draft:
        refuse_leaks(course, draft)
        place.put(draft)
    return Released(place.folder, len(files), tuple(place.folder.parent / name for name in archives))
