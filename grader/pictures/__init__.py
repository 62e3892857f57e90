"""The pictures of each exercise, drawn from what the code of that exercise answers.

`grader/pictures/NAME.py` has `PICTURES`, a tuple of `panel.Picture`. A panel asks a `grader.subject.Subject`, what a check
calls `student`: the reference makes the guide's picture, a student's file a picture of what it really does, wrong code
included (`grader show`). So a panel computes nothing that the exercise asks for; it calls the code and shows the answers.
Words in a picture are symbols and names of axes, which need no translation: the guides' captions carry the languages.

The reference's answers are kept as well (`record.py`), so that a student's picture can be drawn beside what is expected
where there is no reference (`comparison.py`).

Nothing here imports matplotlib before a picture is drawn: it takes longer to start than the grader does.

Are the files in step? Pixels cannot tell, since they change with the versions of matplotlib and freetype, nor can the
numbers drawn, whose last bits change with the processor. So the files are named by what determines them: `fingerprint`
hashes the sources that draw and the source that is drawn, and stands in each PNG's text under the key "dot2vit" and in the
record. Nothing has to be drawn to compare it. The price is that a new comment in a reference asks for `grader sync` too.
"""

import hashlib
import importlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..course import Exercise
from ..errors import StudentFault
from ..files import replace_bytes
from ..subject import Subject, load_exercise

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .panel import Numbers, Picture

FOLDER = Path(__file__).parent
SHARED = ("drawing.py", "panel.py")  # what every picture depends on
NO_EXERCISE = ("__init__", "comparison", "drawing", "fonts", "panel", "record", "vit_weights")
KEY = "dot2vit"


def has_drawing(name: str) -> bool:
    """Are there pictures for the exercise of this name?"""
    return name not in NO_EXERCISE and _drawing_path(name).is_file()


def pictures_of(name: str) -> "tuple[Picture, ...]":
    """The pictures of exercise `name`; the first one is the most important."""
    found: tuple[Picture, ...] = importlib.import_module(f"{__name__}.{name}").PICTURES
    return found


def ask(picture: "Picture", module: Any) -> "dict[str, Numbers]":
    """Panel → its arrays, from the answers of `module`.

    Raises StudentFault: what a call raised, or CheckFailed where an answer cannot be drawn (its shape, for example).
    """
    from .panel import ask_panels

    numbers = {}
    for name, answer in ask_panels(picture, module).items():
        if isinstance(answer, StudentFault):
            raise answer
        numbers[name] = answer
    return numbers


def draw(picture: "Picture", numbers: "dict[str, Numbers]") -> "Figure":
    """The picture with these arrays in its panels."""
    from .drawing import new_figure, style

    with style():
        figure = new_figure(picture.height)
        picture.draw(figure, numbers)
    return figure


def to_png(figure: "Figure", text: str = "") -> bytes:
    """A PNG, with `text` under KEY and without the time or the version that matplotlib would add."""
    from .drawing import style
    from .panel import quiet

    file = io.BytesIO()
    with style(), quiet():
        figure.savefig(file, format="png", metadata={"Software": None, KEY: text})
    return file.getvalue()


def picture_paths(exercise: Exercise) -> dict[str, Path]:
    """Name of a picture → its file for the guide: NAME.png for the first one, NAME-PICTURE.png for the others."""
    first, *others = (picture.name for picture in pictures_of(exercise.name))
    path = exercise.picture_path
    return {first: path} | {name: path.with_name(f"{exercise.name}-{name}.png") for name in others}


def write_pictures(exercise: Exercise) -> None:
    """Ask the reference, keep its answers and draw the guide's pictures, unless all are there and in step."""
    if not pictures_out_of_step(exercise):
        return
    from .record import save_record

    reference = Subject(load_exercise(exercise))
    current = fingerprint(exercise)
    answers = {picture: ask(picture, reference) for picture in pictures_of(exercise.name)}
    for picture, path in zip(answers, picture_paths(exercise).values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(path, to_png(draw(picture, answers[picture]), current))
    by_place = {
        (picture.name, panel): numbers for picture, given in answers.items() for panel, numbers in given.items()
    }
    save_record(by_place, exercise.picture_record_path, current)


def pictures_out_of_step(exercise: Exercise) -> list[str]:
    """What is wrong with the guide's pictures and their record, as sentences; nothing where the exercise has none."""
    if not has_drawing(exercise.name):
        return []
    from .record import stored_fingerprint

    current = fingerprint(exercise)
    found = {path: _stored_fingerprint(path) for path in picture_paths(exercise).values()}
    found[exercise.picture_record_path] = stored_fingerprint(exercise.picture_record_path)
    problems = []
    for path, stored in found.items():
        if stored != current:
            what = "the picture" if path.suffix == ".png" else "the record of pictures"
            state = "out of step" if path.exists() else "missing"
            where = path.relative_to(exercise.root).as_posix()
            problems.append(f"{what} {where} is {state}: run `grader sync {exercise.name}`")
    return problems


def fingerprint(exercise: Exercise) -> str:
    """A hash of all that a picture depends on."""
    digest = hashlib.sha256(exercise.reference_source.encode())
    for source in exercise.reference_companions.values():
        digest.update(source.encode())
    for path in (*(FOLDER / name for name in SHARED), _drawing_path(exercise.name)):
        digest.update(path.read_text(encoding="utf-8").encode())
    weights = _drawing_path(exercise.name).with_suffix(".safetensors")
    if weights.is_file():
        digest.update(weights.read_bytes())
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
