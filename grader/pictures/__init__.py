"""A picture for each exercise, drawn from what the code of that exercise answers.

`grader/pictures/NAME.py` has a function `draw(module) -> matplotlib.figure.Figure`. Its argument is a
`grader.subject.Subject`, what a check calls `student`: the reference makes the guide's picture, a student's file a picture
of what it really does, wrong code included. So a drawing computes nothing that the exercise asks for; it calls `module`
and shows the answers. Words in a picture are symbols and names of axes, which need no translation: the guides' captions
carry the languages.

Nothing here imports matplotlib before a picture is drawn: it takes longer to start than the grader does.

Is a file in step? Its pixels cannot tell, since they change with the versions of matplotlib and freetype, nor can the
numbers drawn, whose last bits change with the processor. So a picture is named by what determines it: `fingerprint` hashes the
sources that draw and the source that is drawn, and stands in the PNG's text under the key "dot2vit". Nothing has to be
drawn to compare it. The price is that a new comment in a reference asks for `grader sync` too.
"""

import hashlib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..course import Exercise
from ..subject import Subject, load_exercise

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FOLDER = Path(__file__).parent
KEY = "dot2vit"


def has_drawing(name: str) -> bool:
    """Is there a drawing for the exercise of this name?"""
    return _drawing_path(name).is_file()


def draw(name: str, module: Any) -> "Figure":
    """The picture of exercise `name`, from the answers of `module`.

    Raises StudentFault: what a call raised, or CheckFailed where an answer cannot be drawn (its shape, for example).
    """
    from .drawing import style

    with style():
        figure: Figure = importlib.import_module(f"{__name__}.{name}").draw(module)
    return figure


def save(figure: "Figure", path: Path, text: str = "") -> None:
    """Write a PNG, with `text` under KEY and without the time or the version that matplotlib would add."""
    from .drawing import style

    path.parent.mkdir(parents=True, exist_ok=True)
    with style():
        figure.savefig(path, format="png", metadata={"Software": None, KEY: text})


def write_picture(exercise: Exercise) -> None:
    """Draw the guide's picture from the reference, unless it is there and in step."""
    if picture_out_of_step(exercise):
        reference = Subject(load_exercise(exercise))
        save(draw(exercise.name, reference), exercise.picture_path, fingerprint(exercise))


def picture_out_of_step(exercise: Exercise) -> list[str]:
    """What is wrong with the guide's picture, as sentences; nothing where the exercise has no drawing."""
    if not has_drawing(exercise.name) or _stored_fingerprint(exercise.picture_path) == fingerprint(exercise):
        return []
    state = "out of step" if exercise.picture_path.exists() else "missing"
    where = exercise.picture_path.relative_to(exercise.root).as_posix()
    return [f"the picture {where} is {state}: run `grader sync {exercise.name}`"]


def fingerprint(exercise: Exercise) -> str:
    """A hash of all sources that a picture depends on."""
    digest = hashlib.sha256(exercise.reference_source.encode())
    for source in exercise.reference_companions.values():
        digest.update(source.encode())
    for path in (FOLDER / "drawing.py", _drawing_path(exercise.name)):
        digest.update(path.read_text(encoding="utf-8").encode())
    return digest.hexdigest()


def _drawing_path(name: str) -> Path:
    return FOLDER / f"{name}.py"


def _stored_fingerprint(path: Path) -> str | None:
    from PIL import Image  # matplotlib needs it, so it is there

    try:
        with Image.open(path) as image:
            return image.info.get(KEY)
    except OSError:  # there is none, or it is no picture
        return None
