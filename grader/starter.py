"""`grader start`: the folder to work in, where the grader came as a wheel that carries it."""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from .errors import UserError
from .i18n import _

CARRIED = Path(__file__).parent / "starter.zip"  # written by grader/release


def start(folder: Path) -> None:
    """Lay out exercises and guides in a new folder, whole or not at all. Raises UserError where that cannot be."""
    folder = folder.resolve()
    if not CARRIED.is_file():
        here = Path(__file__).resolve().parent.parent
        raise UserError(
            _("Your exercises are there already, in {folder}; only a grader from a wheel lays them out.").format(
                folder=here
            )
        )
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise UserError(_("{folder} is there already. Name a new folder; nothing was changed.").format(folder=folder))
    draft = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        with zipfile.ZipFile(CARRIED) as archive:
            archive.extractall(draft / folder.name)
        if folder.exists():
            folder.rmdir()
        os.rename(draft / folder.name, folder)
    except OSError as error:
        raise UserError(
            _("{folder} could not be made: {reason}. Name another place.").format(
                folder=folder, reason=error.strerror or error
            )
        ) from None
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
