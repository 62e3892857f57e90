"""How submissions lie in a folder or a zip: which layout it is, and whose work is what."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import UserError
from ..i18n import _
from ..standing.times import HandedIn, platform_time
from .gradescope import MAX_BYTES, METADATA, Uploaded, read_metadata
from .names import extension, is_junk
from .roster import Person
from .student import Part
from .tree import File, Folder, Node, Unreadable, is_folder

Work = list[tuple[Person, Part]]
NBGRADER_TIME = "timestamp.txt"  # which nbgrader's exchange writes into each submission

# lastfirst_[LATE_]USERID_FILEID_name; of a second upload of the same name, name-1, name-2
_CANVAS = re.compile(r"(?P<who>.+?)_(?P<late>LATE_)?(?P<id>\d{1,18})_(?P<file>\d{1,18})_(?P<name>.+)", re.DOTALL)
_CANVAS_TURN = re.compile(r"(?P<stem>.*)-(?P<turn>\d{1,4})(?P<kind>\.\w+)", re.DOTALL)
# Full Name_PARTICIPANTID_assignsubmission_file_, as a folder, or before the file's name
_MOODLE = re.compile(r"(?P<who>.*)_(?P<id>\d+)_assignsubmission_(?P<what>file|onlinetext)_?(?P<name>.*)", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_\d+")


@dataclass(frozen=True)
class Layout:
    """name: what `--layout` calls it; about: what is said of it; fits: whether these nodes are laid out so."""

    name: str
    about: str
    fits: Callable[[list[Node]], bool]
    work: Callable[[list[Node]], Work]


def detect(root: Folder, name: str | None = None, unwrap: bool = False) -> tuple[Layout, list[Node]]:
    """The layout, and the nodes that are so laid out. Raises UserError.

    A platform's own names are looked for in the root and in the one folder that it may hold; plain folders there only if
    `unwrap`, as zips have one around everything.
    """
    levels = [_entries(root)]
    if len(levels[0]) == 1 and is_folder(levels[0][0]):
        levels.append(_entries(levels[0][0]))
    for layout in LAYOUTS:
        if name not in (None, layout.name):
            continue
        for nodes in levels:
            if layout is FOLDERS and unwrap and nodes is not levels[-1] and _holds_students(levels[-1]):
                continue
            if layout.fits(nodes):
                return layout, nodes
    wanted = f"is not laid out as by {name}" if name else "holds no student's folder"
    raise UserError(
        f"{root.name} {wanted}. Lay it out as STUDENT/EXERCISE.py, or give a download of Canvas, Moodle, Gradescope or "
        "nbgrader as it is."
    )


def _entries(folder: Folder) -> list[Node]:
    try:
        return [node for node in folder.entries() if not is_junk(node.name)]
    except Unreadable as error:
        raise UserError(f"{folder.name} cannot be read: {error}.") from None


def _holds_students(nodes: list[Node]) -> bool:
    """Several folders and no work beside them: so it is no student's own folder."""
    loose = [node for node in nodes if not is_folder(node) and extension(node.name) in (".py", ".ipynb", ".zip")]
    return not loose and sum(is_folder(node) for node in nodes) > 1


def _mostly(nodes: list[Node], pattern: re.Pattern[str]) -> bool:
    """Whether half of the names or more are of this pattern: one such name among others means nothing."""
    return 0 < len(nodes) <= 2 * sum(pattern.fullmatch(node.name) is not None for node in nodes)


def _is_canvas(nodes: list[Node]) -> bool:
    return _mostly(nodes, _CANVAS)


def _canvas(nodes: list[Node]) -> Work:
    work: Work = []
    for node in nodes:
        match = _CANVAS.fullmatch(node.name)
        if match is None:
            continue
        name, turn = match["name"], 0
        again = _CANVAS_TURN.fullmatch(name)
        if again is not None:
            name, turn = again["stem"] + again["kind"], int(again["turn"])
        notes = (_("handed in late, says Canvas"),) if match["late"] else ()
        person = Person(f"{match['who']}_{match['id']}", id=match["id"], name=match["who"])
        work.append((person, Part(node, name, (turn, int(match["file"])), notes)))
    return work


def _is_moodle(nodes: list[Node]) -> bool:
    return _mostly(nodes, _MOODLE)


def _moodle(nodes: list[Node]) -> Work:
    work: Work = []
    for node in nodes:
        match = _MOODLE.fullmatch(node.name)
        if match is not None and match["what"] == "file":
            person = Person(f"{match['who']}_{match['id']}", id=match["id"], name=match["who"])
            work.append((person, Part(node, "" if is_folder(node) else match["name"])))
    return work


def _is_gradescope(nodes: list[Node]) -> bool:
    folders = [node for node in nodes if is_folder(node)]
    return any(node.name == METADATA for node in nodes) or (
        bool(folders) and all(_GRADESCOPE.fullmatch(folder.name) for folder in folders)
    )


def _gradescope(nodes: list[Node]) -> Work:
    uploads: dict[str, Uploaded] = {}
    for node in nodes:
        if isinstance(node, File) and node.name == METADATA:
            try:
                uploads = read_metadata(node.read(MAX_BYTES).decode("utf-8", "replace"))
            except Unreadable as error:
                raise UserError(f"{METADATA} cannot be used: {error}.") from None
    work: Work = []
    for node in nodes:
        if is_folder(node):
            upload = uploads.get(node.name, Uploaded())
            at = platform_time(upload.created_at)
            handed_in = HandedIn(at, "gradescope") if at is not None else None
            for person in upload.submitters or [Person(node.name)]:
                work.append((person, Part(node, turn=(upload.created_at,), handed_in=handed_in)))
    return work


def _is_nbgrader(nodes: list[Node]) -> bool:
    return any(is_folder(node) and node.name == "submitted" for node in nodes)


def _nbgrader(nodes: list[Node]) -> Work:
    inside = [node for node in nodes if is_folder(node) and node.name == "submitted"]
    work = _folders(_entries(inside[0]) if inside else nodes)
    return [(person, replace(part, time_file=NBGRADER_TIME)) for person, part in work]


def _is_folders(nodes: list[Node]) -> bool:
    return bool(_folders(nodes))


def _folders(nodes: list[Node]) -> Work:
    """A folder a student; where there is none, a zip a student."""
    folders: Work = [(Person(node.name), Part(node)) for node in nodes if is_folder(node)]
    zips: Work = [(Person(node.name[:-4]), Part(node)) for node in nodes if extension(node.name) == ".zip"]
    return folders or zips


FOLDERS = Layout("folders", "STUDENT/EXERCISE.py", _is_folders, _folders)
LAYOUTS = (
    Layout("moodle", "Moodle, Full Name_ID_assignsubmission_file_", _is_moodle, _moodle),
    Layout("canvas", "Canvas, lastfirst_USERID_FILEID_name", _is_canvas, _canvas),
    Layout("gradescope", "Gradescope, submission_ID/", _is_gradescope, _gradescope),
    Layout("nbgrader", "nbgrader, submitted/STUDENT/ASSIGNMENT/", _is_nbgrader, _nbgrader),
    FOLDERS,
)
