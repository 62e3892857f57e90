"""The leak gate of a release: what it would hand out is searched before it is put in its place.

`grader leaks` takes what lies in exercises/ for public, so it would not see a solution that somebody has put there. Here
only generated stubs, given files and the engine are; some lines stand in public files all the same: a visible check
looks like a hidden one, and a guide shows a line of code. So it counts how many lines of one secret file stand in one place.
"""

from pathlib import Path

from ..course import Course
from ..errors import UserError
from ..leaks import Leak, find_leaks, needles_of
from ..sync import make_stub
from .place import Draft

CHECKS = "/exercises/checks/"
LINES, LINES_IN_CHECKS = 2, 12  # of one secret file in one place: more than a coincidence
SHARE_IN_CHECKS = 1 / 2  # of a hidden file's lines, too: this course's visible checks have up to 0.19 of them


def refuse_leaks(course: Course, draft: Draft) -> None:
    """Raises UserError when anything of the draft holds something of hidden checks, solutions or misconceptions."""
    leaks = _leaks(course, draft.folder)  # the archives hold the same files
    if not leaks:
        return
    first = leaks[0]
    place = first.place.removeprefix(f"{draft.root}/").removeprefix(f"{draft.folder.name}/")
    found = f"{place} holds {first.text!r}, of {first.origin}"
    if not first.origin:
        found = f"{place} could not be searched ({first.text})"
    others = f", and so on ({len(leaks)} lines)" if len(leaks) > 1 else ""
    raise UserError(f"This would leak: {found}{others}. Take it out and release again; nothing was written.")


def _leaks(course: Course, folder: Path) -> list[Leak]:
    needles, never_public = needles_of(course, _public(course)), needles_of(course)
    lines_of: dict[str, int] = {}
    for origin in needles.values():
        lines_of[_file(origin)] = lines_of.get(_file(origin), 0) + 1
    by_place: dict[tuple[str, str], list[Leak]] = {}
    for leak in find_leaks([folder], needles):
        by_place.setdefault((leak.place, _file(leak.origin)), []).append(leak)
    leaks: list[Leak] = []
    for (place, secret), found in by_place.items():
        enough = max(LINES_IN_CHECKS, SHARE_IN_CHECKS * lines_of.get(secret, 0)) if CHECKS in place else LINES
        if len(found) >= enough:
            leaks += found
        else:
            leaks += [leak for leak in found if leak.text in never_public or not leak.origin]
    return leaks


def _public(course: Course) -> str:
    """What is public by what it is, whatever has been put into it: stubs as they are generated, given files, the engine."""
    stubs = [make_stub(exercise.reference_source, exercise.name) for exercise in course.exercises]
    given = [text for exercise in course.exercises for text in exercise.given_sources.values()]
    engine = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.parent.rglob("*.py"))]
    return "\n".join([*stubs, *given, *engine])


def _file(origin: str) -> str:
    return origin.partition(":")[0]
